/**
 * Basic blocks of hot code, and what structured control flow has to know of them.
 *
 * @module
 */
import { type Decoded, operandValue } from "../isa/decode.ts";
import type { Expr, Stmt } from "../isa/meaning.ts";
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
}

/** The blocks of a region in reverse postorder. */
export interface Graph {
  readonly blocks: readonly Block[];
  /** Position in `blocks` by the first instruction. */
  readonly position: ReadonlyMap<number, number>;
  /** For each block, the position of its immediate dominator; the entry is its own. */
  readonly dominator: readonly number[];
}

const MOST_INSTRUCTIONS = 256;

/** How an instruction transfers control. */
interface Leaving {
  readonly conditional: boolean;
  /** Index of the distance among the immediates, of a relative branch. */
  readonly distance: number | undefined;
}

function leavingOf({ meaning, immediates }: Instruction): Leaving | undefined {
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

/** Where an instruction may lead, within the page. */
function successors(op: Decoded, index: number): Pick<Block, "target" | "next"> {
  const leaving = leavingOf(op.instruction);
  const next = index + 1 < PAGE_OPS ? index + 1 : undefined;
  if (leaving === undefined) return { target: undefined, next };
  const operand = leaving.distance === undefined ? undefined : op.instruction.immediates[leaving.distance];
  const target = operand === undefined ? -1 : index + Number(operandValue(operand, op.word)) / 4;
  return {
    target: target >= 0 && target < PAGE_OPS ? target : undefined,
    next: leaving.conditional ? next : undefined,
  };
}

/** Collects the code that can be reached from an instruction without leaving its page. */
export function findRegion(entry: number, at: InstructionAt): Graph | undefined {
  const found = new Map<number, Decoded>();
  const leaders = new Set([entry]);
  const open = [entry];
  for (let from = open.pop(); from !== undefined; from = open.pop()) {
    let index: number | undefined = from;
    while (index !== undefined && !found.has(index) && found.size < MOST_INSTRUCTIONS) {
      const op = at(index);
      if (op === undefined) break;
      found.set(index, op);
      const { target, next } = successors(op, index);
      if (target !== undefined) {
        leaders.add(target);
        open.push(target);
      }
      if (leavingOf(op.instruction) !== undefined && next !== undefined) leaders.add(next);
      index = next;
    }
  }
  return found.size === 0 ? undefined : order(makeBlocks(found, leaders), entry);
}

function makeBlocks(
  found: ReadonlyMap<number, Decoded>,
  leaders: ReadonlySet<number>,
): ReadonlyMap<number, Block> {
  const blocks = new Map<number, Block>();
  for (const first of leaders) {
    const instructions: Decoded[] = [];
    let index: number | undefined = first;
    let ends: Pick<Block, "target" | "next"> = { target: undefined, next: first };
    for (let op = found.get(first); op !== undefined && index !== undefined;) {
      instructions.push(op);
      ends = successors(op, index);
      if (leavingOf(op.instruction) !== undefined) break;
      index = ends.next;
      op = index === undefined || leaders.has(index) ? undefined : found.get(index);
    }
    if (instructions.length > 0) blocks.set(first, { first, instructions, ...ends });
  }
  return blocks;
}

function order(blocks: ReadonlyMap<number, Block>, entry: number): Graph {
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
  visit(entry);
  const ordered = postorder.reverse();
  const position = new Map(ordered.map((block, i) => [block.first, i]));
  return { blocks: ordered, position, dominator: dominators(ordered, position) };
}

/** The positions of the blocks that a block leads to. */
export function leadsTo({ target, next }: Block, position: ReadonlyMap<number, number>): readonly number[] {
  const all = [target, next].map((first) => first === undefined ? undefined : position.get(first));
  return [...new Set(all.filter((p) => p !== undefined))];
}

/** Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm". */
function dominators(blocks: readonly Block[], position: ReadonlyMap<number, number>): readonly number[] {
  const predecessors: number[][] = blocks.map(() => []);
  blocks.forEach((block, from) => leadsTo(block, position).forEach((to) => predecessors[to]?.push(from)));
  const dominator: number[] = blocks.map(() => -1);
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
    for (let i = 1; i < blocks.length; i++) {
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
