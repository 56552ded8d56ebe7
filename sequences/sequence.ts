/**
 * What a generated sequence says. It is plain data: JSON can hold it, so that numbers of 64 bits are hex text.
 *
 * @module
 */

/** One of the two guests. */
export type GuestNumber = 0 | 1;

/** A 64-bit value: `0x` and hex digits. */
export type Hex = `0x${string}`;

/** What the host does about a stage-2 fault: map the page to its own memory and retry, or go on behind the instruction. */
export type FaultPolicy = "map" | "skip";

/** How the host drops cached translations after a change of stage 2. */
export type Flush = "none" | "all" | "gid" | "page";

/** One thing that the host does. Each that concerns a guest takes possession of the processor for that guest first. */
export type Action =
  /** Puts code into the guest's code page and runs it until its end, its limit of guest instructions or of exits. */
  | {
    readonly kind: "run";
    readonly guest: GuestNumber;
    /** Instruction words; empty: the guest goes on where it was. */
    readonly code: readonly number[];
    /** General registers set before, by number. */
    readonly gpr: Readonly<Record<string, Hex>>;
    /** Guest CSRs set before, by name. */
    readonly csr: Readonly<Record<string, Hex>>;
    readonly onFault: FaultPolicy;
    /** Guest instructions until a host interrupt stops it. */
    readonly limit: number;
  }
  | { readonly kind: "inject" | "withdraw"; readonly guest: GuestNumber; readonly interrupt: number }
  /** Changes a page of stage 2 (16 KiB, by its number); `target` is a page of the guest's own memory. */
  | {
    readonly kind: "map";
    readonly guest: GuestNumber;
    readonly page: number;
    readonly target: number;
    readonly access: string;
    readonly flush: Flush;
  }
  | { readonly kind: "flush"; readonly guest: GuestNumber; readonly flush: Flush }
  /** What exits: fields of GCFG and GTLBC.TOTI. */
  | { readonly kind: "trap"; readonly fields: readonly string[]; readonly gci: 0 | 1 | 2 }
  | { readonly kind: "gcsr"; readonly guest: GuestNumber; readonly csr: string; readonly value: Hex }
  /** Gives the processor back and takes it again. */
  | { readonly kind: "rebind"; readonly guest: GuestNumber }
  | { readonly kind: "advance"; readonly ticks: number }
  | { readonly kind: "hostTimer"; readonly tcfg: Hex }
  | { readonly kind: "line"; readonly line: number; readonly level: boolean };

/** A whole sequence. */
export interface Sequence {
  /** The text that it was generated from. */
  readonly seed: string;
  /**
   * True if anything in it depends on time or on interrupt lines of the host, which the world switches treat differently. Such a
   * sequence is checked by invariants only; any other must also go alike on every world switch.
   */
  readonly timed: boolean;
  /** The code of each guest's general exception vector and TLB refill vector. */
  readonly handlers: readonly { readonly general: readonly number[]; readonly refill: readonly number[] }[];
  readonly actions: readonly Action[];
}
