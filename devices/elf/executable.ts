/**
 * Static executables, linked to fixed addresses or to any. Everything is checked before it is believed.
 *
 * @module
 */
import { applyDynamic } from "./dynamic.ts";
import type { ElfKind } from "./header.ts";
import {
  DEFAULT_BASE,
  type ElfOptions,
  type ElfProgram,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
  makeProgram,
  PHYSICAL_MASK,
  segmentAt,
} from "./program.ts";
import { checkDisjoint, type ElfReader, hex } from "./reader.ts";
import { FLAG, readSections, SECTION, sectionContents, type SectionHeader } from "./sections.ts";
import { constantsOf, isPlaceName, readSymbolTable, SPECIAL_SECTION, type SymbolEntry } from "./symbols.ts";

/** A segment with what the file says of it. */
export interface FileSegment extends ElfSegment {
  /** Offset of its program header in the file. */
  readonly headerOffset: number;
  /** Offset of its bytes in the file. */
  readonly fileOffset: number;
  /** The address in the file: what its own symbols and relocations speak of. */
  readonly virtualAddress: bigint;
}

/** The segments of a file, and what its addresses grow by. */
interface Loaded {
  readonly segments: readonly FileSegment[];
  readonly bias: bigint;
}

const PROGRAM_HEADER_SIZE = 56;
const SEGMENT = { load: 1, dynamic: 2, interpreter: 3 } as const;
const FLAG_EXECUTABLE = 1;
/** Linkers make a handful. */
const MOST_SEGMENTS = 256;

/**
 * Reads a static LoongArch64 executable. Segments go to their physical addresses, masked to 48 bits, as the entry is; those of a
 * position-independent one behind the base.
 *
 * @throws {ElfError} if the file is truncated, contradicts itself, or needs a dynamic linker
 */
export function readExecutable(
  reader: ElfReader,
  kind: Exclude<ElfKind, "object">,
  options: ElfOptions,
): ElfProgram {
  const headers = readProgramHeaders(reader);
  const loaded = kind === "executable"
    ? readFixed(reader, headers, options)
    : readIndependent(reader, headers, options);
  const sections = readSections(reader);
  const entries = readSymbolTable(reader, sections);
  const program = makeProgram({
    kind,
    segments: loaded.segments,
    sections: sections.flatMap((s) => loadedSection(reader, s, loaded)),
    symbols: entries.flatMap((entry) => symbolOf(entry, loaded.bias)),
    constants: constantsOf(entries),
    entry: (reader.u64(0x18) + loaded.bias) & PHYSICAL_MASK,
  });
  return { ...program, entry: checkedEntry(reader, program, options.entry) };
}

/** An address of the file in the machine. */
function physical(address: bigint, bias: bigint): bigint {
  return (address + bias) & PHYSICAL_MASK;
}

function checkedEntry(reader: ElfReader, program: ElfProgram, name: string | undefined): bigint {
  const symbol = name === undefined ? undefined : program.symbol(name);
  if (name !== undefined && symbol === undefined) {
    throw reader.error("the entry", 0x18, program.entry, `cannot be ${name}: there is no such symbol`);
  }
  const entry = symbol?.address ?? program.entry;
  if (segmentAt(program.segments, entry)?.executable === true && entry % 4n === 0n) return entry;
  throw reader.error("the entry", 0x18, entry, "must be a multiple of 4 in an executable segment");
}

// Segments -----------------------------------------------------------------------------------------------------------

interface ProgramHeader {
  readonly index: number;
  readonly at: number;
  readonly type: number;
}

function readProgramHeaders(reader: ElfReader): ProgramHeader[] {
  const count = reader.u16(0x38);
  const table = reader.offset(0x20, "the program header table");
  if (count === 0) throw reader.error("the number of program headers", 0x38, count, "leaves nothing to load");
  reader.expect("the size of a program header", 0x36, reader.u16(0x36), PROGRAM_HEADER_SIZE, "that of ELF64");
  reader.require(table, count * PROGRAM_HEADER_SIZE, `the ${count} program headers`);
  const headers = Array.from({ length: count }, (_, index) => {
    const at = table + index * PROGRAM_HEADER_SIZE;
    return { index, at, type: reader.u32(at) };
  });
  const interpreter = headers.find((h) => h.type === SEGMENT.interpreter);
  if (interpreter !== undefined) {
    throw reader.error(
      "a program header",
      interpreter.at,
      interpreter.type,
      "asks for a dynamic linker; only static executables can be loaded",
    );
  }
  return headers;
}

function readFixed(reader: ElfReader, headers: readonly ProgramHeader[], { base }: ElfOptions): Loaded {
  if (base !== undefined) {
    throw reader.error(
      "the file type",
      0x10,
      reader.u16(0x10),
      `is an executable, which has its own addresses: it cannot go to ${hex(base)}`,
    );
  }
  const segments = loadable(reader, headers).map((header) =>
    readSegment(reader, header, reader.u64(header.at + 0x18))
  );
  checkOverlaps(reader, segments);
  return { segments, bias: 0n };
}

