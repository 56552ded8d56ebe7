/**
 * The TLB: one array for host and guests (LVZ-TLB-03), a set-associative part (STLB) for pages of the size in STLBPS and a fully
 * associative part (MTLB) for any size. Indices run through the STLB, way by way, then the MTLB (manual, tlbsrch).
 *
 * The architecture leaves replacement and multiple hits open. Here: tlbfill takes an empty slot, else the slots in turn
 * (deterministic); of several matching entries the lowest index answers.
 *
 * @module
 */
import type { Profile } from "../profile.ts";
import type { Restore, Stateful } from "../snapshot/stateful.ts";

/** What an entry translates: host VA to PA, guest VA to GPA (stage 1), or GPA to HPA (stage 2). LVZ-TLB-02. */
export type EntryKind = "host" | "stage1" | "stage2";

/** One existing entry: an aligned pair of pages. */
export interface TlbEntry {
  readonly kind: EntryKind;
  /** Guest identifier; 0 for host entries. */
  readonly gid: number;
  readonly asid: number;
  readonly global: boolean;
  /** Page size, log2 of bytes. */
  readonly ps: number;
  /** Virtual address (48 bits) of the pair, divided by the pair's size. */
  readonly pair: number;
  /** The even and the odd page, in the layout of TLBELO0/1. */
  readonly lo: readonly [bigint, bigint];
}

/** Whose entries a lookup or an invalidation sees. */
export interface TlbScope {
  readonly kind: EntryKind;
  readonly gid: number;
}

const ADDRESS_MASK = (1n << 48n) - 1n;

/** The pair number of an address for a page size: its 48 low bits divided by two pages. */
export function pairNumber(address: bigint, ps: number): number {
  return Number((address & ADDRESS_MASK) >> BigInt(ps + 1));
}

/** The TLB of one processor. */
export class Tlb implements Stateful {
  /** Grows with every change; caches of translations compare it. */
  generation = 0;
  /**
   * Told of every entry that comes or goes, if somebody keeps translations; `undefined` stands for any number of them.
   */
  listener: ((entry: TlbEntry | undefined) => void) | undefined;
  readonly stlbSize: number;
  readonly size: number;
  readonly #sets: number;
  readonly #ways: number;
  readonly #entries: (TlbEntry | undefined)[];
  readonly #nextWay: Uint8Array;
  #nextMtlb = 0;
  /** Entries that exist, so that emptying an empty TLB costs nothing. */
  #existing = 0;
  /** No entry of the MTLB exists from this index on: lookups end there. */
  #mtlbEnd: number;
  /** The entries that were kept or restored last, while it is known which may differ from them since, and these. */
  #base: readonly (TlbEntry | undefined)[] | undefined;
  #changed: number[] = [];

  constructor(profile: Profile) {
    this.#sets = profile.stlbSets;
    this.#ways = profile.stlbWays;
    this.stlbSize = profile.stlbSets * profile.stlbWays;
    this.size = this.stlbSize + profile.mtlbEntries;
    this.#mtlbEnd = this.stlbSize;
    this.#entries = new Array<TlbEntry | undefined>(this.size).fill(undefined);
    this.#nextWay = new Uint8Array(this.#sets);
  }

  /** The entry at an index, or undefined if it is empty or there is no such index. */
  at(index: number): TlbEntry | undefined {
    return this.#entries[index];
  }

  /**
   * The index of the entry that translates `address`, or -1. Stage-2 entries ignore the ASID (LVZ-MMU-12).
   *
   * @param stlbPs the STLB's current page size
   */
  find(scope: TlbScope, asid: number, address: bigint, stlbPs: number): number {
    const pair = pairNumber(address, stlbPs);
    const set = pair % this.#sets;
    for (let index = set; index < this.stlbSize; index += this.#sets) {
      const e = this.#entries[index];
      if (e !== undefined && e.ps === stlbPs && e.pair === pair && matches(e, scope, asid)) return index;
    }
    for (let index = this.stlbSize; index < this.#mtlbEnd; index++) {
      const e = this.#entries[index];
      if (e !== undefined && matches(e, scope, asid) && e.pair === pairNumber(address, e.ps)) return index;
    }
    return -1;
  }

