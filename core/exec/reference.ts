/**
 * The reference engine: fetch, decode, check, evaluate over bigint. Its virtue is clarity.
 *
 * @module
 */
import type { Engine, RunLimits, Stop } from "../engine.ts";
import { takeException, Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import { isSame } from "../halves.ts";
import { decode, type Decoded } from "../isa/decode.ts";
import type { Instruction } from "../isa/table.ts";
import type { Machine } from "../machine.ts";
import { CALLS } from "./calls.ts";
import { compile } from "./evaluate.ts";
import { type PermissionCheck, permissionCheck } from "./permission.ts";
import { attend, isBefore, settle, sleep } from "./turn.ts";

/** An instruction ready to execute. */
interface Executable {
  readonly check: PermissionCheck | undefined;
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
  /** Lines that were met, decoded: each is always the same array. */
  readonly #lines = new WeakMap<readonly number[], readonly Cached[]>();

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
    this.executeOne(m, word);
  }

  executeAll(m: Machine, words: readonly number[]): number {
    return this.executeSome(m, words, 0, words.length);
  }

  /** The same from one of the words on, up to another; the index of the one that did not lead to the next, or that other's. */
  executeSome(m: Machine, words: readonly number[], from: number, to: number): number {
    const line = this.#lines.get(words) ?? this.#decodeAll(words);
    const end = Math.min(to, line.length);
    for (let i = from; i < end; i++) {
      const hasLed = this.#step(m, undefined, line[i]);
      settle(m);
      if (!hasLed) return i;
    }
    // Behind it is a word that is no instruction.
    if (end < to) this.execute(m, words[end]!);
    return end;
  }

  /** The words of a line up to the first that is no instruction. */
  #decodeAll(words: readonly number[]): readonly Cached[] {
    const line: Cached[] = [];
    for (const word of words) {
      const decoded = this.#tryDecode(word);
      if (decoded === undefined) break;
      line.push(decoded);
    }
    this.#lines.set(words, line);
    return line;
  }

  /** Executes a word; false if it did not lead to the next one. */
  executeOne(m: Machine, word: number): boolean {
    const hasLed = this.#step(m, word);
    settle(m);
    return hasLed;
  }

  /** Executes the instruction at `pc`, or takes the exception that it raises. Alarms and interrupts are the caller's. */
  step(m: Machine): void {
    this.#step(m);
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
        if (!isAllowed && check?.(m, op) !== undefined) return false;
        execute(m, op);
        return true;
      } catch {
        return false;
      }
    };
  }

  /** Takes the exception that an instruction raised. */
  #trapped(m: Machine, error: unknown): void {
    if (!(error instanceof Trap)) throw error;
    m.clock.trapped++;
    takeException(m, error, m.pc, m.word);
  }

  /** What an instruction does unless it raises an exception; false if it does not lead to the next one. */
  #perform(m: Machine, { op, executable }: Cached): boolean {
    const next = BigInt.asUintN(64, m.pc + WORD);
    m.nextPc = next;
    const exit = executable.check?.(m, op);
    if (exit !== undefined) {
      this.#trapped(m, exit);
      return false;
    }
    executable.execute(m, op);
    m.pc = m.address32 ? m.nextPc & 0xffffffffn : m.nextPc;
    return isSame(m.pc, next);
  }

  /**
   * Executes one instruction, or takes the exception that it or its fetch raises.
   *
   * @param fetched its word, if that is known already
   * @param decoded what that was decoded as, if that is
   * @returns false if it did not lead to the next one
   */
  #step(m: Machine, fetched?: number, decoded?: Cached): boolean {
    m.word = undefined;
    try {
      const word = decoded?.op.word ?? fetched ?? m.fetch();
      m.word = word;
      m.history.record(m.pc, word, m.inGuest);
      return this.#perform(m, decoded ?? this.#decode(word));
    } catch (error) {
      this.#trapped(m, error);
      return false;
    } finally {
      m.clock.executed++;
    }
  }

  /** @throws {Trap} INE for a word that is no instruction */
  #decode(word: number): Cached {
    const decoded = this.#tryDecode(word);
    if (decoded === undefined) throw new Trap(EXCEPTIONS.INE);
    return decoded;
  }

  #tryDecode(word: number): Cached | undefined {
    const known = this.#cache.get(word);
    if (known !== undefined) return known;
    const op = decode(word);
    if (op === undefined) return undefined;
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
