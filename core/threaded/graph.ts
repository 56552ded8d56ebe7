/**
 * Basic blocks of hot code, and what structured control flow has to know of them.
 *
 * @module
 */
import { type Decoded, operandValue } from "../isa/decode.ts";
import type { Expr, Stmt } from "../isa/meaning.ts";
import { registerUse } from "../isa/register_use.ts";
import type { Instruction } from "../isa/table.ts";
import { PAGE_OPS } from "./layout.ts";

/** Instructions that are executed one after the other. Places are indices of words in the page. */
export interface Block {
  readonly first: number;
  readonly instructions: readonly Decoded[];
  /** Where a branch at the end leads if it is taken, if that is in the page. */
  readonly target: number | undefined;
  /** Where execution continues otherwise; undefined behind a jump that is always taken. */
  readonly next: number | undefined;
  /** It ends with a jump to wherever a register says. */
  readonly isIndirect: boolean;
}

/** The blocks of a region in reverse postorder. The first is the dispatcher: it is empty and leads to the entries. */
export interface Graph {
  readonly blocks: readonly Block[];
  /** Position in `blocks` by the first instruction. */
  readonly position: ReadonlyMap<number, number>;
  /** For each block, the positions that it leads to. */
  readonly successors: readonly (readonly number[])[];
  /** For each block, the position of its immediate dominator; the dispatcher is its own. */
  readonly dominator: readonly number[];
  /** Where the region may be entered from outside: where it begins, behind calls and behind what it leaves to the engine. */
  readonly entries: readonly number[];
  /** Where the dispatcher leads to: the entries, and what is reached by an edge that is not structured. */
  readonly dispatched: readonly number[];
}

/** The dispatcher's position. */
export const DISPATCHER = 0;
const MOST_INSTRUCTIONS = 256;

/** How an instruction transfers control. */
interface Leaving {
  readonly conditional: boolean;
  /** Index of the distance among the immediates, of a relative branch. */
  readonly distance: number | undefined;
}

// A memo of a pure function of an immutable value; nothing can observe it.
const LEAVING = new WeakMap<Instruction, Leaving | "nowhere">();

function leavingOf(instruction: Instruction): Leaving | undefined {
  let leaving = LEAVING.get(instruction);
  if (leaving === undefined) LEAVING.set(instruction, leaving = findLeaving(instruction) ?? "nowhere");
  return leaving === "nowhere" ? undefined : leaving;
}

function findLeaving({ meaning, immediates }: Instruction): Leaving | undefined {
  const s = transferIn(meaning);
  if (s === undefined) return undefined;
  const name = relativeOperand(s.target);
  const index = immediates.findIndex((o) => o.name === name);
  return { conditional: s.kind === "branch", distance: index < 0 ? undefined : index };
}

function transferIn(s: Stmt): (Stmt & { kind: "jump" | "branch" }) | undefined {
  if (s.kind === "jump" || s.kind === "branch") return s;
  return s.kind === "seq" ? s.body.map(transferIn).find((t) => t !== undefined) : undefined;
}

function relativeOperand(target: Expr): string | undefined {
  return target.kind === "binary" && target.op === "add" && target.a.kind === "pc" &&
      target.b.kind === "operand"
    ? target.b.name
    : undefined;
}

/** Gives the instruction at an index of the page, undefined if a region cannot contain it. */
export type InstructionAt = (index: number) => Decoded | undefined;

type Ends = Omit<Block, "first" | "instructions">;

/** Where an instruction may lead, within the page. */
function endsOf(op: Decoded, index: number): Ends {
  const leaving = leavingOf(op.instruction);
  const next = index + 1 < PAGE_OPS ? index + 1 : undefined;
  if (leaving === undefined) return { target: undefined, next, isIndirect: false };
  const operand = leaving.distance === undefined ? undefined : op.instruction.immediates[leaving.distance];
  const target = operand === undefined ? -1 : index + Number(operandValue(operand, op.word)) / 4;
  return {
    target: target >= 0 && target < PAGE_OPS ? target : undefined,
    next: leaving.conditional ? next : undefined,
    isIndirect: operand === undefined,
  };
}

/** True for a jump that keeps where to come back to. */
function isCall({ instruction, rd }: Decoded): boolean {
  const { links, writes } = registerUse(instruction.meaning);
  return leavingOf(instruction)?.conditional === false && (links || (writes.has("rd") && rd !== 0));
}

/** Collects the code that can be reached from an instruction without leaving its page. */
class Search {
  readonly found = new Map<number, Decoded>();
  readonly leaders: Set<number>;
  readonly entries: Set<number>;
  readonly #at: InstructionAt;
  readonly #open: number[];

  constructor(entry: number, at: InstructionAt) {
    this.#at = at;
    this.leaders = new Set([entry]);
    this.entries = new Set([entry]);
    this.#open = [entry];
  }

  run(): void {
    for (let from = this.#open.pop(); from !== undefined; from = this.#open.pop()) {
      let index: number | undefined = from;
      while (index !== undefined && !this.found.has(index) && this.found.size < MOST_INSTRUCTIONS) {
        index = this.#visit(index);
      }
    }
  }

