/**
 * The world switch of loongarch_vcpu as assembly text of our own, written from PROTO-AV5-06 and -07 with the corrections that
 * `vcpu.ts` names.
 *
 * @module
 */

/** The source. The frame is that of `frame.ts`; the Rust code of the crate stands in `vcpu.ts`. */
export const ARCEOS_SWITCH_TEXT = String.raw`
        .equ    FRAME_PC, 32
        .equ    FIRST_CSR, 33
        .equ    FRAME_WORDS, 99        # behind them the host's stack pointer
        .equ    EXIT_COPY, FRAME_WORDS - 6
        .equ    HOST_BYTES, 112         # ra, tp, r21, fp, s0 to s8, and what keeps the stack aligned

# Runs an operation on each of the guest's CSRs in the frame: a load and a write, or a read and a store.
        .macro  csr_range move, first, last
        .set    csr, \first
        .rept   \last - \first + 1
        \move   csr, slot
        .set    csr, csr + 1
        .set    slot, slot + 1
        .endr
        .endm

        .macro  each_csr move
        .set    slot, FIRST_CSR
        csr_range \move, 0x0, 0x8
        csr_range \move, 0xc, 0xc
        csr_range \move, 0x10, 0x13
        csr_range \move, 0x18, 0x1f
        csr_range \move, 0x20, 0x23
        csr_range \move, 0x30, 0x3f
        csr_range \move, 0x40, 0x44
        csr_range \move, 0x60, 0x60
        csr_range \move, 0x88, 0x8f
        csr_range \move, 0x180, 0x183
        .endm

# sp is the end of the frame.
        .macro  in_frame op, reg, slot
        \op     \reg, $sp, 8 * (\slot - FRAME_WORDS)
        .endm

        .macro  restore_csr number, slot
        in_frame ld.d, $t0, \slot
        gcsrwr  $t0, \number
        .endm

        .macro  save_csr number, slot
        gcsrrd  $t0, \number
        in_frame st.d, $t0, \slot
        .endm

# All of the guest's but r0 and r3.
        .macro  guest_registers op
        .irp    number, 1, 2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        in_frame \op, $r\number, \number
        .endr
        .endm

        .macro  host_registers op
        .set    place, 0
        .irp    number, 1, 2, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31
        \op     $r\number, $sp, place
        .set    place, place + 8
        .endr
        .endm

        .macro  copy_exit csr, slot
        csrrd   $t0, \csr
        in_frame st.d, $t0, EXIT_COPY + \slot
        .endm

        .text
# run_guest(end of the frame): returns behind the exit.
        .globl  run_guest
run_guest:
        st.d    $sp, $a0, 0
        addi.d  $sp, $sp, -HOST_BYTES
        host_registers st.d
        move    $sp, $a0
        csrwr   $a0, SAVE3              # where the exit finds the frame
        in_frame ld.d, $t0, 3
        csrwr   $t0, DSAVE
        li.w    $t0, 1                  # IsTLBR, left by an exit out of the refill handler
        csrxchg $zero, $t0, TLBRERA
        in_frame ld.d, $t0, FRAME_PC
        csrwr   $t0, ERA
        each_csr restore_csr
        guest_registers ld.d
        in_frame ld.d, $sp, 3
        ertn

# One slot of 0x80 bytes for each exception code and each interrupt.
        .section .vectors, "ax"
        .balign 0x4000
        .globl  exit_vectors
exit_vectors:
        .rept   64 + 13
        .balign 0x80
        b       guest_exit
        .endr

        .text
guest_exit:
        csrwr   $sp, DSAVE
        csrrd   $sp, SAVE3
        guest_registers st.d
        csrrd   $t0, DSAVE
        in_frame st.d, $t0, 3
        each_csr save_csr
        copy_exit ESTAT, 0
        copy_exit ERA, 1
        copy_exit BADV, 2
        copy_exit BADI, 3
        copy_exit TLBRBADV, 4
        copy_exit TLBRERA, 5
        andi    $t1, $t0, 1
        beqz    $t1, 1f
        xor     $t0, $t0, $t1           # the PC of a refill, without its flag
        b       2f
1:      csrrd   $t0, ERA
2:      in_frame st.d, $t0, FRAME_PC
        ld.d    $sp, $sp, 0
        addi.d  $sp, $sp, -HOST_BYTES
        host_registers ld.d
        addi.d  $sp, $sp, HOST_BYTES
        jr      $ra

# Stage 2: walks the table, and leaves through the exit path where a level is missing.
        .section .refill, "ax"
        .balign 0x1000
        .globl  stage2_refill
stage2_refill:
        csrwr   $t0, TLBRSAVE
        csrrd   $t0, PGD
        .irp    level, 3, 2, 1
        beqz    $t0, leave_refill
        lddir   $t0, $t0, \level
        .endr
        beqz    $t0, leave_refill
        ldpte   $t0, 0
        ldpte   $t0, 1
        tlbfill
        csrrd   $t0, TLBRSAVE
        ertn

leave_refill:
        csrrd   $t0, TLBRSAVE
        b       guest_exit
`;
