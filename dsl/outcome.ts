/**
 * How a case ended, as data.
 *
 * @module
 */
import type { Executed, Program } from "../core/mod.ts";
import type { Difference } from "./difference.ts";

/** How many of the last instructions a problem holds. */
export const HISTORY = 32;

/** A place in the code that a report points at. */
export interface Mark {
  readonly address: bigint;
  /** What was expected or happened there. */
  readonly text: string;
}

/** Why a case did not pass. */
export interface Problem {
  /** `fail`: the subject broke the rule. `error`: the case or the bench is broken. */
  readonly result: "fail" | "error";
  /** What went wrong, in a sentence. */
  readonly headline: string;
  readonly marks: readonly Mark[];
  readonly differences: readonly Difference[];
  /** More that helps to find the reason. */
  readonly notes: readonly string[];
  /** The last instructions, oldest first. */
  readonly history: readonly Executed[];
  /** The case's code, if it came to run. */
  readonly program?: Program;
}

/** Stands for the world switch of a case in host mode. */
export const HOST_MODE = "host mode";

/** How a case ended on one world switch. */
export interface Outcome {
  /** Its name, or {@linkcode HOST_MODE}. */
  readonly worldSwitch: string;
  /** Name of the machine's profile; undefined for a case that never came to have a machine. */
  readonly profile?: string;
  /** The exits that came, each in a line: the same for every form of one protocol. */
  readonly transitions?: readonly string[];
  /** Undefined if the case passed. */
  readonly problem?: Problem;
}
