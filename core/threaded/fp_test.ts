// Expectations: the reference engine's answers, which are QEMU's (see `core/fp/fp_test.ts`).
import { assert, assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import type { Engine } from "../engine.ts";
import { computeWith, fpOperation } from "../exec/fp_operations.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { type Form, FORMS, type Inputs, inputsOf, SCRATCH, typesOf, wordOf } from "../fp/forms.ts";
import { DOUBLE, SINGLE } from "../fp/mod.ts";
import type { Format } from "../fp/format.ts";
import { makeState, type State } from "../fp/states.ts";
import { disassemble, encode, ISA, registerName } from "../isa/mod.ts";
import { Random } from "../random.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { ENGINES, everything, MEMORY } from "./agreement.ts";
import { ThreadedEngine } from "./engine.ts";
import { MODE } from "./fp_code.ts";
import { addFpHelpers, type FpHelper } from "./fp_helpers.ts";
import { FAMILY } from "./fp_native.ts";

const INEXACT_FLAG = 0x10000;
const UNDERFLOW_FLAG = 0x20000;

// One instruction -----------------------------------------------------------------------------------------------------------

const CODE = 0x2000n;

/** Executes forms on an engine, always on the same machine. */
class FormRunner {
  readonly machine: BareMachine = bareMachine("nop", { size: 0x4000 });
  readonly #engine: Engine;
  readonly #budget: number;

  /** @param budget 2 to execute a comparison that raises nothing too */
  constructor(engine: Engine, budget: 1 | 2 = 1) {
    this.#engine = engine;
    this.#budget = budget;
    this.machine.m.writePhysical(Number(CODE) + 4, 4, BigInt(encode(ISA.get("fcmp.caf.d")!, [7n, 31n, 31n])));
    this.machine.setCsrs({ EUEN: 1n, EENTRY: 0x3000n });
  }

  run(word: number, { state, rj, rk }: Inputs): Readonly<Record<string, unknown>> {
    const { m, memory } = this.machine;
    m.writePhysical(Number(CODE), 4, BigInt(word));
    m.writePhysical(Number(SCRATCH), 8, state.fk);
    m.writePhysical(Number(SCRATCH) + 8, 8, state.fa);
    m.fpr.set([state.fd, state.fj, state.fk, state.fa]);
    m.fcc.fill(state.flag);
    m.fcsr = state.fcsr;
    m.gpr.set([0n, rj, rk], 4);
    m.pc = CODE;
    this.#engine.run(m, { budget: this.#budget });
    const scratch = memory.bytes.slice(Number(SCRATCH), Number(SCRATCH) + 16).join();
    return {
      pc: m.pc.toString(16),
      fpr: m.fpr.slice(0, 4).join(),
      fcc: m.fcc.join(),
      fcsr: m.fcsr.toString(16),
      gpr: m.gpr.join(),
      scratch,
    };
  }
}

/** What generated code minds of FCSR0: nothing else is in the way, inexact was seen or not, underflow too. */
const EASY = [INEXACT_FLAG, 0, INEXACT_FLAG | UNDERFLOW_FLAG] as const;

/** A number whose significand has about half of the bits, so that products just fit or just do not. */
function short(random: Random, format: Format): number {
  const bits = (format.precision >> 1) + random.below(4) - 1;
  const exponent = random.below(6) === 0 ? random.below(240) - 120 : random.below(8);
  return (random.below(2) === 0 ? -1 : 1) * (2 ** (bits - 1) + random.below(2 ** (bits - 1))) *
    2 ** (exponent - bits);
}

/** Operands of which results are exact, or nearly so. */
function nearlyExact(random: Random, format: Format, state: State): State {
  const bitsOf = (value: number) => format === SINGLE ? singleBits(value) : doubleBits(value);
  const [a, b] = [short(random, format), short(random, format)];
  const fa = bitsOf(random.below(2) === 0 ? -a * b : short(random, format) * 2 ** (random.below(60) - 30));
  switch (random.below(3)) {
    case 0:
      return { ...state, fj: bitsOf(a), fk: bitsOf(b), fa };
    case 1:
      return { ...state, fj: bitsOf(a * b), fk: bitsOf(b), fa };
    default:
      return { ...state, fj: bitsOf(a * a), fk: bitsOf(a), fa };
  }
}

function tries(random: Random, form: Form, index: number): Inputs {
  const inputs = inputsOf(random, form, index);
  const easy = EASY[index % 5];
  if (easy === undefined) return inputs;
  const state = { ...inputs.state, fcsr: easy };
  const { format, integer, scale } = typesOf(form.instruction);
  const changed = easy !== 0 || integer || scale || random.below(3) === 0 || /^f(ld|st)/.test(form.name);
  return { ...inputs, state: changed ? state : nearlyExact(random, format, state) };
}

// Alone, what it leaves in Cause; before another operation, what it leaves in Flags.
for (const [what, budget] of [["alone", 1], ["before another operation", 2]] as const) {
  Deno.test(`every form ${what} does what the reference engine does, whatever FCSR0 holds`, () => {
    const random = new Random(20261121);
    const expected = new FormRunner(new ReferenceEngine(), budget);
    const actual = new FormRunner(new ThreadedEngine(), budget);
    for (const form of FORMS) {
      const word = wordOf(form);
      for (let i = 0; i < 48; i++) {
        const inputs = tries(random, form, i);
        const [got, wanted] = [actual.run(word, inputs), expected.run(word, inputs)];
        if (JSON.stringify(got) === JSON.stringify(wanted)) continue;
        assertEquals(got, wanted, `${disassemble(word)} ${JSON.stringify(inputs, text)}`);
      }
    }
  });
}

function text(_: string, value: unknown): unknown {
  return typeof value === "bigint" ? value.toString(16) : value;
}

/** True if the reference engine had to execute the form. */
function isLeft(engine: Engine, form: Form, inputs: Inputs): boolean {
  const runner = new FormRunner(engine);
  runner.run(wordOf(form), inputs);
  return runner.machine.m.history.last(1).length > 0;
}

Deno.test("ordinary numbers are computed by generated code, before and after the first inexact result", () => {
  const engine = new ThreadedEngine();
  const left = new Set<string>();
  for (const form of FORMS) {
    const { format, integer } = typesOf(form.instruction);
    const [six, three] = format === DOUBLE ? [6, 3].map(doubleBits) : [6, 3].map(singleBits);
    const operands = {
      fj: integer ? 6n : six ?? 0n,
      fk: three ?? 0n,
      fa: three ?? 0n,
      fd: 0n,
      flag: 0,
    } as const;
    for (const fcsr of EASY) {
      const inputs = { state: { ...operands, fcsr }, rj: SCRATCH, rk: 0n };
      if (isLeft(engine, form, inputs)) left.add(`${form.name} ${fcsr === 0 ? "at first" : "later"}`);
    }
  }
  const calling = FORMS.filter(({ name }) =>
    /fcsr|gt\.|le\..$|scaleb|logb/.test(name) && !name.startsWith("fcmp")
  );
  const always = calling.flatMap(({ name }) => [`${name} at first`, `${name} later`]);
  // 1 / 6, √6 and its reciprocal are the first inexact results.
  const inexact = ["s", "d"].flatMap((f) =>
    ["frecip", "fsqrt", "frsqrt"].map((name) => `${name}.${f} at first`)
  );
  assertEquals([...left].sort(), [...always, ...inexact].sort());
});

function doubleBits(value: number): bigint {
  return new BigUint64Array(Float64Array.of(value).buffer)[0] ?? 0n;
}

function singleBits(value: number): bigint {
  return BigInt(new Uint32Array(Float32Array.of(value).buffer)[0] ?? 0);
}

Deno.test("what would have been below the normal numbers with unbounded range has underflowed", () => {
  // (1 + ulp) times the largest subnormal number below 1 - ulp rounds to the least normal one, from below.
  const rows = [
    ["fmul.d", 0x3ff0000000000000n - 1n, 0x0010000000000000n],
    ["fmul.s", 0x3f800000n - 1n, 0x00800000n],
    ["fcvt.s.d", 0x380fffffe0000000n, 0n],
  ] as const;
  const [expected, actual] = [new ReferenceEngine(), new ThreadedEngine()].map((e) => new FormRunner(e, 2));
  for (const [name, fj, fk] of rows) {
    const form = FORMS.find((f) => f.name === name);
    assert(form !== undefined && expected !== undefined && actual !== undefined);
    const inputs = {
      state: { fj, fk, fa: 0n, fd: 0n, fcsr: INEXACT_FLAG, flag: 0 },
      rj: 0n,
      rk: 0n,
    } as const;
    const got = actual.run(wordOf(form), inputs);
    assertEquals(got, expected.run(wordOf(form), inputs), name);
    assertEquals(got["fcsr"], "30000", name);
  }
});

// Functions of the module -----------------------------------------------------------------------------------------------------

type Numeric = (...operands: readonly number[]) => number;

/** The functions, on a state memory that says nothing was inexact so far. */
function helperFunctions(): Readonly<Record<FpHelper, Numeric>> {
  const builder = new ModuleBuilder();
  builder.importMemory("state");
  for (const [name, f] of addFpHelpers(builder)) builder.export(name, f);
  const env = { state: new WebAssembly.Memory({ initial: 1 }) };
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(builder.build()), { env });
  return exports as unknown as Record<FpHelper, Numeric>;
}

