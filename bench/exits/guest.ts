/**
 * The guests of the images that count exits: direct mode, identity as the second stage, one exit a turn.
 *
 * QEMU 7.2 has no LVZ, so that these images run only here.
 *
 * @module
 */

/** What makes a guest exit. */
export type Cause = "hvcl" | "cpucfg" | "MMIO";

export const CAUSES: readonly Cause[] = ["hvcl", "cpucfg", "MMIO"];

/** What a load from the device reads. */
export const DEVICE_VALUE = 0x55;
/** Index and answer of `cpucfg`: word 2 of LA464 with LVZ has at least FP, bits 0 to 2. */
const CPUCFG_INDEX = 2;

/**
 * Translations of guest 1, put into the MTLB beforehand: 32 MiB of memory, and a page without memory at {@linkcode DEVICE}, as a refill
 * would leave them.
 */
export const SECOND_STAGE = `
  li.d   $t0, 1 << 12 | 1 << 16   # USETGID, TGID 1
  csrwr  $t0, GTLBC
  li.d   $t0, 24 << 24 | 2048     # 16 MiB pages, first entry behind the STLB
  csrwr  $t0, TLBIDX
  csrwr  $zero, TLBEHI
  li.d   $t0, 0x13                # valid, dirty, cached
  csrwr  $t0, TLBELO0
  li.d   $t0, 0x1000013
  csrwr  $t0, TLBELO1
  tlbwr
  li.d   $t0, 12 << 24 | 2049
  csrwr  $t0, TLBIDX
  li.d   $t0, 0x40000000
  csrwr  $t0, TLBEHI
  csrwr  $zero, TLBELO0
  csrwr  $zero, TLBELO1
  tlbwr
  li.d   $t0, 1 << 16             # GID 1
  csrwr  $t0, GSTAT`;

const EXIT: Readonly<Record<Cause, string>> = {
  hvcl: "hvcl   0",
  cpucfg: `li.w   $a0, 0
  cpucfg $a0, $a1
  beqz   $a0, guest_failed`,
  MMIO: `li.w   $a0, 0
  ld.w   $a0, $a1, 0
  bne    $a0, $a2, guest_failed`,
};

/**
 * A guest that exits as often as `$s8` says, and says by another exit that it is done: by `done`.
 *
 * @param done an instruction that exits otherwise
 */
export function guestText(cause: Cause, done: string): string {
  const address = cause === "cpucfg" ? `li.w   $a1, ${CPUCFG_INDEX}` : "li.d   $a1, 0x40000000";
  return `
guest:
  ${address}
  li.w   $a2, ${DEVICE_VALUE}
1:
  ${EXIT[cause]}
  addi.d $s8, $s8, -1
  bnez   $s8, 1b
guest_failed:
  ${done}`;
}
