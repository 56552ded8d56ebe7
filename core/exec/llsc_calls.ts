/**
 * Load-linked and store-conditional. Each world has its own LLbit (LVZ-LL-01). A conditional store succeeds if the bit is still set
 * and the physical address is that of the ll; it clears the bit either way.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import { setRegister } from "./registers.ts";

type Width = "s32" | "u64";

function address(m: Machine, op: Decoded): bigint {
  return BigInt.asUintN(64, m.gpr[op.rj]! + (op.operands["si14"] ?? 0n));
}

function loadLinked(type: Width): (m: Machine, op: Decoded) => void {
  return (m, op) => {
    const at = address(m, op);
    const value = m.load(at, type, { aligned: true });
    const ll = m.llbit(m.inGuest);
    ll.valid = true;
    ll.address = m.translate(at, "load");
    setRegister(m, op.rd, value);
  };
}

/** Alignment is asked for in any case, watchpoints only where a store is tried: without an LLbit no access is made. */
function checkStore(m: Machine, at: bigint, bytes: number): void {
  if (m.llbit(m.inGuest).valid) {
    for (let offset = 0; offset < bytes; offset += 8) {
      m.checkWatchpoints(BigInt.asUintN(64, at + BigInt(offset)), Math.min(8, bytes), "store");
    }
  }
  if (at % BigInt(bytes) !== 0n) m.raise("ALE", at);
}

const CHECKED = { aligned: true, checked: true } as const;

/** True if a store to `at` would succeed; without an LLbit no access is made. */
function mayStore(m: Machine, at: bigint, granule: number): boolean {
  const ll = m.llbit(m.inGuest);
  if (!ll.valid) return false;
  const physical = m.translate(at, "store");
  return Math.floor(physical / granule) === Math.floor(ll.address / granule);
}

function finish(m: Machine, rd: number, stored: boolean): void {
  m.llbit(m.inGuest).valid = false;
  setRegister(m, rd, stored ? 1n : 0n);
}

function storeConditional(type: Width): (m: Machine, op: Decoded) => void {
  const bytes = type === "u64" ? 8 : 4;
  return (m, op) => {
    const at = address(m, op);
    checkStore(m, at, bytes);
    const may = mayStore(m, at, bytes);
    if (may) m.store(at, type, m.gpr[op.rd]!, CHECKED);
    finish(m, op.rd, may);
  };
}

/** sc.q rd, rk, rj: rd is the low half, rk the high half; the ll was of either half. */
function storeConditionalQuad(m: Machine, op: Decoded): void {
  const at = m.gpr[op.rj]!;
  checkStore(m, at, 16);
  const may = mayStore(m, at, 16);
  if (may) {
    m.store(at, "u64", m.gpr[op.rd]!, CHECKED);
    m.store(at + 8n, "u64", m.gpr[op.rk]!, CHECKED);
  }
  finish(m, op.rd, may);
}

/** The calls of this file. */
export const LLSC_CALLS = {
  "ll.w": loadLinked("s32"),
  "ll.d": loadLinked("u64"),
  "llacq.w": loadLinked("s32"),
  "llacq.d": loadLinked("u64"),
  "sc.w": storeConditional("s32"),
  "sc.d": storeConditional("u64"),
  "screl.w": storeConditional("s32"),
  "screl.d": storeConditional("u64"),
  "sc.q": storeConditionalQuad,
};
