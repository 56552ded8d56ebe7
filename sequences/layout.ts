/**
 * Where things lie in the machine of a sequence, and the values by which their owner is known.
 *
 * @module
 */
import type { HostLayout } from "../vcpu/mod.ts";
import type { GuestNumber } from "./sequence.ts";

/** Bytes of a page of stage 2, as sequences count them; both world switches can map it. */
export const PAGE = 0x4000;
/** Pages of each guest's memory, which starts at GPA 0. */
export const PAGES = 8;
/** Bytes of each guest's memory. */
export const GUEST_MEMORY = PAGE * PAGES;
/** Pages with these numbers may be mapped too: far away, and with a page table of their own. */
export const FAR_PAGE = 0x4_0000;
/** The guest's pages by what is in them. Page 7 is not mapped at the start. */
export const CODE_GPA = 0x4000;
export const VECTOR_GPA = 0x8000;
export const REFILL_GPA = 0xa000;
export const DATA_PAGES: readonly number[] = [0, 3, 4, 5];
/** The page table pages of a guest that walks by lddir and ldpte. */
export const TABLE_GPA = 0x18000;

/** Bytes of physical memory. The first 64 KiB stay zero: an empty page table of any format. */
export const MACHINE_MEMORY = 0xc0000;
/** Stage-2 tables: a range of physical memory for each guest. */
export const TABLES: readonly { readonly start: bigint; readonly end: bigint }[] = [
  { start: 0x20000n, end: 0x50000n },
  { start: 0x50000n, end: 0x80000n },
];
/** Physical address of each guest's memory: next to each other, so that one that steps over its border meets the other. */
export const MEMORY_HPA: readonly number[] = [0x80000, 0xa0000];

/** The host's code; its addresses carry {@linkcode HOST_MARKS} like all its secrets. */
export const LAYOUT: HostLayout = {
  text: 0x9000_0000_0a00_0000n,
  exitEntry: 0x9000_0000_0a70_0000n,
  refillEntry: 0x0a60_0000n,
};

/** The code of the hvcl behind each block of code. */
export const END_CODE = 0x7fff;

/** Bits 63:24 of every secret of a guest. */
export const GUEST_MARKS: readonly bigint[] = [0xa11ce5ec_a1n, 0xb0b5ec2e_b2n];
/** Bits 63:24 of the host's secrets. */
export const HOST_MARKS: readonly bigint[] = [0x900000000an, 0x900000000bn];
/** The place of a mark in a value. */
export const MARK_SHIFT = 24n;

/** A secret of a guest. */
export function secret(guest: GuestNumber, number: number): bigint {
  return GUEST_MARKS[guest]! << MARK_SHIFT | BigInt(number);
}
