/**
 * The names of a description: operands, places in the context, CSRs and their fields, registers.
 *
 * @module
 */
import { csrByName, type CsrDeclaration, csrNames, type Field, parseRegister } from "../../core/mod.ts";
import { didYouMean } from "../../core/asm/suggest.ts";
import { type MachineCode, PHYSICAL } from "../../vcpu/assembly/code.ts";
import type { Offset, Operand } from "./description.ts";

/** What operands can speak of. */
export interface Known {
  readonly code: MachineCode;
  readonly context: bigint;
  readonly contextEnd: bigint;
  readonly root: bigint;
  readonly gid: bigint;
  readonly vector: bigint;
  readonly refill: bigint;
  /** What the host had before the vCPU took the processor. */
  readonly host: (csr: CsrDeclaration) => bigint;
  /** What it has now. */
  readonly current: (csr: CsrDeclaration) => bigint;
}

const WORDS = ["context", "context end", "root", "gid", "vector", "refill"];

/**
 * The value of an operand.
 *
 * @throws {RangeError} if it means nothing
 */
export function operandValue(operand: Operand, known: Known): bigint {
  if (typeof operand !== "string") return BigInt.asUintN(64, BigInt(operand));
  const [kind = "", name] = operand.split(" ");
  if ((kind === "host" || kind === "current") && name !== undefined) {
    const { csr, field } = findCsr(name);
    const value = kind === "host" ? known.host(csr) : known.current(csr);
    return field === undefined ? value : value & field.mask;
  }
  if (name !== undefined && operand !== "context end") {
    if (kind === "address") return symbolAddress(known.code, name);
    if (kind === "physical") return symbolAddress(known.code, name) & PHYSICAL;
  }
  switch (operand) {
    case "context":
      return known.context;
    case "context end":
      return known.contextEnd;
    case "root":
      return known.root;
    case "gid":
      return known.gid;
    case "vector":
      return known.vector;
    case "refill":
      return known.refill;
    default: {
      const near = didYouMean(operand, WORDS) ||
        `; there are ${WORDS.join(", ")}, "host ECFG", "address NAME"`;
      throw new RangeError(`Cannot use operand "${operand}"${near}`);
    }
  }
}

/**
 * The address of a symbol.
 *
 * @throws {RangeError} if the code has none of that name
 */
export function symbolAddress(code: MachineCode, name: string): bigint {
  const address = code.symbol(name);
  if (address === undefined) throw new RangeError(`Cannot find symbol ${name} in the world switch's code`);
  return address;
}

/**
 * The bytes of an offset.
 *
 * @throws {RangeError} if the code has no constant of that name, or the place is not of 8 bytes
 */
export function offsetValue(offset: Offset, code: MachineCode): number {
  const value = typeof offset === "number" ? offset : Number(code.constant(offset) ?? NaN);
  if (Number.isNaN(value)) {
    throw new RangeError(
      `Cannot find constant ${offset}: the world switch's code has no such .equ or absolute symbol`,
    );
  }
  if (value >= 0 && value % 8 === 0) return value;
  throw new RangeError(`Cannot use offset ${offset}: ${value} is no multiple of 8`);
}

/**
 * A CSR, or one field of it, by name.
 *
 * @throws {RangeError} if there is none
 */
export function findCsr(name: string): { readonly csr: CsrDeclaration; readonly field?: Field } {
  const [register = "", fieldName] = name.split(".");
  const csr = csrByName(register);
  if (csr === undefined) {
    throw new RangeError(
      `Cannot find CSR ${register}${didYouMean(register, csrNames()) || ": there is none"}`,
    );
  }
  if (fieldName === undefined) return { csr };
  const field = csr.fields.find((f) => f.name === fieldName || f.spec.aka?.includes(fieldName));
  if (field !== undefined) return { csr, field };
  const names = csr.fields.map((f) => f.name);
  throw new RangeError(
    `Cannot find field ${name}${didYouMean(fieldName, names) || `: there are ${names.join(", ")}`}`,
  );
}

/**
 * The number of a general register.
 *
 * @throws {RangeError} if there is none of that name
 */
export function findRegister(name: string): number {
  const number = parseRegister(`$${name.replace(/^\$/, "")}`);
  if (number !== undefined) return number;
  throw new RangeError(`Cannot find register ${name}`);
}
