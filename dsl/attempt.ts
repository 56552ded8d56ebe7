/**
 * Running a case so that whatever goes wrong becomes part of its outcome.
 *
 * @module
 */
import { AssemblyErrors, MachineError } from "../core/mod.ts";
import { HypervisorError } from "../vcpu/mod.ts";
import { instructionText } from "./decode.ts";
import { CaseError } from "./errors.ts";
import type { Outcome, Problem } from "./outcome.ts";

/** A case under way. */
export interface Run {
  /** Name of the machine's profile. */
  readonly profile: string;
  /** The exits that came, for a case of guest code. */
  readonly transitions?: readonly string[];
  /** Runs the case to its end; undefined if it passed. */
  execute(): Problem | undefined;
  /** What is known of the case when an exception stops it. */
  stopped(): Stopped;
  /** Nobody will ask for anything more. */
  finish(): void;
}

/** What is known of a case when it stops. */
export interface Stopped extends Partial<Omit<Problem, "result" | "headline">> {
  /** Where the case was, as in `exit 1 of 2`. */
  readonly position?: string;
}

/**
 * Makes a case ready and runs it.
 *
 * @param start makes the case ready; it throws if the case is broken
 */
export function attempt(worldSwitch: string, start: () => Run): Outcome {
  let run: Run | undefined;
  let problem: Problem | undefined;
  try {
    run = start();
    problem = run.execute();
  } catch (error) {
    problem = brokenBy(error, run?.stopped() ?? {});
  } finally {
    run?.finish();
  }
  return {
    worldSwitch,
    ...(run && { profile: run.profile }),
    ...(run?.transitions && { transitions: run.transitions }),
    ...(problem && { problem }),
  };
}

/**
 * The problem that an exception is. The world switch is part of the subject; everything else that throws is the case's fault or the
 * bench's own.
 */
function brokenBy(error: unknown, { position, ...details }: Stopped): Problem {
  const found = { marks: [], differences: [], notes: [], history: [], ...details };
  const at = position === undefined ? "" : `${position}: `;
  if (error instanceof HypervisorError) {
    return { result: "fail", headline: `${at}the world switch failed: ${error.message}`, ...found };
  }
  return {
    result: "error",
    headline: describe(error, at),
    ...found,
    notes: [...found.notes, ...executing(error)],
  };
}

/** The instruction at which the machine could not go on. */
function executing(error: unknown): readonly string[] {
  if (!(error instanceof MachineError) || error.place.word === undefined) return [];
  const { world, word, pc } = error.place;
  return [`the ${world} was executing ${instructionText(word, pc, undefined)}`];
}

function describe(error: unknown, at: string): string {
  if (error instanceof CaseError || error instanceof AssemblyErrors) return error.message;
  if (error instanceof MachineError) return `${at}${error.message}`;
  return `the bench itself broke: ${error instanceof Error ? error.stack ?? error.message : String(error)}`;
}
