/**
 * How long a program takes here and on QEMU.
 *
 * @module
 */
import { ThreadedEngine } from "../core/threaded/engine.ts";
import { parseElf } from "../devices/elf/mod.ts";
import { loadProgram } from "../devices/load.ts";
import { createVirtMachine } from "../devices/virt.ts";
import type { Qemu } from "../drivers/qemu/qemu.ts";
import { MARKS } from "./program.ts";

/** What one run took between its marks. */
export interface Measured {
  readonly seconds: number;
  /** Instructions between the marks, where they are counted. */
  readonly instructions?: number;
}

const BUDGET = 1e13;

/** Runs an image here. */
export function measureHere(image: Uint8Array): Measured {
  let [begin, end, from, to] = [0, 0, 0, 0];
  const vm = createVirtMachine({
    serial: (byte) => {
      const character = String.fromCharCode(byte);
      if (character === MARKS.begin) [begin, from] = [performance.now(), vm.machine.clock.executed];
      if (character === MARKS.end) [end, to] = [performance.now(), vm.machine.clock.executed];
    },
  });
  loadProgram(vm, parseElf(image));
  const stop = new ThreadedEngine().run(vm.machine, { budget: BUDGET });
  if (stop.kind !== "device" || end === 0) {
    throw new Error(`Cannot measure: the program ended by ${stop.kind}`);
  }
  return { seconds: (end - begin) / 1000, instructions: to - from };
}

/** Runs an image on QEMU. */
export async function measureQemu(qemu: Qemu, image: Uint8Array): Promise<Measured> {
  const running = await qemu.launch(image);
  let [begin, end] = [0, 0];
  for await (const text of running.output) {
    if (text.includes(MARKS.begin)) begin = performance.now();
    if (text.includes(MARKS.end)) end = performance.now();
  }
  const how = await running.ended;
  if (end === 0) throw new Error(`Cannot measure: QEMU ended before the program did (${how})`);
  return { seconds: (end - begin) / 1000 };
}
