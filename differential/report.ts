/**
 * What a run found, as text and as data.
 *
 * @module
 */
import { hex } from "../core/hex.ts";
import { csrByName, csrByNumber } from "../core/csr/table.ts";
import { disassemble } from "../core/isa/disassemble.ts";
import type { Answer } from "../drivers/driver.ts";
import type { Ending, State } from "../drivers/state.ts";
import { stateText } from "../drivers/state_print.ts";
import type { Finding, Outcome } from "./campaign.ts";
import { endingText, type FieldDifference, INCOMPARABLE } from "./compare.ts";
import { hostText } from "./host_text.ts";

/** What a report says beside the outcome. */
export interface Heading {
  readonly oracle: string;
  readonly profile: string;
  readonly seed: number;
  /** Number of forms. */
  readonly forms: number;
  /** States of each form. */
  readonly count: number;
  /** `i/n`, for a part of the run. */
  readonly shard: string;
  /** CSRs of which the oracle's driver says nothing. */
  readonly unobserved: readonly string[];
  /** True if every form ran with enough states to expect every deviation. */
  readonly whole: boolean;
  /** The command that repeats the run of one form. */
  repeat(form: string): string;
}

function endingOf(answer: Answer): Ending | undefined {
  return answer.kind === "result" ? answer.result.ending : undefined;
}

/** The fields of a CSR in which two values differ, decoded. */
function decoded(name: string, ours: bigint, theirs: bigint): string {
  const csr = csrByName(name);
  if (csr === undefined) return "";
  const parts = csr.fields.filter((f) => f.get(ours) !== f.get(theirs)).map((f) =>
    `${f.name} ${hex(f.get(ours))} and ${hex(f.get(theirs))}`
  );
  return parts.length === 0 ? "  reserved bits" : `  ${parts.join(", ")}`;
}

function fieldLine({ field, ours, theirs }: FieldDifference, finding: Finding): string {
  const [a, b] = [endingOf(finding.ours), endingOf(finding.theirs)];
  if (field === "ending" && a !== undefined && b !== undefined) {
    return `  ending    ours ${endingText(a)}; theirs ${endingText(b)}`;
  }
  return `  ${field.padEnd(8)}  ours ${hex(ours)}, theirs ${hex(theirs)}${decoded(field, ours, theirs)}`;
}

const PHYSICAL = (1n << 48n) - 1n;

/** The code from the first instruction on. */
function codeLines({ host, memory }: State): readonly string[] {
  const pc = Number(host.pc & PHYSICAL);
  const block = memory.find(({ at, words }) => pc >= at && pc < at + 4 * words.length);
  const words = block?.words.slice((pc - block.at) / 4, (pc - block.at) / 4 + 12) ?? [];
  return words.map((word, i) => {
    const at = host.pc + BigInt(4 * i);
    const text = disassemble(word, { pc: at, csrNames: (number) => csrByNumber(number)?.name });
    return `    ${hex(at)}  ${text}`;
  });
}

/** One difference: what differs, the code, the state, and how to repeat it. */
export function findingText(finding: Finding, heading: Heading): string {
  const { test, state, fields, broken } = finding;
  const title = `${test.form.name}, state ${test.index} of seed ${heading.seed}`;
  if (broken !== undefined) {
    return [`BROKEN: ${title}: ${broken}`, ...codeLines(state), stateText(state), ""].join("\n");
  }
  const answer = finding.theirs.kind === "result" ? finding.theirs.result : undefined;
  const spec = answer === undefined
    ? { reason: "there is no answer" }
    : hostText(`${test.form.name}: ?`, state, answer, heading.oracle);
  return [
    `DIFFERENCE: ${title}, shrunk`,
    ...fields.map((field) => fieldLine(field, finding)),
    "  code",
    ...codeLines(state),
    "  as a state file (lvz run FILE)",
    stateText(state),
    typeof spec === "string" ? `  as a spec\n${spec}` : `  no spec: ${spec.reason}`,
    `  repeat: ${heading.repeat(test.form.name)}`,
    "",
  ].join("\n");
}

function deviationLines({ deviations }: Outcome, whole: boolean): readonly string[] {
  const applied = deviations.filter(([, count]) => count > 0);
  const stale = deviations.filter(([, count]) => count === 0);
  const lines = applied.map(([{ id, reason }, count]) => `  ${String(count).padStart(7)}  ${id}: ${reason}`);
  const known = applied.length === 0
    ? ["no known deviation applied"]
    : ["known deviations, with the states they explain:", ...lines];
  if (!whole || stale.length === 0) return known;
  return [
    ...known,
    ...stale.map(([{ id }]) => `STALE: known deviation ${id} never applied: is it still there?`),
  ];
}

/** True if something is unexplained. */
export function isFailure({ counts }: Outcome): boolean {
  return counts.size > 0;
}

/** The report, without progress and rates. */
export function reportText(outcome: Outcome, heading: Heading): string {
  const { oracle, profile, seed, forms, count, shard, unobserved } = heading;
  const total = [...outcome.counts.values()].reduce((sum, n) => sum + n, 0);
  const byForm = [...outcome.counts].map(([form, n]) => `  ${String(n).padStart(7)}  ${form}`);
  return [
    ...outcome.findings.map((finding) => findingText(finding, heading)),
    `${forms} forms × ${count} states${
      shard === "1/1" ? "" : `, shard ${shard}`
    }: ${outcome.states} states, seed ${seed}`,
    `machine of profile ${profile} against ${oracle}`,
    ...[...INCOMPARABLE].map(([field, reason]) => `not compared: ${field}: ${reason}`),
    ...(unobserved.length === 0 ? [] : [`not observed: ${unobserved.join(", ")}`]),
    ...deviationLines(outcome, heading.whole),
    total === 0 ? "no unexplained differences" : `${total} unexplained differences, by form:`,
    ...byForm,
    "",
  ].join("\n");
}

/** The same as data. */
export function reportJson(outcome: Outcome, heading: Heading): string {
  const { oracle, profile, seed, forms, count, shard, unobserved } = heading;
  const text = (v: bigint) => hex(v);
  return JSON.stringify(
    {
      oracle,
      profile,
      seed,
      forms,
      count,
      shard,
      states: outcome.states,
      notCompared: Object.fromEntries(INCOMPARABLE),
      unobserved,
      deviations: outcome.deviations.map(([{ id, reason, source }, applied]) => ({
        id,
        reason,
        source,
        applied,
      })),
      unexplained: Object.fromEntries(outcome.counts),
      differences: outcome.findings.map(({ test, state, fields, broken }) => ({
        form: test.form.name,
        index: test.index,
        ...(broken === undefined ? {} : { broken }),
        fields: fields.map(({ field, ours, theirs }) => ({ field, ours: text(ours), theirs: text(theirs) })),
        state: JSON.parse(stateText(state)) as unknown,
      })),
    },
    null,
    2,
  ) + "\n";
}
