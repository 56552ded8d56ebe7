/**
 * The world switch of ArceOS's loongarch_vcpu (PROTO-AV5-01 to -11), as software on the machine's own instructions. Where release
 * 0.5.5 has a known defect (PROTO-AV5-12: guest t0 lost, missing vectors) this follows its correction in 0.5.9; the way out of the
 * refill handler is that of 0.5.13 (PROTO-AV13-09).
 *
 * @module
 */
import type { CsrDeclaration, Field } from "../../core/mod.ts";
import {
  BADI,
  BADV,
  CPUID,
  CRMD,
  DSAVE,
  ECFG,
  EENTRY,
  ERA,
  ESTAT,
  PRMD,
  SAVE,
  TI,
} from "../../core/csr/basic.ts";
import { GCFG, GINTC, GSTAT, GTLBC } from "../../core/csr/lvz.ts";
import { TCFG } from "../../core/csr/timer.ts";
import {
  ASID,
  DMW,
  PGDH,
  PGDL,
  PWCH,
  PWCL,
  STLBPS,
  TLBRBADV,
  TLBRENTRY,
  TLBRERA,
} from "../../core/csr/translation.ts";
import type { CodeRunner } from "../assembly/runner.ts";
import { ContextFrame, type FrameMemory } from "../context_frame.ts";
import type {
  BootArguments,
  Entered,
  Exit,
  HardwareExit,
  HostLayout,
  Promises,
  Refill,
  VCpuSetup,
} from "../contract.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import { serveRefill } from "../refill.ts";
import { CarriedCsrs, FieldWrites, R, routine, ZERO } from "../routine.ts";
import { HOST_GPRS, SoftwareVCpu } from "../software_vcpu.ts";
import { pageWalkRegisters } from "../stage2.ts";
import { ArceosExits } from "./exits.ts";
import { ARCEOS_FRAME, HOST_SP_SLOT } from "./frame.ts";
import type { ArceosMachineCode } from "./machine_code.ts";
import { ARCEOS_PAGE_TABLE } from "./page_table.ts";

const SP = 3;
const A0 = 4;
const A1 = 5;
const FRAME_SAVE = SAVE[3]!;
/** PROTO-AV5-06, up to the guest's registers. */
const SWITCH_IN = routine(
  ["csrwr", R.a0, FRAME_SAVE],
  ["csrwr", R.a1, DSAVE],
  // An exit out of the refill handler left the flag set; the next ertn would return to TLBRERA (LVZ-EXIT-21).
  ["csrxchg", ZERO, R.a2, TLBRERA],
  ["csrwr", R.a3, ERA],
);
const SAVE_SP = routine(["csrwr", SP, DSAVE]);
const CARRIED = ARCEOS_FRAME.carried();
/** What the exit left in the host's registers, in the order of the frame. */
const RECORDED = new CarriedCsrs(
  "host",
  [ESTAT, ERA, BADV, BADI, TLBRBADV, TLBRERA].map((csr, slot) => ({ csr, slot })),
);
/** Entry spacing of 2^5 instructions: 0x80 bytes. */
const VS = 5n;
const SLOT = 0x80n;
const SLOTS = 64n + 13n;

/**
 * The host's registers that bind saves and unbind restores, beside ECFG.VS. CRMD is 0.5.13's addition: an exit out of the refill
 * handler leaves the host in direct mode (LVZ-EXIT-21).
 */
const BOUND_REGISTERS: readonly CsrDeclaration[] = [CRMD, EENTRY, PGDL, PGDH, PWCL, PWCH, STLBPS, TLBRENTRY];

/** Fields of the host's registers that bind sets, in its order. */
const BIND = new FieldWrites([
  [ECFG, ECFG.VS, VS],
  [GSTAT, GSTAT.GID, "gid"],
  [GSTAT, GSTAT.PVM, 1n],
  [GTLBC, GTLBC.USETGID, 1n],
  [GTLBC, GTLBC.TGID, "gid"],
  [GCFG, GCFG.MATC, 1n],
  ...[GCFG.SIT, GCFG.TIT, GCFG.TOE, GCFG.TOP, GCFG.TORU].map((trap) => [GCFG, trap, 0n] as const),
  [GCFG, GCFG.GCI, 2n],
  [GINTC, GINTC.PIP, 0xffn],
]);

/** What loongarch_vcpu promises its host. The host's translation registers belong to it between bind and unbind. */
export const ARCEOS_PROMISES: Promises = {
  restoredByRun: [ECFG, EENTRY, PGDL, PGDH, PWCL, PWCH, STLBPS, TLBRENTRY, GTLBC, GCFG, GINTC],
  // Not from the list above, so that a register which is missing there is found out.
  restoredByUnbind: [ECFG, CRMD, EENTRY, PGDL, PGDH, PWCL, PWCH, STLBPS, TLBRENTRY],
  savedGprs: HOST_GPRS,
  vsInGuest: 5,
};

