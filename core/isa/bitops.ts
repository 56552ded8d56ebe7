/**
 * Bit manipulation: counting, reversing, picking, inserting, and CRC.
 *
 * @module
 */
import {
  add,
  and,
  bitrev64,
  bitrev8,
  clz64,
  crc,
  ctz64,
  type Expr,
  imm,
  k,
  ltu,
  not,
  or,
  raiseIf,
  rd,
  revb16,
  revb32,
  revb64,
  revh32,
  revh64,
  rj,
  rk,
  seq,
  set,
  shl,
  shrl,
  type Stmt,
  sub,
  w,
  wu,
  zext,
} from "./meaning.ts";
import type { Row } from "./row.ts";

const aboveWord = k(1n << 32n);
const ones = shrl(k(-1n), sub(k(63n), sub(imm("msb"), imm("lsb"))));
const inPlace = shl(ones, imm("lsb"));
const picked = and(shrl(rj, imm("lsb")), ones);
const inserted = or(and(rd, not(inPlace)), and(shl(rj, imm("lsb")), inPlace));

/** A bit range with msb below lsb is reserved: assemblers refuse it, and INE is what QEMU raises. */
function bitRange(value: Expr): Stmt {
  return seq(raiseIf(ltu(imm("msb"), imm("lsb")), "INE"), set(rd, value));
}

// The distance is split because a shift by 64 would be a shift by 0 when nothing is taken from rj.
const bytesOfRj = shrl(shrl(rj, k(1n)), sub(k(63n), shl(imm("sa3"), k(3n))));
const bytepickD = or(shl(rk, shl(imm("sa3"), k(3n))), bytesOfRj);
const bytepickW = w(shrl(or(shl(rk, k(32n)), wu(rj)), sub(k(32n), shl(imm("sa2"), k(3n)))));

// deno-fmt-ignore
/** Bit manipulation and CRC. */
export const BITOPS: readonly Row[] = [
  ["clo.w",      "0000000000000000000100 rj rd", "rd, rj", "native", set(rd, sub(clz64(wu(not(rj))), k(32n)))],
  ["clz.w",      "0000000000000000000101 rj rd", "rd, rj", "native", set(rd, sub(clz64(wu(rj)), k(32n)))],
  ["cto.w",      "0000000000000000000110 rj rd", "rd, rj", "native", set(rd, ctz64(or(not(rj), aboveWord)))],
  ["ctz.w",      "0000000000000000000111 rj rd", "rd, rj", "native", set(rd, ctz64(or(rj, aboveWord)))],
  ["clo.d",      "0000000000000000001000 rj rd", "rd, rj", "native", set(rd, clz64(not(rj)))],
  ["clz.d",      "0000000000000000001001 rj rd", "rd, rj", "native", set(rd, clz64(rj))],
  ["cto.d",      "0000000000000000001010 rj rd", "rd, rj", "native", set(rd, ctz64(not(rj)))],
  ["ctz.d",      "0000000000000000001011 rj rd", "rd, rj", "native", set(rd, ctz64(rj))],
  ["revb.2h",    "0000000000000000001100 rj rd", "rd, rj", "native", set(rd, w(revb16(rj)))],
  ["revb.4h",    "0000000000000000001101 rj rd", "rd, rj", "native", set(rd, revb16(rj))],
  ["revb.2w",    "0000000000000000001110 rj rd", "rd, rj", "native", set(rd, revb32(rj))],
  ["revb.d",     "0000000000000000001111 rj rd", "rd, rj", "native", set(rd, revb64(rj))],
  ["revh.2w",    "0000000000000000010000 rj rd", "rd, rj", "native", set(rd, revh32(rj))],
  ["revh.d",     "0000000000000000010001 rj rd", "rd, rj", "native", set(rd, revh64(rj))],
  ["bitrev.4b",  "0000000000000000010010 rj rd", "rd, rj", "native", set(rd, w(bitrev8(rj)))],
  ["bitrev.8b",  "0000000000000000010011 rj rd", "rd, rj", "native", set(rd, bitrev8(rj))],
  ["bitrev.w",   "0000000000000000010100 rj rd", "rd, rj", "native", set(rd, w(shrl(bitrev64(rj), k(32n))))],
  ["bitrev.d",   "0000000000000000010101 rj rd", "rd, rj", "native", set(rd, bitrev64(rj))],

  ["alsl.w",     "000000000000010 sa2 rk rj rd", "rd, rj, rk, sa2+1", "native", set(rd, w(add(shl(rj, imm("sa2")), rk)))],
  ["alsl.wu",    "000000000000011 sa2 rk rj rd", "rd, rj, rk, sa2+1", "native", set(rd, wu(add(shl(rj, imm("sa2")), rk)))],
  ["alsl.d",     "000000000010110 sa2 rk rj rd", "rd, rj, rk, sa2+1", "native", set(rd, add(shl(rj, imm("sa2")), rk))],
  ["bytepick.w", "000000000000100 sa2 rk rj rd", "rd, rj, rk, sa2",   "native", set(rd, bytepickW)],
  ["bytepick.d", "00000000000011 sa3 rk rj rd",  "rd, rj, rk, sa3",   "native", set(rd, bytepickD)],

  ["bstrins.w",  "00000000011 msb:5 0 lsb:5 rj rd", "rd, rj, msb, lsb", "native", bitRange(w(inserted))],
  ["bstrpick.w", "00000000011 msb:5 1 lsb:5 rj rd", "rd, rj, msb, lsb", "native", bitRange(w(picked))],
  ["bstrins.d",  "0000000010 msb:6 lsb:6 rj rd",    "rd, rj, msb, lsb", "native", bitRange(inserted)],
  ["bstrpick.d", "0000000011 msb:6 lsb:6 rj rd",    "rd, rj, msb, lsb", "native", bitRange(picked)],

  ["crc.w.b.w",  "00000000001001000 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32", 8, wu(rk), zext(8, rj)))), { needs: "CRC" }],
  ["crc.w.h.w",  "00000000001001001 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32", 16, wu(rk), zext(16, rj)))), { needs: "CRC" }],
  ["crc.w.w.w",  "00000000001001010 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32", 32, wu(rk), wu(rj)))), { needs: "CRC" }],
  ["crc.w.d.w",  "00000000001001011 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32", 64, wu(rk), rj))), { needs: "CRC" }],
  ["crcc.w.b.w", "00000000001001100 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32c", 8, wu(rk), zext(8, rj)))), { needs: "CRC" }],
  ["crcc.w.h.w", "00000000001001101 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32c", 16, wu(rk), zext(16, rj)))), { needs: "CRC" }],
  ["crcc.w.w.w", "00000000001001110 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32c", 32, wu(rk), wu(rj)))), { needs: "CRC" }],
  ["crcc.w.d.w", "00000000001001111 rk rj rd", "rd, rj, rk", "native", set(rd, w(crc("crc32c", 64, wu(rk), rj))), { needs: "CRC" }],
];
