/**
 * The world switch of Linux 7.2's KVM, step by step (PROTO-KVM-01, -10 to -13, -61, -62), as software on the machine's own
 * instructions. The steps are numbered as in the rules.
 *
 * @module
 */
import type { CsrDeclaration } from "../../core/mod.ts";
import {
  BADI,
  BADV,
  CPUID,
  CRMD,
  ECFG,
  EENTRY,
  ERA,
  ESTAT,
  EUEN,
  LLBCTL,
  PRMD,
  SAVE,
} from "../../core/csr/basic.ts";
import { GCFG, GCNTC, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { TID } from "../../core/csr/timer.ts";
import { PGD, PGDL, TLBRBADV, TLBRENTRY, TLBRERA } from "../../core/csr/translation.ts";
import type { Entered, Exit, HardwareExit, HostLayout, Promises, Refill, VCpuSetup } from "../contract.ts";
import { guestCopies } from "../guest_registers.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { HOST_GPRS, restoreHostGprs, saveHostGprs, SoftwareVCpu } from "../software_vcpu.ts";
import { KvmExits } from "./exits.ts";
import { restoreTimer, type SavedTimer, saveTimer } from "./timer.ts";

const A2 = 6;
const VCPU_SAVE = SAVE[4]!;
const TEMPORARY_SAVE = SAVE[5]!;
/** A number in place of the pointer to the vCPU's structure. */
const VCPU_POINTER = 0x9000_0000_0010_0000n;
/** invtlb: every guest entry; one GPA of one guest. */
const INVTLB_ALLGID = 0x12;
const INVTLB_GID_ADDR = 0x16;

/** GCSRs that the timer code or the hardware itself carries. */
const NOT_COPIED: readonly string[] = [
  "ESTAT",
  "TCFG",
  "TVAL",
  "TICLR",
  "PGD",
  "PRCFG1",
  "PRCFG2",
  "PRCFG3",
];

/** What KVM promises its host. */
export const KVM_PROMISES: Promises = {
  restoredByRun: [CRMD, ECFG, EENTRY, PGDL, GSTAT, GTLBC],
  restoredByUnbind: [ECFG, EENTRY, PGDL, GTLBC, EUEN],
  savedGprs: HOST_GPRS,
  vsInGuest: 0,
};

/** A vCPU of KVM. */
export class KvmVCpu extends SoftwareVCpu {
  override readonly name = "kvm";
  override readonly promises = KVM_PROMISES;
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  readonly #exits: KvmExits;
  readonly #csrs = new Map<CsrDeclaration, bigint>();
  readonly #copied: readonly CsrDeclaration[];
  #root = 0n;
  #bound = false;
  #gintc = 0n;
  #gid = 0n;
  #counterOffset = 0n;
  #timer: SavedTimer = { tcfg: 0n, tval: 0n, estat: 0n, deadline: undefined };
  /** The host's values, put back at each exit (PROTO-KVM-12, 4 to 6). */
  #host = { vs: 0n, eentry: 0n, pgdl: 0n };

  constructor(cpu: HostCpu, layout: HostLayout) {
    super();
    this.#cpu = cpu;
    this.#layout = layout;
    this.#exits = new KvmExits(this, cpu);
    this.#copied = guestCopies(cpu.machine.profile).filter((c) => !NOT_COPIED.includes(c.name));
    cpu.jump(layout.text);
    this.#enable();
  }

  /** PROTO-KVM-01: what KVM does on each CPU when it is switched on. */
  #enable(): void {
    const cpu = this.#cpu;
    const capabilities = cpu.csrrd(GCFG);
    cpu.csrwr(GCFG, 0n);
    cpu.csrwr(GSTAT, 0n);
    cpu.csrwr(GINTC, 0n);
    cpu.csrxchg(GTLBC, 0n, GTLBC.USETGID.mask | GTLBC.TOTI.mask);
    const gci = GCFG.GCIP.get(capabilities) & 4n ? GCFG.GCI.of(2n) : 0n;
    const matc = GCFG.MATP.get(capabilities) & 2n ? GCFG.MATC.of(1n) : 0n;
    cpu.csrwr(GCFG, gci | matc);
    cpu.invtlb(INVTLB_ALLGID);
    cpu.csrxchg(GTLBC, GTLBC.USETGID.mask, GTLBC.USETGID.mask);
  }

  override setNestedPageTable(root: bigint): void {
    this.#root = root;
  }

  /** PROTO-KVM-60; the VMM then gives the core its number. */
  override setup(config: VCpuSetup): void {
    const id = BigInt(config.vcpuId);
    for (const csr of this.#copied) this.#csrs.set(csr, 0n);
    this.#csrs.set(CRMD, CRMD.DA.mask);
    this.#csrs.set(TID, id);
    this.#csrs.set(CPUID, id);
    this.#gid = BigInt(config.vmId + 1);
    this.#exits.configure(config);
    this.#counterOffset = BigInt.asUintN(64, -this.#cpu.rdtime());
  }

  /** vcpu_load: PROTO-KVM-04, -61. */
  override bind(): void {
    const cpu = this.#cpu;
    this.#host = {
      vs: ECFG.VS.get(cpu.csrrd(ECFG)),
      eentry: cpu.csrrd(EENTRY),
      pgdl: cpu.csrrd(PGDL),
    };
    cpu.setField(GSTAT, GSTAT.GID, this.#gid);
    cpu.gcsrwr(LLBCTL, LLBCTL.WCLLB.mask);
    restoreTimer(cpu, this.#timer);
    cpu.csrwr(GCNTC, this.#counterOffset);
    for (const csr of this.#copied) cpu.gcsrwr(csr, this.#csrs.get(csr) ?? 0n);
    cpu.csrwr(GINTC, this.#gintc);
    this.#bound = true;
  }

  /** vcpu_put: PROTO-KVM-62. */
  override unbind(): void {
    const cpu = this.#cpu;
    for (const csr of this.#copied) this.#csrs.set(csr, cpu.gcsrrd(csr));
    this.#timer = saveTimer(cpu);
    this.#gintc = cpu.csrrd(GINTC);
    this.#exits.takeFpuBack();
    this.#bound = false;
  }

  override enter(budget: number): Entered {
    if (!this.#bound) throw new HypervisorError("Cannot enter the guest: the vCPU is not bound");
    const saved = saveHostGprs(this.#cpu);
    this.#exits.deliverQueued();
    this.#switchIn();
    const refills: Refill[] = [];
    const arrived = this.#runGuest(budget, refills);
    if (!arrived) return { kind: "budget", refills };
    const exit = this.#switchOut();
    restoreHostGprs(this.#cpu, saved);
    return { kind: "exit", exit, refills };
  }

  /** PROTO-KVM-11. */
  #switchIn(): void {
    const cpu = this.#cpu;
    cpu.csrwr(VCPU_SAVE, VCPU_POINTER);
    cpu.csrwr(ECFG, cpu.csrrd(ECFG) & ~ECFG.VS.mask); // 1
    cpu.csrwr(EENTRY, this.#layout.exitEntry); // 2
    cpu.csrwr(ERA, this.pc); // 3
    cpu.csrwr(PGDL, this.#root); // 4
    cpu.setField(GTLBC, GTLBC.TGID, GSTAT.GID.get(cpu.csrrd(GSTAT))); // 5
    cpu.csrwr(PRMD, PRMD.PIE.mask); // 6
    cpu.csrxchg(GSTAT, GSTAT.PVM.mask, GSTAT.PVM.mask); // 7
    for (let r = 1; r < 32; r++) if (r !== A2) cpu.setGpr(r, this.gprs[r]!); // 8
    cpu.setGpr(A2, this.gprs[A2]!);
  }

  /** 9: ertn, and refills served as they come. False when the budget is used up. */
  #runGuest(budget: number, refills: Refill[]): boolean {
    const cpu = this.#cpu;
    const { clock } = cpu.machine;
    const end = clock.executed + budget;
    for (;;) {
      const stop = cpu.ertn(end - clock.executed);
      if (stop.kind !== "host") return false;
      if (cpu.machine.pc !== hostRefillEntry(this.#layout)) return true;
      this.#refill(refills);
    }
  }

  /**
   * The host's ordinary refill handler (it has no LVZ code): walk, fill, ertn. It saves the one register that it uses; this
   * stand-in uses two.
   */
  #refill(refills: Refill[]): void {
    const cpu = this.#cpu;
    const [t0, t1] = [cpu.gpr(12), cpu.gpr(13)];
    refills.push({ gpa: cpu.csrrd(TLBRBADV), pc: cpu.csrrd(TLBRERA) & ~3n });
    const directory3 = cpu.lddir(cpu.csrrd(PGD), 3);
    const directory1 = cpu.lddir(directory3, 1);
    cpu.ldpte(directory1, 0);
    cpu.ldpte(directory1, 1);
    cpu.tlbfill();
    cpu.setGpr(12, t0);
    cpu.setGpr(13, t1);
  }

  /** PROTO-KVM-12. */
  #switchOut(): HardwareExit {
    const cpu = this.#cpu;
    const vector = cpu.machine.pc;
    if (vector !== this.#layout.exitEntry) {
      const [got, expected] = [vector, this.#layout.exitEntry].map((v) => `0x${v.toString(16)}`);
      throw new HypervisorError(`Cannot take the exit: it arrived at ${got}, the exit entry is ${expected}`);
    }
    for (let r = 1; r < 32; r++) this.gprs[r] = cpu.gpr(r); // 1, 2
    cpu.csrwr(TEMPORARY_SAVE, this.gprs[A2]!);
    const estat = cpu.csrrd(ESTAT); // 3
    this.pc = cpu.csrrd(ERA);
    const badv = cpu.csrrd(BADV);
    const badi = cpu.csrrd(BADI) & 0xffffffffn;
    cpu.csrwr(ECFG, cpu.csrrd(ECFG) | ECFG.VS.of(this.#host.vs)); // 4
    cpu.csrwr(EENTRY, this.#host.eentry); // 5
    cpu.csrwr(PGDL, this.#host.pgdl); // 6
    cpu.csrxchg(GSTAT, 0n, GSTAT.PVM.mask); // 7
    cpu.setField(GTLBC, GTLBC.TGID, 0n); // 8
    return { via: "general", vector, estat, pc: this.pc, badv, badi };
  }

  override handle(exit: HardwareExit): Exit {
    return this.#exits.handle(exit);
  }

  override guestCsr(csr: CsrDeclaration): bigint {
    return this.#bound ? this.#cpu.gcsrrd(csr) : this.#csrs.get(csr) ?? 0n;
  }

  override setGuestCsr(csr: CsrDeclaration, value: bigint): void {
    if (this.#bound) this.#cpu.gcsrwr(csr, value);
    else this.#csrs.set(csr, value);
  }

  /** PROTO-KVM-21: lines go through GINTC.VIP, the rest is latched in GCSR.ESTAT. */
  override injectInterrupt(vector: number): void {
    this.#setPending(vector, true);
  }

  override withdrawInterrupt(vector: number): void {
    this.#setPending(vector, false);
  }

  #setPending(vector: number, pending: boolean): void {
    if (!this.#bound) return this.#setPendingSaved(vector, pending);
    if (vector >= 2 && vector <= 9) {
      const bit = 1n << BigInt(vector - 2);
      this.#cpu.csrxchg(GINTC, pending ? bit : 0n, bit);
    } else {
      const bit = 1n << BigInt(vector);
      this.#cpu.gcsrxchg(ESTAT, pending ? bit : 0n, bit);
    }
  }

  /** The same in what is carried while another vCPU has the processor. */
  #setPendingSaved(vector: number, pending: boolean): void {
    const bit = 1n << BigInt(vector);
    const change = (value: bigint, mask: bigint) => pending ? value | mask : value & ~mask;
    if (vector >= 2 && vector <= 9) this.#gintc = change(this.#gintc, bit >> 2n);
    else this.#timer = { ...this.#timer, estat: change(this.#timer.estat, bit) };
  }

  /** Drops the stage-2 entry of one GPA after its mapping changed (LVZ-INV-05). */
  flushGpa(gpa: bigint): void {
    const gid = this.#cpu.csrrd(GSTAT) & GSTAT.GID.mask;
    this.#cpu.invtlb(INVTLB_GID_ADDR, gid, gpa);
  }
}

function hostRefillEntry(layout: HostLayout): bigint {
  return layout.hostRefillEntry ?? layout.refillEntry;
}

/** The host's TLBRENTRY must lead to the handler that {@linkcode KvmVCpu} stands in for. */
export function checkHostRefillEntry(cpu: HostCpu, layout: HostLayout): void {
  const entry = cpu.csrrd(TLBRENTRY);
  if (entry !== hostRefillEntry(layout)) {
    throw new HypervisorError(
      `Cannot use KVM: TLBRENTRY is 0x${entry.toString(16)}, not the host's refill handler`,
    );
  }
}
