/**
 * Guest exits, as benchmarks: how many a second, compared with QEMU's round trips of `syscall` and `ertn` in host mode.
 *
 * @module
 */
import { WORLD_SWITCHES, type WorldSwitch } from "../../vcpu/mod.ts";
import type { Benchmark, Conditions, Figures } from "../benchmark.ts";
import type { ImageText } from "../image.ts";
import { here } from "../measure.ts";
import { compare, rateOf, type Runner, Side } from "../rate.ts";
import { arceosExits } from "./arceos.ts";
import { contractExits } from "./contract.ts";
import { type Cause, CAUSES } from "./guest.ts";
import { kvmExits } from "./kvm.ts";
import { minimalExits } from "./minimal.ts";

/** The ratios below which CI fails: by cause. About a third of what was measured when they were set. */
type Floors = readonly [hvcl: number, cpucfg: number, mmio: number];

/** A way of a guest's exit and back. */
interface Path {
  readonly name: string;
  readonly text: string;
  /** The least ratio to QEMU's syscalls that is aimed at for hypercalls (issue 6). */
  readonly goal?: number;
  readonly floors: Floors;
  readonly runner: (cause: Cause) => Runner;
}

function imagePath(image: (cause: Cause) => ImageText): (cause: Cause) => Runner {
  return (cause) => here(image(cause));
}

const IMAGE_PATHS: readonly Path[] = [
  {
    name: "minimal",
    text: "a minimal handler in assembly",
    goal: 1,
    floors: [1, 0.6, 0.12],
    runner: imagePath(minimalExits),
  },
  {
    name: "kvm-asm",
    text: "KVM's whole switch in assembly, with a VMM in assembly",
    goal: 0.5,
    floors: [0.25, 0.25, 0.1],
    runner: imagePath(kvmExits),
  },
  {
    name: "arceos-asm",
    text: "ArceOS's whole switch in assembly, with a VMM in assembly",
    floors: [0.005, 0.005, 0.008],
    runner: imagePath(arceosExits),
  },
];

/** Of the world switches by name: what is aimed at, and the floors. */
const CONTRACT: Readonly<Record<string, { readonly goal?: number; readonly floors: Floors }>> = {
  "kvm": { goal: 0.2, floors: [0.07, 0.016, 0.02] },
  "arceos": { floors: [0.005, 0.003, 0.004] },
  "hvisor": { floors: [0.007, 0.005, 0.0045] },
  "kvm-asm": { floors: [0.0015, 0.001, 0.0015] },
  "arceos-asm": { floors: [0.0015, 0.0015, 0.0015] },
};

function contractPath(worldSwitch: WorldSwitch): Path {
  const { name, machineCode } = worldSwitch;
  const declared = CONTRACT[name];
  if (declared === undefined) throw new RangeError(`Cannot measure world switch ${name}: it has no floor`);
  return {
    // The images have the names of machine code that nobody watches.
    name: machineCode === undefined ? name : `${name}, watched`,
    text: machineCode === undefined
      ? "the vCPU of the TypeScript switch"
      : "the vCPU of the switch in assembly, whose code is watched as in a case",
    ...declared,
    runner: (cause) => contractExits(worldSwitch, cause),
  };
}

/** Seconds of a run. */
const LEAST = { full: 0.4, short: 0.1 };
const FIRST_ROUNDS = 300;

async function measure(run: Runner, { isShort, pairs, syscalls }: Conditions): Promise<Figures> {
  const ours = new Side(run, { rounds: FIRST_ROUNDS, least: isShort ? LEAST.short : LEAST.full });
  const { pair, ratio, ratios } = await compare({ theirs: await syscalls(), ours }, pairs);
  return {
    value: ratio,
    rates: { here: rateOf(pair.ours), qemu: rateOf(pair.theirs), of: "trips" },
    details: {
      ratios,
      roundsHere: pair.ours.rounds,
      roundsQemu: pair.theirs.rounds,
      instructionsEach: (pair.ours.instructions ?? 0) / pair.ours.rounds,
    },
  };
}

function benchmark({ name, text, goal, floors, runner }: Path, cause: Cause): Benchmark {
  // Assembled and prepared when it is wanted.
  let made: Runner | undefined;
  const run: Runner = (rounds, watch) => (made ??= runner(cause))(rounds, watch);
  return {
    kind: "exit",
    name: `${cause}, ${name}`,
    text,
    unit: "ratio",
    // Goals are about hypercalls.
    goal: goal === undefined || cause !== "hvcl" ? undefined : { least: goal },
    floor: floors[CAUSES.indexOf(cause)],
    here: run,
    measure: (conditions) => measure(run, conditions),
  };
}

/** All of them. */
export const EXIT_BENCHMARKS: readonly Benchmark[] = [...IMAGE_PATHS, ...WORLD_SWITCHES.map(contractPath)]
  .flatMap((path) => CAUSES.map((cause) => benchmark(path, cause)));
