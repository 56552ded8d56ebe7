/**
 * The text of a failure: which case, which rule, which transition, where, what differs, what ran last, how to repeat it.
 *
 * @module
 */
import type { Executed, Program } from "../core/mod.ts";
import { type AnyCase, rulesOf } from "./any_case.ts";
import { hex } from "../core/hex.ts";
import { decodeDifference, instructionText, labelOf, sourceOf } from "./decode.ts";
import type { Difference } from "./difference.ts";
import { HOST_MODE, type Mark, type Outcome, type Problem } from "./outcome.ts";
import { loopIn } from "./loop.ts";
import { type Rule, rule } from "./rules/mod.ts";

/** Which case a report is about. */
export interface CaseIdentity {
  /** Title of the test, if the runner gave one. */
  readonly title: string | undefined;
  /** Where the case was made: `specs/gspr_test.ts:12`. */
  readonly place: string;
  /**
   * The command that runs it again.
   * @default {deno test, with the file and the title}
   */
  readonly repeat?: string;
}

/** Prose is broken before this column; code and values are left whole. */
const WIDTH = 110;
/** How many instructions are shown. */
const SHOWN_HISTORY = 8;
/** A value longer than this does not push away those beside the others. */
const WIDEST_VALUE = 40;

/** The report of all world switches on which a case did not pass. Runners put the error's name, FAIL or ERROR, in front. */
export function report(c: AnyCase, identity: CaseIdentity, outcomes: readonly Outcome[]): string {
  const groups = groupAlike(outcomes);
  const passed = outcomes.filter((o) => o.problem === undefined).map((o) => o.worldSwitch);
  const isOne = groups.length === 1 && passed.length === 0;
  const fails = groups.some((group) => group.result === "fail");
  return [
    headLine(identity, outcomes, isOne),
    ...(fails ? ruleLines(c) : []),
    ...groups.flatMap((group) => groupLines(group, isOne)),
    ...(passed.length > 0 ? [`  passes on ${worldSwitchText(passed)}`] : []),
    repeatLine(identity),
  ].join("\n");
}

function headLine({ title, place }: CaseIdentity, outcomes: readonly Outcome[], isOne: boolean): string {
  const where = isOne ? [worldSwitchText(outcomes.map((o) => o.worldSwitch))] : [];
  const profile = outcomes.find((o) => o.profile !== undefined)?.profile;
  const profiles = profile === undefined ? [] : [`profile ${profile}`];
  return [title ?? "case", place, ...where, ...profiles].join("  ");
}

function worldSwitchText(names: readonly string[]): string {
  return names.includes(HOST_MODE) ? HOST_MODE : `world switch ${names.join(", ")}`;
}

/** Outcomes that went wrong alike, and how. */
interface Group {
  readonly worldSwitches: readonly string[];
  readonly result: Problem["result"];
  readonly lines: readonly string[];
}

function groupAlike(outcomes: readonly Outcome[]): readonly Group[] {
  const groups = new Map<string, Group>();
  for (const { problem, worldSwitch } of outcomes) {
    if (problem === undefined) continue;
    const lines = problemLines(problem);
    const text = lines.join("\n");
    const others = groups.get(text)?.worldSwitches ?? [];
    groups.set(text, { worldSwitches: [...others, worldSwitch], result: problem.result, lines });
  }
  return [...groups.values()];
}

function groupLines({ worldSwitches, result, lines }: Group, isOne: boolean): readonly string[] {
  return [
    ...(isOne ? [] : [`  on ${worldSwitchText(worldSwitches)}:`]),
    ...(result === "error" ? ["  the case or the bench is broken; this says nothing about the subject"] : []),
    ...lines,
  ];
}

function problemLines(problem: Problem): readonly string[] {
  const { headline, marks, differences, notes, history, program } = problem;
  return [
    // A headline of several lines has source text in it.
    ...(headline.includes("\n")
      ? headline.split("\n").map((line) => `  ${line}`)
      : wrap(headline, "  ", "    ")),
    ...markLines(marks, program),
    ...differenceLines(differences, program),
    ...notes.flatMap((note) => wrap(note, "  ", "    ")),
    ...historyLines(history, program),
  ];
}

// The rule -------------------------------------------------------------------------------------------------------------

function ruleLines(c: AnyCase): readonly string[] {
  return rulesOf(c).flatMap((id) => {
    const { text, confidence, sources, disputed }: Rule = rule(id);
    return [
      ...wrap(`rule ${id}: ${text}`, "  ", "    "),
      ...wrap(`confidence ${confidence}; sources: ${sources.join("; ")}`, "    ", "      "),
      ...(disputed === undefined ? [] : wrap(disputeText(disputed, c), "    ", "      ")),
    ];
  });
}

