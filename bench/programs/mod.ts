/**
 * The programs, as benchmarks: the same image here and on QEMU, in turns.
 *
 * @module
 */
import type { Benchmark, Conditions, Figures } from "../benchmark.ts";
import type { BenchProgram } from "../image.ts";
import { here, onQemu } from "../measure.ts";
import { compare, Side } from "../rate.ts";
import { COLD, LOOPS_AT_ONCE, MANY_PAGES } from "./cold.ts";
import { BRANCHY, CALLS, FAR_CALLS, HOT_LOOP, MATRIX, MATRIX_DOUBLE } from "./compute.ts";
import { CHASE, COPY, REFILLS } from "./memory.ts";
import { CSRS, SYSCALLS } from "./system.ts";

const PROGRAMS: readonly BenchProgram[] = [
  HOT_LOOP,
  COPY,
  CHASE,
  BRANCHY,
  MATRIX,
  MATRIX_DOUBLE,
  CALLS,
  FAR_CALLS,
  COLD,
  LOOPS_AT_ONCE,
  MANY_PAGES,
  REFILLS,
  CSRS,
  SYSCALLS,
];

/** No run is shorter, here or on QEMU, for the marks are seen some milliseconds late. Seconds. */
const LEAST_SECONDS = { full: 0.5, short: 0.15 };
/** The part of the rounds with which a short run on QEMU begins, and any run here: we can be much slower than QEMU. */
const FIRST_PART = { short: 0.2, here: 0.005 };

async function measure(program: BenchProgram, conditions: Conditions): Promise<Figures> {
  const { rounds, fixed } = program;
  const { isShort, pairs } = conditions;
  const least = isShort ? LEAST_SECONDS.short : LEAST_SECONDS.full;
  const length = (part: number) => ({ rounds: fixed ? rounds : rounds * part, least, fixed });
  const theirs = new Side(onQemu(await conditions.qemu(), program), length(isShort ? FIRST_PART.short : 1));
  const ours = new Side(here(program), length(FIRST_PART.here));
  const { pair, ratio, ratios } = await compare({ theirs, ours }, pairs);
  const instructions = (pair.ours.instructions ?? 0) / pair.ours.rounds;
  const rate = ({ rounds, seconds }: typeof pair.ours) => rounds * instructions / seconds;
  return {
    value: ratio,
    rates: { here: rate(pair.ours), qemu: rate(pair.theirs), of: "instructions" },
    details: { ratios, roundsHere: pair.ours.rounds, roundsQemu: pair.theirs.rounds },
  };
}

function benchmark(program: BenchProgram): Benchmark {
  const { name, text, goal, floor, rounds, fixed } = program;
  return {
    kind: "program",
    name,
    text,
    unit: "ratio",
    goal: goal === undefined ? undefined : { least: goal },
    floor,
    here: here(program),
    fixedRounds: fixed ? rounds : undefined,
    measure: (conditions) => measure(program, conditions),
  };
}

/** The hot loop without regions: what the engine does for code that is not hot enough. */
const WITHOUT_REGIONS: Benchmark = {
  kind: "program",
  name: "hot loop, no regions",
  text: "the hot loop by the threaded engine alone",
  unit: "MIPS",
  goal: { least: 150 },
  here: here(HOT_LOOP, { regions: false }),
  async measure() {
    const run = here(HOT_LOOP, { regions: false });
    const { instructions = 0, seconds } = await new Side(run, { rounds: 1_000_000, least: 0.5 }).measure();
    return { value: instructions / seconds / 1e6 };
  },
};

/** All of them. */
export const PROGRAM_BENCHMARKS: readonly Benchmark[] = [...PROGRAMS.map(benchmark), WITHOUT_REGIONS];
