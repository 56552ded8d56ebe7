/**
 * csrrd, csrwr, csrxchg and their gcsr forms.
 *
 * @module
 */
import { readRow, type Writer, writeRow } from "../csr/access.ts";
import type { CsrRow } from "../csr/bank.ts";
import { CRMD } from "../csr/basic.ts";
import { FWPC, MWPC } from "../csr/debug.ts";
import type { Field, Grant } from "../csr/define.ts";
import { GCFG, GTLBC } from "../csr/lvz.ts";
import { csrByNumber, exitsWithoutRegister } from "../csr/table.ts";
import { Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import type { Decoded } from "../isa/decode.ts";
import { ISA } from "../isa/table.ts";
import type { Machine } from "../machine.ts";
import { setRegister } from "./registers.ts";

const ALL = (1n << 64n) - 1n;

/** The fields that grant registers to the guest (LVZ-GCSR-06, -07). */
const GRANTS: Readonly<Record<Grant["by"], Field>> = {
  "GCFG.GPERF": GCFG.GPERF,
  "MWPC.GNum": MWPC.GNum,
  "FWPC.GNum": FWPC.GNum,
};

/** Exits if a guest may not access this number without one. */
function checkGuestAccess(m: Machine, number: number): void {
  const csr = csrByNumber(number);
  if (csr === undefined || !m.host.has(number)) {
    // LVZ-GCSR-08: what the host lacks too exits only with TORU; LVZ-GCSR-05: the vendor's ranges always do.
    if (exitsWithoutRegister(number) || m.host.is(GCFG.TORU)) {
      throw new Trap(EXCEPTIONS.GSPR, undefined, true);
    }
    return;
  }
  const { guest, grant, trappedBy } = csr.options;
  const trapped = trappedBy === "GCFG.TIT" && m.host.is(GCFG.TIT) ||
    trappedBy === "GTLBC.TOTI" && m.host.is(GTLBC.TOTI);
  const exits = guest === "gspr" ||
    (grant !== undefined && m.host.get(GRANTS[grant.by]) <= BigInt(grant.index));
  if (exits || trapped) throw new Trap(EXCEPTIONS.GSPR, undefined, true);
}

/** GCFG.TOP: guest software that changes GCSR.CRMD.PLV exits instead with GCM/0 (LVZ-GUEST-07). */
function checkPlvChange(m: Machine, number: number, old: bigint, next: bigint): void {
  if (number !== CRMD.number || !m.inGuest || !m.host.is(GCFG.TOP)) return;
  if (CRMD.PLV.get(old) !== CRMD.PLV.get(next)) throw new Trap(EXCEPTIONS.GCSC, undefined, true);
}

/** Exchanges the bits of a register that are set in `mask`; returns the old value. */
export function exchangeCsr(m: Machine, number: number, value: bigint, mask: bigint): bigint {
  const isGuest = m.inGuest;
  if (isGuest) checkGuestAccess(m, number);
  const row = (isGuest ? m.guest : m.host).row(number);
  return row === undefined ? 0n : exchange(m, row, value, mask, isGuest, "own");
}

/**
 * The same for a guest copy, by the host, whether or not the guest reaches it. A number without a guest copy reads 0 and ignores writes
 * (LVZ-INSN-05).
 */
export function exchangeGcsr(m: Machine, number: number, value: bigint, mask: bigint): bigint {
  const row = m.guest.row(number);
  if (row === undefined || !row.hasCopy) return 0n;
  return exchange(m, row, value, mask, true, "host");
}

function exchange(
  m: Machine,
  row: CsrRow,
  value: bigint,
  mask: bigint,
  isGuest: boolean,
  writer: Writer,
): bigint {
  const old = readRow(m, isGuest, row);
  if (mask === 0n) return old;
  const next = mask === ALL ? value : (old & ~mask) | (value & mask);
  checkPlvChange(m, row.number, old, next);
  writeRow(m, isGuest, row, next, writer, mask);
  return old;
}

type Exchange = typeof exchangeCsr;
type Call = (m: Machine, op: Decoded) => void;

/** Where words name a register: the same in all rows that do. A word is faster to look into than what was decoded of it. */
const [{ at: AT, width: WIDTH } = { at: 0, width: 0 }] =
  ISA.get("csrrd")?.immediates.find((operand) => operand.name === "csr")?.field.pieces ?? [];
const NUMBER = 2 ** WIDTH - 1;

function numberOf(op: Decoded): number {
  return (op.word >>> AT) & NUMBER;
}

/** rd receives the value. */
function reading(access: Exchange): Call {
  return (m, op) => setRegister(m, op.rd, access(m, numberOf(op), 0n, 0n));
}

/** rd receives the old value. */
function writing(access: Exchange): Call {
  return (m, op) => setRegister(m, op.rd, access(m, numberOf(op), m.gpr[op.rd]!, ALL));
}

/** rd receives the old value; only the bits in rj change. */
function exchanging(access: Exchange): Call {
  return (m, op) => setRegister(m, op.rd, access(m, numberOf(op), m.gpr[op.rd]!, m.gpr[op.rj]!));
}

/** The calls of this file. */
export const CSR_CALLS = {
  "csrrd": reading(exchangeCsr),
  "csrwr": writing(exchangeCsr),
  "csrxchg": exchanging(exchangeCsr),
  "gcsrrd": reading(exchangeGcsr),
  "gcsrwr": writing(exchangeGcsr),
  "gcsrxchg": exchanging(exchangeGcsr),
};
