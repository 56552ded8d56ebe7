/**
 * Alignment inside code that a linker may shorten: the assembler has put in as many no-operations as could be needed, and says so
 * (R_LARCH_ALIGN); those too many go, as in any linker, whether it shortens anything else or not.
 *
 * @module
 */
import type { ObjectSection, Relocation } from "./object.ts";

/** Bytes that are left out of a section. */
interface Cut {
  /** Offset in the file's section. */
  readonly at: number;
  readonly size: number;
}

/** What is left out of one section at its address. */
export class Cuts {
  readonly #cuts: readonly Cut[];
  /** Bytes left out before each cut. */
  readonly #before: readonly number[];
  /** Bytes left out in all. */
  readonly total: number;

  /** @param cuts in the order of their offsets, none overlapping another */
  constructor(cuts: readonly Cut[]) {
    let total = 0;
    this.#cuts = cuts;
    this.#before = cuts.map(({ size }) => (total += size) - size);
    this.total = total;
  }

  /** Where what was at `offset` in the file is now; if it is left out, where it would be. */
  moved(offset: bigint): bigint {
    const index = this.#lastBefore(offset);
    const cut = this.#cuts[index];
    if (cut === undefined) return offset;
    const inside = offset - BigInt(cut.at);
    const removed = inside < BigInt(cut.size) ? inside : BigInt(cut.size);
    return offset - removed - BigInt(this.#before[index] ?? 0);
  }

  /** True if the byte at `offset` in the file is left out. */
  has(offset: number): boolean {
    const cut = this.#cuts[this.#lastBefore(BigInt(offset) + 1n)];
    return cut !== undefined && offset < cut.at + cut.size;
  }

  /** A copy of the bytes that stay. */
  apply(bytes: Uint8Array): Uint8Array {
    const kept = new Uint8Array(bytes.length - this.total);
    let from = 0;
    let to = 0;
    for (const { at, size } of [...this.#cuts, { at: bytes.length, size: 0 }]) {
      kept.set(bytes.subarray(from, at), to);
      to += at - from;
      from = at + size;
    }
    return kept;
  }

  /** Index of the last cut that begins before an offset, -1 if none does. */
  #lastBefore(offset: bigint): number {
    let low = 0;
    let high = this.#cuts.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (BigInt(this.#cuts[middle]?.at ?? 0) < offset) low = middle + 1;
      else high = middle;
    }
    return low - 1;
  }
}

/** Nothing is left out. */
export const NO_CUTS = new Cuts([]);
const LEAST_NOPS = 4n;
/** 2^32 bytes and more are never meant. */
const GREATEST_ALIGNMENT = 32n;

/**
 * What has to go if the section is at an address.
 *
 * @throws {ElfError} if there are fewer no-operations than needed, or two alignments share some
 */
export function cutsAt(section: ObjectSection, aligns: readonly Relocation[], address: bigint): Cuts {
  if (aligns.length === 0) return NO_CUTS;
  const { reader } = section.object;
  const cuts: Cut[] = [];
  let removed = 0n;
  let end = 0;
  for (const align of [...aligns].sort((a, b) => a.offset - b.offset)) {
    const { alignment, available, most } = alignmentOf(section, align);
    if (align.offset < end || align.offset + Number(available) > section.bytes.length) {
      throw reader.error(
        `the alignment at ${section.name}+0x${align.offset.toString(16)}`,
        align.at,
        align.addend,
        "needs no-operations that are not its own",
      );
    }
    end = align.offset + Number(available);
    const place = address + BigInt(align.offset) - removed;
    const needed = -place & (alignment - 1n);
    const kept = most !== 0n && needed > most ? 0n : needed;
    if (kept > available) {
      throw reader.error(
        `the alignment at ${section.name}+0x${align.offset.toString(16)}`,
        align.at,
        align.addend,
        `has ${available} bytes of no-operations, ${kept} are needed`,
      );
    }
    if (kept < available) cuts.push({ at: align.offset + Number(kept), size: Number(available - kept) });
    removed += available - kept;
  }
  return new Cuts(cuts);
}

/** The two forms of the addend: without a symbol the number of bytes, with one the exponent and the most bytes to use. */
function alignmentOf(section: ObjectSection, { at, symbol, addend }: Relocation) {
  const exponent = addend & 0xffn;
  const alignment = symbol === 0 ? addend + LEAST_NOPS : 1n << exponent;
  const isPower = alignment >= LEAST_NOPS && (alignment & (alignment - 1n)) === 0n;
  if (!isPower || alignment >= 1n << GREATEST_ALIGNMENT) {
    throw section.object.reader.error(
      `the alignment of a relocation of ${section.name}`,
      at,
      addend,
      "must be a power of 2 from 4 to 2^31",
    );
  }
  return {
    alignment,
    available: alignment - LEAST_NOPS,
    most: symbol === 0 ? 0n : BigInt.asUintN(64, addend) >> 8n,
  };
}
