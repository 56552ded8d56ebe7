/**
 * `lvz trace`: what the instructions of a program, or of a world switch, wrote.
 *
 * @module
 */
import { registerName } from "../core/isa/registers.ts";
import { didYouMean } from "../core/asm/suggest.ts";
import { csrByName, CSRS } from "../core/csr/table.ts";
import { MachineError } from "../core/errors.ts";
import type { Machine } from "../core/machine.ts";
import { ReferenceEngine } from "../core/exec/reference.ts";
import { loadProgram } from "../devices/load.ts";
import { createVirtMachine } from "../devices/virt.ts";
import { traceSwitch } from "../dsl/switch/trace_switch.ts";
import { CodeTrace, type HostStep } from "../vcpu/assembly/trace.ts";
import type { Command } from "./command.ts";
import { readDescription } from "./description_file.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseCount } from "./options.ts";
import { readProgram } from "./program_file.ts";
import { stuckCheck } from "./stuck.ts";
import { hex } from "../core/hex.ts";
import { instructionText, table } from "./text.ts";

const MEMORY = 256 * 1024 * 1024;
const DEFAULT_BUDGET = 100_000;
const SP = 3;

/** What was executed, and how its places are called. */
interface Traced {
  readonly steps: readonly HostStep[];
  place(address: bigint): string;
  /** Why it did not come to its end. */
  readonly problem?: string;
}

/** The command. */
export const TRACE: Command = {
  name: "trace",
  summary: "list what each instruction of a program or of a world switch wrote: CSRs, registers, memory",
  forms: ["FILE [--csr] [--memory] [--from SYMBOL] [--to SYMBOL]", "DESCRIPTION.ts [--csr] …"],
  options: [
    { name: "csr", text: "only instructions that write a CSR" },
    { name: "watch", value: "CSRS", text: "only writes of these, as in EENTRY,PGDL; of a guest's copy too" },
    { name: "memory", text: "only loads and stores; with --csr both" },
    { name: "from", value: "SYMBOL", text: "begin at a symbol (SYMBOL, or SYMBOL+0x10)" },
    { name: "to", value: "SYMBOL", text: "end before a symbol" },
    {
      name: "budget",
      value: "N",
      text: `of a program at most so many instructions (default ${DEFAULT_BUDGET})`,
    },
  ],
  details:
    `FILE is a program as for lvz run. DESCRIPTION.ts is a module whose default export describes a world switch
(README, "Test your own world switch"): it is called once, enters a guest that makes a hypercall, and returns. The exit status is 1 if the run broke off.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const [path, ...rest] = args.positional;
  if (path === undefined) throw new UsageError("Cannot trace: no file is named");
  if (rest.length > 0) throw new UsageError(`Cannot trace ${rest.join(" ")}: one file at a time`);
  const budget = args.text("budget");
  const count = budget === undefined ? DEFAULT_BUDGET : parseCount("--budget", budget);
  const traced = path.endsWith(".ts")
    ? traceSwitch(await readDescription(path))
    : await traceProgram(io, path, count);
  const watched = args.text("watch")?.split(",").map(csrNumber);
  const chosen = between(traced, args.text("from"), args.text("to"))
    .filter(({ csr }) => watched === undefined || watched.includes(csr?.csr.number ?? -1))
    .filter((s) => isMeant(s, args));
  io.out(table(chosen.map((s) => row(s, traced)), ""));
  if (traced.problem === undefined) return EXIT.ok;
  io.err(`Stopped: ${traced.problem}\n`);
  return EXIT.failed;
}

function csrNumber(name: string): number {
  const csr = csrByName(name);
  if (csr !== undefined) return csr.number;
  throw new UsageError(`Cannot watch ${name}: no such CSR${didYouMean(name, CSRS.map((c) => c.name))}`);
}

async function traceProgram(io: Io, path: string, budget: number): Promise<Traced> {
  const program = await readProgram(io, path, undefined);
  const vm = createVirtMachine({ memory: MEMORY });
  loadProgram(vm, program);
  if (program.needsStack) vm.machine.gpr[SP] = vm.lowRamEnd;
  const trace = new CodeTrace();
  const isStuck = stuckCheck();
  const before = (m: Machine) => {
    trace.after(m);
    const word = wordAt(m);
    if (word !== undefined) trace.before(m, word);
    return isStuck(m);
  };
  const place = (address: bigint) => program.place(address) ?? hex(address);
  try {
    new ReferenceEngine().run(vm.machine, { budget, onInstruction: before });
    return { steps: trace.steps, place };
  } catch (error) {
    if (!(error instanceof MachineError)) throw error;
    return { steps: trace.steps, place, problem: error.message };
  } finally {
    trace.after(vm.machine);
  }
}

/** The word that will be executed; undefined where its fetch raises an exception. */
function wordAt(m: Machine): number | undefined {
  try {
    return m.fetch();
  } catch {
    return undefined;
  }
}

/** The steps from the first arrival at a place to the next arrival at another. */
function between(
  { steps, place }: Traced,
  from: string | undefined,
  to: string | undefined,
): readonly HostStep[] {
  const first = from === undefined ? 0 : steps.findIndex((s) => place(s.pc) === from);
  if (first < 0) throw new UsageError(`Cannot begin at ${from}: nothing was executed there`);
  const length = to === undefined ? -1 : steps.slice(first).findIndex((s) => place(s.pc) === to);
  return length < 0 ? steps.slice(first) : steps.slice(first, first + length);
}

function isMeant({ csr, memory }: HostStep, args: Arguments): boolean {
  if (!args.flag("csr") && !args.flag("memory")) return true;
  return (args.flag("csr") && csr !== undefined) || (args.flag("memory") && memory !== undefined);
}

function row(step: HostStep, { place }: Traced): readonly string[] {
  return [hex(step.pc), place(step.pc), instructionText(step.word, step.pc), effect(step)];
}

function effect({ csr, memory, register, value }: HostStep): string {
  if (csr !== undefined) {
    return `${csr.isGuest ? "guest " : ""}${csr.csr.name} ${hex(csr.old)} -> ${hex(csr.value)}`;
  }
  if (memory?.isStore) return `[${hex(memory.address)}] = ${registerName(memory.register)}`;
  const from = memory === undefined ? "" : ` from [${hex(memory.address)}]`;
  return register === 0 ? "" : `${registerName(register)} = ${hex(value)}${from}`;
}
