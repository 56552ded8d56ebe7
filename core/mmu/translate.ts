/**
 * From a virtual address to a physical one: direct mode, direct mapping windows, TLB; and in guest mode the second stage.
 *
 * Addresses are numbers here, for speed: a virtual one in halves of 32 bits (unsigned), a physical one, of at most 48 bits, as a whole.
 *
 * @module
 */
import type { Field } from "../csr/define.ts";
import { TLBELO0 } from "../csr/translation.ts";
import { Trap } from "../exception.ts";
import { type ExceptionKind, EXCEPTIONS } from "../exception_codes.ts";
import type { Machine } from "../machine.ts";
import { HALF, highOf, lowBits, lowOf, whole } from "../halves.ts";
import type { AccessType, Regime, TlbUse } from "./regime.ts";
import type { Tlb } from "./tlb.ts";

const INVALID = { fetch: EXCEPTIONS.PIF, load: EXCEPTIONS.PIL, store: EXCEPTIONS.PIS } as const;
const ILLEGAL = { fetch: EXCEPTIONS.ADEF, load: EXCEPTIONS.ADEM, store: EXCEPTIONS.ADEM } as const;

/** The bits of a field within its half of a register. */
function half(field: Field): number {
  return Number(field.spec.low < 32 ? field.mask : field.mask >> 32n);
}

/** Fields of the low half of TLBELO0 and TLBELO1. */
const [V, D, PLV] = [half(TLBELO0.V), half(TLBELO0.D), half(TLBELO0.PLV)];
const PPN_LOW = Number(BigInt.asIntN(32, TLBELO0.PPN.mask));
const PLV_SHIFT = TLBELO0.PLV.spec.low;
/** Fields of the high half. */
const PPN_HIGH = Number(TLBELO0.PPN.mask >> 32n);
const [NR, NX, RPLV] = [half(TLBELO0.NR), half(TLBELO0.NX), half(TLBELO0.RPLV)];

const NONE = -1;
/** In the place of a physical address: the access raises an exception. */
export const FAULT = -1;

/** What a lookup finds out beside the physical address. */
export class Lookup {
  /** The exception that the access raises, if any; where that tells of the address, in halves; and whether it exits. */
  kind: ExceptionKind | "refill" | undefined = undefined;
  high = 0;
  low = 0;
  exits = false;
  /** The indices of the entries of the TLB that it went by, -1 where the TLB was not asked: of the own world, and of stage 2. */
  entry = NONE;
  stage2Entry = NONE;

  /** Notes an exception. */
  fault(kind: ExceptionKind | "refill", high: number, low: number, exits = false): number {
    this.kind = kind;
    this.high = high;
    this.low = low;
    this.exits = exits;
    return FAULT;
  }

  /** Notes an exception of the second stage. */
  exit(kind: ExceptionKind | "refill", gpa: number): number {
    return this.fault(kind, Math.floor(gpa / HALF), gpa % HALF, true);
  }

  /**
   * The physical address, if there is one.
   *
   * @throws {Trap} the exception that the access raises
   */
  checked(physical: number): number {
    if (this.kind !== undefined) throw new Trap(this.kind, whole(this.high, this.low), this.exits);
    return physical;
  }
}

/**
 * The host physical address of a virtual address in the current world and mode.
 *
 * @throws {Trap} the exception that the access raises
 */
export function translate(m: Machine, address: bigint, type: AccessType): number {
  const found = new Lookup();
  return found.checked(lookUp(m, m.regime, highOf(address), lowOf(address), type, found));
}

/**
 * The same of an address in halves, without throwing.
 *
 * @param found tells of what led there
 * @returns the physical address, {@linkcode FAULT} where the access raises an exception
 */
export function lookUp(
  m: Machine,
  regime: Regime,
  high: number,
  low: number,
  type: AccessType,
  found: Lookup,
): number {
  found.kind = undefined;
  found.entry = found.stage2Entry = NONE;
  const address = stage1(m, regime, high, low, type, found);
  const { stage2: use } = regime;
  return use === undefined || address === FAULT ? address : stage2(m, use, address, type, found);
}

/**
 * Raises ADEF or ADEM if the current world and mode have no such address, whatever it translates to.
 *
 * @throws {Trap} that exception
 */
