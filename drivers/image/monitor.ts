/**
 * The monitor: the program of an image, which makes the machine what each state says, lets it run, and prints what it became. It is
 * assembled by our own assembler.
 *
 * @module
 */
import { assemble } from "../../core/asm/mod.ts";
import { csrByName } from "../../core/csr/table.ts";
import { encode } from "../../core/isa/encode.ts";
import { ISA } from "../../core/isa/table.ts";
import { APART, ENTRY, MONITOR, MONITOR_CODE } from "./places.ts";
import { CSR_SLOT, type CsrSlot, type Slots } from "./slots.ts";
import { enterText } from "./monitor_enter.ts";
import { exitText } from "./monitor_exit.ts";
import { printText } from "./monitor_print.ts";
import { stage2Text } from "./monitor_stage2.ts";
import { address, RECORD, SLOT_FLAG } from "./monitor_text.ts";

/** A monitor, ready to be put into an image. */
export interface Monitor {
  /** All of it, from {@linkcode MONITOR}'s start. */
  readonly bytes: Uint8Array;
  /** Physical addresses of what an image refers to. */
  readonly at: (label: MonitorLabel) => number;
}

/** Labels that an image refers to: the start, the code of the last steps, and where a state that reached its end goes. */
export type MonitorLabel =
  | "_start"
  | "restore"
  | "stub"
  | "general"
  | "refill"
  | "ended"
  | "count"
  | "left"
  | "record";

const START = (slots: Slots) => `
_start:
  ori   $t0, $zero, 8
  csrwr $t0, CRMD
  li.w  $s8, 0
  bl    load_pointers
  # Which CSRs does this machine have?
  move  $s6, $zero
1:
  bl    note_exceptions
  bl    read_csr
  bnez  $s7, 3f
  add.d $t1, $s4, $s6
  ld.bu $t0, $t1, 0
  ori   $t2, $t0, ${SLOT_FLAG.canRead}
  st.b  $t2, $t1, 0
  andi  $t0, $t0, ${SLOT_FLAG.writable}
  beqz  $t0, 3f
  ${address("$t0", "resets")}
  alsl.d $t0, $s6, $t0, 3
  ld.d $t0, $t0, ${8 * CSR_SLOT}
  bl    write_csr
  bnez  $s7, 3f
  add.d $t1, $s4, $s6
  ld.bu $t0, $t1, 0
  ori   $t0, $t0, ${SLOT_FLAG.canWrite}
  st.b  $t0, $t1, 0
3:
  addi.d $s6, $s6, 1
  bne   $s6, $s5, 1b
  # What the first line says of interrupts is found out by trying.
  bl    ignore_exceptions
  .word 0
  bl    forget
  b     print_first
first_state:
  ${address("$t0", "record")}
  ld.d  $s0, $t0, 0
  ${address("$t0", "count")}
  ld.d  $t0, $t0, 0
  beqz  $t0, print_last
  b     enter

next_state:
  ld.wu $t0, $s0, ${RECORD.size}
  add.d $s0, $s0, $t0
  ${address("$t0", "record")}
  st.d  $s0, $t0, 0
  ${address("$t0", "left")}
  ld.d  $t1, $t0, 0
  addi.d $t1, $t1, -1
  st.d  $t1, $t0, 0
  beqz  $t1, print_last
  b     enter

load_pointers:
  ${address("$s0", "record")}
  ld.d  $s0, $s0, 0
  ${address("$s1", "vec_start")}
  ${address("$s2", "vec_write")}
  ${address("$s3", "saved")}
  ${address("$s4", "flags")}
  ori   $s5, $zero, ${slots.csrs.length}
  ret

# The CSR of slot s6 from or to t0; changes t1.
read_csr:
  ${address("$t1", "csr_reads")}
  alsl.d $t1, $s6, $t1, 3
  jr    $t1
write_csr:
  ${address("$t1", "csr_writes")}
  alsl.d $t1, $s6, $t1, 3
  jr    $t1

# From now on an exception sets s7 and returns from the subroutine that raised it.
note_exceptions:
  move  $s7, $zero
  la.local $t0, 1f
  b     2f
1:
  ori   $s7, $zero, 1
  csrwr $ra, ERA
  csrrd $ra, ERA
  ertn
# From now on an exception goes to the next instruction.
ignore_exceptions:
  la.local $t0, 3f
2:
  ${address("$t1", "internal_target")}
  st.d  $t0, $t1, 0
  csrwr $zero, ECFG
  li.w  $t0, ${ENTRY.internal}
  csrwr $t0, EENTRY
  ret
3:
  csrrd $t8, ERA
  addi.d $t8, $t8, 4
  csrwr $t8, ERA
  ertn
`;

