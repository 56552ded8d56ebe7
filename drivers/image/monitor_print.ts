/**
 * The part of the monitor that prints.
 *
 * A line is `R` and the number of the state, a letter for its ending, then the slots that changed, `slot=value`; a slot that says how
 * the state ended is printed in any case, as `slot:value` where it did not change; then words of memory, `@address=value`; then `*` and
 * a checksum. All numbers are hexadecimal.
 *
 * @module
 */
import { FCSR_SLOT, type Slots } from "./slots.ts";
import { address, RECORD } from "./monitor_text.ts";
import { KIND_LETTERS } from "./monitor_exit.ts";
import { APART, DEVICE } from "./places.ts";

/** 32-bit FNV. */
export const CHECKSUM = { start: 0x811c9dc5, factor: 0x01000193, bits: 24 } as const;

/** Sends the character in a0; changes t0 and t1. s8 is the checksum. */
const PUT = `
put:
  xor   $s8, $s8, $a0
  li.w  $t0, ${CHECKSUM.factor}
  mul.w $s8, $s8, $t0
  li.w  $t1, ${DEVICE.uart}
1:
  ld.bu $t0, $t1, 5
  andi  $t0, $t0, 0x20
  beqz  $t0, 1b
  st.b  $a0, $t1, 0
  ret

# Prints a1 without leading zeros; changes t0 to t3.
put_hex:
  move  $t3, $ra
  ori   $t2, $zero, 64
  clz.d $t0, $a1
  bstrins.d $t0, $zero, 1, 0
  sub.d $t2, $t2, $t0
  bnez  $t2, 1f
  ori   $t2, $zero, 4
1:
  addi.d $t2, $t2, -4
  srl.d $a0, $a1, $t2
  andi  $a0, $a0, 15
  addi.d $a0, $a0, 48
  sltui $t0, $a0, 58
  bnez  $t0, 2f
  addi.d $a0, $a0, 39
2:
  bl    put
  bnez  $t2, 1b
  jr    $t3

# Ends a line; changes t0 to t4.
put_end:
  move  $t4, $ra
  ori   $a0, $zero, 32
  bl    put
  bstrpick.d $a1, $s8, ${CHECKSUM.bits - 1}, 0
  ori   $a0, $zero, 42
  bl    put
  bl    put_hex
  ori   $a0, $zero, 10
  bl    put
  jr    $t4

# Prints a2, a space before it, and a1 behind it; changes t0 to t4.
put_pair:
  move  $t4, $ra
  ori   $a0, $zero, 32
  bl    put
  move  $t5, $a1
  move  $a1, $a2
  bl    put_hex
  move  $a0, $a3
  bl    put
  move  $a1, $t5
  bl    put_hex
  jr    $t4
`;

const put = (character: string) => `  ori $a0, $zero, ${character.charCodeAt(0)}\n  bl put`;

