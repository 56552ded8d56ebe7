/**
 * Runs a case on one world switch.
 *
 * @module
 */
import { type CsrDeclaration, EXCEPTIONS } from "../core/mod.ts";
import type { Entered, HardwareExit, WorldSwitch } from "../vcpu/mod.ts";
import type { Run, Stopped } from "./attempt.ts";
import { assembleGuest, Bench } from "./bench.ts";
import type { Case } from "./case.ts";
import { compareGuest, exceptionName, registersOf, sameExit, type Transition } from "./compare.ts";
import { ESTAT } from "../core/csr/basic.ts";
import { hex } from "../core/hex.ts";
import type { Difference } from "./difference.ts";
import type { Execution } from "./execution.ts";
import {
  CarriedState,
  compareHostFrame,
  compareRunPromises,
  compareUnbindPromises,
  type HostState,
} from "./frame.ts";
import { act } from "./hypervisor.ts";
import {
  actualMark,
  AFTERWARDS,
  describeActual,
  describeExpected,
  extraExit,
  guestExceptions,
  mismatch,
} from "./mismatch.ts";
import { RegisterSnapshot, type Stay, StayObserver, ValueSnapshot } from "./observe.ts";
import { HISTORY, type Problem } from "./outcome.ts";
import { profileOf } from "./program.ts";
import { resolveCase, type ResolvedCase, type ResolvedEvent, type ResolvedExit } from "./resolve.ts";
import { blamePromises } from "./switch/blame.ts";
import { validate } from "./validate.ts";

const INTERRUPT_CODE = BigInt(EXCEPTIONS.INT.ecode);

/**
 * Makes a case ready for any world switch.
 *
 * @throws {CaseError} if it contradicts itself or names what does not exist
 * @throws {AssemblyErrors} for its code
 */
export function prepareCase(c: Case): ResolvedCase {
  validate(c);
  return resolveCase(c, assembleGuest(c), profileOf(c));
}

/** A case under way. */
export class CaseRun implements Run {
  readonly #case: ResolvedCase;
  readonly #bench: Bench;
  readonly #observer: StayObserver;
  readonly #carried = new CarriedState();
  /** Where the case is, as in `exit 1 of 2`. */
  #position = "before the first entry";
  /** What was seen since the last entry. */
  #stays: readonly Stay[] = [];
  readonly #transitions: string[] = [];

  constructor(c: ResolvedCase, worldSwitch: WorldSwitch, how: Execution) {
    const bench = new Bench(c, worldSwitch, how);
    this.#case = c;
    this.#bench = bench;
    this.#observer = new StayObserver(bench.cpu);
  }

  get profile(): string {
    return this.#case.profile.name;
  }

  get transitions(): readonly string[] {
    return this.#transitions;
  }

  execute(): Problem | undefined {
    const { exits } = this.#case;
    this.#prepare();
    for (let i = 0; i < exits.length; i++) {
      this.#position = `exit ${i + 1} of ${exits.length}`;
      const problem = this.#transition(i, exits[i]!);
      if (problem !== undefined) return problem;
    }
    this.#position = "after the last exit";
    if (exits.at(-1)?.kind === "running") return undefined;
    const extra = this.#extraExit();
    if (extra !== undefined) return extra;
    // A guest that was sent on and never came back still has the processor.
    return this.#bench.machine.inGuest ? undefined : this.#giveBack();
  }

  finish(): void {
    this.#bench.release();
  }

  stopped(): Stopped {
    return { position: this.#position, ...this.#details() };
  }

  /** What a problem holds beside its own findings. */
  #details(): Pick<Problem, "notes" | "history"> & { readonly program: NonNullable<Problem["program"]> } {
    return {
      notes: guestExceptions(this.#bench, this.#stays[0]?.entry.guest),
      history: this.#bench.machine.history.last(HISTORY, "guest"),
      program: this.#case.program,
    };
  }

  #fail(problem: Partial<Problem> & Pick<Problem, "headline">): Problem {
    return { result: "fail", marks: [], differences: [], ...this.#details(), ...problem };
  }

  #prepare(): void {
    const bench = this.#bench;
    const c = this.#case;
    for (const m of c.map) bench.map(m);
    bench.bind();
    for (const [r, value] of c.set) bench.vcpu.setGpr(r, value);
    bench.setGuestCsrs(c.csr);
    this.#carried.wrote(c.csr);
    bench.setHostCsrs(c.host);
    for (const i of c.inject) bench.vcpu.injectInterrupt(i);
    bench.setLines(c.lines);
    this.#schedule(c.events);
  }

