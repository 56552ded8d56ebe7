/**
 * What the conditions of QEMU's deviations ask about two answers.
 *
 * @module
 */
import { CRMD, ESTAT, PRMD } from "../core/csr/basic.ts";
import type { CsrDeclaration } from "../core/csr/define.ts";
import { csrByName, csrByNumber } from "../core/csr/table.ts";
import { LA464_NO_LVZ } from "../core/profile.ts";
import type { Ending, Result } from "../drivers/state.ts";
import { Fields, startOf } from "./compare.ts";
import type { Difference } from "./deviation.ts";

/** What a result leaves in a field. */
export function left({ state }: Difference, result: Result, field: string): bigint {
  return new Fields(state, result).get(field);
}

/** The code of the last general exception. */
export function ecodeLeft(difference: Difference, result: Result): number {
  return ESTAT.Ecode.number(left(difference, result, "ESTAT"));
}

/** True if a run ended by a general exception, or with none but that taken. */
export function endsBy(ending: Ending, kind: { readonly ecode: number; readonly esubcode: number }): boolean {
  return ending.kind === "exception" && ending.entry === "general" && ending.ecode === kind.ecode &&
    ending.esubcode === kind.esubcode;
}

/** True if a run ended by a TLB refill. */
export function endsByRefill(ending: Ending): boolean {
  return ending.kind === "exception" && ending.entry === "refill";
}

/** True if a run went through its code, to the instruction that stops it. */
export function wentThrough(ending: Ending): boolean {
  return ending.kind === "end" || endsBy(ending, BREAK);
}

const BREAK = { ecode: 0xc, esubcode: 0 } as const;

/** The bits of a register that software can write and that it can read back. */
export function writable(csr: CsrDeclaration | undefined): bigint {
  return csr?.writeMask(LA464_NO_LVZ, "own") ?? 0n;
}

/** The CSR that the tested instruction accesses. */
export function accessed({ op }: Difference): CsrDeclaration | undefined {
  return csrByNumber(Number(op?.operands["csr"] ?? -1n));
}

/** The CSR of a field of a difference, or the accessed one where the field is a register that was read from it. */
export function csrOfField(field: string, difference: Difference): CsrDeclaration | undefined {
  return field.startsWith("$") ? accessed(difference) : csrByName(field);
}

/** The privilege level at the start. */
export function startPlv({ state }: Difference): number {
  return CRMD.PLV.number(startOf(state, "CRMD"));
}

/** The privilege level that ertn restores. */
export function returnPlv({ state }: Difference): number {
  const fromRefill = (startOf(state, "TLBRERA") & 1n) === 1n;
  return PRMD.PPLV.number(startOf(state, fromRefill ? "TLBRPRMD" : "PRMD"));
}

/** The value of a general register at the start. */
export function startGpr({ state }: Difference, register: number | undefined): bigint {
  return state.host.gpr.get(register ?? 0) ?? 0n;
}
