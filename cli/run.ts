/**
 * `lvz run`: a program on the bare machine, or state files.
 *
 * @module
 */
import type { Machine } from "../core/machine.ts";
import { LA464, type Profile, PROFILES } from "../core/profile.ts";
import { didYouMean } from "../core/asm/suggest.ts";
import { LoadError, loadProgram } from "../devices/load.ts";
import { createVirtMachine, type VirtMachine } from "../devices/virt.ts";
import type { Command } from "./command.ts";
import { executeProgram } from "./execute.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, optionName, parseAddress, parseCount, parseSize } from "./options.ts";
import { type ProgramFile, readProgram } from "./program_file.ts";
import { runStates, STATE_OPTIONS } from "./run_states.ts";
import { findStateFiles } from "./state_files.ts";
import { type Ending, endingPlace, endingText, isSuccess, lastException, placeText } from "./stop_report.ts";
import { styleFor } from "./style.ts";
import { parseTraceLength, type TracedInstruction, traceText } from "./trace.ts";

const DEFAULT_MEMORY = "256M";
const DEFAULT_BUDGET = 100_000_000;
const DEFAULT_TRACE = 8;
const STACK_POINTER = 3;

/** What the options say. */
interface RunSettings {
  readonly memory: number;
  readonly budget: number;
  /** Undefined if not given. */
  readonly trace: number | undefined;
  readonly base: bigint | undefined;
  readonly profile: Profile;
}

