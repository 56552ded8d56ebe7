/**
 * Lets a machine run in slices, so that whoever does it hears the client in between.
 *
 * @module
 */
import { type Engine, MachineError, ReferenceEngine } from "../core/mod.ts";
import type { Debuggee } from "./debuggee.ts";

/** Instructions between two looks at the client: about ten milliseconds. */
export const SLICE = 10_000;

/** How a {@linkcode BareRun} differs from the usual. */
export interface BareRunOptions {
  /** What executes; the reference engine by default. */
  readonly engine?: Engine;
  /** Instructions of a slice; {@linkcode SLICE} by default. */
  readonly slice?: number;
}

/** Runs a debuggee as its engine does. */
export class BareRun {
  readonly #debuggee: Debuggee;
  readonly #engine: Engine;
  readonly #budget: number;

  constructor(debuggee: Debuggee, { engine = new ReferenceEngine(), slice = SLICE }: BareRunOptions = {}) {
    this.#debuggee = debuggee;
    this.#engine = engine;
    this.#budget = slice;
  }

  /** Runs until the machine stops, at most a slice. */
  slice(): void {
    const debuggee = this.#debuggee;
    try {
      const onInstruction = () => debuggee.beforeInstruction();
      const ending = this.#engine.run(debuggee.machine, { budget: this.#budget, onInstruction });
      debuggee.engineStopped(ending);
    } catch (error) {
      if (!(error instanceof MachineError)) throw error;
      debuggee.engineStopped(error);
    }
  }
}
