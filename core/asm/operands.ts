/**
 * Operands of instructions: reading them, and turning them into the numbers that the encoder takes.
 *
 * @module
 */
import {
  ALL_REGISTER_NAMES,
  type Instruction,
  type Operand,
  parseAnyRegister,
  type RegisterFile,
} from "../isa/mod.ts";
import type { Cursor } from "./cursor.ts";
import { AlreadyReported, joinSpans, SourceFault, type Span } from "./errors.ts";
import { constantExpression, numberValue, type Value } from "./expression.ts";
import { farPageOperand, type Modifier, MODIFIERS } from "./modifiers.ts";
import { didYouMean } from "./suggest.ts";
import type { SymbolExpression } from "./symbols.ts";
import type { Unit } from "./unit.ts";

/** A register operand. */
export interface RegisterOperand {
  readonly kind: "register";
  readonly file: RegisterFile;
  readonly number: number;
  readonly span: Span;
}

/** A number, an address or part of an address. */
export interface ValueOperand {
  readonly kind: "value";
  readonly expression: SymbolExpression;
  readonly modifier: Modifier | undefined;
  /** Of a branch: it was known to be a number when it was read. */
  readonly isNumber?: boolean;
  readonly span: Span;
}

/** The operand is a number already, while the source is being read. Mistakes in it are left for later. */
function isNumberNow(unit: Unit, { expression }: ValueOperand): boolean {
  try {
    const { base, weight } = unit.symbols.evaluate(expression);
    return base === undefined && weight === 0;
  } catch (error) {
    if (error instanceof SourceFault || error instanceof AlreadyReported) return false;
    throw error;
  }
}

/**
 * Notes which branch operands are numbers now. A number is a distance and an address a target, but to GAS and LLVM a
 * symbol that gets its number only later looks like an address, so that it cannot be told which of the two is meant.
 */
export function noteNumbers(
  unit: Unit,
  instruction: Instruction,
  operands: readonly OperandNode[],
): readonly OperandNode[] {
  const index = instruction.operands.findIndex(isOffset);
  const target = operands[index];
  if (target?.kind !== "value") return operands;
  return operands.with(index, { ...target, isNumber: isNumberNow(unit, target) });
}

function isOffset({ kind }: Operand): boolean {
  return kind === "offset";
}

/** An operand as written. */
export type OperandNode = RegisterOperand | ValueOperand;

/** A general register that a pseudo-instruction implies. */
export function registerOperand(number: number, span: Span): RegisterOperand {
  return { kind: "register", file: "general", number, span };
}

/** A number that a pseudo-instruction implies. */
export function numberOperand(n: bigint, span: Span): ValueOperand {
  return { kind: "value", expression: constantExpression(numberValue(n), span), modifier: undefined, span };
}

/** An operand with a modifier put on it. @throws {RangeError} if there is no such modifier */
export function withModifier(operand: ValueOperand, name: string): ValueOperand {
  const modifier = MODIFIERS.get(name);
  if (modifier === undefined) throw new RangeError(`Cannot apply %${name}: there is no such modifier`);
  return { ...operand, modifier };
}

/** Reads operands up to the end of the statement. */
export function parseOperands(cursor: Cursor, unit: Unit, mnemonic: string): OperandNode[] {
  const operands: OperandNode[] = [];
  if (cursor.done) return operands;
  do operands.push(parseOperand(cursor, unit)); while (cursor.accept(","));
  cursor.expectEnd(`Cannot read the operands of ${mnemonic}`);
  return operands;
}

function parseOperand(cursor: Cursor, unit: Unit): OperandNode {
  const token = cursor.peek();
  if (token?.kind === "register") {
    cursor.next();
    const register = parseAnyRegister(token.text);
    if (register !== undefined) return { kind: "register", ...register, span: token };
    const near = didYouMean(token.text, ALL_REGISTER_NAMES);
    throw new SourceFault(`Cannot use ${token.text}: it is no register${near}`, token);
  }
  if (token !== undefined && cursor.accept("%")) return parseModified(cursor, unit, token);
  const expression = unit.expression(cursor);
  return { kind: "value", expression, modifier: undefined, span: expression.span };
}

