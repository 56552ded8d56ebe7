/**
 * Calls functions of a hypervisor's machine code as its C code would, and sees what they do: they may enter a guest, take its exit,
 * call back, and must return.
 *
 * @module
 */
import {
  csrName,
  disassemble,
  encode,
  exceptionByCode,
  ISA,
  type Machine,
  MachineError,
  registerName,
  type StopPoints,
} from "../../core/mod.ts";
import { ESTAT } from "../../core/csr/basic.ts";
import { TLBRBADV, TLBRENTRY, TLBRERA } from "../../core/csr/translation.ts";
import type { Refill } from "../contract.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { type CodeSegment, type MachineCode, PHYSICAL } from "./code.ts";
import { CodeTrace, type HostStep } from "./trace.ts";

/** A function of the C code, which machine code calls. Arguments are a0 to a7; the result goes to a0. */
export interface HostFunction {
  readonly name: string;
  call(args: readonly bigint[]): bigint;
}

/** An exit of the guest. */
export interface Arrival {
  readonly via: "general" | "refill";
  readonly vector: bigint;
  /** TLBRBADV and TLBRERA at that moment. */
  readonly refill: Refill;
  /** What the guest left in the general registers. */
  readonly gprs: BigUint64Array;
}

/** How a call ended. */
export interface CodeRun {
  /** False if the guest used up its budget. */
  readonly returned: boolean;
  /** What the function returned in a0. */
  readonly value: bigint;
  /** Oldest first. */
  readonly arrivals: readonly Arrival[];
}

const RA = 1;
const SP = 3;
const A0 = 4;
const ARGUMENTS = 8;
/** a1 to a7 and t0 to t8: what a C function may leave in any state. */
const CALLER_SAVED = [5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20];
/** Functions of the C code lie behind each other from here on: where no memory is, and near enough for a branch. */
const FUNCTIONS = 0x9000_0000_0200_0000n;
/** The distance of functions that a runner provides. */
export const FUNCTION_BYTES = 16;

/** The address of the n-th function that a runner provides, from 0. */
export function functionAddress(n: number): bigint {
  return FUNCTIONS + BigInt(n * FUNCTION_BYTES);
}

/** What a C function leaves in the registers that it may use: recognisable. */
const CLOBBERED = 0xc0de_c10b_be4e_d000n;
/** More instructions between two entries mean that the code does not come to an end. */
const HOST_BUDGET = 100_000;
const STACK_ALIGNMENT = 16n;

const ERTN = word("ertn");

function word(name: string): number {
  const instruction = ISA.get(name);
  if (instruction === undefined) throw new RangeError(`Cannot run machine code: there is no ${name}`);
  return encode(instruction, []);
}

/** Runs one hypervisor's code. */
export class CodeRunner {
  readonly code: MachineCode;
  readonly trace = new CodeTrace();
  /** Called at the first ertn of each call, right before it. */
  onEntry: ((m: Machine) => void) | undefined;
  /** Called before each instruction that calls a function. */
  onCall: ((m: Machine, word: number) => void) | undefined;
  readonly #cpu: HostCpu;
  /** By physical address. */
  readonly #functions = new Map<number, HostFunction>();
  /** Where the called function returns to. */
  #returnAddress = 0;
  /** Physical addresses of the code. */
  readonly #ranges: readonly (readonly [start: number, end: number])[];
  readonly #traced: boolean;

