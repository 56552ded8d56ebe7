import { assertEquals, assertInstanceOf, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { ARCEOS, KVM } from "../vcpu/mod.ts";
import {
  csrByName,
  type CsrDeclaration,
  type Engine,
  type Executed,
  LA464,
  ReferenceEngine,
} from "../core/mod.ts";
import type { Case } from "./case.ts";
import {
  decodeDifference,
  decodeFields,
  instructionText,
  interruptNames,
  labelOf,
  placeOf,
} from "./decode.ts";
import { CaseError, CaseFailure } from "./errors.ts";
import { gspr, hvc, running } from "./exit.ts";
import { FAILING_CASES, RULE } from "./failure_cases.ts";
import { guest, runEverywhere } from "./guest.ts";
import { host } from "./host.ts";
import { loopIn } from "./loop.ts";
import { interruptPosition, Names } from "./names.ts";
import { assembleCase, profileOf } from "./program.ts";
import { placeInStack } from "./report.ts";
import { type Rule, type RuleId, RULES } from "./rules/mod.ts";
import { isCaseTest } from "./test_function.ts";
import { validate } from "./validate.ts";

const PASSING: Case = {
  rule: RULE,
  set: { a0: 7n },
  csr: { SAVE0: "second", CRMD: { PLV: 0 } },
  code: `
    first:  hvcl    1
    second: addi.d  $a0, $a0, 1
    third:  hvcl    3
  `,
  exits: [
    hvc(1, { at: "first", resume: { a1: 5 }, set: { csr: { SAVE1: 9n } } }),
    hvc(3, { at: "third", regs: { a0: 8n }, memory: [{ at: "first", value: 0x02c0_0484_002b_8001n }] }),
  ],
};
const FAILING: Case = { rule: RULE, code: "call: hvcl 1", exits: [hvc(2)] };

function thrownBy(test: () => void): Error {
  return assertThrows(test, Error);
}

Deno.test("an engine that disagrees with its reference is no verdict: the case is an error that names both", () => {
  const reference = new ReferenceEngine();
  const lying: Engine = {
    name: "lying",
    reference,
    run(m, limits) {
      const stop = reference.run(m, limits);
      m.gpr[20] = 5n;
      return stop;
    },
    execute: (m, word) => reference.execute(m, word),
  };
  const [outcome] = runEverywhere(PASSING, { engine: lying, worldSwitches: [KVM] });
  assertEquals(outcome?.problem?.result, "error");
  assertMatch(
    outcome?.problem?.headline ?? "",
    /^two runs of the case disagree: lying says: exit 1 of 2 .*; reference passes, watching every instruction$/,
  );
  assertStringIncludes(JSON.stringify(outcome?.problem?.differences.map((d) => d.what)), "$t8");
  const [watched] = runEverywhere(PASSING, { engine: lying, traced: true, worldSwitches: [KVM] });
  assertEquals(watched?.problem?.result, "fail");
});

// Test functions -------------------------------------------------------------------------------------------------------

Deno.test("guest() makes a plain function that needs no test context", () => {
  const test: () => void = guest(PASSING);
  assertEquals(test(), undefined);
  assertEquals(isCaseTest(test), true);
  assertEquals(isCaseTest(() => {}), false);
  assertEquals(guest(PASSING).case, PASSING);
});

Deno.test("a failing case throws a CaseFailure, a broken one a CaseError, with names that nobody takes for each other", () => {
  const failure = thrownBy(guest(FAILING));
  assertInstanceOf(failure, CaseFailure);
  assertEquals(failure.name, "FAIL");
  const error = thrownBy(guest({ ...FAILING, code: "nope" }));
  assertInstanceOf(error, CaseError);
  assertEquals(error.name, "ERROR");
});

Deno.test("without a title a report says `case`, and repeats the whole file", () => {
  const { message } = thrownBy(guest(FAILING));
  assertMatch(
    message,
    /^case {2}dsl\/guest_test\.ts:\d+ {2}world switch arceos, kvm, hvisor, arceos-asm, kvm-asm {2}profile la464\n/,
  );
  assertMatch(message, /\n {2}repeat: deno test dsl\/guest_test\.ts$/);
});

Deno.test("a report repeats a case by its title, quoted for the shell", () => {
  const test = guest(FAILING);
  const { message } = thrownBy(() => test({ name: "the `host's` $HOME" }));
  assertMatch(message, /^the `host's` \$HOME {2}/);
  assertStringIncludes(message, "repeat: deno test dsl/guest_test.ts --filter 'the `host'\\''s` $HOME'");
});

/** Two tests, and the line on which both are made. */
function testsOnOneLine(): readonly [string, readonly (() => void)[]] {
  const hosted = { rule: RULE, code: "nop", expect: { ends: "INE" } } as const;
  // deno-fmt-ignore
  const [stack, tests] = [new Error().stack, [guest(FAILING), host(hosted)]];
  return [/guest_test\.ts:(\d+)/.exec(stack ?? "")?.[1] ?? "", tests];
}

Deno.test("the place of a case, and the top of its error's stack, is where guest() or host() was called", () => {
  const [line, tests] = testsOnOneLine();
  for (const test of tests) {
    const { message, stack = "", name } = thrownBy(test);
    assertStringIncludes(message, `  dsl/guest_test.ts:${line}  `);
    const [head, frames] = stack.split(message);
    assertEquals(head, `${name}: `);
    assertMatch(frames ?? "", new RegExp(`^\\n {4}at .*guest_test\\.ts:${line}:`));
  }
});

Deno.test("a case that a program made is where that program says it is", () => {
  const test = guest(FAILING, { place: "seed 5, case 17" });
  assertEquals(test.place, "seed 5, case 17");
  const { message, name } = thrownBy(test);
  assertEquals(name, "FAIL");
  assertMatch(message, /^case {2}seed 5, case 17 {2}world switch /);
  assertMatch(message, /\n {2}repeat: make seed 5, case 17 again$/);
});

Deno.test("a place outside the project is absolute, a remote one an address", () => {
  const root = new URL("../", import.meta.url).href;
  const rows = [
    [`\n    at ${root}specs/a%20b_test.ts:3:4`, "specs/a b_test.ts:3"],
    ["\n    at f (file:///tmp/x_test.ts:12:5)", "/tmp/x_test.ts:12"],
    ["\n    at https://example.com/x_test.ts:1:2", "https://example.com/x_test.ts:1"],
    ["", "unknown place"],
  ] as const;
  for (const [stack, place] of rows) assertEquals(placeInStack(stack), place);
});

// Repeatability --------------------------------------------------------------------------------------------------------

/** Everything that an outcome says, as text. */
function outcomeText(c: Case): string {
  return runEverywhere(c).map(({ worldSwitch, problem }) => {
    const found = problem && { ...problem, program: undefined };
    return `${worldSwitch}: ${JSON.stringify(found, (_, v) => typeof v === "bigint" ? `${v}n` : v)}`;
  }).join("\n");
}

/** A small generator of numbers in [0, 1), the same for the same seed. */
function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9 >>> 0;
    return ((state ^ (state >>> 12)) >>> 0) / 2 ** 32;
  };
}

