// Expectations: answers of QEMU (answers_qemu.json); where QEMU differs from the manual, and for what a bare comparison cannot reach,
// LoongArch manual Vol. 1 v1.10, "Basic Floating-Point Instructions", and the rules named.
import { assert, assertEquals } from "@std/assert";
import { bareMachine } from "../bare_machine.ts";
import { cpucfgWord } from "../cpucfg.ts";
import { BADV, EENTRY, ESTAT, EUEN } from "../csr/basic.ts";
import { exceptionByCode } from "../exception_codes.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { decode, type Instruction, ISA } from "../isa/mod.ts";
import { Machine } from "../machine.ts";
import { deriveProfile, LA464, LA464_V1_1, type Profile } from "../profile.ts";
import recorded from "./answers_qemu.json" with { type: "json" };
import { type Answer, FORMS, parseText, Runner, textOf, wordOf } from "./forms.ts";
import type { State } from "./states.ts";

Deno.test(`floating-point instructions answer as QEMU does in ${recorded.cases.length} recorded states`, () => {
  const runner = new Runner();
  const wrong = recorded.cases.map((expected) => {
    const { form, inputs } = parseText(expected);
    return { expected, got: textOf(form, inputs, runner.run(form, inputs)) };
  }).filter(({ expected, got }) => expected !== got);
  assertEquals(wrong.slice(0, 5), []);
});

Deno.test("every form of every floating-point instruction was recorded", () => {
  const seen = new Set(recorded.cases.map((text) => text.split(":")[0]));
  assertEquals(FORMS.map(({ name }) => name).filter((name) => !seen.has(name)), []);
});

// Values, where QEMU is not asked or is wrong -----------------------------------------------------------------------------

function single(value: number): bigint {
  const view = new DataView(new ArrayBuffer(4));
  view.setFloat32(0, value);
  return BigInt(view.getUint32(0));
}

function answer(name: string, state: Partial<State>, profile: Profile = LA464): Answer {
  const instruction = ISA.get(name);
  assert(instruction !== undefined, name);
  const inputs = { fj: 0n, fk: 0n, fa: 0n, fd: 0xdeadn, fcsr: 0, flag: 0, ...state } as const;
  return new Runner(profile).run({ name, instruction, fcsr: 0 }, { state: inputs, rj: 0n, rk: 0n });
}

const ONES = 0xffffffff_00000000n;
const [I, U, O, Z, V] = [1, 2, 4, 8, 16] as const;
const [RZ, RP, RM] = [0x100, 0x200, 0x300] as const;
/** FCSR0 after an operation that raised these. */
const raised = (flags: number, rm = 0) => (flags << 24) | (flags << 16) | rm;
const [SNAN1, SNAN2, QNAN1, QNAN2] = [0x7f800001n, 0xff800002n, 0x7fc00003n, 0xffc00004n] as const;
const [INF, ONE, SMALLEST_NORMAL, HALF] = [0x7f800000n, 0x3f800000n, 0x00800000n, 0x3f000000n] as const;

interface Row {
  readonly title: string;
  readonly name: string;
  readonly state: Partial<State>;
  readonly fd: bigint;
  readonly fcsr: number;
}

const JUST_ABOVE_ONE = ONE + 1n;
const LARGEST_SUBNORMAL = 0x7fffffn;
const FMA = { fj: single(1e9), fk: single(-456.25), fa: single(0.03125) };
const DOWN = 456250032128;
const UP = 456249999360;

