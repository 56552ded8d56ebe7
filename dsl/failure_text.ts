/**
 * What the bench says about a failing case, without what has nothing to do with the failure.
 *
 * @module
 */
import { type FailingCase, type FailingHostCase, RULE } from "./failure_cases.ts";
import { guest } from "./guest.ts";
import { host } from "./host.ts";
import type { CaseTest } from "./test_function.ts";

/** The error's name and message, as a runner shows them. */
export function reportOf({ title, case: c, options }: FailingCase): string {
  return textOf(guest({ rule: RULE, ...c }, options), title);
}

/** {@linkcode reportOf} of a case in host mode. */
export function hostReportOf({ title, case: c }: FailingHostCase): string {
  return textOf(host({ rule: RULE, ...c }), title);
}

/**
 * The text that a test throws, without the place of the test and the text of the rule.
 *
 * @throws {RangeError} if the test passes
 */
export function textOf(test: CaseTest, title: string): string {
  try {
    test({ name: title });
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    return `${error.name}: ${error.message}`
      .replaceAll(/dsl\/failure_\w+\.ts(:\d+)?/g, (_, line) => line === undefined ? "FILE" : "FILE:LINE")
      .replace(/(\n {2}rule \S+:).*(\n {4}.*)+/, "$1 …");
  }
  throw new RangeError(`Cannot report "${title}": it passes`);
}
