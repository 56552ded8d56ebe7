/**
 * Cases in host mode: the same bench without a guest.
 *
 * @module
 */
import { executionOf, runCase } from "./execution.ts";
import type { HostCase } from "./host_case.ts";
import { HostRun } from "./host_run.ts";
import { HOST_MODE, type Outcome } from "./outcome.ts";
import { assembleCase, profileOf } from "./program.ts";
import { type CaseTest, caseTest, type RunOptions } from "./test_function.ts";
import { validateHost } from "./validate.ts";

/**
 * Makes a test function of a case in host mode.
 *
 * @example
 * ```ts
 * import { host } from "./mod.ts";
 *
 * Deno.test("hvcl in host mode is not defined", host({
 *   rule: "LVZ-INSN-10",
 *   code: `call: hvcl 0`,
 *   expect: { ends: "INE", at: "call" },
 * }));
 * ```
 */
export function host(c: HostCase, options: RunOptions = {}): CaseTest<HostCase> {
  return caseTest(c, (more) => [runHostCase(c, { ...options, ...more })], options.place ?? host);
}

/** Runs a case in host mode; whatever goes wrong becomes part of the outcome. */
export function runHostCase(c: HostCase, options: RunOptions = {}): Outcome {
  return runCase(HOST_MODE, executionOf(options), (how) => {
    validateHost(c);
    return new HostRun(c, assembleCase(c.code, ""), profileOf(c), how);
  });
}
