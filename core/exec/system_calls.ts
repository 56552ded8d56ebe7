/**
 * Return from exception, idle, hypercall, debug call, processor configuration, counter, caches, IOCSRs.
 *
 * @module
 */
import type { AccessSize } from "../bus.ts";
import { CRMD, DBG, DERA, EENTRY, ERA, LLBCTL, MERRCTL, MERRERA, MISC, PRMD } from "../csr/basic.ts";
import type { CsrBank } from "../csr/bank.ts";
import type { Field } from "../csr/define.ts";
import { GCNTC, GSTAT } from "../csr/lvz.ts";
import { CNTC, TID } from "../csr/timer.ts";
import { TLBRERA, TLBRPRMD } from "../csr/translation.ts";
import { cpucfgWord } from "../cpucfg.ts";
import { BusError } from "../errors.ts";
import { exitOnHardwareChange, Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import { invalidateTlb } from "./invtlb.ts";
import { setRegister, signExtend } from "./registers.ts";

// ertn ---------------------------------------------------------------------------------------------------------------

function restoreMode(bank: CsrBank, plv: Field, ie: Field, we: Field): void {
  bank.setBits(CRMD.PLV, bank.bits(plv));
  bank.setBits(CRMD.IE, bank.bits(ie));
  bank.setBits(CRMD.WE, bank.bits(we));
}

/** KLO keeps the LLbit once; otherwise it is cleared (LVZ-LL-01). */
function clearLlbit(m: Machine, bank: CsrBank): void {
  if (bank.is(LLBCTL.KLO)) bank.set(LLBCTL.KLO, 0n);
  else m.llbit(bank === m.guest).valid = false;
}

/** ertn out of a debug, machine error, refill or general handler, asked in this order (LVZ-ENTRY-02). */
function ertn(m: Machine): void {
  const bank = m.current;
  if (!m.inGuest && bank.is(DBG.DST)) return returnFromDebug(m, bank);
  if (!m.inGuest && bank.is(MERRCTL.IsMERR)) returnFromMachineError(m, bank);
  else if (bank.is(TLBRERA.IsTLBR)) returnFromRefill(m, bank);
  else returnFromGeneral(m, bank);
  m.pc = m.nextPc;
  exitOnHardwareChange(m, bank);
}

function returnFromDebug(m: Machine, bank: CsrBank): void {
  bank.set(DBG.DST, 0n);
  m.nextPc = bank.get(DERA.PC);
}

function returnFromMachineError(m: Machine, bank: CsrBank): void {
  restoreMode(bank, MERRCTL.PPLV, MERRCTL.PIE, MERRCTL.PWE);
  bank.set(CRMD.DA, bank.get(MERRCTL.PDA));
  bank.set(CRMD.PG, bank.get(MERRCTL.PPG));
  bank.set(CRMD.DATF, bank.get(MERRCTL.PDATF));
  bank.set(CRMD.DATM, bank.get(MERRCTL.PDATM));
  bank.set(MERRCTL.IsMERR, 0n);
  clearLlbit(m, bank);
  m.nextPc = bank.get(MERRERA.PC);
  if (bank.is(MERRCTL.PGM)) m.setGuestMode(true);
}

/** LVZ-ENTRY-07: the world comes from TLBRPRMD.PGM, not from GSTAT.PVM; LVZ-LL-04: the LLbit stays. */
function returnFromRefill(m: Machine, bank: CsrBank): void {
  restoreMode(bank, TLBRPRMD.PPLV, TLBRPRMD.PIE, TLBRPRMD.PWE);
  bank.write(CRMD, (bank.read(CRMD) & ~CRMD.DA.mask) | CRMD.PG.mask);
  bank.set(TLBRERA.IsTLBR, 0n);
  if (m.profile.lvz.llbitOnRefillErtn === "cleared") clearLlbit(m, bank);
  m.nextPc = bank.read(TLBRERA) & ~3n;
  if (bank === m.host && bank.is(TLBRPRMD.PGM)) m.setGuestMode(true);
}

/** LVZ-ENTRY-03: with PVM = 1 the host's ertn enters the guest; PVM itself stays (LVZ-ENTRY-06). */
function returnFromGeneral(m: Machine, bank: CsrBank): void {
  restoreMode(bank, PRMD.PPLV, PRMD.PIE, PRMD.PWE);
  clearLlbit(m, bank);
  m.nextPc = bank.get(ERA.PC);
  if (bank === m.host && bank.is(GSTAT.PVM)) m.setGuestMode(true);
}

// Others -------------------------------------------------------------------------------------------------------------

/** Enters debug mode. The manual leaves the entry open; EENTRY + 0x480 is QEMU's. */
function debugCall(m: Machine): void {
  m.host.set(DBG.DST, 1n);
  m.host.set(DBG.DCL, 1n);
  m.host.set(DERA.PC, m.pc);
  m.nextPc = m.host.read(EENTRY) + 0x480n;
}

const COUNTER_DISABLED = [undefined, MISC.DRDTL1, MISC.DRDTL2, MISC.DRDTL3] as const;

/** The stable counter as the current world reads it (LVZ-TIME-12, LVZ-CONF-15). */
export function counter(m: Machine): bigint {
  const host = BigInt(m.clock.now) + m.host.read(CNTC);
  return BigInt.asUintN(64, m.inGuest ? host + m.host.read(GCNTC) + m.guest.read(CNTC) : host);
}

/** rdtime: rd receives the counter, cut by `part`, rj the number of the counter. */
function readTime(part: (value: bigint) => bigint): (m: Machine, op: Decoded) => void {
  return (m, op) => {
    setRegister(m, op.rd, part(counter(m)));
    setRegister(m, op.rj, signExtend(m.current.get(TID.TID), 32));
  };
}

/** MISC.DRDTLn of the current world forbids the counter at PLV n (LVZ-GUEST-11). Asked before GCFG.TIT. */
export function counterDisabled(m: Machine): boolean {
  const field = COUNTER_DISABLED[m.plv];
  return field !== undefined && m.current.is(field);
}

/** There are no caches; a hit operation still translates its address as a load. */
function cacheOperation(m: Machine, op: Decoded): void {
  const HIT = 2n;
  if (op.operands["code"]! >> 3n !== HIT) return;
  m.translate(BigInt.asUintN(64, m.gpr[op.rj]! + op.operands["si12"]!), "load");
}

function iocsrRead(size: AccessSize): (m: Machine, op: Decoded) => void {
  return (m, op) => {
    const address = Number(BigInt.asUintN(32, m.gpr[op.rj]!));
    const value = m.iocsr.read(address, size);
    if (value === undefined) throw noIocsr(m, "read", address, size);
    setRegister(m, op.rd, signExtend(value, size * 8));
  };
}

function iocsrWrite(size: AccessSize): (m: Machine, op: Decoded) => void {
  return (m, op) => {
    const address = Number(BigInt.asUintN(32, m.gpr[op.rj]!));
    if (!m.iocsr.write(address, size, BigInt.asUintN(size * 8, m.gpr[op.rd]!))) {
      throw noIocsr(m, "write", address, size);
    }
  };
}

function noIocsr(m: Machine, what: string, address: number, size: number): BusError {
  const at = `0x${address.toString(16)}`;
  return new BusError(
    `Cannot ${what} ${size} bytes at IOCSR ${at}: no device there`,
    BigInt(address),
    m.place,
  );
}

/** The calls of this file. */
export const SYSTEM_CALLS: Readonly<Record<string, (m: Machine, op: Decoded) => void>> = {
  "ertn": ertn,
  "idle": (m) => {
    m.idle = true;
  },
  // In guest mode the exit comes first; in host mode there is nobody to call (LVZ-INSN-10).
  "hvcl": () => {
    throw new Trap(EXCEPTIONS.INE);
  },
  "dbcl": debugCall,
  "cpucfg": (m, op) => setRegister(m, op.rd, signExtend(cpucfgWord(m.profile, m.gpr[op.rj]!), 32)),
  "rdtime.d": readTime((v) => v),
  "rdtimel.w": readTime((v) => signExtend(v, 32)),
  "rdtimeh.w": readTime((v) => signExtend(v >> 32n, 32)),
  "cacop": cacheOperation,
  "invtlb": (m, op) => invalidateTlb(m, Number(op.operands["op"]), m.gpr[op.rj]!, m.gpr[op.rk]!),
  "iocsrrd.b": iocsrRead(1),
  "iocsrrd.h": iocsrRead(2),
  "iocsrrd.w": iocsrRead(4),
  "iocsrrd.d": iocsrRead(8),
  "iocsrwr.b": iocsrWrite(1),
  "iocsrwr.h": iocsrWrite(2),
  "iocsrwr.w": iocsrWrite(4),
  "iocsrwr.d": iocsrWrite(8),
};
