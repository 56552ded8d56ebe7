/**
 * States to try a floating-point instruction on: operands at and around every boundary, and at random. For comparison with other
 * implementations; deterministic for a seed.
 *
 * @module
 */
import { multiply } from "./arithmetic.ts";
import { convert } from "./convert.ts";
import { Environment, NEAREST_EVEN } from "./environment.ts";
import type { Random } from "../random.ts";
import { DOUBLE, type Format, SINGLE } from "./format.ts";

/** What a state sets. */
export interface State {
  readonly fj: bigint;
  readonly fk: bigint;
  readonly fa: bigint;
  readonly fd: bigint;
  readonly fcsr: number;
  /** The condition flag that the instruction reads, and the old value of the one it writes. */
  readonly flag: 0 | 1;
}

/** Encodings with sign 0 at the boundaries of a format. */
function edges(f: Format): readonly bigint[] {
  const implied = f.fractionMask + 1n;
  const one = (f.infinity >> 1n) & ~f.fractionMask;
  const powers = [-3, -2, -1, 0, 1, 2, f.precision - 2, f.precision - 1, f.precision, 30, 31, 32, 62, 63, 64]
    .map((n) => one + BigInt(n) * implied);
  const around = [...powers, implied, one, f.infinity, f.largest >> 1n].flatMap((x) => [x - 1n, x, x + 1n]);
  const halfway = [0, 1, 2, 10, f.precision - 2].map((n) =>
    one + BigInt(n) * implied + (implied >> BigInt(n + 1))
  );
  const nans = [1n, f.quietBit - 1n, f.quietBit, f.quietBit | 1n, f.fractionMask].map((x) => f.infinity | x);
  return [0n, 0n, 1n, 2n, 3n, implied >> 1n, f.largest, f.infinity, ...around, ...halfway, ...nans];
}

const EDGES = new Map([SINGLE, DOUBLE].map((f) => [f, edges(f)]));

/** A fraction of few ones, few zeros, one run, or any. */
function fraction(random: Random, f: Format): bigint {
  const any = random.bits64() & f.fractionMask;
  const shift = BigInt(random.below(f.precision));
  switch (random.below(4)) {
    case 0:
      return (any >> shift) << shift;
    case 1:
      return any >> shift;
    case 2:
      return (f.fractionMask << shift) & f.fractionMask;
    default:
      return any;
  }
}

/** A datum: often at a boundary, often near another in exponent so that operations on both have something to round. */
function datum(random: Random, f: Format, near: bigint): bigint {
  const sign = random.below(2) === 0 ? f.signBit : 0n;
  const withExponent = (biased: number) =>
    sign | (BigInt(Math.min(Math.max(biased, 0), f.maxBiased)) << BigInt(f.precision - 1)) |
    fraction(random, f);
  const middle = (f.maxBiased - 1) / 2;
  switch (random.below(f === DOUBLE ? 10 : 8)) {
    case 0:
    case 1:
      return sign | random.pick(EDGES.get(f) ?? []);
    case 2:
      return near ^ (random.below(2) === 0 ? f.signBit : 0n) ^ BigInt(random.below(4));
    case 3:
    case 4: {
      const biased = Number((near & f.infinity) >> BigInt(f.precision - 1));
      return withExponent(biased + random.below(2 * f.precision + 4) - f.precision - 2);
    }
    case 5:
      return withExponent(middle + random.below(140) - 70);
    case 6:
      return withExponent(
        random.pick([random.below(f.precision), f.maxBiased - 1 - random.below(f.precision)]),
      );
    case 7:
      return withExponent(random.below(f.maxBiased + 1));
    default:
      return nearSingle(random);
  }
}

/** An operand that makes the result of a product or quotient with `other` land at the lower end of the range. */
function towardsUnderflow(random: Random, f: Format, other: bigint): bigint {
  const biased = Number((other & f.infinity) >> BigInt(f.precision - 1));
  const middle = (f.maxBiased - 1) / 2;
  const wanted = middle - biased + random.below(f.precision + 4) - f.precision;
  const bounded = BigInt(Math.min(Math.max(wanted, 0), f.maxBiased - 1));
  return (random.below(2) === 0 ? f.signBit : 0n) | (bounded << BigInt(f.precision - 1)) |
    fraction(random, f);
}

/** An addend to a product: often one that cancels all of it but the last bits. */
function addend(random: Random, f: Format, a: bigint, b: bigint): bigint {
  if (random.below(3) !== 0) return datum(random, f, random.below(2) === 0 ? a : b);
  const product = multiply(new Environment(NEAREST_EVEN), f, a, b);
  return product ^ (random.below(4) === 0 ? 0n : f.signBit) ^ BigInt(random.below(4));
}

/** A double next to a single, or next to halfway between two. */
function nearSingle(random: Random): bigint {
  const single = datum(random, SINGLE, BigInt(random.word()));
  const double = convert(new Environment(NEAREST_EVEN), SINGLE, DOUBLE, single);
  return double ^ (BigInt(random.below(4)) << 28n) ^ BigInt(random.below(3));
}

/** Upper halves of registers that hold a narrower datum. */
function widened(random: Random, f: Format, bits: bigint): bigint {
  if (f.width === 64) return bits;
  return (random.pick([0xffffffffn, 0n, random.bits64() & 0xffffffffn]) << 32n) | bits;
}

/** An integer of 64 bits: of any length, or by a power of two. */
function integer(random: Random): bigint {
  const value = random.bits64() >> BigInt(random.below(64));
  const power = (1n << BigInt(random.below(64))) + BigInt(random.below(5) - 2);
  const chosen = random.below(3) === 0 ? power : value;
  return BigInt.asUintN(64, random.below(2) === 0 ? chosen : -chosen);
}

/** What the operands of an instruction are. */
export interface OperandTypes {
  readonly format: Format;
  /** fj is an integer. */
  readonly integer: boolean;
  /** fk is an integer that is added to an exponent. */
  readonly scale: boolean;
}

/** A state. The rounding mode is that of `index` modulo 4; one in eight enables exceptions. */
export function makeState(
  random: Random,
  { format: f, integer: isInteger, scale }: OperandTypes,
  index: number,
): State {
  const a = datum(random, f, random.bits64() & (2n ** BigInt(f.width) - 1n));
  const b = random.below(8) === 0 ? towardsUnderflow(random, f, a) : datum(random, f, a);
  const c = addend(random, f, a, b);
  const n = BigInt(random.below(5 * f.maxBiased) - 2.5 * (f.maxBiased + 1));
  const shift = random.below(8) === 0 ? integer(random) : BigInt.asUintN(64, n);
  const enables = random.below(8) === 0 ? random.below(32) : 0;
  const old = random.word() & 0x1f1f0000;
  return {
    fj: isInteger ? integer(random) : widened(random, f, a),
    fk: scale ? shift : widened(random, f, b),
    fa: widened(random, f, c),
    fd: random.bits64(),
    fcsr: (old | ((index & 3) << 8) | enables) >>> 0,
    flag: random.below(2) === 0 ? 0 : 1,
  };
}
