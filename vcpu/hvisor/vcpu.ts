/**
 * The world switch of hvisor on loongarch64 (PROTO-HV-02 to -04, -09, -10), as software on the machine's own instructions.
 *
 * @module
 */
import type { CsrDeclaration } from "../../core/mod.ts";
import { BADI, BADV, CPUID, CRMD, DSAVE, ERA, ESTAT, PRMD, SAVE } from "../../core/csr/basic.ts";
import { GCFG, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { CNTC, TCFG, TICLR, TID, TVAL } from "../../core/csr/timer.ts";
import { PGDH, PGDL, PWCH, PWCL, STLBPS, TLBRENTRY } from "../../core/csr/translation.ts";
import { ARCEOS_PAGE_TABLE } from "../arceos/page_table.ts";
import { ContextFrame, type FrameMemory } from "../context_frame.ts";
import type { Entered, Exit, HardwareExit, HostLayout, Promises, Refill, VCpuSetup } from "../contract.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { serveRefill } from "../refill.ts";
import { type FieldValues, FieldWrites, R, routine } from "../routine.ts";
import { SoftwareVCpu } from "../software_vcpu.ts";
import { pageWalkRegisters } from "../stage2.ts";
import { HvisorExits } from "./exits.ts";
import { FRAME_BYTES, HVISOR_FRAME } from "./frame.ts";

const SP = 3;
const FRAME_SAVE = SAVE[3]!;
const STACK_SAVE = SAVE[4]!;
/** A number in place of the top of the handler's stack. */
const STACK_TOP = 0x9000_0000_0021_0000n;
/** hvisor's frame pointer takes the place of the guest's stack pointer in DSAVE. */
const SWAP_SP = routine(["csrwr", SP, DSAVE]);
const ENTER_HANDLER = routine(
  ["csrwr", SP, DSAVE],
  ["csrrd", SP, FRAME_SAVE],
  ["addi.d", SP, SP, -Number(FRAME_BYTES)],
  ["csrrd", R.t0, ERA],
);
const READ_EXIT = routine(
  ["csrrd", SP, STACK_SAVE],
  ["csrrd", R.t0, ESTAT],
  ["csrrd", R.t1, BADV],
  ["csrrd", R.t2, BADI],
);
/** Attributes in the low bits of a directory entry. */
const DIRECTORY_FLAGS = 0xfffn;

/** Guest CSRs that a return to the guest does not write: they live in the hardware alone. */
const IN_HARDWARE: ReadonlySet<CsrDeclaration> = new Set([ESTAT, TID, TCFG, TVAL, CNTC, TICLR]);
const RETURNED = HVISOR_FRAME.carried(HVISOR_FRAME.csrs.filter((csr) => !IN_HARDWARE.has(csr)));
const SAVED = HVISOR_FRAME.carried();

/** PROTO-HV-03: what a return to the guest sets in the host's registers, in this order. */
const RETURN_FIELDS: FieldValues = [
  [GSTAT, GSTAT.GID, "gid"],
  [GSTAT, GSTAT.PVM, 1n],
  [GTLBC, GTLBC.USETGID, 1n],
  [GTLBC, GTLBC.TGID, "gid"],
  [GCFG, GCFG.MATC, 1n],
  ...[GCFG.SIT, GCFG.TIT, GCFG.TOE, GCFG.TOP, GCFG.TORU].map((trap) => [GCFG, trap, 0n] as const),
  [GCFG, GCFG.GCI, 2n],
  [GINTC, GINTC.PIP, 0xffn],
  [PRMD, PRMD.PIE, 1n],
];
const RETURN_WRITES = new FieldWrites(RETURN_FIELDS);

/** The bits of a host register that a return to the guest writes, whatever was there. */
function writtenAtReturn(csr: CsrDeclaration): bigint {
  return RETURN_FIELDS.reduce((mask, [written, field]) => written === csr ? mask | field.mask : mask, 0n);
}

/** hvisor is its own host, and nobody's registers have to come back. */
export const HVISOR_PROMISES: Promises = {
  restoredByRun: [PGDL, PGDH, PWCL, PWCH, STLBPS, TLBRENTRY, FRAME_SAVE, STACK_SAVE],
  restoredByUnbind: [],
  savedGprs: [],
  vsInGuest: 0,
};

/** A vCPU of hvisor: the processor's only one. */
export class HvisorVCpu extends SoftwareVCpu {
  override readonly name = "hvisor";
  override readonly promises = HVISOR_PROMISES;
  readonly #cpu: HostCpu;
  readonly #layout: HostLayout;
  readonly #exits: HvisorExits;
  readonly #frame: ContextFrame;
  readonly #frameAddress: bigint;
  #root = 0n;
  #returnOperands: readonly bigint[] = [];
  #bound = false;
  /** What its VMM wants to be otherwise than {@linkcode RETURN_FIELDS} have it. */
  readonly #configured = new Map<CsrDeclaration, { readonly value: bigint; readonly mask: bigint }>();

  /** Starts from what the guest copies hold after reset. */
  constructor(cpu: HostCpu, layout: HostLayout, { address, words }: FrameMemory) {
    words.fill(0n);
    const frame = new ContextFrame(HVISOR_FRAME, words);
    super(frame.gprs);
    this.#cpu = cpu;
    this.#layout = layout;
    this.#frame = frame;
    this.#frameAddress = address;
    this.#exits = new HvisorExits(this, cpu);
    for (const csr of HVISOR_FRAME.csrs) frame.set(csr, cpu.gcsrrd(csr));
  }

  override get pc(): bigint {
    return this.#frame.pc;
  }

  override set pc(value: bigint) {
    this.#frame.pc = value;
  }

  override setNestedPageTable(root: bigint): void {
    this.#root = root;
  }

  /** PROTO-HV-02: a guest takes itself for the first processor. */
  override setup(config: VCpuSetup): void {
    this.gprs.fill(0n);
    this.#frame.set(CPUID, 0n);
    const gid = BigInt(config.vmId + 1);
    this.#returnOperands = RETURN_WRITES.operands(gid);
    this.#exits.configure(config);
  }

  /** PROTO-HV-02: what precedes the first return to the guest. From here on the host is in hvisor's trap handler, with interrupts off. */
  override bind(): void {
    const cpu = this.#cpu;
    const { pwcl, pwch } = pageWalkRegisters(ARCEOS_PAGE_TABLE);
    cpu.setField(CRMD, CRMD.IE, 0n);
    cpu.csrwr(PWCL, pwcl);
    cpu.csrwr(PWCH, pwch);
    cpu.csrwr(STLBPS, BigInt(ARCEOS_PAGE_TABLE.pageShift));
    cpu.csrwr(PGDH, this.#root);
    cpu.csrwr(PGDL, this.#root);
    cpu.csrwr(TLBRENTRY, this.#layout.refillEntry);
    cpu.csrwr(FRAME_SAVE, this.#frameAddress + FRAME_BYTES);
    cpu.csrwr(STACK_SAVE, STACK_TOP);
    cpu.invtlb(0);
    this.#bound = true;
  }

  /** hvisor has no such thing: its guest keeps the processor. */
  override unbind(): void {
    this.#bound = false;
  }

  override enter(budget: number): Entered {
    if (!this.#bound) throw new HypervisorError("Cannot enter the guest: the vCPU is not bound");
    this.#prepareReturn();
    this.#switchIn();
    const refills: Refill[] = [];
    if (!this.#runGuest(budget, refills)) return { kind: "budget", refills };
    return { kind: "exit", exit: this.#switchOut(), refills };
  }

  /** PROTO-HV-03: everything anew at each return. */
  #prepareReturn(): void {
    RETURN_WRITES.perform(this.#cpu, this.#returnOperands);
    for (const [csr, { value, mask }] of this.#configured) this.#cpu.csrxchg(csr, value, mask);
  }

  #switchIn(): void {
    const cpu = this.#cpu;
    cpu.csrwr(ERA, this.pc);
    RETURNED.write(cpu, this.#frame.words);
    cpu.csrwr(DSAVE, this.gprs[SP]!);
    cpu.loadGprs(this.gprs);
    cpu.setGpr(SP, this.#frameAddress);
    cpu.perform(SWAP_SP);
  }

  /** False when the budget is used up. */
  #runGuest(budget: number, refills: Refill[]): boolean {
    const cpu = this.#cpu;
    const { clock } = cpu.machine;
    const end = clock.executed + budget;
    for (;;) {
      const stop = cpu.ertn(end - clock.executed);
      if (stop.kind !== "host") return false;
      if (cpu.machine.pc !== this.#layout.refillEntry) return true;
      this.#refill(refills);
    }
  }

  /** PROTO-HV-04: three directories, whose entries have attributes in their low bits; an empty one leads to an empty table. */
  #refill(refills: Refill[]): void {
    const cpu = this.#cpu;
    const refill = serveRefill(cpu, (root) => {
      let table = root;
      for (const level of [3, 2, 1]) table = cpu.lddir(table, level) & ~DIRECTORY_FLAGS;
      return table;
    });
    if (refill !== undefined) refills.push(refill);
  }

  /** PROTO-HV-04. PVM and TGID stay as they are. */
  #switchOut(): HardwareExit {
    const cpu = this.#cpu;
    const vector = cpu.machine.pc;
    if (vector !== this.#layout.exitEntry) {
      throw new HypervisorError(
        `Cannot take the exit: it arrived at 0x${vector.toString(16)}, not at the trap vector`,
      );
    }
    cpu.saveGprs(this.gprs);
    cpu.perform(ENTER_HANDLER);
    this.pc = cpu.gpr(R.t0);
    SAVED.read(cpu, this.#frame.words);
    cpu.perform(READ_EXIT);
    const badi = BigInt.asUintN(32, cpu.gpr(R.t2));
    return { via: "general", vector, estat: cpu.gpr(R.t0), pc: this.pc, badv: cpu.gpr(R.t1), badi };
  }

  override handle(exit: HardwareExit): Exit {
    return this.#exits.handle(exit);
  }

  override guestCsr(csr: CsrDeclaration): bigint {
    return IN_HARDWARE.has(csr) ? this.#cpu.gcsrrd(csr) : this.#frame.get(csr);
  }

  override setGuestCsr(csr: CsrDeclaration, value: bigint): void {
    if (IN_HARDWARE.has(csr)) this.#cpu.gcsrwr(csr, value);
    else this.#frame.set(csr, value);
  }

  /** What a return to the guest would overwrite is written again behind it. */
  override configureHost(csr: CsrDeclaration, value: bigint, mask: bigint): void {
    this.#cpu.csrxchg(csr, value, mask);
    const own = writtenAtReturn(csr) & mask;
    if (own === 0n) return;
    const old = this.#configured.get(csr) ?? { value: 0n, mask: 0n };
    this.#configured.set(csr, { value: (old.value & ~own) | (value & own), mask: old.mask | own });
  }

  /** PROTO-HV-09: one line at a time, and a timer that will take it back. */
  override injectInterrupt(vector: number): void {
    const cpu = this.#cpu;
    if (vector >= 2 && vector <= 9) cpu.setField(GINTC, GINTC.VIP, 1n << BigInt(vector - 2));
    else cpu.gcsrwr(ESTAT, cpu.gcsrrd(ESTAT) | 1n << BigInt(vector));
    cpu.setField(TCFG, TCFG.En, 1n);
  }

  /** For lines what hvisor does when its timer says so; it never takes back anything else. */
  override withdrawInterrupt(vector: number): void {
    if (vector >= 2 && vector <= 9) return this.clearInjectedLines();
    this.#cpu.gcsrwr(ESTAT, this.#cpu.gcsrrd(ESTAT) & ~(1n << BigInt(vector)));
  }

  /** PROTO-HV-08: no line is injected any more, and the host's timer is off. */
  clearInjectedLines(): void {
    this.#cpu.setField(GINTC, GINTC.VIP, 0n);
    this.#cpu.setField(TCFG, TCFG.En, 0n);
  }
}
