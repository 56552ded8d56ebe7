/**
 * Rules of the base architecture on which hypervisors and their guests lean and which other rules do not state: exception priority, performance
 * counters, watchpoints, machine errors, the host's own timer, configuration. The manual's first volume has them; what it leaves open is
 * marked as this bench's choice.
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import { areweloongyet, linux, manual, openEulerQemu, qemu } from "./sources.ts";

const CPUCFG = manual("CPUCFG");
const PRIORITY = manual("Exception Priority");
const PMU = manual("Control and Status Registers Related to Performance Monitoring");
const FETCH_WATCH = manual("FWPnCFG1-FWPnCFG4");
const MEMORY_WATCH = manual("MWPnCFG1-MWPnCFG4");

/** Configuration words and registers. */
export const BASE_CSR_RULES = {
  "BASE-CSR-01": {
    text:
      "A CSR that the manual names and the implementation lacks (SAVE8 and up, counters and watchpoints beyond their number) reads 0, " +
      "ignores writes and raises nothing.",
    sources: [
      manual("CSR Access Instructions"),
      manual("Access Effects of Undefined and Unimplemented CSRs"),
    ],
    confidence: "high",
  },
  "BASE-CSR-02": {
    text: "cpucfg sign-extends a word of 32 bits and gives 0 for words that are not defined.",
    sources: [CPUCFG],
    confidence: "high",
  },
  "BASE-CSR-03": {
    text:
      "This bench answers CPUCFG word 3 with 0xfcff and word 6 with 0x7f33, as an LA464 of a 3C5000 does: lddir has levels 1 to 4, a " +
      "huge page fills a TLB entry in halves, RVACFG takes up to 8 bits away, and there are four counters of 64 bits.",
    sources: [CPUCFG, areweloongyet("docs/collection-of-typical-configurations.md")],
    confidence: "high",
  },
  "BASE-CSR-04": {
    text:
      "RVACFG.RBits = n takes n bits off the virtual address width in page-mapped mode: bits 63 to 47 - n of an address have to be " +
      "equal, else ADEF or ADEM is raised.",
    sources: [manual("Virtual Address Reduction Mode in LA64")],
    confidence: "high",
  },
} satisfies RuleTable<"BASE-CSR">;

/** Which exception comes first. */
export const BASE_PRIORITY_RULES = {
  "BASE-PRIO-01": {
    text: "An interrupt comes before every exception of the instruction that it meets.",
    sources: [PRIORITY],
    confidence: "high",
  },
  "BASE-PRIO-02": {
    text: "A fetch raises, in this order, WPEF, ADEF, and the exceptions of the TLB.",
    sources: [PRIORITY],
    confidence: "high",
  },
  "BASE-PRIO-03": {
    text:
      "Exceptions of the fetch come before those of decoding (SYS, BRK, INE, IPE, FPD), and those before the exceptions of a memory access.",
    sources: [PRIORITY],
    confidence: "high",
  },
  "BASE-PRIO-04": {
    text:
      "A memory access raises, in this order, ALE, ADEM, BCE where it compares a bound, and the exceptions of the TLB.",
    sources: [PRIORITY],
    confidence: "high",
  },
  "BASE-PRIO-05": {
    text:
      "The manual does not rank WPEM. This bench raises it before the other exceptions of a load or store, as WPEF comes first in a fetch.",
    sources: [PRIORITY],
    confidence: "low",
  },
  "BASE-PRIO-06": {
    text: "A machine error comes after all exceptions of the fetch.",
    sources: [PRIORITY],
    confidence: "high",
    untestable:
      "the machine has no parts that fail: an error arrives where a case says so, between two instructions",
  },
} satisfies RuleTable<"BASE-PRIO">;

