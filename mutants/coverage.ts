/**
 * Which rules have mutants, and why the others have none.
 *
 * @module
 */
import { type Rule, type RuleId, RULES } from "../dsl/mod.ts";
import { MUTANTS } from "./mutants.ts";

/** Testable rules for which no mutant makes sense, with the reason. */
export const WITHOUT_MUTANT: Partial<Readonly<Record<RuleId, string>>> = {
  "LVZ-MMU-08": "a machine that walks stage-2 tables itself is no slip in one place",
  "LVZ-INT-07": "it is LVZ-ENTRY-14 seen by the host",
};

/** The number of mutants of each rule. */
export function mutantsByRule(): ReadonlyMap<RuleId, number> {
  const counts = new Map<RuleId, number>();
  for (const { rule } of MUTANTS) counts.set(rule, (counts.get(rule) ?? 0) + 1);
  return counts;
}

/** Testable rules that have neither a mutant nor a reason. */
export function uncovered(): readonly RuleId[] {
  const counts = mutantsByRule();
  return (Object.keys(RULES) as RuleId[]).filter((id) => {
    const rule: Rule = RULES[id];
    // The base architecture is compared with QEMU, which finds what a mutant would.
    return !id.startsWith("BASE-") && rule.untestable === undefined && !counts.has(id) &&
      WITHOUT_MUTANT[id] === undefined;
  });
}

/** The table of rules: `LVZ-EXIT-07 1, LVZ-EXIT-08 2, \u2026`, then those without. */
export function coverage(): string {
  const counts = [...mutantsByRule()].sort(([a], [b]) => a.localeCompare(b)).map(([id, n]) => `${id} ${n}`);
  const rows = Array.from({ length: Math.ceil(counts.length / 8) }, (_, i) => counts.slice(i * 8, i * 8 + 8));
  const reasons = Object.entries(WITHOUT_MUTANT).map(([id, reason]) => `  ${id}: ${reason}`);
  return [
    "Mutants of each rule:",
    ...rows.map((row) => `  ${row.join(", ")}`),
    "Testable rules for which no mutant makes sense:",
    ...reasons,
  ].join("\n");
}
