/**
 * Floating-point instructions that compute nothing: moves, sign changes, selection, branches on condition flags, loads and stores.
 * None of them touches the Cause and Flags of FCSR0.
 *
 * @module
 */
import { DOUBLE, FCSR_MASKS, type Format, SINGLE } from "../fp/mod.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Access, MemoryType } from "../isa/meaning.ts";
import type { AccessUse, Machine } from "../machine.ts";
import { boxed, type FpCall, operand } from "./fp_calls.ts";
import { setRegister, signExtend } from "./registers.ts";

const LOW_HALF = 0xffffffffn;

// Within the floating-point registers --------------------------------------------------------------------------------

function signChange(change: (f: Format, a: bigint) => bigint): (f: Format) => FpCall {
  return (f) => (m, op) => {
    m.fpr[op.fd] = boxed(f, change(f, operand(m, f, op.fj)));
  };
}

function copySign(f: Format): FpCall {
  return (m, op) => {
    const magnitude = operand(m, f, op.fj) & ~f.signBit;
    m.fpr[op.fd] = boxed(f, magnitude | (operand(m, f, op.fk) & f.signBit));
  };
}

function selectByFlag(m: Machine, op: Decoded): void {
  m.fpr[op.fd] = m.fpr[m.fcc[op.ca] === 1 ? op.fk : op.fj]!;
}

// To and from other registers ----------------------------------------------------------------------------------------

/** Keeps the half that it does not write. */
function moveToHalf(upper: boolean): FpCall {
  return (m, op) => {
    const old = m.fpr[op.fd]!;
    const value = m.gpr[op.rj]! & LOW_HALF;
    m.fpr[op.fd] = upper ? (value << 32n) | (old & LOW_HALF) : (old & ~LOW_HALF) | value;
  };
}

function moveToFcsr(m: Machine, op: Decoded): void {
  const mask = FCSR_MASKS[op.fcsr as 0 | 1 | 2 | 3];
  m.fcsr = (m.fcsr & ~mask) | (Number(m.gpr[op.rj]! & LOW_HALF) & mask);
}

function moveFromFcsr(m: Machine, op: Decoded): void {
  setRegister(m, op.rd, BigInt(m.fcsr & FCSR_MASKS[op.fcsr as 0 | 1 | 2 | 3]));
}

// Branches -----------------------------------------------------------------------------------------------------------

function branchOn(flag: 0 | 1): FpCall {
  return (m, op) => {
    if (m.fcc[op.cj] === flag) m.nextPc = BigInt.asUintN(64, m.pc + op.operands["offs21"]!);
  };
}

// Loads and stores ---------------------------------------------------------------------------------------------------

/** Where an instruction accesses memory, having checked what it checks of the address. */
type AddressOf = (m: Machine, op: Decoded) => bigint;

const byImmediate: AddressOf = (m, op) => BigInt.asUintN(64, m.gpr[op.rj]! + op.operands["si12"]!);
const byRegister: AddressOf = (m, op) => BigInt.asUintN(64, m.gpr[op.rj]! + m.gpr[op.rk]!);

/** The address is checked before the bound is compared, which is an unsigned comparison (see `core/isa/bound.ts`). */
function bounded(
  type: MemoryType,
  use: AccessUse,
  isAllowed: (address: bigint, bound: bigint) => boolean,
): AddressOf {
  return (m, op) => {
    const address = m.gpr[op.rj]!;
    m.checkAddress(address, type, use);
    if (!isAllowed(address, m.gpr[op.rk]!)) m.raise("BCE", address);
    return address;
  };
}

function load(f: Format, type: MemoryType, addressOf: AddressOf, access: Access = {}): FpCall {
  return (m, op) => {
    m.fpr[op.fd] = boxed(f, m.load(addressOf(m, op), type, access));
  };
}

function store(type: MemoryType, addressOf: AddressOf, access: Access = {}): FpCall {
  return (m, op) => m.store(addressOf(m, op), type, m.fpr[op.fd]!, access);
}

function* calls(): Generator<readonly [string, FpCall]> {
  const formats = [["s", SINGLE, "u32"], ["d", DOUBLE, "u64"]] as const;
  const checked = { aligned: true, checked: true };
  const above = (address: bigint, bound: bigint) => address > bound;
  const notAbove = (address: bigint, bound: bigint) => address <= bound;
  for (const [letter, f, type] of formats) {
    yield [`fmov.${letter}`, signChange((_, a) => a)(f)];
    yield [`fabs.${letter}`, signChange(({ signBit }, a) => a & ~signBit)(f)];
    yield [`fneg.${letter}`, signChange(({ signBit }, a) => a ^ signBit)(f)];
    yield [`fcopysign.${letter}`, copySign(f)];
    yield [`fld.${letter}`, load(f, type, byImmediate)];
    yield [`fldx.${letter}`, load(f, type, byRegister)];
    yield [`fldgt.${letter}`, load(f, type, bounded(type, "load", above), checked)];
    yield [`fldle.${letter}`, load(f, type, bounded(type, "load", notAbove), checked)];
    yield [`fst.${letter}`, store(type, byImmediate)];
    yield [`fstx.${letter}`, store(type, byRegister)];
    yield [`fstgt.${letter}`, store(type, bounded(type, "store", above), checked)];
    yield [`fstle.${letter}`, store(type, bounded(type, "store", notAbove), checked)];
  }
}

/** The calls of this file. */
export const FP_MOVE_CALLS: Readonly<Record<string, FpCall>> = {
  ...Object.fromEntries(calls()),
  "fsel": selectByFlag,
  "movgr2fr.w": moveToHalf(false),
  "movgr2frh.w": moveToHalf(true),
  "movgr2fr.d": (m, op) => {
    m.fpr[op.fd] = m.gpr[op.rj]!;
  },
  "movfr2gr.s": (m, op) => setRegister(m, op.rd, signExtend(m.fpr[op.fj]!, 32)),
  "movfrh2gr.s": (m, op) => setRegister(m, op.rd, signExtend(m.fpr[op.fj]! >> 32n, 32)),
  "movfr2gr.d": (m, op) => setRegister(m, op.rd, m.fpr[op.fj]!),
  "movgr2fcsr": moveToFcsr,
  "movfcsr2gr": moveFromFcsr,
  "movfr2cf": (m, op) => {
    m.fcc[op.cd] = Number(m.fpr[op.fj]! & 1n);
  },
  "movcf2fr": (m, op) => {
    m.fpr[op.fd] = BigInt(m.fcc[op.cj]!);
  },
  "movgr2cf": (m, op) => {
    m.fcc[op.cd] = Number(m.gpr[op.rj]! & 1n);
  },
  "movcf2gr": (m, op) => setRegister(m, op.rd, BigInt(m.fcc[op.cj]!)),
  "bceqz": branchOn(0),
  "bcnez": branchOn(1),
};
