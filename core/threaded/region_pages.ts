/**
 * The pages that a region has code of. It is entered in one of them, its home; into others it goes by jumps and over their ends, after it has made sure
 * that they still lie there.
 *
 * @module
 */
import { OP, PAGE_BYTES, PAGE_OPS } from "./layout.ts";

/** Places that a page takes. The one behind its last instruction is none of the next page's. */
export const PLACES = 2 * PAGE_OPS;
/** The most pages of a region. */
const MOST_PAGES = 4;

/** One of them. */
export interface RegionPage {
  /** Its operations. */
  readonly at: number;
  /** How many virtual pages it lies behind the home. */
  readonly distance: number;
}

/** Who knows what lies around the home. */
export interface Surroundings {
  /** The operations of the page so many virtual pages behind the home, undefined if that is not known. */
  pageAt(distance: number): number | undefined;
  /** True if an operation was executed so often that it may be worth to be part of a region of another page. */
  isWarm(op: number): boolean;
}

/** The pages of a region. An instruction's place is a number of its own in all of them; the home's begin with 0. */
export class RegionPages {
  readonly #pages: RegionPage[];
  readonly #surroundings: Surroundings;

  constructor(home: number, surroundings: Surroundings) {
    this.#pages = [{ at: home, distance: 0 }];
    this.#surroundings = surroundings;
  }

  /** All of them, the home first. */
  get all(): readonly RegionPage[] {
    return this.#pages;
  }

  /** Which page a place is in. */
  static numberOf(place: number): number {
    return Math.floor(place / PLACES);
  }

  /** The page of a place. */
  pageOf(place: number): RegionPage {
    const page = this.#pages[RegionPages.numberOf(place)];
    if (page === undefined) throw new RangeError(`Cannot find place ${place}: the region has no such page`);
    return page;
  }

  /** The operation at a place. */
  op(place: number): number {
    return this.pageOf(place).at + (place % PLACES) * OP.bytes;
  }

  /** Bytes of virtual memory from the beginning of the home to a place. */
  offset(place: number): number {
    return this.pageOf(place).distance * PAGE_BYTES + (place % PLACES) * 4;
  }

  /** The place so many words behind another one, undefined if the region does not go there. */
  reach(place: number, words: number): number | undefined {
    const index = place % PLACES + words;
    if (index >= 0 && index < PAGE_OPS) return place + words;
    const distance = this.pageOf(place).distance + Math.floor(index / PAGE_OPS);
    const within = index - Math.floor(index / PAGE_OPS) * PAGE_OPS;
    const known = this.#pages.findIndex((page) => page.distance === distance);
    if (known === 0) return within;
    const at = known < 0 ? this.#surroundings.pageAt(distance) : this.#pages[known]?.at;
    if (at === undefined || !this.#surroundings.isWarm(at + within * OP.bytes)) return undefined;
    if (known > 0) return known * PLACES + within;
    if (this.#pages.length === MOST_PAGES) return undefined;
    return (this.#pages.push({ at, distance }) - 1) * PLACES + within;
  }
}
