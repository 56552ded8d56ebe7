/**
 * What hvisor does about an exit (PROTO-HV-05 to -08).
 *
 * @module
 */
import { EXCEPTIONS } from "../../core/mod.ts";
import { ESTAT, TI } from "../../core/csr/basic.ts";
import { TICLR } from "../../core/csr/timer.ts";
import type { Exit, GuestMemory, HardwareExit, VCpuSetup } from "../contract.ts";
import {
  behind,
  decodeMemoryAccess,
  decodeSensitive,
  hypercallCode,
  NOTHING,
  type SensitiveInstruction,
} from "../guest_access.ts";
import { type HostCpu, HypervisorError } from "../host_cpu.ts";
import type { HvisorVCpu } from "./vcpu.ts";

const A0 = 4;
/** `idle 0`, which goes straight back to the guest. */
const IDLE_WORD = 0x06488000n;
const CPUCFG_WORDS = 21n;
/** Where the IOCSRs lie among the devices that hvisor emulates. */
const IOCSR_BASE = 0x1fe0_0000n;
const IPI = 12;
const TIMER = 11;
const IPI_CLEAR = 0x100cn;

/** The exit handlers of one vCPU. */
export class HvisorExits {
  readonly #vcpu: HvisorVCpu;
  readonly #cpu: HostCpu;
  #memory: GuestMemory | undefined;

  constructor(vcpu: HvisorVCpu, cpu: HostCpu) {
    this.#vcpu = vcpu;
    this.#cpu = cpu;
  }

  /** Learns about the VM. */
  configure(setup: VCpuSetup): void {
    this.#memory = setup.memory;
  }

  /** PROTO-HV-05. */
  handle(exit: HardwareExit): Exit {
    const ecode = ESTAT.Ecode.number(exit.estat);
    switch (ecode) {
      case EXCEPTIONS.INT.ecode:
        return this.#interrupt(exit);
      case EXCEPTIONS.GSPR.ecode:
        this.#vcpu.pc = behind(exit);
        return exit.badi === IDLE_WORD ? NOTHING : this.#sensitive(exit);
      case EXCEPTIONS.HVC.ecode:
        return this.#hypercall(exit);
      case EXCEPTIONS.PIL.ecode:
      case EXCEPTIONS.PIS.ecode:
      case EXCEPTIONS.PNR.ecode:
        return this.#device(exit);
      default:
        return this.#panic(exit, `Ecode 0x${ecode.toString(16)}`);
    }
  }

  #panic(exit: HardwareExit, what: string): never {
    throw new HypervisorError(
      `Cannot handle the exit: hvisor panics on ${what} at 0x${exit.pc.toString(16)}`,
    );
  }

  /** PROTO-HV-08. A line is only logged. */
  #interrupt(exit: HardwareExit): Exit {
    const pending = ESTAT.IS.get(exit.estat);
    if ((pending >> BigInt(IPI)) & 1n) {
      this.#cpu.iocsrwr(IPI_CLEAR, 4, 0xffff_ffffn);
      return { kind: "external-interrupt", vector: IPI };
    }
    if (pending & TI) {
      this.#cpu.csrwr(TICLR, TICLR.CLR.mask);
      this.#vcpu.clearInjectedLines();
      return { kind: "external-interrupt", vector: TIMER };
    }
    const line = Array.from({ length: TIMER }, (_, n) => n).find((n) => (pending >> BigInt(n)) & 1n);
    return { kind: "external-interrupt", vector: line ?? 0 };
  }

  /** PROTO-HV-07: the code is in a0, whatever the hvcl says; the VMM's answer goes there too. */
  #hypercall(exit: HardwareExit): Exit {
    const vcpu = this.#vcpu;
    vcpu.pc = behind(exit);
    const args = [vcpu.gpr(A0 + 1), vcpu.gpr(A0 + 2)];
    return { kind: "hypercall", code: hypercallCode(Number(exit.badi)), nr: vcpu.gpr(A0), args };
  }

  /** Devices lie where the guest has no memory; a fault elsewhere is a real one. */
  #device(exit: HardwareExit): Exit {
    const access = decodeMemoryAccess(Number(exit.badi));
    const address = exit.badv;
    if (access === undefined) this.#panic(exit, `word 0x${exit.badi.toString(16).padStart(8, "0")}`);
    if (this.#memory?.contains(address)) this.#panic(exit, `a page fault at GPA 0x${address.toString(16)}`);
    this.#vcpu.pc = behind(exit);
    const { width, register, signExtend } = access;
    if (!access.store) return { kind: "mmio-read", address, width, register, signExtend };
    return { kind: "mmio-write", address, width, data: BigInt.asUintN(width * 8, this.#vcpu.gpr(register)) };
  }

  /** PROTO-HV-06. */
  #sensitive(exit: HardwareExit): Exit {
    const vcpu = this.#vcpu;
    const op = decodeSensitive(Number(exit.badi));
    switch (op.kind) {
      case "cpucfg": {
        const index = vcpu.gpr(op.rj);
        vcpu.setGpr(op.rd, index < CPUCFG_WORDS ? this.#cpu.cpucfg(index) : 0n);
        return NOTHING;
      }
      case "csr":
        vcpu.setGpr(op.access.rd, 0n);
        return NOTHING;
      case "iocsr":
        return this.#iocsr(op);
      case "cacop":
      case "idle":
        return NOTHING;
      case "other":
        return this.#panic(exit, `GSPR of word 0x${exit.badi.toString(16).padStart(8, "0")}`);
    }
  }

  /** An access to the emulated devices, at the sum of two 64-bit numbers; reads are sign-extended. */
  #iocsr({ write, width, rd, rj }: Extract<SensitiveInstruction, { kind: "iocsr" }>): Exit {
    const address = BigInt.asUintN(64, IOCSR_BASE + this.#vcpu.gpr(rj));
    if (!write) return { kind: "mmio-read", address, width, register: rd, signExtend: true };
    return { kind: "mmio-write", address, width, data: BigInt.asUintN(width * 8, this.#vcpu.gpr(rd)) };
  }
}
