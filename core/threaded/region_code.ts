/**
 * A region as one function: its registers are locals, its loops are loops. It has one entry; every way out puts the registers back.
 *
 * Control flow is made structured along the dominator tree (Ramsey, "Beyond Relooper", 2022); an edge that this cannot express, into a loop
 * from aside, leaves the region.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { RegisterField } from "../isa/meaning.ts";
import { registerUse } from "../isa/register_use.ts";
import { Code } from "../wasm/code.ts";
import { type Block, dominates, type Graph, leadsTo } from "./graph.ts";
import { CONTROL, EXIT, GPR, OP } from "./layout.ts";
import { MeaningCode, type Transfer } from "./meaning_code.ts";
import type { Runtime } from "./op_code.ts";
import { InstructionFloats, RegionFloats } from "./region_floats.ts";

/** Where a region stands. */
export interface RegionPlace {
  /** The operations of its page. */
  readonly page: number;
  /** The function that its first operation had. */
  readonly original: number;
}

const [OP_PARAMETER, LEFT_PARAMETER] = [0, 1];
/** The register that `bl` writes. */
const LINK = 1;

/** What a way out leads to. */
const WAY = { op: 0, enter: 1, slow: 2, load: 3, store: 4 } as const;

/** The numbers of locals that hold what a way out needs. */
interface WayOut {
  readonly way: number;
  readonly op: number;
  /** An address: the target, or the one that missed. */
  readonly address: number;
  /** Depth of the block behind which the ways out are. */
  readonly depth: number;
}

/** What all instructions of a region share. */
interface Shared {
  readonly code: Code;
  readonly runtime: Runtime;
  readonly place: RegionPlace;
  readonly registers: ReadonlyMap<number, number>;
  readonly floats: RegionFloats;
  readonly pcDelta: number;
  readonly loadTlb: number;
  readonly storeTlb: number;
  readonly out: WayOut;
}

/** Leaves the region towards an operation. */
function leaveTo({ code, place, out }: Shared, way: number, index: number, left: number): void {
  code.i32(way).set(out.way).i32(place.page + index * OP.bytes).set(out.op);
  if (left !== 0) code.get(LEFT_PARAMETER).i32(left).op("i32.add").set(LEFT_PARAMETER);
  code.br(out.depth);
}

/** An instruction in a region. */
class InstructionCode extends MeaningCode {
  readonly #shared: Shared;
  readonly #op: Decoded;
  readonly #index: number;
  /** Instructions of the block from this one on, which were counted as executed when the block began. */
  readonly #counted: number;

  constructor(shared: Shared, op: Decoded, index: number, counted: number) {
    super(shared.code, shared.runtime.helpers, new InstructionFloats(shared.code, shared.floats, op));
    this.#shared = shared;
    this.#op = op;
    this.#index = index;
    this.#counted = counted;
  }

  write(): Transfer | undefined {
    return this.translateInstruction(this.#op.instruction);
  }

  /** Leaves the address that a relative branch leads to on the stack. */
  writeTarget(distance: string): void {
    this.pc();
    this.operand(distance);
    this.code.op("i64.add");
  }

  #local(register: number): number {
    const local = this.#shared.registers.get(register);
    if (local === undefined) throw new RangeError(`Cannot translate a region: r${register} has no local`);
    return local;
  }

