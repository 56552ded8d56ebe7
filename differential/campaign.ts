/**
 * A run: states of many forms, what our machine and an oracle answer, and where they differ. States are made, asked and forgotten in
 * batches, so that memory stays the same however many there are.
 *
 * @module
 */
import type { Answer, Driver, Unobserved } from "../drivers/driver.ts";
import type { State } from "../drivers/state.ts";
import { compareAnswers, type FieldDifference } from "./compare.ts";
import { type Deviation, Deviations, differenceOf } from "./deviation.ts";
import type { Form } from "./forms.ts";
import type { Generator } from "./generate.ts";
import type { Test } from "./scene.ts";
import { shrinkAll } from "./shrink.ts";

/** Our side: answers at once. */
export interface Subject {
  readonly unobserved: Unobserved;
  run(state: State): { readonly answer: Answer };
}

/** What to run. */
export interface Plan {
  readonly seed: number;
  readonly forms: readonly Form[];
  /** States of each form, of all shards together. */
  readonly count: number;
  /** This run makes every `of`-th state, from `shard` (counted from 0). */
  readonly shard: number;
  readonly of: number;
  readonly generator: Generator;
  readonly subject: Subject;
  readonly oracle: Driver;
  readonly known: readonly Deviation[];
  readonly version: number | undefined;
  /** Differences of a form that are shrunk and shown. */
  readonly shown: number;
  /** States that are asked at a time. */
  readonly batch: number;
  /** Told the states that are done. */
  onProgress?(done: number): void;
}

/** A difference that no deviation explains. */
export interface Finding {
  readonly test: Test;
  /** The smallest state that shows it, and what it becomes. */
  readonly state: State;
  readonly fields: readonly FieldDifference[];
  readonly ours: Answer;
  readonly theirs: Answer;
  /** A driver broke down. */
  readonly broken?: string;
}

/** What a run found. */
export interface Outcome {
  readonly states: number;
  /** Every difference that is shown, shrunk. */
  readonly findings: readonly Finding[];
  /** How many there were, by form. */
  readonly counts: ReadonlyMap<string, number>;
  /** The deviations of this oracle, and how often each applied. */
  readonly deviations: readonly (readonly [Deviation, number])[];
}

/** The number of states of a run. */
export function statesOf(
  { forms, count, shard, of }: Pick<Plan, "forms" | "count" | "shard" | "of">,
): number {
  return forms.length * Math.max(0, Math.ceil((count - shard) / of));
}

function* testsOf(
  { generator, seed, forms, count, shard, of }: Plan,
): globalThis.Generator<Test, void, undefined> {
  for (const form of forms) {
    for (let index = shard; index < count; index += of) yield generator.make(seed, form, index);
  }
}

/** A state with our machine's answer. */
interface Prepared {
  readonly test: Test;
  readonly ours: Answer;
  /** The oracle would not survive it. */
  readonly isFatal: boolean;
}

/** Differences that are shrunk and shown, of all forms. */
const MOST_SHOWN = 24;

function* batchesOf(
  tests: Iterable<Test>,
  size: number,
): globalThis.Generator<readonly Test[], void, undefined> {
  let batch: Test[] = [];
  for (const test of tests) {
    batch.push(test);
    if (batch.length < size) continue;
    yield batch;
    batch = [];
  }
  if (batch.length > 0) yield batch;
}

/** States that our machine runs before others get their turn. */
const SLICE = 200;

