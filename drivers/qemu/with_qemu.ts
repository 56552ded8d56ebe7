/**
 * Tests of the driver with a real QEMU. They are not on the default path, and fail where there is none:
 *
 *     deno test --allow-run --allow-read --allow-write drivers/qemu/with_qemu.ts
 *
 * @module
 */
import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import type { Answer } from "../driver.ts";
import { MachineDriver } from "../machine_driver.ts";
import type { State } from "../state.ts";
import { SubjectError } from "../image/subject.ts";
import { TEST_STATES } from "../image/test_states.ts";
import { qemuDriver } from "./qemu.ts";

const HOST = TEST_STATES.filter(({ mode }) => mode === "host");

/** Where QEMU 7.2, 10 and 11 deviate from the manual. */
const DEVIATES: ReadonlyMap<string, string> = new Map([
  ["a misaligned start", "no ADEF for a misaligned pc"],
  ["no TLB entry of another state is left", "32-bit registers are not sign-extended"],
  ["debug mode is left behind", "dbcl raises INE"],
  ["ld.d from a misaligned address with ALCL0", "no MISC.ALCL"],
]);

/** What all versions of QEMU do by the manual. */
function essence(answer: Answer | undefined): unknown {
  if (answer?.kind !== "result") return answer;
  const { ending, gpr, fpr, fcc, fcsr, memory } = answer.result;
  return { ending, gpr, fpr, fcc, fcsr, memory };
}

Deno.test("QEMU's endings, registers and memory are those of our machine", async () => {
  const driver = await qemuDriver();
  assertEquals(driver.unobserved.guest, true);
  const states = HOST.filter(({ id }) => !DEVIATES.has(id));
  const answers = await driver.answers(states);
  const ours = await new MachineDriver().answers(states);
  states.forEach(({ id }, i) => {
    assertEquals({ id, ...Object(essence(answers[i])) }, { id, ...Object(essence(ours[i])) });
  });
});

Deno.test("a state that never ends is answered after a silence, and the others are not harmed", async () => {
  const [before, after] = HOST;
  assert(before !== undefined && after !== undefined);
  const BRANCH_TO_ITSELF = 0x50000000;
  const endless: State = { ...after, id: "endless", memory: [{ at: 0x100000, words: [BRANCH_TO_ITSELF] }] };
  const driver = await qemuDriver(undefined, { silence: 3000 });
  const [first, second, third] = await driver.answers([before, endless, after]);
  assertEquals([first?.kind, second?.kind, third?.kind], ["result", "broken", "result"]);
  assert(second?.kind === "broken");
  assertStringIncludes(second.reason, "no line came for 3 seconds");
});

Deno.test("where there is no QEMU, the message says how to get one", async () => {
  await assertRejects(
    () => qemuDriver("no-such-qemu -cpu max"),
    SubjectError,
    "Cannot find no-such-qemu: no such program; on Debian, `apt-get install qemu-system-misc` installs QEMU",
  );
  await assertRejects(
    () => qemuDriver("qemu-system-loongarch64 -cpu no-such-cpu"),
    SubjectError,
    "unable to find CPU model",
  );
});
