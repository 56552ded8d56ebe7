/**
 * Floating-point state in the function of a decoded operation: in state memory.
 *
 * @module
 */
import type { FlagField, FloatField } from "../isa/meaning.ts";
import type { Code } from "../wasm/code.ts";
import { type Floats, MODE } from "./fp_code.ts";
import { CONTROL, FP, OP, OPERATION_MEMORIES } from "./layout.ts";

/** Where an operation keeps the places of its floating-point registers and flags. */
export const FP_PLACES: Readonly<Record<FloatField | FlagField, number>> = {
  fd: OP.rd,
  fj: OP.rj,
  fk: OP.rk,
  fa: OP.first,
  cd: OP.rd,
  cj: OP.rj,
  ca: OP.first,
};

/** Leaves on the stack what FCSR0 in state memory, the number of which is given, means for an operation, see {@linkcode MODE}. */
export function readMode(code: Code, state: number): void {
  code.i32(0).access("i32.load", FP.fcsr, state).i32(MODE.flip).op("i32.xor").i32(MODE.mask).op("i32.and");
}

/** Finds everything by the place of the operation, parameter 0. */
export class OperationFloats implements Floats {
  readonly #code: Code;

  constructor(code: Code) {
    this.#code = code;
  }

  check(leave: () => void): void {
    this.#code.i32(0).access("i32.load", CONTROL.fpDisabled).ifUnlikely();
    leave();
    this.#code.end();
  }

  mode(): void {
    readMode(this.#code, OPERATION_MEMORIES.state);
  }

  #place(field: FloatField | FlagField): Code {
    return this.#code.get(0).access("i32.load", FP_PLACES[field]);
  }

  float(field: FloatField): void {
    this.#place(field).access("f64.load", 0);
  }

  setFloat(field: FloatField, value: () => void): void {
    this.#place(field);
    value();
    this.#code.access("f64.store", 0);
  }

  flag(field: FlagField): void {
    this.#place(field).access("i32.load8_u", 0);
  }

  setFlag(field: FlagField, value: () => void): void {
    this.#place(field);
    value();
    this.#code.access("i32.store8", 0);
  }

  remember(operation: number, operands: readonly number[]): void {
    this.#code.i32(0).i32(operation).access("i32.store", FP.remembered);
    operands.forEach((operand, i) => {
      this.#code.i32(0).get(operand).access("f64.store", FP.operands + 8 * i);
    });
  }
}
