/**
 * Pseudo-instructions: a table from name to expansion. The sequences are those that LLVM 19 emits.
 *
 * @module
 */
import { SourceFault, type Span } from "./errors.ts";
import {
  numberOperand,
  type OperandNode,
  registerOperand,
  type ValueOperand,
  type Wanted,
  withModifier,
} from "./operands.ts";
import type { Unit } from "./unit.ts";

/** A pseudo-instruction being expanded. Number and kinds of its operands are as the table says. */
export interface Expansion {
  readonly unit: Unit;
  /** The mnemonic as written, in lower case. */
  readonly written: string;
  readonly span: Span;
  readonly operands: readonly OperandNode[];
  /** Adds a real instruction. */
  emit(name: string, operands: readonly OperandNode[]): void;
}

/** A row of the table. */
export interface Pseudo {
  readonly operands: readonly Wanted[];
  readonly expand: (expansion: Expansion) => void;
}

const ZERO = 0;
const RETURN_ADDRESS = 1;

const RD: Wanted = { kind: "register", name: "rd" };
const RJ: Wanted = { kind: "register", name: "rj" };
const TARGET: Wanted = { kind: "offset", name: "target" };
const NUMBER: Wanted = { kind: "immediate", name: "value" };
const SYMBOL: Wanted = { kind: "immediate", name: "symbol" };

function operandAt(expansion: Expansion, index: number): OperandNode {
  const operand = expansion.operands[index];
  if (operand === undefined) {
    throw new RangeError(`Cannot expand ${expansion.written}: operand ${index} is missing`);
  }
  return operand;
}

function valueAt(expansion: Expansion, index: number): ValueOperand {
  const operand = operandAt(expansion, index);
  if (operand.kind === "register") {
    throw new RangeError(`Cannot expand ${expansion.written}: operand ${index} is a register`);
  }
  return operand;
}

/** The operand for an expression that the source wrote without a modifier. */
function plainValueAt(expansion: Expansion, index: number): ValueOperand {
  const operand = valueAt(expansion, index);
  if (operand.modifier === undefined) return operand;
  throw new SourceFault(`Cannot assemble ${expansion.written}: it takes no modifier`, operand.span);
}

/** One step of loading a number: the instruction and its immediate. */
type LoadStep = readonly [name: "addi.w" | "ori" | "lu12i.w" | "lu32i.d" | "lu52i.d", immediate: bigint];

/** Loads 32 bits, sign-extended to 64. */
function loadWord(word: bigint): LoadStep[] {
  const upper = BigInt.asIntN(20, word >> 12n);
  const low = word & 0xfffn;
  if (upper === 0n) return [["ori", low]];
  if (word >= -0x800n && word < 0n) return [["addi.w", word]];
  const steps: LoadStep[] = [["lu12i.w", upper]];
  if (low !== 0n) steps.push(["ori", low]);
  return steps;
}

/** The shortest sequence without bit-field instructions that loads a signed 64-bit number into a register. */
export function loadSequence(n: bigint): LoadStep[] {
  const bits63To52 = BigInt.asIntN(12, n >> 52n);
  const bits51To32 = BigInt.asIntN(20, n >> 32n);
  if (bits63To52 !== 0n && BigInt.asUintN(52, n) === 0n) return [["lu52i.d", bits63To52]];
  const word = BigInt.asIntN(32, n);
  const steps = loadWord(word);
  if (BigInt.asIntN(52, n) !== word) steps.push(["lu32i.d", bits51To32]);
  if (BigInt.asIntN(52, n) !== n) steps.push(["lu52i.d", bits63To52]);
  return steps;
}

function loadNumber(expansion: Expansion, width: 32 | 64): void {
  const { unit, written, span } = expansion;
  const rd = operandAt(expansion, 0);
  const given = plainValueAt(expansion, 1);
  const { n, base, weight } = unit.symbols.evaluate(given.expression);
  if (base !== undefined || weight !== 0) {
    const text = unit.text(given.span);
    throw new SourceFault(`Cannot expand ${written}: ${text} is an address, use la.local`, given.span);
  }
  if (width === 32 && (n < -(1n << 31n) || n >= 1n << 32n)) {
    const reason = `the value is ${n}, range is ${-(1n << 31n)} to ${(1n << 32n) - 1n}`;
    throw new SourceFault(`Cannot expand ${written}: ${reason}`, given.span);
  }
  // lu52i.d alone takes its low bits from $zero, the other starts stand on nothing either.
  let source = registerOperand(ZERO, span);
  for (const [name, immediate] of loadSequence(width === 32 ? BigInt.asIntN(32, n) : n)) {
    const last = numberOperand(immediate, given.span);
    const twoOperands = name === "lu12i.w" || name === "lu32i.d";
    expansion.emit(name, twoOperands ? [rd, last] : [rd, source, last]);
    if (rd.kind === "register") source = rd;
  }
}

