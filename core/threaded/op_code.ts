/**
 * An instruction form as a function over a decoded operation: it takes the operation's place and the number of instructions left, and
 * tail-calls the function of the next operation.
 *
 * @module
 */
import type { RegisterField } from "../isa/meaning.ts";
import type { Instruction } from "../isa/table.ts";
import { Code } from "../wasm/code.ts";
import type { Helpers } from "./arithmetic.ts";
import { writeCsrAccess } from "./csr_code.ts";
import type { CsrForm } from "./csr_forms.ts";
import { CONTROL, EXIT, GPR, OP, OPERATION_MEMORIES, PAGE_OPS } from "./layout.ts";
import { MeaningCode, type Transfer, Unexpressed } from "./meaning_code.ts";
import { OperationFloats } from "./op_floats.ts";

/** Functions and types of the module that instructions refer to. */
export interface Runtime {
  readonly helpers: Helpers;
  /** Type of an operation's function. */
  readonly opType: number;
  /** (op, left): lets the engine execute the operation. */
  readonly slow: number;
  /** (op, left, address): asks for a translation for a load, then tries again. */
  readonly missedLoad: number;
  /** The same for a store. */
  readonly missedStore: number;
  /** (left, target): continues at a virtual address. */
  readonly enter: number;
  /** (operations, offset in the page, size): words of a page were written; 1 if a region has to be left. */
  readonly wrote: number;
  /** (op, left): continues with the operation behind this one. */
  readonly next: number;
  /** (op): the operation was jumped to backwards. */
  readonly warm: number;
}

const [OP_PARAMETER, LEFT_PARAMETER] = [0, 1];
const PLACES: Readonly<Record<RegisterField, number>> = { rd: OP.rd, rj: OP.rj, rk: OP.rk };

class OperationCode extends MeaningCode {
  readonly #instruction: Instruction;
  readonly #runtime: Runtime;
  readonly #csr: CsrForm | undefined;

  constructor(instruction: Instruction, runtime: Runtime, csr?: CsrForm) {
    const code = new Code(2);
    super(code, runtime.helpers, OPERATION_MEMORIES, new OperationFloats(code));
    this.#instruction = instruction;
    this.#runtime = runtime;
    this.#csr = csr;
  }

  compile(): Code {
    const transfer = this.translateInstruction(this.#instruction);
    if (transfer?.condition !== undefined) this.code.get(transfer.condition).if();
    if (transfer !== undefined) this.#jump(transfer);
    if (transfer?.condition !== undefined) this.code.end();
    if (transfer === undefined || transfer.condition !== undefined) this.#next();
    return this.code;
  }

  protected override call(name: string): void {
    const { code } = this;
    const form = this.#csr;
    if (form === undefined) return super.call(name);
    const packed = () => code.get(OP_PARAMETER).access("i32.load", OP.second);
    writeCsrAccess(code, form, {
      state: OPERATION_MEMORIES.state,
      offset: () => packed().i32(0xffff).op("i32.and"),
      writable: () => code.get(OP_PARAMETER).access("i64.load", OP.first),
      attention: () => code.get(OP_PARAMETER).access("i64.load32_u", OP.rk),
      legalBit: () => packed().i32(16).op("i32.shr_u", "i64.extend_i32_u"),
      register: (field) => this.register(field),
      setRegister: (field, value) => this.setRegister(field, value),
      leave: () => this.leave(),
    });
  }

  #next(): void {
    this.code.get(OP_PARAMETER).i32(OP.bytes).op("i32.add").set(OP_PARAMETER);
    this.#continue();
  }

  /** Goes to the operation in the parameter unless no instruction is left. */
  #continue(): void {
    const { code } = this;
    code.get(LEFT_PARAMETER).i32(1).op("i32.sub").tee(LEFT_PARAMETER).op("i32.eqz").if();
    code.i32(0).get(OP_PARAMETER).access("i32.store", CONTROL.op).i32(EXIT.budget).op("return").end();
    code.get(OP_PARAMETER).get(LEFT_PARAMETER).get(OP_PARAMETER).access("i32.load", OP.f);
    code.returnCallIndirect(this.#runtime.opType);
  }

