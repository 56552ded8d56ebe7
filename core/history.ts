/**
 * The last instructions, for reports.
 *
 * @module
 */

/** One executed instruction. */
export interface Executed {
  readonly pc: bigint;
  readonly word: number;
  readonly world: "host" | "guest";
}

const LENGTH = 32;

/** A ring of the last {@linkcode LENGTH} instructions. Recording allocates nothing. */
export class History {
  readonly #pcs = new BigUint64Array(LENGTH);
  readonly #words = new Uint32Array(LENGTH);
  readonly #guest = new Uint8Array(LENGTH);
  #count = 0;

  /** Adds an instruction. */
  record(pc: bigint, word: number, inGuest: boolean): void {
    const at = this.#count % LENGTH;
    this.#pcs[at] = pc;
    this.#words[at] = word;
    this.#guest[at] = inGuest ? 1 : 0;
    this.#count++;
  }

  /** The last instructions, oldest first; at most 32. */
  last(count: number): readonly Executed[] {
    const length = Math.min(count, this.#count, LENGTH);
    return Array.from({ length }, (_, i) => {
      const at = (this.#count - length + i) % LENGTH;
      return { pc: this.#pcs[at]!, word: this.#words[at]!, world: this.#guest[at] ? "guest" : "host" };
    });
  }
}