/** A branch that is a real one with its registers in another order; indices are of operands, -1 is `$zero`. */
function branch(name: string, first: number, second: number): Pseudo {
  const registers = [first, second].filter((index) => index >= 0).length;
  return {
    operands: registers === 2 ? [RJ, RD, TARGET] : [RJ, TARGET],
    expand: (expansion) => {
      const pick = (index: number) =>
        index < 0 ? registerOperand(ZERO, expansion.span) : operandAt(expansion, index);
      expansion.emit(name, [pick(first), pick(second), operandAt(expansion, registers)]);
    },
  };
}

/** The address of a symbol, relative to the place of the code. */
const LOAD_RELATIVE: Pseudo = {
  operands: [RD, SYMBOL],
  expand: (expansion) => {
    const rd = operandAt(expansion, 0);
    const symbol = plainValueAt(expansion, 1);
    expansion.emit("pcalau12i", [rd, withModifier(symbol, "pc_hi20")]);
    expansion.emit("addi.d", [rd, rd, withModifier(symbol, "pc_lo12")]);
  },
};

const LOAD_ABSOLUTE: Pseudo = {
  operands: [RD, SYMBOL],
  expand: (expansion) => {
    const rd = operandAt(expansion, 0);
    const symbol = plainValueAt(expansion, 1);
    expansion.emit("lu12i.w", [rd, withModifier(symbol, "abs_hi20")]);
    expansion.emit("ori", [rd, rd, withModifier(symbol, "abs_lo12")]);
    expansion.emit("lu32i.d", [rd, withModifier(symbol, "abs64_lo20")]);
    expansion.emit("lu52i.d", [rd, rd, withModifier(symbol, "abs64_hi12")]);
  },
};

function farJump(expansion: Expansion, scratch: OperandNode, link: number, target: ValueOperand): void {
  const { span } = expansion;
  expansion.emit("pcaddu18i", [scratch, withModifier(target, "call36")]);
  expansion.emit("jirl", [registerOperand(link, span), scratch, withModifier(target, "call36_rest")]);
}

/** All pseudo-instructions by name. */
export const PSEUDO_INSTRUCTIONS: ReadonlyMap<string, Pseudo> = new Map<string, Pseudo>([
  ["nop", {
    operands: [],
    expand: ({ emit, span }) => {
      emit("andi", [registerOperand(ZERO, span), registerOperand(ZERO, span), numberOperand(0n, span)]);
    },
  }],
  ["move", {
    operands: [RD, RJ],
    expand: (expansion) => {
      const zero = registerOperand(ZERO, expansion.span);
      expansion.emit("or", [operandAt(expansion, 0), operandAt(expansion, 1), zero]);
    },
  }],
  ["ret", {
    operands: [],
    expand: ({ emit, span }) => {
      emit("jirl", [
        registerOperand(ZERO, span),
        registerOperand(RETURN_ADDRESS, span),
        numberOperand(0n, span),
      ]);
    },
  }],
  ["jr", {
    operands: [RJ],
    expand: (expansion) => {
      const { emit, span } = expansion;
      emit("jirl", [registerOperand(ZERO, span), operandAt(expansion, 0), numberOperand(0n, span)]);
    },
  }],
  ["li.w", { operands: [RD, NUMBER], expand: (expansion) => loadNumber(expansion, 32) }],
  ["li.d", { operands: [RD, NUMBER], expand: (expansion) => loadNumber(expansion, 64) }],
  ["la", LOAD_RELATIVE],
  ["la.local", LOAD_RELATIVE],
  ["la.pcrel", LOAD_RELATIVE],
  // Without a dynamic linker nothing needs the table of addresses that a compiler would go through.
  ["la.global", LOAD_RELATIVE],
  ["la.abs", LOAD_ABSOLUTE],
  ["bgt", branch("blt", 1, 0)],
  ["ble", branch("bge", 1, 0)],
  ["bgtu", branch("bltu", 1, 0)],
  ["bleu", branch("bgeu", 1, 0)],
  ["bltz", branch("blt", 0, -1)],
  ["bgez", branch("bge", 0, -1)],
  ["bgtz", branch("blt", -1, 0)],
  ["blez", branch("bge", -1, 0)],
  ["call36", {
    operands: [TARGET],
    expand: (expansion) => {
      const link = registerOperand(RETURN_ADDRESS, expansion.span);
      farJump(expansion, link, RETURN_ADDRESS, plainValueAt(expansion, 0));
    },
  }],
  ["tail36", {
    operands: [RJ, TARGET],
    expand: (expansion) => {
      farJump(expansion, operandAt(expansion, 0), ZERO, plainValueAt(expansion, 1));
    },
  }],
]);
