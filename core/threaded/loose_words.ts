/**
 * Instructions of software that is not in memory: words that are executed get operations of their own, outside of all pages.
 *
 * @module
 */
import { decode, type Decoded } from "../isa/decode.ts";
import { LOOSE, OP } from "./layout.ts";
import type { Selected } from "./selection.ts";

/** What the operations are made with. */
export interface LooseMaker {
  select(op: Decoded): Selected;
  write(op: number, decoded: Decoded, selected: Selected): void;
  /** Makes an operation the engine's. */
  leave(op: number): void;
}

/** The operations of such words. */
export class LooseWords {
  readonly #make: LooseMaker;
  /** By word; 0 for one that the engine has to execute. */
  readonly #single = new Map<number, number>();
  /** The first operation by the array of words. */
  readonly #rows = new Map<readonly number[], number>();
  /** Operations in use. */
  #used = 0;

  constructor(make: LooseMaker) {
    this.#make = make;
  }

  /** The operation of a word, 0 if the engine has to execute it. */
  find(word: number): number {
    return this.#single.get(word) ?? this.#addSingle(word);
  }

  /**
   * The operations of words that follow each other: the place of the first. Those that the engine has to execute stop wasm.
   *
   * @throws {RangeError} for more words than there is room for
   */
  row(words: readonly number[]): number {
    return this.#rows.get(words) ?? this.#addRow(words);
  }

  /** True if an operation is one of these. */
  has(op: number): boolean {
    return op >= LOOSE.at;
  }

  #addSingle(word: number): number {
    const decoded = decode(word);
    const selected = decoded && this.#make.select(decoded);
    let op = 0;
    if (decoded !== undefined && selected?.alone !== undefined) {
      op = this.#reserve(1);
      this.#make.write(op, decoded, selected);
    }
    this.#single.set(word, op);
    return op;
  }

  #addRow(words: readonly number[]): number {
    const first = this.#reserve(words.length);
    words.forEach((word, i) => {
      const op = first + i * OP.bytes;
      const decoded = decode(word);
      const selected = decoded && this.#make.select(decoded);
      // What continues elsewhere would take the rest of the budget along.
      if (decoded !== undefined && selected?.alone === "leads on") this.#make.write(op, decoded, selected);
      else this.#make.leave(op);
    });
    this.#rows.set(words, first);
    return first;
  }

  /** Room for some operations; when there is none, all others go. */
  #reserve(count: number): number {
    if (count > LOOSE.count) {
      throw new RangeError(`Cannot execute ${count} words at one go: there is room for ${LOOSE.count}`);
    }
    if (this.#used + count > LOOSE.count) {
      this.#single.clear();
      this.#rows.clear();
      this.#used = 0;
    }
    const first = LOOSE.at + this.#used * OP.bytes;
    this.#used += count;
    return first;
  }
}
