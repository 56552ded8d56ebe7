/**
 * Keeps the translations of pages that were accessed without a fault, until anything changes that a translation depends on.
 *
 * @module
 */
import type { Machine } from "../machine.ts";
import { highOf, lowOf } from "../halves.ts";
import type { AccessType } from "./regime.ts";
import { translate } from "./translate.ts";

/** The smallest page has 4 KiB, so that one page always translates as a whole. */
const PAGE_SHIFT = 12;
const OFFSET = 0xfff;
/** Pages that are kept for one type of access; a mode rarely has more before it changes. */
const PAGES = 16;

/** Pages, each at the place that its number gives. */
class Pages {
  /** The {@linkcode TranslationCache} counts its epochs from 1. */
  readonly epochs = new Float64Array(PAGES);
  /** Bits 63:32 and 31:12 of the address. */
  readonly highs = new Uint32Array(PAGES);
  readonly lows = new Uint32Array(PAGES);
  /** Physical address of the first byte. */
  readonly bases = new Float64Array(PAGES);
}

/** The translations of the current world and mode. */
export class TranslationCache {
  readonly #machine: Machine;
  readonly #pages: Readonly<Record<AccessType, Pages>> = {
    fetch: new Pages(),
    load: new Pages(),
    store: new Pages(),
  };
  /** What was kept in another one is stale. */
  #epoch = 1;
  #modes = -1;
  #generation = -1;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Like {@linkcode translate}, from the cache where it can. */
  translate(address: bigint, type: AccessType): number {
    const m = this.#machine;
    if (m.modes !== this.#modes || m.tlb.generation !== this.#generation) this.#forget();
    const [high, low] = [highOf(address), lowOf(address)];
    const page = low >>> PAGE_SHIFT;
    const { epochs, highs, lows, bases } = this.#pages[type];
    const at = page % PAGES;
    if (epochs[at] !== this.#epoch || highs[at] !== high || lows[at] !== page) {
      bases[at] = translate(m, address, type) - (low & OFFSET);
      epochs[at] = this.#epoch;
      highs[at] = high;
      lows[at] = page;
    }
    return bases[at]! + (low & OFFSET);
  }

  #forget(): void {
    this.#epoch++;
    this.#modes = this.#machine.modes;
    this.#generation = this.#machine.tlb.generation;
  }
}