// deno-fmt-ignore
const ROWS: readonly Row[] = [
  // (1 + 2^-23) · (1 - 2^-23) · 2^-126 is below the normal numbers, and rounds to one.
  { title: "what rounds to a normal number is no underflow", name: "fmul.s", state: { fj: JUST_ABOVE_ONE, fk: LARGEST_SUBNORMAL }, fd: SMALLEST_NORMAL, fcsr: raised(I) },
  { title: "what does not, is", name: "fmul.s", state: { fj: JUST_ABOVE_ONE, fk: LARGEST_SUBNORMAL, fcsr: RZ }, fd: LARGEST_SUBNORMAL, fcsr: raised(U | I, RZ) },
  // (1 - 2^-24) · 2^-126 is a number of 24 bits and below the normal ones, whatever becomes of it.
  { title: "tininess is judged with unbounded range", name: "fmul.s", state: { fj: ONE - 1n, fk: SMALLEST_NORMAL }, fd: SMALLEST_NORMAL, fcsr: raised(U | I) },
  { title: "an exact subnormal raises nothing", name: "fmul.s", state: { fj: HALF, fk: SMALLEST_NORMAL }, fd: 0x400000n, fcsr: 0 },
  { title: "overflow goes to infinity", name: "fmul.s", state: { fj: INF - 1n, fk: INF - 1n }, fd: INF, fcsr: raised(O | I) },
  { title: "overflow towards zero stops at the largest number", name: "fmul.s", state: { fj: INF - 1n, fk: INF - 1n, fcsr: RZ }, fd: INF - 1n, fcsr: raised(O | I, RZ) },
  { title: "positive overflow downward stops at the largest number", name: "fmul.s", state: { fj: INF - 1n, fk: INF - 1n, fcsr: RM }, fd: INF - 1n, fcsr: raised(O | I, RM) },
  { title: "a division by zero gives infinity", name: "fdiv.s", state: { fj: ONE, fk: 0x80000000n }, fd: 0xff800000n, fcsr: raised(Z) },
  { title: "0 / 0 gives the default NaN", name: "fdiv.s", state: {}, fd: 0x7fc00000n, fcsr: raised(V) },
  { title: "∞ - ∞ gives the default NaN", name: "fsub.d", state: { fj: 0x7ffn << 52n, fk: 0x7ffn << 52n }, fd: 0x7ff8000000000000n, fcsr: raised(V) },
  { title: "fj's NaN wins over fk's", name: "fadd.s", state: { fj: QNAN1, fk: QNAN2 }, fd: QNAN1, fcsr: 0 },
  { title: "a signalling NaN wins over a quiet one", name: "fadd.s", state: { fj: QNAN1, fk: SNAN2 }, fd: SNAN2 | 0x400000n, fcsr: raised(V) },
  { title: "fa's NaN wins over fj's", name: "fmadd.s", state: { fj: QNAN1, fk: ONE, fa: QNAN2 }, fd: QNAN2, fcsr: 0 },
  { title: "fj's signalling NaN wins over fk's", name: "fmadd.s", state: { fj: SNAN1, fk: SNAN2, fa: QNAN2 }, fd: SNAN1 | 0x400000n, fcsr: raised(V) },
  { title: "a negated NaN keeps its sign", name: "fnmadd.s", state: { fj: QNAN1, fk: ONE, fa: ONE }, fd: QNAN1, fcsr: 0 },
  { title: "a NaN made narrower keeps its high bits", name: "fcvt.s.d", state: { fj: 0xfff0000020000001n }, fd: 0xffc00001n, fcsr: raised(V) },
  { title: "a NaN made wider gets zeros", name: "fcvt.d.s", state: { fj: SNAN1 }, fd: 0x7ff8000020000000n, fcsr: raised(V) },
  // Valgrind's tests for LoongArch have these four answers.
  { title: "downward, fmadd", name: "fmadd.s", state: { ...FMA, fcsr: RM }, fd: single(-DOWN), fcsr: raised(I, RM) },
  { title: "downward, fnmadd is the negative of fmadd", name: "fnmadd.s", state: { ...FMA, fcsr: RM }, fd: single(DOWN), fcsr: raised(I, RM) },
  { title: "upward, fmadd", name: "fmadd.s", state: { ...FMA, fcsr: RP }, fd: single(-UP), fcsr: raised(I, RP) },
  { title: "upward, fnmadd is the negative of fmadd", name: "fnmadd.s", state: { ...FMA, fcsr: RP }, fd: single(UP), fcsr: raised(I, RP) },
  { title: "a large scale overflows", name: "fscaleb.d", state: { fj: 1n, fk: 1n << 40n }, fd: 0x7ff0000000000000n, fcsr: raised(O | I) },
  { title: "a large negative scale underflows", name: "fscaleb.d", state: { fj: 0x7fe0000000000000n, fk: -(1n << 40n) & (2n ** 64n - 1n) }, fd: 0n, fcsr: raised(U | I) },
  { title: "an old cause goes, flags stay", name: "fadd.s", state: { fj: ONE, fk: ONE, fcsr: 0x1f1f0000 }, fd: single(2), fcsr: 0x1f0000 },
  { title: "moves leave the cause", name: "fneg.s", state: { fj: SNAN1, fcsr: 0x1f000000 }, fd: SNAN1 | 0x80000000n, fcsr: 0x1f000000 },
  // The standard leaves the order of zeros open; QEMU has these.
  { title: "+0 is greater than -0", name: "fmax.s", state: { fj: 0x80000000n, fk: 0n }, fd: 0n, fcsr: 0 },
  { title: "-0 is smaller than +0", name: "fmin.s", state: { fj: 0n, fk: 0x80000000n }, fd: 0x80000000n, fcsr: 0 },
  { title: "of opposite numbers the positive one is greater", name: "fmaxa.s", state: { fj: single(-2), fk: single(2) }, fd: single(2), fcsr: 0 },
  { title: "2^31 is out of range", name: "ftint.w.d", state: { fj: 0x41e0000000000000n }, fd: 0x7fffffffn, fcsr: raised(V) },
  { title: "-2^31 is in range", name: "ftint.w.d", state: { fj: 0xc1e0000000000000n }, fd: 0xffffffff80000000n, fcsr: 0 },
  { title: "2^63 is out of range", name: "ftintrz.l.d", state: { fj: 0x43e0000000000000n }, fd: 0x7fffffffffffffffn, fcsr: raised(V) },
  { title: "-2^63 is in range", name: "ftintrz.l.d", state: { fj: 0xc3e0000000000000n }, fd: 1n << 63n, fcsr: 0 },
  { title: "a NaN is 0", name: "ftintrz.l.d", state: { fj: 0x7ff8000000000000n }, fd: 0n, fcsr: raised(V) },
  { title: "an integer conversion is inexact with the trap disabled too", name: "ftint.w.s", state: { fj: single(2.5) }, fd: 2n, fcsr: raised(I) },
];

