/**
 * Runs a case on one world switch.
 *
 * @module
 */
import {
  AssemblyErrors,
  type Engine,
  EXCEPTIONS,
  type Executed,
  MachineError,
  type Program,
  registerName,
} from "../core/mod.ts";
import { ESTAT } from "../core/csr/basic.ts";
import {
  type Entered,
  type Exit,
  type HardwareExit,
  HypervisorError,
  serviceInterrupts,
  type WorldSwitch,
} from "../vcpu/mod.ts";
import { assembleCase, Bench, END_CODE, END_LABEL, profileOf } from "./bench.ts";
import type { Case, ExpectedExit, ExpectedHandling, TimedEvent } from "./case.ts";
import {
  type Before,
  brokenPromises,
  Comparison,
  type Difference,
  guestRegisters,
  kindOf,
  sameExit,
} from "./compare.ts";
import { decodeText } from "./decode.ts";
import { CaseError } from "./errors.ts";
import { type RegisterSnapshot, snapshotHost, StayObserver } from "./observe.ts";
import { validate } from "./validate.ts";

/** Why a case did not pass. */
export interface Problem {
  readonly result: "fail" | "error";
  /** What went wrong, in a sentence. */
  readonly headline: string;
  readonly differences: readonly Difference[];
  /** Where the exit was expected, if at a place. */
  readonly expectedAt?: bigint;
  /** Where it happened. */
  readonly actualAt?: bigint;
  /** The last instructions of the guest, oldest first. */
  readonly history: readonly Executed[];
  /** The case's code, if it could be assembled. */
  readonly program?: Program;
}

/** How a case ended on one world switch. */
export interface Outcome {
  readonly worldSwitch: string;
  readonly profile: string;
  /** Undefined if the case passed. */
  readonly problem?: Problem;
}

const DEFAULT_BUDGET = 10_000;
const HISTORY = 8;
/** The smallest page. */
const PAGE = 0x1000n;
/** Instructions that may follow the last expected exit before the case counts as over. */
const AFTERWARDS = 1_000;

/** Runs a case; whatever goes wrong becomes part of the outcome. */
export function runCase(c: Case, worldSwitch: WorldSwitch, engine: Engine): Outcome {
  const outcome = { worldSwitch: worldSwitch.name, profile: profileOf(c).name };
  const run: { current?: CaseRun; program?: Program } = {};
  try {
    validate(c);
    run.program = assembleCase(c);
    run.current = new CaseRun(c, run.program, worldSwitch, engine);
    const problem = run.current.execute();
    return problem === undefined ? outcome : { ...outcome, problem };
  } catch (error) {
    const problem = run.current?.broken(error) ?? brokenCase(error, [], run.program);
    return { ...outcome, problem };
  }
}

/** What an exception thrown while running a case means. */
function brokenCase(error: unknown, history: readonly Executed[], program: Program | undefined): Problem {
  const fails = error instanceof HypervisorError;
  const expected = error instanceof CaseError || error instanceof AssemblyErrors ||
    error instanceof MachineError || fails;
  const text = error instanceof Error
    ? (expected ? error.message : error.stack ?? error.message)
    : String(error);
  return {
    result: fails ? "fail" : "error",
    headline: expected ? text : `the bench itself broke: ${text}`,
    differences: [],
    history,
    ...(program && { program }),
  };
}

/** A case under way. */
class CaseRun {
  readonly #case: Case;
  readonly #program: Program;
  readonly #bench: Bench;
  readonly #observer: StayObserver;
  readonly #budget: number;
  /** The host's registers before the world switch took possession. */
  readonly #unbound: RegisterSnapshot;

  constructor(c: Case, program: Program, worldSwitch: WorldSwitch, engine: Engine) {
    this.#case = c;
    this.#program = program;
    this.#budget = c.budget ?? DEFAULT_BUDGET;
    this.#bench = new Bench(c, program, worldSwitch, engine);
    this.#observer = new StayObserver(this.#bench.cpu);
    this.#unbound = snapshotHost(this.#bench.machine);
    this.#prepare();
  }

