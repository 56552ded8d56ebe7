/**
 * Symbol tables.
 *
 * @module
 */
import type { ElfReader } from "./reader.ts";
import { type Contents, readString, SECTION, sectionContents, type SectionHeader } from "./sections.ts";

/** An entry of a symbol table, as it stands there. */
export interface SymbolEntry {
  /** In the table. */
  readonly index: number;
  /** Offset of the entry in the file. */
  readonly at: number;
  readonly name: string;
  readonly binding: "local" | "global" | "weak";
  readonly type: number;
  /** Index of its section, or one of {@linkcode SPECIAL_SECTION}. */
  readonly section: number;
  readonly value: bigint;
  readonly size: bigint;
}

/** Symbol types that matter here. */
export const SYMBOL_TYPE = { section: 3, file: 4, thread: 6, resolver: 10 } as const;

/** Indices that name no section. */
export const SPECIAL_SECTION = { none: 0, first: 0xff00, absolute: 0xfff1, common: 0xfff2 } as const;

const SYMBOL_SIZE = 24;
/** Types that name a place: no type, object, function. */
const LAST_PLACE_TYPE = 2;
const BINDINGS: Readonly<Record<number, SymbolEntry["binding"]>> = {
  0: "local",
  1: "global",
  2: "weak",
  // GNU: one in the whole program, so like a global one.
  10: "global",
};

/**
 * The entries of the symbol table, if there is one.
 *
 * @throws {ElfError} if the table or an entry is broken
 */
export function readSymbolTable(reader: ElfReader, sections: readonly SectionHeader[]): SymbolEntry[] {
  const table = sections.find((s) => s.type === SECTION.symbolTable);
  if (table === undefined) return [];
  const { offset, size } = sectionContents(reader, table, "the symbol table");
  const entrySize = reader.u64(table.at + 0x38);
  reader.expect("the size of a symbol", table.at + 0x38, entrySize, SYMBOL_SIZE, "that of ELF64");
  const strings = sections[table.link];
  if (strings?.type !== SECTION.stringTable) {
    throw reader.error("the link of the symbol table", table.at + 0x28, table.link, "is no string table");
  }
  const names = sectionContents(reader, strings, "the string table");
  return Array.from({ length: Math.floor(size / SYMBOL_SIZE) }, (_, index) => {
    return readSymbolEntry(reader, index, offset + index * SYMBOL_SIZE, names);
  });
}

/** The entry at `at`. */
export function readSymbolEntry(reader: ElfReader, index: number, at: number, names: Contents): SymbolEntry {
  const info = reader.u8(at + 4);
  const binding = BINDINGS[info >> 4];
  if (binding === undefined) {
    throw reader.error(
      `the binding of symbol ${index}`,
      at + 4,
      info >> 4,
      "is neither local, global nor weak",
    );
  }
  return {
    index,
    at,
    name: readString(reader, at, names, "the name of a symbol"),
    binding,
    type: info & 0xf,
    section: reader.u16(at + 6),
    value: reader.u64(at + 8),
    size: reader.u64(at + 16),
  };
}

/** True for what a reader of the source would know: assemblers leave labels of their own, which name nothing that was written. */
export function isPlaceName({ name, type }: SymbolEntry): boolean {
  return type <= LAST_PLACE_TYPE && name !== "" && !name.startsWith(".L");
}

/** Values of the absolute symbols. */
export function constantsOf(entries: readonly SymbolEntry[]): Map<string, bigint> {
  const absolute = entries.filter((e) => e.section === SPECIAL_SECTION.absolute && isPlaceName(e));
  return new Map(absolute.map((e) => [e.name, e.value]));
}
