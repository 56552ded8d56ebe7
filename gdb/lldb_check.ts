/**
 * Lets the real lldb-19 debug a program and a case with `lvz gdb`, and compares what it prints:
 *
 *     deno run --allow-read --allow-write --allow-run gdb/lldb_check.ts
 *
 * Fails if something is printed that should not be, or if there is no lldb-19 (Debian: apt-get install lldb-19).
 *
 * @module
 */
import program from "./lldb_program_llvm.json" with { type: "json" };

const LLDB = "lldb-19";
const ROOT = new URL("../", import.meta.url);
/** A debugger that waits for something that never comes is ended after so many milliseconds. */
const LIMIT = 120_000;

/** A conversation with lldb. */
interface Check {
  readonly title: string;
  /** What `lvz gdb` debugs. */
  readonly debuggee: readonly string[];
  /** The file that lldb takes symbols from. */
  readonly symbols?: string;
  /** lldb's commands behind `gdb-remote`, each with what it prints. */
  readonly commands: readonly (readonly [command: string, ...prints: readonly RegExp[]])[];
  /** What `lvz gdb` prints. */
  readonly server: RegExp;
  readonly status: number;
}

/** Python that waits for a state of the process. */
function until(state: string): string {
  const process = "lldb.debugger.GetSelectedTarget().GetProcess()";
  return `import time; list(iter(lambda: time.sleep(0.01) or ${process}.GetState() == lldb.${state}, True))`;
}

const PROGRAM: Omit<Check, "debuggee"> = {
  title: "a program",
  commands: [
    ["register read pc r0", / pc = 0x0{10}200000 .*_start/, / r0 = 0x0{16}\b/],
    ["breakpoint set --name callee", /Breakpoint 1: .*callee/],
    ["continue", /stop reason = breakpoint 1\.1/, /`callee/],
    ["register read t0 ra", / r12 = 0x0{15}1\b/, / r1 = 0x0{10}20001c /],
    ["thread step-inst", /stop reason = instruction step into/],
    ["register read a0", / r4 = 0x0{15}8\b/],
    ["memory read --size 8 --format x --count 1 `(unsigned long long)&counter`", /: 0x0{15}1\b/],
    ["register write t0 50"],
    ["watchpoint set expression -w write -s 8 -- (char *)&counter", /Watchpoint 1: .* size = 8 .* type = w/],
    ["breakpoint disable 1", /1 breakpoints disabled/],
    ["continue", /Watchpoint 1 hit:/, /new value: 0x0{14}33|new value: 51/, /stop reason = watchpoint 1/],
    ["register read pc", / pc = 0x[0-9a-f]+ .*store \+ 4/],
    ["watchpoint delete 1", /1 watchpoints deleted/],
    ["memory write --size 8 `(unsigned long long)&counter` 0x1122334455667788"],
    ["memory read --size 8 --format x --count 1 `(unsigned long long)&counter`", /: 0x1122334455667788/],
    ["register read CRMD ESTAT g_CRMD", / CRMD = 0x0{15}8\b/, / ESTAT = 0x0{16}\b/, / g_CRMD = 0x0{15}8\b/],
    ["register write ECFG 0xffffffff"],
    ["register read ECFG", / ECFG = 0x0{11}71fff\b/],
    ["register write f0 1.5"],
    ["register read f0 fcc0 fcsr", / f0 = 1\.5\b/, / fcc0 = 0x00\b/, / fcsr = 0x0{8}\b/],
    ["thread list", /thread #1: tid = 0x0001/],
    ["process plugin packet monitor csr CRMD", /host {2}CRMD 0x8 .*DA=0x1/, /guest CRMD 0x8 /],
    ["process plugin packet monitor history 2", /st\.d \$t0, \$t2, 0/],
    ["disassemble --start-address 0x200014 --count 1", /st\.d +\$t0, \$t2, 0/],
    ["breakpoint set --name spin", /Breakpoint 2: .*spin/],
    ["continue", /stop reason = breakpoint 2\.1/],
    ["breakpoint delete 2"],
    // From here on lldb does not wait by itself, so that it can be told to interrupt.
    ["script lldb.debugger.SetAsync(True)"],
    ["continue"],
    [`script ${until("eStateRunning")}`],
    ["process interrupt"],
    [`script ${until("eStateStopped")}`],
    ["script lldb.debugger.SetAsync(False)"],
    ["process status", /stop reason = signal SIGINT/, /`spin/],
    ["process kill", /Process 1 exited with status = 9/],
  ],
  server: /^!$/m,
  status: 0,
};

