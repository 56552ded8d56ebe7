/**
 * The basic registers: modes, exceptions, identity, scratch.
 *
 * Source of the layouts: LoongArch manual Vol. 1 v1.10, chapter "Control and Status Registers"; guest copies: the rules named.
 *
 * @module
 */
import { ECODE_NAMES } from "../exception_codes.ts";
import type { Profile } from "../profile.ts";
import { bit, bits, csr, type CsrDeclaration } from "./define.ts";

const COPY = { guest: "copy" } as const;
const COPY32 = { guest: "copy", width: 32 } as const;
const EXIT = { guest: "gspr" } as const;
const EXIT32 = { guest: "gspr", width: 32 } as const;

const MAT = { 0: "SUC", 1: "CC", 2: "WUC" } as const;

export const CRMD = csr(0x0, "CRMD", "current mode", {
  PLV: bits(1, 0, "privilege level, 0 highest", { rules: "mode" }),
  IE: bit(2, "interrupts enabled", { rules: "interrupts" }),
  DA: bit(3, "direct address translation", { reset: 1n, rules: "mode" }),
  PG: bit(4, "mapped address translation", { rules: "mode" }),
  DATF: bits(6, 5, "memory access type of fetches in direct mode", { names: MAT }),
  DATM: bits(8, 7, "memory access type of loads and stores in direct mode", { names: MAT }),
  WE: bit(9, "watchpoints enabled", { rules: "environment" }),
}, COPY32);

export const PRMD = csr(0x1, "PRMD", "mode before the exception", {
  PPLV: bits(1, 0, "previous PLV"),
  PIE: bit(2, "previous IE"),
  PWE: bit(3, "previous WE"),
}, COPY32);

export const EUEN = csr(0x2, "EUEN", "extended units enabled", {
  FPE: bit(0, "floating point"),
  SXE: bit(1, "128-bit vectors (LSX)"),
  ASXE: bit(2, "256-bit vectors (LASX)"),
  BTE: bit(3, "binary translation (LBT)"),
}, { ...COPY32, rules: "environment" });

/** ALCL0 to ALCL3 are 1 for ever where no unaligned access is allowed. */
const UNALIGNED = { reset: (p: Profile) => p.features.has("UAL") ? 0n : 1n };

export const MISC = csr(0x3, "MISC", "miscellaneous controls", {
  VA32L1: bit(1, "32-bit addresses at PLV1"),
  VA32L2: bit(2, "32-bit addresses at PLV2"),
  VA32L3: bit(3, "32-bit addresses at PLV3"),
  DRDTL1: bit(5, "rdtime raises IPE at PLV1"),
  DRDTL2: bit(6, "rdtime raises IPE at PLV2"),
  DRDTL3: bit(7, "rdtime raises IPE at PLV3"),
  RPCNTL1: bit(9, "csrrd of performance counters allowed at PLV1"),
  RPCNTL2: bit(10, "csrrd of performance counters allowed at PLV2"),
  RPCNTL3: bit(11, "csrrd of performance counters allowed at PLV3"),
  ALCL0: bit(12, "unaligned accesses raise ALE at PLV0", UNALIGNED),
  ALCL1: bit(13, "unaligned accesses raise ALE at PLV1", UNALIGNED),
  ALCL2: bit(14, "unaligned accesses raise ALE at PLV2", UNALIGNED),
  ALCL3: bit(15, "unaligned accesses raise ALE at PLV3", UNALIGNED),
  DWPL0: bit(16, "stores ignore D=0 at PLV0"),
  DWPL1: bit(17, "stores ignore D=0 at PLV1"),
  DWPL2: bit(18, "stores ignore D=0 at PLV2"),
}, {
  ...COPY32,
  rules: "environment",
  legalise: (_old, next, profile) => profile.features.has("UAL") ? next : next | 0xf000n,
});

export const ECFG = csr(0x4, "ECFG", "exception configuration", {
  LIE: bits(12, 0, "local interrupt enables, one bit a source", { rules: "interrupts" }),
  VS: bits(18, 16, "entry spacing, 2^VS instructions; 0: one common entry"),
}, COPY32);

export const ESTAT = csr(0x5, "ESTAT", "exception status", {
  IS: bits(12, 0, "pending interrupts: SWI0-1, HWI0-7, PCOV, TI, IPI", {
    writable: 0x3n,
    // LVZ-GCSR-12: the host sets and clears the latched sources of the guest copy; lines come from GINTC (LVZ-CONF-19).
    hostWritable: 0x1c03n,
    rules: "interrupts",
  }),
  Ecode: bits(21, 16, "exception code", { access: "r", names: ECODE_NAMES }),
  EsubCode: bits(30, 22, "exception sub-code", { access: "r" }),
}, COPY32);

/** The timer interrupt, in place in ESTAT.IS and ECFG.LIE. */
export const TI = 1n << 11n;

export const ERA = csr(0x6, "ERA", "exception return address", { PC: bits(63, 0, "address") }, COPY);

export const BADV = csr(0x7, "BADV", "bad virtual address", { VAddr: bits(63, 0, "address") }, COPY);

export const BADI = csr(0x8, "BADI", "bad instruction", {
  Inst: bits(31, 0, "instruction word", { access: "r" }),
}, COPY32);

export const EENTRY = csr(0xc, "EENTRY", "exception entry", { VPN: bits(63, 12, "page of the entry") }, COPY);

export const CPUID = csr(0x20, "CPUID", "processor number", {
  CoreID: bits(8, 0, "number of this core", { access: "r" }),
}, COPY32);

