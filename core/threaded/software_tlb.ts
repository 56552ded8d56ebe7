/**
 * The software TLBs in state memory: virtual pages of RAM that the current context may fetch from, load from or store to.
 *
 * @module
 */
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
const PAGE_MASK = ~0xfffn;
const LOW_PAGE_MASK = ~0xfff;
const LOW_OF_NO_TAG = Number(NO_TAG);
const LOW_OF_DOUBTED = Number(DOUBTED);

/** Which of the three. */
export type TlbKind = "fetch" | "load" | "store";

const KINDS = ["fetch", "load", "store"] as const;
const PAGE_BITS = 12n;
const LOW_PAGE_BITS = Number(PAGE_BITS);
/** With more entries in use all are cleared. */
const MOST_NOTED = 512;

/** The software TLBs of the contexts met last. */
export class SoftwareTlb {
  readonly #words: Int32Array;
  readonly #doubles: BigUint64Array;
  /** Contexts by their text, the one used last at the end. */
  readonly #slots = new Map<string, number>();
  /** The entries that may have a page, where there are few: most runs are short, and begin by forgetting. */
  readonly #used: Readonly<Record<TlbKind, number[]>> = { fetch: [], load: [], store: [] };

  constructor(state: ArrayBufferLike) {
    this.#words = new Int32Array(state);
    this.#doubles = new BigUint64Array(state);
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

  /** Forgets everything. */
  clear(): void {
    for (const kind of KINDS) this.clearKind(kind);
    this.#slots.clear();
  }

  /** Forgets all pages of one kind, in every context. */
  clearKind(kind: TlbKind): void {
    const used = this.#used[kind];
    if (used.length < MOST_NOTED) {
      for (const entry of used) this.#doubles[entry / DOUBLE] = NO_TAG;
    } else {
      for (const slot of this.#slots.values()) {
        this.#clear(TLBS + slot * CONTEXT_BYTES + TLB_OFFSETS[kind], TLB_ENTRIES[kind] * TLB_ENTRY.bytes);
      }
    }
    used.length = 0;
  }

  /** The pages to fetch from are still where they were, but their contents may have changed. */
  doubtFetches(): void {
    const used = this.#used.fetch;
    if (used.length === MOST_NOTED) return this.clearKind("fetch");
    for (const entry of used) {
      const low = this.#words[entry / WORD]!;
      if (low !== LOW_OF_NO_TAG) this.#words[entry / WORD] = low | LOW_OF_DOUBTED;
    }
  }

  /**
   * What is kept for the page of an address to fetch from, given by its halves, and whether {@linkcode doubtFetches} has made it doubtful; there is no doubt any
   * more.
   */
  fetch(low: number, high: number): { readonly page: number; readonly isDoubted: boolean } | undefined {
    const context = this.#words[CONTROL.fetchTlb / WORD]! - TLB_OFFSETS.fetch;
    const at = this.#entryIn(context, "fetch", low >>> LOW_PAGE_BITS) / WORD;
    const tag = low & LOW_PAGE_MASK;
    const found = this.#words[at]!;
    if (this.#words[at + 1] !== high || (found & ~LOW_OF_DOUBTED) !== tag) return undefined;
    this.#words[at] = tag;
    return { page: this.#words[at + TLB_ENTRY.addend / WORD]!, isDoubted: found !== tag };
  }

  /** Forgets whatever shares a place with this page, in every context: the page among it. */
  forgetPage(page: number): void {
    for (const slot of this.#slots.values()) {
      for (const kind of KINDS) {
        const entry = this.#entryIn(TLBS + slot * CONTEXT_BYTES, kind, page);
        this.#doubles[entry / DOUBLE] = NO_TAG;
      }
    }
  }

  #clear(at: number, bytes: number): void {
    this.#doubles.fill(NO_TAG, at / DOUBLE, (at + bytes) / DOUBLE);
  }

  /** The entry in the context that wasm uses. */
  #entry(kind: TlbKind, address: bigint): number {
    const context = this.#words[CONTROL.fetchTlb / WORD]! - TLB_OFFSETS.fetch;
    return this.#entryIn(context, kind, Number((address >> PAGE_BITS) & 0x3ffn));
  }

  /** @param page low bits of the page's number, at least ten */
  #entryIn(context: number, kind: TlbKind, page: number): number {
    return context + TLB_OFFSETS[kind] + (page & (TLB_ENTRIES[kind] - 1)) * TLB_ENTRY.bytes;
  }

  /** What is kept for the page of an address: the addend, or of a page to fetch from its operations. */
  find(kind: TlbKind, address: bigint): number | undefined {
    const entry = this.#entry(kind, address);
    return this.#doubles[entry / DOUBLE] === BigInt.asUintN(64, address & PAGE_MASK)
      ? this.#words[(entry + TLB_ENTRY.addend) / WORD]
      : undefined;
  }

  /** Keeps a page. */
  put(kind: TlbKind, address: bigint, addend: number, code = 0): void {
    const entry = this.#entry(kind, address);
    const used = this.#used[kind];
    if (used.length < MOST_NOTED) used.push(entry);
    this.#doubles[entry / DOUBLE] = BigInt.asUintN(64, address & PAGE_MASK);
    this.#words[(entry + TLB_ENTRY.addend) / WORD] = addend;
    this.#words[(entry + TLB_ENTRY.code) / WORD] = code;
  }
}
