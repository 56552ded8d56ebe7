/**
 * The reference engine: fetch, decode, check, evaluate over bigint. Its virtue is clarity.
 *
 * @module
 */
import type { Engine, RunLimits, Stop } from "../engine.ts";
import { takeException, Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import { decode, type Decoded } from "../isa/decode.ts";
import type { Instruction } from "../isa/table.ts";
import type { Machine } from "../machine.ts";
import { CALLS } from "./calls.ts";
import { compile } from "./evaluate.ts";
import { permissionCheck } from "./permission.ts";
import { attend, isBefore, settle, sleep } from "./turn.ts";

/** An instruction ready to execute. */
interface Executable {
  readonly check: ((m: Machine, op: Decoded) => void) | undefined;
  readonly execute: (m: Machine, op: Decoded) => void;
}

/** A decoded word with its executable; the same word always decodes alike, so that memory can change freely. */
interface Cached {
  readonly op: Decoded;
  readonly executable: Executable;
}

/** Executes an instruction, whose permission need not be asked for if it is known. */
export type PlainCall = (m: Machine, isAllowed: boolean) => boolean;

/** Words kept decoded; when the limit is reached the cache starts anew, so that no guest can fill the memory. */
const CACHE_LIMIT = 1 << 16;

/** Bytes. */
const WORD = 4n;

/** Evaluates one instruction after the other. */
export class ReferenceEngine implements Engine {
  readonly name = "reference";
  /** Compiled when first met: a run meets few of the instructions. */
  readonly #executables = new Map<Instruction, Executable>();
  readonly #cache = new Map<number, Cached>();

  run(m: Machine, limits: RunLimits): Stop {
    let seen = -1;
    for (let left = limits.budget;; left--) {
      if (m.stopRequest !== undefined) return { kind: "device", reason: m.stopRequest };
      seen = attend(m, seen);
      if (limits.untilHost && !m.inGuest) return { kind: "host" };
      if (left <= 0) return { kind: "budget" };
      if (m.idle) {
        if (!sleep(m)) return { kind: "idle" };
        continue;
      }
      if (limits.stopBefore !== undefined && isBefore(m, limits.stopBefore)) return { kind: "requested" };
      if (limits.onInstruction?.(m)) return { kind: "requested" };
      this.step(m);
    }
  }

  execute(m: Machine, word: number): void {
    this.#step(m, word);
    settle(m);
  }

  executeAll(m: Machine, words: readonly number[]): number {
    const raised = words.findIndex((word) => !this.executeOne(m, word));
    return raised < 0 ? words.length : raised;
  }

  /** Executes a word; false if it did not lead to the next one. */
  executeOne(m: Machine, word: number): boolean {
    const next = BigInt.asUintN(64, m.pc + WORD);
    this.execute(m, word);
    return m.pc === next;
  }

  /** Executes the instruction at `pc`, or takes the exception that it raises. Alarms and interrupts are the caller's. */
  step(m: Machine): void {
    this.#step(m, undefined);
  }

  /** The same, of a word that was fetched at `pc` already. */
  stepWord(m: Machine, word: number): void {
    this.#step(m, word);
  }

  /**
   * A word that neither asks where it is nor jumps, and which has no effect where it raises an exception, as a function that executes it: false if
   * it does, and then nothing has happened. Time is the caller's.
   */
  callOf(word: number): PlainCall {
    const { op, executable: { check, execute } } = this.#decode(word);
    return (m, isAllowed) => {
      try {
        if (!isAllowed) check?.(m, op);
        execute(m, op);
        return true;
      } catch {
        return false;
      }
    };
  }

  #take(m: Machine, trap: Trap): void {
    m.clock.trapped++;
    takeException(m, trap, m.pc, m.word);
  }

  /**
   * Executes one instruction, or takes the exception that it or its fetch raises.
   *
   * @param fetched its word, if that is known already
   */
  #step(m: Machine, fetched: number | undefined): void {
    m.word = undefined;
    try {
      const word = fetched ?? m.fetch();
      m.word = word;
      m.history.record(m.pc, word, m.inGuest);
      const { op, executable } = this.#decode(word);
      m.nextPc = BigInt.asUintN(64, m.pc + 4n);
      executable.check?.(m, op);
      executable.execute(m, op);
      m.pc = m.address32 ? m.nextPc & 0xffffffffn : m.nextPc;
    } catch (error) {
      if (!(error instanceof Trap)) throw error;
      this.#take(m, error);
    } finally {
      m.clock.executed++;
    }
  }

  #decode(word: number): Cached {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const op = decode(word);
    if (op === undefined) throw new Trap(EXCEPTIONS.INE);
    const executable = this.#executable(op.instruction);
    if (this.#cache.size >= CACHE_LIMIT) this.#cache.clear();
    const made = { op, executable };
    this.#cache.set(word, made);
    return made;
  }

  #executable(instruction: Instruction): Executable {
    let made = this.#executables.get(instruction);
    if (made === undefined) {
      made = { check: permissionCheck(instruction), execute: compile(instruction, CALLS) };
      this.#executables.set(instruction, made);
    }
    return made;
  }
}
