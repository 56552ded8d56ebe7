/**
 * Where a state may have memory: what every driver's machine has, which is QEMU's `virt` board with 512 MiB.
 *
 * @module
 */
import type { MemoryBlock } from "./state.ts";

/** A range of physical addresses. */
export interface PhysicalRange {
  readonly start: number;
  /** The address behind the last. */
  readonly end: number;
}

/** The RAM of a state's machine. What no block names is 0. */
export const STATE_RAM: readonly PhysicalRange[] = [
  { start: 0, end: 0x1000_0000 },
  { start: 0x8000_0000, end: 0x9000_0000 },
];

/** A block's range. */
export function blockRange({ at, words }: MemoryBlock): PhysicalRange {
  return { start: at, end: at + 4 * words.length };
}

/** True if all of a range is RAM. */
export function isRam({ start, end }: PhysicalRange): boolean {
  return STATE_RAM.some((ram) => start >= ram.start && end <= ram.end);
}

/** `0x200000 to 0x200fff` */
export function rangeText({ start, end }: PhysicalRange): string {
  return `0x${start.toString(16)} to 0x${(end - 1).toString(16)}`;
}
