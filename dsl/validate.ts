/**
 * What makes a case contradict itself, found before anything runs.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { LA464, PROFILES } from "../core/mod.ts";
import { WORLD_SWITCHES } from "../vcpu/mod.ts";
import { type AnyCase, rulesOf } from "./any_case.ts";
import type { Actions, Case, ExpectedExit, Mapping, TimedEvent } from "./case.ts";
import { hex } from "../core/hex.ts";
import { CaseError } from "./errors.ts";
import type { HostCase } from "./host_case.ts";
import type { ProtocolCase } from "./protocol_case.ts";
import { isRuleId, type Rule, RULES } from "./rules/mod.ts";
import { checkHostShape, checkProtocolShape, checkShape } from "./shape.ts";
import { GRANULE, GUEST_MEMORY } from "./stage.ts";

const HIGHEST_HYPERCALL = 0x7fff;
/** A case needs thousands. This is what generated code executes in a second; one that fails is run again a hundred times slower. */
const HIGHEST_BUDGET = 100_000_000;
/** Three hours at the LA464's 100 MHz; far beyond, ticks would not be counted exactly. */
const HIGHEST_TICKS = 2 ** 40;
/** The page tables of every world switch reach this far. */
const HIGHEST_GPA = 1n << 48n;

function refuse(where: string, reason: string): never {
  throw new CaseError(`Cannot run the case: ${where} ${reason}`);
}

/**
 * Checks a case, whatever it is.
 *
 * @throws {CaseError} with the place in the case
 */
export function validate(c: unknown): asserts c is Case {
  checkShape(c);
  checkCommon(c);
  const profile = PROFILES.find((p) => p.name === c.profile);
  if (profile?.features.has("LVZ") === false) {
    refuse("profile", `is ${profile.name}, which has no guest mode`);
  }
  if (c.exits.length === 0) refuse("exits", "is empty: a case that expects nothing cannot fail");
  checkSwitches(c.switches);
  checkMappings(c);
  checkEvents(c.events, "events");
  c.exits.forEach((e, i) => checkExit(e, `exits[${i}]`, i === c.exits.length - 1));
}

/**
 * Checks a case in host mode, whatever it is.
 *
 * @throws {CaseError} with the place in the case
 */
export function validateHost(c: unknown): asserts c is HostCase {
  checkHostShape(c);
  checkCommon(c);
}

/**
 * Checks a case about a hypervisor's software, whatever it is.
 *
 * @throws {CaseError} with the place in the case
 */
export function validateProtocol(c: unknown): asserts c is ProtocolCase {
  checkProtocolShape(c);
  checkCommon(c);
  checkSwitches(c.switches);
  if (c.calls.length === 0) refuse("calls", "is empty: a case that expects nothing cannot fail");
}

function checkCommon(c: AnyCase & Partial<Pick<Case, "code" | "budget">>): void {
  checkRules(rulesOf(c));
  if (c.code?.trim() === "") refuse("code", "is empty");
  checkRange("budget", c.budget, 1, HIGHEST_BUDGET);
  if (c.profile !== undefined) checkKnown("profile", c.profile, PROFILES.map((p) => p.name));
  checkChoices(c.choices ?? {});
}

function checkRange(where: string, value: number | undefined, low: number, high: number): void {
  if (value === undefined || (value >= low && value <= high)) return;
  refuse(where, `is ${value}, range is ${low} to ${high}`);
}

function checkKnown(where: string, name: string, known: readonly string[]): void {
  if (!known.includes(name)) refuse(where, `names ${JSON.stringify(name)}; there are ${known.join(", ")}`);
}

function checkDistinct(where: string, names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) refuse(where, `names ${JSON.stringify(twice)} twice`);
}

function checkRules(ids: readonly string[]): void {
  if (ids.length === 0) refuse("rule", "is empty");
  const unknown = ids.find((id) => !isRuleId(id));
  if (unknown !== undefined) {
    const offer = didYouMean(unknown, Object.keys(RULES));
    refuse("rule", `names ${JSON.stringify(unknown)}, which is not in the rule list${offer}`);
  }
  checkDistinct("rule", ids);
}

function checkSwitches(names: readonly string[] | undefined): void {
  if (names === undefined) return;
  if (names.length === 0) refuse("switches", "is empty: the case would not run");
  for (const name of names) checkKnown("switches", name, WORLD_SWITCHES.map((s) => s.name));
  checkDistinct("switches", names);
}

