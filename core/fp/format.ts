/**
 * The two binary formats of IEEE 754 that the base architecture has, and taking their encodings apart.
 *
 * @module
 */

/** A binary format. */
export interface Format {
  /** Bits of an encoding. */
  readonly width: number;
  /** Bits of a significand, the implied one included. */
  readonly precision: number;
  /** Exponent of the lowest bit of a subnormal number: the smallest positive number is 2^minExponent. */
  readonly minExponent: number;
  /** Exponent field of infinities and NaNs. */
  readonly maxBiased: number;
  readonly signBit: bigint;
  readonly fractionMask: bigint;
  /** Set in a quiet NaN. */
  readonly quietBit: bigint;
  /** Encodings with sign 0. */
  readonly infinity: bigint;
  readonly largest: bigint;
  /** What an operation gives that has no value and no NaN operand. */
  readonly defaultNan: bigint;
}

function format(width: number, precision: number): Format {
  const fractionBits = precision - 1;
  const maxBiased = 2 ** (width - precision) - 1;
  const infinity = BigInt(maxBiased) << BigInt(fractionBits);
  const quietBit = 1n << BigInt(fractionBits - 1);
  return {
    width,
    precision,
    minExponent: 2 - (maxBiased + 1) / 2 - fractionBits,
    maxBiased,
    signBit: 1n << BigInt(width - 1),
    fractionMask: (1n << BigInt(fractionBits)) - 1n,
    quietBit,
    infinity,
    largest: infinity - 1n,
    defaultNan: infinity | quietBit,
  };
}

/** Single precision. */
export const SINGLE: Format = format(32, 24);
/** Double precision. */
export const DOUBLE: Format = format(64, 53);

/** The kinds of data that instructions tell apart. */
export type Kind = "zero" | "finite" | "infinity" | "quiet" | "signalling";

/** An encoding taken apart. */
export interface Unpacked {
  readonly kind: Kind;
  readonly negative: boolean;
  /** Of a finite number other than zero: it is ±significand · 2^exponent. */
  readonly significand: bigint;
  readonly exponent: number;
  /** The encoding. */
  readonly bits: bigint;
}

/** Takes an encoding of exactly the format's width apart. */
export function unpack(f: Format, bits: bigint): Unpacked {
  const negative = (bits & f.signBit) !== 0n;
  const fraction = bits & f.fractionMask;
  const biased = Number((bits & f.infinity) >> BigInt(f.precision - 1));
  if (biased === f.maxBiased) {
    const kind = fraction === 0n ? "infinity" : fraction & f.quietBit ? "quiet" : "signalling";
    return { kind, negative, significand: 0n, exponent: 0, bits };
  }
  if (biased === 0) {
    const kind = fraction === 0n ? "zero" : "finite";
    return { kind, negative, significand: fraction, exponent: f.minExponent, bits };
  }
  const significand = fraction | (f.fractionMask + 1n);
  return { kind: "finite", negative, significand, exponent: f.minExponent + biased - 1, bits };
}

/** It is a NaN. */
export function isNan(x: Unpacked): boolean {
  return x.kind === "quiet" || x.kind === "signalling";
}

/** An encoding of the given magnitude and sign. */
export function withSign(f: Format, negative: boolean, magnitude: bigint): bigint {
  return negative ? magnitude | f.signBit : magnitude;
}

/** A zero. */
export function zeroOf(f: Format, negative: boolean): bigint {
  return withSign(f, negative, 0n);
}

/** An infinity. */
export function infinityOf(f: Format, negative: boolean): bigint {
  return withSign(f, negative, f.infinity);
}
