/**
 * What can be measured, and what a measurement says.
 *
 * @module
 */
import type { Qemu } from "../drivers/qemu/qemu.ts";
import type { Runner, Side } from "./rate.ts";

/** `program`: an image here and on QEMU. `exit`: guest exits. `process`: what does not need QEMU. */
export type Kind = "program" | "exit" | "process";

/** What is aimed at (issue 6): at least, or at most, so much. */
export type Goal = { readonly least: number } | { readonly most: number };

/** The units of the figures that goals are about. */
export type Unit = "ratio" | "MIPS" | "/s" | "ms" | "MiB";

/** What to measure, and how. */
export interface Benchmark {
  readonly kind: Kind;
  readonly name: string;
  readonly text: string;
  readonly unit: Unit;
  readonly goal?: Goal | undefined;
  /** The ratio below which the gate closes; undefined where there is none. */
  readonly floor?: number | undefined;
  /** What runs in this process, for profiles; undefined where nothing does. */
  readonly here?: Runner | undefined;
  /** How many rounds that makes, where the number matters. */
  readonly fixedRounds?: number | undefined;
  measure(conditions: Conditions): Promise<Figures>;
}

/** The conditions of a run of measurements. */
export interface Conditions {
  /** Pairs of runs, of whose ratios the median counts. */
  readonly pairs: number;
  /** Rather quick than exact. */
  readonly isShort: boolean;
  /** @throws {SubjectError} if there is none */
  qemu(): Promise<Qemu>;
  /** QEMU's round trips of `syscall` and `ertn`, which guest exits are compared with. */
  syscalls(): Promise<Side>;
}

/** What was measured. */
export interface Figures {
  /** In the benchmark's unit. */
  readonly value: number;
  /** The rates behind a ratio, a second, and what they count. */
  readonly rates?: { readonly here: number; readonly qemu: number; readonly of: "instructions" | "trips" };
  /** More of it, for `--json`. */
  readonly details?: Readonly<Record<string, number | readonly number[]>>;
}

/** A benchmark with what was measured. */
export interface Row extends Figures, Pick<Benchmark, "kind" | "name" | "text" | "unit" | "goal" | "floor"> {
  /** Undefined where there is no goal. */
  readonly reached?: boolean | undefined;
}

/** True if a value is what was aimed at. */
export function isReached(value: number, goal: Goal): boolean {
  return "least" in goal ? value >= goal.least : value <= goal.most;
}

/** Measures. */
export async function measureRow(benchmark: Benchmark, conditions: Conditions): Promise<Row> {
  const { kind, name, text, unit, goal, floor } = benchmark;
  const figures = await benchmark.measure(conditions);
  const reached = goal === undefined ? undefined : isReached(figures.value, goal);
  return { kind, name, text, unit, goal, floor, reached, ...figures };
}
