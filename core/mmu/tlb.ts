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
import { POWERS } from "../halves.ts";

/** What an entry translates: host VA to PA, guest VA to GPA (stage 1), or GPA to HPA (stage 2). LVZ-TLB-02. */
export type EntryKind = "host" | "stage1" | "stage2";

/** What an entry says of one page, in the layout of TLBELO0 and TLBELO1: bits 31:0 and 63:32, unsigned. */
export interface PageBits {
  readonly low: number;
  readonly high: number;
}

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
  /** The even and the odd page. */
  readonly lo: readonly [PageBits, PageBits];
}

/** Whose entries a lookup or an invalidation sees. */
export interface TlbScope {
  readonly kind: EntryKind;
  readonly gid: number;
}

/** The words of an entry's two pages. */
const PAGE_WORDS = 4;
/** Of an entry that does not exist: no lookup has a negative key. */
const NO_KEY = -1;
/** Of an entry that every address space has. */
const ANY_ASID = -1;

/** The pair number of an address (its 48 low bits) for a page size: which pair of pages it is in. */
export function pairNumber(address: number, ps: number): number {
  return Math.floor(address / POWERS[ps + 1]!);
}

/** A value of TLBELO0 or TLBELO1 as an entry has it. */
export function pageBits(value: bigint): PageBits {
  return { low: Number(BigInt.asUintN(32, value)), high: Number(BigInt.asUintN(32, value >> 32n)) };
}

/** What an entry has of a page as a value of TLBELO0 or TLBELO1. */
export function pageValue({ low, high }: PageBits): bigint {
  return BigInt(high) << 32n | BigInt(low);
}

/** A scope as a number below 2^16. */
function scopeKey({ kind, gid }: TlbScope): number {
  return gid << 2 | (kind === "host" ? 0 : kind === "stage1" ? 1 : 2);
}

/** Scope and page size as one number. */
function keyOf(scope: TlbScope, ps: number): number {
  return ps << 16 | scopeKey(scope);
}

