/**
 * Decoded instructions, a page of memory each. They are found by physical address, so that they outlive every change of mapping, and each is
 * decoded when it is first executed.
 *
 * @module
 */
import type { StopPoints } from "../engine.ts";
import { decode, type Decoded } from "../isa/decode.ts";
import { registerUse } from "../isa/register_use.ts";
import { FP_PLACES } from "./op_floats.ts";
import {
  CODE,
  CODE_PAGE_BYTES,
  DISCARD,
  FP,
  MEMBER,
  MOST_PAGES,
  OP,
  PAGE_BYTES,
  PAGE_OPS,
  TABLE,
} from "./layout.ts";
import type { Selected } from "./selection.ts";

/** The operations of one page. */
export interface CodePage {
  /** Where they are in state memory. */
  readonly at: number;
  /** The page's place in RAM. */
  readonly offset: number;
  /** The words that the operations were made of. */
  readonly words: Uint32Array;
  /** Indices of those that were decoded, and for each index whether it is among them. */
  readonly decoded: number[];
  readonly isDecoded: Uint8Array;
}

const WORD = 4;
/** So many words are soon compared. */
const LITTLE = 64;
/** So many of them make room when there are more, in turn. */
const FORGOTTEN_PAGES = 64;

/** Who has to hear what happens to operations. */
export interface CodeListener {
  /** Those of some pages are gone. */
  forgotten(pages: readonly CodePage[]): void;
  /** One that is part of a region has to be decoded again. */
  invalidate(op: number): void;
}

/** The operations of a machine. */
export class CodeCache {
  readonly #state: DataView;
  readonly #stateWords: Int32Array;
  readonly #ram: Uint32Array;
  readonly #select: (op: Decoded) => Selected;
  readonly #byOffset = new Map<number, CodePage>();
  readonly #pages: CodePage[] = [];
  /** The words of all pages, and which were decoded: one array each, so that pages that come and go leave no garbage. */
  readonly #words = new Uint32Array(MOST_PAGES * PAGE_OPS);
  readonly #isDecoded = new Uint8Array(MOST_PAGES * PAGE_OPS);
  /** Where the next page goes. */
  #next = 0;
  /** Places within pages, as indices of words, that are left to the reference engine, because a run may have to stop there. */
  #leftOut: ReadonlySet<number> = new Set();
  readonly #listener: CodeListener;

  constructor(
    state: ArrayBufferLike,
    ram: ArrayBufferLike,
    select: (op: Decoded) => Selected,
    listener: CodeListener,
  ) {
    this.#state = new DataView(state);
    this.#stateWords = new Int32Array(state);
    this.#ram = new Uint32Array(ram);
    this.#select = select;
    this.#listener = listener;
  }

