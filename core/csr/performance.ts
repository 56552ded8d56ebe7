/**
 * The registers of the performance counters.
 *
 * Source of the layouts: LoongArch manual Vol. 1 v1.10, "Control and Status Registers Related to Performance Monitoring"; GMOD: the vendor's KVM
 * (LVZ-CSR-14); event numbers: Linux arch/loongarch/kernel/perf_event.c, which finds these on every processor.
 *
 * @module
 */
import { bit, bits, csr, type CsrOptions } from "./define.ts";
import { GMOD_NAMES } from "./lvz.ts";

/** The largest number of counters that the architecture has room for. */
const MOST = 32;

/** Values of PMCFG.EvCode that this machine counts. Other events are selectable and never happen. */
export const EVENT = { cycles: 0x0n, instructions: 0x1n } as const;

/** Where a register of counter `n` exists and whose it is in guest mode (LVZ-GCSR-07). */
function counter(n: number): Pick<CsrOptions, "guest" | "grant" | "exists"> {
  return {
    guest: "granted",
    grant: { by: "GCFG.GPERF", index: n },
    exists: (p) => n < p.performanceCounters,
  };
}

const CONFIGURATION = {
  EvCode: bits(9, 0, "event counted", { names: { 0: "cycles", 1: "instructions" } }),
  PLV0: bit(16, "counts at PLV0"),
  PLV1: bit(17, "counts at PLV1"),
  PLV2: bit(18, "counts at PLV2"),
  PLV3: bit(19, "counts at PLV3"),
  PMIEn: bit(20, "overflow raises PCOV"),
  GMOD: bits(22, 21, "world counted", { needs: "LVZ", names: GMOD_NAMES }),
};

function configuration(n: number) {
  const text = `configuration of performance counter ${n}`;
  return csr(0x200 + 2 * n, `PMCFG${n}`, text, CONFIGURATION, {
    ...counter(n),
    width: 32,
    aka: [`PERFCTRL${n}`],
  });
}

const COUNT = { Count: bits(63, 0, "events, bit 63 is the overflow") };

function count(n: number) {
  return csr(0x201 + 2 * n, `PMCNT${n}`, `performance counter ${n}`, COUNT, {
    ...counter(n),
    aka: [`PERFCNTR${n}`],
  });
}

/** PMCFG0 to PMCFG31; a profile has the first `performanceCounters` of them. */
export const PMCFG = Array.from({ length: MOST }, (_, n) => configuration(n));
/** PMCNT0 to PMCNT31. */
export const PMCNT = Array.from({ length: MOST }, (_, n) => count(n));

/** True if a number is that of a performance counter, which MISC.RPCNTLn opens to csrrd. */
export function isCounter(number: number): boolean {
  return number > 0x200 && number < 0x200 + 2 * MOST && number % 2 === 1;
}
