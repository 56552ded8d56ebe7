/**
 * The threaded engine: a WebAssembly function an instruction form, chained by tail calls over decoded operations.
 *
 * What is rare (exceptions, devices, CSRs) is executed by the reference engine, an instruction at a time, so that the two agree.
 *
 * @module
 */
import type { Engine, RunLimits, Stop } from "../engine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { attend, isBefore, settle, sleep } from "../exec/turn.ts";
import type { Machine } from "../machine.ts";
import type { Profile } from "../profile.ts";
import { AttachedMachine } from "./attached.ts";
import type { RegionCounts, RegionLimits } from "./regions.ts";
import { buildThreadedModule, type HeatLimits, type ThreadedModule } from "./threaded_module.ts";

/** Options of {@linkcode ThreadedEngine}. */
export interface ThreadedOptions {
  /**
   * Jumps to a place after which the code there is translated as a region; `Infinity` for never.
   * @default {2000}
   */
  readonly hotAfter?: number;
  /**
   * Instructions of a run that the reference engine executes, before generated code takes the machine over for good.
   * @default {0}
   */
  readonly startAfter?: number;
  /** How much translated code to keep for a machine. */
  readonly keep?: RegionLimits;
}

/** For machines of which most never run long: what the module and a machine's share of it take is as long as some 100,000 instructions. */
export const WORTH_STARTING = 50_000;
/** To translate a region, with V8's part, takes about a millisecond: as long as some 200,000 of its instructions do otherwise. */
const HOT_AFTER = 2000;
/** The part of those jumps after which a place is translated together with another that is hot. */
const NEARLY = 1 / 2;
/** More jumps than any operation counts. */
const NEVER = 0x2000_0000;

/** Executes machines whose RAM is WebAssembly memory; others it leaves to the reference engine. */
export class ThreadedEngine implements Engine {
  readonly name = "threaded";
  readonly reference: ReferenceEngine = new ReferenceEngine();
  readonly #attached = new WeakMap<Machine, AttachedMachine>();
  /** The one that was looked up last: software that executes word by word asks for the same one again and again. */
  #last: AttachedMachine | undefined;
  readonly #heat: HeatLimits;
  readonly #built = new Map<Profile, ThreadedModule>();
  readonly #keep: RegionLimits;
  readonly #startAfter: number;

  constructor(options: ThreadedOptions = {}) {
    const hot = Math.min(options.hotAfter ?? HOT_AFTER, NEVER);
    this.#heat = { hot, nearly: Math.max(1, Math.floor(hot * NEARLY)) };
    this.#keep = options.keep ?? {};
    this.#startAfter = options.startAfter ?? 0;
  }

  run(m: Machine, limits: RunLimits): Stop {
    if (limits.onInstruction !== undefined) return this.reference.run(m, limits);
    const first = this.#find(m) === undefined ? Math.min(limits.budget, this.#startAfter) : 0;
    if (first > 0) {
      const stop = this.reference.run(m, { ...limits, budget: first });
      if (stop.kind !== "budget" || first === limits.budget) return stop;
    }
    const attached = this.#attach(m);
    const rest = first === 0 ? limits : { ...limits, budget: limits.budget - first };
    return attached === undefined ? this.reference.run(m, rest) : this.#run(m, attached, rest);
  }

  execute(m: Machine, word: number): void {
    if (this.#forWord(m)?.execute(word) !== true) this.reference.execute(m, word);
    else settle(m);
  }

  enter(m: Machine, words: readonly number[], gprs: BigUint64Array, budget: number): Stop | number {
    const { clock } = m;
    const attached = this.#forWord(m);
    const limits = { budget, untilHost: true };
    attached?.begin(limits);
    const begin = clock.executed + words.length;
    const done = attached?.enter(words, gprs, budget) ?? 0;
    if (attached !== undefined && done === words.length) {
      // With nothing executed behind the words, the guest cannot have come and gone.
      if (clock.executed === begin && !m.inGuest) return words.length;
      return this.#goOn(m, attached, limits, budget - (clock.executed - begin));
    }
    return this.#enterOneByOne(m, words, done, gprs) ?? this.run(m, limits);
  }

  /** Executes words from one on; how many led to the next, if the last did not enter guest mode. */
  #enterOneByOne(
    m: Machine,
    words: readonly number[],
    from: number,
    gprs: BigUint64Array,
  ): number | undefined {
    const last = words.length - 1;
    settle(m);
    const reached = this.reference.executeSome(m, words, from, last);
    if (reached < last) return reached;
    m.gpr.set(gprs);
    m.gpr[0] = 0n;
    this.execute(m, words[last]!);
    return m.inGuest ? undefined : words.length;
  }

  executeAll(m: Machine, words: readonly number[]): number {
    const attached = this.#forWord(m);
    if (attached === undefined) return this.reference.executeAll(m, words);
    for (let i = 0; i < words.length;) {
      const count = attached.executeSome(words, i);
      if (count > 0) settle(m);
      else if (!this.reference.executeOne(m, words[i]!)) return i;
      i += Math.max(count, 1);
    }
    return words.length;
  }

  /** What became of the regions of a machine, undefined if it was not run here. */
  regionsOf(m: Machine): RegionCounts | undefined {
    return this.#attached.get(m)?.regions;
  }

  /** The machine if it is attached. */
  #find(m: Machine): AttachedMachine | undefined {
    if (this.#last?.m === m) return this.#last;
    const found = this.#attached.get(m);
    if (found !== undefined) this.#last = found;
    return found;
  }

  /** The same for single words, which are no reason to attach one where runs are to begin otherwise. */
  #forWord(m: Machine): AttachedMachine | undefined {
    return this.#startAfter > 0 ? this.#find(m) : this.#attach(m);
  }

  #attach(m: Machine): AttachedMachine | undefined {
    const found = this.#find(m);
    if (found !== undefined) return found;
    const ram = m.bus.ramAt(0);
    if (ram?.memory === undefined) return undefined;
    const built = this.#moduleFor(m.profile);
    const made = new AttachedMachine(m, ram, ram.memory, built, this.reference, this.#keep);
    this.#attached.set(m, made);
    return this.#last = made;
  }

  #moduleFor(profile: Profile): ThreadedModule {
    let built = this.#built.get(profile);
    if (built === undefined) this.#built.set(profile, built = buildThreadedModule(this.#heat, profile));
    return built;
  }

  #run(m: Machine, attached: AttachedMachine, limits: RunLimits): Stop {
    attached.begin(limits);
    return this.#goOn(m, attached, limits, limits.budget);
  }

  #goOn(m: Machine, attached: AttachedMachine, limits: RunLimits, budget: number): Stop {
    const { clock } = m;
    let left = budget;
    for (;;) {
      if (m.stopRequest !== undefined) return { kind: "device", reason: m.stopRequest };
      attend(m, attached.quietAt);
      if (limits.untilHost && !m.inGuest) return { kind: "host" };
      if (left <= 0) return { kind: "budget" };
      if (m.idle) {
        if (!sleep(m)) return { kind: "idle" };
        left--;
        continue;
      }
      if (limits.stopBefore !== undefined && isBefore(m, limits.stopBefore)) return { kind: "requested" };
      const before = clock.executed;
      if (!attached.run(left)) this.reference.step(m);
      left -= clock.executed - before;
    }
  }
}
