/**
 * TLB instructions: host, guest and gtlb forms differ only in whose registers and entries they mean.
 *
 * @module
 */
import type { CsrBank } from "../csr/bank.ts";
import type { CsrDeclaration } from "../csr/define.ts";
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
import { HALF } from "../halves.ts";
import { inScope, type PageBits, pageValue, pairNumber, type TlbEntry, type TlbScope } from "../mmu/tlb.ts";
import { currentGid } from "../mmu/regime.ts";

const G = TLBELO0.G.lowMask;

/** Whose registers supply operands and receive results, and which entries are meant. */
export interface TlbTarget {
  readonly bank: CsrBank;
  readonly scope: TlbScope;
}

/** The GID that TLB instructions of the host mean (LVZ-TLB-04). */
export function effectiveGid(m: Machine): number {
  if (m.host.is(GTLBC.USETGID)) return m.host.bits(GTLBC.TGID);
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
  const address = pairAddress(bank, inRefill(bank) ? TLBREHI : TLBEHI);
  const index = m.tlb.find(scope, bank.bits(ASID.ASID), address, bank.bits(STLBPS.PS));
  if (index >= 0) bank.set(TLBIDX.Index, BigInt(index));
  bank.set(TLBIDX.NE, index >= 0 ? 0n : 1n);
}

/** A guest sees only its own entries; the host sees all, and learns of a guest's by TRGP (LVZ-TLB-11). */
function visible(m: Machine, target: TlbTarget, byHost: boolean): TlbEntry | undefined {
  const entry = m.tlb.at(target.bank.bits(TLBIDX.Index));
  return entry === undefined || byHost || inScope(entry, target.scope) ? entry : undefined;
}

function read(m: Machine, target: TlbTarget, byHost: boolean): void {
  const { bank } = target;
  const entry = visible(m, target, byHost);
  bank.set(TLBIDX.NE, entry === undefined ? 1n : 0n);
  bank.set(TLBIDX.PS, BigInt(entry?.ps ?? 0));
  bank.write(TLBEHI, entry === undefined ? 0n : addressOf(entry));
  bank.write(TLBELO0, entry === undefined ? 0n : pageValue(entry.lo[0]));
  bank.write(TLBELO1, entry === undefined ? 0n : pageValue(entry.lo[1]));
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
  const [even, odd] = refill ? [TLBRELO0, TLBRELO1] : [TLBELO0, TLBELO1];
  const ps = bank.bits(refill ? TLBREHI.PS : TLBIDX.PS);
  // tlbrd gives both G bits the entry's, so they are stored that way.
  const g = bank.word(even) & bank.word(odd) & G;
  return {
    kind: scope.kind,
    gid: scope.gid,
    asid: bank.bits(ASID.ASID),
    global: g !== 0,
    ps,
    pair: pairNumber(pairAddress(bank, refill ? TLBREHI : TLBEHI), ps),
    lo: [pageIn(bank, even, g), pageIn(bank, odd, g)],
  };
}

/** VPPN in TLBEHI or TLBREHI, an address: bits 47:13. */
function pairAddress(bank: CsrBank, csr: CsrDeclaration): number {
  const low = bank.word(csr);
  return (bank.highWord(csr) & 0xffff) * HALF + (low - (low & 0x1fff));
}

function pageIn(bank: CsrBank, csr: CsrDeclaration, g: number): PageBits {
  return { low: ((bank.word(csr) & ~G) | g) >>> 0, high: bank.highWord(csr) };
}

function writeAt(m: Machine, target: TlbTarget): void {
  const index = target.bank.bits(TLBIDX.Index);
  const entry = described(target);
  if (entry === undefined || m.tlb.supports(entry.ps)) m.tlb.write(index, entry);
}

function fill(m: Machine, target: TlbTarget): void {
  const entry = described(target);
  // An entry that does not exist has no place to go.
  if (entry !== undefined && m.tlb.supports(entry.ps)) m.tlb.fill(entry, target.bank.bits(STLBPS.PS));
}

/**
 * tlbclr and tlbflush: the whole MTLB if the index lies there, else one set of the STLB; tlbclr only G = 0 entries of the
 * current ASID.
 */
function clear(m: Machine, { bank, scope }: TlbTarget, onlyAsid: boolean): void {
  const index = bank.bits(TLBIDX.Index);
  const asid = bank.bits(ASID.ASID);
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
