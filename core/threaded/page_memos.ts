/**
 * Through which registers a region accesses memory in such a way that it pays to keep the page met last.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { Expr, RegisterField, Stmt } from "../isa/meaning.ts";
import { baseOf } from "./memory_code.ts";

/** What is done through a register. */
export interface BaseUse {
  readonly loads: boolean;
  readonly stores: boolean;
  readonly count: number;
}

/** Every kept page takes two locals, and a processor has few registers. */
const MOST_MEMOS = 4;

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
    if (node.kind === "load" || node.kind === "store") {
      const base = baseOf(node.address);
      const isStore = node.kind === "store" || node.access.forStore === true;
      if (base !== undefined) accesses.push({ base, isStore });
    }
    const before = accesses.length;
    for (const part of Object.values(node).flat()) {
      if (typeof part === "object" && part !== null && "kind" in part) visit(part as Stmt | Expr);
    }
    if (node.kind === "set" && accesses.length > before) loaded.add(node.field);
  };
  visit(meaning);
  return { accesses, loaded };
}

/** The registers whose pages to keep. One that was loaded from memory mostly leads to another page each time. */
export function basesOf(instructions: readonly Decoded[]): ReadonlyMap<number, BaseUse> {
  const bases = new Map<number, BaseUse>();
  const loaded = new Set<number>();
  for (const op of instructions) {
    const use = memoryUse(op.instruction.meaning);
    for (const field of use.loaded) loaded.add(op[field]);
    for (const { base, isStore } of use.accesses) {
      const { loads, stores, count } = bases.get(op[base]) ?? { loads: false, stores: false, count: 0 };
      bases.set(op[base], { loads: loads || !isStore, stores: stores || isStore, count: count + 1 });
    }
  }
  const kept = [...bases].filter(([base]) => !loaded.has(base)).sort(([, a], [, b]) => b.count - a.count);
  return new Map(kept.slice(0, MOST_MEMOS));
}
