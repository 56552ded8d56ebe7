/**
 * A vCPU whose world switch is somebody's code, with the bench in place of the rest of that hypervisor: it puts the guest's registers
 * where the code expects them, calls it as described, and reads what it left.
 *
 * @module
 */
import { type CsrDeclaration, readCsr } from "../../core/mod.ts";
import { BADI, BADV, CPUID, CRMD, ECFG, EENTRY, ESTAT, LLBCTL } from "../../core/csr/basic.ts";
import { GINTC, GSTAT } from "../../core/csr/lvz.ts";
import { TID } from "../../core/csr/timer.ts";
import { PWCH, PWCL, STLBPS, TLBRBADV, TLBRENTRY, TLBRERA } from "../../core/csr/translation.ts";
import { servedRefills } from "../../vcpu/assembly/exits.ts";
import { type Arrival, CodeRunner } from "../../vcpu/assembly/runner.ts";
import type { FrameMemory } from "../../vcpu/context_frame.ts";
import { guestCopies } from "../../vcpu/guest_registers.ts";
import { KvmExits } from "../../vcpu/kvm/exits.ts";
import { InterruptQueue } from "../../vcpu/kvm/interrupts.ts";
import { restoreTimer, type SavedTimer, saveTimer } from "../../vcpu/kvm/timer.ts";
import {
  type Entered,
  type Exit,
  type HardwareExit,
  type HostCpu,
  HypervisorError,
  pageWalkRegisters,
  promised,
  type Promises,
  type VCpuSetup,
} from "../../vcpu/mod.ts";
import { SoftwareVCpu } from "../../vcpu/software_vcpu.ts";
import {
  checkEntry,
  checkExit,
  checkLateRestores,
  checkOrder,
  type LateRestore,
  lateRestores,
  type Switching,
} from "./promises.ts";
import { findCsr, type Known, offsetValue, operandValue } from "./operand.ts";
import type { SwitchPlan } from "./plan.ts";

/** invtlb: one GPA of one guest. */
const INVTLB_GID_ADDR = 0x16;
const WORD = 0xffff_ffffn;
/** The first VM's number in GSTAT.GID; 0 is the host. */
const GID = 1n;
/** Registers of the guest's timer, which is carried by its own rules where the code does not do it. */
const TIMED: ReadonlySet<string> = new Set(["ESTAT", "TCFG", "TVAL", "TICLR"]);
/** Registers that no write can change. */
const FIXED: ReadonlySet<string> = new Set(["PGD", "PRCFG1", "PRCFG2", "PRCFG3"]);

/** The vCPU. */
export class DescribedVCpu extends SoftwareVCpu {
  override readonly name: string;
  override readonly promises: Promises;
  readonly #runner: CodeRunner;
  readonly #cpu: HostCpu;
  readonly #plan: SwitchPlan;
  readonly #context: FrameMemory;
  readonly #interrupts: InterruptQueue;
  readonly #exits: KvmExits;
  /** The guest's CSRs that the bench carries, while the vCPU does not have the processor. */
  readonly #csrs = new Map<CsrDeclaration, bigint>();
  readonly #carried: readonly CsrDeclaration[];
  #host = new Map<CsrDeclaration, bigint>();
  #timer: SavedTimer = { tcfg: 0n, tval: 0n, estat: 0n, deadline: undefined };
  #gintc = 0n;
  readonly #late: LateRestore[] = [];
  #root = 0n;
  #bound = false;

