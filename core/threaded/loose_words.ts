/**
 * Instructions of software that is not in memory: words that are executed get operations of their own, outside of all pages. What follows each other
 * often becomes a region.
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
  /** Makes one load the general registers. */
  loadFrame(op: number): void;
  /** Words that follow each other are executed often, from this operation on. */
  hot(op: number): void;
  /** How often that is. */
  readonly hotAfter: number;
  /** All operations are about to be others. */
  forgotten(): void;
}

/** Words that follow each other. */
interface Row {
  readonly words: readonly number[];
  /** The operation of the first. */
  readonly first: number;
  /** How often they were executed since they were hot. */
  runs: number;
}

/** Rows that are found at once, by their lengths: the least significant bits. */
const RECENT = 0xf;

/** Rows by the array of their words. */
class Rows {
  readonly #all = new Map<readonly number[], Row>();
  /** Those used last, by {@linkcode RECENT}. */
  readonly #recent: (Row | undefined)[] = Array(RECENT + 1).fill(undefined);

  find(words: readonly number[]): Row | undefined {
    const recent = this.#recent[words.length & RECENT];
    if (recent?.words === words) return recent;
    return this.#recent[words.length & RECENT] = this.#all.get(words);
  }

  /** @param first the operation of the first word */
  add(words: readonly number[], first: number): Row {
    const row = { words, first, runs: 0 };
    this.#all.set(words, row);
    return row;
  }

  clear(): void {
    this.#all.clear();
    this.#recent.fill(undefined);
  }
}

/** The operations of such words. */
export class LooseWords {
  readonly #make: LooseMaker;
  /** By word; 0 for one that the engine has to execute. */
  readonly #single = new Map<number, number>();
  /** The one that was looked for last. */
  #last = { word: -1, op: 0 };
  readonly #rows = new Rows();
  /** Those that lead into a guest. */
  readonly #entries = new Rows();
  /** What the operations of rows were made of, where a region may contain it. */
  readonly #decoded: (Decoded | undefined)[] = [];
  /** Operations in use. */
  #used = 0;

  constructor(make: LooseMaker) {
    this.#make = make;
  }

  /** The operation of a word, 0 if the engine has to execute it. */
  find(word: number): number {
    const last = this.#last;
    if (last.word !== word) {
      last.op = this.#single.get(word) ?? this.#addSingle(word);
      last.word = word;
    }
    return last.op;
  }

  /**
   * The operations of words that follow each other: the place of the first. Those that the engine has to execute stop wasm.
   *
   * @throws {RangeError} for more words than there is room for
   */
  row(words: readonly number[]): number {
    return this.#warmed(this.#rows.find(words) ?? this.#addRow(words));
  }

  /**
   * The same with {@linkcode TABLE.loadFrame} before the last word, which may continue elsewhere.
   *
   * @throws {RangeError} for more words than there is room for
   */
  entry(words: readonly number[]): number {
    return this.#warmed(this.#entries.find(words) ?? this.#addEntry(words));
  }

  #warmed(row: Row): number {
    if (++row.runs === this.#make.hotAfter) {
      row.runs = 0;
      this.#make.hot(row.first);
    }
    return row.first;
  }

  /** True if an operation is one of these. */
  has(op: number): boolean {
    return op >= LOOSE.at;
  }

  /** The instruction of an operation, undefined where a region cannot contain it. */
  instructionAt(op: number): Decoded | undefined {
    return this.#decoded[(op - LOOSE.at) / OP.bytes];
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

  #addRow(words: readonly number[]): Row {
    // With one behind them that is nobody's, so that no region goes on in the next row.
    const first = this.#reserve(words.length + 1);
    words.forEach((word, i) => this.#addToRow(first + i * OP.bytes, word));
    return this.#rows.add(words, first);
  }

  #addEntry(words: readonly number[]): Row {
    const first = this.#reserve(words.length + 1);
    const load = first + (words.length - 1) * OP.bytes;
    words.slice(0, -1).forEach((word, i) => this.#addToRow(first + i * OP.bytes, word));
    this.#make.loadFrame(load);
    this.#addToRow(load + OP.bytes, words.at(-1) ?? 0, "leads away");
    return this.#entries.add(words, first);
  }

  /** @param alone what it has to be: what continues elsewhere would take the rest of the budget along */
  #addToRow(op: number, word: number, alone: Selected["alone"] = "leads on"): void {
    const decoded = decode(word);
    const selected = decoded && this.#make.select(decoded);
    if (decoded === undefined || selected?.alone !== alone) return this.#make.leave(op);
    this.#make.write(op, decoded, selected);
    if (selected.inRegions) this.#decoded[(op - LOOSE.at) / OP.bytes] = decoded;
  }

  /** Room for some operations; when there is none, all others go. */
  #reserve(count: number): number {
    if (count > LOOSE.count) {
      throw new RangeError(
        `Cannot execute ${count - 1} words at one go: there is room for ${LOOSE.count - 1}`,
      );
    }
    if (this.#used + count > LOOSE.count) {
      this.#make.forgotten();
      this.#single.clear();
      this.#last.word = -1;
      this.#rows.clear();
      this.#entries.clear();
      this.#decoded.length = 0;
      this.#used = 0;
    }
    const first = LOOSE.at + this.#used * OP.bytes;
    this.#used += count;
    return first;
  }
}
