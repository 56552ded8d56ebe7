/**
 * The meaning of an instruction as WebAssembly. Where registers and operands come from, and what happens to what WebAssembly cannot do, is
 * left to those who extend {@linkcode MeaningCode}.
 *
 * @module
 */
import type { Expr, RegisterField, Stmt, UnaryOp } from "../isa/meaning.ts";
import type { Instruction } from "../isa/table.ts";
import type { Code } from "../wasm/code.ts";
import { COMPARE, DIRECT, type HelperName, type Helpers } from "./arithmetic.ts";
import { ComputeCode, type Floats } from "./fp_code.ts";
import { nativeOperation } from "./fp_native.ts";
import type { Memories } from "./layout.ts";
import { MemoryCode, type PageMemo } from "./memory_code.ts";

/** A meaning that this file does not express; the engine executes the instruction. */
export class Unexpressed extends Error {
  override readonly name = "Unexpressed";
}

/** Where execution continues if not behind the instruction. */
export interface Transfer {
  /** An i32 local that says whether to jump; always, if there is none. */
  readonly condition?: number;
  /** The operand that is the distance from this instruction. */
  readonly relative?: string;
  /** Otherwise an i64 local with the address. */
  readonly target?: number;
}

/** The code of one meaning. Whatever it cannot do itself it leaves to the engine before it has changed anything. */
export abstract class MeaningCode extends MemoryCode {
  readonly #helpers: Helpers;
  readonly #floats: Floats;
  readonly #bound = new Map<string, number>();
  /** Something has changed, so that the instruction can no longer be left to the engine. */
  #committed = false;

  constructor(code: Code, helpers: Helpers, memories: Memories, floats: Floats) {
    super(code, memories);
    this.#helpers = helpers;
    this.#floats = floats;
  }

  /** Leaves a register's value, an i64, on the stack. */
  protected abstract register(field: RegisterField): void;
  /** Leaves a register's number, an i64, on the stack. */
  protected abstract registerNumber(field: RegisterField): void;
  /** Writes a register; `value` leaves an i64 on the stack. A write to r0 has no effect, but the value is computed. */
  protected abstract setRegister(field: RegisterField, value: () => void): void;
  /** Writes r1. */
  protected abstract setLink(value: () => void): void;
  /** Leaves an operand that is no register, an i64, on the stack. */
  protected abstract operand(name: string): void;
  /** Leaves the address of the instruction on the stack. */
  protected abstract pc(): void;
  /** Lets the engine execute the instruction from its beginning; nothing behind is reached. */
  protected abstract leave(): void;
  /** Where the page is kept that is accessed through a register. */
  protected memo(_address: Expr, _isStore: boolean): PageMemo | undefined {
    return undefined;
  }

  /** Writes the code of an instruction but for its transfer of control. */
  protected translateInstruction({ unit, meaning }: Instruction): Transfer | undefined {
    if (unit !== undefined) this.#floats.check(() => this.leave());
    return this.translate(meaning);
  }

