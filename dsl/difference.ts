/**
 * What was not as expected, as data.
 *
 * @module
 */
import type { CsrDeclaration } from "../core/mod.ts";

/** One thing that is not as expected. */
export interface Difference {
  /** What: a register, a field, a place. */
  readonly what: string;
  /** The register's declaration, where values can be decoded. */
  readonly csr?: CsrDeclaration;
  /** True where the values are instruction words. */
  readonly isInstruction?: boolean;
  readonly got: bigint | string;
  readonly expected: bigint | string;
  /** Why that was expected, where the case does not say so itself. */
  readonly why?: string;
}

/** What a reader of a difference is told beside the values. */
export type DifferenceDetails = Pick<Difference, "csr" | "isInstruction" | "why">;

const NONE: readonly Difference[] = [];

/** The difference between two values; none if they are equal. */
export function unequal(
  what: string,
  got: bigint | string,
  expected: bigint | string,
  details: DifferenceDetails = {},
): readonly Difference[] {
  return got === expected ? NONE : [{ what, got, expected, ...details }];
}
