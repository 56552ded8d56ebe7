/**
 * Processor state besides CSRs and the TLB: LLbit, floating point, performance counters, watchpoints.
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import {
  arceos0513,
  arceos055,
  hvisor,
  hvisorRegister,
  linux,
  linuxTop,
  loongsonKvm419,
  manual,
  openEulerKvm,
  openEulerQemu,
} from "./sources.ts";

/** The LLbit. */
export const LLBIT_RULES = {
  "LVZ-LL-01": {
    text: "Host and guest each have an LLBCTL and an LLbit; a general ertn in host mode, an entry " +
      "included, clears only the host's and one in guest mode only the guest's, unless that side's KLO " +
      "is 1, in which case KLO becomes 0 and the LLbit stays.",
    sources: [linux("kvm/main.c"), manual("ERTN"), manual("LLBCTL")],
    confidence: "high",
  },
  "LVZ-LL-02": {
    text: "The guest's LLbit survives exits and entries: sc succeeds after an ll with a host interrupt " +
      "in between.",
    sources: [linux("kvm/main.c"), linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "LVZ-LL-03": {
    text: "gcsrwr of 1 to GCSR.LLBCTL.WCLLB clears the guest's LLbit, so the guest's next sc fails.",
    sources: [linux("kvm/main.c"), linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "LVZ-LL-04": {
    text: "ertn from a TLB refill does not clear the LLbit of its side.",
    sources: [linux("kvm/main.c"), manual("ERTN")],
    confidence: "medium",
    disputed: {
      readings: {
        kept: "a return from refill leaves the LLbit (comment in KVM, written at Loongson)",
        cleared: "every ertn clears it unless KLO is 1 (the manual's text on ertn)",
      },
      setting: "llbitOnRefillErtn",
      takes: "kept",
      chosen: "LVZ-CONF-24; the comment is about this very case and comes from the designers, the " +
        "manual's sentence is general",
      settledBy: "ll, an access of the same world that misses the TLB and is refilled by ertn, sc: whether " +
        "it succeeds",
    },
  },
} satisfies RuleTable<"LVZ-LL">;

/** Floating point, vectors, binary translation. */
export const FLOATING_POINT_RULES = {
  "LVZ-FP-01": {
    text: "There is one set of floating-point, LSX, LASX and LBT registers, and using a unit in guest " +
      "mode takes both GCSR.EUEN and CSR.EUEN.",
    sources: [linux("kvm/vcpu.c"), linux("kvm/exit.c")],
    confidence: "high",
  },
  "LVZ-FP-02": {
    text: "If only CSR.EUEN disables the unit the exit is FPD, SXD, ASXD or BTD and GCSR.ESTAT does not " +
      "change; if GCSR.EUEN disables it, the guest takes the exception.",
    sources: [linux("kvm/exit.c")],
    confidence: "medium",
  },
  "LVZ-FP-03": {
    text: "Floating-point exceptions (FPE) of guest code are taken by the guest.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "LVZ-FP-04": {
    text: "hvisor runs guests with CSR.EUEN fully enabled and loongarch_vcpu neither saves " +
      "floating-point state nor handles the exits of LVZ-FP-02.",
    sources: [hvisor("arch/loongarch64/trap.rs"), arceos055("exception.rs"), arceos0513("exception.rs")],
    confidence: "high",
    untestable: "a choice of hypervisor software",
  },
} satisfies RuleTable<"LVZ-FP">;

/** Performance counters. */
export const PERFORMANCE_RULES = {
  "LVZ-PMU-01": {
    text: "With GCFG.GPMP = 1, GCFG.GPERF = k gives counters 0 to k - 1 to the guest, which then " +
      "reaches PMCFG and PMCNT of those without exits.",
    sources: [linux("kvm/vcpu.c"), openEulerKvm("csr.c"), hvisorRegister("gcfg.rs")],
    confidence: "high",
    disputed: {
      readings: {
        clamp: "a GPERF above the number of counters becomes that number",
        unknown: "what happens then is not written down, though the vendor's kernel wrote 7",
      },
      takes: "clamp",
      chosen: "LVZ-CONF-34; no register can be granted that is not there",
      settledBy: "GPERF = 7 on a processor with four counters, and a guest that writes PMCFG4: an exit, or " +
        "none",
    },
  },
  "LVZ-PMU-02": {
    text:
      "Granted counters have guest copies that gcsr* reach, apart from the host's own. This bench: gcsr* reach the copies of counters " +
      "that are not granted too.",
    sources: [linux("kvm/vcpu.c"), loongsonKvm419("kvm_csr.h")],
    confidence: "high",
  },
  "LVZ-PMU-03": {
    text:
      "GPMP goes with CPUCFG6.PMP: this bench reports both as 1 and four counters, or, in the profile without counters, both as 0, where " +
      "GPERF stays 0 and every access of a guest to a counter exits (LVZ-GCSR-07).",
    sources: [linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "LVZ-PMU-04": {
    text:
      "A granted counter that overflows raises PCOV (bit 10) in GCSR.ESTAT, an interrupt that the guest takes without an exit.",
    sources: [linuxTop("tools/testing/selftests/kvm/loongarch/pmu_test.c")],
    confidence: "medium",
  },
  "LVZ-PMU-05": {
    text:
      "PMCFG.GMOD of a counter of the host says which world it counts; a granted counter counts in guest mode at the guest's levels, " +
      "with GMOD 0 (upstream KVM) or 3 (Loongson's). This bench: GMOD 0 and 1 mean host mode, 2 guest mode, 3 both, as bits 6:5 of a " +
      "watchpoint's CFG3 do (LVZ-WATCH-03).",
    sources: [
      linux("kvm/vcpu.c"),
      linux("kernel/perf_event.c"),
      openEulerKvm("kvmcsr.h"),
      loongsonKvm419("kvm_csr.h"),
    ],
    confidence: "low",
  },
} satisfies RuleTable<"LVZ-PMU">;

/** Watchpoints. */
export const WATCHPOINT_RULES = {
  "LVZ-WATCH-01": {
    text:
      "Unless the host gives it some (LVZ-WATCH-02), a guest has no watchpoints of its own; GCSR.CRMD.WE is a bit like the others " +
      "of that register, which exceptions and ertn of the guest save, clear and restore.",
    sources: [linux("kvm/main.c"), manual("CRMD")],
    confidence: "medium",
  },
  "LVZ-WATCH-02": {
    text:
      "Bits 19:16 of MWPC and FWPC give the first so many watchpoints of that kind to the guest: it reaches their copies and MWPS or FWPS " +
      "without exits, and takes their exceptions itself. This bench: more than there are becomes their number, and gcsr* reach the " +
      "copies in any case.",
    sources: [loongsonKvm419("hw_breakpoint.h"), openEulerKvm("csr.c")],
    confidence: "medium",
  },
  "LVZ-WATCH-03": {
    text:
      "Bits 6:5 of CFG3 of a watchpoint of the host say which world it watches: 0 host mode, as Linux writes it, 2 guest mode, as QEMU " +
      "does to debug a guest. This bench: 1 works as 0, 3 means both, and with LCL = 1 in guest mode bits 23:16 of CFG4 have to be " +
      "GSTAT.GID and the ASID is the guest's.",
    sources: [openEulerQemu("target/loongarch64/kvm.c"), linux("kernel/hw_breakpoint.c")],
    confidence: "medium",
  },
} satisfies RuleTable<"LVZ-WATCH">;
