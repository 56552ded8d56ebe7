/**
 * The tasks of `child.ts`, and what each prints.
 *
 * @module
 */

/** By task. Memory is in bytes: all of the process that is resident, with what it uses of Deno's own program. */
export interface ChildResults {
  /** A process that does nothing. */
  readonly nothing: { readonly rss: number };
  /** Cases a second: so many, behind so many others, on the world switch of this name or on all. */
  readonly cases: { readonly rate: number };
  readonly machine: MachineTimes;
  /** A machine of 16 MiB that has run a program. */
  readonly memory: { readonly rss: number };
  /** A machine that has executed code in many pages. */
  readonly pages: { readonly rss: number };
}

/** Milliseconds; medians. */
export interface MachineTimes {
  /** To make one. */
  readonly make: number;
  /** To make one and execute an instruction by an engine that exists. */
  readonly ready: number;
}

/** A task. */
export type ChildTask = keyof ChildResults;
