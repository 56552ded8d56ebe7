/**
 * What is asked before an instruction's meaning: is it there, may this privilege level use it, what does guest mode do with it.
 *
 * @module
 */
import { EUEN, MISC } from "../csr/basic.ts";
import { GCFG, GTLBC } from "../csr/lvz.ts";
import { isCounter } from "../csr/performance.ts";
import { Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import type { Decoded } from "../isa/decode.ts";
import type { GuestPolicy } from "../isa/row.ts";
import type { Instruction } from "../isa/table.ts";
import type { Machine } from "../machine.ts";
import { guestUse } from "./invtlb.ts";
import { counterDisabled } from "./system_calls.ts";

function gspr(): Trap {
  return new Trap(EXCEPTIONS.GSPR, undefined, true);
}

/** LVZ-GUEST-04: GCI 0 all, 1 all but hit operations, 2 all but hit and index operations. */
function cacopExits(m: Machine, op: Decoded): boolean {
  const INDEX = 1n;
  const HIT = 2n;
  const type = op.operands["code"]! >> 3n;
  const gci = m.host.get(GCFG.GCI);
  if (type === HIT) return gci === 0n;
  return type === INDEX ? gci <= 1n : true;
}

/** LVZ-GUEST-09: TOTI is about the operations that a guest has; invtlb with another one raises INE in any case (LVZ-INSN-11). */
function tlbExits(m: Machine, op: Decoded): boolean {
  const HIGHEST_OF_GUEST = 6n;
  const isGuests = op.instruction.name !== "invtlb" || op.operands["op"]! <= HIGHEST_OF_GUEST;
  return isGuests && m.host.is(GTLBC.TOTI);
}

/** What guest mode does, a policy a row: returns the trap to take instead of the meaning. */
const POLICIES: Readonly<Record<GuestPolicy, (m: Machine, op: Decoded) => Trap | undefined>> = {
  native: () => undefined,
  bank: () => undefined,
  ertn: () => undefined,
  gspr,
  hvc: () => new Trap(EXCEPTIONS.HVC, undefined, true),
  cacop: (m, op) => cacopExits(m, op) ? gspr() : undefined,
  timer: (m) => m.host.is(GCFG.TIT) ? gspr() : undefined,
  tlb: (m, op) => tlbExits(m, op) ? gspr() : undefined,
  ine: guestUse,
};

/** LVZ-EXIT-22, LVZ-FP-01, -02: what the own world disables it hears of itself; what only the host disables exits. */
function checkEnabled(m: Machine): void {
  if (!m.current.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD);
  if (!m.host.is(EUEN.FPE)) throw new Trap(EXCEPTIONS.FPD, undefined, true);
}

const COUNTERS_READABLE = [undefined, MISC.RPCNTL1, MISC.RPCNTL2, MISC.RPCNTL3] as const;

/** MISC.RPCNTLn: csrrd of a performance counter that the processor has, and of nothing else, needs no privilege at PLV n. */
function mayReadCounter(m: Machine, op: Decoded): boolean {
  const number = Number(op.operands["csr"]);
  const allowed = COUNTERS_READABLE[m.plv];
  return allowed !== undefined && isCounter(number) && m.host.has(number) && m.current.is(allowed);
}

/**
 * Throws what an instruction raises that is not there or not permitted. What makes a guest exit is returned, because nothing is slower than
 * to throw it, and every hypercall exits.
 */
export type PermissionCheck = (m: Machine, op: Decoded) => Trap | undefined;

/** The check of one instruction, or undefined if it can never fail. */
export function permissionCheck(instruction: Instruction): PermissionCheck | undefined {
  const { needs, privileged, guest, unit } = instruction;
  if (needs === undefined && !privileged && guest === "native" && unit === undefined) return undefined;
  const policy = POLICIES[guest];
  const readsCsr = instruction.name === "csrrd";
  return (m, op) => {
    if (needs !== undefined && !m.profile.features.has(needs)) throw new Trap(EXCEPTIONS.INE);
    if (unit !== undefined) checkEnabled(m);
    if (privileged && m.plv !== 0 && !(readsCsr && mayReadCounter(m, op))) throw new Trap(EXCEPTIONS.IPE);
    if (guest === "timer" && counterDisabled(m)) throw new Trap(EXCEPTIONS.IPE);
    if (!m.inGuest) return undefined;
    // LVZ-GUEST-06: after the privilege check, every privileged instruction.
    if (privileged && m.host.is(GCFG.SIT)) throw gspr();
    return policy(m, op);
  };
}
