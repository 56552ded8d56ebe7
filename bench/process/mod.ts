/**
 * Cases a second, times to start, and memory, as benchmarks: each in processes of its own.
 *
 * @module
 */
import type { Benchmark, Conditions } from "../benchmark.ts";
import { median } from "../rate.ts";
import type { ChildResults, ChildTask } from "./tasks.ts";

const MEBIBYTE = 1024 * 1024;

function file(name: string): string {
  return new URL(name, import.meta.url).pathname;
}

/** Runs a file in a new process; the text that it prints. */
async function runFile(name: string, ...args: readonly string[]): Promise<string> {
  const command = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", file(name), ...args],
    stdout: "piped",
    stderr: "piped",
  });
  const { success, stdout, stderr } = await command.output();
  if (success) return new TextDecoder().decode(stdout);
  throw new Error(
    `Cannot measure in a process: ${name} ${args.join(" ")} failed: ${new TextDecoder().decode(stderr)}`,
  );
}

async function inChild<T extends ChildTask>(task: T, ...args: readonly string[]): Promise<ChildResults[T]> {
  return JSON.parse(await runFile("child.ts", task, ...args)) as ChildResults[T];
}

async function secondsOf(name: string): Promise<number> {
  const begin = performance.now();
  await runFile(name);
  return (performance.now() - begin) / 1000;
}

/** A figure that is the median of some runs, one after the other. */
async function medianOf(
  count: number,
  run: () => Promise<number>,
): Promise<{ readonly value: number; readonly all: readonly number[] }> {
  const all: number[] = [];
  for (let i = 0; i < count; i++) all.push(await run());
  return { value: median(all, (value) => value), all };
}

/** Starts are short, and differ much. */
const STARTS = { full: 15, short: 5 };

const START: Benchmark = {
  kind: "process",
  name: "start-up",
  text: "a process that imports mod.ts, beyond one that imports nothing",
  unit: "ms",
  goal: { most: 150 },
  async measure({ isShort }) {
    // The first run fills Deno's caches.
    await secondsOf("library.ts");
    const run = async () => {
      const empty = await secondsOf("empty.ts");
      return (await secondsOf("library.ts") - empty) * 1000;
    };
    const { value, all } = await medianOf(isShort ? STARTS.short : STARTS.full, run);
    return { value, details: { all } };
  },
};

function machineTime(field: keyof ChildResults["machine"], name: string, text: string): Benchmark {
  return {
    kind: "process",
    name,
    text,
    unit: "ms",
    ...(field === "make" && { goal: { most: 1 } }),
    async measure({ pairs }) {
      const { value, all } = await medianOf(pairs, async () => (await inChild("machine"))[field]);
      return { value, details: { all } };
    },
  };
}

/** Cases that are measured, and those behind which a process is warm. */
const CASES = { full: 1000, short: 60, warm: 10_000 };

/** @param when a process begins with the cases, or has run others */
function cases(
  when: "new" | "warm",
  name: string,
  text: string,
  ...worldSwitch: readonly string[]
): Benchmark {
  return {
    kind: "process",
    name,
    text,
    unit: "/s",
    ...(when === "warm" && { goal: { least: 5000 } }),
    async measure({ isShort, pairs }) {
      const count = isShort ? CASES.short : CASES.full;
      const before = when === "new" ? 0 : isShort ? CASES.short : CASES.warm;
      const run = async () => (await inChild("cases", `${count}`, `${before}`, ...worldSwitch)).rate;
      const { value, all } = await medianOf(pairs, run);
      return { value, details: { all, count, before } };
    },
  };
}

function memory(task: "memory" | "pages", name: string, text: string, most: number): Benchmark {
  return {
    kind: "process",
    name,
    text,
    unit: "MiB",
    goal: { most },
    async measure({ pairs }: Conditions) {
      const run = async () => {
        const own = (await inChild("nothing")).rss;
        return ((await inChild(task)).rss - own) / MEBIBYTE;
      };
      const { value, all } = await medianOf(pairs, run);
      return { value, details: { all } };
    },
  };
}

/** All of them. */
export const PROCESS_BENCHMARKS: readonly Benchmark[] = [
  cases("new", "cases, every switch", "the first 1,000 small cases of a process, each on all world switches"),
  cases("new", "cases, kvm alone", "the first 1,000 of a process, on one world switch", "kvm"),
  cases(
    "warm",
    "cases, kvm, warm",
    "1,000 behind 10,000 others in the same process, on one world switch",
    "kvm",
  ),
  START,
  machineTime("make", "machine", "to make a machine of 16 MiB"),
  machineTime("ready", "machine, first step", "to make one and execute an instruction"),
  memory(
    "memory",
    "memory",
    "resident memory of a process in which a machine of 16 MiB has run a program (assembled there), beyond one that does nothing",
    32,
  ),
  // 32 bytes for each of their words would be 512 MiB.
  memory(
    "pages",
    "memory for code",
    "code executed in 16,384 pages, beyond that code and Deno's own; 512 MiB if all were kept",
    256,
  ),
];
