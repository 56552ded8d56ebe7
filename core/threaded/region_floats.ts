/**
 * Floating-point state in a region: registers, flags and the operation to remember are locals.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { FlagField, FloatField } from "../isa/meaning.ts";
import { registerUse } from "../isa/register_use.ts";
import type { Code } from "../wasm/code.ts";
import { type Floats, REMEMBERED } from "./fp_code.ts";
import { FP } from "./layout.ts";
import { readMode } from "./op_floats.ts";

/** The most operands of an operation. */
const OPERANDS = 3;

/** What all instructions of a region share. */
export class RegionFloats {
  readonly #code: Code;
  readonly #isUsed: boolean;
  /** Locals by register. */
  readonly floats: ReadonlyMap<number, number>;
  readonly flags: ReadonlyMap<number, number>;
  readonly #written: ReadonlySet<number>;
  readonly #writtenFlags: ReadonlySet<number>;
  /** The locals of `mode`, and of what is remembered; undefined if nothing is computed. */
  readonly computing: {
    readonly mode: number;
    readonly operation: number;
    readonly operands: readonly number[];
  } | undefined;

  /** @param instructions all of the region */
  constructor(code: Code, instructions: readonly Decoded[]) {
    this.#code = code;
    this.#isUsed = instructions.some(({ instruction }) => instruction.unit !== undefined);
    const uses = instructions.map((op) => ({ op, use: registerUse(op.instruction.meaning) }));
    this.#written = new Set(uses.flatMap(({ op, use }) => [...use.floatWrites].map((field) => op[field])));
    this.#writtenFlags = new Set(
      uses.flatMap(({ op, use }) => [...use.flagWrites].map((field) => op[field])),
    );
    const read = uses.flatMap(({ op, use }) => [...use.floatReads].map((field) => op[field]));
    const readFlags = uses.flatMap(({ op, use }) => [...use.flagReads].map((field) => op[field]));
    this.floats = new Map([...new Set([...read, ...this.#written])].map((r) => [r, code.local("f64")]));
    this.flags = new Map(
      [...new Set([...readFlags, ...this.#writtenFlags])].map((r) => [r, code.local("i32")]),
    );
    this.computing = uses.some(({ use }) => use.computes)
      ? {
        mode: code.local("i32"),
        operation: code.local("i32"),
        operands: Array.from({ length: OPERANDS }, () => code.local("f64")),
      }
      : undefined;
  }

  /** Calls `leave` where the unit is not enabled: nothing in the region changes that. Then loads what the region uses. */
  load(leave: () => void): void {
    const code = this.#code;
    if (this.#isUsed) {
      code.i32(0).access("i32.load", FP.disabled).if();
      leave();
      code.end();
    }
    for (const [r, local] of this.floats) code.i32(0).access("f64.load", FP.registers + 8 * r).set(local);
    for (const [r, local] of this.flags) code.i32(0).access("i32.load8_u", FP.flags + r).set(local);
    if (this.computing === undefined) return;
    readMode(code);
    code.set(this.computing.mode).i32(REMEMBERED.nothing).set(this.computing.operation);
  }

  /** Puts back what the region may have changed. */
  store(): void {
    const code = this.#code;
    for (const [r, local] of this.floats) {
      if (this.#written.has(r)) code.i32(0).get(local).access("f64.store", FP.registers + 8 * r);
    }
    for (const [r, local] of this.flags) {
      if (this.#writtenFlags.has(r)) code.i32(0).get(local).access("i32.store8", FP.flags + r);
    }
    if (this.computing === undefined) return;
    const { operation, operands } = this.computing;
    code.get(operation).if().i32(0).get(operation).access("i32.store", FP.remembered);
    operands.forEach((local, i) => code.i32(0).get(local).access("f64.store", FP.operands + 8 * i));
    code.end();
  }
}

/** One instruction's view of it. */
export class InstructionFloats implements Floats {
  readonly #code: Code;
  readonly #region: RegionFloats;
  readonly #op: Decoded;

  constructor(code: Code, region: RegionFloats, op: Decoded) {
    this.#code = code;
    this.#region = region;
    this.#op = op;
  }

  /** The region asked at its beginning. */
  check(): void {}

  #local(locals: ReadonlyMap<number, number>, field: FloatField | FlagField): number {
    const local = locals.get(this.#op[field]);
    if (local === undefined) throw new RangeError(`Cannot translate a region: ${field} has no local`);
    return local;
  }

  mode(): void {
    this.#code.get(this.#computing.mode);
  }

  get #computing() {
    const { computing } = this.#region;
    if (computing === undefined) {
      throw new RangeError("Cannot translate a region: nothing was to be computed");
    }
    return computing;
  }

  float(field: FloatField): void {
    this.#code.get(this.#local(this.#region.floats, field));
  }

  setFloat(field: FloatField, value: () => void): void {
    value();
    this.#code.set(this.#local(this.#region.floats, field));
  }

  flag(field: FlagField): void {
    this.#code.get(this.#local(this.#region.flags, field));
  }

  setFlag(field: FlagField, value: () => void): void {
    value();
    this.#code.set(this.#local(this.#region.flags, field));
  }

  remember(operation: number, operands: readonly number[]): void {
    const code = this.#code;
    const to = this.#computing;
    code.i32(operation).set(to.operation);
    operands.forEach((operand, i) => code.get(operand).set(to.operands[i] ?? 0));
  }
}
