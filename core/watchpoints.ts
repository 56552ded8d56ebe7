/**
 * Watchpoints: which of them mean the present mode, and what an access that hits one does.
 *
 * The manual ranks the fetch watchpoint before every other exception of a fetch and does not rank the other kind; here it comes first among the
 * exceptions of a load or store likewise. It asks for equal addresses under the mask before it compares bytes, so that only a mask over the three
 * low bits makes the bytes decide.
 *
 * @module
 */
import type { CsrBank } from "./csr/bank.ts";
import { CRMD, DBG } from "./csr/basic.ts";
import { FWPC, FWPS, MWPC, MWPS, type WatchKind, WATCHPOINTS, type WatchRegisters } from "./csr/debug.ts";
import type { Field } from "./csr/define.ts";
import { GSTAT } from "./csr/lvz.ts";
import { ASID } from "./csr/translation.ts";
import { Trap } from "./exception.ts";
import { EXCEPTIONS } from "./exception_codes.ts";
import type { Machine } from "./machine.ts";

/** A watchpoint that means the present mode. */
export interface Armed {
  readonly bank: CsrBank;
  readonly n: number;
  readonly address: bigint;
  /** The address bits that are compared. */
  readonly compared: bigint;
  /** Bit n: byte n of the eight bytes at the address is watched. */
  readonly bytes: number;
  readonly loads: boolean;
  readonly stores: boolean;
}

/** What a memory access does. An atomic operation loads and stores at once. */
export interface Use {
  readonly loads: boolean;
  readonly stores: boolean;
}

const LEVELS = ["PLV0", "PLV1", "PLV2", "PLV3"] as const;
const GMOD_GUEST = 2n;
const KINDS = {
  fetch: { share: FWPC.GNum, status: FWPS, exception: EXCEPTIONS.WPEF },
  memory: { share: MWPC.GNum, status: MWPS, exception: EXCEPTIONS.WPEM },
} as const;
const NONE: readonly Armed[] = [];

/**
 * The watchpoints of a kind that mean the present mode, the host's first. In guest mode CSR.CRMD.WE rules those of the host, which the entry
 * restores from CSR.PRMD.PWE (LVZ-EXIT-23).
 */
export function armed(m: Machine, kind: WatchKind): readonly Armed[] {
  const host = m.host.is(CRMD.WE) ? ofBank(m, m.host, kind, m.profile.watchpoints[kind]) : NONE;
  if (!m.inGuest || !m.guest.is(CRMD.WE)) return host;
  return [...host, ...ofBank(m, m.guest, kind, Number(m.host.get(KINDS[kind].share)))];
}

function ofBank(m: Machine, bank: CsrBank, kind: WatchKind, count: number): readonly Armed[] {
  return WATCHPOINTS[kind].slice(0, count)
    .map((w, n) => ({ w, n }))
    .filter(({ w }) => meansMode(m, bank, w))
    .map(({ w, n }) => made(bank, w, n));
}

/** Steps 2 to 5 of the manual's procedure, and what LVZ adds: the world, and the guest where address spaces are compared. */
function meansMode(m: Machine, bank: CsrBank, { control, space }: WatchRegisters): boolean {
  const level = LEVELS[m.plv];
  if (level === undefined || !bank.is(control[level])) return false;
  if (bank.is(control.DMOnly) && !bank.is(DBG.DST)) return false;
  const isHosts = bank === m.host;
  if (isHosts && !meansWorld(m, bank.get(control.GMOD))) return false;
  if (!bank.is(control.LCL)) return true;
  const sameGuest = !isHosts || !m.inGuest || bank.get(space.GID) === m.host.get(GSTAT.GID);
  return sameGuest && bank.get(space.ASID) === m.current.get(ASID.ASID);
}

function meansWorld(m: Machine, mode: bigint): boolean {
  return m.inGuest ? mode >= GMOD_GUEST : mode !== GMOD_GUEST;
}

function made(bank: CsrBank, { address, mask, control }: WatchRegisters, n: number): Armed {
  const get = (field: Field | undefined) => field === undefined ? 0n : bank.get(field);
  const at = bank.read(address);
  const width = 8 >> Number(get(control.Size));
  const first = Math.floor(Number(at & 7n) / width) * width;
  return {
    bank,
    n,
    address: at,
    compared: BigInt.asUintN(64, ~bank.read(mask)),
    bytes: ((1 << width) - 1) << first,
    loads: get(control.LoadEn) !== 0n,
    stores: get(control.StoreEn) !== 0n,
  };
}

/** Raises WPEF if a watchpoint hits the fetch at `pc`. */
export function checkFetch(m: Machine, list: readonly Armed[], pc: bigint): void {
  hit(m, "fetch", list.filter((w) => sameAddress(w, pc)));
}

/** Raises WPEM if a watchpoint hits an access of `size` bytes. */
export function checkAccess(
  m: Machine,
  list: readonly Armed[],
  address: bigint,
  size: number,
  use: Use,
): void {
  // The manual's table takes the bytes of an unaligned access for those of the aligned one.
  const touched = ((1 << size) - 1) << (Number(address & 7n) & -size);
  const hits = (w: Armed) => (use.loads && w.loads) || (use.stores && w.stores);
  hit(m, "memory", list.filter((w) => hits(w) && sameAddress(w, address) && (w.bytes & touched) !== 0));
}

function sameAddress({ address, compared }: Armed, accessed: bigint): boolean {
  return ((address ^ accessed) & compared) === 0n;
}

/** Marks what was hit and raises the exception, of the host first; or ignores the hits of a world once, where its Skip says so. */
function hit(m: Machine, kind: WatchKind, hits: readonly Armed[]): void {
  const { status, exception } = KINDS[kind];
  for (const bank of [m.host, m.guest]) {
    const own = hits.filter((w) => w.bank === bank);
    if (own.length === 0) continue;
    if (bank.is(status.Skip)) {
      bank.set(status.Skip, 0n);
      continue;
    }
    const marks = own.reduce((all, w) => all | 1n << BigInt(w.n), 0n);
    bank.set(status.Status, bank.get(status.Status) | marks);
    throw new Trap(exception, undefined, m.inGuest && bank === m.host);
  }
}
