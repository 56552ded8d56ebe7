/**
 * Register values as text, decoded field by field.
 *
 * @module
 */
import { type CsrDeclaration, type Field, INTERRUPT_NAMES } from "../core/mod.ts";

/** A 64-bit value in hex. */
export function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** The names of the interrupts in an IS or LIE field: `TI|IPI`, or `none`. */
export function interruptNames(bits: bigint): string {
  return INTERRUPT_NAMES.filter((_, n) => (bits >> BigInt(n)) & 1n).join("|") || "none";
}

function fieldText(name: string, value: bigint, valueName: string | undefined): string {
  if (name === "IS" || name === "LIE") return `${name}=${interruptNames(value)}`;
  const number = value < 10n ? `${value}` : name.endsWith("code") ? `${value}` : hex(value);
  return `${name}=${number}${valueName === undefined ? "" : ` ${valueName}`}`;
}

/** All fields of a register that has more than one: `Ecode=22 GSPR EsubCode=0 IS=none`. */
export function decodeFields(csr: CsrDeclaration, value: bigint): string {
  return csr.decode(value).map(({ field, value, name }) => fieldText(field.name, value, name)).join(" ");
}

/** A value with its fields: `0x160000 (IS=none Ecode=22 GSPR EsubCode=0)`; without fields for a register that is one number. */
export function decodeText(csr: CsrDeclaration | undefined, value: bigint): string {
  return csr === undefined || csr.fields.length < 2
    ? hex(value)
    : `${hex(value)} (${decodeFields(csr, value)})`;
}

/** Two values, of which only the fields that differ are shown. */
export function decodeDifference(
  csr: CsrDeclaration | undefined,
  got: bigint,
  expected: bigint,
): readonly [string, string] {
  if (csr === undefined || csr.fields.length < 2) return [hex(got), hex(expected)];
  const differing = csr.fields.filter((f: Field) => f.get(got) !== f.get(expected));
  const text = (value: bigint) =>
    csr.decode(value).filter(({ field }) => differing.includes(field))
      .map(({ field, value, name }) => fieldText(field.name, value, name)).join(" ");
  return [`${hex(got)} ${text(got)}`.trimEnd(), `${hex(expected)} ${text(expected)}`.trimEnd()];
}
