/**
 * The floating-point instructions as forms to try: which operands they take, and what our machine answers.
 *
 * @module
 */
import { FlatMemory } from "../bare_machine.ts";
import { EENTRY, ESTAT, EUEN } from "../csr/basic.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { encode } from "../isa/encode.ts";
import { type Instruction, ISA } from "../isa/table.ts";
import { Machine } from "../machine.ts";
import { LA464, type Profile } from "../profile.ts";
import type { Random } from "../random.ts";
import { DOUBLE, SINGLE } from "./format.ts";
import { makeState, type OperandTypes, type State } from "./states.ts";

/** An instruction with fixed register operands. */
export interface Form {
  /** The mnemonic; of the moves to and from FCSR0 to FCSR3, which register too. */
  readonly name: string;
  readonly instruction: Instruction;
  /** Of the moves to and from FCSR0 to FCSR3. */
  readonly fcsr: number;
}

/** Everything that a form is given. */
export interface Inputs {
  readonly state: State;
  readonly rj: bigint;
  readonly rk: bigint;
}

/** Everything that a form may change. */
export interface Answer {
  readonly fd: bigint;
  readonly fcsr: number;
  readonly flag: number;
  /** 0: jumped over the next instruction, 1: did not, 256 n + 1: raised Ecode n. */
  readonly outcome: number;
  readonly rd: bigint;
  /** 16 bytes. */
  readonly memory: bigint;
}

function* forms(): Generator<Form> {
  for (const instruction of ISA.all) {
    if (instruction.unit !== "FPE" || instruction.needs !== "FP") continue;
    const isFcsr = instruction.operands.some((o) => o.file === "fcsr");
    for (let fcsr = 0; fcsr < (isFcsr ? 4 : 1); fcsr++) {
      yield { name: isFcsr ? `${instruction.name} ${fcsr}` : instruction.name, instruction, fcsr };
    }
  }
}

/** All forms. Not those of estimates, which QEMU lacks. */
export const FORMS: readonly Form[] = [...forms()];

/** Registers of the forms: $fa0 to $fa3, $fcc1 written, $fcc2 read, $a0 to $a2; branches jump over an instruction. */
const OPERANDS: Readonly<Record<string, bigint>> = {
  fd: 0n,
  fj: 1n,
  fk: 2n,
  fa: 3n,
  cd: 1n,
  cj: 2n,
  ca: 2n,
  rd: 4n,
  rj: 5n,
  rk: 6n,
  si12: 0n,
  offs21: 8n,
};

/** The word of a form. */
export function wordOf({ instruction, fcsr }: Form): number {
  return encode(instruction, instruction.operands.map(({ name }) => OPERANDS[name] ?? BigInt(fcsr)));
}

/** Where the 16 bytes stand that loads and stores reach. */
export const SCRATCH = 0x1000n;

/** What the operands of an instruction are. */
export function typesOf({ name }: Instruction): OperandTypes {
  const [, , last] = name.split(".");
  const operand = name.startsWith("ffint") ? undefined : last ?? name.split(".")[1];
  return {
    format: operand === "s" ? SINGLE : DOUBLE,
    integer: name.startsWith("ffint"),
    scale: name.startsWith("fscaleb"),
  };
}

/** An address, and the bound or index that goes with it. */
function addressed(random: Random, { name }: Instruction): { rj: bigint; rk: bigint } {
  const size = name.endsWith(".s") ? 4 : 8;
  const isBounded = /[gl][te]\./.test(name);
  // Misaligned accesses with a bound: QEMU does not raise ALE.
  const at = SCRATCH + BigInt(isBounded ? size * random.below(16 / size) : random.below(17 - size));
  if (isBounded) {
    // QEMU accesses rj + rk where the bound allows it: that must be RAM.
    const far = /gt\./.test(name) ? (1n << 63n) | random.bits64() : BigInt(random.below(0x8000));
    return { rj: at, rk: random.pick([at, at + 1n, at - 1n, 0n, far]) };
  }
  const index = random.bits64();
  return name.includes("x.") ? { rj: BigInt.asUintN(64, at - index), rk: index } : { rj: at, rk: index };
}

