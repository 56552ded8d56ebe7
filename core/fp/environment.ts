/**
 * What an operation needs and leaves besides its result: the rounding mode and the exceptions.
 *
 * @module
 */

/** Exceptions, at their positions in the fields of FCSR0. */
export const INEXACT = 1;
export const UNDERFLOW = 2;
export const OVERFLOW = 4;
export const DIVISION_BY_ZERO = 8;
export const INVALID = 16;

/** Rounding modes, as FCSR0.RM numbers them. */
export const NEAREST_EVEN = 0;
export const TOWARD_ZERO = 1;
export const UPWARD = 2;
export const DOWNWARD = 3;

/** A rounding mode. */
export type Rounding = 0 | 1 | 2 | 3;

/** The environment of one operation. Operations add to `flags` and `tiny`, and never clear them. */
export class Environment {
  readonly rounding: Rounding;
  /** Exceptions raised. */
  flags = 0;
  /**
   * The result was rounded, is not zero and below the normal numbers. The underflow exception is raised only if it is inexact too;
   * one that is enabled traps even if it is exact.
   */
  tiny = false;

  constructor(rounding: Rounding) {
    this.rounding = rounding;
  }

  raise(flags: number): void {
    this.flags |= flags;
  }
}