export const PRCFG1 = csr(0x21, "PRCFG1", "privileged resources 1", {
  SAVENum: bits(3, 0, "number of SAVE registers", { access: "const", reset: (p) => BigInt(p.saveCount) }),
  TimerBits: bits(11, 4, "timer width minus 1", { access: "const", reset: (p) => BigInt(p.timerBits - 1) }),
  VSMax: bits(14, 12, "largest ECFG.VS", { access: "const", reset: 7n }),
}, COPY32);

export const PRCFG2 = csr(0x22, "PRCFG2", "privileged resources 2", {
  PSAVL: bits(63, 0, "bit n: pages of 2^n bytes supported", { access: "const", reset: (p) => p.pageSizes }),
}, COPY);

export const PRCFG3 = csr(0x23, "PRCFG3", "privileged resources 3", {
  TLBType: bits(3, 0, "2: MTLB and STLB", { access: "const", reset: 2n }),
  MTLBEntries: bits(11, 4, "MTLB entries minus 1", {
    access: "const",
    reset: (p) => BigInt(p.mtlbEntries - 1),
  }),
  STLBWays: bits(19, 12, "STLB ways minus 1", { access: "const", reset: (p) => BigInt(p.stlbWays - 1) }),
  STLBSets: bits(25, 20, "STLB sets, log2", { access: "const", reset: (p) => BigInt(Math.log2(p.stlbSets)) }),
}, COPY32);

/** SAVE0-SAVE15; a profile has the first `saveCount` of them (LVZ-GCSR-09). */
export const SAVE: readonly CsrDeclaration[] = Array.from(
  { length: 16 },
  (_, n) =>
    csr(0x30 + n, `SAVE${n}`, "scratch", { Data: bits(63, 0, "software's") }, {
      guest: "copy",
      exists: (p) => n < p.saveCount,
      aka: [`KS${n}`],
    }),
);

export const LLBCTL = csr(0x60, "LLBCTL", "LLbit control", {
  ROLLB: bit(0, "the LLbit", { access: "r", hostWritable: 0n }),
  WCLLB: bit(1, "writing 1 clears the LLbit", { access: "w1" }),
  KLO: bit(2, "the next ertn keeps the LLbit"),
}, COPY32);

export const IMPCTL1 = csr(0x80, "IMPCTL1", "implementation control 1", {}, EXIT32);
export const IMPCTL2 = csr(0x81, "IMPCTL2", "implementation control 2", {}, EXIT32);

export const MERRCTL = csr(0x90, "MERRCTL", "machine error control", {
  IsMERR: bit(0, "in a machine error handler", { access: "r" }),
  Repairable: bit(1, "the error was repaired by hardware"),
  PPLV: bits(3, 2, "previous PLV"),
  PIE: bit(4, "previous IE"),
  PGM: bit(5, "previous GSTAT.VM", { needs: "LVZ" }),
  PWE: bit(6, "previous WE"),
  PDA: bit(7, "previous DA"),
  PPG: bit(8, "previous PG"),
  PDATF: bits(10, 9, "previous DATF"),
  PDATM: bits(12, 11, "previous DATM"),
  Cause: bits(23, 16, "cause of the error", { access: "r" }),
}, EXIT32);

export const MERRINFO1 = csr(0x91, "MERRINFO1", "machine error information 1", {}, EXIT);
export const MERRINFO2 = csr(0x92, "MERRINFO2", "machine error information 2", {}, EXIT);
export const MERRENTRY = csr(
  0x93,
  "MERRENTRY",
  "machine error entry",
  { PPN: bits(47, 12, "physical page") },
  EXIT,
);
export const MERRERA = csr(
  0x94,
  "MERRERA",
  "machine error return address",
  { PC: bits(63, 0, "address") },
  EXIT,
);
export const MERRSAVE = csr(
  0x95,
  "MERRSAVE",
  "machine error scratch",
  { Data: bits(63, 0, "software's") },
  EXIT,
);
export const CTAG = csr(0x98, "CTAG", "cache tag", {}, EXIT32);

export const DBG = csr(0x500, "DBG", "debug control", {
  DST: bit(0, "in debug mode", { access: "r" }),
  DRev: bits(7, 1, "version of the debug mechanism", { access: "const", reset: 1n }),
  DEI: bit(8, "entered by a debug interrupt", { access: "r" }),
  DCL: bit(9, "entered by dbcl", { access: "r" }),
  DFW: bit(10, "entered by a fetch watchpoint", { access: "r" }),
  DMW: bit(11, "entered by a load or store watchpoint", { access: "r" }),
  Ecode: bits(21, 16, "exception in debug mode", { access: "r" }),
}, { ...EXIT32, rules: "environment" });
export const DERA = csr(0x501, "DERA", "debug return address", { PC: bits(63, 0, "address") }, EXIT);
// LVZ-GCSR-16: plain storage in host mode.
export const DSAVE = csr(0x502, "DSAVE", "debug scratch", { Data: bits(63, 0, "software's") }, EXIT);

export const BASIC: readonly CsrDeclaration[] = [
  ...[
    CRMD,
    PRMD,
    EUEN,
    MISC,
    ECFG,
    ESTAT,
    ERA,
    BADV,
    BADI,
    EENTRY,
    CPUID,
    PRCFG1,
    PRCFG2,
    PRCFG3,
    ...SAVE,
    LLBCTL,
  ],
  ...[IMPCTL1, IMPCTL2, MERRCTL, MERRINFO1, MERRINFO2, MERRENTRY, MERRERA, MERRSAVE, CTAG, DBG, DERA, DSAVE],
];