function doubleOf(bits: bigint): number {
  return new Float64Array(BigUint64Array.of(bits).buffer)[0] ?? 0;
}

function singleOf(bits: bigint): number {
  return new Float32Array(Uint32Array.of(Number(bits & 0xffff_ffffn)).buffer)[0] ?? 0;
}

const EXACTNESS_UNKNOWN = MODE.flip;

Deno.test("a product is found to be exact where it is, and nowhere else", () => {
  const random = new Random(99);
  const { fpFits } = helperFunctions();
  const operation = fpOperation("fmul.d");
  assert(operation !== undefined);
  const seen = [0, 0];
  for (let i = 0; i < 4000; i++) {
    const [a, b] = [short(random, DOUBLE), short(random, DOUBLE)];
    const { fcsr } = computeWith(0, operation, doubleBits(a), doubleBits(b), 0n);
    const isExact = fcsr === 0 ? 1 : 0;
    assertEquals(fpFits(FAMILY.product, EXACTNESS_UNKNOWN, a, b, a, a * b), isExact, `${a} ${b}`);
    seen[isExact]!++;
  }
  assert(Math.min(...seen) > 100, seen.join());
});

Deno.test("where vectors do not fuse, multiply-add is right or no number", () => {
  const random = new Random(4711);
  const functions = helperFunctions();
  let answered = 0;
  const COUNT = 4000;
  for (let i = 0; i < COUNT; i++) {
    const format = i % 2 === 0 ? SINGLE : DOUBLE;
    const isSingle = format === SINGLE;
    const { fj, fk, fa } = makeState(random, { format, integer: false, scale: false }, 0);
    const operands = [fj, fk, fa].map(isSingle ? singleOf : doubleOf);
    const got = functions[isSingle ? "fpFused32" : "fpFused64"](...operands);
    if (!Number.isFinite(got)) continue;
    answered++;
    const operation = fpOperation(isSingle ? "fmadd.s" : "fmadd.d");
    assert(operation !== undefined);
    const { value } = computeWith(0, operation, fj, fk, fa);
    assertEquals(
      isSingle ? singleBits(got) : doubleBits(got),
      isSingle ? value & 0xffff_ffffn : value,
      operands.join(),
    );
  }
  assert(answered > COUNT / 4, `${answered}`);
});

