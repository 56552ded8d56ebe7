/**
 * Running a program as fast as possible with a report as good as possible: the beginning and the end an instruction at a time, what is
 * between in the fast engine, which keeps no history.
 *
 * @module
 */
import { MachineError } from "../core/errors.ts";
import { ReferenceEngine } from "../core/exec/reference.ts";
import type { Machine } from "../core/machine.ts";
import { ThreadedEngine } from "../core/threaded/engine.ts";
import type { VirtMachine } from "../devices/virt.ts";
import { type Ending, isSuccess } from "./stop_report.ts";
import { stuckCheck } from "./stuck.ts";
import { Tracer } from "./trace.ts";

/** Instructions at the beginning of a run that are watched one by one: all of a short program. */
const BEGINNING = 200_000;
/** Instructions between two looks at what goes on, and of such a look. */
const UNSEEN = 1_000_000;
const LOOK = 8;
/** Instructions at the end that are watched, at least. */
const END = 1000;

const USED_UP: Ending = { kind: "budget" };

/** What a run needs. */
export interface Execution {
  /** Makes the machine in its first state, with the program in it. A silent one sends nothing anywhere. */
  readonly prepare: (silent: boolean) => VirtMachine;
  readonly budget: number;
  /** Instructions to trace. */
  readonly trace: number;
}

/** How a run ended. */
export interface Executed {
  readonly machine: Machine;
  readonly ending: Ending;
  /** Undefined if nothing was to be traced. */
  readonly tracer: Tracer | undefined;
}

/** Runs a program to its end. */
export function executeProgram(execution: Execution): Executed {
  const { budget, trace } = execution;
  const watched = END + trace;
  const first = new Stretches(execution.prepare(false), trace);
  const early = first.watch(Math.min(budget, BEGINNING));
  if (early !== undefined || budget <= BEGINNING) return first.result(early ?? USED_UP);
  const rushed = first.rush(budget - watched);
  if (rushed === undefined) return first.result(first.watch(budget) ?? USED_UP);
  if (trace === 0 && (first.isWatched || isSuccess(rushed))) return first.result(rushed);
  // It ended where nobody watched: once more, as a machine is deterministic, and with open eyes at the end.
  const again = new Stretches(execution.prepare(true), trace);
  again.rush(first.machine.clock.executed - watched);
  return again.result(again.watch(budget) ?? USED_UP);
}

/** A run in stretches. Each goes on to a number of instructions since the beginning, and gives the ending if the run ends before. */
class Stretches {
  readonly machine: Machine;
  readonly #tracer: Tracer | undefined;
  readonly #isStuck = stuckCheck();
  /** Instructions and turns of idling that the budget has paid for. */
  #spent = 0;
  /** True if the last instructions were watched. */
  isWatched = true;

  constructor({ machine }: VirtMachine, trace: number) {
    this.machine = machine;
    this.#tracer = trace > 0 ? new Tracer(trace) : undefined;
  }

  result(ending: Ending): Executed {
    return { machine: this.machine, ending, tracer: this.#tracer };
  }

  /** An instruction at a time. */
  watch(until: number): Ending | undefined {
    this.isWatched = true;
    return this.#run(until, (budget) =>
      new ReferenceEngine().run(this.machine, {
        budget,
        onInstruction: (m) => {
          if (this.#isStuck(m)) return true;
          this.#tracer?.before(m);
          return false;
        },
      }));
  }

  /** In the fast engine, but for a look now and then: a program that repeats one instruction does so for ever. */
  rush(until: number): Ending | undefined {
    const engine = new ThreadedEngine();
    let ending: Ending | undefined;
    while (ending === undefined && this.#spent < until) {
      const next = Math.min(until, this.#spent + UNSEEN);
      ending = this.#run(next, (budget) => engine.run(this.machine, { budget }));
      this.isWatched = ending === undefined;
      ending ??= this.watch(Math.min(until, next + LOOK));
    }
    return ending;
  }

  #run(until: number, run: (budget: number) => Ending): Ending | undefined {
    const budget = until - this.#spent;
    this.#spent = Math.max(this.#spent, until);
    try {
      const ending = run(Math.max(0, budget));
      return !(ending instanceof MachineError) && ending.kind === "budget" ? undefined : ending;
    } catch (error) {
      if (error instanceof MachineError) return error;
      throw error;
    }
  }
}
