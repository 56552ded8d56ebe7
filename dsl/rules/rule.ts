/**
 * What one rule of the bench says, where it comes from, and how sure we are.
 *
 * Every conformance case names one rule. The ids never change, so coverage, skip lists, known deviations and reports can
 * refer to them. A rule that sources contradict carries its readings; where the machine can behave in either way, the
 * reading is a profile setting ({@linkcode LvzChoices}) and a case can run under each.
 *
 * @module
 */
import type { LvzChoices } from "../../core/profile.ts";
import type { Source } from "./sources.ts";

/**
 * How sure we are that hardware does what a rule says.
 *
 * - `high`: two independent sources agree, or software that is proven on boards depends on it;
 * - `medium`: one credible source, or a strong inference from proven software;
 * - `low`: an inference or a weak source; the rule then says "this bench" and describes what is implemented until better
 *   evidence turns up.
 */
export type Confidence = "high" | "medium" | "low";

/** The name of a profile setting that chooses between readings. */
export type SettingName = keyof LvzChoices;

/** A dispute that a profile setting decides: its readings are exactly the values of the setting. */
export interface SettingDispute<K extends SettingName> {
  /** Value of the setting to what the machine then does. */
  readonly readings: Readonly<Record<LvzChoices[K], string>>;
  /** The profile setting that chooses. */
  readonly setting: K;
  /** The reading that the default profile takes. */
  readonly takes: LvzChoices[K];
  /** Why that one, with the id of the conflict (LVZ-CONF-nn) in the fact sheet where it has one. */
  readonly chosen: string;
  /** The observation on silicon that would decide it. */
  readonly settledBy: string;
}

/** A dispute without a setting: the machine implements one reading only. */
export interface FixedDispute {
  /** Name of a reading to what it says; two or more. */
  readonly readings: Readonly<Record<string, string>>;
  readonly setting?: never;
  /** The name of the reading that this bench implements. */
  readonly takes: string;
  /** Why that one, with the id of the conflict (LVZ-CONF-nn) in the fact sheet where it has one. */
  readonly chosen: string;
  /** The observation on silicon that would decide it. */
  readonly settledBy: string;
}

/** Where sources disagree about a rule. */
export type Dispute = FixedDispute | { readonly [K in SettingName]: SettingDispute<K> }[SettingName];

/** One rule. */
export interface Rule {
  /** What holds, in one or two sentences from which a case can be written. */
  readonly text: string;
  /** Where it comes from; see `sources.ts`. At least one. */
  readonly sources: readonly Source[];
  readonly confidence: Confidence;
  /** The readings, where sources disagree. */
  readonly disputed?: Dispute;
  /** A second question of the same rule about which sources disagree or say nothing. */
  readonly alsoDisputed?: FixedDispute;
  /** Why no case can test it on this bench; absent for a rule that wants a case. */
  readonly untestable?: string;
}

/** The rules of one area, each id the area's name and two digits: `RuleTable<"LVZ-ENTRY">` has `LVZ-ENTRY-01`. */
export type RuleTable<Area extends string> = Readonly<Record<`${Area}-${string}`, Rule>>;
