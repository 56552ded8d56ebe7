/**
 * Programs from files: ELF, assembly text, Linux images, flat binaries.
 *
 * @module
 */
import { assemble, type Program } from "../core/asm/mod.ts";
import { csrByName, CSRS } from "../core/csr/table.ts";
import { DEFAULT_BASE, elfKind, isElf, parseElf } from "../devices/elf/mod.ts";
import { isLinuxImage, LinuxImageError, parseLinuxImage } from "../devices/linux_image.ts";
import type { LoadableProgram } from "../devices/load.ts";
import { type Io, UsageError } from "./io.ts";

/** A program with what reports say about its addresses. */
export interface ProgramFile extends LoadableProgram {
  readonly kind: "elf" | "assembly" | "image" | "flat";
  /** True if the file says nothing of a stack, so that whoever runs it provides one. */
  readonly needsStack: boolean;
  /** The assembled source, of assembly text. */
  readonly source: Program | undefined;
  /** `main+0x10`, undefined where no symbol is near. */
  place(address: bigint): string | undefined;
  /** `hello.s:12`, undefined where there is no source. */
  line(address: bigint): string | undefined;
}

/**
 * Reads a program. Text is recognised by its ending (`.s` or `.S`), an ELF file and a Linux image by their first bytes; all else is
 * a flat binary, which needs a base. Objects are linked to the base.
 *
 * @throws {UsageError} if the file cannot be read, is a broken Linux image, or `base` is missing or senseless
 * @throws {AssemblyErrors} if it is text with mistakes
 * @throws {ElfError} if it is a broken ELF file
 */
export async function readProgram(io: Io, path: string, base: bigint | undefined): Promise<ProgramFile> {
  const file = await readInput(io, path);
  if (/\.s$/i.test(path)) return assembled(assembleText(new TextDecoder().decode(file), path, base), path);
  if (isElf(file)) return elf(file, path, base);
  if (isLinuxImage(file)) return linuxImage(file, path, base);
  return flat(file, path, base);
}

/** Reads a file that the user named. */
export async function readInput(io: Io, path: string): Promise<Uint8Array> {
  try {
    return await io.readFile(path);
  } catch (error) {
    throw new UsageError(`Cannot read ${path}: ${error instanceof Error ? error.message : error}`, {
      cause: error,
    });
  }
}

/** Assembles text with the names of all CSRs. */
export function assembleText(text: string, name: string, base: bigint | undefined): Program {
  return assemble(text, {
    name,
    origin: base ?? DEFAULT_BASE,
    csrNumber: (csr) => csrByName(csr)?.number,
    csrNames: CSRS.map((c) => c.name),
  });
}

function elf(file: Uint8Array, path: string, base: bigint | undefined): ProgramFile {
  const kind = elfKind(file);
  if (kind === "executable" && base !== undefined) {
    throw new UsageError(`Cannot use --base: ${path} is an ELF file, which has its own addresses`);
  }
  if (base !== undefined && base % 4n !== 0n) {
    throw new UsageError(`Cannot use --base: 0x${base.toString(16)} is not a multiple of 4`);
  }
  const program = parseElf(file, base === undefined ? {} : { base });
  return {
    kind: "elf",
    needsStack: kind === "object",
    segments: program.segments,
    entry: program.entry,
    source: undefined,
    place: (address) => placeText(program.symbolAt(address)),
    line: () => undefined,
  };
}

function linuxImage(file: Uint8Array, path: string, base: bigint | undefined): ProgramFile {
  if (base !== undefined) {
    throw new UsageError(`Cannot use --base: ${path} is a Linux image, which has its own address`);
  }
  try {
    const { segments, entry } = parseLinuxImage(file);
    return unnamed("image", segments, entry);
  } catch (error) {
    if (error instanceof LinuxImageError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

/** A program without symbols. */
function unnamed(
  kind: ProgramFile["kind"],
  segments: LoadableProgram["segments"],
  entry: bigint,
): ProgramFile {
  return {
    kind,
    needsStack: false,
    segments,
    entry,
    source: undefined,
    place: () => undefined,
    line: () => undefined,
  };
}

function assembled(source: Program, path: string): ProgramFile {
  if (source.segments.length === 0) throw new UsageError(`Cannot use ${path}: it assembles to nothing`);
  return {
    kind: "assembly",
    needsStack: true,
    segments: source.segments,
    entry: source.entry,
    source,
    // The same code is often run through a direct mapping window, which changes the upper bits only.
    place: (address) => placeText(source.symbolAt(address) ?? source.symbolAt(physical(address))),
    line: (address) => {
      const found = source.lineAt(address) ?? source.lineAt(physical(address));
      return found && `${path}:${found.line}`;
    },
  };
}

function flat(file: Uint8Array, path: string, base: bigint | undefined): ProgramFile {
  if (base === undefined) {
    throw new UsageError(
      `Cannot use ${path}: it is no ELF file; a flat binary needs --base ADDR, assembly text the ending .s`,
    );
  }
  if (file.length === 0) throw new UsageError(`Cannot use ${path}: it is empty`);
  return unnamed("flat", [{ name: path, address: base, bytes: file }], base);
}

function physical(address: bigint): bigint {
  return BigInt.asUintN(48, address);
}

function placeText(
  symbol: { readonly name: string; readonly offset: bigint } | undefined,
): string | undefined {
  if (symbol === undefined) return undefined;
  return symbol.offset === 0n ? symbol.name : `${symbol.name}+0x${symbol.offset.toString(16)}`;
}
