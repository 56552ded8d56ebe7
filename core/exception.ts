/**
 * Taking an exception: who takes it, what is recorded, where execution continues.
 *
 * @module
 */
import {
  BADI,
  BADV,
  CRMD,
  ECFG,
  EENTRY,
  ERA,
  ESTAT,
  MERRCTL,
  MERRENTRY,
  MERRERA,
  PRMD,
} from "./csr/basic.ts";
import type { CsrBank } from "./csr/bank.ts";
import type { Field } from "./csr/define.ts";
import { GCFG, GSTAT } from "./csr/lvz.ts";
import { TLBEHI, TLBRBADV, TLBREHI, TLBRENTRY, TLBRERA, TLBRPRMD } from "./csr/translation.ts";
import { type ExceptionKind, EXCEPTIONS } from "./exception_codes.ts";
import type { Machine } from "./machine.ts";

/** An exception on its way. It is thrown through the meaning of an instruction, which so has no effect (LVZ-EXIT-25). */
export class Trap {
  readonly kind: ExceptionKind | "refill";
  /** The bad address, for the exceptions that record one. */
  readonly badv: bigint | undefined;
  /** Taken by the host even in guest mode: an exit. */
  readonly exits: boolean;

  constructor(kind: ExceptionKind | "refill", badv?: bigint, exits = false) {
    this.kind = kind;
    this.badv = badv;
    this.exits = exits;
  }
}

/** Exits about whose BADV sources disagree (LVZ-CONF-20). */
const BADV_DISPUTED: ReadonlySet<ExceptionKind> = new Set([EXCEPTIONS.GSPR, EXCEPTIONS.HVC]);

const FIRST_PAGE_FAULT = EXCEPTIONS.PIL.ecode;
const LAST_PAGE_FAULT = EXCEPTIONS.PPI.ecode;

/**
 * Takes an exception that the instruction at `pc` raised.
 *
 * @param word the instruction, or undefined if it could not be fetched: BADI then reads 0 (LVZ-EXIT-15)
 */
export function takeException(m: Machine, trap: Trap, pc: bigint, word: number | undefined): void {
  const inGuest = m.inGuest;
  const bank = inGuest && !trap.exits ? m.guest : m.host;
  if (trap.kind === "refill") {
    takeRefill(m, bank, pc, trap.badv ?? 0n, inGuest);
  } else {
    bank.set(BADI.Inst, BigInt(word ?? 0));
    if (trap.badv !== undefined) recordBadAddress(bank, trap.kind, trap.badv);
    else if (BADV_DISPUTED.has(trap.kind) && m.profile.lvz.badvAtGspr === "pc") bank.set(BADV.VAddr, pc);
    takeGeneral(m, bank, trap.kind, trap.kind.ecode, pc, inGuest);
  }
  exitOnHardwareChange(m, bank);
}

/** Takes the interrupt with this number (0 to 12) before the instruction at `pc`. */
export function takeInterrupt(m: Machine, bank: CsrBank, number: number, pc: bigint): void {
  takeGeneral(m, bank, EXCEPTIONS.INT, 64 + number, pc, m.inGuest);
  exitOnHardwareChange(m, bank);
}

/** True for the exceptions of pages, which record the address in BADV and TLBEHI. */
export function isPageFault({ ecode }: ExceptionKind): boolean {
  return ecode >= FIRST_PAGE_FAULT && ecode <= LAST_PAGE_FAULT;
}

function recordBadAddress(bank: CsrBank, kind: ExceptionKind, badv: bigint): void {
  bank.set(BADV.VAddr, badv);
  if (isPageFault(kind)) bank.write(TLBEHI, vppnOf(badv));
}

/** Bits VALEN-1:13 of an address, sign-extended as TLBEHI shows them. */
function vppnOf(address: bigint): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(48, address)) & ~0x1fffn;
}

/** Moves PLV, IE and WE of CRMD to the fields named and clears them. */
function saveMode(bank: CsrBank, plv: Field, ie: Field, we: Field): void {
  bank.setBits(plv, bank.bits(CRMD.PLV));
  bank.setBits(ie, bank.bits(CRMD.IE));
  bank.setBits(we, bank.bits(CRMD.WE));
  bank.write(CRMD, bank.read(CRMD) & ~(CRMD.PLV.mask | CRMD.IE.mask | CRMD.WE.mask));
}

