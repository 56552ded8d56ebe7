/**
 * Straight lines of instructions that a hypervisor written in TypeScript executes at one go, with its operands in general registers.
 *
 * What it computes between instructions takes no time; where nothing has to be computed, a line of them is many times faster than one at a time.
 *
 * @module
 */
import { type CsrDeclaration, encode, type Field, type Instruction, ISA } from "../core/mod.ts";
import { once } from "../core/once.ts";
import type { HostCpu } from "./host_cpu.ts";

/** The registers that a function may use as it likes, by their names in the ABI. */
export const R = {
  ...{ a0: 4, a1: 5, a2: 6, a3: 7, a4: 8, a5: 9, a6: 10, a7: 11 },
  ...{ t0: 12, t1: 13, t2: 14, t3: 15, t4: 16, t5: 17, t6: 18, t7: 19, t8: 20 },
} as const;

/** r0. */
export const ZERO = 0;

/** Words in the order in which they are executed. */
export type Routine = readonly number[];

/** An instruction: registers and other operands in the order of the assembler; a CSR stands for its number. */
export type Step = readonly [mnemonic: string, ...operands: readonly (number | CsrDeclaration)[]];

/**
 * The words of some instructions.
 *
 * @throws {TypeError} if there is no such instruction
 */
export function routine(...steps: readonly Step[]): Routine {
  return steps.map(([mnemonic, ...operands]) =>
    encode(instructionOf(mnemonic), operands.map((o) => typeof o === "number" ? o : o.number))
  );
}

/** The word that enters a guest. */
export const [ERTN = 0] = routine(["ertn"]);

/** A line of instructions at whose end the guest is entered. */
export interface EntryRoutine {
  /** What is executed before the general registers are loaded. */
  readonly before: Routine;
  /** The same with the ertn. */
  readonly words: Routine;
}

/** The words of some instructions, and of an ertn behind them. */
export function entryRoutine(...steps: readonly Step[]): EntryRoutine {
  const before = routine(...steps);
  return { before, words: [...before, ERTN] };
}

/**
 * The instruction with a mnemonic.
 *
 * @throws {TypeError} if there is none
 */
export function instructionOf(mnemonic: string): Instruction {
  const instruction = ISA.get(mnemonic);
  if (instruction === undefined) throw new TypeError(`Cannot execute ${mnemonic}: no such instruction`);
  return instruction;
}

/** A value of a register in an array. */
interface Slot {
  readonly csr: CsrDeclaration;
  readonly slot: number;
}

/** As many as there are registers for. */
interface Part {
  readonly slots: readonly number[];
  readonly reads: Routine;
  readonly writes: Routine;
}

const SCRATCH: readonly number[] = Object.values(R);
/** A csrxchg needs two of them. */
const PAIRS = SCRATCH.length >> 1;

function chunks<T>(items: readonly T[], size: number): readonly (readonly T[])[] {
  return Array.from(
    { length: Math.ceil(items.length / size) },
    (_, i) => items.slice(i * size, (i + 1) * size),
  );
}

/** CSRs that a hypervisor carries all together, in the order in which it does. */
export class CarriedCsrs {
  readonly #parts: () => readonly Part[];

  /**
   * @param whose the host's, or guest copies
   * @param slots where the value of each is among those that are carried
   */
  constructor(whose: "host" | "guest", slots: readonly Slot[]) {
    const [read, write] = whose === "host" ? ["csrrd", "csrwr"] as const : ["gcsrrd", "gcsrwr"] as const;
    this.#parts = once(() =>
      chunks(slots, SCRATCH.length).map((part) => ({
        slots: part.map(({ slot }) => slot),
        reads: routine(...part.map(({ csr }, i) => [read, SCRATCH[i]!, csr] as const)),
        writes: routine(...part.map(({ csr }, i) => [write, SCRATCH[i]!, csr] as const)),
      }))
    );
  }

  /** Reads each. */
  read(cpu: HostCpu, into: BigUint64Array): void {
    for (const { slots, reads } of this.#parts()) {
      cpu.perform(reads);
      for (let i = 0; i < slots.length; i++) into[slots[i]!] = cpu.gpr(SCRATCH[i]!);
    }
  }

  /** Writes each. */
  write(cpu: HostCpu, from: BigUint64Array): void {
    for (const { slots, writes } of this.#parts()) {
      for (let i = 0; i < slots.length; i++) cpu.setGpr(SCRATCH[i]!, from[slots[i]!]!);
      cpu.perform(writes);
    }
  }
}

/** Fields of host CSRs with the values that they get; "gid" stands for the number of the guest. */
export type FieldValues = readonly (readonly [csr: CsrDeclaration, field: Field, value: bigint | "gid"])[];

/** Fields that a hypervisor sets one after the other, each by a csrxchg. */
export class FieldWrites {
  readonly #fields: FieldValues;
  readonly #parts: () => readonly Routine[];

  constructor(fields: FieldValues) {
    this.#fields = fields;
    this.#parts = once(() =>
      chunks(fields, PAIRS).map((part) =>
        routine(...part.map(([csr], i) => ["csrxchg", SCRATCH[2 * i]!, SCRATCH[2 * i + 1]!, csr] as const))
      )
    );
  }

  /** What the instructions need for a guest: to be computed once. */
  operands(gid: bigint): readonly bigint[] {
    return this.#fields.flatMap(([, field, value]) => [field.of(value === "gid" ? gid : value), field.mask]);
  }

  perform(cpu: HostCpu, operands: readonly bigint[]): void {
    let next = 0;
    for (const words of this.#parts()) {
      for (let i = 0; i < 2 * words.length; i++) cpu.setGpr(SCRATCH[i]!, operands[next++]!);
      cpu.perform(words);
    }
  }
}
