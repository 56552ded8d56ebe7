/**
 * Addition, multiplication, division, square root and what is made of them. Operands and results are encodings of the format.
 *
 * @module
 */
import { DIVISION_BY_ZERO, DOWNWARD, type Environment, INVALID } from "./environment.ts";
import { type Format, infinityOf, isNan, unpack, type Unpacked, withSign, zeroOf } from "./format.ts";
import { invalid, propagated } from "./nan.ts";
import { bitLength, round } from "./round.ts";

/** A finite number as an integer times a power of two. */
interface Exact {
  readonly value: bigint;
  readonly exponent: number;
}

function exact({ negative, significand, exponent }: Unpacked): Exact {
  return { value: negative ? -significand : significand, exponent };
}

function sum(a: Exact, b: Exact): Exact {
  const exponent = Math.min(a.exponent, b.exponent);
  const aligned = (x: Exact) => x.value << BigInt(x.exponent - exponent);
  return { value: aligned(a) + aligned(b), exponent };
}

/** Rounds; a zero takes the sign that the standard gives to a sum of unlike signs. */
function roundSum(env: Environment, f: Format, { value, exponent }: Exact): bigint {
  if (value === 0n) return zeroOf(f, env.rounding === DOWNWARD);
  return value < 0n ? round(env, f, true, -value, exponent) : round(env, f, false, value, exponent);
}

/** a + b */
export function add(env: Environment, f: Format, a: bigint, b: bigint): bigint {
  return addUnpacked(env, f, unpack(f, a), unpack(f, b));
}

/** a - b; a NaN keeps its sign. */
export function subtract(env: Environment, f: Format, a: bigint, b: bigint): bigint {
  const y = unpack(f, b);
  return addUnpacked(env, f, unpack(f, a), isNan(y) ? y : negated(f, y));
}

function negated(f: Format, x: Unpacked): Unpacked {
  return { ...x, negative: !x.negative, bits: x.bits ^ f.signBit };
}

function addUnpacked(env: Environment, f: Format, x: Unpacked, y: Unpacked): bigint {
  const nan = propagated(env, f, [x, y]);
  if (nan !== undefined) return nan;
  if (x.kind === "infinity") {
    return y.kind === "infinity" && x.negative !== y.negative ? invalid(env, f) : x.bits;
  }
  if (y.kind === "infinity") return y.bits;
  if (x.kind === "zero" && y.kind === "zero" && x.negative === y.negative) return x.bits;
  return roundSum(env, f, sum(exact(x), exact(y)));
}

/** a · b */
export function multiply(env: Environment, f: Format, a: bigint, b: bigint): bigint {
  const x = unpack(f, a);
  const y = unpack(f, b);
  const nan = propagated(env, f, [x, y]);
  if (nan !== undefined) return nan;
  const negative = x.negative !== y.negative;
  if (x.kind === "infinity" || y.kind === "infinity") {
    return x.kind === "zero" || y.kind === "zero" ? invalid(env, f) : infinityOf(f, negative);
  }
  if (x.kind === "zero" || y.kind === "zero") return zeroOf(f, negative);
  return round(env, f, negative, x.significand * y.significand, x.exponent + y.exponent);
}

/** Bits that a quotient or root has beyond the format, so that what is cut off below them only decides ties. */
const GUARD = 2;

/** a / b */
export function divide(env: Environment, f: Format, a: bigint, b: bigint): bigint {
  const x = unpack(f, a);
  const y = unpack(f, b);
  const nan = propagated(env, f, [x, y]);
  if (nan !== undefined) return nan;
  const negative = x.negative !== y.negative;
  if (x.kind === "infinity") return y.kind === "infinity" ? invalid(env, f) : infinityOf(f, negative);
  if (y.kind === "infinity") return zeroOf(f, negative);
  if (y.kind === "zero") {
    if (x.kind === "zero") return invalid(env, f);
    env.raise(DIVISION_BY_ZERO);
    return infinityOf(f, negative);
  }
  if (x.kind === "zero") return zeroOf(f, negative);
  const wanted = f.precision + GUARD + 1;
  const shift = Math.max(0, wanted + bitLength(y.significand) - bitLength(x.significand));
  const dividend = x.significand << BigInt(shift);
  const quotient = dividend / y.significand;
  const isExact = quotient * y.significand === dividend;
  return round(env, f, negative, quotient, x.exponent - y.exponent - shift, !isExact);
}

/** The greatest integer whose square is not above `value`. */
function integerRoot(value: bigint): bigint {
  // Good to 50 bits, then to 100 by one step of Newton's: at most a few too many or too few remain.
  const start = BigInt(Math.floor(Math.sqrt(Number(value))));
  let root = (start + value / start) >> 1n;
  while (root * root > value) root--;
  while ((root + 1n) * (root + 1n) <= value) root++;
  return root;
}

