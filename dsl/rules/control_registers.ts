/**
 * GSTAT, GCFG, GINTC, GCNTC, GTLBC, TRGP and the LVZ fields of base registers (LVZ-CSR).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import {
  arceos0513,
  arceos055,
  hvisorRegister,
  kvmList,
  linux,
  manual,
  openEulerKvm,
  openHarmonyKvm,
  qemuLvz,
} from "./sources.ts";

/** GSTAT, GCFG, GINTC, GCNTC, GTLBC, TRGP and the LVZ fields of base registers. */
export const CONTROL_REGISTER_RULES = {
  "LVZ-CSR-01": {
    text: "The control registers are GTLBC 0x15, TRGP 0x16, GSTAT 0x50, GCFG 0x51, GINTC 0x52 and GCNTC " +
      "0x53.",
    sources: [
      linux("include/asm/loongarch.h"),
      hvisorRegister("gtlbc.rs"),
      hvisorRegister("gstat.rs"),
      arceos055("registers.rs"),
      qemuLvz("target/loongarch/cpu-csr.h"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        "low-numbers": "GTLBC is 0x15 and TRGP is 0x16 (Linux, hvisor, loongarch_vcpu)",
        "high-numbers": "GTLBC is 0x54 and TRGP is 0x55, with USETGID and TOTI at bits 1:0 (QEMU-LVZ)",
      },
      takes: "low-numbers",
      chosen: "LVZ-CONF-05; every program that runs on boards uses them",
      settledBy: "csrwr of 0x1000 to 0x15 and 0x54 on a board, then csrrd of both: the one that keeps the " +
        "bit is GTLBC",
    },
  },
  "LVZ-CSR-02": {
    text: "The registers of LVZ-CSR-01 belong to the host: a guest at PLV0 that reads or writes one " +
      "exits with GSPR, and the register keeps its value.",
    sources: [openHarmonyKvm("exit.c"), qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc")],
    confidence: "high",
  },
  "LVZ-CSR-03": {
    text: "PVM, also called PGM, is bit 1 of GSTAT; bits 3:2, 15:10 and 31:24 read 0 and ignore writes.",
    sources: [
      linux("include/asm/loongarch.h"),
      hvisorRegister("gstat.rs"),
      openEulerKvm("kvmcsr.h"),
      arceos0513("exception.S"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        "bit-1": "PVM is bit 1, which all assembly code sets with the mask 2",
        "bit-2": "PVM is bit 2, as loongarch_vcpu 0.5.13 declares it in registers.rs",
      },
      takes: "bit-1",
      chosen: "LVZ-CONF-01; the declaration with bit 2 goes unnoticed because the same crate's assembly " +
        "sets bit 1",
      settledBy: "csrwr of 0x6 to GSTAT, then csrrd: which of bits 1 and 2 reads 1",
    },
  },
  "LVZ-CSR-04": {
    text: "GSTAT.GIDBIT (bits 9:4) is read-only and counts the implemented bits of GID; the bits of GID " +
      "above it read 0 and ignore writes. This bench: 8.",
    sources: [linux("kvm/main.c"), hvisorRegister("gstat.rs"), qemuLvz("target/loongarch/cpu.c")],
    confidence: "high",
  },
  "LVZ-CSR-05": {
    text: "GSTAT.VM (bit 0) reads 0 whenever software reads it, since the read takes host mode, and " +
      "ignores writes.",
    sources: [linux("include/asm/loongarch.h")],
    confidence: "high",
  },
  "LVZ-CSR-06": {
    text: "Writing 0 to GSTAT clears PVM and GID and leaves GIDBIT as it was.",
    sources: [linux("kvm/main.c"), hvisorRegister("gstat.rs")],
    confidence: "high",
  },
  "LVZ-CSR-07": {
    text: "The capability bits of GCFG (MATP, SITP, TITP, TOEP, TOPP, TORUP, GCIP, GPMP) ignore writes, " +
      "and a control field whose capability bits are all 0 reads 0 and ignores writes as well.",
    sources: [hvisorRegister("gcfg.rs"), kvmList("GCFG definition clean-up, Bibo Mao, 2025-02")],
    confidence: "high",
  },
  "LVZ-CSR-08": {
    text: "GCFG.MATP (bits 3:0) has bit i set where MATC may hold i: 0 the guest's attribute, 1 the " +
      "host's, 2 the weaker of both.",
    sources: [
      linux("include/asm/loongarch.h"),
      hvisorRegister("gcfg.rs"),
      kvmList("GCFG definition clean-up, Bibo Mao, 2025-02"),
      openEulerKvm("kvm_compat.h"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        "one-hot": "one bit a legal value of MATC",
        number: "an encoded value, as the vendor's header had it",
      },
      takes: "one-hot",
      chosen: "LVZ-CONF-12; Loongson's own people corrected the header upstream",
      settledBy: "csrrd of GCFG before anything was written: bits 3:0 read 7 (one bit a value) or a number " +
        "from 0 to 2",
    },
  },
  "LVZ-CSR-09": {
    text: "GCFG.GCIP (bits 19:16) has bit i set where GCI may hold i: 0 all cacop exit, 1 all but hit " +
      "operations, 2 all but hit and index invalidate/write-back.",
    sources: [linux("include/asm/loongarch.h"), linux("kvm/main.c"), hvisorRegister("gcfg.rs")],
    confidence: "high",
  },
  "LVZ-CSR-10": {
    text: "For GCFG.MATC = 2 the attributes from weakest to strongest are WUC, CC, SUC, and two equal " +
      "attributes stay as they are. This bench: MATC is storage.",
    sources: [hvisorRegister("gcfg.rs")],
    confidence: "low",
    untestable: "the machine has no caches, so no program can see a memory attribute",
  },
  "LVZ-CSR-11": {
    text: "The capability bits of GCFG can be read after reset and survive a write of 0. This bench: " +
      "reset gives MATP = GCIP = 0b0111, SITP, TITP, TOEP, TOPP, TORUP and GPMP (LVZ-PMU-03) 1, and " +
      "every control field 0; writing the encoding 3 to MATC or GCI leaves that field alone.",
    sources: [linux("kvm/main.c")],
    confidence: "medium",
  },
  "LVZ-CSR-12": {
    text: "Software has to assume GSTAT, GCFG, GINTC and GTLBC undefined after reset and to write them " +
      "first. This bench: all of them, TRGP and GCNTC reset to 0 but for GIDBIT and the capability " +
      "bits.",
    sources: [linux("kvm/main.c"), openEulerKvm("csr.c")],
    confidence: "high",
  },
  "LVZ-CSR-13": {
    text: "GCNTC holds a signed offset of 64 bits: what is written reads back in full, negative values too.",
    sources: [hvisorRegister("gcntc.rs"), linux("kvm/vcpu.c"), linux("kvm/vm.c")],
    confidence: "high",
  },
  "LVZ-CSR-14": {
    text: "LVZ adds fields to base registers: TLBRPRMD bit 3 and MERRCTL bit 5 (PGM, the mode before " +
      "the exception), PMCFGn bits 22:21 (which mode is counted), MWPC/FWPC bits 19:16, " +
      "MWPnCFG3/FWPnCFG3 bits 6:5 and MWPnCFG4/FWPnCFG4 bits 23:16 (share of the guest, world watched and " +
      "GID). This bench: all of them can be written, and mean what LVZ-PMU-05, LVZ-WATCH-02 and " +
      "LVZ-WATCH-03 say.",
    sources: [
      manual("TLBRPRMD"),
      manual("MERRCTL"),
      manual("PMCFGn"),
      manual("MWPC, FWPC, MWPnCFG, FWPnCFG"),
      openEulerKvm("kvmcsr.h"),
      openEulerKvm("csr.c"),
      arceos0513("exception.S"),
    ],
    confidence: "medium",
  },
} satisfies RuleTable<"LVZ-CSR">;
