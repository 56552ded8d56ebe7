/**
 * `deno task sequences [--seed S] [--count N | --actions N] [--shard i/n]`: plays generated sequences until an invariant breaks, and
 * prints the shortest sequence that shows it. The same seed always gives the same sequences. Exit status 1 if an invariant was broken,
 * 2 for a wrong option.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { checkSequence, type Finding } from "./check.ts";
import { generate } from "./generate.ts";
import { caseText, testText } from "./print.ts";
import type { Sequence } from "./sequence.ts";
import { shrink } from "./shrink.ts";
import { INVARIANTS } from "./violation.ts";

const DEFAULT_COUNT = 1_000;
const PROGRESS_MS = 500;

/** What to play. */
interface Plan {
  readonly seed: string;
  /** Sequences, of all shards together. */
  readonly count: number;
  /** Host actions and guest instructions after which this shard ends. */
  readonly actions: number;
  /** This process plays every `of`-th sequence, from `shard` (counted from 0). */
  readonly shard: number;
  readonly of: number;
}

class UsageError extends Error {}

function positive(name: string, value: unknown): number {
  const number = Number(value);
  if (Number.isSafeInteger(number) && number > 0) return number;
  throw new UsageError(`Cannot use --${name}: ${value} is not a positive whole number`);
}

function shardOf(text: string): Pick<Plan, "shard" | "of"> {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [shard, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && shard >= 1 && shard <= of) return { shard: shard - 1, of };
  throw new UsageError(`Cannot use --shard: "${text}" is not i/n with i from 1 to n`);
}

function plan(argv: readonly string[]): Plan {
  const args = parseArgs([...argv], { string: ["seed", "count", "actions", "shard"] });
  const unknown = Object.keys(args).find((k) => !["_", "seed", "count", "actions", "shard"].includes(k));
  if (unknown !== undefined) throw new UsageError(`Cannot use --${unknown}: there is no such option`);
  if (args._.length > 0) throw new UsageError(`Cannot use ${args._.join(" ")}: only options are expected`);
  const actions = args["actions"] === undefined ? Infinity : positive("actions", args["actions"]);
  const count = args["count"] === undefined
    ? (actions === Infinity ? DEFAULT_COUNT : Infinity)
    : positive("count", args["count"]);
  const fresh = () => crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? "0";
  return {
    seed: String(args["seed"] ?? fresh()),
    count,
    actions,
    ...shardOf(String(args["shard"] ?? "1/1")),
  };
}

/** Plays until an invariant breaks or the plan is done; returns the exit status. */
function play(plan: Plan): number {
  const started = performance.now();
  const shows = Deno.stderr.isTerminal();
  let [sequences, actions, exits, shown] = [0, 0, 0, started];
  const rate = () => Math.round(actions / Math.max(1e-3, (performance.now() - started) / 1000));
  const state = () =>
    `${sequences} sequences, ${actions} actions, ${exits} exits from guest mode, ${rate()} actions a second`;
  for (let i = plan.shard; i < plan.count && actions < plan.actions; i += plan.of) {
    const sequence = generate(`${plan.seed}:${i}`);
    const checked = checkSequence(sequence);
    sequences++;
    actions += checked.actions;
    exits += checked.exits;
    if (checked.finding) {
      console.log(report(sequence, checked.finding));
      console.log(`${state()}; stopped at sequence ${i} of seed ${plan.seed}`);
      return 1;
    }
    if (shows && performance.now() - shown > PROGRESS_MS) {
      shown = performance.now();
      Deno.stderr.writeSync(new TextEncoder().encode(`\r${state()} `));
    }
  }
  if (shows) Deno.stderr.writeSync(new TextEncoder().encode("\r"));
  console.log(`${state()}; no invariant broken, seed ${plan.seed}`);
  return 0;
}

function report(sequence: Sequence, finding: Finding): string {
  const small = shrink(sequence, (s) => checkSequence(s).finding?.invariant === finding.invariant);
  const seen = checkSequence(small).finding ?? finding;
  const asCase = caseText(small, seen);
  return [
    `broken: ${seen.invariant} (${INVARIANTS[seen.invariant]})`,
    `  on ${seen.worldSwitch}, action ${seen.action + 1} of ${small.actions.length}: ${seen.text}`,
    "",
    "For sequences/sequences_test.ts:",
    testText(small, seen),
    ...(asCase === undefined ? [] : ["", "As the beginning of a case:", asCase]),
    "",
  ].join("\n");
}

function main(): number {
  try {
    const chosen = plan(Deno.args);
    console.log(`seed ${chosen.seed}, shard ${chosen.shard + 1}/${chosen.of}`);
    return play(chosen);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    return 2;
  }
}

if (import.meta.main) Deno.exitCode = main();
