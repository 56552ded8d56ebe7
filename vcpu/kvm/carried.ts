/**
 * The guest's CSRs that KVM carries when a vCPU gets the processor and gives it back (PROTO-KVM-61, -62).
 *
 * @module
 */
import { PRCFG1, PRCFG2, PRCFG3 } from "../../core/csr/basic.ts";
import type { CsrDeclaration, Profile } from "../../core/mod.ts";
import { guestCopies } from "../guest_registers.ts";
import { CarriedCsrs } from "../routine.ts";

/** GCSRs that the timer code or the hardware itself carries. */
const NOT_COPIED: readonly string[] = [
  "ESTAT",
  "TCFG",
  "TVAL",
  "TICLR",
  "PGD",
  "PRCFG1",
  "PRCFG2",
  "PRCFG3",
];

/** Saved for its user to read, and never written back. */
const PRCFG: readonly CsrDeclaration[] = [PRCFG1, PRCFG2, PRCFG3];

/** What vcpu_load writes and vcpu_put reads, and where each value is meanwhile. */
export interface Carried {
  readonly slots: ReadonlyMap<CsrDeclaration, number>;
  readonly loaded: CarriedCsrs;
  readonly put: CarriedCsrs;
}

/** By profile; a memo of a pure function. */
const CARRIED = new WeakMap<Profile, Carried>();

/** What is carried on processors of a profile. */
export function carriedIn(profile: Profile): Carried {
  let found = CARRIED.get(profile);
  if (found === undefined) CARRIED.set(profile, found = carry(profile));
  return found;
}

function carry(profile: Profile): Carried {
  const isCopied = (csr: CsrDeclaration) => !NOT_COPIED.includes(csr.name);
  const copies = guestCopies(profile);
  const [copied, others] = [copies.filter(isCopied), copies.filter((csr) => !isCopied(csr))];
  const all = [...copied, ...PRCFG, ...others.filter((csr) => !PRCFG.includes(csr))];
  const carried = all.map((csr, slot) => ({ csr, slot }));
  return {
    slots: new Map(all.map((csr, slot) => [csr, slot])),
    loaded: new CarriedCsrs("guest", carried.slice(0, copied.length)),
    put: new CarriedCsrs("guest", carried.slice(0, copied.length + PRCFG.length)),
  };
}