async function answersOf(subject: Subject, states: readonly State[]): Promise<Answer[]> {
  const answers: Answer[] = [];
  for (let i = 0; i < states.length; i += SLICE) {
    for (const state of states.slice(i, i + SLICE)) answers.push(subject.run(state).answer);
    // The oracle's output waits to be read.
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  return answers;
}

/** A state without the CSRs that the oracle has not got. */
function withoutAbsent(state: State, { csr: absent }: Unobserved): State {
  if (absent.size === 0 || ![...state.host.csr.keys()].some((name) => absent.has(name))) return state;
  const csr = new Map([...state.host.csr].filter(([name]) => !absent.has(name)));
  return { ...state, host: { ...state.host, csr } };
}

/** One run under way. */
class Campaign {
  readonly #plan: Plan;
  readonly #deviations: Deviations;
  readonly #found: Finding[] = [];
  readonly #counts = new Map<string, number>();

  constructor(plan: Plan) {
    this.#plan = plan;
    this.#deviations = new Deviations(plan.known, plan.version);
  }

  async run(): Promise<Outcome> {
    const { batch, onProgress } = this.#plan;
    let done = 0;
    const batches = batchesOf(testsOf(this.#plan), batch);
    let next = this.#prepare(batches);
    for (let current = await next; current.length > 0; current = await next) {
      const asked = this.#ask(current);
      // While the oracle works on these, the next ones are made.
      next = this.#prepare(batches);
      this.#compareAll(current, await asked);
      done += current.length;
      onProgress?.(done);
    }
    const findings = await this.#shrink();
    return { states: done, findings, counts: this.#counts, deviations: this.#deviations.counts };
  }

  /** The next states, with our machine's answers. */
  async #prepare(batches: Iterator<readonly Test[], void>): Promise<readonly Prepared[]> {
    const { subject, oracle } = this.#plan;
    const { value } = batches.next();
    const tests: readonly Test[] = value ?? [];
    const made = tests.map((test) => ({ ...test, state: withoutAbsent(test.state, oracle.unobserved) }));
    const answers = await answersOf(subject, made.map(({ state }) => state));
    return made.flatMap((test, i) => {
      const ours = answers[i];
      if (ours === undefined) return [];
      const isFatal = ours.kind === "result" && this.#deviations.isFatal(test, test.state, ours.result);
      return [{ test, ours, isFatal }];
    });
  }

  /** The oracle's answers to those that it survives, by position. */
  async #ask(prepared: readonly Prepared[]): Promise<readonly (Answer | undefined)[]> {
    const asked = prepared.filter(({ isFatal }) => !isFatal).map(({ test }) => test.state);
    const answers = await this.#answersOfOracle(asked);
    let at = 0;
    return prepared.map(({ isFatal }) => isFatal ? undefined : answers[at++]);
  }

  async #answersOfOracle(states: readonly State[]): Promise<readonly Answer[]> {
    const { oracle } = this.#plan;
    const answers = states.length === 0 ? [] : await oracle.answers(states);
    if (answers.length === states.length) return answers;
    throw new RangeError(
      `Cannot compare: ${oracle.name} gave ${answers.length} answers to ${states.length} states`,
    );
  }

  async #both(states: readonly State[]): Promise<{ ours: readonly Answer[]; theirs: readonly Answer[] }> {
    const [theirs, ours] = await Promise.all([
      this.#answersOfOracle(states),
      answersOf(this.#plan.subject, states),
    ]);
    return { ours, theirs };
  }

  #compareAll(prepared: readonly Prepared[], answers: readonly (Answer | undefined)[]): void {
    prepared.forEach(({ test, ours }, i) => {
      const theirs = answers[i];
      const finding = theirs && this.#compare(test, test.state, ours, theirs);
      if (finding === undefined) return;
      const { name } = test.form;
      const count = (this.#counts.get(name) ?? 0) + 1;
      this.#counts.set(name, count);
      if (count <= this.#plan.shown && this.#found.length < MOST_SHOWN) this.#found.push(finding);
    });
  }

  /** What is unexplained about two answers. */
  #compare(
    test: Test,
    state: State,
    ours: Answer,
    theirs: Answer,
    into = this.#deviations,
  ): Finding | undefined {
    const { subject, oracle } = this.#plan;
    const { differences, broken } = compareAnswers(state, ours, theirs, [
      subject.unobserved,
      oracle.unobserved,
    ]);
    const found = { test, state, ours, theirs };
    if (broken !== undefined) return { ...found, fields: [], broken };
    if (differences.length === 0 || ours.kind !== "result" || theirs.kind !== "result") return undefined;
    const difference = differenceOf(test, state, ours.result, theirs.result, (s) => subject.run(s).answer);
    const fields = into.unexplained(differences, difference);
    return fields.length === 0 ? undefined : { ...found, fields };
  }

  /** Finds the smallest states; those that break a driver stay as they are. */
  async #shrink(): Promise<readonly Finding[]> {
    const whole = this.#found.filter(({ broken }) => broken !== undefined);
    const found = this.#found.filter(({ broken }) => broken === undefined);
    const smallest = new Map<Finding, Finding>();
    const states = await shrinkAll(
      found.map(({ state }) => state),
      (asked) => this.#stillDiffer(found, asked),
    );
    const { ours, theirs } = await this.#both(states);
    found.forEach((finding, i) => {
      const [state, a, b] = [states[i], ours[i], theirs[i]];
      const again = state && a && b && this.#compare(finding.test, state, a, b, this.#uncounted());
      smallest.set(finding, again ?? finding);
    });
    return [...whole, ...found.map((finding) => smallest.get(finding) ?? finding)];
  }

  #uncounted(): Deviations {
    return new Deviations(this.#plan.known, this.#plan.version);
  }

  /** Which states still show one of the fields that differ. */
  async #stillDiffer(
    found: readonly Finding[],
    asked: readonly { readonly of: number; readonly state: State }[],
  ): Promise<readonly boolean[]> {
    // What our machine cannot run to its end is not worth asking.
    const deviations = this.#uncounted();
    const sound = asked.map(({ of, state }) => {
      const { answer } = this.#plan.subject.run(state);
      const test = found[of]?.test;
      return isSound(answer) && test !== undefined && !deviations.isFatal(test, state, answer.result);
    });
    const good = asked.filter((_, i) => sound[i]);
    const { ours, theirs } = await this.#both(good.map(({ state }) => state));
    const verdicts = good.map(({ of, state }, i) => {
      const [original, a, b] = [found[of], ours[i], theirs[i]];
      if (original === undefined || a === undefined || b === undefined) return false;
      const finding = this.#compare(original.test, state, a, b, deviations);
      // A difference that shows in other fields is another one.
      const isSame = (field: string) => original.fields.some((f) => f.field === field);
      return finding !== undefined && finding.fields.length > 0 &&
        finding.fields.every(({ field }) => isSame(field));
    });
    let next = 0;
    return sound.map((isGood) => isGood ? verdicts[next++] ?? false : false);
  }
}

/** True if a run came to an end by itself. */
function isSound(answer: Answer): answer is Extract<Answer, { kind: "result" }> {
  return answer.kind === "result" && ["exception", "end"].includes(answer.result.ending.kind);
}

/** Runs a plan. */
export function runCampaign(plan: Plan): Promise<Outcome> {
  return new Campaign(plan).run();
}
