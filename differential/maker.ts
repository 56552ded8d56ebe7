/**
 * What makes states of a kind of instruction.
 *
 * @module
 */
import type { Instruction } from "../core/isa/table.ts";
import type { Form } from "./forms.ts";
import type { Random } from "./random.ts";
import type { Scene } from "./scene.ts";

/** What a maker is given. */
export interface Order {
  readonly random: Random;
  readonly form: Form;
  readonly instruction: Instruction;
  /** Counts the states of a form; what is walked through goes by it. */
  readonly index: number;
}

/** What it makes. */
export interface Made {
  readonly scene: Scene;
  /** The instruction word in question. */
  readonly tested: number;
  /** Where the run ends, where not at the first exception. */
  readonly end?: bigint;
  readonly budget?: number;
}

/** Makes a state. */
export type Maker = (order: Order) => Made;
