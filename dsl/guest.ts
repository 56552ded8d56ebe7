/**
 * The entry point of the DSL.
 *
 * @module
 */
import { type Engine, ReferenceEngine } from "../core/mod.ts";
import { WORLD_SWITCHES, type WorldSwitch } from "../vcpu/mod.ts";
import type { Case } from "./case.ts";
import { CaseError, CaseFailure } from "./errors.ts";
import { placeInStack, report } from "./report.ts";
import { type Outcome, runCase } from "./run.ts";

/** The part of `Deno.TestContext` that a case uses; other runners may pass nothing. */
export interface TestContext {
  readonly name?: string;
}

/** What {@linkcode guest} returns: a test function for `Deno.test`, `it` and the like. */
export interface GuestTest {
  (context?: TestContext | void): void;
  /** The case, for tools that look at cases without running a test runner. */
  readonly case: Case;
}

/** True for what {@linkcode guest} returns. */
export function isGuestTest(value: unknown): value is GuestTest {
  return typeof value === "function" && "case" in value;
}

/** An engine holds nothing of a machine, so that one serves all cases. */
const DEFAULT_ENGINE: Engine = new ReferenceEngine();

/** Overrides what a case runs on; for tests of the bench itself and for tools. */
export interface RunOptions {
  readonly engine?: Engine;
  readonly worldSwitches?: readonly WorldSwitch[];
}

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
 * The test throws {@linkcode CaseFailure} if the subject broke the rule and {@linkcode CaseError} if the case or the bench is broken.
 */
export function guest(c: Case, options: RunOptions = {}): GuestTest {
  // Made here, so that their stacks point at the spec and not into the bench.
  const errors = { fail: errorAt(CaseFailure), error: errorAt(CaseError) };
  const place = placeInStack(errors.fail.stack);
  const test = (context?: TestContext | void): void => {
    const outcomes = runEverywhere(c, options);
    const results = outcomes.flatMap((o) => o.problem?.result ?? []);
    if (results.length === 0) return;
    const error = errors[results.includes("fail") ? "fail" : "error"];
    error.message = report(c, { title: context?.name, place }, outcomes);
    throw error;
  };
  return Object.assign(test, { case: c });
}

/** An error whose stack is the call of {@linkcode guest}. */
function errorAt<E extends Error>(Class: new (message: string) => E): E {
  const error = new Class("");
  Error.captureStackTrace(error, guest);
  return error;
}

/** Runs a case on each of its world switches. */
export function runEverywhere(c: Case, options: RunOptions = {}): readonly Outcome[] {
  const engine = options.engine ?? DEFAULT_ENGINE;
  const all = options.worldSwitches ?? WORLD_SWITCHES;
  const chosen = all.filter((s) => c.switches === undefined || c.switches.includes(s.name));
  // With none left the case itself is at fault; running it once finds out how.
  return (chosen.length > 0 ? chosen : all.slice(0, 1)).map((s) => runCase(c, s, engine));
}
