/**
 * What a trapped guest instruction wanted, decoded from BADI: the part of a hypervisor that every one of them has. Derived from the
 * instruction table, so that it cannot confuse opcodes.
 *
 * @module
 */
import { decode, type Decoded } from "../core/mod.ts";
import type { Exit, HardwareExit } from "./contract.ts";

/** An exit that is dealt with. */
export const NOTHING: Exit = { kind: "nothing" };

/** The address behind the instruction that exited. */
export function behind({ pc }: HardwareExit): bigint {
  return BigInt.asUintN(64, pc + 4n);
}

/** A load or store of general registers. */
export interface MemoryAccess {
  readonly store: boolean;
  /** Bytes. */
  readonly width: 1 | 2 | 4 | 8;
  readonly signExtend: boolean;
  /** The register loaded or stored. */
  readonly register: number;
}

const WIDTHS: Readonly<Record<string, 1 | 2 | 4 | 8>> = { b: 1, h: 2, w: 4, d: 8 };
const ACCESS = /^(ld|st|ldx|stx|ldptr|stptr)\.([bhwd])(u?)$/;
const IOCSR = /^iocsr(rd|wr)\.([bhwd])$/;

/** The load or store in a word; undefined for anything else (atomics, ll/sc and so on included). */
export function decodeMemoryAccess(word: number): MemoryAccess | undefined {
  const op = decode(word);
  const match = op && ACCESS.exec(op.instruction.name);
  if (op === undefined || !match) return undefined;
  const [, kind = "", width = "", unsigned = ""] = match;
  return {
    store: kind.startsWith("st"),
    width: WIDTHS[width]!,
    signExtend: unsigned === "",
    register: op.rd,
  };
}

/** A CSR access; `rj` is the mask's register for csrxchg. */
export interface CsrAccess {
  readonly kind: "csrrd" | "csrwr" | "csrxchg";
  readonly number: number;
  readonly rd: number;
  readonly rj: number;
}

/** What may raise GSPR, as far as hypervisors emulate it. */
export type SensitiveInstruction =
  | { readonly kind: "cpucfg"; readonly rd: number; readonly rj: number }
  | { readonly kind: "csr"; readonly access: CsrAccess }
  | { readonly kind: "cacop" }
  | { readonly kind: "idle" }
  | {
    readonly kind: "iocsr";
    readonly write: boolean;
    readonly width: 1 | 2 | 4 | 8;
    readonly rd: number;
    readonly rj: number;
  }
  | { readonly kind: "other" };

/** The instruction behind a GSPR exit. */
export function decodeSensitive(word: number): SensitiveInstruction {
  const op = decode(word);
  if (op === undefined) return { kind: "other" };
  const { name } = op.instruction;
  const iocsr = IOCSR.exec(name);
  if (iocsr) {
    return { kind: "iocsr", write: iocsr[1] === "wr", width: WIDTHS[iocsr[2]!]!, rd: op.rd, rj: op.rj };
  }
  if (name === "cpucfg") return { kind: "cpucfg", rd: op.rd, rj: op.rj };
  if (name === "csrrd" || name === "csrwr" || name === "csrxchg") {
    return { kind: "csr", access: csrAccess(name, op) };
  }
  if (name === "cacop" || name === "idle") return { kind: name };
  return { kind: "other" };
}

function csrAccess(kind: CsrAccess["kind"], op: Decoded): CsrAccess {
  return { kind, number: Number(op.operands["csr"]), rd: op.rd, rj: op.rj };
}

/** The immediate of an hvcl word. */
export function hypercallCode(word: number): number {
  return word & 0x7fff;
}

/** Sign- or zero-extends a value read for an access. */
export function extendRead(value: bigint, width: number, signExtend: boolean): bigint {
  const low = BigInt.asUintN(width * 8, value);
  return signExtend ? BigInt.asUintN(64, BigInt.asIntN(width * 8, low)) : low;
}