export function checkLegal({ regime }: Machine, address: bigint, type: AccessType): void {
  const [high, low] = [highOf(address), lowOf(address)];
  if (isUntranslated(regime, high, type) || isCanonical(regime, high, low)) return;
  throw new Trap(ILLEGAL[type], address);
}

function stage1(
  m: Machine,
  regime: Regime,
  high: number,
  low: number,
  type: AccessType,
  found: Lookup,
): number {
  const address = (high & 0xffff) * HALF + low;
  if (isUntranslated(regime, high, type)) return lowBits(address, m.profile.palen);
  if (!isCanonical(regime, high, low)) return found.fault(ILLEGAL[type], high, low);
  const index = m.tlb.find(regime.scope, regime.asid, address, regime.stlbPs);
  if (index < 0) return found.fault("refill", high, low);
  const words = m.tlb.wordsFor(index, address);
  const kind = faultOf(m.tlb.word(words), m.tlb.word(words + 1), regime, type);
  if (kind !== undefined) return found.fault(kind, high, low);
  found.entry = index;
  return physical(m.tlb, index, words, address);
}

/** True in direct mode or a window; elsewhere the TLB has to say. */
function isUntranslated({ isDirect, windows }: Regime, high: number, type: AccessType): boolean {
  return isDirect || ((windows[type] >> (high >>> 28)) & 1) !== 0;
}

/** True if the bits above the (reduced) virtual address width repeat its top bit. */
function isCanonical({ unusedBits }: Regime, high: number, low: number): boolean {
  if (unusedBits < 32) return (high << unusedBits) >> unusedBits === (high | 0);
  const unused = unusedBits - 32;
  return (low << unused) >> unused === (low | 0) && low >> 31 === (high | 0);
}

/** The exception that an access to a page raises, if any. The order is the manual's pseudocode: V, NX, PLV, NR, D. */
function faultOf(low: number, high: number, regime: Regime, type: AccessType): ExceptionKind | undefined {
  if (!(low & V)) return INVALID[type];
  if (type === "fetch" && high & NX) return EXCEPTIONS.PNX;
  if (!privilegeAllows(low, high, regime.plv)) return EXCEPTIONS.PPI;
  if (type === "load" && high & NR) return EXCEPTIONS.PNR;
  if (type === "store" && !(low & D) && !regime.ignoresDirty) return EXCEPTIONS.PME;
  return undefined;
}

/**
 * Stage 2: faults exit with the GPA.
 *
 * @returns the host physical address, {@linkcode FAULT} where the access raises an exception
 */
export function stage2(m: Machine, use: TlbUse, gpa: number, type: AccessType, found: Lookup): number {
  const index = m.tlb.find(use.scope, use.asid, gpa, use.stlbPs);
  if (index < 0) return found.exit("refill", gpa);
  const words = m.tlb.wordsFor(index, gpa);
  const kind = stage2FaultOf(m.tlb.word(words), m.tlb.word(words + 1), type);
  if (kind !== undefined) return found.exit(kind, gpa);
  found.stage2Entry = index;
  return physical(m.tlb, index, words, gpa);
}

/** The same as {@linkcode faultOf}, without privilege (LVZ-MMU-11). */
function stage2FaultOf(low: number, high: number, type: AccessType): ExceptionKind | undefined {
  if (!(low & V)) return INVALID[type];
  if (type === "fetch" && high & NX) return EXCEPTIONS.PNX;
  if (type === "load" && high & NR) return EXCEPTIONS.PNR;
  if (type === "store" && !(low & D)) return EXCEPTIONS.PME;
  return undefined;
}

/** The physical address that the words of an entry's page give. */
function physical(tlb: Tlb, index: number, words: number, address: number): number {
  const base = (tlb.word(words + 1) & PPN_HIGH) * HALF + ((tlb.word(words) & PPN_LOW) >>> 0);
  const ps = tlb.psAt(index);
  return base - lowBits(base, ps) + lowBits(address, ps);
}

function privilegeAllows(low: number, high: number, plv: number): boolean {
  const page = (low & PLV) >> PLV_SHIFT;
  return high & RPLV ? plv === page : plv <= page;
}
