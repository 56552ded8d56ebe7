/**
 * What the world switches promise: Linux KVM, ArceOS loongarch_vcpu 0.5.5, hvisor. Only what a test can observe is here;
 * the rest of the protocols (user-space interfaces, other releases, boot of further CPUs) is left out, so numbers have gaps.
 *
 * @module
 */
import type { RuleTable } from "./rule.ts";
import { arceos0513, arceos055, hvisor, kvmList, linux, linuxTop, tgoskitsPr } from "./sources.ts";

/** Linux KVM: per-CPU set-up, world switch, exit handling, hypercalls. */
export const KVM_PROTOCOL_RULES = {
  "PROTO-KVM-01": {
    text: "Enabling a CPU reads GCFG, writes 0 to GCFG, GSTAT and GINTC, clears GTLBC.USETGID and TOTI, " +
      "writes GCFG with GCI = 2 and MATC = 1 where the capability bits allow and all traps off, " +
      "executes invtlb 0x12 and then sets USETGID.",
    sources: [linux("kvm/main.c")],
    confidence: "high",
  },
  "PROTO-KVM-02": {
    text: "Disabling a CPU writes 0 to GCFG, GSTAT and GINTC, clears USETGID and TOTI and executes " +
      "invtlb 0x12.",
    sources: [linux("kvm/main.c")],
    confidence: "high",
  },
  "PROTO-KVM-03": {
    text: "The VPID mask is 2^GIDBIT - 1, the first generation starts at mask + 1, and no guest gets a " +
      "VPID whose masked bits are 0.",
    sources: [linux("kvm/main.c")],
    confidence: "high",
  },
  "PROTO-KVM-04": {
    text: "If the vCPU changed CPU or its VPID is of an old generation, the check before entry takes " +
      "the next VPID (on overflow a new generation and invtlb 0x12), sets GCSR.LLBCTL.WCLLB and writes " +
      "GSTAT.GID; with a valid VPID it touches nothing.",
    sources: [linux("kvm/main.c")],
    confidence: "high",
  },
  "PROTO-KVM-10": {
    text: "kvm_enter_guest(run, vcpu) stores ra, tp, sp and r22-r31 in a frame below sp and sp, tp and " +
      "r21 in the vCPU, and keeps the vCPU pointer in a SAVE register.",
    sources: [linux("kvm/switch.S")],
    confidence: "high",
  },
  "PROTO-KVM-11": {
    text: "Before the ertn of an entry, in this order: ECFG.VS is 0, EENTRY the exit entry, ERA the " +
      "guest PC, PGDL the physical stage-2 root (PGDH untouched), GTLBC.TGID = GSTAT.GID, PRMD = 4, " +
      "GSTAT.PVM = 1, and r1-r31 hold the guest's values, a2 loaded last.",
    sources: [linux("kvm/switch.S")],
    confidence: "high",
  },
  "PROTO-KVM-12": {
    text: "The exit entry saves all guest registers, stores ESTAT, ERA, BADV and BADI, restores " +
      "ECFG.VS, EENTRY and PGDL, clears GSTAT.PVM and GTLBC.TGID, restores tp, sp and r21 and calls the " +
      "handler; a result above 0 enters the guest again, any other returns it to the caller of " +
      "kvm_enter_guest with the registers of PROTO-KVM-10 restored.",
    sources: [linux("kvm/switch.S")],
    confidence: "high",
  },
  "PROTO-KVM-13": {
    text: "From the exit until the handler enables interrupts the host runs at PLV0 with IE = 0 and its " +
      "DA and PG as before, so the interrupt that caused an exit is then taken through the host's own " +
      "entry.",
    sources: [linux("kvm/switch.S"), linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "PROTO-KVM-20": {
    text: "Before each entry, with interrupts off, KVM delivers a queued exception, checks the VPID, " +
      "delivers queued interrupts (clears before sets), does late requests (counters, invtlb 0x16 for " +
      "one GPA, FP and LBT), and starts over if work is pending.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "medium",
    disputed: {
      readings: {
        "exception-first": "exception, VPID, interrupts (the fact sheet's reading of 7.2)",
        "interrupts-first": "interrupts, exception, VPID (all versions of the file that could be read, " +
          "7.2 not among them)",
      },
      takes: "exception-first",
      chosen: "the reading of 7.2; the orders differ only where a queued clear meets the stray bits of " +
        "PROTO-KVM-22",
      settledBy: "no silicon: the text of kvm_pre_enter_guest in Linux 7.2",
    },
  },
  "PROTO-KVM-21": {
    text: "Interrupts SWI0, SWI1, PCOV, TI, IPI and AVEC are set and cleared in GCSR.ESTAT by gcsrxchg, " +
      "HWI0-7 in GINTC.VIP; after each change of ESTAT a TVAL that grew sets TI again.",
    sources: [linux("kvm/interrupt.c")],
    confidence: "high",
  },
  "PROTO-KVM-22": {
    text: "Injecting INE or ADE writes GCSR.BADI, PRMD (the whole of CRMD), CRMD with PLV and IE clear, " +
      "ERA, for ADE also BADV (PC for ADEF, else the GPA), clears Ecode and ORs the code into ESTAT " +
      "unshifted, and sets the PC to EENTRY + code * (VS > 0 ? 4 << VS : 0).",
    sources: [linux("kvm/interrupt.c")],
    confidence: "high",
    disputed: {
      readings: {
        unshifted: "Ecode reads 0 and the number of the code goes to the low bits of ESTAT, of which " +
          "LVZ-GCSR-12 keeps 1:0",
        shifted: "Ecode holds the code, as a comment in the function says",
      },
      takes: "unshifted",
      chosen: "LVZ-CONF-32; that is what the instructions of the function do, and the hardware must not " +
        "be bent to fit it",
      settledBy: "a guest of Linux 7.2 without an LSX unit executes an LSX instruction: what its INE " +
        "handler reads in ESTAT",
    },
  },
  "PROTO-KVM-30": {
    text: "Exit dispatch: Ecode 0 counts an interrupt; 1 and 3 are read faults, 2 and 4 write faults, " +
      "15, 16, 17 and 20 give the unit or inject INE, 22 emulates, 23 is a hypercall, and every other " +
      "code (5, 6, 7, 8, 19, 24) injects INE.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-31": {
    text: "A read or write fault at a GPA of 2^(VALEN-1) or more injects ADEM; a GPA in a memory slot " +
      "is mapped and invtlb 0x16 requested for it; without a slot a write goes to MMIO emulation, a " +
      "read with PC = BADV injects ADEF and any other read goes to MMIO emulation, whose failure " +
      "injects ADEM.",
    sources: [linux("kvm/exit.c"), linux("kvm/mmu.c"), linux("kvm/vm.c")],
    confidence: "high",
  },
  "PROTO-KVM-32": {
    text: "The MMIO decoder knows ldptr.w/d, stptr.w/d, ld.b/h/w/d, ld.bu/hu/wu, st.b/h/w/d, ldx.* and " +
      "stx.*; any other instruction in BADI fails and the guest gets ADEM.",
    sources: [linux("kvm/exit.c"), linux("include/asm/inst.h")],
    confidence: "high",
  },
  "PROTO-KVM-33": {
    text: "An MMIO write advances the PC at once and takes it back on failure; a read advances it when " +
      "the data arrives, sign-extended without the u suffix and zero-extended with it.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-34": {
    text: "GSPR emulation advances the PC by 4 and goes by BADI: bits 31:24 = 0 is cpucfg and 4 a CSR " +
      "access, bits 31:22 = 0x18 is cacop (nothing to do), bits 31:15 = 0xC90 is IOCSR and 0xC91 idle; " +
      "for anything else the PC goes back and the guest gets INE.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-35": {
    text: "cpucfg with the index taken as 32 bits: 0-20 from the vCPU's table, 0x40000000 gives " +
      "0x004D564B, 0x40000004 the feature word, everything else 0; the result is zero-extended.",
    sources: [linux("kvm/exit.c"), linux("include/uapi/asm/kvm_para.h")],
    confidence: "high",
  },
  "PROTO-KVM-37": {
    text: "Emulated CSRs live in a store of the vCPU, whose old value csrwr and csrxchg leave in rd; " +
      "numbers not on its list give 0 and cannot be written; an access to a counter of a guest that has " +
      "counters grants them and runs again with the PC put back.",
    sources: [
      linux("kvm/exit.c"),
      kvmList(
        "[PATCH] LoongArch: KVM: return full old CSR value from kvm_emu_xchg_csr(), Qiang Ma, 2026-06-04",
      ),
    ],
    confidence: "high",
    disputed: {
      readings: {
        whole: "csrxchg returns all bits of the old value, as the instruction does",
        masked: "csrxchg returns old AND mask (Linux before the fix of June 2026)",
      },
      takes: "whole",
      chosen: "the fix was reviewed by KVM's maintainer and sent to the stable kernels",
      settledBy: "no silicon: kvm_emu_xchg_csr in the release that a host runs, or csrxchg of a guest on " +
        "an emulated CSR with a mask of 1",
    },
  },
  "PROTO-KVM-38": {
    text: "IOCSR emulation uses the low 32 bits of rj as the address and 1, 2, 4 or 8 bytes by the " +
      "opcode; reads of every size are sign-extended.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-39": {
    text: "idle resumes after the instruction once an interrupt or the software timer is pending, also " +
      "if the guest has interrupts off.",
    sources: [
      linux("kvm/exit.c"),
      linux("kvm/timer.c"),
      linuxTop("tools/testing/selftests/kvm/loongarch/arch_timer.c"),
    ],
    confidence: "high",
  },
  "PROTO-KVM-40": {
    text: "A unit-disabled exit enables FPE, FPE and SXE, or FPE, SXE and ASXE in CSR.EUEN, loads the " +
      "registers and resumes at the same instruction; putting the vCPU away saves them and clears the " +
      "bits.",
    sources: [linux("kvm/vcpu.c"), linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-50": {
    text: "A hypercall's code is BADI[14:0]: 0x100 service, 0x101 software breakpoint, 0x102 user " +
      "service; any other code sets a0 to -1. The PC advances by 4 when the guest is resumed directly.",
    sources: [linux("kvm/exit.c"), linux("include/asm/kvm_para.h")],
    confidence: "high",
  },
  "PROTO-KVM-51": {
    text: "Service: a0 = 1 sends SWI0 to the CPUs of the 128-bit bitmap a1, a2 counted from a3, a0 = 2 " +
      "with a1 = 4 sets the steal-time page a2, for which bits other than 63:6 and 0 give -2; a0 " +
      "returns 0, and -1 for an unknown function or a feature that is off.",
    sources: [linux("kvm/exit.c"), linuxTop("Documentation/virt/kvm/loongarch/hypercalls.rst")],
    confidence: "high",
  },
  "PROTO-KVM-52": {
    text: "Hypercall 0x101 leaves to the debugger with the PC at the hvcl if debugging is on, and acts " +
      "as an unknown code otherwise.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-53": {
    text: "Hypercall 0x102 with feature 25 on leaves to user space with a0-a5 as arguments and -1 as " +
      "the default result; on return the PC advances by 4 and a0 takes the result.",
    sources: [linux("kvm/exit.c")],
    confidence: "high",
  },
  "PROTO-KVM-60": {
    text: "A new vCPU has GCSR.CRMD = 8, TID = its number, CPUID = 256 until it is set, TVAL = 0, GINTC " +
      "= 0 and all other guest registers 0.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "PROTO-KVM-61": {
    text: "Loading a vCPU restores the timer always, and after another vCPU or CPU also GCNTC, the " +
      "guest copies by gcsrwr (all of LVZ-GCSR-01 but ESTAT, PGD, PRCFG1-3, TCFG, TVAL and TICLR), " +
      "GINTC and GSTAT by csrwr, and sets WCLLB if the VM has several vCPUs.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "PROTO-KVM-62": {
    text: "Putting a vCPU away gives the floating-point unit back, reads the guest copies of PROTO-KVM-61 " +
      "and PRCFG1-3, GSTAT, the timer (PROTO-KVM-64) and GINTC, and changes none of them.",
    sources: [linux("kvm/vcpu.c")],
    confidence: "high",
  },
  "PROTO-KVM-63": {
    text: "Restoring the timer writes TCFG = 0, ESTAT, TCFG; a disabled timer then gets TVAL; an " +
      "expired one-shot (saved TVAL > TCFG) gets TVAL = 0 and, unless TI was saved, after a wait TICLR " +
      "= 1; any other gets the ticks that remain, a missed period queues TI.",
    sources: [linux("kvm/timer.c")],
    confidence: "high",
  },
  "PROTO-KVM-64": {
    text: "Saving the timer reads TCFG and TVAL, computes for an enabled one the deadline now + (TVAL < " +
      "TCFG ? TVAL : 0) by the host's counter, at which a blocked vCPU is woken, and reads ESTAT.",
    sources: [linux("kvm/timer.c")],
    confidence: "high",
  },
  "PROTO-KVM-66": {
    text: "A VM's counter offset is the value asked for (0 for a new VM) less rdtime at that moment, and " +
      "loading a vCPU writes it to GCNTC.",
    sources: [linux("kvm/vcpu.c"), linux("kvm/vm.c")],
    confidence: "high",
  },
} satisfies RuleTable<"PROTO-KVM">;

/** ArceOS loongarch_vcpu 0.5.5. */
export const ARCEOS_PROTOCOL_RULES = {
  "PROTO-AV5-01": {
    text: "The context frame has r0-r31 at offset 0, the guest PC at 256, then the guest CSRs in number " +
      "order (0x0-0x8, 0xC, 0x10-0x13, 0x18-0x1F, 0x20-0x23, 0x30-0x3F, 0x40-0x44, 0x60, 0x88-0x8F, " +
      "0x180-0x183) and a copy of ESTAT, ERA, BADV, BADI, TLBRBADV and TLBRERA; the slot for the host's " +
      "stack pointer follows.",
    sources: [arceos055("context_frame.rs"), arceos055("vcpu.rs")],
    confidence: "high",
  },
  "PROTO-AV5-02": {
    text: "new starts from a zero frame with a0 = cpu_id and a1 = dtb_addr; setEntry sets the frame's " +
      "PC, setNestedPageTable the stage-2 root, setGpr and setReturnValue (a0) a register of the frame, " +
      "and none touches the hardware.",
    sources: [arceos055("vcpu.rs")],
    confidence: "high",
  },
  "PROTO-AV5-03": {
    text: "setup gives the guest CRMD = 8, PRMD = 4, EUEN = 0, DMW0 = 0x9000000000000011, DMW1-3 = 0, " +
      "page-table and vector CSRs 0, ASID = vcpu_id, CPUID = cpu_id, and TCFG = 1 with a passed-through " +
      "timer; the interrupt option changes nothing.",
    sources: [arceos055("vcpu.rs")],
    confidence: "high",
  },
  "PROTO-AV5-04": {
    text: "bind saves EENTRY, VS, PGDL, PGDH, PWCL, PWCH, STLBPS and TLBRENTRY, then sets the " +
      "four-level 4K walk, STLBPS 12, PGDL = PGDH = root, TLBRENTRY, EENTRY, VS = 5, invtlb 0, " +
      "GSTAT.GID = vm_id + 1, PGM = 1, USETGID = 1, TGID = GID, GCFG with MATC 1 and TOCI 2 and the " +
      "traps off, GINTC.HWIP = 0xFF, timer line off in ECFG and PRMD.PIE = 1.",
    sources: [arceos055("vcpu.rs")],
    confidence: "high",
  },
  "PROTO-AV5-05": {
    text: "unbind turns the timer line on again, restores the eight registers and executes invtlb 0; " +
      "GSTAT.PGM stays as it was.",
    sources: [arceos055("vcpu.rs")],
    confidence: "high",
  },
  "PROTO-AV5-06": {
    text: "run copies an enabled guest TCFG with an initial value to the host's own, saves ra, s0-s8, " +
      "fp, tp and r21, keeps the end of the frame in SAVE3 and the guest's sp in DSAVE, loads ERA, all " +
      "guest CSRs in number order (ESTAT, PGD, CPUID, PRCFG1-3, SAVE8-15 included, TCFG before TVAL) " +
      "and the registers, and executes ertn; it never writes PGM, so it needs LVZ-EXIT-03.",
    sources: [arceos055("vcpu.rs"), arceos055("exception.S")],
    confidence: "high",
  },
  "PROTO-AV5-07": {
    text: "Exits go to vectors 0x80 apart, one for each code, that save the guest and return to run's " +
      "caller. This bench: interrupts too, at 0x2000 and up, as from 0.5.9 on (the table of 0.5.5 ends " +
      "at 0xD80 and lacks 0x300 and 0x380, PROTO-AV5-12).",
    sources: [arceos055("exception.S"), tgoskitsPr("1207")],
    confidence: "high",
  },
  "PROTO-AV5-08": {
    text: "run returns Hypercall (a0, a1-a6, PC + 4) for HVC, Nothing after an emulated GSPR (PC + 4), " +
      "NestedPageFault for Ecode 1-7 with TLBRBADV if TLBRERA bit 0 is set and BADV otherwise (write " +
      "for 2 and 4, execute for 3, else read), Halt for 16, ExternalInterrupt for interrupts (IPI " +
      "before timer before the lowest HWI), and panics for 8 and the rest; a host TI pending at a " +
      "synchronous exit moves to the saved guest ESTAT and is acknowledged.",
    sources: [arceos055("exception.rs")],
    confidence: "high",
  },
  "PROTO-AV5-09": {
    text: "GSPR emulation: cpucfg 0-20 gives the host's word and others 0; cacop and idle do nothing; " +
      "CSR TCFG, TVAL and TICLR are the host's own, other CSRs 0; IOCSR goes to the host's space with " +
      "reads sign-extended; anything else panics.",
    sources: [arceos055("exception.rs")],
    confidence: "high",
  },
  "PROTO-AV5-10": {
    text: "injectInterrupt(v) sets GINTC.HWIS bit v - 2 for v 2 to 9, and otherwise ORs bit v into " +
      "GCSR.ESTAT at once. This bench: into the frame as well, without which the next run of 0.5.5 " +
      "overwrites the bit with the frame's copy.",
    sources: [arceos055("registers.rs"), arceos055("exception.S")],
    confidence: "high",
  },
  "PROTO-AV5-11": {
    text: "hardware_enable only records EENTRY and GSTAT, and hardware_disable restores them.",
    sources: [arceos055("pcpu.rs")],
    confidence: "high",
  },
  "PROTO-AV5-12": {
    text: "Known defects of the subject: the saved guest t0 is the guest's sp, emulating csrwr reads " +
      "its operand from register rj instead of rd, one csrwr wrapper hides that its register changes, " +
      "and the vectors of PROTO-AV5-07 are missing.",
    sources: [arceos055("exception.S"), arceos055("exception.rs"), arceos055("registers.rs")],
    confidence: "high",
    untestable: "defects of one release, kept in the list of known deviations; a case that demanded " +
      "them would fail for a corrected release",
  },
} satisfies RuleTable<"PROTO-AV5">;

/** What later releases of loongarch_vcpu, up to 0.5.13, do otherwise, as far as this bench's world switch follows them. */
export const ARCEOS_LATER_RULES = {
  "PROTO-AV13-09": {
    text: "The stage-2 refill handler walks with lddir 3, 2, 1; an empty level leaves it for the VMM, " +
      "without ertn, so that the host goes on in direct mode with IsTLBR = 1 until the next entry or " +
      "unbind, and the exit is known by that bit; otherwise ldpte 0, ldpte 1, tlbfill and ertn.",
    sources: [arceos0513("exception.S"), arceos0513("trap.rs")],
    confidence: "high",
  },
  "PROTO-AV13-10": {
    text: "run also returns MmioRead and MmioWrite, with address, width, register and data decoded from " +
      "the instruction, for a fault at a GPA without memory, with the PC behind it. Addresses of faults " +
      "lose a window prefix (0x8000 or 0x9000), which a GPA never has.",
    sources: [arceos0513("exception.rs"), arceos0513("mmio.rs"), arceos0513("guest_addr.rs")],
    confidence: "high",
  },
  "PROTO-AV13-12": {
    text: "idle returns Idle with the PC behind it; an interrupt that is pending and enabled then is " +
      "delivered with ERA = the instruction behind the idle.",
    sources: [arceos0513("guest_csr.rs"), arceos0513("vcpu.rs")],
    confidence: "high",
  },
} satisfies RuleTable<"PROTO-AV13">;

/** hvisor on loongarch64. */
export const HVISOR_PROTOCOL_RULES = {
  "PROTO-HV-01": {
    text: "Setting up a processor turns interrupts off, acknowledges the timer and sets it to 200 ms, " +
      "periodic and off, enables its line, sets ECFG.VS = 0, EENTRY and FPE, SXE and ASXE of EUEN, turns " +
      "interrupts on, and enables the IPI and its line.",
    sources: [
      hvisor("arch/loongarch64/trap.rs"),
      hvisor("arch/loongarch64/ipi.rs"),
      hvisor("device/irqchip/ls7a2000/mod.rs"),
    ],
    confidence: "high",
  },
  "PROTO-HV-02": {
    text: "A vCPU starts from the guest copies as read after reset, with PC = zone entry, all registers " +
      "0 and GCSR.CPUID 0; PGDL = PGDH = stage-2 root with the four-level 4K walk, SAVE3 = end of " +
      "frame, SAVE4 = stack top, and invtlb 0 before the first entry.",
    sources: [hvisor("arch/loongarch64/cpu.rs"), hvisor("arch/loongarch64/s2pt.rs")],
    confidence: "high",
  },
  "PROTO-HV-03": {
    text: "Each return to a guest sets GSTAT.GID = zone id + 1, PGM = 1, USETGID = 1, TGID = GID, GCFG " +
      "with MATC 1, TOCI 2 and the traps off, GINTC.HWIP = 0xFF, PRMD.PIE = 1 and ERA, writes all guest " +
      "CSRs but ESTAT, TID, TCFG, TVAL, CNTC and TICLR, loads the registers with sp through DSAVE, and " +
      "executes ertn.",
    sources: [hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
  "PROTO-HV-04": {
    text: "Trap entry swaps sp with DSAVE, saves registers, ERA and guest CSRs in the frame 768 bytes " +
      "below SAVE3 and calls the handler on the stack of SAVE4 with interrupts off; GSTAT.PGM stays 1 " +
      "throughout, and a TLB refill has its own handler that ends with ertn.",
    sources: [hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
  "PROTO-HV-05": {
    text: "Dispatch: GSPR with BADI = 0x06488000 returns at once to PC + 4; Ecode 0 handles interrupts, " +
      "0x16 emulates and sets PC = ERA + 4, 0x17 is a hypercall and adds 4, 1, 2 and 5 emulate MMIO at " +
      "BADV and add 4 or panic without a region, and any other code panics.",
    sources: [hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
  "PROTO-HV-06": {
    text: "GSPR emulation: cpucfg below 21 gives the host's word and others 0, CSR accesses of all " +
      "three kinds give 0 and change nothing, cacop and idle do nothing, IOCSR becomes MMIO at " +
      "0x1FE00000 + rj with reads sign-extended.",
    sources: [hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
  "PROTO-HV-07": {
    text: "A hypercall takes its code from a0 and arguments from a1 and a2, returns in a0, and ignores " +
      "the immediate of hvcl.",
    sources: [hvisor("hypercall/mod.rs"), hvisor("arch/loongarch64/hypercall.rs")],
    confidence: "high",
  },
  "PROTO-HV-08": {
    text: "A timer interrupt of the host is acknowledged, clears GINTC.HWIS and turns the host's timer " +
      "off; an IPI runs queued events and is cleared; a hardware line is only logged.",
    sources: [hvisor("arch/loongarch64/trap.rs"), hvisor("device/irqchip/ls7a2000/mod.rs")],
    confidence: "high",
  },
  "PROTO-HV-09": {
    text: "inject_irq(n) writes GINTC.HWIS = 1 << (n - 2) for n 2 to 9, replacing the field, and " +
      "otherwise ORs bit n into GCSR.ESTAT, and then starts the host's timer to withdraw the level.",
    sources: [hvisor("device/irqchip/ls7a2000/mod.rs")],
    confidence: "high",
  },
  "PROTO-HV-10": {
    text: "The guest's timer registers and ESTAT are never written back, so the guest's timer has to " +
      "run on by itself across exits (LVZ-TIME-03).",
    sources: [hvisor("arch/loongarch64/trap.rs")],
    confidence: "high",
  },
} satisfies RuleTable<"PROTO-HV">;
