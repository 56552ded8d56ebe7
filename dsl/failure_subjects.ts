/**
 * Subjects that are broken on purpose: hardware and world switches, for tests of what the bench says about them.
 *
 * @module
 */
import { type CsrDeclaration, type Engine, type Machine, ReferenceEngine } from "../core/mod.ts";
import type { HostCpu, VCpu, WorldSwitch } from "../vcpu/mod.ts";

const REFERENCE = new ReferenceEngine();

/** Hardware that does something of its own right after each exit. */
export function engineThat(breaks: (m: Machine) => unknown): Engine {
  return {
    name: "faulty",
    run(m, limits) {
      const stop = REFERENCE.run(m, limits);
      if (stop.kind === "host") breaks(m);
      return stop;
    },
    execute: (m, word) => REFERENCE.execute(m, word),
  };
}

/** A world switch like another, but for some methods of its vCPU. */
function switchThat(
  base: WorldSwitch,
  change: (vcpu: VCpu, cpu: HostCpu) => Partial<VCpu>,
): WorldSwitch {
  return {
    ...base,
    create(cpu, layout) {
      const vcpu = base.create(cpu, layout);
      return altered(vcpu, change(vcpu, cpu));
    },
  };
}

/** Members of `changes` go first; everything else is the vCPU's own. */
function altered(vcpu: VCpu, changes: Partial<VCpu>): VCpu {
  return new Proxy(vcpu, {
    get(target, name) {
      const member: unknown = Reflect.get(Object.hasOwn(changes, name) ? changes : target, name);
      return typeof member === "function" ? member.bind(target) : member;
    },
    set: (target, name, value) => Reflect.set(target, name, value),
  });
}

/** A world switch that leaves the host something after each exit, or after giving back the processor. */
export function switchThatLeaves(
  base: WorldSwitch,
  when: "enter" | "unbind",
  leave: (vcpu: VCpu, cpu: HostCpu) => void,
): WorldSwitch {
  return switchThat(base, (vcpu, cpu) => ({
    [when]: (budget: number) => {
      const result = vcpu[when](budget);
      leave(vcpu, cpu);
      return result;
    },
  }));
}

/** A world switch that loses a CSR of the guest on the way into it, at one of the entries (from 1). */
export function switchThatLoses(base: WorldSwitch, csr: CsrDeclaration, entry: number): WorldSwitch {
  return switchThat(base, (vcpu) => {
    let entries = 0;
    return {
      enter: (budget) => {
        if (++entries === entry) vcpu.setGuestCsr(csr, 0n);
        return vcpu.enter(budget);
      },
    };
  });
}
