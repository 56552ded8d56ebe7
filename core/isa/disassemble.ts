/**
 * From an instruction word to text.
 *
 * @module
 */
import { fieldValue, operandValue } from "./decode.ts";
import type { Operand } from "./pattern.ts";
import { registerName } from "./registers.ts";
import { type Instruction, ISA } from "./table.ts";

/** What {@linkcode disassemble} may be told. */
export interface DisassembleOptions {
  /** The address of the instruction: branches then show their target rather than their offset. */
  readonly pc?: bigint;
  /** Names of CSRs; a number without a name stays a number. */
  readonly csrNames?: (csr: number) => string | undefined;
}

/** The general forms that assemblers print under another name, with what they leave of the operands. */
const ALIASES: readonly {
  readonly mask: number;
  readonly match: number;
  readonly text: (word: number) => string;
}[] = [
  { mask: 0xffffffff, match: 0x03400000, text: () => "nop" },
  { mask: 0xffffffff, match: 0x4c000020, text: () => "ret" },
  { mask: 0xfffffc1f, match: 0x4c000000, text: (word) => `jr ${registerName((word >>> 5) & 31)}` },
  {
    mask: 0xfffffc00,
    match: 0x00150000,
    text: (word) => `move ${registerName(word & 31)}, ${registerName((word >>> 5) & 31)}`,
  },
];

function operandText(operand: Operand, word: number, { pc, csrNames }: DisassembleOptions): string {
  if (operand.kind === "register") return registerName(fieldValue(operand.field, word), operand.file);
  const value = operandValue(operand, word);
  if (operand.kind === "csr") return csrNames?.(Number(value)) ?? `${value}`;
  if (operand.kind === "offset" && pc !== undefined) {
    return `0x${BigInt.asUintN(64, pc + value).toString(16)}`;
  }
  return `${value}`;
}

function generalText(instruction: Instruction, word: number, options: DisassembleOptions): string {
  const operands = instruction.operands.map((operand) => operandText(operand, word, options));
  return operands.length === 0 ? instruction.name : `${instruction.name} ${operands.join(", ")}`;
}

/**
 * The text of a word in GNU syntax with ABI register names, as LLVM prints it: `addi.d $a0, $a1, -1`. A word that
 * encodes no instruction gives `.word 0x…`.
 */
export function disassemble(word: number, options: DisassembleOptions = {}): string {
  const instruction = ISA.decode(word);
  if (instruction === undefined) return `.word 0x${word.toString(16).padStart(8, "0")}`;
  for (const { mask, match, text } of ALIASES) {
    if ((word & mask) >>> 0 === match) return text(word);
  }
  return generalText(instruction, word, options);
}
