/**
 * What a debugger calls threads: the host and the guest of the one processor. One of them runs; of the other the stub knows the state
 * in which it left.
 *
 * @module
 */
import { type CsrBank, type Machine } from "../core/mod.ts";
import { ERA } from "../core/csr/basic.ts";
import { GSTAT } from "../core/csr/lvz.ts";
import { TLBRERA } from "../core/csr/translation.ts";

/** Whose code runs. */
export type World = "host" | "guest";

/** The state of one world. */
export interface WorldContext {
  readonly world: World;
  /** True for the world that the processor is in. */
  readonly isCurrent: boolean;
  readonly gpr: Readonly<BigUint64Array>;
  /** Where it is: of the host in the meantime the ertn that entered the guest, of the guest where it will go on. */
  readonly pc: bigint;
  /** The host's registers that ruled the second stage of the guest's translation. */
  readonly host: CsrBank;
}

/** Thread numbers of the protocol. */
export const THREADS: Readonly<Record<World, number>> = { host: 1, guest: 2 };

/** The world with this thread number. */
export function worldOfThread(thread: number): World | undefined {
  return thread === THREADS.host ? "host" : thread === THREADS.guest ? "guest" : undefined;
}

/** The world that the processor is in. */
export function currentWorld(m: Machine): World {
  return m.inGuest ? "guest" : "host";
}

/** Keeps the state of the world that does not run. */
export class WorldContexts {
  readonly #machine: Machine;
  readonly #left = new Map<World, WorldContext>();
  #world: World;
  /** Of the instruction looked at last. */
  #pc: bigint;

  constructor(machine: Machine) {
    this.#machine = machine;
    this.#world = currentWorld(machine);
    this.#pc = machine.pc;
  }

  /** To be called between instructions, before each of them. */
  observe(): void {
    const m = this.#machine;
    const world = currentWorld(m);
    if (world !== this.#world) {
      // Neither ertn nor an exception changes general registers, so that these are still those of the world before.
      this.#left.set(this.#world, {
        world: this.#world,
        isCurrent: false,
        gpr: m.gpr.slice(),
        pc: this.#world === "guest" ? returnAddress(m.host) : this.#pc,
        host: m.host.copy(),
      });
      this.#left.delete(world);
      this.#world = world;
    }
    this.#pc = m.pc;
  }

  /** The state of a world; undefined of one that never ran. */
  of(world: World): WorldContext | undefined {
    const m = this.#machine;
    if (world !== currentWorld(m)) return this.#left.get(world);
    return { world, isCurrent: true, gpr: m.gpr, pc: m.pc, host: m.host };
  }

  /** The worlds that ran so far. */
  get known(): readonly World[] {
    return (["host", "guest"] as const).filter((world) => this.of(world) !== undefined);
  }
}

function returnAddress(host: CsrBank): bigint {
  return host.is(TLBRERA.IsTLBR) ? host.read(TLBRERA) & ~3n : host.read(ERA);
}

/** The guest that a bank names. */
export function guestId(host: CsrBank): bigint {
  return host.get(GSTAT.GID);
}
