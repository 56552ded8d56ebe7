/**
 * The instruction table: rows by name, and the decoder over them.
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
import {
  type Field,
  type Operand,
  type Operands,
  parseOperands,
  parsePattern,
  type Pattern,
} from "./pattern.ts";
import { PRIVILEGED } from "./privileged.ts";
import type { GuestPolicy, Row } from "./row.ts";
import type { Feature } from "../profile.ts";

const NONE: readonly Instruction[] = [];

/** What a row says. The columns that are text are parsed when they are asked for, as most programs have few of the instructions. */
export class Instruction {
  /** The mnemonic, as the manual spells it. */
  readonly name: string;
  /** The group of rows it came from, as in `lvz`. */
  readonly group: string;
  /** The pattern as the row writes it. */
  readonly bits: string;
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
  readonly #operandText: string;
  #pattern: Pattern | undefined;
  #operands: Operands | undefined;
  #refinements = NONE;

  constructor(group: string, row: Row) {
    const options = row[5];
    this.name = row[0];
    this.group = group;
    this.bits = row[1];
    this.guest = row[3];
    this.meaning = row[4];
    this.privileged = options?.privileged ?? false;
    this.needs = options?.needs;
    this.unit = options?.unit;
    this.refines = options?.refines;
    this.#operandText = row[2];
  }

  /** Bits that the pattern fixes. */
  get mask(): number {
    return (this.#pattern ?? this.#parsePattern()).mask;
  }

  /** Values of the fixed bits; 0 elsewhere. */
  get match(): number {
    return (this.#pattern ?? this.#parsePattern()).match;
  }

  /** The fields of the word, registers included. */
  get fields(): readonly Field[] {
    return (this.#pattern ?? this.#parsePattern()).tail.fields;
  }

  /** Operands in assembly order. */
  get operands(): readonly Operand[] {
    return (this.#operands ?? this.#parseOperands()).operands;
  }

  /** The operands that are not registers, in assembly order: what `imm` in a meaning refers to. */
  get immediates(): readonly Operand[] {
    return (this.#operands ?? this.#parseOperands()).immediates;
  }

  /** Special cases of this instruction: words that match one of them are not this instruction. */
  get refinements(): readonly Instruction[] {
    return this.#refinements;
  }

  /** Takes an instruction for a special case of this one. */
  refineBy(special: Instruction): void {
    this.#refinements = [...this.#refinements, special];
  }

  #parsePattern(): Pattern {
    return this.#pattern = parsePattern(this.bits, (reason) => this.#fail(reason));
  }

  #parseOperands(): Operands {
    const { tail } = this.#pattern ?? this.#parsePattern();
    return this.#operands = parseOperands(this.#operandText, tail, (reason) => this.#fail(reason));
  }

  #fail(reason: string): never {
    throw new RowError(this.name, reason);
  }
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

function popCount(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

/** All instructions of some groups of rows. Whether they are good rows, `checkTable` finds out. */
export class InstructionTable {
  /** All instructions, in the order of the rows. */
  readonly all: readonly Instruction[];
  readonly #byName = new Map<string, Instruction>();
  /** By the top six bits, the masks with the most fixed bits first; made when words with these bits are asked for. */
  readonly #buckets: (readonly MaskGroup[] | undefined)[] = new Array(64).fill(undefined);
  #operationNames: readonly string[] | undefined;

  /**
   * @throws {RowError} if a row is named as another, or refines one that is not there
   */
  constructor(groups: readonly RowGroup[]) {
    this.all = groups.flatMap(({ name, rows }) => rows.map((row) => this.#add(new Instruction(name, row))));
    this.all.filter((i) => i.refines !== undefined).forEach((special) => this.#link(special));
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

  #add(instruction: Instruction): Instruction {
    const twin = this.#byName.get(instruction.name);
    if (twin !== undefined) {
      throw new RowError(instruction.name, `group ${twin.group} has a row of this name`);
    }
    this.#byName.set(instruction.name, instruction);
    return instruction;
  }

  #link(special: Instruction): void {
    const general = this.#byName.get(special.refines ?? "");
    if (general === undefined) {
      throw new RowError(special.name, `it refines ${special.refines}, which is no row`);
    }
    general.refineBy(special);
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