/** The command. */
export const RUN: Command = {
  name: "run",
  summary:
    "run a program on the bare machine (QEMU's virt) and print what its serial port sends, or run state files",
  forms: [
    "FILE.elf [options]",
    "FILE.o [options]",
    "FILE.s [options]",
    "Image [options]",
    "FILE.bin --base ADDR [options]",
    "STATES.json|FOLDER… [--only ID] [--json] [options]",
  ],
  options: [
    {
      name: "memory",
      value: "SIZE",
      text: `RAM, as in 64M or 1G (default ${DEFAULT_MEMORY}); what exceeds 256M is at 0x80000000`,
    },
    {
      name: "budget",
      value: "N",
      text: `at most so many instructions (default ${DEFAULT_BUDGET}, or what a state says)`,
    },
    {
      name: "trace",
      value: "N",
      text: `print the last N instructions (default: ${DEFAULT_TRACE} after a failure; 0: none)`,
    },
    {
      name: "base",
      value: "ADDR",
      text:
        "address of a flat binary, an object, a position-independent ELF file or assembly text (default for all but the " +
        "first 0x200000)",
    },
    { name: "profile", value: "NAME", text: `processor: ${PROFILES.map((p) => p.name).join(", ")}` },
    ...STATE_OPTIONS,
  ],
  details:
    `The program starts at its entry (_start of assembly text and of objects) in direct address mode. For assembly text and objects
$sp is the end of low RAM. A byte write of 0x34 to 0x100e001c powers off and ends the run. The serial port gets no input yet. Exit status: 0 after power off, 1 if the
run ended otherwise (the reason is on standard error), 2 if it could not begin.

Of a state file (drivers/README.md) each state without a result is run and what it becomes is printed; one with a result is compared with it.
Exit status: 1 if a result differs or a state has none, 2 if a file cannot be used.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const [path, ...rest] = args.positional;
  if (path === undefined) throw new UsageError("Cannot run: no file is named");
  const stateFiles = await findStateFiles(io, args.positional);
  if (stateFiles !== undefined) return runStates(args, io, stateFiles, ["memory", "base", "profile"]);
  for (const { name } of STATE_OPTIONS) {
    if (args.text(name) !== undefined || args.flag(name)) {
      throw new UsageError(`Cannot use ${optionName(name)}: ${path} is no state file (.json)`);
    }
  }
  if (rest.length > 0) throw new UsageError(`Cannot run ${rest.join(" ")}: one file at a time`);
  const settings = readSettings(args);
  const program = await readProgram(io, path, settings.base);
  const serial = new LineBuffer((bytes) => io.out(bytes));
  const silence = new LineBuffer(() => {});
  try {
    const { machine, ending, tracer } = executeProgram({
      prepare: (silent) => prepare(program, settings, silent ? silence : serial),
      budget: settings.budget,
      trace: settings.trace ?? 0,
    });
    serial.flush();
    return report(io, { program, settings, ending, machine, traced: tracer?.last(machine) });
  } finally {
    serial.flush();
  }
}

function readSettings(args: Arguments): RunSettings {
  const budget = args.text("budget");
  const trace = args.text("trace");
  const base = args.text("base");
  return {
    memory: parseSize("--memory", args.text("memory") ?? DEFAULT_MEMORY),
    budget: budget === undefined ? DEFAULT_BUDGET : parseCount("--budget", budget),
    trace: trace === undefined ? undefined : parseTraceLength(trace),
    base: base === undefined ? undefined : parseAddress("--base", base),
    profile: findProfile(args.text("profile") ?? LA464.name),
  };
}

function findProfile(name: string): Profile {
  const found = PROFILES.find((p) => p.name === name.toLowerCase());
  if (found !== undefined) return found;
  const names = PROFILES.map((p) => p.name);
  const near = didYouMean(name, names) || `: there are ${names.join(", ")}`;
  throw new UsageError(`Cannot use --profile: there is no profile ${name}${near}`);
}

function prepare(program: ProgramFile, { memory, profile }: RunSettings, serial: LineBuffer): VirtMachine {
  const vm = makeMachine(memory, profile, serial);
  try {
    loadProgram(vm, program);
  } catch (error) {
    if (error instanceof LoadError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
  if (program.needsStack) vm.machine.gpr[STACK_POINTER] = vm.lowRamEnd;
  return vm;
}

function makeMachine(memory: number, profile: Profile, serial: LineBuffer): VirtMachine {
  try {
    return createVirtMachine({ memory, profile, serial: (byte) => serial.put(byte) });
  } catch (error) {
    if (error instanceof RangeError) {
      throw new UsageError(`Cannot use --memory: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

interface Outcome {
  readonly program: ProgramFile;
  readonly settings: RunSettings;
  readonly ending: Ending;
  readonly machine: Machine;
  /** With `--trace` only. */
  readonly traced: readonly TracedInstruction[] | undefined;
}

function report(io: Io, { program, settings, ending, machine, traced }: Outcome): number {
  const style = styleFor(io);
  const success = isSuccess(ending);
  if (!success) {
    const exception = lastException(machine, program);
    io.err(`${style.red("Stopped")}: ${endingText(ending, machine, settings.budget)}\n`);
    io.err(`  at ${placeText(endingPlace(ending, machine), program)}\n`);
    if (exception !== undefined) io.err(`  last exception ${exception}\n`);
  }
  const ofFailure = success || settings.trace === 0 ? [] : machine.history.last(DEFAULT_TRACE);
  const shown = traced ?? ofFailure;
  if (shown.length > 0) {
    io.err(style.dim(`  last ${shown.length} of ${machine.clock.executed} instructions:\n`));
    io.err(traceText(shown, program));
  }
  return success ? EXIT.ok : EXIT.failed;
}

/** Passes bytes on a line at a time: a program prints them one by one. */
class LineBuffer {
  readonly #pass: (bytes: Uint8Array) => void;
  readonly #bytes = new Uint8Array(4096);
  #length = 0;

  constructor(pass: (bytes: Uint8Array) => void) {
    this.#pass = pass;
  }

  put(byte: number): void {
    this.#bytes[this.#length++] = byte;
    if (byte === 0x0a || this.#length === this.#bytes.length) this.flush();
  }

  flush(): void {
    if (this.#length > 0) this.#pass(this.#bytes.slice(0, this.#length));
    this.#length = 0;
  }
}
