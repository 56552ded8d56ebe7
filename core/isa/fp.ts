/**
 * Basic floating point, single and double precision: arithmetic, comparison, conversion, moves, branches, loads and stores.
 *
 * A single-precision result fills the upper half of its register with ones and a `.w` result with its sign. The manual leaves the
 * upper half open, and this is what QEMU does.
 *
 * @module
 */
import {
  add,
  and,
  branchIf,
  ca,
  call,
  cd,
  cj,
  classify32,
  classify64,
  compute,
  eq,
  type Expr,
  fd,
  fj,
  fk,
  imm,
  k,
  leu,
  load,
  ltu,
  type MemoryType,
  or,
  pc,
  raiseIf,
  rd,
  rj,
  rk,
  select,
  seq,
  set,
  shl,
  shra,
  type Stmt,
  store,
  w,
  wu,
  xor,
  zero,
} from "./meaning.ts";
import type { Row, RowOptions } from "./row.ts";

const fp: RowOptions = { needs: "FP", unit: "FPE" };
const estimate: RowOptions = { needs: "FRECIPE", unit: "FPE" };

const UPPER = k(0xffffffff_00000000n);
const SIGN = { s: k(1n << 31n), d: k(1n << 63n) } as const;
const MAGNITUDE = { s: k((1n << 31n) - 1n), d: k((1n << 63n) - 1n) } as const;

/** What a register holds of a single-precision datum whose encoding is in the lower half of a value. */
function single(value: Expr): Expr {
  return or(value, UPPER);
}

const destination = add(pc, imm("offs21"));
const near = add(rj, imm("si12"));
const indexed = add(rj, rk);

// Bounds are as those of general registers (see `core/isa/bound.ts`).
const above = ltu(rk, rj);
const notAbove = leu(rj, rk);
const CHECKED = { aligned: true, checked: true } as const;

function unless(condition: Expr, use: "load" | "store", type: MemoryType, access: Stmt): Stmt {
  return seq(call(`check.${use}.${type}`), raiseIf(condition, "BCE", rj), access);
}

function loadUnless(condition: Expr, type: "u32" | "u64"): Stmt {
  const value = load(type, rj, CHECKED);
  return unless(condition, "load", type, set(fd, type === "u32" ? single(value) : value));
}

function storeUnless(condition: Expr, type: "u32" | "u64"): Stmt {
  return unless(condition, "store", type, store(type, rj, fd, CHECKED));
}

