/**
 * The regions of a machine: hot code made into functions, and taken out again when its words are written.
 *
 * @module
 */
import { type Decoded } from "../isa/decode.ts";
import type { Profile } from "../profile.ts";
import { WASM_PAGE } from "../memory.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { HELPER_NAMES, signatureOf } from "./arithmetic.ts";
import { findRegion, type Graph } from "./graph.ts";
import { MEMBER, OP } from "./layout.ts";
import type { Runtime } from "./op_code.ts";
import { compileRegion } from "./region_code.ts";
import type { Selected } from "./selection.ts";
import { OPERATION, SHARED } from "./threaded_module.ts";

const WORD = 4;
/** Regions kept. When there are more, all code begins anew. */
export const MOST_REGIONS = 2048;

/** A compiled region. */
interface Region {
  /** Number in the table. */
  readonly f: number;
  /** The operations by which it is entered, with the functions that they had. */
  readonly entries: readonly { readonly op: number; readonly original: number }[];
  /** All its operations. */
  readonly members: readonly number[];
}

/** What regions need of the machine they belong to. */
export interface RegionHost {
  readonly words: Int32Array;
  readonly state: WebAssembly.Memory;
  readonly ram: WebAssembly.Memory;
  readonly table: WebAssembly.Table;
  /** Entries of the table that are not regions'. */
  readonly entries: number;
  /** What a region's module imports. */
  readonly imports: WebAssembly.ModuleImports;
  /** Which function executes an instruction. */
  readonly select: (op: Decoded) => Selected;
  readonly profile: Profile;
}

/** The regions of a machine. */
export class Regions {
  readonly #host: RegionHost;
  /** By the operations of their page: no region reaches beyond its own. */
  readonly #byPage = new Map<number, readonly Region[]>();
  #made = 0;

  constructor(host: RegionHost) {
    this.#host = host;
  }

  /** True if no more regions fit. */
  get full(): boolean {
    return this.#made >= MOST_REGIONS;
  }

  /**
   * Makes a region that begins at an operation.
   *
   * @param page the operations of its page
   * @param at the decoded instruction at an index of the page, undefined if it cannot be part of a region
   */
  make(op: number, page: number, at: (index: number) => Decoded | undefined): void {
    const { words, table, entries: first } = this.#host;
    // Not asked again: either there is a region now, or there will not be one soon.
    this.#heat(op, (old) => (old & MEMBER) - 0x4000_0000);
    if ((words[(op + OP.f) / WORD] ?? 0) >= first) return;
    const graph = findRegion((op - page) / OP.bytes, at);
    if (graph === undefined) return;
    const f = first + this.#made++;
    table.set(f, this.#compile(graph, page));
    const place = (index: number) => page + index * OP.bytes;
    const members = graph.blocks.flatMap((b) => b.instructions.map((_, i) => place(b.first + i)));
    for (const member of members) this.#heat(member, (old) => old | MEMBER);
    // What another region begins with stays that one's.
    const entries = graph.entries.map((index) => ({
      op: place(index),
      original: words[(place(index) + OP.f) / WORD] ?? 0,
    })).filter(({ original }) => original < first);
    for (const entry of entries) words[(entry.op + OP.f) / WORD] = f;
    this.#byPage.set(page, [...(this.#byPage.get(page) ?? []), { f, entries, members }]);
  }

  #heat(op: number, change: (old: number) => number): void {
    const at = (op + OP.heat) / WORD;
    this.#host.words[at] = change(this.#host.words[at] ?? 0);
  }

  #compile(graph: Graph, page: number): () => unknown {
    const builder = new ModuleBuilder();
    const shared = Object.entries(SHARED).map(([name, type]) => [name, builder.importFunction(name, type)]);
    const helpers = new Map(
      HELPER_NAMES.map((name) => [name, builder.importFunction(name, signatureOf(name))]),
    );
    // In the order of REGION_MEMORIES.
    const { ram, state, select, profile } = this.#host;
    const functionOf = (op: Decoded) => select(op).f;
    builder.importMemory("ram", ram.buffer.byteLength / WASM_PAGE);
    builder.importMemory("state", state.buffer.byteLength / WASM_PAGE);
    builder.importTable("table", 1);
    const runtime = { ...Object.fromEntries(shared), helpers, opType: builder.type(OPERATION) } as Runtime;
    const place = { page, functionOf, profile };
    builder.export("region", builder.add(OPERATION, compileRegion(graph, runtime, place)));
    const module = new WebAssembly.Module(builder.build());
    const { exports } = new WebAssembly.Instance(module, { env: this.#host.imports });
    return exports["region"] as () => unknown;
  }

  /**
   * A word was written: the regions that it is part of are no more.
   *
   * @param page the operations of its page
   */
  invalidate(op: number, page: number): void {
    const all = this.#byPage.get(page) ?? [];
    const gone = all.filter(({ members }) => members.includes(op));
    const left = all.filter((region) => !gone.includes(region));
    this.#byPage.set(page, left);
    const { words } = this.#host;
    for (const region of gone) {
      for (const { op: entry, original } of region.entries) {
        const at = (entry + OP.f) / WORD;
        if (words[at] === region.f) words[at] = original;
      }
      for (const member of region.members) this.#heat(member, () => 0);
    }
    // What other regions contain stays marked.
    for (const member of left.flatMap(({ members }) => members)) this.#heat(member, (old) => old | MEMBER);
  }

  /** Forgets all regions; their operations are gone. */
  drop(): void {
    this.#byPage.clear();
    this.#made = 0;
  }
}
