/**
 * Exits through the whole of KVM's world switch in assembly, in one image with what stands for its C code.
 *
 * @module
 */
import { KVM_SWITCH_TEXT } from "../../vcpu/kvm/switch_text.ts";
import type { ImageText } from "../image.ts";
import { type Cause, guestText, SECOND_STAGE } from "./guest.ts";
import { DONE, vmmText } from "./vmm.ts";

/** The image for a cause. */
export function kvmExits(cause: Cause): ImageText {
  return {
    setup: `${SECOND_STAGE}
  la.pcrel $a1, context
  la.pcrel $t0, kvm_exc_entry
  st.d   $t0, $a1, ARCH_EXIT_ENTRY
  la.pcrel $t0, serve
  st.d   $t0, $a1, ARCH_HANDLER
  la.pcrel $t0, guest
  st.d   $t0, $a1, ARCH_PC`,
    body: `
  la.pcrel $a1, context
  st.d   $s8, $a1, 8 * 31
  bl     kvm_enter_guest
  la.pcrel $a1, context
  ld.d   $t0, $a1, 8 * 31
  bnez   $t0, failed`,
    data: `${guestText(cause, DONE)}
${vmmText({ gprs: "0", pc: "ARCH_PC", estat: "ARCH_ESTAT", badi: "ARCH_BADI" })}
${KVM_SWITCH_TEXT}
  .data
  .balign 4096                         # no page of the code, as a linker has it
context:
  .space ARCH_BYTES`,
  };
}
