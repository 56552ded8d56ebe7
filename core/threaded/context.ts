/**
 * What a translation depends on, other than the TLB: while it stays the same, so do the software TLBs.
 *
 * @module
 */
import { CRMD, MISC } from "../csr/basic.ts";
import type { CsrBank } from "../csr/bank.ts";
import type { CsrDeclaration } from "../csr/define.ts";
import { GSTAT } from "../csr/lvz.ts";
import { ASID, DMW, RVACFG, STLBPS } from "../csr/translation.ts";
import type { Machine } from "../machine.ts";

const REGISTERS: readonly CsrDeclaration[] = [ASID, STLBPS, RVACFG, MISC, ...DMW];
const MODE = CRMD.PLV.mask | CRMD.DA.mask | CRMD.PG.mask;

/** The context that a machine is in, as a text to compare. */
export function contextOf(m: Machine): string {
  const { host } = m;
  return m.inGuest ? `${part(m.guest)} ${host.read(STLBPS)} ${host.get(GSTAT.GID)}` : part(host);
}

function part(bank: CsrBank): string {
  let text = `${bank.read(CRMD) & MODE}`;
  for (const csr of REGISTERS) text += ` ${bank.read(csr)}`;
  return text;
}

const ALIGNMENT = [MISC.ALCL0, MISC.ALCL1, MISC.ALCL2, MISC.ALCL3] as const;

/**
 * True where an instruction needs no more checks than the generated functions make: addresses have 64 bits, no watchpoint means the
 * present mode, and unaligned accesses are allowed.
 */
export function isPlain(m: Machine): boolean {
  return !m.address32 && !m.isWatched && !m.current.is(ALIGNMENT[m.plv]!);
}
