/**
 * What comes out of the assembler: bytes at addresses, symbols, and the way back from an address to the source.
 *
 * @module
 */

import type { MacroCall } from "./places.ts";

/** A statement of the source. */
export interface SourceLine {
  /** Line, from 1. */
  readonly line: number;
  /** Column of the statement's first token behind its labels, from 1, in UTF-16 units. */
  readonly column: number;
  /** The statement without labels and comment, and with the values of a macro's parameters. */
  readonly text: string;
  /** Only where it is not the source itself but a file that was included, or that a line marker names. */
  readonly file?: string;
  /** Only of a statement that macros made: where they were called, the innermost first. Line and column are in a body. */
  readonly calls?: readonly MacroCall[];
}

/** Bytes of one section. */
export interface Segment {
  /** Name of the section, as in `.text`. */
  readonly name: string;
  /** Address of the first byte. */
  readonly address: bigint;
  /** Never empty. */
  readonly bytes: Uint8Array;
}

/** A place named by a label. */
export interface LabelOffset {
  readonly name: string;
  /** Bytes from the label. */
  readonly offset: bigint;
}

/** An assembled source. All addresses are in [0, 2^64). */
export interface Program {
  /** Sections that have bytes, in the order of the layout; `.bss` as zeros. */
  readonly segments: readonly Segment[];
  /** Labels and assigned symbols; not numbered labels such as `1:`. A negative number is its 64-bit two's complement. */
  readonly symbols: ReadonlyMap<string, bigint>;
  /** Names declared by `.globl`, `.global` and `.weak`. */
  readonly globals: ReadonlySet<string>;
  /** Address of `_start` if there is such a label, else of the first section with bytes, else the origin. */
  readonly entry: bigint;
  /** What `.warning` and `.print` say, with place, in the order of the source. */
  readonly notes: readonly string[];
  /** The statement that put the byte at an address there. */
  lineAt(address: bigint): SourceLine | undefined;
  /** The nearest label at or before an address in the same segment. Where several coincide, a global one is taken. */
  symbolAt(address: bigint): LabelOffset | undefined;
}

/** Something at an address. */
export interface At<T> {
  readonly address: bigint;
  readonly item: T;
}

/** A segment with what is needed to find the way back. Both lists are in the order of addresses. */
export interface SegmentMap extends Segment {
  readonly lines: readonly At<SourceLine>[];
  readonly labels: readonly At<string>[];
}

/** The last of a sorted list at or before an address. */
function lastAt<T>(list: readonly At<T>[], address: bigint): At<T> | undefined {
  let low = 0;
  let high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = list[middle];
    if (entry !== undefined && entry.address <= address) low = middle + 1;
    else high = middle;
  }
  return list[low - 1];
}

/** Makes a program of its parts. */
export function makeProgram(
  maps: readonly SegmentMap[],
  parts: Pick<Program, "symbols" | "globals" | "entry" | "notes">,
): Program {
  const holding = (address: bigint) =>
    maps.find((map) => address >= map.address && address < map.address + BigInt(map.bytes.length));
  // An address just behind a segment is where its last label may be, and a return address after a final call.
  const endingAt = (address: bigint) =>
    maps.find((map) => address === map.address + BigInt(map.bytes.length));
  return {
    ...parts,
    segments: maps.map(({ name, address, bytes }) => ({ name, address, bytes })),
    lineAt: (address) => lastAt(holding(address)?.lines ?? [], address)?.item,
    symbolAt: (address) => {
      const label = lastAt((holding(address) ?? endingAt(address))?.labels ?? [], address);
      return label && { name: label.item, offset: address - label.address };
    },
  };
}
