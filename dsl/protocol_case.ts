/**
 * What a case about a hypervisor's own software says: calls of its functions, and what each executes, in order.
 *
 * @module
 */
import type { ExceptionName } from "../core/mod.ts";
import type { BootArguments } from "../vcpu/mod.ts";
import type { AnyCase } from "./any_case.ts";
import type { Csrs, ExpectedHandling, Lines, Registers, Value } from "./case.ts";

/**
 * A CSR that is written, and what is written into it: a whole value, fields of it, or whatever. `["GSTAT", { PVM: 1 }]` is the
 * processor's own, `["guest CRMD", 8]` the guest's copy, written by gcsr*.
 */
export type CsrWrite = readonly [
  csr: string,
  value?: Value | Readonly<Record<string, Value>>,
];

/**
 * Something that host software does to the processor: a write to a CSR; `ertn`, `tlbfill` or `invtlb 0x12`; `iocsr 0x100c`, a write
 * there; `read GCFG` or `read guest TVAL`. Reads count only for registers of which the list names a read.
 */
export type Step = CsrWrite | string;

/** A function of a hypervisor, and its arguments. */
export type ProtocolFunction =
  /** Per processor. */
  | { readonly call: "enable" | "disable" }
  /** Makes a vCPU, which the calls behind it are about. */
  | { readonly call: "create"; readonly boot?: BootArguments }
  | { readonly call: "setup"; readonly passthroughTimer?: boolean }
  | { readonly call: "setEntry"; readonly gpa: Value }
  /** The root is the bench's own table by default. */
  | { readonly call: "setNestedPageTable"; readonly root?: bigint }
  | { readonly call: "setGpr"; readonly register: string; readonly value: Value }
  | { readonly call: "setReturnValue"; readonly value: Value }
  | { readonly call: "bind" | "unbind" }
  | { readonly call: "inject" | "withdraw"; readonly interrupt: string | number }
  /** Enters the guest and comes back; `at` is the guest's PC, `vector` where the exit arrived, counted from EENTRY. */
  | {
    readonly call: "enter";
    readonly exit: ExceptionName | "refill";
    readonly at?: Value;
    readonly vector?: number;
  }
  /** Gives the last exit to the hypervisor's handler. */
  | { readonly call: "handle"; readonly reports: ExpectedHandling }
  /** The vCPU idles: it is put away until its hypervisor wants to run it, and taken up again. */
  | { readonly call: "wait" };

/** What a call does, and what holds after it. */
export interface ProtocolExpectation {
  /**
   * The vCPU that the call is about, counted from 0.
   * @default {the one made last}
   */
  readonly vcpu?: number;
  /** Host CSRs, written before the call. */
  readonly set?: Csrs;
  /** Interrupt lines, set before the call. */
  readonly lines?: Lines;
  /** Ticks that pass before the call. */
  readonly advance?: number;
  /** What it does to the processor, in order. */
  readonly executes?: readonly Step[];
  /**
   * What it does to CSRs that `executes` does not name, and instructions that it does not name.
   * @default {"none"}
   */
  readonly otherSteps?: "none" | "any";
  /** CSRs of the host. */
  readonly host?: Csrs;
  /** The guest copies in the hardware. */
  readonly guest?: Csrs;
  /** General registers of the guest as the vCPU has them. */
  readonly regs?: Registers;
  /** The guest's PC as the vCPU has it. */
  readonly pc?: Value;
  /**
   * 64-bit words of the host's memory. A place may begin with a register of the host that points there: `"SAVE3 - 792"`,
   * `"sp - 0x138"`. A value may be such a place too.
   */
  readonly memory?: readonly { readonly at: Value; readonly value: Value }[];
}

/** One call. */
export type ProtocolCall = ProtocolFunction & ProtocolExpectation;

/** A case about a hypervisor's software. It runs on the host of every other case, and calls what there is of a hypervisor itself. */
export interface ProtocolCase extends AnyCase {
  /** The world switches whose protocol this is. */
  readonly switches: readonly string[];
  /**
   * Guest code, which the guest finds at its labels.
   * @default {one hvcl}
   */
  readonly code?: string;
  /** Host CSRs at the start. */
  readonly host?: Csrs;
  readonly calls: readonly ProtocolCall[];
}
