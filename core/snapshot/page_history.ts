/**
 * Copy-on-write versions of a block of RAM: a page is copied when it is first written after a version was kept, and a version that is taken
 * up again costs as much as the pages that differ.
 *
 * Whoever writes RAM says so first ({@linkcode PageHistory.touch}). Generated code does when it first maps a page for stores, so that
 * whoever maps pages must map them anew when all are clean ({@linkcode PageListener.cleaned}).
 *
 * @module
 */
import type { Restore, Stateful } from "./stateful.ts";

const PAGE_SHIFT = 12;
const PAGE = 1 << PAGE_SHIFT;

/** A version: the pages in which it differs from the next one, or for the one that memory was last equal to, copies of its pages. */
interface Version {
  readonly pages: Map<number, Uint8Array>;
  /** The version that the others of its pages are in; undefined for the one that memory was last equal to. */
  next: Version | undefined;
}

/** Who keeps something that is derived from pages. */
export interface PageListener {
  /** No page counts as written any more: whoever writes has to say so again. */
  cleaned(): void;
  /** A page was replaced; the offset of its first byte. */
  replaced(offset: number): void;
}

/** The versions of one block of RAM. */
export class PageHistory implements Stateful {
  listener: PageListener | undefined;
  readonly #bytes: Uint8Array;
  /** 1 for a page that may have been written since memory was equal to {@linkcode #base}. All are, while there is no version. */
  readonly #written: Uint8Array;
  #writtenPages: number[] = [];
  /** Pages that are written without a word. */
  readonly #held = new Set<number>();
  /** The version that memory was last equal to. */
  #base: Version | undefined;

  /** @param bytes the RAM, whole pages */
  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#written = new Uint8Array(bytes.length >>> PAGE_SHIFT).fill(1);
  }

  /** The page at an offset is about to be written. */
  touch(offset: number): void {
    const page = offset >>> PAGE_SHIFT;
    if (this.#written[page] === 0) this.#keep(page);
  }

  /** Some bytes are about to be written. */
  touchAll(offset: number, size: number): void {
    for (let at = offset & -PAGE; at < offset + size; at += PAGE) this.touch(at);
  }

  /** Some bytes will be written at any time, by somebody who does not say so: their pages always count as written. */
  hold(offset: number, size: number): void {
    this.touchAll(offset, size);
    for (let at = offset & -PAGE; at < offset + size; at += PAGE) this.#held.add(at >>> PAGE_SHIFT);
  }

  /** Keeps the present contents as a version. */
  save(): Restore {
    const version = this.#base !== undefined && this.#writtenPages.length === 0 ? this.#base : this.#begin();
    return () => this.#restore(version);
  }

  #begin(): Version {
    const version = { pages: new Map<number, Uint8Array>(), next: undefined };
    if (this.#base === undefined) this.#written.fill(0);
    else this.#base.next = version;
    this.#base = version;
    this.#clean();
    return version;
  }

  #clean(): void {
    for (const page of this.#writtenPages) this.#written[page] = 0;
    this.#writtenPages = [];
    this.listener?.cleaned();
    for (const page of this.#held) this.#keep(page);
  }

  #page(page: number): Uint8Array {
    return this.#bytes.subarray(page << PAGE_SHIFT, (page + 1) << PAGE_SHIFT);
  }

  /** Keeps a page of the base, whose copy may be there from an earlier write. */
  #keep(page: number): void {
    this.#written[page] = 1;
    this.#writtenPages.push(page);
    const pages = this.#base?.pages;
    if (pages?.has(page) === false) pages.set(page, this.#page(page).slice());
  }

  #put(page: number, contents: Uint8Array | undefined): void {
    if (contents === undefined) throw new RangeError(`Cannot restore page ${page}: there is no copy of it`);
    this.#page(page).set(contents);
    this.listener?.replaced(page << PAGE_SHIFT);
  }

  #restore(version: Version): void {
    const base = this.#base;
    if (base === undefined) return;
    for (const page of this.#writtenPages) this.#put(page, base.pages.get(page));
    const path = [version];
    for (let v = version.next; v !== undefined; v = v.next) path.push(v);
    for (let i = path.length - 1; i > 0; i--) this.#turn(path[i]!, path[i - 1]!);
    this.#base = version;
    this.#clean();
  }

  /** Takes memory from one version to the one before it, of which the first becomes the difference. */
  #turn(from: Version, to: Version): void {
    for (const [page, contents] of to.pages) {
      if (!from.pages.has(page)) from.pages.set(page, this.#page(page).slice());
      this.#put(page, contents);
    }
    from.next = to;
    to.next = undefined;
  }
}
