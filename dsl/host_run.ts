/**
 * Runs a case in host mode.
 *
 * @module
 */
import {
  type CsrDeclaration,
  CSRS,
  type Machine,
  type Profile,
  type Program,
  readCsr,
  type Stop,
  type StopPoints,
  takeMachineError,
  writeCsr,
} from "../core/mod.ts";
import { EENTRY, ERA, ESTAT, MERRENTRY, MERRERA } from "../core/csr/basic.ts";
import { TLBRENTRY, TLBRERA } from "../core/csr/translation.ts";
import type { Run, Stopped } from "./attempt.ts";
import { compareMasked, compareRegisters, exceptionName, UNNAMED } from "./compare.ts";
import { hex } from "../core/hex.ts";
import { placeOf } from "./decode.ts";
import { type Difference, unequal } from "./difference.ts";
import { CaseError } from "./errors.ts";
import type { Execution } from "./execution.ts";
import type { HostCase, HostExpectation } from "./host_case.ts";
import { type CsrValues, Names, type RegisterValues } from "./names.ts";
import { ValueSnapshot } from "./observe.ts";
import { HISTORY, type Problem } from "./outcome.ts";
import { CODE, END_LABEL } from "./program.ts";
import { type MemoryExpectation, optionalValue, resolveLines, resolveMemory } from "./resolve.ts";
import { warmMachine } from "./warm.ts";

const MEMORY = 0x40000;
const DEFAULT_BUDGET = 10_000;
/** Cases in host mode begin with a machine as it is after reset. */
const RESET = {};
/** Where vectors lead that the code did not set. */
const UNHANDLED_REFILL = 0x4000n;
const UNHANDLED_ERROR = 0x6000n;
/** With the largest ECFG.VS its vectors stay below {@linkcode CODE}. */
const UNHANDLED = 0x8000n;
/** All of these: no code is loaded there. */
const VECTORS = { start: Number(UNHANDLED_REFILL), end: Number(CODE) };
const PHYSICAL = (1n << 48n) - 1n;
/** MERRCTL.Cause of the one error that the manual defines: a cache checksum. */
const MACHINE_ERROR_CAUSE = 1;
/** What an exception records in its world's registers, and what the exceptions with registers of their own do. */
const RECORDED: readonly string[] = ["CRMD", "PRMD", "ESTAT", "ERA", "BADI", "BADV", "TLBEHI", "GSTAT"];
const RECORDED_SPECIALLY: Readonly<Record<string, readonly string[]>> = {
  "end": [],
  "refill": ["CRMD", "TLBRERA", "TLBRBADV", "TLBREHI", "TLBRPRMD"],
  "machine error": ["CRMD", "MERRCTL", "MERRERA", "MERRINFO1", "MERRINFO2"],
};
/** TVAL counts and PGD follows other registers, by themselves. */
const MOVING: readonly string[] = ["TVAL", "PGD"];

/** {@linkcode HostExpectation} with names looked up. */
interface Expected {
  readonly ends: NonNullable<HostExpectation["ends"]>;
  readonly at: bigint | undefined;
  readonly regs: RegisterValues;
  readonly otherRegs: "unchanged" | "any";
  readonly host: { readonly named: CsrValues; readonly others: "unchanged" | "any" };
  readonly guest: { readonly named: CsrValues; readonly others: "unchanged" | "any" };
  readonly memory: readonly MemoryExpectation[];
}

function resolve(expect: HostExpectation, names: Names): Expected {
  return {
    ends: expect.ends ?? "end",
    at: optionalValue(expect.at, names, "expect.at"),
    regs: names.registers(expect.regs, "expect.regs"),
    otherRegs: expect.otherRegs ?? "unchanged",
    host: { named: names.csrs(expect.csr, "expect.csr"), others: expect.otherCsrs ?? "unchanged" },
    guest: { named: names.csrs(expect.gcsr, "expect.gcsr"), others: expect.otherGcsrs ?? "unchanged" },
    memory: resolveMemory(expect.memory, names, "expect.memory"),
  };
}

/** The registers of a world as software reads them. */
type Values = ReadonlyMap<CsrDeclaration, bigint>;

/** A case in host mode under way. */
export class HostRun implements Run {
  readonly finish: () => void;
  readonly #expected: Expected;
  readonly #budget: number;
  readonly #machineErrorAt: bigint | undefined;
  readonly #how: Execution;
  readonly #machine: Machine;
  readonly #program: Program;