  /** The instruction behind, if it is reached. */
  #visit(index: number): number | undefined {
    const behind = index + 1 < PAGE_OPS ? index + 1 : undefined;
    const op = this.#at(index);
    if (op === undefined) {
      // The engine executes this one and comes back behind it. Several of them are none to begin a region between.
      const isReached = this.found.has(index - 1) || this.found.size === 0;
      if (behind !== undefined && isReached) this.#leadIn(behind);
      return undefined;
    }
    this.found.set(index, op);
    const { target, next } = endsOf(op, index);
    if (target !== undefined) this.#leadTo(target);
    if (leavingOf(op.instruction) === undefined) return next;
    if (isCall(op)) {
      if (target !== undefined) this.entries.add(target);
      if (behind !== undefined) this.#leadIn(behind);
    }
    if (next !== undefined) this.leaders.add(next);
    return next;
  }

  #leadTo(index: number): void {
    this.leaders.add(index);
    this.#open.push(index);
  }

  /** True if something found jumps to where a register says. */
  get isIndirect(): boolean {
    return [...this.found].some(([index, op]) => endsOf(op, index).isIndirect);
  }

  /** Adds what is reached from another place of the page. */
  enterAt(index: number): void {
    this.#leadIn(index);
    this.run();
  }

  #leadIn(index: number): void {
    this.entries.add(index);
    this.#leadTo(index);
  }
}

/**
 * The region that begins with an instruction.
 *
 * @param known places that are jumped to: a jump to where a register says may lead to them
 */
export function findRegion(
  entry: number,
  at: InstructionAt,
  known: () => readonly number[] = () => [],
): Graph | undefined {
  const search = new Search(entry, at);
  search.run();
  if (search.isIndirect) known().forEach((index) => search.enterAt(index));
  const { found, leaders } = search;
  if (found.size === 0) return undefined;
  const blocks = makeBlocks(found, leaders);
  const entries = [...search.entries].filter((first) => blocks.has(first));
  // An edge into a loop from aside goes through the dispatcher, which may make other loops such as can be entered from aside.
  let dispatched: readonly number[] = entries;
  for (;;) {
    const graph = order(blocks, entries, dispatched);
    const all = new Set([...dispatched, ...asideIn(graph)]);
    if (all.size === dispatched.length) return graph;
    dispatched = [...all];
  }
}

/** The targets of edges that structured control flow cannot express. */
function asideIn(graph: Graph): readonly number[] {
  return graph.successors.flatMap((all, from) =>
    all.filter((to) => to <= from && !dominates(graph, to, from)).map((to) => graph.blocks[to]?.first ?? 0)
  );
}

function makeBlocks(
  found: ReadonlyMap<number, Decoded>,
  leaders: ReadonlySet<number>,
): ReadonlyMap<number, Block> {
  const blocks = new Map<number, Block>();
  for (const first of leaders) {
    const instructions: Decoded[] = [];
    let index: number | undefined = first;
    let ends: Ends = { target: undefined, next: first, isIndirect: false };
    for (let op = found.get(first); op !== undefined && index !== undefined;) {
      instructions.push(op);
      ends = endsOf(op, index);
      if (leavingOf(op.instruction) !== undefined) break;
      index = ends.next;
      op = index === undefined || leaders.has(index) ? undefined : found.get(index);
    }
    if (instructions.length > 0) blocks.set(first, { first, instructions, ...ends });
  }
  return blocks;
}

const NO_BLOCK: Block = {
  first: -1,
  instructions: [],
  target: undefined,
  next: undefined,
  isIndirect: false,
};

function order(
  blocks: ReadonlyMap<number, Block>,
  entries: readonly number[],
  dispatched: readonly number[],
): Graph {
  const visited = new Set<number>();
  const postorder: Block[] = [];
  const visit = (first: number | undefined) => {
    const block = first === undefined ? undefined : blocks.get(first);
    if (block === undefined || visited.has(block.first)) return;
    visited.add(block.first);
    visit(block.target);
    visit(block.next);
    postorder.push(block);
  };
  dispatched.forEach(visit);
  const ordered = [NO_BLOCK, ...postorder.reverse()];
  const position = new Map(ordered.map((block, i) => [block.first, i]));
  const isDispatcher = entries.length > 1;
  const successors = ordered.map((block, i) =>
    i === DISPATCHER
      ? positionsOf(dispatched, position)
      : positionsOf([block.target, block.next], position, block.isIndirect && isDispatcher)
  );
  return { blocks: ordered, position, successors, dominator: dominators(successors), entries, dispatched };
}

function positionsOf(
  firsts: readonly (number | undefined)[],
  position: ReadonlyMap<number, number>,
  isDispatching = false,
): readonly number[] {
  const all = firsts.map((first) => first === undefined ? undefined : position.get(first));
  return [...new Set([...all, isDispatching ? DISPATCHER : undefined].filter((p) => p !== undefined))];
}

/** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
function dominators(successors: readonly (readonly number[])[]): readonly number[] {
  const predecessors: number[][] = successors.map(() => []);
  successors.forEach((all, from) => all.forEach((to) => predecessors[to]?.push(from)));
  const dominator: number[] = successors.map(() => -1);
  dominator[0] = 0;
  const meet = (a: number, b: number) => {
    while (a !== b) {
      while (a > b) a = dominator[a] ?? 0;
      while (b > a) b = dominator[b] ?? 0;
    }
    return a;
  };
  for (let changed = true; changed;) {
    changed = false;
    for (let i = 1; i < successors.length; i++) {
      const known = (predecessors[i] ?? []).filter((p) => dominator[p] !== -1);
      const made = known.reduce(meet);
      if (dominator[i] !== made) [dominator[i], changed] = [made, true];
    }
  }
  return dominator;
}

/** True if every way to block `b` goes through block `a`. */
export function dominates({ dominator }: Graph, a: number, b: number): boolean {
  let at = b;
  while (at > a) at = dominator[at] ?? 0;
  return at === a;
}
