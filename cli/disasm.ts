/**
 * `lvz disasm`: words as instructions.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { DEFAULT_BASE, type ElfProgram, isElf, parseElf, UndefinedSymbolError } from "../devices/elf/mod.ts";
import type { Command } from "./command.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseNumber } from "./options.ts";
import { readInput } from "./program_file.ts";
import { type Style, styleFor } from "./style.ts";
import { hex } from "../core/hex.ts";
import { instructionText, wordDigits } from "./text.ts";

const WORD = 4;
const HEX_WORD = /^(0x)?[0-9a-f]{1,8}$/i;
const HIGHEST_ADDRESS = (1n << 64n) - 1n;

/** The command. */
export const DISASM: Command = {
  name: "disasm",
  summary: "print instruction words, an ELF file or a flat binary as instructions",
  forms: ["WORD… [--pc ADDR]", "FILE.elf|FILE.o [--symbol NAME]", "FILE.bin [--pc ADDR]"],
  options: [
    { name: "pc", value: "ADDR", text: "address of the first word: branches then show their targets" },
    { name: "symbol", value: "NAME", text: "show this function of an ELF file only" },
  ],
  details:
    `Words are hexadecimal, with or without 0x. An argument that is none is a file; write ./cafe for a file of that name.
Of an ELF file the executable segments are shown, an object as it is at 0x200000.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const { positional } = args;
  const given = args.text("pc");
  const pc = given === undefined ? undefined : parseNumber("--pc", given, HIGHEST_ADDRESS);
  const [first] = positional;
  if (first === undefined) throw new UsageError("Cannot disassemble: neither words nor a file are given");
  if (positional.length > 1 || /^0x/i.test(first) || HEX_WORD.test(first)) {
    io.out(wordsText(positional.map(parseWord), pc));
    return EXIT.ok;
  }
  const file = await readInput(io, first);
  const symbol = args.text("symbol");
  if (isElf(file)) {
    if (pc !== undefined) {
      throw new UsageError(`Cannot use --pc: ${first} is an ELF file, which has its own addresses`);
    }
    io.out(elfText(readElf(file, io), symbol, styleFor(io)));
    return EXIT.ok;
  }
  if (symbol !== undefined) throw new UsageError(`Cannot use --symbol: ${first} is no ELF file`);
  io.out(flatText(file, first, pc));
  return EXIT.ok;
}

/** What an object leaves undefined does not keep its code from being shown. */
function readElf(file: Uint8Array, io: Io): ElfProgram {
  try {
    return parseElf(file);
  } catch (error) {
    if (!(error instanceof UndefinedSymbolError)) throw error;
    const names = error.symbols.map((s) => s.name);
    io.err(`Undefined, and taken to be at ${hex(DEFAULT_BASE)}: ${names.join(", ")}\n`);
    return parseElf(file, { symbols: new Map(names.map((name) => [name, DEFAULT_BASE])) });
  }
}

function parseWord(text: string): number {
  if (HEX_WORD.test(text)) return Number.parseInt(text, 16);
  throw new UsageError(`Cannot disassemble "${text}": a word is up to 8 hexadecimal digits`);
}

function flatText(file: Uint8Array, path: string, pc: bigint | undefined): string {
  if (file.length % WORD !== 0) {
    throw new UsageError(`Cannot disassemble ${path}: its size is ${file.length}, not a multiple of ${WORD}`);
  }
  return wordsText(wordsOf(file), pc ?? 0n);
}

function wordsOf(bytes: Uint8Array): number[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / WORD) }, (_, i) => view.getUint32(i * WORD, true));
}

/** Without an address there is nothing to count from, so the column is left out. */
function wordsText(words: readonly number[], pc: bigint | undefined): string {
  return words.map((word, i) => {
    if (pc === undefined) return `${wordDigits(word)}  ${instructionText(word)}\n`;
    const address = BigInt.asUintN(64, pc + BigInt(i * WORD));
    return `${hex(address)}  ${wordDigits(word)}  ${instructionText(word, address)}\n`;
  }).join("");
}

function elfText(elf: ElfProgram, name: string | undefined, style: Style): string {
  const lines: string[] = [];
  const [from, to] = name === undefined ? [0n, 1n << 64n] : rangeOf(elf, name);
  for (const { name, address, bytes } of elf.segments.filter((s) => s.executable)) {
    if (address >= to || address + BigInt(bytes.length) <= from) continue;
    lines.push(style.dim(`${name} at ${hex(address)}, ${bytes.length} bytes\n`));
    wordsOf(bytes).forEach((word, i) => {
      const at = address + BigInt(i * WORD);
      if (at < from || at >= to) return;
      const symbol = elf.symbolAt(at);
      if (symbol?.offset === 0n) lines.push(style.bold(`${symbol.name}:\n`));
      lines.push(`${hex(at)}  ${wordDigits(word)}  ${instructionText(word, at)}\n`);
    });
  }
  return lines.join("");
}

/** The addresses of a function; if the file does not say where it ends, up to the next symbol. */
function rangeOf(elf: ElfProgram, name: string): [from: bigint, to: bigint] {
  const symbol = elf.symbol(name);
  if (symbol === undefined) {
    const near = didYouMean(name, elf.symbols.map((s) => s.name));
    throw new UsageError(`Cannot use --symbol: the file has no symbol ${name}${near}`);
  }
  const { address, size } = symbol;
  if (size > 0n) return [address, address + size];
  const next = elf.symbols.find((s) => s.address > address);
  return [address, next?.address ?? 1n << 64n];
}