  /** Leaves what is at these places, of whatever page, to the reference engine. */
  leaveOut({ addresses }: StopPoints): void {
    const indices = new Set(Array.from(addresses, (at) => (at % PAGE_BYTES) / WORD));
    if (indices.isSubsetOf(this.#leftOut)) return;
    const changed = indices.symmetricDifference(this.#leftOut);
    this.#leftOut = indices;
    for (const page of this.#pages) {
      for (const index of changed) this.#forget(page.at + index * OP.bytes);
    }
  }

  /** The operations of a page, if there are any yet. */
  find(offset: number): CodePage | undefined {
    return this.#byOffset.get(offset);
  }

  /** The operations of a page of RAM at this offset. */
  page(offset: number): CodePage {
    return this.#byOffset.get(offset) ?? this.#add(offset);
  }

  #add(offset: number): CodePage {
    if (this.#pages.length === MOST_PAGES && this.#next % FORGOTTEN_PAGES === 0) this.#forgetPages();
    const at = CODE + this.#next * CODE_PAGE_BYTES;
    const [from, to] = [this.#next * PAGE_OPS, (this.#next + 1) * PAGE_OPS];
    const isDecoded = this.#isDecoded.subarray(from, to).fill(0);
    const made = { at, offset, words: this.#words.subarray(from, to), decoded: [], isDecoded };
    this.#stateWords.fill(TABLE.undecoded, at / WORD, (at + CODE_PAGE_BYTES) / WORD);
    this.#stateWords[(at + PAGE_OPS * OP.bytes + OP.f) / WORD] = TABLE.pageEnd;
    this.#pages[this.#next] = made;
    this.#next = (this.#next + 1) % MOST_PAGES;
    this.#byOffset.set(offset, made);
    return made;
  }

  /** Makes room where the next pages go: those there are the oldest. */
  #forgetPages(): void {
    const gone = this.#pages.slice(this.#next, this.#next + FORGOTTEN_PAGES);
    for (const { offset } of gone) this.#byOffset.delete(offset);
    this.#listener.forgotten(gone);
  }

  /** Makes sure that operations are those of the words in memory, which anyone may have written since. */
  refresh({ at, offset, words, decoded }: CodePage): void {
    const first = offset >>> 2;
    for (const i of decoded) {
      if (words[i] !== this.#ram[first + i]) this.#forget(at + i * OP.bytes);
    }
  }

  /** The same for the page with these operations, if little of it was executed; false otherwise. */
  refreshLittle(at: number): boolean {
    const page = this.pageOf(at);
    if (page.decoded.length > LITTLE) return false;
    this.refresh(page);
    return true;
  }

  /** The operations at these bytes of RAM have to be decoded again. */
  written(offset: number, size: number): void {
    for (let at = offset & ~3; at < offset + size; at += WORD) {
      const page = this.#byOffset.get(at & ~(PAGE_BYTES - 1));
      if (page === undefined) continue;
      const index = (at & (PAGE_BYTES - 1)) / WORD;
      this.#forget(page.at + index * OP.bytes);
    }
  }

  #forget(op: number): void {
    const words = this.#stateWords;
    words[(op + OP.f) / WORD] = TABLE.undecoded;
    if ((words[(op + OP.heat) / WORD]! & MEMBER) !== 0) this.#listener.invalidate(op);
  }

  /** The page that an operation is in. */
  pageOf(op: number): CodePage {
    const page = this.#pages[((op - CODE) / CODE_PAGE_BYTES) | 0];
    if (page === undefined) throw new RangeError(`Cannot find operation ${op}: it is in no page`);
    return page;
  }

  /** The word that an operation was made of. */
  wordOf(op: number): number {
    const page = this.pageOf(op);
    return page.words[(op - page.at) / OP.bytes]!;
  }

  /** The instruction of an operation, undefined where a region cannot contain it. */
  instructionAt(op: number): Decoded | undefined {
    const at = (op + OP.f) / WORD;
    if (this.#stateWords[at] === TABLE.undecoded) this.decode(op);
    const decoded = this.#stateWords[at] === TABLE.slow ? undefined : decode(this.wordOf(op));
    return decoded !== undefined && this.#select(decoded).inRegions ? decoded : undefined;
  }

  /** Decodes one operation. */
  decode(op: number): void {
    const page = this.pageOf(op);
    const index = (op - page.at) / OP.bytes;
    const word = this.#ram[page.offset / WORD + index]!;
    page.words[index] = word;
    if (page.isDecoded[index] === 0) page.decoded.push(index);
    page.isDecoded[index] = 1;
    const decoded = decode(word);
    const selected = decoded === undefined || this.#leftOut.has(index) ? undefined : this.#select(decoded);
    if (decoded !== undefined && selected !== undefined) this.write(op, decoded, selected);
    else this.leave(op);
  }

  /** Leaves an operation to the engine. */
  leave(op: number): void {
    this.#stateWords[(op + OP.f) / WORD] = TABLE.slow;
  }

  /** Makes an operation load the general registers. */
  loadFrame(op: number): void {
    this.#stateWords[(op + OP.f) / WORD] = TABLE.loadFrame;
  }

  /** Writes a decoded operation. */
  write(op: number, decoded: Decoded, selected: Selected): void {
    this.#stateWords[(op + OP.f) / WORD] = selected.f;
    this.#writeOperands(op, decoded, selected);
  }

  #writeOperands(op: number, decoded: Decoded, { first, second, third }: Selected): void {
    const { instruction, rd, rj, rk } = decoded;
    const { writes, floatReads, floatWrites, flagReads, flagWrites } = registerUse(instruction.meaning);
    const state = this.#state;
    const isDiscarded = rd === 0 && writes.has("rd");
    state.setInt32(op + OP.rd, isDiscarded ? DISCARD : 8 * rd, true);
    state.setInt32(op + OP.rj, 8 * rj, true);
    state.setInt32(op + OP.rk, third ?? 8 * rk, true);
    state.setBigUint64(op + OP.first, first, true);
    state.setInt32(op + OP.second, second, true);
    for (const field of [...floatReads, ...floatWrites]) {
      state.setInt32(op + FP_PLACES[field], FP.registers + 8 * decoded[field], true);
    }
    for (const field of [...flagReads, ...flagWrites]) {
      state.setInt32(op + FP_PLACES[field], FP.flags + decoded[field], true);
    }
  }
}
