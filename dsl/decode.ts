/**
 * Values as text: registers field by field, addresses as labels, words as instructions.
 *
 * @module
 */
import { hex } from "../core/hex.ts";
import {
  type CsrDeclaration,
  csrName,
  disassemble,
  type Field,
  INTERRUPT_NAMES,
  type Program,
  type SourceLine,
} from "../core/mod.ts";
import { END_LABEL } from "./program.ts";

/** The names of the interrupts in an IS or LIE field: `TI|IPI`, or `none`. */
export function interruptNames(bits: bigint): string {
  return INTERRUPT_NAMES.filter((_, n) => (bits >> BigInt(n)) & 1n).join("|") || "none";
}

/** One field: `Ecode=22 GSPR`. Codes and single digits are decimal. */
function fieldText({ name, spec }: Field, value: bigint): string {
  if (name === "IS" || name === "LIE") return `${name}=${interruptNames(value)}`;
  const number = value < 10n || /code$/i.test(name) ? `${value}` : hex(value);
  const meaning = spec.names?.[Number(value)];
  return `${name}=${number}${meaning === undefined ? "" : ` ${meaning}`}`;
}

function fieldsText(fields: readonly Field[], value: bigint): string {
  return fields.map((field) => fieldText(field, field.get(value))).join(" ");
}

/** All fields of a register: `IS=none Ecode=22 GSPR EsubCode=0`. */
export function decodeFields(csr: CsrDeclaration, value: bigint): string {
  return fieldsText(csr.fields, value);
}

/** Two values of a register, of which only the fields that differ are decoded; a single field says no more than the number. */
export function decodeDifference(
  csr: CsrDeclaration | undefined,
  got: bigint,
  expected: bigint,
): readonly [string, string] {
  if (csr === undefined || csr.fields.length < 2) return [hex(got), hex(expected)];
  const differing = csr.fields.filter((field) => field.get(got) !== field.get(expected));
  const text = (value: bigint) => `${hex(value)} ${fieldsText(differing, value)}`.trimEnd();
  return [text(got), text(expected)];
}

/** What a direct-mapped window leaves of an address. */
const WINDOW_BITS = 48;

/** How the place behind the code is shown. */
const END = "(end)";

/** The label of an address and the distance from it, `loop+0x4`; undefined outside the code. */
export function labelOf(address: bigint, program: Program | undefined): string | undefined {
  const label = program?.symbolAt(address) ?? program?.symbolAt(BigInt.asUintN(WINDOW_BITS, address));
  if (label === undefined) return undefined;
  if (label.name === END_LABEL) return END;
  return label.offset === 0n ? label.name : `${label.name}+${hex(label.offset)}`;
}

/** The statement at an address. */
export function sourceOf(address: bigint, program: Program | undefined): SourceLine | undefined {
  return program?.lineAt(address) ?? program?.lineAt(BigInt.asUintN(WINDOW_BITS, address));
}

/** A place in a sentence: a label in backquotes, or an address. */
export function placeOf(address: bigint, program: Program | undefined): string {
  const label = labelOf(address, program);
  if (label === undefined) return hex(address);
  return label === END ? "the end of the code" : `\`${label}\``;
}

/** A word as an instruction; the target of a branch as a label where there is one. */
export function instructionText(word: number, pc: bigint, program: Program | undefined): string {
  const text = disassemble(word, { pc, csrNames: csrName });
  if (text.startsWith(".")) return text;
  // Of an instruction's operands only a target is printed in hex.
  return text.replace(/0x[0-9a-f]+$/, (target) => labelOf(BigInt(target), program) ?? target);
}
