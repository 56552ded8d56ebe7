/**
 * How fast something goes, and how fast compared with something else.
 *
 * @module
 */

/** What one run took. */
export interface Timed {
  readonly rounds: number;
  readonly seconds: number;
  /** Instructions executed, where they are counted. */
  readonly instructions?: number;
}

/** Told when the measured part of a run begins and ends. */
export interface Watch {
  begin(): void;
  end(): void;
}

/** Makes a number of rounds. */
export type Runner = (rounds: number, watch?: Watch) => Timed | Promise<Timed>;

/** How many rounds to make. */
export interface Length {
  /** At first. */
  readonly rounds: number;
  /** Runs that take less are repeated with more rounds: seconds. */
  readonly least: number;
  /** Never more rounds nor fewer. */
  readonly fixed?: boolean | undefined;
}

const MOST_TRIES = 8;
/** What a repeated run aims at, times what it should take at least. */
const AIM = 1.4;
const MOST_GROWTH = 30;

/** Something to time, in runs that are long enough. */
export class Side {
  readonly #run: Runner;
  readonly #length: Length;
  #rounds: number;

  constructor(run: Runner, length: Length) {
    this.#run = run;
    this.#length = length;
    this.#rounds = Math.max(1, Math.round(length.rounds));
  }

  /** Rounds of the last run. */
  get rounds(): number {
    return this.#rounds;
  }

  /** Times one run; the first finds out how many rounds it takes. */
  async measure(): Promise<Timed> {
    const { least, fixed = false } = this.#length;
    for (let tries = 1;; tries++) {
      const timed = await this.#run(this.#rounds);
      if (timed.seconds >= least || fixed || tries === MOST_TRIES) return timed;
      const growth = Math.min(MOST_GROWTH, AIM * least / Math.max(timed.seconds, 1e-6));
      this.#rounds = Math.ceil(this.#rounds * growth);
    }
  }
}

/** Rounds a second. */
export function rateOf({ rounds, seconds }: Timed): number {
  return rounds / seconds;
}

/** One run of each side, the second right after the first. */
export interface Pair {
  readonly theirs: Timed;
  readonly ours: Timed;
}

/** Our rate divided by theirs: more is better. */
export function ratioOf({ theirs, ours }: Pair): number {
  return rateOf(ours) / rateOf(theirs);
}

/** What came of comparing two sides. */
export interface Comparison {
  /** The pair whose ratio is the median. */
  readonly pair: Pair;
  readonly ratio: number;
  /** Of all pairs, in the order of their runs. */
  readonly ratios: readonly number[];
}

/** Runs two sides in turns. */
export async function compare(sides: Readonly<Record<keyof Pair, Side>>, pairs: number): Promise<Comparison> {
  const measured: Pair[] = [];
  for (let i = 0; i < pairs; i++) {
    const theirs = await sides.theirs.measure();
    measured.push({ theirs, ours: await sides.ours.measure() });
  }
  const pair = median(measured, ratioOf);
  return { pair, ratio: ratioOf(pair), ratios: measured.map(ratioOf) };
}

/**
 * The item in the middle; of an even number the higher of the two.
 *
 * @throws {RangeError} if there is none
 */
export function median<T>(items: readonly T[], of: (item: T) => number): T {
  const sorted = [...items].sort((a, b) => of(a) - of(b));
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError("Cannot take the median of nothing");
  return middle;
}
