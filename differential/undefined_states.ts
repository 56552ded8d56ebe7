/**
 * States of words that encode nothing.
 *
 * @module
 */
import { ISA } from "../core/isa/table.ts";
import { value } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";
import { anyMode, Scene, STOP } from "./scene.ts";
import type { Made } from "./maker.ts";

/** Words of instructions of which some operands mean nothing: bits 31 to 20 are given. */
const PARTLY_DEFINED = [0x011, 0x0c1, 0x0c2];

/** A word one fixed bit away from an instruction, or any. */
function candidate(random: Random): number {
  const any = random.word();
  if (oneIn(random, 16)) return ((random.pick(PARTLY_DEFINED) << 20) | (any & 0xfffff)) >>> 0;
  if (oneIn(random, 3)) return any;
  const { mask, match } = random.pick(ISA.all);
  const bits = Array.from({ length: 32 }, (_, n) => 2 ** n).filter((bit) => (mask & bit) !== 0);
  return ((match ^ random.pick(bits)) | (any & ~mask)) >>> 0;
}

/** A word that decodes to nothing. */
export function undefinedWord(random: Random): number {
  for (;;) {
    const found = candidate(random);
    if (ISA.decode(found) === undefined) return found;
  }
}

/** A state with such a word. */
export function undefinedState(random: Random): Made {
  const scene = new Scene(random, anyMode(random));
  const tested = undefinedWord(random);
  if (oneIn(random, 2)) scene.setCsr("EUEN", 1n);
  // What would be changed if the word meant something after all.
  for (const at of [0, 5, 10]) scene.gpr.set((tested >>> at) & 31, value(random));
  scene.place(scene.codeAt, [tested, STOP]);
  return { scene, tested };
}
