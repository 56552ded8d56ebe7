/**
 * What is measured in a process of its own: `child.ts TASK [ARGUMENT…]` prints what it found as JSON. Imports nothing itself, so that `nothing` is a
 * process of Deno alone.
 *
 * @module
 */
import type { ChildResults, ChildTask } from "./tasks.ts";

const [task, count, before, worldSwitch] = Deno.args;

const TASKS: { readonly [T in ChildTask]: () => Promise<ChildResults[T]> } = {
  nothing: () => Promise.resolve({ rss: Deno.memoryUsage().rss }),
  cases: async () => (await import("./cases.ts")).casesPerSecond(Number(count), Number(before), worldSwitch),
  machine: async () => (await import("./machine.ts")).machineTimes(),
  memory: async () => (await import("./machine.ts")).memoryOfMachine(),
  pages: async () => (await import("./machine.ts")).memoryOfCode(),
};

console.log(JSON.stringify(await TASKS[task as ChildTask]()));
