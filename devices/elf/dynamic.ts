/**
 * What a position-independent executable wants done once its address is known.
 *
 * @module
 */
import type { FileSegment } from "./executable.ts";
import { UndefinedSymbols } from "./undefined.ts";
import { type ElfReader, hex } from "./reader.ts";
import { describeRelocation } from "./relocations.ts";
import type { Contents } from "./sections.ts";
import { readSymbolEntry, SPECIAL_SECTION, type SymbolEntry } from "./symbols.ts";

/** Tags of the dynamic section that matter here. */
const TAG = {
  end: 0n,
  needed: 1n,
  jumpSize: 2n,
  strings: 5n,
  symbols: 6n,
  rela: 7n,
  relaSize: 8n,
  stringsSize: 10n,
  rel: 17n,
  jumps: 23n,
  relativeSize: 35n,
  relative: 36n,
} as const;

const ENTRY_SIZE = 16;
const RELA_SIZE = 24;
const SYMBOL_SIZE = 24n;
const TYPE = { none: 0, absolute32: 1, absolute64: 2, relative: 3, jumpSlot: 5 } as const;

/** Where the program goes, and what its undefined symbols are. */
interface Binding {
  readonly bias: bigint;
  readonly symbols: ReadonlyMap<string, bigint>;
}

/** An entry of the dynamic section. */
interface Entry {
  readonly at: number;
  readonly value: bigint;
}

/**
 * Applies the dynamic relocations; the bytes of the segments returned are copies where they changed.
 *
 * @throws {ElfError} if the section is broken, asks for a shared library, or has a relocation that only a dynamic linker can do
 */
export function applyDynamic(
  reader: ElfReader,
  section: { readonly start: number; readonly size: number },
  segments: readonly FileSegment[],
  binding: Binding,
): FileSegment[] {
  const entries = readEntries(reader, section.start, section.size);
  refuse(reader, entries, TAG.needed, "names a shared library; only static executables can be loaded");
  refuse(reader, entries, TAG.rel, "has relocations without addends, which LoongArch does not have");
  return new DynamicRelocator(reader, entries, segments, binding).run();
}

function readEntries(reader: ElfReader, start: number, size: number): ReadonlyMap<bigint, Entry> {
  const entries = new Map<bigint, Entry>();
  for (let at = start; at + ENTRY_SIZE <= start + size; at += ENTRY_SIZE) {
    const tag = reader.u64(at);
    if (tag === TAG.end) break;
    if (!entries.has(tag)) entries.set(tag, { at: at + 8, value: reader.u64(at + 8) });
  }
  return entries;
}

function refuse(reader: ElfReader, entries: ReadonlyMap<bigint, Entry>, tag: bigint, reason: string): void {
  const found = entries.get(tag);
  if (found !== undefined) throw reader.error("the dynamic section", found.at, found.value, reason);
}

class DynamicRelocator {
  readonly #reader: ElfReader;
  readonly #entries: ReadonlyMap<bigint, Entry>;
  readonly #original: readonly FileSegment[];
  readonly #binding: Binding;
  readonly #undefined: UndefinedSymbols;
  /** Copies of the bytes of segments that changed, by index. */
  readonly #changed = new Map<number, Uint8Array>();

  constructor(
    reader: ElfReader,
    entries: ReadonlyMap<bigint, Entry>,
    segments: readonly FileSegment[],
    binding: Binding,
  ) {
    this.#reader = reader;
    this.#entries = entries;
    this.#original = segments;
    this.#binding = binding;
    this.#undefined = new UndefinedSymbols();
  }

  run(): FileSegment[] {
    this.#applyTable(TAG.rela, TAG.relaSize, "the relocations");
    this.#applyTable(TAG.jumps, TAG.jumpSize, "the relocations of calls");
    this.#applyRelative();
    this.#undefined.check();
    return this.#original.map((s, i) => ({ ...s, bytes: this.#changed.get(i) ?? s.bytes }));
  }