/** Makes inputs of a form; what it does not read is 0. */
export function inputsOf(random: Random, { instruction, name }: Form, index: number): Inputs {
  const state = makeState(random, typesOf(instruction), index);
  if (/^f(ld|st)/.test(name)) return { state: { ...state, fj: 0n }, ...addressed(random, instruction) };
  const used = new Set(instruction.operands.map((o) => o.name));
  const ifUsed = (operand: string, value: bigint) => used.has(operand) ? value : 0n;
  const { fj, fk, fa, fd, fcsr, flag } = state;
  const operands = { fj: ifUsed("fj", fj), fk: ifUsed("fk", fk), fa: ifUsed("fa", fa), fd: ifUsed("fd", fd) };
  // Reserved bits of FCSR0 can be written in QEMU.
  const rj = ifUsed("rj", name.startsWith("movgr2fcsr") ? random.bits64() & ~0xe0e0fce0n : random.bits64());
  return { state: { ...operands, fcsr, flag }, rj, rk: 0n };
}

const hex = (v: bigint | number) => v.toString(16);

/** What a form was given and left, as one line. */
export function textOf({ name }: Form, { state, rj, rk }: Inputs, answer: Answer): string {
  const held = state.fk | (state.fa << 64n);
  const given = [state.fj, state.fk, state.fa, state.fd, state.fcsr, state.flag, rj, rk].map(hex);
  const found = [answer.fd, answer.fcsr, answer.flag, answer.outcome, answer.rd].map(hex);
  return `${name}: ${given.join(" ")}: ${found.join(" ")} ${
    answer.memory === held ? "=" : hex(answer.memory)
  }`;
}

/** The form and the inputs of a line of {@linkcode textOf}. @throws {SyntaxError} if it is none */
export function parseText(text: string): { form: Form; inputs: Inputs } {
  const [name, given = ""] = text.split(": ");
  const form = FORMS.find((f) => f.name === name);
  const [fj, fk, fa, fd, fcsr, flag, rj, rk] = given.split(" ").map((digits) => BigInt(`0x${digits}`));
  if (form === undefined || fj === undefined || fk === undefined || fa === undefined || fd === undefined) {
    throw new SyntaxError(`Cannot read "${text}": it is no line of a form`);
  }
  const state = { fj, fk, fa, fd, fcsr: Number(fcsr ?? 0n), flag: flag === 1n ? 1 : 0 } as const;
  return { form, inputs: { state, rj: rj ?? 0n, rk: rk ?? 0n } };
}

const CODE = 0x2000n;
const HANDLER = 0x3000n;

/** Executes forms on our machine. */
export class Runner {
  readonly #memory = new FlatMemory(0x4000);
  readonly #machine: Machine;
  readonly #engine = new ReferenceEngine();

  constructor(profile: Profile = LA464) {
    this.#machine = new Machine({
      bus: this.#memory,
      iocsr: { read: () => undefined, write: () => false },
      profile,
    });
    this.#machine.host.set(EUEN.FPE, 1n);
    this.#machine.host.write(EENTRY, HANDLER);
  }

  /** What a form leaves. */
  run(form: Form, { state, rj, rk }: Inputs): Answer {
    const m = this.#machine;
    const scratch = new DataView(this.#memory.bytes.buffer, Number(SCRATCH), 16);
    scratch.setBigUint64(0, state.fk, true);
    scratch.setBigUint64(8, state.fa, true);
    m.fpr.set([state.fd, state.fj, state.fk, state.fa]);
    m.fcc.fill(state.flag);
    m.fcsr = state.fcsr;
    m.gpr.set([0n, rj, rk], 4);
    m.pc = CODE;
    this.#engine.execute(m, wordOf(form));
    const trapped = m.pc === HANDLER ? Number(m.host.get(ESTAT.Ecode)) * 256 + 1 : 1;
    return {
      fd: m.fpr[0]!,
      fcsr: m.fcsr,
      flag: m.fcc[1]!,
      outcome: m.pc === CODE + 8n ? 0 : trapped,
      rd: m.gpr[4]!,
      memory: scratch.getBigUint64(0, true) | (scratch.getBigUint64(8, true) << 64n),
    };
  }
}
