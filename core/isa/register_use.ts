/**
 * Which general registers a meaning reads and writes, by the fields that name them.
 *
 * @module
 */
import type { Expr, RegisterField, Stmt } from "./meaning.ts";

/** What a meaning does with the registers that its instruction names. */
export interface RegisterUse {
  readonly reads: ReadonlySet<RegisterField>;
  readonly writes: ReadonlySet<RegisterField>;
  /** It writes r1, which no field names. */
  readonly links: boolean;
}

// A memo of a pure function of an immutable value; nothing can observe it.
const KNOWN = new WeakMap<Stmt, RegisterUse>();

/** The registers that a meaning uses, computed once. */
export function registerUse(meaning: Stmt): RegisterUse {
  let use = KNOWN.get(meaning);
  if (use === undefined) KNOWN.set(meaning, use = compute(meaning));
  return use;
}

function compute(meaning: Stmt): RegisterUse {
  const reads = new Set<RegisterField>();
  const writes = new Set<RegisterField>();
  let links = false;
  const visit = (node: Stmt | Expr) => {
    if (node.kind === "register") reads.add(node.field);
    if (node.kind === "set") writes.add(node.field);
    if (node.kind === "link") links = true;
    if (node.kind === "call") {
      node.reads?.forEach((field) => reads.add(field));
      node.writes?.forEach((field) => writes.add(field));
    }
    for (const part of Object.values(node).flat()) {
      if (typeof part === "object" && part !== null && "kind" in part) visit(part as Stmt | Expr);
    }
  };
  visit(meaning);
  return { reads, writes, links };
}
