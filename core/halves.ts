/**
 * Values of 64 bits as numbers, which are many times faster than bigints: in two halves of 32 bits, unsigned, or 48 bits of an address as a whole.
 *
 * @module
 */

/** The weight of the high half. */
export const HALF = 2 ** 32;
/** A place to take values apart and to put them together, which computing with bigints takes several times as long for. Nothing stays there. */
const WHOLE = new BigUint64Array(1);
const HALVES = new Uint32Array(WHOLE.buffer);
/** 2 to the power of n. */
export const POWERS: readonly number[] = Array.from({ length: 66 }, (_, n) => 2 ** n);

/** Bits 47:0: all that the TLB and a physical address have. */
export function low48(address: bigint): number {
  WHOLE[0] = address;
  return (HALVES[1]! & 0xffff) * HALF + HALVES[0]!;
}

/** Bits 31:0. */
export function lowOf(value: bigint): number {
  WHOLE[0] = value;
  return HALVES[0]!;
}

/** Bits 63:32. */
export function highOf(value: bigint): number {
  WHOLE[0] = value;
  return HALVES[1]!;
}

/** A value of two halves. */
export function whole(high: number, low: number): bigint {
  HALVES[0] = low;
  HALVES[1] = high;
  return WHOLE[0]!;
}

/** True if two values are the same. V8 compares bigints above 2^63 by a call. */
export function isSame(a: bigint, b: bigint): boolean {
  WHOLE[0] = a;
  const low = HALVES[0];
  const high = HALVES[1];
  WHOLE[0] = b;
  return HALVES[0] === low && HALVES[1] === high;
}

/** The lowest bits of a number below 2^53. */
export function lowBits(value: number, bits: number): number {
  const size = POWERS[bits]!;
  return value - Math.floor(value / size) * size;
}
