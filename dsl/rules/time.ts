/**
 * The guest's timer and counter (LVZ-TIME).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import {
  arceos0513,
  arceos055,
  hvisorRegister,
  linux,
  linuxTop,
  manual,
  openEulerKvm,
  qemuLvz,
} from "./sources.ts";

/** The guest's timer and counter. */
export const TIME_RULES = {
  "LVZ-TIME-01": {
    text: "The guest has a timer of its own behind GCSR.TID, TCFG, TVAL, TICLR and GCSR.ESTAT.TI, and " +
      "with GCFG.TIT = 0 it reaches them without an exit and without touching the host's.",
    sources: [linux("kvm/main.c"), linux("kvm/timer.c"), arceos055("vcpu.rs")],
    confidence: "high",
  },
  "LVZ-TIME-02": {
    text: "When the guest's timer expires in guest mode it sets GCSR.ESTAT bit 11, and the guest takes " +
      "the interrupt, if enabled, with no exit.",
    sources: [linux("kvm/timer.c"), linuxTop("tools/testing/selftests/kvm/loongarch/arch_timer.c")],
    confidence: "high",
  },
  "LVZ-TIME-03": {
    text: "The guest's timer goes on counting while the host runs.",
    sources: [
      linux("kvm/timer.c"),
      linux("kvm/vcpu.c"),
      openEulerKvm("timer.c"),
      qemuLvz("target/loongarch/tcg/constant_timer.c"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        counts: "the timer counts in both modes",
        paused: "it stops at an exit and goes on at the next entry (QEMU-LVZ; an x86 comment once " +
          "copied into Linux's idle emulation says the same)",
      },
      setting: "guestTimerInHost",
      takes: "counts",
      chosen: "LVZ-CONF-13; KVM saves the timer only when it puts the vCPU away and would lose time " +
        "otherwise",
      settledBy: "GCSR.TVAL read by gcsrrd twice, 1,000 ticks apart, with no entry in between",
    },
  },
  "LVZ-TIME-04": {
    text: "Expiry while the host runs sets GCSR.ESTAT bit 11 and does not disturb the host; the guest " +
      "takes it after the next entry.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "medium",
  },
  "LVZ-TIME-05": {
    text: "After a one-shot has expired TVAL reads more than TCFG. This bench: 2^n - 1 for a timer of n " +
      "bits, and it stays there.",
    sources: [
      linux("kvm/timer.c"),
      linuxTop("tools/testing/selftests/kvm/loongarch/arch_timer.c"),
      openEulerKvm("timer.c"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        static: "TVAL stays at all ones",
        "counts-down": "TVAL counts down from all ones in a guest",
      },
      takes: "static",
      chosen: "LVZ-CONF-14; it satisfies every assertion, and software only tests for more than TCFG",
      settledBy: "a guest that reads TVAL twice, 1,000 ticks apart, after its one-shot expired",
    },
  },
  "LVZ-TIME-06": {
    text: "The host's own timer, too, leaves TVAL at all ones after a one-shot.",
    sources: [linuxTop("tools/testing/selftests/kvm/loongarch/arch_timer.c"), linux("kvm/timer.c")],
    confidence: "high",
  },
  "LVZ-TIME-07": {
    text: "gcsrwr of GCSR.TVAL sets the current count; writing 0 with a one-shot enabled sets TI within " +
      "two cycles and leaves TVAL at all ones. This bench: before the next instruction completes.",
    sources: [linux("kvm/timer.c")],
    confidence: "high",
  },
  "LVZ-TIME-08": {
    text: "Writing 1 to GCSR.TICLR, by the guest or by gcsrwr, clears TI and leaves TVAL as it was.",
    sources: [linux("kvm/timer.c")],
    confidence: "high",
  },
  "LVZ-TIME-09": {
    text: "A write to GCSR.TCFG with EN = 1 sets the count to InitVal and starts the timer, one with EN " +
      "= 0 stops it; a gcsrwr of TVAL afterwards replaces the count.",
    sources: [
      linux("kvm/timer.c"),
      manual("TCFG"),
      openEulerKvm("timer.c"),
      qemuLvz("target/loongarch/tcg/constant_timer.c"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        reloads: "a host write with EN = 1 reloads TVAL even if TCFG does not change",
        ignored: "a host write of the value already there only stores (QEMU-LVZ)",
      },
      setting: "gcsrTcfgUnchanged",
      takes: "reloads",
      chosen: "LVZ-CONF-33; it is the base rule, and KVM, which writes 0 or TVAL around it, works with " +
        "either",
      settledBy: "gcsrwr of TCFG with the value that it has, while TVAL is half of InitVal: TVAL " +
        "afterwards",
    },
  },
  "LVZ-TIME-10": {
    text: "A periodic timer that reaches 0 sets TI, reloads InitVal and goes on.",
    sources: [manual("TCFG"), linux("kvm/timer.c")],
    confidence: "high",
  },
  "LVZ-TIME-11": {
    text: "TCFG.EN stays 1 after a one-shot has expired.",
    sources: [
      linux("kvm/timer.c"),
      arceos0513("guest_csr.rs"),
      qemuLvz("target/loongarch/tcg/constant_timer.c"),
    ],
    confidence: "medium",
  },
  "LVZ-TIME-12": {
    text: "rdtime in guest mode returns the raw counter + CSR.CNTC + GCNTC + GCSR.CNTC, modulo 2^64.",
    sources: [
      linux("kvm/vm.c"),
      linux("kvm/vcpu.c"),
      linux("kernel/time.c"),
      linuxTop("tools/testing/selftests/kvm/loongarch/arch_timer.c"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        "all-offsets": "all three offsets are added",
        "guest-offsets": "CSR.CNTC is left out",
        none: "neither GCNTC nor GCSR.CNTC counts (QEMU-LVZ)",
      },
      takes: "all-offsets",
      chosen: "LVZ-CONF-15; with KVM's GCNTC, computed from the host's rdtime, only this sum starts a " +
        "new guest near 0",
      settledBy: "CSR.CNTC, GCNTC and GCSR.CNTC set to three different powers of two, rdtime in host and " +
        "guest: which of them the difference has",
    },
  },
  "LVZ-TIME-13": {
    text: "GCSR.CNTC is the guest's own offset: the guest writes it with csrwr without an exit, and its " +
      "rdtime moves by the difference.",
    sources: [linux("kvm/vcpu.c"), linux("kernel/time.c")],
    confidence: "high",
  },
  "LVZ-TIME-14": {
    text: "A write of GCNTC by the host shows in the guest's next rdtime and leaves the host's rdtime alone.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "LVZ-TIME-15": {
    text: "Counter and timer run at CPUCFG word 4 times word 5 bits 15:0 divided by word 5 bits 31:16, " +
      "in hertz, and a guest learns it from its hypervisor's cpucfg answers.",
    sources: [linux("include/asm/time.h"), linux("kernel/time.c"), linux("kvm/vcpu.c")],
    confidence: "high",
    untestable: "the bench's clock counts instructions and has no second to compare a frequency with",
  },
  "LVZ-TIME-16": {
    text: "With GCFG.TIT = 1 each rdtime and timer register access of the guest exits with GSPR and " +
      "BADI = that instruction, which KVM's decoder does not know for rdtime.",
    sources: [linux("kvm/exit.c"), hvisorRegister("gcfg.rs")],
    confidence: "high",
  },
  "LVZ-TIME-17": {
    text: "The counter id that rdtime puts into rj is GCSR.TID in guest mode and CSR.TID in host mode.",
    sources: [manual("RDTIME"), linux("kvm/vcpu.c")],
    confidence: "high",
  },
} satisfies RuleTable<"LVZ-TIME">;
