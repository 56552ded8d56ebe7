/**
 * The instruction table: rows parsed, and the decoder over them.
 *
 * @module
 */
import { ATOMICS } from "./atomics.ts";
import { BASE } from "./base.ts";
import { BITOPS } from "./bitops.ts";
import { BOUND } from "./bound.ts";
import { FP } from "./fp.ts";
import { LVZ } from "./lvz.ts";
import { callNames, operationNames, type Stmt } from "./meaning.ts";
import { MUL } from "./mul.ts";
import { type Field, type Operand, parseOperands, parsePattern } from "./pattern.ts";
import { PRIVILEGED } from "./privileged.ts";
import type { GuestPolicy, Row } from "./row.ts";
import type { Feature } from "../profile.ts";

/** A parsed row. */
export interface Instruction {
  /** The mnemonic, as the manual spells it. */
  readonly name: string;
  /** The group of rows it came from, as in `lvz`. */
  readonly group: string;
  /** The pattern as the row writes it. */
  readonly bits: string;
  /** Bits that the pattern fixes. */
  readonly mask: number;
  /** Values of the fixed bits; 0 elsewhere. */
  readonly match: number;
  /** The fields of the word, registers included. */
  readonly fields: readonly Field[];
  /** Operands in assembly order. */
  readonly operands: readonly Operand[];
  /** The operands that are not registers, in assembly order: what `imm` in a meaning refers to. */
  readonly immediates: readonly Operand[];
  /** What guest mode does with it. */
  readonly guest: GuestPolicy;
  /** What it does once all checks passed. */
  readonly meaning: Stmt;
  /** Raises IPE unless PLV is 0. */
  readonly privileged: boolean;
  /** Raises INE unless the profile has this feature. */
  readonly needs: Feature | undefined;
  /** The bit of EUEN without which the unit is disabled. */
  readonly unit: "FPE" | undefined;
  /** The instruction of which this one is a special case. */
  readonly refines: string | undefined;
  /** Special cases of this instruction: words that match one of them are not this instruction. */
  readonly refinements: readonly Instruction[];
}

/** A named list of rows. */
export interface RowGroup {
  /** The name that `Instruction.group` shows. */
  readonly name: string;
  /** The rows, in any order. */
  readonly rows: readonly Row[];
}

/** A row that the table refuses; `row` is its name. */
export class RowError extends Error {
  override readonly name = "RowError";
  constructor(readonly row: string, reason: string) {
    super(`Cannot accept row ${row}: ${reason}`);
  }
}

/** Rows of one mask, by the value of the fixed bits. */
interface MaskGroup {
  readonly mask: number;
  readonly byMatch: Map<number, Instruction>;
}

interface MutableInstruction extends Instruction {
  readonly refinements: Instruction[];
}

function build(group: string, row: Row): MutableInstruction {
  const [name, bits, operandText, guest, meaning, options] = row;
  const fail = (reason: string): never => {
    throw new RowError(name, reason);
  };
  const { mask, match, tail } = parsePattern(bits, fail);
  const { operands, immediates } = parseOperands(operandText, tail, fail);
  // deno-fmt-ignore
  return {
    name, group, bits, mask, match, fields: tail.fields, operands, immediates, guest, meaning,
    privileged: options?.privileged ?? false, needs: options?.needs, unit: options?.unit, refines: options?.refines,
    refinements: [],
  };
}

function popCount(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** Every word that matches `special` matches `general`, and not the reverse. */
function isSpecialCase(special: Instruction, general: Instruction): boolean {
  return special.mask !== general.mask && (special.mask & general.mask) >>> 0 === general.mask &&
    (special.match & general.mask) >>> 0 === general.match;
}

/** All instructions of some groups of rows. What can be wrong with a row beside how it is written, `checkTable` finds. */
export class InstructionTable {
  /** All instructions, in the order of the rows. */
  readonly all: readonly Instruction[];
  readonly #byName = new Map<string, MutableInstruction>();
  /** By the top six bits, the masks with the most fixed bits first; made when words with these bits are asked for. */
  readonly #buckets: (readonly MaskGroup[] | undefined)[] = new Array(64).fill(undefined);
  #operationNames: readonly string[] | undefined;

  /**
   * @throws {RowError} if a row is malformed, or is named as another, or refines what it is no special case of
   */
  constructor(groups: readonly RowGroup[]) {
    const all: MutableInstruction[] = [];
    for (const { name, rows } of groups) {
      for (const row of rows) {
        const instruction = build(name, row);
        const twin = this.#byName.get(instruction.name);
        if (twin !== undefined) {
          throw new RowError(instruction.name, `group ${twin.group} has a row of this name`);
        }
        this.#byName.set(instruction.name, instruction);
        all.push(instruction);
      }
    }
    this.#linkRefinements(all);
    this.all = all;
  }

  /** The instruction that a word encodes; undefined if none. Features and privilege are not looked at. */
  decode(word: number): Instruction | undefined {
    const top = word >>> 26;
    const groups = this.#buckets[top] ?? (this.#buckets[top] = groupByMask(this.withTop(top)));
    for (const { mask, byMatch } of groups) {
      const found = byMatch.get((word & mask) >>> 0);
      if (found !== undefined) return found;
    }
    return undefined;
  }

  /** The instruction of a name, undefined if there is none. */
  get(name: string): Instruction | undefined {
    return this.#byName.get(name);
  }

  /** The instructions that a word with this value of the top six bits may be. */
  withTop(top: number): readonly Instruction[] {
    return this.all.filter(({ mask, match }) => (top & (mask >>> 26)) === match >>> 26);
  }

  /** The names of the plain functions that the meanings call, sorted. */
  get callNames(): readonly string[] {
    return [...new Set(this.all.flatMap((i) => callNames(i.meaning)))].sort();
  }

  /** The names of the floating-point operations in the meanings, sorted. */
  get operationNames(): readonly string[] {
    return this.#operationNames ??= [...new Set(this.all.flatMap((i) => operationNames(i.meaning)))].sort();
  }

  #linkRefinements(all: readonly MutableInstruction[]): void {
    for (const instruction of all) {
      if (instruction.refines === undefined) continue;
      const general = this.#byName.get(instruction.refines);
      if (general === undefined) {
        throw new RowError(instruction.name, `it refines ${instruction.refines}, which is no row`);
      }
      if (!isSpecialCase(instruction, general)) {
        throw new RowError(instruction.name, `it is not a special case of ${general.name}`);
      }
      general.refinements.push(instruction);
    }
  }
}

function groupByMask(instructions: readonly Instruction[]): MaskGroup[] {
  const groups = new Map<number, MaskGroup>();
  for (const instruction of instructions) {
    const group = groups.get(instruction.mask) ?? { mask: instruction.mask, byMatch: new Map() };
    group.byMatch.set(instruction.match, instruction);
    groups.set(instruction.mask, group);
  }
  return [...groups.values()].sort((a, b) => popCount(b.mask) - popCount(a.mask));
}

/** The instructions of this machine. */
export const ISA: InstructionTable = new InstructionTable([
  { name: "base", rows: BASE },
  { name: "mul", rows: MUL },
  { name: "bitops", rows: BITOPS },
  { name: "bound", rows: BOUND },
  { name: "atomics", rows: ATOMICS },
  { name: "privileged", rows: PRIVILEGED },
  { name: "lvz", rows: LVZ },
  { name: "fp", rows: FP },
]);
