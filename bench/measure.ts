/**
 * How long an image takes here and on QEMU.
 *
 * @module
 */
import { ThreadedEngine } from "../core/threaded/engine.ts";
import { parseElf } from "../devices/elf/mod.ts";
import { loadProgram } from "../devices/load.ts";
import { createVirtMachine } from "../devices/virt.ts";
import type { Qemu } from "../drivers/qemu/qemu.ts";
import { imageOf, type ImageText, MARKS } from "./image.ts";
import type { Runner, Timed, Watch } from "./rate.ts";

/** How to run an image here. */
export interface HereOptions {
  /**
   * RAM in bytes.
   * @default {268435456}
   */
  readonly memory?: number;
  /**
   * Hot code becomes regions.
   * @default {true}
   */
  readonly regions?: boolean;
}

const BUDGET = 1e13;

/** Runs images of a program here. */
export function here(program: ImageText, options: HereOptions = {}): Runner {
  return (rounds, watch) => ({ rounds, ...runHere(imageOf(program, rounds), options, watch) });
}

function runHere(
  image: Uint8Array,
  { memory, regions = true }: HereOptions,
  watch?: Watch,
): Omit<Timed, "rounds"> {
  let [begin, end, from, to] = [0, 0, 0, 0];
  const vm = createVirtMachine({
    ...(memory !== undefined && { memory }),
    serial: (byte) => {
      const character = String.fromCharCode(byte);
      if (character === MARKS.begin) {
        watch?.begin();
        [begin, from] = [performance.now(), vm.machine.clock.executed];
      } else if (character === MARKS.end) {
        [end, to] = [performance.now(), vm.machine.clock.executed];
        watch?.end();
      }
    },
  });
  loadProgram(vm, parseElf(image));
  const engine = new ThreadedEngine(regions ? {} : { hotAfter: Infinity });
  const stop = engine.run(vm.machine, { budget: BUDGET });
  if (stop.kind !== "device" || end === 0) {
    const { kind } = stop;
    const at = `0x${vm.machine.pc.toString(16)}`;
    throw new Error(`Cannot measure: the program failed; its run ended by ${kind} at ${at}`);
  }
  return { seconds: (end - begin) / 1000, instructions: to - from };
}

/** Runs images of a program on QEMU. */
export function onQemu(qemu: Qemu, program: ImageText): Runner {
  return async (rounds) => ({ rounds, seconds: await secondsOnQemu(qemu, imageOf(program, rounds)) });
}

async function secondsOnQemu(qemu: Qemu, image: Uint8Array): Promise<number> {
  const running = await qemu.launch(image);
  let [begin, end] = [0, 0];
  for await (const text of running.output) {
    if (text.includes(MARKS.begin)) begin = performance.now();
    // With what came before it in one text, it was too short to be timed: 0 seconds.
    if (text.includes(MARKS.end)) end = text.includes(MARKS.begin) ? begin : performance.now();
  }
  const how = await running.ended;
  if (end === 0) throw new Error(`Cannot measure: QEMU ended before the program did (${how})`);
  return (end - begin) / 1000;
}
