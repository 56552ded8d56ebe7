/**
 * The text of a failure: which case, which rule, which transition, where, what differs, what ran last, how to repeat it.
 *
 * @module
 */
import { csrName, disassemble, type Executed, type Program } from "../core/mod.ts";
import type { Difference } from "./compare.ts";
import { decodeDifference, hex } from "./decode.ts";
import { type Rule, rule, type RuleId } from "./rules/mod.ts";
import type { Outcome, Problem } from "./run.ts";

/** Which case a report is about. */
export interface CaseIdentity {
  /** Title of the test, if the runner gave one. */
  readonly title: string | undefined;
  /** Where `guest()` was called: `specs/gspr_test.ts:12`. */
  readonly place: string;
}

const ROOT = new URL("../", import.meta.url).href;

/** The report of all world switches on which a case did not pass. */
export function report(
  rules: readonly RuleId[],
  identity: CaseIdentity,
  outcomes: readonly Outcome[],
): string {
  const blocks = sameProblems(outcomes).map((same) => block(rules, identity, same));
  const passed = outcomes.filter((o) => o.problem === undefined).map((o) => o.worldSwitch);
  const note = passed.length > 0 ? [`  the case passes on the world switch ${passed.join(", ")}`] : [];
  return [...blocks, ...note, repeatLine(identity)].join("\n");
}

/** Outcomes with a problem, those with the same text together. */
function sameProblems(outcomes: readonly Outcome[]): Outcome[][] {
  const groups = new Map<string, Outcome[]>();
  for (const outcome of outcomes) {
    if (outcome.problem === undefined) continue;
    const text = problemText(outcome.problem).join("\n");
    groups.set(text, [...groups.get(text) ?? [], outcome]);
  }
  return [...groups.values()];
}

function problemText(problem: Problem): string[] {
  return [
    ...indent(problem.headline, "  "),
    ...codeLines(problem),
    ...differenceLines(problem.differences),
    ...historyLines(problem.history, problem.program),
  ];
}

/** The report of outcomes that went wrong alike. Runners put the error's name, FAIL or ERROR, in front. */
function block(
  rules: readonly RuleId[],
  { title, place }: CaseIdentity,
  outcomes: readonly Outcome[],
): string {
  const { profile, problem } = outcomes[0]!;
  const switches = outcomes.map((o) => o.worldSwitch).join(", ");
  const isError = problem?.result === "error";
  return [
    `${title ?? "case"}  ${place}  switch ${switches}  profile ${profile}`,
    ...(isError ? ["  the case or the bench is broken; this says nothing about the subject"] : []),
    ...ruleLines(rules),
    ...(problem === undefined ? [] : problemText(problem)),
  ].join("\n");
}

function indent(text: string, by: string): string[] {
  return text.split("\n").map((line) => `${by}${line}`);
}

function ruleLines(ids: readonly RuleId[]): string[] {
  return ids.flatMap((id) => {
    const known: Rule | undefined = rule(id);
    if (known === undefined) return [`  rule ${id}: not in the rule list`];
    const disputed = known.disputed === undefined ? "" : "; disputed";
    return [
      `  rule ${id}: ${known.text}`,
      `    confidence ${known.confidence}${disputed}; sources: ${known.sources.join("; ")}`,
    ];
  });
}

/** The lines of code at which the exit was expected and at which it happened. */
function codeLines({ program, expectedAt, actualAt }: Problem): string[] {
  if (program === undefined) return [];
  const marks = new Map<bigint, string>();
  if (expectedAt !== undefined) marks.set(expectedAt, "exit expected here");
  if (actualAt !== undefined) {
    marks.set(actualAt, expectedAt === actualAt ? "exit here, as expected" : "exit here");
  }
  return [...marks].sort(([a], [b]) => a < b ? -1 : 1).map(([address, mark]) => {
    const source = program.lineAt(address);
    const where = source === undefined ? "" : `  code:${source.line}`;
    return `    ${instructionText(address, program, source?.text)}   <- ${mark}${where}`;
  });
}

function instructionText(address: bigint, program: Program, text: string | undefined): string {
  return `${labelText(address, program).padEnd(16)} ${hex(address).padEnd(10)} ${
    (text ?? "(not in the code)").padEnd(32)
  }`;
}

function labelText(address: bigint, program: Program): string {
  const label = program.symbolAt(address);
  if (label === undefined) return "";
  return label.offset === 0n ? label.name : `${label.name}+${hex(label.offset)}`;
}

function differenceLines(differences: readonly Difference[]): string[] {
  const rows = differences.map((d) => {
    const [got, expected] = typeof d.got === "bigint" && typeof d.expected === "bigint"
      ? decodeDifference(d.csr, d.got, d.expected)
      : [String(d.got), String(d.expected)];
    return { what: d.what, got, expected, why: d.why };
  });
  const width = Math.max(0, ...rows.map((r) => r.what.length));
  return rows.map(({ what, got, expected, why }) =>
    `  ${what.padEnd(width)}  got ${got}  expected ${expected}${why === undefined ? "" : `  (${why})`}`
  );
}

function historyLines(history: readonly Executed[], program: Program | undefined): string[] {
  if (history.length === 0) return [];
  const lines = history.map(({ pc, word }) => {
    const label = program === undefined ? "" : labelText(pc, program);
    return `    ${label.padEnd(16)} ${hex(pc).padEnd(10)} ${disassemble(word, { pc, csrNames: csrName })}`;
  });
  return [`  last ${history.length} instruction${history.length === 1 ? "" : "s"} of the guest:`, ...lines];
}

function repeatLine({ title, place }: CaseIdentity): string {
  const file = place.replace(/:\d+$/, "");
  const filter = title === undefined ? "" : ` --filter ${JSON.stringify(title)}`;
  return `  repeat: deno test ${file}${filter}`;
}

/** The first place in a stack, relative to the project. */
export function placeInStack(stack: string | undefined): string {
  const [, url, line] = /(file:\/\/\S+?):(\d+):\d+/.exec(stack ?? "") ?? [];
  if (url === undefined) return "unknown place";
  return `${url.startsWith(ROOT) ? url.slice(ROOT.length) : url.slice(url.lastIndexOf("/") + 1)}:${line}`;
}
