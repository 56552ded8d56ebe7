/**
 * The host's operating system, as far as a world switch meets it: registers with values of their own that must come back, and a
 * handler for the host's interrupts.
 *
 * @module
 */
import { type CsrDeclaration, INTERRUPT } from "../core/mod.ts";
import { CRMD, ECFG, EENTRY, ESTAT, SAVE } from "../core/csr/basic.ts";
import { TICLR } from "../core/csr/timer.ts";
import { ASID, DMW, PGDH, PGDL, PWCH, PWCL, STLBPS, TLBRENTRY } from "../core/csr/translation.ts";
import type { HostLayout, PageTableFormat } from "./contract.ts";
import type { HostCpu } from "./host_cpu.ts";
import { DIRECT_MAP, pageWalkRegisters } from "./stage2.ts";

/** Registers of the host with the values that it gives them. */
export type HostRegisters = readonly (readonly [CsrDeclaration, bigint])[];

/** Linux's page tables: 16 KiB pages, three levels. */
const LINUX_PAGES: PageTableFormat = {
  pageShift: 14,
  levels: [{ directory: 0, width: 11 }, { directory: 1, width: 11 }, { directory: 3, width: 11 }],
};

/** Linux dispatches by vectors of 0x200 bytes: 2^7 instructions. */
const LINUX_VS = 7n;

/** The host before any hypervisor touched it. Values are recognisable, so that a report shows whose they are. */
export function hostRegisters(layout: HostLayout): HostRegisters {
  const { pwcl, pwch } = pageWalkRegisters(LINUX_PAGES);
  const enabled = (1n << BigInt(INTERRUPT.TI)) | (1n << BigInt(INTERRUPT.IPI));
  return [
    // Linux's windows: uncached and cached, both only for the kernel.
    [DMW[0]!, 0x8000_0000_0000_0001n],
    [DMW[1]!, DIRECT_MAP | 0x11n],
    [CRMD, CRMD.PG.mask | CRMD.DATF.of(1n) | CRMD.DATM.of(1n)],
    [ECFG, ECFG.VS.of(LINUX_VS) | ECFG.LIE.of(enabled)],
    [EENTRY, 0x9000_0000_0a11_0000n],
    [PGDL, 0x9000_0000_0a22_0000n],
    // An empty table: a guest can name a GPA with bit 47 set, which the host's refill handler walks from here (LVZ-MMU-07).
    [PGDH, DIRECT_MAP | 0x8000n],
    [ASID, 0x155n],
    [PWCL, pwcl],
    [PWCH, pwch],
    [STLBPS, BigInt(LINUX_PAGES.pageShift)],
    [TLBRENTRY, layout.hostRefillEntry ?? layout.refillEntry],
    ...SAVE.slice(0, 4).map((csr, n) => [csr, 0x9000_0000_0a44_0000n + BigInt(n)] as const),
  ];
}

const SP = 3;

/** What the host has in a general register: recognisable. The stack pointer is the layout's, where there is one. */
export function hostGpr(register: number): bigint {
  return 0x9000_0000_0bad_0000n + BigInt(register);
}

/** Gives the host's registers their values, general registers included. */
export function setUpHost(cpu: HostCpu, layout: HostLayout): void {
  cpu.jump(layout.text);
  // Direct mode cuts addresses to PALEN, so that the same address works before and after the switch to mapped mode.
  for (const [csr, value] of hostRegisters(layout)) cpu.csrwr(csr, value);
  for (let r = 1; r < 32; r++) cpu.setGpr(r, hostGpr(r));
  if (layout.stack !== undefined) cpu.setGpr(SP, layout.stack);
}

const IPI_CLEAR = 0x100cn;

/**
 * The host's interrupt handler: acknowledges what can be acknowledged at its source. A hardware line stays until its device lowers it.
 *
 * @returns the positions in ESTAT.IS that were acknowledged
 */
export function serviceInterrupts(cpu: HostCpu): readonly number[] {
  const pending = ESTAT.IS.get(cpu.csrrd(ESTAT)) & ECFG.LIE.get(cpu.csrrd(ECFG));
  const served = [INTERRUPT.SWI0, INTERRUPT.SWI1, INTERRUPT.TI, INTERRUPT.IPI].filter((n) =>
    (pending >> BigInt(n)) & 1n
  );
  for (const position of served) acknowledge(cpu, position);
  return served;
}

function acknowledge(cpu: HostCpu, position: number): void {
  if (position === INTERRUPT.TI) cpu.csrwr(TICLR, TICLR.CLR.mask);
  else if (position === INTERRUPT.IPI) cpu.iocsrwr(IPI_CLEAR, 4, 0xffffffffn);
  else cpu.csrxchg(ESTAT, 0n, 1n << BigInt(position));
}
