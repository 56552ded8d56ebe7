/**
 * Page tables for programs that run through the TLB.
 *
 * @module
 */

/** Tables for 4 KiB pages of the low 1 GiB, identity, made by the program itself; refills come from them. */
export const PAGING = `
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
export const MAPPED = `
  li.d   $t0, 0x10
  li.d   $t1, 0x18
  csrxchg $t0, $t1, CRMD`;

/** Devices stay in reach: the marks are sent through the same mapping. */
export const REFILL = `
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
export const DIRECT = `
  li.d   $t0, 0x8
  li.d   $t1, 0x18
  csrxchg $t0, $t1, CRMD`;
