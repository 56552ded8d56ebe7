/**
 * The software TLBs in state memory: virtual pages of RAM that the current context may fetch from, load from or store to.
 *
 * @module
 */
import type { Lookup } from "../mmu/translate.ts";
import { Dependents } from "./dependents.ts";
import {
  CONTEXT_BYTES,
  CONTEXTS,
  CONTROL,
  DOUBTED,
  NO_TAG,
  TLB_ENTRIES,
  TLB_ENTRY,
  TLB_OFFSETS,
  TLBS,
} from "./layout.ts";

const WORD = 4;
const DOUBLE = 8;
const PAGE_MASK = ~0xfff;
const NO_LOW_TAG = Number(NO_TAG);

/** Which of the three. */
export type TlbKind = "fetch" | "load" | "store";

const PAGE_BITS = 12;
/** With more entries in use all are cleared. */
const MOST_NOTED = 512;
/** So many pages are looked at before any is used again. */
const FEW = 4;

/** One of the three. */
interface Part {
  /** Where it is within those of a context. */
  readonly offset: number;
  /** One less than its entries. */
  readonly mask: number;
  /** The entries that may have a page, where there are few: most runs are short, and begin by forgetting. */
  readonly used: number[];
}

function part(kind: TlbKind): Part {
  return { offset: TLB_OFFSETS[kind], mask: TLB_ENTRIES[kind] - 1, used: [] };
}

/** The software TLBs of the contexts met last. Addresses are halves of 32 bits, signed or not. */
export class SoftwareTlb {
  readonly #words: Int32Array;
  readonly #doubles: BigUint64Array;
  /** Contexts by their text, the one used last at the end. */
  readonly #slots = new Map<string, number>();
  readonly #parts: Readonly<Record<TlbKind, Part>> = {
    fetch: part("fetch"),
    load: part("load"),
    store: part("store"),
  };
  readonly #dependents: Dependents;

  /** @param entries of the machine's own TLB */
  constructor(state: ArrayBufferLike, entries: number) {
    this.#words = new Int32Array(state);
    this.#doubles = new BigUint64Array(state);
    this.#dependents = new Dependents(CONTEXTS * CONTEXT_BYTES / TLB_ENTRY.bytes, entries);
    this.#clear(TLBS, CONTEXTS * CONTEXT_BYTES);
  }

  /** Where the three of a slot are. */
  static placesOf(slot: number): Readonly<Record<TlbKind, number>> {
    const at = TLBS + slot * CONTEXT_BYTES;
    return { fetch: at + TLB_OFFSETS.fetch, load: at + TLB_OFFSETS.load, store: at + TLB_OFFSETS.store };
  }

  /** The slot of a context, taken from another if need be. */
  select(context: string): { readonly slot: number; readonly evicts: boolean } {
    const known = this.#slots.get(context);
    const evicts = known === undefined && this.#slots.size >= CONTEXTS;
    const slot = known ?? this.#free();
    this.#slots.delete(context);
    this.#slots.set(context, slot);
    return { slot, evicts };
  }

  /** A slot that no context has, taken from the one not used for longest if need be. */
  #free(): number {
    if (this.#slots.size < CONTEXTS) return this.#slots.size;
    const [[context, slot] = ["", 0]] = this.#slots;
    this.#slots.delete(context);
    this.#clear(TLBS + slot * CONTEXT_BYTES, CONTEXT_BYTES);
    return slot;
  }

  /** Forgets all pages of one kind, in every context. */
  clearKind(kind: TlbKind): void {
    const { offset, mask, used } = this.#parts[kind];
    if (used.length < MOST_NOTED) {
      for (const entry of used) this.#drop(entry);
    } else {
      for (const slot of this.#slots.values()) {
        this.#clear(TLBS + slot * CONTEXT_BYTES + offset, (mask + 1) * TLB_ENTRY.bytes);
      }
    }
    used.length = 0;
  }

  /**
   * The pages to fetch from are still where they were, but their contents may have changed.
   *
   * @param looked looks at the contents of a page (its operations) if that is soon done: then there is no doubt
   */
  doubtFetches(looked: (page: number) => boolean): void {
    const { used } = this.#parts.fetch;
    if (used.length === MOST_NOTED) return this.clearKind("fetch");
    const isLittle = used.length <= FEW;
    for (const entry of used) {
      const tag = this.#words[entry / WORD]!;
      if (tag === NO_LOW_TAG || (tag & DOUBTED) !== 0) continue;
      if (isLittle && looked(this.#words[(entry + TLB_ENTRY.addend) / WORD]!)) continue;
      this.#words[entry / WORD] = tag | DOUBTED;
    }
  }

  /** What is kept for the page of an address to fetch from that {@linkcode doubtFetches} has made doubtful; there is no doubt any more. */
  trustFetch(high: number, low: number): number | undefined {
    const entry = this.#entry(this.#parts.fetch, low);
    const tag = low & PAGE_MASK;
    if (!this.#isTagged(entry, high, tag | DOUBTED)) return undefined;
    this.#words[entry / WORD] = tag;
    return this.#words[(entry + TLB_ENTRY.addend) / WORD];
  }

  /** Forgets what came from an entry of the machine's TLB, in every context. */
  forget(index: number): void {
    for (let i = this.#dependents.take(index); i >= 0; i = this.#dependents.take(index)) {
      this.#drop(TLBS + i * TLB_ENTRY.bytes);
    }
  }

  #drop(entry: number): void {
    this.#doubles[entry / DOUBLE] = NO_TAG;
  }

  #clear(at: number, bytes: number): void {
    this.#doubles.fill(NO_TAG, at / DOUBLE, (at + bytes) / DOUBLE);
  }

  /** The entry in the context that wasm uses. */
  #entry({ offset, mask }: Part, low: number): number {
    const context = this.#words[CONTROL.fetchTlb / WORD]! - TLB_OFFSETS.fetch;
    return context + offset + ((low >>> PAGE_BITS) & mask) * TLB_ENTRY.bytes;
  }

  #isTagged(entry: number, high: number, tag: number): boolean {
    return this.#words[entry / WORD] === tag && this.#words[entry / WORD + 1] === (high | 0);
  }

  /** What is kept for the page of an address: the addend, or of a page to fetch from its operations. */
  find(kind: TlbKind, high: number, low: number): number | undefined {
    const entry = this.#entry(this.#parts[kind], low);
    return this.#isTagged(entry, high, low & PAGE_MASK)
      ? this.#words[(entry + TLB_ENTRY.addend) / WORD]
      : undefined;
  }

  /**
   * Keeps a page.
   *
   * @param from the lookup that found it
   */
  put(kind: TlbKind, high: number, low: number, from: Lookup, addend: number, code = 0): void {
    const place = this.#parts[kind];
    const entry = this.#entry(place, low);
    if (place.used.length < MOST_NOTED) place.used.push(entry);
    this.#dependents.set((entry - TLBS) / TLB_ENTRY.bytes, from.entry, from.stage2Entry);
    const at = entry / WORD;
    this.#words[at] = low & PAGE_MASK;
    this.#words[at + 1] = high;
    this.#words[at + TLB_ENTRY.addend / WORD] = addend;
    this.#words[at + TLB_ENTRY.code / WORD] = code;
  }
}