  #jump({ relative, target }: Transfer): void {
    const { code } = this;
    if (relative !== undefined) this.#jumpWithinPage(relative);
    code.get(LEFT_PARAMETER).i32(1).op("i32.sub");
    if (relative !== undefined) {
      this.pc();
      this.operand(relative);
      code.op("i64.add");
    } else if (target !== undefined) {
      code.get(target);
    }
    code.returnCall(this.#runtime.enter);
  }

  #jumpWithinPage(distance: string): void {
    const { code } = this;
    const op = code.local("i32");
    // An instruction has 4 bytes, its operation 32.
    code.get(OP_PARAMETER);
    this.operand(distance);
    code.op("i32.wrap_i64").i32(3).op("i32.shl", "i32.add").tee(op);
    code.i32(0).access("i32.load", CONTROL.page).op("i32.sub").i32(PAGE_OPS * OP.bytes).op("i32.lt_u").if();
    code.get(op).get(OP_PARAMETER).op("i32.le_u").if().get(op).call(this.#runtime.warm).end();
    code.get(op).set(OP_PARAMETER);
    this.#continue();
    code.end();
  }

  /** Leaves the place of a register on the stack. */
  #place(field: RegisterField): void {
    this.code.get(OP_PARAMETER).access("i32.load", PLACES[field]);
  }

  protected override register(field: RegisterField): void {
    this.#place(field);
    this.code.access("i64.load", GPR);
  }

  protected override registerNumber(field: RegisterField): void {
    // The place of r0 as a target is behind r31's.
    this.#place(field);
    this.code.i32(3).op("i32.shr_u").i32(31).op("i32.and", "i64.extend_i32_u");
  }

  protected override setRegister(field: RegisterField, value: () => void): void {
    this.#place(field);
    value();
    this.code.access("i64.store", GPR);
  }

  protected override setLink(value: () => void): void {
    this.code.i32(GPR + 8);
    value();
    this.code.access("i64.store", 0);
  }

  protected override operand(name: string): void {
    const { code } = this;
    const index = this.#instruction.immediates.findIndex((o) => o.name === name);
    if (index > 1) throw new Unexpressed(`operand ${name}`);
    code.get(OP_PARAMETER);
    if (index === 0) code.access("i64.load", OP.first);
    else code.access("i64.load32_s", OP.second);
  }

  protected override pc(): void {
    this.code.i32(0).access("i64.load", CONTROL.pcDelta);
    this.code.get(OP_PARAMETER).i32(3).op("i32.shr_u", "i64.extend_i32_u", "i64.add");
  }

  protected override leave(): void {
    this.code.get(OP_PARAMETER).get(LEFT_PARAMETER).returnCall(this.#runtime.slow);
  }

  protected override missed(isStore: boolean, address: number): void {
    this.code.get(OP_PARAMETER).get(LEFT_PARAMETER).get(address);
    this.code.returnCall(isStore ? this.#runtime.missedStore : this.#runtime.missedLoad);
  }

  protected override tlb(isStore: boolean): void {
    this.code.i32(0).access("i32.load", isStore ? CONTROL.storeTlb : CONTROL.loadTlb);
  }

  protected override wrote(code: number, address: number, size: number): void {
    this.code.get(code).get(address).op("i32.wrap_i64").i32(size).call(this.#runtime.wrote).op("drop");
  }
}

/** What operands {@linkcode OP.second} of a CSR access holds: its place in the bank, and the bit that makes values legal. */
export function packCsr(offset: number, legalBit: number): number {
  return offset | legalBit << 16;
}

/** The function of an instruction, undefined where the engine has to execute it. For a CSR access, that of one form. */
export function compileOperation(
  instruction: Instruction,
  runtime: Runtime,
  csr?: CsrForm,
): Code | undefined {
  try {
    return new OperationCode(instruction, runtime, csr).compile();
  } catch (error) {
    if (error instanceof Unexpressed) return undefined;
    throw error;
  }
}
