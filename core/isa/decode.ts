/**
 * From an instruction word to its operands.
 *
 * @module
 */
import type { Field, Operand } from "./pattern.ts";
import { type Instruction, ISA } from "./table.ts";

/** A decoded word. */
export interface Decoded {
  /** The row that the word matches. */
  readonly instruction: Instruction;
  /** The word itself. */
  readonly word: number;
  /** Register number in field rd; 0 if the instruction has no such field. */
  readonly rd: number;
  /** Likewise for field rj. */
  readonly rj: number;
  /** Likewise for field rk. */
  readonly rk: number;
  /**
   * The operands that are not registers, by name: sign-extended and scaled, as mathematical integers (`si12` of -1 is
   * `-1n`, `sa2` of `alsl.w` is 1 to 4).
   */
  readonly operands: Readonly<Record<string, bigint>>;
  /** The same values in the order of `instruction.immediates`, modulo 2^64: what `imm` in a meaning evaluates to. */
  readonly immediates: readonly bigint[];
}

/** The value of a field of the word: sign-extended if the field is signed, not scaled. */
export function fieldValue(field: Field, word: number): number {
  let value = 0;
  for (const { at, from, width } of field.pieces) value |= ((word >>> at) & (2 ** width - 1)) << from;
  const unused = 32 - field.width;
  return field.signed ? (value << unused) >> unused : value;
}

/** The value of an operand of the word, as it is written. */
export function operandValue(operand: Operand, word: number): bigint {
  return BigInt(fieldValue(operand.field, word) * 2 ** operand.shift + operand.plus);
}

function decodeAs(instruction: Instruction, word: number): Decoded {
  const operands: Record<string, bigint> = {};
  const immediates: bigint[] = [];
  for (const operand of instruction.immediates) {
    const value = operandValue(operand, word);
    operands[operand.name] = value;
    immediates.push(BigInt.asUintN(64, value));
  }
  const registers = { rd: 0, rj: 0, rk: 0 };
  for (const { kind, name, field } of instruction.operands) {
    if (kind === "register") registers[name as keyof typeof registers] = fieldValue(field, word);
  }
  return { instruction, word, ...registers, operands, immediates };
}

/** Decodes a word of {@linkcode ISA}, undefined if no instruction has this encoding. */
export function decode(word: number): Decoded | undefined {
  const instruction = ISA.decode(word);
  return instruction === undefined ? undefined : decodeAs(instruction, word);
}
