/**
 * `deno task bench`: programs and guest exits, here and on QEMU in turns; cases a second, start-up, memory.
 *
 *     deno task bench [--only TEXT] [--pairs N] [--short] [--gate] [--json] [--qemu COMMAND]
 *     deno task bench --profile NAME
 *
 * A ratio is our rate divided by QEMU's, so that more is better. Only ratios of one run mean something: the machine is shared. Exit status
 * 1 if `--gate` found a ratio under its floor, 2 for a wrong option, or without QEMU.
 *
 * @module
 */
import { UsageError } from "../cli/io.ts";
import { SubjectError } from "../drivers/image/subject.ts";
import { Qemu } from "../drivers/qemu/qemu.ts";
import { type Benchmark, type Conditions, measureRow, type Row } from "./benchmark.ts";
import { EXIT_BENCHMARKS } from "./exits/mod.ts";
import { closedBy, gateText } from "./gate.ts";
import { onQemu } from "./measure.ts";
import { choose, helpText, type Options, readOptions } from "./options.ts";
import { PROCESS_BENCHMARKS } from "./process/mod.ts";
import { profile } from "./profile.ts";
import { PROGRAM_BENCHMARKS } from "./programs/mod.ts";
import { SYSCALLS } from "./programs/system.ts";
import { Side } from "./rate.ts";
import { HEADER, rowText, summary } from "./table_text.ts";

const BENCHMARKS: readonly Benchmark[] = [...PROGRAM_BENCHMARKS, ...EXIT_BENCHMARKS, ...PROCESS_BENCHMARKS];

const LEAST_SECONDS = 0.15;
const SHORT_PART = 0.5;

/** A value that is made when it is first wanted. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}

function conditionsOf({ pairs, isShort, qemu: command }: Options): Conditions {
  const qemu = once(() => Qemu.find(command));
  const syscalls = once(async () => {
    const rounds = SYSCALLS.rounds * (isShort ? SHORT_PART : 1);
    return new Side(onQemu(await qemu(), SYSCALLS), { rounds, least: LEAST_SECONDS });
  });
  return { pairs, isShort, qemu, syscalls };
}

/** Pairs of a second measurement. */
const AGAIN = 3;

/** Measures; what is under its floor once more, for the machine may have been busy. */
async function measureTwice(benchmark: Benchmark, conditions: Conditions): Promise<Row> {
  const row = await measureRow(benchmark, conditions);
  return closedBy([row]).length === 0 ? row : await measureRow(benchmark, { ...conditions, pairs: AGAIN });
}

async function main(): Promise<number> {
  const options = readOptions(Deno.args);
  if (options.wantsHelp) {
    console.log(helpText());
    return 0;
  }
  if (options.profile !== undefined) {
    const inThisProcess = BENCHMARKS.filter((b) => b.here !== undefined);
    for (const benchmark of choose(inThisProcess, options.profile)) console.log(await profile(benchmark));
    return 0;
  }
  const chosen = choose(BENCHMARKS, options.only);
  const conditions = conditionsOf(options);
  const needsQemu = chosen.some(({ unit }) => unit === "ratio");
  const qemu = needsQemu ? (await conditions.qemu()).name : undefined;
  const { isJson, isShort, pairs, hasGate } = options;
  const say = (line: string) => isJson ? undefined : console.log(line);
  say(`${isShort ? "short runs, " : ""}medians of ${pairs}${qemu === undefined ? "" : `, against ${qemu}`}`);
  say(HEADER);
  const rows: Row[] = [];
  for (const benchmark of chosen) {
    const row = await (hasGate ? measureTwice : measureRow)(benchmark, conditions);
    rows.push(row);
    say(rowText(row));
  }
  say(summary(rows));
  if (isJson) console.log(JSON.stringify({ qemu, pairs, short: isShort, rows }, null, 2));
  const closed = hasGate ? closedBy(rows) : [];
  if (closed.length > 0) console.error(gateText(closed));
  return closed.length > 0 ? 1 : 0;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError || error instanceof SubjectError)) throw error;
  console.error(error.message);
  Deno.exitCode = 2;
}
