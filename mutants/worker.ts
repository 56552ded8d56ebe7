/**
 * Runs the specs in a process whose import map puts a mutant in the place of one source file. Prints the first case that fails, as JSON.
 *
 * Arguments: the URLs of spec files, in the order in which to try them.
 *
 * @module
 */
import { collectCases } from "../cli/spec_cases.ts";

/** What a worker found. */
export interface WorkerResult {
  /** Title of the case that failed; undefined if the mutant survived. */
  readonly killedBy?: string;
  /** File of that case. */
  readonly file?: string;
  readonly cases: number;
}

async function run(files: readonly string[]): Promise<WorkerResult> {
  let cases = 0;
  for (const file of files) {
    for (const { title, test } of await collectCases([file])) {
      cases++;
      // An error says that the bench broke, which is no verdict about the subject.
      if (test.run().some((o) => o.problem?.result === "fail")) return { killedBy: title, file, cases };
    }
  }
  return { cases };
}

if (import.meta.main) console.log(JSON.stringify(await run(Deno.args)));
