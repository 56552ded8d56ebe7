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
import { PLACES, RegionPages } from "./region_pages.ts";

/** Instructions of one page that are executed one after the other. Places are those of {@linkcode RegionPages}. */
export interface Block {
  readonly first: number;
  readonly instructions: readonly Decoded[];
  /** Where a branch at the end leads if it is taken, if that may be in the region. */
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
  /** Where the region may be entered from outside: where it begins, behind calls and behind what it leaves to the engine; all in its home. */
  readonly entries: readonly number[];
  /** Where the dispatcher leads to: the entries, and what is reached by an edge that is not structured. */
  readonly dispatched: readonly number[];
}

/** The dispatcher's position. */
export const DISPATCHER = 0;
/** The most instructions of a region in its home, and in all its pages. */
const MOST_INSTRUCTIONS = { home: 256, all: 512 };

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

/** Gives the instruction at a place, undefined if a region cannot contain it. */
export type InstructionAt = (place: number) => Decoded | undefined;

type Ends = Omit<Block, "first" | "instructions">;

/** Where an instruction may lead, within the pages of its region. */
function endsOf(op: Decoded, place: number, pages: RegionPages): Ends {
  const leaving = leavingOf(op.instruction);
  if (leaving === undefined) return { target: undefined, next: pages.reach(place, 1), isIndirect: false };
  const operand = leaving.distance === undefined ? undefined : op.instruction.immediates[leaving.distance];
  return {
    target: operand && pages.reach(place, Number(operandValue(operand, op.word)) / 4),
    next: leaving.conditional ? pages.reach(place, 1) : undefined,
    isIndirect: operand === undefined,
  };
}

/** True if two places are in different pages. */
function isFar(a: number, b: number): boolean {
  return RegionPages.numberOf(a) !== RegionPages.numberOf(b);
}

/** True for a jump that keeps where to come back to. */
function isCall({ instruction, rd }: Decoded): boolean {
  const { links, writes } = registerUse(instruction.meaning);
  return leavingOf(instruction)?.conditional === false && (links || (writes.has("rd") && rd !== 0));
}

/** An instruction with where it may lead. */
interface Found extends Ends {
  readonly op: Decoded;
}

/** Collects the code that can be reached from an instruction: all of its page, and then of pages around. */
class Search {
  readonly found = new Map<number, Found>();
  readonly leaders: Set<number>;
  readonly entries: Set<number>;
  readonly #at: InstructionAt;
  readonly #pages: RegionPages;
  readonly #open: number[];
  /** The same in other pages. */
  readonly #openFar: number[] = [];
  #most = MOST_INSTRUCTIONS.home;

  constructor(entry: number, pages: RegionPages, at: InstructionAt) {
    this.#at = at;
    this.#pages = pages;
    this.leaders = new Set([entry]);
    this.entries = new Set([entry]);
    this.#open = [entry];
  }

  run(): void {
    for (let from = this.#open.pop(); from !== undefined; from = this.#open.pop()) this.#runFrom(from);
  }

  /** Goes on in other pages. */
  runFar(): void {
    this.#most = MOST_INSTRUCTIONS.all;
    for (;;) {
      const from = this.#open.pop() ?? this.#openFar.pop();
      if (from === undefined) return;
      this.#runFrom(from);
    }
  }

  #runFrom(from: number): void {
    let place: number | undefined = from;
    while (place !== undefined && !this.found.has(place) && this.found.size < this.#most) {
      place = this.#visit(place);
    }
  }

  /** The instruction behind, if it is reached. */
  #visit(place: number): number | undefined {
    const behind = place % PLACES + 1 < PAGE_OPS ? place + 1 : undefined;
    const op = this.#at(place);
    if (op === undefined) {
      // The engine executes this one and comes back behind it. Several of them are none to begin a region between.
      const isReached = this.found.has(place - 1) || this.found.size === 0;
      if (behind !== undefined && isReached) this.#leadIn(behind);
      return undefined;
    }
    const ends = endsOf(op, place, this.#pages);
    this.found.set(place, { op, ...ends });
    const { target, next } = ends;
    if (target !== undefined) this.#leadTo(target);
    if (leavingOf(op.instruction) !== undefined) {
      if (isCall(op)) {
        if (target !== undefined) this.entries.add(target);
        if (behind !== undefined) this.#leadIn(behind);
      }
      if (next !== undefined) this.leaders.add(next);
    }
    if (next === undefined || !isFar(place, next)) return next;
    this.#leadTo(next);
    return undefined;
  }

  #leadTo(place: number): void {
    this.leaders.add(place);
    (place < PLACES ? this.#open : this.#openFar).push(place);
  }

  /** True if something found jumps to where a register says. */
  get isIndirect(): boolean {
    return [...this.found.values()].some(({ isIndirect }) => isIndirect);
  }

  /** Adds what is reached from another place of the home. */
  enterAt(place: number): void {
    this.#leadIn(place);
    this.run();
  }

  #leadIn(place: number): void {
    this.entries.add(place);
    this.#leadTo(place);
  }
}

/**
 * The region that begins with an instruction of its home.
 *
 * @param known places of the home that are jumped to, asked for if a jump to where a register says may lead to them
 */
export function findRegion(
  entry: number,
  pages: RegionPages,
  at: InstructionAt,
  known: () => readonly number[] = () => [],
): Graph | undefined {
  const search = new Search(entry, pages, at);
  search.run();
  if (search.isIndirect) known().forEach((place) => search.enterAt(place));
  search.runFar();
  const { found, leaders } = search;
  if (found.size === 0) return undefined;
  const blocks = makeBlocks(found, leaders);
  const inner = [...search.entries].filter((first) => blocks.has(first));
  const entries = inner.filter((first) => first < PLACES);
  // An edge into a loop from aside goes through the dispatcher, which may make other loops such as can be entered from aside.
  let dispatched: readonly number[] = inner;
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
  found: ReadonlyMap<number, Found>,
  leaders: ReadonlySet<number>,
): ReadonlyMap<number, Block> {
  const blocks = new Map<number, Block>();
  for (const first of leaders) {
    const instructions: Decoded[] = [];
    let last: Found | undefined;
    for (let place: number | undefined = first; place !== undefined;) {
      const next = found.get(place);
      if (next === undefined) break;
      instructions.push(next.op);
      last = next;
      if (leavingOf(next.op.instruction) !== undefined) break;
      place = next.next === undefined || leaders.has(next.next) ? undefined : next.next;
    }
    if (last === undefined) continue;
    // What there was no room for is not in the region: of another page it is not even known where it lies.
    const kept = (to: number | undefined) =>
      to !== undefined && isFar(first, to) && !found.has(to) ? undefined : to;
    const { target, next, isIndirect } = last;
    blocks.set(first, { first, instructions, target: kept(target), next: kept(next), isIndirect });
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
  const isDispatcher = dispatched.length > 1;
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
