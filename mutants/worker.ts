/**
 * Runs the specs in a process whose import map puts a mutant in the place of one source file. Prints the first case that fails, as JSON; the cases of the
 * mutant's own rule come first.
 *
 * Arguments: the rule (empty without a mutant), then the URLs of spec files.
 *
 * @module
 */
import { collectCases, type NamedCase } from "../cli/spec_cases.ts";
import { rulesOf } from "../dsl/mod.ts";

/** What a worker found. */
export interface WorkerResult {
  /** Title of the case that failed; undefined if the mutant survived. */
  readonly killedBy?: string;
  /** Where that case is. */
  readonly place?: string;
  /** Cases that were run. */
  readonly cases: number;
}

async function run([rule = "", ...files]: readonly string[]): Promise<WorkerResult> {
  const all = await collectCases(files);
  const isOwn = ({ test }: NamedCase) => rulesOf(test.case).some((id) => id === rule);
  const ordered = [...all.filter(isOwn), ...all.filter((c) => !isOwn(c))];
  // An error says that the bench broke, which is no verdict about a mutant; without a mutant it counts.
  const counts = (result: string | undefined) => result === "fail" || (result === "error" && rule === "");
  const killer = ordered.findIndex(({ test }) => test.run().some((o) => counts(o.problem?.result)));
  if (killer < 0) return { cases: ordered.length };
  return { killedBy: ordered[killer]!.title, place: ordered[killer]!.test.place, cases: killer + 1 };
}

if (import.meta.main) console.log(JSON.stringify(await run(Deno.args)));
