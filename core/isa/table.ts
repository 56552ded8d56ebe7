/**
 * The instruction table: rows parsed and checked, and the decoder over them.
 *
 * @module
 */
import { ATOMICS } from "./atomics.ts";
import { BASE } from "./base.ts";
import { BITOPS } from "./bitops.ts";
import { BOUND } from "./bound.ts";
import { FP } from "./fp.ts";
import { LVZ } from "./lvz.ts";
import type { Stmt } from "./meaning.ts";
import { MUL } from "./mul.ts";
import { type Field, type Operand, parseOperands, parsePattern } from "./pattern.ts";
import { PRIVILEGED } from "./privileged.ts";
import type { GuestPolicy, Row } from "./row.ts";
import { callNames, checkMeaning, operationNames } from "./meaning_check.ts";
import type { Feature } from "../profile.ts";

/** A checked row. */
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
  readonly needs?: Feature;
  /** The bit of EUEN without which the unit is disabled. */
  readonly unit?: "FPE";
  /** The instruction of which this one is a special case. */
  readonly refines?: string;
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

const MNEMONIC = /^[a-z][a-z0-9]*(_db)?(\.[a-z0-9]+)*$/;
const GUEST_POLICIES: ReadonlySet<GuestPolicy> = new Set<GuestPolicy>(
  ["native", "bank", "gspr", "hvc", "cacop", "timer", "tlb", "ertn", "ine"],
);

function build(group: string, row: Row): MutableInstruction {
  const [name, bits, operandText, guest, meaning, options = {}] = row;
  if (!MNEMONIC.test(name)) throw new RowError(name, `"${name}" is not a mnemonic`);
  if (!GUEST_POLICIES.has(guest)) throw new RowError(name, `"${guest}" is not a guest policy`);
  const fail = (reason: string): never => {
    throw new RowError(name, reason);
  };
  const { mask, match, fields } = parsePattern(bits, fail);
  const { operands, immediates } = parseOperands(operandText, fields, fail);
  checkMeaning(meaning, fields, fail);
  // deno-fmt-ignore
  return {
    name, group, bits, mask, match, fields, operands, immediates, guest, meaning,
    privileged: false, ...options, refinements: [],
  };
}

function popCount(word: number): number {
  let count = 0;
  for (let rest = word; rest !== 0; rest &= rest - 1) count++;
  return count;
}

function hex(word: number): string {
  return `0x${word.toString(16).padStart(8, "0")}`;
}

/** Every word that matches `special` matches `general`, and not the reverse. */
function isSpecialCase(special: Instruction, general: Instruction): boolean {
  return special.mask !== general.mask && (special.mask & general.mask) >>> 0 === general.mask &&
    (special.match & general.mask) >>> 0 === general.match;
}

/** All instructions of some groups of rows, checked when built. */
export class InstructionTable {
  /** All instructions, in the order of the rows. */
  readonly all: readonly Instruction[];
  readonly #byName = new Map<string, MutableInstruction>();
  /** By the top six bits; in each, the masks with the most fixed bits first. */
  readonly #buckets: readonly (readonly MaskGroup[])[];

  /**
   * @throws {RowError} if a row is malformed, contradicts another, or its meaning refers to what the row does not have
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
    this.#buckets = buckets(all);
  }

  /** The instruction that a word encodes; undefined if none. Features and privilege are not looked at. */
  decode(word: number): Instruction | undefined {
    const groups = this.#buckets[word >>> 26];
    if (groups === undefined) return undefined;
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

/** The fixed bits and their values, in halves: to read numbers of 32 bits would make garbage of each, and there are tens of thousands of pairs. */
function halvesOf(all: readonly Instruction[]): Uint16Array {
  return new Uint16Array(Uint32Array.from(all.flatMap(({ mask, match }) => [mask, match])).buffer);
}

/** Some word matches both of two instructions, given by where their halves begin. */
function overlaps(halves: Uint16Array, a: number, b: number): boolean {
  const low = (halves[a + 2]! ^ halves[b + 2]!) & halves[a]! & halves[b]!;
  return low === 0 && ((halves[a + 3]! ^ halves[b + 3]!) & halves[a + 1]! & halves[b + 1]!) === 0;
}

function checkOverlaps(all: readonly Instruction[]): void {
  const halves = halvesOf(all);
  all.forEach((a, index) => {
    for (let i = 0; i < index; i++) {
      if (!overlaps(halves, 4 * index, 4 * i)) continue;
      const b = all[i];
      if (b === undefined || a.refines === b.name || b.refines === a.name) continue;
      const shared = (a.match | b.match) >>> 0;
      throw new RowError(a.name, `it overlaps ${b.name}, both match ${hex(shared)}`);
    }
  });
}

/** The instructions that a word with each value of the top six bits may be. */
function buckets(all: readonly Instruction[]): MaskGroup[][] {
  const byTop = Array.from({ length: 64 }, (): Instruction[] => []);
  for (const instruction of all) {
    topsOf(instruction).forEach((top) => byTop[top]!.push(instruction));
  }
  // Only words with equal top bits can be the same.
  byTop.forEach(checkOverlaps);
  return byTop.map(groupByMask);
}

/** The values of the top six bits that an instruction can have: one, unless its pattern leaves some of them open. */
function topsOf({ mask, match }: Instruction): readonly number[] {
  const topMask = mask >>> 26;
  const top = match >>> 26;
  return topMask === 63
    ? [top]
    : Array.from({ length: 64 }, (_, t) => t).filter((t) => (t & topMask) === top);
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

/** The names of the plain functions that the meanings of {@linkcode ISA} call, sorted. */
export const CALL_NAMES: readonly string[] = [...new Set(ISA.all.flatMap((i) => callNames(i.meaning)))]
  .sort();

/** The names of the floating-point operations in the meanings of {@linkcode ISA}, sorted. */
export const OPERATION_NAMES: readonly string[] = [
  ...new Set(ISA.all.flatMap((i) => operationNames(i.meaning))),
].sort();
