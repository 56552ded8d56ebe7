/**
 * What every vCPU offers, whatever world switch is behind it: the trait of ArceOS's vCPU crates, with the two halves of `run` apart
 * so that a test can look in between.
 *
 * @module
 */
import type { CsrDeclaration, Field } from "../core/mod.ts";
import type { CodeRunner } from "./assembly/runner.ts";
import type { HostCpu } from "./host_cpu.ts";

/** What the hardware recorded at an exit, as the world switch read it from the host's registers. */
export interface HardwareExit {
  /** `refill` arrived at TLBRENTRY, `general` at EENTRY. */
  readonly via: "general" | "refill";
  /** Address at which the exit arrived. */
  readonly vector: bigint;
  /** ESTAT, with the pending interrupts at that moment. */
  readonly estat: bigint;
  /** The guest's PC: ERA, or TLBRERA without its flag. */
  readonly pc: bigint;
  /** BADV, or TLBRBADV. For stage-2 faults a GPA. */
  readonly badv: bigint;
  readonly badi: bigint;
}

/** What the exit means to a VMM. */
export type Exit =
  /** `code` is the immediate of hvcl, `nr` and `args` come from registers. The PC is past the instruction. */
  | {
    readonly kind: "hypercall";
    readonly code: number;
    readonly nr: bigint;
    readonly args: readonly bigint[];
  }
  | {
    readonly kind: "mmio-read";
    readonly address: bigint;
    /** Bytes. */
    readonly width: number;
    /** Register that receives the value. */
    readonly register: number;
    readonly signExtend: boolean;
  }
  | { readonly kind: "mmio-write"; readonly address: bigint; readonly width: number; readonly data: bigint }
  | {
    readonly kind: "nested-page-fault";
    readonly address: bigint;
    readonly access: "read" | "write" | "execute";
  }
  /** `vector` is the position in ESTAT.IS. */
  | { readonly kind: "external-interrupt"; readonly vector: number }
  /** `data` is undefined for a read, whose result goes to `register`, sign-extended. */
  | {
    readonly kind: "iocsr";
    readonly address: bigint;
    readonly width: number;
    readonly register: number;
    readonly data: bigint | undefined;
  }
  | { readonly kind: "idle" }
  | { readonly kind: "halt" }
  /** Dealt with; run again. */
  | { readonly kind: "nothing" };

/** Outcome of letting a guest run. */
export type Entered =
  | { readonly kind: "exit"; readonly exit: HardwareExit; readonly refills: readonly Refill[] }
  /** The guest is still running when the instructions given to it are used up. */
  | { readonly kind: "budget"; readonly refills: readonly Refill[] };

/** A stage-2 refill that the hypervisor served without leaving its refill handler. */
export interface Refill {
  /** TLBRBADV: the GPA. */
  readonly gpa: bigint;
  /** TLBRERA: the guest's PC. */
  readonly pc: bigint;
}

/** What a world switch promises to its host. */
export interface Promises {
  /** Registers of the host, or fields of them, that hold the same value before `enter` and after it. */
  readonly restoredByRun: readonly (CsrDeclaration | readonly [CsrDeclaration, Field])[];
  /** Registers of the host that hold the same value before `bind` and after `unbind`. */
  readonly restoredByUnbind: readonly CsrDeclaration[];
  /** General registers of the host that hold the same value before `enter` and after it. */
  readonly savedGprs: readonly number[];
  /** ECFG.VS while the guest runs. */
  readonly vsInGuest: number;
}

const ALL_BITS = (1n << 64n) - 1n;

/** The register of a promise, and the bits that it is about. */
export function promised(
  promise: CsrDeclaration | readonly [CsrDeclaration, Field],
): { readonly csr: CsrDeclaration; readonly mask: bigint } {
  if ("number" in promise) return { csr: promise, mask: ALL_BITS };
  return { csr: promise[0], mask: promise[1].mask };
}

/** Where a hypervisor keeps its code. All are aligned to 64 KiB. */
export interface HostLayout {
  /** Where its code runs; virtual. */
  readonly text: bigint;
  /** Its exit entry (EENTRY while the guest runs); virtual. */
  readonly exitEntry: bigint;
  /** Its TLB refill entry (TLBRENTRY while the guest runs); physical. */
  readonly refillEntry: bigint;
  /**
   * The host's own TLB refill entry; physical. A hypervisor that is part of its host, like KVM, uses this one for guests too.
   * @default {refillEntry}
   */
  readonly hostRefillEntry?: bigint;
  /**
   * Memory for the hypervisor's own structures (frames of vCPUs); virtual.
   * @default {none: they lie outside the machine's memory, where no program sees them}
   */
  readonly data?: { readonly start: bigint; readonly end: bigint };
  /**
   * The host's stack pointer, below which there is memory; virtual.
   * @default {a recognisable number without memory behind it}
   */
  readonly stack?: bigint;
}

/** What a boot protocol hands to a vCPU, where its constructor takes such things. */
export interface BootArguments {
  readonly cpuId: number;
  /** GPA of the device tree. */
  readonly deviceTree: bigint;
}

