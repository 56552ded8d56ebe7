/**
 * An instruction in a region: its registers are locals or in state memory, its operands constants, and what it cannot do leaves the region.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { Expr, RegisterField } from "../isa/meaning.ts";
import type { Profile } from "../profile.ts";
import type { Code } from "../wasm/code.ts";
import { writeCsrAccess } from "./csr_code.ts";
import { csrOperation } from "./csr_forms.ts";
import { CONTROL, GPR, PAGE_BYTES, REGION_MEMORIES } from "./layout.ts";
import { MeaningCode, type Transfer } from "./meaning_code.ts";
import { baseOf, hasStore, type PageMemo } from "./memory_code.ts";
import type { Runtime } from "./op_code.ts";
import type { Base } from "./page_memos.ts";
import { InstructionFloats, type RegionFloats } from "./region_floats.ts";
import type { RegionPages } from "./region_pages.ts";
import { LINK } from "./region_registers.ts";

/** The parameters of a region's function. */
export const [OP_PARAMETER, LEFT_PARAMETER] = [0, 1];

/** What a way out leads to. */
export const WAY = {
  /** The function that an operation has. */
  op: 0,
  /** A virtual address. */
  enter: 1,
  slow: 2,
  load: 3,
  store: 4,
  /** The function of an operation's instruction, whatever else it has now. */
  alone: 5,
} as const;

/** The numbers of locals that hold what a way out needs. */
export interface WayOut {
  readonly way: number;
  readonly op: number;
  /** An i64: the target, the address that missed, or the number of a function. */
  readonly address: number;
  /** Depth of the block behind which the ways out are. */
  readonly depth: number;
}

/** What all instructions of a region share. */
export interface Shared {
  readonly code: Code;
  readonly runtime: Runtime;
  readonly pages: RegionPages;
  /** Of the machine that executes the region. */
  readonly profile: Profile;
  /** The locals of those registers that have one. */
  readonly registers: ReadonlyMap<number, number>;
  readonly floats: RegionFloats;
  /** The virtual address of the home. */
  readonly base: number;
  /** The software TLBs that are looked through other than for kept pages. */
  readonly tlbs: { readonly load: number | undefined; readonly store: number | undefined };
  readonly memos: readonly (Base & PageMemo)[];
  readonly out: WayOut;
}

/** Tells wasm which page is executed, where that is not the home. */
export function showPage({ code, pages, base }: Shared, place: number): void {
  const { at, distance } = pages.pageOf(place);
  if (distance === 0) return;
  code.i32(0).i32(at).access("i32.store", CONTROL.page, REGION_MEMORIES.state);
  code.i32(0).get(base).i64(BigInt(distance * PAGE_BYTES - at / 8)).op("i64.add");
  code.access("i64.store", CONTROL.pcDelta, REGION_MEMORIES.state);
}

/** Leaves the region towards an operation, with some of the instructions counted not executed. */
export function leaveTo(shared: Shared, way: number, place: number, notExecuted: number): void {
  const { code, pages, out } = shared;
  showPage(shared, place);
  code.i32(way).set(out.way).i32(pages.op(place)).set(out.op);
  if (notExecuted !== 0) code.get(LEFT_PARAMETER).i32(notExecuted).op("i32.add").set(LEFT_PARAMETER);
  code.br(out.depth);
}

/** Where the page is kept for such accesses, if it is. */
export function memoOf({ memos }: Shared, { register, isStore }: Base): PageMemo | undefined {
  return memos.find((m) => m.register === register && m.isStore === isStore);
}

/** Leaves the place of a software TLB on the stack. */
export function writeTlb(code: Code, isStore: boolean): void {
  const at = isStore ? CONTROL.storeTlb : CONTROL.loadTlb;
  code.i32(0).access("i32.load", at, REGION_MEMORIES.state);
}

/** An instruction in a region. */
export class InstructionCode extends MeaningCode {
  readonly #shared: Shared;
  readonly #op: Decoded;
  readonly #place: number;
  /** Instructions of the block from this one on, which were counted as executed when the block began. */
  readonly #counted: number;
  /** A local that is 1 if the region ended with a store of this instruction, which has more to do. */
  #isEnded: number | undefined;

  constructor(shared: Shared, op: Decoded, place: number, counted: number) {
    const { code, runtime, floats } = shared;
    super(code, runtime.helpers, REGION_MEMORIES, new InstructionFloats(code, floats, op, place));
    this.#shared = shared;
    this.#op = op;
    this.#place = place;
    this.#counted = counted;
  }

