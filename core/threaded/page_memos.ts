/**
 * Through which registers a region accesses memory in such a way that it pays to keep the page met last.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { Expr, RegisterField, Stmt } from "../isa/meaning.ts";
import type { Graph } from "./graph.ts";
import { loopDepths } from "./loop_depth.ts";
import { baseOf } from "./memory_code.ts";

/** Accesses of one kind through one register. */
export interface Base {
  readonly register: number;
  readonly isStore: boolean;
}

/** Every kept page takes two locals, and a processor has few registers. */
const MOST_MEMOS = 6;
/** How much more often an instruction is taken to be executed for every loop that it is in, log2. */
const LOOP_WEIGHT = 3;

/** The accesses of a meaning, and the registers that it gives values from memory. */
interface MemoryUse {
  readonly accesses: readonly { readonly base: RegisterField; readonly isStore: boolean }[];
  readonly loaded: ReadonlySet<RegisterField>;
}

// A memo of a pure function of an immutable value; nothing can observe it.
const KNOWN = new WeakMap<Stmt, MemoryUse>();

function memoryUse(meaning: Stmt): MemoryUse {
  let use = KNOWN.get(meaning);
  if (use === undefined) KNOWN.set(meaning, use = compute(meaning));
  return use;
}

function compute(meaning: Stmt): MemoryUse {
  const accesses: { readonly base: RegisterField; readonly isStore: boolean }[] = [];
  const loaded = new Set<RegisterField>();
  const visit = (node: Stmt | Expr) => {
    const before = accesses.length;
    if (node.kind === "load" || node.kind === "store") {
      const base = baseOf(node.address);
      const isStore = node.kind === "store" || node.access.forStore === true;
      if (base !== undefined) accesses.push({ base, isStore });
    }
    for (const part of Object.values(node).flat()) {
      if (typeof part === "object" && part !== null && "kind" in part) visit(part as Stmt | Expr);
    }
    if (node.kind === "set" && accesses.length > before) loaded.add(node.field);
  };
  visit(meaning);
  return { accesses, loaded };
}

/** Sums of how often things are taken to happen, by what they happen to. */
class Weights {
  readonly all = new Map<number, number>();

  add(to: number, weight: number): void {
    this.all.set(to, (this.all.get(to) ?? 0) + weight);
  }

  of(what: number): number {
    return this.all.get(what) ?? 0;
  }
}

const keyOf = (register: number, isStore: boolean) => 2 * register + Number(isStore);

function weigh(op: Decoded, weight: number, accessed: Weights, loaded: Weights): void {
  const use = memoryUse(op.instruction.meaning);
  for (const field of use.loaded) loaded.add(op[field], weight);
  for (const { register, isStore } of basesIn(op)) accessed.add(keyOf(register, isStore), weight);
}

/** What an instruction accesses through registers. */
export function basesIn(op: Decoded): readonly Base[] {
  return memoryUse(op.instruction.meaning).accesses.map(({ base, isStore }) => ({
    register: op[base],
    isStore,
  }));
}

/** The accesses whose pages to keep, and whether there are others. */
export interface Bases {
  readonly kept: readonly Base[];
  readonly others: { readonly load: boolean; readonly store: boolean };
}

/** Chooses the accesses whose pages to keep. A register that was loaded from memory mostly leads to another page each time. */
export function basesOf(graph: Graph): Bases {
  const [accessed, loaded] = [new Weights(), new Weights()];
  const depths = loopDepths(graph);
  graph.blocks.forEach(({ instructions }, i) => {
    const weight = 1 << (LOOP_WEIGHT * Math.min(4, depths[i] ?? 0));
    for (const op of instructions) weigh(op, weight, accessed, loaded);
  });
  const kept = [...accessed.all]
    .filter(([key, weight]) => weight > 2 * loaded.of(key >> 1))
    .sort(([, a], [, b]) => b - a)
    .slice(0, MOST_MEMOS)
    .map(([key]) => key);
  const others = [...accessed.all.keys()].filter((key) => !kept.includes(key));
  return {
    kept: kept.map((key) => ({ register: key >> 1, isStore: (key & 1) === 1 })),
    others: { load: others.some((key) => (key & 1) === 0), store: others.some((key) => (key & 1) === 1) },
  };
}
