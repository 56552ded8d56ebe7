/**
 * What a machine takes: time to make, and memory.
 *
 * @module
 */
import { ThreadedEngine } from "../../core/threaded/engine.ts";
import { createVirtMachine } from "../../devices/virt.ts";
import { here } from "../measure.ts";
import { MANY_PAGES, MANY_PAGES_BYTES } from "../programs/cold.ts";
import { HOT_LOOP } from "../programs/compute.ts";
import { median } from "../rate.ts";
import type { ChildResults, MachineTimes } from "./tasks.ts";

const MEMORY = 16 * 1024 * 1024;
const MACHINES = 50;
const PAGES_ROUNDS = 4;
const HOT_ROUNDS = 5_000_000;

/** Times the making of machines. */
export function machineTimes(): MachineTimes {
  const engine = new ThreadedEngine();
  const times = Array.from({ length: MACHINES }, () => {
    const begin = performance.now();
    const { machine } = createVirtMachine({ memory: MEMORY });
    const make = performance.now() - begin;
    // All zero is no instruction: an exception is taken.
    machine.pc = machine.nextPc = 0n;
    engine.run(machine, { budget: 1 });
    return { make, ready: performance.now() - begin };
  });
  const middle = (name: keyof MachineTimes) => median(times, (t) => t[name])[name];
  return { make: middle("make"), ready: middle("ready") };
}

/** Runs a program on a machine of 16 MiB. */
export async function memoryOfMachine(): Promise<ChildResults["memory"]> {
  await here(HOT_LOOP, { memory: MEMORY })(HOT_ROUNDS);
  return { rss: Deno.memoryUsage().rss };
}

/** Executes code in more pages than are kept; the process's memory without that of the code itself. */
export async function memoryOfCode(): Promise<ChildResults["pages"]> {
  await here(MANY_PAGES)(PAGES_ROUNDS);
  return { rss: Deno.memoryUsage().rss - MANY_PAGES_BYTES };
}