/** A vCPU of loongarch_vcpu. */
export class ArceosVCpu extends SoftwareVCpu {
  override readonly name: string;
  override readonly promises = ARCEOS_PROMISES;
  readonly #cpu: HostCpu;
  readonly #layout: Pick<HostLayout, "exitEntry" | "refillEntry">;
  readonly #code: ArceosMachineCode | undefined;
  readonly #exits: ArceosExits;
  /** The guest while it does not run. */
  readonly #frame: ContextFrame;
  /** The end of the frame, where the host's stack pointer is kept. */
  readonly #frameEnd: bigint;
  readonly #hostSp: BigUint64Array;
  /** The host's registers on its stack, by number. */
  readonly #hostGprs = new BigUint64Array(32);
  readonly #cpuId: number;
  #root = 0n;
  #bindOperands: readonly bigint[] = [];
  #bound = false;
  #host: ReadonlyMap<CsrDeclaration, bigint> = new Map();
  #hostVs = 0n;
  #hostTimerLine = 0n;

  /** @param code what executes PROTO-AV5-06 and -07 in place of the steps below */
  constructor(
    cpu: HostCpu,
    layout: HostLayout,
    { address, words }: FrameMemory,
    boot?: BootArguments,
    code?: ArceosMachineCode,
  ) {
    words.fill(0n);
    const frame = new ContextFrame(ARCEOS_FRAME, words);
    super(frame.gprs);
    this.name = code === undefined ? "arceos" : "arceos-asm";
    this.#cpu = cpu;
    this.#layout = code ?? layout;
    this.#code = code;
    this.#exits = new ArceosExits(this, cpu);
    this.#frame = frame;
    this.#frameEnd = address + BigInt(HOST_SP_SLOT * 8);
    this.#hostSp = words.subarray(HOST_SP_SLOT);
    this.#cpuId = boot?.cpuId ?? 0;
    this.setGpr(A0, BigInt(this.#cpuId));
    this.setGpr(A1, boot?.deviceTree ?? 0n);
  }

  override get runner(): CodeRunner | undefined {
    return this.#code?.runner;
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

  /** PROTO-AV5-02, -03. */
  override setup(config: VCpuSetup): void {
    for (const csr of ARCEOS_FRAME.csrs) this.#frame.set(csr, 0n);
    this.#frame.set(CRMD, CRMD.DA.mask);
    this.#frame.set(PRMD, PRMD.PIE.mask);
    this.#frame.set(DMW[0]!, 0x9000_0000_0000_0011n);
    this.#frame.set(ASID, BigInt(config.vcpuId));
    this.#frame.set(CPUID, BigInt(this.#cpuId));
    if (config.passthroughTimer) this.#frame.set(TCFG, TCFG.En.mask);
    this.#bindOperands = BIND.operands(BigInt(config.vmId + 1));
    this.#exits.configure(config);
  }

  /** PROTO-AV5-04. */
  override bind(): void {
    const cpu = this.#cpu;
    const { pwcl, pwch } = pageWalkRegisters(ARCEOS_PAGE_TABLE);
    this.#host = new Map(BOUND_REGISTERS.map((csr) => [csr, cpu.csrrd(csr)]));
    this.#hostVs = ECFG.VS.get(cpu.csrrd(ECFG));
    cpu.csrwr(PWCL, pwcl);
    cpu.csrwr(PWCH, pwch);
    cpu.csrwr(STLBPS, BigInt(ARCEOS_PAGE_TABLE.pageShift));
    cpu.csrwr(PGDL, this.#root);
    cpu.csrwr(PGDH, this.#root);
    cpu.csrwr(TLBRENTRY, this.#layout.refillEntry);
    cpu.csrwr(EENTRY, this.#layout.exitEntry);
    cpu.invtlb(0);
    BIND.perform(cpu, this.#bindOperands);
    this.#hostTimerLine = cpu.csrxchg(ECFG, 0n, TI) & TI;
    this.#set(PRMD, PRMD.PIE, 1n);
    this.#bound = true;
  }

  #set(csr: CsrDeclaration, field: Field, value: bigint): void {
    this.#cpu.setField(csr, field, value);
  }

  /** PROTO-AV5-05. PVM is not cleared. */
  override unbind(): void {
    const cpu = this.#cpu;
    cpu.csrxchg(ECFG, this.#hostTimerLine, TI);
    this.#set(ECFG, ECFG.VS, this.#hostVs);
    for (const [csr, value] of this.#host) cpu.csrwr(csr, value);
    // Otherwise the host's next ertn would be taken for the end of a refill (LVZ-EXIT-21).
    cpu.csrxchg(TLBRERA, 0n, TLBRERA.IsTLBR.mask);
    cpu.invtlb(0);
    this.#bound = false;
  }

  override enter(budget: number): Entered {
    if (!this.#bound) throw new HypervisorError("Cannot enter the guest: the vCPU is not bound");
    this.#passTimer();
    if (this.#code !== undefined) return this.#enterByCode(this.#code, budget);
    this.#cpu.saveGprs(this.#hostGprs, HOST_GPRS);
    this.#switchIn();
    const refills: Refill[] = [];
    const via = this.#runGuest(budget, refills);
    if (via === "budget") return { kind: "budget", refills };
    const exit = this.#switchOut(via);
    this.#cpu.loadGprs(this.#hostGprs, HOST_GPRS);
    return { kind: "exit", exit, refills };
  }

  /** PROTO-AV5-06: a guest that has the processor's timer has set it. */
  #passTimer(): void {
    const cpu = this.#cpu;
    const timer = this.#frame.get(TCFG);
    if (TCFG.En.get(timer) && TCFG.InitVal.get(timer)) cpu.csrwr(TCFG, timer);
  }

  #enterByCode(code: ArceosMachineCode, budget: number): Entered {
    const entered = code.enter(this.#frameEnd, budget);
    if (entered.kind === "budget") return entered;
    const { via, vector, refills } = entered;
    return { kind: "exit", exit: this.#recorded(via, vector), refills };
  }

  /** PROTO-AV5-06. GSTAT.PVM is not written: it is still 1 from bind or from the last exit (LVZ-EXIT-03). */
  #switchIn(): void {
    const cpu = this.#cpu;
    this.#hostSp[0] = cpu.gpr(SP);
    cpu.setGpr(R.a0, this.#frameEnd);
    cpu.setGpr(R.a1, this.gprs[SP]!);
    cpu.setGpr(R.a2, TLBRERA.IsTLBR.mask);
    cpu.setGpr(R.a3, this.pc);
    cpu.perform(SWITCH_IN);
    CARRIED.write(cpu, this.#frame.words);
    cpu.loadGprs(this.gprs);
  }

  #runGuest(budget: number, refills: Refill[]): "general" | "refill" | "budget" {
    const cpu = this.#cpu;
    const { clock } = cpu.machine;
    const end = clock.executed + budget;
    for (;;) {
      const stop = cpu.ertn(end - clock.executed);
      if (stop.kind !== "host") return "budget";
      if (cpu.machine.pc !== this.#layout.refillEntry) return "general";
      if (!this.#refill(refills)) return "refill";
    }
  }

  /** PROTO-AV13-09: walks the table; false if a level is empty, and the exit goes to the VMM from here. */
  #refill(refills: Refill[]): boolean {
    const cpu = this.#cpu;
    const refill = serveRefill(cpu, (root) => {
      let table = root;
      for (const level of [3, 2, 1]) {
        if (table !== 0n) table = cpu.lddir(table, level);
      }
      return table === 0n ? undefined : table;
    });
    if (refill !== undefined) refills.push(refill);
    return refill !== undefined;
  }

  /** PROTO-AV5-07. */
  #switchOut(via: "general" | "refill"): HardwareExit {
    const cpu = this.#cpu;
    const vector = via === "general" ? this.#checkVector(cpu.machine.pc) : this.#layout.refillEntry;
    cpu.saveGprs(this.gprs);
    cpu.perform(SAVE_SP);
    CARRIED.read(cpu, this.#frame.words);
    RECORDED.read(cpu, this.#frame.tail);
    const [, era = 0n, , , , refillEra = 0n] = this.#frame.tail;
    this.pc = via === "refill" ? refillEra & ~3n : era;
    return this.#recorded(via, vector);
  }

  /** What the frame has of the exit. */
  #recorded(via: "general" | "refill", vector: bigint): HardwareExit {
    const [estat = 0n, , badv = 0n, badi = 0n, refillBadv = 0n] = this.#frame.tail;
    const isRefill = via === "refill";
    return { via, vector, estat, pc: this.pc, badv: isRefill ? refillBadv : badv, badi: badi & 0xffffffffn };
  }

  /** The vector table has a slot of 0x80 bytes for each code and each interrupt. */
  #checkVector(pc: bigint): bigint {
    const offset = pc - this.#layout.exitEntry;
    if (offset >= 0n && offset % SLOT === 0n && offset / SLOT < SLOTS) return pc;
    throw new HypervisorError(
      `Cannot take the exit: it arrived at 0x${pc.toString(16)}, outside the vector table`,
    );
  }

  override handle(exit: HardwareExit): Exit {
    return this.#exits.handle(exit);
  }

  override guestCsr(csr: CsrDeclaration): bigint {
    return this.#frame.get(csr);
  }

  override setGuestCsr(csr: CsrDeclaration, value: bigint): void {
    this.#frame.set(csr, value);
  }

  /** PROTO-AV5-10, and into the frame as well: 0.5.5 does not, so that its next entry overwrites GCSR.ESTAT with the old copy. */
  override injectInterrupt(vector: number): void {
    this.#setPending(vector, true);
  }

  override withdrawInterrupt(vector: number): void {
    this.#setPending(vector, false);
  }

  #setPending(vector: number, pending: boolean): void {
    if (vector >= 2 && vector <= 9) {
      const bit = 1n << BigInt(vector - 2);
      this.#cpu.csrxchg(GINTC, pending ? bit : 0n, bit);
      return;
    }
    const bit = 1n << BigInt(vector);
    const change = (estat: bigint) => pending ? estat | bit : estat & ~bit;
    this.#cpu.gcsrwr(ESTAT, change(this.#cpu.gcsrrd(ESTAT)));
    this.#frame.set(ESTAT, change(this.#frame.get(ESTAT)));
  }
}
