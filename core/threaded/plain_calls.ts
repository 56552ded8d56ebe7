/**
 * Instructions that the reference engine executes without any ceremony: each has its number as an operand, by which it is found ready to execute.
 *
 * @module
 */
import type { PlainCall, ReferenceEngine } from "../exec/reference.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import type { Selected } from "./selection.ts";

/** More of them are executed like any other instruction: no guest can fill the memory. */
const MOST = 4096;

interface Prepared {
  readonly execute: PlainCall;
  /** It needs no other permission than the registers of the TLB. */
  readonly isOfTlb: boolean;
}

/** Those of a machine. */
export class PlainCalls {
  readonly #reference: ReferenceEngine;
  readonly #prepared: Prepared[] = [];
  readonly #numbers = new Map<number, number>();

  constructor(reference: ReferenceEngine) {
    this.#reference = reference;
  }

  /** What is selected for an instruction, with its number if it may be called; `slow` where there are too many. */
  number(op: Decoded, selected: Selected, slow: Selected): Selected {
    if (selected.calls !== true) return selected;
    const second = this.#numbers.get(op.word) ?? this.#prepare(op);
    return second === undefined ? slow : { ...selected, second };
  }

  #prepare(op: Decoded): number | undefined {
    if (this.#prepared.length === MOST) return undefined;
    const isOfTlb = op.instruction.guest === "tlb";
    const number = this.#prepared.push({ execute: this.#reference.callOf(op.word), isOfTlb }) - 1;
    this.#numbers.set(op.word, number);
    return number;
  }

  /**
   * Executes one.
   *
   * @param mayUseTlb known permission for the registers of the TLB
   * @returns false if it raises an exception; then nothing has happened
   */
  execute(number: number, m: Machine, mayUseTlb: boolean): boolean {
    const prepared = this.#prepared[number];
    return prepared !== undefined && prepared.execute(m, mayUseTlb && prepared.isOfTlb);
  }
}
