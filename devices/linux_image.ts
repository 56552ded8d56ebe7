/**
 * The `Image` that a Linux build leaves beside `vmlinux`: the kernel's memory as a file, under a header that doubles as that of a
 * Windows program (VM-IMG-01).
 *
 * @module
 */
import type { LoadableProgram } from "./load.ts";

/** A file that begins like a kernel image and is none that can be loaded. */
export class LinuxImageError extends Error {
  override readonly name = "LinuxImageError";
  /** Offset in the file, in bytes. */
  readonly offset: number;
  /** The value found there. */
  readonly value: bigint;

  constructor(what: string, offset: number, value: bigint, reason: string) {
    super(
      `Cannot load this Linux image: ${what} (0x${value.toString(16)} at offset 0x${
        offset.toString(16)
      }) ${reason}`,
    );
    this.offset = offset;
    this.value = value;
  }
}

/** A kernel. Addresses are physical. */
export interface LinuxImage extends LoadableProgram {
  /** Bytes from the start of RAM to the first byte. */
  readonly loadOffset: bigint;
  /** Bytes in memory, those that the kernel clears included. */
  readonly size: bigint;
}

/** Offsets in the header. */
const AT = { entry: 0x08, size: 0x10, loadOffset: 0x18, magic: 0x38, programHeader: 0x3c } as const;
const HEADER_SIZE = 64;
/** "MZ", as DOS programs begin. */
const DOS_MAGIC = 0x5a4d;
/** That the file is a Linux image: the same number for all architectures that have this header. */
const LINUX_MAGIC = 0x818223cd;
/** "PE", two zeros; the machine; behind 20 bytes the format of what follows. */
const PROGRAM = { magic: 0x00004550, machine: 0x6264, machineAt: 4, format: 0x20b, formatAt: 24 } as const;
/** "zimg": a kernel that firmware unpacks. */
const COMPRESSED_MAGIC = 0x676d697a;
const COMPRESSED_MAGIC_AT = 4;
const PHYSICAL_MASK = (1n << 48n) - 1n;

/** True if the file begins as Linux images do, whatever the rest is. */
export function isLinuxImage(file: Uint8Array): boolean {
  const view = viewOf(file);
  if (file.length < HEADER_SIZE || view.getUint16(0, true) !== DOS_MAGIC) return false;
  return view.getUint32(AT.magic, true) === LINUX_MAGIC ||
    view.getUint32(COMPRESSED_MAGIC_AT, true) === COMPRESSED_MAGIC;
}

/**
 * Reads a LoongArch64 kernel image.
 *
 * @param ramStart physical address of the RAM that the load offset counts from
 * @throws {LinuxImageError} if the header is that of another machine, of a compressed kernel, or contradicts itself
 */
export function parseLinuxImage(file: Uint8Array, ramStart = 0n): LinuxImage {
  const view = viewOf(file);
  checkHeader(file, view);
  const field = (at: number) => view.getBigUint64(at, true);
  const loadOffset = field(AT.loadOffset);
  const size = field(AT.size);
  if (size < BigInt(file.length)) {
    throw new LinuxImageError(
      "the size in memory",
      AT.size,
      size,
      `is below that of the file, ${file.length}`,
    );
  }
  const address = ramStart + loadOffset;
  if (address + size > PHYSICAL_MASK + 1n) {
    throw new LinuxImageError(
      "the load offset",
      AT.loadOffset,
      loadOffset,
      `leads behind the physical addresses with a size of 0x${size.toString(16)}`,
    );
  }
  // Older kernels give the address in their mapping window.
  const entry = field(AT.entry) & PHYSICAL_MASK;
  if (entry % 4n !== 0n || entry < address || entry >= address + BigInt(file.length)) {
    throw new LinuxImageError(
      "the entry",
      AT.entry,
      field(AT.entry),
      `must be a multiple of 4 in the image, which is at 0x${address.toString(16)}`,
    );
  }
  return { segments: [{ name: "the kernel image", address, bytes: file, size }], entry, loadOffset, size };
}

function checkHeader(file: Uint8Array, view: DataView): void {
  if (file.length < HEADER_SIZE) {
    throw new LinuxImageError(
      "the file size",
      0,
      BigInt(file.length),
      `is below that of the header, ${HEADER_SIZE}`,
    );
  }
  const expect = (what: string, at: number, found: number, expected: number, meaning: string) => {
    if (found === expected) return;
    const reason = `must be 0x${expected.toString(16)}, ${meaning}`;
    throw new LinuxImageError(what, at, BigInt(found), reason);
  };
  expect("the magic number", 0, view.getUint16(0, true), DOS_MAGIC, "MZ");
  const compressed = view.getUint32(COMPRESSED_MAGIC_AT, true);
  if (compressed === COMPRESSED_MAGIC) {
    throw new LinuxImageError(
      "the second magic number",
      COMPRESSED_MAGIC_AT,
      BigInt(compressed),
      "is that of a compressed kernel (vmlinuz.efi), which firmware unpacks; use Image or vmlinux of the same build",
    );
  }
  expect("the magic number of Linux", AT.magic, view.getUint32(AT.magic, true), LINUX_MAGIC, "a Linux image");
  const program = view.getUint32(AT.programHeader, true);
  if (program > file.length - PROGRAM.formatAt - 2) {
    throw new LinuxImageError(
      "the offset of the PE header",
      AT.programHeader,
      BigInt(program),
      `is outside the file, which has 0x${file.length.toString(16)} bytes`,
    );
  }
  expect("the PE header", program, view.getUint32(program, true), PROGRAM.magic, "PE");
  const machineAt = program + PROGRAM.machineAt;
  expect("the machine", machineAt, view.getUint16(machineAt, true), PROGRAM.machine, "LoongArch64");
  const formatAt = program + PROGRAM.formatAt;
  expect("the PE format", formatAt, view.getUint16(formatAt, true), PROGRAM.format, "64-bit");
}

function viewOf(file: Uint8Array): DataView {
  return new DataView(file.buffer, file.byteOffset, file.byteLength);
}
