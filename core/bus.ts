/**
 * How the processor reaches memory and devices. `devices/` has the implementations; the processor knows only this.
 *
 * @module
 */

import type { PageHistory } from "./snapshot/page_history.ts";
import type { Stateful } from "./snapshot/stateful.ts";

/** The width of a bus access in bytes. */
export type AccessSize = 1 | 2 | 4 | 8;

/**
 * A physical address space. Addresses are below 2^48, so a number holds them exactly. One without `save` cannot be part of a snapshot.
 */
export interface Bus extends Partial<Stateful> {
  /** The RAM block that contains the whole page at `address`, for direct access; undefined for anything else. */
  ramAt(address: number): RamWindow | undefined;
  /** Reads a device register; undefined where nothing answers. */
  read(address: number, size: AccessSize): bigint | undefined;
  /** Writes a device register; false where nothing answers. */
  write(address: number, size: AccessSize, value: bigint): boolean;
}

/** A contiguous block of RAM. */
export interface RamWindow {
  /** Physical address of the first byte. */
  readonly base: number;
  readonly view: DataView;
  /** The WebAssembly memory that begins with the block, where it is in one. */
  readonly memory?: WebAssembly.Memory;
  /** Its versions, if it is part of snapshots: told of every write before it happens. */
  readonly history?: PageHistory;
}

/** The IOCSR space: the same contract without RAM. */
export type IocsrSpace = Pick<Bus, "read" | "write" | "save">;
