/**
 * The processor as hypervisor software sees it: instructions, and nothing else. Software written in TypeScript stands in for machine
 * code; each of its steps executes one real instruction word in host mode, takes its time and is subject to every check.
 *
 * @module
 */
import {
  type CsrDeclaration,
  csrName,
  disassemble,
  encode,
  type Engine,
  type Field,
  type Machine,
  type Stop,
  type StopPoints,
} from "../core/mod.ts";
import { isSame } from "../core/halves.ts";
import { type EntryRoutine, ERTN, instructionOf, type Routine } from "./routine.ts";

/** Software did what raises an exception in host mode: a bug of the world switch, not of the guest. */
export class HypervisorError extends Error {
  override readonly name = "HypervisorError";
}

/** Sees the machine at the two moments when the world changes. For tests; software has no such thing. */
export interface WorldObserver {
  /** Right before the ertn that enters the guest. */
  beforeEntry?(m: Machine): void;
  /** Right after the hardware left guest mode, before any host instruction. */
  afterExit?(m: Machine): void;
  /** Before each instruction of the hypervisor, with its operands in place. */
  beforeInstruction?(m: Machine, word: number): void;
}

function copySome(from: BigUint64Array, to: BigUint64Array, registers: readonly number[]): void {
  for (let i = 0; i < registers.length; i++) to[registers[i]!] = from[registers[i]!]!;
}

/** Bits of a physical address. */
const PHYSICAL = (1n << 48n) - 1n;
const SP = 3;
/** Registers that host software uses as scratch: $t0, $t1. */
const T0 = 12;
const T1 = 13;

/** The host's processor. */
export class HostCpu {
  readonly machine: Machine;
  observer: WorldObserver = {};
  /** True if every instruction of machine code is watched. What can only be told then, and reports of failures, need it. */
  readonly traced: boolean;
  #engine: Engine;
  /** What was asked for last: a stack frame is at the same place for every exit. */
  #frame: BigUint64Array | undefined;
  /** The stack pointer with that. */
  #frameSp = 0n;

  constructor(machine: Machine, engine: Engine, traced = true) {
    this.machine = machine;
    this.traced = traced;
    this.#engine = engine;
  }

  /** Has another engine execute its instructions from now on. */
  continueOn(engine: Engine): void {
    this.#engine = engine;
  }

  /** Continues host software at an address: where its next instructions lie. */
  jump(address: bigint): void {
    this.machine.pc = this.machine.nextPc = address;
  }

  /** Reads a general register. */
  gpr(register: number): bigint {
    return this.machine.gpr[register]!;
  }

  /** Loads a constant into a general register; r0 stays 0. */
  setGpr(register: number, value: bigint): void {
    if (register !== 0) this.machine.gpr[register] = value;
  }

  /**
   * Memory of the hypervisor's own, as 64-bit words: what it loads and stores there takes no instructions, like its work in general
   * registers. Where the machine has no such memory, words of nobody's.
   *
   * @param address in the direct map, a multiple of 8
   */
  words(address: bigint, count: number): BigUint64Array {
    const physical = Number(address & PHYSICAL);
    const ram = this.machine.bus.ramAt(physical);
    const offset = ram === undefined ? 0 : physical - ram.base;
    if (ram === undefined || offset + count * 8 > ram.view.byteLength) return new BigUint64Array(count);
    ram.history?.hold(offset, count * 8);
    return new BigUint64Array(ram.view.buffer, ram.view.byteOffset + offset, count);
  }