  /** Replaces the entry at an index (tlbwr); undefined empties it. An index beyond the TLB is ignored: undefined by the manual. */
  write(index: number, entry: TlbEntry | undefined): void {
    if (index >= this.size) return;
    const old = this.#entries[index];
    this.#existing += (entry === undefined ? 0 : 1) - (old === undefined ? 0 : 1);
    this.#put(index, entry);
    if (entry !== undefined) this.#mtlbEnd = Math.max(this.#mtlbEnd, index + 1);
    this.generation++;
    if (this.listener === undefined) return;
    if (old !== undefined) this.listener(old);
    if (entry !== undefined) this.listener(entry);
  }

  #put(index: number, entry: TlbEntry | undefined): void {
    this.#entries[index] = entry;
    if (this.#base === undefined) return;
    this.#changed.push(index);
    if (this.#changed.length > this.size) this.#base = undefined;
  }

  /** Puts an entry where the hardware chooses (tlbfill): the STLB if its size is the STLB's, else the MTLB. */
  fill(entry: TlbEntry, stlbPs: number): void {
    this.write(entry.ps === stlbPs ? this.#chooseWay(entry.pair % this.#sets) : this.#chooseMtlb(), entry);
  }

  /** Keeps the entries, and which are replaced next. */
  save(): Restore {
    const [entries, nextWay] = [this.#entries.slice(), this.#nextWay.slice()];
    const [nextMtlb, existing, mtlbEnd] = [this.#nextMtlb, this.#existing, this.#mtlbEnd];
    let equalAt = this.generation;
    this.#isEqual(entries);
    return () => {
      // Whatever changes anything of the TLB counts.
      if (this.generation === equalAt) return;
      const changed = this.#base === entries ? this.#changed : entries.keys();
      for (const index of changed) this.#entries[index] = entries[index];
      this.#isEqual(entries);
      this.#nextWay.set(nextWay);
      this.#nextMtlb = nextMtlb;
      this.#existing = existing;
      this.#mtlbEnd = mtlbEnd;
      equalAt = ++this.generation;
      this.listener?.(undefined);
    };
  }

  #isEqual(kept: readonly (TlbEntry | undefined)[]): void {
    this.#base = kept;
    this.#changed = [];
  }

  #chooseWay(set: number): number {
    for (let way = 0; way < this.#ways; way++) {
      if (this.#entries[way * this.#sets + set] === undefined) return way * this.#sets + set;
    }
    const way = this.#nextWay[set]!;
    this.#nextWay[set] = (way + 1) % this.#ways;
    return way * this.#sets + set;
  }

  #chooseMtlb(): number {
    const empty = this.#entries.indexOf(undefined, this.stlbSize);
    if (empty >= 0) return empty;
    const index = this.stlbSize + this.#nextMtlb;
    this.#nextMtlb = (this.#nextMtlb + 1) % (this.size - this.stlbSize);
    return index;
  }

  /** Empties every entry for which the condition holds. */
  invalidate(condition: (entry: TlbEntry, index: number) => boolean): void {
    let left = this.#existing;
    for (let index = 0; left > 0; index++) {
      const e = this.#entries[index];
      if (e === undefined) continue;
      left--;
      if (!condition(e, index)) continue;
      this.#put(index, undefined);
      this.#existing--;
    }
    if (this.#existing === 0) this.#mtlbEnd = this.stlbSize;
    this.generation++;
    this.listener?.(undefined);
  }
}

/** True if an entry belongs to a scope and address space. */
function matches(e: TlbEntry, scope: TlbScope, asid: number): boolean {
  return e.kind === scope.kind && e.gid === scope.gid && (e.kind === "stage2" || e.global || e.asid === asid);
}

/** True if an entry belongs to a scope. */
export function inScope(e: TlbEntry, scope: TlbScope): boolean {
  return e.kind === scope.kind && e.gid === scope.gid;
}

/** True if an entry's pair of pages contains an address. */
export function covers(e: TlbEntry, address: bigint): boolean {
  return e.pair === pairNumber(address, e.ps);
}
