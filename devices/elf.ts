/**
 * Static ELF executables: what to load where. Everything is checked before it is believed.
 *
 * @module
 */
import { type ElfSymbol, readSymbols, symbolFinder } from "./elf_symbols.ts";
import { ElfReader, hex } from "./elf_reader.ts";
import type { LoadableProgram, LoadableSegment } from "./load.ts";

export { ElfError } from "./elf_reader.ts";

/** A loadable segment of an ELF file. */
export interface ElfSegment extends LoadableSegment {
  /** May hold instructions. */
  readonly executable: boolean;
  /** Bytes in memory. */
  readonly size: bigint;
  /** Offset of its program header in the file. */
  readonly headerOffset: number;
}

/** A static executable. Addresses are physical. */
export interface ElfProgram extends LoadableProgram {
  /** In the order of the file; no two overlap. */
  readonly segments: readonly ElfSegment[];
  /** Functions, objects and labels of the symbol table, sorted by address. Empty for a stripped file. */
  readonly symbols: readonly ElfSymbol[];
  /** The nearest symbol at or before an address (physical, or in a direct mapping window) in the same segment. */
  symbolAt(address: bigint): { readonly name: string; readonly offset: bigint } | undefined;
}

const HEADER_SIZE = 64;
const PROGRAM_HEADER_SIZE = 56;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const CURRENT_VERSION = 1;
const EXECUTABLE = 2;
const LOONGARCH = 258;
const SEGMENT = { load: 1, interpreter: 3 } as const;
const FLAG_EXECUTABLE = 1;
/** Addresses in the kernel's windows become physical by dropping the upper bits, as in QEMU (VM-IMG-03). */
const PHYSICAL_MASK = (1n << 48n) - 1n;

const FILE_TYPES: Readonly<Record<number, string>> = {
  0: "no type",
  1: "an object file, which is not linked yet",
  3: "a shared object or position-independent executable",
  4: "a core dump",
};

/** True if the file begins as ELF files do, whatever the rest is. */
export function isElf(file: Uint8Array): boolean {
  return file.length >= 4 && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

/**
 * Reads a static LoongArch64 executable. Segments go to their physical addresses, masked to 48 bits, as the entry is.
 *
 * @throws {ElfError} if the file is anything else, truncated, or contradicts itself
 */
export function parseElf(file: Uint8Array): ElfProgram {
  const reader = new ElfReader(file);
  checkIdentification(reader, file);
  const segments = readSegments(reader);
  checkOverlaps(reader, segments);
  const entry = reader.u64(0x18) & PHYSICAL_MASK;
  if (segmentAt(segments, entry)?.executable !== true || entry % 4n !== 0n) {
    throw reader.error("the entry", 0x18, entry, "must be a multiple of 4 in an executable segment");
  }
  const symbols = readSymbols(reader, PHYSICAL_MASK);
  const find = symbolFinder(symbols);
  return {
    segments,
    entry,
    symbols,
    symbolAt: (address) => {
      const physical = address & PHYSICAL_MASK;
      const segment = segmentAt(segments, physical);
      return segment && find(physical, segment.address);
    },
  };
}

function checkIdentification(reader: ElfReader, file: Uint8Array): void {
  if (!isElf(file)) throw reader.error("the magic number", 0, reader.u32(0), "is not that of ELF");
  reader.require(0, HEADER_SIZE, "the ELF header");
  reader.expect("the class", 4, reader.u8(4), CLASS_64, "64-bit");
  reader.expect("the byte order", 5, reader.u8(5), LITTLE_ENDIAN, "little endian");
  reader.expect("the version", 6, reader.u8(6), CURRENT_VERSION, "the current one");
  reader.expect("the machine", 0x12, reader.u16(0x12), LOONGARCH, "LoongArch");
  const type = reader.u16(0x10);
  const known = FILE_TYPES[type];
  if (type !== EXECUTABLE) {
    throw reader.error(
      "the file type",
      0x10,
      type,
      `${known ? `is ${known}, it ` : ""}must be ${EXECUTABLE}, a static executable`,
    );
  }
}

function readSegments(reader: ElfReader): ElfSegment[] {
  const count = reader.u16(0x38);
  const table = reader.offset(0x20, "the program header table");
  if (count === 0) throw reader.error("the number of program headers", 0x38, count, "leaves nothing to load");
  reader.expect("the size of a program header", 0x36, reader.u16(0x36), PROGRAM_HEADER_SIZE, "that of ELF64");
  reader.require(table, count * PROGRAM_HEADER_SIZE, `the ${count} program headers`);
  const segments: ElfSegment[] = [];
  for (let i = 0; i < count; i++) {
    const segment = readSegment(reader, table + i * PROGRAM_HEADER_SIZE, i);
    if (segment !== undefined) segments.push(segment);
  }
  return segments;
}

function readSegment(reader: ElfReader, at: number, index: number): ElfSegment | undefined {
  const type = reader.u32(at);
  if (type === SEGMENT.interpreter) {
    throw reader.error(
      "a program header",
      at,
      type,
      "asks for a dynamic linker; only static executables can be loaded",
    );
  }
  const size = reader.u64(at + 0x28);
  if (type !== SEGMENT.load || size === 0n) return undefined;
  const name = `segment ${index}`;
  const fileSize = reader.u64(at + 0x20);
  if (fileSize > size) {
    throw reader.error(
      `the file size of ${name}`,
      at + 0x20,
      fileSize,
      `exceeds its size in memory, ${hex(size)}`,
    );
  }
  const start = reader.offset(at + 0x08, name);
  reader.require(start, fileSize, name);
  const address = reader.u64(at + 0x18) & PHYSICAL_MASK;
  if (address + size > PHYSICAL_MASK + 1n) {
    throw reader.error(
      `the size of ${name}`,
      at + 0x28,
      size,
      `ends behind the physical addresses; it starts at ${hex(address)}`,
    );
  }
  return {
    name,
    address,
    bytes: reader.bytes(start, Number(fileSize)),
    size,
    headerOffset: at,
    executable: (reader.u32(at + 0x04) & FLAG_EXECUTABLE) !== 0,
  };
}

function checkOverlaps(reader: ElfReader, segments: readonly ElfSegment[]): void {
  const sorted = [...segments].sort((a, b) => a.address < b.address ? -1 : 1);
  sorted.forEach((segment, i) => {
    const before = sorted[i - 1];
    if (before === undefined || before.address + before.size <= segment.address) return;
    throw reader.error(
      `the address of ${segment.name}`,
      segment.headerOffset + 0x18,
      segment.address,
      `overlaps ${before.name}, which takes ${hex(before.address)} to ${
        hex(before.address + before.size - 1n)
      }`,
    );
  });
}

function segmentAt(segments: readonly ElfSegment[], address: bigint): ElfSegment | undefined {
  return segments.find((s) => address >= s.address && address < s.address + s.size);
}