// Programs --------------------------------------------------------------------------------------------------------------------

const ENTRY_BYTES = 48;
const ENTRIES = 64;

/** Floating-point instructions that a program may have anywhere. */
const ANYWHERE = ISA.all.filter((i) =>
  i.unit !== undefined && i.needs === "FP" && !/^bc|^f(ld|st)|gr2fcsr/.test(i.name)
);

function operandText(random: Random, file: string | undefined): string {
  if (file === "float") return `$f${random.below(8)}`;
  if (file === "flag") return `$fcc${random.below(4)}`;
  return file === "fcsr" ? `$fcsr${random.below(4)}` : registerName(4 + random.below(4));
}

/** What regions cannot contain. */
const LEFT = /^(f(ld|st)[gl]|fscaleb|flogb|movfcsr2gr)/;

function fpInstruction(random: Random, isWhole: boolean): string {
  const size = random.pick(["s", "d"]);
  const at = 8 * random.below(4);
  switch (random.below(12)) {
    case 0:
      return `fld.${size} $f${random.below(8)}, $s0, ${at}`;
    case 1:
      return `fldx.${size} $f${random.below(8)}, $s0, $zero`;
    case 2:
      return `fst.${size} $f${random.below(8)}, $s2, ${at}`;
    case 3:
    case 4:
      return `${random.pick(["bceqz", "bcnez"])} $fcc${random.below(4)}, 9f`;
    default: {
      const { name, operands } = random.pick(isWhole ? ANYWHERE.filter((i) => !LEFT.test(i.name)) : ANYWHERE);
      return `${name} ${operands.map((o) => operandText(random, o.file)).join(", ")}`;
    }
  }
}

/** Mostly what lets generated code compute; sometimes other rounding, exceptions enabled, a clean slate. */
function fcsrOf(random: Random): bigint {
  const flags = random.pick([0, INEXACT_FLAG, INEXACT_FLAG, 0x1f0000]);
  if (random.below(3) !== 0) return BigInt(flags);
  const enables = random.below(2) === 0 ? random.below(32) : 0;
  return BigInt(flags | (random.below(4) << 8) | enables | (random.below(32) << 24));
}

