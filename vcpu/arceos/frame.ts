/**
 * The context frame of loongarch_vcpu 0.5.5 (PROTO-AV5-01).
 *
 * @module
 */
import { FrameFormat } from "../context_frame.ts";

/** Behind the guest's CSRs: the host's ESTAT, ERA, BADV, BADI, TLBRBADV and TLBRERA at the exit. */
export const EXIT_COPY = 6;

/** General registers, PC, the guest's CSRs in the order of their numbers, what the exit recorded. */
export const ARCEOS_FRAME = new FrameFormat(
  [
    [0x0, 0x8],
    [0xc, 0xc],
    [0x10, 0x13],
    [0x18, 0x1f],
    [0x20, 0x23],
    [0x30, 0x3f],
    [0x40, 0x44],
    [0x60, 0x60],
    [0x88, 0x8f],
    [0x180, 0x183],
  ],
  EXIT_COPY,
);

/** The slot behind the frame holds the host's stack pointer. */
export const HOST_SP_SLOT = ARCEOS_FRAME.words;

/** Words of the frame and that slot. */
export const FRAME_WORDS = HOST_SP_SLOT + 1;
