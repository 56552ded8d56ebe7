/**
 * The regions of a machine: hot code made into functions, and taken out again when its words are written or when others need the room.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { findRegion } from "./graph.ts";
import { MEMBER, MOST_REGIONS, OP, PAGE_OPS, REGIONS_USED, TABLE, WARMTH } from "./layout.ts";
import { placeRegion, type RegionBinding } from "./region_module.ts";

const WORD = 4;
/** Bytes of WebAssembly that the regions may have together, if no other is asked for. */
const MOST_BYTES = 8 << 20;
/** The part of the room that is made free at once. */
const FREED = 1 / 4;
/** The part of the jumps that make a place hot after which regions of its page that may lead to it contain it, and how many such places. */
const KNOWN_HEAT = 1 / 2;
const MOST_KNOWN = 32;
/** Far from hot. */
const COLD = -0x4000_0000;
/** A page whose regions were ended so often, log2, is left alone. */
const MOST_PATIENCE = 16;

/** A compiled region. */
interface Region {
  /** Where it is among the regions. */
  readonly slot: number;
  /** The operations of its page: no region reaches beyond its own. */
  readonly page: number;
  /** The operations by which it is entered, with the functions that they had. */
  readonly entries: readonly { readonly op: number; readonly original: number }[];
  /** All its operations. */
  readonly members: readonly number[];
  readonly bytes: number;
}

/** How much may be kept. */
export interface RegionLimits {
  /** @default {2048} */
  readonly regions?: number;
  /** Bytes of WebAssembly. @default {8 MiB} */
  readonly bytes?: number;
}

/** What regions need of the machine they belong to. */
export interface RegionHost extends RegionBinding {
  readonly words: Int32Array;
  readonly table: WebAssembly.Table;
  /** Jumps to an operation after which it is hot. */
  readonly hotAfter: number;
  readonly limits: RegionLimits;
}

/** What became of regions. */
export interface RegionCounts {
  /** Regions kept, and bytes of their modules. */
  readonly kept: number;
  readonly bytes: number;
  /** Regions compiled, taken out for others, and ended by writes. */
  readonly made: number;
  readonly evicted: number;
  readonly ended: number;
}

/** The regions of a machine. */
export class Regions {
  readonly #host: RegionHost;
  readonly #slots: (Region | undefined)[] = [];
  readonly #byPage = new Map<number, Region[]>();
  /** How often regions of a page were ended by writes. */
  readonly #endings = new Map<number, number>();
  readonly #counts = { kept: 0, bytes: 0, made: 0, evicted: 0, ended: 0 };
  /** Where the search for regions to take out goes on. */
  #hand = 0;

  constructor(host: RegionHost) {
    this.#host = host;
  }

  get counts(): RegionCounts {
    return { ...this.#counts };
  }

  get #most(): { readonly regions: number; readonly bytes: number } {
    const { regions, bytes } = this.#host.limits;
    return { regions: Math.min(regions ?? MOST_REGIONS, MOST_REGIONS), bytes: bytes ?? MOST_BYTES };
  }

  /**
   * Makes a region that begins at an operation. No region may be executed behind this but by entering it.
   *
   * @param page the operations of its page
   * @param at the decoded instruction at an index of the page, undefined if it cannot be part of a region
   */
  make(op: number, page: number, at: (index: number) => Decoded | undefined): void {
    const { words } = this.#host;
    // Not asked again: either there is a region now, or there will not be one soon.
    this.#heat(op, (old) => (old & MEMBER) + COLD);
    if (this.#functionOf(op) >= TABLE.firstRegion) return;
    const graph = findRegion((op - page) / OP.bytes, at, this.#jumpedTo(page));
    if (graph === undefined) return;
    const slot = this.#freeSlot();
    const bytes = placeRegion(
      graph,
      { page, used: REGIONS_USED + slot, f: TABLE.firstRegion + slot },
      this.#host,
    );
    const place = (index: number) => page + index * OP.bytes;
    const members = graph.blocks.flatMap((b) => b.instructions.map((_, i) => place(b.first + i)));
    for (const member of members) this.#heat(member, (old) => old | MEMBER);
    // What another region begins with stays that one's.
    const entries = graph.entries.map(place).map((entry) => ({
      op: entry,
      original: this.#functionOf(entry),
    }))
      .filter(({ original }) => original < TABLE.firstRegion);
    for (const entry of entries) words[(entry.op + OP.f) / WORD] = TABLE.firstRegion + slot;
    this.#add({ slot, page, entries, members, bytes });
  }

  /** Places of a page that are half as hot as what is translated, without those where regions begin. */
  #jumpedTo(page: number): readonly number[] {
    const { words, hotAfter } = this.#host;
    const enough = Math.max(1, hotAfter * KNOWN_HEAT) * WARMTH;
    const found: number[] = [];
    for (let index = 0; index < PAGE_OPS && found.length < MOST_KNOWN; index++) {
      const op = page + index * OP.bytes;
      if (
        ((words[(op + OP.heat) / WORD] ?? 0) & ~MEMBER) >= enough && this.#functionOf(op) < TABLE.firstRegion
      ) {
        found.push(index);
      }
    }
    return found;
  }

  #functionOf(op: number): number {
    return this.#host.words[(op + OP.f) / WORD] ?? 0;
  }