function readIndependent(
  reader: ElfReader,
  headers: readonly ProgramHeader[],
  { base = DEFAULT_BASE, symbols = new Map() }: ElfOptions,
): Loaded {
  const loads = loadable(reader, headers);
  const addresses = loads.map((h) => reader.u64(h.at + 0x10));
  const lowest = addresses.reduce((a, b) => a < b ? a : b, addresses[0] ?? 0n);
  const alignment = loads.map((h) => readAlignment(reader, h)).reduce((a, b) => a > b ? a : b, 4096n);
  if (base % alignment !== 0n) {
    throw reader.error(
      "the alignment of a segment",
      loads[0]?.at ?? 0,
      alignment,
      `cannot be kept at ${hex(base)}`,
    );
  }
  const bias = BigInt.asUintN(64, base - lowest / alignment * alignment);
  const segments = loads.map((header, i) => readSegment(reader, header, (addresses[i] ?? 0n) + bias));
  checkOverlaps(reader, segments);
  checkDisjoint(
    reader,
    segments.map((s) => ({
      name: s.name,
      at: s.headerOffset + 0x08,
      start: s.fileOffset,
      size: s.bytes.length,
    })),
  );
  const dynamic = headers.find((h) => h.type === SEGMENT.dynamic);
  if (dynamic === undefined) return { segments, bias };
  const start = reader.offset(dynamic.at + 0x08, "the dynamic section");
  const size = reader.u64(dynamic.at + 0x20);
  reader.require(start, size, "the dynamic section");
  return {
    segments: applyDynamic(reader, { start, size: Number(size) }, segments, { bias, symbols }),
    bias,
  };
}

function loadable(reader: ElfReader, headers: readonly ProgramHeader[]): ProgramHeader[] {
  const loads = headers.filter((h) => h.type === SEGMENT.load && reader.u64(h.at + 0x28) > 0n);
  if (loads.length <= MOST_SEGMENTS) return loads;
  throw reader.error(
    "the number of program headers",
    0x38,
    headers.length,
    `has ${loads.length} segments to load, at most ${MOST_SEGMENTS} are accepted`,
  );
}

function readAlignment(reader: ElfReader, { at, index }: ProgramHeader): bigint {
  const alignment = reader.u64(at + 0x30);
  if ((alignment & (alignment - 1n)) === 0n) return alignment;
  throw reader.error(`the alignment of segment ${index}`, at + 0x30, alignment, "must be a power of 2");
}

function readSegment(reader: ElfReader, { at, index }: ProgramHeader, address: bigint): FileSegment {
  const name = `segment ${index}`;
  const size = reader.u64(at + 0x28);
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
  const place = address & PHYSICAL_MASK;
  if (place + size > PHYSICAL_MASK + 1n) {
    throw reader.error(
      `the size of ${name}`,
      at + 0x28,
      size,
      `ends behind the physical addresses; it starts at ${hex(place)}`,
    );
  }
  return {
    name,
    address: place,
    bytes: reader.bytes(start, Number(fileSize)),
    size,
    headerOffset: at,
    fileOffset: start,
    virtualAddress: reader.u64(at + 0x10),
    executable: (reader.u32(at + 0x04) & FLAG_EXECUTABLE) !== 0,
  };
}

function checkOverlaps(reader: ElfReader, segments: readonly FileSegment[]): void {
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

// Sections and symbols -----------------------------------------------------------------------------------------------

const WITHOUT_MEANING: readonly number[] = [
  SECTION.none,
  SECTION.symbolTable,
  SECTION.stringTable,
  SECTION.rela,
];

function loadedSection(reader: ElfReader, header: SectionHeader, { segments, bias }: Loaded): ElfSection[] {
  const isLoaded = (header.flags & FLAG.allocate) !== 0n;
  if (!isLoaded && WITHOUT_MEANING.includes(header.type)) return [];
  const address = isLoaded ? physical(header.address, bias) : 0n;
  return [{
    name: header.name,
    address,
    size: header.size,
    isLoaded,
    isExecutable: (header.flags & FLAG.execute) !== 0n,
    isWritable: (header.flags & FLAG.write) !== 0n,
    contents: () => {
      if (header.type === SECTION.zeros) return new Uint8Array();
      const { offset, size } = sectionContents(reader, header, header.name);
      const segment = isLoaded ? segmentAt(segments, address) : undefined;
      // Of a loaded section the relocated bytes, which are the segment's.
      const start = segment && Number(address - segment.address);
      if (segment === undefined || start === undefined || start + size > segment.bytes.length) {
        return reader.bytes(offset, size);
      }
      return segment.bytes.subarray(start, start + size);
    },
  }];
}

function symbolOf(entry: SymbolEntry, bias: bigint): ElfSymbol[] {
  const { section, name, value, size } = entry;
  if (section === SPECIAL_SECTION.none || section >= SPECIAL_SECTION.first || !isPlaceName(entry)) return [];
  return [{
    name,
    address: physical(value, bias),
    linkAddress: BigInt.asUintN(64, value + bias),
    size,
    isGlobal: entry.binding !== "local",
  }];
}