for (const { title, name, state, fd, fcsr } of ROWS) {
  Deno.test(`${name}: ${title}`, () => {
    const result = answer(name, state);
    const narrow = name.endsWith(".s") && !name.startsWith("fcvt.d") && !name.startsWith("ftint") ||
      name === "fcvt.s.d";
    assertEquals([result.fd.toString(16), result.fcsr.toString(16), result.outcome], [
      (narrow ? fd | ONES : fd).toString(16),
      fcsr.toString(16),
      1,
    ]);
  });
}

const FPE = 0x1201;

Deno.test("an enabled exception raises FPE: Cause says why, Flags and the result stay", () => {
  const rows: [name: string, state: Partial<State>, cause: number][] = [
    ["fdiv.s", { fj: ONE, fcsr: Z }, Z],
    ["fdiv.s", { fj: ONE, fk: single(3), fcsr: I | RP }, I],
    ["fmul.s", { fj: INF - 1n, fk: INF - 1n, fcsr: O }, O | I],
    ["fmul.s", { fj: INF - 1n, fk: INF - 1n, fcsr: I }, O | I],
    ["fcmp.slt.s", { fj: QNAN1, fcsr: V }, V],
    // Exact, and below the normal numbers.
    ["fmul.s", { fj: HALF, fk: SMALLEST_NORMAL, fcsr: U }, U],
    ["fcvt.s.d", { fj: 0x3800000000000000n, fcsr: U }, U],
  ];
  for (const [name, state, cause] of rows) {
    const before = (state.fcsr ?? 0) | 0x1f0a0000;
    const after = (before & ~0x1f000000) | (cause << 24);
    const { fd, fcsr, flag, outcome } = answer(name, { ...state, fcsr: before, flag: 1 });
    assertEquals([fd, fcsr.toString(16), flag, outcome], [0xdeadn, after.toString(16), 1, FPE], name);
  }
  // What is not enabled does not trap.
  assertEquals(answer("fdiv.s", { fj: ONE, fcsr: V | O | U | I }).outcome, 1);
});

Deno.test("the reserved bits of FCSR0 read 0, and FCSR1 to FCSR3 write their own fields alone", () => {
  const rows = [[0, 0x1f1f031f], [1, 0x1f], [2, 0x1f1f0000], [3, 0x300]] as const;
  for (const [number, mask] of rows) {
    const { m } = bareMachine(`
      movgr2fcsr $fcsr${number}, $a0
      movfcsr2gr $a1, $fcsr0
      movgr2fcsr $fcsr0, $a0
      movfcsr2gr $a2, $fcsr${number}
    `);
    m.host.set(EUEN.FPE, 1n);
    m.gpr[4] = 0xffffffff_ffffffffn;
    new ReferenceEngine().run(m, { budget: 4 });
    assertEquals([m.gpr[5], m.gpr[6]], [BigInt(mask), BigInt(mask)]);
  }
  // fcsr4 does not exist.
  assertEquals(decode(0x0114c004), undefined);
  assertEquals(decode(0x0114c880), undefined);
});

