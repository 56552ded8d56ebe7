/**
 * The monitor's entries: how a state ends. The registers are saved before anything else; then the processor is in direct address mode,
 * whatever it was in.
 *
 * @module
 */
import { ENTRY } from "./places.ts";
import { CSR_SLOT, FCC_SLOT, FCSR_SLOT, FPR_SLOT, type Slots } from "./slots.ts";
import { stage2Branch } from "./monitor_stage2.ts";
import { address, forRegisters, RECORD, times } from "./monitor_text.ts";

/** How a state ended, in the order of the letters that name it in a line. */
export const KINDS = ["general", "refill", "machine error", "end"] as const;
export const KIND_LETTERS = "gtme";

const T0 = 12;
const T1 = 13;

/** Only DSAVE and MERRSAVE are changed before all registers are safe. */
const entry = (kind: number) => `
  csrwr $t0, DSAVE
  ori   $t0, $zero, 8
  csrwr $t0, CRMD
  csrwr $t0, MERRSAVE
  ${address("$t0", "saved")}
  st.d  $t1, $t0, ${8 * T1}
  ori   $t1, $zero, ${kind}
  b     save`;

/** The source of this part. */
export const exitText = (slots: Slots) => `
refill: ${entry(1)}
  .org ${ENTRY.machineError - ENTRY.refill}
machine_error: ${entry(2)}
  .org ${ENTRY.internal - ENTRY.refill}
# Exceptions that the monitor itself provokes go where it wants them.
internal:
  ${address("$t8", "internal_target")}
  ld.d  $t8, $t8, 0
  jr    $t8
general: ${entry(0)}
ended: ${entry(3)}

save:
${forRegisters((name, n) => `  st.d ${name}, $t0, ${8 * n}`, [T0, T1])}
  ${address("$t2", "outside")}   # out of the state's window
  jr    $t2
outside:
  ${address("$t2", "kind")}
  st.w  $t1, $t2, 0
  csrrd $t2, DSAVE
  st.d  $t2, $t0, ${8 * T0}
  csrrd $t2, MERRSAVE
  st.d  $t2, $t0, 0
  bl    load_pointers
${stage2Branch(slots)}
  # CSRs, before the monitor changes any.
  move  $s6, $zero
2:
  add.d $t1, $s4, $s6
  ld.bu $t1, $t1, 0
  andi  $t1, $t1, 4
  beqz  $t1, 3f
  bl    read_csr
  alsl.d $t1, $s6, $s3, 3
  st.d $t0, $t1, ${8 * CSR_SLOT}
3:
  addi.d $s6, $s6, 1
  bne   $s6, $s5, 2b
  bl    ignore_exceptions
  ori   $t0, $zero, 1
  csrwr $t0, EUEN
${times(32, (n) => `  fst.d $f${n}, $s3, ${8 * (FPR_SLOT + n)}`)}
  movfcsr2gr $t0, $fcsr0
  st.d  $t0, $s3, ${8 * FCSR_SLOT}
  move  $t0, $zero
${times(8, (n) => `  movcf2gr $t1, $fcc${n}\n  slli.d $t1, $t1, ${n}\n  or $t0, $t0, $t1`)}
  st.d  $t0, $s3, ${8 * FCC_SLOT}
  # The words that led here, unless the state has replaced them itself.
  ${address("$t3", "patched")}
${
  times(RECORD.patchCount, (n) => `
  ld.wu $t0, $s0, ${RECORD.patches + 8 * n}
  beqz  $t0, 4f
  ld.w  $t1, $s0, ${RECORD.patches + 8 * n + 4}
  ld.w  $t2, $t0, 0
  bne   $t1, $t2, 4f
  ld.w  $t2, $t3, ${4 * n}
  st.w  $t2, $t0, 0
4:`)
}
  b     print_result
`;
