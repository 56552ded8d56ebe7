/**
 * The table of what was measured.
 *
 * @module
 */
import type { Goal, Row, Unit } from "./benchmark.ts";

const COLUMNS = { name: 26, value: 12, goal: 12, reached: 8, rate: 12 };

/** The column names. */
export const HEADER: string = [
  "what".padEnd(COLUMNS.name),
  "value".padStart(COLUMNS.value),
  "goal".padStart(COLUMNS.goal),
  "reached".padStart(COLUMNS.reached),
  "here".padStart(COLUMNS.rate),
  "QEMU".padStart(COLUMNS.rate),
].join(" ");

/** A line of the table. */
export function rowText({ name, text, value, unit, goal, reached, rates }: Row): string {
  const rate = (count: number | undefined) =>
    rates === undefined || count === undefined ? "" : rateText(count, rates.of);
  return [
    name.padEnd(COLUMNS.name),
    valueText(value, unit).padStart(COLUMNS.value),
    (goal === undefined ? "" : goalText(goal, unit)).padStart(COLUMNS.goal),
    (reached === undefined ? "" : reached ? "yes" : "no").padStart(COLUMNS.reached),
    rate(rates?.here).padStart(COLUMNS.rate),
    rate(rates?.qemu).padStart(COLUMNS.rate),
    ` ${text}`,
  ].join(" ");
}

/** The last line: how many goals are reached. */
export function summary(rows: readonly Pick<Row, "reached">[]): string {
  const goals = rows.filter((row) => row.reached !== undefined);
  return `${goals.filter((row) => row.reached).length} of ${goals.length} goals are reached`;
}

/** A value with its unit. */
function valueText(value: number, unit: Unit): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : value >= 0.1 ? 2 : 4;
  return `${value.toFixed(digits)}${unit === "ratio" ? "" : unit === "/s" ? "/s" : ` ${unit}`}`;
}

function goalText(goal: Goal, unit: Unit): string {
  const [sign, value] = "least" in goal ? ["≥", goal.least] : ["≤", goal.most];
  return `${sign} ${value}${unit === "ratio" ? "" : unit === "/s" ? "/s" : ` ${unit}`}`;
}

/** Instructions or round trips a second. */
function rateText(rate: number, of: "instructions" | "trips"): string {
  if (of === "instructions") return `${(rate / 1e6).toFixed(1)} MIPS`;
  return rate >= 1e6 ? `${(rate / 1e6).toFixed(2)} M/s` : `${(rate / 1e3).toFixed(1)} k/s`;
}
