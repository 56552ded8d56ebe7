/**
 * ELF files: executables, and the objects that compilers and assemblers make.
 *
 * @module
 */
import { readExecutable } from "./executable.ts";
import { readKind } from "./header.ts";
import { linkObjects as link } from "./link.ts";
import { readObject } from "./object.ts";
import type { ElfOptions, ElfProgram } from "./program.ts";
import { ElfReader } from "./reader.ts";

export { type ElfKind, isElf } from "./header.ts";
export {
  DEFAULT_BASE,
  type ElfOptions,
  type ElfProgram,
  type ElfSection,
  type ElfSegment,
  type ElfSymbol,
} from "./program.ts";
export { ElfError } from "./reader.ts";
export { type UndefinedSymbol, UndefinedSymbolError } from "./undefined.ts";

/** An object that is linked with others. */
export interface ObjectInput {
  /** What messages call it. */
  readonly name: string;
  readonly bytes: Uint8Array;
}

/**
 * Reads a LoongArch64 file: a static executable, a static position-independent one, or an object, which is linked.
 *
 * @throws {ElfError} if the file is anything else, truncated, or contradicts itself
 * @throws {UndefinedSymbolError} if symbols are missing
 * @throws {RangeError} if the base is no address of 64 bits, or not a multiple of 4
 */
export function parseElf(file: Uint8Array, options: ElfOptions = {}): ElfProgram {
  checkBase(options);
  const reader = new ElfReader(file, options.name);
  const kind = readKind(reader, file);
  if (kind !== "object") return readExecutable(reader, kind, options);
  return link([readObject(reader)], options);
}

/**
 * Links objects with each other, in their order.
 *
 * @throws {ElfError} if one is no object or broken, or they contradict each other
 * @throws {UndefinedSymbolError} if symbols are missing
 * @throws {RangeError} if the base is no address of 64 bits or not a multiple of 4, or no objects are given
 */
export function linkObjects(
  objects: readonly ObjectInput[],
  options: Omit<ElfOptions, "name"> = {},
): ElfProgram {
  checkBase(options);
  if (objects.length === 0) throw new RangeError("Cannot link objects: none are given");
  const files = objects.map(({ name, bytes }) => {
    const reader = new ElfReader(bytes, name);
    const kind = readKind(reader, bytes);
    if (kind === "object") return readObject(reader);
    throw reader.error(
      "the file type",
      0x10,
      reader.u16(0x10),
      "must be 1, an object, to be linked with others",
    );
  });
  return link(files, options);
}

/**
 * The kind of a file, without reading the rest.
 *
 * @throws {ElfError} if it is not ELF, or not for this machine
 */
export function elfKind(file: Uint8Array): ElfProgram["kind"] {
  return readKind(new ElfReader(file), file);
}

function checkBase({ base }: ElfOptions): void {
  if (base === undefined || (BigInt.asUintN(64, base) === base && base % 4n === 0n)) return;
  throw new RangeError(`Cannot use base ${base}: it must be a multiple of 4 in [0, 2^64)`);
}
