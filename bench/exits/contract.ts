/**
 * Exits through a world switch as cases use it: `run` of its vCPU in a loop, with what a VMM does about the exit.
 *
 * Where the switch is machine code, its host part is watched an instruction at a time, as in a case.
 *
 * @module
 */
import { ThreadedEngine } from "../../core/threaded/engine.ts";
import { Bench } from "../../dsl/bench.ts";
import { hvc } from "../../dsl/exit.ts";
import { prepareCase } from "../../dsl/run.ts";
import type { Exit, WorldSwitch } from "../../vcpu/mod.ts";
import type { Runner } from "../rate.ts";
import { type Cause, DEVICE_VALUE } from "./guest.ts";

/** Instructions for the guest between two exits: more than it needs. */
const BUDGET = 1000;
const COUNTER = 23;

const LOOPS: Readonly<Record<Cause, string>> = {
  hvcl: "hvcl 0",
  cpucfg: "cpucfg $a0, $a1",
  MMIO: "ld.w $a0, $a1, 0",
};

/** The first GPA behind the guest's memory: a page that stage 2 has a table for, and no page. */
const DEVICE = 0x40000;

function guestCode(cause: Cause): string {
  return `
    li.d   $a1, ${cause === "MMIO" ? DEVICE : 2}
    li.d   $s0, 0
  loop:
    ${LOOPS[cause]}
    addi.d $s0, $s0, 1
    b      loop`;
}

/** Runs a vCPU of a world switch. */
export function contractExits(worldSwitch: WorldSwitch, cause: Cause): Runner {
  const prepared = prepareCase({ rule: "LVZ-EXIT-08", code: guestCode(cause), exits: [hvc(0)] });
  // As cases do: one for all machines.
  const engine = new ThreadedEngine();
  return (rounds, watch) => {
    const bench = new Bench(prepared, worldSwitch, { engine, traced: false });
    bench.bind();
    const { machine, vcpu } = bench;
    watch?.begin();
    const [begin, from] = [performance.now(), machine.clock.executed];
    for (let i = 0; i < rounds; i++) {
      const exit = vcpu.run(BUDGET);
      if (exit?.kind === "mmio-read") vcpu.setGpr(exit.register, BigInt(DEVICE_VALUE));
      else if (!isServed(exit)) {
        throw new Error(`Cannot measure: ${vcpu.name} reports ${exit?.kind ?? "no exit"}`);
      }
    }
    const seconds = (performance.now() - begin) / 1000;
    watch?.end();
    // The guest has not yet gone on behind the last exit.
    const counted = Number(vcpu.gpr(COUNTER)) + 1;
    if (counted !== rounds) throw new Error(`Cannot measure: the guest made ${counted} exits, not ${rounds}`);
    return { rounds, seconds, instructions: machine.clock.executed - from };
  };
}

/** True for exits after which a guest just goes on. */
function isServed(exit: Exit | undefined): boolean {
  return exit?.kind === "nothing" || exit?.kind === "hypercall";
}
