/**
 * The commands of `lvz`, and what finds the one asked for.
 *
 * @module
 */
import { AssemblyErrors } from "../core/asm/errors.ts";
import { didYouMean } from "../core/asm/suggest.ts";
import { ElfError } from "../devices/elf/mod.ts";
import { StateFileError } from "../drivers/mod.ts";
import { ASM } from "./asm.ts";
import { CONFORM } from "./conform.ts";
import type { Command } from "./command.ts";
import { DIFF } from "./diff.ts";
import { DISASM } from "./disasm.ts";
import { EXPLAIN } from "./explain.ts";
import { EXPORT } from "./export.ts";
import { GDB } from "./gdb.ts";
import { IMAGE } from "./image.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { optionName, parseArguments } from "./options.ts";
import { RULES_COMMAND } from "./rules.ts";
import { RUN } from "./run.ts";
import { TRACE } from "./trace_steps.ts";
import { table } from "./text.ts";

const COMMANDS: readonly Command[] = [
  RUN,
  GDB,
  ASM,
  DISASM,
  EXPLAIN,
  RULES_COMMAND,
  EXPORT,
  IMAGE,
  DIFF,
  TRACE,
  CONFORM,
];
const HELP = { name: "help", summary: "this list, or what a command takes: lvz help run" };
const HELP_OPTIONS = ["--help", "-h"];

/**
 * Runs a command line.
 *
 * @returns the exit status: 0 all good, 1 the guest failed, 2 wrong use or unusable input
 */
export async function runCommandLine(args: readonly string[], io: Io): Promise<number> {
  const [name, ...rest] = args;
  try {
    if (name === undefined) throw new UsageError("Cannot start: no command is given");
    if (name === HELP.name || HELP_OPTIONS.includes(name)) return help(rest, io);
    const command = findCommand(name);
    if (rest.some((arg) => HELP_OPTIONS.includes(arg))) return help([name], io);
    return await command.run(parseArguments(rest, command.options), io);
  } catch (error) {
    if (!isInputProblem(error)) throw error;
    // Assembly errors begin with file and line, which editors recognise at the start of a line.
    io.err(`${error instanceof AssemblyErrors ? "" : "lvz: "}${error.message}\n`);
    if (error instanceof UsageError) {
      const known = COMMANDS.some((c) => c.name === name);
      io.err(`See: lvz help${known ? ` ${name}` : ""}\n`);
    }
    return EXIT.usage;
  }
}

/** What is wrong with what the user gave, rather than with this program. */
function isInputProblem(error: unknown): error is Error {
  return [UsageError, AssemblyErrors, ElfError, StateFileError].some((kind) => error instanceof kind);
}

function findCommand(name: string): Command {
  const found = COMMANDS.find((c) => c.name === name);
  if (found !== undefined) return found;
  const names = [...COMMANDS.map((c) => c.name), HELP.name];
  const near = didYouMean(name, names) || `: there are ${names.join(", ")}`;
  throw new UsageError(`Cannot find command ${name}${near}`);
}

function help([name]: readonly string[], io: Io): number {
  io.out(name === undefined || name === HELP.name ? overview() : commandHelp(findCommand(name)));
  return EXIT.ok;
}

function overview(): string {
  const rows = [...COMMANDS, HELP].map((c) => [c.name, c.summary]);
  return `lvz, a LoongArch64 machine with LVZ\n\n${table(rows)}`;
}

function commandHelp({ name, summary, forms, options, details }: Command): string {
  const uses = forms.map((form) => `  lvz ${name} ${form}\n`).join("");
  const rows = options.map((o) => [[optionName(o.name), o.value ?? ""].join(" ").trimEnd(), o.text]);
  return `lvz ${name}: ${summary}\n\n${uses}\n${rows.length > 0 ? `${table(rows)}\n` : ""}${details}`;
}
