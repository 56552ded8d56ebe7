/**
 * The operations of the meaning vocabulary as functions over 64-bit values: arguments and results are in [0, 2^64).
 *
 * @module
 */
import { classify, DOUBLE, SINGLE } from "../fp/mod.ts";
import type { BinaryOp, UnaryOp } from "../isa/meaning.ts";
import { once } from "../once.ts";

const WORD = 64;
const ONES = (1n << 64n) - 1n;

function unsigned(value: bigint): bigint {
  return BigInt.asUintN(WORD, value);
}

function signed(value: bigint): bigint {
  return BigInt.asIntN(WORD, value);
}

function clz64(value: bigint): bigint {
  const high = Number(value >> 32n);
  return BigInt(high !== 0 ? Math.clz32(high) : 32 + Math.clz32(Number(value & 0xffffffffn)));
}

function ctz64(value: bigint): bigint {
  return value === 0n ? 64n : 63n - clz64(value & unsigned(-value));
}

/** Swaps neighbouring groups of `by` bits; `low` selects the lower group of each pair. */
function swap(value: bigint, by: bigint, low: bigint): bigint {
  return ((value >> by) & low) | ((value & low) << by);
}

const EVERY_OTHER = {
  bit: 0x5555555555555555n,
  pair: 0x3333333333333333n,
  nibble: 0x0f0f0f0f0f0f0f0fn,
  byte: 0x00ff00ff00ff00ffn,
  half: 0x0000ffff0000ffffn,
  word: 0x00000000ffffffffn,
} as const;

function revb16(value: bigint): bigint {
  return swap(value, 8n, EVERY_OTHER.byte);
}

function revh32(value: bigint): bigint {
  return swap(value, 16n, EVERY_OTHER.half);
}

function revh64(value: bigint): bigint {
  return swap(revh32(value), 32n, EVERY_OTHER.word);
}

function bitrev8(value: bigint): bigint {
  const bits = swap(value, 1n, EVERY_OTHER.bit);
  const pairs = swap(bits, 2n, EVERY_OTHER.pair);
  return swap(pairs, 4n, EVERY_OTHER.nibble);
}

/** Each operation of one operand. */
export const UNARY: Readonly<Record<UnaryOp, (a: bigint) => bigint>> = {
  not: (a) => a ^ ONES,
  clz64,
  ctz64,
  revb16,
  revb32: (a) => revh32(revb16(a)),
  revb64: (a) => revh64(revb16(a)),
  revh32,
  revh64,
  bitrev8,
  bitrev64: (a) => revh64(revb16(bitrev8(a))),
  classify32: (a) => classify(SINGLE, BigInt.asUintN(32, a)),
  classify64: (a) => classify(DOUBLE, a),
};

/** The operations whose result is 0 or 1. */
export type Comparison = "eq" | "ne" | "lts" | "ltu" | "les" | "leu";

/** Each comparison, as a boolean. */
export const COMPARISONS: Readonly<Record<Comparison, (a: bigint, b: bigint) => boolean>> = {
  eq: (a, b) => a === b,
  ne: (a, b) => a !== b,
  lts: (a, b) => signed(a) < signed(b),
  ltu: (a, b) => a < b,
  les: (a, b) => signed(a) <= signed(b),
  leu: (a, b) => a <= b,
};

function asValue(name: Comparison): (a: bigint, b: bigint) => bigint {
  const holds = COMPARISONS[name];
  return (a, b) => holds(a, b) ? 1n : 0n;
}

/** The remainders of all bytes for a bit-reversed polynomial. */
function crcTable(polynomial: number): Uint32Array {
  return Uint32Array.from({ length: 256 }, (_, byte) => {
    let rest = byte;
    for (let bit = 0; bit < 8; bit++) rest = (rest >>> 1) ^ (rest & 1 ? polynomial : 0);
    return rest;
  });
}

/** Continues a checksum over the low bytes of a message, least significant first, without any inversion. */
function crc(remainders: () => Uint32Array, bytes: number): (checksum: bigint, message: bigint) => bigint {
  return (checksum, message) => {
    const table = remainders();
    let rest = Number(checksum & 0xffffffffn);
    for (let i = 0; i < bytes; i++) {
      const byte = Number((message >> BigInt(8 * i)) & 0xffn);
      rest = (rest >>> 8) ^ (table[(rest ^ byte) & 0xff] ?? 0);
    }
    return BigInt(rest >>> 0);
  };
}

const CRC32 = once(() => crcTable(0xedb88320));
const CRC32C = once(() => crcTable(0x82f63b78));

/** Each operation of two operands. */
export const BINARY: Readonly<Record<BinaryOp, (a: bigint, b: bigint) => bigint>> = {
  add: (a, b) => unsigned(a + b),
  sub: (a, b) => unsigned(a - b),
  mul: (a, b) => unsigned(a * b),
  mulhs: (a, b) => unsigned((signed(a) * signed(b)) >> 64n),
  mulhu: (a, b) => (a * b) >> 64n,
  // The quotient of the one signed overflow wraps to the dividend by itself.
  divs: (a, b) => b === 0n ? a : unsigned(signed(a) / signed(b)),
  divu: (a, b) => b === 0n ? a : a / b,
  rems: (a, b) => b === 0n ? 0n : unsigned(signed(a) % signed(b)),
  remu: (a, b) => b === 0n ? 0n : a % b,
  and: (a, b) => a & b,
  or: (a, b) => a | b,
  xor: (a, b) => a ^ b,
  shl: (a, b) => unsigned(a << (b & 63n)),
  shrl: (a, b) => a >> (b & 63n),
  shra: (a, b) => unsigned(signed(a) >> (b & 63n)),
  eq: asValue("eq"),
  ne: asValue("ne"),
  lts: asValue("lts"),
  ltu: asValue("ltu"),
  les: asValue("les"),
  leu: asValue("leu"),
  crc32_8: crc(CRC32, 1),
  crc32_16: crc(CRC32, 2),
  crc32_32: crc(CRC32, 4),
  crc32_64: crc(CRC32, 8),
  crc32c_8: crc(CRC32C, 1),
  crc32c_16: crc(CRC32C, 2),
  crc32c_32: crc(CRC32C, 4),
  crc32c_64: crc(CRC32C, 8),
};

/** Sign- or zero-extends the low `bits` bits. */
export function extend(isSigned: boolean, bits: number, value: bigint): bigint {
  return isSigned ? unsigned(BigInt.asIntN(bits, value)) : BigInt.asUintN(bits, value);
}
