/**
 * The floating-point operations that WebAssembly computes to the bit: all of its arithmetic is IEEE 754, rounded to nearest even.
 *
 * @module
 */
import { once } from "../once.ts";
import type { Code, Plain } from "../wasm/code.ts";
import type { HelperName, Helpers } from "./arithmetic.ts";

/** What a register holds, as an operation takes it or gives it: singles are f32, the others f64, integers i64. */
export type Datum = "s" | "d" | "w" | "l";

/** Why a result may have to be left to the engine: what could be signalled besides inexactness, and how exactness is found out. */
export const FAMILY = {
  /** a + b: overflow. */
  sum: 0,
  /** a · b: overflow, underflow. */
  product: 1,
  /** a / b. */
  quotient: 2,
  /** √a: nothing but an operand that has none. */
  root: 3,
  /** a · b + c. */
  fused: 4,
  /** The same number, narrower. */
  narrow: 5,
  /** The same number, or an integer near it. */
  near: 6,
  /** The integer a as a number. */
  integer: 7,
  /** 1 / a. */
  reciprocal: 8,
  /** Several roundings. */
  several: 9,
} as const;

/** Added to a family: the result is a single. */
export const IS_SINGLE = 16;

/** An operand or the result. */
export type Negated = "a" | "b" | "c" | "result";

/** Of inexactness the engine hears later; of anything else an operation can signal, WebAssembly is not asked. */
export interface Rounded {
  readonly kind: "rounded";
  readonly family: number;
  readonly from: Datum;
  readonly to: Datum;
  /** What to negate to have the operands and the result that the family speaks of. */
  readonly negated: readonly Negated[];
  /** Leaves the result of the operands in these locals; of an operation that gives an integer, that integer as a number. */
  readonly write: (code: Code, a: number, b: number, c: number, helpers: Helpers) => void;
}

/** Exact unless an operand is a NaN. */
export interface Exact {
  readonly kind: "exact";
  readonly from: Datum;
  readonly to: Datum | "flag";
  readonly write: (code: Code, a: number, b: number) => void;
}

/** How WebAssembly computes an operation. */
export type Native = Rounded | Exact;

/** True where vectors multiply and add with one rounding, which the specification leaves to the processor. */
export const fuses: () => boolean = once(detectFusing);

