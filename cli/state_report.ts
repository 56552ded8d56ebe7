/**
 * What is said of a state that ran.
 *
 * @module
 */
import { exceptionByCode } from "../core/exception_codes.ts";
import { decodeDifference } from "../dsl/decode.ts";
import {
  type Change,
  changesOf,
  type Ending,
  type MachineRun,
  type Result,
  type State,
} from "../drivers/mod.ts";
import type { Style } from "./style.ts";
import { hex } from "../core/hex.ts";
import { instructionText, table } from "./text.ts";
import type { TracedInstruction } from "./trace.ts";

/** A state that ran, and where it came from. */
export interface RanState {
  /** The file, as the user named it. */
  readonly path: string;
  readonly state: State;
  readonly run: MachineRun;
  /** Who answered. */
  readonly driver: string;
  /** The last instructions, oldest first. */
  readonly history: readonly TracedInstruction[];
}

/** The line that names a state. */
function headLine({ path, state, driver }: RanState): string {
  return `${state.id}  ${path}  ${state.mode} mode  profile ${state.profile}  ${driver}`;
}

/** How a run ended, in words. */
function endingText(ending: Ending, { state, run, history }: RanState): string {
  switch (ending.kind) {
    case "exception": {
      const name = exceptionText(ending);
      const last = history[history.length - 1];
      const isThere = last !== undefined && last.pc === ending.at && last.word !== undefined;
      return `${name} at ${hex(ending.at)}${isThere ? `: ${instructionText(last.word, last.pc)}` : ""}`;
    }
    case "end":
      return `the end${state.end === undefined ? "" : ` at ${hex(state.end)}`}`;
    case "budget":
      return `the budget of ${state.budget} instructions, used up at ${hex(run.machine.pc)}`;
    case "idle":
      return "an idle processor that nothing can wake";
    case "device":
      return ending.reason;
  }
}

function exceptionText({ entry, ecode, esubcode }: Extract<Ending, { readonly kind: "exception" }>): string {
  if (entry === "refill") return "TLB refill";
  if (entry === "machine error") return "machine error";
  return exceptionByCode(ecode, esubcode)?.name ?? `exception with ecode ${ecode}, esubcode ${esubcode}`;
}

/** How a recorded run ended; of where it stood then nothing is known but what the ending says. */
function recordedText(ending: Ending, ran: RanState): string {
  if (ending.kind === "exception") return `${exceptionText(ending)} at ${hex(ending.at)}`;
  if (ending.kind === "budget") return `the budget of ${ran.state.budget} instructions, used up`;
  return endingText(ending, ran);
}

/** Equal for equal endings. */
function endingKey(ending: Ending): string {
  if (ending.kind === "device") return ending.reason;
  if (ending.kind !== "exception") return ending.kind;
  return [ending.entry, ending.ecode, ending.esubcode, ending.at].join(" ");
}

/** True if two results say the same. */
export function sameResult(ran: RanState, got: Result, expected: Result): boolean {
  return endingKey(got.ending) === endingKey(expected.ending) && differences(ran, got, expected).length === 0;
}

/** Something that is not as recorded. */
interface Difference {
  readonly change: Change;
  readonly got: bigint;
  readonly expected: bigint;
}

function differences({ state, run }: RanState, got: Result, expected: Result): readonly Difference[] {
  const now = new Map(changesOf(state, got, run.before).map((c) => [c.what, c]));
  const recorded = new Map(changesOf(state, expected, run.before).map((c) => [c.what, c]));
  return [...new Map([...now, ...recorded])].flatMap(([what, change]) => {
    const values = {
      got: (now.get(what) ?? { after: change.before }).after,
      expected: (recorded.get(what) ?? { after: change.before }).after,
    };
    return values.got === values.expected ? [] : [{ change, ...values }];
  });
}

/** What a run changed. */
export function resultReport(ran: RanState, result: Result, style: Style): string {
  const rows = changesOf(ran.state, result, ran.run.before).map(({ what, csr, before, after }) => {
    const [was, is] = decodeDifference(csr, before, after);
    return [what, is, `was ${was}`];
  });
  const ending = `  ended with ${endingText(result.ending, ran)}\n`;
  const nothing = rows.length === 0 ? "  nothing changed\n" : "";
  return `${style.bold(headLine(ran))}\n${ending}${nothing}${table(rows)}`;
}

/** What differs from the recorded result. */
export function failureReport(ran: RanState, got: Result, expected: Result, style: Style): string {
  const rows = differences(ran, got, expected).map(({ change, ...values }) => {
    const [gotText, expectedText] = decodeDifference(change.csr, values.got, values.expected);
    const note = values.expected === change.before ? "  (unchanged)" : "";
    return [change.what, `got ${gotText}`, `expected ${expectedText}${note}`];
  });
  const sameEnd = endingKey(got.ending) === endingKey(expected.ending);
  const headline = sameEnd
    ? `${endingText(got.ending, ran)} came, but the state is not as recorded`
    : `expected ${recordedText(expected.ending, ran)}, got ${endingText(got.ending, ran)}`;
  return `${style.red("FAIL")}: ${headLine(ran)}\n  ${headline}\n${table(rows)}` +
    `${historyText(ran)}${repeatText(ran)}`;
}

/** What stopped a run that has no result. */
export function brokenReport(ran: RanState, reason: string, style: Style): string {
  return `${style.red("FAIL")}: ${headLine(ran)}\n  it has no result: ${reason}\n${historyText(ran)}${
    repeatText(ran)
  }`;
}

/** The last instructions. */
export function historyText({ history }: RanState): string {
  if (history.length === 0) return "";
  const count = history.length === 1 ? "1 instruction" : `${history.length} instructions`;
  const lines = history.map(({ pc, word, world }) => [
    world,
    hex(pc),
    word === undefined ? "(not fetched)" : instructionText(word, pc),
  ]);
  return `  last ${count}:\n${table(lines, "    ")}`;
}

function repeatText({ path, state }: RanState): string {
  return `  repeat: lvz run ${shellWord(path)} --only ${shellWord(state.id)}\n`;
}

function shellWord(text: string): string {
  return /^[\w./@:+-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
