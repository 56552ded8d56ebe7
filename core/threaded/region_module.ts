/**
 * A region as a WebAssembly module of its own.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { WASM_PAGE } from "../memory.ts";
import type { Profile } from "../profile.ts";
import { ModuleBuilder } from "../wasm/module.ts";
import { HELPER_NAMES, signatureOf } from "./arithmetic.ts";
import type { Graph } from "./graph.ts";
import type { Runtime } from "./op_code.ts";
import { compileRegion } from "./region_code.ts";
import type { Selected } from "./selection.ts";
import { OPERATION, SHARED } from "./threaded_module.ts";

/** What the module of a region is bound to. */
export interface RegionBinding {
  readonly state: WebAssembly.Memory;
  readonly ram: WebAssembly.Memory;
  /** The generated functions, both memories and the table, by name. */
  readonly imports: WebAssembly.ModuleImports;
  /** Which function executes an instruction. */
  readonly select: (op: Decoded) => Selected;
  readonly profile: Profile;
}

/** A compiled region. */
export interface RegionFunction {
  readonly function: () => unknown;
  /** Size of its module. */
  readonly bytes: number;
}

/**
 * Compiles a region.
 *
 * @param page the operations of its page
 * @param used where in state memory the region says that it was entered
 */
export function makeRegionFunction(
  graph: Graph,
  page: number,
  used: number,
  { state, ram, imports, select, profile }: RegionBinding,
): RegionFunction {
  const builder = new ModuleBuilder();
  const shared = Object.entries(SHARED).map(([name, type]) => [name, builder.importFunction(name, type)]);
  const helpers = new Map(
    HELPER_NAMES.map((name) => [name, builder.importFunction(name, signatureOf(name))]),
  );
  // In the order of REGION_MEMORIES.
  builder.importMemory("ram", ram.buffer.byteLength / WASM_PAGE);
  builder.importMemory("state", state.buffer.byteLength / WASM_PAGE);
  builder.importTable("table", 1);
  const runtime = { ...Object.fromEntries(shared), helpers, opType: builder.type(OPERATION) } as Runtime;
  const place = { page, used, functionOf: (op: Decoded) => select(op).f, profile };
  builder.export("region", builder.add(OPERATION, compileRegion(graph, runtime, place)));
  const bytes = builder.build();
  const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: imports });
  return { function: exports["region"] as () => unknown, bytes: bytes.length };
}
