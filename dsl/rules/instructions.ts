/**
 * The instructions that LVZ adds: encodings, operands, where they may run (LVZ-INSN).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import { arceos0513, hvisor, linux, manual, opcodes, openEulerKvm, qemuLvz } from "./sources.ts";

/** The instructions that LVZ adds: encodings, operands, where they may run. */
export const INSTRUCTION_RULES = {
  "LVZ-INSN-01": {
    text: "gcsrxchg is 0x05000000 with csr in bits 23:10, rj in 9:5 and rd in 4:0, where rj = 0 means " +
      "gcsrrd and rj = 1 gcsrwr; gtlbclr, gtlbflush, gtlbsrch, gtlbrd, gtlbwr and gtlbfill are the " +
      "words of the tlb instruction without the g plus 1 (0x06482001 to 0x06483401); hvcl is 0x002B8000 " +
      "with a code of 15 bits.",
    sources: [opcodes("lvz.txt"), qemuLvz("target/loongarch/insns.decode"), linux("include/asm/loongarch.h")],
    confidence: "high",
  },
  "LVZ-INSN-02": {
    text: "gcsrrd puts GCSR[csr] into rd; gcsrwr and gcsrxchg write rd to it, gcsrxchg only the bits " +
      "that are 1 in rj, and both leave the whole old value in rd.",
    sources: [linux("include/asm/kvm_csr.h"), openEulerKvm("csr.c"), manual("CSR Access Instructions")],
    confidence: "high",
  },
  "LVZ-INSN-03": {
    text: "In host mode gcsr* also writes guest registers and fields that the guest can only read: " +
      "Ecode and EsubCode of ESTAT, BADI, TVAL and CPUID keep the value written.",
    sources: [
      linux("kvm/vcpu.c"),
      linux("kvm/timer.c"),
      linux("kvm/interrupt.c"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "high",
  },
  "LVZ-INSN-04": {
    text: "GCSR.PGD is derived from PGDL, PGDH and the bad address, so gcsrwr cannot change it, and " +
      "writing it or PRCFG1 to PRCFG3 raises nothing. This bench: all four ignore the write.",
    sources: [
      manual("PGD"),
      linux("kvm/vcpu.c"),
      arceos0513("exception.S"),
      hvisor("arch/loongarch64/trap.rs"),
    ],
    confidence: "medium",
  },
  "LVZ-INSN-05": {
    text: "gcsr* that name a register without a guest copy: this bench reads 0, ignores the write and " +
      "raises nothing.",
    sources: [linux("kvm/vcpu.c"), qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc")],
    confidence: "low",
  },
  "LVZ-INSN-06": {
    text: "gcsr* and gtlb* at host PLV1 to PLV3 raise IPE and change nothing.",
    sources: [
      manual("Overview of Privilege Instructions"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "high",
  },
  "LVZ-INSN-07": {
    text: "Without LVZ all instructions of LVZ-INSN-01 raise INE.",
    sources: [
      manual("INE in the table of exception encodings"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "high",
  },
  "LVZ-INSN-08": {
    text: "hvcl at guest PLV0 exits with HVC; the code reaches the host only as bits 14:0 of CSR.BADI.",
    sources: [linux("kvm/exit.c"), linux("include/asm/kvm_para.h")],
    confidence: "high",
  },
  "LVZ-INSN-09": {
    text: "hvcl at guest PLV3 raises IPE, taken by the guest, with no exit.",
    sources: [qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"), linux("kvm/exit.c")],
    confidence: "medium",
  },
  "LVZ-INSN-10": {
    text: "hvcl in host mode: this bench raises INE at PLV0 and IPE at PLV1 to PLV3.",
    sources: [qemuLvz("target/loongarch/tcg/op_helper.c")],
    confidence: "low",
    disputed: {
      readings: {
        ine: "INE, as QEMU-LVZ does",
        unknown: "no program known executes it there, so hardware may do otherwise",
      },
      takes: "ine",
      chosen: "LVZ-CONF-21; the only account there is",
      settledBy: "hvcl executed at PLV0 by a bare-metal program: which Ecode its handler finds in ESTAT, " +
        "if any",
    },
  },
  "LVZ-INSN-11": {
    text: "gcsr*, gtlb* and invtlb 0x9 to 0x16 in guest mode at PLV0: this bench raises INE, taken by " +
      "the guest; at PLV1 to PLV3 it is IPE.",
    sources: [
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
      qemuLvz("target/loongarch/tcg/tlb_helper.c"),
      linux("kvm/exit.c"),
    ],
    confidence: "low",
    disputed: {
      readings: {
        ine: "the guest takes INE",
        gspr: "GSPR exits to the host, where KVM finds no such instruction and injects INE",
      },
      setting: "gcsrInGuest",
      takes: "ine",
      chosen: "LVZ-CONF-18; a guest of KVM sees INE with either reading, while QEMU-LVZ mixes INE " +
        "(gcsr*, most gtlb*) and IPE (gtlbflush, invtlb 0x9 and up)",
      settledBy: "a guest with a handler of its own executes gcsrrd: Ecode 13 in GCSR.ESTAT, or an exit " +
        "with Ecode 22",
    },
  },
  "LVZ-INSN-12": {
    text: "gtlb* in host mode are the tlb instructions on stage-1 entries of the effective GID " +
      "(LVZ-TLB-04): operands and results are GCSR.TLBIDX, TLBEHI, TLBELO0/1, ASID and STLBPS, or " +
      "TLBREHI and TLBRELO0/1 while GCSR.TLBRERA.IsTLBR = 1.",
    sources: [qemuLvz("target/loongarch/tcg/tlb_helper.c"), opcodes("lvz.txt")],
    confidence: "medium",
  },
} satisfies RuleTable<"LVZ-INSN">;