  constructor(c: HostCase, program: Program, profile: Profile, how: Execution) {
    const { engine } = how;
    const names = new Names(program, profile);
    this.#expected = resolve(c.expect, names);
    this.#budget = c.budget ?? DEFAULT_BUDGET;
    this.#machineErrorAt = optionalValue(c.machineErrorAt, names, "machineErrorAt");
    this.#how = how;
    this.#program = program;
    const { machine, release } = warmMachine({
      key: RESET,
      engine,
      profile,
      memory: MEMORY,
      prepare: () => {},
    });
    this.#machine = machine;
    this.finish = release;
    this.#load();
    this.#prepare(c, names);
  }

  #load(): void {
    for (const { name, address, bytes } of this.#program.segments) {
      if (address + BigInt(bytes.length) > MEMORY) {
        throw new CaseError(`Cannot load ${name} at ${hex(address)}: memory ends at ${hex(BigInt(MEMORY))}`);
      }
      bytes.forEach((byte, i) => this.#machine.writePhysical(Number(address) + i, 1, BigInt(byte)));
    }
  }

  #prepare(c: HostCase, names: Names): void {
    const m = this.#machine;
    for (let r = 1; r < 32; r++) m.gpr[r] = 0x9000_0000_0bad_0000n + BigInt(r);
    for (const [r, value] of names.registers(c.set, "set")) m.gpr[r] = value;
    m.host.write(EENTRY, UNHANDLED);
    m.host.write(TLBRENTRY, UNHANDLED_REFILL);
    m.host.write(MERRENTRY, UNHANDLED_ERROR);
    this.#writeCsrs(names.csrs(c.csr, "csr"), false);
    this.#writeCsrs(names.csrs(c.gcsr, "gcsr"), true);
    for (const [position, level] of resolveLines(c.lines, "lines")) m.setLine(position, level);
    m.pc = m.nextPc = this.#program.entry;
  }

  #writeCsrs(values: CsrValues, isGuest: boolean): void {
    for (const [csr, { value, mask }] of values) {
      const old = readCsr(this.#machine, isGuest, csr);
      writeCsr(this.#machine, isGuest, csr, (old & ~mask) | (value & mask), isGuest ? "host" : "own");
    }
  }

  get profile(): string {
    return this.#machine.profile.name;
  }

  stopped(): Stopped {
    return { history: this.#machine.history.last(HISTORY), program: this.#program };
  }

  execute(): Problem | undefined {
    const m = this.#machine;
    const before = { gprs: new ValueSnapshot(m.gpr), host: this.#values(false), guest: this.#values(true) };
    const stuck = this.#run();
    if (stuck !== undefined) return this.#fail(stuck);
    const ended = this.#ended();
    const { ends, regs, otherRegs } = this.#expected;
    if (ended !== ends) {
      const wanted = ends === "end" ? "the end of the code" : ends;
      return this.#fail(`expected ${wanted}, got ${this.#endText(ended)}`);
    }
    const differences = [
      ...this.#comparePlace(ended),
      ...compareRegisters(new ValueSnapshot(m.gpr), before.gprs, regs, otherRegs),
      ...this.#compareCsrs(before.host, false, ended),
      ...this.#compareCsrs(before.guest, true, ended),
      ...this.#compareMemory(),
    ];
    if (differences.length === 0) return undefined;
    return this.#fail(`${this.#endText(ended)} came, but the state is not as it should be`, differences);
  }

  /** Runs the code until it ends; the reason if it does not. */
  #run(): string | undefined {
    const at = this.#machineErrorAt;
    const end = this.#end;
    // A guest that the code enters has addresses of its own.
    const isOver = ({ pc, inGuest }: Machine) =>
      !inGuest && (pc === end || (pc >= UNHANDLED_REFILL && pc < CODE));
    if (at === undefined) return this.#runUntil(isOver);
    const stuck = this.#runUntil((m) => m.pc === at || isOver(m));
    if (stuck !== undefined) return stuck;
    const place = placeOf(at, this.#program);
    if (this.#machine.pc !== at) return `the code ended before it came to ${place} and its machine error`;
    takeMachineError(this.#machine, MACHINE_ERROR_CAUSE, at);
    return this.#runUntil(isOver);
  }

  #runUntil(condition: (m: Machine) => boolean): string | undefined {
    const { engine, traced } = this.#how;
    const m = this.#machine;
    if (traced) return this.#unended(engine.run(m, { budget: this.#budget, onInstruction: condition }));
    const end = m.clock.executed + this.#budget;
    for (;;) {
      const stop = engine.run(m, { budget: end - m.clock.executed, stopBefore: this.#stopPoints() });
      if (stop.kind !== "requested" || condition(m)) return this.#unended(stop);
      engine.run(m, { budget: 1 });
    }
  }

  #unended(stop: Stop): string | undefined {
    return stop.kind === "requested" ? undefined : `the code did not end: ${this.#stopText(stop)}`;
  }

  #stopPoints(): StopPoints {
    const places = [this.#end, this.#machineErrorAt].flatMap((at) => at === undefined ? [] : [at]);
    return { addresses: new Set(places.map((at) => Number(at & PHYSICAL))), unwritten: VECTORS };
  }

  get #end(): bigint | undefined {
    return this.#program.symbols.get("end") ?? this.#program.symbols.get(END_LABEL);
  }

  #values(isGuest: boolean): Values {
    const bank = isGuest ? this.#machine.guest : this.#machine.host;
    const present = CSRS.filter((csr) => bank.has(csr.number) && (!isGuest || csr.options.guest !== "gspr"));
    return new Map(present.map((csr) => [csr, readCsr(this.#machine, isGuest, csr)]));
  }

  // How it ended ---------------------------------------------------------------------------------------------------------

  #stopText(stop: Stop): string {
    const place = placeOf(this.#machine.pc, this.#program);
    switch (stop.kind) {
      case "budget":
        return `it was still running at ${place} when its budget of ${this.#budget} instructions was used up`;
      case "idle":
        return `the processor idles before ${place} and nothing can wake it`;
      case "device":
        return `a device ended the run before ${place} (${stop.reason})`;
      default:
        return `it stopped at ${place}`;
    }
  }

  #ended(): string {
    const { pc, host } = this.#machine;
    if (pc === this.#end) return "end";
    if (pc === UNHANDLED_REFILL) return "refill";
    if (pc === UNHANDLED_ERROR) return "machine error";
    return exceptionName(host.read(ESTAT));
  }

  #returnAddress(ended: string): bigint {
    const { host, pc } = this.#machine;
    if (ended === "end") return pc;
    if (ended === "machine error") return host.read(MERRERA);
    return ended === "refill" ? host.read(TLBRERA) & ~3n : host.read(ERA);
  }

  #endText(ended: string): string {
    if (ended === "end") return "the end of the code";
    return `${ended} at ${placeOf(this.#returnAddress(ended), this.#program)}`;
  }

  #fail(headline: string, differences: readonly Difference[] = []): Problem {
    return {
      result: "fail",
      headline,
      marks: [],
      differences,
      notes: [],
      history: this.#machine.history.last(HISTORY),
      program: this.#program,
    };
  }

  // What holds afterwards ------------------------------------------------------------------------------------------------

  #comparePlace(ended: string): readonly Difference[] {
    const { at } = this.#expected;
    return at === undefined ? [] : unequal("return address", this.#returnAddress(ended), at);
  }

  #compareCsrs(before: Values, isGuest: boolean, ended: string): readonly Difference[] {
    const { named, others } = isGuest ? this.#expected.guest : this.#expected.host;
    const recorded = isGuest ? [] : RECORDED_SPECIALLY[ended] ?? RECORDED;
    return [...before].flatMap(([csr, old]) => {
      const got = readCsr(this.#machine, isGuest, csr);
      const wanted = named.get(csr);
      const what = `${isGuest ? "guest" : "host"} ${csr.name}`;
      if (wanted !== undefined) return compareMasked(what, got, wanted, { csr });
      if (others === "any" || recorded.includes(csr.name) || MOVING.includes(csr.name)) return [];
      return unequal(what, got, old, { csr, why: UNNAMED });
    });
  }

  #compareMemory(): readonly Difference[] {
    return this.#expected.memory.flatMap(({ name, address, value }) =>
      unequal(`memory at ${name}`, this.#machine.readPhysical(Number(address), 8), value)
    );
  }
}
