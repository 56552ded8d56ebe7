/**
 * The symbol table of an ELF file, for reports and traces.
 *
 * @module
 */
import type { ElfReader } from "./elf_reader.ts";

/** A named place. */
export interface ElfSymbol {
  readonly name: string;
  /** Physical. */
  readonly address: bigint;
  readonly isGlobal: boolean;
}

const SECTION_HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const SYMBOL_TABLE = 2;
const STRING_TABLE = 3;
/** Types that name a place: no type, object, function. */
const LAST_PLACE_TYPE = 2;
const UNDEFINED = 0;
const FIRST_RESERVED_SECTION = 0xff00;
const LONGEST_NAME = 4096;

interface Table {
  readonly offset: number;
  readonly size: number;
  readonly link: number;
}

/**
 * The places that the first symbol table names, sorted by address; none if there is no table.
 *
 * @param mask applied to every address
 * @throws {ElfError} if the section headers or the table are broken
 */
export function readSymbols(reader: ElfReader, mask: bigint): ElfSymbol[] {
  const sections = readSections(reader);
  const table = sections.find((s) => s.type === SYMBOL_TABLE);
  if (table === undefined) return [];
  const { offset, size, link } = contents(reader, table, "the symbol table");
  reader.expect(
    "the size of a symbol",
    table.at + 0x38,
    Number(reader.u64(table.at + 0x38)),
    SYMBOL_SIZE,
    "that of ELF64",
  );
  const strings = sections[link];
  if (strings?.type !== STRING_TABLE) {
    throw reader.error("the link of the symbol table", table.at + 0x28, link, "is no string table");
  }
  const names = contents(reader, strings, "the string table");
  const symbols: ElfSymbol[] = [];
  for (let at = offset; at + SYMBOL_SIZE <= offset + size; at += SYMBOL_SIZE) {
    const symbol = readSymbol(reader, at, names, mask);
    if (symbol !== undefined) symbols.push(symbol);
  }
  // Of those at one place the last is found, and a global one is the better name.
  return symbols.sort((a, b) =>
    a.address === b.address ? Number(a.isGlobal) - Number(b.isGlobal) : a.address < b.address ? -1 : 1
  );
}

interface SectionHeader {
  /** Offset of the header. */
  readonly at: number;
  readonly type: number;
}

function readSections(reader: ElfReader): SectionHeader[] {
  const table = reader.offset(0x28, "the section header table");
  const count = reader.u16(0x3c);
  if (table === 0 || count === 0) return [];
  reader.expect("the size of a section header", 0x3a, reader.u16(0x3a), SECTION_HEADER_SIZE, "that of ELF64");
  reader.require(table, count * SECTION_HEADER_SIZE, `the ${count} section headers`);
  return Array.from({ length: count }, (_, i) => {
    const at = table + i * SECTION_HEADER_SIZE;
    return { at, type: reader.u32(at + 4) };
  });
}

function contents(reader: ElfReader, { at }: SectionHeader, what: string): Table {
  const offset = reader.offset(at + 0x18, what);
  const size = reader.u64(at + 0x20);
  reader.require(offset, size, what);
  return { offset, size: Number(size), link: reader.u32(at + 0x28) };
}

function readSymbol(reader: ElfReader, at: number, names: Table, mask: bigint): ElfSymbol | undefined {
  const info = reader.u8(at + 4);
  const section = reader.u16(at + 6);
  if ((info & 0xf) > LAST_PLACE_TYPE || section === UNDEFINED || section >= FIRST_RESERVED_SECTION) {
    return undefined;
  }
  const name = readName(reader, at, names);
  // Assemblers leave labels of their own, which name nothing that a reader wrote.
  if (name === "" || name.startsWith(".L")) return undefined;
  return { name, address: reader.u64(at + 8) & mask, isGlobal: info >> 4 !== 0 };
}

function readName(reader: ElfReader, at: number, names: Table): string {
  const start = reader.u32(at);
  const bytes = reader.bytes(names.offset, names.size).subarray(start, start + LONGEST_NAME);
  const end = bytes.indexOf(0);
  if (end < 0) {
    throw reader.error(
      "the name of a symbol",
      at,
      start,
      `does not end in the string table, which has ${names.size} bytes`,
    );
  }
  return new TextDecoder().decode(bytes.subarray(0, end));
}

/** A look-up of the last symbol at or before an address, but not before `from`. */
export function symbolFinder(
  sorted: readonly ElfSymbol[],
): (address: bigint, from: bigint) => { readonly name: string; readonly offset: bigint } | undefined {
  return (address, from) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      const symbol = sorted[middle];
      if (symbol !== undefined && symbol.address <= address) low = middle + 1;
      else high = middle;
    }
    const found = sorted[low - 1];
    if (found === undefined || found.address < from) return undefined;
    return { name: found.name, offset: address - found.address };
  };
}
