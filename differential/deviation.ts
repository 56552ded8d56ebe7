/**
 * What a known deviation of an oracle is, and which of them explain a difference.
 *
 * @module
 */
import { decode, type Decoded } from "../core/isa/decode.ts";
import type { Answer } from "../drivers/driver.ts";
import type { Result, State } from "../drivers/state.ts";
import type { FieldDifference } from "./compare.ts";
import type { Test } from "./scene.ts";

/** Two answers about a state, for the conditions of deviations. */
export interface Difference {
  readonly test: Test;
  readonly state: State;
  readonly ours: Result;
  readonly theirs: Result;
  /** The tested word, undefined if it encodes nothing. */
  readonly op: Decoded | undefined;
  /** Our machine's result for another state, undefined if it cannot run it. */
  again(state: State): Result | undefined;
}

/** A point in which an oracle is known to differ from the manual, or that the manual leaves open and the two settle otherwise. */
export interface Deviation {
  /** Names it in reports. */
  readonly id: string;
  readonly reason: string;
  /** Where the manual, or the oracle's source, says so. */
  readonly source: string;
  readonly forms: RegExp;
  /** The fields that it may concern. */
  readonly fields: RegExp;
  /** Versions of the oracle that have it: from this one, and before that one. All, without. */
  readonly from?: number;
  readonly before?: number;
  /** The oracle does not survive such a state, which is therefore not given to it. `ours` is what our machine makes of it. */
  isFatal?(state: State, ours: Result, tested: number): boolean;
  /** The field differs in this way. As narrow as can be, so that another difference in the same form is not taken for it. */
  explains(field: FieldDifference, difference: Difference): boolean;
}

/** Counts how often each deviation applied. */
export class Deviations {
  readonly #list: readonly Deviation[];
  readonly #counts = new Map<Deviation, number>();

  /** @param version of the oracle, as in 7.2; undefined if it does not say */
  constructor(list: readonly Deviation[], version: number | undefined) {
    this.#list = list.filter(({ from = 0, before = Infinity }) =>
      version === undefined || (version >= from && version < before)
    );
  }

  /** Those that concern the version, with how often they applied. */
  get counts(): readonly (readonly [Deviation, number])[] {
    return this.#list.map((d) => [d, this.#counts.get(d) ?? 0]);
  }

  /** True if the oracle must not be given a state. It counts as an application of the deviation that says so. */
  isFatal(test: Test, state: State, ours: Result): boolean {
    const found = this.#list.find((d) =>
      d.forms.test(test.form.name) && d.isFatal?.(state, ours, test.tested) === true
    );
    if (found !== undefined) this.#counts.set(found, (this.#counts.get(found) ?? 0) + 1);
    return found !== undefined;
  }

  /** The fields that no deviation explains. */
  unexplained(fields: readonly FieldDifference[], difference: Difference): readonly FieldDifference[] {
    const applied = new Set<Deviation>();
    const left = fields.filter((field) => {
      const found = this.#list.find((d) =>
        d.forms.test(difference.test.form.name) && d.fields.test(field.field) && d.explains(field, difference)
      );
      if (found !== undefined) applied.add(found);
      return found === undefined;
    });
    if (left.length === 0) { for (const d of applied) this.#counts.set(d, (this.#counts.get(d) ?? 0) + 1); }
    return left;
  }
}

/** A difference, for conditions. */
export function differenceOf(
  test: Test,
  state: State,
  ours: Result,
  theirs: Result,
  run: (state: State) => Answer,
): Difference {
  return {
    test,
    state,
    ours,
    theirs,
    op: decode(test.tested),
    again(other) {
      const answer = run(other);
      return answer.kind === "result" ? answer.result : undefined;
    },
  };
}

/** The number in an oracle's name, as in `QEMU 7.2.22`; undefined if it has none. */
export function versionIn(name: string): number | undefined {
  const [, major, minor] = /(\d+)\.(\d+)/.exec(name) ?? [];
  return major === undefined ? undefined : Number(major) + Number(minor) / 100;
}