function parseModified(cursor: Cursor, unit: Unit, percent: Span): ValueOperand {
  const name = cursor.next();
  const modifier = name?.kind === "identifier" ? MODIFIERS.get(name.text) : undefined;
  if (name === undefined || modifier === undefined || modifier.internal === true) {
    const known = [...MODIFIERS].filter(([, { internal }]) => internal !== true).map(([key]) => `%${key}`);
    const near = name === undefined ? "" : didYouMean(`%${name.text}`, known);
    const span = name === undefined ? percent : joinSpans(percent, name);
    throw new SourceFault(`Cannot use %${name?.text ?? ""}: it is no modifier known here${near}`, span);
  }
  const task = `Cannot read %${name.text}`;
  cursor.expect("(", task);
  const named = unit.expression(cursor);
  cursor.expect(")", task);
  const expression = modifier.viaTable === true ? unit.table.entryFor(named, task) : named;
  return { kind: "value", expression, modifier, span: joinSpans(percent, cursor.lastSpan) };
}

/** What is expected of an operand: its kind, and its name in messages. */
export interface Wanted {
  readonly kind: Operand["kind"];
  /** Of a register: which ones; general ones if it does not say. */
  readonly file?: RegisterFile;
  readonly name: string;
}

const FILE_TEXTS: Readonly<Record<RegisterFile, string>> = {
  general: "a general register",
  float: "a floating-point register",
  flag: "a condition flag",
  fcsr: "a floating-point control register",
};

const KIND_TEXTS: Readonly<Record<Operand["kind"], string>> = {
  register: "a register",
  csr: "a CSR",
  immediate: "a number",
  offset: "a target",
};

function checkKind(unit: Unit, written: string, wanted: Wanted, given: OperandNode): void {
  if (given.kind === "register" && wanted.kind === "register") {
    const { file = "general", name } = wanted;
    if (given.file === file) return;
    const text = unit.text(given.span);
    throw new SourceFault(
      `Cannot assemble ${written}: ${name} must be ${FILE_TEXTS[file]}, ${text} is none`,
      given.span,
    );
  }
  if (given.kind === "value" && wanted.kind !== "register") return;
  const text = unit.text(given.span);
  const hint = parseAnyRegister(`$${text}`)?.file !== (wanted.file ?? "general")
    ? ""
    : `, did you mean $${text}`;
  const reason = `${wanted.name} must be ${KIND_TEXTS[wanted.kind]}, ${text} is ${
    given.kind === "register" ? "a register" : "none"
  }`;
  throw new SourceFault(`Cannot assemble ${written}: ${reason}${hint}`, given.span);
}

/** Checks number and kinds of operands. @throws {SourceFault} if they do not fit */
export function checkOperands(
  unit: Unit,
  written: string,
  at: Span,
  wanted: readonly Wanted[],
  given: readonly OperandNode[],
): void {
  if (given.length !== wanted.length) {
    const list = wanted.length === 0 ? "" : ` (${wanted.map(({ name }) => name).join(", ")})`;
    const takes = `it takes ${wanted.length === 0 ? "no" : wanted.length} operand${
      wanted.length === 1 ? "" : "s"
    }`;
    const span = given[wanted.length]?.span ?? at;
    throw new SourceFault(`Cannot assemble ${written}: ${takes}${list}, got ${given.length}`, span);
  }
  for (let i = 0; i < wanted.length; i++) checkKind(unit, written, wanted[i]!, given[i]!);
}

/** An instruction at an address, about to be encoded. */
export interface Placed {
  readonly unit: Unit;
  /** The mnemonic as in the source, for messages. */
  readonly written: string;
  readonly instruction: Instruction;
  /** Its address. */
  readonly pc: bigint;
  /** It is the `pcalau12i` of a sequence for any distance. */
  readonly startsFar?: boolean;
}

