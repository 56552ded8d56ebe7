/**
 * A CSR access as WebAssembly: read, check that nothing depends on what changes, write.
 *
 * @module
 */
import type { Code } from "../wasm/code.ts";
import type { CsrForm } from "./csr_forms.ts";
import { BANK, CONTROL } from "./layout.ts";

/** Where the parts of an access come from: a decoded operation, or the translator of a region. */
export interface CsrParts {
  /** The number of the state memory. */
  readonly state: number;
  /** Leaves the register's place in its bank on the stack, an i32. */
  offset(): void;
  /** Leaves the writable bits on the stack, an i64. */
  writable(): void;
  /** Leaves the bits that only the engine changes on the stack, an i64. */
  attention(): void;
  /** Leaves the position of the bit that makes a value legal on the stack, an i64. */
  legalBit(): void;
  /** Leaves rd or rj on the stack, an i64. */
  register(field: "rd" | "rj"): void;
  /** Writes rd; `value` leaves an i64 on the stack. */
  setRegister(field: "rd", value: () => void): void;
  /** Lets the engine execute the instruction from its beginning; nothing behind is reached. */
  leave(): void;
}

/** Writes the code of one access. */
export function writeCsrAccess(code: Code, form: CsrForm, parts: CsrParts): void {
  const bank = code.local("i32");
  const cell = code.local("i32");
  const old = code.local("i64");
  code.i32(0).access("i32.load", CONTROL[form.owner], parts.state).tee(bank).op("i32.eqz").if();
  parts.leave();
  code.end();
  if (form.isAbsent) {
    if (!form.discards) parts.setRegister("rd", () => code.i64(0n));
    return;
  }
  code.get(bank);
  parts.offset();
  code.op("i32.add").tee(cell).access("i64.load", 0, parts.state).set(old);
  if (form.access !== "read") exchange(code, form, parts, { cell, old });
  if (form.discards) return;
  parts.setRegister("rd", () => {
    code.get(old);
    if (form.hasLines) {
      code.get(bank).access("i32.load", BANK.lines, parts.state).op("i64.extend_i32_u", "i64.or");
    }
    if (form.is32) code.op("i64.extend32_s");
  });
}

interface Locals {
  readonly cell: number;
  readonly old: number;
}

function exchange(code: Code, form: CsrForm, parts: CsrParts, { cell, old }: Locals): void {
  const changed = code.local("i64");
  code.get(old);
  if (form.discards) code.i64(0n);
  else parts.register("rd");
  code.op("i64.xor");
  parts.writable();
  code.op("i64.and");
  if (form.access === "exchange") {
    parts.register("rj");
    code.op("i64.and");
  }
  code.tee(changed);
  if (!form.keeps) {
    parts.attention();
    code.op("i64.and");
  }
  code.op("i64.eqz", "i32.eqz").if();
  parts.leave();
  code.end();
  if (form.keeps) return;
  if (form.hasLegalBit) {
    code.get(old).get(changed).op("i64.xor");
    parts.legalBit();
    code.op("i64.shr_u").i64(1n).op("i64.and", "i64.eqz").if();
    parts.leave();
    code.end();
  }
  code.get(cell).get(old).get(changed).op("i64.xor").access("i64.store", 0, parts.state);
}
