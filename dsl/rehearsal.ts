/**
 * Software that does the same at the start of every case is executed once: what became of each of its instructions is written down, and from
 * then on it is told so, on a machine that is already as they left it.
 *
 * The software itself runs each time, so that everything that it keeps is made anew, and memory that it writes without instructions is written
 * again. Whatever it does otherwise than before is noticed, and then nothing of it counts.
 *
 * @module
 */
import { isSame } from "../core/halves.ts";
import type { CsrBank, Engine, Machine, RunLimits, Stop } from "../core/mod.ts";

/** One call of the engine, with the general registers before it and what it changed of them. */
interface Step {
  readonly words: number | readonly number[];
  readonly pc: bigint;
  readonly before: Uint32Array;
  /** The registers that it changed, and to what. */
  readonly changed: readonly number[];
  readonly values: readonly bigint[];
  readonly pcAfter: bigint;
}

/** Halves of values, which are compared several times faster. */
function halvesOf({ buffer, byteOffset, length }: BigUint64Array): Uint32Array {
  return new Uint32Array(buffer, byteOffset, 2 * length);
}

function isAlike(a: Uint32Array, b: Uint32Array): boolean {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** What some software had executed, from one state of a machine to another. */
export class Rehearsal {
  readonly #steps: readonly Step[];
  readonly #start: { readonly gprs: BigUint64Array; readonly pc: bigint };
  /** The state that the software left: general registers, and what else it cannot change but by instructions. */
  readonly #end: { readonly gprs: Uint32Array; readonly pc: bigint; readonly csrs: readonly Uint32Array[] };

  /**
   * Has the software executed.
   *
   * @param software gets the engine that it has to use, and nothing else that differs from case to case
   * @returns undefined if it asks for more than single instructions and lines of them, or fails: then it cannot be told what becomes of them
   */
  static of(m: Machine, engine: Engine, software: (engine: Engine) => void): Rehearsal | undefined {
    const recorder = new Recorder(engine);
    const start = { gprs: m.gpr.slice(), pc: m.pc };
    try {
      software(recorder);
    } catch {
      // It fails again where its error has a place in a report.
      return undefined;
    }
    return recorder.isComplete ? new Rehearsal(m, recorder.steps, start) : undefined;
  }

  private constructor(m: Machine, steps: readonly Step[], start: { gprs: BigUint64Array; pc: bigint }) {
    this.#steps = steps;
    this.#start = start;
    const csrs = banks(m).map(({ values }) => halvesOf(values.slice()));
    this.#end = { gprs: halvesOf(m.gpr.slice()), pc: m.pc, csrs };
  }

  /**
   * Tells the software again what becomes of its instructions.
   *
   * @param m in the state that they left
   * @returns what the software made; undefined if it did otherwise, and then the machine is in no state to be used
   */
  again<Made>(m: Machine, software: (engine: Engine) => Made): Made | undefined {
    m.gpr.set(this.#start.gprs);
    m.pc = this.#start.pc;
    const prompter = new Prompter(m, this.#steps);
    try {
      const made = software(prompter);
      return prompter.isDone && this.#isAtEnd(m) ? made : undefined;
    } catch {
      return undefined;
    }
  }

  #isAtEnd(m: Machine): boolean {
    const { gprs, pc, csrs } = this.#end;
    return m.pc === pc && isAlike(gprs, halvesOf(m.gpr)) &&
      banks(m).every(({ values }, i) => isAlike(csrs[i]!, halvesOf(values)));
  }
}

function banks(m: Machine): readonly CsrBank[] {
  return [m.host, m.guest];
}

/** Ends software that does otherwise than before; nobody is shown it. */
function otherwise(): Error {
  return new Error("Cannot go on: the software does otherwise than in its rehearsal");
}

/** Writes down what becomes of instructions. */
class Recorder implements Engine {
  readonly name = "recorder";
  readonly steps: Step[] = [];
  /** False as soon as something happened that cannot be told again. */
  isComplete: boolean;
  readonly #engine: Engine;

  constructor(engine: Engine) {
    this.#engine = engine;
    this.isComplete = engine.executeAll !== undefined;
  }

  run(m: Machine, limits: RunLimits): Stop {
    this.isComplete = false;
    return this.#engine.run(m, limits);
  }

  execute(m: Machine, word: number): void {
    this.#record(m, word, () => this.#engine.execute(m, word));
  }

  executeAll(m: Machine, words: readonly number[]): number {
    const count = this.#record(m, words, () => this.#engine.executeAll?.(m, words) ?? 0);
    if (count < words.length) this.isComplete = false;
    return count;
  }

  #record<Result>(m: Machine, words: Step["words"], act: () => Result): Result {
    const { pc, gpr } = m;
    const before = gpr.slice();
    const result = act();
    const after = [...m.gpr];
    const changed = [...after.keys()].filter((r) => after[r] !== before[r]);
    const values = changed.map((r) => after[r]!);
    this.steps.push({ words, pc, before: halvesOf(before), changed, values, pcAfter: m.pc });
    return result;
  }
}

/** Tells what became of them. */
class Prompter implements Engine {
  readonly name = "prompter";
  readonly #steps: readonly Step[];
  readonly #gprs: Uint32Array;
  #next = 0;

  constructor(m: Machine, steps: readonly Step[]) {
    this.#steps = steps;
    this.#gprs = halvesOf(m.gpr);
  }

  get isDone(): boolean {
    return this.#next === this.#steps.length;
  }

  run(): Stop {
    throw otherwise();
  }

  execute(m: Machine, word: number): void {
    this.#tell(m, word);
  }

  executeAll(m: Machine, words: readonly number[]): number {
    this.#tell(m, words);
    return words.length;
  }

  #tell(m: Machine, words: Step["words"]): void {
    const step = this.#steps[this.#next++];
    if (step?.words !== words || !isSame(step.pc, m.pc) || !isAlike(step.before, this.#gprs)) {
      throw otherwise();
    }
    const { gpr } = m;
    const { changed, values } = step;
    for (let i = 0; i < changed.length; i++) gpr[changed[i]!] = values[i]!;
    m.pc = m.nextPc = step.pcAfter;
  }
}
