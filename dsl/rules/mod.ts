/**
 * The rule list: every rule that a conformance case can name.
 *
 * Ids are those of the fact sheets about LVZ and about the software protocols built on it, `LVZ-<area>-<number>` and
 * `PROTO-<subject>-<number>`, and `BASE-<area>-<number>` for the architecture's first volume.
 *
 * `rule("LVZ-GUEST-01").text` is the rule; {@linkcode RULES} has them all.
 *
 * @module
 */
import {
  BASE_CSR_RULES,
  BASE_ERROR_RULES,
  BASE_PERFORMANCE_RULES,
  BASE_PRIORITY_RULES,
  BASE_TIMER_RULES,
  BASE_TLB_RULES,
  BASE_WATCHPOINT_RULES,
} from "./base.ts";
import { CONTROL_REGISTER_RULES } from "./control_registers.ts";
import { DETECTION_RULES } from "./detection.ts";
import { ENTRY_RULES } from "./entry.ts";
import { EXIT_RULES } from "./exit.ts";
import { GUEST_MODE_RULES } from "./guest_mode.ts";
import { GUEST_REGISTER_RULES } from "./guest_registers.ts";
import { INSTRUCTION_RULES } from "./instructions.ts";
import { INTERRUPT_RULES } from "./interrupts.ts";
import {
  ARCEOS_LATER_RULES,
  ARCEOS_PROTOCOL_RULES,
  HVISOR_PROTOCOL_RULES,
  KVM_PROTOCOL_RULES,
} from "./protocols.ts";
import type { Rule } from "./rule.ts";
import { FLOATING_POINT_RULES, LLBIT_RULES, PERFORMANCE_RULES, WATCHPOINT_RULES } from "./state.ts";
import { TIME_RULES } from "./time.ts";
import { INVTLB_RULES, TLB_RULES } from "./tlb.ts";
import { TRANSLATION_RULES } from "./translation.ts";

export type {
  Confidence,
  Dispute,
  FixedDispute,
  Rule,
  RuleTable,
  SettingDispute,
  SettingName,
} from "./rule.ts";
export { type Source, SOURCE_NAMES, type SourceName } from "./sources.ts";

/** The areas in reading order; each is a table of its own, so that a repeated id cannot hide another. */
export const RULE_TABLES = [
  DETECTION_RULES,
  CONTROL_REGISTER_RULES,
  INSTRUCTION_RULES,
  GUEST_REGISTER_RULES,
  GUEST_MODE_RULES,
  ENTRY_RULES,
  EXIT_RULES,
  TRANSLATION_RULES,
  TLB_RULES,
  INVTLB_RULES,
  INTERRUPT_RULES,
  TIME_RULES,
  LLBIT_RULES,
  FLOATING_POINT_RULES,
  PERFORMANCE_RULES,
  WATCHPOINT_RULES,
  BASE_CSR_RULES,
  BASE_PRIORITY_RULES,
  BASE_PERFORMANCE_RULES,
  BASE_WATCHPOINT_RULES,
  BASE_ERROR_RULES,
  BASE_TIMER_RULES,
  BASE_TLB_RULES,
  KVM_PROTOCOL_RULES,
  ARCEOS_PROTOCOL_RULES,
  ARCEOS_LATER_RULES,
  HVISOR_PROTOCOL_RULES,
] as const;

/** The keys of every member of a union. */
type KeysOfEach<T> = T extends unknown ? keyof T : never;

/** The id of a rule. */
export type RuleId = KeysOfEach<(typeof RULE_TABLES)[number]>;

/** All rules by id, in the order of {@linkcode RULE_TABLES}. */
export const RULES = Object.assign({}, ...RULE_TABLES) as Readonly<Record<RuleId, Rule>>;

/** The rule with this id. */
export function rule(id: RuleId): Rule {
  return RULES[id];
}

/** True if there is a rule with this id, for ids that come from files or the command line. */
export function isRuleId(id: string): id is RuleId {
  return Object.hasOwn(RULES, id);
}
