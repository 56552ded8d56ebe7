/**
 * Loads and stores as WebAssembly: the software TLB says where in RAM an address is; what it does not know, the engine finds out.
 *
 * @module
 */
import type { Expr, MemoryType, Stmt } from "../isa/meaning.ts";
import type { Code, MemoryAccess } from "../wasm/code.ts";
import { type Memories, NO_TAG, TLB_ENTRIES, TLB_ENTRY } from "./layout.ts";

const PAGE_BITS = 12;
const PAGE_MASK = ~0xfffn;
const ENTRY_BITS = Math.log2(TLB_ENTRY.bytes);

const LOADS: Readonly<Record<MemoryType, MemoryAccess>> = {
  s8: "i64.load8_s",
  u8: "i64.load8_u",
  s16: "i64.load16_s",
  u16: "i64.load16_u",
  s32: "i64.load32_s",
  u32: "i64.load32_u",
  u64: "i64.load",
};
const STORES: Readonly<Record<MemoryType, readonly [MemoryAccess, size: number]>> = {
  s8: ["i64.store8", 1],
  u8: ["i64.store8", 1],
  s16: ["i64.store16", 2],
  u16: ["i64.store16", 2],
  s32: ["i64.store32", 4],
  u32: ["i64.store32", 4],
  u64: ["i64.store", 8],
};

/** Locals that keep the page met last through one register, for loads or for stores, so that the next access to it need not look it up. */
export interface PageMemo {
  /** i64: the virtual page, {@linkcode NO_TAG} if none. */
  readonly tag: number;
  /** i32: where the page is in RAM, less the page. */
  readonly addend: number;
}

/** One load or store. */
export interface Accessed {
  readonly type: MemoryType;
  /** An i64 local with the virtual address. */
  readonly at: number;
  /** Unaligned accesses are the engine's. */
  readonly isAligned: boolean;
  /** For a load: a store to the address will follow. */
  readonly isStore: boolean;
  readonly memo: PageMemo | undefined;
}

/** The register that an address begins with. */
export function baseOf(address: Expr): (Expr & { kind: "register" })["field"] | undefined {
  if (address.kind === "register") return address.field;
  if (address.kind === "address") return baseOf(address.a);
  return address.kind === "binary" && address.op === "add" ? baseOf(address.a) : undefined;
}

/** True if a meaning stores. */
export function hasStore(meaning: Stmt): boolean {
  return meaning.kind === "store" || (meaning.kind === "seq" && meaning.body.some(hasStore));
}

// A memo of a pure function of an immutable value; nothing can observe it.
const ALIGNED = new WeakMap<Stmt | Expr, boolean>();

/** True if a meaning has an access that must be aligned even where others need not be. */
export function needsAlignment(node: Stmt | Expr): boolean {
  let known = ALIGNED.get(node);
  if (known === undefined) ALIGNED.set(node, known = findAligned(node));
  return known;
}

function findAligned(node: Stmt | Expr): boolean {
  if ((node.kind === "load" || node.kind === "store") && node.access.aligned === true) return true;
  return Object.values(node).flat().some((part) =>
    typeof part === "object" && part !== null && "kind" in part && needsAlignment(part as Stmt | Expr)
  );
}

/** The code of accesses. */
export abstract class MemoryCode {
  protected readonly code: Code;
  readonly #memories: Memories;

  constructor(code: Code, memories: Memories) {
    this.code = code;
    this.#memories = memories;
  }

  /** Asks for a translation and begins the instruction again; nothing behind is reached. */
  protected abstract missed(isStore: boolean, address: number): void;
  /** Leaves the place of the current software TLB on the stack. */
  protected abstract tlb(isStore: boolean): void;
  /** A store reached a page with operations; `code` is a local with their place, `address` one with the virtual address. */
  protected abstract wrote(code: number, address: number, size: number): void;