  /** The words below the stack pointer: a frame of so many. */
  frame(count: number): BigUint64Array {
    const last = this.#frame;
    const sp = this.gpr(SP);
    if (last?.length === count && isSame(sp, this.#frameSp)) return last;
    this.#frameSp = sp;
    return this.#frame = this.words(sp - BigInt(8 * count), count);
  }

  /** csrrd */
  csrrd(csr: CsrDeclaration): bigint {
    return this.#csr("csrrd", csr, 0n);
  }

  /** csrwr; returns the old value. */
  csrwr(csr: CsrDeclaration, value: bigint): bigint {
    return this.#csr("csrwr", csr, value);
  }

  /** csrxchg; returns the old value. */
  csrxchg(csr: CsrDeclaration, value: bigint, mask: bigint): bigint {
    return this.#exchange("csrxchg", csr, value, mask);
  }

  /** csrxchg of one field; returns the field's old value. */
  setField(csr: CsrDeclaration, field: Field, value: bigint): bigint {
    return field.get(this.csrxchg(csr, field.of(value), field.mask));
  }

  /** gcsrrd */
  gcsrrd(csr: CsrDeclaration): bigint {
    return this.#csr("gcsrrd", csr, 0n);
  }

  /** gcsrwr; returns the old value. */
  gcsrwr(csr: CsrDeclaration, value: bigint): bigint {
    return this.#csr("gcsrwr", csr, value);
  }

  /** gcsrxchg; returns the old value. */
  gcsrxchg(csr: CsrDeclaration, value: bigint, mask: bigint): bigint {
    return this.#exchange("gcsrxchg", csr, value, mask);
  }

  /** invtlb with ASID and GID in rj, the address in rk. */
  invtlb(op: number, rj = 0n, rk = 0n): void {
    this.setGpr(T0, rj);
    this.setGpr(T1, rk);
    this.#execute("invtlb", op, T0, T1);
  }

  /** lddir: the next directory on a walk for TLBRBADV. */
  lddir(table: bigint, level: number): bigint {
    this.setGpr(T0, table);
    this.#execute("lddir", T0, T0, level);
    return this.gpr(T0);
  }

  /** iocsrrd of a width in bytes; sign-extended as the instruction does. */
  iocsrrd(address: bigint, width: 1 | 2 | 4 | 8): bigint {
    this.setGpr(T1, address);
    this.#execute(`iocsrrd.${WIDTHS[width]}`, T0, T1);
    return this.gpr(T0);
  }

  /** iocsrwr of a width in bytes. */
  iocsrwr(address: bigint, width: 1 | 2 | 4 | 8, value: bigint): void {
    this.setGpr(T0, value);
    this.setGpr(T1, address);
    this.#execute(`iocsrwr.${WIDTHS[width]}`, T0, T1);
  }

  /** cpucfg */
  cpucfg(index: bigint): bigint {
    this.setGpr(T1, index);
    this.#execute("cpucfg", T0, T1);
    return this.gpr(T0);
  }

  /** rdtime.d: the stable counter. */
  rdtime(): bigint {
    this.#execute("rdtime.d", T0, 0);
    return this.gpr(T0);
  }

  /** st.d */
  store(address: bigint, value: bigint): void {
    this.setGpr(T0, value);
    this.setGpr(T1, address);
    this.#execute("st.d", T0, T1, 0);
  }

  /**
   * ertn, and the guest runs until the hardware leaves guest mode. Afterwards `machine.pc` is the vector at which the exit arrived.
   *
   * @param budget instructions for the guest
   * @throws {HypervisorError} if ertn did not enter guest mode
   */
  ertn(budget: number): Stop {
    const m = this.machine;
    this.observer.beforeInstruction?.(m, ERTN);
    this.observer.beforeEntry?.(m);
    this.#engine.execute(m, ERTN);
    if (!m.inGuest) throw this.#notEntered();
    return this.#leftGuest(this.#engine.run(m, { budget, untilHost: true }));
  }

  /**
   * Executes a straight line of instructions, loads all general registers from memory of the hypervisor's own, and enters the guest as
   * {@linkcode ertn} does.
   */
  enterGuest({ before, words }: EntryRoutine, gprs: BigUint64Array, budget: number): Stop {
    const { beforeInstruction, beforeEntry } = this.observer;
    const engine = this.#engine;
    if (engine.enter === undefined || beforeInstruction !== undefined || beforeEntry !== undefined) {
      this.perform(before);
      this.loadGprs(gprs);
      return this.ertn(budget);
    }
    const m = this.machine;
    if (m.inGuest) throw notInHostMode(words[0]);
    const stop = engine.enter(m, words, gprs, budget);
    if (typeof stop !== "number") return this.#leftGuest(stop);
    throw stop < words.length ? interrupted(words[stop]) : this.#notEntered();
  }

  #leftGuest(stop: Stop): Stop {
    if (stop.kind === "host") this.observer.afterExit?.(this.machine);
    return stop;
  }

  #notEntered(): HypervisorError {
    return new HypervisorError(
      `Cannot enter the guest: ertn continued in host mode at 0x${this.machine.pc.toString(16)}`,
    );
  }

  /**
   * Runs the host's machine code from `pc` on.
   *
   * @param until before which instructions to end: a function that is asked before each, or points
   */
  runCode(budget: number, until: StopPoints | ((m: Machine) => boolean)): Stop {
    const end = typeof until === "function" ? { onInstruction: until } : { stopBefore: until };
    return this.#engine.run(this.machine, { budget, ...end });
  }

