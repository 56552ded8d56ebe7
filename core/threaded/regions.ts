/**
 * The regions of a machine: hot code made into functions, and taken out again when its words are written or when others need the room.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { findRegion } from "./graph.ts";
import {
  CODE_PAGE_BYTES,
  MEMBER,
  MOST_REGIONS,
  OP,
  PAGE_BYTES,
  PAGE_OPS,
  REGIONS_USED,
  TABLE,
  WARMTH,
} from "./layout.ts";
import { type PlacedRegion, placeRegions, type RegionBinding } from "./region_module.ts";
import { RegionPages } from "./region_pages.ts";
import type { HeatLimits } from "./threaded_module.ts";

const WORD = 4;
const PAGE_OFFSET = BigInt(PAGE_BYTES - 1);
/** Bytes of WebAssembly that the regions may have together, if no other is asked for. */
const MOST_BYTES = 8 << 20;
/** The part of the room that is made free at once. */
const FREED = 1 / 4;
/** The most places of its page that are nearly hot, and that a region which may lead to them contains. */
const MOST_KNOWN = 32;
/** The most regions of a module: to make it takes long enough with so many. */
const MOST_TOGETHER = 8;
/** The most places that are remembered as nearly hot. */
const MOST_NEARLY_HOT = 256;
/** Far from hot. */
const COLD = -0x4000_0000;
/** A page whose regions were ended so often, log2, is left alone. */
const MOST_PATIENCE = 16;

/** Regions of one module: its code is gone when the last of them is. */
interface Batch {
  left: number;
  bytes: number;
}

/** An operation with which a region may begin, and the virtual address of its page. */
interface Candidate {
  readonly op: number;
  readonly base: bigint;
}

/** A compiled region. */
interface Region {
  /** Where it is among the regions. */
  readonly slot: number;
  /** The operations of its pages: of its home, and of others. */
  readonly pages: readonly number[];
  /** The operations by which it is entered, with the functions that they had. */
  readonly entries: readonly { readonly op: number; readonly original: number }[];
  /** All its operations. */
  readonly members: readonly number[];
  readonly batch: Batch;
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
  readonly heat: HeatLimits;
  readonly limits: RegionLimits;
  /** The operations of the page that an operation is in. */
  pageOf(op: number): number;
  /** The virtual address of an operation of the page that is executed. */
  addressOf(op: number): bigint;
  /** The operations of the page at a virtual address, undefined if that is not known in the present context. */
  pageAt(address: bigint): number | undefined;
  /** The decoded instruction of an operation, undefined if it cannot be part of a region. */
  instructionAt(op: number): Decoded | undefined;
}

/** What became of regions. */
export interface RegionCounts {
  /** Regions kept, their modules, and the bytes of those. */
  readonly kept: number;
  readonly modules: number;
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
  readonly #counts = { kept: 0, modules: 0, bytes: 0, made: 0, evicted: 0, ended: 0 };
  /** Operations that became nearly hot, the last ones at the end. */
  #nearlyHot: Candidate[] = [];
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

