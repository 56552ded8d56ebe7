/**
 * `lvz gdb`: a program or a case under a debugger.
 *
 * @module
 */
import { PROFILES } from "../core/profile.ts";
import { LoadError, loadProgram } from "../devices/load.ts";
import { createVirtMachine, type VirtMachine } from "../devices/virt.ts";
import { BareRun, Debuggee, Session } from "../gdb/mod.ts";
import { listen, serve, type Server } from "../gdb/server.ts";
import type { Command } from "./command.ts";
import { CaseThread } from "./gdb_case.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseAddress, parseNumber, parseSize } from "./options.ts";
import { type ProgramFile, readProgram } from "./program_file.ts";

const DEFAULT_MEMORY = "256M";
const HIGHEST_PORT = 0xffffn;
const STACK_POINTER = 3;

/** The command. */
export const GDB: Command = {
  name: "gdb",
  summary: "run a program under a debugger: gdb or lldb connects to it",
  forms: ["FILE.elf|FILE.s|FILE.bin [options]", "--case SPEC.ts --only TITLE [options]"],
  options: [
    { name: "port", value: "N", text: "port on 127.0.0.1 (default: any that is free)" },
    { name: "memory", value: "SIZE", text: `RAM, as in lvz run (default ${DEFAULT_MEMORY})` },
    { name: "base", value: "ADDR", text: "address of what has none of its own, as in lvz run" },
    { name: "case", value: "SPEC.ts", text: "debug a case of this spec instead of a program" },
    { name: "only", value: "TITLE", text: "the case's title, or a part that no other has" },
    {
      name: "switch",
      value: "NAME",
      text: "the world switch to run the case on (default: the case's first)",
    },
    { name: "first", text: "stop a case at the very first instruction, not at the guest's first" },
    { name: "profile", value: "NAME", text: `processor: ${PROFILES.map((p) => p.name).join(", ")}` },
  ],
  details:
    `Needs --allow-net=127.0.0.1. It prints the port on standard error, waits for one client, and ends when that leaves:
  lldb-19 FILE.elf -o 'gdb-remote PORT'
  gdb FILE.elf -ex 'target remote 127.0.0.1:PORT'
Thread 1 is the host, thread 2 the guest once it has run; the one that is away shows how it left. CSRs are registers by their names, the
guest's copies with g_ in front (g_ESTAT). The step of one thread is an instruction of its world: an exit is part of the guest's. To stop in
the host, set a breakpoint there, or 'monitor worlds on' (lldb: process plugin packet monitor worlds on); 'monitor help' lists more. A
debugger that continues from a breakpoint on the exiting instruction itself steps over it first: make such a breakpoint a temporary one.
A case stops at the guest's first instruction and runs on one world switch; its result is printed at the end.
Exit status: 0, or 1 if the case does not pass.
`,
  run,
};

const OF_PROGRAMS = ["memory", "base", "profile"];
const OF_CASES = ["only", "switch", "first"];

async function run(args: Arguments, io: Io): Promise<number> {
  const spec = args.text("case");
  const other = (spec === undefined ? OF_CASES : OF_PROGRAMS).find((o) =>
    args.text(o) !== undefined || args.flag(o)
  );
  if (other !== undefined) {
    throw new UsageError(`Cannot use --${other}: it is for ${spec === undefined ? "cases" : "programs"}`);
  }
  const port = Number(parseNumber("--port", args.text("port") ?? "0", HIGHEST_PORT));
  return spec === undefined ? await debugProgram(args, io, port) : await debugCase(args, io, port, spec);
}

async function debugCase(args: Arguments, io: Io, port: number, spec: string): Promise<number> {
  const title = args.text("only");
  if (title === undefined) throw new UsageError("Cannot debug a case: its title is missing (--only)");
  if (args.positional.length > 0) {
    throw new UsageError(`Cannot debug ${args.positional.join(" ")}: --case names what to debug`);
  }
  const thread = new CaseThread({
    file: new URL(spec, `file://${Deno.cwd()}/`).href,
    title,
    worldSwitch: args.text("switch"),
    isFirst: args.flag("first"),
  });
  try {
    await thread.found;
    const { passed, text } = await thread.serve(await client(io, port));
    io.err(`${text}\n`);
    return passed ? EXIT.ok : EXIT.failed;
  } finally {
    thread.stop();
  }
}

async function debugProgram(args: Arguments, io: Io, port: number): Promise<number> {
  const [path, ...rest] = args.positional;
  if (path === undefined) throw new UsageError("Cannot debug: no file is named");
  if (rest.length > 0) throw new UsageError(`Cannot debug ${rest.join(" ")}: one file at a time`);
  const base = args.text("base");
  const program = await readProgram(
    io,
    path,
    base === undefined ? undefined : parseAddress("--base", base),
  );
  const { machine } = prepare(args, program, (byte) => io.out(Uint8Array.of(byte)));
  const debuggee = new Debuggee({ machine, place: (address) => program.place(address) });
  const bare = new BareRun(debuggee);
  const session = new Session(debuggee);
  await serve(await client(io, port), session, () => bare.slice());
  return EXIT.ok;
}

function prepare(args: Arguments, program: ProgramFile, serial: (byte: number) => void): VirtMachine {
  const name = args.text("profile");
  const profile = PROFILES.find((p) => p.name === (name ?? PROFILES[0]?.name));
  if (profile === undefined) {
    throw new UsageError(
      `Cannot use --profile: there is no profile ${name}: there are ${
        PROFILES.map((p) => p.name).join(", ")
      }`,
    );
  }
  try {
    const memory = parseSize("--memory", args.text("memory") ?? DEFAULT_MEMORY);
    const vm = createVirtMachine({ memory, profile, serial });
    loadProgram(vm, program);
    if (program.needsStack) vm.machine.gpr[STACK_POINTER] = vm.lowRamEnd;
    return vm;
  } catch (error) {
    if (error instanceof LoadError) throw new UsageError(error.message, { cause: error });
    if (error instanceof RangeError) {
      throw new UsageError(`Cannot use --memory: ${error.message}`, { cause: error });
    }
    throw error;
  }
}

/** Opens the port, says so, and waits for the client. */
async function client(io: Io, port: number): Promise<Deno.TcpConn> {
  const server = open(port);
  io.err(`Waiting for a debugger on 127.0.0.1:${server.port}\n`);
  return await server.accept();
}

function open(port: number): Server {
  try {
    return listen(port);
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) {
      throw new UsageError("Cannot listen: the permission is missing, --allow-net=127.0.0.1", {
        cause: error,
      });
    }
    if (error instanceof Deno.errors.AddrInUse) {
      throw new UsageError(`Cannot listen on port ${port}: it is in use`, { cause: error });
    }
    throw error;
  }
}
