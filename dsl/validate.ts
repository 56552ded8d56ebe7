/**
 * What makes a case contradict itself, found before anything runs.
 *
 * @module
 */
import { PROFILES } from "../core/mod.ts";
import { WORLD_SWITCHES } from "../vcpu/mod.ts";
import type { Actions, Case, ExpectedExit, Mapping, TimedEvent } from "./case.ts";
import { CaseError } from "./errors.ts";
import { isRuleId } from "./rules/mod.ts";

const GRANULE = 0x4000n;
const HIGHEST_HYPERCALL = 0x7fff;

function refuse(where: string, reason: string): never {
  throw new CaseError(`Cannot run the case: ${where} ${reason}`);
}

/**
 * Checks a case.
 *
 * @throws {CaseError} with the place in the case
 */
export function validate(c: Case): void {
  const rules = typeof c.rule === "string" ? [c.rule] : c.rule;
  if (rules.length === 0) refuse("rule", "is empty");
  for (const id of rules) {
    if (!isRuleId(id)) refuse("rule", `names ${JSON.stringify(id)}, which is not in the rule list`);
  }
  if (c.code.trim() === "") refuse("code", "is empty");
  if (c.exits.length === 0) refuse("exits", "is empty: a case that expects nothing cannot fail");
  checkBudget(c.budget);
  checkNames("switches", c.switches, WORLD_SWITCHES.map((s) => s.name));
  checkNames("profile", c.profile === undefined ? undefined : [c.profile], PROFILES.map((p) => p.name));
  c.map?.forEach((m, i) => checkMapping(m, `map[${i}]`));
  checkEvents(c.events, "events");
  c.exits.forEach((e, i) => checkExit(e, `exits[${i}]`, i === c.exits.length - 1));
}

function checkBudget(budget: number | undefined): void {
  if (budget !== undefined && (!Number.isSafeInteger(budget) || budget < 1)) {
    refuse("budget", `is ${budget}, must be at least 1`);
  }
}

function checkTicks(ticks: number, where: string): void {
  if (!Number.isSafeInteger(ticks) || ticks < 0) refuse(where, `is ${ticks}, must be a count of ticks`);
}

function checkEvents(events: readonly TimedEvent[] | undefined, where: string): void {
  events?.forEach((e, i) => checkTicks(e.at, `${where}[${i}].at`));
}

function checkNames(where: string, names: readonly string[] | undefined, known: readonly string[]): void {
  if (names === undefined) return;
  if (names.length === 0) refuse(where, "is empty");
  const unknown = names.find((n) => !known.includes(n));
  if (unknown !== undefined) refuse(where, `names "${unknown}"; there are ${known.join(", ")}`);
}

function checkMapping({ gpa, size, access, alias }: Mapping, where: string): void {
  for (const [name, value] of Object.entries({ gpa, size, alias })) {
    if (value === undefined || (value >= 0n && value % GRANULE === 0n)) continue;
    refuse(`${where}.${name}`, `is 0x${value.toString(16)}, must be a multiple of 0x${GRANULE.toString(16)}`);
  }
  if (access !== undefined && !/^r?w?x?$/.test(access)) {
    refuse(`${where}.access`, `is "${access}", must be letters of "rwx" in this order`);
  }
}

const HOST_EXCEPTIONS: ReadonlySet<string> = new Set(["GSPR", "HVC", "GCSC", "GCHC"]);

function checkExit(exit: ExpectedExit, where: string, isLast: boolean): void {
  const { code, kind } = exit;
  if (kind === "running" && !isLast) refuse(where, "is `running`, which can only be the last");
  if (code !== undefined && (!Number.isInteger(code) || code < 0 || code > HIGHEST_HYPERCALL)) {
    refuse(`${where}.code`, `is ${code}, range is 0 to ${HIGHEST_HYPERCALL}`);
  }
  if (exit.pending?.length === 0) refuse(`${where}.pending`, "is empty: an interrupt exit has a source");
  if (exit.took !== undefined && HOST_EXCEPTIONS.has(exit.took.kind)) {
    refuse(`${where}.took.kind`, `is ${exit.took.kind}, which a guest never takes`);
  }
  exit.map?.forEach((m, i) => checkMapping(m, `${where}.map[${i}]`));
  if (exit.advance !== undefined) checkTicks(exit.advance, `${where}.advance`);
  checkEvents(exit.events, `${where}.events`);
  checkActions(exit, where, isLast);
}

const ACTION_NAMES = [
  "resume",
  "skip",
  "set",
  "inject",
  "withdraw",
  "advance",
  "lines",
  "events",
  "map",
  "rebind",
] as const;

function checkActions(actions: Actions, where: string, isLast: boolean): void {
  if (actions.skip && actions.resume?.pc !== undefined) {
    refuse(where, "has both skip and resume.pc: where should the guest go on?");
  }
  if (actions.flush !== undefined && actions.map === undefined) {
    refuse(`${where}.flush`, "says what happens after map, which is absent");
  }
  if (actions.handle && (actions.skip || actions.resume?.pc !== undefined)) {
    refuse(where, "has handle, which moves the PC by itself, together with skip or resume.pc");
  }
  const useless = isLast && ACTION_NAMES.find((name) => actions[name] !== undefined);
  if (useless) refuse(`${where}.${useless}`, "would never happen: this is the last exit");
}
