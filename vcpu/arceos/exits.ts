/**
 * What loongarch_vcpu does about an exit (PROTO-AV5-08, -09; idle and MMIO as in 0.5.13: PROTO-AV13-10, -12).
 *
 * @module
 */
import { csrName, EXCEPTIONS } from "../../core/mod.ts";
import { ESTAT, TI } from "../../core/csr/basic.ts";
import { TCFG, TICLR, TVAL } from "../../core/csr/timer.ts";
import type { Exit, GuestMemory, HardwareExit, VCpuSetup } from "../contract.ts";
import {
  behind,
  type CsrAccess,
  decodeMemoryAccess,
  decodeSensitive,
  extendRead,
  hypercallCode,
  NOTHING,
  type SensitiveInstruction,
} from "../guest_access.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import type { ArceosVCpu } from "./vcpu.ts";

const A0 = 4;
const HIGHEST_CPUCFG = 20n;
const IPI = 12;
const TIMER = 11;
/** The code that 0.5.5 takes for "the guest is finished". */
const HALT_ECODE = 0x10;
const HOST_TIMER = [TCFG, TVAL, TICLR];

/** The exit handlers of one vCPU. */
export class ArceosExits {
  readonly #vcpu: ArceosVCpu;
  readonly #cpu: HostCpu;
  #memory: GuestMemory | undefined;

  constructor(vcpu: ArceosVCpu, cpu: HostCpu) {
    this.#vcpu = vcpu;
    this.#cpu = cpu;
  }

  /** Learns about the VM. */
  configure(setup: VCpuSetup): void {
    this.#memory = setup.memory;
  }

  /** PROTO-AV5-08. */
  handle(exit: HardwareExit): Exit {
    const ecode = ESTAT.Ecode.number(exit.estat);
    // A refill records neither code nor instruction (LVZ-EXIT-18, -19): loongarch_vcpu takes it for a read.
    if (exit.via === "refill") return this.#pageFault(exit, "read");
    if (ecode === EXCEPTIONS.INT.ecode) return this.#interrupt(exit);
    const result = this.#synchronous(exit, ecode);
    this.#moveHostTimer();
    return result;
  }

  #synchronous(exit: HardwareExit, ecode: number): Exit {
    if (ecode === EXCEPTIONS.HVC.ecode) return this.#hypercall(exit);
    if (ecode === EXCEPTIONS.GSPR.ecode) return this.#sensitive(exit);
    if (ecode === HALT_ECODE) return { kind: "halt" };
    if (ecode >= EXCEPTIONS.PIL.ecode && ecode <= EXCEPTIONS.PPI.ecode) {
      const write = ecode === EXCEPTIONS.PIS.ecode || ecode === EXCEPTIONS.PME.ecode;
      return this.#pageFault(exit, ecode === EXCEPTIONS.PIF.ecode ? "execute" : faultKind(write));
    }
    const at = `0x${exit.pc.toString(16)}`;
    throw new HypervisorError(
      `Cannot handle the exit: loongarch_vcpu panics on Ecode 0x${ecode.toString(16)} at ${at}`,
    );
  }

  #hypercall(exit: HardwareExit): Exit {
    const vcpu = this.#vcpu;
    vcpu.pc = behind(exit);
    const args = [1, 2, 3, 4, 5, 6].map((i) => vcpu.gpr(A0 + i));
    return { kind: "hypercall", code: hypercallCode(Number(exit.badi)), nr: vcpu.gpr(A0), args };
  }

  /** A GPA without memory is a device, if the instruction can be decoded; BADI is not updated by a refill (LVZ-EXIT-18). */
  #pageFault(exit: HardwareExit, access: "read" | "write" | "execute"): Exit {
    const address = exit.badv;
    const decoded = exit.via === "general" ? decodeMemoryAccess(Number(exit.badi)) : undefined;
    if (decoded === undefined || this.#memory?.contains(address)) {
      return { kind: "nested-page-fault", address, access };
    }
    const { width, register, signExtend } = decoded;
    this.#vcpu.pc = behind(exit);
    if (!decoded.store) return { kind: "mmio-read", address, width, register, signExtend };
    return { kind: "mmio-write", address, width, data: BigInt.asUintN(width * 8, this.#vcpu.gpr(register)) };
  }

  /** IPI first, then the timer, which also becomes the guest's, then the lowest line. */
  #interrupt(exit: HardwareExit): Exit {
    const pending = ESTAT.IS.get(exit.estat);
    if ((pending >> BigInt(IPI)) & 1n) return { kind: "external-interrupt", vector: IPI };
    if (pending & TI) {
      this.#vcpu.injectInterrupt(TIMER);
      return { kind: "external-interrupt", vector: TIMER };
    }
    const lowest = Array.from({ length: IPI }, (_, n) => n).find((n) => (pending >> BigInt(n)) & 1n);
    return { kind: "external-interrupt", vector: lowest ?? 0 };
  }

  /** After a synchronous exit the host's timer, which serves the guest, is handed on and acknowledged. */
  #moveHostTimer(): void {
    if ((this.#cpu.csrrd(ESTAT) & TI) === 0n) return;
    this.#vcpu.injectInterrupt(TIMER);
    this.#cpu.csrwr(TICLR, TICLR.CLR.mask);
  }

  /** PROTO-AV5-09. */
  #sensitive(exit: HardwareExit): Exit {
    const vcpu = this.#vcpu;
    const op = decodeSensitive(Number(exit.badi));
    vcpu.pc = behind(exit);
    switch (op.kind) {
      case "cpucfg": {
        const index = vcpu.gpr(op.rj);
        vcpu.setGpr(op.rd, index > HIGHEST_CPUCFG ? 0n : this.#cpu.cpucfg(index));
        return NOTHING;
      }
      case "csr":
        this.#csr(op.access);
        return NOTHING;
      case "iocsr":
        this.#iocsr(op);
        return NOTHING;
      case "cacop":
        return NOTHING;
      case "idle":
        return { kind: "idle" };
      case "other": {
        const word = `0x${exit.badi.toString(16).padStart(8, "0")}`;
        throw new HypervisorError(`Cannot handle the exit: loongarch_vcpu panics on GSPR of word ${word}`);
      }
    }
  }

  /** The timer's registers are the host's; everything else reads 0 and ignores writes. */
  #csr({ kind, number, rd, rj }: CsrAccess): void {
    const vcpu = this.#vcpu;
    const csr = HOST_TIMER.find((c) => c.name === csrName(number));
    const value = vcpu.gpr(rd);
    if (csr === undefined) return vcpu.setGpr(rd, 0n);
    const mask = kind === "csrrd" ? 0n : kind === "csrwr" ? (1n << 64n) - 1n : vcpu.gpr(rj);
    vcpu.setGpr(rd, kind === "csrrd" ? this.#cpu.csrrd(csr) : this.#cpu.csrxchg(csr, value, mask));
    if (csr === TICLR && value & mask & 1n) vcpu.withdrawInterrupt(TIMER);
  }

  /** Straight to the host's IOCSR space; reads are sign-extended. */
  #iocsr({ write, width, rd, rj }: Extract<SensitiveInstruction, { kind: "iocsr" }>): void {
    const vcpu = this.#vcpu;
    const address = BigInt.asUintN(32, vcpu.gpr(rj));
    if (write) this.#cpu.iocsrwr(address, width, vcpu.gpr(rd));
    else vcpu.setGpr(rd, extendRead(this.#cpu.iocsrrd(address, width), width, true));
  }
}

function faultKind(write: boolean): "read" | "write" {
  return write ? "write" : "read";
}
