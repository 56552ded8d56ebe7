/**
 * Objects: what a compiler makes of one source, not linked yet.
 *
 * @module
 */
import { checkDisjoint, type ElfReader, hex } from "./reader.ts";
import { FLAG, readSections, SECTION, sectionContents, type SectionHeader } from "./sections.ts";
import { readSymbolTable, SPECIAL_SECTION, SYMBOL_TYPE, type SymbolEntry } from "./symbols.ts";

/** An entry of a relocation table. */
export interface Relocation {
  /** Offset of the entry in the file. */
  readonly at: number;
  /** Offset of the place in its section. */
  readonly offset: number;
  readonly type: number;
  /** Index of the symbol; 0 for none. */
  readonly symbol: number;
  /** Signed. */
  readonly addend: bigint;
}

/** A section that a program may need. */
export interface ObjectSection extends SectionHeader {
  readonly object: ObjectFile;
  /** A power of 2. */
  readonly alignment: bigint;
  /** As in the file; empty for a section of zeros. */
  readonly bytes: Uint8Array;
  readonly isLoaded: boolean;
  /** Relocation tables for this section. */
  readonly tables: readonly SectionHeader[];
}

/** Sections of which a program needs one copy only, whichever object has it. */
export interface SectionGroup {
  readonly signature: string;
  readonly members: readonly number[];
}

/** A parsed object. */
export interface ObjectFile {
  readonly reader: ElfReader;
  /** By index in the file; undefined for tables and the like. */
  readonly sections: ReadonlyMap<number, ObjectSection>;
  readonly symbols: readonly SymbolEntry[];
  readonly groups: readonly SectionGroup[];
}

const RELA_SIZE = 24;
const WITHOUT_CONTENTS: readonly number[] = [
  SECTION.none,
  SECTION.symbolTable,
  SECTION.stringTable,
  SECTION.rela,
  SECTION.group,
];
const ONE_COPY = 1;

/** Types that say that this file cannot be understood without more work. */
const REFUSED: Readonly<Record<number, string>> = {
  [SECTION.rel]: "has relocations without addends, which LoongArch does not have",
  [SECTION.manySections]: "extends section numbers above 65279, which is not supported",
  [SECTION.crel]: "has compressed relocations, which are not supported; compile without -crel",
};

/**
 * Reads an object.
 *
 * @throws {ElfError} if it is broken, or has something that is not supported
 */
export function readObject(reader: ElfReader): ObjectFile {
  const headers = readSections(reader);
  for (const header of headers) checkHeader(reader, header, headers.length);
  checkDisjoint(
    reader,
    headers.filter((h) => h.type !== SECTION.zeros && h.type !== SECTION.none).map((h) => {
      const { offset, size } = sectionContents(reader, h, h.name);
      return { name: h.name, at: h.at + 0x18, start: offset, size };
    }),
  );
  const symbols = readSymbolTable(reader, headers);
  const sections = new Map<number, ObjectSection>();
  const object: ObjectFile = { reader, sections, symbols, groups: readGroups(reader, headers, symbols) };
  const tables = Map.groupBy(headers.filter((h) => h.type === SECTION.rela), (h) => h.info);
  for (const header of headers) {
    if (WITHOUT_CONTENTS.includes(header.type)) continue;
    sections.set(header.index, readSection(object, header, tables.get(header.index) ?? []));
  }
  checkTables(reader, headers, sections);
  for (const symbol of symbols) checkSymbol(reader, symbol, headers.length);
  return object;
}

function checkHeader(reader: ElfReader, header: SectionHeader, count: number): void {
  const reason = REFUSED[header.type];
  if (reason !== undefined) {
    throw reader.error(`the type of ${header.name}`, header.at + 4, header.type, reason);
  }
  const isAllocated = (header.flags & FLAG.allocate) !== 0n;
  if (isAllocated && header.size > 0n && (header.flags & FLAG.thread) !== 0n) {
    throw reader.error(
      `the flags of ${header.name}`,
      header.at + 8,
      header.flags,
      "are those of thread-local storage, which a bare machine does not have",
    );
  }
  if (isAllocated && (header.flags & FLAG.compressed) !== 0n) {
    throw reader.error(
      `the flags of ${header.name}`,
      header.at + 8,
      header.flags,
      "are those of compressed data",
    );
  }
  if (header.type === SECTION.rela && header.info >= count) {
    throw reader.error(
      `the section that ${header.name} is for`,
      header.at + 0x2c,
      header.info,
      `does not exist; there are ${count}`,
    );
  }
}

