/**
 * An address space: which device answers where. Serves as the physical bus and as the IOCSR space.
 *
 * @module
 */
import type { AccessSize, Bus, RamWindow } from "../core/bus.ts";
import { type Restore, saveOf, together } from "../core/snapshot/stateful.ts";
import type { Device } from "./device.ts";
import { PAGE_SIZE, Ram } from "./ram.ts";

/** A device at its place. */
export interface Region {
  /** The first address. */
  readonly start: number;
  /** The address behind the last. */
  readonly end: number;
  readonly device: Device;
  /** For RAM, what the machine accesses directly. */
  readonly window: RamWindow | undefined;
}

/** Addresses are below this: 48 bits. */
const ADDRESS_END = 2 ** 48;
const NOWHERE: Region = {
  start: 0,
  end: 0,
  device: { name: "nothing", size: 0, read: () => undefined, write: () => false },
  window: undefined,
};

/** Devices and RAM by address. */
export class AddressMap implements Bus {
  #regions: readonly Region[] = [];
  /** What the last access met: programs stay in one block of RAM for long. */
  #last: Region = NOWHERE;

  /** Everything that answers, in the order of addresses. */
  get regions(): readonly Region[] {
    return this.#regions;
  }

  /**
   * Puts a device (or RAM) at an address.
   *
   * @throws {RangeError} if the place is outside the address space, taken, or for RAM not the start of a page
   */
  add(base: number, device: Device): void {
    const region: Region = {
      start: base,
      end: base + device.size,
      device,
      window: device instanceof Ram ? windowOf(base, device) : undefined,
    };
    this.#check(region);
    this.#regions = [...this.#regions, region].sort((a, b) => a.start - b.start);
  }

  #check(region: Region): void {
    const { start, end, device } = region;
    const refuse = (reason: string): never => {
      throw new RangeError(`Cannot map ${device.name} at ${range(region)}: ${reason}`);
    };
    if (!Number.isSafeInteger(start) || start < 0 || end <= start || end > ADDRESS_END) {
      refuse("addresses are 0 to 0xffffffffffff");
    }
    if (region.window !== undefined && start % PAGE_SIZE !== 0) {
      refuse(`RAM starts at multiples of ${PAGE_SIZE}`);
    }
    const other = this.#regions.find((r) => r.start < end && start < r.end);
    if (other !== undefined) refuse(`${other.device.name} is at ${range(other)}`);
  }

  /** The region that holds all of these bytes. */
  #find(address: number, size: number): Region | undefined {
    const last = this.#last;
    if (address >= last.start && address + size <= last.end) return last;
    const found = this.#regions.find((r) => address >= r.start && address + size <= r.end);
    if (found !== undefined) this.#last = found;
    return found;
  }

  ramAt(address: number): RamWindow | undefined {
    return this.#find(address, 1)?.window;
  }

  read(address: number, size: AccessSize): bigint | undefined {
    const region = this.#find(address, size);
    return region?.device.read(address - region.start, size);
  }

  write(address: number, size: AccessSize, value: bigint): boolean {
    const region = this.#find(address, size);
    return region !== undefined && region.device.write(address - region.start, size, value);
  }

  /** Keeps which device is where and the state of each. */
  save(): Restore {
    const regions = this.#regions;
    const restoreDevices = together(regions.map(({ device }) => saveOf(device, device.name)));
    return () => {
      this.#regions = regions;
      this.#last = NOWHERE;
      restoreDevices();
    };
  }

  /**
   * The memory behind a range of addresses, to be read or written at once; undefined unless one block of RAM holds all of it. Who keeps it
   * for later must tell {@linkcode Ram.history}.
   */
  ramBytes(address: number, size: number): Uint8Array | undefined {
    const region = this.#find(address, size);
    if (!(region?.device instanceof Ram)) return undefined;
    const offset = address - region.start;
    region.device.history.touchAll(offset, size);
    return region.device.bytes.subarray(offset, offset + size);
  }
}

function windowOf(base: number, { view, memory, history }: Ram): RamWindow {
  return { base, view, memory, history };
}

function range({ start, end }: Region): string {
  return `0x${start.toString(16)} to 0x${(end - 1).toString(16)}`;
}