  /** A table that two entries describe; undefined if there is none. */
  #table(tag: bigint, sizeTag: bigint, what: string): Contents | undefined {
    const start = this.#entries.get(tag);
    const size = this.#entries.get(sizeTag);
    if (start === undefined || size === undefined || size.value === 0n) return undefined;
    const segment = this.#original.find((s) =>
      start.value >= s.virtualAddress &&
      start.value + size.value <= s.virtualAddress + BigInt(s.bytes.length)
    );
    if (segment === undefined) {
      throw this.#reader.error(
        `the address of ${what}`,
        start.at,
        start.value,
        `with a size of ${hex(size.value)} is not in one segment`,
      );
    }
    return {
      offset: segment.fileOffset + Number(start.value - segment.virtualAddress),
      size: Number(size.value),
    };
  }

  #applyTable(tag: bigint, sizeTag: bigint, what: string): void {
    const table = this.#table(tag, sizeTag, what);
    if (table === undefined) return;
    for (let i = 0; i + RELA_SIZE <= table.size; i += RELA_SIZE) this.#apply(table.offset + i);
  }

  #apply(at: number): void {
    const reader = this.#reader;
    const place = reader.u64(at);
    const type = reader.u32(at + 8);
    const symbol = reader.u32(at + 12);
    const addend = reader.u64(at + 16);
    if (type === TYPE.none) return;
    if (type === TYPE.relative) return this.#write(at, place, 8, addend + this.#binding.bias);
    if (type === TYPE.absolute64 || type === TYPE.jumpSlot || type === TYPE.absolute32) {
      const value = this.#symbolValue(at, symbol) + addend;
      return this.#write(at, place, type === TYPE.absolute32 ? 4 : 8, value);
    }
    throw reader.error(
      "the type of a relocation",
      at + 8,
      type,
      `is ${describeRelocation(type)}, which only a dynamic linker can do`,
    );
  }

  /** Packed relative relocations: an address, then bitmaps of the 63 words behind it. */
  #applyRelative(): void {
    const table = this.#table(TAG.relative, TAG.relativeSize, "the packed relocations");
    if (table === undefined) return;
    let next = 0n;
    for (let at = table.offset; at + 8 <= table.offset + table.size; at += 8) {
      const word = this.#reader.u64(at);
      if ((word & 1n) === 0n) {
        this.#addBias(at, word);
        next = word + 8n;
        continue;
      }
      for (let bit = 1n; bit < 64n; bit++) {
        if ((word >> bit & 1n) !== 0n) this.#addBias(at, next + (bit - 1n) * 8n);
      }
      next += 63n * 8n;
    }
  }

  #addBias(at: number, place: bigint): void {
    const { view, offset } = this.#place(at, place, 8);
    view.setBigUint64(offset, BigInt.asUintN(64, view.getBigUint64(offset, true) + this.#binding.bias), true);
  }

  #write(at: number, place: bigint, bytes: 4 | 8, value: bigint): void {
    const { view, offset } = this.#place(at, place, bytes);
    if (bytes === 8) return view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    const word = BigInt.asUintN(64, value);
    if (word >> 32n !== 0n && BigInt.asUintN(64, BigInt.asIntN(32, word)) !== word) {
      throw this.#reader.error("a relocation", at, word, "is above what 32 bits can hold");
    }
    view.setUint32(offset, Number(word & 0xffffffffn), true);
  }

  #place(at: number, place: bigint, bytes: number): { view: DataView; offset: number } {
    const index = this.#original.findIndex((s) =>
      place >= s.virtualAddress && place + BigInt(bytes) <= s.virtualAddress + BigInt(s.bytes.length)
    );
    const segment = this.#original[index];
    if (segment === undefined) {
      throw this.#reader.error(
        "the place of a relocation",
        at,
        place,
        "is outside the bytes of all segments",
      );
    }
    const copy = this.#changed.get(index) ?? segment.bytes.slice();
    this.#changed.set(index, copy);
    return {
      view: new DataView(copy.buffer, copy.byteOffset, copy.byteLength),
      offset: Number(place - segment.virtualAddress),
    };
  }

  #symbolValue(at: number, index: number): bigint {
    if (index === 0) return 0n;
    const symbol = this.#symbol(at, index);
    if (symbol.section === SPECIAL_SECTION.absolute) return symbol.value;
    if (symbol.section !== SPECIAL_SECTION.none) return symbol.value + this.#binding.bias;
    const given = this.#binding.symbols.get(symbol.name);
    if (given !== undefined) return given;
    if (symbol.binding !== "weak") this.#undefined.add(this.#reader, symbol, "a dynamic relocation", at);
    return 0n;
  }

  #symbol(at: number, index: number): SymbolEntry {
    const table = this.#entries.get(TAG.symbols);
    const strings = this.#table(TAG.strings, TAG.stringsSize, "the names of symbols");
    const segment = table && this.#original.find((s) => {
      const end = table.value + (BigInt(index) + 1n) * SYMBOL_SIZE;
      return table.value >= s.virtualAddress && end <= s.virtualAddress + BigInt(s.bytes.length);
    });
    if (table === undefined || strings === undefined || segment === undefined) {
      throw this.#reader.error("the symbol of a relocation", at + 12, index, "is not in the symbol table");
    }
    const start = segment.fileOffset + Number(table.value - segment.virtualAddress);
    return readSymbolEntry(this.#reader, index, start + index * Number(SYMBOL_SIZE), strings);
  }
}
