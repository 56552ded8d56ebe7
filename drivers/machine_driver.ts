/**
 * Our own machine as a driver.
 *
 * @module
 */
import {
  type Engine,
  Machine,
  MachineError,
  type Profile,
  PROFILES,
  ReferenceEngine,
  type Restore,
  type Stop,
} from "../core/mod.ts";
import { didYouMean } from "../core/asm/suggest.ts";
import { type Arrival, ArrivalWatch } from "./arrival.ts";
import type { Answer, Driver, Unobserved } from "./driver.ts";
import { isOwnEntry, setUp } from "./environment.ts";
import { resultOf, type Snapshot, snapshot } from "./observe.ts";
import { Stage2Refill } from "./stage2_refill.ts";
import type { Ending, State } from "./state.ts";
import { StateBus } from "./state_bus.ts";

const ENGINES: ReadonlyMap<string, () => Engine> = new Map([["reference", () => new ReferenceEngine()]]);

/** The names of the engines. */
export const ENGINE_NAMES: readonly string[] = [...ENGINES.keys()];

/** Options of {@linkcode MachineDriver}. */
export interface MachineDriverOptions {
  /**
   * What executes the machine, by name.
   * @default {"reference"}
   */
  readonly engine?: string;
}

/** An answer with the machine as the run left it, for reports. The machine is the driver's, which uses it again for its next run. */
export interface MachineRun {
  readonly answer: Answer;
  readonly machine: Machine;
  /** Its registers at the start, what the driver added to the state included. */
  readonly before: Snapshot;
}

/** Runs states, each on a machine that is as after reset: one for each profile, which costs less to take back than to make anew. */
export class MachineDriver implements Driver {
  readonly name: string;
  readonly unobserved: Unobserved = { csr: new Set(), guest: false };
  readonly #engine: Engine;
  readonly #bus = new StateBus();
  readonly #machines = new Map<string, { readonly machine: Machine; readonly reset: Restore }>();

  /** @throws {RangeError} if there is no such engine */
  constructor({ engine = "reference" }: MachineDriverOptions = {}) {
    const make = ENGINES.get(engine);
    if (make === undefined) {
      const near = didYouMean(engine, ENGINE_NAMES) || `: there are ${ENGINE_NAMES.join(", ")}`;
      throw new RangeError(`Cannot use engine ${engine}: there is no such engine${near}`);
    }
    this.name = `machine, ${engine} engine`;
    this.#engine = make();
  }

  answers(states: readonly State[]): Promise<readonly Answer[]> {
    return Promise.resolve(states.map((state) => this.run(state).answer));
  }

  /**
   * Runs one state.
   *
   * @param onInstruction called before each instruction
   * @throws {RangeError} if the state itself makes no sense: an unknown profile or CSR, memory outside RAM
   */
  run(state: State, onInstruction?: (m: Machine) => void): MachineRun {
    const bus = this.#bus;
    const machine = this.#machineAfterReset(state.profile);
    for (const block of state.memory) bus.load(block);
    setUp(machine, state);
    const before = snapshot(machine);
    const run = new StateRun(machine, state, onInstruction);
    try {
      const ending = run.execute(this.#engine);
      const result = resultOf(machine, before, { bus, blocks: state.memory }, ending);
      return { answer: { kind: "result", result }, machine, before };
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      return { answer: { kind: "broken", reason: error.message }, machine, before };
    }
  }

  #machineAfterReset(profile: string): Machine {
    const known = this.#machines.get(profile);
    if (known !== undefined) {
      known.reset();
      return known.machine;
    }
    const bus = this.#bus;
    const machine = new Machine({ bus, iocsr: bus.iocsr, profile: profileNamed(profile) });
    bus.serve(machine);
    this.#machines.set(profile, { machine, reset: machine.save() });
    return machine;
  }
}

function profileNamed(name: string): Profile {
  const found = PROFILES.find((p) => p.name === name);
  if (found === undefined) throw new RangeError(`Cannot use profile ${name}: there is no such profile`);
  return found;
}

/** One run under way. */
class StateRun {
  readonly #machine: Machine;
  readonly #state: State;
  readonly #watch: ArrivalWatch;
  readonly #refill: Stage2Refill | undefined;
  readonly #onInstruction: ((m: Machine) => void) | undefined;
  #ending: Ending | undefined;

  constructor(machine: Machine, state: State, onInstruction: ((m: Machine) => void) | undefined) {
    this.#machine = machine;
    this.#state = state;
    this.#watch = new ArrivalWatch(machine);
    this.#refill = state.stage2.length === 0 ? undefined : new Stage2Refill(machine, state.stage2);
    this.#onInstruction = onInstruction;
    if (machine.inGuest) this.#refill?.entered();
  }

  execute(engine: Engine): Ending {
    const stop = engine.run(this.#machine, {
      budget: this.#state.budget,
      onInstruction: (m) => {
        if (this.#isOver()) return true;
        this.#onInstruction?.(m);
        return false;
      },
    });
    // The last instruction that the budget allows may be the one that ends the run.
    if (stop.kind === "budget" && this.#isOver()) return this.#ending ?? stop;
    return endingOf(stop) ?? this.#ending ?? { kind: "budget" };
  }

  /** To be asked between two instructions. */
  #isOver(): boolean {
    const m = this.#machine;
    const arrival = this.#watch.look();
    if (arrival !== undefined && this.#refill !== undefined && this.#isServed(arrival)) {
      this.#refill.serve();
    } else if (arrival !== undefined && this.#endsAt(arrival)) {
      this.#ending = arrival.ending;
      return true;
    } else if (!m.inGuest && m.pc === this.#state.end) {
      this.#ending = { kind: "end" };
      return true;
    } else if (this.#watch.entersGuest) this.#refill?.entered();
    this.#watch.passed();
    return false;
  }

  #isServed({ fromGuest, ending, entry }: Arrival): boolean {
    return fromGuest && ending.entry === "refill" && isOwnEntry(this.#machine, this.#state, entry);
  }

  #endsAt({ entry }: Arrival): boolean {
    return this.#state.end === undefined || isOwnEntry(this.#machine, this.#state, entry);
  }
}

function endingOf(stop: Stop): Ending | undefined {
  switch (stop.kind) {
    case "device":
      return { kind: "device", reason: stop.reason };
    case "idle":
      return { kind: "idle" };
    default:
      return undefined;
  }
}