  #prepare(): void {
    const { vcpu, names } = this.#bench;
    const c = this.#case;
    for (const m of c.map ?? []) this.#bench.map(m);
    vcpu.bind();
    for (const [r, value] of names.registers(c.set, "set")) vcpu.setGpr(r, value);
    this.#bench.setGuestCsrs(names.csrs(c.csr, "csr"));
    this.#bench.setHostCsrs(names.csrs(c.host, "host"));
    for (const i of names.interrupts(c.inject, "inject")) vcpu.injectInterrupt(i);
    this.#bench.setLines(c.lines, "lines");
    this.#schedule(c.events ?? [], "events");
  }

  /** Events count from the next entry. */
  #schedule(events: readonly TimedEvent[], where: string): void {
    this.#observer.onEntry = () => events.forEach((event, i) => this.#start(event, `${where}[${i}]`));
  }

  /** Starts the count of an event, right before an ertn, which takes a tick itself. */
  #start({ at, lines }: TimedEvent, where: string): void {
    const { clock } = this.#bench.machine;
    let due: number | undefined = clock.now + 1 + at;
    const setLines = () => this.#bench.setLines(lines, `${where}.lines`);
    clock.add({
      get due() {
        return due;
      },
      fire() {
        due = undefined;
        setLines();
      },
    });
  }

  /** What an exception in the middle means. */
  broken(error: unknown): Problem {
    return brokenCase(error, this.#history(), this.#program);
  }

  execute(): Problem | undefined {
    const { exits } = this.#case;
    for (let i = 0; i < exits.length; i++) {
      const problem = this.#transition(i, exits[i]!);
      if (problem !== undefined) return problem;
    }
    return this.#finish(exits[exits.length - 1]!);
  }

  #transition(i: number, expected: ExpectedExit): Problem | undefined {
    const { vcpu, machine } = this.#bench;
    const before: Before = { gprs: guestRegisters(vcpu) };
    const host = snapshotHost(machine);
    const hostGprs = machine.gpr.slice();
    this.#observer.reset();
    const entered = vcpu.enter(this.#budget);
    if (!sameExit(this.#bench, expected, entered)) return this.#wrongExit(i, entered);
    const comparison = this.#compare(i, expected, entered, before);
    const promises = entered.kind === "budget" ? [] : this.#promises(host, hostGprs);
    const differences = [...comparison.differences, ...promises];
    if (differences.length > 0) {
      return this.#problem(this.#position(i, "differs"), { differences, expected, entered });
    }
    return entered.kind === "exit" ? this.#act(i, expected, entered) : undefined;
  }

  #compare(i: number, expected: ExpectedExit, entered: Entered, before: Before): Comparison {
    const comparison = new Comparison(this.#bench, expected, `exits[${i}]`);
    comparison.refilled(entered.refills.map((r) => r.gpa));
    // A guest that is still running has its registers in the processor, where the vCPU cannot see them.
    if (entered.kind === "budget") return comparison;
    comparison.exit(entered.exit, this.#observer);
    comparison.guest(before, this.#observer);
    return comparison;
  }

  /** What the world switch promised about the host. */
  #promises(before: RegisterSnapshot, gprs: BigUint64Array): Difference[] {
    const { vcpu, machine } = this.#bench;
    const { restoredByRun, savedGprs } = vcpu.promises;
    const why = `the ${vcpu.name} world switch restores it`;
    const csrs = brokenPromises(why, restoredByRun, before, snapshotHost(machine));
    const registers = savedGprs.filter((r) => machine.gpr[r] !== gprs[r]).map((r) => ({
      what: `host ${registerName(r)}`,
      got: machine.gpr[r]!,
      expected: gprs[r]!,
      why,
    }));
    return [...csrs, ...registers];
  }

  // When the exit is not the expected one ------------------------------------------------------------------------------

  #wrongExit(i: number, entered: Entered): Problem {
    const { exits } = this.#case;
    const expected = exits[i]!;
    const actual = this.#describeActual(entered);
    const wanted = this.#describeExpected(expected);
    const later = exits.findIndex((e, j) => j > i && sameExit(this.#bench, e, entered));
    const details = { differences: this.#detailsOf(expected, entered), expected, entered };
    if (entered.kind === "budget") {
      const text = `${
        this.#position(i, "did not come")
      }: expected ${wanted}, but the guest was still running after ${this.#budget} instructions`;
      return this.#problem(text, details);
    }
    if (later > 0) {
      return this.#problem(
        `${this.#position(i, "is missing")}: expected ${wanted}, got exit ${later + 1}, ${actual}`,
        details,
      );
    }
    const history = this.#history();
    if (this.#nextIs(expected, entered)) {
      return {
        ...this.#problem(
          `extra exit before exit ${i + 1} of ${exits.length}: ${actual}; ${wanted} follows it`,
          details,
        ),
        history,
      };
    }
    return {
      ...this.#problem(`${this.#position(i, "is wrong")}: expected ${wanted}, got ${actual}`, details),
      history,
    };
  }

  /** True if the expected exit comes right after this one: then this one is extra. */
  #nextIs(expected: ExpectedExit, entered: Entered): boolean {
    if (entered.kind === "budget" || kindOf(entered) === "refill") return false;
    const { vcpu, cpu } = this.#bench;
    try {
      if (kindOf(entered) === "INT") serviceInterrupts(cpu);
      else vcpu.pc = entered.exit.pc + 4n;
      return sameExit(this.#bench, expected, vcpu.enter(AFTERWARDS));
    } catch {
      // Whatever happens when a lost guest runs on, it says nothing about the exit that is reported.
      return false;
    }
  }

  #detailsOf(expected: ExpectedExit, entered: Entered): Difference[] {
    if (entered.kind === "budget" || entered.exit.via === "refill") return [];
    const { exit } = entered;
    if (kindOf(entered) === expected.kind) return [];
    return [{
      what: "ESTAT",
      got: decodeText(ESTAT, exit.estat),
      expected: expected.kind === "running" ? "no exit" : expected.kind,
    }];
  }

  #position(i: number, what: string): string {
    return `exit ${i + 1} of ${this.#case.exits.length} ${what}`;
  }

  #describeActual(entered: Entered): string {
    if (entered.kind === "budget") return "no exit";
    const { exit } = entered;
    if (this.#isEnd(exit)) return "the end of the code";
    const kind = kindOf(entered);
    const code = kind === "HVC" ? ` ${Number(exit.badi & 0x7fffn)}` : "";
    const gpa = exit.via === "refill" || /^P/.test(kind) ? ` for GPA 0x${exit.badv.toString(16)}` : "";
    return `${kind}${code} at ${this.place(exit.pc)}${gpa}`;
  }

  #describeExpected(expected: ExpectedExit): string {
    if (expected.kind === "running") return "no exit";
    const code = expected.code === undefined ? "" : ` ${expected.code}`;
    const at = expected.at === undefined
      ? ""
      : ` at ${typeof expected.at === "string" ? `\`${expected.at}\`` : `0x${expected.at.toString(16)}`}`;
    return `${expected.kind}${code}${at}`;
  }

  /** An address as label and offset. */
  place(address: bigint): string {
    const label = this.#program.symbolAt(address);
    if (label === undefined) return `0x${address.toString(16)}`;
    return `\`${label.name}${label.offset === 0n ? "" : `+0x${label.offset.toString(16)}`}\``;
  }

  #problem(
    headline: string,
    at: { differences: readonly Difference[]; expected: ExpectedExit; entered: Entered },
  ): Problem {
    const { expected, entered } = at;
    return {
      result: "fail",
      headline,
      differences: at.differences,
      history: this.#history(),
      program: this.#program,
      ...(expected.at !== undefined && { expectedAt: this.#bench.names.value(expected.at, "at") }),
      ...(entered.kind === "exit" && { actualAt: entered.exit.pc }),
    };
  }

  #history(): readonly Executed[] {
    return this.#bench.machine.history.last(HISTORY, "guest");
  }

  // What the hypervisor does -------------------------------------------------------------------------------------------

  #act(i: number, expected: ExpectedExit, entered: Extract<Entered, { kind: "exit" }>): Problem | undefined {
    const { vcpu, names, cpu, machine } = this.#bench;
    const where = `exits[${i}]`;
    const kind = kindOf(entered);
    if (kind === "INT" && expected.service !== false) serviceInterrupts(cpu);
    const problem = expected.handle && this.#handle(i, expected, entered, expected.handle);
    if (problem) return problem;
    if (expected.skip ?? this.#skipsByDefault(expected, kind)) vcpu.pc = entered.exit.pc + 4n;
    const { pc, ...registers } = expected.resume ?? {};
    if (pc !== undefined) vcpu.pc = names.value(pc, `${where}.resume.pc`);
    for (const [r, value] of names.registers(registers as Record<string, bigint>, `${where}.resume`)) {
      vcpu.setGpr(r, value);
    }
    this.#bench.setGuestCsrs(names.csrs(expected.set?.csr, `${where}.set.csr`));
    this.#bench.setHostCsrs(names.csrs(expected.set?.host, `${where}.set.host`));
    for (const n of names.interrupts(expected.withdraw, `${where}.withdraw`)) vcpu.withdrawInterrupt(n);
    for (const n of names.interrupts(expected.inject, `${where}.inject`)) vcpu.injectInterrupt(n);
    this.#bench.setLines(expected.lines, `${where}.lines`);
    for (const m of expected.map ?? []) this.#bench.map(m);
    if (expected.map && expected.flush !== false) this.#bench.flush();
    const lost = expected.rebind && this.#giveBack(`by the unbind after exit ${i + 1}`);
    if (lost) return lost;
    if (expected.rebind) this.#bench.runAnotherGuest();
    if (expected.advance !== undefined) machine.clock.skip(expected.advance);
    if (expected.rebind) vcpu.bind();
    this.#schedule(expected.events ?? [], `${where}.events`);
    return undefined;
  }

  /** Hypercalls and sensitive instructions are over once the hypervisor has seen them. */
  #skipsByDefault(expected: ExpectedExit, kind: string): boolean {
    return (kind === "HVC" || kind === "GSPR") && !expected.handle && expected.resume?.pc === undefined;
  }

  #handle(
    i: number,
    expected: ExpectedExit,
    entered: Extract<Entered, { kind: "exit" }>,
    handling: ExpectedHandling,
  ): Problem | undefined {
    const got: Exit = this.#bench.vcpu.handle(entered.exit);
    const fields = Object.entries(got) as [string, unknown][];
    const differences = Object.entries(handling).flatMap(([name, wanted]): Difference[] => {
      const value = fields.find(([n]) => n === name)?.[1];
      if (show(value) === show(wanted)) return [];
      return [{ what: `handler's ${name}`, got: show(value), expected: show(wanted) }];
    });
    if (differences.length === 0) return undefined;
    const headline = `${this.#position(i, "was handled differently")} by ${this.#bench.vcpu.name}`;
    return this.#problem(headline, { differences, expected, entered });
  }

  // The end ------------------------------------------------------------------------------------------------------------

  #finish(last: ExpectedExit): Problem | undefined {
    const { machine } = this.#bench;
    if (last.kind === "running") return undefined;
    const extra = this.#runsOn(last) ? this.#extraExit(last) : undefined;
    if (extra !== undefined) return extra;
    // A guest that was sent on and never came back still has the processor.
    return machine.inGuest ? undefined : this.#giveBack("at the end");
  }

  /** Unbinds the vCPU: the host gets its registers back. */
  #giveBack(when: string): Problem | undefined {
    const { vcpu, machine } = this.#bench;
    vcpu.unbind();
    const why = `the ${vcpu.name} world switch restores it when it gives the processor back`;
    const differences = brokenPromises(
      why,
      vcpu.promises.restoredByUnbind,
      this.#restorable(),
      snapshotHost(machine),
    );
    if (differences.length === 0) return undefined;
    const headline = `the host was not restored ${when}`;
    return { result: "fail", headline, differences, history: this.#history(), program: this.#program };
  }

  /** The host's registers before the world switch came, but for those that the case itself set. */
  #restorable(): RegisterSnapshot {
    const { names, machine } = this.#bench;
    const touched = [this.#case.host, ...this.#case.exits.map((e) => e.set?.host)].flatMap((
      h,
    ) => [...names.csrs(h, "host").keys()]);
    const now = snapshotHost(machine);
    return this.#unbound.with(touched.map((csr) => [csr, now.get(csr)!]));
  }

  /**
   * The list of exits is complete: code that follows the last one must not exit again. A guest is not sent on where the last exit left it
   * nowhere to go: after anything but an instruction that is skipped, or where only padding and a vector (a label on a 4 KiB boundary)
   * or the end of the code follow.
   */
  #runsOn(last: ExpectedExit): boolean {
    if (this.#case.runsOn === false || (last.kind !== "HVC" && last.kind !== "GSPR")) return false;
    const NOP = 0x03400000n;
    let next = this.#bench.vcpu.pc;
    while (this.#bench.readGuest(next, 4) === NOP && !this.#isVector(next)) next += 4n;
    return !this.#isVector(next) && next !== this.#program.symbols.get(END_LABEL);
  }

  /** True at the word behind the code, through whatever mapping the guest got there. */
  #isEnd({ pc, estat, badi }: HardwareExit): boolean {
    const end = this.#program.symbols.get(END_LABEL);
    if (pc === end) return true;
    const isCall = Number(ESTAT.Ecode.get(estat)) === EXCEPTIONS.HVC.ecode &&
      Number(badi & 0x7fffn) === END_CODE;
    return isCall && end !== undefined && (pc - end) % PAGE === 0n;
  }

  #isVector(address: bigint): boolean {
    return address % PAGE === 0n && this.#program.symbolAt(address)?.offset === 0n;
  }

  #extraExit(last: ExpectedExit): Problem | undefined {
    const entered = this.#bench.vcpu.enter(AFTERWARDS);
    if (entered.kind === "budget" || this.#isEnd(entered.exit)) return undefined;
    const headline = `extra exit after the last of ${this.#case.exits.length}: ${
      this.#describeActual(entered)
    }`;
    const { at: _at, ...rest } = last;
    return this.#problem(headline, { differences: [], expected: rest, entered });
  }
}

function show(value: unknown): string {
  if (typeof value === "bigint") return `0x${value.toString(16)}`;
  if (Array.isArray(value)) return `[${value.map(show).join(", ")}]`;
  return typeof value === "number" ? `0x${value.toString(16)}` : String(value);
}
