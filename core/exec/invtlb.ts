/**
 * invtlb: what each operation removes.
 *
 * @module
 */
import { Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import type { Machine } from "../machine.ts";
import { low48 } from "../halves.ts";
import { covers, inScope, type TlbEntry } from "../mmu/tlb.ts";
import { currentTarget } from "./tlb_calls.ts";

/** The register operands. */
interface Operands {
  /** rj[9:0] */
  readonly asid: number;
  /** rj[23:16] */
  readonly gid: number;
  /** rk, the 48 low bits */
  readonly address: number;
}

type Condition = (e: TlbEntry, o: Operands) => boolean;

const globalOrAsid: Condition = (e, o) => e.global || e.asid === o.asid;
const localAsid: Condition = (e, o) => !e.global && e.asid === o.asid;
const always: Condition = () => true;

/** The base operations; each sees only the entries of the executing world's scope. 0 and 1 differ in host mode, below. */
const BASE: ReadonlyMap<number, Condition> = new Map<number, Condition>([
  [0x0, always],
  [0x1, always],
  [0x2, (e) => e.global],
  [0x3, (e) => !e.global],
  [0x4, localAsid],
  [0x5, (e, o) => localAsid(e, o) && covers(e, o.address)],
  [0x6, (e, o) => globalOrAsid(e, o) && covers(e, o.address)],
]);

const stage1: Condition = (e) => e.kind === "stage1";
const stage2: Condition = (e) => e.kind === "stage2";
const ofGid: Condition = (e, o) => e.gid === o.gid;
const guest1: Condition = (e, o) => stage1(e, o) && ofGid(e, o);

/** The operations that LVZ adds (LVZ-INV-01). */
const LVZ: ReadonlyMap<number, Condition> = new Map<number, Condition>([
  [0x9, guest1],
  [0xa, (e, o) => guest1(e, o) && e.global],
  [0xb, (e, o) => guest1(e, o) && !e.global],
  [0xc, (e, o) => guest1(e, o) && localAsid(e, o)],
  [0xd, (e, o) => guest1(e, o) && localAsid(e, o) && covers(e, o.address)],
  [0xe, (e, o) => guest1(e, o) && globalOrAsid(e, o) && covers(e, o.address)],
  [0x10, stage1],
  [0x11, stage2],
  // LVZ-INV-04: host entries stay.
  [0x12, (e) => e.kind !== "host"],
  [0x13, guest1],
  [0x14, (e, o) => stage2(e, o) && ofGid(e, o)],
  [0x15, (e, o) => e.kind !== "host" && ofGid(e, o)],
  [0x16, (e, o) => stage2(e, o) && ofGid(e, o) && covers(e, o.address)],
]);

/**
 * Executes invtlb.
 *
 * @param op the operation, 0 to 31
 * @param rj ASID in bits 9:0, GID in bits 23:16
 * @param rk the address
 * @throws {Trap} INE for an operation that does not exist here
 */
export function invalidateTlb(m: Machine, op: number, rj: bigint, rk: bigint): void {
  const operands: Operands = {
    asid: Number(rj & 0x3ffn),
    gid: Number((rj >> 16n) & 0xffn),
    address: low48(rk),
  };
  const base = BASE.get(op);
  if (base !== undefined) {
    const everything = op === 0 && !m.inGuest && m.profile.lvz.invtlb0 === "everything";
    const { scope } = currentTarget(m);
    return m.tlb.invalidate((e) => everything || (inScope(e, scope) && base(e, operands)));
  }
  const lvz = LVZ.get(op);
  if (lvz === undefined || !m.profile.features.has("LVZ")) throw new Trap(EXCEPTIONS.INE);
  if (m.inGuest) throw guestUse(m);
  m.tlb.invalidate((e) => lvz(e, operands));
}

/** An instruction of LVZ in guest mode (LVZ-INSN-11, LVZ-CONF-18). */
export function guestUse(m: Machine): Trap {
  return m.profile.lvz.gcsrInGuest === "ine"
    ? new Trap(EXCEPTIONS.INE)
    : new Trap(EXCEPTIONS.GSPR, undefined, true);
}
