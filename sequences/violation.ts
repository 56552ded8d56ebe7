/**
 * What can be found wrong with a sequence.
 *
 * @module
 */

/** The invariants, each with what it says. */
export const INVARIANTS = {
  "host-mode": "VM = 0 in every host instruction, and 1 in every guest instruction",
  "host-bank": "the guest changes no register of the host; an exit changes only what it records",
  "exit-state": "an exit leaves the mode, the registers and the address that belong to it",
  "stage-2": "no guest access reaches memory that stage 2 does not give to this guest",
  "guest-gprs": "the guest finds its general registers as it left them",
  "gid": "a guest keeps its GID, which is neither 0 nor that of another guest",
  "guest-csrs": "the guest finds its CSRs as it left them",
  "guest-pc": "the guest goes on where the host sent it",
  "secrets": "a value of one guest or of the host is never visible in another",
  "tlb-owner": "TLB entries of a GID are made and used by that GID only",
  "interruptible": "a host interrupt stops the guest",
  "promises": "the world switch restores what it promised to its host",
  "exit-reason": "what is an exit exits, and nothing else does",
  "bench": "nothing breaks the machine or the hypervisor",
  "agreement": "both world switches show the guest the same",
} as const;

/** The name of an invariant. */
export type Invariant = keyof typeof INVARIANTS;

/** An invariant that does not hold. */
export class Violation extends Error {
  override readonly name = "Violation";
  readonly invariant: Invariant;

  /** @param text what was seen */
  constructor(invariant: Invariant, text: string) {
    super(text);
    this.invariant = invariant;
  }
}

/** A value as hex, for messages. */
export function shown(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