/** √a */
export function squareRoot(env: Environment, f: Format, a: bigint): bigint {
  const x = unpack(f, a);
  const nan = propagated(env, f, [x]);
  if (nan !== undefined) return nan;
  if (x.kind === "zero") return a;
  if (x.negative) return invalid(env, f);
  if (x.kind === "infinity") return a;
  let shift = Math.max(0, 2 * (f.precision + GUARD) - bitLength(x.significand));
  if ((x.exponent - shift) % 2 !== 0) shift++;
  const radicand = x.significand << BigInt(shift);
  const root = integerRoot(radicand);
  return round(env, f, false, root, (x.exponent - shift) / 2, root * root !== radicand);
}

/** The encoding of 1. */
export function one(f: Format): bigint {
  return (f.infinity >> 1n) & ~f.fractionMask;
}

/** 1 / a */
export function reciprocal(env: Environment, f: Format, a: bigint): bigint {
  return divide(env, f, one(f), a);
}

/** 1 / √a, where the root is rounded to the format first. */
export function reciprocalRoot(env: Environment, f: Format, a: bigint): bigint {
  return divide(env, f, one(f), squareRoot(env, f, a));
}

/** How the operands and the result of {@linkcode multiplyAdd} are signed. */
export interface Signs {
  /** Subtract the addend. */
  readonly subtract: boolean;
  /** Negate the rounded result. */
  readonly negate: boolean;
}

/** ±(a · b ± c), rounded once and negated afterwards; a NaN keeps its sign. */
export function multiplyAdd(
  env: Environment,
  f: Format,
  a: bigint,
  b: bigint,
  c: bigint,
  signs: Signs,
): bigint {
  const x = unpack(f, a);
  const y = unpack(f, b);
  const z = unpack(f, c);
  const isInvalid = (x.kind === "infinity" && y.kind === "zero") ||
    (x.kind === "zero" && y.kind === "infinity");
  if (isInvalid) env.raise(INVALID);
  const nan = propagated(env, f, [z, x, y]);
  if (nan !== undefined) return nan;
  if (isInvalid) return f.defaultNan;
  const addend = signs.subtract ? negated(f, z) : z;
  const result = fused(env, f, x, y, addend);
  return signs.negate && result !== undefined ? result ^ f.signBit : result ?? invalid(env, f);
}

/** a · b + c without NaNs and without 0 · ∞; undefined for ∞ - ∞. */
function fused(env: Environment, f: Format, x: Unpacked, y: Unpacked, z: Unpacked): bigint | undefined {
  const negative = x.negative !== y.negative;
  if (x.kind === "infinity" || y.kind === "infinity") {
    return z.kind === "infinity" && z.negative !== negative ? undefined : infinityOf(f, negative);
  }
  if (z.kind === "infinity") return z.bits;
  const isZero = x.kind === "zero" || y.kind === "zero";
  if (isZero && z.kind === "zero" && z.negative === negative) return z.bits;
  const significand = x.significand * y.significand;
  const product = { value: negative ? -significand : significand, exponent: x.exponent + y.exponent };
  return roundSum(env, f, sum(product, exact(z)));
}

/** a · 2^n */
export function scale(env: Environment, f: Format, a: bigint, n: bigint): bigint {
  const x = unpack(f, a);
  const nan = propagated(env, f, [x]);
  if (nan !== undefined) return nan;
  if (x.kind !== "finite") return a;
  // From the smallest number to beyond the largest it takes fewer than twice the exponents there are.
  const limit = BigInt(2 * f.maxBiased);
  const bounded = n > limit ? limit : n < -limit ? -limit : n;
  return round(env, f, x.negative, x.significand, x.exponent + Number(bounded));
}

/** The exponent of a, as a number of the format. Like a logarithm, and unlike the standard's logB, it has none of a negative number. */
export function exponentOf(env: Environment, f: Format, a: bigint): bigint {
  const x = unpack(f, a);
  const nan = propagated(env, f, [x]);
  if (nan !== undefined) return nan;
  if (x.kind === "zero") {
    env.raise(DIVISION_BY_ZERO);
    return infinityOf(f, true);
  }
  if (x.negative) return invalid(env, f);
  if (x.kind === "infinity") return a;
  const exponent = x.exponent + bitLength(x.significand) - 1;
  if (exponent === 0) return zeroOf(f, false);
  return withSign(f, exponent < 0, round(env, f, false, BigInt(Math.abs(exponent)), 0));
}
