/**
 * Reading numbers out of an ELF file without ever leaving it.
 *
 * @module
 */

/** A file that cannot be loaded: which value at which offset is to blame. */
export class ElfError extends Error {
  override readonly name: string = "ElfError";
  /** Offset in the file, in bytes. */
  readonly offset: number;
  /** The value found there. */
  readonly value: bigint;

  constructor(message: string, offset: number, value: bigint) {
    super(message);
    this.offset = offset;
    this.value = value;
  }
}

/** A number as messages show it. */
export function hex(value: bigint | number): string {
  return value < 0 ? `-0x${(-value).toString(16)}` : `0x${value.toString(16)}`;
}

/** What messages call a file without a name. */
export const UNNAMED = "this ELF file";

/** A file with bounds-checked accesses; all numbers are little-endian. */
export class ElfReader {
  /** What messages call the file. */
  readonly name: string;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, name = UNNAMED) {
    this.name = name;
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  /** An error about a value. */
  error(what: string, offset: number, value: bigint | number, reason: string): ElfError {
    return new ElfError(
      `Cannot load ${this.name}: ${what} (${hex(value)} at offset ${hex(offset)}) ${reason}`,
      offset,
      BigInt(value),
    );
  }

  /** @throws {ElfError} unless the value is the one expected, named `meaning` */
  expect(what: string, offset: number, value: number | bigint, expected: number, meaning: string): void {
    if (BigInt(value) !== BigInt(expected)) {
      throw this.error(what, offset, value, `must be ${hex(expected)}, ${meaning}`);
    }
  }

  /** @throws {ElfError} with the size as its value, unless `size` bytes at `offset` are in the file */
  require(offset: number, size: number | bigint, what: string): void {
    if (BigInt(offset) + BigInt(size) <= BigInt(this.#bytes.length)) return;
    throw this.error(what, offset, size, `must end in the file, which ends at ${hex(this.#bytes.length)}`);
  }

  u8(offset: number): number {
    this.require(offset, 1, "a field");
    return this.#view.getUint8(offset);
  }

  u16(offset: number): number {
    this.require(offset, 2, "a field");
    return this.#view.getUint16(offset, true);
  }

  u32(offset: number): number {
    this.require(offset, 4, "a field");
    return this.#view.getUint32(offset, true);
  }

  u64(offset: number): bigint {
    this.require(offset, 8, "a field");
    return this.#view.getBigUint64(offset, true);
  }

  /** A 64-bit field that is an offset in the file. */
  offset(at: number, what: string): number {
    const value = this.u64(at);
    if (value > BigInt(this.#bytes.length)) {
      throw this.error(
        `the offset of ${what}`,
        at,
        value,
        `is outside the file, which has ${hex(this.#bytes.length)} bytes`,
      );
    }
    return Number(value);
  }

  /** A part of the file; not a copy. */
  bytes(offset: number, size: number): Uint8Array {
    this.require(offset, size, "a range");
    return this.#bytes.subarray(offset, offset + size);
  }
}

/** Bytes of the file that something takes. */
export interface FileRange {
  /** For messages. */
  readonly name: string;
  /** Where the file says where the range begins. */
  readonly at: number;
  readonly start: number;
  readonly size: number;
}

/**
 * Refuses two things in the same bytes. No tool writes such a file, and one that is made to can take a thousand times its own
 * size in memory.
 *
 * @throws {ElfError} if two ranges overlap
 */
export function checkDisjoint(reader: ElfReader, ranges: readonly FileRange[]): void {
  const sorted = ranges.filter((r) => r.size > 0).sort((a, b) => a.start - b.start);
  sorted.forEach((range, i) => {
    const before = sorted[i - 1];
    if (before === undefined || before.start + before.size <= range.start) return;
    throw reader.error(
      `the offset of ${range.name}`,
      range.at,
      range.start,
      `is inside ${before.name}, which takes ${hex(before.start)} to ${hex(before.start + before.size - 1)}`,
    );
  });
}
