/**
 * From an instruction word to its operands.
 *
 * @module
 */
import {
  type Field,
  isRegisterField,
  type Operand,
  REGISTER_FIELD_NAMES,
  type RegisterFieldName,
} from "./pattern.ts";
import { type Instruction, ISA } from "./table.ts";

/** The number in each register field; 0 if the instruction has no such field. */
export type RegisterNumbers = Readonly<Record<RegisterFieldName, number>>;

/** A decoded word. */
export interface Decoded extends RegisterNumbers {
  /** The row that the word matches. */
  readonly instruction: Instruction;
  /** The word itself. */
  readonly word: number;
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

/** The register numbers of an instruction without registers. */
export function noRegisters(): Record<RegisterFieldName, number> {
  return Object.fromEntries(REGISTER_FIELD_NAMES.map((name) => [name, 0])) as Record<
    RegisterFieldName,
    number
  >;
}

const NO_REGISTERS: RegisterNumbers = Object.freeze(noRegisters());

// Programs have far more words than the table rows: what needs only the row is found once.
const REGISTERS = new WeakMap<Instruction, readonly RegisterPlace[]>();

/** A register field of a row. */
interface RegisterPlace {
  readonly name: RegisterFieldName;
  readonly field: Field;
}

function registersOf(instruction: Instruction): readonly RegisterPlace[] {
  let places = REGISTERS.get(instruction);
  if (places === undefined) {
    places = instruction.operands.flatMap(({ name, field }) =>
      isRegisterField(name) ? [{ name, field }] : []
    );
    REGISTERS.set(instruction, places);
  }
  return places;
}

function decodeAs(instruction: Instruction, word: number): Decoded {
  const operands: Record<string, bigint> = {};
  const immediates: bigint[] = [];
  for (const operand of instruction.immediates) {
    const value = operandValue(operand, word);
    operands[operand.name] = value;
    immediates.push(BigInt.asUintN(64, value));
  }
  const decoded = { ...NO_REGISTERS, instruction, word, operands, immediates };
  for (const { name, field } of registersOf(instruction)) decoded[name] = fieldValue(field, word);
  return decoded;
}

/** Decodes a word of {@linkcode ISA}, undefined if no instruction has this encoding. */
export function decode(word: number): Decoded | undefined {
  const instruction = ISA.decode(word);
  return instruction === undefined ? undefined : decodeAs(instruction, word);
}
