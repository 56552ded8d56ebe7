/**
 * TLB entries, their identity, the TLB instructions (LVZ-TLB), and the operations of invtlb (LVZ-INV).
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import { arceos0513, arceos055, hvisor, hvisorRegister, kvmList, linux, manual, qemuLvz } from "./sources.ts";

/** TLB entries, their identity, and the TLB instructions. */
export const TLB_RULES = {
  "LVZ-TLB-01": {
    text: "Every TLB entry carries a GID; entries of the host have 0.",
    sources: [linux("kvm/main.c"), linux("kvm/switch.S"), hvisorRegister("gtlbc.rs")],
    confidence: "high",
  },
  "LVZ-TLB-02": {
    text: "For GID > 0 there are stage-1 entries (GVA to GPA, made by the guest or gtlb*) and stage-2 " +
      "entries (GPA to HPA, made by the host's TLB writes), and the TLB tells the two kinds apart: each " +
      "can be invalidated without the other.",
    sources: [linux("include/asm/tlb.h")],
    confidence: "high",
  },
  "LVZ-TLB-03": {
    text: "The indices that tlbsrch and tlbrd use stay below the sizes in PRCFG3 in both modes, and " +
      "tlbrd of the host can read guest entries.",
    sources: [qemuLvz("README.md")],
    confidence: "medium",
    disputed: {
      readings: {
        shared: "one TLB holds entries of host and guests (internal manual, as QEMU-LVZ's author reports it)",
        "two-arrays": "host and guest have arrays of their own (QEMU-LVZ)",
      },
      takes: "shared",
      chosen: "LVZ-CONF-31; only TLBIDX and TRGP can tell the difference",
      settledBy: "tlbwr of host entries to every index, then of one guest's to every index: whether any of " +
        "the host's is still found",
    },
  },
  "LVZ-TLB-04": {
    text: "TLB instructions of the host act for an effective GID: GTLBC.TGID if USETGID = 1, else " +
      "GSTAT.GID if PVM = 1, else 0; TGID can be written only with USETGID = 1 (this bench: as it is after " +
      "the same write).",
    sources: [hvisorRegister("gtlbc.rs"), linux("kvm/switch.S"), qemuLvz("target/loongarch/cpu.h")],
    confidence: "high",
  },
  "LVZ-TLB-05": {
    text: "tlbwr and tlbfill of the host make a stage-2 entry of guest g if the effective GID g is not " +
      "0, and a host entry if it is.",
    sources: [
      linux("kvm/switch.S"),
      hvisorRegister("gtlbc.rs"),
      kvmList("world switch and GTLBC, Bibo Mao in reply to [PATCH v2 02/29], 2023-02-21"),
    ],
    confidence: "high",
  },
  "LVZ-TLB-06": {
    text: "tlbsrch, tlbrd, tlbwr, tlbfill, tlbclr and tlbflush of a guest see only its stage-1 entries " +
      "(GID = GSTAT.GID) and take operands from and leave results in the guest copies.",
    sources: [linux("mm/tlbex.S"), qemuLvz("target/loongarch/tcg/tlb_helper.c")],
    confidence: "high",
  },
  "LVZ-TLB-07": {
    text: "A stage-1 lookup matches GID = GSTAT.GID, address, and G = 1 or ASID = GCSR.ASID; a host " +
      "lookup GID 0, address, and G = 1 or ASID = CSR.ASID; a stage-2 lookup GID and address.",
    sources: [
      manual("TLB-based Translation of Virtual Addresses to Physical Addresses"),
      linux("kvm/main.c"),
    ],
    confidence: "high",
  },
  "LVZ-TLB-08": {
    text: "Lookups in guest mode use GSTAT.GID and not GTLBC.TGID.",
    sources: [
      linux("kvm/switch.S"),
      qemuLvz("target/loongarch/cpu.h"),
      kvmList("[RFC 0/5] LoongArch: KVM: Add separate vmid support, Bibo Mao, 2024-11-13"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        "gstat-gid": "both stages use GSTAT.GID",
        "tgid-in-stage-2": "stage 1 uses GSTAT.GID, and stage 2 uses GTLBC.TGID, which may differ from " +
          "it on a 3A6000",
      },
      takes: "gstat-gid",
      chosen: "the default profile is a 3A5000, where by Loongson's account both have to be equal; a " +
        "case keeps TGID equal to GID while a guest runs",
      settledBy: "on a 3A6000, stage-2 entries written under TGID = 2, GSTAT.GID = 1 and TGID = 2 at the " +
        "entry: whether the guest uses them",
    },
  },
  "LVZ-TLB-09": {
    text: "Entries of other guests cannot be used after GSTAT.GID changes, and work again when it " +
      "changes back; no flush is needed.",
    sources: [linux("kvm/main.c")],
    confidence: "high",
  },
  "LVZ-TLB-10": {
    text: "tlbfill puts an entry of the page size in STLBPS into the STLB and any other into the MTLB: " +
      "CSR.STLBPS decides for host and stage-2 entries, GCSR.STLBPS for stage-1 entries.",
    sources: [arceos0513("exception.S"), qemuLvz("target/loongarch/tcg/tlb_helper.c")],
    confidence: "medium",
  },
  "LVZ-TLB-11": {
    text: "tlbrd of the host sets TRGP.GTLB = 1 and TRGP.RID = its GID for a guest's entry, and clears " +
      "both for a host entry.",
    sources: [hvisorRegister("trgp.rs")],
    confidence: "medium",
  },
  "LVZ-TLB-12": {
    text: "GTLBC.GMTLBSZ (bits 5:0) limits the MTLB entries of guest mode. This bench: storage without " +
      "effect.",
    sources: [hvisorRegister("gtlbc.rs")],
    confidence: "low",
    disputed: {
      readings: {
        storage: "the field reads back and does nothing",
        limit: "it divides the MTLB",
      },
      takes: "storage",
      chosen: "LVZ-CONF-29; no software writes it, so no effect is known",
      settledBy: "GMTLBSZ = 1 and a guest that writes MTLB entries 0 to 3: how many of them it finds again",
    },
  },
  "LVZ-TLB-13": {
    text: "Invalidating stage 1 or stage 2 takes effect on the next access of the guest, also if an " +
      "access translated the same address just before.",
    sources: [qemuLvz("README.md"), linux("kvm/tlb.c")],
    confidence: "high",
  },
} satisfies RuleTable<"LVZ-TLB">;

