/**
 * Multiplication and division.
 *
 * The manual leaves division by zero undefined; as in QEMU it gives the dividend and remainder 0 (see `BinaryOp`).
 *
 * @module
 */
import { divs, divu, k, mul, mulhs, mulhu, rd, rems, remu, rj, rk, set, shrl, w, wu } from "./meaning.ts";
import type { Row } from "./row.ts";

// deno-fmt-ignore
/** Multiplication and division. */
export const MUL: readonly Row[] = [
  ["mul.w",     "00000000000111000 rk rj rd", "rd, rj, rk", "native", set(rd, w(mul(rj, rk)))],
  ["mulh.w",    "00000000000111001 rk rj rd", "rd, rj, rk", "native", set(rd, w(shrl(mul(w(rj), w(rk)), k(32n))))],
  ["mulh.wu",   "00000000000111010 rk rj rd", "rd, rj, rk", "native", set(rd, w(shrl(mul(wu(rj), wu(rk)), k(32n))))],
  ["mul.d",     "00000000000111011 rk rj rd", "rd, rj, rk", "native", set(rd, mul(rj, rk))],
  ["mulh.d",    "00000000000111100 rk rj rd", "rd, rj, rk", "native", set(rd, mulhs(rj, rk))],
  ["mulh.du",   "00000000000111101 rk rj rd", "rd, rj, rk", "native", set(rd, mulhu(rj, rk))],
  ["mulw.d.w",  "00000000000111110 rk rj rd", "rd, rj, rk", "native", set(rd, mul(w(rj), w(rk)))],
  ["mulw.d.wu", "00000000000111111 rk rj rd", "rd, rj, rk", "native", set(rd, mul(wu(rj), wu(rk)))],

  // The operands of the `.w` forms are cut to words even where the manual leaves other upper halves undefined.
  ["div.w",     "00000000001000000 rk rj rd", "rd, rj, rk", "native", set(rd, w(divs(w(rj), w(rk))))],
  ["mod.w",     "00000000001000001 rk rj rd", "rd, rj, rk", "native", set(rd, w(rems(w(rj), w(rk))))],
  ["div.wu",    "00000000001000010 rk rj rd", "rd, rj, rk", "native", set(rd, w(divu(wu(rj), wu(rk))))],
  ["mod.wu",    "00000000001000011 rk rj rd", "rd, rj, rk", "native", set(rd, w(remu(wu(rj), wu(rk))))],
  ["div.d",     "00000000001000100 rk rj rd", "rd, rj, rk", "native", set(rd, divs(rj, rk))],
  ["mod.d",     "00000000001000101 rk rj rd", "rd, rj, rk", "native", set(rd, rems(rj, rk))],
  ["div.du",    "00000000001000110 rk rj rd", "rd, rj, rk", "native", set(rd, divu(rj, rk))],
  ["mod.du",    "00000000001000111 rk rj rd", "rd, rj, rk", "native", set(rd, remu(rj, rk))],
];