const CASE: Check = {
  title: "a case",
  debuggee: ["--case", "specs/hvc_test.ts", "--only", "hvcl exits with HVC at itself, and the guest goes on"],
  commands: [
    ["register read pc", / pc = 0x0{11}10000\b/],
    ["disassemble --start-address $pc --count 1", /hvcl +5/],
    ["breakpoint set --address 0x10004", /Breakpoint 1: /],
    ["continue", /stop reason = breakpoint 1\.1/],
    ["register read a0 ERA", / r4 = 0x0{14}2a\b/, / ERA = 0x0{11}10004\b/],
    ["thread list", /tid = 0x0001, 0x9[0-9a-f]{15}/, /tid = 0x0002, 0x0{11}10004.* breakpoint 1\.1/],
    // Otherwise lldb would step over it, and see nothing of the other thread until the guest is behind it.
    ["breakpoint disable 1", /1 breakpoints disabled/],
    // The vector of HVC, code 23, where 0x80 bytes lie between two.
    ["breakpoint set --address 0x9000000001010b80", /Breakpoint 2: /],
    ["continue", /stop reason = breakpoint 2\.1/],
    ["thread list", /tid = 0x0001, 0x9000000001010b80.* breakpoint 2\.1/, /tid = 0x0002, 0x0{11}10004/],
    ["register read ESTAT", / ESTAT = 0x0{10}170000\b/],
    ["process plugin packet monitor info", /host mode/, /by software in TypeScript: csr/],
    ["continue", /Process 1 exited with status = 0/],
  ],
  server: /^pass: hvcl exits/m,
  status: 0,
};

/** Everything that a process prints, as it comes. */
class Transcript {
  text = "";
  readonly done: Promise<void>;
  #changed: () => void = () => {};

  constructor(...streams: readonly ReadableStream<Uint8Array>[]) {
    this.done = Promise.all(streams.map((stream) => this.#read(stream))).then(() => {});
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const piece of stream.pipeThrough(new TextDecoderStream())) {
      this.text += piece;
      this.#changed();
    }
  }

  /** Waits for text; undefined if the process ends without it. */
  async wait(wanted: RegExp): Promise<RegExpExecArray | undefined> {
    let isOver = false;
    this.done.then(() => {
      isOver = true;
      this.#changed();
    });
    for (;;) {
      const found = wanted.exec(this.text);
      if (found !== null) return found;
      if (isOver) return undefined;
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
  }
}

function start(command: string, args: readonly string[]): Deno.ChildProcess {
  try {
    return new Deno.Command(command, {
      args: [...args],
      cwd: ROOT,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new Error(`Cannot run ${command}: it is not installed`, { cause: error });
  }
}

/** Runs one conversation; what is wrong with it, in lines. */
async function check(
  { debuggee, symbols, commands, server, status }: Check,
): Promise<string[]> {
  const args = ["run", "--allow-read", "--allow-net=127.0.0.1", "cli.ts", "gdb", ...debuggee];
  const lvz = start(Deno.execPath(), args);
  const served = new Transcript(lvz.stdout, lvz.stderr);
  const port = (await served.wait(/127\.0\.0\.1:(\d+)/))?.[1];
  if (port === undefined) return [`lvz gdb did not start:\n${served.text}`];
  const target = symbols === undefined ? [] : [`target create ${symbols}`];
  const lines = [...target, `gdb-remote ${port}`, ...commands.map(([command]) => command)];
  const lldb = start(LLDB, [
    "--batch",
    "--no-use-colors",
    "--no-lldbinit",
    ...lines.flatMap((l) => ["-o", l]),
  ]);
  const timer = setTimeout(() => [lldb, lvz].forEach((p) => p.kill("SIGKILL")), LIMIT);
  const printed = new Transcript(lldb.stdout, lldb.stderr);
  await Promise.all([printed.done, served.done]);
  clearTimeout(timer);
  const problems = compare(printed.text, commands);
  if (!server.test(served.text)) problems.push(`lvz gdb printed:\n${served.text}`);
  const { code } = await lvz.status;
  if (code !== status) problems.push(`lvz gdb ended with status ${code}, not ${status}`);
  if (problems.length > 0) problems.push(`lldb printed:\n${printed.text}`);
  return problems;
}

/** What a command printed stands between its echo and that of the next one. */
function compare(printed: string, commands: Check["commands"]): string[] {
  const problems: string[] = [];
  let rest = printed;
  commands.forEach(([command, ...wanted], n) => {
    const start = rest.indexOf(`(lldb) ${command}\n`);
    if (start < 0) {
      problems.push(`${command}: lldb did not come to it`);
      return;
    }
    const next = commands[n + 1]?.[0];
    const end = next === undefined ? -1 : rest.indexOf(`(lldb) ${next}\n`, start + 1);
    const part = rest.slice(start + command.length, end < 0 ? undefined : end);
    problems.push(
      ...wanted.filter((w) => !w.test(part)).map((w) => `${command}: ${w} is missing in ${part}`),
    );
    if (end >= 0) rest = rest.slice(end);
  });
  return problems;
}

const version = await start(LLDB, ["--version"]).output();
console.log(new TextDecoder().decode(version.stdout).trim());
const file = await Deno.makeTempFile({ suffix: ".elf" });
await Deno.writeFile(file, Uint8Array.from(atob(program.base64), (c) => c.charCodeAt(0)));
let failed = 0;
try {
  for (const conversation of [{ ...PROGRAM, debuggee: [file], symbols: file }, CASE]) {
    const problems = await check(conversation);
    console.log(`${problems.length === 0 ? "ok  " : "FAIL"} lldb debugs ${conversation.title}`);
    for (const problem of problems) console.log(`  ${problem}`);
    failed += problems.length;
  }
} finally {
  await Deno.remove(file);
}
Deno.exitCode = failed === 0 ? 0 : 1;
