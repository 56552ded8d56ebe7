/**
 * Comparison, selection of the greater or smaller, and classification.
 *
 * @module
 */
import { type Environment, INVALID } from "./environment.ts";
import { type Format, isNan, unpack, type Unpacked } from "./format.ts";
import { propagated } from "./nan.ts";

/** How two operands compare. */
export type Relation = "less" | "equal" | "greater" | "unordered";

/** The order of numbers without NaNs: encodings are ordered as their magnitudes are. */
function order(f: Format, x: Unpacked, y: Unpacked): bigint {
  const rank = ({ bits, negative }: Unpacked) => negative ? -(bits ^ f.signBit) : bits;
  return rank(x) - rank(y);
}

/** Compares. A signalling NaN raises invalid, and if the comparison signals, so does a quiet one. */
export function compare(env: Environment, f: Format, a: bigint, b: bigint, signals: boolean): Relation {
  const x = unpack(f, a);
  const y = unpack(f, b);
  if (isNan(x) || isNan(y)) {
    if (signals || x.kind === "signalling" || y.kind === "signalling") env.raise(INVALID);
    return "unordered";
  }
  const difference = order(f, x, y);
  if (difference === 0n) return "equal";
  return difference < 0n ? "less" : "greater";
}

/** What is selected. */
export interface Selection {
  readonly greater: boolean;
  /** Compare magnitudes first. */
  readonly byMagnitude: boolean;
}

/** The greater or smaller. A number wins over a quiet NaN; +0 is greater than -0. */
export function select(env: Environment, f: Format, a: bigint, b: bigint, how: Selection): bigint {
  const x = unpack(f, a);
  const y = unpack(f, b);
  if (x.kind === "quiet" && !isNan(y)) return b;
  if (y.kind === "quiet" && !isNan(x)) return a;
  const nan = propagated(env, f, [x, y]);
  if (nan !== undefined) return nan;
  const magnitude = (bits: bigint) => bits & ~f.signBit;
  let difference = how.byMagnitude ? magnitude(a) - magnitude(b) : 0n;
  if (difference === 0n) difference = order(f, x, y);
  if (difference === 0n) difference = x.negative ? -1n : 1n;
  return difference > 0n === how.greater ? a : b;
}

/** Bits of {@linkcode classify}. */
const SIGNALLING = 1n << 0n;
const QUIET = 1n << 1n;
/** Of negative data; positive data are 4 bits higher. */
const INFINITE = 1n << 2n;
const NORMAL = 1n << 3n;
const SUBNORMAL = 1n << 4n;
const ZERO = 1n << 5n;

/** What kind of data it is: one of ten bits. */
export function classify(f: Format, a: bigint): bigint {
  const { kind, negative, significand } = unpack(f, a);
  if (kind === "signalling") return SIGNALLING;
  if (kind === "quiet") return QUIET;
  const isSubnormal = significand <= f.fractionMask;
  const bit = kind === "infinity" ? INFINITE : kind === "zero" ? ZERO : isSubnormal ? SUBNORMAL : NORMAL;
  return negative ? bit : bit << 4n;
}
