/**
 * What hypervisor software does to the processor, instruction by instruction.
 *
 * @module
 */
import {
  csrByNumber,
  type CsrDeclaration,
  decode,
  type Decoded,
  type Machine,
  readCsr,
} from "../core/mod.ts";
import { hex } from "../core/hex.ts";
import type { MaskedValue } from "./names.ts";

/** One thing that was done. */
export interface Deed {
  /** `GSTAT`, `guest CRMD`, `read GCFG`, `ertn`, `invtlb 0x12`, `iocsr 0x100c`. */
  readonly name: string;
  readonly csr?: CsrDeclaration;
  /** What a write puts into its place, before the hardware leaves out what it does not take. */
  readonly value?: bigint;
}

/** One thing that is expected. */
export interface ExpectedDeed {
  readonly name: string;
  readonly value?: MaskedValue;
}

const CSR_ACCESS = /^(g?)csr(rd|wr|xchg)$/;
const ALL = (1n << 64n) - 1n;

/** Describes an instruction that is about to execute; undefined for one that does nothing to the processor. */
export function deedOf(m: Machine, word: number): Deed | undefined {
  const op = decode(word);
  if (op === undefined) return undefined;
  const { name } = op.instruction;
  const access = CSR_ACCESS.exec(name);
  if (access !== null) return csrDeed(m, op, access[1] === "g", access[2] ?? "");
  if (name === "ertn" || name === "tlbfill" || name === "tlbwr") return { name };
  if (name === "invtlb") return { name: `invtlb ${hex(BigInt(op.operands["op"] ?? 0n))}` };
  if (name.startsWith("iocsrwr")) {
    return { name: `iocsr ${hex(m.gpr[op.rj] ?? 0n)}`, value: m.gpr[op.rd] ?? 0n };
  }
  return undefined;
}

function csrDeed(m: Machine, op: Decoded, isGuest: boolean, kind: string): Deed {
  const number = Number(op.operands["csr"]);
  const csr = csrByNumber(number);
  const name = `${isGuest ? "guest " : ""}${csr?.name ?? hex(BigInt(number))}`;
  const more = csr && { csr };
  if (kind === "rd") return { name: `read ${name}`, ...more };
  const mask = kind === "xchg" ? m.gpr[op.rj] ?? 0n : ALL;
  const bank = isGuest ? m.guest : m.host;
  const old = csr !== undefined && bank.has(number) ? readCsr(m, isGuest, csr) : 0n;
  return { name, value: (old & ~mask) | ((m.gpr[op.rd] ?? 0n) & mask), ...more };
}

/** The deeds that an expectation is about: reads only where it names them, and with `any` only what it names. */
export function relevant(
  deeds: readonly Deed[],
  expected: readonly ExpectedDeed[],
  others: "none" | "any",
): readonly Deed[] {
  const names = new Set(expected.map((e) => e.name));
  return deeds.filter(({ name }) => names.has(name) || (others === "none" && !isIncidental(name)));
}

/** Reads change nothing, and TLBRSAVE is where a refill handler of machine code keeps the register that it works with. */
function isIncidental(name: string): boolean {
  return name.startsWith("read ") || name === "TLBRSAVE";
}

/** True if what was done is what was expected. */
export function isDeed(deed: Deed | undefined, expected: ExpectedDeed | undefined): boolean {
  if (deed === undefined || expected === undefined) return deed === expected;
  if (deed.name !== expected.name) return false;
  if (expected.value === undefined) return true;
  const { value, mask } = expected.value;
  return (((deed.value ?? 0n) ^ value) & mask) === 0n;
}

/** A deed as text: `GSTAT = 0x2`. */
export function deedText({ name, value }: Deed): string {
  return value === undefined ? name : `${name} = ${hex(value)}`;
}

/** An expected deed as text; bits that do not matter are left out of the value. */
export function expectedDeedText({ name, value }: ExpectedDeed): string {
  if (value === undefined) return name;
  const isWhole = value.mask === ALL || value.mask === 0xffff_ffffn;
  return isWhole ? `${name} = ${hex(value.value)}` : `${name} = ${hex(value.value)} in ${hex(value.mask)}`;
}
