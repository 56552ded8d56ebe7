/**
 * Addresses as numbers, which are many times faster than bigints: 48 bits as a whole, 64 bits in two halves of 32, unsigned.
 *
 * @module
 */

/** The weight of the high half. */
export const HALF = 2 ** 32;
/** 2 to the power of n. */
export const POWERS: readonly number[] = Array.from({ length: 66 }, (_, n) => 2 ** n);

/** Bits 47:0: all that the TLB and a physical address have. */
export function low48(address: bigint): number {
  return Number(BigInt.asUintN(48, address));
}

/** Bits 31:0. */
export function lowOf(address: bigint): number {
  return Number(BigInt.asUintN(32, address));
}

/** Bits 63:32. */
export function highOf(address: bigint): number {
  return Number(BigInt.asUintN(32, address >> 32n));
}

/** An address of two halves. */
export function whole(high: number, low: number): bigint {
  return BigInt(high) << 32n | BigInt(low);
}

/** The lowest bits of a number below 2^53. */
export function lowBits(value: number, bits: number): number {
  const size = POWERS[bits]!;
  return value - Math.floor(value / size) * size;
}
