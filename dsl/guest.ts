/**
 * The entry point of the DSL: a case of guest code.
 *
 * @module
 */
import { WORLD_SWITCHES, type WorldSwitch } from "../vcpu/mod.ts";
import { attempt } from "./attempt.ts";
import type { Case } from "./case.ts";
import { CaseError } from "./errors.ts";
import { executionOf, runCase } from "./execution.ts";
import type { Outcome } from "./outcome.ts";
import type { ResolvedCase } from "./resolve.ts";
import { CaseRun, prepareCase } from "./run.ts";
import { type CaseTest, caseTest, type RunOptions } from "./test_function.ts";

/**
 * Makes a test function of a case. It does not register the test: `Deno.test(title, guest({ … }))` does, so that editors, filters and
 * reports point at the spec.
 *
 * The test throws `CaseFailure` if the subject broke the rule and `CaseError` if the case or the bench is broken.
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
 * @example In `@std/testing/bdd`, and in any other runner that takes a function
 * ```ts ignore
 * import { describe, it } from "jsr:@std/testing/bdd";
 * import { guest, hvc } from "./mod.ts";
 *
 * describe("hvcl leaves guest mode", () => {
 *   for (const code of [0, 1, 0x7fff]) {
 *     it(`with code ${code}`, guest({
 *       rule: "LVZ-EXIT-08",
 *       code: `call: hvcl ${code}`,
 *       exits: [hvc(code, { at: "call" })],
 *     }));
 *   }
 * });
 * ```
 */
export function guest(c: Case, options: RunOptions = {}): CaseTest<Case> {
  return caseTest(c, (more) => runEverywhere(c, { ...options, ...more }), options.place ?? guest);
}

/** Runs a case on each of its world switches; whatever goes wrong becomes part of an outcome. */
export function runEverywhere(c: Case, options: RunOptions = {}): readonly Outcome[] {
  const how = executionOf(options);
  const all = options.worldSwitches ?? WORLD_SWITCHES;
  // Nobody has looked at the case yet.
  const names: unknown = (c as Partial<Case> | null | undefined)?.switches;
  const chosen = all.filter((s) =>
    !Array.isArray(names) || names.includes(s.name) || names.includes(s.protocol)
  );
  if (chosen.length === 0) return [runNowhere(c, all)];
  let prepared: ResolvedCase | undefined;
  const outcomes = chosen.map((s) =>
    runCase(s.name, how, (execution) => new CaseRun(prepared ??= prepareCase(c), s, execution))
  );
  return outcomes.map((outcome, i) => compareForms(outcome, chosen[i]?.protocol, outcomes));
}

/** Two forms of one protocol, TypeScript and assembly, must see the same transitions: otherwise one of them is none of it. */
function compareForms(outcome: Outcome, protocol: string | undefined, all: readonly Outcome[]): Outcome {
  const other = all.find((o) => o.worldSwitch === protocol);
  if (other === undefined || other.problem !== undefined || outcome.problem !== undefined) return outcome;
  const [own = [], others = []] = [outcome.transitions, other.transitions];
  const first = others.findIndex((text, i) => text !== own[i]);
  if (first < 0) return outcome;
  const headline =
    `exit ${first + 1}: two forms of one protocol differ: ${other.worldSwitch} sees ${others[first]}; ` +
    `${outcome.worldSwitch} ${own[first]}`;
  return {
    ...outcome,
    problem: { result: "error", headline, marks: [], differences: [], notes: [], history: [] },
  };
}

/** A case without a world switch is broken, or asks for one that is not there. */
function runNowhere(c: Case, all: readonly WorldSwitch[]): Outcome {
  return attempt("none", () => {
    prepareCase(c);
    const there = all.map((s) => s.name).join(", ") || "none";
    throw new CaseError(`Cannot run the case: its world switches are not among those there are (${there})`);
  });
}