  /** An operation was jumped to so often that it is nearly hot, or hot. */
  warmed(op: number): void {
    const { heat } = this.#host;
    const base = this.#host.addressOf(op) & ~PAGE_OFFSET;
    if (this.#heatOf(op) >= heat.hot * WARMTH) return this.make({ op, base });
    if (this.#nearlyHot.push({ op, base }) > MOST_NEARLY_HOT) this.#nearlyHot.shift();
  }

  /**
   * Makes a region that begins with an operation, and with it such as begin with others that are nearly hot: to make a module takes longer than to make
   * it larger. No region may be executed behind this but by entering it.
   */
  make(first: Candidate): void {
    const most = Math.max(1, Math.min(MOST_TOGETHER, Math.floor(this.#most.regions * FREED)));
    this.#makeRoom(most);
    const batch: Batch = { left: 0, bytes: 0 };
    const placed: PlacedRegion[] = [];
    for (let next: Candidate | undefined = first; next !== undefined && placed.length < most;) {
      const region = this.#add(next, batch);
      if (region !== undefined) placed.push(region);
      next = placed.length === 0 ? undefined : this.#takeNearlyHot();
    }
    if (placed.length === 0) return;
    batch.bytes = placeRegions(placed, this.#host);
    this.#counts.modules++;
    this.#counts.bytes += batch.bytes;
  }

  /** The operation that became nearly hot last and still is. What regions contain may never be jumped to again; other words were not executed yet. */
  #takeNearlyHot(): Candidate | undefined {
    let next: Candidate | undefined;
    do next = this.#nearlyHot.pop(); while (next !== undefined && !this.#isNearlyHot(next.op));
    return next;
  }

  #isNearlyHot(op: number): boolean {
    const heat = this.#heatOf(op);
    return heat >= this.#host.heat.nearly * WARMTH && (heat & MEMBER) === 0 &&
      this.#functionOf(op) !== TABLE.undecoded;
  }

  /** Adds the region that begins with an operation, whose function has yet to be made. */
  #add({ op, base }: Candidate, batch: Batch): PlacedRegion | undefined {
    // Not asked again: either there is a region now, or there will not be one soon.
    this.#heat(op, (old) => (old & MEMBER) + COLD);
    if (this.#functionOf(op) >= TABLE.firstRegion) return undefined;
    const home = this.#host.pageOf(op);
    const pages = new RegionPages(home, {
      pageAt: (distance) => this.#quietPageAt(base + BigInt(distance * PAGE_BYTES)),
      isWarm: (other) => this.#isWarm(other),
    });
    const at = (place: number) => this.#host.instructionAt(pages.op(place));
    const graph = findRegion((op - home) / OP.bytes, pages, at, () => this.#jumpedTo(home));
    if (graph === undefined) return undefined;
    const slot = this.#freeSlot();
    const f = TABLE.firstRegion + slot;
    const members = graph.blocks.flatMap((b) => b.instructions.map((_, i) => pages.op(b.first + i)));
    for (const member of members) this.#heat(member, (old) => old | MEMBER);
    // What another region begins with stays that one's.
    const entries = graph.entries.map((place) => pages.op(place)).map((entry) => ({
      op: entry,
      original: this.#functionOf(entry),
    }))
      .filter(({ original }) => original < TABLE.firstRegion);
    for (const entry of entries) this.#host.words[(entry.op + OP.f) / WORD] = f;
    this.#keep({ slot, pages: [...new Set(pages.all.map((page) => page.at))], entries, members, batch });
    return { graph, slot: { pages, used: REGIONS_USED + slot, f } };
  }

  /** A page whose words are written is none to take into regions of others. */
  #quietPageAt(address: bigint): number | undefined {
    const page = this.#host.pageAt(BigInt.asUintN(64, address));
    return page !== undefined && this.#endings.has(page) ? undefined : page;
  }

  #isWarm(op: number): boolean {
    const f = this.#functionOf(op);
    return f >= TABLE.firstRegion ||
      (f !== TABLE.undecoded && this.#heatOf(op) >= this.#host.heat.nearly * WARMTH);
  }

  #keep(region: Region): void {
    this.#slots[region.slot] = region;
    for (const page of region.pages) {
      const neighbours = this.#byPage.get(page);
      if (neighbours === undefined) this.#byPage.set(page, [region]);
      else neighbours.push(region);
    }
    region.batch.left++;
    this.#counts.kept++;
    this.#counts.made++;
  }

  /** Places of a page that are nearly hot, without those where regions begin. */
  #jumpedTo(page: number): readonly number[] {
    const enough = this.#host.heat.nearly * WARMTH;
    const found: number[] = [];
    for (let index = 0; index < PAGE_OPS && found.length < MOST_KNOWN; index++) {
      const op = page + index * OP.bytes;
      if (this.#heatOf(op) >= enough && this.#functionOf(op) < TABLE.firstRegion) found.push(index);
    }
    return found;
  }

  #functionOf(op: number): number {
    return this.#host.words[(op + OP.f) / WORD] ?? 0;
  }

  /** Jumps to it, and perhaps {@linkcode MEMBER}. */
  #heatOf(op: number): number {
    return this.#host.words[(op + OP.heat) / WORD] ?? 0;
  }

  #heat(op: number, change: (old: number) => number): void {
    this.#host.words[(op + OP.heat) / WORD] = change(this.#heatOf(op));
  }

