/**
 * `deno task repeats [--seed S] [--count N] [--first]`: runs every case of specs/ (with `--first` those of the six areas of the first rank) N
 * times in one process, each time in another order, and compares how each ends with the first time. What differs was left behind by
 * another case, or came from outside. Exit status 1 if a result differs, 2 for a wrong option.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { collectCases, type NamedCase } from "../cli/spec_cases.ts";
import { Random } from "./random.ts";

const DEFAULT_COUNT = 3;
/** Rounds from one line of progress to the next. */
const PROGRESS = 50;
const SPECS = new URL("../specs/", import.meta.url);

class UsageError extends Error {}

/** What to run. */
interface Plan {
  readonly seed: string;
  readonly count: number;
  readonly first: boolean;
}

function plan(argv: readonly string[]): Plan {
  const args = parseArgs([...argv], { string: ["seed", "count"], boolean: ["first"] });
  const unknown = Object.keys(args).find((k) => !["_", "seed", "count", "first"].includes(k));
  if (unknown !== undefined) throw new UsageError(`Cannot use --${unknown}: there is no such option`);
  if (args._.length > 0) throw new UsageError(`Cannot use ${args._.join(" ")}: only options are expected`);
  const count = Number(args["count"] ?? DEFAULT_COUNT);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError(`Cannot use --count: ${args["count"]} is not a positive whole number`);
  }
  const fresh = () => crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? "0";
  return { seed: String(args["seed"] ?? fresh()), count, first: args["first"] === true };
}

async function specFiles(first: boolean): Promise<readonly string[]> {
  const names = (await Array.fromAsync(Deno.readDir(SPECS))).map((e) => e.name);
  const wanted = names.filter((n) => n.endsWith("_test.ts") || (!first && n === "full.ts"));
  return wanted.sort().map((n) => new URL(n, SPECS).href);
}

/** How a case ended on each world switch, in full: what a report would be made of. */
function resultOf({ test }: NamedCase): string {
  return test.run().map(({ worldSwitch, problem }) => {
    if (problem === undefined) return `${worldSwitch}: passed`;
    const { result, headline, differences, history } = problem;
    const parts = [...differences.map((d) => `${d.what} ${d.got} ${d.expected}`), `${history.at(-1)?.pc}`];
    return `${worldSwitch}: ${result}: ${headline}: ${parts.join("; ")}`;
  }).join("\n");
}

/** The same elements in a random order. */
function shuffled<T>(elements: readonly T[], random: Random): readonly T[] {
  const order = elements.map((element) => ({ element, at: random.bits32() }));
  return order.sort((a, b) => a.at - b.at).map(({ element }) => element);
}

async function main(argv: readonly string[]): Promise<number> {
  const { seed, count, first } = plan(argv);
  const cases = await collectCases(await specFiles(first));
  console.log(`${count} rounds of ${cases.length} cases, seed ${seed}`);
  const random = new Random(seed);
  const before = new Map(cases.map((c) => [c, resultOf(c)]));
  for (let round = 1; round <= count; round++) {
    for (const c of shuffled(cases, random)) {
      const now = resultOf(c);
      if (now === before.get(c)) continue;
      console.log(`round ${round}: ${c.test.place}: ${c.title}\nfirst:\n${before.get(c)}\nnow:\n${now}`);
      return 1;
    }
    if (round % PROGRESS === 0) console.error(`round ${round} of ${count}: nothing differs`);
  }
  const passing = [...before.values()].filter((text) => !/: (fail|error): /.test(text)).length;
  console.log(
    `${count} rounds in different orders: every result the same (${passing} of ${cases.length} pass)`,
  );
  return 0;
}

if (import.meta.main) {
  try {
    Deno.exitCode = await main(Deno.args);
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    console.error(error.message);
    Deno.exitCode = 2;
  }
}
