/**
 * The moves to and from the floating-point control and status registers.
 *
 * @module
 */
import { FCSR_MASKS } from "../fp/mod.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import { setRegister } from "./registers.ts";

const LOW_HALF = 0xffffffffn;

function moveToFcsr(m: Machine, op: Decoded): void {
  const mask = FCSR_MASKS[op.fcsr as 0 | 1 | 2 | 3];
  m.fcsr = (m.fcsr & ~mask) | (Number(m.gpr[op.rj]! & LOW_HALF) & mask);
}

function moveFromFcsr(m: Machine, op: Decoded): void {
  setRegister(m, op.rd, BigInt(m.fcsr & FCSR_MASKS[op.fcsr as 0 | 1 | 2 | 3]));
}

/** The calls of this file. */
export const FCSR_CALLS: Readonly<Record<string, (m: Machine, op: Decoded) => void>> = {
  "movgr2fcsr": moveToFcsr,
  "movfcsr2gr": moveFromFcsr,
};
