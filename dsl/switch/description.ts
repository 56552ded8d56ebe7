/**
 * A description of somebody's world switch: enough for the bench to call it as its hypervisor would, and to check what it promises.
 *
 * @module
 */
import type { PageTableFormat } from "../../vcpu/mod.ts";

/**
 * A value that the rest of the hypervisor has at hand:
 *
 * - a number;
 * - `context`, `context end`: the address of the vCPU's context, and the one behind it;
 * - `root`: the physical address of the stage-2 root; `gid`: the guest's number;
 * - `vector`, `refill`: the addresses of {@linkcode Exits};
 * - `host ECFG`: what the host had in a CSR when the vCPU took the processor; `host ECFG.VS`: one field of it, in its place;
 * - `current ECFG`, `current ECFG.VS`: what it has right before the code is called;
 * - `physical NAME`, `address NAME`: a symbol of the code.
 */
export type Operand = bigint | number | string;

/** A place in the context: bytes from its start, or the name of a constant of the code (`.equ`, or an absolute symbol). */
export type Offset = number | string;

/** The code: text, or files. Addresses are given by the bench. */
export type SwitchCode =
  /** GNU assembly, after the C preprocessor. */
  | { readonly assembly: string; readonly file?: string }
  /** Objects (`ET_REL`), linked in their order, or one linked file that is position-independent or made for `base`. */
  | { readonly objects: readonly SwitchObject[] };

/** A file that a compiler or linker made. */
export interface SwitchObject {
  readonly name: string;
  readonly bytes: Uint8Array;
}

/** A function of the code, and its arguments in a0 and up. */
export interface Call {
  readonly symbol: string;
  readonly arguments?: readonly Operand[];
}

/** Where the code keeps the guest. Every place has 8 bytes. */
export interface ContextLayout {
  /** Bytes. */
  readonly size: Offset;
  /** r0, with the others behind it; or the places of r0 to r31 one by one. */
  readonly gprs: Offset | readonly Offset[];
  readonly pc: Offset;
  /** Guest CSRs that the code loads at every entry and saves at every exit. All others are carried by the rest of the hypervisor. */
  readonly csrs?: Readonly<Record<string, Offset>>;
  /** Where the code leaves what the exit recorded; read from the registers themselves where it does not. */
  readonly exit?: { readonly estat?: Offset; readonly badv?: Offset; readonly badi?: Offset };
  /** What the rest of the hypervisor puts into the context before each entry. */
  readonly filled?: Readonly<Record<string, Operand>>;
}

/** Where exits arrive. */
export interface Exits {
  /** The symbol that EENTRY holds while the guest runs. */
  readonly vector: string;
  /** ECFG.VS while the guest runs. */
  readonly vs: number;
  /**
   * The symbol that TLBRENTRY holds while the guest runs.
   * @default {the host's own refill handler}
   */
  readonly refill?: string;
}

/** What the code promises its host. */
export interface SwitchPromises {
  /** CSRs of the host, or fields (`GSTAT.PVM`), that are after the call what they were before. */
  readonly restores: readonly string[];
  /**
   * General registers of the host that are after the call what they were before.
   * @default {ra, tp, sp, r21, fp, s0 to s8: those that the calling convention and Linux keep}
   */
  readonly keeps?: readonly string[];
  /** CSRs of the host that have their values again when the code calls a function after an exit. */
  readonly restoresBeforeCalls?: readonly string[];
  /** After an exit the CSRs of each list are written in its order, each once or more. */
  readonly order?: readonly (readonly string[])[];
}

/** Somebody's world switch. */
export interface SwitchDescription {
  /** What reports call it. */
  readonly name: string;
  readonly code: SwitchCode;
  /**
   * Address of the first byte; virtual, in the direct map.
   * @default {0x9000000001000000n}
   */
  readonly base?: bigint;
  /** Enters the guest and returns after its exit. */
  readonly enter: Call;
  readonly context: ContextLayout;
  readonly exits: Exits;
  readonly promises: SwitchPromises;
  /** Functions that the code calls and does not have: what they return. */
  readonly functions?: Readonly<Record<string, Operand>>;
  /** Other symbols that the code does not have. */
  readonly symbols?: Readonly<Record<string, bigint>>;
  /**
   * CSRs of the host, or fields, that the rest of the hypervisor gives these values from bind to unbind. GSTAT.GID, GTLBC.USETGID and
   * GCFG have them without being named.
   */
  readonly bound?: Readonly<Record<string, Operand>>;
  /** Stage 2; PWCL, PWCH and STLBPS are set for it from bind to unbind where the guest's refills are not the host's. */
  readonly pageTable?: PageTableFormat;
  /** The cases of this hypervisor (`kvm`, `arceos`) are for this code too. */
  readonly protocol?: string;
}