/** The TLB of one processor. */
export class Tlb implements Stateful {
  /** Grows with every change; caches of translations compare it. */
  generation = 0;
  /**
   * Told of every index whose entry may translate other addresses than before, if somebody keeps translations: an entry came or went there,
   * or another one came that answers before it.
   */
  listener: ((index: number) => void) | undefined;
  readonly stlbSize: number;
  readonly size: number;
  readonly #sets: number;
  readonly #ways: number;
  readonly #entries: (TlbEntry | undefined)[];
  /**
   * What lookups compare, of each entry: scope and page size, pair, and address space; and its two pages. In arrays, and not in the order of
   * indices but with the ways of a set side by side, because lookups are most of what a TLB is for.
   */
  readonly #keys: Int32Array;
  readonly #pairs: Float64Array;
  readonly #asids: Int16Array;
  readonly #pages: Uint32Array;
  readonly #nextWay: Uint8Array;
  #nextMtlb = 0;
  /** Whether there are pages of 2^n bytes. */
  readonly #pageSizes: readonly boolean[];
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
    this.#pageSizes = Array.from({ length: 64 }, (_, ps) => (profile.pageSizes >> BigInt(ps) & 1n) === 1n);
    this.#entries = new Array<TlbEntry | undefined>(this.size).fill(undefined);
    this.#keys = new Int32Array(this.size).fill(NO_KEY);
    this.#pairs = new Float64Array(this.size);
    this.#asids = new Int16Array(this.size);
    this.#pages = new Uint32Array(this.size * PAGE_WORDS);
    this.#nextWay = new Uint8Array(this.#sets);
  }

  /** False for a page size (log2 of bytes) that the processor lacks: it has no defined effect, and nothing is stored then. */
  supports(ps: number): boolean {
    return this.#pageSizes[ps] === true;
  }

  /** The entry at an index, or undefined if it is empty or there is no such index. */
  at(index: number): TlbEntry | undefined {
    return this.#entries[index];
  }

  /**
   * The index of the entry that translates an address, or -1. Stage-2 entries ignore the ASID (LVZ-MMU-12).
   *
   * @param address its 48 low bits
   * @param stlbPs the STLB's current page size
   */
  find(scope: TlbScope, asid: number, address: number, stlbPs: number): number {
    const keys = this.#keys;
    const pair = pairNumber(address, stlbPs);
    const key = keyOf(scope, stlbPs);
    const set = this.#setOf(pair);
    for (let way = 0, place = set * this.#ways; way < this.#ways; way++, place++) {
      if (this.#pairs[place] === pair && keys[place] === key && this.#isIn(place, asid)) {
        return way * this.#sets + set;
      }
    }
    const wanted = scopeKey(scope);
    for (let index = this.stlbSize; index < this.#mtlbEnd; index++) {
      if ((keys[index]! & 0xffff) !== wanted || !this.#isIn(index, asid)) continue;
      if (this.#pairs[index] === pairNumber(address, keys[index]! >> 16)) return index;
    }
    return -1;
  }

  #setOf(pair: number): number {
    return pair - Math.floor(pair / this.#sets) * this.#sets;
  }

  /** True if an address space has an entry. */
  #isIn(place: number, asid: number): boolean {
    return this.#asids[place] === ANY_ASID || this.#asids[place] === asid;
  }

  /** Where the arrays have an entry. */
  #placeOf(index: number): number {
    return index < this.stlbSize ? this.#setOf(index) * this.#ways + Math.floor(index / this.#sets) : index;
  }

  /** Page size of an entry that exists, log2 of bytes. */
  psAt(index: number): number {
    return this.#keys[this.#placeOf(index)]! >> 16;
  }

  /**
   * Which of the words of TLBELO0 and TLBELO1 of an entry that exists are about an address, for {@linkcode word}: that of bits 31:0.
   *
   * @param address its 48 low bits
   */
  wordsFor(index: number, address: number): number {
    const place = this.#placeOf(index);
    const isOdd = Math.floor(address / POWERS[this.#keys[place]! >> 16]!) & 1;
    return place * PAGE_WORDS + 2 * isOdd;
  }

  /** A word of an entry; those of bits 63:32 come behind those of bits 31:0. */
  word(at: number): number {
    return this.#pages[at]!;
  }

  /** Replaces the entry at an index (tlbwr); undefined empties it. An index beyond the TLB is ignored: undefined by the manual. */
  write(index: number, entry: TlbEntry | undefined): void {
    if (index >= this.size) return;
    const isNew = this.#entries[index] === undefined;
    this.#existing += (entry === undefined ? 0 : 1) - (isNew ? 0 : 1);
    this.#put(index, entry);
    if (entry !== undefined) this.#mtlbEnd = Math.max(this.#mtlbEnd, index + 1);
    this.generation++;
    if (this.listener === undefined) return;
    this.listener(index);
    if (entry !== undefined) this.#tellBehind(index, this.listener);
  }

  /** Tells of the entries behind a new one that have addresses in common with it. */
  #tellBehind(index: number, listener: (index: number) => void): void {
    const place = this.#placeOf(index);
    const key = this.#keys[place]!;
    for (let i = index + this.#sets, at = place + 1; i < this.stlbSize; i += this.#sets, at++) {
      if (this.#keys[at] === key && this.#pairs[at] === this.#pairs[place]) listener(i);
    }
    for (let i = Math.max(index + 1, this.stlbSize); i < this.#mtlbEnd; i++) {
      if (((this.#keys[i]! ^ key) & 0xffff) !== 0) continue;
      const ps = Math.max(this.#keys[i]! >> 16, key >> 16);
      if (this.#pairIn(i, ps) === this.#pairIn(place, ps)) listener(i);
    }
  }

  /** Which pair of larger pages an entry's is in. */
  #pairIn(place: number, ps: number): number {
    return pairNumber(this.#pairs[place]! * POWERS[(this.#keys[place]! >> 16) + 1]!, ps);
  }

  #put(index: number, entry: TlbEntry | undefined): void {
    this.#set(index, entry);
    if (this.#base === undefined) return;
    this.#changed.push(index);
    if (this.#changed.length > this.size) this.#base = undefined;
  }

  #set(index: number, entry: TlbEntry | undefined): void {
    this.#entries[index] = entry;
    const place = this.#placeOf(index);
    this.#keys[place] = entry === undefined ? NO_KEY : keyOf(entry, entry.ps);
    if (entry === undefined) return;
    this.#pairs[place] = entry.pair;
    this.#asids[place] = entry.global || entry.kind === "stage2" ? ANY_ASID : entry.asid;
    const [even, odd] = entry.lo;
    const words = place * PAGE_WORDS;
    this.#pages[words] = even.low;
    this.#pages[words + 1] = even.high;
    this.#pages[words + 2] = odd.low;
    this.#pages[words + 3] = odd.high;
  }

  /** Puts an entry where the hardware chooses (tlbfill): the STLB if its size is the STLB's, else the MTLB. */
  fill(entry: TlbEntry, stlbPs: number): void {
    this.write(entry.ps === stlbPs ? this.#chooseWay(this.#setOf(entry.pair)) : this.#chooseMtlb(), entry);
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
      for (const index of changed) this.#restore(index, entries[index]);
      this.#isEqual(entries);
      this.#nextWay.set(nextWay);
      this.#nextMtlb = nextMtlb;
      this.#existing = existing;
      this.#mtlbEnd = mtlbEnd;
      equalAt = ++this.generation;
    };
  }

  #restore(index: number, entry: TlbEntry | undefined): void {
    if (this.#entries[index] === entry) return;
    this.#set(index, entry);
    this.listener?.(index);
  }

  #isEqual(kept: readonly (TlbEntry | undefined)[]): void {
    this.#base = kept;
    this.#changed = [];
  }

  #chooseWay(set: number): number {
    for (let way = 0; way < this.#ways; way++) {
      if (this.#keys[set * this.#ways + way] === NO_KEY) return way * this.#sets + set;
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
      this.listener?.(index);
    }
    if (this.#existing === 0) this.#mtlbEnd = this.stlbSize;
    this.generation++;
  }
}

/** True if an entry belongs to a scope. */
export function inScope(e: TlbEntry, scope: TlbScope): boolean {
  return e.kind === scope.kind && e.gid === scope.gid;
}

/** True if an entry's pair of pages contains an address, given by its 48 low bits. */
export function covers(e: TlbEntry, address: number): boolean {
  return e.pair === pairNumber(address, e.ps);
}
