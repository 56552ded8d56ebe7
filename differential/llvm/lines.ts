/**
 * Instructions as lines of assembly, from the table: every row with every operand at its edges and beyond.
 *
 * @module
 */
import { type Instruction, type Operand, type RegisterFile, registerName } from "../../core/isa/mod.ts";

/** A statement to be assembled. */
export interface Line {
  /** The instruction or pseudo-instruction that it is about. */
  readonly form: string;
  readonly text: string;
  /** Of an instruction whose operands are all of the right kind and number: their values, in assembly order. */
  readonly values?: readonly bigint[];
}

const PREFIXES: Readonly<Record<RegisterFile, string>> = {
  general: "$r",
  float: "$f",
  flag: "$fcc",
  fcsr: "$fcsr",
};

/** Numbers that no operand takes, or that one takes as its two's complement. */
const FAR: readonly bigint[] = [31n, 32n, 33n, 63n].flatMap((
  bit,
) => [1n << bit, -(1n << bit), (1n << bit) - 1n])
  .concat((1n << 64n) - 1n, (1n << 64n) - 4n, 1n << 64n, -(1n << 63n) - 1n);

function isRegister({ kind }: Operand): boolean {
  return kind === "register";
}

function registerText(number: number, operand: Operand, abi: boolean): string {
  const { file = "general", max } = operand;
  return abi && number <= max ? registerName(number, file) : `${PREFIXES[file]}${number}`;
}

function operandText(value: bigint, operand: Operand, abi: boolean): string {
  return isRegister(operand) ? registerText(Number(value), operand, abi) : `${value}`;
}

function statement(mnemonic: string, operands: readonly string[]): string {
  return operands.length === 0 ? mnemonic : `${mnemonic} ${operands.join(", ")}`;
}

/** A line for operand values; registers go by their ABI names or by their numbers. */
export function lineOf(instruction: Instruction, values: readonly bigint[], abi = true): Line {
  const operands = instruction.operands.map((operand, index) =>
    operandText(values[index] ?? 0n, operand, abi)
  );
  const text = statement(instruction.name, operands);
  // Beyond that an assembler takes a number for its two's complement, which is nothing to an encoder.
  const isPlain = values.every((value) => BigInt.asIntN(64, value) === value);
  return { form: instruction.name, text, ...(isPlain ? { values } : {}) };
}

/** Operands that nothing is special about: different registers, the least number that is not negative, a full bit range. */
function baseValues({ operands }: Instruction): bigint[] {
  return operands.map(({ kind, name, min, max }, index) => {
    if (kind === "register") return BigInt((max >= 31 ? 4 : 0) + index);
    return BigInt(name === "msb" ? max : Math.max(min, 0));
  });
}

/** Both ends of an operand and what is around them, zero and what is around it, each bit alone, what is off its scale. */
function edges({ kind, min, max, shift, plus, field }: Operand): bigint[] {
  const unit = 2 ** shift;
  if (kind === "register") return Array.from({ length: max - min + 2 }, (_, number) => BigInt(number));
  const bits = Array.from({ length: field.width + 1 }, (_, bit) => plus + unit * 2 ** bit);
  const near = [min, max, 0, plus].flatMap((n) =>
    [-unit - 1, -unit, 1 - unit, -1, 0, 1, unit - 1, unit, unit + 1].map((d) => n + d)
  );
  return [...new Set([...near, ...bits, ...bits.map((bit) => -bit)].map(BigInt)), ...FAR];
}

/** One operand after the other goes through its edges. */
function sweeps(instruction: Instruction): bigint[][] {
  const base = baseValues(instruction);
  return instruction.operands.flatMap((operand, at) => edges(operand).map((value) => base.with(at, value)));
}

/** Two register operands name the same register: some instructions refuse it. */
function equalRegisters(instruction: Instruction): bigint[][] {
  const base = baseValues(instruction);
  const { operands } = instruction;
  return operands.flatMap((first, i) =>
    operands.flatMap((second, j) => {
      if (j <= i || !isRegister(first) || first.file !== second.file) return [];
      return [0n, 1n, 2n, BigInt(first.max)].map((value) => base.with(i, value).with(j, value));
    })
  );
}

/** Bit ranges, the empty ones too. */
function bitRanges(instruction: Instruction): bigint[][] {
  const msb = instruction.operands.findIndex(({ name }) => name === "msb");
  const range = instruction.operands[msb];
  if (range === undefined) return [];
  const ends = [0, 1, 2, range.max >> 1, (range.max >> 1) + 1, range.max - 1, range.max].map(BigInt);
  const base = baseValues(instruction);
  return ends.flatMap((high) => ends.map((low) => base.with(msb, high).with(msb + 1, low)));
}

function ends(instruction: Instruction, end: "min" | "max"): bigint[] {
  return instruction.operands.map((operand, i) =>
    BigInt(operand[end]) + (isRegister(operand) && end === "max" ? -BigInt(i) : 0n)
  );
}

/** No string is here: LLVM 19 crashes where one stands for an operand. */
const OTHER_KINDS: readonly string[] = ["$a0", "$fa0", "$fcc0", "$fcsr0", "0", "somewhere", "$a0 + 1", ""];

/** Operands of the wrong kind, one too few, one too many; an offset behind an address, as old compilers write it. */
function wrongShapes(instruction: Instruction): Line[] {
  const texts = instruction.operands.map((operand, i) =>
    operandText(baseValues(instruction)[i] ?? 0n, operand, true)
  );
  const replaced = instruction.operands.flatMap((operand, at) =>
    OTHER_KINDS.filter((text) => text !== "somewhere" || isRegister(operand)).map((text) =>
      texts.with(at, text)
    )
  );
  const shapes = [texts.slice(0, -1), [...texts, "$a0"], [...texts, "0"], [...texts, "4"], ...replaced];
  return shapes.map((operands) => ({ form: instruction.name, text: statement(instruction.name, operands) }));
}

/** The lines of a row, each once. */
export function rowLines(instruction: Instruction): Line[] {
  const byAbiName = [
    baseValues(instruction),
    ends(instruction, "min"),
    ends(instruction, "max"),
    ...sweeps(instruction),
    ...equalRegisters(instruction),
    ...bitRanges(instruction),
  ].map((values) => lineOf(instruction, values));
  const byNumber = sweeps(instruction).filter((_, i) => i < 128).map((values) =>
    lineOf(instruction, values, false)
  );
  const base = lineOf(instruction, baseValues(instruction));
  const inCapitals = { ...base, text: base.text.replace(instruction.name, instruction.name.toUpperCase()) };
  const lines = [...byAbiName, ...byNumber, inCapitals, ...wrongShapes(instruction)];
  return [...new Map(lines.map((line) => [line.text, line])).values()];
}
