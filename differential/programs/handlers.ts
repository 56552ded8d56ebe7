/**
 * The handlers of a generated program: each exception is logged, mended where it can be (a page made valid or dirty), and otherwise
 * skipped.
 *
 * @module
 */
import { hex } from "../../core/hex.ts";
import { AT, INDEX_BITS, LOG, PAGE_BITS, windowed } from "./layout.ts";

/** What user code has in $a7 when its syscall asks to go on in the kernel. */
export const TO_KERNEL = 0x7ff;
/** The SAVE register that holds the address of the current page table. */
export const TABLE_SAVE = "SAVE4";

/** How a mended page's stale entries leave the TLB. */
export const INVALIDATIONS = [
  "invtlb 0x0, $zero, $zero",
  "csrrd $t2, ASID\n  csrrd $t1, BADV\n  invtlb 0x6, $t2, $t1",
  "csrrd $t2, ASID\n  invtlb 0x4, $t2, $zero",
  "invtlb 0x3, $zero, $zero",
] as const;

/**
 * Assembly text of both handlers, aligned as their entries must be. The labels are `general` and `refill`.
 *
 * @param invalidate one of {@linkcode INVALIDATIONS}
 */
export function handlers(invalidate: string): string {
  return `
  .balign 4096
refill:
  csrwr  $t0, TLBRSAVE
  csrrd  $t0, PGD
  lddir  $t0, $t0, 3
  lddir  $t0, $t0, 1
  ldpte  $t0, 0
  ldpte  $t0, 1
  tlbfill
  csrrd  $t0, TLBRSAVE
  ertn

  .balign 4096
general:
  csrwr  $t0, SAVE0
  csrwr  $t1, SAVE1
  csrwr  $t2, SAVE2
  csrwr  $t3, SAVE3
  li.d   $t3, ${hex(windowed(AT.log))}
  csrrd  $t0, ESTAT
  bstrpick.d $t0, $t0, 30, 16
  beqz   $t0, interrupt
  ld.d   $t2, $t3, ${LOG.cursor}        # log it
  addi.d $t1, $t2, 16
  andi   $t1, $t1, ${LOG.eventBytes - 1}
  st.d   $t1, $t3, ${LOG.cursor}
  add.d  $t2, $t2, $t3
  csrrd  $t1, ERA
  st.d   $t1, $t2, ${LOG.events}
  st.d   $t0, $t2, ${LOG.events + 8}
  andi   $t1, $t0, 0x3f
  addi.d $t0, $zero, 8                  # page exceptions and ADE have a bad address
  bltu   $t0, $t1, 1f
  csrrd  $t0, BADV
  slli.d $t0, $t0, 8
  or     $t0, $t0, $t1
  st.d   $t0, $t2, ${LOG.events + 8}
1:
  addi.d $t0, $zero, 4
  bgeu   $t0, $t1, page
  addi.d $t0, $zero, 11
  bne    $t0, $t1, skip
  addi.d $t0, $zero, ${TO_KERNEL}
  bne    $t0, $a7, skip
  addi.d $t0, $zero, 3
  csrxchg $zero, $t0, PRMD
skip:
  csrrd  $t0, ERA
  addi.d $t0, $t0, 4
  csrwr  $t0, ERA
leave:
  csrrd  $t0, SAVE0
  csrrd  $t1, SAVE1
  csrrd  $t2, SAVE2
  csrrd  $t3, SAVE3
  ertn

page:                                    # 1 to 3: make it valid; 4: make it dirty
  csrrd  $t0, BADV
  bstrpick.d $t0, $t0, ${PAGE_BITS + INDEX_BITS - 1}, ${PAGE_BITS}
  csrrd  $t2, ${TABLE_SAVE}
  alsl.d $t0, $t0, $t2, 3
  ld.d   $t2, $t0, 0
  srli.d $t1, $t1, 2
  addi.d $t1, $t1, 1
  or     $t2, $t2, $t1
  st.d   $t2, $t0, 0
  ${invalidate}
  b      leave

interrupt:
  ld.d   $t0, $t3, ${LOG.interruptsTaken}
  addi.d $t0, $t0, 1
  st.d   $t0, $t3, ${LOG.interruptsTaken}
  ld.d   $t0, $t3, ${LOG.interruptsLeft}
  addi.d $t0, $t0, -1
  st.d   $t0, $t3, ${LOG.interruptsLeft}
  bnez   $t0, 1f
  csrwr  $t0, TCFG                       # stopped before it is acknowledged, or one more could come
1:
  addi.d $t0, $zero, 1
  csrwr  $t0, TICLR
  b      leave
`;
}
