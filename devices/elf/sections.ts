/**
 * The section header table.
 *
 * @module
 */
import type { ElfReader } from "./reader.ts";

/** Section types that matter here. */
export const SECTION = {
  none: 0,
  symbolTable: 2,
  stringTable: 3,
  rela: 4,
  zeros: 8,
  rel: 9,
  dynamicSymbols: 11,
  group: 17,
  manySections: 18,
  crel: 0x40000014,
} as const;

/** Section flags that matter here. */
export const FLAG = { write: 1n, allocate: 2n, execute: 4n, compressed: 0x800n, thread: 0x400n } as const;

const SECTION_HEADER_SIZE = 64;
const LONGEST_NAME = 4096;

/** A section header; its numbers are not checked yet. */
export interface SectionHeader {
  readonly index: number;
  /** Offset of the header in the file. */
  readonly at: number;
  /** `section 3` if the file has no names. */
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly address: bigint;
  readonly size: bigint;
  readonly link: number;
  readonly info: number;
}

/** A part of the file. */
export interface Contents {
  readonly offset: number;
  readonly size: number;
}

/**
 * All section headers, the empty one at 0 included; none if the file has no table.
 *
 * @throws {ElfError} if the table is not in the file, or a name not in the table of names
 */
export function readSections(reader: ElfReader): SectionHeader[] {
  const table = reader.offset(0x28, "the section header table");
  const count = reader.u16(0x3c);
  if (table === 0 || count === 0) return [];
  reader.expect("the size of a section header", 0x3a, reader.u16(0x3a), SECTION_HEADER_SIZE, "that of ELF64");
  reader.require(table, count * SECTION_HEADER_SIZE, `the ${count} section headers`);
  const names = readNames(reader, table, count);
  return Array.from({ length: count }, (_, index) => {
    const at = table + index * SECTION_HEADER_SIZE;
    return {
      index,
      at,
      name: names && index > 0 ? readString(reader, at, names, "the name of a section") : `section ${index}`,
      type: reader.u32(at + 0x04),
      flags: reader.u64(at + 0x08),
      address: reader.u64(at + 0x10),
      size: reader.u64(at + 0x20),
      link: reader.u32(at + 0x28),
      info: reader.u32(at + 0x2c),
    };
  });
}

function readNames(reader: ElfReader, table: number, count: number): Contents | undefined {
  const index = reader.u16(0x3e);
  if (index === 0) return undefined;
  const at = table + index * SECTION_HEADER_SIZE;
  if (index >= count || reader.u32(at + 4) !== SECTION.stringTable) {
    throw reader.error(
      "the section of section names",
      0x3e,
      index,
      `is no string table; there are ${count} sections`,
    );
  }
  return contentsAt(reader, at, "the section names");
}

/**
 * Where the contents of a section are in the file. Not for sections of zeros.
 *
 * @throws {ElfError} if they are not in the file
 */
export function sectionContents(reader: ElfReader, { at }: SectionHeader, what: string): Contents {
  return contentsAt(reader, at, what);
}

function contentsAt(reader: ElfReader, at: number, what: string): Contents {
  const offset = reader.offset(at + 0x18, what);
  const size = reader.u64(at + 0x20);
  reader.require(offset, size, what);
  return { offset, size: Number(size) };
}

/**
 * The string that a field at `at` names by its offset in a string table.
 *
 * @throws {ElfError} if it does not end in the table
 */
export function readString(reader: ElfReader, at: number, strings: Contents, what: string): string {
  const start = reader.u32(at);
  const bytes = reader.bytes(strings.offset, strings.size).subarray(start, start + LONGEST_NAME);
  const end = bytes.indexOf(0);
  if (end < 0) {
    throw reader.error(
      what,
      at,
      start,
      `does not end in the string table, which has ${strings.size} bytes`,
    );
  }
  return new TextDecoder().decode(bytes.subarray(0, end));
}