// deno-fmt-ignore
/** Basic floating point. Registers fcsr4 to fcsr31 do not exist, and the words that would name them encode nothing here. */
export const FP: readonly Row[] = [
  // Single precision
  ["fadd.s",       "00000001000000001 fk fj fd", "fd, fj, fk", "native", compute("fd", "fadd.s", "fj", "fk"), fp],
  ["fsub.s",       "00000001000000101 fk fj fd", "fd, fj, fk", "native", compute("fd", "fsub.s", "fj", "fk"), fp],
  ["fmul.s",       "00000001000001001 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmul.s", "fj", "fk"), fp],
  ["fdiv.s",       "00000001000001101 fk fj fd", "fd, fj, fk", "native", compute("fd", "fdiv.s", "fj", "fk"), fp],
  ["fmax.s",       "00000001000010001 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmax.s", "fj", "fk"), fp],
  ["fmin.s",       "00000001000010101 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmin.s", "fj", "fk"), fp],
  ["fmaxa.s",      "00000001000011001 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmaxa.s", "fj", "fk"), fp],
  ["fmina.s",      "00000001000011101 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmina.s", "fj", "fk"), fp],
  ["fscaleb.s",    "00000001000100001 fk fj fd", "fd, fj, fk", "native", compute("fd", "fscaleb.s", "fj", "fk"), fp],
  ["fcopysign.s",  "00000001000100101 fk fj fd", "fd, fj, fk", "native", set(fd, single(or(and(fj, MAGNITUDE.s), and(fk, SIGN.s)))), fp],
  ["fabs.s",       "0000000100010100000001 fj fd", "fd, fj", "native", set(fd, single(and(fj, MAGNITUDE.s))), fp],
  ["fneg.s",       "0000000100010100000101 fj fd", "fd, fj", "native", set(fd, single(xor(fj, SIGN.s))), fp],
  ["flogb.s",      "0000000100010100001001 fj fd", "fd, fj", "native", compute("fd", "flogb.s", "fj"), fp],
  ["fclass.s",     "0000000100010100001101 fj fd", "fd, fj", "native", set(fd, classify32(fj)), fp],
  ["fsqrt.s",      "0000000100010100010001 fj fd", "fd, fj", "native", compute("fd", "fsqrt.s", "fj"), fp],
  ["frecip.s",     "0000000100010100010101 fj fd", "fd, fj", "native", compute("fd", "frecip.s", "fj"), fp],
  ["frsqrt.s",     "0000000100010100011001 fj fd", "fd, fj", "native", compute("fd", "frsqrt.s", "fj"), fp],
  ["frecipe.s",    "0000000100010100011101 fj fd", "fd, fj", "native", compute("fd", "frecipe.s", "fj"), estimate],
  ["frsqrte.s",    "0000000100010100100001 fj fd", "fd, fj", "native", compute("fd", "frsqrte.s", "fj"), estimate],
  ["fmov.s",       "0000000100010100100101 fj fd", "fd, fj", "native", set(fd, single(fj)), fp],
  ["movgr2fr.w",   "0000000100010100101001 rj fd", "fd, rj", "native", set(fd, or(and(fd, UPPER), wu(rj))), fp],
  ["movgr2frh.w",  "0000000100010100101011 rj fd", "fd, rj", "native", set(fd, or(shl(rj, k(32n)), wu(fd))), fp],
  ["movfr2gr.s",   "0000000100010100101101 fj rd", "rd, fj", "native", set(rd, w(fj)), fp],
  ["movfrh2gr.s",  "0000000100010100101111 fj rd", "rd, fj", "native", set(rd, shra(fj, k(32n))), fp],
  ["ftintrm.w.s",  "0000000100011010000001 fj fd", "fd, fj", "native", compute("fd", "ftintrm.w.s", "fj"), fp],
  ["ftintrm.l.s",  "0000000100011010001001 fj fd", "fd, fj", "native", compute("fd", "ftintrm.l.s", "fj"), fp],
  ["ftintrp.w.s",  "0000000100011010010001 fj fd", "fd, fj", "native", compute("fd", "ftintrp.w.s", "fj"), fp],
  ["ftintrp.l.s",  "0000000100011010011001 fj fd", "fd, fj", "native", compute("fd", "ftintrp.l.s", "fj"), fp],
  ["ftintrz.w.s",  "0000000100011010100001 fj fd", "fd, fj", "native", compute("fd", "ftintrz.w.s", "fj"), fp],
  ["ftintrz.l.s",  "0000000100011010101001 fj fd", "fd, fj", "native", compute("fd", "ftintrz.l.s", "fj"), fp],
  ["ftintrne.w.s", "0000000100011010110001 fj fd", "fd, fj", "native", compute("fd", "ftintrne.w.s", "fj"), fp],
  ["ftintrne.l.s", "0000000100011010111001 fj fd", "fd, fj", "native", compute("fd", "ftintrne.l.s", "fj"), fp],
  ["ftint.w.s",    "0000000100011011000001 fj fd", "fd, fj", "native", compute("fd", "ftint.w.s", "fj"), fp],
  ["ftint.l.s",    "0000000100011011001001 fj fd", "fd, fj", "native", compute("fd", "ftint.l.s", "fj"), fp],
  ["ffint.s.w",    "0000000100011101000100 fj fd", "fd, fj", "native", compute("fd", "ffint.s.w", "fj"), fp],
  ["ffint.s.l",    "0000000100011101000110 fj fd", "fd, fj", "native", compute("fd", "ffint.s.l", "fj"), fp],
  ["frint.s",      "0000000100011110010001 fj fd", "fd, fj", "native", compute("fd", "frint.s", "fj"), fp],
  ["fmadd.s",      "000010000001 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fmadd.s", "fj", "fk", "fa"), fp],
  ["fmsub.s",      "000010000101 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fmsub.s", "fj", "fk", "fa"), fp],
  ["fnmadd.s",     "000010001001 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fnmadd.s", "fj", "fk", "fa"), fp],
  ["fnmsub.s",     "000010001101 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fnmsub.s", "fj", "fk", "fa"), fp],
  ["fcmp.caf.s",   "00001100000100000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.caf.s", "fj", "fk"), fp],
  ["fcmp.saf.s",   "00001100000100001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.saf.s", "fj", "fk"), fp],
  ["fcmp.clt.s",   "00001100000100010 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.clt.s", "fj", "fk"), fp],
  ["fcmp.slt.s",   "00001100000100011 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.slt.s", "fj", "fk"), fp],
  ["fcmp.ceq.s",   "00001100000100100 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.ceq.s", "fj", "fk"), fp],
  ["fcmp.seq.s",   "00001100000100101 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.seq.s", "fj", "fk"), fp],
  ["fcmp.cle.s",   "00001100000100110 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cle.s", "fj", "fk"), fp],
  ["fcmp.sle.s",   "00001100000100111 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sle.s", "fj", "fk"), fp],
  ["fcmp.cun.s",   "00001100000101000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cun.s", "fj", "fk"), fp],
  ["fcmp.sun.s",   "00001100000101001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sun.s", "fj", "fk"), fp],
  ["fcmp.cult.s",  "00001100000101010 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cult.s", "fj", "fk"), fp],
  ["fcmp.sult.s",  "00001100000101011 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sult.s", "fj", "fk"), fp],
  ["fcmp.cueq.s",  "00001100000101100 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cueq.s", "fj", "fk"), fp],
  ["fcmp.sueq.s",  "00001100000101101 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sueq.s", "fj", "fk"), fp],
  ["fcmp.cule.s",  "00001100000101110 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cule.s", "fj", "fk"), fp],
  ["fcmp.sule.s",  "00001100000101111 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sule.s", "fj", "fk"), fp],
  ["fcmp.cne.s",   "00001100000110000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cne.s", "fj", "fk"), fp],
  ["fcmp.sne.s",   "00001100000110001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sne.s", "fj", "fk"), fp],
  ["fcmp.cor.s",   "00001100000110100 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cor.s", "fj", "fk"), fp],
  ["fcmp.sor.s",   "00001100000110101 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sor.s", "fj", "fk"), fp],
  ["fcmp.cune.s",  "00001100000111000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cune.s", "fj", "fk"), fp],
  ["fcmp.sune.s",  "00001100000111001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sune.s", "fj", "fk"), fp],
  ["fld.s",        "0010101100 si12 rj fd", "fd, rj, si12", "native", set(fd, single(load("u32", near))), fp],
  ["fst.s",        "0010101101 si12 rj fd", "fd, rj, si12", "native", store("u32", near, fd), fp],
  ["fldx.s",       "00111000001100000 rk rj fd", "fd, rj, rk", "native", set(fd, single(load("u32", indexed))), fp],
  ["fstx.s",       "00111000001110000 rk rj fd", "fd, rj, rk", "native", store("u32", indexed, fd), fp],

  // Double precision
  ["fadd.d",       "00000001000000010 fk fj fd", "fd, fj, fk", "native", compute("fd", "fadd.d", "fj", "fk"), fp],
  ["fsub.d",       "00000001000000110 fk fj fd", "fd, fj, fk", "native", compute("fd", "fsub.d", "fj", "fk"), fp],
  ["fmul.d",       "00000001000001010 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmul.d", "fj", "fk"), fp],
  ["fdiv.d",       "00000001000001110 fk fj fd", "fd, fj, fk", "native", compute("fd", "fdiv.d", "fj", "fk"), fp],
  ["fmax.d",       "00000001000010010 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmax.d", "fj", "fk"), fp],
  ["fmin.d",       "00000001000010110 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmin.d", "fj", "fk"), fp],
  ["fmaxa.d",      "00000001000011010 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmaxa.d", "fj", "fk"), fp],
  ["fmina.d",      "00000001000011110 fk fj fd", "fd, fj, fk", "native", compute("fd", "fmina.d", "fj", "fk"), fp],
  ["fscaleb.d",    "00000001000100010 fk fj fd", "fd, fj, fk", "native", compute("fd", "fscaleb.d", "fj", "fk"), fp],
  ["fcopysign.d",  "00000001000100110 fk fj fd", "fd, fj, fk", "native", set(fd, or(and(fj, MAGNITUDE.d), and(fk, SIGN.d))), fp],
  ["fabs.d",       "0000000100010100000010 fj fd", "fd, fj", "native", set(fd, and(fj, MAGNITUDE.d)), fp],
  ["fneg.d",       "0000000100010100000110 fj fd", "fd, fj", "native", set(fd, xor(fj, SIGN.d)), fp],
  ["flogb.d",      "0000000100010100001010 fj fd", "fd, fj", "native", compute("fd", "flogb.d", "fj"), fp],
  ["fclass.d",     "0000000100010100001110 fj fd", "fd, fj", "native", set(fd, classify64(fj)), fp],
  ["fsqrt.d",      "0000000100010100010010 fj fd", "fd, fj", "native", compute("fd", "fsqrt.d", "fj"), fp],
  ["frecip.d",     "0000000100010100010110 fj fd", "fd, fj", "native", compute("fd", "frecip.d", "fj"), fp],
  ["frsqrt.d",     "0000000100010100011010 fj fd", "fd, fj", "native", compute("fd", "frsqrt.d", "fj"), fp],
  ["frecipe.d",    "0000000100010100011110 fj fd", "fd, fj", "native", compute("fd", "frecipe.d", "fj"), estimate],
  ["frsqrte.d",    "0000000100010100100010 fj fd", "fd, fj", "native", compute("fd", "frsqrte.d", "fj"), estimate],
  ["fmov.d",       "0000000100010100100110 fj fd", "fd, fj", "native", set(fd, fj), fp],
  ["movgr2fr.d",   "0000000100010100101010 rj fd", "fd, rj", "native", set(fd, rj), fp],
  ["movfr2gr.d",   "0000000100010100101110 fj rd", "rd, fj", "native", set(rd, fj), fp],
  ["fcvt.s.d",     "0000000100011001000110 fj fd", "fd, fj", "native", compute("fd", "fcvt.s.d", "fj"), fp],
  ["fcvt.d.s",     "0000000100011001001001 fj fd", "fd, fj", "native", compute("fd", "fcvt.d.s", "fj"), fp],
  ["ftintrm.w.d",  "0000000100011010000010 fj fd", "fd, fj", "native", compute("fd", "ftintrm.w.d", "fj"), fp],
  ["ftintrm.l.d",  "0000000100011010001010 fj fd", "fd, fj", "native", compute("fd", "ftintrm.l.d", "fj"), fp],
  ["ftintrp.w.d",  "0000000100011010010010 fj fd", "fd, fj", "native", compute("fd", "ftintrp.w.d", "fj"), fp],
  ["ftintrp.l.d",  "0000000100011010011010 fj fd", "fd, fj", "native", compute("fd", "ftintrp.l.d", "fj"), fp],
  ["ftintrz.w.d",  "0000000100011010100010 fj fd", "fd, fj", "native", compute("fd", "ftintrz.w.d", "fj"), fp],
  ["ftintrz.l.d",  "0000000100011010101010 fj fd", "fd, fj", "native", compute("fd", "ftintrz.l.d", "fj"), fp],
  ["ftintrne.w.d", "0000000100011010110010 fj fd", "fd, fj", "native", compute("fd", "ftintrne.w.d", "fj"), fp],
  ["ftintrne.l.d", "0000000100011010111010 fj fd", "fd, fj", "native", compute("fd", "ftintrne.l.d", "fj"), fp],
  ["ftint.w.d",    "0000000100011011000010 fj fd", "fd, fj", "native", compute("fd", "ftint.w.d", "fj"), fp],
  ["ftint.l.d",    "0000000100011011001010 fj fd", "fd, fj", "native", compute("fd", "ftint.l.d", "fj"), fp],
  ["ffint.d.w",    "0000000100011101001000 fj fd", "fd, fj", "native", compute("fd", "ffint.d.w", "fj"), fp],
  ["ffint.d.l",    "0000000100011101001010 fj fd", "fd, fj", "native", compute("fd", "ffint.d.l", "fj"), fp],
  ["frint.d",      "0000000100011110010010 fj fd", "fd, fj", "native", compute("fd", "frint.d", "fj"), fp],
  ["fmadd.d",      "000010000010 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fmadd.d", "fj", "fk", "fa"), fp],
  ["fmsub.d",      "000010000110 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fmsub.d", "fj", "fk", "fa"), fp],
  ["fnmadd.d",     "000010001010 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fnmadd.d", "fj", "fk", "fa"), fp],
  ["fnmsub.d",     "000010001110 fa fk fj fd", "fd, fj, fk, fa", "native", compute("fd", "fnmsub.d", "fj", "fk", "fa"), fp],
  ["fcmp.caf.d",   "00001100001000000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.caf.d", "fj", "fk"), fp],
  ["fcmp.saf.d",   "00001100001000001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.saf.d", "fj", "fk"), fp],
  ["fcmp.clt.d",   "00001100001000010 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.clt.d", "fj", "fk"), fp],
  ["fcmp.slt.d",   "00001100001000011 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.slt.d", "fj", "fk"), fp],
  ["fcmp.ceq.d",   "00001100001000100 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.ceq.d", "fj", "fk"), fp],
  ["fcmp.seq.d",   "00001100001000101 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.seq.d", "fj", "fk"), fp],
  ["fcmp.cle.d",   "00001100001000110 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cle.d", "fj", "fk"), fp],
  ["fcmp.sle.d",   "00001100001000111 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sle.d", "fj", "fk"), fp],
  ["fcmp.cun.d",   "00001100001001000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cun.d", "fj", "fk"), fp],
  ["fcmp.sun.d",   "00001100001001001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sun.d", "fj", "fk"), fp],
  ["fcmp.cult.d",  "00001100001001010 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cult.d", "fj", "fk"), fp],
  ["fcmp.sult.d",  "00001100001001011 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sult.d", "fj", "fk"), fp],
  ["fcmp.cueq.d",  "00001100001001100 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cueq.d", "fj", "fk"), fp],
  ["fcmp.sueq.d",  "00001100001001101 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sueq.d", "fj", "fk"), fp],
  ["fcmp.cule.d",  "00001100001001110 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cule.d", "fj", "fk"), fp],
  ["fcmp.sule.d",  "00001100001001111 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sule.d", "fj", "fk"), fp],
  ["fcmp.cne.d",   "00001100001010000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cne.d", "fj", "fk"), fp],
  ["fcmp.sne.d",   "00001100001010001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sne.d", "fj", "fk"), fp],
  ["fcmp.cor.d",   "00001100001010100 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cor.d", "fj", "fk"), fp],
  ["fcmp.sor.d",   "00001100001010101 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sor.d", "fj", "fk"), fp],
  ["fcmp.cune.d",  "00001100001011000 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.cune.d", "fj", "fk"), fp],
  ["fcmp.sune.d",  "00001100001011001 fk fj 00 cd", "cd, fj, fk", "native", compute("cd", "fcmp.sune.d", "fj", "fk"), fp],
  ["fld.d",        "0010101110 si12 rj fd", "fd, rj, si12", "native", set(fd, load("u64", near)), fp],
  ["fst.d",        "0010101111 si12 rj fd", "fd, rj, si12", "native", store("u64", near, fd), fp],
  ["fldx.d",       "00111000001101000 rk rj fd", "fd, rj, rk", "native", set(fd, load("u64", indexed)), fp],
  ["fstx.d",       "00111000001111000 rk rj fd", "fd, rj, rk", "native", store("u64", indexed, fd), fp],

  // Both: control and status, condition flags, selection, branches
  ["movgr2fcsr",   "0000000100010100110000 rj 000 fcsr", "fcsr, rj", "native", call("movgr2fcsr"), fp],
  ["movfcsr2gr",   "0000000100010100110010000 fcsr rd", "rd, fcsr", "native", call("movfcsr2gr"), fp],
  ["movfr2cf",     "0000000100010100110100 fj 00 cd", "cd, fj", "native", set(cd, fj), fp],
  ["movcf2fr",     "000000010001010011010100 cj fd", "fd, cj", "native", set(fd, cj), fp],
  ["movgr2cf",     "0000000100010100110110 rj 00 cd", "cd, rj", "native", set(cd, rj), fp],
  ["movcf2gr",     "000000010001010011011100 cj rd", "rd, cj", "native", set(rd, cj), fp],
  ["fsel",         "00001101000000 ca fk fj fd", "fd, fj, fk, ca", "native", set(fd, select(ca, fk, fj)), fp],
  ["bceqz",        "010010 offs21[15:0] 00 cj offs21[20:16]", "cj, offs21<<2", "native", branchIf(eq(cj, zero), destination), fp],
  ["bcnez",        "010010 offs21[15:0] 01 cj offs21[20:16]", "cj, offs21<<2", "native", branchIf(cj, destination), fp],

  // Bound checks
  ["fldgt.s",      "00111000011101000 rk rj fd", "fd, rj, rk", "native", loadUnless(notAbove, "u32"), fp],
  ["fldle.s",      "00111000011101010 rk rj fd", "fd, rj, rk", "native", loadUnless(above, "u32"), fp],
  ["fstgt.s",      "00111000011101100 rk rj fd", "fd, rj, rk", "native", storeUnless(notAbove, "u32"), fp],
  ["fstle.s",      "00111000011101110 rk rj fd", "fd, rj, rk", "native", storeUnless(above, "u32"), fp],
  ["fldgt.d",      "00111000011101001 rk rj fd", "fd, rj, rk", "native", loadUnless(notAbove, "u64"), fp],
  ["fldle.d",      "00111000011101011 rk rj fd", "fd, rj, rk", "native", loadUnless(above, "u64"), fp],
  ["fstgt.d",      "00111000011101101 rk rj fd", "fd, rj, rk", "native", storeUnless(notAbove, "u64"), fp],
  ["fstle.d",      "00111000011101111 rk rj fd", "fd, rj, rk", "native", storeUnless(above, "u64"), fp],
];
