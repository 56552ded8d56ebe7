/**
 * The driver that lets others run states: as images, many states each.
 *
 * @module
 */
import { type Profile, PROFILES } from "../../core/profile.ts";
import type { Answer, Driver, Unobserved } from "../driver.ts";
import type { State } from "../state.ts";
import { encodeState, ertnLeftovers, ImageError } from "./encode_state.ts";
import { CAPACITY, makeImage } from "./image.ts";
import type { FirstLine } from "./line.ts";
import { monitorFor } from "./monitor.ts";
import { runImage } from "./run_image.ts";
import { type Slots, slotsOf, UNOBSERVED } from "./slots.ts";
import { decodeResult } from "./decode_result.ts";
import { type Subject, SubjectError } from "./subject.ts";

/** Options of {@linkcode ImageDriver}. */
export interface ImageDriverOptions {
  /**
   * At most so many states an image.
   * @default {50000}
   */
  readonly statesPerImage?: number;
  /**
   * Images that run at the same time.
   * @default {2}
   */
  readonly processes?: number;
  /**
   * Milliseconds without a line after which the subject hangs.
   * @default {10000}
   */
  readonly silence?: number;
  /** Called now and then with the number of states answered in this call of `answers`, and of all. */
  readonly onProgress?: (answered: number, all: number) => void;
}

/** A state on its way into an image. */
interface Waiting {
  /** Its position in the list. */
  readonly at: number;
  readonly state: State;
}

/** Runs states on a subject. */
export class ImageDriver implements Driver {
  readonly name: string;
  readonly unobserved: Unobserved;
  /** CPUCFG words of the subject by index; word 0 is its identity (PRID). */
  readonly cpucfg: ReadonlyMap<number, number>;
  readonly #subject: Subject;
  readonly #options: Required<Omit<ImageDriverOptions, "onProgress">> & ImageDriverOptions;
  readonly #absent: ReadonlySet<string>;