function readSection(
  object: ObjectFile,
  header: SectionHeader,
  tables: readonly SectionHeader[],
): ObjectSection {
  const { reader } = object;
  const { at, name } = header;
  const written = reader.u64(at + 0x30);
  const alignment = written === 0n ? 1n : written;
  if ((alignment & (alignment - 1n)) !== 0n) {
    throw reader.error(`the alignment of ${name}`, at + 0x30, alignment, "must be a power of 2");
  }
  const isLoaded = (header.flags & FLAG.allocate) !== 0n;
  if (header.type === SECTION.zeros) {
    return { ...header, object, alignment, bytes: new Uint8Array(), isLoaded, tables };
  }
  const { offset, size } = sectionContents(reader, header, name);
  return { ...header, object, alignment, bytes: reader.bytes(offset, size), isLoaded, tables };
}

function checkTables(
  reader: ElfReader,
  headers: readonly SectionHeader[],
  sections: ReadonlyMap<number, ObjectSection>,
): void {
  for (const table of headers.filter((h) => h.type === SECTION.rela && h.size > 0n)) {
    if (headers[table.link]?.type !== SECTION.symbolTable) {
      throw reader.error(`the link of ${table.name}`, table.at + 0x28, table.link, "is no symbol table");
    }
    const target = sections.get(table.info);
    if (target === undefined || target.type === SECTION.zeros) {
      throw reader.error(
        `the section that ${table.name} is for`,
        table.at + 0x2c,
        table.info,
        "has nothing to relocate",
      );
    }
    reader.expect(
      `the size of an entry of ${table.name}`,
      table.at + 0x38,
      reader.u64(table.at + 0x38),
      RELA_SIZE,
      "that of ELF64",
    );
  }
}

function checkSymbol(reader: ElfReader, symbol: SymbolEntry, count: number): void {
  const { section, at, name, type, index } = symbol;
  if (section < count || type === SYMBOL_TYPE.file) return;
  if (section === SPECIAL_SECTION.absolute || section === SPECIAL_SECTION.common) return;
  throw reader.error(
    `the section of symbol ${index}${name === "" ? "" : ` (${name})`}`,
    at + 6,
    section,
    `does not exist; there are ${count}`,
  );
}

function readGroups(
  reader: ElfReader,
  headers: readonly SectionHeader[],
  symbols: readonly SymbolEntry[],
): SectionGroup[] {
  return headers.filter((h) => h.type === SECTION.group).flatMap((header) => {
    const { offset, size } = sectionContents(reader, header, header.name);
    const words = Array.from({ length: Math.floor(size / 4) }, (_, i) => reader.u32(offset + 4 * i));
    const [flags, ...members] = words;
    if (flags !== ONE_COPY) return [];
    const symbol = symbols[header.info];
    if (symbol === undefined) {
      throw reader.error(
        `the symbol of ${header.name}`,
        header.at + 0x2c,
        header.info,
        `does not exist; there are ${symbols.length}`,
      );
    }
    // A section symbol has no name of its own; its section's then is the signature.
    const owner = headers[symbol.section];
    const name = symbol.name === "" && owner !== undefined ? owner.name : symbol.name;
    return [{ signature: name, members }];
  });
}

/**
 * The relocations of a section, in the order of the file.
 *
 * @throws {ElfError} if one is for a place outside the section, or for a symbol that does not exist
 */
export function readRelocations(section: ObjectSection): Relocation[] {
  const { reader, symbols } = section.object;
  const relocations: Relocation[] = [];
  for (const table of section.tables) {
    const { offset: start, size } = sectionContents(reader, table, table.name);
    for (let at = start; at + RELA_SIZE <= start + size; at += RELA_SIZE) {
      const offset = reader.u64(at);
      if (offset > BigInt(section.bytes.length)) {
        throw reader.error(
          `the place of a relocation of ${section.name}`,
          at,
          offset,
          `is outside the section, which has ${hex(section.bytes.length)} bytes`,
        );
      }
      const symbol = reader.u32(at + 12);
      if (symbol >= symbols.length && symbol !== 0) {
        throw reader.error(
          `the symbol of a relocation of ${section.name}`,
          at + 12,
          symbol,
          `does not exist; there are ${symbols.length}`,
        );
      }
      const addend = BigInt.asIntN(64, reader.u64(at + 16));
      relocations.push({ at, offset: Number(offset), type: reader.u32(at + 8), symbol, addend });
    }
  }
  return relocations;
}
