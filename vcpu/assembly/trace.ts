/**
 * What a hypervisor's machine code did, instruction by instruction: which register, CSR and memory each wrote.
 *
 * @module
 */
import { csrByNumber, type CsrDeclaration, decode, type Decoded, type Machine } from "../../core/mod.ts";

/** A CSR that an instruction wrote. */
export interface CsrChange {
  readonly csr: CsrDeclaration;
  /** True for the guest's copy (gcsrwr, gcsrxchg). */
  readonly isGuest: boolean;
  readonly old: bigint;
  readonly value: bigint;
}

/** Memory that an instruction loaded or stored. */
export interface MemoryUse {
  readonly isStore: boolean;
  readonly address: bigint;
  /** The general register that it went to or came from. */
  readonly register: number;
}

/** One instruction of the host. */
export interface HostStep {
  readonly pc: bigint;
  readonly word: number;
  /** How often the guest had left before it since the code was called: 0 on the way in. */
  readonly exits: number;
  /** The general register that it wrote; 0 for none. */
  readonly register: number;
  /** What that register held afterwards. */
  readonly value: bigint;
  readonly csr?: CsrChange;
  readonly memory?: MemoryUse;
}

/** The operands of an instruction that matter to a trace. */
interface Effect {
  readonly op: Decoded | undefined;
  readonly register: number;
  readonly csr: CsrDeclaration | undefined;
  readonly isGuest: boolean;
  readonly memory: "load" | "store" | undefined;
  /** Displacement of a load or store; undefined where a register holds it. */
  readonly offset: bigint | undefined;
}

const RA = 1;
const CSR_WRITE = /^(g?)csr(wr|xchg)$/;
const LOAD = /^(ld|ldx|ldptr|ll)\./;
const STORE = /^(st|stx|stptr|sc)\./;
/** Instructions whose rd is a source, or names no register. */
const READS_RD = /^(st|stx|stptr|iocsrwr)\.|^(b..|b...|ldpte|invtlb|cacop|preld|preldx)$/;

/** Effects of the words met; a memo of a pure function. */
const EFFECTS = new Map<number, Effect>();
const EFFECT_LIMIT = 1 << 16;

function effectOf(word: number): Effect {
  let effect = EFFECTS.get(word);
  if (effect === undefined) {
    if (EFFECTS.size >= EFFECT_LIMIT) EFFECTS.clear();
    EFFECTS.set(word, effect = computeEffect(word));
  }
  return effect;
}

function computeEffect(word: number): Effect {
  const op = decode(word);
  const name = op?.instruction.name ?? "";
  const write = CSR_WRITE.exec(name);
  const memory = LOAD.test(name) ? "load" as const : STORE.test(name) ? "store" as const : undefined;
  return {
    op,
    register: name === "bl" ? RA : READS_RD.test(name) ? 0 : op?.rd ?? 0,
    csr: write === null ? undefined : csrByNumber(Number(op?.operands["csr"] ?? -1n)),
    isGuest: write?.[1] === "g",
    memory,
    offset: Object.values(op?.operands ?? {})[0],
  };
}

/** Collects the instructions of one call of a hypervisor's code. */
export class CodeTrace {
  #steps: HostStep[] = [];
  #exits = 0;
  #pending:
    | {
      readonly pc: bigint;
      readonly effect: Effect;
      readonly isGuest: boolean;
      readonly word: number;
      readonly old: bigint;
    }
    | undefined;
  #memory: MemoryUse | undefined;

  /** Forgets everything: a new call begins. */
  start(): void {
    this.#steps = [];
    this.#exits = 0;
    this.#pending = undefined;
  }

  /** The guest left. */
  exited(): void {
    this.#exits++;
  }

  /** To be called before each instruction of the host. */
  before(m: Machine, word: number): void {
    const effect = effectOf(word);
    const { csr } = effect;
    const isGuest = effect.isGuest || m.inGuest;
    this.#memory = effect.memory === undefined ? undefined : memoryUse(m, effect);
    const old = csr === undefined ? 0n : read(m, isGuest, csr);
    this.#pending = { pc: m.pc, word, effect, isGuest, old };
  }

  /** To be called after it. */
  after(m: Machine): void {
    if (this.#pending === undefined) return;
    const { pc, word, old, isGuest, effect: { register, csr } } = this.#pending;
    this.#steps.push({
      pc,
      word,
      exits: this.#exits,
      register,
      value: m.gpr[register] ?? 0n,
      ...(csr !== undefined && { csr: { csr, isGuest, old, value: read(m, isGuest, csr) } }),
      ...(this.#memory !== undefined && { memory: this.#memory }),
    });
    this.#pending = undefined;
  }

  /** How often the guest has left since the code was called. */
  get exits(): number {
    return this.#exits;
  }

  /** Oldest first. */
  get steps(): readonly HostStep[] {
    return this.#steps;
  }
}

function read(m: Machine, isGuest: boolean, csr: CsrDeclaration): bigint {
  const bank = isGuest ? m.guest : m.host;
  return bank.has(csr.number) ? bank.read(csr) : 0n;
}

function memoryUse(m: Machine, { op, memory, offset }: Effect): MemoryUse | undefined {
  if (op === undefined || memory === undefined) return undefined;
  const displacement = offset ?? m.gpr[op.rk] ?? 0n;
  const address = BigInt.asUintN(64, (m.gpr[op.rj] ?? 0n) + displacement);
  return { isStore: memory === "store", address, register: op.rd };
}
