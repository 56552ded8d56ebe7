/**
 * The identification registers of the IOCSR space (VM-IOCSR-01).
 *
 * @module
 */
import type { AccessSize } from "../core/bus.ts";
import { type Restore, STATELESS } from "../core/snapshot/stateful.ts";
import type { Device } from "./device.ts";

/** Where each register is, and what it reads. Each is 8 bytes. */
const REGISTERS: ReadonlyMap<number, bigint> = new Map([
  // version
  [0x0, 0x11n],
  // features: MSI, EXTIOI, CSRIPI
  [0x8, 1n << 2n | 1n << 3n | 1n << 4n],
  // "Loongson"
  [0x10, 0x6e6f_7367_6e6f_6f4cn],
  // "3A5000"
  [0x20, 0x0000_3030_3035_4133n],
  // miscellaneous functions: EXTIOI enabled, for good
  [0x420, 1n << 48n],
]);
const REGISTER_SIZE = 8;
const MISCELLANEOUS = 0x420;

/**
 * Version, features, vendor and processor name, and the miscellaneous function register. Parts of a register can be read.
 * Writes to the last are ignored, the others refuse them; so do all offsets between.
 */
export class Identification implements Device {
  readonly name = "iocsr identification";
  readonly size = MISCELLANEOUS + REGISTER_SIZE;

  save(): Restore {
    return STATELESS;
  }

  read(offset: number, size: AccessSize): bigint | undefined {
    const within = offset % REGISTER_SIZE;
    const value = REGISTERS.get(offset - within);
    if (value === undefined || within % size !== 0) return undefined;
    return BigInt.asUintN(size * 8, value >> BigInt(within * 8));
  }

  write(offset: number): boolean {
    return offset >= MISCELLANEOUS;
  }
}
