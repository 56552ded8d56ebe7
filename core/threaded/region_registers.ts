/**
 * Which registers of a region are locals, and which stay where they are, in state memory.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { registerUse } from "../isa/register_use.ts";
import { DISPATCHER, dominates, type Graph } from "./graph.ts";
import { LINK } from "./region_instruction.ts";

/** With so many registers or fewer all are locals. */
const FEW_REGISTERS = 10;

/** The numbers of registers that an instruction reads or writes, and of those that it writes. */
function registersOf(op: Decoded): { readonly used: readonly number[]; readonly written: readonly number[] } {
  const { reads, writes, links } = registerUse(op.instruction.meaning);
  const written = [...[...writes].map((field) => op[field]), ...(links ? [LINK] : [])];
  return { used: [...[...reads].map((field) => op[field]), ...written], written };
}

/** The registers that a region may have changed when it is left. */
export function writtenRegisters({ blocks }: Graph): ReadonlySet<number> {
  return new Set(blocks.flatMap((b) => b.instructions.flatMap((op) => registersOf(op).written)));
}

/** The positions of the blocks in loops that begin with a block of the region. */
function looping(graph: Graph): ReadonlySet<number> {
  const found = new Set<number>();
  graph.successors.forEach((all, from) => {
    for (const header of all) {
      if (header > from || header === DISPATCHER || !dominates(graph, header, from)) continue;
      for (let i = header; i <= from; i++) if (dominates(graph, header, i)) found.add(i);
    }
  });
  return found;
}

/**
 * The registers that are locals. To load one at the beginning and to store it at the end costs as much as to use it in memory twice: that pays in
 * loops, and not in code that runs from its beginning to its end, such as what saves and restores all registers.
 */
export function localRegisters(graph: Graph): readonly number[] {
  const inLoops = looping(graph);
  const used = new Set<number>();
  const looped = new Set<number>();
  graph.blocks.forEach(({ instructions }, position) => {
    for (const register of instructions.flatMap((op) => registersOf(op).used)) {
      used.add(register);
      if (inLoops.has(position)) looped.add(register);
    }
  });
  used.delete(0);
  looped.delete(0);
  return [...used.size <= FEW_REGISTERS ? used : looped].sort((a, b) => a - b);
}
