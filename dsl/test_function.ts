/**
 * Test functions made of cases.
 *
 * @module
 */
import type { Engine } from "../core/mod.ts";
import type { WorldSwitch } from "../vcpu/mod.ts";
import { CaseError, CaseFailure } from "./errors.ts";
import { placeInStack, report } from "./report.ts";
import type { RuleId } from "./rules/mod.ts";
import type { Outcome } from "./run.ts";

/** The part of `Deno.TestContext` that a case uses; other runners may pass nothing. */
export interface TestContext {
  readonly name?: string;
}

/** Overrides what a case runs on; for tests of the bench itself and for tools. */
export interface RunOptions {
  readonly engine?: Engine;
  readonly worldSwitches?: readonly WorldSwitch[];
}

/** What every case has. */
export interface AnyCase {
  /** The rule that the case is about; more than one where they cannot be told apart. */
  readonly rule: RuleId | readonly RuleId[];
}

/** A plain test function for `Deno.test`, `it` and the like, that tools can look into. */
export interface CaseTest<C extends AnyCase = AnyCase> {
  (context?: TestContext | void): void;
  readonly case: C;
  /** Runs the case; the outcome of each world switch, or the only one. */
  readonly run: (options?: RunOptions) => readonly Outcome[];
}

/** True for what `guest()` and `host()` return. */
export function isCaseTest(value: unknown): value is CaseTest {
  return typeof value === "function" && "case" in value && "run" in value;
}

/** The rules of a case, as a list. */
export function rulesOf(c: AnyCase): readonly RuleId[] {
  return typeof c.rule === "string" ? [c.rule] : c.rule;
}

/**
 * Makes the test function of a case.
 *
 * @param maker the function that the spec called, whose caller is the place of the case
 */
export function caseTest<C extends AnyCase>(
  c: C,
  run: (options?: RunOptions) => readonly Outcome[],
  maker: (...args: never[]) => unknown,
): CaseTest<C> {
  // Made here, so that their stacks point at the spec and not into the bench.
  const errors = { fail: errorAt(CaseFailure, maker), error: errorAt(CaseError, maker) };
  const place = placeInStack(errors.fail.stack);
  const test = (context?: TestContext | void): void => {
    const outcomes = run();
    const results = outcomes.flatMap((o) => o.problem?.result ?? []);
    if (results.length === 0) return;
    const error = errors[results.includes("fail") ? "fail" : "error"];
    error.message = report(rulesOf(c), { title: context?.name, place }, outcomes);
    throw error;
  };
  return Object.assign(test, { case: c, run });
}

/** An error whose stack is the call of the function that made the test. */
function errorAt<E extends Error>(
  Class: new (message: string) => E,
  maker: (...args: never[]) => unknown,
): E {
  const error = new Class("");
  Error.captureStackTrace(error, maker);
  return error;
}
