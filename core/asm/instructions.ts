/**
 * Putting instructions into a section.
 *
 * @module
 */
import { encode, type Instruction, ISA } from "../isa/mod.ts";
import type { Cursor } from "./cursor.ts";
import { SourceFault, type Span } from "./errors.ts";
import type { Token } from "./lexer.ts";
import { MODIFIERS } from "./modifiers.ts";
import {
  checkOperands,
  noteNumbers,
  type OperandNode,
  operandValue,
  parseOperands,
  withModifier,
} from "./operands.ts";
import { type Expansion, PSEUDO_INSTRUCTIONS } from "./pseudo.ts";
import type { Section } from "./section.ts";
import { didYouMean } from "./suggest.ts";
import type { Unit } from "./unit.ts";

/** Bytes of an instruction, and its alignment. */
const WORD = 4;
const CALL36 = MODIFIERS.get("call36");

const ATOMIC = /^am[a-z]+(_db)?\.[bhwd]u?$/;

/** It is an atomic memory operation on registers. */
function isAtomic({ name }: Instruction): boolean {
  return name.startsWith("am") && ATOMIC.test(name);
}

/** Assembles an instruction or pseudo-instruction; the cursor stands behind the mnemonic. */
export function assembleInstruction(unit: Unit, mnemonic: Token, cursor: Cursor): void {
  const written = mnemonic.text.toLowerCase();
  const pseudo = PSEUDO_INSTRUCTIONS.get(written);
  const instruction = ISA.get(written);
  if (pseudo === undefined && instruction === undefined) {
    const known = [...ISA.all.map(({ name }) => name), ...PSEUDO_INSTRUCTIONS.keys()];
    const near = didYouMean(mnemonic.text, known);
    throw new SourceFault(`Cannot assemble ${mnemonic.text}: it is no instruction${near}`, mnemonic);
  }
  const operands = parseOperands(cursor, unit, written);
  if (instruction !== undefined) {
    emit(unit, instruction, written, mnemonic, withoutZeroOffset(unit, instruction, operands));
    return;
  }
  if (pseudo === undefined) return;
  checkOperands(unit, written, mnemonic, pseudo.operands, operands);
  const expansion: Expansion = {
    unit,
    written,
    span: mnemonic,
    operands,
    emit: (name, values) => {
      const real = ISA.get(name);
      if (real === undefined) throw new RangeError(`Cannot expand ${written}: ${name} is no instruction`);
      emit(unit, real, written, mnemonic, values);
    },
  };
  pseudo.expand(expansion);
}

/** Old compilers write a fourth operand after an atomic's address, which is always 0. */
function withoutZeroOffset(unit: Unit, instruction: Instruction, operands: OperandNode[]): OperandNode[] {
  const extra = operands[3];
  if (operands.length !== 4 || extra?.kind !== "value" || !isAtomic(instruction)) return operands;
  if (unit.symbols.evaluate(extra.expression).n === 0n) return operands.slice(0, 3);
  throw new SourceFault(
    `Cannot assemble ${instruction.name}: the offset must be 0 if there is one`,
    extra.span,
  );
}

function emit(
  unit: Unit,
  instruction: Instruction,
  written: string,
  span: Span,
  given: readonly OperandNode[],
): void {
  checkOperands(unit, written, span, instruction.operands, given);
  checkAtomic(instruction, given);
  const { section, statement } = unit;
  const operands = noteNumbers(unit, instruction, withCallRest(section, instruction, given));
  if (section.size % WORD !== 0) {
    const reason =
      `instructions are aligned to ${WORD} bytes, offset in ${section.name} is ${section.size}, use .align 2 before it`;
    unit.diagnostics.report(
      new SourceFault(`Cannot place ${written}: ${reason}`, span),
    );
    // So that the instructions behind it are not reported too.
    section.reserve(WORD - section.size % WORD, statement);
  }
  section.requireAlignment(WORD, statement);
  const offset = section.reserve(WORD, statement);
  noteFarStart(section, offset, operands);
  unit.later(() => {
    const pc = (section.address ?? 0n) + BigInt(offset);
    const placed = { unit, written, instruction, pc, startsFar: section.farStarts.has(offset) };
    const values = instruction.operands.map((operand, i) => operandValue(placed, operand, operands[i]!));
    section.writeWord(offset, encodeAt(instruction, values, span), statement);
  });
}

/**
 * `%call36` on a `pcaddu18i` means the `jirl` behind it as well: a linker sets both. What offset the `jirl` has itself
 * does not count.
 */
function withCallRest(
  section: Section,
  instruction: Instruction,
  operands: readonly OperandNode[],
): readonly OperandNode[] {
  const { openCall } = section;
  const second = operands[1];
  section.openCall = undefined;
  if (second?.kind === "value" && second.modifier === CALL36) {
    section.openCall = { offset: section.size + WORD, target: second };
  }
  if (openCall === undefined) return operands;
  const [first, , last] = operands;
  if (openCall.offset !== section.size || instruction.name !== "jirl" || last?.kind !== "value") {
    const reason = "%call36 needs a jirl right behind the instruction";
    throw new SourceFault(`Cannot assemble pcaddu18i: ${reason}`, openCall.target.span);
  }
  if (first === undefined || second === undefined || last.modifier !== undefined) return operands;
  return [first, second, withModifier(openCall.target, "call36_rest")];
}

/** A modifier for a far address says that the sequence began with a `pcalau12i` so many bytes before. */
function noteFarStart(section: Section, offset: number, operands: readonly OperandNode[]): void {
  for (const operand of operands) {
    if (operand.kind !== "value" || operand.modifier?.farFrom === undefined) continue;
    section.farStarts.add(offset - operand.modifier.farFrom);
  }
}

/** Operands are in range here; what is left are combinations that the encoder refuses. */
function encodeAt(instruction: Instruction, values: readonly number[], span: Span): number {
  try {
    return encode(instruction, values);
  } catch (error) {
    if (error instanceof RangeError) throw new SourceFault(error.message, span);
    throw error;
  }
}

/** The manual leaves undefined what an atomic does whose result overwrites an operand; GAS and LLVM refuse it. */
function checkAtomic(instruction: Instruction, operands: readonly OperandNode[]): void {
  if (!isAtomic(instruction)) return;
  const [rd, ...sources] = operands;
  if (rd?.kind !== "register" || rd.number === 0) return;
  for (const source of sources) {
    if (source.kind !== "register" || source.number !== rd.number) continue;
    throw new SourceFault(
      `Cannot assemble ${instruction.name}: rd must differ from rk and rj, unless it is $zero`,
      source.span,
    );
  }
}
