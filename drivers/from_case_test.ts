import { assert, assertEquals } from "@std/assert";
import { guest, host, hvc } from "../dsl/mod.ts";
import { stateOfCase } from "./from_case.ts";
import { MachineDriver } from "./machine_driver.ts";
import type { State } from "./state.ts";
import { parseStates, printStates } from "./state_file.ts";

function stateOf(test: ReturnType<typeof host>): State {
  const made = stateOfCase("case", test.case);
  assert(made.kind === "state", made.kind === "state" ? "" : made.reason);
  return made.state;
}

/** What a case's state becomes. */
function resultOf(state: State) {
  const { answer } = new MachineDriver().run(state);
  assert(answer.kind === "result");
  return answer.result;
}

Deno.test("a case in host mode becomes a state with its code, registers and the words that it looks at", () => {
  const state = stateOf(host({
    rule: "LVZ-INSN-10",
    profile: "la464-v1.1",
    code: "start: addi.d $a0, $a0, 1\n st.d $a0, $t0, 0\n.data\nvalue: .byte 1",
    set: { a0: 4, t0: 0x20004 },
    csr: { EENTRY: "start", CRMD: { IE: 1 }, TCFG: { InitVal: 5 } },
    gcsr: { CRMD: { PLV: 3 }, SAVE1: 7 },
    expect: { regs: { a0: 5 }, memory: [{ at: 0x20004, value: 5 }] },
    budget: 55,
  }));
  assertEquals([state.profile, state.mode, state.budget], ["la464-v1.1", "host", 55]);
  // The last word of the code is where it ends: nothing is there. .data follows at the next multiple of 16.
  assertEquals(state.memory.map(({ at, words }) => [at, words.length]), [[0x10000, 2], [0x10010, 1], [
    0x20004,
    2,
  ]]);
  assertEquals(state.memory[1]?.words, [1]);
  assertEquals(state.end, 0x10008n);
  assertEquals(state.host.csr, new Map([["EENTRY", 0x10000n], ["CRMD", 0xcn], ["TCFG", 0x14n]]));
  assertEquals(state.guest?.csr, new Map([["CRMD", 0xbn], ["SAVE1", 7n]]));
  assertEquals([state.host.gpr.get(4), state.host.gpr.get(5)], [4n, 0x9000_0000_0bad_0005n]);
  assertEquals(parseStates(printStates([state]), "case.json"), [state]);
  const result = resultOf(state);
  assertEquals(result.ending, { kind: "end" });
  assertEquals(result.memory, new Map([[0x20004, 5]]));
});

Deno.test("a case that ends with an exception becomes a state that ends with it", () => {
  const endings = [
    host({ rule: "LVZ-INSN-10", code: "nop\ncall: hvcl 0", expect: { ends: "INE", at: "call" } }),
    // The bench's own way out, named.
    host({
      rule: "LVZ-INSN-10",
      code: "nop\ncall: ld.d $a0, $zero, 0",
      csr: { CRMD: { DA: 0, PG: 1 }, DMW0: 1, TLBRENTRY: 0x4000 },
      expect: { ends: "end" },
    }),
    host({
      rule: "LVZ-INSN-10",
      code: "nop\ncall: ld.d $a0, $t0, 0",
      csr: { CRMD: { DA: 0, PG: 1 }, DMW0: 1, TLBRENTRY: 0x4000 },
      set: { t0: -4096 },
      expect: { ends: "refill", at: "call" },
    }),
  ].map((test) => resultOf(stateOf(test)).ending);
  assertEquals(endings, [
    { kind: "exception", entry: "general", ecode: 13, esubcode: 0, at: 0x10004n },
    { kind: "end" },
    { kind: "exception", entry: "refill", ecode: 63, esubcode: 0, at: 0x10004n },
  ]);
});

Deno.test("stateOfCase() says why a case is no state", () => {
  const code = "start: nop";
  const rule = "LVZ-INSN-10";
  const rows = [
    [guest({ rule, code: "call: hvcl 5", exits: [hvc(5, { at: "call" })] }), "its guest needs a hypervisor"],
    [host({ rule, code, choices: { gcsrInGuest: "gspr" }, expect: {} }), "it runs under readings of its own"],
    [host({ rule, code, lines: { HWI0: true }, expect: {} }), "it drives interrupt lines"],
    [host({ rule, code, machineErrorAt: "start", expect: {} }), "a machine error arrives"],
    [host({ rule, code: "adi.d $a0", expect: {} }), "code:1:1: Cannot assemble adi.d"],
    [host({ rule, code, csr: { CRMDD: 1 }, expect: {} }), "Cannot use csr.CRMDD: no such CSR"],
  ] as const;
  for (const [test, reason] of rows) {
    const made = stateOfCase("case", test.case);
    assertEquals(made.kind === "inexpressible" && made.reason.slice(0, reason.length), reason);
  }
});
