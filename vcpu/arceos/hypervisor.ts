/**
 * loongarch_vcpu on one processor (PROTO-AV5-11): what is per CPU and not per vCPU.
 *
 * @module
 */
import { EENTRY } from "../../core/csr/basic.ts";
import { GSTAT } from "../../core/csr/lvz.ts";
import { FrameAllocator } from "../context_frame.ts";
import type { BootArguments, HostLayout, Hypervisor, VCpu } from "../contract.ts";
import type { HostCpu } from "../host_cpu.ts";
import { FRAME_WORDS } from "./frame.ts";
import { ArceosMachineCode } from "./machine_code.ts";
import { ArceosVCpu } from "./vcpu.ts";

/** The hypervisor of ArceOS, as far as loongarch_vcpu is concerned. */
export class ArceosHypervisor implements Hypervisor {
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  #recorded = { eentry: 0n, gstat: 0n };
  readonly #frames: FrameAllocator;
  readonly #code: ArceosMachineCode | undefined;

  /** @param form what the world switch itself is */
  constructor(cpu: HostCpu, layout: HostLayout, form: "typescript" | "machine code" = "typescript") {
    this.#cpu = cpu;
    this.#layout = layout;
    this.#frames = new FrameAllocator(cpu, layout, FRAME_WORDS);
    this.#code = form === "machine code" ? new ArceosMachineCode(cpu, layout) : undefined;
    cpu.jump(layout.text);
  }

  /** Only remembers what {@linkcode disable} puts back. */
  enable(): void {
    this.#recorded = { eentry: this.#cpu.csrrd(EENTRY), gstat: this.#cpu.csrrd(GSTAT) };
  }

  disable(): void {
    this.#cpu.csrwr(EENTRY, this.#recorded.eentry);
    this.#cpu.csrwr(GSTAT, this.#recorded.gstat);
  }

  createVCpu(boot?: BootArguments): VCpu {
    return new ArceosVCpu(this.#cpu, this.#layout, this.#frames.next(), boot, this.#code);
  }
}
