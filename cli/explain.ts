/**
 * `lvz explain`: what a value, a word or a name means.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { CSRS } from "../core/csr/table.ts";
import { EXCEPTIONS } from "../core/exception_codes.ts";
import { INTERRUPT_NAMES } from "../core/interrupts.ts";
import { ISA } from "../core/isa/table.ts";
import type { Command } from "./command.ts";
import { csrLayout, csrValue, findCsr } from "./explain_csr.ts";
import { exceptionByName, exceptionOfCode, interruptByName } from "./explain_exception.ts";
import { mnemonic, word } from "./explain_instruction.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseNumber } from "./options.ts";
import { styleFor } from "./style.ts";

const ALL_ONES = (1n << 64n) - 1n;

/** The command. */
export const EXPLAIN: Command = {
  name: "explain",
  summary: "decode a CSR value, an instruction word, an exception code, or describe a name",
  forms: [
    "CSR VALUE           as in: lvz explain ESTAT 0x160000",
    "WORD                as in: lvz explain 0x06488000",
    "ecode CODE [SUB]    as in: lvz explain ecode 22",
    "NAME                a CSR, exception, interrupt or mnemonic",
  ],
  options: [],
  details: `A CSR is written by any of its names or by its number. Names can be in upper or lower case.
`,
  run,
};

function run(args: Arguments, io: Io): Promise<number> {
  const style = styleFor(io);
  const text = explain(args.positional);
  // The first line says what it is.
  io.out(text.replace(/^.+/gm, (line) => line.startsWith(" ") ? line : style.bold(line)));
  return Promise.resolve(EXIT.ok);
}

function explain(words: readonly string[]): string {
  const [first, second, third] = words;
  if (first === undefined) throw new UsageError("Cannot explain: nothing is given");
  const isCode = first.toLowerCase() === "ecode";
  const most = isCode ? 3 : 2;
  if (words.length > most) throw new UsageError(`Cannot explain "${words.join(" ")}": too many words`);
  if (isCode) {
    if (second === undefined) throw new UsageError("Cannot explain ecode: its number is missing");
    return exceptionOfCode(
      parseNumber("ecode", second, 0x3fn),
      parseNumber("esubcode", third ?? "0", 0x1ffn),
    );
  }
  if (second !== undefined) return csrValue(findCsr(first), parseNumber("the value", second, ALL_ONES));
  if (/^\d/.test(first)) return word(Number(parseNumber("the word", first, 0xffff_ffffn)));
  return named(first);
}

/** Everything of this name; some are shared, such as FPE. */
function named(name: string): string {
  const upper = name.toUpperCase();
  const found = [
    csrLayout(upper),
    exceptionByName(upper),
    interruptByName(upper),
    mnemonic(name.toLowerCase()),
  ]
    .filter((text) => text !== undefined);
  if (found.length > 0) return found.join("\n");
  const known = [
    ...CSRS.flatMap((c) => [c.name, ...(c.options.aka ?? [])]),
    ...Object.keys(EXCEPTIONS),
    ...INTERRUPT_NAMES,
    ...ISA.all.map((i) => i.name),
  ];
  throw new UsageError(
    `Cannot explain ${name}: it is no CSR, exception, interrupt or mnemonic${didYouMean(name, known)}`,
  );
}
