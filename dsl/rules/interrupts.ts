/**
 * Guest interrupts: sources, injection, pass-through (LVZ-INT).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import { arceos0513, hvisor, hvisorRegister, linux, manual, openEulerKvm, qemuLvz } from "./sources.ts";

/** Guest interrupts: sources, injection, pass-through. */
export const INTERRUPT_RULES = {
  "LVZ-INT-01": {
    text: "In guest mode the guest takes an interrupt if GCSR.CRMD.IE = 1 and GCSR.ESTAT.IS & " +
      "GCSR.ECFG.LIE is not 0, the highest number first.",
    sources: [manual("Process of Processor Responding to Interrupts"), linux("kvm/interrupt.c")],
    confidence: "high",
  },
  "LVZ-INT-02": {
    text: "GCSR.ESTAT.IS shows SWI1:0 as latches, HWI7:0 (bits 9:2) from GINTC.VIP or a line passed by " +
      "GINTC.PIP, PCOV (10) from counters of the guest, TI (11) from the guest's timer, IPI (12) as a " +
      "latch that only the host writes, and with message interrupts AVEC (14); the host's gcsrwr sets " +
      "and clears all but bits 9:2.",
    sources: [
      linux("kvm/interrupt.c"),
      linux("include/asm/kvm_vcpu.h"),
      linux("kvm/vcpu.c"),
      openEulerKvm("interrupt.c"),
    ],
    confidence: "high",
  },
  "LVZ-INT-03": {
    text: "GINTC.VIP is a level: guest line n stays pending while bit n is 1, also after the guest took " +
      "the interrupt, and goes when the host clears the bit.",
    sources: [
      linux("kvm/interrupt.c"),
      openEulerKvm("interrupt.c"),
      hvisor("device/irqchip/ls7a2000/mod.rs"),
    ],
    confidence: "high",
  },
  "LVZ-INT-04": {
    text: "Nothing that the guest writes to its own CSRs clears GINTC.VIP or the lines it drives.",
    sources: [linux("kvm/intc/eiointc.c"), linux("kvm/interrupt.c")],
    confidence: "high",
  },
  "LVZ-INT-05": {
    text: "While GINTC.PIP bit n is 1, host line n (HWIn) drives GCSR.ESTAT bit n + 2; with 0 it shows " +
      "in CSR.ESTAT only. This bench: a passed line is hidden from CSR.ESTAT, in both modes.",
    sources: [hvisorRegister("gintc.rs"), hvisor("arch/loongarch64/trap.rs"), qemuLvz("README.md")],
    confidence: "medium",
    disputed: {
      readings: {
        hidden: "the host no longer sees a line that it passes on",
        visible: "the line shows in CSR.ESTAT as well",
      },
      setting: "pipLineInHost",
      takes: "hidden",
      chosen: "LVZ-CONF-08; the field's description is direct routing, and a line that both see would " +
        "exit for ever",
      settledBy: "PIP bit 0 set and HWI0 raised: whether bit 2 of CSR.ESTAT reads 1",
    },
  },
  "LVZ-INT-06": {
    text: "GINTC.HC (bits 23:16) clears injected lines in some way. This bench: storage, except that a " +
      "bit written as 1 clears VIP's bit of the same number in the same write.",
    sources: [hvisorRegister("gintc.rs"), qemuLvz("README.md"), arceos0513("registers.rs")],
    confidence: "low",
    disputed: {
      readings: {
        "clears-vip": "a written 1 clears the injected line n (hvisor's field comment, loongarch_vcpu's " +
          "experience)",
        handshake: "the host handles line n, and setting the guest's ESTAT bit clears the host's own " +
          "(QEMU-LVZ's README on the internal manual)",
      },
      takes: "clears-vip",
      chosen: "LVZ-CONF-07; it fits two accounts, and KVM does not use the field",
      settledBy: "VIP bit 0 set, then HC bit 0 written as 1: VIP and HC as they read afterwards, and bit 2 " +
        "of GCSR.ESTAT with HWI0 raised",
    },
  },
  "LVZ-INT-07": {
    text: "An interrupt that the host injects between two runs of a guest needs no further step: if it " +
      "is enabled, the guest takes it after the next entry.",
    sources: [linux("kvm/interrupt.c")],
    confidence: "high",
  },
  "LVZ-INT-08": {
    text: "A guest's idle never waits in hardware: it exits (LVZ-GUEST-02) also with a guest interrupt " +
      "pending but disabled, and the guest goes on only when the host enters it again.",
    sources: [linux("kvm/exit.c"), hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
  "LVZ-INT-09": {
    text: "A gcsrxchg of GCSR.ESTAT can lose a TI that the timer sets at that moment, for which KVM " +
      "compares TVAL before and after. This bench: gcsrxchg is atomic and no TI is lost.",
    sources: [linux("kvm/interrupt.c")],
    confidence: "medium",
  },
  "LVZ-INT-10": {
    text: "Host interrupts are never delivered through the guest copies and guest interrupts never " +
      "exit, apart from lines passed by GINTC.PIP.",
    sources: [linux("kvm/switch.S"), linux("kvm/interrupt.c")],
    confidence: "high",
  },
  "LVZ-INT-11": {
    text: "Where CPUCFG1.MSGINT is set, ISR0-3 and IPR have guest copies, and message interrupts show " +
      "in bit 14 of the guest's ESTAT and are enabled by bit 14 of its ECFG.",
    sources: [linux("kvm/main.c"), linux("kvm/intc/dmsintc.c"), linux("kvm/interrupt.c")],
    confidence: "medium",
    untestable: "no profile has CPUCFG1.MSGINT",
  },
  "LVZ-INT-12": {
    text: "GINTC.VIP reads back what was written, PIP bit n belongs to ESTAT bit n + 2, and writing VIP " +
      "as 0 and then 1 leaves the line pending; QEMU-LVZ differs in the first two and latches VIP into " +
      "GCSR.ESTAT at the write.",
    sources: [
      qemuLvz("target/loongarch/cpu.c"),
      qemuLvz("target/loongarch/tcg/csr_helper.c"),
      arceos0513("registers.rs"),
      arceos0513("iocsr.rs"),
    ],
    confidence: "high",
  },
} satisfies RuleTable<"LVZ-INT">;
