/**
 * Programs that use memory through the TLB.
 *
 * @module
 */
import type { BenchProgram } from "../image.ts";
import { DIRECT, MAPPED, PAGING, REFILL } from "./paging.ts";

export const COPY: BenchProgram = {
  name: "memory copy",
  text: "256 KiB in units of 8 bytes, four a turn, through the TLB",
  goal: 0.7,
  floor: 0.5,
  rounds: 8000,
  setup: PAGING,
  body: `${MAPPED}
2:
  li.d   $t0, 0x1000000
  li.d   $t1, 0x1100000
  li.d   $t2, 8192
1:
  ld.d   $t3, $t0, 0
  ld.d   $t4, $t0, 8
  ld.d   $t5, $t0, 16
  ld.d   $t6, $t0, 24
  st.d   $t3, $t1, 0
  st.d   $t4, $t1, 8
  st.d   $t5, $t1, 16
  st.d   $t6, $t1, 24
  addi.d $t0, $t0, 32
  addi.d $t1, $t1, 32
  addi.d $t2, $t2, -1
  bnez   $t2, 1b
  addi.d $s8, $s8, -1
  bnez   $s8, 2b
${DIRECT}`,
  data: REFILL,
};

export const CHASE: BenchProgram = {
  name: "pointer chase",
  text: "a list through 512 pages, each node on another",
  goal: 0.7,
  floor: 0.3,
  rounds: 150_000,
  setup: `${PAGING}
  li.d   $t0, 0x1000000
  li.d   $t2, 512
  move   $t1, $t0
1:
  li.d   $t3, 0x1040
  add.d  $t4, $t1, $t3
  st.d   $t4, $t1, 0
  move   $t5, $t1
  move   $t1, $t4
  addi.d $t2, $t2, -1
  bnez   $t2, 1b
  st.d   $t0, $t5, 0`,
  body: `${MAPPED}
2:
  li.d   $t0, 0x1000000
  li.d   $t2, 512
1:
  ld.d   $t0, $t0, 0
  addi.d $t2, $t2, -1
  bnez   $t2, 1b
  addi.d $s8, $s8, -1
  bnez   $s8, 2b
${DIRECT}`,
  data: REFILL,
};

export const REFILLS: BenchProgram = {
  name: "page walks",
  text: "one access to each of 8,192 pages, refilled by a handler",
  goal: 0.5,
  floor: 0.08,
  rounds: 40,
  setup: PAGING,
  body: `${MAPPED}
2:
  li.d   $t0, 0x4000000
  li.d   $t2, 8192
  li.d   $t3, 0x1000
1:
  ld.d   $t1, $t0, 0
  add.d  $t0, $t0, $t3
  addi.d $t2, $t2, -1
  bnez   $t2, 1b
  addi.d $s8, $s8, -1
  bnez   $s8, 2b
${DIRECT}`,
  data: REFILL,
};
