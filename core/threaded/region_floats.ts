/**
 * Floating-point state in a region: registers and flags are locals where general registers would be, and the operation to remember is.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { FlagField, FloatField } from "../isa/meaning.ts";
import { registerUse } from "../isa/register_use.ts";
import type { Code } from "../wasm/code.ts";
import { type Floats, REMEMBERED } from "./fp_code.ts";
import { dominates, type Graph } from "./graph.ts";
import { CONTROL, FP, REGION_MEMORIES } from "./layout.ts";
import { readMode } from "./op_floats.ts";
import type { KindUse, RegisterUses } from "./region_registers.ts";

/** The most operands of an operation. */
const OPERANDS = 3;
const STATE = REGION_MEMORIES.state;

/** What all instructions of a region share. */
export class RegionFloats {
  readonly #code: Code;
  /** Locals by register, of those that have one. */
  readonly floats: ReadonlyMap<number, number>;
  readonly flags: ReadonlyMap<number, number>;
  readonly #use: KindUse;
  readonly #flagUse: KindUse;
  /** The local that says that the unit is disabled, undefined if nothing needs the unit. */
  readonly disabled: number | undefined;
  /** Places of instructions that have to look at it; others are reached by way of one of these. */
  readonly #checks: Set<number>;
  /** The locals of `mode`, and of what is remembered; undefined if nothing is computed. */
  readonly computing: {
    readonly mode: number;
    readonly operation: number;
    readonly operands: readonly number[];
  } | undefined;

  constructor(code: Code, graph: Graph, { float, flag }: RegisterUses) {
    this.#code = code;
    this.#use = float;
    this.#flagUse = flag;
    this.floats = new Map(float.locals.map((r) => [r, code.local("f64")]));
    this.flags = new Map(flag.locals.map((r) => [r, code.local("i32")]));
    this.#checks = new Set(checksOf(graph));
    this.disabled = this.#checks.size === 0 ? undefined : code.local("i32");
    const computes = (op: Decoded) => registerUse(op.instruction.meaning).computes;
    this.computing = graph.blocks.some(({ instructions }) => instructions.some(computes))
      ? {
        mode: code.local("i32"),
        operation: code.local("i32"),
        operands: Array.from({ length: OPERANDS }, () => code.local("f64")),
      }
      : undefined;
  }

  /** Loads what the region uses. Nothing in the region changes FCSR0, or whether the unit is enabled. */
  load(): void {
    const code = this.#code;
    for (const [r, local] of this.floats) {
      code.i32(0).access("f64.load", FP.registers + 8 * r, STATE).set(local);
    }
    for (const [r, local] of this.flags) {
      code.i32(0).access("i32.load8_u", FP.flags + r, STATE).set(local);
    }
    if (this.disabled !== undefined) {
      code.i32(0).access("i32.load", CONTROL.fpDisabled, STATE).set(this.disabled);
    }
    if (this.computing === undefined) return;
    readMode(code, STATE);
    code.set(this.computing.mode).i32(REMEMBERED.nothing).set(this.computing.operation);
  }

  /** Puts back what the region may have changed. */
  store(): void {
    const code = this.#code;
    for (const [r, local] of this.floats) {
      if (this.#use.isWritten(r)) code.i32(0).get(local).access("f64.store", FP.registers + 8 * r, STATE);
    }
    for (const [r, local] of this.flags) {
      if (this.#flagUse.isWritten(r)) code.i32(0).get(local).access("i32.store8", FP.flags + r, STATE);
    }
    if (this.computing === undefined) return;
    const { operation, operands } = this.computing;
    code.get(operation).if().i32(0).get(operation).access("i32.store", FP.remembered, STATE);
    operands.forEach((local, i) => code.i32(0).get(local).access("f64.store", FP.operands + 8 * i, STATE));
    code.end();
  }

  /** True once for an instruction that has to find out whether the unit is enabled: the first copy of it leads to the others. */
  takeCheck(place: number): boolean {
    return this.#checks.delete(place);
  }
}

/** The first instruction of the unit in each block, unless every way to the block leads past one. */
function checksOf(graph: Graph): readonly number[] {
  const found = graph.blocks.flatMap(({ first, instructions }, position) => {
    const offset = instructions.findIndex(({ instruction }) => instruction.unit !== undefined);
    return offset < 0 ? [] : [{ position, place: first + offset }];
  });
  return found
    .filter(({ position: to }) =>
      !found.some(({ position }) => position !== to && dominates(graph, position, to))
    )
    .map(({ place }) => place);
}

/** One instruction's view of it. */
export class InstructionFloats implements Floats {
  readonly #code: Code;
  readonly #region: RegionFloats;
  readonly #op: Decoded;
  readonly #place: number;

  /** @param place of the instruction in the region's pages */
  constructor(code: Code, region: RegionFloats, op: Decoded, place: number) {
    this.#code = code;
    this.#region = region;
    this.#op = op;
    this.#place = place;
  }

  check(leave: () => void): void {
    const { disabled } = this.#region;
    if (disabled === undefined || !this.#region.takeCheck(this.#place)) return;
    this.#code.get(disabled).ifUnlikely();
    leave();
    this.#code.end();
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
    const number = this.#op[field];
    const local = this.#region.floats.get(number);
    if (local !== undefined) this.#code.get(local);
    else this.#code.i32(0).access("f64.load", FP.registers + 8 * number, STATE);
  }

  setFloat(field: FloatField, value: () => void): void {
    const number = this.#op[field];
    const local = this.#region.floats.get(number);
    if (local === undefined) this.#code.i32(0);
    value();
    if (local !== undefined) this.#code.set(local);
    else this.#code.access("f64.store", FP.registers + 8 * number, STATE);
  }

  flag(field: FlagField): void {
    const number = this.#op[field];
    const local = this.#region.flags.get(number);
    if (local !== undefined) this.#code.get(local);
    else this.#code.i32(0).access("i32.load8_u", FP.flags + number, STATE);
  }

  setFlag(field: FlagField, value: () => void): void {
    const number = this.#op[field];
    const local = this.#region.flags.get(number);
    if (local === undefined) this.#code.i32(0);
    value();
    if (local !== undefined) this.#code.set(local);
    else this.#code.access("i32.store8", FP.flags + number, STATE);
  }

  remember(operation: number, operands: readonly number[]): void {
    const code = this.#code;
    const to = this.#computing;
    code.i32(operation).set(to.operation);
    operands.forEach((operand, i) => code.get(operand).set(to.operands[i] ?? 0));
  }
}
