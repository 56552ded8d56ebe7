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

function encodeOperand(instruction: Instruction, operand: Operand, value: bigint | number): number {
  const { name, min, max, shift, plus, field } = operand;
  // What rounds to a number within the range is within it.
  const number = Number(value);
  if (!(number >= min && number <= max)) fail(instruction, `${name} is ${value}, range is ${min} to ${max}`);
  const units = (number - plus) / 2 ** shift;
  if (!Number.isInteger(units)) fail(instruction, `${name} is ${value}, must be a multiple of ${2 ** shift}`);
  let bits = 0;
  for (const { at, from, width } of field.pieces) {
    // An arithmetic shift keeps the sign, and at most 31 bits of a field are kept here.
    bits |= ((units >> from) & (2 ** width - 1)) << at;
  }
  return bits;
}

/** A bit range written high end first must not be empty. */
function checkBitRange(instruction: Instruction, values: readonly (bigint | number)[]): void {
  let msb: bigint | number | undefined;
  let lsb: bigint | number | undefined;
  for (let i = 0; i < values.length; i++) {
    const name = instruction.operands[i]?.name;
    if (name === "msb") msb = values[i];
    else if (name === "lsb") lsb = values[i];
  }
  if (msb === undefined || lsb === undefined || msb >= lsb) return;
  fail(instruction, `msb is ${msb}, range is ${lsb} (lsb) to ${instruction.immediates[0]?.max}`);
}

/**
 * Encodes an instruction. Values stand in assembly order and in written units: a register is its number, a branch
 * target its byte offset, `alsl.w` takes a shift of 1 to 4. Numbers are encoded several times faster than bigints.
 *
 * @throws {RangeError} if a value is out of range, not a multiple of its unit, or makes the word another instruction
 */
export function encode(instruction: Instruction, values: readonly (bigint | number)[]): number {
  const { operands } = instruction;
  if (values.length !== operands.length) {
    fail(instruction, `it has ${operands.length} operands, received ${values.length}`);
  }
  checkBitRange(instruction, values);
  let word = instruction.match;
  for (let i = 0; i < operands.length; i++) word |= encodeOperand(instruction, operands[i]!, values[i]!);
  word >>>= 0;
  for (const special of instruction.refinements) {
    if ((word & special.mask) >>> 0 === special.match) {
      fail(instruction, `with these operands it is ${special.name}`);
    }
  }
  return word;
}
