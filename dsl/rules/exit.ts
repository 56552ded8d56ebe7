/**
 * Guest exit: what is recorded where, for each cause, and who takes what (LVZ-EXIT).
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
  openHarmonyKvm,
  prtosPr,
  qemuLvz,
  tgoskitsPr,
} from "./sources.ts";

/** Guest exit: what is recorded where, for each cause, and who takes what. */
export const EXIT_RULES = {
  "LVZ-EXIT-01": {
    text: "An exit by a general exception sets PRMD.PPLV, PIE and PWE to the host's CRMD.PLV, IE and WE " +
      "(those loaded at the entry, not the guest's), clears PLV, IE and WE, records Ecode and EsubCode " +
      "in CSR.ESTAT and the guest's PC in CSR.ERA, leaves guest mode and continues at the host's " +
      "vector.",
    sources: [
      linux("kvm/switch.S"),
      manual("Hardware Exception Handling of General Exceptions"),
      qemuLvz("target/loongarch/cpu.c"),
    ],
    confidence: "high",
  },
  "LVZ-EXIT-02": {
    text: "A guest entered with PRMD = 4 (PIE alone) leaves PRMD = 4 after its exit.",
    sources: [linux("kvm/switch.S"), arceos055("vcpu.rs")],
    confidence: "medium",
  },
  "LVZ-EXIT-03": {
    text: "GSTAT.PVM reads 1 after an exit by a general exception, also if a refill handler cleared it " +
      "between two parts of the guest's run.",
    sources: [
      hvisorRegister("gstat.rs"),
      linux("kvm/switch.S"),
      arceos055("vcpu.rs"),
      qemuLvz("target/loongarch/cpu.c"),
    ],
    confidence: "high",
  },
  "LVZ-EXIT-04": {
    text: "If the host itself takes a general exception with PVM = 1: this bench clears PVM, so that " +
      "the handler's ertn returns to the host.",
    sources: [manual("ERTN"), qemuLvz("target/loongarch/cpu.c"), prtosPr("58")],
    confidence: "low",
    disputed: {
      readings: {
        "records-vm": "PVM takes the value of VM at each general exception to the host",
        kept: "PVM stays 1 and the handler's ertn enters the guest (QEMU-LVZ)",
      },
      setting: "pvmAtHostException",
      takes: "records-vm",
      chosen: "LVZ-CONF-02; it pairs PVM with VM as PRMD is paired with CRMD, and KVM and " +
        "loongarch_vcpu run on it",
      settledBy: "PVM = 1 set by a host that then executes syscall: GSTAT.PVM as its handler reads it",
    },
  },
  "LVZ-EXIT-05": {
    text: "An exit by a general exception leaves all guest copies that the event itself does not " +
      "define, CRMD.DA, PG, DATF and DATM, GSTAT.GID, GTLBC, GINTC, GCNTC, ASID, PGDL, PGDH, PWCL, " +
      "PWCH, SAVEn, EUEN, the TLB, and general and floating-point registers as they were.",
    sources: [linux("kvm/switch.S"), openEulerKvm("entry.S")],
    confidence: "high",
  },
  "LVZ-EXIT-06": {
    text: "The vector is CSR.EENTRY | offset, the offset being 0 for ECFG.VS = 0, else Ecode * 2^(VS+2) " +
      "for exceptions and (64 + number) * 2^(VS+2) for interrupts; VS = 5 gives GSPR 0xB00, HVC 0xB80, " +
      "GCM 0xC00, timer 0x2580, IPI 0x2600.",
    sources: [manual("Exception Entry"), linux("kernel/traps.c"), arceos0513("exception.S")],
    confidence: "high",
  },
  "LVZ-EXIT-07": {
    text: "GSPR is Ecode 22, EsubCode 0; CSR.ERA is the address of the trapping instruction and " +
      "CSR.BADI its word, so a handler skips it by adding 4.",
    sources: [
      linux("include/asm/loongarch.h"),
      linux("kvm/exit.c"),
      hvisor("arch/loongarch64/trap.rs"),
      arceos055("exception.rs"),
      manual("BADV"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        unchanged: "BADV keeps its value, as for every exception without a bad address",
        pc: "BADV takes the PC (QEMU-LVZ)",
      },
      setting: "badvAtGspr",
      takes: "unchanged",
      chosen: "LVZ-CONF-20; the manual's list of exceptions that write BADV has neither GSPR nor HVC, " +
        "and no software reads it",
      settledBy: "csrwr of a mark to BADV, then a guest that executes cpucfg: BADV after the exit",
    },
  },
  "LVZ-EXIT-08": {
    text: "HVC is Ecode 23, EsubCode 0; CSR.ERA is the address of the hvcl and CSR.BADI its word with " +
      "the 15-bit code.",
    sources: [
      linux("kvm/exit.c"),
      hvisor("arch/loongarch64/trap.rs"),
      arceos055("exception.rs"),
      manual("BADV"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        unchanged: "BADV keeps its value, as for every exception without a bad address",
        pc: "BADV takes the PC (QEMU-LVZ)",
      },
      setting: "badvAtGspr",
      takes: "unchanged",
      chosen: "LVZ-CONF-20; as for GSPR (LVZ-EXIT-07)",
      settledBy: "csrwr of a mark to BADV, then a guest that executes hvcl: BADV after the exit",
    },
  },
  "LVZ-EXIT-09": {
    text: "GCM is Ecode 24: EsubCode 0 (GCSC) for a change by software under TOP, EsubCode 1 (GCHC) for " +
      "a change by hardware under TOE.",
    sources: [
      linux("include/asm/loongarch.h"),
      hvisorRegister("gcfg.rs"),
      hvisor("arch/loongarch64/trap.rs"),
      manual("ESTAT"),
      qemuLvz("target/loongarch/cpu.h"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        "one-code": "both are Ecode 24 and differ by EsubCode",
        "two-codes": "GCSC is 24 and GCHC is 25 (QEMU-LVZ)",
      },
      takes: "one-code",
      chosen: "LVZ-CONF-06; the manual's table has both sub-codes, and Linux knows 25 as something else",
      settledBy: "TOE = 1 and a guest that takes an exception: Ecode and EsubCode in ESTAT after the exit",
    },
  },
  "LVZ-EXIT-10": {
    text: "An interrupt exit records Ecode 0 and EsubCode 0, CSR.ERA = the next guest instruction, and " +
      "leaves BADI and BADV as they were; CSR.ESTAT.IS shows the source.",
    sources: [linux("kvm/vcpu.c"), manual("ESTAT"), manual("BADI")],
    confidence: "high",
    disputed: {
      readings: {
        zero: "Ecode is 0 whatever VS is",
        "undefined-for-vs": "the manual's table defines code 0 for VS = 0 only",
      },
      takes: "zero",
      chosen: "LVZ-CONF-27; Linux and loongarch_vcpu accept it, and nothing else is known",
      settledBy: "VS = 5 and a host timer that stops a guest: Ecode in ESTAT at vector 0x2580",
    },
  },
  "LVZ-EXIT-11": {
    text: "In guest mode a host interrupt exits if CSR.CRMD.IE = 1 and CSR.ESTAT.IS & CSR.ECFG.LIE is " +
      "not 0; GCSR.CRMD.IE and GCSR.ECFG play no part.",
    sources: [linux("kvm/switch.S"), tgoskitsPr("2438")],
    confidence: "high",
  },
  "LVZ-EXIT-12": {
    text: "Taking an exit does not change CSR.ESTAT.IS: the line that caused it is still pending for " +
      "the host.",
    sources: [manual("ESTAT"), linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "LVZ-EXIT-13": {
    text: "Stage-2 page faults exit as PIL 1, PIS 2, PIF 3, PME 4, PNR 5 or PNX 6 with CSR.BADV = the " +
      "GPA of the byte accessed, CSR.ERA = the guest instruction and, but for PIF, CSR.BADI = its word.",
    sources: [linux("kvm/exit.c"), openHarmonyKvm("exit.c"), hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
  "LVZ-EXIT-14": {
    text: "Stage 2 never raises PPI: an access from guest PLV3 through an entry with PLV 0 succeeds.",
    sources: [linux("kvm/mmu.c"), qemuLvz("target/loongarch/cpu_helper.c")],
    confidence: "high",
  },
  "LVZ-EXIT-15": {
    text: "A stage-2 fault on a fetch is PIF with CSR.BADV = the GPA of the instruction. This bench: " +
      "CSR.BADI is 0, since there is no instruction to record.",
    sources: [linux("kvm/exit.c"), manual("BADI"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "high",
    disputed: {
      readings: {
        zero: "BADI is 0",
        unchanged: "BADI keeps its value (QEMU and QEMU-LVZ)",
        recorded: "BADI is written as for any synchronous exception, with unspecified contents (the " +
          "manual's chapter makes no exception for fetches)",
      },
      takes: "zero",
      chosen: "no software reads BADI after PIF, and a fixed value cannot be mistaken for an instruction",
      settledBy: "csrwr of a mark to BADI, then a guest that jumps to an unmapped GPA: BADI after the PIF",
    },
  },
  "LVZ-EXIT-16": {
    text: "A stage-2 page fault also puts the GPA's bits 47:13 into CSR.TLBEHI.VPPN.",
    sources: [manual("TLBEHI"), qemuLvz("target/loongarch/tcg/tlb_helper.c")],
    confidence: "medium",
  },
  "LVZ-EXIT-17": {
    text: "A stage-2 TLB miss exits to CSR.TLBRENTRY: TLBRBADV = GPA, TLBREHI.VPPN = its bits 47:13, " +
      "TLBRERA = guest PC with bit 0 set, TLBRPRMD.PPLV, PIE and PWE = the host's CRMD fields, " +
      "TLBRPRMD.PGM = 1; CRMD gets PLV 0, IE 0, WE 0, DA 1, PG 0.",
    sources: [
      manual("Hardware Exception Handling of TLB Refill Exception"),
      manual("TLBRPRMD"),
      linux("mm/tlbex.S"),
      arceos0513("exception.S"),
      qemuLvz("target/loongarch/cpu.c"),
    ],
    confidence: "high",
  },
  "LVZ-EXIT-18": {
    text: "A TLB refill exit leaves BADV, ERA and PRMD as they were. This bench: BADI as well.",
    sources: [
      manual("Hardware Exception Handling of TLB Refill Exception"),
      linux("kvm/switch.S"),
      manual("BADI"),
      qemuLvz("target/loongarch/cpu.c"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        unchanged: "BADI keeps its value, as the list of actions at a refill does not mention it",
        recorded: "BADI takes the instruction, since the manual's chapter on BADI leaves out only INT, " +
          "GCHC and machine errors (QEMU and QEMU-LVZ do so)",
      },
      takes: "unchanged",
      chosen: "the steps of a refill are listed one by one without BADI; no refill handler reads it",
      settledBy: "csrwr of a mark to BADI, then a guest load without a stage-2 entry: BADI in the refill " +
        "handler",
    },
  },
  "LVZ-EXIT-19": {
    text: "A TLB refill or machine error exit leaves CSR.ESTAT.Ecode and EsubCode as they were.",
    sources: [manual("ESTAT"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "high",
    disputed: {
      readings: {
        unchanged: "both fields keep their values",
        written: "the code of the page-invalid exception is written",
      },
      takes: "unchanged",
      chosen: "LVZ-CONF-25; the manual's description of the two fields says so, and QEMU agrees",
      settledBy: "an hvcl first, so that Ecode is 23, then a guest load without a stage-2 entry: Ecode in " +
        "the refill handler",
    },
  },
  "LVZ-EXIT-20": {
    text: "GSTAT.PVM at a TLB refill exit: this bench leaves it as it was, since TLBRPRMD.PGM records " +
      "the mode.",
    sources: [manual("TLBRPRMD"), linux("kvm/switch.S")],
    confidence: "low",
  },
  "LVZ-EXIT-21": {
    text: "TLBRERA.IsTLBR stays 1 after a refill exit until an ertn or a write by software; a host that " +
      "goes on without ertn runs in direct address mode, and its next ertn returns to TLBRERA.",
    sources: [
      manual("Hardware Exception Handling of TLB Refill Exception"),
      manual("TLBRERA"),
      arceos0513("exception.S"),
    ],
    confidence: "high",
  },
  "LVZ-EXIT-22": {
    text: "FPD 15, SXD 16, ASXD 17 and BTD 20 exit to the host if GCSR.EUEN allows the unit and " +
      "CSR.EUEN does not; if GCSR.EUEN forbids it, the guest takes the exception.",
    sources: [linux("kvm/exit.c"), linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "LVZ-EXIT-23": {
    text:
      "A watchpoint of the host that matches in guest mode exits with WATCH, Ecode 19: CSR.CRMD.WE enables it, which the entry " +
      "restores from CSR.PRMD.PWE, and its PLV bits and its address mean the guest's level and virtual address.",
    sources: [
      openHarmonyKvm("exit.c"),
      loongsonKvm419("hw_breakpoint.h"),
      openEulerQemu("target/loongarch64/kvm.c"),
    ],
    confidence: "medium",
  },
  "LVZ-EXIT-24": {
    text: "A machine error in guest mode: this bench goes to CSR.MERRENTRY in host mode with " +
      "MERRCTL.PGM = 1 and leaves GSTAT.PVM; an ertn from there resumes the guest (LVZ-ENTRY-09).",
    sources: [manual("MERRCTL"), manual("Hardware Exception Handling of Machine Error Exception")],
    confidence: "low",
  },
  "LVZ-EXIT-25": {
    text: "A synchronous exit leaves no effect of the trapping instruction: a load leaves rd, a store " +
      "writes no memory.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "LVZ-EXIT-26": {
    text: "Stage 1 comes first: an access whose stage 1 fails raises the guest's own exception and " +
      "never a stage-2 one.",
    sources: [qemuLvz("README.md"), qemuLvz("target/loongarch/tcg/tlb_helper.c")],
    confidence: "high",
  },
  "LVZ-EXIT-27": {
    text: "The guest takes stage-1 refills and page faults, ADEF, ADEM, ALE, BCE, SYS, BRK, INE, IPE, " +
      "FPE, VFPE, unit-disabled exceptions that GCSR.EUEN causes, and its own interrupts; the host " +
      "takes stage-2 refills and page faults, GSPR, HVC, GCM, unit-disabled exceptions that only " +
      "CSR.EUEN causes, watchpoints, machine errors and its own interrupts.",
    sources: [
      linux("kvm/exit.c"),
      linux("kvm/interrupt.c"),
      qemuLvz("target/loongarch/cpu.c"),
      linuxTop("tools/testing/selftests/kvm/lib/loongarch/exception.S"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        host: "dbcl (as GSPR), host watchpoints and machine errors of a guest go to the host",
        guest: "some of these rare events are the guest's own",
      },
      takes: "host",
      chosen: "LVZ-CONF-28; these are resources of the host, though the evidence is weak",
      settledBy: "a guest that executes dbcl 0, and one that touches an address in a watchpoint of the " +
        "host: which world's ESTAT records it",
    },
  },
  "LVZ-EXIT-28": {
    text: "An exception that the guest takes itself does to the guest copies what the base architecture " +
      "does to CSRs (PRMD, CRMD, ESTAT, ERA, BADV, BADI, TLBEHI and the vector from EENTRY and ECFG.VS, " +
      "or the refill registers and TLBRENTRY), stays in guest mode and changes no host CSR.",
    sources: [linux("kvm/exit.c"), linux("kvm/interrupt.c"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "high",
  },
  "LVZ-EXIT-29": {
    text: "A GPA without a mapping gives a refill exit and then PIL, PIS or PIF; stage 2 itself raises " +
      "no address error.",
    sources: [linux("kvm/exit.c")],
    confidence: "medium",
  },
} satisfies RuleTable<"LVZ-EXIT">;
