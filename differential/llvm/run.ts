/**
 * `deno task llvm [--seed S] [--count N] [--form NAME] [--llvm-mc PATH]`: compares our assembler and disassembler with
 * LLVM 19's: every row of the instruction table with every operand at its edges, pseudo-instructions, directives,
 * instruction words, and N random words with random numbers, expressions and sources to match. The same seed always gives
 * the same questions. Exit status 1 if a difference is not in `known.ts`, 2 for a wrong option or without LLVM 19.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { Random } from "../../sequences/random.ts";
import { type Asked, compare } from "./compare.ts";
import { KNOWN } from "./known.ts";
import { rowLines } from "./lines.ts";
import { LlvmMc, MissingLlvm } from "./llvm_mc.ts";
import { pseudoLines } from "./pseudo_lines.ts";
import { askLines, askWords, rowsNamed, wordsOf } from "./questions.ts";
import { randomSources } from "./random_sources.ts";
import { isClean, reportText } from "./report.ts";
import { askSources } from "./source_questions.ts";
import { SOURCES } from "./sources.ts";
import { randomWords } from "./words.ts";

const DEFAULT_COUNT = 50_000;
/** For so many random words there is one random number and one random expression. */
const WORDS_A_NUMBER = 20;
/** For so many random words there is one random source. */
const WORDS_A_SOURCE = 1_000;

const OPTIONS = ["seed", "count", "form", "llvm-mc"] as const;

/** What to compare. */
interface Plan {
  readonly seed: string;
  readonly count: number;
  /** The only instruction or pseudo-instruction to ask about. */
  readonly form: string | undefined;
  readonly path: string;
}

class UsageError extends Error {}

function plan(argv: readonly string[]): Plan {
  const args = parseArgs([...argv], { string: OPTIONS });
  const unknown = Object.keys(args).find((key) => key !== "_" && !OPTIONS.some((name) => name === key));
  if (unknown !== undefined) throw new UsageError(`Cannot use --${unknown}: there is no such option`);
  if (args._.length > 0) throw new UsageError(`Cannot use ${args._.join(" ")}: only options are expected`);
  const empty = OPTIONS.find((name) => args[name] === "");
  if (empty !== undefined) throw new UsageError(`Cannot use --${empty}: its value is missing`);
  const count = Number(args["count"] ?? DEFAULT_COUNT);
  if (!Number.isSafeInteger(count) || count < 0) {
    throw new UsageError(`Cannot use --count: ${args["count"]} is not a whole number`);
  }
  const fresh = () => crypto.getRandomValues(new Uint32Array(1))[0]?.toString(36) ?? "0";
  return {
    seed: String(args["seed"] ?? fresh()),
    count,
    form: args["form"] === undefined ? undefined : String(args["form"]),
    path: String(args["llvm-mc"] ?? "llvm-mc-19"),
  };
}

/** All questions of a plan with both answers. Each kind has a generator of its own, so that none disturbs another. */
async function ask({ seed, count, form }: Plan, llvm: LlvmMc): Promise<Asked[]> {
  const rows = rowsNamed(form);
  const pseudo = pseudoLines(new Random(`${seed}:numbers`), Math.ceil(count / WORDS_A_NUMBER))
    .filter((line) => form === undefined || line.form === form);
  if (rows.length === 0 && pseudo.length === 0) {
    throw new UsageError(
      `Cannot use --form: ${form} is no instruction or pseudo-instruction with lines of its own`,
    );
  }
  const lines = await askLines([...rows.flatMap(rowLines), ...pseudo], llvm);
  const random = rows.length === 0 ? [] : randomWords(rows, new Random(`${seed}:words`), count);
  const words = await askWords([...wordsOf(lines), ...random], llvm);
  if (form !== undefined) return [...lines, ...words];
  const sources = randomSources(new Random(`${seed}:sources`), Math.ceil(count / WORDS_A_SOURCE));
  return [...lines, ...words, ...await askSources([...SOURCES, ...sources], llvm)];
}

async function main(): Promise<number> {
  try {
    const chosen = plan(Deno.args);
    const llvm = new LlvmMc(chosen.path);
    console.log(`seed ${chosen.seed}, LLVM ${await llvm.version()}`);
    const questions = await ask(chosen, llvm);
    const comparison = compare(questions, KNOWN);
    const complete = chosen.form === undefined;
    console.log(`${reportText(questions, comparison, complete)}, seed ${chosen.seed}`);
    return isClean(comparison, complete) ? 0 : 1;
  } catch (error) {
    if (!(error instanceof UsageError || error instanceof MissingLlvm)) throw error;
    console.error(error.message);
    return 2;
  }
}

if (import.meta.main) Deno.exitCode = await main();
