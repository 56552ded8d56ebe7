/**
 * What a translation goes by beside the TLB: read from the registers once, for as long as they stay.
 *
 * @module
 */
import { CRMD, MISC } from "../csr/basic.ts";
import type { CsrBank } from "../csr/bank.ts";
import { GSTAT } from "../csr/lvz.ts";
import { ASID, DMW, RVACFG, STLBPS } from "../csr/translation.ts";
import type { Machine } from "../machine.ts";
import type { TlbScope } from "./tlb.ts";

/** What an access wants to do. */
export type AccessType = "fetch" | "load" | "store";

/** How lookups in the TLB are made. */
export interface TlbUse {
  /** Whose entries. */
  readonly scope: TlbScope;
  readonly asid: number;
  /** Page size of the STLB, log2 of bytes. */
  readonly stlbPs: number;
}

/** The registers of a world and mode, as far as they translate addresses. */
export interface Regime extends TlbUse {
  /** Addresses are physical ones. */
  readonly isDirect: boolean;
  readonly plv: number;
  /** The segments that a window maps: bit n for addresses whose bits 63:60 are n. */
  readonly windows: Readonly<Record<AccessType, number>>;
  /** Bits of an address above its (reduced) width. */
  readonly unusedBits: number;
  /** Stores to pages that are not dirty are allowed. */
  readonly ignoresDirty: boolean;
  /** In guest mode the second stage, which is always on there (LVZ-MMU-02). */
  readonly stage2: TlbUse | undefined;
}

const IGNORES_DIRTY = [MISC.DWPL0, MISC.DWPL1, MISC.DWPL2] as const;
const HOST_SCOPE: TlbScope = { kind: "host", gid: 0 };

/** GSTAT.GID, by which lookups in guest mode go (LVZ-TLB-08). */
export function currentGid(m: Machine): number {
  return m.host.bits(GSTAT.GID);
}

/** That of the machine's present world and mode. {@linkcode Machine.modes} counts whenever it may be another one. */
export function regimeOf(m: Machine): Regime {
  if (!m.inGuest) return ofBank(m, m.host, HOST_SCOPE, undefined);
  const gid = currentGid(m);
  const stage2: TlbUse = { scope: { kind: "stage2", gid }, asid: 0, stlbPs: m.host.bits(STLBPS.PS) };
  return ofBank(m, m.guest, { kind: "stage1", gid }, stage2);
}

function ofBank(m: Machine, bank: CsrBank, scope: TlbScope, stage2: TlbUse | undefined): Regime {
  const plv = bank.bits(CRMD.PLV);
  const all = windows(bank, plv, DMW.length);
  const ignoresDirty = IGNORES_DIRTY[plv];
  return {
    scope,
    asid: bank.bits(ASID.ASID),
    stlbPs: bank.bits(STLBPS.PS),
    // DA and PG both 0 or both 1 is undefined; only the one legal combination for direct mode is direct.
    isDirect: bank.is(CRMD.DA) && !bank.is(CRMD.PG),
    plv,
    windows: { fetch: windows(bank, plv, FETCH_WINDOWS), load: all, store: all },
    unusedBits: 64 - (m.profile.valen - bank.bits(RVACFG.RBits)),
    ignoresDirty: ignoresDirty !== undefined && bank.is(ignoresDirty),
    stage2,
  };
}

/** The first two windows serve fetches too, the others loads and stores only. */
const FETCH_WINDOWS = 2;

/** The segments of the first windows that a privilege level may use. */
function windows(bank: CsrBank, plv: number, count: number): number {
  let segments = 0;
  for (let n = 0; n < count; n++) {
    const window = DMW[n]!;
    if ((bank.word(window) >> plv) & 1) segments |= 1 << (bank.highWord(window) >>> 28);
  }
  return segments;
}