/** How a vCPU starts. */
export interface VCpuSetup {
  /** Number that the guest sees. */
  readonly vcpuId: number;
  /** Number of the VM, below 2^GIDBITS - 1. */
  readonly vmId: number;
  /** The VM's memory. */
  readonly memory: GuestMemory;
  /**
   * The guest gets the processor's timer, where a hypervisor knows that option.
   * @default {false}
   */
  readonly passthroughTimer?: boolean;
}

/** What a VMM knows of a VM's memory. */
export interface GuestMemory {
  /** True if there is memory, mapped or not, at a GPA. */
  contains(gpa: bigint): boolean;
  /** Maps the page of a GPA that it contains. */
  map(gpa: bigint): void;
}

/** One virtual CPU. */
export interface VCpu {
  /** Name of the world switch. */
  readonly name: string;
  readonly promises: Promises;
  /** What runs the world switch's code and knows what it did; absent where it is no machine code. */
  readonly runner?: CodeRunner | undefined;
  /** The guest's PC. */
  pc: bigint;
  /** GPA at which the guest starts. */
  setEntry(gpa: bigint): void;
  /** Host physical address of the stage-2 root. */
  setNestedPageTable(root: bigint): void;
  /** Puts the guest's registers into their initial state. */
  setup(config: VCpuSetup): void;
  /** Takes possession of the processor. */
  bind(): void;
  /** Gives it back as it was. */
  unbind(): void;
  /** Enters the guest and comes back; the world switch alone, no emulation. */
  enter(budget: number): Entered;
  /** Does what this hypervisor does about an exit. */
  handle(exit: HardwareExit): Exit;
  /** `enter` and `handle`; undefined when the budget is used up. */
  run(budget: number): Exit | undefined;
  /** A general register of the guest. */
  gpr(register: number): bigint;
  setGpr(register: number, value: bigint): void;
  /** Sets the result of a hypercall. */
  setReturnValue(value: bigint): void;
  /** A guest CSR as the guest would find it at its next instruction. */
  guestCsr(csr: CsrDeclaration): bigint;
  setGuestCsr(csr: CsrDeclaration, value: bigint): void;
  /** Makes an interrupt (its position in ESTAT.IS) pending for the guest. */
  injectInterrupt(vector: number): void;
  /** Takes it back. */
  withdrawInterrupt(vector: number): void;
  /**
   * Changes bits of a host register as this hypervisor's configuration, so that they hold in the guest from the next entry on. Absent
   * where a plain csrxchg does that.
   */
  configureHost?(csr: CsrDeclaration, value: bigint, mask: bigint): void;
  /**
   * For a vCPU that was put away because it idles: the reading of the host's counter at which its hypervisor runs it again; 0 for at
   * once, undefined if nothing will wake it. Absent where a hypervisor has no such thing.
   */
  wakesAt?(): bigint | undefined;
}

/** Hypervisor software on one processor. */
export interface Hypervisor {
  /** Takes the processor into service. */
  enable(): void;
  /** Gives it up. */
  disable(): void;
  /** Makes a vCPU. */
  createVCpu(boot?: BootArguments): VCpu;
}

/** A world switch: the software of one hypervisor. */
export interface WorldSwitch {
  readonly name: string;
  /** What it is, in a line. */
  readonly about: string;
  /**
   * The protocol that it implements: it runs the cases of the world switch with this name too.
   * @default {its own name}
   */
  readonly protocol?: string;
  /** It is machine code, which needs memory: where the addresses of its layout lie, and these bytes for contexts of vCPUs. */
  readonly machineCode?: {
    readonly dataBytes: number;
    /** Where else its code lies, if it was linked for addresses of its own: physical. */
    readonly linkedAt?: { readonly start: bigint; readonly end: bigint };
  };
  /** Page table format for stage 2. */
  readonly pageTable: PageTableFormat;
  /** Loads it on a processor, which it does not yet change. */
  attach(cpu: HostCpu, layout: HostLayout): Hypervisor;
  /** Loads it, enables the processor and makes one vCPU. */
  create(cpu: HostCpu, layout: HostLayout): VCpu;
}

/** A world switch from what is its own. */
export function worldSwitch(own: Omit<WorldSwitch, "create">): WorldSwitch {
  return {
    ...own,
    create(cpu, layout) {
      const hypervisor = own.attach(cpu, layout);
      hypervisor.enable();
      return hypervisor.createVCpu();
    },
  };
}

/** The shape of a page table: its levels from the page table up. */
export interface PageTableFormat {
  /** Page size, log2 of bytes. */
  readonly pageShift: number;
  readonly levels: readonly PageTableLevel[];
}

/** One level. */
export interface PageTableLevel {
  /** The operand of lddir that reads it; 0 is the page table itself, read by ldpte. */
  readonly directory: 0 | 1 | 2 | 3 | 4;
  /** Index bits. */
  readonly width: number;
}