const SEED = 20261121;

Deno.test(`cases give the same result in every order and every time (seed ${SEED})`, () => {
  const failing = FAILING_CASES.filter((f) => f.options === undefined).map((f) =>
    ({ rule: RULE, ...f.case }) as Case
  );
  const cases = [PASSING, FAILING, ...failing];
  const first = new Map(cases.map((c) => [c, outcomeText(c)]));
  const random = randomFrom(SEED);
  for (let round = 0; round < 3; round++) {
    const shuffled = cases.map((c) => ({ c, at: random() })).sort((a, b) => a.at - b.at).map(({ c }) => c);
    for (const c of shuffled) assertEquals(outcomeText(c), first.get(c));
  }
  assertEquals(
    first.get(PASSING),
    "arceos: undefined\nkvm: undefined\nhvisor: undefined\narceos-asm: undefined\nkvm-asm: undefined",
  );
});

function frozen<T>(value: T): T {
  if (typeof value === "object" && value !== null) Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

Deno.test("running a case leaves the case alone", () => {
  const copy = structuredClone(PASSING);
  guest(frozen(PASSING))();
  assertEquals(PASSING, copy);
});

Deno.test("a case is plain data: it goes through JSON and gives the same result", () => {
  const cases = [PASSING, ...FAILING_CASES.map((f) => ({ rule: RULE, ...f.case }) as Case)];
  for (const c of cases) {
    const text = JSON.stringify(c, (_, v) => typeof v === "bigint" ? { bigint: `${v}` } : v);
    const back = JSON.parse(text, (_, v) => typeof v?.bigint === "string" ? BigInt(v.bigint) : v);
    assertEquals(back, c);
    assertEquals(outcomeText(back), outcomeText(c));
  }
});

Deno.test("a case runs on the world switches that it names, of those there are", () => {
  const on = (c: Partial<Case>, worldSwitches = [ARCEOS, KVM]) =>
    runEverywhere({ ...PASSING, ...c }, { worldSwitches }).map((o) => o.worldSwitch);
  assertEquals(on({}), ["arceos", "kvm"]);
  assertEquals(on({ switches: ["kvm"] }), ["kvm"]);
  assertEquals(on({}, [KVM]), ["kvm"]);
});

// What a case may leave open -------------------------------------------------------------------------------------------

const COUNT = `
          move    $t0, $zero
          csrwr   $t1, SAVE0
  loop:   addi.d  $t0, $t0, 1
          b       loop
`;

Deno.test("of a guest that still runs only what is named is compared", () => {
  guest({ rule: RULE, code: COUNT, budget: 50, exits: [running()] })();
  const end = { regs: { t1: 0 }, csr: { SAVE0: 0x6e57_0000_0000_000dn } };
  guest({ rule: RULE, code: COUNT, budget: 50, exits: [running(end)] })();
  const test = guest({
    rule: RULE,
    code: COUNT,
    budget: 50,
    exits: [running({ ...end, otherRegs: "unchanged" })],
  });
  assertMatch(thrownBy(test).message, /\n {2}\$t0 +got 0x\w+ +expected 0x6e5700000000000c {2}\(unchanged/);
});

Deno.test("BADI is compared with the instruction that ran, where the guest's PC is no GPA", () => {
  const code = `
            la.local  $t0, mapped
            li.d      $t1, 0x9000000000000000
            add.d     $t0, $t0, $t1
            li.d      $t1, 0x9000000000000011
            csrwr     $t1, DMW0
            li.w      $t1, 0x10
            jr        $t0
    mapped: csrwr     $t1, CRMD
    probe:  cpucfg    $a0, $a1
  `;
  const at = "probe+0x9000000000000000";
  const exits = [gspr({ at, otherRegs: "any", otherCsrs: "any" })];
  guest({ rule: RULE, code, exits })();
  const wrong = guest({ rule: RULE, code, exits: [{ ...exits[0], kind: "GSPR", badi: "cpucfg $a1, $a0" }] });
  assertStringIncludes(thrownBy(wrong).message, "BADI  got 0x00006ca4 cpucfg $a0, $a1");
});

// Rules and profiles ---------------------------------------------------------------------------------------------------

Deno.test("every rule can be named by a case, and every reading of a disputed one chosen", () => {
  for (const [id, rule] of Object.entries<Rule>(RULES)) {
    validate({ ...PASSING, rule: id as RuleId });
    const { disputed } = rule;
    if (disputed?.setting === undefined) continue;
    for (const reading of Object.keys(disputed.readings)) {
      validate({ ...PASSING, choices: { [disputed.setting]: reading } });
    }
  }
});

Deno.test("every choice of the profile is the reading of some disputed rule", () => {
  for (const [setting, reading] of Object.entries(LA464.lvz)) {
    validate({ ...PASSING, choices: { [setting]: reading } });
  }
});

Deno.test("a case's choices are part of its profile and of the profile's name", () => {
  assertEquals(profileOf({}).name, "la464");
  assertEquals(profileOf({ profile: "la464-v1.1" }).name, "la464-v1.1");
  const chosen = profileOf({ choices: { badvAtGspr: "pc", gcsrInGuest: "gspr" } });
  assertEquals(chosen.name, "la464 with badvAtGspr = pc, gcsrInGuest = gspr");
  assertEquals(chosen.lvz, { ...LA464.lvz, badvAtGspr: "pc", gcsrInGuest: "gspr" });
});

// Names ----------------------------------------------------------------------------------------------------------------

const PROGRAM = assembleCase("start: nop\nloop: b loop\n  beqz $a0, 8", "nop");
const NAMES = new Names(PROGRAM, LA464);

function csr(name: string): CsrDeclaration {
  const found = csrByName(name);
  if (found === undefined) throw new TypeError(`Cannot test with CSR ${name}: there is none`);
  return found;
}

Deno.test("a value is a number modulo 2^64, or a label with an offset", () => {
  const rows = [
    [5, 5n],
    [-1, 0xffff_ffff_ffff_ffffn],
    [-(1n << 63n), 1n << 63n],
    [0xffff_ffff_ffff_ffffn, 0xffff_ffff_ffff_ffffn],
    ["start", 0x10000n],
    ["loop", 0x10004n],
    ["loop+4", 0x10008n],
    ["loop - 0x10", 0xfff4n],
    ["start+0x9000000000000000", 0x9000_0000_0001_0000n],
  ] as const;
  for (const [value, expected] of rows) assertEquals(NAMES.value(value, "x"), expected, String(value));
  for (const value of ["", "4", "loop+", "loop*2", "Loop", "toString", -(1n << 63n) - 1n, 1n << 64n]) {
    assertThrows(() => NAMES.value(value, "x"), CaseError, "Cannot use x: ", String(value));
  }
});

Deno.test("registers go by ABI name or number, with or without the dollar sign", () => {
  assertEquals(
    [...NAMES.registers({ a0: 1, $t0: 2, r31: 3, fp: "loop" }, "x")],
    [[4, 1n], [12, 2n], [31, 3n], [22, 0x10004n]],
  );
  for (const name of ["a8", "x1", "", "r32", "$$a0", "zero", "r0", "__proto__x"]) {
    assertThrows(() => NAMES.registers({ [name]: 0 }, "x"), CaseError, `Cannot use x.${name}: `);
  }
});

Deno.test("CSRs go by any of their names, whole or by fields; a whole 32-bit register has no upper half", () => {
  const values = NAMES.csrs({ KS1: -1, CRMD: 0x1_0000_0008, ECFG: { VS: 5, LIE: 0x800 }, TINTCLR: {} }, "x");
  assertEquals([...values], [
    [csr("SAVE1"), { value: 0xffff_ffff_ffff_ffffn, mask: 0xffff_ffff_ffff_ffffn }],
    [csr("CRMD"), { value: 0x1_0000_0008n, mask: 0xffff_ffffn }],
    [csr("ECFG"), { value: 0x5_0800n, mask: 0x7_1fffn }],
    [csr("TICLR"), { value: 0n, mask: 0n }],
  ]);
});

Deno.test("interrupts go by name or by position in ESTAT.IS", () => {
  assertEquals(["SWI0", "HWI0", "HWI7", "PCOV", "TI", "IPI", 0, 12].map((i) => interruptPosition(i, "x")), [
    ...[0, 2, 9, 10, 11, 12, 0, 12],
  ]);
  for (const i of ["ti", "HWI8", 13, -1]) {
    assertThrows(() => interruptPosition(i, "x"), CaseError, "no interrupt");
  }
  assertEquals(NAMES.interrupts(undefined, "x"), []);
  assertEquals(NAMES.interrupts("TI", "x"), [11]);
  assertEquals(NAMES.interrupts(["TI", 0], "x"), [11, 0]);
});

// Texts ----------------------------------------------------------------------------------------------------------------

Deno.test("registers are decoded field by field, differences by the fields that differ", () => {
  assertEquals(decodeFields(csr("ESTAT"), 0x16_1800n), "IS=TI|IPI Ecode=22 GSPR EsubCode=0");
  assertEquals(decodeFields(csr("CRMD"), 0xb0n), "PLV=0 IE=0 DA=0 PG=1 DATF=1 CC DATM=1 CC WE=0");
  assertEquals(decodeFields(csr("GSTAT"), 0xff_0082n), "VM=0 PVM=1 GIDBITS=8 GID=0xff");
  assertEquals(decodeDifference(csr("ECFG"), 0x5_1800n, 0x7_1800n), ["0x51800 VS=5", "0x71800 VS=7"]);
  assertEquals(decodeDifference(csr("ECFG"), 0x8000_0000n, 0n), ["0x80000000", "0x0"]);
  assertEquals(decodeDifference(csr("ERA"), 1n, 2n), ["0x1", "0x2"]);
  assertEquals(decodeDifference(undefined, 16n, 2n), ["0x10", "0x2"]);
  assertEquals(interruptNames(0n), "none");
  assertEquals(interruptNames(0x1fffn), "SWI0|SWI1|HWI0|HWI1|HWI2|HWI3|HWI4|HWI5|HWI6|HWI7|PCOV|TI|IPI");
});

Deno.test("addresses in the code are shown by label, those outside in hex", () => {
  assertEquals(labelOf(0x10000n, PROGRAM), "start");
  assertEquals(labelOf(0x10008n, PROGRAM), "loop+0x4");
  assertEquals(labelOf(0x9000_0000_0001_0004n, PROGRAM), "loop");
  assertEquals(labelOf(0x20000n, PROGRAM), undefined);
  assertEquals(labelOf(0x10000n, undefined), undefined);
  assertEquals(placeOf(0x10004n, PROGRAM), "`loop`");
  assertEquals(placeOf(0x1000cn, PROGRAM), "the end of the code");
  assertEquals(placeOf(0x20000n, PROGRAM), "0x20000");
});

Deno.test("an instruction is shown with its target as a label, a word without meaning as a word", () => {
  assertEquals(instructionText(0x5000_0000, 0x10004n, PROGRAM), "b loop");
  assertEquals(instructionText(0x5000_0000, 0x20000n, PROGRAM), "b 0x20000");
  assertEquals(instructionText(0x0001_0004, 0n, PROGRAM), ".word 0x00010004");
  assertEquals(instructionText(0x0400_180c, 0n, PROGRAM), "csrrd $t0, ERA");
});

Deno.test("a loop is found if the whole history consists of it, and starts at its lowest address", () => {
  const history = (pcs: readonly number[]): Executed[] =>
    pcs.map((pc) => ({ pc: BigInt(pc), word: 0, world: "guest" }));
  const loop = (pcs: readonly number[]) => loopIn(history(pcs))?.map((e) => Number(e.pc));
  assertEquals(loop([]), undefined);
  assertEquals(loop([4, 4]), undefined);
  assertEquals(loop([4, 4, 4]), [4]);
  assertEquals(loop([8, 4, 8, 4, 8, 4]), [4, 8]);
  assertEquals(loop([4, 8, 4, 8, 4, 8, 4]), [4, 8]);
  assertEquals(loop([0, 4, 8, 4, 8, 4, 8]), undefined);
  assertEquals(loop(Array.from({ length: 27 }, (_, i) => i % 9)), undefined);
});
