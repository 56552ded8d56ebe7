/**
 * A region as one function: its registers are locals, its loops are loops. It is entered at one of several places; every way out puts the
 * registers back.
 *
 * Control flow is made structured along the dominator tree (Ramsey, "Beyond Relooper", 2022). A dispatcher leads to the entries; what
 * cannot be expressed (into a loop from aside, a jump to where a register says) goes through it too.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { Profile } from "../profile.ts";
import { Code } from "../wasm/code.ts";
import { type Block, DISPATCHER, dominates, type Graph } from "./graph.ts";
import { CONTROL, GPR, NO_TAG, OP, PAGE_OPS, REGION_MEMORIES } from "./layout.ts";
import type { Transfer } from "./meaning_code.ts";
import type { Runtime } from "./op_code.ts";
import { basesIn, basesOf } from "./page_memos.ts";
import {
  InstructionCode,
  leaveTo,
  LEFT_PARAMETER,
  memoOf,
  OP_PARAMETER,
  type Shared,
  showPage,
  WAY,
  writeTlb,
} from "./region_instruction.ts";
import { writeCrossing, writeWaysOut } from "./region_exits.ts";
import { RegionFloats } from "./region_floats.ts";
import { PLACES, RegionPages } from "./region_pages.ts";
import { type KindUse, registersOf } from "./region_registers.ts";

/** Where a region stands. */
export interface RegionPlace {
  readonly pages: RegionPages;
  /** The byte in state memory that says that it was entered. */
  readonly used: number;
  /** The number in the table of the function of an instruction. */
  readonly functionOf: (op: Decoded) => number;
  /** Of the machine that executes it. */
  readonly profile: Profile;
}

const STATE = REGION_MEMORIES.state;
const NO_LOCAL = -1;

/** Loops of one block are written several times up to this size. */
const UNROLLED_INSTRUCTIONS = 64;

/** The last instruction of a block, written. */
interface Last {
  readonly written: InstructionCode;
  readonly transfer: Transfer | undefined;
}

class RegionWriter {
  readonly #graph: Graph;
  readonly #place: RegionPlace;
  readonly #shared: Shared;
  /** The place that the dispatcher leads to. */
  readonly #at: number;
  /** Locals that are 1 once a page is known to lie where the region expects it, by its number; of the home that need not be asked. */
  readonly #reached: readonly number[];
  /** Depth of the loop of a header, by position. */
  readonly #loops = new Map<number, number>();
  /** Depth of the block behind which a block with several ways to it stands, by position. */
  readonly #merges = new Map<number, number>();
  readonly #headers: ReadonlySet<number>;
  /** The blocks that several ways lead to; and those for each block that dominates them at once. */
  readonly #joined: ReadonlySet<number>;
  readonly #joinedBelow: readonly (readonly number[])[];
  readonly #general: KindUse;

