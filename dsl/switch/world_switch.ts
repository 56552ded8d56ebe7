/**
 * A description as a world switch like any other: cases run on it, reports name its code.
 *
 * @module
 */
import { GCFG, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { assembleCode, joinCode, loadCode, type MachineCode, PHYSICAL } from "../../vcpu/assembly/code.ts";
import { CodeRunner } from "../../vcpu/assembly/runner.ts";
import { FrameAllocator } from "../../vcpu/context_frame.ts";
import { HOST_REFILL_TEXT } from "../../vcpu/kvm/switch_text.ts";
import {
  type HostCpu,
  type HostLayout,
  type Hypervisor,
  type WorldSwitch,
  worldSwitch,
} from "../../vcpu/mod.ts";
import { DescribedVCpu } from "./described_vcpu.ts";
import type { SwitchDescription } from "./description.ts";
import { planOf, type SwitchPlan } from "./plan.ts";

/** invtlb: every guest entry. */
const INVTLB_ALLGID = 0x12;
/** Contexts of two vCPUs fit. */
const CONTEXTS = 2;
const ALIGNMENT = 16;

/**
 * Makes a world switch of a description.
 *
 * @throws {RangeError} if the description names what is not there
 * @throws {AssemblyErrors} for text that cannot be assembled
 * @throws {ElfError} for files that cannot be used
 */
export function describedSwitch(description: SwitchDescription): WorldSwitch {
  const plan = planOf(description);
  const ends = plan.code.segments.map(({ address, size }) => (address & PHYSICAL) + size);
  const starts = plan.code.segments.map(({ address }) => address & PHYSICAL);
  return worldSwitch({
    name: description.name,
    about: `the code of ${description.name} as described`,
    ...(description.protocol !== undefined && { protocol: description.protocol }),
    machineCode: {
      dataBytes: Math.ceil(CONTEXTS * contextBytes(plan) / 0x1000) * 0x1000,
      linkedAt: { start: lowest(starts), end: -lowest(ends.map((end) => -end)) },
    },
    pageTable: plan.pageTable,
    attach: (cpu, layout) => new DescribedHypervisor(cpu, layout, plan),
  });
}

function lowest(values: readonly bigint[]): bigint {
  return values.reduce((least, value) => value < least ? value : least);
}

function contextBytes({ places }: SwitchPlan): number {
  return Math.ceil(places.size / ALIGNMENT) * ALIGNMENT;
}

/** What is per processor: LVZ on and off, as KVM does it. */
class DescribedHypervisor implements Hypervisor {
  readonly #cpu: HostCpu;
  readonly #plan: SwitchPlan;
  readonly #code: MachineCode;
  readonly #contexts: FrameAllocator;

  constructor(cpu: HostCpu, layout: HostLayout, plan: SwitchPlan) {
    this.#cpu = cpu;
    this.#plan = plan;
    this.#contexts = new FrameAllocator(cpu, layout, contextBytes(plan) / 8);
    this.#code = plan.refill === undefined ? joinCode(plan.code, hostRefill(layout)) : plan.code;
    loadCode(cpu, this.#code);
    cpu.jump(layout.text);
  }

  enable(): void {
    const cpu = this.#cpu;
    cpu.csrwr(GCFG, GCFG.GCI.of(2n) | GCFG.MATC.of(1n));
    cpu.csrwr(GSTAT, 0n);
    cpu.csrwr(GINTC, 0n);
    cpu.invtlb(INVTLB_ALLGID);
    cpu.csrxchg(GTLBC, GTLBC.USETGID.mask, GTLBC.USETGID.mask);
  }

  disable(): void {
    const cpu = this.#cpu;
    for (const csr of [GCFG, GSTAT, GINTC]) cpu.csrwr(csr, 0n);
    cpu.csrxchg(GTLBC, 0n, GTLBC.USETGID.mask);
    cpu.invtlb(INVTLB_ALLGID);
  }

  createVCpu(): DescribedVCpu {
    const runner = new CodeRunner(this.#cpu, this.#code, true);
    return new DescribedVCpu(this.#cpu, this.#plan, this.#contexts.next(), runner);
  }
}

/** The host's own refill handler by where it lies; a memo of a pure function. */
const HOST_REFILLS = new Map<bigint, MachineCode>();

function hostRefill(layout: HostLayout): MachineCode {
  const origin = layout.hostRefillEntry ?? layout.refillEntry;
  let code = HOST_REFILLS.get(origin);
  if (code === undefined) {
    HOST_REFILLS.set(origin, code = assembleCode(HOST_REFILL_TEXT, "tlbex.S", { origin }));
  }
  return code;
}
