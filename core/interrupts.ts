/**
 * Interrupt lines, what each world sees of them, and which interrupt is taken next.
 *
 * @module
 */
import { CRMD, ECFG, ESTAT } from "./csr/basic.ts";
import type { CsrBank } from "./csr/bank.ts";
import { GINTC } from "./csr/lvz.ts";
import type { Machine } from "./machine.ts";

/** Positions in ESTAT.IS. */
export const INTERRUPT = { SWI0: 0, SWI1: 1, HWI0: 2, PCOV: 10, TI: 11, IPI: 12 } as const;

/** Names of the interrupts by position. */
export const INTERRUPT_NAMES: readonly string[] = [
  ...["SWI0", "SWI1", "HWI0", "HWI1", "HWI2", "HWI3", "HWI4", "HWI5", "HWI6", "HWI7", "PCOV", "TI", "IPI"],
];

const HWI_MASK = 0x3fc;

/** PCOV is a level: it lasts as long as a counter with its interrupt enabled has bit 63 set. */
function overflow(m: Machine, isGuest: boolean): number {
  return m.counters.isOverflowing(isGuest) ? 1 << INTERRUPT.PCOV : 0;
}

/** What the host's ESTAT shows beside its latched bits: the lines, but for those that GINTC.PIP hands to the guest (LVZ-INT-05). */
export function hostLines(m: Machine): number {
  const passed = m.profile.lvz.pipLineInHost === "hidden" ? m.host.bits(GINTC.PIP) << 2 : 0;
  return (m.lines & ~passed) | overflow(m, false);
}

/** The same of the guest: the injected lines (GINTC.VIP), the passed-through ones (LVZ-INT-02), its counters (LVZ-PMU-04). */
export function guestLines(m: Machine): number {
  const passed = m.lines & (m.host.bits(GINTC.PIP) << 2);
  return (m.host.bits(GINTC.VIP) << 2) | (passed & HWI_MASK) | overflow(m, true);
}

/** The IS field of the host's ESTAT: latched bits and lines. */
export function hostPending(m: Machine): number {
  return m.host.bits(ESTAT.IS) | hostLines(m);
}

/** The same of the guest's. */
export function guestPending(m: Machine): number {
  return m.guest.bits(ESTAT.IS) | guestLines(m);
}

function highest(bits: number): number {
  return 31 - Math.clz32(bits);
}

function enabled(bank: CsrBank, pending: number): number {
  return bank.is(CRMD.IE) ? highest(pending & bank.bits(ECFG.LIE)) : -1;
}

/**
 * The interrupt that would be taken now. The host's come first (LVZ-ENTRY-15); in guest mode they need only the host's own
 * enables (LVZ-EXIT-11).
 */
export function pendingInterrupt(
  m: Machine,
): { readonly bank: CsrBank; readonly number: number } | undefined {
  const host = enabled(m.host, hostPending(m));
  if (host >= 0) return { bank: m.host, number: host };
  if (!m.inGuest) return undefined;
  const guest = enabled(m.guest, guestPending(m));
  return guest >= 0 ? { bank: m.guest, number: guest } : undefined;
}

/** True if an interrupt is pending and locally enabled, whatever CRMD.IE says: what ends a host `idle`. */
export function wakesHost(m: Machine): boolean {
  return (hostPending(m) & m.host.bits(ECFG.LIE)) !== 0;
}