  private constructor(subject: Subject, options: ImageDriverOptions, first: FirstLine, slots: Slots) {
    this.name = subject.name;
    this.#subject = subject;
    this.#options = { statesPerImage: 50_000, processes: 2, silence: 10_000, ...options };
    this.cpucfg = first.cpucfg;
    const absent = [...first.absent].map((slot) => slots.at(slot)).filter((slot) => slot?.isGuest === false);
    this.#absent = new Set(absent.flatMap((slot) => slot === undefined ? [] : [slot.csr.name]));
    const LVZ = 1 << 10;
    this.unobserved = {
      csr: new Set([...UNOBSERVED, ...this.#absent]),
      guest: ((first.cpucfg.get(2) ?? 0) & LVZ) === 0,
    };
  }

  /**
   * Asks a subject what it is, by an image without states.
   *
   * @throws {SubjectError} if it does not run images
   */
  static async create(subject: Subject, options: ImageDriverOptions = {}): Promise<ImageDriver> {
    const slots = slotsOf(profileNamed("la464"));
    let first: FirstLine | undefined;
    const outcome = await runImage(subject, makeImage([], slots), 0, options.silence ?? 10_000, {
      first: (line) => first = line,
      result: () => {},
      broken: () => {},
    });
    if (first === undefined) throw new SubjectError(`Cannot use ${subject.name}: ${outcome.reason}`);
    return new ImageDriver(subject, options, first, slots);
  }

  /**
   * The answers to some states. A state that an image cannot hold, or that the subject does not survive, is answered `broken`.
   *
   * @throws {SubjectError} if the subject cannot be started any more
   */
  async answers(states: readonly State[]): Promise<readonly Answer[]> {
    const run = new Run(states, this.#options.onProgress);
    const batches = [...this.#batches(states, run)];
    const work = async () => {
      for (let batch = batches.shift(); batch !== undefined; batch = batches.shift()) {
        await this.#runBatch(batch, run);
      }
    };
    await Promise.all(Array.from({ length: this.#options.processes }, work));
    return run.answers;
  }

  /** Lists of states of one profile, each for an image. */
  *#batches(states: readonly State[], run: Run): Iterable<Waiting[]> {
    const byProfile = new Map<string, Waiting[]>();
    states.forEach((state, at) => {
      const refusal = this.#refusal(state);
      if (refusal !== undefined) return run.answer(at, { kind: "broken", reason: refusal });
      const list = byProfile.get(state.profile) ?? [];
      byProfile.set(state.profile, list);
      list.push({ at, state });
    });
    const { statesPerImage, processes } = this.#options;
    for (const list of byProfile.values()) {
      const size = Math.min(statesPerImage, Math.max(MINIMUM_SHARE, Math.ceil(list.length / processes)));
      for (let i = 0; i < list.length; i += size) yield list.slice(i, i + size);
    }
  }

  /** Why a state cannot be given to this subject. */
  #refusal(state: State): string | undefined {
    if (state.mode === "guest" && this.unobserved.guest) return `${this.name} has no LVZ, and so no guests`;
    const missing = [...state.host.csr.keys()].filter((name) => this.#absent.has(name));
    return missing.length === 0 ? undefined : `${this.name} has no CSR ${missing.join(", ")}`;
  }

  /** Runs a list; where the subject does not survive a state, goes on behind it. */
  async #runBatch(batch: readonly Waiting[], run: Run): Promise<void> {
    const slots = slotsOf(profileNamed(batch[0]?.state.profile ?? ""));
    let left = batch;
    while (left.length > 0) {
      const { records, held } = encodeSome(left, slots, run);
      if (held.length === 0) return;
      const done = await this.#runImage(records, held, slots, run);
      const last = held[done - 1];
      left = left.filter(({ at }) => last !== undefined && at > last.at);
    }
  }

  /** Runs one image; returns how many of its states are answered. */
  async #runImage(
    records: readonly Uint8Array[],
    held: readonly Waiting[],
    slots: Slots,
    run: Run,
  ): Promise<number> {
    let keepsCodes = false;
    const waiting = (index: number) => {
      const found = held[index];
      if (found === undefined) {
        throw new RangeError(`Cannot find state ${index}: the image has ${held.length}`);
      }
      return found;
    };
    const broken = (index: number, reason: string) =>
      run.answer(waiting(index).at, { kind: "broken", reason });
    const { next, reason, hasBegun } = await runImage(
      this.#subject,
      makeImage(records, slots),
      held.length,
      this.#options.silence,
      {
        first: (line) => keepsCodes = line.keepsCodes,
        result: (line) => {
          const { at, state } = waiting(line.index);
          const leftovers = ertnLeftovers(state, slots);
          run.answer(at, decodeResult(line, state, slots, { ...(leftovers && { leftovers }), keepsCodes }));
        },
        broken,
      },
    );
    if (next >= held.length) return next;
    if (!hasBegun) throw new SubjectError(`Cannot go on with ${this.name}: ${reason}`);
    broken(next, reason);
    return next + 1;
  }
}

/** Fewer states than this are not worth an image of their own. */
const MINIMUM_SHARE = 500;

function profileNamed(name: string): Profile {
  const found = PROFILES.find((p) => p.name === name);
  if (found === undefined) throw new RangeError(`Cannot use profile ${name}: there is no such profile`);
  return found;
}

/** Records of states, as many as an image holds; those that cannot be in an image are answered. */
function encodeSome(
  left: readonly Waiting[],
  slots: Slots,
  run: Run,
): { readonly records: readonly Uint8Array[]; readonly held: readonly Waiting[] } {
  const records: Uint8Array[] = [];
  const held: Waiting[] = [];
  let size = 0;
  for (const waiting of left) {
    try {
      const record = encodeState(waiting.state, held.length, slots, monitorFor(slots));
      size += record.length;
      if (size > CAPACITY) break;
      records.push(record);
      held.push(waiting);
    } catch (error) {
      if (!(error instanceof ImageError)) throw error;
      run.answer(waiting.at, { kind: "broken", reason: error.message });
    }
  }
  return { records, held };
}

/** Answers as they come. */
class Run {
  readonly #answers: (Answer | undefined)[];
  readonly #onProgress: ImageDriverOptions["onProgress"];
  #answered = 0;

  constructor(states: readonly State[], onProgress: ImageDriverOptions["onProgress"]) {
    this.#answers = states.map(() => undefined);
    this.#onProgress = onProgress;
  }

  answer(at: number, answer: Answer): void {
    if (this.#answers[at] === undefined) {
      this.#answered++;
      if (this.#answered % 1000 === 0 || this.#answered === this.#answers.length) {
        this.#onProgress?.(this.#answered, this.#answers.length);
      }
    }
    this.#answers[at] = answer;
  }

  get answers(): readonly Answer[] {
    return this.#answers.map((answer, i) => {
      if (answer === undefined) throw new RangeError(`Cannot answer state ${i}: nobody did`);
      return answer;
    });
  }
}
