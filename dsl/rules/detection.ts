/**
 * How software finds out whether LVZ is there, and what its absence looks like (LVZ-DET).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import { arceos055, hvisor, linux, manual, manual3A5000, openHarmonyKvm, qemu, qemuLvz } from "./sources.ts";

/** How software finds out whether LVZ is there, and what its absence looks like. */
export const DETECTION_RULES = {
  "LVZ-DET-01": {
    text: "CPUCFG word 2 bit 10 is 1 exactly when the virtualization extension is implemented; no other " +
      "bit has to be tested.",
    sources: [manual("CPUCFG"), linux("include/asm/loongarch.h"), linux("kvm/main.c")],
    confidence: "high",
  },
  "LVZ-DET-02": {
    text: "CPUCFG word 2 bits 13:11 are the version of the extension. This bench: 1 with LVZ, 0 without.",
    sources: [manual("CPUCFG"), linux("include/asm/loongarch.h"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "medium",
  },
  "LVZ-DET-03": {
    text: "IOCSR 0x8 bit 11 means that the reader is itself a guest, not that LVZ is there: it reads 0 " +
      "on the bare machine, and a hypervisor answers 1 to its guest.",
    sources: [
      linux("kernel/cpu-probe.c"),
      linux("kernel/paravirt.c"),
      manual3A5000("chip configuration, feature register"),
      qemu("hw/loongarch/virt.c"),
    ],
    confidence: "high",
  },
  "LVZ-DET-04": {
    text: "Whether a guest sees CPUCFG word 2 bit 10 is up to its hypervisor, which answers every guest " +
      "cpucfg: KVM never shows the bit, loongarch_vcpu and hvisor pass the host's word on.",
    sources: [
      linux("kvm/vcpu.c"),
      openHarmonyKvm("exit.c"),
      arceos055("exception.rs"),
      hvisor("arch/loongarch64/trap.rs"),
    ],
    confidence: "high",
    untestable: "a choice of hypervisor software, which PROTO-KVM-35, PROTO-AV5-09 and PROTO-HV-06 hold " +
      "for each one",
  },
  "LVZ-DET-05": {
    text: "Without LVZ the CSR numbers 0x15, 0x16 and 0x50 to 0x53 are unimplemented: csrrd returns 0, " +
      "csrwr and csrxchg return 0 and change nothing, and none of them raises an exception.",
    sources: [
      manual("Access Effects of Undefined and Unimplemented CSRs"),
      manual("CSR Access Instructions"),
    ],
    confidence: "high",
  },
  "LVZ-DET-06": {
    text: "The fields of base registers that only LVZ has (LVZ-CSR-14: bit 3 of TLBRPRMD, bit 5 of " +
      "MERRCTL, bits 22:21 of PMCFGn, those in the watchpoint registers) are constant 0 without it, " +
      "whatever is written.",
    sources: [
      manual("TLBRPRMD"),
      manual("MERRCTL"),
      manual("PMCFGn"),
      manual("MWPC, FWPC, MWPnCFG, FWPnCFG"),
    ],
    confidence: "high",
  },
  "LVZ-DET-07": {
    text: "CSR 0xC0 to 0xFF shadow the CPUCFG words on some implementations. This bench: unimplemented " +
      "in host mode, GSPR when a guest at PLV0 names one.",
    sources: [linux("include/asm/loongarch.h"), openHarmonyKvm("exit.c")],
    confidence: "medium",
  },
} satisfies RuleTable<"LVZ-DET">;
