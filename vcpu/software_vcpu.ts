/**
 * What every world switch written in TypeScript has: the guest's general registers and PC, and the host's that it keeps meanwhile.
 *
 * @module
 */
import type { CsrDeclaration } from "../core/mod.ts";
import type { Entered, Exit, HardwareExit, Promises, VCpu, VCpuSetup } from "./contract.ts";
import type { CodeRunner } from "./assembly/runner.ts";

/** ra, tp, sp, r21 (the kernel's per-CPU base), fp, s0-s8: what the host's C code expects back. */
export const HOST_GPRS: readonly number[] = [1, 2, 3, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];

const A0 = 4;

/** The common part of a vCPU. */
export abstract class SoftwareVCpu implements VCpu {
  abstract readonly name: string;
  abstract readonly promises: Promises;
  abstract pc: bigint;
  /** The guest's general registers while it does not run. */
  readonly gprs: BigUint64Array;

  /** @param gprs where the registers are kept */
  constructor(gprs: BigUint64Array = new BigUint64Array(32)) {
    this.gprs = gprs;
  }

  get runner(): CodeRunner | undefined {
    return undefined;
  }

  abstract setNestedPageTable(root: bigint): void;
  abstract setup(config: VCpuSetup): void;
  abstract bind(): void;
  abstract unbind(): void;
  abstract enter(budget: number): Entered;
  abstract handle(exit: HardwareExit): Exit;
  abstract guestCsr(csr: CsrDeclaration): bigint;
  abstract setGuestCsr(csr: CsrDeclaration, value: bigint): void;
  abstract injectInterrupt(vector: number): void;
  abstract withdrawInterrupt(vector: number): void;
  wakesAt?(): bigint | undefined;
  configureHost?(csr: CsrDeclaration, value: bigint, mask: bigint): void;

  setEntry(gpa: bigint): void {
    this.pc = gpa;
  }

  run(budget: number): Exit | undefined {
    const entered = this.enter(budget);
    return entered.kind === "exit" ? this.handle(entered.exit) : undefined;
  }

  gpr(register: number): bigint {
    return this.gprs[register]!;
  }

  setGpr(register: number, value: bigint): void {
    if (register !== 0) this.gprs[register] = value;
  }

  setReturnValue(value: bigint): void {
    this.setGpr(A0, value);
  }
}
