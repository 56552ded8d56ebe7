/**
 * Where things are in the memory of a machine that runs an image. Addresses are physical.
 *
 * @module
 */

/** Memory that states may name: of each range the first address, and the one behind the last. */
export const STATE_MEMORY: readonly { readonly start: number; readonly end: number }[] = [
  { start: 0x10_0000, end: 0x200_0000 },
  { start: 0x300_0000, end: 0xc00_0000 },
];

/** The window through which a monitor is reached when the state has address translation on. */
export const WINDOW = 0x9000_0000_0000_0000n;

/** The monitor: entries of exceptions first, then code and data. */
export const MONITOR = { start: 0x200_0000, end: 0x210_0000 } as const;

/** Entries of the monitor. The general one is reached at any spacing of ECFG.VS: each word of its 64 KiB is a jump. */
export const ENTRY = {
  general: MONITOR.start,
  generalBytes: 0x1_0000,
  refill: MONITOR.start + 0x1_0000,
  machineError: MONITOR.start + 0x1_1000,
  internal: MONITOR.start + 0x1_2000,
} as const;

/** Behind the entries. */
export const MONITOR_CODE = ENTRY.refill;

/**
 * Code and what is written are on different pages of this size: QEMU makes stores to a page with code slow, and its pages are of 16 KiB
 * in version 7.
 */
export const APART = 0x4000;

/** What the CSRs hold that name an entry, in a state that does not. */
export const ENTRY_CSRS: ReadonlyMap<string, bigint> = new Map([
  ["EENTRY", WINDOW | BigInt(ENTRY.general)],
  ["TLBRENTRY", BigInt(ENTRY.refill)],
  ["MERRENTRY", BigInt(ENTRY.machineError)],
]);

/** The states of an image: the first address, and the one behind the last. */
export const RECORDS = { start: 0xc00_0000, end: 0xf00_0000 } as const;

/** Devices of the 3A5000 and of QEMU's `virt` board. */
export const DEVICE = { uart: 0x1fe0_01e0, power: 0x100e_001c } as const;

const PHYSICAL = (1n << 48n) - 1n;

/** True if all of a range of physical memory is the states'. */
export function isStateMemory(start: number, bytes: number): boolean {
  return STATE_MEMORY.some((range) => start >= range.start && start + bytes <= range.end);
}

/** True for an address of the monitor, in whichever window. */
export function isMonitors(address: bigint): boolean {
  const physical = address & PHYSICAL;
  return physical >= BigInt(MONITOR.start) && physical < BigInt(MONITOR.end);
}
