/**
 * The least that a host can do about an exit: advance ERA, return by ertn. A guest's registers stay where they are.
 *
 * @module
 */
import type { ImageText } from "../image.ts";
import { type Cause, DEVICE_VALUE, guestText, SECOND_STAGE } from "./guest.ts";

/** Past the instruction that exited. */
const RESUME = `
  csrrd  $t0, ERA
  addi.d $t0, $t0, 4
  csrwr  $t0, ERA
  ertn`;

/** What each cause needs beside that. */
const ANSWER: Readonly<Record<Cause, string>> = {
  hvcl: RESUME,
  cpucfg: `  cpucfg $a0, $a1${RESUME}`,
  MMIO: `  li.w   $a0, ${DEVICE_VALUE}${RESUME}`,
};

const SLOTS: Readonly<Record<number, Cause>> = { 1: "MMIO", 22: "cpucfg", 23: "hvcl" };
const LAST_SLOT = 23;

/** One vector of 2^VS instructions for each exception code, so that no handler has to look what it is for. */
function vectors(cause: Cause): string {
  const slots = Array.from({ length: LAST_SLOT + 1 }, (_, ecode) => {
    const served = SLOTS[ecode];
    const code = served === cause
      ? ANSWER[cause]
      : served === undefined
      ? "  b      failed"
      : "  b      finished";
    return `  .balign 0x80\n${code}`;
  });
  return `  .balign 0x1000\nvectors:\n${slots.join("\n")}`;
}

/** The image for a cause. */
export function minimalExits(cause: Cause): ImageText {
  return {
    setup: `${SECOND_STAGE}
  la.pcrel $t0, vectors
  csrwr  $t0, EENTRY
  li.d   $t0, 5 << 16             # VS
  csrwr  $t0, ECFG
  csrwr  $zero, PRMD
  li.d   $t0, 1 << 1 | 1 << 16    # PVM, GID 1
  csrwr  $t0, GSTAT`,
    body: `
  la.pcrel $t0, guest
  csrwr  $t0, ERA
  ertn
finished:
  bnez   $s8, failed`,
    data: `${guestText(cause, cause === "hvcl" ? "cpucfg $a0, $a1" : "hvcl   1")}\n${vectors(cause)}`,
  };
}
