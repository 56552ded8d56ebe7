/**
 * The options of `deno task bench`.
 *
 * @module
 */
import { type OptionSpec, parseArguments } from "../cli/options.ts";
import { UsageError } from "../cli/io.ts";
import { table } from "../cli/text.ts";
import type { Benchmark } from "./benchmark.ts";

/** What to do. */
export interface Options {
  /** The benchmarks whose kind and name contain this. */
  readonly only: string;
  readonly pairs: number;
  readonly isShort: boolean;
  /** End with status 1 if a ratio is under its floor. */
  readonly hasGate: boolean;
  readonly isJson: boolean;
  /** The command of another QEMU. */
  readonly qemu: string | undefined;
  /** Say why a benchmark is slow, in place of measuring. */
  readonly profile: string | undefined;
  /** Say what the options are, and nothing else. */
  readonly wantsHelp: boolean;
}

const SPECS: readonly OptionSpec[] = [
  { name: "only", value: "TEXT", text: "what has this text in `kind: name`" },
  { name: "pairs", value: "N", text: "pairs of runs" },
  { name: "qemu", value: "COMMAND", text: "another QEMU" },
  { name: "profile", value: "NAME", text: "what the engine did, of one benchmark" },
  { name: "short", text: "short runs" },
  { name: "gate", text: "status 1 if a ratio is under its floor" },
  { name: "json", text: "everything, as JSON" },
  { name: "help", text: "this" },
];

/** What the options are. */
export function helpText(): string {
  const rows = SPECS.map(({ name, value = "", text }) => [`--${name} ${value}`, text]);
  return `programs, guest exits and processes: how fast, and how fast compared with QEMU\n\n  deno task bench [options]\n\n${
    table(rows).trimEnd().split("\n").map((line) => `  ${line}`).join("\n")
  }`;
}

/** Pairs of a run, and of a short one. */
const PAIRS = { full: 3, short: 1 };

/**
 * Reads the command line.
 *
 * @throws {UsageError} for what is no option or no value of one
 */
export function readOptions(args: readonly string[]): Options {
  const parsed = parseArguments(args, SPECS);
  if (parsed.positional.length > 0) {
    throw new UsageError(`Cannot measure ${parsed.positional.join(" ")}: only options are expected`);
  }
  const isShort = parsed.flag("short");
  const pairs = parsed.text("pairs");
  const count = pairs === undefined ? (isShort ? PAIRS.short : PAIRS.full) : Number(pairs);
  if (!Number.isSafeInteger(count) || count < 1) {
    throw new UsageError(`Cannot use --pairs: ${pairs} is not a positive whole number`);
  }
  return {
    only: parsed.text("only") ?? "",
    pairs: count,
    isShort,
    hasGate: parsed.flag("gate"),
    isJson: parsed.flag("json"),
    qemu: parsed.text("qemu"),
    profile: parsed.text("profile"),
    wantsHelp: parsed.flag("help"),
  };
}

/**
 * The benchmarks that a text chooses: the one of that name, or those that have it in `kind: name`.
 *
 * @throws {UsageError} if there is none
 */
export function choose(all: readonly Benchmark[], text: string): readonly Benchmark[] {
  const exact = all.filter(({ name }) => name === text);
  if (exact.length > 0) return exact;
  const chosen = all.filter(({ kind, name }) => `${kind}: ${name}`.includes(text));
  if (chosen.length > 0) return chosen;
  const names = all.map(({ kind, name }) => `${kind}: ${name}`).join("; ");
  throw new UsageError(`Cannot measure "${text}": it is part of no benchmark's name. There are ${names}`);
}
