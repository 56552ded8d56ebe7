/**
 * Writing general registers from plain functions.
 *
 * @module
 */
import type { Machine } from "../machine.ts";

/** Writes a general register; r0 stays 0. */
export function setRegister(m: Machine, register: number, value: bigint): void {
  if (register !== 0) m.gpr[register] = value;
}

/** The low `bits` bits, sign-extended to 64. */
export function signExtend(value: bigint, bits: number): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(bits, value));
}
