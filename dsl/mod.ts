/**
 * The guest-test DSL: what a case says, and how it is run and reported.
 *
 * @module
 */
export { type AnyCase, rulesOf } from "./any_case.ts";
export type * from "./case.ts";
export type { Difference } from "./difference.ts";
export { CaseError, CaseFailure } from "./errors.ts";
export * from "./exit.ts";
export { guest, runEverywhere } from "./guest.ts";
export { host } from "./host.ts";
export type { HostCase, HostExpectation } from "./host_case.ts";
export type { Mark, Outcome, Problem } from "./outcome.ts";
export { protocol, runProtocol } from "./protocol.ts";
export type {
  CsrWrite,
  ProtocolCall,
  ProtocolCase,
  ProtocolExpectation,
  ProtocolFunction,
  Step,
} from "./protocol_case.ts";
export * from "./rules/mod.ts";
export { type CaseTest, isCaseTest, type RunOptions, type TestContext } from "./test_function.ts";
