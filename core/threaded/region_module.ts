/**
 * Regions as a WebAssembly module.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { WASM_PAGE } from "../memory.ts";
import type { Profile } from "../profile.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { HELPER_NAMES, type HelperName, type Helpers, signatureOf } from "./arithmetic.ts";
import type { Graph } from "./graph.ts";
import { STATE_PAGES } from "./layout.ts";
import type { Runtime } from "./op_code.ts";
import type { RegionPages } from "./region_pages.ts";
import { compileRegion } from "./region_code.ts";
import type { Selected } from "./selection.ts";
import { OPERATION, SHARED } from "./threaded_module.ts";

/** What a module of regions is bound to. */
export interface RegionBinding {
  readonly ram: WebAssembly.Memory;
  /** The generated functions, both memories and the table, by name. */
  readonly imports: WebAssembly.ModuleImports;
  /** Which function executes an instruction. */
  readonly select: (op: Decoded) => Selected;
  readonly profile: Profile;
}

/** Where a region goes. */
export interface RegionSlot {
  readonly pages: RegionPages;
  /** The byte in state memory by which it says that it was entered. */
  readonly used: number;
  /** Its entry in the table. */
  readonly f: number;
}

/** The helpers that a module needs are imported when they are asked for. */
class ImportedHelpers implements Helpers {
  readonly #builder: ModuleBuilder;
  readonly #imported = new Map<HelperName, number>();

  constructor(builder: ModuleBuilder) {
    this.#builder = builder;
  }

  get(name: HelperName): number | undefined {
    if (!HELPER_NAMES.includes(name)) return undefined;
    const found = this.#imported.get(name) ?? this.#builder.importFunction(name, signatureOf(name));
    this.#imported.set(name, found);
    return found;
  }
}

/** A region to be compiled, and where it goes. */
export interface PlacedRegion {
  readonly graph: Graph;
  readonly slot: RegionSlot;
}

/** Compiles regions as one module and puts them into the table; the size of the module. */
export function placeRegions(
  regions: readonly PlacedRegion[],
  { ram, imports, select, profile }: RegionBinding,
): number {
  const builder = new ModuleBuilder();
  const shared = Object.entries(SHARED).map(([name, type]) => [name, builder.importFunction(name, type)]);
  // In the order of REGION_MEMORIES.
  builder.importMemory("ram", ram.buffer.byteLength / WASM_PAGE);
  builder.importMemory("state", STATE_PAGES);
  builder.importTable("table", 1);
  const helpers = new ImportedHelpers(builder);
  const runtime = { ...Object.fromEntries(shared), helpers, opType: builder.type(OPERATION) } as Runtime;
  const functionOf = (op: Decoded) => select(op).f;
  // All of them first: what they import comes before what the module has itself.
  const codes = regions.map(({ graph, slot: { pages, used } }) =>
    compileRegion(graph, runtime, { pages, used, functionOf, profile })
  );
  regions.forEach(({ slot }, i) => builder.fillTable([builder.add(OPERATION, codes[i]!)], slot.f));
  const bytes = builder.build();
  new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: imports });
  return bytes.length;
}
