/**
 * The part of the monitor that stands for a hypervisor's refill handler: a state with a stage 2 need not bring one. The guest goes on
 * as if the translation had been there.
 *
 * @module
 */
import { encode } from "../../core/isa/encode.ts";
import { ISA } from "../../core/isa/table.ts";
import { DSAVE } from "../../core/csr/basic.ts";
import { address, forRegisters, RANGE, RECORD, times } from "./monitor_text.ts";
import { CRMD_SLOT, type Slots } from "./slots.ts";

const T0 = 12;
const PAGE_SHIFT = 12;
const PAGE = 1 << PAGE_SHIFT;

/** TLBRPRMD.PGM: the refill was the guest's. */
const FROM_GUEST = 8;

/** Registers that the refill or its service changes: they get back what the state started with. */
const RESTORED = ["TLBRBADV", "TLBRERA", "TLBRELO0", "TLBRELO1", "TLBREHI", "TLBRPRMD", "GTLBC"] as const;

function word(name: string, ...operands: readonly bigint[]): number {
  const instruction = ISA.get(name);
  if (instruction === undefined) throw new TypeError(`Cannot encode ${name}: it is no row`);
  return encode(instruction, operands);
}

/** The guest's t0 comes back from DSAVE, as the value is not known when the record is made. */
const STUB = [
  word("csrrd", BigInt(T0), BigInt(DSAVE.number)),
  ...Array.from({ length: RECORD.stubWords - 2 }, () => word("andi", 0n, 0n, 0n)),
];

/** Goes to `serve` for a refill of the guest, if the state leaves those to the monitor. Comes before anything but GPRs is saved. */
export function stage2Branch(slots: Slots): string {
  if (!slots.profile.features.has("LVZ")) return "";
  return `
  ${address("$t0", "kind")}
  ld.w  $t0, $t0, 0
  addi.d $t0, $t0, -1
  bnez  $t0, not_served
  ld.wu $t0, $s0, ${RECORD.rangeCount}
  beqz  $t0, not_served
  csrrd $t0, TLBRPRMD
  andi  $t0, $t0, ${FROM_GUEST}
  bnez  $t0, serve
not_served:`;
}

/** The entry of the page at a0, into a1; 0 where no range has it: a page that is not there, as behind any hypervisor. */
const ENTRY_OF = `
entry_of:
  ld.wu $t0, $s0, ${RECORD.ranges}
  add.d $t0, $s0, $t0
  ld.wu $t1, $s0, ${RECORD.rangeCount}
  move  $a1, $zero
1:
  ld.d  $t2, $t0, ${RANGE.start}
  ld.d  $t3, $t0, ${RANGE.end}
  bltu  $a0, $t2, 2f
  bgeu  $a0, $t3, 2f
  ld.d  $a1, $t0, ${RANGE.toEntry}
  add.d $a1, $a1, $a0
  ret
2:
  addi.d $t0, $t0, ${RANGE.bytes}
  addi.d $t1, $t1, -1
  bnez  $t1, 1b
  ret
`;

/** The source of this part. */
export function stage2Text(slots: Slots): string {
  if (!slots.profile.features.has("LVZ")) return "";
  const restored = RESTORED.map((name) => {
    const slot = slots.named(name, false)?.slot ?? 0;
    return `  ld.d $t0, $s1, ${8 * slot}\n  csrwr $t0, ${name}`;
  });
  return `
serve:
  csrrd $a2, TLBRBADV
  bstrins.d $a2, $zero, ${PAGE_SHIFT}, 0
  move  $a0, $a2
  bl    entry_of
  csrwr $a1, TLBRELO0
  li.w  $t0, ${PAGE}
  add.d $a0, $a2, $t0
  bl    entry_of
  csrwr $a1, TLBRELO1
  csrrd $t0, TLBREHI
  bstrins.d $t0, $zero, 5, 0
  ori   $t0, $t0, ${PAGE_SHIFT}
  csrwr $t0, TLBREHI
  csrwr $zero, GTLBC   # the GID is the guest's
  tlbfill
  csrrd $t0, TLBRERA
  bstrins.d $t0, $zero, 1, 0
  csrwr $t0, ERA
  csrrd $t0, TLBRPRMD   # PWE is a bit higher there
  srli.d $t1, $t0, 1
  srli.d $t1, $t1, 3
  bstrins.d $t0, $t1, 3, 3
  bstrpick.d $t0, $t0, 3, 0
  csrwr $t0, PRMD
${restored.join("\n")}
  ${address("$t1", "vec_write")}
${forRegisters((_, n) => `  ld.d $t0, $s3, ${8 * n}\n  st.d $t0, $t1, ${8 * n}`)}
  ld.d  $t0, $s3, ${8 * T0}
  csrwr $t0, DSAVE
  ld.d  $t0, $s0, ${RECORD.crmd}
  st.d  $t0, $t1, ${8 * CRMD_SLOT}
  ${address("$t2", "stub")}
${times(STUB.length, (n) => `  li.w $t0, ${(STUB[n] ?? 0) | 0}\n  st.w $t0, $t2, ${4 * n}`)}
  ibar  0
  ld.d  $t1, $s0, ${RECORD.restore}
  jr    $t1
${ENTRY_OF}`;
}
