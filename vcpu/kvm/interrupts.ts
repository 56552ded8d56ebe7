/**
 * Interrupts that KVM has for a vCPU: queued at any time, delivered right before the next entry (PROTO-KVM-20, -21).
 *
 * @module
 */
import { ESTAT, TI } from "../../core/csr/basic.ts";
import { GINTC } from "../../core/csr/lvz.ts";
import { TVAL } from "../../core/csr/timer.ts";
import type { HostCpu } from "../host_cpu.ts";

/** HWI0 to HWI7 in ESTAT.IS. */
const FIRST_LINE = 2;
const LAST_LINE = 9;

/** What is queued for one vCPU. */
export class InterruptQueue {
  readonly #cpu: HostCpu;
  readonly #set = new Set<number>();
  readonly #clear = new Set<number>();

  constructor(cpu: HostCpu) {
    this.#cpu = cpu;
  }

  /** True if one is to be set. */
  get isPending(): boolean {
    return this.#set.size > 0;
  }

  /** Queues a change; an earlier one of the same interrupt is forgotten. */
  queue(vector: number, pending: boolean): void {
    const [to, from] = pending ? [this.#set, this.#clear] : [this.#clear, this.#set];
    to.add(vector);
    from.delete(vector);
  }

  /** Gives everything that is queued to the hardware. */
  deliver(): void {
    // Most entries have nothing to deliver.
    if (this.#clear.size + this.#set.size === 0) return;
    for (const vector of this.#clear) this.#change(vector, false);
    for (const vector of this.#set) this.#change(vector, true);
    this.#clear.clear();
    this.#set.clear();
  }

  #change(vector: number, pending: boolean): void {
    const cpu = this.#cpu;
    if (vector >= FIRST_LINE && vector <= LAST_LINE) {
      const bit = 1n << BigInt(vector - FIRST_LINE);
      cpu.csrxchg(GINTC, pending ? bit : 0n, bit);
      return;
    }
    const bit = 1n << BigInt(vector);
    // A timer that expires right now may lose its interrupt to the exchange; its count grew then (LVZ-INT-09).
    const before = cpu.gcsrrd(TVAL);
    cpu.gcsrxchg(ESTAT, pending ? bit : 0n, bit);
    if (cpu.gcsrrd(TVAL) > before) cpu.gcsrxchg(ESTAT, TI, TI);
  }
}
