/**
 * Memory.
 *
 * @module
 */
import type { AccessSize } from "../core/bus.ts";
import { allocateMemory } from "../core/memory.ts";
import { PageHistory } from "../core/snapshot/page_history.ts";
import type { Restore } from "../core/snapshot/stateful.ts";
import type { Device } from "./device.ts";

/** The smallest page; RAM is made of whole ones, so that an access within a page never straddles its end. */
export const PAGE_SIZE = 4096;

/** A block of RAM. Its bytes are zero, and cost nothing until they are touched. */
export class Ram implements Device {
  readonly name: string;
  readonly size: number;
  /** WebAssembly memory, so that generated code can access it. */
  readonly memory: WebAssembly.Memory;
  readonly view: DataView;
  /** The same memory as {@linkcode view}. Who writes it tells {@linkcode history} first. */
  readonly bytes: Uint8Array;
  readonly history: PageHistory;

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
    this.memory = allocate(name, size);
    const { buffer } = this.memory;
    this.name = name;
    this.size = size;
    this.view = new DataView(buffer, 0, size);
    this.bytes = new Uint8Array(buffer, 0, size);
    this.history = new PageHistory(this.bytes);
  }

  read(offset: number, size: AccessSize): bigint {
    if (size === 8) return this.view.getBigUint64(offset, true);
    if (size === 4) return BigInt(this.view.getUint32(offset, true));
    return BigInt(size === 2 ? this.view.getUint16(offset, true) : this.view.getUint8(offset));
  }

  write(offset: number, size: AccessSize, value: bigint): boolean {
    this.history.touchAll(offset, size);
    if (size === 8) this.view.setBigUint64(offset, value, true);
    else if (size === 4) this.view.setUint32(offset, Number(value), true);
    else if (size === 2) this.view.setUint16(offset, Number(value), true);
    else this.view.setUint8(offset, Number(value));
    return true;
  }

  save(): Restore {
    return this.history.save();
  }
}

function allocate(name: string, size: number): WebAssembly.Memory {
  try {
    return allocateMemory(size);
  } catch (error) {
    throw new RangeError(`Cannot create ${name}: the host provides no ${size} bytes`, { cause: error });
  }
}
