/**
 * The floating-point control and status register.
 *
 * @module
 */
import { type Environment, type Rounding, UNDERFLOW } from "./environment.ts";

/** A field of FCSR0. */
interface FcsrField {
  readonly at: number;
  readonly mask: number;
}

const ENABLES: FcsrField = { at: 0, mask: 0x1f };
const RM: FcsrField = { at: 8, mask: 0x300 };
const FLAGS: FcsrField = { at: 16, mask: 0x1f0000 };
const CAUSE: FcsrField = { at: 24, mask: 0x1f000000 };

/** The bits of FCSR0 that FCSR0 to FCSR3 show; all others are 0. */
export const FCSR_MASKS: readonly [number, number, number, number] = [
  ENABLES.mask | RM.mask | FLAGS.mask | CAUSE.mask,
  ENABLES.mask,
  FLAGS.mask | CAUSE.mask,
  RM.mask,
];

/** The rounding mode that FCSR0 selects. */
export function roundingOf(fcsr: number): Rounding {
  return ((fcsr & RM.mask) >>> RM.at) as Rounding;
}

/** What an operation leaves in FCSR0. */
export interface Outcome {
  readonly fcsr: number;
  /** An enabled exception was raised: the operation has no result. Cause says why, Flags stay. */
  readonly traps: boolean;
}

/** Records the exceptions of an operation in FCSR0. */
export function recordExceptions(fcsr: number, env: Environment): Outcome {
  const enables = fcsr & ENABLES.mask;
  // An enabled underflow traps on every tiny result, exact ones included.
  const cause = env.flags | (env.tiny ? enables & UNDERFLOW : 0);
  const traps = (cause & enables) !== 0;
  const flags = traps ? 0 : cause << FLAGS.at;
  return { fcsr: (fcsr & ~CAUSE.mask) | (cause << CAUSE.at) | flags, traps };
}
