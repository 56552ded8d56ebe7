/**
 * KVM's world switch as assembly text of our own, written from PROTO-KVM-10 to -13, and the host's refill handler beside it.
 *
 * @module
 */

/** The source. The C code of KVM stands in `vcpu.ts`; what it shares with this text are the offsets at its head. */
export const KVM_SWITCH_TEXT = String.raw`
# The vCPU's context: general registers first, then what is named here.
        .equ    ARCH_PC, 256
        .equ    ARCH_ESTAT, 264
        .equ    ARCH_BADV, 272
        .equ    ARCH_BADI, 280
        .equ    ARCH_ROOT, 288          # physical address of the stage-2 root
        .equ    ARCH_EXIT_ENTRY, 296
        .equ    ARCH_HOST_VS, 304       # ECFG.VS of the host, in its place
        .equ    ARCH_HOST_EENTRY, 312
        .equ    ARCH_HOST_PGDL, 320
        .equ    ARCH_HOST_SP, 328
        .equ    ARCH_HOST_TP, 336
        .equ    ARCH_HOST_R21, 344
        .equ    ARCH_RUN, 352
        .equ    ARCH_HANDLER, 360
        .equ    ARCH_BYTES, 368

        .equ    PT_REGS_BYTES, 320

        .macro  vcpu_pointer op, reg
        \op     \reg, SAVE4
        .endm

        .macro  scratch op, reg
        \op     \reg, SAVE5
        .endm

# What a C caller expects back, but for sp and r21: in the slots of a pt_regs.
        .macro  host_registers op
        .irp    number, 1, 2, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        \op     $r\number, $sp, 8 * \number
        .endr
        .endm

# All of the guest's but r0 and r6, which holds the context.
        .macro  guest_registers op
        .irp    number, 1, 2, 3, 4, 5, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        \op     $r\number, $a2, 8 * \number
        .endr
        .endm

        .text
# kvm_enter_guest(run, context): enters, and returns what the exit handler returned last.
        .globl  kvm_enter_guest
kvm_enter_guest:
        addi.d  $sp, $sp, -PT_REGS_BYTES
        host_registers st.d
        addi.d  $t0, $sp, PT_REGS_BYTES
        st.d    $t0, $sp, 8 * 3
        move    $a2, $a1
        st.d    $sp, $a2, ARCH_HOST_SP
        st.d    $tp, $a2, ARCH_HOST_TP
        st.d    $r21, $a2, ARCH_HOST_R21
        st.d    $a0, $a2, ARCH_RUN
        move    $t0, $a2
        vcpu_pointer csrwr, $t0

switch_in:
        csrrd   $t0, ECFG               # one entry for all exits
        bstrins.d $t0, $zero, 18, 16
        csrwr   $t0, ECFG
        ld.d    $t0, $a2, ARCH_EXIT_ENTRY
        csrwr   $t0, EENTRY
        ld.d    $t0, $a2, ARCH_PC
        csrwr   $t0, ERA
        ld.d    $t0, $a2, ARCH_ROOT
        csrwr   $t0, PGDL
        csrrd   $t0, GSTAT
        bstrpick.d $t0, $t0, 23, 16
        csrrd   $t1, GTLBC
        bstrins.d $t1, $t0, 23, 16
        csrwr   $t1, GTLBC
        li.w    $t0, 1 << 2             # PIE, PPLV 0
        csrwr   $t0, PRMD
        li.w    $t0, 1 << 1             # PVM
        li.w    $t1, 1 << 1
        csrxchg $t0, $t1, GSTAT
        guest_registers ld.d
        ld.d    $a2, $a2, 8 * 6
        ertn

        .section .exit.text, "ax"
        .balign 0x1000
        .globl  kvm_exc_entry
kvm_exc_entry:
        scratch csrwr, $a2
        vcpu_pointer csrrd, $a2
        guest_registers st.d
        scratch csrrd, $t0
        st.d    $t0, $a2, 8 * 6
        csrrd   $t0, ESTAT
        st.d    $t0, $a2, ARCH_ESTAT
        csrrd   $t0, ERA
        st.d    $t0, $a2, ARCH_PC
        csrrd   $t0, BADV
        st.d    $t0, $a2, ARCH_BADV
        csrrd   $t0, BADI
        st.d    $t0, $a2, ARCH_BADI

        csrrd   $t0, ECFG
        ld.d    $t1, $a2, ARCH_HOST_VS
        or      $t0, $t0, $t1
        csrwr   $t0, ECFG
        ld.d    $t0, $a2, ARCH_HOST_EENTRY
        csrwr   $t0, EENTRY
        ld.d    $t0, $a2, ARCH_HOST_PGDL
        csrwr   $t0, PGDL
        li.w    $t0, 1 << 1             # PVM
        csrxchg $zero, $t0, GSTAT
        lu12i.w $t0, 0xff << 4          # TGID
        csrxchg $zero, $t0, GTLBC

        ld.d    $tp, $a2, ARCH_HOST_TP
        ld.d    $sp, $a2, ARCH_HOST_SP
        ld.d    $r21, $a2, ARCH_HOST_R21
        ld.d    $t0, $a2, ARCH_HANDLER
        ld.d    $a0, $a2, ARCH_RUN
        move    $a1, $a2
        move    $s0, $a2                # outlives the call
        jirl    $ra, $t0, 0
        blez    $a0, leave
        move    $a2, $s0
        move    $t0, $a2
        vcpu_pointer csrwr, $t0
        b       switch_in

leave:
        host_registers ld.d
        addi.d  $sp, $sp, PT_REGS_BYTES
        jr      $ra
`;

/** The refill handler of Linux, which knows nothing of guests: three levels of 16 KiB pages, and one register of its own. */
export const HOST_REFILL_TEXT = String.raw`
        .text
handle_tlb_refill:
        csrwr   $t0, TLBRSAVE
        csrrd   $t0, PGD
        lddir   $t0, $t0, 3
        lddir   $t0, $t0, 1
        ldpte   $t0, 0
        ldpte   $t0, 1
        tlbfill
        csrrd   $t0, TLBRSAVE
        ertn
`;
