/**
 * The part of the monitor that makes the machine what a state says, and starts it.
 *
 * @module
 */
import { CRMD_SLOT, CSR_SLOT, type CsrSlot, FCC_SLOT, FCSR_SLOT, FPR_SLOT, type Slots } from "./slots.ts";
import { APART } from "./places.ts";
import { address, FLAG, forRegisters, RECORD, SLOT_FLAG, times } from "./monitor_text.ts";

/** IOCSRs of the processor's own inter-processor interrupt. */
const IPI = { enable: 0x1004, set: 0x1008, clear: 0x100c } as const;
const T0 = 12;

/** Stops what could disturb, and takes back what only ertn takes back: debug mode and the handling of a machine error. */
const QUIET = `
  csrwr $zero, TLBRERA   # first: in QEMU, exceptions of a refill handler are refills
  bl    ignore_exceptions
  csrwr $zero, TCFG
  ori   $t0, $zero, 1
  csrwr $t0, TICLR
  csrwr $zero, ECFG
  csrwr $zero, ESTAT
  ori   $t0, $zero, 8
  csrwr $t0, CRMD
  csrwr $zero, MISC
  ori   $t0, $zero, 1
  csrwr $t0, EUEN
quiet_again:
  csrwr $zero, TLBRERA
  csrwr $zero, DBG
  ori   $t0, $zero, 0x80   # PDA
  csrwr $t0, MERRCTL
  csrrd $t0, DBG
  csrrd $t1, MERRCTL
  or    $t0, $t0, $t1
  andi  $t0, $t0, 1
  beqz  $t0, 1f
  ${address("$t0", "quiet_again")}
  csrwr $t0, ERA
  ${address("$t0", "quiet_again")}
  csrwr $t0, DERA
  ${address("$t0", "quiet_again")}
  csrwr $t0, MERRERA
  csrwr $zero, PRMD
  ertn
1:
  invtlb 0, $zero, $zero
`;

/** ESTAT's codes and BADI cannot be written: an undefined instruction of all zeros clears BADI, an interrupt the codes. */
const FORGET = `
forget:
  csrrd $t0, ESTAT
  srli.d $t0, $t0, 16
  csrrd $t1, BADI
  or    $t0, $t0, $t1
  beqz  $t0, forgotten
  ${address("$t1", "internal_target")}
  la.local $t0, 1f
  st.d  $t0, $t1, 0
  .word 0
1:
  la.local $t0, 3f
  st.d  $t0, $t1, 0
  li.w  $t1, ${IPI.enable}
  li.w  $t0, -1
  iocsrwr.w $t0, $t1
  ori   $t0, $zero, 1
  li.w  $t1, ${IPI.set}
  iocsrwr.w $t0, $t1
  ori   $t0, $zero, 1
  csrwr $t0, ESTAT
  li.w  $t0, 0x1001
  csrwr $t0, ECFG
  ori   $t0, $zero, 12
  csrwr $t0, CRMD
  ori   $t0, $zero, 0xfff
2:
  addi.d $t0, $t0, -1
  bnez  $t0, 2b
  # No interrupt comes: the codes stay, and the first line says so.
  ${address("$t1", "stale")}
  ori   $t0, $zero, 1
  st.w  $t0, $t1, 0
  ori   $t0, $zero, 8
  csrwr $t0, CRMD
3:
  li.w  $t1, ${IPI.clear}
  li.w  $t0, -1
  iocsrwr.w $t0, $t1
  csrwr $zero, ESTAT
  csrwr $zero, ECFG
forgotten:
  ret
`;

/** The vector to write: the reset values, and over them what the record names. */
const vectorText = (slots: Slots) => `
  ${address("$t0", "resets")}
  move  $t1, $s2
  li.d  $t2, ${8 * slots.count}
  add.d $t2, $t0, $t2
1:
  ld.d  $t3, $t0, 0
  st.d  $t3, $t1, 0
  addi.d $t0, $t0, 8
  addi.d $t1, $t1, 8
  bne   $t0, $t2, 1b
  addi.d $t0, $s0, ${RECORD.mask}                      # word of the mask
  addi.d $t1, $t0, ${8 * maskWords(slots)}             # value
  move  $t2, $s2
1:
  ld.d  $t3, $t0, 0
2:
  beqz  $t3, 3f
  ctz.d $t4, $t3
  addi.d $t5, $t3, -1
  and   $t3, $t3, $t5
  ld.d  $t5, $t1, 0
  addi.d $t1, $t1, 8
  alsl.d $t4, $t4, $t2, 3
  st.d  $t5, $t4, 0
  b     2b
3:
  addi.d $t0, $t0, 8
  addi.d $t2, $t2, ${8 * 64}
  addi.d $t3, $s0, ${RECORD.mask + 8 * maskWords(slots)}
  bne   $t0, $t3, 1b
`;

/** t1 is left at the memory blocks by the values. */
const MEMORY = `
  ${address("$t0", "blocks")}
  st.d  $t1, $t0, 0
  ld.wu $t2, $s0, ${RECORD.blocks}
1:
  beqz  $t2, 4f
  ld.wu $t3, $t1, 0
  ld.wu $t4, $t1, 4
  addi.d $t1, $t1, 8
2:
  beqz  $t4, 3f
  ld.w  $t5, $t1, 0
  st.w  $t5, $t3, 0
  addi.d $t1, $t1, 4
  addi.d $t3, $t3, 4
  addi.d $t4, $t4, -1
  b     2b
3:
  addi.d $t1, $t1, 7
  bstrins.d $t1, $zero, 2, 0
  addi.d $t2, $t2, -1
  b     1b
4:
  ${address("$t3", "patched")}
${
  times(RECORD.patchCount, (n) => `
  ld.wu $t0, $s0, ${RECORD.patches + 8 * n}
  beqz  $t0, 5f
  ld.w  $t1, $t0, 0
  st.w  $t1, $t3, ${4 * n}
  ld.w  $t1, $s0, ${RECORD.patches + 8 * n + 4}
  st.w  $t1, $t0, 0
