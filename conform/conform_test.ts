import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { CaseFailure } from "../dsl/errors.ts";
import { guest, hvc } from "../dsl/mod.ts";
import { describedSwitch } from "../dsl/switch/world_switch.ts";
import { ASSEMBLY, FIXTURE, LINKED, TEXT } from "../fixtures/hypervisor/description.ts";
import { FAULTS, withFault } from "../fixtures/hypervisor/faults.ts";
import { concerns, runCase } from "./run.ts";
import { suiteFor } from "./suite.ts";

const COMMAND = "lvz conform x.ts --only";
const SUITE = await suiteFor(describedSwitch(FIXTURE), "first rank");

for (
  const [form, description] of [["objects", FIXTURE], ["a linked file", { ...FIXTURE, code: LINKED }], [
    "text",
    ASSEMBLY,
  ]] as const
) {
  Deno.test(`the fixture hypervisor passes the suite's first rank as ${form}`, () => {
    const worldSwitch = describedSwitch(description);
    for (const one of SUITE) runCase(one, worldSwitch, COMMAND);
    assert(SUITE.length > 100, `the suite has only ${SUITE.length} cases`);
  });
}

Deno.test("a case that fails says how to run it again on the same world switch", () => {
  const [fault] = FAULTS;
  const [one] = SUITE;
  assert(fault !== undefined && one !== undefined);
  const code = { assembly: withFault(TEXT, fault), file: "switch.S" };
  const error = assertThrows(
    () => runCase(one, describedSwitch({ ...ASSEMBLY, code }), COMMAND),
    CaseFailure,
  );
  assertStringIncludes(error.message, "world switch fixture");
  assertStringIncludes(error.message, `repeat: ${COMMAND} 'a guest starts at the host'\\''s ERA`);
});

Deno.test("cases of one hypervisor's protocol are for code that implements it", () => {
  const own = guest({ rule: "LVZ-EXIT-08", code: "hvcl 1", switches: ["kvm"], exits: [hvc(1)] });
  const [plain, kvm] = [FIXTURE, { ...FIXTURE, protocol: "kvm" }].map(describedSwitch);
  assert(plain !== undefined && kvm !== undefined);
  assertEquals([concerns(own, plain), concerns(own, kvm)], [false, true]);
  runCase({ title: "t", test: own }, kvm, COMMAND);
});
