/**
 * What the parts of the monitor's source share: registers with fixed roles, and text that repeats.
 *
 * Between states the monitor keeps in s0 the record of the state, in s1 to s3 the vectors (start, write, saved), in s4 the flags of
 * the CSR slots. Everything else is free; subroutines return through ra.
 *
 * @module
 */
import { registerName } from "../../core/isa/registers.ts";

/** What a record begins with; offsets in bytes. */
export const RECORD = {
  /** u32. */
  index: 0,
  /** u32, of {@linkcode FLAG}. */
  flags: 4,
  /** Bytes of the record, u32. */
  size: 8,
  /** Memory blocks, u32. */
  blocks: 12,
  /** Where the last steps to the state are executed: the monitor's `restore` in the window of pc. */
  restore: 16,
  /** CRMD as the last step writes it. */
  crmd: 24,
  /** ERA and PRMD, for those that are entered by ertn. */
  era: 32,
  prmd: 40,
  /** Five words: four that load t0, and the jump. */
  stub: 48,
  stubWords: 5,
  /** Words that lead to the monitor while the state runs: physical address (0: none) and word, u32 each. */
  patches: 72,
  patchCount: 4,
  /** Offset of the ranges of stage 2, and how many; u32 each. */
  ranges: 104,
  rangeCount: 108,
  /** Bit n of the mask: slot n has a value. The values follow, then the memory blocks. */
  mask: 112,
} as const;

/** A range of stage 2 in a record; offsets in bytes. */
export const RANGE = {
  /** Guest-physical addresses: the first, and the one behind the last. */
  start: 0,
  end: 8,
  /** What makes the TLB entry of a page out of its guest-physical address. */
  toEntry: 16,
  bytes: 24,
} as const;

/** Flags of a record: entered by ertn; starts in a guest, with GSTAT.VM set. */
export const FLAG = { ertn: 1, guest: 2 } as const;

/** Flags of a CSR slot: what the architecture says, and what the monitor found out about its machine. */
export const SLOT_FLAG = { writable: 1, observed: 2, canRead: 4, canWrite: 8 } as const;

/** A statement for each of the general registers 1 to 31, but for those named. */
export function forRegisters(
  text: (register: string, n: number) => string,
  but: readonly number[] = [],
): string {
  const numbers = Array.from({ length: 31 }, (_, i) => i + 1).filter((n) => !but.includes(n));
  return numbers.map((n) => text(registerName(n), n)).join("\n");
}

/** A statement for each number below `count`. */
export function times(count: number, text: (n: number) => string): string {
  return Array.from({ length: count }, (_, n) => text(n)).join("\n");
}

/** Loads the physical address of a label; la.local would keep the window of the state in it. */
export function address(register: string, label: string): string {
  return `lu12i.w ${register}, %abs_hi20(${label})\n  ori ${register}, ${register}, %abs_lo12(${label})`;
}
