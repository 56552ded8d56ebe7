/**
 * The floating-point state of a machine in an engine's state memory.
 *
 * @module
 */
import { computeWith, fpOperation } from "../exec/fp_operations.ts";
import { ISA } from "../isa/table.ts";
import type { FcsrKeeper, Machine } from "../machine.ts";
import { REMEMBERED } from "./fp_code.ts";
import { FP } from "./layout.ts";

/** Cause of FCSR0. */
const CAUSE = 0x1f000000;

/** Keeps a machine's floating-point registers, and knows what the last operation of generated code did to FCSR0. */
export class FpState implements FcsrKeeper {
  readonly #words: Int32Array;
  readonly #operands: BigUint64Array;

  /** Moves the registers into `state`, where they stay. */
  constructor(m: Machine, state: ArrayBufferLike) {
    this.#words = new Int32Array(state);
    this.#operands = new BigUint64Array(state, FP.operands, 3);
    const fpr = new BigUint64Array(state, FP.registers, 32);
    const fcc = new Uint8Array(state, FP.flags, 8);
    fpr.set(m.fpr);
    fcc.set(m.fcc);
    this.write(m.fcsr);
    m.fpr = fpr;
    m.fcc = fcc;
    m.fcsrKeeper = this;
  }

  /** FCSR0. Computes the remembered operation again if there is one. */
  read(): number {
    const remembered = this.#words[FP.remembered / 4]!;
    const fcsr = this.#words[FP.fcsr / 4]!;
    if (remembered === REMEMBERED.nothing) return fcsr;
    const value = remembered === REMEMBERED.exact ? fcsr & ~CAUSE : this.#computed(fcsr, remembered);
    this.write(value);
    return value;
  }

  #computed(fcsr: number, remembered: number): number {
    const name = ISA.operationNames[remembered - REMEMBERED.first] ?? "";
    const operation = fpOperation(name);
    if (operation === undefined) {
      throw new RangeError(`Cannot compute operation ${remembered}: there is none`);
    }
    const [a = 0n, b = 0n, c = 0n] = this.#operands;
    return computeWith(fcsr, operation, a, b, c).fcsr;
  }

  /** Replaces FCSR0. */
  write(value: number): void {
    this.#words[FP.fcsr / 4] = value;
    this.#words[FP.remembered / 4] = REMEMBERED.nothing;
  }
}
