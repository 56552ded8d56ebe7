/**
 * Which registers of a region are locals, and which stay where they are, in state memory.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import { registerUse } from "../isa/register_use.ts";
import { DISPATCHER, dominates, type Graph } from "./graph.ts";

/** The register that `bl` writes. */
export const LINK = 1;
/** With so many registers of a kind or fewer all are locals. */
const FEW_REGISTERS = 10;

/** The numbers of registers of some kind that an instruction reads or writes, and of those that it writes. */
export interface NumbersUsed {
  readonly used: readonly number[];
  readonly written: readonly number[];
}

/** The general registers of an instruction, of which r0 is none. */
export function registersOf(op: Decoded): NumbersUsed {
  const { reads, writes, links } = registerUse(op.instruction.meaning);
  const written = [...[...writes].map((field) => op[field]), ...(links ? [LINK] : [])].filter((r) => r !== 0);
  const read = [...reads].map((field) => op[field]).filter((r) => r !== 0);
  return { used: [...read, ...written], written };
}

/** The floating-point registers of an instruction. */
export function floatsOf(op: Decoded): NumbersUsed {
  const { floatReads, floatWrites } = registerUse(op.instruction.meaning);
  const written = [...floatWrites].map((field) => op[field]);
  return { used: [...[...floatReads].map((field) => op[field]), ...written], written };
}

/** The condition flags of an instruction. */
export function flagsOf(op: Decoded): NumbersUsed {
  const { flagReads, flagWrites } = registerUse(op.instruction.meaning);
  const written = [...flagWrites].map((field) => op[field]);
  return { used: [...[...flagReads].map((field) => op[field]), ...written], written };
}

/** The registers that a region may have changed when it is left. */
export function writtenRegisters(
  { blocks }: Graph,
  numbersOf: (op: Decoded) => NumbersUsed,
): ReadonlySet<number> {
  return new Set(blocks.flatMap((b) => b.instructions.flatMap((op) => numbersOf(op).written)));
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
export function localRegisters(
  graph: Graph,
  numbersOf: (op: Decoded) => NumbersUsed,
): readonly number[] {
  const inLoops = looping(graph);
  const used = new Set<number>();
  const looped = new Set<number>();
  graph.blocks.forEach(({ instructions }, position) => {
    for (const register of instructions.flatMap((op) => numbersOf(op).used)) {
      used.add(register);
      if (inLoops.has(position)) looped.add(register);
    }
  });
  return [...used.size <= FEW_REGISTERS ? used : looped].sort((a, b) => a - b);
}
