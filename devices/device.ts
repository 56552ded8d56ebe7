/**
 * What a device is to the machine: a name and a range of registers.
 *
 * @module
 */
import type { AccessSize } from "../core/bus.ts";
import type { Stateful } from "../core/snapshot/stateful.ts";

/**
 * Something that answers in an address space. Offsets count from where the {@linkcode AddressMap} puts it. A machine with a device without
 * `save` has no snapshots.
 */
export interface Device extends Partial<Stateful> {
  /** Name in messages, as in `uart0`. */
  readonly name: string;
  /** Bytes of address space. */
  readonly size: number;
  /**
   * Reads at an offset; `offset + size` is within the device.
   *
   * @returns the value, or undefined if the device refuses this access
   */
  read(offset: number, size: AccessSize): bigint | undefined;
  /**
   * Writes at an offset; `value` fits `size` bytes.
   *
   * @returns false if the device refuses this access
   */
  write(offset: number, size: AccessSize, value: bigint): boolean;
}
