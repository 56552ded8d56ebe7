/**
 * What is known of an ELF file once it can be loaded.
 *
 * @module
 */
import type { LoadableProgram, LoadableSegment } from "../load.ts";
import type { ElfKind } from "./header.ts";

/** How a file is to be read. */
export interface ElfOptions {
  /**
   * Address of the first byte of an object or a position-independent executable; 0x200000 by default. An object begins at the next
   * multiple of its alignment. The address may be in a direct mapping window, such as 0x9000000000200000: the code is made for it
   * and loaded at its lower 48 bits.
   */
  readonly base?: bigint;
  /** Addresses for what an object or a position-independent executable leaves undefined. */
  readonly symbols?: ReadonlyMap<string, bigint>;
  /**
   * The symbol to start at. By default the entry of the file; of objects, `_start` if there is one, else their first instruction.
   */
  readonly entry?: string;
  /** What messages call the file; "this ELF file" by default. */
  readonly name?: string;
}

/** A named place. */
export interface ElfSymbol {
  readonly name: string;
  /** Physical. */
  readonly address: bigint;
  /** The address that code was made for; differs from `address` in the upper 16 bits at most. */
  readonly linkAddress: bigint;
  /** In bytes; 0 if the file does not say. */
  readonly size: bigint;
  readonly isGlobal: boolean;
}

/** A part of the file as its compiler named it. */
export interface ElfSection {
  /** As in `.text`. */
  readonly name: string;
  /** Physical; 0 if the section is not loaded. */
  readonly address: bigint;
  /** In bytes, as loaded. */
  readonly size: bigint;
  /** False for what only tools read, such as `.debug_line`. */
  readonly isLoaded: boolean;
  readonly isExecutable: boolean;
  readonly isWritable: boolean;
  /**
   * The contents, relocated; empty for a section of zeros, such as `.bss`.
   *
   * @throws {ElfError} if the section is not loaded and its contents are broken
   */
  contents(): Uint8Array;
}

/** A part of the file that is loaded: a segment of an executable, a section of an object. */
export interface ElfSegment extends LoadableSegment {
  /** May hold instructions. */
  readonly executable: boolean;
  /** Bytes in memory. */
  readonly size: bigint;
}

/** A program without further needs. Addresses are physical. */
export interface ElfProgram extends LoadableProgram {
  readonly kind: ElfKind;
  /** No two overlap. */
  readonly segments: readonly ElfSegment[];
  /** In the order of the file; without those that only hold the file together, such as symbol tables. */
  readonly sections: readonly ElfSection[];
  /** Functions, objects and labels of the symbol table, sorted by address. Empty for a stripped file. */
  readonly symbols: readonly ElfSymbol[];
  /** Values of symbols that are no place, as `.set` and `.equ` make them. */
  readonly constants: ReadonlyMap<string, bigint>;
  /** The symbol of a name: a global one, or else the local one. Undefined if there is none, or several local ones. */
  symbol(name: string): ElfSymbol | undefined;
  /** The nearest symbol at or before an address (physical, or in a direct mapping window) in the same segment. */
  symbolAt(address: bigint): { readonly name: string; readonly offset: bigint } | undefined;
}

/** Where objects and position-independent executables go unless told otherwise: the kernel's place. */
export const DEFAULT_BASE = 0x200000n;

/** Addresses in the kernel's windows become physical by dropping the upper bits, as in QEMU (VM-IMG-03). */
export const PHYSICAL_MASK = (1n << 48n) - 1n;

/** A file's own words, from which {@linkcode makeProgram} makes a program. */
export interface ProgramParts {
  readonly kind: ElfKind;
  readonly segments: readonly ElfSegment[];
  readonly sections: readonly ElfSection[];
  readonly symbols: readonly ElfSymbol[];
  readonly constants: ReadonlyMap<string, bigint>;
  readonly entry: bigint;
}

/** Adds what can be looked up. */
export function makeProgram(parts: ProgramParts): ElfProgram {
  const { segments } = parts;
  // Of those at one place the last is found, and a global one is the better name.
  const symbols = [...parts.symbols].sort((a, b) =>
    a.address === b.address ? Number(a.isGlobal) - Number(b.isGlobal) : a.address < b.address ? -1 : 1
  );
  const named = symbolsByName(symbols);
  const find = symbolFinder(symbols);
  return {
    ...parts,
    symbols,
    symbol: (name) => named.get(name),
    symbolAt: (address) => {
      const physical = address & PHYSICAL_MASK;
      const segment = segmentAt(segments, physical);
      return segment && find(physical, segment.address);
    },
  };
}

/** The segment that has the byte at a physical address. */
export function segmentAt<T extends ElfSegment>(segments: readonly T[], address: bigint): T | undefined {
  return segments.find((s) => address >= s.address && address < s.address + s.size);
}

function symbolsByName(symbols: readonly ElfSymbol[]): Map<string, ElfSymbol | undefined> {
  const named = new Map<string, ElfSymbol | undefined>();
  for (const symbol of symbols) {
    // Files may each have a local symbol of one name; none of them is then meant by it.
    if (symbol.isGlobal || !named.has(symbol.name)) named.set(symbol.name, symbol);
    else if (named.get(symbol.name)?.isGlobal !== true) named.set(symbol.name, undefined);
  }
  return named;
}

/** A look-up of the last symbol at or before an address, but not before `from`. */
function symbolFinder(
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
