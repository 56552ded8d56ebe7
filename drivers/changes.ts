/**
 * A result as a list of changes, for reports.
 *
 * @module
 */
import { csrByName, type CsrDeclaration, registerName } from "../core/mod.ts";
import type { CsrOwner } from "./csr_values.ts";
import type { Snapshot } from "./observe.ts";
import type { Result, State } from "./state.ts";

/** One thing that a run changed. */
export interface Change {
  /** What: `$a0`, `$fcc1`, `FCSR0`, `host ESTAT`, `guest ERA`, `memory 0x1000`. */
  readonly what: string;
  /** The register's declaration, where the value can be decoded. */
  readonly csr?: CsrDeclaration;
  readonly before: bigint;
  readonly after: bigint;
}

/** The changes of a result, in a fixed order: registers, the host's CSRs, the guest's, memory. */
export function changesOf(state: State, result: Result, before: Snapshot): readonly Change[] {
  const registers = [
    ...[...result.gpr].map(([n, after]) => ({ what: registerName(n), before: before.gpr[n], after })),
    ...[...result.fpr].map(([n, after]) => ({
      what: registerName(n, "float"),
      before: before.fpr[n],
      after,
    })),
    ...[...result.fcc].map(([n, after]) => ({ what: registerName(n, "flag"), before: before.fcc[n], after })),
    ...(result.fcsr === undefined ? [] : [{ what: "FCSR0", before: before.fcsr, after: result.fcsr }]),
  ];
  return [
    ...registers.map((c) => ({ what: c.what, before: BigInt(c.before ?? 0), after: BigInt(c.after) })),
    ...csrChanges(result.csr, "host", before),
    ...csrChanges(result.gcsr, "guest", before),
    ...[...result.memory].map(([at, after]) => ({
      what: `memory 0x${at.toString(16)}`,
      before: BigInt(wordAt(state, at)),
      after: BigInt(after),
    })),
  ];
}

function csrChanges(
  csrs: ReadonlyMap<string, bigint>,
  owner: CsrOwner,
  before: Snapshot,
): readonly Change[] {
  return [...csrs].flatMap(([name, after]) => {
    const csr = csrByName(name);
    if (csr === undefined) return [];
    return [{ what: `${owner} ${name}`, csr, before: before[owner].value(csr), after }];
  });
}

function wordAt({ memory }: State, at: number): number {
  const block = memory.find((b) => at >= b.at && at < b.at + 4 * b.words.length);
  return block?.words[(at - block.at) / 4] ?? 0;
}
