/**
 * Exits through the whole of loongarch_vcpu's world switch in assembly, in one image with what stands for its Rust code. It swaps all
 * of the guest's CSRs each time.
 *
 * @module
 */
import { ARCEOS_SWITCH_TEXT } from "../../vcpu/arceos/switch_text.ts";
import type { ImageText } from "../image.ts";
import { type Cause, guestText, SECOND_STAGE } from "./guest.ts";
import { DONE, vmmText } from "./vmm.ts";

/** The image for a cause. */
export function arceosExits(cause: Cause): ImageText {
  return {
    setup: `${SECOND_STAGE}
  la.pcrel $a1, frame
  la.pcrel $t0, guest
  st.d   $t0, $a1, 8 * FRAME_PC
  li.w   $t0, 8                   # GCSR.CRMD: direct mode
  st.d   $t0, $a1, 8 * FIRST_CSR
  la.pcrel $t0, exit_vectors
  csrwr  $t0, EENTRY
  li.d   $t0, 5 << 16             # VS
  csrwr  $t0, ECFG
  csrwr  $zero, PRMD
  li.d   $t0, 1 << 1 | 1 << 16    # PVM, GID 1
  csrwr  $t0, GSTAT`,
    body: `
  la.pcrel $a1, frame
  st.d   $s8, $a1, 8 * 31
1:
  la.pcrel $a0, frame_end
  bl     run_guest
  la.pcrel $a1, frame
  bl     serve
  bnez   $a0, 1b
  ld.d   $t0, $a1, 8 * 31
  bnez   $t0, failed`,
    data: `${guestText(cause, DONE)}
${
      vmmText({
        gprs: "0",
        pc: "8 * FRAME_PC",
        estat: "8 * EXIT_COPY",
        badi: "8 * (EXIT_COPY + 3)",
      })
    }
${ARCEOS_SWITCH_TEXT}
  .data
  .balign 4096                         # no page of the code, as a linker has it
frame:
  .space 8 * FRAME_WORDS
frame_end:
  .dword 0                        # the host's stack pointer`,
  };
}