/** The operations of invtlb. */
export const INVTLB_RULES = {
  "LVZ-INV-01": {
    text: "invtlb takes ASID from rj[9:0], GID from rj[23:16] and the address from rk. 0x9-0xE remove " +
      "stage-1 entries of rj's GID as 0x1-0x6 do for the effective GID; 0x10, 0x11, 0x12 remove stage " +
      "1, stage 2 and both for every GID; 0x13, 0x14, 0x15 the same for rj's GID; 0x16 stage-2 entries " +
      "of rj's GID that contain GPA rk; 0x7, 0x8, 0xF and 0x17-0x1F raise INE.",
    sources: [
      linux("include/asm/tlb.h"),
      qemuLvz("README.md"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "medium",
  },
  "LVZ-INV-02": {
    text:
      "invtlb 0x1-0x6 of the host act on the entries that its tlbwr makes: host entries if the effective " +
      "GID (LVZ-TLB-04) is 0, else stage-2 entries of that guest (Linux keeps the names INVTLB for these " +
      "and INVGTLB for stage 1). This bench: stage-1 entries stay, and 0x0 removes all entries of every GID.",
    sources: [
      hvisor("arch/loongarch64/s2pt.rs"),
      hvisor("arch/loongarch64/cpu.rs"),
      arceos055("vcpu.rs"),
      linux("kvm/tlb.c"),
      linux("mm/tlb.c"),
      linux("include/asm/tlb.h"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        everything: "0x0 removes host, stage-1 and stage-2 entries of every GID",
        "effective-gid": "0x0 removes what belongs to the effective GID, like 0x1",
      },
      setting: "invtlb0",
      takes: "everything",
      chosen: "LVZ-CONF-17; hvisor and loongarch_vcpu expect their stage-2 entries to go, and removing " +
        "more does no harm",
      settledBy: "a host entry, a stage-1 and a stage-2 entry, then invtlb 0 under USETGID = 1 and TGID = " +
        "GID: which are still found by tlbsrch, gtlbsrch and a guest access",
    },
    alsoDisputed: {
      readings: {
        "stage-2": "0x1-0x6 for an effective GID other than 0 remove stage-2 entries, which tlbwr makes",
        "stage-1": "they remove the guest's stage-1 entries, as in the guest",
        "both": "they remove entries of both stages",
      },
      takes: "stage-2",
      chosen: "one effective GID rules all TLB instructions of the host, and 0x9-0xE exist for stage 1; no " +
        "hypervisor uses 0x1-0x6 with a GID, so the confidence is low",
      settledBy:
        "USETGID = 1, TGID = GID, a stage-1 and a stage-2 entry of the guest, invtlb 0x1: which of " +
        "the two gtlbsrch and a guest access still find",
    },
  },
  "LVZ-INV-03": {
    text: "invtlb 0x0-0x6 in guest mode remove only stage-1 entries of GSTAT.GID; stage-2 entries and " +
      "those of the host and of other guests stay usable.",
    sources: [linux("mm/tlb.c"), linux("include/asm/tlb.h")],
    confidence: "high",
  },
  "LVZ-INV-04": {
    text: "invtlb 0x12 need not remove host entries. This bench: entries with GID 0 stay.",
    sources: [linux("kvm/main.c"), linux("kvm/tlb.c")],
    confidence: "medium",
  },
  "LVZ-INV-05": {
    text: "invtlb 0x16 with rj[23:16] = GID and any address within a pair of pages in rk removes that " +
      "guest's stage-2 entry for both pages of the pair.",
    sources: [linux("kvm/tlb.c")],
    confidence: "high",
  },
  "LVZ-INV-06": {
    text: "invtlb 0x16 removes a stage-2 entry of a large page that covers rk, wherever in the page rk " +
      "points.",
    sources: [linux("kvm/mmu.c")],
    confidence: "medium",
  },
  "LVZ-INV-07": {
    text: "An invtlb may remove more than it was asked to, host entries and those of other guests " +
      "included, so software must not count on an entry to survive.",
    sources: [qemuLvz("README.md"), qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc")],
    confidence: "high",
    untestable: "it permits something and forbids nothing; the bench's own, exact scope is tested by " +
      "the other rules",
  },
} satisfies RuleTable<"LVZ-INV">;
