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
  /**
   * Where the case is, for programs that make cases by the thousand: to be named is better than to be found at the line that made all of them, and
   * V8 takes as long to look for that line as for half of the assembling.
   * @default the line that called `guest()`, `host()` or `protocol()`
   */
  readonly place?: string;
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
 * @param at the place of the case, or the function that the spec called, whose caller is that
 */
export function caseTest<C extends AnyCase>(
  c: C,
  run: (options?: RunOptions) => readonly Outcome[],
  at: string | Maker,
): CaseTest<C> {
  const place: Place = typeof at === "string" ? new NamedPlace(at) : new CallPlace(at);
  const test = (context?: TestContext | void): void => {
    const outcomes = run();
    if (outcomes.every(hasPassed)) return;
    const hasFailed = outcomes.some((o) => o.problem?.result === "fail");
    const identity = {
      title: context?.name,
      place: place.text,
      ...(place.repeat && { repeat: place.repeat }),
    };
    const text = report(c, identity, outcomes);
    throw place.errorOf(hasFailed ? CaseFailure : CaseError, text);
  };
  Object.assign(test, { case: c, run, [MADE_AT]: place });
  return Object.defineProperty(test, "place", PLACE) as CaseTest<C>;
}

const MADE_AT = Symbol("made at");

/** One getter for all tests: with one each, every test would have a hidden class of its own, and stay until the next major collection. */
const PLACE = {
  get(this: { readonly [MADE_AT]: Place }): string {
    return this[MADE_AT].text;
  },
};

function hasPassed({ problem }: Outcome): boolean {
  return problem === undefined;
}

/** Where a case is. */
interface Place {
  /** As reports have it: `specs/gspr_test.ts:12`. */
  readonly text: string;
  /** How to run the case again, if not as `deno test` does. */
  readonly repeat?: string;
  /** An error that points there. */
  errorOf(Class: new (message: string) => Error, message: string): Error;
}

/** A place that somebody named. */
class NamedPlace implements Place {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  get repeat(): string {
    return `make ${this.text} again`;
  }

  errorOf(Class: new (message: string) => Error, message: string): Error {
    return new Class(message);
  }
}

/**
 * Where a function was called. It is kept as V8 keeps it, because most cases are never asked, and to find out which line of which file that
 * is takes time.
 */
class CallPlace implements Place {
  readonly #captured: { readonly stack?: string } = {};
  #found: string | undefined;

  /** @param maker the function */
  constructor(maker: Maker) {
    const limit = Error.stackTraceLimit;
    // The place of the case is all that is wanted, and stacks of thousands of cases add up.
    Error.stackTraceLimit = 1;
    Error.captureStackTrace(this.#captured, maker);
    Error.stackTraceLimit = limit;
  }

  /** The lines of a stack. */
  get #frames(): string {
    return this.#found ??= /\n {4}at [^]*/.exec(this.#captured.stack ?? "")?.[0] ?? "";
  }

  get text(): string {
    return placeInStack(this.#frames);
  }

  /**
   * An error that points here and not into the bench. What was captured becomes that error: runners show the line of the source only for
   * what captured its stack itself.
   */
  errorOf(Class: new (message: string) => Error, message: string): Error {
    const like = new Class(message);
    const stack = `${like.name}: ${message}${this.#frames}`;
    Object.setPrototypeOf(this.#captured, Class.prototype);
    return Object.defineProperties(this.#captured, {
      ...Object.getOwnPropertyDescriptors(like),
      stack: { value: stack, writable: true, configurable: true },
    }) as Error;
  }
}