const resultText = (slots: Slots) => `
print_result:
  li.w  $s8, ${CHECKSUM.start | 0}
${put("R")}
  ld.wu $a1, $s0, ${RECORD.index}
  bl    put_hex
${put(" ")}
  ${address("$t0", "kind")}
  ld.wu $s6, $t0, 0
  ${address("$t0", "letters")}
  add.d $t0, $t0, $s6
  ld.bu $a0, $t0, 0
  bl    put
  ${address("$t0", "forced")}
  alsl.d $t0, $s6, $t0, 2
  ld.hu $s7, $t0, 0
  ld.hu $fp, $t0, 2
  move  $s6, $zero
1:
  # CSRs that are not there, or not to be looked at.
  slti  $t0, $s6, ${FCSR_SLOT + 2}
  bnez  $t0, 2f
  add.d $t0, $s4, $s6
  ld.bu $t0, $t0, -${FCSR_SLOT + 2}
  andi  $t0, $t0, 6
  addi.d $t0, $t0, -6
  bnez  $t0, 4f
2:
  alsl.d $t0, $s6, $s1, 3
  ld.d  $t0, $t0, 0
  alsl.d $a1, $s6, $s3, 3
  ld.d  $a1, $a1, 0
  ori   $a3, $zero, 61
  bne   $t0, $a1, 3f
  ori   $a3, $zero, 58
  beq   $s6, $s7, 3f
  bne   $s6, $fp, 4f
3:
  move  $a2, $s6
  bl    put_pair
4:
  addi.d $s6, $s6, 1
  slti  $t0, $s6, ${slots.count}
  bnez  $t0, 1b
  # Memory: what changed; then zeros, so that no state finds another's.
  ${address("$t0", "blocks")}
  ld.d  $s6, $t0, 0
  ld.wu $s7, $s0, ${RECORD.blocks}
5:
  beqz  $s7, 9f
  ld.wu $a2, $s6, 0
  ld.wu $fp, $s6, 4
  addi.d $s6, $s6, 8
6:
  beqz  $fp, 8f
  ld.wu $t0, $s6, 0
  ld.wu $a1, $a2, 0
  st.w  $zero, $a2, 0
  beq   $t0, $a1, 7f
${put(" ")}
${put("@")}
  move  $t5, $a1
  move  $a1, $a2
  bl    put_hex
${put("=")}
  move  $a1, $t5
  bl    put_hex
7:
  addi.d $s6, $s6, 4
  addi.d $a2, $a2, 4
  addi.d $fp, $fp, -1
  b     6b
8:
  addi.d $s6, $s6, 7
  bstrins.d $s6, $zero, 2, 0
  addi.d $s7, $s7, -1
  b     5b
9:
  bl    put_end
  b     next_state
`;

/** The first line, the last one, and the one that says that the monitor failed. */
const OTHERS = (slots: Slots) => `
print_first:
  li.w  $s8, ${CHECKSUM.start | 0}
${put("V")}
  ori   $a1, $zero, 1
  bl    put_hex
${put(" ")}
  ${address("$t0", "count")}
  ld.d  $a1, $t0, 0
  bl    put_hex
  move  $s6, $zero
1:
  cpucfg $a1, $s6
  bstrpick.d $a1, $a1, 31, 0
  move  $a2, $s6
  ori   $a3, $zero, 61
  bl    put_pair
  addi.d $s6, $s6, 1
  slti  $t0, $s6, 0x15
  bnez  $t0, 1b
  # Registers that cannot be read, and such as cannot be written but should.
  move  $s6, $zero
2:
  add.d $s7, $s4, $s6
  ld.bu $s7, $s7, 0
  andi  $t0, $s7, 4
  ori   $a0, $zero, 45
  beqz  $t0, 3f
  andi  $t0, $s7, 9
  addi.d $t0, $t0, -1
  ori   $a0, $zero, 126
  bnez  $t0, 4f
3:
  move  $fp, $a0
${put(" ")}
  move  $a0, $fp
  bl    put
  addi.d $a1, $s6, ${FCSR_SLOT + 2}
  bl    put_hex
4:
  addi.d $s6, $s6, 1
  bne   $s6, $s5, 2b
  ${address("$t0", "stale")}
  ld.w  $t0, $t0, 0
  beqz  $t0, 5f
${put(" ")}
${put("!")}
5:
  bl    put_end
  b     first_state

print_last:
  li.w  $s8, ${CHECKSUM.start | 0}
${put("E")}
  ${address("$t0", "count")}
  ld.d  $a1, $t0, 0
  bl    put_hex
  bl    put_end
power_off:
  li.w  $t0, ${DEVICE.power}
  ori   $t1, $zero, 0x34
  st.b  $t1, $t0, 0
1:
  b     1b

  .section .data
  .balign ${APART}
letters: .ascii "${KIND_LETTERS}"
  .balign 4
forced: .half ${forced(slots)}
  .text
`;

function forced(slots: Slots): string {
  const slot = (name: string) => slots.named(name, false)?.slot ?? 0xffff;
  return [
    slot("ESTAT"),
    slot("ERA"),
    slot("TLBRERA"),
    slot("TLBRERA"),
    slot("MERRCTL"),
    slot("MERRERA"),
    0xffff,
    0xffff,
  ].join(", ");
}

/** The source of this part. */
export function printText(slots: Slots): string {
  return [PUT, resultText(slots), OTHERS(slots)].join("\n");
}
