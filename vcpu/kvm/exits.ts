/**
 * What KVM does about an exit (PROTO-KVM-22, -30 to -53).
 *
 * @module
 */
import { lowOf } from "../../core/halves.ts";
import { EXCEPTIONS } from "../../core/mod.ts";
import { BADI, BADV, CRMD, ECFG, EENTRY, ERA, ESTAT, EUEN, PRMD } from "../../core/csr/basic.ts";
import type { Exit, GuestMemory, HardwareExit, VCpu, VCpuSetup } from "../contract.ts";
import {
  behind,
  type CsrAccess,
  decodeMemoryAccess,
  decodeSensitive,
  hypercallCode,
  NOTHING,
} from "../guest_access.ts";
import type { HostCpu } from "../host_cpu.ts";

const A0 = 4;
const INVALID_CODE = (1n << 64n) - 1n;
const HYPERCALL_USER = 0x102;
const SIGNATURE_INDEX = 0x40000000n;
const FEATURE_INDEX = 0x40000004n;
/** "KVM\0" */
const SIGNATURE = 0x004d564bn;
/** Bit 25: hypercalls that go to user space. */
const FEATURES = 1n << 25n;
const LVZ_BITS = 0x3c00n;
const HIGHEST_CPUCFG = 20n;
const ADEM_SUBCODE = 1n;

/** The CSRs that KVM keeps in software for a guest (PROTO-KVM-37); both ends of a range belong to it. */
const KEPT: readonly (readonly [first: number, last: number])[] = [
  [0x80, 0x81], // IMPCTL1, IMPCTL2
  [0x90, 0x95], // MERR*
  [0x98, 0x98], // CTAG
  [0x200, 0x207], // four performance counters
  [0x300, 0x301], // MWPC, MWPS
  [0x380, 0x381], // FWPC, FWPS
  [0x500, 0x502], // DBG, DERA, DSAVE
  ...[0x310, 0x390].flatMap(watchpoints),
];

/** Eight watchpoints of four registers each, eight numbers apart. */
function watchpoints(base: number): readonly (readonly [number, number])[] {
  return Array.from({ length: 8 }, (_, n) => [base + 8 * n, base + 8 * n + 3] as const);
}

function isKept(number: number): boolean {
  return KEPT.some(([first, last]) => number >= first && number <= last);
}

/** CPUCFG word 1. */
const VALEN_SHIFT = 12n;

/** An exception to be given to the guest at its next entry. */
interface Queued {
  readonly ecode: number;
  readonly subcode: bigint;
}

/** What the handlers need of a vCPU. */
export interface HandledVCpu extends Pick<VCpu, "pc" | "gpr" | "setGpr" | "setReturnValue"> {
  /** Asks for the stage-2 entry of one GPA to go before the next entry. */
  flushGpa(gpa: bigint): void;
}

/** The exit handlers of one vCPU. */
export class KvmExits {
  readonly #vcpu: HandledVCpu;
  readonly #cpu: HostCpu;
  /** CSRs without a guest copy, kept in software (PROTO-KVM-37). */
  readonly #software = new Map<number, bigint>();
  #memory: GuestMemory | undefined;
  /** The first GPA beyond every guest's space. */
  #gpaLimit = 0n;
  #queued: Queued | undefined;
  /** CSR.EUEN.FPE was set for the guest. */
  #gaveFpu = false;

  constructor(vcpu: HandledVCpu, cpu: HostCpu) {
    this.#vcpu = vcpu;
    this.#cpu = cpu;
  }

  /** Learns about the VM. */
  configure(setup: VCpuSetup): void {
    this.#memory = setup.memory;
    // 2^(VALEN-1); the word has VALEN - 1.
    this.#gpaLimit = 1n << ((this.#cpu.cpucfg(1n) >> VALEN_SHIFT) & 0xffn);
  }

  /** PROTO-KVM-30. */
  handle(exit: HardwareExit): Exit {
    switch (ESTAT.Ecode.number(exit.estat)) {
      case EXCEPTIONS.INT.ecode:
        return { kind: "external-interrupt", vector: highestBit(ESTAT.IS.number(exit.estat)) };
      case EXCEPTIONS.PIL.ecode:
      case EXCEPTIONS.PIF.ecode:
        return this.#pageFault(exit, false);
      case EXCEPTIONS.PIS.ecode:
      case EXCEPTIONS.PME.ecode:
        return this.#pageFault(exit, true);
      case EXCEPTIONS.GSPR.ecode:
        return this.#sensitive(exit);
      case EXCEPTIONS.HVC.ecode:
        return this.#hypercall(exit);
      case EXCEPTIONS.FPD.ecode:
        return this.#giveFpu();
      default:
        // LSX, LASX and LBT too: the guest's CPUCFG has none of them.
        return this.#queue(EXCEPTIONS.INE.ecode);
    }
  }