/** The number to encode for an operand. @throws {SourceFault} if it does not fit */
export function operandValue(placed: Placed, operand: Operand, given: OperandNode): number {
  if (given.kind === "register") return given.number;
  if (given.modifier !== undefined) return modifiedValue(placed, operand, given, given.modifier);
  if (operand.kind === "offset") return branchOffset(placed, operand, given);
  const names = operand.kind === "csr" ? placed.unit.csrNames : undefined;
  const value = placed.unit.finalValue(given.expression, names);
  if (value.weight !== 0) {
    const advice = operand.kind === "csr" ? "" : ", use la.local or a modifier such as %pc_lo12";
    const text = placed.unit.text(given.span);
    fail(
      placed,
      given,
      `${operand.name} must be ${KIND_TEXTS[operand.kind]}, ${text} is an address${advice}`,
    );
  }
  return checkedNumber(placed, operand, given, value.n);
}

function fail(placed: Placed, given: OperandNode, reason: string): never {
  throw new SourceFault(`Cannot encode ${placed.written}: ${reason}`, given.span);
}

/** Ranges are small, so that what rounds to a number in one is in it. */
function isInRange({ min, max }: Operand, number: number): boolean {
  return number >= min && number <= max;
}

function isMultiple({ shift }: Operand, number: number): boolean {
  return number % 2 ** shift === 0;
}

function checkedNumber(placed: Placed, operand: Operand, given: OperandNode, n: bigint): number {
  const { name, min, max, shift } = operand;
  const number = Number(n);
  if (!isInRange(operand, number)) fail(placed, given, `${name} is ${n}, range is ${min} to ${max}`);
  if (!isMultiple(operand, number)) {
    fail(placed, given, `${name} is ${n}, it must be a multiple of ${1 << shift}`);
  }
  return number;
}

function modifiedValue(placed: Placed, operand: Operand, given: ValueOperand, modifier: Modifier): number {
  const { unit, instruction, pc } = placed;
  const text = unit.text(given.span);
  if (!modifier.instructions.test(instruction.name)) {
    fail(placed, given, `${text} does not fit, this modifier is for ${modifier.usedBy}`);
  }
  const address = unit.finalValue(given.expression).n;
  const { unit: step = 1n } = modifier;
  if ((address - pc) % step !== 0n) {
    fail(placed, given, `${text} is ${address - pc} bytes away, it must be a multiple of ${step}`);
  }
  const isFarStart = placed.startsFar === true && instruction.name === "pcalau12i";
  const n = isFarStart ? farPageOperand(address, pc) : modifier.compute(address, pc);
  if (operand.kind === "offset") return checkedDistance(placed, operand, given, n);
  if (!isInRange(operand, Number(n))) {
    const place = `0x${BigInt.asUintN(64, address).toString(16)}`;
    fail(
      placed,
      given,
      `${text} is at ${place}, out of reach from 0x${pc.toString(16)}${farAdvice(instruction)}`,
    );
  }
  return checkedNumber(placed, operand, given, n);
}

function farAdvice(instruction: Instruction): string {
  return instruction.name === "pcalau12i" ? ", use la.abs" : "";
}

/** An address is a target; a number is the distance itself, as in GAS and LLVM. */
function branchOffset(placed: Placed, operand: Operand, given: ValueOperand): number {
  const value: Value = placed.unit.finalValue(given.expression);
  const text = placed.unit.text(given.span);
  const isAddress = value.weight === 1;
  if (value.derived || (value.weight !== 0 && !isAddress)) {
    fail(placed, given, `${text} is neither an address nor a distance, but computed from addresses`);
  }
  if (isAddress) return checkedDistance(placed, operand, given, BigInt.asIntN(64, value.n - placed.pc));
  if (given.isNumber !== true) {
    fail(
      placed,
      given,
      `${text} is a number that is known only later, it may be meant as distance or as address`,
    );
  }
  return checkedNumber(placed, operand, given, value.n);
}

function checkedDistance(placed: Placed, operand: Operand, given: ValueOperand, delta: bigint): number {
  const { min, max, shift } = operand;
  const distance = Number(delta);
  if (isInRange(operand, distance) && isMultiple(operand, distance)) return distance;
  const text = placed.unit.text(given.span);
  const rule = isInRange(operand, distance)
    ? `it must be a multiple of ${1 << shift}`
    : `range is ${min} to ${max}`;
  return fail(placed, given, `the target ${text} is ${delta} bytes away, ${rule}`);
}
