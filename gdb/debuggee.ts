/**
 * A machine under a debugger: when it stops and why. It knows nothing of protocols, and does not run the machine itself.
 *
 * @module
 */
import type { Machine, MachineError, Stop } from "../core/mod.ts";
import { type Hit, StopPoints } from "./stop_points.ts";
import { currentWorld, type World, WorldContexts } from "./world_contexts.ts";

/** Why the machine stands. */
export type StopReason =
  | { readonly kind: "attached" }
  | { readonly kind: "step" }
  | { readonly kind: "interrupt" }
  /** The processor went over to the other world. */
  | { readonly kind: "world" }
  | Hit
  /** Nothing can wake the processor. */
  | { readonly kind: "idle" }
  /** The machine cannot go on: nothing at a physical address, something not implemented. */
  | { readonly kind: "error"; readonly message: string }
  /** The program ended the run. */
  | { readonly kind: "exited"; readonly status: number; readonly reason: string };

/** How the machine goes on. */
export interface Resumption {
  readonly kind: "continue" | "step";
  /** Whose instruction is the step; that of the processor, whatever it is, if undefined. */
  readonly world?: World | undefined;
  /**
   * The client let this world go on and not the other one. There is one processor, so that the other runs all the same where it has to;
   * but the client is told of nothing that happens there.
   */
  readonly only?: World | undefined;
}

/** What a debuggee is made of. */
export interface DebuggeeOptions {
  readonly machine: Machine;
  /** Where an address is, for people: `main+0x10`. */
  readonly place?: (address: bigint) => string | undefined;
  /** The reason that a device gives for the end of a run, if it means success. */
  readonly successes?: readonly string[];
}

/** The run under way. */
interface Run {
  readonly resumption: Resumption;
  /** Where it began, if the client knows: the breakpoint there does not count until an instruction was executed. */
  readonly from: bigint | undefined;
  /** The last instruction. */
  last?: { readonly world: World; readonly pc: bigint };
  /** The instruction with which the world that is stepped gave way to the other. */
  leftAt?: bigint;
}

/** A machine with the debugger's points. */
export class Debuggee {
  readonly machine: Machine;
  readonly contexts: WorldContexts;
  readonly points: StopPoints;
  readonly place: (address: bigint) => string | undefined;
  /** The next instruction, where it is not in memory: the word that software in TypeScript lets the processor execute. */
  given: number | undefined;
  /** Stop whenever the processor changes between host and guest. */
  stopsAtWorldChange = false;
  readonly #successes: readonly string[];
  #run: Run | undefined;
  #reason: StopReason = { kind: "attached" };
  #focus: World;

  constructor({ machine, place = () => undefined, successes = ["power off"] }: DebuggeeOptions) {
    this.machine = machine;
    this.place = place;
    this.contexts = new WorldContexts(machine);
    this.points = new StopPoints(machine);
    this.#successes = successes;
    this.#focus = currentWorld(machine);
  }

  /** True while the machine shall run. */
  get isRunning(): boolean {
    return this.#run !== undefined;
  }

  /** Why the machine stands, or stood last. */
  get reason(): StopReason {
    return this.#reason;
  }

  /** The world that the last stop is about. */
  get focus(): World {
    return this.#focus;
  }

  /** True once the program has ended. */
  get hasExited(): boolean {
    return !this.isRunning && this.#reason.kind === "exited";
  }

  /** Lets the machine run: whoever runs it does so from here on. */
  resume(resumption: Resumption): void {
    this.points.takeHit();
    const { machine } = this;
    this.#run = { resumption, from: this.#focus === currentWorld(machine) ? machine.pc : undefined };
  }

  /** To be called before each instruction; true if it shall not be executed now. */
  beforeInstruction(): boolean {
    this.contexts.observe();
    const run = this.#run;
    if (run === undefined) return true;
    const { machine } = this;
    const world = currentWorld(machine);
    const reason = this.#reasonToStop(run, world);
    if (reason !== undefined) {
      this.stop(reason);
      return true;
    }
    run.last = { world, pc: machine.pc };
    return false;
  }

  #reasonToStop(run: Run, world: World): StopReason | undefined {
    const { pc } = this.machine;
    const { last, resumption: { kind, only } } = run;
    const hit = this.points.takeHit();
    if (hit !== undefined && (only === undefined || last?.world === only)) return hit;
    if (kind === "step" && isStepDone(run, world, pc)) return { kind: "step" };
    if (only !== undefined && world !== only) return undefined;
    const changed = last !== undefined && last.world !== world;
    if (changed && this.stopsAtWorldChange && only === undefined) return { kind: "world" };
    return last === undefined && pc === run.from ? undefined : this.points.breakpointAt(pc);
  }

  /** Ends the run under way; to be called between instructions. */
  stop(reason: StopReason): void {
    if (this.#run === undefined) return;
    this.contexts.observe();
    this.#focus = this.#run.resumption.only ?? currentWorld(this.machine);
    this.#run = undefined;
    // What the last instruction accessed is news that must not be lost to a Ctrl-C at the same time.
    this.#reason = reason.kind === "interrupt" ? this.points.takeHit() ?? reason : reason;
  }

  /** Takes what an engine answered or threw. */
  engineStopped(ending: Stop | MachineError): void {
    if (ending instanceof Error) return this.stop({ kind: "error", message: ending.message });
    if (ending.kind === "idle") return this.stop({ kind: "idle" });
    if (ending.kind === "device") {
      const status = this.#successes.includes(ending.reason) ? 0 : 1;
      this.stop({ kind: "exited", status, reason: ending.reason });
    }
  }
}

/**
 * True if the instruction to be stepped was executed. One that gave way to the other world is so when its own world is there again behind
 * it: an exit that the hypervisor deals with is part of the guest's instruction. If it comes back to the same place, it is still to be done.
 */
function isStepDone(run: Run, world: World, pc: bigint): boolean {
  const { last, resumption: { world: stepped } } = run;
  if (last === undefined) return false;
  if (stepped === undefined) return true;
  if (world !== stepped) {
    if (last.world === stepped) run.leftAt = last.pc;
    return false;
  }
  return last.world === stepped || (run.leftAt !== undefined && run.leftAt !== pc);
}