/** Performance counters. */
export const BASE_PERFORMANCE_RULES = {
  "BASE-PMU-01": {
    text:
      "PMCNTn counts the event of PMCFGn.EvCode while the processor is at a level that PMCFGn.PLV0 to PLV3 enable, and stands still at " +
      "others.",
    sources: [PMU],
    confidence: "high",
  },
  "BASE-PMU-02": {
    text:
      "Event 0 is cycles and event 1 retired instructions. This bench counts a cycle for each tick of the stable counter, time in idle " +
      "included, and nothing for other events.",
    sources: [linux("kernel/perf_event.c")],
    confidence: "medium",
  },
  "BASE-PMU-03": {
    text:
      "With PMIEn, bit 63 of a counter raises PCOV, bit 10 of ESTAT.IS: a level, which clearing bit 63 or PMIEn takes back. It is taken " +
      "before the instruction behind the one that overflowed.",
    sources: [manual("PMCNT"), manual("Interrupt Types")],
    confidence: "high",
  },
  "BASE-PMU-04": {
    text:
      "With MISC.RPCNTLn = 1 csrrd of a PMCNT that exists works at PLV n; csrwr and csrxchg of it, PMCFG and all other CSRs raise IPE " +
      "there, as csrrd does without that bit.",
    sources: [manual("MISC")],
    confidence: "high",
  },
  "BASE-PMU-05": {
    text:
      "This bench does not count an instruction that raises an exception; the csrwr that stops a counter is counted, the one that starts " +
      "or sets it is not, and one that changes the level counts for the level at which it began.",
    sources: [PMU],
    confidence: "low",
  },
} satisfies RuleTable<"BASE-PMU">;

/** Watchpoints. */
export const BASE_WATCHPOINT_RULES = {
  "BASE-WATCH-01": {
    text:
      "A fetch whose PC hits a fetch watchpoint raises WPEF (Ecode 19, EsubCode 0) before the instruction has an effect, and sets the " +
      "watchpoint's bit in FWPS. This bench leaves BADV and clears BADI.",
    sources: [manual("FWPS"), FETCH_WATCH],
    confidence: "medium",
  },
  "BASE-WATCH-02": {
    text:
      "A load or store that hits a memory watchpoint raises WPEM (Ecode 19, EsubCode 1) without an effect on registers and memory, and " +
      "sets the watchpoint's bit in MWPS. This bench leaves BADV.",
    sources: [manual("MWPS"), MEMORY_WATCH],
    confidence: "medium",
  },
  "BASE-WATCH-03": {
    text:
      "A watchpoint hits only with CRMD.WE = 1, at a level that its PLV bits name, and with LCL = 1 only if CFG4.ASID is the current ASID.",
    sources: [FETCH_WATCH, MEMORY_WATCH],
    confidence: "high",
  },
  "BASE-WATCH-04": {
    text: "Addresses match if they are equal but for the bits set in CFG2.Mask.",
    sources: [FETCH_WATCH, MEMORY_WATCH],
    confidence: "high",
  },
  "BASE-WATCH-05": {
    text:
      "LoadEn and StoreEn say which accesses a memory watchpoint means, and an atomic operation is both. This bench: a sc without " +
      "LLbit is neither.",
    sources: [MEMORY_WATCH],
    confidence: "medium",
  },
  "BASE-WATCH-06": {
    text:
      "Of the eight bytes at an address that matches, a memory watchpoint means those that CFG3.Size and the low bits of CFG1 name, and " +
      "an access hits only if it touches one of them; an unaligned access touches those of the aligned one.",
    sources: [MEMORY_WATCH],
    confidence: "high",
  },
  "BASE-WATCH-07": {
    text:
      "With FWPS.Skip or MWPS.Skip the next hit of that kind sets no status bit, raises nothing and clears Skip; an access that does not " +
      "hit leaves Skip.",
    sources: [manual("FWPS"), manual("MWPS")],
    confidence: "high",
  },
  "BASE-WATCH-08": {
    text: "Bits of FWPS and MWPS stay set until software writes 1 to them; writing 0 leaves them.",
    sources: [manual("FWPS"), manual("MWPS")],
    confidence: "high",
  },
  "BASE-WATCH-09": {
    text:
      "A watchpoint with DMOnly is configured and hits in debug mode alone, and only debug mode can set or clear DMOnly.",
    sources: [FETCH_WATCH, MEMORY_WATCH],
    confidence: "high",
  },
  "BASE-WATCH-10": {
    text: "FWPC.Num and MWPC.Num are the numbers of watchpoints. This bench has eight of each.",
    sources: [manual("FWPC"), manual("MWPC"), openEulerQemu("target/loongarch64/kvm.c")],
    confidence: "medium",
  },
  "BASE-WATCH-11": {
    text:
      "Exceptions save CRMD.WE in PRMD.PWE, TLBRPRMD.PWE or MERRCTL.PWE and clear it, and ertn restores it: handlers are not watched.",
    sources: [manual("CRMD"), manual("General Hardware Exception Handling of General Exceptions")],
    confidence: "high",
  },
} satisfies RuleTable<"BASE-WATCH">;

