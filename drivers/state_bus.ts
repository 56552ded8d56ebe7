/**
 * The memory and devices of a state's machine. Memory exists page by page when it is touched and is used again for the next state;
 * devices are made new for each state that touches one, and most touch none.
 *
 * @module
 */
import {
  type AccessSize,
  type Bus,
  type IocsrSpace,
  type Machine,
  type RamWindow,
  type Restore,
  SnapshotError,
} from "../core/mod.ts";
import { addBoardDevices, AddressMap, PAGE_SIZE, Uart } from "../devices/mod.ts";
import type { MemoryBlock } from "./state.ts";
import { blockRange, isRam, rangeText, STATE_RAM } from "./state_memory.ts";

/** Pages kept for the next state; a state that touches more gives the rest back. */
const KEPT_PAGES = 1024;
const NOWHERE: RamWindow = { base: -PAGE_SIZE, view: new DataView(new ArrayBuffer(0)) };

/** RAM of which only touched pages exist. What was never written is 0. */
class PagedRam {
  readonly #pages = new Map<number, RamWindow>();
  readonly #free: DataView[] = [];
  #last = NOWHERE;

  /** The page at an address, undefined where there is no RAM. */
  at(address: number): RamWindow | undefined {
    const within = address - this.#last.base;
    if (within >= 0 && within < PAGE_SIZE) return this.#last;
    const base = address - address % PAGE_SIZE;
    const found = this.#pages.get(base) ?? this.#touch(base);
    if (found !== undefined) this.#last = found;
    return found;
  }

  #touch(base: number): RamWindow | undefined {
    if (!STATE_RAM.some((ram) => base >= ram.start && base < ram.end)) return undefined;
    const made = { base, view: this.#free.pop() ?? new DataView(new ArrayBuffer(PAGE_SIZE)) };
    this.#pages.set(base, made);
    return made;
  }

  get isEmpty(): boolean {
    return this.#pages.size === 0;
  }

  /** Makes all of it 0. */
  clear(): void {
    for (const { view } of this.#pages.values()) {
      if (this.#free.length >= KEPT_PAGES) break;
      new Uint8Array(view.buffer).fill(0);
      this.#free.push(view);
    }
    this.#pages.clear();
    this.#last = NOWHERE;
  }
}

/** The devices of one machine. */
interface Devices {
  readonly bus: AddressMap;
  readonly iocsr: AddressMap;
}

function makeDevices(machine: Machine): Devices {
  const bus = new AddressMap();
  const iocsr = new AddressMap();
  addBoardDevices(machine, new Uart({}), bus, iocsr);
  return { bus, iocsr };
}

/** The physical bus and the IOCSR space of one machine after the other. */
export class StateBus implements Bus {
  readonly iocsr: IocsrSpace;
  readonly #ram = new PagedRam();
  #machine: Machine | undefined;
  #devices: Devices | undefined;

  constructor() {
    this.iocsr = {
      read: (address, size) => this.#made()?.iocsr.read(address, size),
      write: (address, size, value) => this.#made()?.iocsr.write(address, size, value) ?? false,
      save: () => this.save(),
    };
  }

  /** Forgets everything of the machine before and serves this one. */
  serve(machine: Machine): void {
    this.#machine = machine;
    this.#devices = undefined;
    this.#ram.clear();
  }

  /** Keeps the state in which it begins to serve a machine, and no other. */
  save(): Restore {
    const machine = this.#machine;
    if (machine === undefined || this.#devices !== undefined || !this.#ram.isEmpty) {
      throw new SnapshotError(
        "Cannot take a snapshot: the memory of states is only kept while nobody has touched it",
      );
    }
    return () => this.serve(machine);
  }

  #made(): Devices | undefined {
    if (this.#machine !== undefined) this.#devices ??= makeDevices(this.#machine);
    return this.#devices;
  }

  ramAt(address: number): RamWindow | undefined {
    return this.#ram.at(address);
  }

  read(address: number, size: AccessSize): bigint | undefined {
    return this.#made()?.bus.read(address, size);
  }

  write(address: number, size: AccessSize, value: bigint): boolean {
    return this.#made()?.bus.write(address, size, value) ?? false;
  }

  /**
   * Writes a block into RAM.
   *
   * @throws {RangeError} if not all of it is RAM
   */
  load(block: MemoryBlock): void {
    const range = blockRange(block);
    if (block.at % 4 !== 0 || !isRam(range)) {
      throw new RangeError(
        `Cannot load ${block.words.length} words at ${rangeText(range)}: it is not all aligned RAM`,
      );
    }
    block.words.forEach((word, i) => {
      const at = block.at + 4 * i;
      const page = this.#ram.at(at);
      page?.view.setUint32(at - page.base, word, true);
    });
  }

  /** The word at an address of RAM. */
  word(at: number): number {
    const page = this.#ram.at(at);
    return page?.view.getUint32(at - page.base, true) ?? 0;
  }
}
