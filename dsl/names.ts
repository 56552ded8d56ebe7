/**
 * From the names in a case to registers, fields, interrupts and values.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import {
  csrByName,
  type CsrDeclaration,
  csrNames,
  INTERRUPT_NAMES,
  parseRegister,
  type Profile,
  type Program,
} from "../core/mod.ts";
import type { Csrs, Interrupts, Registers, Value } from "./case.ts";
import { hex } from "../core/hex.ts";
import { CaseError } from "./errors.ts";

/** Some bits of a register. */
export interface MaskedValue {
  readonly value: bigint;
  readonly mask: bigint;
}

/** General registers by number, with values. */
export type RegisterValues = ReadonlyMap<number, bigint>;

/** CSRs with values of some of their bits, in place. */
export type CsrValues = ReadonlyMap<CsrDeclaration, MaskedValue>;

/** No CSR is named. */
export const NO_CSRS: CsrValues = new Map();
const NO_REGISTERS: RegisterValues = new Map();

/** All bits of a register. */
export const ALL_BITS = (1n << 64n) - 1n;
const LOWEST = -(1n << 63n);

function refuse(where: string, reason: string): never {
  throw new CaseError(`Cannot use ${where}: ${reason}`);
}

/** Turns a case's names into what they mean; `where` names the place in the case for errors. */
export class Names {
  readonly #program: Program;
  readonly #profile: Profile;

  constructor(program: Program, profile: Profile) {
    this.#program = program;
    this.#profile = profile;
  }

  /** A value modulo 2^64: a number, or a label with an optional offset. */
  value(value: Value, where: string): bigint {
    if (typeof value === "string") return this.#address(value, where);
    const number = BigInt(value);
    if (number < LOWEST || number > ALL_BITS) refuse(where, `${number} does not fit 64 bits`);
    return BigInt.asUintN(64, number);
  }

  #address(text: string, where: string): bigint {
    const exact = this.#program.symbols.get(text);
    if (exact !== undefined) return exact;
    const [, label = "", sign, offset] =
      /^([A-Za-z_.$][\w.$]*)(?:\s*([+-])\s*(0x[0-9a-fA-F]+|\d+))?$/.exec(text) ?? [];
    const address = this.#program.symbols.get(label);
    if (address === undefined) {
      const labels = [...this.#program.symbols.keys()].filter((l) => !l.startsWith("__"));
      const known = labels.length === 0 ? "" : ` (it has ${labels.join(", ")})`;
      refuse(where, `the code defines no label ${JSON.stringify(label || text)}${known}`);
    }
    const distance = BigInt(offset ?? 0);
    return BigInt.asUintN(64, sign === "-" ? address - distance : address + distance);
  }

  /** General registers by number. */
  registers(registers: Registers | undefined, where: string): RegisterValues {
    if (registers === undefined) return NO_REGISTERS;
    const found = new Map<number, bigint>();
    for (const [name, value] of Object.entries(registers)) {
      const at = `${where}.${name}`;
      const number = parseRegister(name.startsWith("$") ? name : `$${name}`);
      if (number === undefined) refuse(at, "no such register");
      if (number === 0) refuse(at, "$zero is always 0");
      if (found.has(number)) refuse(at, "the register is named twice");
      found.set(number, this.value(value, at));
    }
    return found;
  }

  /** CSRs with the bits that a case names. */
  csrs(csrs: Csrs | undefined, where: string): CsrValues {
    if (csrs === undefined) return NO_CSRS;
    const found = new Map<CsrDeclaration, MaskedValue>();
    for (const [name, value] of Object.entries(csrs)) {
      const at = `${where}.${name}`;
      const csr = this.csr(name, at);
      if (found.has(csr)) refuse(at, `${csr.name} is named twice`);
      const isWhole = typeof value !== "object";
      found.set(csr, isWhole ? wholeValue(csr, this.value(value, at)) : this.#fields(csr, value, at));
    }
    return found;
  }

  /** A CSR. */
  csr(name: string, where: string): CsrDeclaration {
    const csr = csrByName(name);
    if (csr === undefined) refuse(where, `no such CSR${didYouMean(name, csrNames())}`);
    if (!csr.existsIn(this.#profile)) refuse(where, `profile ${this.#profile.name} has no ${csr.name}`);
    return csr;
  }

  #fields(csr: CsrDeclaration, fields: Readonly<Record<string, Value>>, where: string): MaskedValue {
    let [value, mask] = [0n, 0n];
    for (const [name, text] of Object.entries(fields)) {
      const at = `${where}.${name}`;
      const field = csr.fields.find((f) => f.name === name || f.spec.aka?.includes(name));
      if (field === undefined) {
        refuse(at, `${csr.name} has no such field (it has ${csr.fields.map((f) => f.name).join(", ")})`);
      }
      if (mask & field.mask) refuse(at, `${field.name} is named twice`);
      const wanted = this.value(text, at);
      const highest = field.get(field.mask);
      if (wanted > highest) {
        refuse(at, `${hex(wanted)} does not fit the field, range is 0 to ${hex(highest)}`);
      }
      value |= field.of(wanted);
      mask |= field.mask;
    }
    return { value, mask };
  }

  /** Positions in ESTAT.IS. */
  interrupts(interrupts: Interrupts | undefined, where: string): readonly number[] {
    if (interrupts === undefined) return [];
    const list = typeof interrupts === "object" ? interrupts : [interrupts];
    return list.map((i) => interruptPosition(i, where));
  }
}

/** All bits of a register; the upper half of a 32-bit register, which only repeats its sign, does not count. */
export function wholeValue(csr: CsrDeclaration, value: bigint): MaskedValue {
  return { value, mask: BigInt.asUintN(csr.width, ALL_BITS) };
}

/** The position in ESTAT.IS of an interrupt given by name or position. */
export function interruptPosition(interrupt: string | number, where: string): number {
  const position = typeof interrupt === "number" ? interrupt : INTERRUPT_NAMES.indexOf(interrupt);
  if (INTERRUPT_NAMES[position] !== undefined) return position;
  const known = INTERRUPT_NAMES.join(", ");
  return refuse(where, `no interrupt ${JSON.stringify(interrupt)} (there are ${known})`);
}
