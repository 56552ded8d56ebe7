import { assert, assertEquals } from "@std/assert";
import { ReferenceEngine } from "../core/mod.ts";
import { PGDL } from "../core/csr/translation.ts";
import { guestCopies } from "../vcpu/guest_registers.ts";
import { type HostCpu, KVM, type VCpu, WORLD_SWITCHES, type WorldSwitch } from "../vcpu/mod.ts";
import { CODE, profileOf } from "./program.ts";
import { type Stage, stageFor } from "./stage.ts";

const PROFILE = profileOf({});
const MEMORY = { contains: () => false, map: () => {} };

function stageOf(worldSwitch: WorldSwitch, engine: ReferenceEngine, traced: boolean): Stage {
  return stageFor({ worldSwitch, profile: PROFILE, entry: CODE, memory: MEMORY }, { engine, traced });
}

/** Everything that a case could tell stages apart by before its first entry. */
function stateOf({ machine: m, vcpu, unbound }: Stage): readonly unknown[] {
  return [
    [m.pc, m.nextPc, m.word, m.gpr, m.host.values, m.guest.values, m.clock.executed, m.clock.nextEvent],
    Array.from({ length: 32 }, (_, r) => vcpu.gpr(r)),
    guestCopies(PROFILE).map((csr) => vcpu.guestCsr(csr)),
    unbound.get(PGDL),
    m.history.last(64),
  ];
}

for (const worldSwitch of WORLD_SWITCHES) {
  Deno.test(`${worldSwitch.name}: a vCPU that was bound in advance is as one that is bound for the case`, () => {
    const engine = new ReferenceEngine();
    const live = stageOf(worldSwitch, engine, true);
    live.vcpu.bind();
    const expected = stateOf(live);
    // The first one makes the machine, the second one finds it.
    for (let round = 0; round < 2; round++) {
      const told = stageOf(worldSwitch, engine, false);
      assert(told.isBound);
      assertEquals(stateOf(told), expected);
      told.vcpu.enter(10);
      told.machine.writePhysical(0xa0000, 8, 0n);
      told.release();
    }
  });
}

/** A world switch with something of its own at each binding, the first one being number 1. */
function switchThat(act: (cpu: HostCpu, vcpu: VCpu, binding: number) => void): WorldSwitch {
  let binding = 0;
  return {
    ...KVM,
    create(cpu, layout) {
      const vcpu = KVM.create(cpu, layout);
      const bind = vcpu.bind.bind(vcpu);
      vcpu.bind = () => {
        bind();
        act(cpu, vcpu, ++binding);
      };
      return vcpu;
    },
  };
}

/** What a world switch may do otherwise than before. */
const OTHERWISE: Readonly<Record<string, (cpu: HostCpu, vcpu: VCpu, binding: number) => void>> = {
  "executes another instruction than before": (cpu, _, n) => n === 1 ? cpu.csrrd(PGDL) : cpu.rdtime(),
  "executes more instructions than before": (cpu, _, n) => n > 1 && cpu.rdtime(),
  "executes fewer instructions than before": (cpu, _, n) => n === 1 && cpu.rdtime(),
  "writes another value than before": (cpu, _, n) => cpu.csrwr(PGDL, BigInt(n) << 12n),
  "leaves another value in a register than before": (cpu, _, n) => cpu.setGpr(12, BigInt(n)),
  "changes a register without an instruction": (cpu, _, n) => cpu.machine.host.write(PGDL, BigInt(n) << 12n),
  "runs code": (cpu) => cpu.stepCode(),
  "fails": (_cpu, _vcpu, n) => {
    if (n <= 2) throw new Error("Cannot bind");
  },
};

for (const [what, act] of Object.entries(OTHERWISE)) {
  Deno.test(`a world switch that ${what} is executed for each case`, () => {
    const worldSwitch = switchThat(act);
    const engine = new ReferenceEngine();
    for (let round = 0; round < 2; round++) {
      const stage = stageOf(worldSwitch, engine, false);
      assertEquals(stage.isBound, false);
      stage.release();
    }
  });
}
