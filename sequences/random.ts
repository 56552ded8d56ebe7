/**
 * Seeded randomness: the same seed always gives the same choices, on every machine.
 *
 * @module
 */

/** FNV-1a over the characters of a text, with a final mix that spreads the last ones over all bits. */
export function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** A generator of choices (sfc32, seeded by a hash of the text). */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #count = 1;

  constructor(seed: string) {
    [this.#a, this.#b, this.#c] = [hash(`a${seed}`), hash(`b${seed}`), hash(`c${seed}`)];
    for (let i = 0; i < 12; i++) this.bits32();
  }

  /** 32 random bits. */
  bits32(): number {
    const t = (this.#a + this.#b + this.#count++) | 0;
    this.#a = this.#b ^ (this.#b >>> 9);
    this.#b = (this.#c + (this.#c << 3)) | 0;
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + t) | 0;
    return t >>> 0;
  }

  /** 64 random bits. */
  bits64(): bigint {
    return BigInt(this.bits32()) << 32n | BigInt(this.bits32());
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    return Math.floor(this.bits32() / 0x1_0000_0000 * limit);
  }

  /** A number from `low` to `high`. */
  between(low: number, high: number): number {
    return low + this.below(high - low + 1);
  }

  /** True with the probability given. */
  chance(probability: number): boolean {
    return this.bits32() < probability * 0x1_0000_0000;
  }

  /** One of a list. */
  pick<T>(list: readonly T[]): T {
    const chosen = list[this.below(list.length)];
    if (chosen === undefined) throw new RangeError("Cannot pick: the list is empty");
    return chosen;
  }

  /** One of a list of weighted choices. */
  weighted<T>(choices: readonly (readonly [weight: number, value: T])[]): T {
    let left = this.below(choices.reduce((sum, [weight]) => sum + weight, 0));
    for (const [weight, value] of choices) {
      left -= weight;
      if (left < 0) return value;
    }
    throw new RangeError("Cannot pick: no choice has a weight");
  }
}
