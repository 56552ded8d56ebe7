/**
 * What instructions do in guest mode, and which control bits make them exit (LVZ-GUEST).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import {
  hvisor,
  hvisorRegister,
  kvmList,
  linux,
  manual,
  openEulerKvm,
  openHarmonyKvm,
  qemuLvz,
} from "./sources.ts";

/** What instructions do in guest mode, and which control bits make them exit. */
export const GUEST_MODE_RULES = {
  "LVZ-GUEST-01": {
    text: "cpucfg in guest mode exits with GSPR at every privilege level and for every index.",
    sources: [openHarmonyKvm("exit.c"), linux("kvm/exit.c"), qemuLvz("target/loongarch/tcg/op_helper.c")],
    confidence: "high",
  },
  "LVZ-GUEST-02": {
    text: "idle at guest PLV0 exits with GSPR and CSR.ERA points at the idle itself.",
    sources: [
      linux("kvm/exit.c"),
      hvisor("arch/loongarch64/trap.rs"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "high",
  },
  "LVZ-GUEST-03": {
    text: "iocsrrd.* and iocsrwr.* at guest PLV0 exit with GSPR. This bench: at PLV1 to PLV3 the guest " +
      "takes IPE.",
    sources: [linux("kvm/exit.c"), qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc")],
    confidence: "high",
    disputed: {
      readings: {
        ipe: "the privilege check comes first, as for every privileged instruction",
        gspr: "GSPR at every level (QEMU-LVZ tests guest mode before privilege)",
      },
      takes: "ipe",
      chosen: "LVZ-CONF-22; a guest user program must not reach the host's device emulation",
      settledBy: "a guest at PLV3 executes iocsrrd.w: Ecode 14 in GCSR.ESTAT, or an exit with Ecode 22",
    },
  },
  "LVZ-GUEST-04": {
    text: "GCFG.GCI selects which cacop exit with GSPR at guest PLV0: 0 all, 1 all but hit operations, " +
      "2 all but hit and index invalidate/write-back; those not selected run without an exit.",
    sources: [hvisorRegister("gcfg.rs"), linux("kvm/main.c"), linux("kvm/exit.c")],
    confidence: "high",
  },
  "LVZ-GUEST-05": {
    text: "With GCFG.TIT = 1, rdtime* and accesses to TID, TCFG, TVAL, CNTC and TICLR in guest mode " +
      "exit with GSPR; with 0 they act on the guest's timer.",
    sources: [
      hvisorRegister("gcfg.rs"),
      kvmList("GCFG definition clean-up, Bibo Mao, 2025-02"),
      openEulerKvm("csr.c"),
      linux("kvm/main.c"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        "timer-accesses": "the bit makes rdtime and the five timer registers exit (hvisor's field comments)",
        "timer-interrupts": "the bit makes timer interrupts exit, as its name can be read",
      },
      takes: "timer-accesses",
      chosen: "LVZ-CONF-11; the comment that lists instructions and registers descends from the " +
        "internal manual",
      settledBy: "TIT = 1 and a guest that lets its timer expire with no access to it: whether the expiry " +
        "itself exits",
    },
  },
  "LVZ-GUEST-06": {
    text: "With GCFG.SIT = 1, privileged instructions of the guest exit with GSPR. This bench: every " +
      "instruction that needs PLV0, hvcl among them, after the privilege check.",
    sources: [hvisorRegister("gcfg.rs")],
    confidence: "low",
    disputed: {
      readings: {
        "all-gspr": "hvcl needs PLV0 like the others and exits with GSPR",
        "hvcl-hvc": "hvcl is not sensitive, since it exits anyway, and still exits with HVC",
      },
      takes: "all-gspr",
      chosen: "the field's description makes no exception, and the host finds the code of the hvcl in " +
        "BADI either way; every hypervisor leaves SIT 0",
      settledBy: "SIT = 1 and a guest at PLV0 that executes hvcl 5: Ecode 22 or 23 in ESTAT",
    },
  },
  "LVZ-GUEST-07": {
    text: "With GCFG.TOP = 1, software at guest PLV0 that changes GCSR.CRMD.PLV exits with GCM, EsubCode " +
      "0. This bench: by csrwr or csrxchg, not by ertn, which is TOE's (LVZ-GUEST-08).",
    sources: [hvisorRegister("gcfg.rs"), kvmList("GCFG definition clean-up, Bibo Mao, 2025-02")],
    confidence: "low",
    disputed: {
      readings: {
        "csr-writes": "TOP is about writes to the register",
        "ertn-too": "an ertn that leaves PLV0 is a change by software as well",
      },
      takes: "csr-writes",
      chosen: "the codes are called software change and hardware change, and ertn, which changes CRMD as " +
        "a side effect, is named with exceptions in the description of TOE",
      settledBy: "TOP = 1 and a guest at PLV0 that executes ertn with PPLV = 3: an exit with Ecode 24, or " +
        "code that goes on at PLV3",
    },
  },
  "LVZ-GUEST-08": {
    text: "With GCFG.TOE = 1, an ertn of the guest and every exception that the guest takes itself exit " +
      "with GCM, EsubCode 1. This bench: the change of guest state is complete, CSR.ERA is the guest's " +
      "new PC, and BADI keeps its value.",
    sources: [hvisorRegister("gcfg.rs"), openHarmonyKvm("exit.c"), manual("BADI")],
    confidence: "low",
    disputed: {
      readings: {
        after: "the exit follows the change of guest state",
        instead: "the exit replaces it and the host has to make the change",
      },
      takes: "after",
      chosen: "LVZ-CONF-10; the vendor's handler just resumes the guest, which works only if the change " +
        "has happened",
      settledBy: "TOE = 1 and a guest that executes syscall: whether GCSR.ERA is the syscall's address " +
        "when the exit arrives",
    },
  },
  "LVZ-GUEST-09": {
    text: "With GTLBC.TOTI = 1, TLB instructions and accesses to TLB registers at guest PLV0 exit with " +
      "GSPR. This bench: tlbsrch, tlbrd, tlbwr, tlbfill, tlbclr, tlbflush, invtlb 0 to 6, lddir, ldpte, " +
      "and CSRs 0x10-0x13, 0x18-0x1E, 0x88-0x8F.",
    sources: [hvisorRegister("gtlbc.rs"), linux("include/asm/loongarch.h")],
    confidence: "medium",
  },
  "LVZ-GUEST-10": {
    text: "Privilege, translation mode, interrupt enable, vectors, address checks and unit enables in " +
      "guest mode come from the guest copies of CRMD, PRMD, EUEN, ECFG, EENTRY, DMW0-3 and RVACFG; the " +
      "host's values make no difference to them.",
    sources: [linux("kvm/vcpu.c"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "high",
  },
  "LVZ-GUEST-11": {
    text: "rdtime* at guest PLV1 to PLV3 raise IPE in the guest if GCSR.MISC.DRDTL has that level's " +
      "bit, whatever CSR.MISC holds.",
    sources: [qemuLvz("target/loongarch/tcg/op_helper.c")],
    confidence: "medium",
  },
} satisfies RuleTable<"LVZ-GUEST">;
