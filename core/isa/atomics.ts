/**
 * Atomic memory access: load-linked and store-conditional, and read-modify-write.
 *
 * The `_db` forms are barriers too, which has no effect in a machine that does not reorder.
 *
 * @module
 */
import {
  add,
  and,
  bind,
  bound,
  call,
  eq,
  type Expr,
  load,
  lts,
  ltu,
  type MemoryType,
  ne,
  or,
  raiseIf,
  rd,
  registerNumber,
  rj,
  rk,
  select,
  seq,
  set,
  sext,
  type Stmt,
  store,
  wu,
  xor,
  zero,
  zext,
} from "./meaning.ts";
import type { Row, RowOptions } from "./row.ts";
import type { Feature } from "../profile.ts";

type Width = 8 | 16 | 32 | 64;

const LOADED: Readonly<Record<Width, MemoryType>> = { 8: "s8", 16: "s16", 32: "s32", 64: "u64" };
const STORED: Readonly<Record<Width, MemoryType>> = { 8: "u8", 16: "u16", 32: "u32", 64: "u64" };

const old = bound("old");

// The manual has INE where rd is rj, and leaves rd = rk undefined. QEMU raises INE for both, and for neither where rd is
// r0, which shows no old value.
const overlap = and(
  ne(registerNumber(rd), zero),
  or(eq(registerNumber(rd), registerNumber(rj)), eq(registerNumber(rd), registerNumber(rk))),
);

/** Reads the old value (sign-extended), writes `next`, gives the old value to rd. */
function modify(bits: Width, next: Expr): Stmt {
  return seq(
    raiseIf(overlap, "INE"),
    bind("old", load(LOADED[bits], rj, { aligned: true, forStore: true })),
    store(STORED[bits], rj, next, { aligned: true, checked: true }),
    set(rd, old),
  );
}

/** Writes rk if memory equals the low bits of rd; writes the old value back otherwise, which nobody can observe. */
function compareAndSwap(bits: Width): Stmt {
  const expected = bits === 64 ? rd : sext(bits, rd);
  return seq(
    bind("old", load(LOADED[bits], rj, { aligned: true, forStore: true })),
    store(STORED[bits], rj, select(eq(old, expected), rk, old), { aligned: true, checked: true }),
    set(rd, old),
  );
}

const maxSigned = (bits: Width) => (bits === 64 ? rk : sext(bits, rk));
const lessSigned = (bits: Width) => lts(old, maxSigned(bits));
const lessUnsigned = (bits: Width) => bits === 64 ? ltu(old, rk) : ltu(zext(bits, old), wu(rk));

/** What each operation writes, given `old` and rk; only the low bits are stored. */
const NEXT: Readonly<Record<string, (bits: Width) => Expr>> = {
  swap: () => rk,
  add: () => add(old, rk),
  and: () => and(old, rk),
  or: () => or(old, rk),
  xor: () => xor(old, rk),
  max: (bits) => select(lessSigned(bits), rk, old),
  min: (bits) => select(lessSigned(bits), old, rk),
  maxu: (bits) => select(lessUnsigned(bits), rk, old),
  minu: (bits) => select(lessUnsigned(bits), old, rk),
};

function am(operation: keyof typeof NEXT, bits: Width): Stmt {
  const next = NEXT[operation];
  if (next === undefined) throw new TypeError(`Cannot build an atomic row: no operation ${operation}`);
  return modify(bits, next(bits));
}

function needs(feature: Feature): RowOptions {
  return { needs: feature };
}

const LAM = needs("LAM");
const LAM_BH = needs("LAM_BH");
const LAMCAS = needs("LAMCAS");
const ACQREL = needs("LLACQ_SCREL");

