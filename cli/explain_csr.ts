/**
 * Control and status registers, for `lvz explain`.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { ECFG, ESTAT } from "../core/csr/basic.ts";
import { EXITING_RANGES } from "../core/csr/debug.ts";
import type { CsrDeclaration, Field, GuestAccess } from "../core/csr/define.ts";
import { GINTC } from "../core/csr/lvz.ts";
import { csrByName, csrByNumber, CSRS } from "../core/csr/table.ts";
import { exceptionByCode } from "../core/exception_codes.ts";
import { INTERRUPT, INTERRUPT_NAMES } from "../core/interrupts.ts";
import { LA464 } from "../core/profile.ts";
import { UsageError } from "./io.ts";
import { parseNumber } from "./options.ts";
import { hex } from "../core/hex.ts";
import { table } from "./text.ts";

const HIGHEST_NUMBER = 0x3fffn;

/** What a guest's access does, by declaration. */
const GUEST: Readonly<Record<GuestAccess, string>> = {
  copy: "has a guest copy, which the guest accesses without an exit",
  gspr: "no guest copy: an access in guest mode exits with GSPR",
  granted: "a guest copy if the host gives it away, else an access in guest mode exits with GSPR",
};

/** Fields of one bit an interrupt, with the position of their bit 0 in ESTAT.IS. */
const INTERRUPT_FIELDS: ReadonlyMap<Field, number> = new Map([
  [ESTAT.IS, 0],
  [ECFG.LIE, 0],
  [GINTC.VIP, INTERRUPT.HWI0],
  [GINTC.PIP, INTERRUPT.HWI0],
  [GINTC.HC, INTERRUPT.HWI0],
]);

/**
 * The register of a name or number.
 *
 * @throws {UsageError} if there is none
 */
export function findCsr(text: string): CsrDeclaration {
  if (!/^\d/.test(text)) {
    const named = csrByName(text.toUpperCase());
    if (named !== undefined) return named;
    throw new UsageError(`Cannot explain ${text}: it is no CSR${didYouMean(text, CSRS.map((c) => c.name))}`);
  }
  const number = Number(parseNumber("the CSR number", text, HIGHEST_NUMBER));
  const numbered = csrByNumber(number);
  if (numbered !== undefined) return numbered;
  const range = EXITING_RANGES.find((r) => number >= r.first && number <= r.last);
  const reason = range
    ? `it is one of the ${range.what}, of which this machine has none`
    : "no CSR has this number";
  throw new UsageError(`Cannot explain CSR ${text}: ${reason}`);
}

function title(csr: CsrDeclaration): string {
  return `${csr.name} (CSR ${hex(csr.number)}), ${csr.text}`;
}

/** What a guest's access to the register does. */
export function guestAccessText(csr: CsrDeclaration): string {
  const { guest, grant, trappedBy } = csr.options;
  const granted = grant === undefined ? "" : ` (${grant.by} > ${grant.index})`;
  return `${GUEST[guest]}${granted}${trappedBy ? `; with ${trappedBy} = 1 it exits with GSPR` : ""}`;
}

/** The fields of the register of a name, undefined if there is none. */
export function csrLayout(name: string): string | undefined {
  const csr = csrByName(name);
  if (csr === undefined) return undefined;
  const facts = [["width", `${csr.width} bits${csr.width === 32 ? ", read sign-extended" : ""}`]];
  if (csr.options.aka) facts.push(["other names", csr.options.aka.join(", ")]);
  facts.push(["after reset", hex(csr.resetValue(LA464))], ["in guest mode", guestAccessText(csr)]);
  const fields = csr.fields.map((f) => [place(f), f.name, `${f.spec.text}${akaText(f)}${accessText(f)}`]);
  return `${title(csr)}\n${table(facts)}${fields.length > 0 ? " fields\n" : ""}${table(fields)}`;
}

function place({ spec: { high, low } }: Field): string {
  return high === low ? `${low}` : `${high}:${low}`;
}

function akaText({ spec }: Field): string {
  return spec.aka ? ` (also ${spec.aka.join(", ")})` : "";
}

function accessText({ spec }: Field): string {
  if (spec.access === "const") return "; fixed";
  if (spec.access === "w1") return "; reads 0";
  return spec.access === "r" ? "; read-only" : "";
}

/**
 * A value of the register, field by field.
 *
 * @throws {UsageError} if it has more bits than the register
 */
export function csrValue(csr: CsrDeclaration, value: bigint): string {
  const stored = BigInt.asUintN(csr.width, value);
  if (value !== stored && value !== BigInt.asUintN(64, BigInt.asIntN(csr.width, value))) {
    throw new UsageError(`Cannot explain ${hex(value)}: ${csr.name} has ${csr.width} bits`);
  }
  const rows = csr.decode(stored).map((d) => fieldRow(d.field, d.value, d.name));
  const rest = csr.fields.reduce((bits, f) => bits & ~f.mask, stored);
  if (rest !== 0n) rows.push(["", "", hex(rest), "in bits that belong to no field"]);
  const summary = csr === ESTAT ? exceptionOf(stored) : "";
  return `${title(csr)} = ${hex(value)}\n${table(rows)}${summary}`;
}

function fieldRow(field: Field, value: bigint, name: string | undefined): string[] {
  return [place(field), field.name, hex(value), fieldMeaning(field, value, name)];
}

function fieldMeaning(field: Field, value: bigint, name: string | undefined): string {
  const { text } = field.spec;
  const first = INTERRUPT_FIELDS.get(field);
  if (first === undefined) return name === undefined ? text : `${text}: ${name}`;
  const names = INTERRUPT_NAMES.slice(first).filter((_, i) => (value >> BigInt(i)) & 1n);
  // What the declaration lists after a colon or comma is what the names now say.
  const [kind] = text.split(/[:,]/);
  return `${kind}: ${names.length === 0 ? "none" : names.join(", ")}`;
}

/** The exception that a value of ESTAT tells of, if any. */
function exceptionOf(estat: bigint): string {
  const ecode = ESTAT.Ecode.number(estat);
  const esubcode = ESTAT.EsubCode.number(estat);
  if (ecode === 0 && ESTAT.IS.get(estat) === 0n) return "";
  const kind = exceptionByCode(ecode, esubcode);
  return `  ${
    kind ? `${kind.name}: ${kind.text}` : `no exception has ecode ${ecode}, esubcode ${esubcode}`
  }\n`;
}