  /** Executes the one instruction of machine code at `pc`. */
  stepCode(): void {
    this.#engine.run(this.machine, { budget: 1 });
  }

  /** Executes a straight line of instructions. */
  perform(words: Routine): void {
    const engine = this.#engine;
    const m = this.machine;
    if (engine.executeAll === undefined || this.observer.beforeInstruction !== undefined) {
      for (const word of words) this.#executeWord(word);
      return;
    }
    if (m.inGuest) throw notInHostMode(words[0]);
    const count = engine.executeAll(m, words);
    if (count < words.length) throw interrupted(words[count]);
  }

  /** Saves general registers in memory of the hypervisor's own, each at its number: all of them, or some. */
  saveGprs(into: BigUint64Array, some?: readonly number[]): void {
    const { gpr } = this.machine;
    if (some === undefined) into.set(gpr);
    else copySome(gpr, into, some);
  }

  /** Loads general registers from there; r0 stays 0. */
  loadGprs(from: BigUint64Array, some?: readonly number[]): void {
    const { gpr } = this.machine;
    if (some === undefined) gpr.set(from);
    else copySome(from, gpr, some);
    gpr[0] = 0n;
  }

  #csr(name: CsrAccessName, csr: CsrDeclaration, value: bigint): bigint {
    const words = CSR_WORDS[name];
    this.setGpr(T0, value);
    this.#executeWord(words[csr.number] ??= encodeWord(name, [T0, csr.number]));
    return this.gpr(T0);
  }

  #exchange(name: CsrExchangeName, csr: CsrDeclaration, value: bigint, mask: bigint): bigint {
    const words = CSR_WORDS[name];
    this.setGpr(T0, value);
    this.setGpr(T1, mask);
    this.#executeWord(words[csr.number] ??= encodeWord(name, [T0, T1, csr.number]));
    return this.gpr(T0);
  }

  #execute(name: string, a = 0, b = 0, c = 0): void {
    this.#executeWord(wordOf(name, a, b, c));
  }

  #executeWord(word: number): void {
    const m = this.machine;
    const next = BigInt.asUintN(64, m.pc + 4n);
    if (m.inGuest) throw notInHostMode(word);
    this.observer.beforeInstruction?.(m, word);
    this.#engine.execute(m, word);
    if (!isSame(m.pc, next)) throw interrupted(word);
  }
}

function textOf(word = 0): string {
  return disassemble(word, { csrNames: csrName });
}

function notInHostMode(word: number | undefined): HypervisorError {
  return new HypervisorError(`Cannot execute ${textOf(word)}: the guest is running`);
}

function interrupted(word: number | undefined): HypervisorError {
  return new HypervisorError(
    `Cannot go on in the hypervisor: ${textOf(word)} raised an exception in host mode`,
  );
}

type CsrAccessName = "csrrd" | "csrwr" | "gcsrrd" | "gcsrwr";
type CsrExchangeName = "csrxchg" | "gcsrxchg";

/** Words of accesses with $t0, and $t1 for a mask, by CSR number. A memo of a pure function, like the one below. */
const CSR_WORDS: Readonly<Record<CsrAccessName | CsrExchangeName, number[]>> = {
  csrrd: [],
  csrwr: [],
  csrxchg: [],
  gcsrrd: [],
  gcsrwr: [],
  gcsrxchg: [],
};

/** Words by mnemonic and operands: every world switch executes the same few hundred words. */
const WORDS = new Map<string, Map<number, number>>();
/** Operands are below this: registers, CSR numbers, small immediates. */
const OPERAND_LIMIT = 1 << 14;

/** Operands that the instruction does not have are 0. */
function wordOf(name: string, a = 0, b = 0, c = 0): number {
  let known = WORDS.get(name);
  if (known === undefined) WORDS.set(name, known = new Map());
  const key = (a * OPERAND_LIMIT + b) * OPERAND_LIMIT + c;
  let word = known.get(key);
  if (word === undefined) known.set(key, word = encodeWord(name, [a, b, c]));
  return word;
}

function encodeWord(name: string, operands: readonly number[]): number {
  const instruction = instructionOf(name);
  return encode(instruction, operands.slice(0, instruction.operands.length));
}

const WIDTHS = { 1: "b", 2: "h", 4: "w", 8: "d" } as const;
