/**
 * Randomness by name: a state is the same whichever others are made.
 *
 * @module
 */
import { Random } from "../core/fp/states.ts";

export { Random };

/** FNV-1a, with a finish that spreads the last characters over all bits. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The source of one state of a form. */
export function randomFor(seed: number, form: string, index: number): Random {
  return new Random(hash(`${seed}/${form}/${index}`) || 1);
}

/** True once in `n` times. */
export function oneIn(random: Random, n: number): boolean {
  return random.below(n) === 0;
}
