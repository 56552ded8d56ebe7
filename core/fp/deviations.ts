/**
 * Where QEMU 10 is known to differ from the manual in floating point. Each entry recognises a difference as narrowly as it can, so that
 * another one in the same form is not taken for it.
 *
 * @module
 */
import { UNDERFLOW } from "./environment.ts";
import type { Answer, Form, Inputs, Runner } from "./forms.ts";

/** A difference from the manual, or a point that the manual leaves open and we settle otherwise. */
export interface Deviation {
  readonly reason: string;
  readonly forms: RegExp;
  /** The answers differ in this way, and in no other. */
  explains(difference: Difference): boolean;
}

/** Two answers. */
export interface Difference {
  readonly form: Form;
  readonly inputs: Inputs;
  readonly ours: Answer;
  readonly theirs: Answer;
  readonly runner: Runner;
}

const FIELDS = ["fd", "fcsr", "flag", "outcome", "rd", "memory"] as const;
const FPE = 0x1201;
const BCE = 0xa01;
const UPPER_HALF = 0xffffffff_00000000n;

/** The answers differ in no other fields than these. */
export function agreeBut(a: Answer, b: Answer, ...fields: readonly (keyof Answer)[]): boolean {
  return FIELDS.every((field) => fields.includes(field) || a[field] === b[field]);
}

/** The state with other bits in FCSR0. */
function withFcsr({ state, ...rest }: Inputs, change: number): Inputs {
  return { ...rest, state: { ...state, fcsr: (state.fcsr ^ change) >>> 0 } };
}

/** The upper half is the one expected of QEMU, and nothing else differs. */
function upperHalf({ ours, theirs }: Difference, expected: bigint): boolean {
  return agreeBut(ours, theirs, "fd") && theirs.fd === ((ours.fd & ~UPPER_HALF) | (expected & UPPER_HALF));
}

/** All of them. */
export const DEVIATIONS: readonly Deviation[] = [
  {
    reason: "the manual leaves the upper half of a narrow result open; QEMU clears it here, and nowhere else",
    forms: /^(ftintrz\.w\.s|ftintrne\.w\.s|frint\.s)$/,
    explains: (difference) => upperHalf(difference, 0n),
  },
  {
    reason: "the manual leaves the upper half of a narrow result open; QEMU takes it from fk here",
    forms: /^fcopysign\.s$/,
    explains: (difference) => upperHalf(difference, difference.inputs.state.fk),
  },
  {
    reason: "an enabled underflow traps on a tiny result even if it is exact; in QEMU it does not",
    forms: /^f(add|sub|mul|div|n?m(add|sub)|scaleb|recip|cvt\.s)/,
    explains({ form, inputs, ours, theirs, runner }) {
      if (ours.outcome !== FPE || ((ours.fcsr >>> 24) & UNDERFLOW) === 0 || theirs.outcome !== 1) {
        return false;
      }
      // The same operation with underflow disabled.
      const untrapped = runner.run(form, withFcsr(inputs, UNDERFLOW));
      return agreeBut(theirs, { ...untrapped, fcsr: untrapped.fcsr ^ UNDERFLOW });
    },
  },
  {
    reason:
      "fnmadd and fnmsub negate the rounded result; QEMU negates first and rounds then, which differs up and down",
    forms: /^fnm(add|sub)/,
    explains({ form, inputs, theirs, runner }) {
      const UP_OR_DOWN = 0x200;
      const OTHER_OF_TWO = 0x100;
      if ((inputs.state.fcsr & UP_OR_DOWN) === 0) return false;
      const swapped = runner.run(form, withFcsr(inputs, OTHER_OF_TWO));
      return agreeBut(theirs, { ...swapped, fcsr: (swapped.fcsr ^ OTHER_OF_TWO) >>> 0 });
    },
  },
  {
    reason: "accesses with a bound are to rj; QEMU accesses rj + rk",
    forms: /^f(ld|st)(gt|le)/,
    explains: ({ inputs, ours, theirs }) =>
      inputs.rk !== 0n && ours.outcome !== BCE && theirs.outcome !== BCE &&
      agreeBut(ours, theirs, "fd", "memory", "outcome"),
  },
];

/** Why an answer of QEMU differs, undefined if that is not known. */
export function deviation(difference: Difference): string | undefined {
  const { name } = difference.form;
  return DEVIATIONS.find(({ forms, explains }) => forms.test(name) && explains(difference))?.reason;
}
