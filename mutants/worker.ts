/**
 * Runs the specs in a process whose import map puts a mutant in the place of one source file. Prints the first case that fails, as JSON. The cases of the
 * mutant's own rule come first, and the files that have none of them are loaded only if they do not kill it.
 *
 * Arguments: the rule (empty without a mutant), the number of files with its cases, then the URLs of spec files, those first.
 *
 * @module
 */
import { collectCases, type NamedCase } from "../cli/spec_cases.ts";
import { ReferenceEngine } from "../core/mod.ts";
import { rulesOf } from "../dsl/mod.ts";

/** What a worker found. */
export interface WorkerResult {
  /** Title of the case that failed; undefined if the mutant survived. */
  readonly killedBy?: string;
  /** Where that case is. */
  readonly place?: string;
  /** True if it is a case of the mutant's own rule. */
  readonly isOwn?: boolean;
  /** Cases that were run. */
  readonly cases: number;
  /** Without a mutant: the files that have cases of each rule. */
  readonly files?: Readonly<Record<string, readonly string[]>>;
}

/** Generated code is made of the declarations alone: it would not have the mistakes that a mutant makes in `core/exec`. */
const REFERENCE = new ReferenceEngine();

async function run([rule = "", count = "0", ...files]: readonly string[]): Promise<WorkerResult> {
  const own = await collectCases(files.slice(0, Number(count)));
  const isOwn = ({ test }: NamedCase) => rulesOf(test.case).some((id) => id === rule);
  let cases = 0;
  const killer = (candidates: readonly NamedCase[]): WorkerResult | undefined => {
    for (const c of candidates) {
      cases++;
      if (c.test.run({ engine: REFERENCE }).some((o) => counts(o.problem?.result, rule))) {
        return { killedBy: c.title, place: c.test.place, isOwn: isOwn(c), cases };
      }
    }
    return undefined;
  };
  const killed = killer([...own.filter(isOwn), ...own.filter((c) => !isOwn(c))]);
  if (killed !== undefined) return killed;
  const others = await collectCases(files.slice(Number(count)));
  return killer(others) ?? { cases, ...(rule === "" && { files: filesByRule(others) }) };
}

/** An error says that the bench broke, which is no verdict about a mutant; without a mutant it counts. */
function counts(result: string | undefined, rule: string): boolean {
  return result === "fail" || (result === "error" && rule === "");
}

function filesByRule(cases: readonly NamedCase[]): Record<string, readonly string[]> {
  const found: Record<string, string[]> = {};
  for (const { test } of cases) {
    const file = test.place.replace(/:\d+$/, "");
    for (const id of rulesOf(test.case)) {
      const files = found[id] ??= [];
      if (!files.includes(file)) files.push(file);
    }
  }
  return found;
}

if (import.meta.main) console.log(JSON.stringify(await run(Deno.args)));
