/**
 * Which kept translations came from which entry of the TLB, so that they can be forgotten when it changes, and no others.
 *
 * Each translation may depend on two entries, by two links; each entry has the list of links to it. Lists are doubly linked in arrays.
 *
 * @module
 */

/** No link, or the end of a list. */
const NONE = 0;

/** The two entries that a translation can depend on: one of the own world, one of the second stage. */
export const LINKS = 2;

/** The lists. */
export class Dependents {
  /** By index in the TLB: the first link of its list. Links are counted from 1. */
  readonly #first: Int32Array;
  /** By link: the next of the list; the one before, or the index in the TLB of a first one as a negative number (-1 for 0). */
  readonly #next: Int32Array;
  readonly #previous: Int32Array;

  /**
   * @param translations most translations kept
   * @param entries entries of the TLB
   */
  constructor(translations: number, entries: number) {
    this.#first = new Int32Array(entries);
    this.#next = new Int32Array(LINKS * translations + 1);
    this.#previous = new Int32Array(LINKS * translations + 1);
  }

  /** Notes that a translation depends on two entries of the TLB from now on, and on no others; indices below 0 mean none. */
  set(translation: number, own: number, stage2: number): void {
    const link = LINKS * translation + 1;
    this.#move(link, own);
    this.#move(link + 1, stage2);
  }

  #move(link: number, index: number): void {
    this.#remove(link);
    if (index < 0) return;
    const next = this.#first[index]!;
    this.#next[link] = next;
    if (next !== NONE) this.#previous[next] = link;
    this.#previous[link] = -1 - index;
    this.#first[index] = link;
  }

  #remove(link: number): void {
    const previous = this.#previous[link]!;
    if (previous === NONE) return;
    const next = this.#next[link]!;
    if (previous < 0) this.#first[-1 - previous] = next;
    else this.#next[previous] = next;
    if (next !== NONE) this.#previous[next] = previous;
    this.#previous[link] = NONE;
  }

  /** A translation that depends on an entry, of which that is forgotten; -1 if there is none left. */
  take(index: number): number {
    const link = this.#first[index]!;
    if (link === NONE) return -1;
    this.#remove(link);
    return Math.floor((link - 1) / LINKS);
  }
}