const access = (verb: string, { csr, isGuest }: CsrSlot) =>
  `  ${isGuest ? "g" : ""}csr${verb} $t0, ${csr.number}\n  ret`;

const dwords = (values: readonly bigint[]) => values.map((v) => `  .dword 0x${v.toString(16)}`).join("\n");

function flagsOf({ mask, observed, isLate }: CsrSlot): number {
  return (mask === 0n || isLate ? 0 : SLOT_FLAG.writable) | (observed ? SLOT_FLAG.observed : 0);
}

const DATA = (slots: Slots) => `
csr_reads:
${slots.csrs.map((slot) => access("rd", slot)).join("\n")}
csr_writes:
${slots.csrs.map((slot) => access("wr", slot)).join("\n")}
  .section .data
  .balign ${APART}
count: .dword 0
record: .dword 0
left: .dword 0
blocks: .dword 0
internal_target: .dword 0
kind: .word 0
stale: .word 0
patched: .space ${4 * RECORD.patchCount}
scratch: .word 0
  .balign 8
vec_start: .space ${8 * slots.count}
vec_write: .space ${8 * slots.count}
saved: .space ${8 * slots.count}
resets:
  .dword 8   # CRMD
  .space ${8 * (CSR_SLOT - 1)}
${dwords(slots.csrs.map(({ reset }) => reset))}
masks:
${dwords(slots.csrs.map(({ mask }) => mask))}
flags: .byte ${slots.csrs.map(flagsOf).join(", ")}
`;

function sourceOf(slots: Slots): string {
  return [
    exitText(slots),
    stage2Text(slots),
    printText(slots),
    START(slots),
    "enter:",
    enterText(slots),
    DATA(slots),
  ].join("\n");
}

/** The word of `b` from one address to another. */
export function jump(from: number, to: number): number {
  const instruction = ISA.get("b");
  if (instruction === undefined) throw new TypeError("Cannot encode b: it is no row");
  return encode(instruction, [BigInt(to - from)]);
}

function build(slots: Slots): Monitor {
  const program = assemble(sourceOf(slots), {
    name: "monitor.s",
    origin: BigInt(MONITOR_CODE),
    csrNumber: (name) => csrByName(name)?.number,
  });
  const at = (label: string) => {
    const address = program.symbols.get(label);
    if (address === undefined) throw new RangeError(`Cannot find ${label}: the monitor has no such label`);
    return Number(address);
  };
  const end = Math.max(...program.segments.map((s) => Number(s.address) + s.bytes.length));
  if (end > MONITOR.end) {
    throw new RangeError(`Cannot place the monitor: it ends at 0x${end.toString(16)}`);
  }
  const bytes = new Uint8Array(end - MONITOR.start);
  const view = new DataView(bytes.buffer);
  const general = at("general");
  for (let offset = 0; offset < ENTRY.generalBytes; offset += 4) {
    view.setUint32(offset, jump(ENTRY.general + offset, general), true);
  }
  for (const s of program.segments) bytes.set(s.bytes, Number(s.address) - MONITOR.start);
  return { bytes, at };
}

const KNOWN = new WeakMap<Slots, Monitor>();

/** The monitor for a vector of slots, made once. */
export function monitorFor(slots: Slots): Monitor {
  let monitor = KNOWN.get(slots);
  if (monitor === undefined) KNOWN.set(slots, monitor = build(slots));
  return monitor;
}
