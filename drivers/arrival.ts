/**
 * Notices that the host takes an exception, from outside the machine: between two instructions its registers changed, and it stands
 * where the exception that they record leads.
 *
 * @module
 */
import { type CsrDeclaration, type Field, type Machine } from "../core/mod.ts";
import { CRMD, ECFG, EENTRY, ERA, ESTAT, MERRCTL, MERRENTRY, MERRERA, PRMD } from "../core/csr/basic.ts";
import { TLBRENTRY, TLBRERA } from "../core/csr/translation.ts";
import { INTERRUPT_NAMES } from "../core/interrupts.ts";
import type { Ending } from "./state.ts";

/** An exception that the host took, before any instruction of its handler. */
export interface Arrival {
  readonly ending: Extract<Ending, { readonly kind: "exception" }>;
  /** The register that holds the entry. */
  readonly entry: CsrDeclaration;
  /** True if it ended a stay in the guest. */
  readonly fromGuest: boolean;
}

/** The code by which reports call a TLB refill, which records none. */
const REFILL_ECODE = 0x3f;
/** The number of an interrupt's vector is its position in ESTAT.IS and this. */
const FIRST_INTERRUPT_VECTOR = 64n;

/** The two entries that have a status bit and a return address of their own. */
interface SpecialEntry {
  readonly name: "refill" | "machine error";
  readonly entry: CsrDeclaration;
  readonly handling: Field;
  readonly returns: CsrDeclaration;
  readonly ecode: number;
}

const SPECIAL: readonly SpecialEntry[] = [
  { name: "machine error", entry: MERRENTRY, handling: MERRCTL.IsMERR, returns: MERRERA, ecode: 0 },
  { name: "refill", entry: TLBRENTRY, handling: TLBRERA.IsTLBR, returns: TLBRERA, ecode: REFILL_ECODE },
];

/** Watches one run. */
export class ArrivalWatch {
  readonly #machine: Machine;
  #changes: number;
  /** Where the last instruction was. */
  #pc: bigint;
  #wasGuest: boolean;

  /** @param machine about to execute its first instruction */
  constructor(machine: Machine) {
    this.#machine = machine;
    this.#changes = machine.changes;
    // As if the instruction before the first had been executed.
    this.#pc = BigInt.asUintN(64, machine.pc - 4n);
    this.#wasGuest = machine.inGuest;
  }

  /** The exception that was taken since the last {@linkcode passed}, before any instruction of its handler. */
  look(): Arrival | undefined {
    const m = this.#machine;
    if (m.changes === this.#changes || m.inGuest) return undefined;
    return this.#special() ?? this.#general();
  }

  /** True if the guest was entered since the last {@linkcode passed}. */
  get entersGuest(): boolean {
    return this.#machine.inGuest && !this.#wasGuest;
  }

  /** The machine goes on with the instruction at its pc. */
  passed(): void {
    const { pc, changes, inGuest } = this.#machine;
    this.#pc = pc;
    this.#changes = changes;
    this.#wasGuest = inGuest;
  }

  #special(): Arrival | undefined {
    const { host, pc } = this.#machine;
    const found = SPECIAL.find(({ entry, handling, returns }) =>
      pc === host.read(entry) && host.is(handling) && this.#isReturn(host.read(returns) & ~3n, false)
    );
    if (found === undefined) return undefined;
    const { name, entry, ecode, returns } = found;
    return this.#arrival(entry, { entry: name, ecode, esubcode: 0, at: host.read(returns) & ~3n });
  }

  #general(): Arrival | undefined {
    const { host } = this.#machine;
    const status = host.read(ESTAT);
    const ecode = ESTAT.Ecode.get(status);
    const at = host.read(ERA);
    const isInterrupt = ecode === 0n;
    // What tells an interrupt from an ertn to the vector: it was enabled before and is not now.
    if (host.is(CRMD.IE) || (isInterrupt && !host.is(PRMD.PIE))) return undefined;
    if (!this.#isReturn(at, isInterrupt) || !this.#isVector(ecode)) return undefined;
    const esubcode = ESTAT.EsubCode.number(status);
    return this.#arrival(EENTRY, { entry: "general", ecode: Number(ecode), esubcode, at });
  }

  #arrival(entry: CsrDeclaration, ending: Omit<Arrival["ending"], "kind">): Arrival {
    return { ending: { kind: "exception", ...ending }, entry, fromGuest: this.#wasGuest };
  }

  /**
   * True if an exception of the last instruction, or an interrupt behind it, returns there. That tells it from an instruction that
   * writes CSRs and happens to stand before the entry.
   */
  #isReturn(address: bigint, isInterrupt: boolean): boolean {
    const last = address === (this.#pc & ~3n) || address === this.#pc;
    if (!isInterrupt) return last;
    const next = BigInt.asUintN(64, this.#pc + 4n);
    return address === next || this.#machine.pc !== next;
  }

  #isVector(ecode: bigint): boolean {
    const { host, pc } = this.#machine;
    const entry = host.read(EENTRY);
    const spacing = host.get(ECFG.VS);
    if (spacing === 0n) return pc === entry;
    const at = (vector: bigint) => pc === (entry | (vector << (spacing + 2n)));
    if (ecode !== 0n) return at(ecode);
    return INTERRUPT_NAMES.some((_, n) => at(FIRST_INTERRUPT_VECTOR + BigInt(n)));
  }
}
