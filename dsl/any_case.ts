/**
 * What cases of guest code and cases in host mode have in common.
 *
 * @module
 */
import type { LvzChoices } from "../core/mod.ts";
import type { RuleId } from "./rules/mod.ts";

/** What every case has. */
export interface AnyCase {
  /** The rule that the case is about; more than one where they cannot be told apart. */
  readonly rule: RuleId | readonly RuleId[];
  /**
   * Name of the machine's profile.
   * @default {"la464"}
   */
  readonly profile?: string;
  /** Readings of disputed rules that differ from the profile's. */
  readonly choices?: Partial<LvzChoices>;
}

/** The rules of a case, as a list. */
export function rulesOf(c: AnyCase): readonly RuleId[] {
  return typeof c.rule === "string" ? [c.rule] : c.rule;
}
