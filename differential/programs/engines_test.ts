import { assertEquals } from "@std/assert";
import { readCsr, writeCsr } from "../../core/csr/access.ts";
import { csrByName, CSRS } from "../../core/csr/table.ts";
import type { Engine } from "../../core/engine.ts";
import { ReferenceEngine } from "../../core/exec/reference.ts";
import { ThreadedEngine } from "../../core/threaded/engine.ts";
import { createVirtMachine, type VirtMachine } from "../../devices/virt.ts";
import type { State } from "../../drivers/state.ts";
import { generateProgram } from "./program.ts";

const MEMORY = 32 * 1024 * 1024;
const PROGRAMS = 40;
/** Instructions of each stretch; what is compared after each would hide nothing that comes to light at the end. */
const STRETCHES = [17, 1000, 313, 20_000];

function machineOf({ memory, host }: State): VirtMachine {
  const vm = createVirtMachine({ memory: MEMORY });
  const { machine } = vm;
  for (const { at, words } of memory) {
    words.forEach((word, i) => machine.writePhysical(at + 4 * i, 4, BigInt(word)));
  }
  for (const [register, value] of host.gpr) machine.gpr[register] = value;
  for (const [name, value] of host.csr) {
    const csr = csrByName(name);
    if (csr !== undefined) writeCsr(machine, false, csr, value, "own");
  }
  machine.pc = machine.nextPc = host.pc;
  return vm;
}

function visible({ machine }: VirtMachine): Readonly<Record<string, unknown>> {
  return {
    pc: machine.pc,
    executed: machine.clock.executed,
    gpr: [...machine.gpr],
    fpr: [...machine.fpr],
    fcsr: machine.fcsr,
    csrs: CSRS.filter((c) => machine.host.has(c.number)).map((c) => [c.name, readCsr(machine, false, c)]),
  };
}

function sameMemory(a: VirtMachine, b: VirtMachine, memory: State["memory"], what: string): void {
  for (const { at, words } of memory) {
    const [x, y] = [a, b].map((vm) => vm.bus.ramBytes(at, 4 * words.length));
    assertEquals(x, y, `${what}, memory at 0x${at.toString(16)}`);
  }
}

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
        sameMemory(expected, actual, state.memory, what);
      }
    }
  }
});
