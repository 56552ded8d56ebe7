/**
 * Two-stage address translation (LVZ-MMU).
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
  manual,
  qemuLvz,
} from "./sources.ts";

/** Two-stage address translation. */
export const TRANSLATION_RULES = {
  "LVZ-MMU-01": {
    text: "Every access of a guest (fetch, load, store, walk of its page table) is translated twice: by " +
      "guest state from GVA to GPA, then by stage-2 TLB entries from GPA to HPA.",
    sources: [
      qemuLvz("README.md"),
      linux("kvm/mmu.c"),
      linux("kvm/exit.c"),
      hvisor("arch/loongarch64/s2pt.rs"),
    ],
    confidence: "high",
  },
  "LVZ-MMU-02": {
    text: "Stage 2 is on in guest mode whatever CSR.CRMD.DA and PG hold, also after an entry from " +
      "direct address mode.",
    sources: [
      qemuLvz("target/loongarch/cpu_helper.c"),
      qemuLvz("target/loongarch/tcg/tlb_helper.c"),
      linux("kvm/switch.S"),
    ],
    confidence: "medium",
  },
  "LVZ-MMU-03": {
    text: "Stage 1 follows the guest copies: with GCSR.CRMD.DA = 1 and PG = 0 the GPA is the GVA cut to " +
      "PALEN; with PG = 1 a matching GCSR.DMW0-3 (by PLV and VSEG) gives the GVA cut to PALEN, and " +
      "otherwise the guest's TLB entries decide.",
    sources: [
      manual("Virtual Address Space and Address Translation Mode"),
      linuxTop("tools/testing/selftests/kvm/lib/loongarch/processor.c"),
      qemuLvz("target/loongarch/cpu_helper.c"),
    ],
    confidence: "high",
  },
  "LVZ-MMU-04": {
    text: "Guest accesses in direct address mode or through a DMW go through stage 2 as well, and a " +
      "refill or page fault there reports the GPA.",
    sources: [linux("kvm/mmu.c"), linux("kvm/exit.c")],
    confidence: "high",
  },
  "LVZ-MMU-05": {
    text: "GCFG.MATC chooses the memory attribute of the final access: 0 that of stage 1, 1 that of the " +
      "stage-2 entry, 2 the weaker one.",
    sources: [
      hvisorRegister("gcfg.rs"),
      linux("kvm/main.c"),
      arceos055("vcpu.rs"),
      hvisor("arch/loongarch64/trap.rs"),
    ],
    confidence: "high",
    untestable: "the machine has no caches, so no program can see a memory attribute",
  },
  "LVZ-MMU-06": {
    text: "A GPA has PALEN bits (48 in LA464) and serves as the virtual address of stage 2 without a " +
      "canonical check; KVM itself stays below 2^47, the half that PGDL serves.",
    sources: [linux("kvm/vm.c"), linux("kvm/mmu.c"), manual("CPUCFG")],
    confidence: "medium",
  },
  "LVZ-MMU-07": {
    text: "While the host handles a stage-2 refill, CSR.PGD reads as PGDL if bit VALEN-1 (47) of the " +
      "GPA is 0 and as PGDH if it is 1.",
    sources: [manual("PGD"), linux("kvm/switch.S"), arceos055("vcpu.rs"), hvisor("arch/loongarch64/s2pt.rs")],
    confidence: "high",
  },
  "LVZ-MMU-08": {
    text: "Without CPUCFG2.PTW a stage-2 miss always goes to the host's refill handler, which walks the " +
      "host-format table with lddir and ldpte; the hardware reads no stage-2 page table by itself.",
    sources: [linux("mm/tlbex.S"), linux("kvm/mmu.c"), arceos0513("exception.S")],
    confidence: "high",
  },
  "LVZ-MMU-09": {
    text: "A V = 0 entry that the refill handler filled stays in the TLB: after the page is mapped the " +
      "guest faults again until that entry is invalidated.",
    sources: [linux("kvm/mmu.c")],
    confidence: "high",
  },
  "LVZ-MMU-10": {
    text: "Stage 2 checks in the order of the base architecture: V = 0 gives PIL, PIS or PIF, NX a " +
      "fetch PNX, NR a load PNR, and D = 0 a store PME.",
    sources: [
      linux("kvm/exit.c"),
      manual("TLB-based Translation of Virtual Addresses to Physical Addresses"),
      qemuLvz("target/loongarch/cpu_helper.c"),
    ],
    confidence: "medium",
  },
  "LVZ-MMU-11": {
    text: "PLV and RPLV of a stage-2 entry make no difference to guest accesses of any privilege level.",
    sources: [linux("kvm/mmu.c"), qemuLvz("target/loongarch/cpu_helper.c")],
    confidence: "high",
  },
  "LVZ-MMU-12": {
    text: "A stage-2 lookup compares GID and address and ignores CSR.ASID and the entry's G bit: an " +
      "entry keeps working after the host changed its ASID.",
    sources: [
      linux("kvm/mmu.c"),
      linux("kvm/switch.S"),
      qemuLvz("target/loongarch/cpu_helper.c"),
      arceos0513("exception.S"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        ignored: "the ASID plays no part in stage 2",
        compared: "an entry with G = 0 matches only under the ASID with which it was written (QEMU-LVZ)",
      },
      takes: "ignored",
      chosen: "LVZ-CONF-16; KVM's entries have G = 0 and outlive changes of the host's ASID",
      settledBy: "a stage-2 entry with G = 0 written under ASID 1, then ASID 2 and an entry: whether the " +
        "guest's access needs a refill",
    },
  },
  "LVZ-MMU-13": {
    text: "Stage 2 can use large pages in the ordinary way: lddir stops at a directory entry with the " +
      "huge bit, ldpte splits it, and the TLB entry covers the whole range.",
    sources: [linux("kvm/mmu.c")],
    confidence: "high",
  },
  "LVZ-MMU-14": {
    text: "lddir and ldpte in guest mode read the table at GPAs, through stage 2 as a load: a miss or " +
      "an invalid entry there exits as a refill or PIL with TLBRERA or ERA at the lddir or ldpte.",
    sources: [qemuLvz("target/loongarch/tcg/tlb_helper.c"), linux("mm/tlbex.S")],
    confidence: "high",
  },
  "LVZ-MMU-15": {
    text: "The base address in lddir and ldpte, and the PC in direct address mode, are cut to PALEN, so " +
      "a direct-map virtual address such as 0x9000000000200000 works as the physical one. This bench: " +
      "base and index are added, and bits 2:0 of the sum count as 0.",
    sources: [linux("mm/tlbex.S"), linux("mm/tlb.c"), arceos0513("vcpu.rs")],
    confidence: "high",
    disputed: {
      readings: {
        "entry-aligned": "the sum of base and index, with bits 2:0 clear",
        "table-aligned": "the index takes the place of the base's low bits, as in a concatenation",
        unaligned: "the sum as it is, so that eight bytes are read across two entries",
      },
      takes: "entry-aligned",
      chosen:
        "tables are aligned in every program, and hvisor clears the low bits of each entry itself, so " +
        "nothing depends on it; an entry that straddles two pages, of which stage 2 translates the first, " +
        "would be the worse surprise",
      settledBy: "lddir with bit 3, then with bit 2 set in its base: which entry of the table it returns",
    },
  },
  "LVZ-MMU-16": {
    text: "In mapped mode (GCSR.CRMD.PG = 1) the guest takes ADEF or ADEM for a GVA outside VALEN, or " +
      "outside the reduced width of GCSR.RVACFG, unless a DMW maps it.",
    sources: [qemuLvz("target/loongarch/cpu_helper.c"), linux("kvm/interrupt.c")],
    confidence: "high",
  },
} satisfies RuleTable<"LVZ-MMU">;
