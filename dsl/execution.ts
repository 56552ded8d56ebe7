/**
 * What executes a case, and what is done about one that does not pass: it is run once more, on the engine that shows most, so that its
 * report can say what happened, and so that engines which disagree are found out.
 *
 * @module
 */
import type { Engine } from "../core/mod.ts";
import { ThreadedEngine, WORTH_STARTING } from "../core/threaded/engine.ts";
import { attempt, type Run } from "./attempt.ts";
import type { Outcome, Problem } from "./outcome.ts";
import type { RunOptions } from "./test_function.ts";

/** How a case is executed. */
export interface Execution {
  readonly engine: Engine;
  /** Watches every instruction of the host's software. */
  readonly traced: boolean;
}

/**
 * An engine holds nothing of a case, so that one serves all cases. Most have a handful of instructions, which are done before generated code would
 * be ready: a guest gets that when it runs long.
 */
const DEFAULT_ENGINE: Engine = new ThreadedEngine({ startAfter: WORTH_STARTING });

/** The execution that options ask for. */
export function executionOf({ engine = DEFAULT_ENGINE, traced = false }: RunOptions): Execution {
  return { engine, traced };
}

/**
 * Makes a case ready and runs it.
 *
 * @param start makes the case ready; it throws if the case is broken
 */
export function runCase(worldSwitch: string, how: Execution, start: (how: Execution) => Run): Outcome {
  const outcome = attempt(worldSwitch, () => start(how));
  if (how.traced || outcome.problem === undefined) return outcome;
  const engine = how.engine.reference ?? how.engine;
  const explained = attempt(worldSwitch, () => start({ engine, traced: true }));
  if (isAlike(outcome, explained)) return explained;
  return disagreement(outcome, how.engine, explained, engine);
}

function isAlike(a: Outcome, b: Outcome): boolean {
  return a.problem?.result === b.problem?.result &&
    [...a.transitions ?? []].join("\n") === [...b.transitions ?? []].join("\n") &&
    differencesOf(a.problem) === differencesOf(b.problem);
}

function differencesOf(problem: Problem | undefined): string {
  return (problem?.differences ?? []).map((d) => `${d.what} ${d.got} ${d.expected}`).join("\n");
}

function disagreement(first: Outcome, one: Engine, second: Outcome, other: Engine): Outcome {
  const says = (engine: Engine, { problem }: Outcome) =>
    `${engine.name} ${problem === undefined ? "passes" : `says: ${problem.headline}`}`;
  const headline = `two runs of the case disagree: ${says(one, first)}; ${
    says(other, second)
  }, watching every instruction`;
  const base = second.problem ?? first.problem;
  return {
    ...second,
    problem: { marks: [], differences: [], notes: [], history: [], ...base, result: "error", headline },
  };
}