  /** Writes the code of a meaning but for its transfer of control. */
  protected translate(meaning: Stmt): Transfer | undefined {
    const { code } = this;
    switch (meaning.kind) {
      case "seq":
        return meaning.body.map((part) => this.translate(part)).findLast((t) => t !== undefined);
      case "set":
        this.setRegister(meaning.field, () => this.#value(meaning.value));
        this.#committed = true;
        return undefined;
      case "setFloat":
        this.#floats.setFloat(meaning.field, () => this.#float(meaning.value));
        this.#committed = true;
        return undefined;
      case "setFlag":
        this.#floats.setFlag(meaning.field, () => {
          this.#value(meaning.value);
          code.op("i32.wrap_i64").i32(1).op("i32.and");
        });
        this.#committed = true;
        return undefined;
      case "compute":
        this.#compute(meaning);
        return undefined;
      case "link":
        this.setLink(() => this.#value(meaning.value));
        this.#committed = true;
        return undefined;
      case "bind":
        this.#bound.set(meaning.name, this.#inLocal(meaning.value));
        return undefined;
      case "store":
        this.#store(meaning);
        return undefined;
      case "jump":
        return this.#transferTo(meaning.target);
      case "branch": {
        const condition = code.local("i32");
        this.#condition(meaning.condition);
        code.set(condition);
        return { ...this.#transferTo(meaning.target), condition };
      }
      case "raise":
        if (this.#committed) throw new Unexpressed("an exception after an effect");
        this.#condition(meaning.condition);
        code.ifUnlikely();
        this.leave();
        code.end();
        return undefined;
      case "call":
        this.call(meaning.name);
        return undefined;
    }
  }

  #compute(meaning: Stmt & { kind: "compute" }): void {
    const native = nativeOperation(meaning.operation);
    if (native === undefined || this.#committed) throw new Unexpressed(meaning.operation);
    new ComputeCode(this.code, this.#floats, this.#helpers, meaning, () => this.leave()).write(
      native,
    );
    this.#committed = true;
  }

  /** Writes the code of a plain function's name, where there is any. */
  protected call(name: string): void {
    throw new Unexpressed(`call ${name}`);
  }

  #transferTo(target: Expr): Transfer {
    if (
      target.kind === "binary" && target.op === "add" && target.a.kind === "pc" && target.b.kind === "operand"
    ) {
      return { relative: target.b.name };
    }
    return { target: this.#inLocal(target) };
  }

  // Memory ------------------------------------------------------------------------------------------------------------

  #load({ type, address, access }: Expr & { kind: "load" }): void {
    if (this.#committed) throw new Unexpressed("an access after an effect");
    const at = this.#inLocal(address);
    const [isAligned, isStore] = [access.aligned === true, access.forStore === true];
    this.writeLoad({ type, at, isAligned, isStore, memo: this.memo(address, isStore) });
  }

  #store({ type, address, value, access }: Stmt & { kind: "store" }): void {
    if (this.#committed) throw new Unexpressed("an access after an effect");
    const at = this.#inLocal(address);
    const stored = this.#inLocal(value);
    const isAligned = access.aligned === true;
    this.writeStore({ type, at, isAligned, isStore: true, memo: this.memo(address, true) }, stored);
    this.#committed = true;
  }

  // Values ------------------------------------------------------------------------------------------------------------

  #inLocal(e: Expr): number {
    const local = this.code.local("i64");
    this.#value(e);
    this.code.set(local);
    return local;
  }

  /** Leaves an i64 on the stack. */
  #value(e: Expr): void {
    const { code } = this;
    switch (e.kind) {
      case "const":
        code.i64(e.value);
        return;
      case "register":
        return this.register(e.field);
      case "float":
        this.#floats.float(e.field);
        code.op("i64.reinterpret_f64");
        return;
      case "flag":
        this.#floats.flag(e.field);
        code.op("i64.extend_i32_u");
        return;
      case "registerNumber":
        return this.registerNumber(e.field);
      case "operand":
        return this.operand(e.name);
      case "pc":
        return this.pc();
      case "bound":
        code.get(this.#boundLocal(e.name));
        return;
      case "unary":
        return this.#unary(e.op, e.a);
      case "binary":
        return this.#binary(e);
      case "address":
        // Contexts in which addresses have 32 bits are the reference engine's.
        return this.#value(e.a);
      case "extend":
        return this.#extend(e.signed, e.bits, e.a);
      case "select":
        this.#value(e.a);
        this.#value(e.b);
        this.#condition(e.condition);
        code.op("select");
        return;
      case "load":
        return this.#load(e);
    }
  }

  #boundLocal(name: string): number {
    const local = this.#bound.get(name);
    if (local === undefined) throw new TypeError(`Cannot translate a meaning: ${name} is not bound`);
    return local;
  }

  #unary(op: UnaryOp, a: Expr): void {
    this.#value(a);
    if (op === "not") this.code.i64(-1n).op("i64.xor");
    else if (op === "clz64") this.code.op("i64.clz");
    else if (op === "ctz64") this.code.op("i64.ctz");
    else this.code.call(this.#helper(op));
  }

  /** Leaves the same bits as an f64. */
  #float(e: Expr): void {
    if (e.kind === "float") return this.#floats.float(e.field);
    this.#value(e);
    this.code.op("f64.reinterpret_i64");
  }

  #helper(op: HelperName): number {
    const f = this.#helpers.get(op);
    if (f === undefined) throw new Unexpressed(op);
    return f;
  }

  #binary(e: Expr & { kind: "binary" }): void {
    if (COMPARE[e.op] !== undefined) {
      this.#condition(e);
      this.code.op("i64.extend_i32_u");
      return;
    }
    this.#value(e.a);
    this.#value(e.b);
    const direct = DIRECT[e.op];
    if (direct === undefined) this.code.call(this.#helper(e.op));
    else this.code.op(direct);
  }

  #extend(isSigned: boolean, bits: number, a: Expr): void {
    const { code } = this;
    this.#value(a);
    if (!isSigned) {
      code.i64((1n << BigInt(bits)) - 1n).op("i64.and");
    } else if (bits === 8 || bits === 16 || bits === 32) {
      code.op(`i64.extend${bits}_s`);
    } else {
      const unused = BigInt(64 - bits);
      code.i64(unused).op("i64.shl").i64(unused).op("i64.shr_s");
    }
  }

  /** Leaves an i32 on the stack, 0 where the condition does not hold. */
  #condition(e: Expr): void {
    const comparison = e.kind === "binary" ? COMPARE[e.op] : undefined;
    if (e.kind === "binary" && comparison !== undefined) {
      this.#value(e.a);
      this.#value(e.b);
      this.code.op(comparison);
      return;
    }
    this.#value(e);
    this.code.i64(0n).op("i64.ne");
  }
}
