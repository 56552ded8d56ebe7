/**
 * Why a benchmark is slow: what the engine did in one run of it, counted by standing between the engine and its parts. Nothing is counted
 * in other runs, so that they cost nothing.
 *
 * @module
 */
import { table } from "../cli/text.ts";
import { UsageError } from "../cli/io.ts";
import { ReferenceEngine } from "../core/exec/reference.ts";
import { decode } from "../core/isa/decode.ts";
import type { Machine } from "../core/machine.ts";
import { CodeCache } from "../core/threaded/code_cache.ts";
import { Regions } from "../core/threaded/regions.ts";
import { SoftwareTlb } from "../core/threaded/software_tlb.ts";
import type { Benchmark } from "./benchmark.ts";
import { Side, type Timed, type Watch } from "./rate.ts";

/** Instructions of the list that are shown. */
const SHOWN = 15;
const LEAST_SECONDS = 0.3;

/** What was counted. */
export interface Counts {
  /** Instructions that the reference engine executed, by name. */
  readonly stepped: ReadonlyMap<string, number>;
  /** Seconds that it took for that. */
  readonly steppedSeconds: number;
  readonly exceptions: number;
  /** Events, by what they are. */
  readonly events: ReadonlyMap<string, number>;
}

type Method = (...args: never[]) => unknown;

/** Puts itself in the place of methods, and gives them back. */
class Counter implements Watch {
  readonly stepped = new Map<string, number>();
  readonly events = new Map<string, number>();
  steppedSeconds = 0;
  exceptions = 0;
  readonly #undo: (() => void)[] = [];

  begin(): void {
    this.#steps("step");
    this.#steps("stepWord");
    this.#steps("executeOne");
    this.#event(CodeCache.prototype, "decode", () => "instructions decoded");
    this.#event(Regions.prototype, "make", () => "places that became hot");
    this.#event(SoftwareTlb.prototype, "put", (kind) => `pages looked up, ${kind}`);
    this.#event(SoftwareTlb.prototype, "select", () => "changes of context");
    this.#event(SoftwareTlb.prototype, "forget", () => "changes of the TLB");
  }

  end(): void {
    for (const undo of this.#undo.splice(0)) undo();
  }

  #event<T extends object, K extends keyof T & string>(
    prototype: T,
    name: K,
    what: (first: unknown) => string,
  ): void {
    this.#replace(prototype, name, (original) => {
      const { events } = this;
      return function (this: unknown, ...args: never[]) {
        add(events, what(args[0]));
        return original.apply(this, args);
      };
    });
  }

  #steps(name: "step" | "stepWord" | "executeOne"): void {
    this.#replace(ReferenceEngine.prototype, name, (original) => {
      const count = (m: Machine, run: () => unknown) => this.#count(m, run);
      return function (this: unknown, ...args: never[]) {
        return count(args[0] as unknown as Machine, () => original.apply(this, args));
      };
    });
  }

  #count(m: Machine, run: () => unknown): unknown {
    const { trapped } = m.clock;
    const begin = performance.now();
    const result = run();
    this.steppedSeconds += (performance.now() - begin) / 1000;
    this.exceptions += m.clock.trapped - trapped;
    add(this.stepped, m.word === undefined ? "(not fetched)" : decode(m.word)?.instruction.name ?? "(none)");
    return result;
  }

  #replace<T extends object>(prototype: T, name: keyof T & string, wrap: (original: Method) => Method): void {
    const original = prototype[name];
    if (typeof original !== "function") throw new TypeError(`Cannot count ${name}: it is no method`);
    const set = (value: unknown) =>
      Object.defineProperty(prototype, name, { value, configurable: true, writable: true });
    set(wrap(original as Method));
    this.#undo.push(() => set(original));
  }
}

function add(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/**
 * Runs a benchmark twice, once undisturbed, and tells what the engine did.
 *
 * @throws {UsageError} for one that does not run in this process
 */
export async function profile({ name, here, fixedRounds }: Benchmark): Promise<string> {
  if (here === undefined) throw new UsageError(`Cannot profile ${name}: it runs in processes of its own`);
  const side = new Side(here, {
    rounds: fixedRounds ?? 1,
    least: LEAST_SECONDS,
    fixed: fixedRounds !== undefined,
  });
  const undisturbed = await side.measure();
  const counter = new Counter();
  try {
    await here(undisturbed.rounds, counter);
  } finally {
    counter.end();
  }
  return profileText(name, undisturbed, counter);
}

/** What a profile prints. */
export function profileText(
  name: string,
  { rounds, seconds, instructions = 0 }: Timed,
  counts: Counts,
): string {
  const stepped = [...counts.stepped.values()].reduce((sum, count) => sum + count, 0);
  const part = (count: number) => `${(100 * count / Math.max(1, instructions)).toFixed(1)} %`;
  const line = (count: number, text: string) => [`${count}`, part(count), text];
  const list = [...counts.stepped].sort(([, a], [, b]) => b - a);
  const rest = list.slice(SHOWN).reduce((sum, [, count]) => sum + count, 0);
  const [rate, took] = [(instructions / seconds / 1e6).toFixed(1), counts.steppedSeconds.toFixed(3)];
  return [
    `${name}: ${rounds} rounds, ${instructions} instructions in ${seconds.toFixed(3)} s, ${rate} MIPS\n`,
    "instructions, and their part of all\n",
    table([
      line(Math.max(0, instructions - stepped), "in generated code"),
      line(stepped, `in the reference engine, which takes ${took} s while being counted`),
      line(counts.exceptions, "of these raised an exception"),
    ]),
    stepped === 0 ? "" : "in the reference engine\n",
    table([
      ...list.slice(0, SHOWN).map(([text, count]) => line(count, text)),
      ...(rest > 0 ? [line(rest, "others")] : []),
    ]),
    "events, and how many there are in a thousand instructions\n",
    table(
      [...counts.events].map((
        [text, count],
      ) => [`${count}`, (1000 * count / Math.max(1, instructions)).toFixed(3), text]),
    ),
  ].join("");
}