  /**
   * PROTO-KVM-40. There is one vCPU, and the host does not use the registers: they are always the vCPU's, and none has to be
   * loaded. Where the host has no floating point this exit does not occur.
   */
  #giveFpu(): Exit {
    this.#cpu.setField(EUEN, EUEN.FPE, 1n);
    this.#gaveFpu = true;
    return NOTHING;
  }

  /** PROTO-KVM-40: what happens to the unit when the vCPU is put away. */
  takeFpuBack(): void {
    if (this.#gaveFpu) this.#cpu.setField(EUEN, EUEN.FPE, 0n);
    this.#gaveFpu = false;
  }

  /** PROTO-KVM-31. */
  #pageFault(exit: HardwareExit, write: boolean): Exit {
    const gpa = exit.badv;
    if (gpa >= this.#gpaLimit) return this.#queue(EXCEPTIONS.ADEM.ecode, ADEM_SUBCODE);
    if (this.#memory?.contains(gpa)) {
      this.#memory.map(gpa);
      this.#vcpu.flushGpa(gpa);
      return NOTHING;
    }
    // A read that looks like a fetch; the test holds only where GVA and GPA are equal, as in Linux.
    if (!write && exit.pc === gpa) return this.#queue(EXCEPTIONS.ADEF.ecode);
    const access = decodeMemoryAccess(lowOf(exit.badi));
    if (access === undefined) return this.#queue(EXCEPTIONS.ADEM.ecode, ADEM_SUBCODE);
    this.#vcpu.pc = behind(exit);
    const { width, register, signExtend } = access;
    if (!access.store) return { kind: "mmio-read", address: gpa, width, register, signExtend };
    return {
      kind: "mmio-write",
      address: gpa,
      width,
      data: BigInt.asUintN(width * 8, this.#vcpu.gpr(register)),
    };
  }

  /** PROTO-KVM-34. */
  #sensitive(exit: HardwareExit): Exit {
    const vcpu = this.#vcpu;
    const op = decodeSensitive(lowOf(exit.badi));
    if (op.kind === "other") return this.#queue(EXCEPTIONS.INE.ecode);
    vcpu.pc = behind(exit);
    switch (op.kind) {
      case "cpucfg":
        vcpu.setGpr(op.rd, this.#cpucfg(BigInt.asUintN(32, vcpu.gpr(op.rj))));
        return NOTHING;
      case "csr":
        this.#csr(op.access);
        return NOTHING;
      case "cacop":
        return NOTHING;
      case "idle":
        return { kind: "idle" };
      case "iocsr": {
        const address = BigInt.asUintN(32, vcpu.gpr(op.rj));
        const data = op.write ? BigInt.asUintN(op.width * 8, vcpu.gpr(op.rd)) : undefined;
        return { kind: "iocsr", address, width: op.width, register: op.rd, data };
      }
    }
  }

  /** PROTO-KVM-35, -36: the host's words, of which word 2 never shows LVZ. */
  #cpucfg(index: bigint): bigint {
    if (index === SIGNATURE_INDEX) return SIGNATURE;
    if (index === FEATURE_INDEX) return FEATURES;
    if (index > HIGHEST_CPUCFG) return 0n;
    const word = this.#cpu.cpucfg(index);
    return index === 2n ? word & ~LVZ_BITS : word;
  }

  /** PROTO-KVM-37: rd receives the old value; a number that is not kept reads 0 and ignores writes. */
  #csr({ kind, number, rd, rj }: CsrAccess): void {
    const vcpu = this.#vcpu;
    const old = this.#software.get(number) ?? 0n;
    const mask = kind === "csrrd" ? 0n : kind === "csrwr" ? INVALID_CODE : vcpu.gpr(rj);
    if (isKept(number)) this.#software.set(number, (old & ~mask) | (vcpu.gpr(rd) & mask));
    vcpu.setGpr(rd, old);
  }

  /** PROTO-KVM-50 to -53. No service has its feature enabled, so each answers with "invalid code". */
  #hypercall(exit: HardwareExit): Exit {
    const vcpu = this.#vcpu;
    const code = hypercallCode(lowOf(exit.badi));
    vcpu.pc = behind(exit);
    const meaning = code === HYPERCALL_USER ? this.#userCall(code) : NOTHING;
    vcpu.setReturnValue(INVALID_CODE);
    return meaning;
  }

  #userCall(code: number): Exit {
    const vcpu = this.#vcpu;
    const args = [1, 2, 3, 4, 5].map((i) => vcpu.gpr(A0 + i));
    return { kind: "hypercall", code, nr: vcpu.gpr(A0), args };
  }

  #queue(ecode: number, subcode = 0n): Exit {
    this.#queued = { ecode, subcode };
    return NOTHING;
  }

  /**
   * PROTO-KVM-22: gives the guest a queued exception by editing its registers. The code lands unshifted in ESTAT: Linux 7.2 does that,
   * and a conformance bench must show it (LVZ-CONF-32).
   */
  deliverQueued(): void {
    if (this.#queued === undefined) return;
    const { ecode, subcode } = this.#queued;
    const [cpu, vcpu] = [this.#cpu, this.#vcpu];
    this.#queued = undefined;
    if (ecode === EXCEPTIONS.ADEM.ecode) {
      cpu.gcsrwr(BADV, subcode === ADEM_SUBCODE ? cpu.csrrd(BADV) : vcpu.pc);
    }
    cpu.gcsrwr(BADI, cpu.csrrd(BADI));
    const mode = cpu.gcsrrd(CRMD);
    cpu.gcsrwr(PRMD, mode);
    cpu.gcsrwr(CRMD, mode & ~(CRMD.PLV.mask | CRMD.IE.mask));
    cpu.gcsrwr(ERA, vcpu.pc);
    cpu.gcsrwr(ESTAT, (cpu.gcsrrd(ESTAT) & ~ESTAT.Ecode.mask) | BigInt(ecode));
    vcpu.pc = guestVector(cpu, ecode);
  }
}

function guestVector(cpu: HostCpu, ecode: number): bigint {
  const spacing = ECFG.VS.get(cpu.gcsrrd(ECFG));
  return cpu.gcsrrd(EENTRY) + (spacing === 0n ? 0n : BigInt(ecode) * (4n << spacing));
}

function highestBit(bits: number): number {
  return 31 - Math.clz32(bits);
}
