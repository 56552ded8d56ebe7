/**
 * From the names in a case to registers, fields, interrupts and values.
 *
 * @module
 */
import { csrByName, type CsrDeclaration, INTERRUPT_NAMES, parseRegister, type Program } from "../core/mod.ts";
import type { Csrs, Interrupts, Registers, Value } from "./case.ts";
import { CaseError } from "./errors.ts";

/** Turns a case's names into what they mean; `where` names the place in the case for errors. */
export class Names {
  readonly #program: Program;

  constructor(program: Program) {
    this.#program = program;
  }

  /** A value: a number modulo 2^64, or a label with an optional offset. */
  value(value: Value, where: string): bigint {
    if (typeof value === "bigint") return inRange(value, where);
    if (typeof value === "number") {
      if (!Number.isSafeInteger(value)) {
        throw new CaseError(`Cannot use ${where}: ${value} is not a whole number`);
      }
      return inRange(BigInt(value), where);
    }
    const match = /^([A-Za-z_.$][\w.$]*)(?:\s*([+-])\s*(0x[0-9a-fA-F]+|\d+))?$/.exec(value);
    const address = this.#program.symbols.get(match?.[1] ?? "");
    if (match === null || address === undefined) {
      throw new CaseError(`Cannot use ${where}: the code defines no label "${value}"${this.#labels()}`);
    }
    const offset = BigInt(match[3] ?? 0);
    return BigInt.asUintN(64, match[2] === "-" ? address - offset : address + offset);
  }

  #labels(): string {
    const labels = [...this.#program.symbols.keys()].filter((l) => !l.startsWith("__"));
    return labels.length === 0 ? "" : ` (it has ${labels.join(", ")})`;
  }

  /** General registers by number. */
  registers(registers: Registers | undefined, where: string): ReadonlyMap<number, bigint> {
    const found = new Map<number, bigint>();
    for (const [name, value] of Object.entries(registers ?? {})) {
      const at = `${where}.${name}`;
      const number = parseRegister(`$${name.replace(/^\$/, "")}`);
      if (number === undefined) throw new CaseError(`Cannot use ${at}: no such register`);
      if (number === 0) throw new CaseError(`Cannot use ${at}: $zero is always 0`);
      if (found.has(number)) throw new CaseError(`Cannot use ${at}: the register is named twice`);
      found.set(number, this.value(value, at));
    }
    return found;
  }

  /** CSRs with the bits that a case names and their values, in place. */
  csrs(csrs: Csrs | undefined, where: string): ReadonlyMap<CsrDeclaration, MaskedValue> {
    const found = new Map<CsrDeclaration, MaskedValue>();
    for (const [name, value] of Object.entries(csrs ?? {})) {
      const at = `${where}.${name}`;
      const csr = csrByName(name);
      if (csr === undefined) throw new CaseError(`Cannot use ${at}: no such CSR`);
      if (found.has(csr)) throw new CaseError(`Cannot use ${at}: ${csr.name} is named twice`);
      found.set(csr, typeof value === "object" ? this.#fields(csr, value, at) : whole(this.value(value, at)));
    }
    return found;
  }

  #fields(csr: CsrDeclaration, fields: Readonly<Record<string, Value>>, where: string): MaskedValue {
    let [value, mask] = [0n, 0n];
    for (const [name, text] of Object.entries(fields)) {
      const at = `${where}.${name}`;
      const field = csr.fields.find((f) => f.name === name || f.spec.aka?.includes(name));
      if (field === undefined) {
        const known = csr.fields.map((f) => f.name).join(", ");
        throw new CaseError(`Cannot use ${at}: ${csr.name} has no such field (it has ${known})`);
      }
      const wanted = this.value(text, at);
      if (wanted > field.get(field.mask)) {
        throw new CaseError(`Cannot use ${at}: 0x${wanted.toString(16)} does not fit the field`);
      }
      value |= field.of(wanted);
      mask |= field.mask;
    }
    return { value, mask };
  }

  /** Positions in ESTAT.IS. */
  interrupts(interrupts: Interrupts | undefined, where: string): readonly number[] {
    const list = interrupts === undefined ? [] : typeof interrupts === "object" ? interrupts : [interrupts];
    return list.map((i) => interruptPosition(i, where));
  }
}

/** Some bits of a register. */
export interface MaskedValue {
  readonly value: bigint;
  readonly mask: bigint;
}

const ALL = (1n << 64n) - 1n;

function whole(value: bigint): MaskedValue {
  return { value, mask: ALL };
}

function inRange(value: bigint, where: string): bigint {
  if (value < -(1n << 63n) || value > ALL) {
    throw new CaseError(`Cannot use ${where}: ${value} does not fit 64 bits`);
  }
  return BigInt.asUintN(64, value);
}

/** The position in ESTAT.IS of an interrupt given by name or position. */
export function interruptPosition(interrupt: string | number, where: string): number {
  const position = typeof interrupt === "number" ? interrupt : INTERRUPT_NAMES.indexOf(interrupt);
  if (INTERRUPT_NAMES[position] !== undefined) return position;
  throw new CaseError(
    `Cannot use ${where}: no interrupt ${JSON.stringify(interrupt)} (there are ${
      INTERRUPT_NAMES.join(", ")
    })`,
  );
}
