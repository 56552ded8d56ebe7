/**
 * What a command may do to the world, so that tests can run commands without one.
 *
 * @module
 */

/** The outside of a command. */
export interface Io {
  /** Writes to standard output. */
  out(data: string | Uint8Array): void;
  /** Writes to standard error. */
  err(text: string): void;
  /** Reads a whole file. */
  readFile(path: string): Promise<Uint8Array>;
  /** The names of the files in a folder; undefined if there is no such folder. */
  listFolder(path: string): Promise<readonly string[] | undefined>;
  /** The module URLs of the conformance specs. */
  specFiles(): Promise<readonly string[]>;
  /** True if text may be coloured. */
  readonly color: boolean;
}

/** Exit statuses. */
export const EXIT = {
  ok: 0,
  /** The guest failed. */
  failed: 1,
  /** Wrong use, or input that cannot be used. */
  usage: 2,
} as const;

/** The command line is wrong; the message is all that the user needs. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}
