/**
 * Programs from files: ELF, assembly text, flat binaries.
 *
 * @module
 */
import { assemble, type Program } from "../core/asm/mod.ts";
import { csrByName, CSRS } from "../core/csr/table.ts";
import { isElf, parseElf } from "../devices/elf.ts";
import type { LoadableProgram } from "../devices/load.ts";
import { type Io, UsageError } from "./io.ts";

/** Where assembly text goes unless told otherwise; the kernel's place as well. */
export const DEFAULT_BASE = 0x200000n;

/** A program with what reports say about its addresses. */
export interface ProgramFile extends LoadableProgram {
  readonly kind: "elf" | "assembly" | "flat";
  /** The assembled source, of assembly text. */
  readonly source: Program | undefined;
  /** `main+0x10`, undefined where no symbol is near. */
  place(address: bigint): string | undefined;
  /** `hello.s:12`, undefined where there is no source. */
  line(address: bigint): string | undefined;
}

/**
 * Reads a program. Text is recognised by its ending (`.s` or `.S`), an ELF file by its first bytes; all else is a flat binary,
 * which needs a base.
 *
 * @throws {UsageError} if the file cannot be read, or `base` is missing or senseless
 * @throws {AssemblyErrors} if it is text with mistakes
 * @throws {ElfError} if it is a broken ELF file
 */
export async function readProgram(io: Io, path: string, base: bigint | undefined): Promise<ProgramFile> {
  const file = await readInput(io, path);
  if (/\.s$/i.test(path)) return assembled(assembleText(new TextDecoder().decode(file), path, base), path);
  if (!isElf(file)) return flat(file, path, base);
  if (base !== undefined) {
    throw new UsageError(`Cannot use --base: ${path} is an ELF file, which has its own addresses`);
  }
  const elf = parseElf(file);
  return {
    kind: "elf",
    segments: elf.segments,
    entry: elf.entry,
    source: undefined,
    place: (address) => placeText(elf.symbolAt(address)),
    line: () => undefined,
  };
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

function assembled(source: Program, path: string): ProgramFile {
  if (source.segments.length === 0) throw new UsageError(`Cannot use ${path}: it assembles to nothing`);
  return {
    kind: "assembly",
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
  return {
    kind: "flat",
    segments: [{ name: path, address: base, bytes: file }],
    entry: base,
    source: undefined,
    place: () => undefined,
    line: () => undefined,
  };
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