/** (1 + 2^-27)² - (1 + 2^-26) is 2^-54 with one rounding and 0 with two; of singles likewise. */
function detectFusing(): boolean {
  const header = [0, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
  const type = [1, 9, 1, 0x60, 3, 0x7c, 0x7c, 0x7c, 2, 0x7c, 0x7d];
  const rest = [3, 2, 1, 0, 7, 5, 1, 1, 0x66, 0, 0];
  const operands = (splat: readonly number[]) => [0, 1, 2].flatMap((local) => [0x20, local, ...splat]);
  const body = [
    0,
    ...operands([0xfd, 0x14]),
    ...[0xfd, 0x87, 0x02, 0xfd, 0x21, 0],
    ...operands([0xb6, 0xfd, 0x13]),
    ...[0xfd, 0x85, 0x02, 0xfd, 0x1f, 0, 0x0b],
  ];
  const bytes = new Uint8Array([...header, ...type, ...rest, 10, body.length + 2, 1, body.length, ...body]);
  if (!WebAssembly.validate(bytes)) return false;
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
  const f = exports["f"] as unknown as (a: number, b: number, c: number) => readonly [number, number];
  const tiny = (bits: number) => f(1 + 2 ** -bits, 1 + 2 ** -bits, -(1 + 2 ** (1 - bits)));
  return tiny(27)[0] === 2 ** -54 && tiny(12)[1] === 2 ** -24;
}

const BITS = { s: "f32", d: "f64" } as const;
type Letter = keyof typeof BITS;

function plain(letter: Letter, name: string): Plain {
  return `${BITS[letter]}.${name}` as Plain;
}

function rounded(
  family: keyof typeof FAMILY,
  from: Datum,
  to: Datum,
  write: Rounded["write"],
  negated: readonly Negated[] = [],
): Rounded {
  return { kind: "rounded", family: FAMILY[family] + (to === "s" ? IS_SINGLE : 0), from, to, negated, write };
}

function exact(from: Datum, to: Datum | "flag", write: Exact["write"]): Exact {
  return { kind: "exact", from, to, write };
}

function constant(code: Code, letter: Letter, value: number): Code {
  return letter === "s" ? code.f32(value) : code.f64(value);
}

function* arithmetic(letter: Letter): Generator<readonly [string, Native]> {
  const op = (name: string) => plain(letter, name);
  const names = [["add", "sum"], ["sub", "sum"], ["mul", "product"], ["div", "quotient"]] as const;
  for (const [name, family] of names) {
    const write: Rounded["write"] = (code, a, b) => code.get(a).get(b).op(op(name));
    yield [`f${name}`, rounded(family, letter, letter, write, name === "sub" ? ["b"] : [])];
  }
  yield ["fsqrt", rounded("root", letter, letter, (code, a) => code.get(a).op(op("sqrt")))];
  yield [
    "frecip",
    rounded("reciprocal", letter, letter, (code, a) => {
      constant(code, letter, 1).get(a).op(op("div"));
    }),
  ];
  yield [
    "frsqrt",
    rounded("several", letter, letter, (code, a) => {
      constant(code, letter, 1).get(a).op(op("sqrt"), op("div"));
    }),
  ];
  yield ["frint", rounded("near", letter, letter, (code, a) => code.get(a).op(op("nearest")))];
}

/** The number of a function, which the module has. */
export function helperOf(helpers: Helpers, name: HelperName): number {
  const f = helpers.get(name);
  if (f === undefined) throw new RangeError(`Cannot call ${name}: the module lacks it`);
  return f;
}

/** Negating operand and result is exact. */
function* multiplyAdds(letter: Letter): Generator<readonly [string, Native]> {
  for (const [name, subtracts, negates] of MULTIPLY_ADDS) {
    yield [
      name,
      rounded("fused", letter, letter, (code, a, b, c, helpers) => {
        [a, b, c].forEach((local) => {
          code.get(local);
          if (local === c && subtracts) code.op(plain(letter, "neg"));
          if (fuses()) code.op(letter === "s" ? "f32x4.splat" : "f64x2.splat");
          else if (letter === "s") code.op("f64.promote_f32");
        });
        if (fuses()) {
          if (letter === "s") code.op("f32x4.relaxed_madd", "f32x4.extract_lane");
          else code.op("f64x2.relaxed_madd", "f64x2.extract_lane");
        } else {
          code.call(helperOf(helpers, letter === "s" ? "fpFused32" : "fpFused64"));
          if (letter === "s") code.op("f32.demote_f64");
        }
        if (negates) code.op(plain(letter, "neg"));
      }, [...subtracts ? ["c"] as const : [], ...negates ? ["result"] as const : []]),
    ];
  }
}

const MULTIPLY_ADDS = [
  ["fmadd", false, false],
  ["fmsub", true, false],
  ["fnmadd", false, true],
  ["fnmsub", true, true],
] as const;

/** Comparisons of numbers that are no NaNs: undefined is always false, "true" always true. */
const CONDITIONS: Readonly<Record<string, "eq" | "lt" | "le" | "ne" | "true" | undefined>> = {
  af: undefined,
  un: undefined,
  eq: "eq",
  ueq: "eq",
  lt: "lt",
  ult: "lt",
  le: "le",
  ule: "le",
  ne: "ne",
  une: "ne",
  or: "true",
};

function* comparisons(letter: Letter): Generator<readonly [string, Native]> {
  for (const [condition, holds] of Object.entries(CONDITIONS)) {
    const native = exact(letter, "flag", (code, a, b) => {
      if (holds === undefined || holds === "true") code.i32(holds === undefined ? 0 : 1);
      else code.get(a).get(b).op(plain(letter, holds));
    });
    for (const signals of ["c", "s"]) yield [`fcmp.${signals}${condition}`, native];
  }
}

/** The zeros are ordered as IEEE 754-2019 orders them, which is how the instructions do. */
function* selections(letter: Letter): Generator<readonly [string, Native]> {
  for (const [name, beyond] of [["max", "gt"], ["min", "lt"]] as const) {
    const write: Exact["write"] = (code, a, b) => code.get(a).get(b).op(plain(letter, name));
    yield [`f${name}`, exact(letter, letter, write)];
    yield [
      `f${name}a`,
      exact(letter, letter, (code, a, b) => {
        const magnitudes = (x: number, y: number) => {
          code.get(x).op(plain(letter, "abs")).get(y).op(plain(letter, "abs"), plain(letter, beyond));
        };
        code.get(a).get(b);
        write(code, a, b);
        magnitudes(b, a);
        code.op("select");
        magnitudes(a, b);
        code.op("select");
      }),
    ];
  }
}

/** By rounding mode; without one FCSR0 decides, which is to nearest even where WebAssembly is asked. */
const ROUNDINGS = { "": "nearest", rm: "floor", rp: "ceil", rz: "trunc", rne: "nearest" } as const;

function* integers(letter: Letter): Generator<readonly [string, Native]> {
  for (const to of ["w", "l"] as const) {
    for (const [mode, round] of Object.entries(ROUNDINGS)) {
      yield [
        `ftint${mode}.${to}.${letter}`,
        rounded("near", letter, to, (code, a) => {
          code.get(a);
          if (letter === "s") code.op("f64.promote_f32");
          code.op(`f64.${round}`);
        }),
      ];
    }
    yield [
      `ffint.${letter}.${to}`,
      rounded("integer", to, letter, (code, a) => {
        code.get(a).op(letter === "s" ? "f32.convert_i64_s" : "f64.convert_i64_s");
      }),
    ];
  }
}

function nativeOperations(): ReadonlyMap<string, Native> {
  const all = new Map<string, Native>();
  for (const letter of ["s", "d"] as const) {
    const families = [
      arithmetic(letter),
      multiplyAdds(letter),
      comparisons(letter),
      selections(letter),
    ];
    for (const [name, native] of families.flatMap((family) => [...family])) {
      all.set(`${name}.${letter}`, native);
    }
    for (const [name, native] of integers(letter)) all.set(name, native);
  }
  // The architecture allows an error here. This machine has none.
  for (const name of ["frecip", "frsqrt"]) {
    for (const letter of ["s", "d"]) all.set(`${name}e.${letter}`, all.get(`${name}.${letter}`)!);
  }
  all.set("fcvt.s.d", rounded("narrow", "d", "s", (code, a) => code.get(a).op("f32.demote_f64")));
  all.set("fcvt.d.s", exact("s", "d", (code, a) => code.get(a).op("f64.promote_f32")));
  return all;
}

const known = once(nativeOperations);

/** How WebAssembly computes the operation of a name; undefined if it is the engine's. */
export function nativeOperation(name: string): Native | undefined {
  return known().get(name);
}
