/**
 * TLB instructions: host, guest and gtlb forms differ only in whose registers and entries they mean.
 *
 * @module
 */
import type { CsrBank } from "../csr/bank.ts";
import { GSTAT, GTLBC, TRGP } from "../csr/lvz.ts";
import {
  ASID,
  STLBPS,
  TLBEHI,
  TLBELO0,
  TLBELO1,
  TLBIDX,
  TLBREHI,
  TLBRELO0,
  TLBRELO1,
  TLBRERA,
} from "../csr/translation.ts";
import type { Machine } from "../machine.ts";
import { inScope, type TlbEntry, type TlbScope } from "../mmu/tlb.ts";
import { currentGid } from "../mmu/translate.ts";

/** Whose registers supply operands and receive results, and which entries are meant. */
export interface TlbTarget {
  readonly bank: CsrBank;
  readonly scope: TlbScope;
}

/** The GID that TLB instructions of the host mean (LVZ-TLB-04). */
export function effectiveGid(m: Machine): number {
  if (m.host.is(GTLBC.USETGID)) return Number(m.host.get(GTLBC.TGID));
  return m.host.is(GSTAT.PVM) ? currentGid(m) : 0;
}

/** The target of tlb* and invtlb 0-6 in the current world (LVZ-TLB-05, -06). */
export function currentTarget(m: Machine): TlbTarget {
  if (m.inGuest) return { bank: m.guest, scope: { kind: "stage1", gid: currentGid(m) } };
  const gid = effectiveGid(m);
  return { bank: m.host, scope: { kind: gid === 0 ? "host" : "stage2", gid } };
}

/** The target of gtlb*: guest entries of the target GID, through the GCSRs (LVZ-INSN-12). */
function guestTarget(m: Machine): TlbTarget {
  return { bank: m.guest, scope: { kind: "stage1", gid: effectiveGid(m) } };
}

function inRefill(bank: CsrBank): boolean {
  return bank.is(TLBRERA.IsTLBR);
}

function search(m: Machine, { bank, scope }: TlbTarget): void {
  const address = bank.read(inRefill(bank) ? TLBREHI : TLBEHI);
  const index = m.tlb.find(scope, Number(bank.get(ASID.ASID)), address, Number(bank.get(STLBPS.PS)));
  if (index >= 0) bank.set(TLBIDX.Index, BigInt(index));
  bank.set(TLBIDX.NE, index >= 0 ? 0n : 1n);
}

/** A guest sees only its own entries; the host sees all, and learns of a guest's by TRGP (LVZ-TLB-11). */
function visible(m: Machine, target: TlbTarget, byHost: boolean): TlbEntry | undefined {
  const entry = m.tlb.at(Number(target.bank.get(TLBIDX.Index)));
  return entry === undefined || byHost || inScope(entry, target.scope) ? entry : undefined;
}

function read(m: Machine, target: TlbTarget, byHost: boolean): void {
  const { bank } = target;
  const entry = visible(m, target, byHost);
  bank.set(TLBIDX.NE, entry === undefined ? 1n : 0n);
  bank.set(TLBIDX.PS, BigInt(entry?.ps ?? 0));
  bank.write(TLBEHI, entry === undefined ? 0n : addressOf(entry));
  bank.write(TLBELO0, entry?.lo[0] ?? 0n);
  bank.write(TLBELO1, entry?.lo[1] ?? 0n);
  bank.set(ASID.ASID, BigInt(entry?.asid ?? 0));
  if (byHost && bank.has(TRGP.number)) {
    const gid = entry?.gid ?? 0;
    bank.write(TRGP, TRGP.GTLB.of(gid === 0 ? 0n : 1n) | TRGP.RID.of(BigInt(gid)));
  }
}

function addressOf(entry: TlbEntry): bigint {
  return BigInt.asUintN(64, BigInt.asIntN(48, BigInt(entry.pair) << BigInt(entry.ps + 1)));
}

/** The entry that the registers describe; in a refill handler the refill registers describe it, and it always exists. */
function described({ bank, scope }: TlbTarget): TlbEntry | undefined {
  const refill = inRefill(bank);
  if (!refill && bank.is(TLBIDX.NE)) return undefined;
  const high = bank.read(refill ? TLBREHI : TLBEHI);
  const lo = refill
    ? [bank.read(TLBRELO0), bank.read(TLBRELO1)] as const
    : [bank.read(TLBELO0), bank.read(TLBELO1)] as const;
  const ps = Number(refill ? bank.get(TLBREHI.PS) : bank.get(TLBIDX.PS));
  const global = TLBELO0.G.get(lo[0]) === 1n && TLBELO1.G.get(lo[1]) === 1n;
  // tlbrd gives both G bits the entry's, so they are stored that way.
  const g = global ? TLBELO0.G.mask : 0n;
  return {
    ...scope,
    asid: Number(bank.get(ASID.ASID)),
    global,
    ps,
    pair: Number((high & 0xffff_ffff_ffffn & ~0x1fffn) >> BigInt(ps + 1)),
    lo: [(lo[0] & ~TLBELO0.G.mask) | g, (lo[1] & ~TLBELO0.G.mask) | g],
  };
}

/** A page size that the implementation lacks has no defined effect; nothing is stored then. */
function supported(m: Machine, entry: TlbEntry): boolean {
  return ((m.profile.pageSizes >> BigInt(entry.ps)) & 1n) === 1n;
}

function writeAt(m: Machine, target: TlbTarget): void {
  const index = Number(target.bank.get(TLBIDX.Index));
  const entry = described(target);
  if (entry === undefined || supported(m, entry)) m.tlb.write(index, entry);
}

function fill(m: Machine, target: TlbTarget): void {
  const entry = described(target);
  // An entry that does not exist has no place to go.
  if (entry !== undefined && supported(m, entry)) m.tlb.fill(entry, Number(target.bank.get(STLBPS.PS)));
}

/**
 * tlbclr and tlbflush: the whole MTLB if the index lies there, else one set of the STLB; tlbclr only G = 0 entries of the
 * current ASID.
 */
function clear(m: Machine, { bank, scope }: TlbTarget, onlyAsid: boolean): void {
  const index = Number(bank.get(TLBIDX.Index));
  const asid = Number(bank.get(ASID.ASID));
  const { stlbSize } = m.tlb;
  const sets = m.profile.stlbSets;
  const sameGroup = (i: number) =>
    index >= stlbSize ? i >= stlbSize : i < stlbSize && i % sets === index % sets;
  m.tlb.invalidate((e, i) =>
    sameGroup(i) && inScope(e, scope) && (!onlyAsid || (!e.global && e.asid === asid))
  );
}

type Action = (m: Machine) => void;

/** The calls of this file. */
export const TLB_CALLS: Readonly<Record<string, Action>> = {
  "tlbsrch": (m) => search(m, currentTarget(m)),
  "tlbrd": (m) => read(m, currentTarget(m), !m.inGuest),
  "tlbwr": (m) => writeAt(m, currentTarget(m)),
  "tlbfill": (m) => fill(m, currentTarget(m)),
  "tlbclr": (m) => clear(m, currentTarget(m), true),
  "tlbflush": (m) => clear(m, currentTarget(m), false),
  "gtlbsrch": (m) => search(m, guestTarget(m)),
  "gtlbrd": (m) => read(m, guestTarget(m), false),
  "gtlbwr": (m) => writeAt(m, guestTarget(m)),
  "gtlbfill": (m) => fill(m, guestTarget(m)),
  "gtlbclr": (m) => clear(m, guestTarget(m), true),
  "gtlbflush": (m) => clear(m, guestTarget(m), false),
};
