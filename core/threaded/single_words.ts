/**
 * Single instructions of software that is not in memory: each word that is executed gets an operation of its own, outside of all pages.
 *
 * @module
 */
import { decode, type Decoded } from "../isa/decode.ts";
import { OP, SINGLES } from "./layout.ts";
import type { Selected } from "./selection.ts";

/** The operations of such words. */
export class SingleWords {
  readonly #select: (op: Decoded) => Selected;
  readonly #write: (op: number, decoded: Decoded, selected: Selected) => void;
  /** By word; 0 for one that the engine has to execute. */
  readonly #ops = new Map<number, number>();

  constructor(
    select: (op: Decoded) => Selected,
    write: (op: number, decoded: Decoded, selected: Selected) => void,
  ) {
    this.#select = select;
    this.#write = write;
  }

  /** The operation of a word, 0 if the engine has to execute it. */
  find(word: number): number {
    return this.#ops.get(word) ?? this.#make(word);
  }

  /** True if an operation is one of these. */
  has(op: number): boolean {
    return op >= SINGLES.at;
  }

  #make(word: number): number {
    if (this.#ops.size === SINGLES.count) this.#ops.clear();
    const decoded = decode(word);
    const selected = decoded === undefined ? undefined : this.#select(decoded);
    const op = selected?.single ? SINGLES.at + this.#ops.size * OP.bytes : 0;
    if (op !== 0 && decoded !== undefined && selected !== undefined) this.#write(op, decoded, selected);
    this.#ops.set(word, op);
    return op;
  }
}
