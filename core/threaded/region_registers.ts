/**
 * Which registers of a region are locals, and which stay where they are, in state memory.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { RegisterFieldName } from "../isa/pattern.ts";
import { registerUse } from "../isa/register_use.ts";
import type { Instruction } from "../isa/table.ts";
import { DISPATCHER, dominates, type Graph } from "./graph.ts";

/** The register that `bl` writes. */
export const LINK = 1;
/** With so many registers of a kind or fewer all are locals. */
const FEW_REGISTERS = 10;
/** The most registers of a kind. */
const REGISTERS = 32;

/** What a region does with the registers of one kind. */
export interface KindUse {
  /** The numbers of those that are locals, in order. */
  readonly locals: readonly number[];
  /** Those that the region may have changed when it is left. */
  isWritten(register: number): boolean;
}

/** The fields of an instruction that name registers of one kind. */
interface FieldUse {
  readonly reads: readonly RegisterFieldName[];
  readonly writes: readonly RegisterFieldName[];
  readonly links: boolean;
}

/** By kind. */
interface FieldUses {
  readonly general: FieldUse;
  readonly float: FieldUse;
  readonly flag: FieldUse;
}

// A memo of a pure function of an immutable value; nothing can observe it.
const KNOWN = new WeakMap<Instruction, FieldUses>();

function fieldsOf(instruction: Instruction): FieldUses {
  let fields = KNOWN.get(instruction);
  if (fields === undefined) KNOWN.set(instruction, fields = findFields(instruction));
  return fields;
}

function findFields({ meaning }: Instruction): FieldUses {
  const use = registerUse(meaning);
  return {
    general: { reads: [...use.reads], writes: [...use.writes], links: use.links },
    float: { reads: [...use.floatReads], writes: [...use.floatWrites], links: false },
    flag: { reads: [...use.flagReads], writes: [...use.flagWrites], links: false },
  };
}

/** Sets of registers of one kind, a bit each. */
class Sets {
  used = 0;
  looped = 0;
  written = 0;

  add(op: Decoded, { reads, writes, links }: FieldUse, isInLoop: boolean): void {
    let written = links ? 1 << LINK : 0;
    for (let i = 0; i < writes.length; i++) written |= 1 << op[writes[i]!];
    let used = written;
    for (let i = 0; i < reads.length; i++) used |= 1 << op[reads[i]!];
    this.written |= written;
    this.used |= used;
    if (isInLoop) this.looped |= used;
  }

  /**
   * The registers that are locals. To load one at the beginning and to store it at the end costs as much as to use it in memory twice: that pays in
   * loops, and not in code that runs from its beginning to its end, such as what saves and restores all registers.
   *
   * @param none set of those that are no registers
   */
  use(none: number): KindUse {
    const all = numbersOf(this.used & ~none);
    const locals = all.length <= FEW_REGISTERS ? all : numbersOf(this.looped & ~none);
    return { locals, isWritten: (register) => (this.written >>> register & 1) === 1 };
  }
}

function numbersOf(set: number): readonly number[] {
  const numbers: number[] = [];
  for (let n = 0; n < REGISTERS; n++) if ((set >>> n & 1) === 1) numbers.push(n);
  return numbers;
}

/** What a region does with general registers, of which r0 is none, with floating-point registers and with condition flags. */
export interface RegisterUses {
  readonly general: KindUse;
  readonly float: KindUse;
  readonly flag: KindUse;
}

/** What a region does with registers. */
export function registersOf(graph: Graph): RegisterUses {
  const inLoops = looping(graph);
  const [general, float, flag] = [new Sets(), new Sets(), new Sets()];
  graph.blocks.forEach(({ instructions }, position) => {
    const isInLoop = inLoops[position] === 1;
    for (const op of instructions) {
      const fields = fieldsOf(op.instruction);
      general.add(op, fields.general, isInLoop);
      float.add(op, fields.float, isInLoop);
      flag.add(op, fields.flag, isInLoop);
    }
  });
  return { general: general.use(1), float: float.use(0), flag: flag.use(0) };
}

/** By position, 1 for the blocks in loops that begin with a block of the region. */
function looping(graph: Graph): Uint8Array {
  const found = new Uint8Array(graph.blocks.length);
  graph.successors.forEach((all, from) => {
    for (const header of all) {
      if (header > from || header === DISPATCHER || !dominates(graph, header, from)) continue;
      for (let i = header; i <= from; i++) if (dominates(graph, header, i)) found[i] = 1;
    }
  });
  return found;
}