function takeGeneral(
  m: Machine,
  bank: CsrBank,
  kind: ExceptionKind,
  vector: number,
  pc: bigint,
  inGuest: boolean,
): void {
  saveMode(bank, PRMD.PPLV, PRMD.PIE, PRMD.PWE);
  bank.setBits(ESTAT.Ecode, kind.ecode);
  bank.setBits(ESTAT.EsubCode, kind.esubcode);
  bank.set(ERA.PC, pc);
  if (bank === m.host) leaveGuest(m, inGuest);
  const spacing = bank.get(ECFG.VS);
  // The manual's formula adds 64 to every code, which is right for interrupts only (LVZ-EXIT-06).
  const offset = spacing === 0n ? 0n : BigInt(vector) << (spacing + 2n);
  m.pc = m.nextPc = bank.read(EENTRY) | offset;
}

/** GSTAT at a general exception to the host: PVM records VM (LVZ-EXIT-03, disputed for host exceptions: LVZ-EXIT-04). */
function leaveGuest(m: Machine, inGuest: boolean): void {
  if (!m.host.has(GSTAT.number)) return;
  if (inGuest) {
    m.host.set(GSTAT.PVM, 1n);
    m.setGuestMode(false);
  } else if (m.profile.lvz.pvmAtHostException === "records-vm") {
    m.host.set(GSTAT.PVM, 0n);
  }
}

function takeRefill(m: Machine, bank: CsrBank, pc: bigint, badv: bigint, inGuest: boolean): void {
  saveMode(bank, TLBRPRMD.PPLV, TLBRPRMD.PIE, TLBRPRMD.PWE);
  bank.write(CRMD, (bank.read(CRMD) & ~CRMD.PG.mask) | CRMD.DA.mask);
  bank.set(TLBRBADV.VAddr, badv);
  bank.write(TLBREHI, vppnOf(badv) | TLBREHI.PS.get(bank.read(TLBREHI)));
  bank.write(TLBRERA, (pc & ~3n) | 1n);
  if (bank === m.host && bank.has(GSTAT.number)) {
    // The previous mode goes into TLBRPRMD; GSTAT.PVM stays (LVZ-EXIT-17, -20).
    bank.set(TLBRPRMD.PGM, inGuest ? 1n : 0n);
    if (inGuest) m.setGuestMode(false);
  }
  m.pc = m.nextPc = bank.read(TLBRENTRY);
}

/**
 * Takes a machine error, always to the host (LVZ-EXIT-24).
 *
 * @param cause MERRCTL.Cause
 */
export function takeMachineError(m: Machine, cause: number, pc: bigint): void {
  const { host } = m;
  const inGuest = m.inGuest;
  const mode = host.read(CRMD);
  host.set(MERRCTL.PDA, CRMD.DA.get(mode));
  host.set(MERRCTL.PPG, CRMD.PG.get(mode));
  host.set(MERRCTL.PDATF, CRMD.DATF.get(mode));
  host.set(MERRCTL.PDATM, CRMD.DATM.get(mode));
  saveMode(host, MERRCTL.PPLV, MERRCTL.PIE, MERRCTL.PWE);
  host.write(CRMD, CRMD.DA.mask);
  // This machine repairs nothing by itself.
  host.set(MERRCTL.Repairable, 0n);
  host.set(MERRCTL.Cause, BigInt(cause));
  host.set(MERRCTL.IsMERR, 1n);
  host.set(MERRERA.PC, pc);
  if (host.has(GSTAT.number)) {
    host.set(MERRCTL.PGM, inGuest ? 1n : 0n);
    if (inGuest) m.setGuestMode(false);
  }
  m.pc = m.nextPc = host.read(MERRENTRY);
}

/**
 * GCFG.TOE: after the guest took an exception itself, the host learns of it by GCM/1, with ERA at the guest's new place and
 * BADI not updated (LVZ-GUEST-08).
 */
export function exitOnHardwareChange(m: Machine, changed: CsrBank): void {
  if (changed !== m.guest || !m.inGuest || !m.host.is(GCFG.TOE)) return;
  takeGeneral(m, m.host, EXCEPTIONS.GCHC, EXCEPTIONS.GCHC.ecode, m.pc, true);
}
