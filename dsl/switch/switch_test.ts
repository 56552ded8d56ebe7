import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import recorded from "../../fixtures/hypervisor.json" with { type: "json" };
import { ASSEMBLY, FIXTURE, LINKED, OBJECTS, TEXT } from "../../fixtures/hypervisor/description.ts";
import { FAULTS, type SeededFault, withFault } from "../../fixtures/hypervisor/faults.ts";
import { parseElf } from "../../devices/elf/mod.ts";
import { functionAddress } from "../../vcpu/assembly/runner.ts";
import { ARCEOS, ARCEOS_ASM, KVM, KVM_ASM, type WorldSwitch } from "../../vcpu/mod.ts";
import { CODE_BASE } from "../stage.ts";
import { gspr, guest, hvc } from "../mod.ts";
import { report } from "../report.ts";
import { placeCode } from "./code.ts";
import type { SwitchDescription } from "./description.ts";
import { traceSwitch } from "./trace_switch.ts";
import { describedSwitch } from "./world_switch.ts";

const CASE = guest({
  rule: "LVZ-EXIT-08",
  code: `
    start: hvcl 1
    probe: cpucfg $a0, $a1
    after: hvcl 2`,
  exits: [hvc(1, { at: "start" }), gspr({ at: "probe" }), hvc(2, { at: "after" })],
});

/** What a report says of the case on a world switch; empty if it passes. Line breaks count as blanks. */
function reportOn(worldSwitch: WorldSwitch): string {
  const outcomes = CASE.run({ worldSwitches: [worldSwitch] });
  if (outcomes.every((o) => o.problem === undefined)) return "";
  return report(CASE.case, { title: "case", place: "x_test.ts:1" }, outcomes).replace(/\s+/g, " ");
}

for (const [form, code] of [["Clang's objects", OBJECTS], ["LLD's file", LINKED]] as const) {
  Deno.test(`the fixture hypervisor passes as ${form}`, () => {
    assertEquals(reportOn(describedSwitch({ ...FIXTURE, code })), "");
  });
}

Deno.test("the fixture's assembly passes with the bench in place of its C code", () => {
  assertEquals(reportOn(describedSwitch(ASSEMBLY)), "");
});

function faulty(fault: SeededFault): SwitchDescription {
  return { ...ASSEMBLY, code: { assembly: withFault(TEXT, fault), file: "switch.S" } };
}

for (const fault of FAULTS) {
  Deno.test(`found by the instruction: ${fault.name}`, () => {
    const text = reportOn(describedSwitch(faulty(fault)));
    for (const part of fault.says) assertStringIncludes(text, part);
  });
}

Deno.test("a report names symbol, offset and source line of the faulty instruction", () => {
  const fault = FAULTS.find((f) => f.name === "PGDL is restored too late");
  assert(fault !== undefined);
  assertStringIncludes(
    reportOn(describedSwitch(faulty(fault))),
    "The code calls too early, by `bl hv_handle_exit` at hv_exit+0x118 (switch.S:152): PGDL is still 0x10000 then, " +
      "expected 0x900000000a220000: it is written too late, by `csrwr $t0, PGDL` at hv_exit+0x120 (switch.S:154)",
  );
});

Deno.test("a report on compiled code names its source line", () => {
  const promises = { ...FIXTURE.promises, restores: ["SAVE3"] };
  const text = reportOn(describedSwitch({ ...FIXTURE, promises }));
  assertStringIncludes(text, "nothing writes SAVE3 after the exit");
  assertStringIncludes(text, "`csrwr $a0, SAVE3` at hv_enter_guest+0x40 (switch.S:100)");
});

Deno.test("our assembler makes the bytes that Clang makes of the fixture's assembly", () => {
  const [object] = recorded.objects;
  assert(object !== undefined);
  const bytes = Uint8Array.from(atob(object.base64), (c) => c.charCodeAt(0));
  const handler = functionAddress(0);
  const clang = parseElf(bytes, { base: CODE_BASE, symbols: new Map([["hv_handle_exit", handler]]) });
  const ours = placeCode(ASSEMBLY.code, CODE_BASE, { functions: ["hv_handle_exit"], symbols: new Map() });
  assertEquals(ours.segments.map((s) => s.bytes), clang.segments.map((s) => s.bytes));
});