  /** @param traced watches every instruction; without that {@linkcode trace} stays empty, and the code must not write itself */
  constructor(cpu: HostCpu, code: MachineCode, traced = cpu.traced) {
    this.#cpu = cpu;
    this.#traced = traced;
    this.code = code;
    this.#ranges = code.segments.map(({ address, size }) =>
      [Number(address & PHYSICAL), Number((address & PHYSICAL) + size)] as const
    );
  }

  /**
   * Makes a function that machine code can call.
   *
   * @param address one of the code's own, whose function is replaced; {@linkcode functionAddress} by default
   */
  provide(f: HostFunction, address = functionAddress(this.#functions.size)): bigint {
    this.#functions.set(Number(address & PHYSICAL), f);
    return address;
  }

  /** The function at an address. */
  functionAt(address: bigint): HostFunction | undefined {
    return this.#functions.get(Number(address & PHYSICAL));
  }

  /**
   * Calls a function with arguments in a0 and up. It returns to the address that is in ra, where there is no code.
   *
   * @param budget instructions for the guest
   * @throws {HypervisorError} if the code raises an exception, leaves its memory, breaks the calling convention or does not end
   */
  call(entry: bigint, args: readonly bigint[], budget: number): CodeRun {
    const cpu = this.#cpu;
    const { clock, gpr } = cpu.machine;
    args.forEach((value, i) => cpu.setGpr(A0 + i, value));
    this.#returnAddress = Number(cpu.gpr(RA) & PHYSICAL);
    cpu.jump(entry);
    this.trace.start();
    const arrivals: Arrival[] = [];
    let end: number | undefined;
    while (this.#runHost() === "entry") {
      if (end === undefined) this.onEntry?.(cpu.machine);
      end ??= clock.executed + budget;
      const stop = this.#enterGuest(end - clock.executed);
      if (stop !== "exit") return { returned: false, value: 0n, arrivals };
      arrivals.push(this.#arrival());
    }
    return { returned: true, value: gpr[A0] ?? 0n, arrivals };
  }

  #enterGuest(budget: number): "exit" | "budget" {
    const { machine } = this.#cpu;
    if (this.#isTraced) this.trace.before(machine, ERTN);
    const place = this.code.place(machine.pc).name;
    try {
      const stop = this.#cpu.ertn(budget);
      this.trace.after(machine);
      if (stop.kind !== "host") return "budget";
      this.trace.exited();
      return "exit";
    } catch (error) {
      if (error instanceof HypervisorError) {
        throw new HypervisorError(`${error.message}; the ertn is at ${place}, and GSTAT.PVM was 0`);
      }
      throw error;
    }
  }

  #arrival(): Arrival {
    const { host, pc, gpr } = this.#cpu.machine;
    const isRefill = host.read(TLBRERA) & TLBRERA.IsTLBR.mask && pc === host.read(TLBRENTRY);
    const refill = { gpa: host.read(TLBRBADV), pc: host.read(TLBRERA) & ~3n };
    return { via: isRefill ? "refill" : "general", vector: pc, refill, gprs: gpr.slice() };
  }

  get #isTraced(): boolean {
    return this.#traced || this.#cpu.observer.beforeInstruction !== undefined;
  }

  /** Runs host code up to its return or to an ertn. */
  #runHost(): "returned" | "entry" {
    return this.#isTraced ? this.#traceHost() : this.#runFreely();
  }

  /** Stops only where the code calls, returns or enters the guest. */
  #runFreely(): "returned" | "entry" {
    const { machine } = this.#cpu;
    const { trapped } = machine.clock;
    const end = machine.clock.executed + HOST_BUDGET;
    const stops = this.#stopPoints();
    for (;;) {
      const kind = this.#run(end - machine.clock.executed, stops);
      if (machine.clock.trapped !== trapped) throw this.#unexpectedException();
      if (kind !== "requested") throw this.#endless(kind);
      const at = this.#callFunctions(machine);
      if (at === this.#returnAddress) return "returned";
      const next = this.#fetch(machine, at);
      if (next === ERTN) return "entry";
      if (!isCall(next)) continue;
      this.#checkStack(machine, next);
      this.#cpu.stepCode();
    }
  }

  #stopPoints(): StopPoints {
    return { addresses: new Set([...waysOut(this.code), ...this.#functions.keys(), this.#returnAddress]) };
  }

  #traceHost(): "returned" | "entry" {
    const { machine } = this.#cpu;
    const { clock } = machine;
    let trapped = clock.trapped;
    let reached: "returned" | "entry" | undefined;
    const before = (m: Machine): boolean => {
      this.trace.after(m);
      if (clock.trapped !== trapped) throw this.#unexpectedException();
      trapped = clock.trapped;
      const at = this.#callFunctions(m);
      if (at === this.#returnAddress) reached = "returned";
      else {
        const next = this.#fetch(m, at);
        if (next === ERTN) reached = "entry";
        else this.#prepare(m, next);
      }
      return reached !== undefined;
    };
    const stop = this.#run(HOST_BUDGET, before);
    if (reached !== undefined) return reached;
    throw this.#endless(stop);
  }

  #endless(stop: string): HypervisorError {
    return new HypervisorError(
      `Cannot go on in the hypervisor's code: ` +
        `after ${HOST_BUDGET} instructions it is at ${this.#here()} (${stop}) and has neither entered the guest nor returned`,
    );
  }

  #run(budget: number, until: StopPoints | ((m: Machine) => boolean)): string {
    try {
      return this.#cpu.runCode(budget, until).kind;
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      throw new HypervisorError(`Cannot go on at ${this.#here()}: ${error.message}`, { cause: error });
    }
  }

  #prepare(m: Machine, next: number): void {
    this.#cpu.observer.beforeInstruction?.(m, next);
    if (isCall(next)) {
      this.#checkStack(m, next);
      this.onCall?.(m, next);
    }
    this.trace.before(m, next);
  }

  /** The word at `pc`, which has to be in the code. */
  #fetch(m: Machine, at: number): number {
    const ram = this.#isCode(at) ? m.bus.ramAt(at) : undefined;
    if (ram !== undefined) return ram.view.getUint32(at - ram.base, true);
    throw new HypervisorError(
      `Cannot go on in the hypervisor's code: it jumped to ${this.#here()}, where it has no code${this.#cameFrom()}`,
    );
  }

  #isCode(at: number): boolean {
    for (const [start, end] of this.#ranges) if (at >= start && at < end) return true;
    return false;
  }

  /**
   * Functions of the C code, one after the other where one is called in place of a return.
   *
   * @returns the physical address at which the code goes on
   */
  #callFunctions(m: Machine): number {
    for (;;) {
      const at = Number(m.pc & PHYSICAL);
      const f = this.#functions.get(at);
      if (f === undefined) return at;
      const args = Array.from({ length: ARGUMENTS }, (_, i) => m.gpr[A0 + i] ?? 0n);
      const result = f.call(args);
      for (const r of CALLER_SAVED) m.gpr[r] = CLOBBERED + BigInt(r);
      m.gpr[A0] = BigInt.asUintN(64, result);
      this.#cpu.jump(m.gpr[RA] ?? 0n);
    }
  }

  #checkStack(m: Machine, next: number): void {
    const sp = m.gpr[SP] ?? 0n;
    if (sp % STACK_ALIGNMENT === 0n) return;
    throw new HypervisorError(
      `Cannot call a function by ${this.textOf({ word: next, pc: m.pc })}: ` +
        `$sp is 0x${sp.toString(16)}, no multiple of ${STACK_ALIGNMENT}${this.#lastWrite(SP)}`,
    );
  }

  #unexpectedException(): HypervisorError {
    const { host } = this.#cpu.machine;
    const step = this.trace.steps.at(-1);
    const isRefill = (host.read(TLBRERA) & TLBRERA.IsTLBR.mask) !== 0n;
    const estat = host.read(ESTAT);
    const kind = exceptionByCode(ESTAT.Ecode.number(estat), ESTAT.EsubCode.number(estat));
    const name = isRefill ? "a TLB refill" : kind?.name ?? "an exception";
    if (step === undefined) return new HypervisorError(`Cannot go on in the hypervisor's code: ${name}`);
    const address = step.memory === undefined ? "" : ` for address 0x${step.memory.address.toString(16)}`;
    return new HypervisorError(
      `Cannot go on in the hypervisor's code: ${this.textOf(step)} raised ${name} in host mode${address}`,
    );
  }

  /** How the code came to a place that is none. */
  #cameFrom(): string {
    const step = this.trace.steps.at(-1);
    return step === undefined ? "" : `, by ${this.textOf(step)}${this.#lastWrite(RA)}`;
  }

  #lastWrite(register: number): string {
    const step = this.trace.steps.findLast((s) => s.register === register);
    return step === undefined ? "" : `; ${registerName(register)} was last written by ${this.textOf(step)}`;
  }

  /** An instruction with its place: `ld.d $ra, $sp, 8 at leave+0x10 (switch.S:40)`. */
  textOf({ word: w, pc }: Pick<HostStep, "word" | "pc">): string {
    const { name, source } = this.code.place(pc);
    const text = disassemble(w, { pc, csrNames: csrName }).replace(
      /0x[0-9a-f]{6,}$/,
      (target) => this.functionAt(BigInt(target))?.name ?? this.code.place(BigInt(target)).name,
    );
    return `\`${text}\` at ${name}${source === undefined ? "" : ` (${source})`}`;
  }

  #here(): string {
    return this.code.place(this.#cpu.machine.pc).name;
  }
}

/** Where code has words that call functions or enter a guest; some may be data. A memo of a pure function. */
const WAYS_OUT = new WeakMap<MachineCode, readonly number[]>();

function waysOut(code: MachineCode): readonly number[] {
  let found = WAYS_OUT.get(code);
  if (found === undefined) WAYS_OUT.set(code, found = code.segments.flatMap(waysOutOf));
  return found;
}

function waysOutOf({ address, bytes }: CodeSegment): readonly number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const start = Number(address & PHYSICAL);
  const offsets = Array.from({ length: Math.floor(bytes.length / 4) }, (_, i) => 4 * i);
  const isWay = (w: number) => w === ERTN || isCall(w);
  return offsets.filter((at) => isWay(view.getUint32(at, true))).map((at) => start + at);
}

/** bl, and jirl that links: bits 31:26 are 0x15, or 0x13 with ra in bits 4:0. */
function isCall(w: number): boolean {
  const opcode = w >>> 26;
  return opcode === 0x15 || (opcode === 0x13 && (w & 31) === RA);
}
