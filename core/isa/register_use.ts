/**
 * Which registers a meaning reads and writes, by the fields that name them.
 *
 * @module
 */
import type { Expr, FlagField, FloatField, RegisterField, Stmt } from "./meaning.ts";

/** What a meaning does with the registers that its instruction names. */
export interface RegisterUse {
  readonly reads: ReadonlySet<RegisterField>;
  readonly writes: ReadonlySet<RegisterField>;
  /** It writes r1, which no field names. */
  readonly links: boolean;
  readonly floatReads: ReadonlySet<FloatField>;
  readonly floatWrites: ReadonlySet<FloatField>;
  readonly flagReads: ReadonlySet<FlagField>;
  readonly flagWrites: ReadonlySet<FlagField>;
  /** It reads FCSR0 and writes its Cause and Flags. */
  readonly computes: boolean;
  /** It computes with general registers and constants, or raises an exception, and does nothing else. */
  readonly isPure: boolean;
}

const PURE: ReadonlySet<(Stmt | Expr)["kind"]> = new Set([
  ...[
    "const",
    "register",
    "registerNumber",
    "operand",
    "bound",
    "unary",
    "binary",
    "extend",
    "select",
  ] as const,
  ...["set", "bind", "raise", "seq"] as const,
]);

// A memo of a pure function of an immutable value; nothing can observe it.
const KNOWN = new WeakMap<Stmt, RegisterUse>();

/** The registers that a meaning uses, computed once. */
export function registerUse(meaning: Stmt): RegisterUse {
  let use = KNOWN.get(meaning);
  if (use === undefined) KNOWN.set(meaning, use = compute(meaning));
  return use;
}

function isFlag(field: FloatField | FlagField): field is FlagField {
  return field === "cd" || field === "cj" || field === "ca";
}

function compute(meaning: Stmt): RegisterUse {
  const reads = new Set<RegisterField>();
  const writes = new Set<RegisterField>();
  const floatReads = new Set<FloatField>();
  const floatWrites = new Set<FloatField>();
  const flagReads = new Set<FlagField>();
  const flagWrites = new Set<FlagField>();
  let [links, computes, isPure] = [false, false, true];
  const visit = (node: Stmt | Expr) => {
    if (!PURE.has(node.kind)) isPure = false;
    if (node.kind === "register") reads.add(node.field);
    if (node.kind === "float") floatReads.add(node.field);
    if (node.kind === "flag") flagReads.add(node.field);
    if (node.kind === "set") writes.add(node.field);
    if (node.kind === "setFloat") floatWrites.add(node.field);
    if (node.kind === "setFlag") flagWrites.add(node.field);
    if (node.kind === "link") links = true;
    if (node.kind === "compute") {
      computes = true;
      node.operands.forEach((field) => floatReads.add(field));
      if (isFlag(node.target)) flagWrites.add(node.target);
      else floatWrites.add(node.target);
    }
    if (node.kind === "call") {
      node.reads?.forEach((field) => reads.add(field));
      node.writes?.forEach((field) => writes.add(field));
    }
    for (const part of Object.values(node).flat()) {
      if (typeof part === "object" && part !== null && "kind" in part) visit(part as Stmt | Expr);
    }
  };
  visit(meaning);
  return { reads, writes, links, floatReads, floatWrites, flagReads, flagWrites, computes, isPure };
}
