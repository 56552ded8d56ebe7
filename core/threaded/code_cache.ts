/**
 * Decoded instructions, a page of memory each. They are found by physical address, so that they outlive every change of mapping, and each is
 * decoded when it is first executed.
 *
 * @module
 */
import { decode, type Decoded } from "../isa/decode.ts";
import { registerUse } from "../isa/register_use.ts";
import type { Instruction } from "../isa/table.ts";
import type { Profile } from "../profile.ts";
import { FP_PLACES } from "./op_floats.ts";
import { CODE, CODE_PAGE_BYTES, DISCARD, FP, MEMBER, OP, PAGE_BYTES, PAGE_OPS, TABLE } from "./layout.ts";

/** The operations of one page. */
export interface CodePage {
  /** Where they are in state memory. */
  readonly at: number;
  /** The page's place in RAM. */
  readonly offset: number;
  /** The words that the operations were made of. */
  readonly words: Uint32Array;
}

const WORD = 4;
/** Pages kept. When there are more, all begin anew. */
export const MOST_PAGES = 512;

/** Who has to hear what happens to operations. */
export interface CodeListener {
  /** All are gone. */
  dropped(): void;
  /** One that is part of a region has to be decoded again. */
  invalidate(op: number): void;
}

/** The operations of a machine. */
export class CodeCache {
  readonly #state: DataView;
  readonly #stateWords: Int32Array;
  readonly #ram: Uint32Array;
  readonly #functions: ReadonlyMap<Instruction, number>;
  readonly #profile: Profile;
  readonly #byOffset = new Map<number, CodePage>();
  #pages: CodePage[] = [];
  readonly #listener: CodeListener;

  constructor(
    state: ArrayBufferLike,
    ram: ArrayBufferLike,
    functions: ReadonlyMap<Instruction, number>,
    profile: Profile,
    listener: CodeListener,
  ) {
    this.#state = new DataView(state);
    this.#stateWords = new Int32Array(state);
    this.#ram = new Uint32Array(ram);
    this.#functions = functions;
    this.#profile = profile;
    this.#listener = listener;
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
    if (this.#pages.length === MOST_PAGES) this.drop();
    const at = CODE + this.#pages.length * CODE_PAGE_BYTES;
    const made = { at, offset, words: new Uint32Array(PAGE_OPS) };
    this.#stateWords.fill(TABLE.undecoded, at / WORD, (at + CODE_PAGE_BYTES) / WORD);
    this.#stateWords[(at + PAGE_OPS * OP.bytes + OP.f) / WORD] = TABLE.pageEnd;
    this.#pages.push(made);
    this.#byOffset.set(offset, made);
    return made;
  }

  /** Forgets everything. */
  drop(): void {
    this.#pages = [];
    this.#byOffset.clear();
    this.#listener.dropped();
  }

  /** Makes sure that operations are those of the words in memory, which anyone may have written since. */
  refresh({ at, offset, words }: CodePage): void {
    const first = offset / WORD;
    for (let i = 0; i < PAGE_OPS; i++) {
      if (words[i] !== this.#ram[first + i]) this.#forget(at + i * OP.bytes);
    }
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
    const page = this.#pages[Math.floor((op - CODE) / CODE_PAGE_BYTES)];
    if (page === undefined) throw new RangeError(`Cannot find operation ${op}: it is in no page`);
    return page;
  }

  /** The word that an operation was made of. */
  wordOf(op: number): number {
    const page = this.pageOf(op);
    return page.words[(op - page.at) / OP.bytes]!;
  }

  /** The instruction at an index of a page, undefined where the engine has to execute it. */
  instructionAt(page: CodePage, index: number): Decoded | undefined {
    const op = page.at + index * OP.bytes;
    const at = (op + OP.f) / WORD;
    if (this.#stateWords[at] === TABLE.undecoded) this.decode(op);
    const decoded = this.#stateWords[at] === TABLE.slow ? undefined : decode(page.words[index]!);
    return decoded;
  }

  /** Decodes one operation. */
  decode(op: number): void {
    const page = this.pageOf(op);
    const index = (op - page.at) / OP.bytes;
    const word = this.#ram[page.offset / WORD + index]!;
    page.words[index] = word;
    const decoded = decode(word);
    const f = decoded === undefined ? TABLE.slow : this.#functionOf(decoded);
    this.#stateWords[(op + OP.f) / WORD] = f;
    if (decoded !== undefined && f !== TABLE.slow) this.#writeOperands(op, decoded);
  }

  #functionOf({ instruction, rd }: Decoded): number {
    const { needs, meaning } = instruction;
    const { reads, writes } = registerUse(meaning);
    if (needs !== undefined && !this.#profile.features.has(needs)) return TABLE.slow;
    // r0 cannot be both the constant 0 and the place for a result that nobody wants.
    if (rd === 0 && writes.has("rd") && reads.has("rd")) return TABLE.slow;
    return this.#functions.get(instruction) ?? TABLE.slow;
  }

  #writeOperands(op: number, decoded: Decoded): void {
    const { instruction, rd, rj, rk, immediates } = decoded;
    const state = this.#state;
    const isDiscarded = rd === 0 && registerUse(instruction.meaning).writes.has("rd");
    state.setInt32(op + OP.rd, isDiscarded ? DISCARD : 8 * rd, true);
    state.setInt32(op + OP.rj, 8 * rj, true);
    state.setInt32(op + OP.rk, 8 * rk, true);
    state.setBigUint64(op + OP.first, immediates[0] ?? 0n, true);
    state.setInt32(op + OP.second, Number(BigInt.asIntN(32, immediates[1] ?? 0n)), true);
    const { floatReads, floatWrites, flagReads, flagWrites } = registerUse(instruction.meaning);
    for (const field of [...floatReads, ...floatWrites]) {
      state.setInt32(op + FP_PLACES[field], FP.registers + 8 * decoded[field], true);
    }
    for (const field of [...flagReads, ...flagWrites]) {
      state.setInt32(op + FP_PLACES[field], FP.flags + decoded[field], true);
    }
  }
}
