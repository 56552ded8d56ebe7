/** Types of the part of `@std/cli` that this project uses. */

export interface ParseOptions {
  string?: readonly string[];
  boolean?: readonly string[];
  collect?: readonly string[];
  alias?: Readonly<Record<string, string>>;
  default?: Readonly<Record<string, unknown>>;
  "--"?: boolean;
  stopEarly?: boolean;
  /** Called for an option that is not declared; returning false drops it. */
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export declare function parseArgs(args: readonly string[], options?: ParseOptions): {
  _: (string | number)[];
  [key: string]: unknown;
};
