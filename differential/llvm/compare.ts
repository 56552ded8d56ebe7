/**
 * Finding where we and LLVM differ. The list of known differences is data; an entry that explains nothing is itself a
 * mistake.
 *
 * @module
 */
import type { Answer } from "./answers.ts";

/** What was asked, and of whom. */
export const CHECKS = {
  assemble: "a statement to words, by both",
  encode: "operand values to a word by our encoder, the statement by LLVM",
  disassemble: "a word to text, by both",
  "our text": "our text of a word, assembled by LLVM",
  "their text": "LLVM's text of a word, assembled by us",
  source: "a whole source to sections and symbols, by both",
} as const;

/** See {@linkcode CHECKS}. */
export type Check = keyof typeof CHECKS;

/** A question with both answers. */
export interface Asked {
  readonly check: Check;
  /** The instruction, pseudo-instruction or directive that it is about. */
  readonly form: string;
  /** A statement, a word, or the title of a source. */
  readonly question: string;
  readonly ours: Answer;
  readonly theirs: Answer;
  /** Of a whole source: its text. */
  readonly source?: string;
}

/** How two answers differ: one of the two refuses what the other takes, or both give something else. */
export type Kind = "only we take it" | "only LLVM takes it" | "both take it";

/** A difference that is right as it is. */
export interface KnownDifference {
  readonly check: Check;
  readonly kind: Kind;
  /** Matches the whole form. */
  readonly form: RegExp;
  /** What the question must be, everything if absent. */
  readonly question?: RegExp | ((question: string) => boolean);
  readonly reason: string;
}

/** What comparing found. */
export interface Comparison {
  /** In the order of the questions. */
  readonly differences: readonly Asked[];
  /** How many differences the list explains. */
  readonly explained: number;
  /** Entries of the list that explain no difference. */
  readonly unused: readonly KnownDifference[];
}

/** How the answers differ, undefined if they agree. Reasons for refusing are not compared. */
export function kindOf({ ours, theirs }: Pick<Asked, "ours" | "theirs">): Kind | undefined {
  if ("refused" in ours) return "refused" in theirs ? undefined : "only LLVM takes it";
  if ("refused" in theirs) return "only we take it";
  return ours.value === theirs.value ? undefined : "both take it";
}

function explains({ check, kind, form, question }: KnownDifference, asked: Asked, found: Kind): boolean {
  if (check !== asked.check || kind !== found || !form.test(asked.form)) return false;
  if (question === undefined) return true;
  return question instanceof RegExp ? question.test(asked.question) : question(asked.question);
}

/** Compares the answers to all questions. */
export function compare(questions: readonly Asked[], list: readonly KnownDifference[]): Comparison {
  const differences: Asked[] = [];
  const used = new Set<KnownDifference>();
  let explained = 0;
  for (const asked of questions) {
    const kind = kindOf(asked);
    if (kind === undefined) continue;
    const reasons = list.filter((known) => explains(known, asked, kind));
    for (const known of reasons) used.add(known);
    if (reasons.length > 0) explained++;
    else differences.push(asked);
  }
  return { differences, explained, unused: list.filter((known) => !used.has(known)) };
}
