/**
 * Rounding of exact values to a format.
 *
 * @module
 */
import {
  DOWNWARD,
  type Environment,
  INEXACT,
  NEAREST_EVEN,
  OVERFLOW,
  type Rounding,
  TOWARD_ZERO,
} from "./environment.ts";
import { UNDERFLOW, UPWARD } from "./environment.ts";
import { type Format, withSign } from "./format.ts";

/** Number of bits up to the highest that is set; 0 for 0. */
export function bitLength(value: bigint): number {
  if (value === 0n) return 0;
  const digits = value.toString(16);
  return digits.length * 4 - (Math.clz32(parseInt(digits.charAt(0), 16)) - 28);
}

/** A number without its lowest bits. */
export interface Cut {
  readonly kept: bigint;
  /** Something other than zero was cut off. */
  readonly inexact: boolean;
}

/**
 * Rounds ±value / 2^bits to an integer.
 *
 * @param sticky the exact value is a little more than `value`: by less than one. Then `bits` must be positive
 */
export function cut(rounding: Rounding, negative: boolean, value: bigint, bits: number, sticky = false): Cut {
  if (bits <= 0) {
    if (sticky) throw new RangeError(`Cannot round by ${bits} bits: the value is not exact to its last bit`);
    return { kept: value << BigInt(-bits), inexact: false };
  }
  const kept = value >> BigInt(bits);
  const rest = value - (kept << BigInt(bits));
  const inexact = sticky || rest !== 0n;
  return { kept: goesUp(rounding, negative, kept, rest, bits, sticky) ? kept + 1n : kept, inexact };
}

function goesUp(
  rounding: Rounding,
  negative: boolean,
  kept: bigint,
  rest: bigint,
  bits: number,
  sticky: boolean,
): boolean {
  switch (rounding) {
    case NEAREST_EVEN: {
      const half = 1n << BigInt(bits - 1);
      if (rest !== half) return rest > half;
      return sticky || (kept & 1n) === 1n;
    }
    case TOWARD_ZERO:
      return false;
    case UPWARD:
      return !negative && (sticky || rest !== 0n);
    case DOWNWARD:
      return negative && (sticky || rest !== 0n);
  }
}

/** The result where the rounded value is beyond the largest number. */
function overflow(env: Environment, f: Format, negative: boolean): bigint {
  env.raise(OVERFLOW | INEXACT);
  const away = env.rounding === NEAREST_EVEN || env.rounding === (negative ? DOWNWARD : UPWARD);
  return withSign(f, negative, away ? f.infinity : f.largest);
}

/**
 * Rounds ±significand · 2^exponent to the format and raises inexact, underflow and overflow.
 *
 * @param significand positive
 * @param sticky the exact significand is a little more than `significand`, by less than one. Then it must have at least
 * two bits more than the format
 */
export function round(
  env: Environment,
  f: Format,
  negative: boolean,
  significand: bigint,
  exponent: number,
  sticky = false,
): bigint {
  const { precision, minExponent } = f;
  // The exponent of the lowest bit that a result of unbounded range would have.
  const unbounded = exponent + bitLength(significand) - precision;
  const lowest = Math.max(unbounded, minExponent);
  const { kept, inexact } = cut(env.rounding, negative, significand, lowest - exponent, sticky);
  if (unbounded < minExponent) {
    // Tininess is detected after rounding, as if the range were unbounded: the manual says so, QEMU does so.
    const full = 1n << BigInt(precision);
    const becomesNormal = unbounded === minExponent - 1 &&
      cut(env.rounding, negative, significand, unbounded - exponent, sticky).kept === full;
    if (!becomesNormal) {
      env.tiny = true;
      if (inexact) env.raise(UNDERFLOW);
    }
  }
  // The implied bit adds 1 to the exponent field, and so does a carry out of the significand.
  const magnitude = (BigInt(lowest - minExponent) << BigInt(precision - 1)) + kept;
  if (magnitude >= f.infinity) return overflow(env, f, negative);
  if (inexact) env.raise(INEXACT);
  return withSign(f, negative, magnitude);
}
