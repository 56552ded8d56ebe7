/**
 * Instructions, for `lvz explain`.
 *
 * @module
 */
import { csrByNumber, exitsWithoutRegister } from "../core/csr/table.ts";
import { fieldValue, operandValue } from "../core/isa/decode.ts";
import type { Operand } from "../core/isa/pattern.ts";
import { registerName } from "../core/isa/registers.ts";
import type { GuestPolicy } from "../core/isa/row.ts";
import { type Instruction, ISA } from "../core/isa/table.ts";
import { guestAccessText } from "./explain_csr.ts";
import { hex } from "../core/hex.ts";
import { instructionText, table, wordDigits } from "./text.ts";

/** What guest mode does, a policy a row. */
const GUEST: Readonly<Record<GuestPolicy, string>> = {
  native: "executes as in host mode",
  bank: "accesses the guest copy; a CSR without one exits with GSPR",
  gspr: "exits with GSPR",
  hvc: "exits with HVC",
  cacop: "exits with GSPR for the operations that GCFG.GCI selects, else executes",
  timer: "executes; with GCFG.TIT = 1 it exits with GSPR",
  tlb: "executes on the guest's TLB entries; with GTLBC.TOTI = 1 it exits with GSPR",
  ertn: "executes; with GCFG.TOE = 1 it exits with GCM afterwards",
  ine: "raises INE, which the guest takes",
};

/** The instruction that a word encodes. */
export function word(value: number): string {
  const digits = `0x${wordDigits(value)}`;
  const instruction = ISA.decode(value);
  if (instruction === undefined) return `${digits}, no instruction\n  executing it raises INE\n`;
  const operands = instruction.operands.map((o) => [o.name, operandText(o, value)]);
  const csr = instruction.operands.find((o) => o.kind === "csr");
  const number = csr && Number(operandValue(csr, value));
  return `${digits}, ${instructionText(value)}\n${table([...operands, ...facts(instruction, number)])}`;
}

/** The instruction of a name, undefined if there is none. */
export function mnemonic(name: string): string | undefined {
  const instruction = ISA.get(name);
  if (instruction === undefined) return undefined;
  const operands = instruction.operands.filter((o) => o.kind !== "register").map((
    o,
  ) => [o.name, rangeText(o)]);
  const form = [name, instruction.operands.map((o) => o.name).join(", ")].join(" ").trimEnd();
  return `${form}, instruction\n${table([...operands, ...facts(instruction, undefined)])}`;
}

function operandText(operand: Operand, value: number): string {
  if (operand.kind === "register") return registerName(fieldValue(operand.field, value), operand.file);
  const number = operandValue(operand, value);
  if (operand.kind === "csr") {
    const csr = csrByNumber(Number(number));
    return csr ? `${hex(number)}, ${csr.name}: ${csr.text}` : `${hex(number)}, no CSR`;
  }
  if (operand.kind === "offset") return `${number} bytes from the instruction`;
  return number < 0n ? `${number}` : `${number} (${hex(number)})`;
}

function rangeText({ min, max, shift, kind }: Operand): string {
  const unit = shift > 0 ? `, multiples of ${2 ** shift}` : "";
  return `${kind === "csr" ? "CSR number, " : ""}${min} to ${max}${unit}`;
}

function facts(instruction: Instruction, csr: number | undefined): string[][] {
  const rows = [["group", instruction.group], ["bits", instruction.bits]];
  if (instruction.refines !== undefined) rows.push(["case of", instruction.refines]);
  rows.push(["privilege", instruction.privileged ? "PLV0 only, elsewhere IPE" : "any PLV"]);
  if (instruction.needs !== undefined) rows.push(["needs", `${instruction.needs}, without it INE`]);
  rows.push(["in guest mode", guestText(instruction, csr)]);
  return rows;
}

/** With GCFG.SIT every privileged instruction exits (LVZ-GUEST-06). */
function guestText({ guest, privileged }: Instruction, csr: number | undefined): string {
  const text = guest === "bank" && csr !== undefined ? csrText(csr) : GUEST[guest];
  return privileged && guest !== "gspr" ? `${text}; with GCFG.SIT = 1 it exits with GSPR` : text;
}

function csrText(number: number): string {
  const csr = csrByNumber(number);
  if (csr !== undefined) return guestAccessText(csr);
  if (exitsWithoutRegister(number)) return "exits with GSPR";
  return "reads 0 and ignores writes; with GCFG.TORU = 1 it exits with GSPR";
}
