/**
 * Conversion between formats, and to and from integers.
 *
 * @module
 */
import { type Environment, INEXACT, INVALID, type Rounding } from "./environment.ts";
import { type Format, infinityOf, isNan, unpack, withSign, zeroOf } from "./format.ts";
import { cut, round } from "./round.ts";

/** To another format. Of a NaN the high bits of its fraction are kept. */
export function convert(env: Environment, from: Format, to: Format, a: bigint): bigint {
  const x = unpack(from, a);
  if (isNan(x)) {
    if (x.kind === "signalling") env.raise(INVALID);
    const shift = BigInt(from.precision - to.precision);
    const fraction = shift < 0n ? (a & from.fractionMask) << -shift : (a & from.fractionMask) >> shift;
    return withSign(to, x.negative, to.infinity | to.quietBit | fraction);
  }
  if (x.kind === "infinity") return infinityOf(to, x.negative);
  if (x.kind === "zero") return zeroOf(to, x.negative);
  return round(env, to, x.negative, x.significand, x.exponent);
}

/** From a signed integer of any size. */
export function fromInteger(env: Environment, f: Format, n: bigint): bigint {
  if (n === 0n) return zeroOf(f, false);
  return round(env, f, n < 0n, n < 0n ? -n : n, 0);
}

/**
 * To a signed integer of `width` bits. What is out of range, and a NaN, is invalid: it gives the nearest integer in range, a NaN 0.
 * Inexact is raised whether or not FCSR0.Enables.I is set: the manual can be read to the contrary, but QEMU and recorded answers of
 * LoongArch processors (Valgrind's tests) agree.
 *
 * @param rounding instead of the environment's
 */
export function toInteger(
  env: Environment,
  f: Format,
  a: bigint,
  width: number,
  rounding: Rounding = env.rounding,
): bigint {
  const x = unpack(f, a);
  const limit = 1n << BigInt(width - 1);
  const saturated = x.negative ? -limit : limit - 1n;
  if (isNan(x) || x.kind === "infinity") {
    env.raise(INVALID);
    return isNan(x) ? 0n : saturated;
  }
  const { kept, inexact } = cut(rounding, x.negative, x.significand, -x.exponent);
  const value = x.negative ? -kept : kept;
  if (value < -limit || value >= limit) {
    env.raise(INVALID);
    return saturated;
  }
  if (inexact) env.raise(INEXACT);
  return value;
}

/** To an integer in the same format; a zero keeps the sign. */
export function toIntegral(env: Environment, f: Format, a: bigint): bigint {
  const x = unpack(f, a);
  if (x.kind === "signalling") {
    env.raise(INVALID);
    return a | f.quietBit;
  }
  if (x.kind !== "finite" || x.exponent >= 0) return a;
  const { kept, inexact } = cut(env.rounding, x.negative, x.significand, -x.exponent);
  if (inexact) env.raise(INEXACT);
  // An integer of at most the format's precision is exact.
  return kept === 0n ? zeroOf(f, x.negative) : round(env, f, x.negative, kept, 0);
}
