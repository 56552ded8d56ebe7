/**
 * The benchmark programs.
 *
 * @module
 */
import type { BenchProgram } from "./program.ts";

/** Tables for 4 KiB pages of the low 1 GiB, identity, made by the program itself; refills come from them. */
const PAGING = `
  la.pcrel $t0, refill
  csrwr  $t0, TLBRENTRY
  li.d   $t0, 12 | 9 << 5 | 21 << 10 | 9 << 15
  csrwr  $t0, PWCL
  li.d   $t0, 30 | 9 << 6
  csrwr  $t0, PWCH
  li.d   $t0, 12
  csrwr  $t0, STLBPS
  li.d   $t0, 0x3000000         # root: one directory
  csrwr  $t0, PGDL
  li.d   $t0, 0x3000000
  li.d   $t1, 0x3001000
  st.d   $t1, $t0, 0
  li.d   $t0, 0x3001000         # directory: 128 tables, 256 MiB
  li.d   $t1, 0x3100000
  li.d   $t2, 128
1:
  st.d   $t1, $t0, 0
  addi.d $t0, $t0, 8
  li.d   $t3, 0x1000
  add.d  $t1, $t1, $t3
  addi.d $t2, $t2, -1
  bnez   $t2, 1b
  li.d   $t0, 0x3100000         # tables: identity, valid and dirty
  li.d   $t1, 0x13
  li.d   $t2, 65536
1:
  st.d   $t1, $t0, 0
  addi.d $t0, $t0, 8
  li.d   $t3, 0x1000
  add.d  $t1, $t1, $t3
  addi.d $t2, $t2, -1
  bnez   $t2, 1b`;

/** Begins a body that runs through these tables. */
const MAPPED = `
  li.d   $t0, 0x10
  li.d   $t1, 0x18
  csrxchg $t0, $t1, CRMD`;

/** Devices stay in reach: the marks are sent through the same mapping. */
const REFILL = `
  .balign 4096
refill:
  csrwr  $t0, TLBRSAVE
  csrrd  $t0, PGD
  lddir  $t0, $t0, 3
  lddir  $t0, $t0, 1
  ldpte  $t0, 0
  ldpte  $t0, 1
  tlbfill
  csrrd  $t0, TLBRSAVE
  ertn`;

/** The serial port and the power-off register are beyond the tables: direct again. */
const DIRECT = `
  li.d   $t0, 0x8
  li.d   $t1, 0x18
  csrxchg $t0, $t1, CRMD`;

const HOT_LOOP: BenchProgram = {
  name: "hot loop",
  text: "ten integer instructions with a load and a store",
  goal: 1,
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

const COPY: BenchProgram = {
  name: "memory copy",
  text: "256 KiB in units of 8 bytes, four a turn, through the TLB",
  goal: 0.7,
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

const CHASE: BenchProgram = {
  name: "pointer chase",
  text: "a list through 512 pages, each node on another",
  goal: 0.7,
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

const BRANCHY: BenchProgram = {
  name: "state machine",
  text: "unpredictable branches among eight states",
  goal: 1,
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

const MATRIX: BenchProgram = {
  name: "matrix, integer",
  text: "product of two 64 by 64 matrices of 64-bit integers",
  goal: 1,
  rounds: 700,
  body: matrix(
    "ld.d   $t6, $t3, 0\n  ld.d   $t7, $t4, 0\n  mul.d  $t6, $t6, $t7\n  add.d  $t5, $t5, $t6",
    "st.d   $t5, $t2, 0",
    "move $t5, $zero",
  ),
};

const MATRIX_DOUBLE: BenchProgram = {
  name: "matrix, double",
  text: "product of two 64 by 64 matrices of doubles",
  goal: 1,
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
  bstrins.d $t2, $zero, 63, 62
  bstrins.d $t2, $t1, 52, 50
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

const CALLS: BenchProgram = {
  name: "function calls",
  text: "recursive Fibonacci numbers",
  goal: 1,
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

const COLD_BLOCKS = 20_000;

const COLD: BenchProgram = {
  name: "cold blocks",
  text: `${COLD_BLOCKS} blocks, each executed a few times`,
  goal: 0.3,
  rounds: 8,
  body: `
1:
  bl     cold
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
  data: `
cold:
  move   $t8, $ra
${
    Array.from({ length: COLD_BLOCKS }, (_, i) =>
      `  addi.d $a0, $a0, ${i % 2048}\n  xor    $a1, $a1, $a0\n  andi   $a2, $a1, ${
        (i * 7) % 4096
      }\n  beqz   $a2, 7f\n  add.d  $a3, $a3, $a2\n7:`).join("\n")
  }
  jirl   $zero, $t8, 0`,
};

const REFILLS: BenchProgram = {
  name: "page walks",
  text: "one access to each of 8,192 pages, refilled by a handler",
  goal: 0.5,
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

const CSRS: BenchProgram = {
  name: "CSRs",
  text: "reads, writes and exchanges of scratch and mode registers",
  goal: 0.5,
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

const SYSCALLS: BenchProgram = {
  name: "syscall round trips",
  text: "syscall and ertn in host mode, with a minimal handler",
  goal: 1,
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

/** All of them. */
export const PROGRAMS: readonly BenchProgram[] = [
  HOT_LOOP,
  COPY,
  CHASE,
  BRANCHY,
  MATRIX,
  MATRIX_DOUBLE,
  CALLS,
  COLD,
  REFILLS,
  CSRS,
  SYSCALLS,
];
