/**
 * Keeps the translations of pages that were accessed without a fault, until anything changes that a translation depends on.
 *
 * @module
 */
import type { Machine } from "../machine.ts";
import type { AccessType } from "./regime.ts";
import { translate } from "./translate.ts";

const PAGE = 12n;
const OFFSET = 0xfffn;

/** The translations of the current world and mode. */
export class TranslationCache {
  readonly #machine: Machine;
  readonly #pages: Readonly<Record<AccessType, Map<bigint, number>>> = {
    fetch: new Map(),
    load: new Map(),
    store: new Map(),
  };
  #modes = -1;
  #generation = -1;

  constructor(machine: Machine) {
    this.#machine = machine;
  }

  /** Like {@linkcode translate}, from the cache where it can. */
  translate(address: bigint, type: AccessType): number {
    const m = this.#machine;
    if (m.modes !== this.#modes || m.tlb.generation !== this.#generation) this.#forget();
    const page = address >> PAGE;
    let base = this.#pages[type].get(page);
    if (base === undefined) {
      // The smallest page has 4 KiB, so that one page always translates as a whole.
      base = translate(m, address, type) - Number(address & OFFSET);
      this.#pages[type].set(page, base);
    }
    return base + Number(address & OFFSET);
  }

  #forget(): void {
    const { fetch, load, store } = this.#pages;
    // Modes change more often than a mode has pages.
    if (fetch.size > 0) fetch.clear();
    if (load.size > 0) load.clear();
    if (store.size > 0) store.clear();
    this.#modes = this.#machine.modes;
    this.#generation = this.#machine.tlb.generation;
  }
}
