/**
 * Instruction words: neighbours of every row, random operands, and plain random ones.
 *
 * @module
 */
import type { Instruction } from "../../core/isa/mod.ts";
import type { Random } from "../../sequences/random.ts";

/** A row's word with the bits of its fields random. */
function filled({ mask, match }: Instruction, random: Random): number {
  return ((random.bits32() & ~mask) | match) >>> 0;
}

/** The words of a row that differ from another one of it in one bit, so that each fixed bit is wrong once. */
function neighbours(instruction: Instruction, random: Random): number[] {
  const bases = [instruction.match, filled(instruction, random)];
  return bases.flatMap((
    word,
  ) => [word, ...Array.from({ length: 32 }, (_, bit) => (word ^ (1 << bit)) >>> 0)]);
}

/** `count` random words and more: half of them of the rows, the others anything. */
export function randomWords(rows: readonly Instruction[], random: Random, count: number): number[] {
  const words = rows.flatMap((instruction) => neighbours(instruction, random));
  for (let i = 0; i < count; i++) {
    const word = random.chance(0.5) ? filled(random.pick(rows), random) : random.bits32();
    // Some with one more bit changed, which no table of ours chose.
    words.push(random.chance(0.3) ? (word ^ (1 << random.below(32))) >>> 0 : word);
  }
  return words;
}