  #freeSlot(): number {
    const most = this.#most.regions;
    for (let slot = 0; slot < most; slot++) if (this.#slots[slot] === undefined) return slot;
    throw new RangeError(`Cannot keep a region: there are ${this.#counts.kept}`);
  }

  /**
   * Sees to it that some more regions have room. Takes out such as were not entered since they were looked at last, beginning where the last
   * search ended.
   */
  #makeRoom(more: number): void {
    const most = this.#most;
    if (this.#counts.kept + more <= most.regions && this.#counts.bytes < most.bytes) return;
    const used = new Uint8Array(this.#host.words.buffer, REGIONS_USED, MOST_REGIONS);
    const kept = 1 - FREED;
    while (this.#counts.kept > most.regions * kept || this.#counts.bytes > most.bytes * kept) {
      const slot = this.#hand;
      this.#hand = (slot + 1) % most.regions;
      const region = this.#slots[slot];
      if (region !== undefined && used[slot] === 0) {
        this.#remove(region);
        this.#counts.evicted++;
      }
      used[slot] = 0;
    }
  }

  /** @param heatOf gives the heat of its operations from now on */
  #remove(region: Region, heatOf: (op: number) => number = () => 0): void {
    const { words, table } = this.#host;
    const { slot, pages, entries, members, batch } = region;
    this.#slots[slot] = undefined;
    table.set(TABLE.firstRegion + slot, null);
    for (const { op, original } of entries) {
      if (this.#functionOf(op) === TABLE.firstRegion + slot) words[(op + OP.f) / WORD] = original;
    }
    for (const member of members) this.#heat(member, () => heatOf(member));
    for (const page of pages) {
      const left = (this.#byPage.get(page) ?? []).filter((r) => r !== region);
      if (left.length === 0) this.#byPage.delete(page);
      else this.#byPage.set(page, left);
      // What other regions contain stays marked.
      for (const r of left) for (const member of r.members) this.#heat(member, (old) => old | MEMBER);
    }
    this.#counts.kept--;
    if (--batch.left > 0) return;
    this.#counts.modules--;
    this.#counts.bytes -= batch.bytes;
  }

  /**
   * A word was written: the regions that it is part of are no more. Each time it takes twice as many jumps until there is another in their page.
   */
  invalidate(op: number): void {
    const page = this.#host.pageOf(op);
    const gone = (this.#byPage.get(page) ?? []).filter(({ members }) => members.includes(op));
    if (gone.length === 0) return;
    const endings = this.#endings.get(page) ?? 0;
    this.#endings.set(page, endings + 1);
    const patience = Math.min(this.#host.heat.hot * WARMTH * 2 ** Math.min(endings, MOST_PATIENCE), -COLD);
    // Functions of other pages that such regions contained are not to blame.
    const heatOf = (member: number) => this.#host.pageOf(member) === page ? -patience : 0;
    for (const region of gone) this.#remove(region, heatOf);
    this.#counts.ended += gone.length;
  }

  /** Forgets the regions of a page; its operations are gone. */
  forgetPage(page: number): void {
    for (const region of this.#byPage.get(page) ?? []) this.#remove(region);
    this.#endings.delete(page);
    this.#nearlyHot = this.#nearlyHot.filter(({ op }) => op < page || op >= page + CODE_PAGE_BYTES);
  }
}
