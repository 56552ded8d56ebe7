/**
 * The registers of a state as the image knows them: one vector of 64-bit slots, the same for what a state starts from and for what
 * it leaves.
 *
 * @module
 */
import type { CsrDeclaration } from "../../core/csr/define.ts";
import { PMCNT } from "../../core/csr/performance.ts";
import { CSRS } from "../../core/csr/table.ts";
import { TCFG, TVAL } from "../../core/csr/timer.ts";
import type { Profile } from "../../core/profile.ts";
import { hasGuestCopy } from "../csr_values.ts";
import { ENTRY_CSRS } from "./places.ts";

/** Slot 0, which r0 does not need. */
export const CRMD_SLOT = 0;
/** General registers are slots 1 to 31. */
export const FPR_SLOT = 32;
export const FCSR_SLOT = 64;
/** All eight condition flags, one bit each. */
export const FCC_SLOT = 65;
/** CSRs from here on: first the host's, then the guest's copies. */
export const CSR_SLOT = 66;

/** A CSR in the vector. */
export interface CsrSlot {
  readonly slot: number;
  readonly csr: CsrDeclaration;
  /** True for the guest's copy. */
  readonly isGuest: boolean;
  /** What the monitor writes where a state names nothing. */
  readonly reset: bigint;
  /** The bits that a write can change. */
  readonly mask: bigint;
  /** True for what is written just before the state starts. */
  readonly isLate: boolean;
  /** False for what the monitor needs for itself or cannot compare. */
  readonly observed: boolean;
}

/**
 * CSRs of which an image tells nothing: DSAVE and MERRSAVE are the monitor's when a state ends, TVAL counts time, and performance counters
 * count the monitor's instructions too.
 */
export const UNOBSERVED: ReadonlySet<string> = new Set([
  "DSAVE",
  "MERRSAVE",
  TVAL.name,
  ...PMCNT.map((csr) => csr.name),
]);

/** The vector of a profile. */
export class Slots {
  readonly profile: Profile;
  /** In the order of the vector. */
  readonly csrs: readonly CsrSlot[];
  /** Length of the vector. */
  readonly count: number;
  readonly #host = new Map<string, CsrSlot>();
  readonly #guest = new Map<string, CsrSlot>();

  constructor(profile: Profile) {
    this.profile = profile;
    const present = CSRS.filter((csr) => csr.existsIn(profile) && csr.name !== "TICLR");
    const host = present.filter((csr) => csr.name !== "CRMD").map((csr) => this.#slot(csr, false));
    const guest = profile.features.has("LVZ")
      ? present.filter(hasGuestCopy).map((csr) => this.#slot(csr, true))
      : [];
    this.csrs = [...host, ...guest].map((made, i) => ({ ...made, slot: CSR_SLOT + i }));
    this.count = CSR_SLOT + this.csrs.length;
    for (const slot of this.csrs) {
      const names = slot.isGuest ? this.#guest : this.#host;
      for (const name of [slot.csr.name, ...(slot.csr.options.aka ?? [])]) names.set(name, slot);
    }
  }

  #slot(csr: CsrDeclaration, isGuest: boolean): CsrSlot {
    const reset = isGuest ? undefined : ENTRY_CSRS.get(csr.name);
    return {
      slot: 0,
      csr,
      isGuest,
      // What a write of 1 clears is cleared; to a guest's copy the host writes as it is.
      reset: reset ?? csr.resetValue(this.profile) | (isGuest ? 0n : csr.clearedByOne),
      mask: csr.writeMask(this.profile, isGuest ? "host" : "own"),
      isLate: csr === TCFG,
      observed: !UNOBSERVED.has(csr.name),
    };
  }

  /** The slot of a CSR, undefined for CRMD of the host and for what the vector does not have. */
  named(name: string, isGuest: boolean): CsrSlot | undefined {
    return (isGuest ? this.#guest : this.#host).get(name);
  }

  /** The CSR in a slot. */
  at(slot: number): CsrSlot | undefined {
    return this.csrs[slot - CSR_SLOT];
  }
}

const KNOWN = new WeakMap<Profile, Slots>();

/** The vector of a profile, made once. */
export function slotsOf(profile: Profile): Slots {
  let slots = KNOWN.get(profile);
  if (slots === undefined) KNOWN.set(profile, slots = new Slots(profile));
  return slots;
}
