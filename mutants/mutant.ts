/**
 * What a mutant is: one plausible mistake, as a replacement in one source file.
 *
 * The product has no switches for its own bugs. A mutant is made of the text of the source when the specs are run against it, so that it is
 * exactly the bug that a programmer would have written.
 *
 * @module
 */
import type { RuleId } from "../dsl/mod.ts";

/** A mistake that some case must find. */
export interface Mutant {
  /** What the machine or the hypervisor then does wrong. Unique. */
  readonly name: string;
  /** The rule that it breaks. */
  readonly rule: RuleId;
  /** Source file, relative to the project. */
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** An implementation that had this bug, where one is known. */
  readonly seenIn?: string;
}

/** A mutant that does not fit the source any more. */
export class StaleMutant extends Error {
  override readonly name = "StaleMutant";
}

/**
 * A source with a mutant in it.
 *
 * @throws {StaleMutant} unless the text to replace occurs exactly once
 */
export function mutate(mutant: Mutant, source: string): string {
  const parts = source.split(mutant.find);
  if (parts.length !== 2) {
    throw new StaleMutant(
      `Cannot make mutant "${mutant.name}": its text occurs ${
        parts.length - 1
      } times in ${mutant.file}, must be once`,
    );
  }
  return parts.join(mutant.replace);
}
