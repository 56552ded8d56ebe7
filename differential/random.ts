/**
 * Randomness by name: a state is the same whichever others are made.
 *
 * @module
 */
import { Random } from "../core/random.ts";
import { hash } from "../sequences/random.ts";

export { Random };

/** The source of one state of a form. */
export function randomFor(seed: number, form: string, index: number): Random {
  return new Random(hash(`${seed}/${form}/${index}`) || 1);
}

/** True once in `n` times. */
export function oneIn(random: Random, n: number): boolean {
  return random.below(n) === 0;
}
