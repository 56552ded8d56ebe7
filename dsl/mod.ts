/**
 * The guest-test DSL: what a case says, and how it is run and reported.
 *
 * @module
 */
export type * from "./case.ts";
export { CaseError, CaseFailure } from "./errors.ts";
export * from "./exit.ts";
export { guest, type GuestTest, isGuestTest, runEverywhere, type RunOptions, type TestContext } from "./guest.ts";
export * from "./rules/mod.ts";
export { type Outcome, type Problem, runCase } from "./run.ts";