  protected override register(field: RegisterField): void {
    const number = this.#op[field];
    if (number === 0) this.code.i64(0n);
    else this.code.get(this.#local(number));
  }

  protected override registerNumber(field: RegisterField): void {
    this.code.i64(BigInt(this.#op[field]));
  }

  protected override setRegister(field: RegisterField, value: () => void): void {
    const number = this.#op[field];
    value();
    if (number === 0) this.code.op("drop");
    else this.code.set(this.#local(number));
  }

  protected override setLink(value: () => void): void {
    value();
    this.code.set(this.#local(LINK));
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
    const { pcDelta, place } = this.#shared;
    this.code.get(pcDelta).i64(BigInt((place.page + this.#index * OP.bytes) / 8)).op("i64.add");
  }

  protected override leave(): void {
    leaveTo(this.#shared, WAY.slow, this.#index, this.#counted);
  }

  protected override missed(isStore: boolean, address: number): void {
    this.code.get(address).set(this.#shared.out.address);
    leaveTo(this.#shared, isStore ? WAY.store : WAY.load, this.#index, this.#counted);
  }

  protected override tlb(isStore: boolean): void {
    this.code.get(isStore ? this.#shared.storeTlb : this.#shared.loadTlb);
  }

  protected override wrote(code: number, address: number, size: number): void {
    const { runtime } = this.#shared;
    this.code.get(code).get(address).op("i32.wrap_i64").i32(size).call(runtime.wrote).if();
    leaveTo(this.#shared, WAY.op, this.#index + 1, this.#counted - 1);
    this.code.end();
  }
}

/** The numbers of registers that an instruction reads or writes, and of those that it writes. */
function registersOf(op: Decoded): { readonly used: readonly number[]; readonly written: readonly number[] } {
  const { reads, writes, links } = registerUse(op.instruction.meaning);
  const written = [...[...writes].map((field) => op[field]), ...(links ? [LINK] : [])];
  return { used: [...[...reads].map((field) => op[field]), ...written], written };
}

class RegionWriter {
  readonly #graph: Graph;
  readonly #shared: Shared;
  /** Depth of the loop of a header, by position. */
  readonly #loops = new Map<number, number>();
  /** Depth of the block behind which a block with several ways to it stands, by position. */
  readonly #merges = new Map<number, number>();
  readonly #headers: ReadonlySet<number>;
  readonly #joined: ReadonlySet<number>;
  /** Registers that the region may have changed when it is left. */
  readonly #written: ReadonlySet<number>;

  constructor(graph: Graph, runtime: Runtime, place: RegionPlace) {
    const code = new Code(2);
    const uses = graph.blocks.flatMap((b) => b.instructions.map(registersOf));
    const used = new Set(uses.flatMap((u) => u.used));
    used.delete(0);
    this.#written = new Set(uses.flatMap((u) => u.written));
    this.#graph = graph;
    this.#shared = {
      code,
      runtime,
      place,
      registers: new Map([...used].sort((a, b) => a - b).map((r) => [r, code.local("i64")])),
      floats: new RegionFloats(code, graph.blocks.flatMap((b) => b.instructions)),
      pcDelta: code.local("i64"),
      loadTlb: code.local("i32"),
      storeTlb: code.local("i32"),
      out: { way: code.local("i32"), op: code.local("i32"), address: code.local("i64"), depth: 1 },
    };
    const edges = graph.blocks.flatMap((b, from) => leadsTo(b, graph.position).map((to) => ({ from, to })));
    const back = edges.filter(({ from, to }) => to <= from && dominates(graph, to, from));
    const forward = edges.filter(({ from, to }) => to > from).map(({ to }) => to);
    this.#headers = new Set(back.map(({ to }) => to));
    this.#joined = new Set(forward.filter((to, i) => forward.indexOf(to) !== i));
  }

  write(): Code {
    const { code, runtime, place, registers, floats, pcDelta, loadTlb, storeTlb } = this.#shared;
    const [entry] = this.#graph.blocks;
    const original = () =>
      code.get(OP_PARAMETER).get(LEFT_PARAMETER).i32(place.original).returnCallIndirect(runtime.opType);
    code.get(LEFT_PARAMETER).i32(entry?.instructions.length ?? 0).op("i32.lt_s").if();
    // Too little is left for the first block: an instruction at a time.
    original().end();
    floats.load(original);
    for (const [register, local] of registers) code.i32(0).access("i64.load", GPR + 8 * register).set(local);
    code.i32(0).access("i64.load", CONTROL.pcDelta).set(pcDelta);
    code.i32(0).access("i32.load", CONTROL.loadTlb).set(loadTlb);
    code.i32(0).access("i32.load", CONTROL.storeTlb).set(storeTlb);
    code.recycle();
    code.block();
    this.#tree(0);
    code.op("unreachable").end();
    this.#waysOut();
    return code;
  }

  #waysOut(): void {
    const { code, runtime, registers, out } = this.#shared;
    for (const [register, local] of registers) {
      if (this.#written.has(register)) code.i32(0).get(local).access("i64.store", GPR + 8 * register);
    }
    this.#shared.floats.store();
    code.get(out.way).op("i32.eqz").if();
    code.get(LEFT_PARAMETER).op("i32.eqz").if();
    code.i32(0).get(out.op).access("i32.store", CONTROL.op).i32(EXIT.budget).op("return").end();
    code.get(out.op).get(LEFT_PARAMETER).get(out.op).access("i32.load", OP.f).returnCallIndirect(
      runtime.opType,
    );
    code.end();
    code.get(out.way).i32(WAY.enter).op("i32.eq").if();
    code.get(LEFT_PARAMETER).get(out.address).returnCall(runtime.enter).end();
    code.get(out.way).i32(WAY.slow).op("i32.eq").if();
    code.get(out.op).get(LEFT_PARAMETER).returnCall(runtime.slow).end();
    code.get(out.op).get(LEFT_PARAMETER).get(out.address);
    code.get(out.way).i32(WAY.load).op("i32.eq").if();
    code.get(out.op).get(LEFT_PARAMETER).get(out.address).returnCall(runtime.missedLoad).end();
    code.returnCall(runtime.missedStore);
  }

  /** Writes a block and all that it dominates. */
  #tree(position: number): void {
    const { code } = this.#shared;
    const isHeader = this.#headers.has(position);
    if (isHeader) this.#loops.set(position, code.loop().depth);
    const merges = this.#graph.dominator
      .map((d, i) => ({ d, i }))
      .filter(({ d, i }) => i !== 0 && d === position && this.#joined.has(i))
      .map(({ i }) => i);
    this.#within(position, merges);
    if (isHeader) code.end();
  }

  /** Writes a block inside the blocks behind which its merges stand, the last of them outermost. */
  #within(position: number, merges: readonly number[]): void {
    const last = merges.at(-1);
    if (last === undefined) return this.#block(position);
    const { code } = this.#shared;
    this.#merges.set(last, code.block().depth);
    this.#within(position, merges.slice(0, -1));
    code.end();
    this.#tree(last);
  }

  #block(position: number): void {
    const { code } = this.#shared;
    const block = this.#graph.blocks[position];
    if (block === undefined) throw new RangeError(`Cannot translate a region: it has no block ${position}`);
    const count = block.instructions.length;
    code.get(LEFT_PARAMETER).i32(count).op("i32.lt_s").if();
    leaveTo(this.#shared, WAY.op, block.first, 0);
    code.end().get(LEFT_PARAMETER).i32(count).op("i32.sub").set(LEFT_PARAMETER);
    let last: { readonly written: InstructionCode; readonly transfer: Transfer | undefined } | undefined;
    block.instructions.forEach((op, i) => {
      code.recycle();
      const written = new InstructionCode(this.#shared, op, block.first + i, count - i);
      last = { written, transfer: written.write() };
    });
    if (last?.transfer === undefined) return this.#follow(position, block.next ?? block.first + count);
    this.#transfer(position, block, last.written, last.transfer);
  }

  #transfer(position: number, block: Block, written: InstructionCode, transfer: Transfer): void {
    const { code } = this.#shared;
    if (transfer.condition === undefined) return this.#jump(position, block, written, transfer);
    code.get(transfer.condition).if();
    this.#jump(position, block, written, transfer);
    code.else();
    this.#follow(position, block.next ?? block.first + block.instructions.length);
    code.end();
  }

  #jump(
    position: number,
    { target: first }: Block,
    written: InstructionCode,
    { relative, target }: Transfer,
  ): void {
    const { code, out } = this.#shared;
    if (first !== undefined) return this.#follow(position, first);
    if (relative !== undefined) written.writeTarget(relative);
    else if (target !== undefined) code.get(target);
    code.set(out.address).i32(WAY.enter).set(out.way).br(out.depth);
  }

  /** Continues at a place of the page, in the region or not. */
  #follow(from: number, first: number): void {
    const to = this.#graph.position.get(first);
    const loop = to === undefined ? undefined : this.#loops.get(to);
    if (to === undefined || (to <= from && !dominates(this.#graph, to, from))) {
      return leaveTo(this.#shared, WAY.op, first, 0);
    }
    if (to <= from && loop !== undefined) this.#shared.code.br(loop);
    else if (this.#joined.has(to)) this.#shared.code.br(this.#merges.get(to) ?? 0);
    else this.#tree(to);
  }
}

/** The function of a region. */
export function compileRegion(graph: Graph, runtime: Runtime, place: RegionPlace): Code {
  return new RegionWriter(graph, runtime, place).write();
}
