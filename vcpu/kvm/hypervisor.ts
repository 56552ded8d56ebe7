/**
 * KVM on one processor: switching LVZ on and off (PROTO-KVM-01, -02), making vCPUs.
 *
 * @module
 */
import { GCFG, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { TLBRENTRY } from "../../core/csr/translation.ts";
import { FrameAllocator } from "../context_frame.ts";
import type { HostLayout, Hypervisor, VCpu } from "../contract.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { R, routine, ZERO } from "../routine.ts";
import { CONTEXT_WORDS, KvmMachineCode } from "./machine_code.ts";
import { hostRefillEntry, KvmVCpu } from "./vcpu.ts";
import { Vpids } from "./vpids.ts";

const CLEAR = routine(
  ["csrwr", ZERO, GCFG],
  ["csrwr", ZERO, GSTAT],
  ["csrwr", ZERO, GINTC],
  ["csrxchg", ZERO, R.t0, GTLBC],
);
/** invtlb: every guest entry. */
const INVTLB_ALLGID = 0x12;

/** KVM, loaded on a processor. */
export class KvmHypervisor implements Hypervisor {
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  readonly #vpids: Vpids;
  /** Memory for the contexts of machine code; undefined where the world switch is TypeScript. */
  readonly #contexts: FrameAllocator | undefined;

  /** @param form what the world switch itself is */
  constructor(cpu: HostCpu, layout: HostLayout, form: "typescript" | "machine code" = "typescript") {
    this.#cpu = cpu;
    this.#layout = layout;
    cpu.jump(layout.text);
    this.#checkRefillEntry();
    this.#vpids = new Vpids(cpu);
    this.#contexts = form === "machine code" ? new FrameAllocator(cpu, layout, CONTEXT_WORDS) : undefined;
  }

  /** The host's TLBRENTRY must lead to the handler that {@linkcode KvmVCpu} stands in for. */
  #checkRefillEntry(): void {
    const entry = this.#cpu.csrrd(TLBRENTRY);
    if (entry === hostRefillEntry(this.#layout)) return;
    throw new HypervisorError(
      `Cannot use KVM: TLBRENTRY is 0x${entry.toString(16)}, not the host's refill handler`,
    );
  }

  /** PROTO-KVM-01. */
  enable(): void {
    const cpu = this.#cpu;
    const capabilities = cpu.csrrd(GCFG);
    this.#clear();
    const gci = GCFG.GCIP.get(capabilities) & 4n ? GCFG.GCI.of(2n) : 0n;
    const matc = GCFG.MATP.get(capabilities) & 2n ? GCFG.MATC.of(1n) : 0n;
    cpu.csrwr(GCFG, gci | matc);
    cpu.invtlb(INVTLB_ALLGID);
    cpu.csrxchg(GTLBC, GTLBC.USETGID.mask, GTLBC.USETGID.mask);
  }

  /** PROTO-KVM-02. */
  disable(): void {
    this.#clear();
    this.#cpu.invtlb(INVTLB_ALLGID);
  }

  #clear(): void {
    this.#cpu.setGpr(R.t0, GTLBC.USETGID.mask | GTLBC.TOTI.mask);
    this.#cpu.perform(CLEAR);
  }

  createVCpu(): VCpu {
    const context = this.#contexts?.next();
    const code = context && new KvmMachineCode(this.#cpu, this.#layout, context);
    return new KvmVCpu(this.#cpu, this.#layout, this.#vpids, code);
  }
}
