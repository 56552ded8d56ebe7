/**
 * What stands for the compiled part of a hypervisor in an image: it finds out why the guest exited, decodes the instruction, changes the
 * guest's registers in its context.
 *
 * @module
 */
import { DEVICE_VALUE } from "./guest.ts";

/** Where a context, which `$a1` points to, has what a VMM needs: bytes as expressions of the assembler. */
export interface ContextPlaces {
  /** r0 of 32 general registers. */
  readonly gprs: string;
  readonly pc: string;
  readonly estat: string;
  readonly badi: string;
}

/** A guest that is done makes this hypercall. */
export const DONE = "hvcl   1";

/**
 * The function `serve(_, context)`: 1 if the guest is to go on, 0 if it is done or did what is not expected. It changes t0 to t3.
 */
export function vmmText({ gprs, pc, estat, badi }: ContextPlaces): string {
  return `
  .text
serve:
  ld.d   $t0, $a1, ${estat}
  bstrpick.d $t0, $t0, 21, 16
  ld.d   $t1, $a1, ${pc}
  addi.d $t1, $t1, 4
  st.d   $t1, $a1, ${pc}
  ld.wu  $t1, $a1, ${badi}
  addi.d $t2, $t0, -23
  beqz   $t2, serve_hypercall
  addi.d $t2, $t0, -22
  beqz   $t2, serve_cpucfg
  addi.d $t2, $t0, -1
  bnez   $t2, serve_end
serve_load:
  srli.d $t0, $t1, 22
  addi.d $t0, $t0, -0xa2          # ld.w
  bnez   $t0, serve_end
  li.w   $t3, ${DEVICE_VALUE}
serve_result:
  bstrpick.d $t0, $t1, 4, 0       # rd
  alsl.d $t0, $t0, $a1, 3
  st.d   $t3, $t0, ${gprs}
  li.w   $a0, 1
  jr     $ra
serve_cpucfg:
  srli.d $t0, $t1, 10
  addi.d $t0, $t0, -0x1b
  bnez   $t0, serve_end
  bstrpick.d $t0, $t1, 9, 5       # rj
  alsl.d $t0, $t0, $a1, 3
  ld.d   $t3, $t0, ${gprs}
  cpucfg $t3, $t3
  b      serve_result
serve_hypercall:
  bstrpick.d $t0, $t1, 14, 0
  bnez   $t0, serve_end
  li.d   $t0, -1                  # no such service
  st.d   $t0, $a1, ${gprs} + 8 * 4
  li.w   $a0, 1
  jr     $ra
serve_end:
  move   $a0, $zero
  jr     $ra`;
}
