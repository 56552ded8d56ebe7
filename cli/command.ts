/**
 * What a command of `lvz` is.
 *
 * @module
 */
import type { Io } from "./io.ts";
import type { Arguments, OptionSpec } from "./options.ts";

/** A command. */
export interface Command {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** What stands behind `lvz NAME`, a line a form. */
  readonly forms: readonly string[];
  readonly options: readonly OptionSpec[];
  /** What else there is to say. */
  readonly details: string;
  /**
   * Does it.
   *
   * @returns the exit status
   * @throws {UsageError} if the arguments are wrong
   */
  run(args: Arguments, io: Io): Promise<number>;
}
