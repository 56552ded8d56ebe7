/**
 * What a case says. A case is plain data: it can be printed, stored and sent elsewhere.
 *
 * @module
 */
import type { ExceptionName } from "../core/mod.ts";
import type { AnyCase } from "./any_case.ts";

/** A 64-bit value: a number, or the address of a label of the case's code (`"handler"`, `"loop+4"`). */
export type Value = bigint | number | string;

/** General registers by name, without the dollar sign: `{ a0: 5n, sp: "stack" }`. */
export type Registers = Readonly<Record<string, Value>>;

/** CSRs by name: a whole value, or fields of it: `{ ECFG: 0x800, CRMD: { PLV: 3, IE: 1 } }`. */
export type Csrs = Readonly<Record<string, Value | Readonly<Record<string, Value>>>>;

/** A range of guest-physical memory that is not the ordinary memory of a case. */
export interface Mapping {
  /** GPA, a multiple of 16 KiB (so that every world switch can map it). */
  readonly gpa: bigint;
  /**
   * Bytes, a multiple of 16 KiB.
   * @default {0x4000n}
   */
  readonly size?: bigint;
  /**
   * What the guest may do there: any of `r`, `w`, `x`; `""` takes the mapping away.
   * @default {"rwx"}
   */
  readonly access?: string;
  /** Takes the memory behind another GPA instead of this GPA's own. */
  readonly alias?: bigint;
}

/** Interrupt lines by name (`HWI0` to `HWI7`, `IPI`) and level. */
export type Lines = Readonly<Record<string, boolean>>;

/** Something that happens by itself while the guest runs. */
export interface TimedEvent {
  /**
   * Ticks of the stable counter after the entry that comes next: 0 is before the guest's next instruction, n is after n more, each of
   * which takes a tick. Stage-2 refills on the way take time too, so that only code that has run before is counted exactly.
   */
  readonly at: number;
  readonly lines: Lines;
}

/** What the hypervisor does after an exit, before it enters the guest again. */
export interface Actions {
  /** Go on at `pc` if there is one, with these registers set. */
  readonly resume?: { readonly pc?: Value } & Registers;
  /**
   * Go on behind the instruction that exited; `false` executes it again.
   * @default {true} after HVC and GSPR unless `resume.pc` or `handle` moves the PC, {false} after everything else
   */
  readonly skip?: boolean;
  /** Let the world switch's own exit handler deal with it, and expect it to report this. */
  readonly handle?: ExpectedHandling;
  /** Write registers: the guest's, or the host's own (hypervisor configuration). */
  readonly set?: { readonly csr?: Csrs; readonly host?: Csrs };
  /** Make interrupts pending for the guest, by position in ESTAT.IS or by name. */
  readonly inject?: Interrupts;
  /** Take them back. */
  readonly withdraw?: Interrupts;
  /** Let virtual time pass, in ticks; with `rebind`, while the vCPU is away from the processor. */
  readonly advance?: number;
  /** Drive interrupt lines of the host. */
  readonly lines?: Lines;
  /** Lines that change by themselves after the next entry. */
  readonly events?: readonly TimedEvent[];
  /** Change stage-2 mappings; cached translations of guests are dropped afterwards. */
  readonly map?: readonly Mapping[];
  /**
   * False leaves cached translations as they are after `map`.
   * @default {true}
   */
  readonly flush?: boolean;
  /**
   * False leaves the host's interrupts unacknowledged.
   * @default {true}
   */
  readonly service?: boolean;
  /** Leave and take possession of the processor: `unbind`, then `bind`. In between another guest's registers are in the guest copies. */
  readonly rebind?: boolean;
}

/** Interrupts by position in ESTAT.IS or by name. */
export type Interrupts = string | number | readonly (string | number)[];

/** An exception that the guest takes itself (LVZ-EXIT-28). */
export interface GuestException {
  readonly kind: GuestExceptionName;
  /** ERA: the instruction that raised it; the next one for an interrupt. */
  readonly at: Value;
  /** BADV, for those that record an address. */
  readonly badv?: Value;
}

