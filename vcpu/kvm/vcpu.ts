/**
 * The world switch of Linux 7.2's KVM, step by step (PROTO-KVM-01, -10 to -13, -61, -62), as software on the machine's own
 * instructions. The steps are numbered as in the rules.
 *
 * @module
 */
import { isSame, lowOf, whole } from "../../core/halves.ts";
import type { CsrDeclaration, Stop } from "../../core/mod.ts";
import { CPUID, CRMD, ECFG, EENTRY, ESTAT, EUEN, LLBCTL, PRMD, TI } from "../../core/csr/basic.ts";
import { GCNTC, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { TID } from "../../core/csr/timer.ts";
import { PGDL } from "../../core/csr/translation.ts";
import type { Entered, Exit, HardwareExit, HostLayout, Promises, Refill, VCpuSetup } from "../contract.ts";
import type { CodeRunner } from "../assembly/runner.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { serveRefill } from "../refill.ts";
import { R } from "../routine.ts";
import { HOST_GPRS, SoftwareVCpu } from "../software_vcpu.ts";
import { type Carried, carriedIn } from "./carried.ts";
import { KvmExits } from "./exits.ts";
import { InterruptQueue } from "./interrupts.ts";
import type { KvmMachineCode } from "./machine_code.ts";
import { LOAD, SWITCH_IN, SWITCH_OUT, TAKE_VPID, WALK } from "./routines.ts";
import { restoreTimer, type SavedTimer, saveTimer } from "./timer.ts";
import type { Vpids } from "./vpids.ts";

const SP = 3;
const TP = 2;
const R21 = 21;
/** A number in place of the pointer to the vCPU's structure. */
const VCPU_POINTER = 0x9000_0000_0010_0000n;
/** invtlb: one GPA of one guest. */
const INVTLB_GID_ADDR = 0x16;
/** Words of a pt_regs, which begins with r0 to r31, and those of them that kvm_enter_guest stores (PROTO-KVM-10). */
const PT_REGS_WORDS = 40;
const STACKED = [1, 2, 3, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
/** Those that lead back there, which it keeps with the vCPU. */
const KEPT = [TP, SP, R21];

const NO_REFILLS: readonly Refill[] = [];

const { VS } = ECFG;
const TGID = GTLBC.TGID.mask;
const PVM = GSTAT.PVM.mask;
const PIE = PRMD.PIE.mask;

/** What KVM promises its host. */
export const KVM_PROMISES: Promises = {
  // Of GSTAT, an entry may change the GID (PROTO-KVM-04).
  restoredByRun: [CRMD, ECFG, EENTRY, PGDL, [GSTAT, GSTAT.PVM], GTLBC],
  restoredByUnbind: [ECFG, EENTRY, PGDL, GTLBC, EUEN],
  savedGprs: HOST_GPRS,
  vsInGuest: 0,
};

/** Where the words of a vCPU are: the guest's general registers, the host's, the guest's PC, the guest's CSRs. */
const GPRS = 32;
const PC_AT = 2 * GPRS;
const CSRS_AT = PC_AT + 1;

/** A vCPU of KVM. */
export class KvmVCpu extends SoftwareVCpu {
  override readonly name: string;
  override readonly promises = KVM_PROMISES;
  readonly #pc: BigUint64Array;
  /** Where refills arrive. */
  readonly #refillEntry: bigint;
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  readonly #code: KvmMachineCode | undefined;
  readonly #exits: KvmExits;
  readonly #interrupts: InterruptQueue;
  readonly #vpids: Vpids;
  /** Undefined until the first entry. */
  #vpid: number | undefined;
  readonly #carried: Carried;
  /** The guest's CSRs while the vCPU does not have the processor, as {@linkcode Carried} has them. */
  readonly #csrs: BigUint64Array;
  #root = 0n;
  #bound = false;
  #gintc = 0n;
  #gstat = 0n;
  /** The GPA whose stage-2 entry goes before the next entry. */
  #flush: bigint | undefined;
  #counterOffset = 0n;
  #timer: SavedTimer = { tcfg: 0n, tval: 0n, estat: 0n, deadline: undefined };
  /** The host's values (ECFG.VS in its place), put back at each exit (PROTO-KVM-12, 4 to 6, 9). */
  readonly #host: { vs: bigint; eentry: bigint; pgdl: bigint; readonly gprs: BigUint64Array };

  /** @param code what executes PROTO-KVM-10 to -13 in place of the steps below */
  constructor(cpu: HostCpu, layout: HostLayout, vpids: Vpids, code?: KvmMachineCode) {
    const carried = carriedIn(cpu.machine.profile);
    // One array for all: each case makes a vCPU, and an array takes half a microsecond.
    const words = new BigUint64Array(CSRS_AT + carried.slots.size);
    super(code?.gprs ?? words.subarray(0, GPRS));
    this.#host = { vs: 0n, eentry: 0n, pgdl: 0n, gprs: words.subarray(GPRS, PC_AT) };
    this.#pc = words.subarray(PC_AT, CSRS_AT);
    this.#csrs = words.subarray(CSRS_AT);
    this.name = code === undefined ? "kvm" : "kvm-asm";
    this.#code = code;
    this.#cpu = cpu;
    this.#layout = layout;
    this.#refillEntry = hostRefillEntry(layout);
    this.#vpids = vpids;
    this.#interrupts = new InterruptQueue(cpu);
    this.#exits = new KvmExits(this, cpu);
    this.#carried = carried;
  }

  override get pc(): bigint {
    return this.#pc[0]!;
  }

  override set pc(address: bigint) {
    this.#pc[0] = address;
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
    this.#csrs.fill(0n);
    this.#put(CRMD, CRMD.DA.mask);
    this.#put(TID, id);
    this.#put(CPUID, id);
    this.#exits.configure(config);
    this.#counterOffset = BigInt.asUintN(64, -this.#cpu.rdtime());
  }

  /** Nothing happens for a register that is not carried. */
  #put(csr: CsrDeclaration, value: bigint): void {
    const slot = this.#carried.slots.get(csr);
    if (slot !== undefined) this.#csrs[slot] = value;
  }

  /** vcpu_load: PROTO-KVM-61. */
  override bind(): void {
    const cpu = this.#cpu;
    cpu.setGpr(R.t3, LLBCTL.WCLLB.mask);
    cpu.perform(LOAD);
    this.#host.vs = cpu.gpr(R.t0) & VS.mask;
    this.#host.eentry = cpu.gpr(R.t1);
    this.#host.pgdl = cpu.gpr(R.t2);
    restoreTimer(cpu, this.#timer);
    cpu.csrwr(GCNTC, this.#counterOffset);
    this.#carried.loaded.write(cpu, this.#csrs);
    cpu.csrwr(GINTC, this.#gintc);
    cpu.csrwr(GSTAT, this.#gstat);
    this.#bound = true;
  }

  /** vcpu_put: PROTO-KVM-62. */
  override unbind(): void {
    const cpu = this.#cpu;
    this.#carried.put.read(cpu, this.#csrs);
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
    const refills = this.#runGuest(budget);
    if (this.#cpu.machine.inGuest) return { kind: "budget", refills };
    const exit = this.#switchOut();
    this.#restoreHost(frame);
    return { kind: "exit", exit, refills };
  }

  #enterByCode(code: KvmMachineCode, budget: number): Entered {
    const { vs, eentry, pgdl } = this.#host;
    const context = {
      pc: this.pc,
      root: this.#root,
      hostVs: vs,
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
    cpu.setGpr(R.t0, LLBCTL.WCLLB.mask);
    cpu.setGpr(R.t1, GSTAT.GID.of(this.#vpids.gid(this.#vpid)));
    cpu.setGpr(R.t2, GSTAT.GID.mask);
    cpu.perform(TAKE_VPID);
  }

  /** PROTO-KVM-10: a pt_regs below the stack pointer, and the registers that lead back to it in the vCPU. */
  #saveHost(): BigUint64Array {
    const cpu = this.#cpu;
    const frame = cpu.frame(PT_REGS_WORDS);
    cpu.saveGprs(frame, STACKED);
    cpu.saveGprs(this.#host.gprs, KEPT);
    return frame;
  }

  #restoreHost(frame: BigUint64Array): void {
    this.#cpu.loadGprs(frame, STACKED);
    this.#cpu.loadGprs(this.#host.gprs, KEPT);
  }

  /** PROTO-KVM-11, and refills served as they come, until an exit arrives or the budget is used up. */
  #runGuest(budget: number): readonly Refill[] {
    const cpu = this.#cpu;
    const { machine } = cpu;
    const { clock } = machine;
    const end = clock.executed + SWITCH_IN.before.length + budget;
    let refills: readonly Refill[] = NO_REFILLS;
    let stop = this.#switchIn(budget);
    while (stop.kind === "host" && isSame(machine.pc, this.#refillEntry)) {
      const refill = this.#refill();
      if (refill !== undefined) refills = [...refills, refill];
      stop = cpu.ertn(end - clock.executed);
    }
    return refills;
  }

  #switchIn(budget: number): Stop {
    const cpu = this.#cpu;
    cpu.setGpr(R.a0, VCPU_POINTER);
    cpu.setGpr(R.a1, this.#layout.exitEntry);
    cpu.setGpr(R.a2, this.pc);
    cpu.setGpr(R.a3, this.#root);
    cpu.setGpr(R.a4, TGID);
    cpu.setGpr(R.a5, PIE);
    cpu.setGpr(R.a6, PVM);
    return cpu.enterGuest(SWITCH_IN, this.gprs, budget);
  }

  /** The host's ordinary refill handler (it has no LVZ code): walk, fill, ertn. */
  #refill(): Refill | undefined {
    const cpu = this.#cpu;
    return serveRefill(cpu, (root) => {
      cpu.setGpr(R.t0, root);
      cpu.perform(WALK);
      return cpu.gpr(R.t0);
    });
  }

  /** PROTO-KVM-12. */
  #switchOut(): HardwareExit {
    const cpu = this.#cpu;
    const vector = this.#layout.exitEntry;
    if (!isSame(cpu.machine.pc, vector)) {
      const [got, expected] = [cpu.machine.pc, vector].map((v) => `0x${v.toString(16)}`);
      throw new HypervisorError(`Cannot take the exit: it arrived at ${got}, the exit entry is ${expected}`);
    }
    cpu.saveGprs(this.gprs); // 1, 2
    cpu.setGpr(R.a0, this.#host.vs);
    cpu.setGpr(R.a1, this.#host.eentry);
    cpu.setGpr(R.a3, this.#host.pgdl);
    cpu.setGpr(R.a4, PVM);
    cpu.setGpr(R.a5, TGID);
    cpu.perform(SWITCH_OUT);
    const badi = whole(0, lowOf(cpu.gpr(R.t3)));
    const pc = cpu.gpr(R.t1);
    this.pc = pc;
    return { via: "general", vector, estat: cpu.gpr(R.t0), pc, badv: cpu.gpr(R.t2), badi };
  }

  override handle(exit: HardwareExit): Exit {
    return this.#exits.handle(exit);
  }

  override guestCsr(csr: CsrDeclaration): bigint {
    if (csr === ESTAT && this.#bound) this.#interrupts.deliver();
    return this.#bound ? this.#cpu.gcsrrd(csr) : this.#csrs[this.#carried.slots.get(csr) ?? -1] ?? 0n;
  }

  override setGuestCsr(csr: CsrDeclaration, value: bigint): void {
    if (csr === ESTAT && this.#bound) this.#interrupts.deliver();
    if (this.#bound) this.#cpu.gcsrwr(csr, value);
    else this.#put(csr, value);
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
