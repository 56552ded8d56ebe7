/**
 * Stage-2 page tables, built by host software in host memory.
 *
 * @module
 */
import type { PageTableFormat, PageTableLevel } from "./contract.ts";
import { TLBELO0, WALK_LEVELS } from "../core/csr/translation.ts";
import type { Restore, Stateful } from "../core/mod.ts";

/** Where the host sees physical memory: the cached direct mapping window of Linux and ArceOS. */
export const DIRECT_MAP = 0x9000_0000_0000_0000n;

/** What a guest may do with a page. */
export interface Permission {
  readonly read: boolean;
  readonly write: boolean;
  readonly execute: boolean;
}

/** Writes 64 bits at a host physical address. */
export type Store = (address: bigint, value: bigint) => void;

/** Everything allowed. */
export const RWX: Permission = { read: true, write: true, execute: true };

/** Software's own bits of an entry: present, and writable. */
const PRESENT = 1n << 7n;
const WRITABLE = 1n << 8n;
const CACHED = TLBELO0.MAT.of(1n);

/** PWCL and PWCH for a format. */
export function pageWalkRegisters(format: PageTableFormat): { readonly pwcl: bigint; readonly pwch: bigint } {
  let [pwcl, pwch] = [0n, 0n];
  let base = format.pageShift;
  for (const { directory, width } of format.levels) {
    const [baseField, widthField] = WALK_LEVELS[directory];
    const value = baseField.of(BigInt(base)) | widthField.of(BigInt(width));
    if (directory <= 2) pwcl |= value;
    else pwch |= value;
    base += width;
  }
  return { pwcl, pwch };
}

/**
 * A page table. Memory that holds tables must be zero when they are made, and so must the first page of memory: an empty directory
 * entry is address 0, where the walk finds an empty table. (Linux keeps a special empty table for that.)
 */
export class NestedPageTable implements Stateful {
  /** Host physical address of the root. */
  readonly root: bigint;
  readonly format: PageTableFormat;
  readonly #store: Store;
  /** Next free address. */
  #free: bigint;
  readonly #end: bigint;
  /** Tables by level and the GPA bits that lead to them. */
  #tables = new Map<string, bigint>();

  /**
   * @param store how the VMM writes its memory
   * @param memory host physical addresses that tables may take: the first, and the one behind the last
   */
  constructor(
    store: Store,
    format: PageTableFormat,
    memory: { readonly start: bigint; readonly end: bigint },
  ) {
    this.#store = store;
    this.format = format;
    this.#free = memory.start;
    this.#end = memory.end;
    this.root = this.#allocate(this.#top);
  }

  /** Keeps which tables there are. Their contents are in the VMM's memory. */
  save(): Restore {
    const [free, tables] = [this.#free, new Map(this.#tables)];
    return () => {
      this.#free = free;
      if (this.#tables.size !== tables.size) this.#tables = new Map(tables);
    };
  }

  get #top(): PageTableLevel {
    return this.format.levels[this.format.levels.length - 1]!;
  }

  /** Bytes of a page. */
  get pageSize(): bigint {
    return 1n << BigInt(this.format.pageShift);
  }

  /**
   * Maps a range.
   *
   * @throws {RangeError} if an address or the size is not a multiple of the page size
   */
  map(gpa: bigint, hpa: bigint, size: bigint, permission: Permission = RWX): void {
    this.#checkAligned(gpa, hpa, size);
    for (let offset = 0n; offset < size; offset += this.pageSize) {
      this.#write(gpa + offset, leaf(hpa + offset, permission));
    }
  }

  /** Takes a range away. Cached translations stay until they are invalidated. */
  unmap(gpa: bigint, size: bigint): void {
    this.#checkAligned(gpa, 0n, size);
    for (let offset = 0n; offset < size; offset += this.pageSize) this.#write(gpa + offset, 0n);
  }

  #checkAligned(...values: readonly bigint[]): void {
    const odd = values.find((v) => v % this.pageSize !== 0n);
    if (odd === undefined) return;
    throw new RangeError(
      `Cannot map 0x${odd.toString(16)}: not a multiple of the page size 0x${this.pageSize.toString(16)}`,
    );
  }

  #allocate(level: PageTableLevel): bigint {
    const table = this.#free;
    const bytes = 8n << BigInt(level.width);
    this.#free += bytes > 0x1000n ? bytes : 0x1000n;
    if (this.#free <= this.#end) return table;
    throw new RangeError(
      `Cannot make another page table: memory for tables ends at 0x${this.#end.toString(16)}`,
    );
  }

  #write(gpa: bigint, entry: bigint): void {
    const { levels, pageShift } = this.format;
    const shifts = levels.map((_, i) => levels.slice(0, i).reduce((sum, l) => sum + l.width, pageShift));
    let table = this.root;
    for (let i = levels.length - 1; i > 0; i--) table = this.#descend(table, gpa, i, shifts[i]!);
    this.#store(table + indexOf(gpa, shifts[0]!, levels[0]!.width) * 8n, entry);
  }

  /** The table one level below, made where there is none. */
  #descend(table: bigint, gpa: bigint, i: number, shift: number): bigint {
    const key = `${i}:${gpa >> BigInt(shift)}`;
    const known = this.#tables.get(key);
    if (known !== undefined) return known;
    const next = this.#allocate(this.format.levels[i - 1]!);
    this.#tables.set(key, next);
    this.#store(table + indexOf(gpa, shift, this.format.levels[i]!.width) * 8n, next);
    return next;
  }
}

function indexOf(address: bigint, shift: number, width: number): bigint {
  return (address >> BigInt(shift)) & ((1n << BigInt(width)) - 1n);
}

function leaf(hpa: bigint, permission: Permission): bigint {
  const write = permission.write ? TLBELO0.D.mask | WRITABLE : 0n;
  const read = permission.read ? 0n : TLBELO0.NR.mask;
  const execute = permission.execute ? 0n : TLBELO0.NX.mask;
  return hpa | TLBELO0.V.mask | PRESENT | CACHED | write | read | execute;
}
