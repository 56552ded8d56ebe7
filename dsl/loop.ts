/**
 * Loops in the recorded history of a guest.
 *
 * @module
 */
import type { Executed } from "../core/mod.ts";

/** Longer loops are not looked for. */
const LONGEST = 8;
/** How often a loop must have been run to count as one. */
const TIMES = 3;

/** The instructions of the loop that a history consists of, from the lowest address on; undefined if it is none. */
export function loopIn(history: readonly Executed[]): readonly Executed[] | undefined {
  const longest = Math.min(LONGEST, Math.floor(history.length / TIMES));
  const period = Array.from({ length: longest }, (_, i) => i + 1).find((n) => hasPeriod(history, n));
  if (period === undefined) return undefined;
  const loop = history.slice(-period);
  const first = loop.reduce((lowest, { pc }, i) => pc < (loop[lowest]?.pc ?? pc) ? i : lowest, 0);
  return [...loop.slice(first), ...loop.slice(0, first)];
}

function hasPeriod(history: readonly Executed[], period: number): boolean {
  return history.every(({ pc }, i) => i < period || history[i - period]?.pc === pc);
}
