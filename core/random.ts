/**
 * Seeded randomness for generators of test data. It is no source of anything in a machine.
 *
 * @module
 */

/** xorshift32: the same seed gives the same numbers. */
export class Random {
  /** For reports. */
  readonly seed: number;
  #state: number;

  /** @throws {RangeError} if the seed is 0, from which nothing follows */
  constructor(seed: number) {
    if ((seed | 0) === 0) throw new RangeError(`Cannot seed with ${seed}: it must not be a multiple of 2^32`);
    this.seed = seed;
    this.#state = seed | 0;
  }

  word(): number {
    this.#state ^= this.#state << 13;
    this.#state ^= this.#state >>> 17;
    this.#state ^= this.#state << 5;
    return this.#state >>> 0;
  }

  /** A number from 0 to `limit` - 1. */
  below(limit: number): number {
    return this.word() % limit;
  }

  bits64(): bigint {
    return (BigInt(this.word()) << 32n) | BigInt(this.word());
  }

  /** One of the items, of which there must be one. */
  pick<T>(items: readonly T[]): T {
    const item = items[this.below(items.length)];
    if (item === undefined) throw new RangeError("Cannot pick from nothing");
    return item;
  }
}
