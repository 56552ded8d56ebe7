/**
 * What the comparison prints.
 *
 * @module
 */
import type { Answer } from "./answers.ts";
import { type Asked, type Check, CHECKS, type Comparison, kindOf, type KnownDifference } from "./compare.ts";

/** More differences than these are only counted. */
const SHOWN = 40;
const WIDTH = 200;

/** The first line of each answer that the other has not, with what is around it left out. */
function firstDifference(ours: string, theirs: string): readonly [string, string] {
  const [mine, other] = [ours.split("\n"), theirs.split("\n")];
  const at = mine.findIndex((line, index) => line !== other[index]);
  const place = at < 0 ? mine.length : at;
  return [mine[place] ?? "(nothing more)", other[place] ?? "(nothing more)"];
}

function answerText(answer: Answer, value: string): string {
  return ("refused" in answer ? `refused: ${answer.refused}` : value).slice(0, WIDTH);
}

/** A difference with what both say. */
export function differenceText(asked: Asked): string {
  const { check, form, question, ours, theirs, source } = asked;
  const values = [ours, theirs].map((answer) => "value" in answer ? answer.value : "");
  const both = "value" in ours && "value" in theirs;
  const [mine, other] = both
    ? firstDifference(ours.value, theirs.value)
    : values.map((value) => value.split("\n", 1)[0] ?? "");
  return [
    `differs: ${question.replaceAll("\n", "; ")}`,
    `  form ${form}; ${CHECKS[check]}; ${kindOf(asked)}`,
    `  ours  ${answerText(ours, mine ?? "")}`,
    `  LLVM  ${answerText(theirs, other ?? "")}`,
    ...(source === undefined
      ? []
      : source.trimEnd().split("\n").slice(0, SHOWN).map((line) => `    ${line}`)),
  ].join("\n");
}

function unusedText({ check, kind, form, question, reason }: KnownDifference): string {
  const about = question === undefined ? "" : ` ${question instanceof RegExp ? question : question.name}`;
  return `unused: the known difference "${reason}" (${check}, ${kind}, ${form}${about}) explains nothing, remove it`;
}

/** How many questions of each check there were, and over how many forms. */
function counts(questions: readonly Asked[]): string[] {
  const checks = Object.keys(CHECKS) as Check[];
  return checks.flatMap((check) => {
    const asked = questions.filter((q) => q.check === check);
    if (asked.length === 0) return [];
    const forms = new Set(asked.map(({ form }) => form)).size;
    const about = check === "source" ? "" : ` of ${forms} forms`;
    const refused = asked.filter(({ ours, theirs }) => "refused" in ours && "refused" in theirs).length;
    return [`${String(asked.length).padStart(7)}${about}: ${CHECKS[check]}; ${refused} refused by both`];
  });
}

/** The whole report. `complete` is false where only some forms were asked about, so that entries may be unused. */
export function reportText(questions: readonly Asked[], comparison: Comparison, complete: boolean): string {
  const { differences, explained, unused } = comparison;
  const more = differences.length - SHOWN;
  return [
    ...differences.slice(0, SHOWN).map(differenceText),
    ...(more > 0 ? [`and ${more} differences more`] : []),
    ...(complete ? unused.map(unusedText) : []),
    ...counts(questions),
    `${questions.length} compared, ${explained} differences known, ${differences.length} unexplained`,
  ].join("\n");
}

/** Nothing is unexplained, and no entry of the list is needless. */
export function isClean({ differences, unused }: Comparison, complete: boolean): boolean {
  return differences.length === 0 && (!complete || unused.length === 0);
}
