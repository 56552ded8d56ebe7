/**
 * The guest-test DSL: what a case says, and how it is run and reported.
 *
 * @module
 */
export type * from "./case.ts";
export { CaseError, CaseFailure } from "./errors.ts";
export * from "./exit.ts";
export { guest, runEverywhere } from "./guest.ts";
export { host } from "./host.ts";
export type { HostCase, HostExpectation } from "./host_case.ts";
export {
  type AnyCase,
  type CaseTest,
  isCaseTest,
  rulesOf,
  type RunOptions,
  type TestContext,
} from "./test_function.ts";
export * from "./rules/mod.ts";
export { type Outcome, type Problem, runCase } from "./run.ts";