/** The exceptions that never leave guest mode by themselves. */
export type GuestExceptionName = Exclude<ExceptionName, "GSPR" | "HVC" | "GCSC" | "GCHC">;

/** What a world switch's exit handler is expected to report. Only the fields named are compared. */
export interface ExpectedHandling {
  readonly kind: string;
  readonly [field: string]: bigint | number | boolean | string | readonly bigint[] | undefined;
}

/** What holds after an exit, and what happens next. */
export interface ExitExpectation extends Actions {
  /** Where the guest was: a label or an address. For synchronous exits the instruction itself, else the next one. */
  readonly at?: Value;
  /** BADI: an instruction as text, or a word. By default the instruction at the guest's PC, after exits that have one. */
  readonly badi?: string | number | bigint;
  /** General registers that changed since the last entry, with their new values. */
  readonly regs?: Registers;
  /**
   * The general registers that are not in `regs`.
   * @default {"unchanged"}, after `running` {"any"}
   */
  readonly otherRegs?: "unchanged" | "any";
  /** The guest's CSRs that changed since the last entry. */
  readonly csr?: Csrs;
  /**
   * The guest's CSRs that are not in `csr`.
   * @default {"unchanged"}, after `running` {"any"}
   */
  readonly otherCsrs?: "unchanged" | "any";
  /**
   * The exception that the guest took itself since the last entry, after which it changed none of the registers concerned: CRMD, PRMD,
   * the codes in ESTAT, ERA, BADI (the word at `at`, where there is one) and BADV are as the hardware leaves them. What `csr` says of one
   * of them counts instead.
   */
  readonly took?: GuestException;
  /** CSRs of the host as the hardware left them, before the world switch touched anything. ESTAT shows the interrupt lines too. */
  readonly host?: Csrs;
  /** Names of host CSRs that this exit may change beside those that its kind always changes. */
  readonly hostMayChange?: readonly string[];
  /** Memory of the guest: GPA (or label) and its 64-bit value. */
  readonly memory?: readonly { readonly at: Value; readonly value: Value }[];
  /** The GPAs of stage-2 refills that the hypervisor served since the last entry, in order. */
  readonly refills?: readonly Value[];
}

/** One expected exit. Made by the builders in `exit.ts`. */
export interface ExpectedExit extends ExitExpectation {
  /** The exception, `refill` for a stage-2 refill that reaches the hypervisor, `running` for no exit at all. */
  readonly kind: ExceptionName | "refill" | "running";
  /** The immediate of an hvcl. */
  readonly code?: number;
  /** The GPA that a stage-2 fault reports. */
  readonly gpa?: Value;
  /** The interrupts that must be pending, by name. */
  readonly pending?: readonly string[];
}

/** One conformance case. */
export interface Case extends AnyCase {
  /** Guest code: GNU assembly, with labels. It starts at `_start`, or at its first instruction. */
  readonly code: string;
  /** General registers of the guest at the start; all others hold recognisable values of their own. */
  readonly set?: Registers;
  /** Guest CSRs at the start. The guest starts in direct mode at PLV0 with interrupts off. */
  readonly csr?: Csrs;
  /** Host CSRs, written after the world switch took possession of the processor. */
  readonly host?: Csrs;
  /** Interrupt lines at the start. */
  readonly lines?: Lines;
  /** Interrupts pending for the guest at the start. */
  readonly inject?: Interrupts;
  /** Changes of guest-physical memory from the default: 256 KiB at GPA 0, all accesses allowed. */
  readonly map?: readonly Mapping[];
  /** Lines that change by themselves after the first entry. */
  readonly events?: readonly TimedEvent[];
  /** The exits, all of them, in order. */
  readonly exits: readonly ExpectedExit[];
  /**
   * False ends the case with its last exit. Otherwise code that follows a last `hvc` or `gspr` runs on, so that an exit too many is
   * found, unless a vector (a label on a 4 KiB boundary) or nothing follows.
   * @default {true}
   */
  readonly runsOn?: boolean;
  /**
   * The world switches to run on.
   * @default every one
   */
  readonly switches?: readonly string[];
  /**
   * Instructions for the guest between two exits, at most 100,000,000.
   * @default {10000}
   */
  readonly budget?: number;
}