function table(random: Random): string {
  return Array.from({ length: ENTRIES }, (_, i) => {
    const format = random.pick([SINGLE, DOUBLE]);
    const { fj, fk, fa, fd } = makeState(random, { format, integer: random.below(6) === 0, scale: false }, i);
    // Most numbers are ordinary: what is not leads out of the region.
    const ordinary = () => doubleBits((random.below(2000) - 1000) / random.pick([1, 2, 3, 7]));
    const values = random.below(3) === 0 ? [fj, fk, fa, fd] : [ordinary(), ordinary(), fj, ordinary()];
    // FCSR0, and whether the unit is disabled before.
    const control = [fcsrOf(random), random.below(16) === 0 ? 0n : 1n];
    return `.dword ${[...values, ...control].map((v) => `0x${v.toString(16)}`).join(", ")}`;
  }).join("\n");
}

function fpProgram(random: Random): string {
  const isWhole = random.below(4) !== 0;
  const body = Array.from(
    { length: 4 + random.below(30) },
    (_, i) => `${fpInstruction(random, isWhole)}${i % 6 === 5 ? "\n9:" : ""}`,
  );
  const disable = random.below(3) === 0 ? "ld.d $t1, $s0, 40\n csrwr $t1, EUEN" : "";
  return `
    li.d  $t0, 1
    csrwr $t0, EUEN
    la.pcrel $t0, handler
    csrwr $t0, EENTRY
again:
    la.pcrel $s0, table
    li.d  $s1, ${ENTRIES}
    li.d  $s2, 0x8000
entry:
    ld.d  $t1, $s0, 32
    movgr2fcsr $fcsr0, $t1
    ${disable}
    li.d  $s3, 3
loop:
    ${body.join("\n    ")}
9:
    addi.d $s3, $s3, -1
    bnez  $s3, loop
    movfcsr2gr $t1, $fcsr0
    st.d  $t1, $s2, 40
    fst.d $f0, $s2, 32
    addi.d $s0, $s0, ${ENTRY_BYTES}
    addi.d $s2, $s2, 48
    addi.d $s1, $s1, -1
    bnez  $s1, entry
    b     again
    .balign 4096
handler:
    csrwr $t0, SAVE0
    csrrd $t0, ESTAT
    srli.d $t0, $t0, 16
    addi.d $t0, $t0, -15
    beqz  $t0, 1f
    csrrd $t0, ERA
    addi.d $t0, $t0, 4
    csrwr $t0, ERA
    csrrd $t0, SAVE0
    ertn
1:  addi.d $t0, $zero, 1
    csrwr $t0, EUEN
    csrrd $t0, SAVE0
    ertn
    .balign 4096
table:
    ${table(random)}
`;
}

/** Compares the engines after every stretch. */
function agrees(
  source: string,
  stretches: readonly number[],
  what: string,
  tried: Engine,
  reference: Engine,
): void {
  const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
  for (const budget of stretches) {
    const stop = tried.run(actual.m, { budget });
    assertEquals(stop, reference.run(expected.m, { budget }));
    const [got, wanted] = [everything(actual), everything(expected)];
    if (JSON.stringify(got, text) === JSON.stringify(wanted, text)) continue;
    assertEquals(got, wanted, `${what}, ${budget} instructions:\n${source}`);
  }
}

Deno.test("a region that computes nothing this time leaves alone what was computed before", () => {
  const source = `
    li.d  $t0, 1
    csrwr $t0, EUEN
    li.d  $t0, 1
    movgr2fr.d $f2, $t0
    ffint.d.l $f2, $f2
    li.d  $a0, 3
    movgr2fr.d $f3, $a0
    ffint.d.l $f3, $f3
    fdiv.d $f4, $f2, $f3
    lu12i.w $t1, 0x10
again:
    movgr2fcsr $fcsr0, $t1
    fmul.d $f5, $f4, $f4
    csrrd $t0, SAVE0
    li.d  $a0, 10
loop:
    beqz  $a1, skip
    fadd.d $f1, $f2, $f2
skip:
    addi.d $a0, $a0, -1
    bnez  $a0, loop
    movfcsr2gr $a2, $fcsr0
    b     again
  `;
  for (const [name, make] of ENGINES) agrees(source, [20, 30, 41, 500], name, make(), new ReferenceEngine());
});

Deno.test("random floating-point programs agree on all engines at every stretch", () => {
  const PROGRAMS = 12;
  const stretches = [40, 7, 333, 2000, 1, 5000, 10_000];
  for (const [name, make] of ENGINES) {
    const random = new Random(77);
    const [tried, reference] = [make(), new ReferenceEngine()];
    for (let i = 0; i < PROGRAMS; i++) {
      agrees(fpProgram(random), stretches, `${name}, program ${i}`, tried, reference);
    }
  }
});
