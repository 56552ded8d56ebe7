import { assert, assertEquals } from "@std/assert";
import { bareMachine } from "../../core/bare_machine.ts";
import type { Engine } from "../../core/engine.ts";
import { ReferenceEngine } from "../../core/exec/reference.ts";
import type { Restore } from "../../core/snapshot/mod.ts";
import { ThreadedEngine } from "../../core/threaded/engine.ts";
import type { VirtMachine } from "../../devices/virt.ts";
import type { State } from "../../drivers/state.ts";
import { Random } from "../../sequences/random.ts";
import { randomFlow } from "./flow.ts";
import { machineOf, memoryOf, visible } from "./loaded.ts";
import { generateProgram } from "./program.ts";

const PROGRAMS = 40;
/** Instructions of each stretch; what is compared after each would hide nothing that comes to light at the end. */
const STRETCHES = [17, 1000, 313, 20_000];

const ENGINES: readonly (readonly [string, () => Engine])[] = [
  ["threaded", () => new ThreadedEngine({ hotAfter: Infinity })],
  ["regions", () => new ThreadedEngine({ hotAfter: 1 })],
];

Deno.test("the engines agree at every stretch of generated programs", () => {
  const reference = new ReferenceEngine();
  for (const [name, make] of ENGINES) {
    const engine = make();
    for (let i = 0; i < PROGRAMS; i++) {
      const { state } = generateProgram("engines", i);
      const [expected, actual] = [machineOf(state), machineOf(state)];
      for (const budget of STRETCHES) {
        const what = `${name}, program ${i}, ${budget} instructions`;
        assertEquals(
          engine.run(actual.machine, { budget }),
          reference.run(expected.machine, { budget }),
          what,
        );
        assertEquals(visible(actual), visible(expected), what);
        assertEquals(memoryOf(actual, state), memoryOf(expected, state), what);
      }
    }
  }
});

const STOP_PROGRAMS = 10;
/** Words from the start of a program, all of which it executes. */
const NEAR_START = 60;
const STOPS = 30;

/** Runs a program on two machines, which stop at the same instructions. */
function compareStops(name: string, engine: Engine, seed: number): void {
  const { state } = generateProgram("engines", seed);
  const random = new Random(`stops ${seed}`);
  const [code = { at: 0, words: [] }] = state.memory;
  const place = () => random.below(Math.min(code.words.length, NEAR_START));
  const stopBefore = { addresses: new Set(Array.from({ length: 6 }, () => code.at + 4 * place())) };
  const reference = new ReferenceEngine();
  const [expected, actual] = [machineOf(state), machineOf(state)];
  for (let stop = 0; stop < STOPS; stop++) {
    const limits = { budget: random.between(1, 3000), stopBefore };
    const ended = reference.run(expected.machine, limits);
    const what = `${name}, program ${seed}, stop ${stop}`;
    assertEquals(engine.run(actual.machine, limits), ended, what);
    assertEquals(visible(actual), visible(expected), what);
    if (ended.kind === "requested") {
      for (const [e, vm] of [[reference, expected], [engine, actual]] as const) {
        e.run(vm.machine, { budget: 1 });
      }
    }
  }
}

Deno.test("the engines stop before the same instructions", () => {
  for (const [name, make] of ENGINES) {
    const engine = make();
    for (let seed = 0; seed < STOP_PROGRAMS; seed++) compareStops(name, engine, seed);
  }
});

const FLOWS = 40;
const FLOW_BYTES = 0x40000;

Deno.test("the engines agree wherever control flow leads, whatever is translated and kept", () => {
  for (let i = 0; i < FLOWS; i++) {
    const random = new Random(`flow ${i}`);
    const source = randomFlow(random);
    const [expected, actual] = [
      bareMachine(source, { size: FLOW_BYTES }),
      bareMachine(source, { size: FLOW_BYTES }),
    ];
    const options = {
      hotAfter: random.pick([1, 1, 2, 5, 20]),
      ...(random.chance(0.25) && { keep: { regions: random.pick([4, 12]) } }),
    };
    const [reference, engine] = [new ReferenceEngine(), new ThreadedEngine(options)];
    for (let stretch = 0; stretch < 10; stretch++) {
      const budget = random.pick([1, 3, 17, 100, 1000, random.between(1, 3000)]);
      const what = `flow ${i}, stretch ${stretch}, ${budget} instructions`;
      reference.run(expected.m, { budget });
      engine.run(actual.m, { budget });
      const [there, here] = [expected, actual].map(({ m }) => [m.pc, m.clock.executed, ...m.gpr]);
      assertEquals(here, there, what);
      assert(actual.memory.bytes.every((byte, at) => byte === expected.memory.bytes[at]), what);
    }
  }
});

const SNAPSHOT_PROGRAMS = 6;
/** What a machine is made to do at random, and how far a program is followed. */
const ACTIONS = 40;
const STEPS = 12;

/** All that a machine is at a moment: what can be seen of it, and what decides how it goes on. */
function everything(vm: VirtMachine, state: State): unknown {
  const { machine: m } = vm;
  return {
    ...visible(vm),
    memory: memoryOf(vm, state),
    tlb: Array.from({ length: m.tlb.size }, (_, i) => m.tlb.at(i)).filter((e) => e !== undefined),
    time: [m.clock.trapped, m.clock.now, m.clock.nextEvent, m.timer(false).due, m.counters.due],
    ll: [false, true].map((isGuest) => [...m.llbit(isGuest).cells]),
    other: [[...m.host.values], [...m.guest.values], [...m.fcc], m.lines, m.idle, m.stopRequest],
  };
}

/** What a program is after each of some steps, in a machine that has no snapshots. */
function courseOf(state: State, steps: readonly number[]): readonly unknown[] {
  const vm = machineOf(state);
  const engine = new ReferenceEngine();
  const course = [everything(vm, state)];
  for (const budget of steps) {
    engine.run(vm.machine, { budget });
    course.push(everything(vm, state));
  }
  return course;
}

/** Takes one machine through a program, back and forth. */
function wander(name: string, engines: readonly Engine[], seed: number): void {
  const { state } = generateProgram("snapshots", seed);
  const random = new Random(`${name} ${seed}`);
  const steps = Array.from({ length: STEPS }, () => random.between(1, 400));
  const course = courseOf(state, steps);
  const vm = machineOf(state);
  const kept: { readonly at: number; readonly restore: Restore }[] = [{ at: 0, restore: vm.machine.save() }];
  const done: string[] = [];
  let at = 0;
  for (let action = 0; action < ACTIONS; action++) {
    const what = random.below(4);
    if (what === 0) {
      kept.push({ at, restore: vm.machine.save() });
      done.push(`save ${at}`);
    } else if (what === 1 || at === STEPS) {
      const chosen = random.pick(kept);
      chosen.restore();
      at = chosen.at;
      done.push(`restore ${at}`);
    } else {
      random.pick(engines).run(vm.machine, { budget: steps[at++] ?? 0 });
      done.push(`run to ${at}`);
    }
    assertEquals(everything(vm, state), course[at], `${name}, program ${seed}: ${done.join(", ")}`);
  }
}

Deno.test("a machine goes on from a snapshot as it went on when the snapshot was taken, on every engine", () => {
  const reference = new ReferenceEngine();
  for (let seed = 0; seed < SNAPSHOT_PROGRAMS; seed++) {
    wander("reference", [reference], seed);
    for (const [name, make] of ENGINES) {
      const engine = make();
      wander(name, [engine], seed);
      wander(`reference and ${name}`, [reference, engine], seed);
    }
  }
});
