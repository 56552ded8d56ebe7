/**
 * Test functions made of cases.
 *
 * @module
 */
import type { Engine } from "../core/mod.ts";
import type { WorldSwitch } from "../vcpu/mod.ts";
import type { AnyCase } from "./any_case.ts";
import { CaseError, CaseFailure } from "./errors.ts";
import type { Outcome } from "./outcome.ts";
import { placeInStack, report } from "./report.ts";

/** The part of `Deno.TestContext` that a case uses; other runners may pass nothing. */
export interface TestContext {
  readonly name?: string;
}

/** Overrides what a case runs on; for tests of the bench itself and for tools. */
export interface RunOptions {
  /**
   * What executes the machine.
   * @default the threaded engine, for guests that run long
   */
  readonly engine?: Engine;
  /**
   * Watches every instruction of the host's software. A case that does not pass is run once more in this way, on the engine that shows most;
   * if this is true, it is run in this way only.
   * @default {false}
   */
  readonly traced?: boolean;
  /**
   * The world switches that there are; a case's `switches` chooses among them by name.
   * @default every one
   */
  readonly worldSwitches?: readonly WorldSwitch[];
}

/** A plain test function for `Deno.test`, `it` and the like, that tools can look into. */
export interface CaseTest<C extends AnyCase = AnyCase> {
  (context?: TestContext | void): void;
  readonly case: C;
  /** Where it is: `specs/gspr_test.ts:12`. */
  readonly place: string;
  /** Runs the case; the outcome of each world switch, or the only one. */
  readonly run: (options?: RunOptions) => readonly Outcome[];
}

/** True for what `guest()` and `host()` return. */
export function isCaseTest(value: unknown): value is CaseTest {
  return typeof value === "function" && "case" in value && "run" in value;
}

/** A function that specs call to make a test of a case. */
type Maker = (...args: never[]) => unknown;

/**
 * Makes the test function of a case.
 *
 * @param maker the function that the spec called, whose caller is the place of the case
 */
export function caseTest<C extends AnyCase>(
  c: C,
  run: (options?: RunOptions) => readonly Outcome[],
  maker: Maker,
): CaseTest<C> {
  // Made here, so that the errors point at the spec and not into the bench.
  const fail = new PlacedError(CaseFailure, maker);
  const error = new PlacedError(CaseError, maker);
  const test = (context?: TestContext | void): void => {
    const outcomes = run();
    const results = outcomes.flatMap((o) => o.problem?.result ?? []);
    if (results.length === 0) return;
    const thrown = results.includes("fail") ? fail : error;
    throw thrown.saying(report(c, { title: context?.name, place: fail.place }, outcomes));
  };
  Object.defineProperty(test, "place", { get: () => fail.place });
  return Object.assign(test, { case: c, run }) as CaseTest<C>;
}

/** An error that points at the call of a function. To find out where that is takes time, and most cases are never asked. */
class PlacedError {
  readonly #error: Error;
  #found: string | undefined;

  constructor(Class: new (message: string) => Error, maker: Maker) {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    this.#error = new Class("");
    // The place of the case is all that is wanted, and stacks of thousands of cases add up.
    Error.stackTraceLimit = 1;
    Error.captureStackTrace(this.#error, maker);
    Error.stackTraceLimit = limit;
  }

  /** The lines of its stack. */
  get #frames(): string {
    // A stack starts with the message that the error has when it is first looked at; only then is its place remembered.
    return this.#found ??= /\n {4}at [^]*/.exec(this.#error.stack ?? "")?.[0] ?? "";
  }

  /** Where the function was called: `specs/gspr_test.ts:12`. */
  get place(): string {
    return placeInStack(this.#frames);
  }

  /** The error with a message. */
  saying(message: string): Error {
    const frames = this.#frames;
    this.#error.message = message;
    this.#error.stack = `${this.#error.name}: ${message}${frames}`;
    return this.#error;
  }
}
