/**
 * The physical memory that each guest may reach, and a memory that refuses everything else while a guest runs.
 *
 * @module
 */
import type { Bus, RamWindow } from "../core/mod.ts";
import { MACHINE_MEMORY, MEMORY_HPA, PAGE } from "./layout.ts";
import type { GuestNumber } from "./sequence.ts";
import { shown, Violation } from "./violation.ts";

/** A translation of stage 2 that may be cached somewhere. */
interface Translation {
  /** A page of the guest's own memory; undefined for no access at all. */
  readonly target: number | undefined;
  readonly access: string;
}

/** What stage 2 gives to one guest: the tables, and what was in them since the last flush. */
export class Reach {
  readonly #guest: GuestNumber;
  /** By number of the GPA's page; the last one is what the tables say. */
  readonly #pages = new Map<number, readonly Translation[]>();
  /** By number of the HPA's page: nothing, read only (1), write too (2). */
  readonly #rights = new Uint8Array(MACHINE_MEMORY / PAGE);

  constructor(guest: GuestNumber) {
    this.#guest = guest;
  }

  /** A page of stage 2 changed. */
  set(page: number, target: number, access: string): void {
    const now = { target: access === "" ? undefined : target, access };
    this.#pages.set(page, [...(this.#pages.get(page) ?? []), now]);
    this.#refresh();
  }

  /** The cached translations of a page, or of all, are gone. */
  flush(page?: number): void {
    for (const [number, list] of this.#pages) {
      if (page === undefined || page === number) this.#pages.set(number, list.slice(-1));
    }
    this.#refresh();
  }

  #refresh(): void {
    const first = (MEMORY_HPA[this.#guest] ?? 0) / PAGE;
    this.#rights.fill(0);
    for (const { target, access } of [...this.#pages.values()].flat()) {
      if (target === undefined) continue;
      const at = first + target;
      this.#rights[at] = Math.max(this.#rights[at] ?? 0, access.includes("w") ? 2 : 1);
    }
  }

  /** True if the guest may reach every byte of a range. */
  allows(address: number, size: number, write: boolean): boolean {
    const need = write ? 2 : 1;
    const [first, last] = [address, address + size - 1].map((a) => this.#rights[Math.floor(a / PAGE)] ?? 0);
    return (first ?? 0) >= need && (last ?? 0) >= need;
  }
}

/** Asked before each access. */
export type AccessCheck = (address: number, size: number, write: boolean) => void;

// The constructor that the compiler's library declares for DataView cannot be extended.
const PlainView: new (buffer: ArrayBuffer) => DataView = DataView;

/** A view of memory that asks first. */
class CheckedView extends PlainView {
  check: AccessCheck = () => {};

  override getUint8(at: number): number {
    this.check(at, 1, false);
    return super.getUint8(at);
  }
  override getUint16(at: number, little?: boolean): number {
    this.check(at, 2, false);
    return super.getUint16(at, little);
  }
  override getUint32(at: number, little?: boolean): number {
    this.check(at, 4, false);
    return super.getUint32(at, little);
  }
  override getBigUint64(at: number, little?: boolean): bigint {
    this.check(at, 8, false);
    return super.getBigUint64(at, little);
  }
  override setUint8(at: number, value: number): void {
    this.check(at, 1, true);
    super.setUint8(at, value);
  }
  override setUint16(at: number, value: number, little?: boolean): void {
    this.check(at, 2, true);
    super.setUint16(at, value, little);
  }
  override setUint32(at: number, value: number, little?: boolean): void {
    this.check(at, 4, true);
    super.setUint32(at, value, little);
  }
  override setBigUint64(at: number, value: bigint, little?: boolean): void {
    this.check(at, 8, true);
    super.setBigUint64(at, value, little);
  }
}

/** All memory of the machine of a sequence; there are no devices. */
export class CheckedMemory implements Bus {
  readonly bytes = new Uint8Array(MACHINE_MEMORY);
  readonly #view = new CheckedView(this.bytes.buffer);
  readonly #window: RamWindow = { base: 0, view: this.#view };
  readonly #outside: (address: number) => void;

  /**
   * @param outside called for an access beyond the memory
   */
  constructor(check: AccessCheck, outside: (address: number) => void) {
    this.#view.check = check;
    this.#outside = outside;
  }

  ramAt(address: number): RamWindow | undefined {
    if (address >= 0 && address < MACHINE_MEMORY) return this.#window;
    this.#outside(address);
    return undefined;
  }

  read(): undefined {}

  write(): boolean {
    return false;
  }
}

/** What to say of a forbidden access. */
export function forbidden(guest: GuestNumber, address: number, size: number, write: boolean): Violation {
  return new Violation(
    "stage-2",
    `guest ${guest} ${write ? "writes" : "reads"} ${size} bytes at HPA ${shown(address)}`,
  );
}
