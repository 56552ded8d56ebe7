/**
 * The gate of CI: ratios that fell under their floors. Floors are far below what is measured, for the machines are shared and noisy; what
 * closes the gate is a mistake, such as hot code that is no longer translated.
 *
 * @module
 */
import type { Row } from "./benchmark.ts";

/** What the gate has to say about each ratio under its floor; nothing if it stays open. */
export function closedBy(rows: readonly Pick<Row, "name" | "value" | "floor">[]): readonly string[] {
  return rows.flatMap(({ name, value, floor }) =>
    floor === undefined || value >= floor
      ? []
      : [`${name}: the ratio is ${value.toPrecision(3)}, its floor is ${floor}`]
  );
}

/** The text for a closed gate. */
export function gateText(closed: readonly string[]): string {
  return [
    `the gate is closed by ${closed.length === 1 ? "a ratio" : `${closed.length} ratios`} under the floor:`,
    ...closed.map((line) => `  ${line}`),
    "Measure again with --only NAME: if it stays so, the last change made that slow; --profile NAME may say why",
  ].join("\n");
}
