/**
 * The exceptions, declared once: number, sub-code, and what the hardware records.
 *
 * Source: LoongArch manual Vol. 1 v1.10, "Exception Status"; LVZ rows: LVZ-EXIT-07, -08, -09.
 *
 * @module
 */

/** One exception. */
export interface ExceptionKind {
  readonly name: string;
  readonly ecode: number;
  readonly esubcode: number;
  readonly text: string;
}

function kind<const N extends string>(
  name: N,
  ecode: number,
  text: string,
  esubcode = 0,
): ExceptionKind & { readonly name: N } {
  return { name, ecode, esubcode, text };
}

/** The general exceptions by name; TLB refill and machine error have entries of their own and no code. */
export const EXCEPTIONS = {
  INT: kind("INT", 0x0, "interrupt"),
  PIL: kind("PIL", 0x1, "page invalid, load"),
  PIS: kind("PIS", 0x2, "page invalid, store"),
  PIF: kind("PIF", 0x3, "page invalid, fetch"),
  PME: kind("PME", 0x4, "page not dirty, store"),
  PNR: kind("PNR", 0x5, "page not readable"),
  PNX: kind("PNX", 0x6, "page not executable"),
  PPI: kind("PPI", 0x7, "page privilege"),
  ADEF: kind("ADEF", 0x8, "address error, fetch"),
  ADEM: kind("ADEM", 0x8, "address error, load or store", 1),
  ALE: kind("ALE", 0x9, "alignment"),
  BCE: kind("BCE", 0xa, "bound check"),
  SYS: kind("SYS", 0xb, "syscall"),
  BRK: kind("BRK", 0xc, "break"),
  INE: kind("INE", 0xd, "instruction not defined"),
  IPE: kind("IPE", 0xe, "instruction privilege"),
  FPD: kind("FPD", 0xf, "floating point disabled"),
  SXD: kind("SXD", 0x10, "LSX disabled"),
  ASXD: kind("ASXD", 0x11, "LASX disabled"),
  FPE: kind("FPE", 0x12, "floating point error"),
  VFPE: kind("VFPE", 0x12, "vector floating point error", 1),
  WPEF: kind("WPEF", 0x13, "watchpoint, fetch"),
  WPEM: kind("WPEM", 0x13, "watchpoint, load or store", 1),
  BTD: kind("BTD", 0x14, "binary translation disabled"),
  BTE: kind("BTE", 0x15, "binary translation error"),
  GSPR: kind("GSPR", 0x16, "guest sensitive privileged resource"),
  HVC: kind("HVC", 0x17, "hypercall"),
  GCSC: kind("GCSC", 0x18, "guest CSR changed by software"),
  GCHC: kind("GCHC", 0x18, "guest CSR changed by hardware", 1),
} as const;

/** The name of a general exception. */
export type ExceptionName = keyof typeof EXCEPTIONS;

/** Ecode to name, where sub-codes share a number: `ADE`, `GCM` and so on. */
export const ECODE_NAMES: Readonly<Record<number, string>> = {
  ...Object.fromEntries(Object.values(EXCEPTIONS).map((e) => [e.ecode, e.name])),
  0x8: "ADE",
  0x12: "FPE",
  0x13: "WATCH",
  0x18: "GCM",
};

/** As many as ESTAT.EsubCode has. */
const SUBCODES = 1 << 9;
const BY_CODE: ReadonlyMap<number, ExceptionKind> = new Map(
  Object.values(EXCEPTIONS).map((e) => [e.ecode * SUBCODES + e.esubcode, e]),
);

/** The exception with this code and sub-code. */
export function exceptionByCode(ecode: number, esubcode: number): ExceptionKind | undefined {
  return BY_CODE.get(ecode * SUBCODES + esubcode);
}
