/**
 * Sections: bytes that grow at one end, and which statement each came from.
 *
 * @module
 */
import { SourceFault, type Span } from "./errors.ts";
import type { Base } from "./expression.ts";
import type { ValueOperand } from "./operands.ts";

/** What a section is for; sections are laid out in this order. `unloaded` ones are no part of the program. */
export const SECTION_KINDS = ["text", "rodata", "data", "bss", "unloaded"] as const;

/** See {@linkcode SECTION_KINDS}. */
export type SectionKind = typeof SECTION_KINDS[number];

/** How many bytes all sections together may still take. */
export interface Budget {
  remaining: number;
  readonly maximum: number;
}

/** Where a statement's bytes begin. */
export interface Mark {
  readonly offset: number;
  /** From the first to the last token of the statement. */
  readonly span: Span;
}

const EMPTY = new Uint8Array(0);
/** Most cases of tests have no more code, and an array of this size is made several times faster than a larger one. */
const FIRST_CAPACITY = 64;

/** A section while it grows. */
export class Section implements Base {
  readonly name: string;
  readonly kind: SectionKind;
  /** 0 for the section itself, more for a part that follows it. */
  readonly subsection: number;
  readonly #budget: Budget;
  #bytes: Uint8Array = EMPTY;
  #size = 0;
  readonly #marks: Mark[] = [];
  #alignment = 1;
  #alignedAt: Span | undefined;
  /** Offsets of instructions that begin the sequence for an address at any distance. */
  readonly farStarts: Set<number> = new Set();
  /** A `%call36` whose second instruction is to come at `offset`. */
  openCall: { readonly offset: number; readonly target: ValueOperand } | undefined;
  /** Set by the layout. */
  address: bigint | undefined;

  constructor(name: string, kind: SectionKind, budget: Budget, subsection: number) {
    this.name = name;
    this.kind = kind;
    this.subsection = subsection;
    this.#budget = budget;
  }

  get loaded(): boolean {
    return this.kind !== "unloaded";
  }

  /** In bytes. */
  get size(): number {
    return this.#size;
  }

  /** The greatest alignment asked for, in bytes, a power of two. */
  get alignment(): number {
    return this.#alignment;
  }

  /** The statement that asked for this alignment, or else the first that put bytes here. */
  get alignedAt(): Span | undefined {
    return this.#alignedAt ?? this.#marks[0]?.span;
  }

  /** Where the bytes of each statement begin, in order. Statements without bytes are not here. */
  get marks(): readonly Mark[] {
    return this.#marks;
  }

  /** The bytes so far: a view of them, as it takes a tenth of the time of a copy. */
  get bytes(): Uint8Array {
    return this.kind === "bss" ? new Uint8Array(this.#size) : this.#bytes.subarray(0, this.#size);
  }

  /** The section's address must be a multiple of `alignment`. */
  requireAlignment(alignment: number, span: Span): void {
    if (alignment <= this.#alignment) return;
    this.#alignment = alignment;
    this.#alignedAt = span;
  }

  /**
   * Makes room for `count` bytes, zeros for now.
   *
   * @returns where they start
   * @throws {SourceFault} if the program gets too large
   */
  reserve(count: number, span: Span): number {
    if (count > this.#budget.remaining) {
      const { maximum, remaining } = this.#budget;
      const reason = `of the program's ${maximum} bytes ${remaining} are left`;
      throw new SourceFault(`Cannot add ${count} bytes to ${this.name}: ${reason}`, span);
    }
    const offset = this.#size;
    if (count === 0) return offset;
    this.#budget.remaining -= count;
    this.#size += count;
    this.#mark(offset, span);
    if (this.kind !== "bss" && this.#size > this.#bytes.length) {
      const grown = new Uint8Array(Math.max(this.#size, this.#bytes.length * 2, FIRST_CAPACITY));
      grown.set(this.#bytes);
      this.#bytes = grown;
    }
    return offset;
  }

  #mark(offset: number, span: Span): void {
    const last = this.#marks[this.#marks.length - 1];
    if (last?.span !== span) this.#marks.push({ offset, span });
  }

  /** Makes room for `count` copies of a pattern. */
  fill(pattern: Uint8Array, count: number, span: Span): void {
    const offset = this.reserve(pattern.length * count, span);
    if (pattern.every((byte) => byte === 0)) return;
    this.#checkContents(span);
    if (pattern.length === 1) {
      this.#bytes.fill(pattern[0] ?? 0, offset, this.#size);
      return;
    }
    for (let i = 0; i < count; i++) this.#bytes.set(pattern, offset + i * pattern.length);
  }

  /** Adds bytes. */
  append(bytes: Uint8Array, span: Span): void {
    this.fill(bytes, 1, span);
  }

  /** Replaces bytes that there is room for. */
  write(offset: number, bytes: Uint8Array, span: Span): void {
    if (bytes.every((byte) => byte === 0)) return;
    this.#checkContents(span);
    this.#bytes.set(bytes, offset);
  }

  /** Replaces four bytes that there is room for by a word, least significant byte first. */
  writeWord(offset: number, word: number, span: Span): void {
    if (word === 0) return;
    this.#checkContents(span);
    for (let i = 0; i < 4; i++) this.#bytes[offset + i] = word >>> 8 * i;
  }

  #checkContents(span: Span): void {
    if (this.kind !== "bss") return;
    throw new SourceFault(`Cannot add to ${this.name}: a section without contents holds only zeros`, span);
  }
}

/** A number as `size` bytes, 0 to 8, least significant first; higher bits are cut off. */
export function littleEndian(value: bigint, size: number): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt.asUintN(64, value), true);
  return bytes.subarray(0, size);
}
