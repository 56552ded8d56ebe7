/**
 * Guest entry: what ertn does to the host's and the guest's state (LVZ-ENTRY).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import {
  arceos0513,
  arceos055,
  hvisorRegister,
  linux,
  machinaPr,
  manual,
  qemuLvz,
  tgoskitsPr,
} from "./sources.ts";

/** Guest entry: what ertn does to the host's and the guest's state. */
export const ENTRY_RULES = {
  "LVZ-ENTRY-01": {
    text: "Only ertn executed in host mode at PLV0 enters guest mode.",
    sources: [linux("kvm/switch.S"), manual("ERTN"), hvisorRegister("gstat.rs")],
    confidence: "high",
  },
  "LVZ-ENTRY-02": {
    text: "ertn in host mode looks for a debug exception (DBG.DST) first, then MERRCTL.IsMERR, then " +
      "TLBRERA.IsTLBR, and only without any of them takes the general return, which alone uses " +
      "GSTAT.PVM.",
    sources: [manual("ERTN"), hvisorRegister("gstat.rs"), linux("kvm/switch.S")],
    confidence: "high",
  },
  "LVZ-ENTRY-03": {
    text: "The general return with PVM = 1 sets CRMD.PLV, IE and WE to PRMD.PPLV, PIE and PWE, enters " +
      "guest mode and continues at CSR.ERA, all in one step.",
    sources: [
      manual("ERTN"),
      manual("Hardware Exception Handling of General Exceptions"),
      linux("kvm/switch.S"),
    ],
    confidence: "high",
  },
  "LVZ-ENTRY-04": {
    text: "The guest starts at CSR.ERA; GCSR.ERA is neither used nor changed.",
    sources: [linux("kvm/switch.S")],
    confidence: "high",
  },
  "LVZ-ENTRY-05": {
    text: "Entry changes no guest copy; in particular the guest runs at GCSR.CRMD.PLV, whatever " +
      "CSR.PRMD held.",
    sources: [linux("kvm/switch.S"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "high",
  },
  "LVZ-ENTRY-06": {
    text: "GSTAT.PVM after an entry: this bench leaves it 1, so a guest can be entered again and again " +
      "after setting it once.",
    sources: [arceos055("vcpu.rs"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "low",
    disputed: {
      readings: {
        unchanged: "entry leaves the bit 1",
        cleared: "entry clears it and the exit sets it again",
      },
      takes: "unchanged",
      chosen: "LVZ-CONF-03; LVZ-EXIT-03 hides the answer from every program",
      settledBy: "none that software can make, since LVZ-EXIT-03 hides the bit; only a debug probe that " +
        "reads GSTAT while the guest runs",
    },
  },
  "LVZ-ENTRY-07": {
    text: "ertn with TLBRERA.IsTLBR = 1 enters guest mode if TLBRPRMD.PGM = 1 and stays in host mode if " +
      "it is 0; it restores CRMD.PLV, IE and WE from TLBRPRMD, sets DA to 0, PG to 1 and IsTLBR to 0, " +
      "and continues at TLBRERA with bits 1:0 clear.",
    sources: [
      manual("TLBRPRMD"),
      manual("Hardware Exception Handling of TLB Refill Exception"),
      arceos0513("exception.S"),
      linux("mm/tlbex.S"),
    ],
    confidence: "high",
  },
  "LVZ-ENTRY-08": {
    text: "A return from TLB refill neither uses nor changes GSTAT.PVM: a refill in host mode with PVM " +
      "= 1 returns to the host.",
    sources: [
      manual("TLBRPRMD"),
      hvisorRegister("gstat.rs"),
      manual("ERTN"),
      qemuLvz("target/loongarch/cpu.h"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        pgm: "TLBRPRMD.PGM decides (chapter on that register, hvisor's field comments)",
        pvm: "PVM decides for every return but that from a debug exception (the manual's text on ertn " +
          "taken literally, QEMU-LVZ)",
      },
      takes: "pgm",
      chosen: "LVZ-CONF-04; saving and restoring the guest mode is the documented purpose of the register",
      settledBy: "PVM = 1 set by a host that then loads from an address without a TLB entry: whether its " +
        "refill handler's ertn comes back to the load",
    },
  },
  "LVZ-ENTRY-09": {
    text: "ertn with MERRCTL.IsMERR = 1 enters guest mode if MERRCTL.PGM = 1, restores the CRMD fields " +
      "from MERRCTL, continues at MERRERA and clears IsMERR.",
    sources: [manual("ERTN"), manual("MERRCTL")],
    confidence: "medium",
  },
  "LVZ-ENTRY-10": {
    text: "The general return with PVM = 0 stays in host mode.",
    sources: [linux("kvm/switch.S")],
    confidence: "high",
  },
  "LVZ-ENTRY-11": {
    text: "ertn in guest mode returns within the guest: it uses GCSR.ERA and PRMD, or GCSR.TLBRERA and " +
      "TLBRPRMD while GCSR.TLBRERA.IsTLBR = 1, ignores GSTAT.PVM, stays in guest mode and changes no " +
      "host CSR.",
    sources: [
      linux("include/asm/stackframe.h"),
      qemuLvz("target/loongarch/tcg/op_helper.c"),
      machinaPr("154"),
    ],
    confidence: "high",
  },
  "LVZ-ENTRY-12": {
    text: "A general entry leaves CSR.CRMD.DA and PG alone, and they do not affect how the guest's " +
      "addresses are translated.",
    sources: [manual("Hardware Exception Handling of General Exceptions"), linux("kvm/switch.S")],
    confidence: "high",
  },
  "LVZ-ENTRY-13": {
    text: "A host interrupt that is pending and enabled (CRMD.IE becomes 1 from PRMD.PIE) is taken " +
      "right after the entry: the exit has CSR.ERA = the guest's PC and no guest instruction has run.",
    sources: [linux("kvm/switch.S"), tgoskitsPr("2438")],
    confidence: "high",
  },
  "LVZ-ENTRY-14": {
    text: "A guest interrupt that is pending and enabled is taken by the guest, through GCSR.EENTRY, " +
      "before the first guest instruction.",
    sources: [linux("kvm/interrupt.c"), qemuLvz("target/loongarch/tcg/op_helper.c")],
    confidence: "high",
  },
  "LVZ-ENTRY-15": {
    text: "If host and guest interrupts are both pending and enabled at an entry: this bench takes the " +
      "host's, and the guest's stays pending for the next entry.",
    sources: [qemuLvz("target/loongarch/cpu.c")],
    confidence: "low",
    disputed: {
      readings: {
        "host-first": "the exit happens before the guest can take its own",
        "guest-first": "the guest takes its own and the exit follows at its vector",
      },
      takes: "host-first",
      chosen: "LVZ-CONF-30; only an emulator (QEMU-LVZ) answers, with this, and a host that loses " +
        "control would be the worse error",
      settledBy: "one pending interrupt of each at an entry, both enabled: whether CSR.ERA at the exit is " +
        "the guest's entry or its vector",
    },
  },
  "LVZ-ENTRY-16": {
    text: "Entry leaves the TLB, ASID, general and floating-point registers and the stable counter as " +
      "they are.",
    sources: [linux("kvm/switch.S")],
    confidence: "high",
  },
} satisfies RuleTable<"LVZ-ENTRY">;
