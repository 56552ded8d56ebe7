/**
 * Compares two answers about a state, field by field.
 *
 * @module
 */
import { csrByName } from "../core/csr/table.ts";
import { registerName } from "../core/isa/registers.ts";
import { LA464, PROFILES } from "../core/profile.ts";
import type { Answer, Unobserved } from "../drivers/driver.ts";
import type { Ending, Result, State } from "../drivers/state.ts";

/** A field in which two answers differ. */
export interface FieldDifference {
  /** `ending`, a register (`$a0`, `$fa0`, `$fcc0`, `FCSR0`), a CSR's name, or `memory 0x…`. */
  readonly field: string;
  /** What our machine left; of `ending`, 0. */
  readonly ours: bigint;
  readonly theirs: bigint;
}

/** What both answered, and where they differ. */
export interface Comparison {
  readonly differences: readonly FieldDifference[];
  /** A driver broke down: there is nothing to compare. */
  readonly broken?: string;
}

/**
 * Fields that no two machines agree on, with the reason: never compared, and said so in every report.
 */
export const INCOMPARABLE: ReadonlyMap<string, string> = new Map([
  ["TVAL", "the count depends on how fast time passes"],
]);

/** How a run ended, as text that is equal for equal endings. */
export function endingText(ending: Ending): string {
  if (ending.kind === "device") return `device: ${ending.reason}`;
  if (ending.kind !== "exception") return ending.kind;
  const { entry, ecode, esubcode, at } = ending;
  const code = entry === "general" ? ` ${ecode}.${esubcode}` : "";
  return `exception, ${entry}${code} at 0x${at.toString(16)}`;
}

/** Numbers of all fields of a result, with what stood there at the start for those that did not change. */
export class Fields {
  readonly #state: State;
  readonly #values = new Map<string, bigint>();

  constructor(state: State, result: Result) {
    this.#state = state;
    const put = (name: string, v: bigint | number) => this.#values.set(name, BigInt(v));
    for (const [n, v] of result.gpr) put(registerName(n), v);
    for (const [n, v] of result.fpr) put(registerName(n, "float"), v);
    for (const [n, v] of result.fcc) put(registerName(n, "flag"), v);
    if (result.fcsr !== undefined) put("FCSR0", result.fcsr);
    for (const [name, v] of result.csr) put(name, v);
    for (const [at, v] of result.memory) put(`memory 0x${at.toString(16)}`, v);
  }

  get names(): Iterable<string> {
    return this.#values.keys();
  }

  get(name: string): bigint {
    return this.#values.get(name) ?? startOf(this.#state, name);
  }
}

/** What a field holds at the start. */
export function startOf(state: State, field: string): bigint {
  if (field === "FCSR0") return BigInt(state.fp.fcsr);
  if (field.startsWith("memory ")) return startOfMemory(state, Number(field.slice("memory ".length)));
  for (let n = 0; n < 32; n++) {
    if (field === registerName(n)) return state.host.gpr.get(n) ?? 0n;
    if (field === registerName(n, "float")) return state.fp.fpr.get(n) ?? 0n;
    if (n < 8 && field === registerName(n, "flag")) return BigInt(state.fp.fcc.get(n) ?? 0);
  }
  const profile = PROFILES.find((p) => p.name === state.profile) ?? LA464;
  return state.host.csr.get(field) ?? csrByName(field)?.resetValue(profile) ?? 0n;
}

function startOfMemory(state: State, at: number): bigint {
  for (const { at: start, words } of state.memory) {
    const found = words[(at - start) / 4];
    if (found !== undefined) return BigInt(found);
  }
  return 0n;
}

function isObserved(field: string, unobserved: readonly Unobserved[]): boolean {
  return !INCOMPARABLE.has(field) && unobserved.every(({ csr }) => !csr.has(field));
}

/**
 * Where two answers differ. What either driver cannot observe is left out.
 */
export function compareAnswers(
  state: State,
  ours: Answer,
  theirs: Answer,
  unobserved: readonly Unobserved[],
): Comparison {
  if (ours.kind === "broken") return { differences: [], broken: `our machine: ${ours.reason}` };
  if (theirs.kind === "broken") return { differences: [], broken: theirs.reason };
  const [a, b] = [new Fields(state, ours.result), new Fields(state, theirs.result)];
  const differences: FieldDifference[] = [];
  if (endingText(ours.result.ending) !== endingText(theirs.result.ending)) {
    differences.push({ field: "ending", ours: 0n, theirs: 0n });
  }
  for (const field of new Set([...a.names, ...b.names])) {
    if (!isObserved(field, unobserved)) continue;
    const [x, y] = [a.get(field), b.get(field)];
    if (x !== y) differences.push({ field, ours: x, theirs: y });
  }
  return { differences };
}
