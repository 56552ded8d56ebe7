/**
 * The entry point of the DSL: a case of guest code.
 *
 * @module
 */
import { type Engine, ReferenceEngine } from "../core/mod.ts";
import { WORLD_SWITCHES } from "../vcpu/mod.ts";
import type { Case } from "./case.ts";
import { type Outcome, runCase } from "./run.ts";
import { type CaseTest, caseTest, type RunOptions } from "./test_function.ts";

/** An engine holds nothing of a machine, so that one serves all cases. */
const DEFAULT_ENGINE: Engine = new ReferenceEngine();

/**
 * Makes a test function of a case. It does not register the test: `Deno.test(title, guest({ … }))` does, so that editors, filters and
 * reports point at the spec.
 *
 * @example
 * ```ts
 * import { guest, hvc } from "./mod.ts";
 *
 * Deno.test("hvcl leaves guest mode", guest({
 *   rule: "LVZ-EXIT-08",
 *   code: `call: hvcl 5`,
 *   exits: [hvc(5, { at: "call" })],
 * }));
 * ```
 *
 * The test throws `CaseFailure` if the subject broke the rule and `CaseError` if the case or the bench is broken.
 */
export function guest(c: Case, options: RunOptions = {}): CaseTest<Case> {
  return caseTest(c, (more) => runEverywhere(c, { ...options, ...more }), guest);
}

/** Runs a case on each of its world switches. */
export function runEverywhere(c: Case, options: RunOptions = {}): readonly Outcome[] {
  const engine = options.engine ?? DEFAULT_ENGINE;
  const all = options.worldSwitches ?? WORLD_SWITCHES;
  const chosen = all.filter((s) => c.switches === undefined || c.switches.includes(s.name));
  // With none left the case itself is at fault; running it once finds out how.
  return (chosen.length > 0 ? chosen : all.slice(0, 1)).map((s) => runCase(c, s, engine));
}
