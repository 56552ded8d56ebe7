/**
 * The last instructions, for reports.
 *
 * @module
 */

import type { Restore, Stateful } from "./snapshot/stateful.ts";

/** One executed instruction. */
export interface Executed {
  readonly pc: bigint;
  readonly word: number;
  readonly world: "host" | "guest";
}

const LENGTH = 32;

/** The last {@linkcode LENGTH} instructions of one world. Recording allocates nothing. */
class Ring implements Stateful {
  readonly pcs = new BigUint64Array(LENGTH);
  readonly words = new Uint32Array(LENGTH);
  /** When each was executed, as a running number. */
  readonly times = new Float64Array(LENGTH);
  count = 0;

  save(): Restore {
    const [pcs, words, times, count] = [this.pcs.slice(), this.words.slice(), this.times.slice(), this.count];
    return () => {
      this.pcs.set(pcs);
      this.words.set(words);
      this.times.set(times);
      this.count = count;
    };
  }
}

/**
 * The last 32 instructions of each world. They are kept apart, so that a hypervisor's own work does not push out those of the
 * guest.
 */
export class History implements Stateful {
  readonly #rings = { host: new Ring(), guest: new Ring() };
  #time = 0;

  /** Adds an instruction. */
  record(pc: bigint, word: number, inGuest: boolean): void {
    const ring = inGuest ? this.#rings.guest : this.#rings.host;
    const at = ring.count++ % LENGTH;
    ring.pcs[at] = pc;
    ring.words[at] = word;
    ring.times[at] = this.#time++;
  }

  save(): Restore {
    const [host, guest, time] = [this.#rings.host.save(), this.#rings.guest.save(), this.#time];
    return () => {
      host();
      guest();
      this.#time = time;
    };
  }

  /** The last instructions of one world or of both, oldest first; at most 32 of a world. */
  last(count: number, world?: Executed["world"]): readonly Executed[] {
    const worlds = world === undefined ? ["host", "guest"] as const : [world];
    const all = worlds.flatMap((w) => this.#timed(w)).sort((a, b) => a.time - b.time);
    return all.slice(Math.max(0, all.length - count)).map(({ executed }) => executed);
  }

  #timed(world: Executed["world"]): { readonly time: number; readonly executed: Executed }[] {
    const ring = this.#rings[world];
    return Array.from({ length: Math.min(ring.count, LENGTH) }, (_, at) => ({
      time: ring.times[at]!,
      executed: { pc: ring.pcs[at]!, word: ring.words[at]!, world },
    }));
  }
}
