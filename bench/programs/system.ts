/**
 * Programs that do what operating systems do.
 *
 * @module
 */
import type { BenchProgram } from "../image.ts";

export const CSRS: BenchProgram = {
  name: "CSRs",
  text: "reads, writes and exchanges of scratch and mode registers",
  goal: 0.5,
  floor: 0.25,
  rounds: 4_000_000,
  body: `
1:
  csrwr  $t0, SAVE0
  csrrd  $t1, SAVE1
  csrrd  $t2, PRMD
  li.w   $t3, 3
  csrxchg $t2, $t3, PRMD
  csrwr  $t1, ERA
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
};

export const SYSCALLS: BenchProgram = {
  name: "syscall round trips",
  text: "syscall and ertn in host mode, with a minimal handler",
  goal: 1,
  floor: 0.9,
  rounds: 1_000_000,
  setup: "la.pcrel $t0, handler\n  csrwr $t0, EENTRY",
  body: `
1:
  syscall 0
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
  data: `
  .balign 4096
handler:
  csrrd  $t0, ERA
  addi.d $t0, $t0, 4
  csrwr  $t0, ERA
  ertn`,
};