5:`)
}
`;

const FLOATING_POINT = `
${times(32, (n) => `  fld.d $f${n}, $s2, ${8 * (FPR_SLOT + n)}`)}
  ld.d  $t0, $s2, ${8 * FCSR_SLOT}
  movgr2fcsr $fcsr0, $t0
  ld.d  $t0, $s2, ${8 * FCC_SLOT}
${times(8, (n) => `  movgr2cf $fcc${n}, $t0\n  srli.d $t0, $t0, 1`)}
`;

/**
 * Where a write did not stick in a register that the state names, the vector of the start says what should be there, so that the line
 * names the register. The others are what they are.
 */
const CSRS = `
  ${address("$t0", "scratch")}
  ll.w  $t1, $t0, 0   # leaves the LLbit clear
  sc.w  $t1, $t0, 0
  move  $s6, $zero
1:
  add.d $t1, $s4, $s6
  ld.bu $t1, $t1, 0
  andi  $t1, $t1, 8
  beqz  $t1, 2f
  alsl.d $t1, $s6, $s2, 3
  ld.d $t0, $t1, ${8 * CSR_SLOT}
  bl    write_csr
2:
  addi.d $s6, $s6, 1
  bne   $s6, $s5, 1b
${times(CSR_SLOT, (n) => `  ld.d $t0, $s2, ${8 * n}\n  st.d $t0, $s1, ${8 * n}`)}
  move  $s6, $zero
  ${address("$s7", "masks")}
3:
  add.d $t1, $s4, $s6
  ld.bu $t1, $t1, 0
  andi  $t1, $t1, 4
  beqz  $t1, 5f
  bl    read_csr
  addi.d $t1, $s6, ${CSR_SLOT}
  srli.d $t2, $t1, 6
  alsl.d $t2, $t2, $s0, 3
  ld.d  $t2, $t2, ${RECORD.mask}
  srl.d $t2, $t2, $t1
  andi  $t2, $t2, 1
  beqz  $t2, 4f
  alsl.d $t1, $s6, $s7, 3
  ld.d  $t1, $t1, 0
  andn  $t0, $t0, $t1
  alsl.d $t2, $s6, $s2, 3
  ld.d $t2, $t2, ${8 * CSR_SLOT}
  and   $t1, $t1, $t2
  or    $t0, $t0, $t1
4:
  alsl.d $t1, $s6, $s1, 3
  st.d $t0, $t1, ${8 * CSR_SLOT}
5:
  addi.d $s6, $s6, 1
  bne   $s6, $s5, 3b
`;

/** Timers start at the last moment. */
const startTimer = ({ slot, csr, isGuest }: CsrSlot) => `
  ld.bu $t0, $s4, ${slot - CSR_SLOT}
  andi  $t0, $t0, ${SLOT_FLAG.canRead}
  beqz  $t0, 2f
  li.w  $t0, ${8 * slot}
  ldx.d $t0, $s2, $t0
  ${isGuest ? "g" : ""}csrwr $t0, ${csr.number}
2:`;

const goText = (slots: Slots) => `
  ld.w  $t0, $s0, ${RECORD.flags}
  andi  $t1, $t0, ${FLAG.guest}
  beqz  $t1, 1f
  ld.d  $t1, $s1, ${8 * (slots.named("GSTAT", false)?.slot ?? 0)}
  ori   $t1, $t1, 1
  st.d  $t1, $s1, ${8 * (slots.named("GSTAT", false)?.slot ?? 0)}
1:
  ${address("$t0", "stub")}
${times(RECORD.stubWords, (n) => `  ld.w $t1, $s0, ${RECORD.stub + 4 * n}\n  st.w $t1, $t0, ${4 * n}`)}
  ibar  0
  ld.w  $t0, $s0, ${RECORD.flags}
  andi  $t0, $t0, ${FLAG.ertn}
  beqz  $t0, 1f
  ld.d  $t0, $s0, ${RECORD.era}
  csrwr $t0, ERA
  ld.d  $t0, $s0, ${RECORD.prmd}
  csrwr $t0, PRMD
1:
${slots.csrs.filter(({ isLate }) => isLate).map(startTimer).join("\n")}
  ld.d  $t0, $s0, ${RECORD.crmd}
  st.d  $t0, $s2, ${8 * CRMD_SLOT}
  ld.d  $t1, $s0, ${RECORD.restore}
  jr    $t1
  .balign ${APART}
restore:
  ${address("$t0", "vec_write")}
${forRegisters((name, n) => `  ld.d ${name}, $t0, ${8 * n}`, [T0])}
  ld.d  $t0, $t0, ${8 * CRMD_SLOT}
  csrwr $t0, CRMD
stub:
  .fill ${RECORD.stubWords}, 4, 0
  .balign ${APART}
`;

/** 64-bit words of the mask in a record. */
export function maskWords(slots: Slots): number {
  return Math.ceil(slots.count / 64);
}

/** The source of this part; s0 points to the record. */
export function enterText(slots: Slots): string {
  return [QUIET, "  bl forget", vectorText(slots), MEMORY, FLOATING_POINT, CSRS, goText(slots), FORGET].join(
    "\n",
  );
}
