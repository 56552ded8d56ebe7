/**
 * The last instructions of a run.
 *
 * @module
 */
import type { Machine } from "../core/machine.ts";
import { UsageError } from "./io.ts";
import { parseCount } from "./options.ts";
import type { ProgramFile } from "./program_file.ts";
import { hex } from "../core/hex.ts";
import { instructionText, table } from "./text.ts";

/** An instruction that was executed, or could not be fetched. */
export interface TracedInstruction {
  readonly pc: bigint;
  readonly word: number | undefined;
  readonly world: "host" | "guest";
}

const LONGEST_TRACE = 1_000_000;

/**
 * The value of `--trace`.
 *
 * @throws {UsageError} if it is no number, or one that no memory holds
 */
export function parseTraceLength(text: string): number {
  const count = parseCount("--trace", text);
  if (count <= LONGEST_TRACE) return count;
  throw new UsageError(`Cannot use --trace: ${text} is above the greatest, ${LONGEST_TRACE}`);
}

/** Keeps the last instructions; the machine's own history has only a few. */
export class Tracer {
  readonly #capacity: number;
  readonly #ring: TracedInstruction[] = [];
  #next = 0;
  /** The instruction that is being executed; its word is known when it has been. */
  #current: Omit<TracedInstruction, "word"> | undefined;

  /** @param capacity how many, at least 1 */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  /** To be called before each instruction. */
  before(m: Machine): void {
    this.#finish(m);
    this.#current = { pc: m.pc, world: m.inGuest ? "guest" : "host" };
  }

  #finish(m: Machine): void {
    if (this.#current === undefined) return;
    this.#ring[this.#next] = { ...this.#current, word: m.word };
    this.#next = (this.#next + 1) % this.#capacity;
    this.#current = undefined;
  }

  /** The last instructions, oldest first. To be called when the machine has stopped. */
  last(m: Machine): readonly TracedInstruction[] {
    this.#finish(m);
    return [...this.#ring.slice(this.#next), ...this.#ring.slice(0, this.#next)];
  }
}

/** A line an instruction: world, address, place, text. */
export function traceText(instructions: readonly TracedInstruction[], program: ProgramFile): string {
  return table(
    instructions.map(({ pc, word, world }) => [
      world,
      hex(pc),
      program.place(pc) ?? "",
      word === undefined ? "(not fetched)" : instructionText(word, pc),
    ]),
    "    ",
  );
}
