/**
 * Every case on every engine, a test for each file of cases. The tests of the other files run on the engine that cases use by themselves, and
 * `deno task specs` and `deno task test` run both.
 */
import { collectCases, type NamedCase } from "../cli/spec_cases.ts";
import { ReferenceEngine } from "../core/mod.ts";
import { ThreadedEngine } from "../core/threaded/engine.ts";
import { CaseFailure, type RunOptions } from "../dsl/mod.ts";
import { report } from "../dsl/report.ts";
import { FIRST_RANK, REST } from "./files.ts";

/** Reports shown of one file. */
const MOST_REPORTS = 3;

const EXECUTIONS: readonly (readonly [string, RunOptions])[] = [
  ["the reference engine, every instruction watched", { engine: new ReferenceEngine(), traced: true }],
  ["the threaded engine with regions from the first jump on", {
    engine: new ThreadedEngine({ hotAfter: 1 }),
  }],
];

function problemsOf(cases: readonly NamedCase[], options: RunOptions): readonly string[] {
  return cases.flatMap(({ title, test }) => {
    const outcomes = test.run(options);
    const passed = outcomes.every((o) => o.problem === undefined);
    return passed ? [] : [report(test.case, { title, place: test.place }, outcomes)];
  });
}

const byFile = Map.groupBy(
  await collectCases([...FIRST_RANK, ...REST]),
  ({ test }) => test.place.replace(/:\d+$/, ""),
);
for (const [name, options] of EXECUTIONS) {
  for (const [file, cases] of byFile) {
    Deno.test(`the ${cases.length} cases of ${file} pass on ${name}`, () => {
      const problems = problemsOf(cases, options);
      if (problems.length === 0) return;
      const shown = problems.slice(0, MOST_REPORTS).join("\n\n");
      throw new CaseFailure(`${problems.length} cases of ${file} do not pass on ${name}:\n\n${shown}`);
    });
  }
}
