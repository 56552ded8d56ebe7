/**
 * `deno task bench`: the same images here and on QEMU, in turns, and the ratio of the times.
 *
 *     deno task bench [--only TEXT] [--pairs N] [--short] [--json] [--qemu COMMAND]
 *
 * A ratio is QEMU's time divided by ours, so that more is better. Only ratios of one run mean something: the machine is shared.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { SubjectError } from "../drivers/image/subject.ts";
import { Qemu } from "../drivers/qemu/qemu.ts";
import { type Measured, measureHere, measureQemu } from "./measure.ts";
import { type BenchProgram, imageOf } from "./program.ts";
import { PROGRAMS } from "./programs.ts";

/** What came of one program. */
interface Row {
  readonly name: string;
  readonly text: string;
  /** Median of the ratios of the pairs. */
  readonly ratio: number;
  readonly goal: number;
  /** Millions of instructions a second, of the median pair. */
  readonly mips: number;
  readonly qemuMips: number;
}

const PAIRS = 3;
/** The part of the rounds that a short run makes. */
const SHORT = 0.02;

function median<T>(items: readonly T[], of: (item: T) => number): T {
  const sorted = [...items].sort((a, b) => of(a) - of(b));
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError("Cannot take the median of nothing");
  return middle;
}

async function measure(program: BenchProgram, qemu: Qemu, pairs: number, part: number): Promise<Row> {
  const image = imageOf(program, Math.max(1, Math.round(program.rounds * part)));
  const measured: { readonly theirs: Measured; readonly ours: Measured }[] = [];
  for (let i = 0; i < pairs; i++) {
    measured.push({ theirs: await measureQemu(qemu, image), ours: measureHere(image) });
  }
  const { theirs, ours } = median(measured, (pair) => pair.theirs.seconds / pair.ours.seconds);
  const millions = (ours.instructions ?? 0) / 1e6;
  return {
    name: program.name,
    text: program.text,
    goal: program.goal,
    ratio: theirs.seconds / ours.seconds,
    mips: millions / ours.seconds,
    qemuMips: millions / theirs.seconds,
  };
}

function rowText({ name, ratio, goal, mips, qemuMips, text }: Row): string {
  const rates = `${mips.toFixed(1).padStart(8)} ${qemuMips.toFixed(1).padStart(8)}`;
  return `${name.padEnd(20)} ${ratio.toFixed(2).padStart(6)} ${
    goal.toFixed(1).padStart(5)
  } ${rates}  ${text}`;
}

const HEADER = `${"program".padEnd(20)}  ratio  goal     MIPS    QEMU's`;

async function main(): Promise<number> {
  const args = parseArgs(Deno.args, {
    string: ["only", "pairs", "qemu"],
    boolean: ["json", "short"],
    unknown: (arg) => {
      throw new RangeError(`Cannot measure: ${arg} is no option`);
    },
  });
  const text = (name: "only" | "pairs" | "qemu") => typeof args[name] === "string" ? args[name] : undefined;
  const pairs = Number(text("pairs") ?? PAIRS);
  if (!Number.isSafeInteger(pairs) || pairs < 1) {
    throw new RangeError(`Cannot measure ${text("pairs")} pairs`);
  }
  const chosen = PROGRAMS.filter(({ name }) => name.includes(text("only") ?? ""));
  if (chosen.length === 0) throw new RangeError(`Cannot measure: no program's name contains ${text("only")}`);
  const qemu = await Qemu.find(text("qemu"));
  if (args.json !== true) console.log(`against ${qemu.name}, medians of ${pairs}\n${HEADER}`);
  const rows: Row[] = [];
  for (const program of chosen) {
    const row = await measure(program, qemu, pairs, args.short === true ? SHORT : 1);
    rows.push(row);
    if (args.json !== true) console.log(rowText(row));
  }
  if (args.json === true) console.log(JSON.stringify({ qemu: qemu.name, pairs, rows }, null, 2));
  return 0;
}

try {
  Deno.exitCode = await main();
} catch (error) {
  if (!(error instanceof RangeError || error instanceof SubjectError)) throw error;
  console.error(error.message);
  Deno.exitCode = 2;
}
