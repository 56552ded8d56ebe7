/**
 * Memory.
 *
 * @module
 */
import type { AccessSize } from "../core/bus.ts";
import type { Device } from "./device.ts";

/** The smallest page; RAM is made of whole ones, so that an access within a page never straddles its end. */
export const PAGE_SIZE = 4096;

/** A block of RAM. Its bytes are zero, and cost nothing until they are touched. */
export class Ram implements Device {
  readonly name: string;
  readonly size: number;
  readonly view: DataView;
  /** The same memory as {@linkcode view}. */
  readonly bytes: Uint8Array;

  /**
   * @param size in bytes, a multiple of 4096
   * @throws {RangeError} for any other size, or one that the host cannot provide
   */
  constructor(name: string, size: number) {
    if (!Number.isSafeInteger(size) || size <= 0 || size % PAGE_SIZE !== 0) {
      throw new RangeError(
        `Cannot create ${name}: its size is ${size}, must be a positive multiple of ${PAGE_SIZE}`,
      );
    }
    const buffer = allocate(name, size);
    this.name = name;
    this.size = size;
    this.view = new DataView(buffer);
    this.bytes = new Uint8Array(buffer);
  }

  read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.view.getBigUint64(offset, true);
    if (size === 4) return BigInt(this.view.getUint32(offset, true));
    return BigInt(size === 2 ? this.view.getUint16(offset, true) : this.view.getUint8(offset));
  }

  write(offset: number, size: AccessSize, value: bigint): boolean {
    if (size === 8) this.view.setBigUint64(offset, value, true);
    else if (size === 4) this.view.setUint32(offset, Number(value), true);
    else if (size === 2) this.view.setUint16(offset, Number(value), true);
    else this.view.setUint8(offset, Number(value));
    return true;
  }
}

function allocate(name: string, size: number): ArrayBuffer {
  try {
    return new ArrayBuffer(size);
  } catch (error) {
    throw new RangeError(`Cannot create ${name}: the host provides no ${size} bytes`, { cause: error });
  }
}
