/**
 * From operands to an instruction word.
 *
 * @module
 */
import type { Operand } from "./pattern.ts";
import type { Instruction } from "./table.ts";

function fail(instruction: Instruction, reason: string): never {
  throw new RangeError(`Cannot encode ${instruction.name}: ${reason}`);
}

function encodeOperand(instruction: Instruction, operand: Operand, value: bigint): number {
  const { name, min, max, shift, plus, field } = operand;
  if (value < BigInt(min) || value > BigInt(max)) {
    fail(instruction, `${name} is ${value}, range is ${min} to ${max}`);
  }
  const scaled = Number(value) - plus;
  const units = scaled / 2 ** shift;
  if (!Number.isInteger(units)) fail(instruction, `${name} is ${value}, must be a multiple of ${2 ** shift}`);
  let bits = 0;
  for (const { at, from, width } of field.pieces) {
    // An arithmetic shift keeps the sign, and at most 31 bits of a field are kept here.
    bits |= ((units >> from) & (2 ** width - 1)) << at;
  }
  return bits;
}

/** A bit range written high end first must not be empty. */
function checkBitRange(instruction: Instruction, values: readonly bigint[]): void {
  const msb = values[instruction.operands.findIndex((o) => o.name === "msb")];
  const lsb = values[instruction.operands.findIndex((o) => o.name === "lsb")];
  if (msb === undefined || lsb === undefined || msb >= lsb) return;
  fail(instruction, `msb is ${msb}, range is ${lsb} (lsb) to ${instruction.immediates[0]?.max}`);
}

/**
 * Encodes an instruction. Values stand in assembly order and in written units: a register is its number, a branch
 * target its byte offset, `alsl.w` takes a shift of 1 to 4.
 *
 * @throws {RangeError} if a value is out of range, not a multiple of its unit, or makes the word another instruction
 */
export function encode(instruction: Instruction, values: readonly bigint[]): number {
  const { operands } = instruction;
  if (values.length !== operands.length) {
    fail(instruction, `it has ${operands.length} operands, received ${values.length}`);
  }
  checkBitRange(instruction, values);
  let word = instruction.match;
  values.forEach((value, index) => {
    const operand = operands[index];
    if (operand !== undefined) word |= encodeOperand(instruction, operand, value);
  });
  word >>>= 0;
  for (const special of instruction.refinements) {
    if ((word & special.mask) >>> 0 === special.match) {
      fail(instruction, `with these operands it is ${special.name}`);
    }
  }
  return word;
}
