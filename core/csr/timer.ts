/**
 * The registers of the stable counter and its timer.
 *
 * @module
 */
import { bit, bits, csr, type CsrDeclaration } from "./define.ts";

/** LVZ-GUEST-05: the registers that GCFG.TIT makes exit. */
const TIMER = { guest: "copy", trappedBy: "GCFG.TIT" } as const;

export const TID = csr(0x40, "TID", "timer identity", {
  TID: bits(31, 0, "number, the second result of rdtime"),
}, {
  ...TIMER,
  width: 32,
  aka: ["TMID"],
});

export const TCFG = csr(0x41, "TCFG", "timer configuration", {
  En: bit(0, "counting"),
  Periodic: bit(1, "reloads at 0"),
  InitVal: bits(47, 2, "initial count, in units of 4 ticks"),
}, TIMER);

// LVZ-TIME-07: read-only to its own world, set by the host's gcsrwr.
export const TVAL = csr(
  0x42,
  "TVAL",
  "timer value",
  { TimeVal: bits(47, 0, "ticks left", { access: "r" }) },
  TIMER,
);

export const CNTC = csr(0x43, "CNTC", "counter compensation", {
  Compensation: bits(63, 0, "added to the counter"),
}, TIMER);

export const TICLR = csr(0x44, "TICLR", "timer interrupt clear", {
  CLR: bit(0, "writing 1 clears the timer interrupt", { access: "w1" }),
}, { ...TIMER, width: 32, aka: ["TINTCLR"] });

export const TIMERS: readonly CsrDeclaration[] = [TID, TCFG, TVAL, CNTC, TICLR];
