/**
 * hvisor on one processor (PROTO-HV-01).
 *
 * @module
 */
import { CRMD, ECFG, EENTRY, EUEN, TI } from "../../core/csr/basic.ts";
import { TCFG, TICLR } from "../../core/csr/timer.ts";
import { FrameAllocator } from "../context_frame.ts";
import type { HostLayout, Hypervisor, VCpu } from "../contract.ts";
import type { HostCpu } from "../host_cpu.ts";
import { HVISOR_FRAME } from "./frame.ts";
import { HvisorVCpu } from "./vcpu.ts";

const IPI = 1n << 12n;
const IPI_CLEAR = 0x100cn;
const IPI_ENABLE = 0x1004n;
/** 200 ms at the 100 MHz of the stable counter, in the unit of TCFG.InitVal. */
const TIMER_PERIOD = 20_000_000n / 4n;

/** hvisor, loaded on a processor, which it never gives up: there is nobody to give it to. */
export class HvisorHypervisor implements Hypervisor {
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  readonly #frames: FrameAllocator;

  constructor(cpu: HostCpu, layout: HostLayout) {
    this.#cpu = cpu;
    this.#layout = layout;
    this.#frames = new FrameAllocator(cpu, layout, HVISOR_FRAME.words);
    cpu.jump(layout.text);
  }

  /** The timer is set up and left off: an injected line will start it. The IPI is reached by IOCSR here, by its MMIO window in hvisor. */
  enable(): void {
    const cpu = this.#cpu;
    cpu.setField(CRMD, CRMD.IE, 0n);
    cpu.csrwr(TICLR, TICLR.CLR.mask);
    cpu.setField(TCFG, TCFG.Periodic, 1n);
    cpu.setField(TCFG, TCFG.InitVal, TIMER_PERIOD);
    cpu.setField(TCFG, TCFG.En, 1n);
    cpu.csrxchg(ECFG, TI, TI);
    cpu.setField(TCFG, TCFG.En, 0n);
    cpu.setField(ECFG, ECFG.VS, 0n);
    cpu.csrwr(EENTRY, this.#layout.exitEntry);
    for (const unit of [EUEN.FPE, EUEN.SXE, EUEN.ASXE]) cpu.setField(EUEN, unit, 1n);
    cpu.setField(CRMD, CRMD.IE, 1n);
    cpu.iocsrwr(IPI_CLEAR, 4, 0xffff_ffffn);
    cpu.iocsrwr(IPI_ENABLE, 4, 0xffff_ffffn);
    cpu.csrxchg(ECFG, IPI, IPI);
  }

  /** hvisor never does. */
  disable(): void {}

  createVCpu(): VCpu {
    return new HvisorVCpu(this.#cpu, this.#layout, this.#frames.next());
  }
}