  constructor(cpu: HostCpu, plan: SwitchPlan, context: FrameMemory, runner: CodeRunner) {
    super();
    this.name = plan.description.name;
    this.promises = plan.promises;
    this.#runner = runner;
    this.#cpu = cpu;
    this.#plan = plan;
    this.#context = context;
    this.#interrupts = new InterruptQueue(cpu);
    this.#exits = new KvmExits(this, cpu);
    context.words.fill(0n);
    this.#carried = guestCopies(cpu.machine.profile).filter((csr) =>
      !plan.places.csrs.has(csr) && !TIMED.has(csr.name) && !FIXED.has(csr.name)
    );
    for (const f of plan.functions) this.#provide(f);
  }

  #provide({ name, address }: SwitchPlan["functions"][number]): void {
    const result = this.#plan.description.functions?.[name] ?? 0n;
    this.#runner.provide({ name, call: () => operandValue(result, this.#known()) }, address);
  }

  /** A host register, without an instruction: the bench looks on. */
  #now(csr: CsrDeclaration): bigint {
    return this.#cpu.machine.host.read(csr);
  }

  #known(): Known {
    const { address } = this.#context;
    const { code, vector, refill, places } = this.#plan;
    return {
      code,
      context: address,
      contextEnd: address + BigInt(places.size),
      root: this.#root,
      gid: GID,
      vector,
      refill: refill ?? this.#host.get(TLBRENTRY) ?? 0n,
      host: (csr) => this.#host.get(csr) ?? this.#now(csr),
      current: (csr) => this.#now(csr),
    };
  }

  // The context ----------------------------------------------------------------------------------------------------------

  #read(place: number): bigint {
    return this.#context.words[place / 8] ?? 0n;
  }

  #write(place: number, value: bigint): void {
    this.#context.words[place / 8] = value;
  }

  override get runner(): CodeRunner {
    return this.#runner;
  }

  override get pc(): bigint {
    return this.#read(this.#plan.places.pc);
  }

  override set pc(value: bigint) {
    this.#write(this.#plan.places.pc, value);
  }

  override gpr(register: number): bigint {
    return register === 0 ? 0n : this.#read(this.#plan.places.gprs[register] ?? 0);
  }

  override setGpr(register: number, value: bigint): void {
    if (register !== 0) this.#write(this.#plan.places.gprs[register] ?? 0, value);
  }

  // The rest of the hypervisor -------------------------------------------------------------------------------------------

  override setNestedPageTable(root: bigint): void {
    this.#root = root;
  }

  override setup(config: VCpuSetup): void {
    for (const csr of this.#carried) this.#csrs.set(csr, 0n);
    this.#exits.configure(config);
    this.setGuestCsr(CRMD, CRMD.DA.mask);
    const id = BigInt(config.vcpuId);
    this.setGuestCsr(TID, id);
    this.setGuestCsr(CPUID, id);
  }

  override bind(): void {
    const cpu = this.#cpu;
    const { description, pageTable, refill } = this.#plan;
    const bound = Object.entries(description.bound ?? {}).map(([name, operand]) => ({
      ...findCsr(name),
      operand,
    }));
    const own = refill === undefined ? [] : [PWCL, PWCH, STLBPS, TLBRENTRY];
    this.#host = new Map(
      [ECFG, EENTRY, TLBRENTRY, ...own, ...bound.map((b) => b.csr), ...this.#promisedCsrs()]
        .map((csr) => [csr, cpu.csrrd(csr)]),
    );
    cpu.setField(GSTAT, GSTAT.GID, GID);
    if (refill !== undefined) {
      const { pwcl, pwch } = pageWalkRegisters(pageTable);
      cpu.csrwr(PWCL, pwcl);
      cpu.csrwr(PWCH, pwch);
      cpu.csrwr(STLBPS, BigInt(pageTable.pageShift));
      cpu.csrwr(TLBRENTRY, refill);
      cpu.invtlb(0);
    }
    for (const { csr, field, operand } of bound) {
      const value = operandValue(operand, this.#known());
      if (field === undefined) cpu.csrwr(csr, value);
      else cpu.setField(csr, field, value);
    }
    cpu.gcsrwr(LLBCTL, LLBCTL.WCLLB.mask);
    if (!this.#plan.places.csrs.has(ESTAT)) restoreTimer(cpu, this.#timer);
    for (const csr of this.#carried) cpu.gcsrwr(csr, this.#csrs.get(csr) ?? 0n);
    cpu.csrwr(GINTC, this.#gintc);
    this.#bound = true;
  }

  #promisedCsrs(): readonly CsrDeclaration[] {
    return this.promises.restoredByRun.map((p) => promised(p).csr);
  }

  override unbind(): void {
    const cpu = this.#cpu;
    for (const csr of this.#carried) this.#csrs.set(csr, cpu.gcsrrd(csr));
    if (!this.#plan.places.csrs.has(ESTAT)) this.#timer = saveTimer(cpu);
    this.#gintc = cpu.csrrd(GINTC);
    const { refill, description } = this.#plan;
    const own = refill === undefined ? [] : [PWCL, PWCH, STLBPS, TLBRENTRY];
    const bound = Object.keys(description.bound ?? {}).map((name) => findCsr(name).csr);
    for (const csr of new Set([...own, ...bound])) cpu.csrwr(csr, this.#host.get(csr) ?? 0n);
    if (refill !== undefined) {
      cpu.csrxchg(TLBRERA, 0n, TLBRERA.IsTLBR.mask);
      cpu.invtlb(0);
    }
    this.#exits.takeFpuBack();
    this.#bound = false;
  }

  override enter(budget: number): Entered {
    if (!this.#bound) throw new HypervisorError("Cannot enter the guest: the vCPU is not bound");
    this.#exits.deliverQueued();
    this.#interrupts.deliver();
    const { description, entry, code } = this.#plan;
    const known = this.#known();
    for (const [name, operand] of Object.entries(description.context.filled ?? {})) {
      this.#write(offsetValue(/^\d/.test(name) ? Number(name) : name, code), operandValue(operand, known));
    }
    const args = (description.enter.arguments ?? []).map((a) => operandValue(a, known));
    const switching = this.#watch();
    const { returned, arrivals } = this.#runner.call(entry, args, budget);
    const refills = servedRefills(arrivals, returned);
    const last = arrivals.at(-1);
    if (!returned) return { kind: "budget", refills };
    if (last === undefined) {
      throw new HypervisorError(
        `Cannot enter the guest: ${description.enter.symbol} returned without an ertn into it`,
      );
    }
    checkExit(switching, this.#cpu.machine, last.gprs);
    checkLateRestores(this.#late, this.#runner);
    checkOrder(this.#plan, this.#runner);
    return { kind: "exit", exit: this.#exit(last), refills };
  }

  /** Looks at the processor at the ertn, and at each call of the code. */
  #watch(): Switching {
    const [runner, host] = [this.#runner, this.#cpu.machine.host];
    const before = host.copy();
    const read = (offset: number) => this.#read(offset);
    const switching = { plan: this.#plan, runner, context: this.#context.address, read };
    this.#late.length = 0;
    runner.onEntry = (m) => checkEntry(switching, m);
    runner.onCall = ({ pc }, word) => {
      const late = lateRestores(switching, { pc, word }, before, host);
      if (late !== undefined) this.#late.push(late);
    };
    return switching;
  }

  #exit({ via, vector }: Arrival): HardwareExit {
    const { estat, badv, badi } = this.#plan.places;
    const isRefill = via === "refill";
    const bad = isRefill ? this.#now(TLBRBADV) : badv === undefined ? this.#now(BADV) : this.#read(badv);
    return {
      via,
      vector,
      estat: estat === undefined ? readCsr(this.#cpu.machine, false, ESTAT) : this.#read(estat),
      pc: this.pc,
      badv: bad,
      badi: (badi === undefined ? this.#now(BADI) : this.#read(badi)) & WORD,
    };
  }

  /** What a hypervisor emulates is not what its world switch promises: KVM's handlers stand in. */
  override handle(exit: HardwareExit): Exit {
    return this.#exits.handle(exit);
  }

  /** Drops the stage-2 entry of a GPA. */
  flushGpa(gpa: bigint): void {
    this.#cpu.invtlb(INVTLB_GID_ADDR, GSTAT.GID.of(GID), gpa);
  }

  override guestCsr(csr: CsrDeclaration): bigint {
    const place = this.#plan.places.csrs.get(csr);
    if (place !== undefined) return this.#read(place);
    if (csr === ESTAT && this.#bound) this.#interrupts.deliver();
    return this.#bound ? this.#cpu.gcsrrd(csr) : this.#csrs.get(csr) ?? 0n;
  }

  override setGuestCsr(csr: CsrDeclaration, value: bigint): void {
    const place = this.#plan.places.csrs.get(csr);
    if (place !== undefined) return this.#write(place, value);
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
}
