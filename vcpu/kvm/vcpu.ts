/**
 * The world switch of Linux 7.2's KVM, step by step (PROTO-KVM-01, -10 to -13, -61, -62), as software on the machine's own
 * instructions. The steps are numbered as in the rules.
 *
 * @module
 */
import type { CsrDeclaration, Profile } from "../../core/mod.ts";
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
  PRCFG1,
  PRCFG2,
  PRCFG3,
  PRMD,
  SAVE,
  TI,
} from "../../core/csr/basic.ts";
import { GCNTC, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { TID } from "../../core/csr/timer.ts";
import { PGDL } from "../../core/csr/translation.ts";
import type { Entered, Exit, HardwareExit, HostLayout, Promises, Refill, VCpuSetup } from "../contract.ts";
import { guestCopies } from "../guest_registers.ts";
import type { CodeRunner } from "../assembly/runner.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { serveRefill } from "../refill.ts";
import { HOST_GPRS, SoftwareVCpu } from "../software_vcpu.ts";
import { KvmExits } from "./exits.ts";
import { InterruptQueue } from "./interrupts.ts";
import type { KvmMachineCode } from "./machine_code.ts";
import { restoreTimer, type SavedTimer, saveTimer } from "./timer.ts";
import type { Vpids } from "./vpids.ts";

const A2 = 6;
const SP = 3;
const TP = 2;
const R21 = 21;
const VCPU_SAVE = SAVE[4]!;
const TEMPORARY_SAVE = SAVE[5]!;
/** A number in place of the pointer to the vCPU's structure. */
const VCPU_POINTER = 0x9000_0000_0010_0000n;
/** invtlb: one GPA of one guest. */
const INVTLB_GID_ADDR = 0x16;
/** Words of a pt_regs, which begins with r0 to r31, and those of them that kvm_enter_guest stores (PROTO-KVM-10). */
const PT_REGS_WORDS = 40;
const STACKED = [1, 2, 3, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

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

/** By profile; a memo of a pure function. */
const COPIED = new WeakMap<Profile, readonly CsrDeclaration[]>();

function copiedIn(profile: Profile): readonly CsrDeclaration[] {
  let found = COPIED.get(profile);
  if (found === undefined) {
    found = guestCopies(profile).filter((c) => !NOT_COPIED.includes(c.name));
    COPIED.set(profile, found);
  }
  return found;
}

/** Saved for its user to read, and never written back. */
const PRCFG = [PRCFG1, PRCFG2, PRCFG3];

/** What KVM promises its host. */
export const KVM_PROMISES: Promises = {
  // Of GSTAT, an entry may change the GID (PROTO-KVM-04).
  restoredByRun: [CRMD, ECFG, EENTRY, PGDL, [GSTAT, GSTAT.PVM], GTLBC],
  restoredByUnbind: [ECFG, EENTRY, PGDL, GTLBC, EUEN],
  savedGprs: HOST_GPRS,
  vsInGuest: 0,
};

/** A vCPU of KVM. */
export class KvmVCpu extends SoftwareVCpu {
  override readonly name: string;
  override readonly promises = KVM_PROMISES;
  override pc = 0n;
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  readonly #code: KvmMachineCode | undefined;
  readonly #exits: KvmExits;
  readonly #interrupts: InterruptQueue;
  readonly #vpids: Vpids;
  /** Undefined until the first entry. */
  #vpid: bigint | undefined;
  readonly #csrs = new Map<CsrDeclaration, bigint>();
  readonly #copied: readonly CsrDeclaration[];
  #root = 0n;
  #bound = false;
  #gintc = 0n;
  #gstat = 0n;
  /** The GPA whose stage-2 entry goes before the next entry. */
  #flush: bigint | undefined;
  #counterOffset = 0n;
  #timer: SavedTimer = { tcfg: 0n, tval: 0n, estat: 0n, deadline: undefined };
  /** The host's values, put back at each exit (PROTO-KVM-12, 4 to 6, 9). */
  #host = { vs: 0n, eentry: 0n, pgdl: 0n, sp: 0n, tp: 0n, r21: 0n };

  /** @param code what executes PROTO-KVM-10 to -13 in place of the steps below */
  constructor(cpu: HostCpu, layout: HostLayout, vpids: Vpids, code?: KvmMachineCode) {
    super(code?.gprs);
    this.name = code === undefined ? "kvm" : "kvm-asm";
    this.#code = code;
    this.#cpu = cpu;
    this.#layout = layout;
    this.#vpids = vpids;
    this.#interrupts = new InterruptQueue(cpu);
    this.#exits = new KvmExits(this, cpu);
    this.#copied = copiedIn(cpu.machine.profile);
  }

  override get runner(): CodeRunner | undefined {
    return this.#code?.runner;
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
    this.#exits.configure(config);
    this.#counterOffset = BigInt.asUintN(64, -this.#cpu.rdtime());
  }

  /** vcpu_load: PROTO-KVM-61. */
  override bind(): void {
    const cpu = this.#cpu;
    this.#host = {
      ...this.#host,
      vs: ECFG.VS.get(cpu.csrrd(ECFG)),
      eentry: cpu.csrrd(EENTRY),
      pgdl: cpu.csrrd(PGDL),
    };
    cpu.gcsrwr(LLBCTL, LLBCTL.WCLLB.mask);
    restoreTimer(cpu, this.#timer);
    cpu.csrwr(GCNTC, this.#counterOffset);
    for (const csr of this.#copied) cpu.gcsrwr(csr, this.#csrs.get(csr) ?? 0n);
    cpu.csrwr(GINTC, this.#gintc);
    cpu.csrwr(GSTAT, this.#gstat);
    this.#bound = true;
  }

  /** vcpu_put: PROTO-KVM-62. */
  override unbind(): void {
    const cpu = this.#cpu;
    for (const csr of [...this.#copied, ...PRCFG]) this.#csrs.set(csr, cpu.gcsrrd(csr));
    this.#gstat = cpu.csrrd(GSTAT);
    this.#timer = saveTimer(cpu);
    this.#gintc = cpu.csrrd(GINTC);
    this.#exits.takeFpuBack();
    this.#bound = false;
  }

  override enter(budget: number): Entered {
    if (!this.#bound) throw new HypervisorError("Cannot enter the guest: the vCPU is not bound");
    this.#prepareEntry();
    if (this.#code !== undefined) return this.#enterByCode(this.#code, budget);
    const frame = this.#saveHost();
    this.#switchIn();
    const refills: Refill[] = [];
    const arrived = this.#runGuest(budget, refills);
    if (!arrived) return { kind: "budget", refills };
    const exit = this.#switchOut();
    this.#restoreHost(frame);
    return { kind: "exit", exit, refills };
  }

  #enterByCode(code: KvmMachineCode, budget: number): Entered {
    const { vs, eentry, pgdl } = this.#host;
    const context = {
      pc: this.pc,
      root: this.#root,
      hostVs: ECFG.VS.of(vs),
      hostEentry: eentry,
      hostPgdl: pgdl,
    };
    const entered = code.enter(context, budget);
    if (entered.kind === "exit") this.pc = entered.exit.pc;
    return entered;
  }

  /** PROTO-KVM-20: what is done last, with the host's interrupts off. */
  #prepareEntry(): void {
    this.#exits.deliverQueued();
    this.#checkVpid();
    this.#interrupts.deliver();
    if (this.#flush === undefined) return;
    this.#cpu.invtlb(INVTLB_GID_ADDR, this.#cpu.csrrd(GSTAT) & GSTAT.GID.mask, this.#flush);
    this.#flush = undefined;
  }

  /** PROTO-KVM-04. */
  #checkVpid(): void {
    if (this.#vpids.isValid(this.#vpid)) return;
    const cpu = this.#cpu;
    this.#vpid = this.#vpids.take();
    this.#flush = undefined;
    cpu.gcsrxchg(LLBCTL, LLBCTL.WCLLB.mask, LLBCTL.WCLLB.mask);
    cpu.setField(GSTAT, GSTAT.GID, this.#vpids.gid(this.#vpid));
  }

  /** PROTO-KVM-10: a pt_regs below the stack pointer, and the registers that lead back to it in the vCPU. */
  #saveHost(): BigUint64Array {
    const cpu = this.#cpu;
    const frame = cpu.words(cpu.gpr(SP) - BigInt(PT_REGS_WORDS * 8), PT_REGS_WORDS);
    for (const r of STACKED) frame[r] = cpu.gpr(r);
    this.#host = { ...this.#host, sp: cpu.gpr(SP), tp: cpu.gpr(TP), r21: cpu.gpr(R21) };
    cpu.csrwr(VCPU_SAVE, VCPU_POINTER);
    return frame;
  }

  #restoreHost(frame: BigUint64Array): void {
    const { sp, tp, r21 } = this.#host;
    for (const r of STACKED) this.#cpu.setGpr(r, frame[r] ?? 0n);
    for (const [r, value] of [[TP, tp], [SP, sp], [R21, r21]] as const) this.#cpu.setGpr(r, value);
  }

  /** PROTO-KVM-11. */
  #switchIn(): void {
    const cpu = this.#cpu;
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

  /** The host's ordinary refill handler (it has no LVZ code): walk, fill, ertn. */
  #refill(refills: Refill[]): void {
    const cpu = this.#cpu;
    const refill = serveRefill(cpu, (root) => cpu.lddir(cpu.lddir(root, 3), 1));
    if (refill !== undefined) refills.push(refill);
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
    if (csr === ESTAT && this.#bound) this.#interrupts.deliver();
    return this.#bound ? this.#cpu.gcsrrd(csr) : this.#csrs.get(csr) ?? 0n;
  }

  override setGuestCsr(csr: CsrDeclaration, value: bigint): void {
    if (csr === ESTAT && this.#bound) this.#interrupts.deliver();
    if (this.#bound) this.#cpu.gcsrwr(csr, value);
    else this.#csrs.set(csr, value);
  }

  override injectInterrupt(vector: number): void {
    this.#interrupts.queue(vector, true);
  }

  override withdrawInterrupt(vector: number): void {
    this.#interrupts.queue(vector, false);
  }

  /** PROTO-KVM-39, -64: an idle vCPU waits for an interrupt, or for the deadline of its timer. */
  override wakesAt(): bigint | undefined {
    const isPending = this.#interrupts.isPending || (this.#timer.estat & TI) !== 0n;
    return isPending ? 0n : this.#timer.deadline;
  }

  /** Asks for the stage-2 entry of one GPA to go, after its mapping changed (LVZ-INV-05). */
  flushGpa(gpa: bigint): void {
    this.#flush = gpa;
  }
}

/** Where a TLB refill arrives, of the host and of a guest. */
export function hostRefillEntry(layout: HostLayout): bigint {
  return layout.hostRefillEntry ?? layout.refillEntry;
}
