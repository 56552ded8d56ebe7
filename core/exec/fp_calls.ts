/**
 * Floating-point arithmetic, comparison and conversion: which operation of `core/fp` an instruction performs, on which registers,
 * and what becomes of FCSR0.
 *
 * A single-precision result fills the upper half of its register with ones and a `.w` result with its sign. The manual leaves the
 * upper half open, and this is what QEMU does.
 *
 * @module
 */
import { Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import {
  add,
  classify,
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
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";

/** A function that a meaning calls. */
export type FpCall = (m: Machine, op: Decoded) => void;

const UPPER_ONES = 0xffffffff_00000000n;

/** A result as a register holds it. */
export function boxed(f: Format, bits: bigint): bigint {
  return f.width === 64 ? bits : bits | UPPER_ONES;
}

/** The operand that a register holds. */
export function operand(m: Machine, f: Format, register: number): bigint {
  return BigInt.asUintN(f.width, m.fpr[register]!);
}

/** Computes with the rounding mode of FCSR0 and records the exceptions there; an enabled one raises FPE and there is no result. */
function computed<T>(m: Machine, compute: (env: Environment) => T): T {
  const env = new Environment(roundingOf(m.fcsr));
  const result = compute(env);
  const { fcsr, traps } = recordExceptions(m.fcsr, env);
  m.fcsr = fcsr;
  if (traps) throw new Trap(EXCEPTIONS.FPE);
  return result;
}

type UnaryOperation = (env: Environment, f: Format, a: bigint) => bigint;
type BinaryOperation = (env: Environment, f: Format, a: bigint, b: bigint) => bigint;

function unary(operation: UnaryOperation): (f: Format) => FpCall {
  return (f) => (m, op) => {
    m.fpr[op.fd] = boxed(f, computed(m, (env) => operation(env, f, operand(m, f, op.fj))));
  };
}

function binary(operation: BinaryOperation): (f: Format) => FpCall {
  return (f) => (m, op) => {
    const a = operand(m, f, op.fj);
    const b = operand(m, f, op.fk);
    m.fpr[op.fd] = boxed(f, computed(m, (env) => operation(env, f, a, b)));
  };
}

function ternary(subtract: boolean, negate: boolean): (f: Format) => FpCall {
  const signs = { subtract, negate };
  return (f) => (m, op) => {
    const [a, b, c] = [operand(m, f, op.fj), operand(m, f, op.fk), operand(m, f, op.fa)];
    m.fpr[op.fd] = boxed(f, computed(m, (env) => multiplyAdd(env, f, a, b, c, signs)));
  };
}

function selection(greater: boolean, byMagnitude: boolean): (f: Format) => FpCall {
  return binary((env, f, a, b) => select(env, f, a, b, { greater, byMagnitude }));
}

/** Instructions by name without the format. */
const ARITHMETIC: Readonly<Record<string, (f: Format) => FpCall>> = {
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
  "fclass": (f) => (m, op) => {
    m.fpr[op.fd] = classify(f, operand(m, f, op.fj));
  },
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

function comparison(f: Format, condition: readonly Relation[], signals: boolean): FpCall {
  return (m, op) => {
    const a = operand(m, f, op.fj);
    const b = operand(m, f, op.fk);
    const relation = computed(m, (env) => compare(env, f, a, b, signals));
    m.fcc[op.cd] = condition.includes(relation) ? 1 : 0;
  };
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

function conversion(from: Format, to: Format): FpCall {
  return (m, op) => {
    m.fpr[op.fd] = boxed(to, computed(m, (env) => convert(env, from, to, operand(m, from, op.fj))));
  };
}

function integerFrom(f: Format, width: number, rounding: Rounding | undefined): FpCall {
  return (m, op) => {
    const a = operand(m, f, op.fj);
    m.fpr[op.fd] = BigInt.asUintN(64, computed(m, (env) => toInteger(env, f, a, width, rounding)));
  };
}

function integerTo(f: Format, width: number): FpCall {
  return (m, op) => {
    const n = BigInt.asIntN(width, m.fpr[op.fj]!);
    m.fpr[op.fd] = boxed(f, computed(m, (env) => fromInteger(env, f, n)));
  };
}

const FORMATS = { s: SINGLE, d: DOUBLE } as const;

function* calls(): Generator<readonly [string, FpCall]> {
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

/** The calls of this file. */
export const FP_CALLS: Readonly<Record<string, FpCall>> = Object.fromEntries(calls());