  /** Leaves what is loaded, an i64, on the stack. */
  protected writeLoad(what: Accessed): void {
    const { code } = this;
    const { type, at, memo } = what;
    if (memo === undefined) {
      this.#placeInRam(at, this.#entryOf(what));
    } else {
      this.#unlessKept(what, memo);
      this.#keep(what, memo, this.#entryOf(what));
      code.end();
      code.get(at).op("i32.wrap_i64").get(memo.addend).op("i32.add");
    }
    code.access(LOADS[type], 0, this.#memories.ram);
  }

  /** Stores an i64 local. */
  protected writeStore(what: Accessed, value: number): void {
    const { code } = this;
    const { type, at, memo } = what;
    const [store, size] = STORES[type];
    const { ram, state } = this.#memories;
    const operations = code.local("i32");
    if (memo === undefined) {
      const entry = this.#entryOf(what);
      this.#placeInRam(at, entry);
      code.get(value).access(store, 0, ram);
      code.get(entry).access("i32.load", TLB_ENTRY.code, state).tee(operations).ifUnlikely();
      this.wrote(operations, at, size);
      code.end();
      return;
    }
    const stored = code.block().depth;
    this.#unlessKept(what, memo);
    const entry = this.#entryOf(what);
    this.#keep(what, memo, entry);
    code.get(entry).access("i32.load", TLB_ENTRY.code, state).tee(operations).ifUnlikely();
    this.#placeInRam(at, entry);
    code.get(value).access(store, 0, ram);
    this.wrote(operations, at, size);
    code.br(stored).end();
    code.end();
    code.get(at).op("i32.wrap_i64").get(memo.addend).op("i32.add");
    code.get(value).access(store, 0, ram).end();
  }

  /** Leaves the place of the entry that an address's page would have on the stack. */
  #place(at: number, isStore: boolean): void {
    const { code } = this;
    code.get(at).i64(BigInt(PAGE_BITS - ENTRY_BITS)).op("i64.shr_u", "i32.wrap_i64");
    code.i32((TLB_ENTRIES[isStore ? "store" : "load"] - 1) << ENTRY_BITS).op("i32.and");
    this.tlb(isStore);
    code.op("i32.add");
  }

  /** The entry of the software TLB for an access, in a local; where there is none, nothing behind is reached. */
  #entryOf({ type, at, isAligned, isStore }: Accessed): number {
    const { code } = this;
    const [, size] = STORES[type];
    const entry = code.local("i32");
    this.#place(at, isStore);
    code.tee(entry).access("i64.load", TLB_ENTRY.tag, this.#memories.state).get(at);
    // Low bits of an unaligned address, or another page of the last byte, differ from the tag: no plain access.
    if (isAligned) code.i64(PAGE_MASK | BigInt(size - 1)).op("i64.and");
    else if (size === 1) code.i64(PAGE_MASK).op("i64.and");
    else code.i64(BigInt(size - 1)).op("i64.add").i64(PAGE_MASK).op("i64.and");
    code.op("i64.ne").ifUnlikely();
    this.missed(isStore, at);
    code.end();
    return entry;
  }

  /** Leaves the place in RAM on the stack. */
  #placeInRam(at: number, entry: number): void {
    const { code } = this;
    code.get(at).op("i32.wrap_i64");
    code.get(entry).access("i32.load", TLB_ENTRY.addend, this.#memories.state).op("i32.add");
  }

  /** Begins what is done for a page that is not kept; unaligned accesses are taken for such. */
  #unlessKept({ type, at }: Accessed, { tag }: PageMemo): void {
    const mask = PAGE_MASK | BigInt(STORES[type][1] - 1);
    this.code.get(at).i64(mask).op("i64.and").get(tag).op("i64.ne").ifUnlikely();
  }

  /** Keeps a page for the next accesses, unless it is one with operations, which every store has to mind. */
  #keep({ at, isStore }: Accessed, { tag, addend }: PageMemo, entry: number): void {
    const { code } = this;
    const { state } = this.#memories;
    code.get(entry).access("i32.load", TLB_ENTRY.addend, state).set(addend);
    code.get(at).i64(PAGE_MASK).op("i64.and");
    if (isStore) {
      code.i64(NO_TAG).get(entry).access("i32.load", TLB_ENTRY.code, state).op("i32.eqz", "select");
    }
    code.set(tag);
  }
}
