/**
 * Bound checks: assertions, and loads and stores that check their address against a bound.
 *
 * @module
 */
import {
  call,
  type Expr,
  les,
  leu,
  load,
  lts,
  ltu,
  type MemoryType,
  raiseIf,
  rd,
  rj,
  rk,
  seq,
  set,
  type Stmt,
  store,
} from "./meaning.ts";
import type { Row } from "./row.ts";

// The manual compares signed for the assertions and says nothing for the accesses, where the bound is an address: those
// compare unsigned, as QEMU and Valgrind do (which compare unsigned for the assertions too, against the manual).
const above = ltu(rk, rj);
const notAbove = leu(rj, rk);

function boundError(condition: Expr): Stmt {
  return raiseIf(condition, "BCE", rj);
}

const CHECKED = { aligned: true, checked: true } as const;

// The order of exceptions is ALE, ADE, BCE, TLB: alignment, which these instructions require everywhere, and legality of the address are
// checked before the bound, the page after it.
function check(use: "load" | "store", type: MemoryType): Stmt {
  return call(`check.${use}.${type}`);
}

function loadUnless(condition: Expr, type: MemoryType): Stmt {
  return seq(check("load", type), boundError(condition), set(rd, load(type, rj, CHECKED)));
}

function storeUnless(condition: Expr, type: MemoryType): Stmt {
  return seq(check("store", type), boundError(condition), store(type, rj, rd, CHECKED));
}

// deno-fmt-ignore
/** Bound checks. */
export const BOUND: readonly Row[] = [
  ["asrtle.d", "00000000000000010 rk rj 00000", "rj, rk", "native", boundError(lts(rk, rj))],
  ["asrtgt.d", "00000000000000011 rk rj 00000", "rj, rk", "native", boundError(les(rj, rk))],

  ["ldgt.b", "00111000011110000 rk rj rd", "rd, rj, rk", "native", loadUnless(notAbove, "s8")],
  ["ldgt.h", "00111000011110001 rk rj rd", "rd, rj, rk", "native", loadUnless(notAbove, "s16")],
  ["ldgt.w", "00111000011110010 rk rj rd", "rd, rj, rk", "native", loadUnless(notAbove, "s32")],
  ["ldgt.d", "00111000011110011 rk rj rd", "rd, rj, rk", "native", loadUnless(notAbove, "u64")],
  ["ldle.b", "00111000011110100 rk rj rd", "rd, rj, rk", "native", loadUnless(above, "s8")],
  ["ldle.h", "00111000011110101 rk rj rd", "rd, rj, rk", "native", loadUnless(above, "s16")],
  ["ldle.w", "00111000011110110 rk rj rd", "rd, rj, rk", "native", loadUnless(above, "s32")],
  ["ldle.d", "00111000011110111 rk rj rd", "rd, rj, rk", "native", loadUnless(above, "u64")],
  ["stgt.b", "00111000011111000 rk rj rd", "rd, rj, rk", "native", storeUnless(notAbove, "u8")],
  ["stgt.h", "00111000011111001 rk rj rd", "rd, rj, rk", "native", storeUnless(notAbove, "u16")],
  ["stgt.w", "00111000011111010 rk rj rd", "rd, rj, rk", "native", storeUnless(notAbove, "u32")],
  ["stgt.d", "00111000011111011 rk rj rd", "rd, rj, rk", "native", storeUnless(notAbove, "u64")],
  ["stle.b", "00111000011111100 rk rj rd", "rd, rj, rk", "native", storeUnless(above, "u8")],
  ["stle.h", "00111000011111101 rk rj rd", "rd, rj, rk", "native", storeUnless(above, "u16")],
  ["stle.w", "00111000011111110 rk rj rd", "rd, rj, rk", "native", storeUnless(above, "u32")],
  ["stle.d", "00111000011111111 rk rj rd", "rd, rj, rk", "native", storeUnless(above, "u64")],
];
