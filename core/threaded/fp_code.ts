/**
 * Floating-point operations in generated code.
 *
 * WebAssembly rounds to nearest even and tells nobody about exceptions. So it computes where FCSR0 selects that rounding and enables no
 * exception, and where operands and result show that none but inexact was raised: no NaN or infinity came out, and nothing so small
 * that it might have underflowed. Everything else is the engine's, before anything has changed.
 *
 * Inexact goes to Flags, where it stays, and to Cause, which the next operation replaces. Where Flags has it already only Cause is
 * open, and it is left open: the operation and its operands are remembered, and whoever asks for FCSR0 computes it again with its
 * exceptions ({@linkcode FpState}). Where Flags lacks it the function `fpFits` finds out whether the result is exact; if it cannot
 * tell that it is, the operation is the engine's, which sets the flag for all that follow. So generated code never writes FCSR0.
 *
 * @module
 */
import type { FlagField, FloatField, Stmt } from "../isa/meaning.ts";
import { ISA } from "../isa/table.ts";
import type { Code } from "../wasm/code.ts";
import type { Helpers } from "./arithmetic.ts";
import { type Exact, FAMILY, helperOf, IS_SINGLE, type Native, type Rounded } from "./fp_native.ts";

/** Where the floating-point state of the code being generated is. */
export interface Floats {
  /** Calls `leave` where the unit is not enabled, if that was not asked before. */
  check(leave: () => void): void;
  /** Leaves {@linkcode MODE} on the stack. */
  mode(): void;
  /** Leaves a register on the stack, an f64 whatever it holds. */
  float(field: FloatField): void;
  /** Writes a register; `value` leaves an f64. */
  setFloat(field: FloatField, value: () => void): void;
  /** Leaves a condition flag on the stack, an i32. */
  flag(field: FlagField): void;
  /** Writes a condition flag; `value` leaves an i32, 0 or 1. */
  setFlag(field: FlagField, value: () => void): void;
  /** Keeps what the last operation was, and the f64 locals with its operands. */
  remember(operation: number, operands: readonly number[]): void;
}

/** What FCSR0, exclusive-or'ed with `flip` and masked, says: 0 if an inexact result is nothing new. */
export const MODE = {
  flip: 0x10000,
  mask: 0x1031f,
  /** Enables and RM: the operation is the engine's. */
  engine: 0x31f,
} as const;

/** What is remembered instead of an operation whose Cause is known. */
export const REMEMBERED = {
  /** FCSR0 is as it should be. */
  nothing: 0,
  /** Cause is 0. */
  exact: 1,
  /** Others are this plus a number in `ISA.operationNames`. */
  first: 2,
} as const;

const UPPER_ONES = 0xffffffff_00000000n;
/** Encodings, shifted left to be rid of the sign: the smallest normal number and infinity. */
const SHIFTED = {
  s: { least: 1 << 24, infinity: 0xff << 24 },
  d: { least: 1n << 53n, infinity: 0x7ffn << 53n },
};
/** The families that cannot underflow. */
const NEVER_TINY: ReadonlySet<number> = new Set([FAMILY.sum, FAMILY.root, FAMILY.integer, FAMILY.near]);
const OPERANDS = ["a", "b", "c"] as const;
const INTEGER_RANGES = { w: [-(2 ** 31), 2 ** 31 - 1], l: [-(2 ** 63), 2 ** 63 - 1024] } as const;

/** Writes one operation. */
export class ComputeCode {
  readonly #code: Code;
  readonly #floats: Floats;
  readonly #helpers: Helpers;
  readonly #leave: () => void;
  readonly #statement: Stmt & { kind: "compute" };
  /** The operands as registers hold them. */
  readonly #raw: readonly number[];

