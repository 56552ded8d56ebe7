/**
 * The trap frame of hvisor (PROTO-HV-04): 96 words below the address in SAVE3.
 *
 * @module
 */
import { FrameFormat } from "../context_frame.ts";

/** PGDL and PGDH, which hvisor does not use any more, and what aligns the frame to 16 bytes. */
const TAIL = 3;

/** General registers, PC, the guest's CSRs in the order of their numbers. */
export const HVISOR_FRAME = new FrameFormat(
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
  TAIL,
);

/** Bytes of the frame, as its assembly code has them. */
export const FRAME_BYTES = 768n;