  constructor(graph: Graph, runtime: Runtime, place: RegionPlace) {
    const code = new Code(2);
    const { kept, others } = basesOf(graph);
    const use = registersOf(graph);
    this.#general = use.general;
    this.#graph = graph;
    this.#place = place;
    this.#shared = {
      code,
      runtime,
      pages: place.pages,
      profile: place.profile,
      registers: new Map(use.general.locals.map((r) => [r, code.local("i64")])),
      floats: new RegionFloats(code, graph, use),
      base: code.local("i64"),
      tlbs: {
        load: others.load ? code.local("i32") : undefined,
        store: others.store ? code.local("i32") : undefined,
      },
      memos: kept.map((base) => ({ ...base, tag: code.local("i64"), addend: code.local("i32") })),
      out: { way: code.local("i32"), op: code.local("i32"), address: code.local("i64"), depth: 1 },
    };
    this.#at = code.local("i32");
    this.#reached = place.pages.all.map(({ distance }) => distance === 0 ? NO_LOCAL : code.local("i32"));
    const edges = graph.successors.flatMap((all, from) => all.map((to) => ({ from, to })));
    const isForward = ({ from, to }: { from: number; to: number }) => to > from;
    const forward = edges.filter(isForward).map(({ to }) => to);
    const back = edges.filter((e) => !isForward(e)).map(({ from, to }) =>
      dominates(graph, to, from) ? to : DISPATCHER
    );
    this.#headers = new Set(back);
    this.#joined = new Set([
      ...graph.successors[DISPATCHER] ?? [],
      ...forward.filter((to, i) => forward.indexOf(to) !== i),
    ]);
    const below: number[][] = graph.blocks.map(() => []);
    graph.dominator.forEach((by, i) => {
      if (i !== DISPATCHER && this.#joined.has(i)) below[by]?.push(i);
    });
    this.#joinedBelow = below;
  }

  write(): Code {
    const { code, pages, registers, floats, base, tlbs, memos } = this.#shared;
    const home = pages.op(0);
    code.i32(0).i32(1).access("i32.store8", this.#place.used, STATE);
    for (const [register, local] of registers) {
      code.i32(0).access("i64.load", GPR + 8 * register, STATE).set(local);
    }
    floats.load();
    code.i32(0).access("i64.load", CONTROL.pcDelta, STATE).i64(BigInt(home / 8)).op("i64.add").set(base);
    for (const [isStore, local] of [[false, tlbs.load], [true, tlbs.store]] as const) {
      if (local === undefined) continue;
      writeTlb(code, isStore);
      code.set(local);
    }
    for (const { tag } of memos) code.i64(NO_TAG).set(tag);
    code.get(OP_PARAMETER).i32(home).op("i32.sub").i32(Math.log2(OP.bytes)).op("i32.shr_u").set(this.#at);
    code.recycle();
    code.block();
    this.#tree(DISPATCHER);
    code.op("unreachable").end();
    writeWaysOut(this.#shared, (register) => this.#general.isWritten(register));
    return code;
  }

  /** Writes a block and all that it dominates. */
  #tree(position: number): void {
    const { code } = this.#shared;
    const isHeader = this.#headers.has(position);
    if (isHeader) this.#loops.set(position, code.loop().depth);
    this.#within(position, this.#joinedBelow[position] ?? []);
    if (isHeader) code.end();
  }

  /** Writes a block inside the blocks behind which its merges stand, the last of them outermost. */
  #within(position: number, merges: readonly number[]): void {
    const last = merges.at(-1);
    if (last === undefined) return position === DISPATCHER ? this.#dispatcher() : this.#block(position);
    const { code } = this.#shared;
    this.#merges.set(last, code.block().depth);
    this.#within(position, merges.slice(0, -1));
    code.end();
    this.#tree(last);
  }

  /** Leads to one of the entries; anything else is outside. */
  #dispatcher(): void {
    const { code, pages } = this.#shared;
    const dispatched = pages.all.map((_, number) =>
      this.#graph.dispatched.filter((place) => RegionPages.numberOf(place) === number)
    );
    const last = dispatched.findLastIndex((places) => places.length > 0);
    for (let number = 0; number < last; number++) {
      code.get(this.#at).i32((number + 1) * PLACES).op("i32.lt_u").if();
      this.#dispatchIn(number, dispatched[number] ?? []);
      code.end();
    }
    this.#dispatchIn(last, dispatched[last] ?? []);
  }

  /** The same for the entries of one page. */
  #dispatchIn(number: number, places: readonly number[]): void {
    const { code, runtime, pages, out } = this.#shared;
    const home = number * PLACES;
    if (places.length > 0) {
      const first = Math.min(...places);
      const outside = code.block().depth;
      const depths = Array.from({ length: Math.max(...places) - first + 1 }, (_, i) => {
        const position = places.includes(first + i) ? this.#graph.position.get(first + i) : undefined;
        return position === undefined ? outside : this.#merges.get(position) ?? outside;
      });
      code.get(this.#at).i32(first).op("i32.sub").brTable(depths, outside).end();
    }
    showPage(this.#shared, home);
    code.i32(WAY.op).set(out.way);
    code.get(this.#at).i32(home).op("i32.sub").i32(Math.log2(OP.bytes)).op("i32.shl");
    code.i32(pages.op(home)).op("i32.add").tee(out.op).call(runtime.warm).br(out.depth);
  }

  #block(position: number): void {
    const { code, out } = this.#shared;
    const block = this.#graph.blocks[position];
    const [begin] = block?.instructions ?? [];
    if (block === undefined || begin === undefined) {
      throw new RangeError(`Cannot translate a region: it has no block ${position}`);
    }
    const copies = this.#copiesOf(block);
    const count = copies * block.instructions.length;
    code.get(LEFT_PARAMETER).i32(count).op("i32.lt_s").ifUnlikely();
    // Too little is left for the block: an instruction at a time.
    code.i64(BigInt(this.#place.functionOf(begin))).set(out.address);
    leaveTo(this.#shared, WAY.alone, block.first, 0);
    code.end().get(LEFT_PARAMETER).i32(count).op("i32.sub").set(LEFT_PARAMETER);
    if (copies > 1) return this.#unrolled(position, block, copies);
    const last = this.#instructions(block, count);
    if (last?.transfer === undefined) {
      return this.#follow(position, block.next ?? block.first + block.instructions.length);
    }
    this.#transfer(position, block, last.written, last.transfer);
  }

  /**
   * How often to write a block that leads to itself: what goes round a loop costs V8 more than what happens in it. Where pages are looked
   * up, it does worse with several copies.
   */
  #copiesOf({ first, target, next, instructions }: Block): number {
    const isLoop = first === target && next !== undefined;
    if (!isLoop || !instructions.flatMap(basesIn).every((base) => memoOf(this.#shared, base))) return 1;
    return Math.max(1, Math.floor(UNROLLED_INSTRUCTIONS / instructions.length));
  }

  /** Writes the instructions of a block, and gives the last one. `counted` of them and of those behind count as executed. */
  #instructions(block: Block, counted: number): Last | undefined {
    let last: Last | undefined;
    block.instructions.forEach((op, i) => {
      this.#shared.code.recycle();
      const written = new InstructionCode(this.#shared, op, block.first + i, counted - i);
      last = { written, transfer: written.write() };
    });
    return last;
  }

  /** Writes a block that branches to itself several times. */
  #unrolled(position: number, block: Block, copies: number): void {
    const { code } = this.#shared;
    const { length } = block.instructions;
    const behind = code.block().depth;
    for (let left = copies - 1; left >= 0; left--) {
      const condition = this.#instructions(block, (left + 1) * length)?.transfer?.condition;
      if (condition === undefined) {
        throw new RangeError("Cannot translate a loop: it does not end with a branch");
      }
      code.get(condition).op("i32.eqz").ifUnlikely();
      if (left > 0) code.get(LEFT_PARAMETER).i32(left * length).op("i32.add").set(LEFT_PARAMETER);
      code.br(behind).end();
    }
    this.#follow(position, block.first);
    code.end();
    this.#follow(position, block.next ?? block.first + length);
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
    code.set(out.address);
    if (relative === undefined) this.#dispatchTo(out.address);
    code.i32(WAY.enter).set(out.way).br(out.depth);
  }

  /** Continues at an address in a local if it is in a page of the region; not if it is no multiple of 4. */
  #dispatchTo(address: number): void {
    const loop = this.#loops.get(DISPATCHER);
    if (loop === undefined) return;
    const { code, base, pages } = this.#shared;
    const index = code.local("i64");
    code.get(address).get(base).op("i64.sub").i64(62n).op("i64.rotl").set(index);
    pages.all.forEach(({ distance }, number) => {
      if (!this.#graph.dispatched.some((place) => RegionPages.numberOf(place) === number)) return;
      const behind = BigInt(distance * PAGE_OPS);
      code.get(index).i64(behind).op("i64.sub").i64(BigInt(PAGE_OPS)).op("i64.lt_u");
      if (distance !== 0) code.get(this.#reached[number]!).op("i32.and");
      code.if();
      code.get(index).op("i32.wrap_i64").i32(number * PLACES - distance * PAGE_OPS).op("i32.add");
      code.set(this.#at).br(loop).end();
    });
  }

  /** Continues at a place, in the region or not. */
  #follow(from: number, first: number): void {
    const { code } = this.#shared;
    const to = this.#graph.position.get(first);
    if (to === undefined) return leaveTo(this.#shared, WAY.op, first, 0);
    const here = this.#graph.blocks[from]?.first ?? first;
    if (RegionPages.numberOf(here) !== RegionPages.numberOf(first)) {
      const reached = this.#reached[RegionPages.numberOf(first)] ?? NO_LOCAL;
      writeCrossing(this.#shared, first, reached);
    }
    if (to > from) {
      const merge = this.#merges.get(to);
      if (this.#joined.has(to) && merge !== undefined) code.br(merge);
      else this.#tree(to);
      return;
    }
    const loop = dominates(this.#graph, to, from) ? this.#loops.get(to) : undefined;
    if (loop === undefined) code.i32(first).set(this.#at);
    code.br(loop ?? this.#loops.get(DISPATCHER) ?? 0);
  }
}

/** The function of a region. */
export function compileRegion(graph: Graph, runtime: Runtime, place: RegionPlace): Code {
  return new RegionWriter(graph, runtime, place).write();
}