Deno.test("estimates are exact where the manual says so, and near enough elsewhere", () => {
  for (const [x, reciprocal, root] of [[4, 0.25, 0.5], [0.0625, 16, 4], [1, 1, 1]] as const) {
    assertEquals(answer("frecipe.s", { fj: single(x) }, LA464_V1_1).fd, single(reciprocal) | ONES);
    assertEquals(answer("frsqrte.s", { fj: single(x) }, LA464_V1_1).fd, single(root) | ONES);
  }
  assertEquals(answer("frecipe.s", {}, LA464_V1_1).fcsr, raised(Z));
  assertEquals(answer("frsqrte.s", { fj: single(-1) }, LA464_V1_1).fcsr, raised(V));
  const third = Number(answer("frecipe.s", { fj: single(3) }, LA464_V1_1).fd & 0xffffffffn);
  assert(Math.abs(third - Number(single(1 / 3))) < 2 ** 9, third.toString(16));
});

// Programs ------------------------------------------------------------------------------------------------------------

Deno.test("a program of floating-point instructions runs", () => {
  const { m, at } = withFpu(`
    movgr2fr.d  $fa0, $a0
    ffint.d.l   $fa1, $fa0
    fsqrt.d     $fa2, $fa1
    fmul.d      $fs7, $fa2, $fa2
    fcmp.ceq.d  $fcc3, $fs7, $fa1
    bcnez       $fcc3, same
    break       0
  same:
    fst.d       $fs7, $zero, 0x700
    fld.s       $ft0, $zero, 0x704
    movfr2gr.s  $a1, $ft0
    fsel        $f9, $fa0, $fa1, $fcc3
  end:
  `);
  m.gpr[4] = 144n;
  new ReferenceEngine().run(m, { budget: 20, onInstruction: ({ pc }) => pc === at("end") });
  assertEquals(m.pc, at("end"));
  assertEquals(m.gpr[5], 0x40620000n);
  assertEquals(m.fpr[9], 0x4062000000000000n);
  assertEquals(m.fpr[8], ONES | 0x40620000n);
});

function withFpu(source: string): { m: Machine; at: (label: string) => bigint } {
  const b = bareMachine(source);
  b.m.host.set(EUEN.FPE, 1n);
  return { m: b.m, at: (label) => b.at(label) };
}

Deno.test("accesses with a bound are to rj, aligned, and compare unsigned", () => {
  const NEGATIVE = 1n << 63n;
  const rows: [name: string, rj: bigint, rk: bigint, outcome: string][] = [
    ["fldgt.s", 0x804n, 0x803n, "done"],
    ["fldgt.s", 0x804n, 0x804n, "BCE"],
    ["fldgt.s", 0x804n, NEGATIVE, "BCE"],
    ["fldle.s", 0x804n, 0x804n, "done"],
    ["fldle.s", 0x804n, NEGATIVE, "done"],
    ["fldle.d", 0x808n, 0x807n, "BCE"],
    ["fldle.d", 0x804n, 0x803n, "ALE"],
    ["fldle.d", 0x804n, 0x804n, "ALE"],
    ["fstgt.d", 0x808n, 0x800n, "done"],
    ["fstgt.d", 0x808n, 0x808n, "BCE"],
    ["fstgt.s", 0x802n, 0n, "ALE"],
    ["fstle.s", 0x80cn, 0x80dn, "done"],
    ["fstle.s", 0x80cn, 0x80bn, "BCE"],
  ];
  for (const [name, rj, rk, outcome] of rows) {
    const { m } = withFpu(`${name} $fa0, $a1, $a2\n addi.d $a0, $zero, 1`);
    m.host.write(EENTRY, 0x3000n);
    m.writePhysical(Number(rj & ~7n), 8, 0x1122334455667788n);
    m.fpr[0] = 0xaabbccddeeff0011n;
    m.gpr.set([rj, rk], 5);
    new ReferenceEngine().run(m, { budget: 1 });
    const { ecode } = ESTAT.Ecode.get(m.host.read(ESTAT)) === 0n
      ? { ecode: "done" }
      : { ecode: exceptionByCode(Number(m.host.get(ESTAT.Ecode)), 0)?.name };
    assertEquals(ecode, outcome, `${name} ${rj} ${rk}`);
    if (outcome !== "done") {
      assertEquals(m.host.get(BADV.VAddr), rj);
    } else if (name.startsWith("fld")) {
      assertEquals(
        m.fpr[0],
        name.endsWith("d") ? 0x1122334455667788n : rj & 4n ? ONES | 0x11223344n : ONES | 0x55667788n,
      );
    } else {
      const bytes = name.endsWith("d") ? 8 : 4;
      assertEquals(m.readPhysical(Number(rj), bytes), BigInt.asUintN(8 * bytes, 0xaabbccddeeff0011n));
    }
  }
});

// Enabling --------------------------------------------------------------------------------------------------------------

const engine = new ReferenceEngine();