/** The readings of a setting are those of the disputed rule that it decides. */
function checkChoices(choices: Readonly<Record<string, string>>): void {
  for (const [setting, reading] of Object.entries(choices)) {
    const disputes = Object.values<Rule>(RULES).map((rule) => rule.disputed);
    checkKnown("choices", setting, Object.keys(LA464.lvz));
    const readings = disputes.find((d) => d?.setting === setting)?.readings ?? {};
    checkKnown(`choices.${setting}`, reading, Object.keys(readings));
  }
}

function checkMappings(c: Case): void {
  c.map?.forEach((m, i) => checkMapping(m, `map[${i}]`));
  c.exits.forEach((e, n) => e.map?.forEach((m, i) => checkMapping(m, `exits[${n}].map[${i}]`)));
}

function checkMapping({ gpa, size = GRANULE, access, alias }: Mapping, where: string): void {
  for (const [name, value] of Object.entries({ gpa, size, alias })) {
    if (value === undefined || (value >= 0n && value % GRANULE === 0n)) continue;
    refuse(
      `${where}.${name}`,
      `is ${value < 0n ? value : hex(value)}, must be a multiple of ${hex(GRANULE)}`,
    );
  }
  if (size === 0n || size > GUEST_MEMORY) {
    refuse(`${where}.size`, `is ${hex(size)}, range is ${hex(GRANULE)} to ${hex(GUEST_MEMORY)}`);
  }
  if (gpa + size > HIGHEST_GPA) {
    refuse(`${where}.gpa`, `is ${hex(gpa)}, page tables end at ${hex(HIGHEST_GPA)}`);
  }
  if (access !== undefined && !/^r?w?x?$/.test(access)) {
    refuse(`${where}.access`, `is ${JSON.stringify(access)}, must be letters of "rwx" in this order`);
  }
  if (access === "" && alias !== undefined) refuse(where, "takes a mapping away and gives it an alias");
}

function checkEvents(events: readonly TimedEvent[] | undefined, where: string): void {
  events?.forEach(({ at, lines }, i) => {
    checkRange(`${where}[${i}].at`, at, 0, HIGHEST_TICKS);
    if (Object.keys(lines).length === 0) refuse(`${where}[${i}].lines`, "is empty: nothing would happen");
  });
}

/** What says something about certain kinds of exit only. */
const ONLY_AT: readonly (readonly [field: keyof ExpectedExit, kinds: RegExp, name: string])[] = [
  ["code", /^HVC$/, "a hypercall"],
  ["pending", /^INT$/, "an interrupt"],
  ["service", /^INT$/, "an interrupt"],
  ["gpa", /^(P..|refill)$/, "a stage-2 fault or refill"],
  ["badi", /^(?!running$)/, "an exit"],
  ["host", /^(?!running$)/, "an exit"],
  ["hostMayChange", /^(?!running$)/, "an exit"],
  ["handle", /^(?!running$)/, "an exit"],
];

/** Exceptions that always go to the host. */
const HOST_EXCEPTIONS: readonly string[] = ["GSPR", "HVC", "GCSC", "GCHC"];

function checkExit(exit: ExpectedExit, where: string, isLast: boolean): void {
  const { kind, code, pending, took } = exit;
  if (kind === "running" && !isLast) refuse(where, "is `running`, which can only be the last");
  for (const [field, kinds, name] of ONLY_AT) {
    if (exit[field] === undefined || kinds.test(kind)) continue;
    refuse(`${where}.${field}`, `makes no sense: ${kind} is not ${name}`);
  }
  checkRange(`${where}.code`, code, 0, HIGHEST_HYPERCALL);
  checkRange(`${where}.advance`, exit.advance, 0, HIGHEST_TICKS);
  if (pending?.length === 0) refuse(`${where}.pending`, "is empty: an interrupt exit has a source");
  if (took !== undefined && HOST_EXCEPTIONS.includes(took.kind)) {
    refuse(`${where}.took.kind`, `is ${took.kind}, which a guest never takes`);
  }
  checkEvents(exit.events, `${where}.events`);
  checkActions(exit, where, isLast);
}

/** What is done between two exits. */
const BETWEEN = [
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
] as const satisfies readonly (keyof Actions)[];

function checkActions(actions: Actions, where: string, isLast: boolean): void {
  const { skip, handle, resume, flush, map } = actions;
  if (skip && resume?.pc !== undefined) {
    refuse(where, "has both skip and resume.pc: where should the guest go on?");
  }
  if (handle && (skip || resume?.pc !== undefined)) {
    refuse(where, "has handle, which moves the PC by itself, together with skip or resume.pc");
  }
  if (flush !== undefined && map === undefined) {
    refuse(`${where}.flush`, "says what happens after map, which is absent");
  }
  const useless = isLast && BETWEEN.find((name) => actions[name] !== undefined);
  if (useless) refuse(`${where}.${useless}`, "would never happen: this is the last exit");
}
