/**
 * The reference evaluation of meanings: each is compiled once into closures over bigint values.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { Access, Expr, MeaningException, MemoryType, RegisterField, Stmt } from "../isa/meaning.ts";
import type { Instruction } from "../isa/table.ts";
import { computeWith, fpOperation } from "./fp_operations.ts";
import { BINARY, type Comparison, COMPARISONS, extend, UNARY } from "./operations.ts";

/** What the meaning of an instruction can see and do. Values are bigint in [0, 2^64). */
export interface ExecutionContext {
  /** The 32 general registers. Meanings never write r0; whoever else does breaks it. */
  readonly gpr: BigUint64Array;
  /** The 32 floating-point registers. */
  readonly fpr: BigUint64Array;
  /** The 8 condition flags, each 0 or 1. */
  readonly fcc: Uint8Array;
  /** FCSR0. */
  fcsr: number;
  /** Address of the current instruction. */
  pc: bigint;
  /** True where the current privilege level has addresses of 32 bits. */
  readonly address32: boolean;
  /** Where execution continues: `pc + 4` unless the meaning jumps. Set before the meaning runs. */
  nextPc: bigint;
  /** A load, extended to 64 bits as `type` says. Throws what the access raises. */
  load(address: bigint, type: MemoryType, access: Access): bigint;
  /** A store of the low bits of `value`. Throws what the access raises. */
  store(address: bigint, type: MemoryType, value: bigint, access: Access): void;
  /** Raises an exception; `badv` goes to BADV. */
  raise(exception: MeaningException, badv?: bigint): never;
}

/** A compiled meaning: executes an instruction once. */
export type Executor<C extends ExecutionContext> = (cpu: C, op: Decoded) => void;

/** The plain functions that meanings call, by name. */
export type CallTable<C extends ExecutionContext> = Readonly<Record<string, (cpu: C, op: Decoded) => void>>;

type Value<C> = (cpu: C, op: Decoded) => bigint;
type Test<C> = (cpu: C, op: Decoded) => boolean;

const nothing = () => {};

/** Register numbers come from five-bit fields. */
function registerOf(cpu: ExecutionContext, number: number): bigint {
  return cpu.gpr[number]!;
}

/** Compiles the meaning of one instruction. */
class Compiler<C extends ExecutionContext> {
  readonly #instruction: Instruction;
  readonly #calls: CallTable<C>;
  /** Bound values of the execution under way; each is written before it is read, and executions do not nest. */
  readonly #slots: bigint[] = [];
  readonly #slotOf = new Map<string, number>();

  constructor(instruction: Instruction, calls: CallTable<C>) {
    this.#instruction = instruction;
    this.#calls = calls;
  }

  statement(s: Stmt): Executor<C> {
    switch (s.kind) {
      case "set":
        return this.#set(s.field, this.#value(s.value));
      case "link": {
        const value = this.#value(s.value);
        return (cpu, op) => {
          cpu.gpr[1] = value(cpu, op);
        };
      }
      case "setFloat": {
        const { field } = s;
        const value = this.#value(s.value);
        return (cpu, op) => {
          cpu.fpr[op[field]] = value(cpu, op);
        };
      }
      case "setFlag": {
        const { field } = s;
        const value = this.#value(s.value);
        return (cpu, op) => {
          cpu.fcc[op[field]] = Number(value(cpu, op) & 1n);
        };
      }
      case "compute":
        return this.#compute(s);
      case "bind":
        return this.#bind(s.name, this.#value(s.value));
      case "store": {
        const { type, access } = s;
        const address = this.#value(s.address);
        const value = this.#value(s.value);
        return (cpu, op) => cpu.store(address(cpu, op), type, value(cpu, op), access);
      }
      case "jump": {
        const target = this.#value(s.target);
        return (cpu, op) => {
          cpu.nextPc = target(cpu, op);
        };
      }
      case "branch": {
        const holds = this.#test(s.condition);
        const target = this.#value(s.target);
        return (cpu, op) => {
          if (holds(cpu, op)) cpu.nextPc = target(cpu, op);
        };
      }
      case "raise":
        return this.#raise(s.exception, s.condition, s.badv);
      case "call":
        return this.#call(s.name);
      case "seq":
        return this.#sequence(s.body.map((part) => this.statement(part)));
    }
  }

