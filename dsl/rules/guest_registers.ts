/**
 * The guest's own copies of the CSRs, and the registers that have none (LVZ-GCSR).
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
  openEulerKvm,
  openHarmonyKvm,
  qemuLvz,
} from "./sources.ts";

/** The guest's own copies of the CSRs, and the registers that have none. */
export const GUEST_REGISTER_RULES = {
  "LVZ-GCSR-01": {
    text: "These CSRs have a guest copy: 0x0-0x8, 0xC, 0x10-0x13, 0x18-0x1F, 0x20-0x23, 0x30-0x37, " +
      "0x40-0x44, 0x60, 0x88-0x8F, 0x180-0x183; with message interrupts 0xA0-0xA3 and 0xA5 as well, and " +
      "the performance counters that GCFG.GPERF grants.",
    sources: [linux("kvm/main.c"), openEulerKvm("csr.c"), arceos055("context_frame.rs")],
    confidence: "high",
  },
  "LVZ-GCSR-02": {
    text: "csrrd, csrwr and csrxchg at guest PLV0 act on the guest copy without an exit, and the host's " +
      "register of the same number does not change.",
    sources: [
      manual("References to Control and Status Registers"),
      linux("kvm/main.c"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "high",
  },
  "LVZ-GCSR-03": {
    text: "There is one set of guest copies a processor, not one a GID: changing GSTAT.GID changes none " +
      "of them, and they keep their values while the host runs.",
    sources: [linux("kvm/vcpu.c"), linux("kvm/main.c")],
    confidence: "high",
  },
  "LVZ-GCSR-04": {
    text: "csrrd, csrwr and csrxchg at guest PLV1 to PLV3 raise IPE, taken by the guest, also for " +
      "numbers that exit at PLV0; the reads of performance counters that MISC can permit are the only " +
      "exception.",
    sources: [
      manual("Overview of Privilege Instructions"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "medium",
  },
  "LVZ-GCSR-05": {
    text: "A guest at PLV0 that names one of these numbers exits with GSPR: 0x15, 0x16, 0x50-0x53, " +
      "0x80, 0x81, 0x90-0x95, 0x98, 0xC0-0xFF, 0x100-0x109, 0x500-0x502.",
    sources: [
      openHarmonyKvm("exit.c"),
      linux("kvm/main.c"),
      qemuLvz("target/loongarch/tcg/insn_trans/trans_privileged.c.inc"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        exits: "0xC0-0xFF and 0x100-0x109 exit too, as the vendor's list of causes says",
        unimplemented: "numbers that the manual does not name follow LVZ-GCSR-08",
      },
      takes: "exits",
      chosen: "LVZ-CONF-29; the list is by the designers, and only these two ranges are in doubt",
      settledBy: "a guest at PLV0 executes csrrd of 0xC0 and of 0x100 with TORU = 0: an exit with Ecode " +
        "22, or a 0 in rd",
    },
  },
  "LVZ-GCSR-06": {
    text:
      "A guest at PLV0 that names a watchpoint register (0x300-0x34F, 0x380-0x3CF) exits with GSPR, unless the host gave it that " +
      "watchpoint (LVZ-WATCH-02).",
    sources: [linux("kvm/main.c"), openEulerKvm("csr.c")],
    confidence: "medium",
    disputed: {
      readings: {
        "all-exit": "none is reached that was not given away (upstream KVM emulates them)",
        "status-copies": "MWPS (0x301) and FWPS (0x381) are reached in any case (vendor KVM)",
      },
      takes: "all-exit",
      chosen: "LVZ-CONF-26; upstream is the later account by the same people",
      settledBy: "a guest at PLV0 executes csrrd of 0x301: an exit with Ecode 22, or a value that gcsrwr " +
        "of 0x301 chose",
    },
  },
  "LVZ-GCSR-07": {
    text: "A guest at PLV0 that names PMCFGn or PMCNTn (0x200 + 2n, 0x201 + 2n) exits with GSPR for n " +
      ">= GCFG.GPERF, and reaches its own copy without an exit below that.",
    sources: [linux("kvm/vcpu.c"), linux("kvm/exit.c")],
    confidence: "high",
  },
  "LVZ-GCSR-08": {
    text: "A CSR number that the host lacks exits with GSPR from guest PLV0 if GCFG.TORU = 1; with TORU " +
      "= 0 it reads 0, ignores writes and raises nothing.",
    sources: [hvisorRegister("gcfg.rs"), linux("kvm/exit.c"), linux("kvm/main.c")],
    confidence: "medium",
    disputed: {
      readings: {
        "only-unimplemented": "TORU concerns numbers that the host lacks; a register of the host " +
          "without a guest copy exits in any case",
        "all-without-copy": "TORU = 0 stops the exits of every register without a guest copy, as the " +
          "field's description reads literally",
      },
      takes: "only-unimplemented",
      chosen: "LVZ-CONF-09; KVM runs with TORU = 0 and needs the exits of LVZ-GCSR-05",
      settledBy: "a guest at PLV0 reads MERRCTL (0x90) with TORU = 0: an exit, or a 0; and the same for " +
        "0x3FF, which no processor has",
    },
  },
  "LVZ-GCSR-09": {
    text: "SAVE8 to SAVE15 (0x38-0x3F) exist only as far as PRCFG1.SAVE_NUM says, and gcsr* that name a " +
      "missing one raise nothing. This bench: SAVE_NUM is 8, the rest is unimplemented in both files.",
    sources: [
      manual("PRCFG1"),
      qemuLvz("target/loongarch/cpu.c"),
      linux("kvm/main.c"),
      arceos055("exception.S"),
      hvisor("arch/loongarch64/trap.rs"),
    ],
    confidence: "medium",
    disputed: {
      readings: {
        eight: "eight registers, of which Linux saves SAVE0 to SAVE7",
        sixteen: "sixteen guest copies, all of which loongarch_vcpu and hvisor save and restore",
      },
      takes: "eight",
      chosen: "LVZ-CONF-23; it is what the 3A5000 reports, and the sixteen-register programs only need " +
        "the accesses to be harmless",
      settledBy: "csrrd of PRCFG1 on the board, and gcsrwr then gcsrrd of 0x38: whether the value comes " +
        "back",
    },
  },
  "LVZ-GCSR-10": {
    text: "GCSR.CPUID takes what the host writes with gcsrwr, and the guest reads that value and cannot " +
      "change it.",
    sources: [linux("kvm/vcpu.c"), hvisor("arch/loongarch64/cpu.rs"), arceos055("vcpu.rs")],
    confidence: "high",
  },
  "LVZ-GCSR-11": {
    text: "gcsrrd of GCSR.ESTAT shows the injected lines: bit n + 2 is 1 while GINTC.VIP bit n is.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "medium",
  },
  "LVZ-GCSR-12": {
    text: "gcsrwr and gcsrxchg of GCSR.ESTAT set and clear bits 0, 1, 10, 11, 12 (and 14 with message " +
      "interrupts), Ecode and EsubCode. This bench: bits 9:2 ignore the write and follow GINTC and the " +
      "passed-through lines.",
    sources: [
      linux("kvm/interrupt.c"),
      linux("include/asm/kvm_vcpu.h"),
      openEulerKvm("interrupt.c"),
      arceos0513("vcpu.rs"),
      qemuLvz("target/loongarch/tcg/csr_helper.c"),
    ],
    confidence: "high",
    disputed: {
      readings: {
        "follow-gintc": "bits 9:2 only show GINTC.VIP and the lines of PIP",
        latch: "a host write sets and clears bits 9:2 like the others (QEMU-LVZ)",
      },
      takes: "follow-gintc",
      chosen: "LVZ-CONF-19; each hypervisor that puts such a bit in ESTAT sets VIP for it as well",
      settledBy: "gcsrwr of bit 2 to GCSR.ESTAT with GINTC = 0, then gcsrrd: whether the bit reads 1",
    },
  },
  "LVZ-GCSR-13": {
    text: "A guest's own csrwr or csrxchg of ESTAT changes bits 1:0 only and never exits.",
    sources: [
      manual("ESTAT"),
      linux("kernel/paravirt.c"),
      linuxTop("Documentation/virt/kvm/loongarch/hypercalls.rst"),
    ],
    confidence: "high",
  },
  "LVZ-GCSR-14": {
    text: "The guest copies reset like the host's registers: GCSR.CRMD is 0x8 (DA 1, PG 0, PLV 0, IE " +
      "0), and PRCFG1 to PRCFG3 and ASID.ASIDBITS show the implementation's values before anything was " +
      "written.",
    sources: [hvisor("arch/loongarch64/trap.rs"), hvisor("arch/loongarch64/cpu.rs"), linux("kvm/vcpu.c")],
    confidence: "medium",
  },
  "LVZ-GCSR-15": {
    text: "A guest finds in its PRCFG1, PRCFG2, PRCFG3 and ASID.ASIDBITS the values that the host finds " +
      "in its own.",
    sources: [linux("kvm/vcpu.c"), linux("kernel/cpu-probe.c")],
    confidence: "medium",
  },
  "LVZ-GCSR-16": {
    text: "DSAVE (0x502) is plain storage for the host outside debug mode, and neither entry nor exit " +
      "changes it.",
    sources: [hvisor("arch/loongarch64/trap.rs"), arceos055("exception.S"), manual("DSAVE")],
    confidence: "high",
  },
} satisfies RuleTable<"LVZ-GCSR">;
