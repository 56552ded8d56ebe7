/**
 * `lvz asm`: what text assembles to.
 *
 * @module
 */
import type { Program, Segment, SourceLine } from "../core/asm/mod.ts";
import type { Command } from "./command.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseAddress } from "./options.ts";
import { assembleText, readInput } from "./program_file.ts";
import { type Style, styleFor } from "./style.ts";
import { hex } from "../core/hex.ts";
import { instructionText, wordDigits } from "./text.ts";

const WORD = 4;
/** Bytes of data in a line. */
const ROW = 16;
/** Lines of a statement's data before the rest is left out. */
const MOST_ROWS = 4;

/** The command. */
export const ASM: Command = {
  name: "asm",
  summary: "assemble text and print addresses, words and instructions",
  forms: ["FILE.s [--base ADDR]", '-e "addi.d $a0, $a1, 1" [--base ADDR]'],
  options: [
    {
      name: "e",
      value: "TEXT",
      text: "assemble this text; statements are separated by newlines or semicolons",
    },
    { name: "base", value: "ADDR", text: "address of the first section (default 0x200000)" },
  ],
  details:
    `Pseudo-instructions are shown as the instructions that they become, data as bytes beside its directive. CSRs can be
written by name.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const base = args.text("base");
  const origin = base === undefined ? undefined : parseAddress("--base", base);
  const { text, name } = await readSource(args, io);
  const program = assembleText(text, name, origin);
  io.out(program.segments.map((s) => segmentText(program, s, styleFor(io))).join("\n"));
  return EXIT.ok;
}

async function readSource(args: Arguments, io: Io): Promise<{ text: string; name: string }> {
  const text = args.text("e");
  const [path, ...rest] = args.positional;
  if (rest.length > 0) throw new UsageError(`Cannot assemble ${rest.join(" ")}: one file at a time`);
  if (text !== undefined && path !== undefined) {
    throw new UsageError(`Cannot assemble ${path}: -e is given as well`);
  }
  if (text !== undefined) return { text, name: "-e" };
  if (path === undefined) throw new UsageError('Cannot assemble: neither a file nor -e "TEXT" is given');
  return { text: new TextDecoder().decode(await readInput(io, path)), name: path };
}

function segmentText(program: Program, segment: Segment, style: Style): string {
  const end = segment.address + BigInt(segment.bytes.length);
  const lines = [style.dim(`${segment.name}, ${segment.bytes.length} bytes\n`)];
  for (let address = segment.address; address < end;) {
    const label = program.symbolAt(address);
    if (label?.offset === 0n) lines.push(style.bold(`${label.name}:\n`));
    const size = statementSize(program, address, end);
    const bytes = segment.bytes.subarray(
      Number(address - segment.address),
      Number(address - segment.address) + size,
    );
    lines.push(statementText(address, bytes, program.lineAt(address)));
    address += BigInt(size);
  }
  return lines.join("");
}

/** Data of one statement stays together; instructions stand alone. */
function statementSize(program: Program, address: bigint, end: bigint): number {
  const line = program.lineAt(address);
  if (!isData(line)) return Number(end - address < WORD ? end - address : WORD);
  // The first address of another statement, by halving: data can be large.
  let low = address + 1n;
  let high = end;
  while (low < high) {
    const middle = (low + high) / 2n;
    if (program.lineAt(middle) === line) low = middle + 1n;
    else high = middle;
  }
  return Number(low - address);
}

/** Directives and assignments to `.` begin with a dot, mnemonics never do. */
function isData(line: SourceLine | undefined): boolean {
  return line === undefined || line.text.startsWith(".");
}

function statementText(address: bigint, bytes: Uint8Array, line: SourceLine | undefined): string {
  if (isData(line) || bytes.length !== WORD) return dataText(address, bytes, line?.text ?? "");
  const word = new DataView(bytes.buffer, bytes.byteOffset, WORD).getUint32(0, true);
  return `${hex(address)}  ${wordDigits(word)}  ${instructionText(word, address)}\n`;
}

function dataText(address: bigint, bytes: Uint8Array, text: string): string {
  const rows: string[] = [];
  for (let at = 0; at < bytes.length; at += ROW) {
    if (rows.length === MOST_ROWS) {
      rows.push(`${" ".repeat(hex(address).length)}  … ${bytes.length - at} more bytes\n`);
      break;
    }
    const digits = [...bytes.subarray(at, at + ROW)].map((b) => b.toString(16).padStart(2, "0")).join(" ");
    rows.push(`${hex(address + BigInt(at))}  ${digits}${at === 0 ? `  ${text}` : ""}\n`);
  }
  return rows.join("");
}
