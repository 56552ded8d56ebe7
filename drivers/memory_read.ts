/**
 * Memory in state files: words, or assembly text that is assembled when the file is read.
 *
 * @module
 */
import { assemble, AssemblyErrors, csrByName, CSRS, type Program } from "../core/mod.ts";
import type { JsonPlace } from "./json_place.ts";
import type { MemoryBlock } from "./state.ts";
import { blockRange, isRam, rangeText, STATE_RAM } from "./state_memory.ts";

/** Addresses by the labels of all `asm` blocks of a state. */
export type Labels = ReadonlyMap<string, bigint>;

/** What a state's memory is. */
export interface ReadMemory {
  readonly blocks: readonly MemoryBlock[];
  readonly labels: Labels;
}

const MOST_BLOCKS = 1024;
/** Of one block, in words: 16 MiB. */
const MOST_WORDS = 1 << 22;
const LONGEST_SOURCE = 1 << 20;

/**
 * Reads the list of blocks.
 *
 * @throws {StateFileError} for blocks that are misaligned, outside RAM, too large or in each other's way
 */
export function readMemory(place: JsonPlace): ReadMemory {
  const blocks: MemoryBlock[] = [];
  const labels = new Map<string, bigint>();
  for (const element of place.elements(MOST_BLOCKS)) {
    const block = readBlock(element, labels);
    checkPlace(element, block, blocks);
    blocks.push(block);
  }
  return { blocks, labels };
}

function checkPlace(place: JsonPlace, block: MemoryBlock, others: readonly MemoryBlock[]): void {
  const range = blockRange(block);
  if (!isRam(range)) {
    place.fail(`${rangeText(range)} is not all RAM, which is at ${STATE_RAM.map(rangeText).join(" and ")}`);
  }
  const other = others.map(blockRange).find((o) => range.start < o.end && o.start < range.end);
  if (other !== undefined) place.fail(`${rangeText(range)} overlaps the block at ${rangeText(other)}`);
}

function readBlock(place: JsonPlace, labels: Map<string, bigint>): MemoryBlock {
  const f = place.fields(["at", "words", "asm"]);
  const where = f.at ?? place.fail('"at" is missing');
  const at = Number(where.hex(48));
  if (at % 4 !== 0) return where.fail(`0x${at.toString(16)} is no multiple of 4`);
  if (f.words !== undefined && f.asm !== undefined) {
    return f.asm.fail('"words" is given as well: a block has one of them');
  }
  if (f.asm !== undefined) return { at, words: assembleWords(f.asm, at, labels) };
  const words = f.words ?? place.fail('neither "words" nor "asm" is given');
  const values = words.elements(MOST_WORDS).map((word) => Number(word.hex(32)));
  return values.length > 0 ? { at, words: values } : words.fail("it is empty");
}

function assembleWords(place: JsonPlace, at: number, labels: Map<string, bigint>): readonly number[] {
  const program = assembleText(place, at);
  for (const [name, address] of program.symbols) {
    if (labels.has(name)) place.fail(`label ${name} is defined by another block as well`);
    labels.set(name, address);
  }
  const last = program.segments[program.segments.length - 1];
  if (last === undefined) return place.fail("it assembles to nothing");
  const size = Number(last.address) + last.bytes.length - at;
  const bytes = new Uint8Array(Math.ceil(size / 4) * 4);
  for (const segment of program.segments) bytes.set(segment.bytes, Number(segment.address) - at);
  const view = new DataView(bytes.buffer);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

function assembleText(place: JsonPlace, at: number): Program {
  try {
    return assemble(place.text(LONGEST_SOURCE), {
      name: "asm",
      origin: BigInt(at),
      maximumSize: 4 * MOST_WORDS,
      csrNumber: (name) => csrByName(name)?.number,
      csrNames: CSRS.map((c) => c.name),
    });
  } catch (error) {
    if (error instanceof AssemblyErrors) return place.fail(`it does not assemble:\n${error.message}`);
    throw error;
  }
}
