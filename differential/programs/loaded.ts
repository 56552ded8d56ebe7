/**
 * Generated programs in machines of ours, and what two such machines must have in common.
 *
 * @module
 */
import { readCsr, writeCsr } from "../../core/csr/access.ts";
import { csrByName, CSRS } from "../../core/csr/table.ts";
import { createVirtMachine, type VirtMachine } from "../../devices/virt.ts";
import type { State } from "../../drivers/state.ts";

const MEMORY = 32 * 1024 * 1024;

/** A machine at the start of a program. */
export function machineOf({ memory, host }: State): VirtMachine {
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

/** All registers of the host, and the time. */
export function visible({ machine }: VirtMachine): Readonly<Record<string, unknown>> {
  return {
    pc: machine.pc,
    executed: machine.clock.executed,
    gpr: [...machine.gpr],
    fpr: [...machine.fpr],
    fcsr: machine.fcsr,
    csrs: CSRS.filter((c) => machine.host.has(c.number)).map((c) => [c.name, readCsr(machine, false, c)]),
  };
}

/** The memory that a program may use, block by block. */
export function memoryOf(vm: VirtMachine, { memory }: State): readonly (Uint8Array | undefined)[] {
  return memory.map(({ at, words }) => vm.bus.ramBytes(at, 4 * words.length)?.slice());
}
