/**
 * What an engine is: something that makes a machine execute. The reference engine is the first; faster ones implement the same
 * contract and must agree with it to the instruction.
 *
 * @module
 */
import type { Machine } from "./machine.ts";

/** Instructions, of the host or the guest, before which a run ends. */
export interface StopPoints {
  /** The 48 lower bits of addresses; there need not be memory. */
  readonly addresses: ReadonlySet<number>;
  /** All addresses from here on, 48 lower bits, up to `end`: memory that was never written, or none. */
  readonly unwritten?: { readonly start: number; readonly end: number };
}

/** When a run ends. */
export interface RunLimits {
  /** At most this many instructions, those that raise an exception included. */
  readonly budget: number;
  /** End as soon as the machine is in host mode, before the next host instruction. */
  readonly untilHost?: boolean;
  /** Called before each instruction, for traces. Returning true ends the run. */
  readonly onInstruction?: (m: Machine) => boolean | void;
  /** End before these. Unlike `onInstruction` it costs the engines little. */
  readonly stopBefore?: StopPoints;
}

/** Why a run ended. */
export type Stop =
  | { readonly kind: "budget" }
  /** The machine is in host mode (`untilHost`). */
  | { readonly kind: "host" }
  /** `onInstruction` asked for it, or the next instruction is one to stop before. */
  | { readonly kind: "requested" }
  /** A device asked for it (power off). */
  | { readonly kind: "device"; readonly reason: string }
  /** The processor idles and nothing can wake it. */
  | { readonly kind: "idle" };

/** Executes instructions of a machine. */
export interface Engine {
  readonly name: string;
  /** The engine that this one must agree with, and that shows more of a run. */
  readonly reference?: Engine;
  /**
   * Runs until a limit is reached.
   *
   * @throws {MachineError} where the machine cannot go on (nothing at a physical address, something not implemented)
   */
  run(m: Machine, limits: RunLimits): Stop;
  /**
   * Executes one given word as if it had been fetched at `pc`. For software that stands in for machine code; it takes
   * the time of an instruction and raises its exceptions.
   */
  execute(m: Machine, word: number): void;
  /**
   * Executes words one behind the other, each as `execute` does, until one does not lead to the next because it raised an exception. Absent
   * where every instruction is shown to somebody.
   *
   * @param words always the same array for the same words, by which an engine may keep what it made of them
   * @returns how many led to the next
   */
  executeAll?(m: Machine, words: readonly number[]): number;
  /**
   * Executes words as `executeAll` does, but loads all general registers before the last of them, which is to enter guest mode; then runs until the
   * machine is in host mode again. Absent where that is no less to do than one after the other.
   *
   * @param budget at most this many instructions of the guest
   * @returns how many words led to the next, if one raised an exception or the last did not enter guest mode
   */
  enter?(m: Machine, words: readonly number[], gprs: BigUint64Array, budget: number): Stop | number;
}
