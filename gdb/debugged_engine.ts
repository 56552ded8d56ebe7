/**
 * An engine that a debugger holds by the hand: for whatever runs a machine by itself, such as a case. It waits for the client within
 * `run` and `execute`, so that whoever called them need not know.
 *
 * @module
 */
import { type Engine, type Machine, MachineError, type RunLimits, type Stop } from "../core/mod.ts";
import { SLICE } from "./bare_run.ts";
import { Debuggee, type StopReason } from "./debuggee.ts";
import { Session } from "./session.ts";

/** The other end of the connection. */
export interface Client {
  /**
   * The bytes that came; empty if there are none and `wait` is false.
   *
   * @returns undefined once the client is gone
   */
  receive(wait: boolean): Uint8Array | undefined;
  send(bytes: Uint8Array): void;
}

/** The client killed the program, so that the run must not go on. */
export class Killed extends Error {
  override readonly name = "Killed";

  constructor() {
    super("Cannot go on: the debugger killed the program");
  }
}

/** What a {@linkcode DebuggedEngine} is made with. */
export interface DebuggedEngineOptions {
  /** What executes. */
  readonly engine: Engine;
  readonly client: Client;
  /** Where the client finds the machine: at the first instruction of all, or of the guest. */
  readonly from: "first" | "guest";
  readonly place: (address: bigint) => string | undefined;
}

/** Executes what another engine does, under a debugger. It serves the machine that it meets first, and leaves others alone. */
export class DebuggedEngine implements Engine {
  readonly name: string;
  readonly #options: DebuggedEngineOptions;
  #session: Session | undefined;
  #debuggee: Debuggee | undefined;
  #isAlone = false;
  /** Instructions until the client is listened to. */
  #left = SLICE;

  constructor(options: DebuggedEngineOptions) {
    this.name = options.engine.name;
    this.#options = options;
  }

  /** True if the client ended the run. */
  get wasKilled(): boolean {
    return this.#session?.parting === "killed";
  }

  run(m: Machine, limits: RunLimits): Stop {
    const onInstruction = (machine: Machine) => {
      this.#before(machine);
      return limits.onInstruction?.(machine);
    };
    try {
      return this.#options.engine.run(m, { ...limits, onInstruction });
    } catch (error) {
      if (error instanceof MachineError) this.#stop({ kind: "error", message: error.message });
      throw error;
    }
  }

  execute(m: Machine, word: number): void {
    this.#before(m, word);
    this.#options.engine.execute(m, word);
  }

  /** Tells a client that waits how the run ended. */
  finish(status: number, reason: string): void {
    const debuggee = this.#debuggee;
    if (this.#isAlone || debuggee === undefined) return;
    debuggee.stop({ kind: "exited", status, reason });
    this.#flush();
  }

  #before(m: Machine, word?: number): void {
    if (this.#isAlone) return;
    if (this.#debuggee === undefined && (this.#options.from === "first" || m.inGuest)) this.#attach(m);
    const debuggee = this.#debuggee;
    if (debuggee?.machine !== m) return;
    debuggee.given = word;
    if (--this.#left <= 0) this.#listen(false);
    while (!this.#isAlone && debuggee.beforeInstruction()) this.#converse();
  }

  #attach(machine: Machine): void {
    this.#debuggee = new Debuggee({ machine, place: this.#options.place });
    this.#session = new Session(this.#debuggee);
  }

  /** Talks until the client lets the machine run. */
  #converse(): void {
    this.#flush();
    while (!this.#isAlone && this.#session?.isRunning === false) {
      this.#listen(true);
      this.#flush();
    }
  }

  #stop(reason: StopReason): void {
    if (this.#isAlone || this.#debuggee === undefined) return;
    this.#debuggee.stop(reason);
    this.#converse();
  }

  #flush(): void {
    const bytes = this.#session?.takeOutput();
    if (bytes !== undefined && bytes.length > 0) this.#options.client.send(bytes);
  }

  #listen(wait: boolean): void {
    this.#left = SLICE;
    const bytes = this.#options.client.receive(wait);
    if (bytes !== undefined) this.#session?.receive(bytes);
    const parting = this.#session?.parting;
    if (bytes !== undefined && parting === undefined) return;
    this.#flush();
    this.#isAlone = true;
    this.#debuggee?.points.clear();
    if (parting === "killed") throw new Killed();
  }
}