interface Worlds {
  readonly guest: boolean;
  readonly hostEnabled: boolean;
  readonly guestEnabled: boolean;
  readonly profile?: Profile;
}

/** The exception that a form raises, and who takes it. */
function taken(instruction: Instruction, word: number, worlds: Worlds): string {
  const { m } = bareMachine("nop", { profile: worlds.profile ?? LA464 });
  m.host.set(EUEN.FPE, worlds.hostEnabled ? 1n : 0n);
  m.guest.set(EUEN.FPE, worlds.guestEnabled ? 1n : 0n);
  m.setGuestMode(worlds.guest);
  m.gpr.set([0x800n, 0x800n], 5);
  // BCE is an answer too.
  m.host.write(EENTRY, 0x3000n);
  m.guest.write(EENTRY, 0x5000n);
  if (worlds.guest && /^f(ld|st)/.test(instruction.name)) return "not tried: memory of a guest";
  m.pc = 0x2000n;
  engine.execute(m, word);
  if (m.pc !== 0x3000n && m.pc !== 0x5000n) return "none";
  const bank = m.pc === 0x3000n ? m.host : m.guest;
  assertEquals(m.inGuest, bank === m.guest);
  const other = bank === m.host ? m.guest : m.host;
  assertEquals(other.get(ESTAT.Ecode), 0n);
  const name = exceptionByCode(Number(bank.get(ESTAT.Ecode)), 0)?.name;
  return `${name} to the ${bank === m.host ? "host" : "guest"}`;
}

Deno.test("every floating-point instruction asks EUEN of its world, and in guest mode of the host too", () => {
  // LVZ-EXIT-22, LVZ-FP-01, -02.
  const rows: [Worlds, string][] = [
    [{ guest: false, hostEnabled: false, guestEnabled: true }, "FPD to the host"],
    [{ guest: true, hostEnabled: true, guestEnabled: false }, "FPD to the guest"],
    [{ guest: true, hostEnabled: false, guestEnabled: false }, "FPD to the guest"],
    [{ guest: true, hostEnabled: false, guestEnabled: true }, "FPD to the host"],
    [{ guest: true, hostEnabled: true, guestEnabled: true }, "none"],
    [{ guest: false, hostEnabled: true, guestEnabled: false }, "none"],
  ];
  for (const form of FORMS) {
    for (const [worlds, expected] of rows) {
      const got = taken(form.instruction, wordOf(form), worlds);
      if (got === "not tried: memory of a guest" || got === "BCE to the host") continue;
      assertEquals(got, expected, `${form.name} ${JSON.stringify(worlds)}`);
    }
  }
});

Deno.test("FPE of guest code is taken by the guest (LVZ-FP-03)", () => {
  const { m } = bareMachine("nop");
  m.host.set(EUEN.FPE, 1n);
  m.guest.set(EUEN.FPE, 1n);
  m.guest.write(EENTRY, 0x5000n);
  m.setGuestMode(true);
  m.fcsr = Z;
  m.fpr[1] = ONE;
  const form = FORMS.find((f) => f.name === "fdiv.s");
  assert(form !== undefined);
  engine.execute(m, wordOf(form));
  assertEquals([m.inGuest, m.pc, m.guest.get(ESTAT.Ecode)], [true, 0x5000n, 0x12n]);
  assertEquals(m.fcsr, (Z << 24) | Z);
});

Deno.test("without floating point its instructions raise INE, enabled or not, and CPUCFG says so", () => {
  const without = deriveProfile(LA464, { name: "la464-nofp", remove: ["FP"] });
  for (const form of FORMS) {
    for (const hostEnabled of [false, true]) {
      const worlds = { guest: false, hostEnabled, guestEnabled: false, profile: without };
      assertEquals(taken(form.instruction, wordOf(form), worlds), "INE to the host", form.name);
    }
  }
  const estimate = ISA.get("frecipe.s");
  assert(estimate !== undefined);
  const enabled = { guest: false, hostEnabled: true, guestEnabled: false };
  assertEquals(taken(estimate, estimate.match, enabled), "INE to the host");
  assertEquals(taken(estimate, estimate.match, { ...enabled, profile: LA464_V1_1 }), "none");
  // FP, FP_SP, FP_DP, FP_ver = 1; FRECIPE is bit 25.
  const [FP_BITS, FRECIPE] = [0x3fn, 1n << 25n];
  const words = [LA464, without, LA464_V1_1].map((p) => cpucfgWord(p, 2n) & (FP_BITS | FRECIPE));
  assertEquals(words, [0xfn, 0n, 0xfn | FRECIPE]);
});