/** Which reading of a disputed rule the case ran under. */
function disputeText({ setting, takes, readings }: NonNullable<Rule["disputed"]>, c: AnyCase): string {
  const taken = setting === undefined ? takes : c.choices?.[setting] ?? takes;
  const texts = new Map(Object.entries(readings));
  const others = [...texts.keys()].filter((name) => name !== taken).join(", ");
  return `disputed; this machine takes the reading "${taken}" (${texts.get(taken)}), not ${others}`;
}

/** Breaks a text at spaces. */
function wrap(text: string, indent: string, following: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const start = lines.length === 0 ? indent : following;
    if (line !== "" && start.length + line.length + word.length >= WIDTH) {
      lines.push(start + line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, (lines.length === 0 ? indent : following) + line];
}

// Code -----------------------------------------------------------------------------------------------------------------

/** Lines of code with what was expected or happened there, in the order of addresses. */
function markLines(marks: readonly Mark[], program: Program | undefined): readonly string[] {
  const texts = new Map<bigint, string[]>();
  for (const { address, text } of marks) texts.set(address, [...texts.get(address) ?? [], text]);
  return [...texts].sort(([a], [b]) => a < b ? -1 : 1).map(([address, all]) => {
    const source = sourceOf(address, program);
    const line = source === undefined ? "" : `  code:${source.line}`;
    const code = codeLine(address, source?.text.replace(/\s+/g, " ") ?? "(not in the code)", program);
    return `${code.padEnd(64)}  <- ${all.join(", ")}${line}`;
  });
}

function codeLine(address: bigint, text: string, program: Program | undefined): string {
  return `    ${(labelOf(address, program) ?? "").padEnd(16)} ${hex(address).padEnd(10)} ${text}`;
}

function historyLines(history: readonly Executed[], program: Program | undefined): readonly string[] {
  if (history.length === 0) return [];
  const loop = loopIn(history);
  const shown = loop ?? history.slice(-SHOWN_HISTORY);
  const count = shown.length === 1 ? "1 instruction" : `${shown.length} instructions`;
  const worlds = [...new Set(shown.map((e) => e.world))].join(" and ");
  return [
    loop === undefined ? `  last ${count} of the ${worlds}:` : `  the ${worlds} was in a loop of ${count}:`,
    ...shown.map(({ pc, word }) => codeLine(pc, instructionText(word, pc, program), program)),
  ];
}

// Values ---------------------------------------------------------------------------------------------------------------

function differenceLines(
  differences: readonly Difference[],
  program: Program | undefined,
): readonly string[] {
  const rows = differences.map((d) => {
    const [got, expected] = valueTexts(d, program);
    return { ...d, got, expected };
  });
  const width = Math.max(0, ...rows.map((r) => r.what.length));
  const gotWidth = Math.max(0, ...rows.map((r) => r.got.length).filter((n) => n <= WIDEST_VALUE));
  return rows.map(({ what, got, expected, why }) => {
    const reason = why === undefined ? "" : `  (${why})`;
    return `  ${what.padEnd(width)}  got ${got.padEnd(gotWidth)}  expected ${expected}${reason}`;
  });
}

function valueTexts(difference: Difference, program: Program | undefined): readonly [string, string] {
  const { got, expected, csr, isInstruction } = difference;
  if (typeof got === "string" || typeof expected === "string") return [String(got), String(expected)];
  if (isInstruction) return [wordText(got), wordText(expected)];
  const [gotText, expectedText] = decodeDifference(csr, got, expected);
  return [withLabel(gotText, got, program), withLabel(expectedText, expected, program)];
}

function withLabel(text: string, value: bigint, program: Program | undefined): string {
  const label = labelOf(value, program);
  return label === undefined ? text : `${text} ${label}`;
}

function wordText(word: bigint): string {
  const text = instructionText(Number(BigInt.asUintN(32, word)), 0n, undefined);
  return `0x${word.toString(16).padStart(8, "0")} ${text}`;
}

// How to repeat --------------------------------------------------------------------------------------------------------

function repeatLine({ title, place, repeat }: CaseIdentity): string {
  if (repeat !== undefined) return `  repeat: ${repeat}`;
  const file = place.replace(/:\d+$/, "");
  const filter = title === undefined ? "" : ` --filter ${shellQuoted(title)}`;
  return `  repeat: deno test ${file}${filter}`;
}

/** A word of a command line. */
export function shellQuoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

const ROOT = new URL("../", import.meta.url).href;

/** The first place in a stack, relative to the project if it is in there. */
export function placeInStack(stack: string | undefined): string {
  const [, url, line] = /(\w+:\/\/\S+?):(\d+):\d+/.exec(stack ?? "") ?? [];
  if (url === undefined) return "unknown place";
  if (url.startsWith(ROOT)) return `${decodeURI(url.slice(ROOT.length))}:${line}`;
  return `${url.startsWith("file:") ? decodeURI(new URL(url).pathname) : url}:${line}`;
}