  #set(field: RegisterField, value: Value<C>): Executor<C> {
    // The value is computed even for r0: a load may fault.
    switch (field) {
      case "rd":
        return (cpu, op) => {
          const result = value(cpu, op);
          if (op.rd !== 0) cpu.gpr[op.rd] = result;
        };
      case "rj":
        return (cpu, op) => {
          const result = value(cpu, op);
          if (op.rj !== 0) cpu.gpr[op.rj] = result;
        };
      case "rk":
        return (cpu, op) => {
          const result = value(cpu, op);
          if (op.rk !== 0) cpu.gpr[op.rk] = result;
        };
    }
  }

  #bind(name: string, value: Value<C>): Executor<C> {
    const slots = this.#slots;
    const slot = slots.push(0n) - 1;
    this.#slotOf.set(name, slot);
    return (cpu, op) => {
      slots[slot] = value(cpu, op);
    };
  }

  #raise(exception: MeaningException, condition: Expr, badv: Expr | undefined): Executor<C> {
    const holds = this.#test(condition);
    const address = badv === undefined ? () => undefined : this.#value(badv);
    return (cpu, op) => {
      if (holds(cpu, op)) cpu.raise(exception, address(cpu, op));
    };
  }

  #compute({ target, operation: name, operands }: Stmt & { kind: "compute" }): Executor<C> {
    const operation = fpOperation(name);
    if (operation === undefined) {
      throw new TypeError(`Cannot compile ${this.#instruction.name}: there is no operation "${name}"`);
    }
    // What an operation has no use for does not matter.
    const [a = "fj", b = "fj", c = "fj"] = operands;
    const isFlag = target === "cd" || target === "cj" || target === "ca";
    return (cpu, op) => {
      const { fpr } = cpu;
      const { value, fcsr, traps } = computeWith(cpu.fcsr, operation, fpr[op[a]]!, fpr[op[b]]!, fpr[op[c]]!);
      cpu.fcsr = fcsr;
      if (traps) cpu.raise("FPE");
      if (isFlag) cpu.fcc[op[target]] = Number(value);
      else fpr[op[target]] = value;
    };
  }

  #call(name: string): Executor<C> {
    const callee = Object.hasOwn(this.#calls, name) ? this.#calls[name] : undefined;
    if (callee === undefined) {
      throw new TypeError(`Cannot compile ${this.#instruction.name}: there is no function "${name}" to call`);
    }
    return callee;
  }

  #sequence(parts: readonly Executor<C>[]): Executor<C> {
    const [first, second, ...rest] = parts;
    if (first === undefined) return nothing;
    if (second === undefined) return first;
    const remainder = this.#sequence([second, ...rest]);
    return (cpu, op) => {
      first(cpu, op);
      remainder(cpu, op);
    };
  }

  /** A condition holds if its value is not 0. */
  #test(e: Expr): Test<C> {
    if (e.kind === "binary" && e.op in COMPARISONS) {
      const holds = COMPARISONS[e.op as Comparison];
      const a = this.#value(e.a);
      const b = this.#value(e.b);
      return (cpu, op) => holds(a(cpu, op), b(cpu, op));
    }
    const constant = fold(e);
    if (constant !== undefined) return () => constant !== 0n;
    const value = this.#value(e);
    return (cpu, op) => value(cpu, op) !== 0n;
  }

  #value(e: Expr): Value<C> {
    const constant = fold(e);
    if (constant !== undefined) return () => constant;
    switch (e.kind) {
      case "const":
        return () => e.value;
      case "pc":
        return (cpu) => cpu.pc;
      case "register":
        return registerValue(e.field);
      case "float":
        return (cpu, op) => cpu.fpr[op[e.field]]!;
      case "flag":
        return (cpu, op) => BigInt(cpu.fcc[op[e.field]]!);
      case "registerNumber":
        return registerNumber(e.field);
      case "operand":
        return this.#immediate(e.name);
      case "bound":
        return this.#bound(e.name);
      case "unary": {
        const apply = UNARY[e.op];
        const a = this.#value(e.a);
        return (cpu, op) => apply(a(cpu, op));
      }
      case "binary": {
        const apply = BINARY[e.op];
        const a = this.#value(e.a);
        const b = this.#value(e.b);
        return (cpu, op) => apply(a(cpu, op), b(cpu, op));
      }
      case "address": {
        const a = this.#value(e.a);
        return (cpu, op) => cpu.address32 ? BigInt.asUintN(64, BigInt.asIntN(32, a(cpu, op))) : a(cpu, op);
      }
      case "extend": {
        const { signed, bits } = e;
        const a = this.#value(e.a);
        return (cpu, op) => extend(signed, bits, a(cpu, op));
      }
      case "select": {
        const holds = this.#test(e.condition);
        const a = this.#value(e.a);
        const b = this.#value(e.b);
        return (cpu, op) => holds(cpu, op) ? a(cpu, op) : b(cpu, op);
      }
      case "load": {
        const { type, access } = e;
        const address = this.#value(e.address);
        return (cpu, op) => cpu.load(address(cpu, op), type, access);
      }
    }
  }

  #immediate(name: string): Value<C> {
    const index = this.#instruction.immediates.findIndex((operand) => operand.name === name);
    if (index < 0) throw new TypeError(`Cannot compile ${this.#instruction.name}: it has no operand ${name}`);
    return (_, op) => op.immediates[index]!;
  }

  #bound(name: string): Value<C> {
    const slots = this.#slots;
    const slot = this.#slotOf.get(name);
    if (slot === undefined) {
      throw new TypeError(`Cannot compile ${this.#instruction.name}: ${name} is not bound`);
    }
    return () => slots[slot]!;
  }
}

function registerValue<C extends ExecutionContext>(field: RegisterField): Value<C> {
  switch (field) {
    case "rd":
      return (cpu, op) => registerOf(cpu, op.rd);
    case "rj":
      return (cpu, op) => registerOf(cpu, op.rj);
    case "rk":
      return (cpu, op) => registerOf(cpu, op.rk);
  }
}

function registerNumber<C extends ExecutionContext>(field: RegisterField): Value<C> {
  return (_, op) => BigInt(op[field]);
}

/** The value of an expression that depends on nothing, undefined of any other. */
function fold(e: Expr): bigint | undefined {
  switch (e.kind) {
    case "const":
      return e.value;
    case "unary": {
      const a = fold(e.a);
      return a === undefined ? undefined : UNARY[e.op](a);
    }
    case "binary": {
      const a = fold(e.a);
      const b = fold(e.b);
      return a === undefined || b === undefined ? undefined : BINARY[e.op](a, b);
    }
    case "extend": {
      const a = fold(e.a);
      return a === undefined ? undefined : extend(e.signed, e.bits, a);
    }
    default:
      return undefined;
  }
}

/**
 * Compiles the meaning of an instruction.
 *
 * @param calls the functions that `call` refers to; only those that the meaning names are looked up
 * @throws {TypeError} if the meaning calls a function that `calls` lacks
 */
export function compile<C extends ExecutionContext>(
  instruction: Instruction,
  calls: CallTable<C>,
): Executor<C> {
  return new Compiler(instruction, calls).statement(instruction.meaning);
}
