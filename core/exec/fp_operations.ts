/**
 * The floating-point operations of the meaning vocabulary: which operation of `core/fp` each is, over whole registers.
 *
 * @module
 */
import {
  add,
  compare,
  convert,
  divide,
  DOUBLE,
  DOWNWARD,
  Environment,
  exponentOf,
  type Format,
  fromInteger,
  multiply,
  multiplyAdd,
  NEAREST_EVEN,
  type Outcome,
  reciprocal,
  reciprocalRoot,
  recordExceptions,
  type Relation,
  type Rounding,
  roundingOf,
  scale,
  select,
  SINGLE,
  squareRoot,
  subtract,
  toInteger,
  toIntegral,
  TOWARD_ZERO,
  UPWARD,
} from "../fp/mod.ts";
import { once } from "../once.ts";

/** From the values of the source registers to that of the target. Adds its exceptions to the environment. */
export type FpOperation = (env: Environment, a: bigint, b: bigint, c: bigint) => bigint;

const UPPER_ONES = 0xffffffff_00000000n;

/** A result as a register holds it. */
function boxed(f: Format, bits: bigint): bigint {
  return f.width === 64 ? bits : bits | UPPER_ONES;
}

/** The operand that a register holds. */
function operand(f: Format, register: bigint): bigint {
  return BigInt.asUintN(f.width, register);
}

type UnaryOperation = (env: Environment, f: Format, a: bigint) => bigint;
type BinaryOperation = (env: Environment, f: Format, a: bigint, b: bigint) => bigint;

function unary(operation: UnaryOperation): (f: Format) => FpOperation {
  return (f) => (env, a) => boxed(f, operation(env, f, operand(f, a)));
}

function binary(operation: BinaryOperation): (f: Format) => FpOperation {
  return (f) => (env, a, b) => boxed(f, operation(env, f, operand(f, a), operand(f, b)));
}

function ternary(subtract: boolean, negate: boolean): (f: Format) => FpOperation {
  const signs = { subtract, negate };
  return (f) => (env, a, b, c) =>
    boxed(f, multiplyAdd(env, f, operand(f, a), operand(f, b), operand(f, c), signs));
}

function selection(greater: boolean, byMagnitude: boolean): (f: Format) => FpOperation {
  return binary((env, f, a, b) => select(env, f, a, b, { greater, byMagnitude }));
}

/** Instructions by name without the format. */
const ARITHMETIC: Readonly<Record<string, (f: Format) => FpOperation>> = {
  "fadd": binary(add),
  "fsub": binary(subtract),
  "fmul": binary(multiply),
  "fdiv": binary(divide),
  "fmax": selection(true, false),
  "fmin": selection(false, false),
  "fmaxa": selection(true, true),
  "fmina": selection(false, true),
  "fscaleb": binary((env, f, a, n) => scale(env, f, a, BigInt.asIntN(f.width, n))),
  "fmadd": ternary(false, false),
  "fmsub": ternary(true, false),
  "fnmadd": ternary(false, true),
  "fnmsub": ternary(true, true),
  "fsqrt": unary(squareRoot),
  "frecip": unary(reciprocal),
  "frsqrt": unary(reciprocalRoot),
  // An estimate may be off by 2^-14 of its value. This machine's are not off.
  "frecipe": unary(reciprocal),
  "frsqrte": unary(reciprocalRoot),
  "flogb": unary(exponentOf),
  "frint": unary(toIntegral),
};

// Comparison ---------------------------------------------------------------------------------------------------------

/** The relations for which a condition holds. */
const CONDITIONS: Readonly<Record<string, readonly Relation[]>> = {
  af: [],
  un: ["unordered"],
  eq: ["equal"],
  ueq: ["unordered", "equal"],
  lt: ["less"],
  ult: ["unordered", "less"],
  le: ["less", "equal"],
  ule: ["unordered", "less", "equal"],
  ne: ["less", "greater"],
  or: ["less", "equal", "greater"],
  une: ["unordered", "less", "greater"],
};

/** The result is the flag. */
function comparison(f: Format, condition: readonly Relation[], signals: boolean): FpOperation {
  return (env, a, b) => condition.includes(compare(env, f, operand(f, a), operand(f, b), signals)) ? 1n : 0n;
}

// Conversion ---------------------------------------------------------------------------------------------------------

const INTEGER_WIDTHS = { w: 32, l: 64 } as const;

/** Rounding modes that a mnemonic names; without one FCSR0 decides. */
const ROUNDINGS: Readonly<Record<string, Rounding | undefined>> = {
  "ftint": undefined,
  "ftintrm": DOWNWARD,
  "ftintrp": UPWARD,
  "ftintrz": TOWARD_ZERO,
  "ftintrne": NEAREST_EVEN,
};

function conversion(from: Format, to: Format): FpOperation {
  return (env, a) => boxed(to, convert(env, from, to, operand(from, a)));
}

function integerFrom(f: Format, width: number, rounding: Rounding | undefined): FpOperation {
  return (env, a) => BigInt.asUintN(64, toInteger(env, f, operand(f, a), width, rounding));
}

function integerTo(f: Format, width: number): FpOperation {
  return (env, a) => boxed(f, fromInteger(env, f, BigInt.asIntN(width, a)));
}

const FORMATS = { s: SINGLE, d: DOUBLE } as const;

function* operations(): Generator<readonly [string, FpOperation]> {
  yield ["fcvt.s.d", conversion(DOUBLE, SINGLE)];
  yield ["fcvt.d.s", conversion(SINGLE, DOUBLE)];
  for (const [letter, f] of Object.entries(FORMATS)) {
    for (const [name, of] of Object.entries(ARITHMETIC)) yield [`${name}.${letter}`, of(f)];
    for (const [condition, relations] of Object.entries(CONDITIONS)) {
      yield [`fcmp.c${condition}.${letter}`, comparison(f, relations, false)];
      yield [`fcmp.s${condition}.${letter}`, comparison(f, relations, true)];
    }
    for (const [integer, width] of Object.entries(INTEGER_WIDTHS)) {
      yield [`ffint.${letter}.${integer}`, integerTo(f, width)];
      for (const [name, rounding] of Object.entries(ROUNDINGS)) {
        yield [`${name}.${integer}.${letter}`, integerFrom(f, width, rounding)];
      }
    }
  }
}

const known = once(() => new Map(operations()));

/** The operation of a mnemonic, undefined if there is none. */
export function fpOperation(mnemonic: string): FpOperation | undefined {
  return known().get(mnemonic);
}

/** What an operation leaves in its target and in FCSR0. */
export interface Computed extends Outcome {
  readonly value: bigint;
}

/** Computes with the rounding mode of an FCSR0 and records the exceptions in it. */
export function computeWith(fcsr: number, operation: FpOperation, a: bigint, b: bigint, c: bigint): Computed {
  const env = new Environment(roundingOf(fcsr));
  const value = operation(env, a, b, c);
  return { value, ...recordExceptions(fcsr, env) };
}
