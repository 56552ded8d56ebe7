/**
 * A machine with nothing but memory, and an assembled program in it: the least that executes.
 *
 * @module
 */
import { assemble, type Program, type Segment } from "./asm/mod.ts";
import type { Bus, IocsrSpace, RamWindow } from "./bus.ts";
import { readCsr, writeCsr } from "./csr/access.ts";
import type { CsrDeclaration } from "./csr/define.ts";
import { csrByName } from "./csr/table.ts";
import { Machine } from "./machine.ts";
import { allocateMemory } from "./memory.ts";
import type { Profile } from "./profile.ts";
import { PageHistory } from "./snapshot/page_history.ts";
import { type Restore, STATELESS } from "./snapshot/stateful.ts";

/** RAM from physical address 0, and nothing else. */
export class FlatMemory implements Bus {
  /** All of it. */
  readonly bytes: Uint8Array;
  readonly #window: RamWindow;
  readonly #history: PageHistory;

  /**
   * @param size in bytes, a multiple of 4096
   * @throws {RangeError} for any other size
   */
  constructor(size: number) {
    if (!Number.isSafeInteger(size) || size <= 0 || size % 4096 !== 0) {
      throw new RangeError(`Cannot create memory: its size is ${size}, must be a positive multiple of 4096`);
    }
    const memory = allocateMemory(size);
    this.bytes = new Uint8Array(memory.buffer, 0, size);
    this.#history = new PageHistory(this.bytes);
    this.#window = { base: 0, view: new DataView(memory.buffer, 0, size), memory, history: this.#history };
  }

  ramAt(address: number): RamWindow | undefined {
    return address < this.bytes.length ? this.#window : undefined;
  }

  read(): undefined {}

  write(): boolean {
    return false;
  }

  save(): Restore {
    return this.#history.save();
  }
}

/** Options of {@linkcode bareMachine}. */
export interface BareMachineOptions {
  /**
   * Virtual address of the program; it is loaded at the 48 lower bits.
   * @default {0x2000n}
   */
  readonly origin?: bigint;
  /**
   * Size of the memory in bytes.
   * @default {1048576}
   */
  readonly size?: number;
  readonly profile?: Profile;
  /** Number of the core. */
  readonly cpu?: number;
  /** Nothing answers there by default. */
  readonly iocsr?: IocsrSpace;
}

/** What {@linkcode bareMachine} makes. */
export class BareMachine {
  readonly m: Machine;
  readonly memory: FlatMemory;
  readonly program: Program;

  constructor(m: Machine, memory: FlatMemory, program: Program) {
    this.m = m;
    this.memory = memory;
    this.program = program;
  }

  /**
   * The address of a label.
   *
   * @throws {RangeError} if the program has no such label
   */
  at(label: string): bigint {
    const address = this.program.symbols.get(label);
    if (address === undefined) {
      throw new RangeError(`Cannot find ${label}: the program has no such label`);
    }
    return address;
  }

  /** A register of the host, as csrrd reads it. */
  csr(name: string): bigint {
    return readCsr(this.m, false, declaration(name));
  }

  /** Writes registers of the host by name, in the order given, as csrwr does. */
  setCsrs(values: Readonly<Record<string, bigint>>): void {
    for (const [name, value] of Object.entries(values)) {
      writeCsr(this.m, false, declaration(name), value, "own");
    }
  }
}

function declaration(name: string): CsrDeclaration {
  const found = csrByName(name);
  if (found === undefined) throw new RangeError(`Cannot access CSR ${name}: there is no such register`);
  return found;
}

const PHYSICAL = (1n << 48n) - 1n;
const NOTHING: IocsrSpace = { read: () => undefined, write: () => false, save: () => STATELESS };

function load({ bytes: memory }: FlatMemory, { name, address, bytes }: Segment): void {
  const at = Number(address & PHYSICAL);
  if (at + bytes.length > memory.length) {
    const end = `0x${(at + bytes.length).toString(16)}`;
    throw new RangeError(`Cannot load ${name}: it ends at ${end}, memory at 0x${memory.length.toString(16)}`);
  }
  memory.set(bytes, at);
}

/**
 * Assembles a program, loads it into fresh memory, and sets a fresh machine to its entry.
 *
 * @throws {AssemblyErrors} for mistakes in the source
 * @throws {RangeError} if the program does not fit the memory
 *
 * @example
 * ```ts
 * import { bareMachine } from "./bare_machine.ts";
 * import { ReferenceEngine } from "./exec/reference.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { m } = bareMachine("addi.d $a0, $zero, 5\n slli.d $a0, $a0, 1");
 * new ReferenceEngine().run(m, { budget: 2 });
 * assertEquals(m.gpr[4], 10n);
 * ```
 */
export function bareMachine(source: string, options: BareMachineOptions = {}): BareMachine {
  const { origin = 0x2000n, size = 1 << 20, profile, cpu, iocsr = NOTHING } = options;
  const program = assemble(source, { origin, csrNumber: (name) => csrByName(name)?.number });
  const memory = new FlatMemory(size);
  for (const segment of program.segments) load(memory, segment);
  const m = new Machine({
    bus: memory,
    iocsr,
    ...(profile === undefined ? {} : { profile }),
    ...(cpu === undefined ? {} : { cpu }),
  });
  m.pc = program.entry;
  return new BareMachine(m, memory, program);
}