  #heat(op: number, change: (old: number) => number): void {
    const at = (op + OP.heat) / WORD;
    this.#host.words[at] = change(this.#host.words[at] ?? 0);
  }

  #add(region: Region): void {
    this.#slots[region.slot] = region;
    const neighbours = this.#byPage.get(region.page);
    if (neighbours === undefined) this.#byPage.set(region.page, [region]);
    else neighbours.push(region);
    this.#counts.kept++;
    this.#counts.made++;
    this.#counts.bytes += region.bytes;
  }

  #freeSlot(): number {
    const most = this.#most;
    const isFull = () => this.#counts.kept >= most.regions || this.#counts.bytes >= most.bytes;
    if (isFull()) this.#makeRoom(most);
    for (let slot = 0; slot < most.regions; slot++) if (this.#slots[slot] === undefined) return slot;
    throw new RangeError(`Cannot keep a region: there are ${this.#counts.kept}`);
  }

  /** Takes out regions that were not entered since they were looked at last, beginning where the last search ended. */
  #makeRoom(most: { readonly regions: number; readonly bytes: number }): void {
    const used = new Uint8Array(this.#host.words.buffer, REGIONS_USED, MOST_REGIONS);
    const kept = 1 - FREED;
    while (this.#counts.kept > most.regions * kept || this.#counts.bytes > most.bytes * kept) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % most.regions;
      const region = this.#slots[slot];
      if (region !== undefined && used[slot] === 0) {
        this.#remove(region, 0);
        this.#counts.evicted++;
      }
      used[slot] = 0;
    }
  }

  /** @param heat of its operations from now on */
  #remove(region: Region, heat: number): void {
    const { words, table } = this.#host;
    const { slot, page, entries, members, bytes } = region;
    this.#slots[slot] = undefined;
    table.set(TABLE.firstRegion + slot, null);
    for (const { op, original } of entries) {
      if (this.#functionOf(op) === TABLE.firstRegion + slot) words[(op + OP.f) / WORD] = original;
    }
    for (const member of members) this.#heat(member, () => heat);
    const left = (this.#byPage.get(page) ?? []).filter((r) => r !== region);
    if (left.length === 0) this.#byPage.delete(page);
    else this.#byPage.set(page, left);
    // What other regions contain stays marked.
    for (const r of left) for (const member of r.members) this.#heat(member, (old) => old | MEMBER);
    this.#counts.kept--;
    this.#counts.bytes -= bytes;
  }

  /**
   * A word was written: the regions that it is part of are no more. Each time it takes twice as many jumps until there is another in their page.
   *
   * @param page the operations of its page
   */
  invalidate(op: number, page: number): void {
    const gone = (this.#byPage.get(page) ?? []).filter(({ members }) => members.includes(op));
    if (gone.length === 0) return;
    const endings = this.#endings.get(page) ?? 0;
    this.#endings.set(page, endings + 1);
    const patience = Math.min(this.#host.hotAfter * WARMTH * 2 ** Math.min(endings, MOST_PATIENCE), -COLD);
    for (const region of gone) this.#remove(region, -patience);
    this.#counts.ended += gone.length;
  }

  /** Forgets the regions of a page; its operations are gone. */
  forgetPage(page: number): void {
    for (const region of this.#byPage.get(page) ?? []) this.#remove(region, 0);
    this.#endings.delete(page);
  }
}