  write(): Transfer | undefined {
    const { instruction } = this.#op;
    const { meaning } = instruction;
    const { code } = this;
    // What stores and does more has to be done with it before the region is left because it wrote a word of it.
    if (meaning.kind === "store" || !hasStore(meaning)) return this.translateInstruction(instruction);
    const isEnded = code.local("i32");
    code.i32(0).set(isEnded);
    this.#isEnded = isEnded;
    const transfer = this.translateInstruction(instruction);
    code.get(isEnded).ifUnlikely();
    this.#leaveBehind();
    return transfer;
  }

  /** Leaves the address that a relative branch leads to on the stack. */
  writeTarget(distance: string): void {
    this.pc();
    this.operand(distance);
    this.code.op("i64.add");
  }

  protected override register(field: RegisterField): void {
    const number = this.#op[field];
    const local = this.#shared.registers.get(number);
    if (number === 0) this.code.i64(0n);
    else if (local !== undefined) this.code.get(local);
    else this.code.i32(0).access("i64.load", GPR + 8 * number, REGION_MEMORIES.state);
  }

  #set(register: number, value: () => void): void {
    const { code } = this;
    const local = this.#shared.registers.get(register);
    if (register !== 0 && local === undefined) code.i32(0);
    value();
    if (register === 0) code.op("drop");
    else if (local !== undefined) code.set(local);
    else code.access("i64.store", GPR + 8 * register, REGION_MEMORIES.state);
  }

  protected override call(name: string): void {
    const { code } = this;
    const csr = csrOperation(this.#op, this.#shared.profile);
    if (csr === undefined) return super.call(name);
    writeCsrAccess(code, csr.form, {
      state: REGION_MEMORIES.state,
      offset: () => code.i32(csr.offset),
      writable: () => code.i64(csr.writable),
      attention: () => code.i64(BigInt(csr.attention)),
      legalBit: () => code.i64(BigInt(csr.legalBit)),
      register: (field) => this.register(field),
      setRegister: (field, value) => this.setRegister(field, value),
      leave: () => this.leave(),
    });
  }

  protected override registerNumber(field: RegisterField): void {
    this.code.i64(BigInt(this.#op[field]));
  }

  protected override setRegister(field: RegisterField, value: () => void): void {
    this.#set(this.#op[field], value);
  }

  protected override setLink(value: () => void): void {
    this.#set(LINK, value);
  }

  protected override operand(name: string): void {
    const index = this.#op.instruction.immediates.findIndex((o) => o.name === name);
    const value = this.#op.immediates[index];
    if (value === undefined) {
      throw new TypeError(`Cannot translate ${this.#op.instruction.name}: no operand ${name}`);
    }
    this.code.i64(value);
  }

  protected override pc(): void {
    this.code.get(this.#shared.base).i64(BigInt(this.#shared.pages.offset(this.#place))).op("i64.add");
  }

  protected override leave(): void {
    leaveTo(this.#shared, WAY.slow, this.#place, this.#counted);
  }

  protected override missed(isStore: boolean, address: number): void {
    this.code.get(address).set(this.#shared.out.address);
    leaveTo(this.#shared, isStore ? WAY.store : WAY.load, this.#place, this.#counted);
  }

  protected override memo(address: Expr, isStore: boolean): PageMemo | undefined {
    const field = baseOf(address);
    return field === undefined ? undefined : memoOf(this.#shared, { register: this.#op[field], isStore });
  }

  protected override tlb(isStore: boolean): void {
    const { load, store } = this.#shared.tlbs;
    const local = isStore ? store : load;
    // A local would take a register from loops in which all pages are kept.
    if (local !== undefined) this.code.get(local);
    else writeTlb(this.code, isStore);
  }

  protected override wrote(code: number, address: number, size: number): void {
    const { runtime } = this.#shared;
    this.code.get(code).get(address).op("i32.wrap_i64").i32(size).call(runtime.wrote);
    if (this.#isEnded !== undefined) {
      this.code.set(this.#isEnded);
      return;
    }
    this.code.ifUnlikely();
    this.#leaveBehind();
  }

  #leaveBehind(): void {
    leaveTo(this.#shared, WAY.op, this.#place + 1, this.#counted - 1);
    this.code.end();
  }
}
