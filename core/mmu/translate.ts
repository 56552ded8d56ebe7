/**
 * From a virtual address to a physical one: direct mode, direct mapping windows, TLB; and in guest mode the second stage.
 *
 * @module
 */
import { CRMD, MISC } from "../csr/basic.ts";
import type { CsrBank } from "../csr/bank.ts";
import { GSTAT } from "../csr/lvz.ts";
import { ASID, DMW, RVACFG, STLBPS, TLBELO0 } from "../csr/translation.ts";
import { Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import type { Machine } from "../machine.ts";
import type { TlbScope } from "./tlb.ts";

/** What an access wants to do. */
export type AccessType = "fetch" | "load" | "store";

const INVALID = { fetch: EXCEPTIONS.PIF, load: EXCEPTIONS.PIL, store: EXCEPTIONS.PIS } as const;
const HOST_SCOPE: TlbScope = { kind: "host", gid: 0 };
const ELO = TLBELO0;
const DIRTY_CHECK_OFF = [MISC.DWPL0, MISC.DWPL1, MISC.DWPL2] as const;

/**
 * The host physical address of a virtual address in the current world and mode.
 *
 * @throws {Trap} the exception that the access raises
 */
export function translate(m: Machine, address: bigint, type: AccessType): number {
  if (!m.inGuest) return Number(stage1(m, m.host, HOST_SCOPE, address, type));
  const scope: TlbScope = { kind: "stage1", gid: currentGid(m) };
  return stage2(m, stage1(m, m.guest, scope, address, type), type);
}

/** GSTAT.GID, by which lookups in guest mode go (LVZ-TLB-08). */
export function currentGid(m: Machine): number {
  return Number(m.host.get(GSTAT.GID));
}

/**
 * Raises ADEF or ADEM if the current world and mode have no such address, whatever it translates to.
 *
 * @throws {Trap} that exception
 */
export function checkLegal(m: Machine, address: bigint, type: AccessType): void {
  untranslated(m, m.current, address, type);
}

function stage1(m: Machine, bank: CsrBank, scope: TlbScope, address: bigint, type: AccessType): bigint {
  return untranslated(m, bank, address, type) ?? mapped(m, bank, scope, address, type);
}

/** The physical address in direct mode or a window; undefined where the TLB has to say. */
function untranslated(m: Machine, bank: CsrBank, address: bigint, type: AccessType): bigint | undefined {
  const mode = bank.read(CRMD);
  const physicalMask = (1n << BigInt(m.profile.palen)) - 1n;
  // DA and PG both 0 or both 1 is undefined; only the one legal combination for direct mode is direct.
  if (CRMD.DA.get(mode) === 1n && CRMD.PG.get(mode) === 0n) return address & physicalMask;
  const plv = Number(CRMD.PLV.get(mode));
  if (inWindow(bank, address, plv, type)) return address & physicalMask;
  if (!isCanonical(m, bank, address)) {
    throw new Trap(type === "fetch" ? EXCEPTIONS.ADEF : EXCEPTIONS.ADEM, address);
  }
  return undefined;
}

/** The first two windows serve fetches too, the others loads and stores only. */
function inWindow(bank: CsrBank, address: bigint, plv: number, type: AccessType): boolean {
  const windows = type === "fetch" ? 2 : 4;
  for (let n = 0; n < windows; n++) {
    const window = bank.read(DMW[n]!);
    if (window >> 60n === address >> 60n && (window >> BigInt(plv)) & 1n) return true;
  }
  return false;
}

/** True if the bits above the (reduced) virtual address width repeat its top bit. */
function isCanonical(m: Machine, bank: CsrBank, address: bigint): boolean {
  const width = m.profile.valen - Number(bank.get(RVACFG.RBits));
  return BigInt.asUintN(64, BigInt.asIntN(width, address)) === address;
}

function mapped(
  m: Machine,
  bank: CsrBank,
  scope: TlbScope,
  address: bigint,
  type: AccessType,
): bigint {
  const plv = Number(bank.get(CRMD.PLV));
  const index = m.tlb.find(scope, Number(bank.get(ASID.ASID)), address, Number(bank.get(STLBPS.PS)));
  const page = pageAt(m, index, address);
  if (page === undefined) throw new Trap("refill", address);
  const { lo } = page;
  // The order is the manual's pseudocode: V, NX, PLV, NR, D.
  if (!has(lo, ELO.V)) throw new Trap(INVALID[type], address);
  if (type === "fetch" && has(lo, ELO.NX)) throw new Trap(EXCEPTIONS.PNX, address);
  if (!privilegeAllows(lo, plv)) throw new Trap(EXCEPTIONS.PPI, address);
  if (type === "load" && has(lo, ELO.NR)) throw new Trap(EXCEPTIONS.PNR, address);
  if (type === "store" && !has(lo, ELO.D) && !dirtyCheckOff(bank, plv)) {
    throw new Trap(EXCEPTIONS.PME, address);
  }
  return page.physical;
}

/** Stage 2: always on in guest mode (LVZ-MMU-02), no privilege check (LVZ-MMU-11), faults exit with the GPA. */
export function stage2(m: Machine, gpa: bigint, type: AccessType): number {
  const scope: TlbScope = { kind: "stage2", gid: currentGid(m) };
  const index = m.tlb.find(scope, 0, gpa, Number(m.host.get(STLBPS.PS)));
  const page = pageAt(m, index, gpa);
  if (page === undefined) throw new Trap("refill", gpa, true);
  const { lo } = page;
  if (!has(lo, ELO.V)) throw new Trap(INVALID[type], gpa, true);
  if (type === "fetch" && has(lo, ELO.NX)) throw new Trap(EXCEPTIONS.PNX, gpa, true);
  if (type === "load" && has(lo, ELO.NR)) throw new Trap(EXCEPTIONS.PNR, gpa, true);
  if (type === "store" && !has(lo, ELO.D)) throw new Trap(EXCEPTIONS.PME, gpa, true);
  return Number(page.physical);
}

function pageAt(
  m: Machine,
  index: number,
  address: bigint,
): { readonly lo: bigint; readonly physical: bigint } | undefined {
  const entry = m.tlb.at(index);
  if (entry === undefined) return undefined;
  const ps = BigInt(entry.ps);
  const offset = (1n << ps) - 1n;
  const lo = entry.lo[Number((address >> ps) & 1n) as 0 | 1];
  return { lo, physical: ((lo & ELO.PPN.mask) & ~offset) | (address & offset) };
}

function has(lo: bigint, field: { readonly mask: bigint }): boolean {
  return (lo & field.mask) !== 0n;
}

function privilegeAllows(lo: bigint, plv: number): boolean {
  const page = Number(ELO.PLV.get(lo));
  return has(lo, ELO.RPLV) ? plv === page : plv <= page;
}

function dirtyCheckOff(bank: CsrBank, plv: number): boolean {
  const field = DIRTY_CHECK_OFF[plv];
  return field !== undefined && bank.is(field);
}