// deno-fmt-ignore
/** Atomic memory access. */
export const ATOMICS: readonly Row[] = [
  ["ll.w", "00100000 si14 rj rd", "rd, rj, si14<<2", "native", call("ll.w")],
  ["sc.w", "00100001 si14 rj rd", "rd, rj, si14<<2", "native", call("sc.w")],
  ["ll.d", "00100010 si14 rj rd", "rd, rj, si14<<2", "native", call("ll.d")],
  ["sc.d", "00100011 si14 rj rd", "rd, rj, si14<<2", "native", call("sc.d")],
  ["sc.q", "00111000010101110 rk rj rd", "rd, rk, rj", "native", call("sc.q"), needs("SCQ")],
  ["llacq.w", "0011100001010111100000 rj rd", "rd, rj", "native", call("llacq.w"), ACQREL],
  ["screl.w", "0011100001010111100001 rj rd", "rd, rj", "native", call("screl.w"), ACQREL],
  ["llacq.d", "0011100001010111100010 rj rd", "rd, rj", "native", call("llacq.d"), ACQREL],
  ["screl.d", "0011100001010111100011 rj rd", "rd, rj", "native", call("screl.d"), ACQREL],

  ["amcas.b",      "00111000010110000 rk rj rd", "rd, rk, rj", "native", compareAndSwap(8), LAMCAS],
  ["amcas.h",      "00111000010110001 rk rj rd", "rd, rk, rj", "native", compareAndSwap(16), LAMCAS],
  ["amcas.w",      "00111000010110010 rk rj rd", "rd, rk, rj", "native", compareAndSwap(32), LAMCAS],
  ["amcas.d",      "00111000010110011 rk rj rd", "rd, rk, rj", "native", compareAndSwap(64), LAMCAS],
  ["amcas_db.b",   "00111000010110100 rk rj rd", "rd, rk, rj", "native", compareAndSwap(8), LAMCAS],
  ["amcas_db.h",   "00111000010110101 rk rj rd", "rd, rk, rj", "native", compareAndSwap(16), LAMCAS],
  ["amcas_db.w",   "00111000010110110 rk rj rd", "rd, rk, rj", "native", compareAndSwap(32), LAMCAS],
  ["amcas_db.d",   "00111000010110111 rk rj rd", "rd, rk, rj", "native", compareAndSwap(64), LAMCAS],
  ["amswap.b",     "00111000010111000 rk rj rd", "rd, rk, rj", "native", am("swap", 8), LAM_BH],
  ["amswap.h",     "00111000010111001 rk rj rd", "rd, rk, rj", "native", am("swap", 16), LAM_BH],
  ["amadd.b",      "00111000010111010 rk rj rd", "rd, rk, rj", "native", am("add", 8), LAM_BH],
  ["amadd.h",      "00111000010111011 rk rj rd", "rd, rk, rj", "native", am("add", 16), LAM_BH],
  ["amswap_db.b",  "00111000010111100 rk rj rd", "rd, rk, rj", "native", am("swap", 8), LAM_BH],
  ["amswap_db.h",  "00111000010111101 rk rj rd", "rd, rk, rj", "native", am("swap", 16), LAM_BH],
  ["amadd_db.b",   "00111000010111110 rk rj rd", "rd, rk, rj", "native", am("add", 8), LAM_BH],
  ["amadd_db.h",   "00111000010111111 rk rj rd", "rd, rk, rj", "native", am("add", 16), LAM_BH],
  ["amswap.w",     "00111000011000000 rk rj rd", "rd, rk, rj", "native", am("swap", 32), LAM],
  ["amswap.d",     "00111000011000001 rk rj rd", "rd, rk, rj", "native", am("swap", 64), LAM],
  ["amadd.w",      "00111000011000010 rk rj rd", "rd, rk, rj", "native", am("add", 32), LAM],
  ["amadd.d",      "00111000011000011 rk rj rd", "rd, rk, rj", "native", am("add", 64), LAM],
  ["amand.w",      "00111000011000100 rk rj rd", "rd, rk, rj", "native", am("and", 32), LAM],
  ["amand.d",      "00111000011000101 rk rj rd", "rd, rk, rj", "native", am("and", 64), LAM],
  ["amor.w",       "00111000011000110 rk rj rd", "rd, rk, rj", "native", am("or", 32), LAM],
  ["amor.d",       "00111000011000111 rk rj rd", "rd, rk, rj", "native", am("or", 64), LAM],
  ["amxor.w",      "00111000011001000 rk rj rd", "rd, rk, rj", "native", am("xor", 32), LAM],
  ["amxor.d",      "00111000011001001 rk rj rd", "rd, rk, rj", "native", am("xor", 64), LAM],
  ["ammax.w",      "00111000011001010 rk rj rd", "rd, rk, rj", "native", am("max", 32), LAM],
  ["ammax.d",      "00111000011001011 rk rj rd", "rd, rk, rj", "native", am("max", 64), LAM],
  ["ammin.w",      "00111000011001100 rk rj rd", "rd, rk, rj", "native", am("min", 32), LAM],
  ["ammin.d",      "00111000011001101 rk rj rd", "rd, rk, rj", "native", am("min", 64), LAM],
  ["ammax.wu",     "00111000011001110 rk rj rd", "rd, rk, rj", "native", am("maxu", 32), LAM],
  ["ammax.du",     "00111000011001111 rk rj rd", "rd, rk, rj", "native", am("maxu", 64), LAM],
  ["ammin.wu",     "00111000011010000 rk rj rd", "rd, rk, rj", "native", am("minu", 32), LAM],
  ["ammin.du",     "00111000011010001 rk rj rd", "rd, rk, rj", "native", am("minu", 64), LAM],
  ["amswap_db.w",  "00111000011010010 rk rj rd", "rd, rk, rj", "native", am("swap", 32), LAM],
  ["amswap_db.d",  "00111000011010011 rk rj rd", "rd, rk, rj", "native", am("swap", 64), LAM],
  ["amadd_db.w",   "00111000011010100 rk rj rd", "rd, rk, rj", "native", am("add", 32), LAM],
  ["amadd_db.d",   "00111000011010101 rk rj rd", "rd, rk, rj", "native", am("add", 64), LAM],
  ["amand_db.w",   "00111000011010110 rk rj rd", "rd, rk, rj", "native", am("and", 32), LAM],
  ["amand_db.d",   "00111000011010111 rk rj rd", "rd, rk, rj", "native", am("and", 64), LAM],
  ["amor_db.w",    "00111000011011000 rk rj rd", "rd, rk, rj", "native", am("or", 32), LAM],
  ["amor_db.d",    "00111000011011001 rk rj rd", "rd, rk, rj", "native", am("or", 64), LAM],
  ["amxor_db.w",   "00111000011011010 rk rj rd", "rd, rk, rj", "native", am("xor", 32), LAM],
  ["amxor_db.d",   "00111000011011011 rk rj rd", "rd, rk, rj", "native", am("xor", 64), LAM],
  ["ammax_db.w",   "00111000011011100 rk rj rd", "rd, rk, rj", "native", am("max", 32), LAM],
  ["ammax_db.d",   "00111000011011101 rk rj rd", "rd, rk, rj", "native", am("max", 64), LAM],
  ["ammin_db.w",   "00111000011011110 rk rj rd", "rd, rk, rj", "native", am("min", 32), LAM],
  ["ammin_db.d",   "00111000011011111 rk rj rd", "rd, rk, rj", "native", am("min", 64), LAM],
  ["ammax_db.wu",  "00111000011100000 rk rj rd", "rd, rk, rj", "native", am("maxu", 32), LAM],
  ["ammax_db.du",  "00111000011100001 rk rj rd", "rd, rk, rj", "native", am("maxu", 64), LAM],
  ["ammin_db.wu",  "00111000011100010 rk rj rd", "rd, rk, rj", "native", am("minu", 32), LAM],
  ["ammin_db.du",  "00111000011100011 rk rj rd", "rd, rk, rj", "native", am("minu", 64), LAM],
];
