/**
 * Programs that compute.
 *
 * @module
 */
import type { BenchProgram } from "../image.ts";

export const HOT_LOOP: BenchProgram = {
  name: "hot loop",
  text: "ten integer instructions with a load and a store",
  goal: 1,
  floor: 0.4,
  rounds: 150_000_000,
  setup: "li.d $t1, 0x400000",
  body: `
  li.d   $t1, 0x400000
1:
  ld.d   $t2, $t1, 0
  addi.d $t2, $t2, 3
  xor    $t3, $t2, $s8
  slli.d $t4, $t3, 2
  add.d  $t5, $t5, $t4
  st.d   $t2, $t1, 0
  and    $t6, $t5, $t3
  sub.d  $t7, $t6, $s8
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
};

export const BRANCHY: BenchProgram = {
  name: "state machine",
  text: "unpredictable branches among eight states",
  goal: 1,
  floor: 0.4,
  rounds: 60_000_000,
  body: `
  li.d   $t0, 12345
  li.d   $t8, 6364136223846793005
1:
  mul.d  $t0, $t0, $t8
  addi.d $t0, $t0, 1442
  srli.d $t1, $t0, 61
  andi   $t2, $t1, 4
  bnez   $t2, 5f
  andi   $t2, $t1, 2
  bnez   $t2, 3f
  andi   $t2, $t1, 1
  bnez   $t2, 2f
  addi.d $a0, $a0, 1
  b      9f
2:
  addi.d $a1, $a1, 3
  b      9f
3:
  andi   $t2, $t1, 1
  bnez   $t2, 4f
  xor    $a2, $a2, $t0
  b      9f
4:
  add.d  $a3, $a3, $a2
  b      9f
5:
  andi   $t2, $t1, 3
  beqz   $t2, 6f
  sub.d  $a4, $a4, $t0
  b      9f
6:
  rotri.d $a5, $a4, 7
9:
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
};

export const MATRIX: BenchProgram = {
  name: "matrix, integer",
  text: "product of two 64 by 64 matrices of 64-bit integers",
  goal: 1,
  floor: 0.3,
  rounds: 700,
  body: matrix(
    "ld.d   $t6, $t3, 0\n  ld.d   $t7, $t4, 0\n  mul.d  $t6, $t6, $t7\n  add.d  $t5, $t5, $t6",
    "st.d   $t5, $t2, 0",
    "move $t5, $zero",
  ),
};

export const MATRIX_DOUBLE: BenchProgram = {
  name: "matrix, double",
  text: "product of two 64 by 64 matrices of doubles",
  goal: 1,
  floor: 1.5,
  rounds: 60,
  setup: `
  addi.d $t0, $zero, 1
  csrwr  $t0, EUEN
  li.d   $t0, 0x1000000
  li.d   $t1, 8192
  li.d   $t2, 0x3ff3333333333333
1:
  st.d   $t2, $t0, 0
  li.d   $t3, 0x0000123456789ab1
  add.d  $t2, $t2, $t3
  bstrins.d $t2, $t1, 51, 50
  lu52i.d   $t2, $t2, 0x3ff
  addi.d $t0, $t0, 8
  addi.d $t1, $t1, -1
  bnez   $t1, 1b`,
  body: matrix(
    "fld.d  $f1, $t3, 0\n  fld.d  $f2, $t4, 0\n  fmadd.d $f0, $f1, $f2, $f0",
    "fst.d  $f0, $t2, 0",
    "movgr2fr.d $f0, $zero",
  ),
};

function matrix(step: string, keep: string, clear: string): string {
  return `
4:
  li.d   $t2, 0x1020000
  li.d   $t0, 0x1000000
  li.d   $a0, 64
3:
  li.d   $t1, 0x1008000
  li.d   $a1, 64
2:
  move   $t3, $t0
  move   $t4, $t1
  li.d   $a2, 64
  ${clear}
1:
  ${step}
  addi.d $t3, $t3, 8
  addi.d $t4, $t4, 512
  addi.d $a2, $a2, -1
  bnez   $a2, 1b
  ${keep}
  addi.d $t2, $t2, 8
  addi.d $t1, $t1, 8
  addi.d $a1, $a1, -1
  bnez   $a1, 2b
  addi.d $t0, $t0, 512
  addi.d $a0, $a0, -1
  bnez   $a0, 3b
  addi.d $s8, $s8, -1
  bnez   $s8, 4b`;
}

export const FAR_CALLS: BenchProgram = {
  name: "calls between pages",
  text: "functions on four pages that call each other, each some instructions long",
  goal: 1,
  floor: 0.5,
  rounds: 12_000_000,
  body: `
1:
  move   $a0, $s8
  bl     far_first
  add.d  $s0, $s0, $a0
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
  data: `
  .balign 4096
far_first:
  addi.d $sp, $sp, -16
  st.d   $ra, $sp, 0
  xori   $a0, $a0, 0x55
  bl     far_second
  slli.d $a1, $a0, 1
  bl     far_third
  ld.d   $ra, $sp, 0
  addi.d $sp, $sp, 16
  ret
  .balign 4096
far_second:
  andi   $t0, $a0, 1
  beqz   $t0, 1f
  srli.d $a0, $a0, 1
  xori   $a0, $a0, 0x3a5
1:
  ret
  .balign 4096
far_third:
  add.d  $a0, $a0, $a1
  bstrpick.d $a0, $a0, 31, 0
  ret`,
};

export const CALLS: BenchProgram = {
  name: "function calls",
  text: "recursive Fibonacci numbers",
  goal: 1,
  floor: 0.4,
  rounds: 25,
  body: `
1:
  li.d   $a0, 27
  bl     fib
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
  data: `
fib:
  slti   $t0, $a0, 2
  bnez   $t0, 1f
  addi.d $sp, $sp, -24
  st.d   $ra, $sp, 0
  st.d   $a0, $sp, 8
  addi.d $a0, $a0, -1
  bl     fib
  st.d   $a0, $sp, 16
  ld.d   $a0, $sp, 8
  addi.d $a0, $a0, -2
  bl     fib
  ld.d   $t0, $sp, 16
  add.d  $a0, $a0, $t0
  ld.d   $ra, $sp, 0
  addi.d $sp, $sp, 24
1:
  ret`,
};