  /** Events count from the next entry. */
  #schedule(events: readonly ResolvedEvent[]): void {
    this.#observer.onEntry(() => events.forEach((event) => this.#bench.schedule(event)));
  }

  #enter(budget: number): Entered {
    try {
      return this.#bench.vcpu.enter(budget);
    } finally {
      this.#stays = this.#observer.take();
    }
  }

  // One exit -------------------------------------------------------------------------------------------------------------

  #transition(i: number, expected: ResolvedExit): Problem | undefined {
    const bench = this.#bench;
    const gprs = registersOf(bench.vcpu);
    const host = this.#hostState();
    const entered = this.#enter(this.#case.budget);
    this.#transitions.push(transitionText(entered));
    if (!sameExit(expected, entered)) return this.#mismatch(i, entered);
    const transition = { bench, expected, entered, stays: this.#stays, gprs };
    const differences = [
      ...this.#compareEntry(),
      ...compareGuest(transition),
      ...this.#compareHost(transition, host),
    ];
    if (differences.length > 0) {
      const headline = `${this.#position} is not as it should be: ${describeActual(bench, entered)}`;
      const blame = entered.kind === "budget" ? [] : blamePromises(bench.vcpu, host, this.#hostState());
      const notes = [...this.#details().notes, ...blame];
      return this.#fail({ headline, marks: [actualMark(bench, entered)], differences, notes });
    }
    return entered.kind === "exit" ? this.#act(expected, entered) : undefined;
  }

  #hostState(): HostState {
    const { machine } = this.#bench;
    return { csrs: new RegisterSnapshot(machine.host), gprs: new ValueSnapshot(machine.gpr) };
  }

  /** The guest must find what it left. */
  #compareEntry(): readonly Difference[] {
    const { machine, vcpu } = this.#bench;
    const entry = this.#stays[0]?.entry.guest;
    return entry === undefined ? [] : this.#carried.compare(entry, machine.guest, vcpu);
  }

  #compareHost(transition: Transition, before: HostState): readonly Difference[] {
    if (transition.entered.kind === "budget") return [];
    const promises = compareRunPromises(this.#bench.vcpu, before, this.#hostState());
    return [...compareHostFrame(transition), ...promises];
  }

  #mismatch(i: number, entered: Entered): Problem {
    // Taken first: to name what came, the guest is let run on.
    const details = this.#details();
    return this.#fail({ ...mismatch(this.#bench, this.#case.exits, i, entered), ...details });
  }

  // Between two exits ----------------------------------------------------------------------------------------------------

  #act(expected: ResolvedExit, entered: Extract<Entered, { kind: "exit" }>): Problem | undefined {
    const differences = act(this.#bench, expected, entered);
    // After a handler did what it thought right, nothing is known of the guest's registers.
    this.#carried.left(expected.handle === undefined ? this.#stays.at(-1)?.exit?.guest : undefined);
    this.#carried.wrote(expected.setGuest);
    if (differences.length > 0) {
      const headline = `${this.#position}, ${describeExpected(expected)}: ` +
        `the handler of the ${this.#bench.vcpu.name} world switch reported something else`;
      return this.#fail({ headline, marks: [actualMark(this.#bench, entered)], differences });
    }
    return this.#pause(expected);
  }

  /** Time between the exit and the next entry, with the processor given to another guest if the case says so. */
  #pause({ rebind, advance, events }: ResolvedExit): Problem | undefined {
    const { vcpu, machine } = this.#bench;
    const problem = rebind ? this.#giveBack() : undefined;
    if (problem !== undefined) return problem;
    if (rebind) this.#bench.runAnotherGuest();
    if (advance > 0) machine.clock.skip(advance);
    if (rebind) vcpu.bind();
    this.#schedule(events);
    return undefined;
  }

  /** The world switch gives the processor back as it was, but for what the case itself set. */
  #giveBack(): Problem | undefined {
    const { vcpu, machine } = this.#bench;
    vcpu.unbind();
    const now = new RegisterSnapshot(machine.host);
    const { host, exits } = this.#case;
    const isOwn = (csr: CsrDeclaration) => host.has(csr) || exits.some((exit) => exit.setHost.has(csr));
    const differences = compareUnbindPromises(vcpu, this.#bench.unbound, now, isOwn);
    if (differences.length === 0) return undefined;
    const headline =
      `${this.#position}: the ${vcpu.name} world switch did not give the processor back as it was`;
    return this.#fail({ headline, differences });
  }

  /** The list of exits is complete: code that follows the last one must not exit again. */
  #extraExit(): Problem | undefined {
    const bench = this.#bench;
    const { exits, runsOn } = this.#case;
    const last = exits.at(-1)?.kind;
    if (!runsOn || (last !== "HVC" && last !== "GSPR") || !bench.goesOn()) return undefined;
    this.#position = "code that follows the last exit";
    const entered = this.#enter(AFTERWARDS);
    this.#position = "after the last exit";
    if (entered.kind === "budget" || bench.isEnd(entered.exit)) return undefined;
    return this.#fail(extraExit(bench, exits.length, entered));
  }
}

/**
 * An exit with what the hardware recorded of it, but for what depends on the time that software takes: the interrupts that are pending, and where one
 * came.
 */
function transitionText(entered: Entered): string {
  if (entered.kind === "budget") return "no exit";
  return `${recordedText(entered.exit)}, stage-2 refills: ${entered.refills.length}`;
}

function recordedText({ via, estat, pc, badi }: HardwareExit): string {
  if (via === "refill") return `refill at ${hex(pc)}`;
  const name = exceptionName(estat);
  return ESTAT.Ecode.get(estat) === INTERRUPT_CODE ? name : `${name}, BADI ${hex(badi)} at ${hex(pc)}`;
}
