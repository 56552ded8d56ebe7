/**
 * The ELF header: what kind of file it is.
 *
 * @module
 */
import type { ElfReader } from "./reader.ts";

/** `executable` is linked to fixed addresses, `position-independent` to any, `object` not at all. */
export type ElfKind = "executable" | "position-independent" | "object";

const HEADER_SIZE = 64;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const CURRENT_VERSION = 1;
const LOONGARCH = 258;

const KINDS: Readonly<Record<number, ElfKind>> = { 1: "object", 2: "executable", 3: "position-independent" };
const OTHER_TYPES: Readonly<Record<number, string>> = { 0: "no type", 4: "a core dump" };

/** True if the file begins as ELF files do, whatever the rest is. */
export function isElf(file: Uint8Array): boolean {
  return file.length >= 4 && file[0] === 0x7f && file[1] === 0x45 && file[2] === 0x4c && file[3] === 0x46;
}

/**
 * The kind of a LoongArch64 file.
 *
 * @throws {ElfError} if it is not ELF, or not for this machine
 */
export function readKind(reader: ElfReader, file: Uint8Array): ElfKind {
  if (!isElf(file)) throw reader.error("the magic number", 0, reader.u32(0), "is not that of ELF");
  reader.require(0, HEADER_SIZE, "the ELF header");
  reader.expect("the class", 4, reader.u8(4), CLASS_64, "64-bit");
  reader.expect("the byte order", 5, reader.u8(5), LITTLE_ENDIAN, "little endian");
  reader.expect("the version", 6, reader.u8(6), CURRENT_VERSION, "the current one");
  reader.expect("the machine", 0x12, reader.u16(0x12), LOONGARCH, "LoongArch");
  const type = reader.u16(0x10);
  const kind = KINDS[type];
  if (kind !== undefined) return kind;
  const known = OTHER_TYPES[type];
  throw reader.error(
    "the file type",
    0x10,
    type,
    `${known ? `is ${known}, it ` : ""}must be 1 (object), 2 (executable) or 3 (position-independent)`,
  );
}
