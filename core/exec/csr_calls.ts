/**
 * csrrd, csrwr, csrxchg and their gcsr forms.
 *
 * @module
 */
import { readCsr, writeCsr, type Writer } from "../csr/access.ts";
import { CRMD } from "../csr/basic.ts";
import { FWPC, MWPC } from "../csr/debug.ts";
import type { CsrDeclaration, Field, Grant } from "../csr/define.ts";
import { GCFG, GTLBC } from "../csr/lvz.ts";
import { csrByNumber, exitsWithoutRegister } from "../csr/table.ts";
import { Trap } from "../exception.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import { setRegister } from "./registers.ts";

const ALL = (1n << 64n) - 1n;

/** Whose registers an access means, and as whom it writes. */
interface Target {
  readonly isGuest: boolean;
  readonly writer: Writer;
}

/** The fields that grant registers to the guest (LVZ-GCSR-06, -07). */
const GRANTS: Readonly<Record<Grant["by"], Field>> = {
  "GCFG.GPERF": GCFG.GPERF,
  "MWPC.GNum": MWPC.GNum,
  "FWPC.GNum": FWPC.GNum,
};

/** Exits if a guest may not access this number without one. */
function checkGuestAccess(m: Machine, number: number, csr: CsrDeclaration | undefined): void {
  if (!m.inGuest) return;
  if (csr === undefined || !m.host.has(number)) {
    // LVZ-GCSR-08: what the host lacks too exits only with TORU; LVZ-GCSR-05: the vendor's ranges always do.
    if (exitsWithoutRegister(number) || m.host.is(GCFG.TORU)) {
      throw new Trap(EXCEPTIONS.GSPR, undefined, true);
    }
    return;
  }
  const { guest, grant, trappedBy } = csr.options;
  const trapped = trappedBy === "GCFG.TIT" && m.host.is(GCFG.TIT) ||
    trappedBy === "GTLBC.TOTI" && m.host.is(GTLBC.TOTI);
  const exits = guest === "gspr" ||
    (grant !== undefined && m.host.get(GRANTS[grant.by]) <= BigInt(grant.index));
  if (exits || trapped) throw new Trap(EXCEPTIONS.GSPR, undefined, true);
}

/** GCFG.TOP: guest software that changes GCSR.CRMD.PLV exits instead with GCM/0 (LVZ-GUEST-07). */
function checkPlvChange(m: Machine, csr: CsrDeclaration, old: bigint, next: bigint): void {
  if (!m.inGuest || csr.number !== CRMD.number || !m.host.is(GCFG.TOP)) return;
  if (CRMD.PLV.get(old) !== CRMD.PLV.get(next)) throw new Trap(EXCEPTIONS.GCSC, undefined, true);
}

/** Exchanges the bits of a register that are set in `mask`; returns the old value. */
export function exchangeCsr(m: Machine, number: number, value: bigint, mask: bigint): bigint {
  const csr = csrByNumber(number);
  checkGuestAccess(m, number, csr);
  return csr === undefined ? 0n : exchange(m, csr, value, mask, { isGuest: m.inGuest, writer: "own" });
}

/**
 * The same for a guest copy, by the host, whether or not the guest reaches it. A number without a guest copy reads 0 and ignores writes
 * (LVZ-INSN-05).
 */
export function exchangeGcsr(m: Machine, number: number, value: bigint, mask: bigint): bigint {
  const csr = csrByNumber(number);
  if (csr === undefined || csr.options.guest === "gspr") return 0n;
  return exchange(m, csr, value, mask, { isGuest: true, writer: "host" });
}

function exchange(m: Machine, csr: CsrDeclaration, value: bigint, mask: bigint, target: Target): bigint {
  const old = readCsr(m, target.isGuest, csr);
  if (mask === 0n) return old;
  const next = mask === ALL ? value : (old & ~mask) | (value & mask);
  checkPlvChange(m, csr, old, next);
  writeCsr(m, target.isGuest, csr, next, target.writer, mask);
  return old;
}

type Exchange = typeof exchangeCsr;

/** rd receives the old value; only the bits in `mask` change. */
function instruction(
  access: Exchange,
  mask: (m: Machine, op: Decoded) => bigint,
): (m: Machine, op: Decoded) => void {
  return (m, op) => {
    const number = Number(op.operands["csr"]);
    setRegister(m, op.rd, access(m, number, m.gpr[op.rd]!, mask(m, op)));
  };
}

const none = () => 0n;
const all = () => ALL;
const fromRj = (m: Machine, op: Decoded) => m.gpr[op.rj]!;

/** The calls of this file. */
export const CSR_CALLS = {
  "csrrd": instruction(exchangeCsr, none),
  "csrwr": instruction(exchangeCsr, all),
  "csrxchg": instruction(exchangeCsr, fromRj),
  "gcsrrd": instruction(exchangeGcsr, none),
  "gcsrwr": instruction(exchangeGcsr, all),
  "gcsrxchg": instruction(exchangeGcsr, fromRj),
};
