/**
 * Where QEMU differs from the manual in floating point.
 *
 * @module
 */
import { ISA } from "../core/isa/table.ts";
import { registerName } from "../core/isa/registers.ts";
import type { State } from "../drivers/state.ts";
import { endingText, type FieldDifference, Fields } from "./compare.ts";
import type { Deviation, Difference } from "./deviation.ts";
import { MEMORY } from "./scene.ts";

const UPPER_HALF = 0xffffffff_00000000n;
const FPE = 0x12;
const BCE = 0xa;
const UNDERFLOW = 2;
const UP_OR_DOWN = 0x200;
const OTHER_OF_TWO = 0x100;
const ANY = /./;

/** The register that receives the result, where the halves of the two answers differ as expected of QEMU: its upper half. */
function upperHalf({ field, ours, theirs }: FieldDifference, { op }: Difference, expected: bigint): boolean {
  if (op === undefined || field !== registerName(op.fd, "float")) return false;
  return theirs === ((ours & ~UPPER_HALF) | (expected & UPPER_HALF));
}

/** What FCSR0 has at the tested instruction with other bits in it. */
function withFcsr(state: State, change: number): State {
  return { ...state, fp: { ...state.fp, fcsr: (state.fp.fcsr ^ change) >>> 0 } };
}

/** True if they answer in a field as our machine does with other bits in FCSR0, but for these bits, and end alike. */
function answersAsWith(
  { field, theirs: value }: FieldDifference,
  difference: Difference,
  change: number,
): boolean {
  const { state, theirs, again } = difference;
  const altered = withFcsr(state, change);
  const expected = again(altered);
  if (expected === undefined || endingText(expected.ending) !== endingText(theirs.ending)) return false;
  const wanted = new Fields(altered, expected).get(field);
  return field === "ending" || value === (field === "FCSR0" ? wanted ^ BigInt(change) : wanted);
}

/** fstgt and fstle. */
function isStore(word: number): boolean {
  return /^fst(gt|le)/.test(ISA.decode(word)?.name ?? "");
}

/** Physical memory below 256 MiB that is not the states'. */
function isDrivers(address: bigint): boolean {
  return address < MEMORY.start || (address >= MEMORY.end && address < 0x1000_0000n);
}

/** The sum of rj and rk is an address of what runs the states. */
function hitsDriver({ host }: State, word: number): boolean {
  const [rj, rk] = [(word >>> 5) & 31, (word >>> 10) & 31].map((n) => host.gpr.get(n) ?? 0n);
  return isDrivers(BigInt.asUintN(48, (rj ?? 0n) + (rk ?? 0n)));
}

/** All of them. */
export const QEMU_FP: readonly Deviation[] = [
  {
    id: "fp-upper-half-zero",
    reason: "the manual leaves the upper half of a narrow result open; QEMU clears it here, and nowhere else",
    source: "Vol. 1, 3.1.1; QEMU target/loongarch/tcg/fpu_helper.c",
    forms: /^(ftintrz\.w\.s|ftintrne\.w\.s|frint\.s)$/,
    fields: /^\$f/,
    explains: (field, difference) => upperHalf(field, difference, 0n),
  },
  {
    id: "fp-upper-half-of-fk",
    reason: "the manual leaves the upper half of a narrow result open; QEMU takes it from fk here",
    source: "Vol. 1, 3.1.1; QEMU trans_fcopysign_s",
    forms: /^fcopysign\.s$/,
    fields: /^\$f/,
    explains: (field, difference) =>
      upperHalf(field, difference, difference.state.fp.fpr.get(difference.op?.fk ?? 0) ?? 0n),
  },
  {
    id: "fp-exact-underflow",
    reason: "an enabled underflow traps on a tiny result even if it is exact; in QEMU it does not",
    source: "Vol. 1, 3.1.3, underflow; QEMU ieee_ex_to_loongarch",
    forms: /^f(add|sub|mul|div|n?m(add|sub)|scaleb|recip|cvt\.s)/,
    fields: ANY,
    explains(field, difference) {
      const { ours, state } = difference;
      if ((state.fp.fcsr & UNDERFLOW) === 0 || ours.ending.kind !== "exception") return false;
      return ours.ending.ecode === FPE && answersAsWith(field, difference, UNDERFLOW);
    },
  },
  {
    id: "fp-negated-before-rounding",
    reason:
      "fnmadd and fnmsub negate the rounded result; QEMU negates first and rounds then, which differs up and down",
    source: "Vol. 1, 3.2.1, FNMADD; QEMU float_muladd_negate_result",
    forms: /^fnm(add|sub)/,
    fields: ANY,
    before: 11,
    explains: (field, difference) =>
      (difference.state.fp.fcsr & UP_OR_DOWN) !== 0 && answersAsWith(field, difference, OTHER_OF_TWO),
  },
  {
    id: "fp-reserved-bits",
    reason: "reserved bits of FCSR0 stay 0; QEMU stores what movgr2fcsr writes",
    source: "Vol. 1, FCSR; QEMU trans_movgr2fcsr",
    forms: /^movgr2fcsr/,
    fields: /^FCSR0$/,
    explains: ({ ours, theirs }) => ((ours ^ theirs) & 0x1f1f031fn) === 0n,
  },
  {
    id: "fp-bound-added",
    reason: "accesses with a bound are to rj; QEMU accesses rj + rk",
    source: "Vol. 1, 3.2.8, FLDGT; QEMU trans_fldgt_s",
    forms: /^f(ld|st)(gt|le)/,
    fields: ANY,
    // Where that hits what runs the states, it is lost.
    isFatal: (state, _, tested) => isStore(tested) && hitsDriver(state, tested),
    explains(_, { op, state, ours, theirs }) {
      const bound = state.host.gpr.get(op?.rk ?? 0) ?? 0n;
      const isBce = [ours, theirs].some(({ ending }) => ending.kind === "exception" && ending.ecode === BCE);
      return bound !== 0n && !isBce;
    },
  },
];