  constructor(
    code: Code,
    floats: Floats,
    helpers: Helpers,
    statement: Stmt & { kind: "compute" },
    leave: () => void,
  ) {
    this.#code = code;
    this.#floats = floats;
    this.#helpers = helpers;
    this.#statement = statement;
    this.#leave = leave;
    this.#raw = statement.operands.map((field) => {
      const local = code.local("f64");
      floats.float(field);
      code.set(local);
      return local;
    });
  }

  write(native: Native): void {
    const given = this.#raw.map((raw) => this.#taken(raw, native.from));
    const [a = 0, b = a, c = a] = given;
    if (native.kind === "rounded") this.#rounded(native, a, b, c);
    else this.#exact(native, a, b);
  }

  /** The operand as a local of the type that the operation takes. */
  #taken(raw: number, datum: string): number {
    const code = this.#code;
    if (datum === "d") return raw;
    code.get(raw).op("i64.reinterpret_f64");
    const local = code.local(datum === "s" ? "f32" : "i64");
    if (datum === "s") code.op("i32.wrap_i64", "f32.reinterpret_i32");
    if (datum === "w") code.op("i64.extend32_s");
    code.set(local);
    return local;
  }

  #exact({ from, to, write }: Exact, a: number, b: number): void {
    const code = this.#code;
    const differs = from === "s" ? "f32.ne" : "f64.ne";
    code.get(a).get(a).op(differs);
    if (b !== a) code.get(b).get(b).op(differs, "i32.or");
    code.ifUnlikely();
    this.#leave();
    code.end();
    this.#floats.remember(REMEMBERED.exact, []);
    const { target } = this.#statement;
    const value = () => {
      write(code, a, b);
      if (to === "s") this.#box();
    };
    if (target === "cd" || target === "cj" || target === "ca") this.#floats.setFlag(target, value);
    else this.#floats.setFloat(target, value);
  }

  #rounded(native: Rounded, a: number, b: number, c: number): void {
    const code = this.#code;
    const { to, write } = native;
    const { target, operation } = this.#statement;
    const result = code.local(to === "s" ? "f32" : "f64");
    write(code, a, b, c, this.#helpers);
    code.set(result);
    if (to === "w" || to === "l") this.#leaveBeyond(to, result);
    this.#floats.mode();
    if (to === "s" || to === "d") this.#odd(native.family, to, result);
    code.ifUnlikely();
    this.#doubt(native, [a, b, c], result);
    code.end();
    this.#floats.remember(REMEMBERED.first + ISA.operationNames.indexOf(operation), this.#raw);
    if (target === "cd" || target === "cj" || target === "ca") {
      throw new TypeError(`Cannot keep ${operation}`);
    }
    this.#floats.setFloat(target, () => {
      code.get(result);
      if (to === "s") this.#box();
      if (to === "w" || to === "l") code.op("i64.trunc_sat_f64_s", "f64.reinterpret_i64");
    });
  }

  #box(): void {
    this.#code.op("i32.reinterpret_f32", "i64.extend_i32_u").i64(UPPER_ONES).op(
      "i64.or",
      "f64.reinterpret_i64",
    );
  }

  /** An integer of this width it is not: invalid. */
  #leaveBeyond(width: "w" | "l", result: number): void {
    const code = this.#code;
    const [least, greatest] = INTEGER_RANGES[width];
    code.get(result).f64(least).op("f64.ge").get(result).f64(greatest).op("f64.le", "i32.and", "i32.eqz")
      .ifUnlikely();
    this.#leave();
    code.end();
  }

  /** Makes the i32 on the stack other than 0 if the result is no finite number, or small enough to have underflowed. */
  #odd(family: number, to: "s" | "d", result: number): void {
    const code = this.#code.get(result);
    const isNeverTiny = NEVER_TINY.has(family & ~IS_SINGLE);
    if (to === "s") {
      const { least, infinity } = SHIFTED.s;
      const from = isNeverTiny ? 0 : least + 1;
      code.op("i32.reinterpret_f32").i32(1).op("i32.shl");
      code.i32(from).op("i32.sub").i32(infinity - from).op("i32.ge_u", "i32.or");
    } else {
      const { least, infinity } = SHIFTED.d;
      const from = isNeverTiny ? 0n : least + 1n;
      code.op("i64.reinterpret_f64").i64(1n).op("i64.shl");
      code.i64(from).op("i64.sub").i64(infinity - from).op("i64.ge_u", "i32.or");
    }
  }

  /** Asks whether the result can stand, and leaves if not. */
  #doubt({ family, from, to, negated }: Rounded, operands: readonly number[], result: number): void {
    const code = this.#code;
    code.i32(family);
    this.#floats.mode();
    operands.forEach((operand, i) => {
      code.get(operand);
      if (from === "s") code.op("f64.promote_f32");
      if (from === "w" || from === "l") code.op("f64.reinterpret_i64");
      if (negated.includes(OPERANDS[i] ?? "a")) code.op("f64.neg");
    });
    code.get(result);
    if (to === "s") code.op("f64.promote_f32");
    if (negated.includes("result")) code.op("f64.neg");
    code.call(helperOf(this.#helpers, "fpFits")).op("i32.eqz").if();
    this.#leave();
    code.end();
  }
}