Deno.test("code that runs away, loops or raises an exception is the world switch's failure", () => {
  const rows = [
    ["ertn", "jr $zero", "it jumped to 0x0, where it has no code, by `jr $zero` at hv_enter_guest+0x148"],
    ["ertn", "1: b 1b", "neither entered the guest nor returned"],
    ["ertn", "ld.d $t0, $t0, 1", "raised ADEM in host mode for address"],
    ["ertn", "break 3", "raised BRK in host mode"],
  ] as const;
  for (const [from, to, says] of rows) {
    assertStringIncludes(reportOn(describedSwitch(faulty({ name: to, from, to, says: [] }))), says);
  }
});

Deno.test("a description that names what is not there is refused", () => {
  const rows: readonly (readonly [Partial<SwitchDescription>, string])[] = [
    [{ enter: { symbol: "nowhere" } }, "Cannot find symbol nowhere in the world switch's code"],
    [{ context: { ...FIXTURE.context, pc: "CTX_PD" } }, "Cannot find constant CTX_PD"],
    [
      { context: { ...FIXTURE.context, size: 256 } },
      "Cannot use context.size: it is 256, and a place ends at",
    ],
    [{ context: { ...FIXTURE.context, pc: 4 } }, "Cannot use offset 4: 4 is no multiple of 8"],
    [{ promises: { restores: ["EENTRI"] } }, "Cannot find CSR EENTRI, did you mean EENTRY"],
    [{ promises: { restores: ["GSTAT.PVN"] } }, "Cannot find field GSTAT.PVN, did you mean PVM"],
    [{ promises: { restores: [], keeps: ["s10"] } }, "Cannot find register s10"],
    [{ pageTable: KVM_ASM.pageTable }, "with a pageTable of its own it needs a refill handler of its own"],
    [{ code: { objects: [] } }, "Cannot use a world switch without code: objects is empty"],
  ];
  for (const [change, message] of rows) {
    assertThrows(() => describedSwitch({ ...FIXTURE, ...change }), RangeError, message);
  }
});

Deno.test("two forms of one protocol that see different transitions are an error, even if the case passes on both", () => {
  const test = guest({
    rule: "LVZ-MMU-05",
    code: "start: li.w $t0, 0x12000\n ld.d $t1, $t0, 0\n call: hvcl 1\n .balign 0x4000\n .space 0x4000",
    exits: [hvc(1, { at: "call", otherRegs: "any" })],
    runsOn: false,
  });
  // Pairs of 16 KiB pages and of 4 KiB pages: one refill, and two.
  const outcomes = test.run({ worldSwitches: [KVM, { ...ARCEOS, name: "other", protocol: "kvm" }] });
  assertEquals(outcomes.map((o) => o.problem?.result), [undefined, "error"]);
  assertEquals(
    outcomes[1]?.problem?.headline,
    "exit 1: two forms of one protocol differ: kvm sees HVC, BADI 0x2b8001 at 0x10008, stage-2 refills: 1; " +
      "other HVC, BADI 0x2b8001 at 0x10008, stage-2 refills: 2",
  );
});

Deno.test("a trace has the CSR writes of the world switch in their order", () => {
  const { steps } = traceSwitch(ASSEMBLY);
  const back = steps.flatMap((s) =>
    s.exits > 0 && s.csr !== undefined && !s.csr.isGuest ? [s.csr.csr.name] : []
  );
  assertEquals(back, ["TLBRSAVE", "SAVE5", "ECFG", "EENTRY", "PGDL", "GSTAT", "GTLBC"]);
});

Deno.test("the bench's own assembly switches pass", () => {
  for (const own of [KVM_ASM, ARCEOS_ASM]) assertEquals(reportOn(own), "");
});

Deno.test("a trace of a switch that breaks a promise ends there and says so", () => {
  const { problem } = traceSwitch(faulty({ name: "", from: "load_csr CSR_ERA, CTX_PC", to: "", says: [] }));
  assertStringIncludes(
    problem ?? "",
    "ERA, the guest's PC, is 0x0, expected 0x10000: nothing writes ERA on the way in",
  );
});