/** Machine errors. */
export const BASE_ERROR_RULES = {
  "BASE-MERR-01": {
    text:
      "A machine error puts PLV, IE, WE, DA, PG, DATF and DATM of CRMD into MERRCTL, continues at MERRENTRY at PLV0 in direct mode with " +
      "IE, WE, DATF and DATM 0, and records the PC in MERRERA, the cause in MERRCTL.Cause and IsMERR = 1.",
    sources: [manual("Hardware Exception Handling of Machine Error Exception"), manual("MERRCTL")],
    confidence: "high",
  },
  "BASE-MERR-02": {
    text:
      "A machine error leaves ERA, PRMD, ESTAT, BADV, BADI, the registers of a TLB refill and MERRSAVE as they are.",
    sources: [manual("MERRCTL"), manual("MERRSAVE")],
    confidence: "high",
  },
  "BASE-MERR-03": {
    text:
      "With IsMERR = 1 ertn restores all seven fields of CRMD from MERRCTL, continues at MERRERA and clears IsMERR, and leaves TLBRERA " +
      "and its IsTLBR alone.",
    sources: [
      manual("ERTN"),
      manual("MERRCTL"),
      manual("Hardware Exception Handling of Machine Error Exception"),
    ],
    confidence: "high",
  },
  "BASE-MERR-04": {
    text:
      "Software can write MERRCTL but for IsMERR and Cause. This bench clears Repairable at an error and has nothing in MERRINFO1 and " +
      "MERRINFO2.",
    sources: [manual("MERRCTL"), manual("MERRINFO1, MERRINFO2")],
    confidence: "medium",
  },
} satisfies RuleTable<"BASE-MERR">;

/** The timer of the host itself. */
export const BASE_TIMER_RULES = {
  "BASE-TIME-01": {
    text:
      "A write of TCFG with En = 1 loads InitVal * 4 and starts the count; TVAL then falls by one a tick, and csrwr cannot change it.",
    sources: [manual("TCFG"), manual("TVAL")],
    confidence: "high",
  },
  "BASE-TIME-02": {
    text:
      "A write of TCFG with En = 1 while the timer runs starts the count anew, also from another InitVal; with En = 0 it stops where it " +
      "is.",
    sources: [manual("TCFG")],
    confidence: "high",
  },
  "BASE-TIME-03": {
    text: "A one-shot raises TI once and counts no further until TCFG is written.",
    sources: [manual("TCFG")],
    confidence: "high",
  },
  "BASE-TIME-04": {
    text:
      "A periodic timer raises TI at 0, reloads InitVal and goes on, once a period, whenever the interrupt is cleared.",
    sources: [manual("TCFG")],
    confidence: "high",
  },
  "BASE-TIME-05": {
    text: "Writing 1 to TICLR.CLR clears TI and nothing else, writing 0 does nothing, and TICLR reads 0.",
    sources: [manual("TICLR")],
    confidence: "high",
  },
  "BASE-TIME-06": {
    text: "CNTC is added to what rdtime reads, and does not move the timer.",
    sources: [manual("CNTC")],
    confidence: "high",
  },
} satisfies RuleTable<"BASE-TIME">;

/** The TLB and the walk of page tables. */
export const BASE_TLB_RULES = {
  "BASE-TLB-01": {
    text:
      "Two entries for one address and space are undefined. This bench answers with the one of the lowest index: the STLB before the MTLB.",
    sources: [manual("TLB Organizational Structure")],
    confidence: "low",
  },
  "BASE-TLB-02": {
    text:
      "tlbfill puts an entry of the size in STLBPS into its set of the STLB and every other one into the MTLB. This bench takes an empty " +
      "place first, and then the places in turn.",
    sources: [manual("TLBFILL"), manual("TLB Organizational Structure")],
    confidence: "low",
  },
  "BASE-TLB-03": {
    text:
      "lddir of levels 1 to 4 reads the entry that TLBRBADV selects. This bench: other levels give back the table and read nothing, and " +
      "a level whose width is 0 has entry 0 alone.",
    sources: [manual("LDDIR"), manual("PWCL"), manual("PWCH"), qemu("target/loongarch/tcg/tlb_helper.c")],
    confidence: "low",
  },
} satisfies RuleTable<"BASE-TLB">;
