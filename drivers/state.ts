/**
 * A state: everything that a run of a machine starts from, and what it leaves. It is plain data, the same for recorded states, the
 * command line, random differential runs and other people's tools; `state_file.ts` reads and prints it as JSON.
 *
 * @module
 */

/** What a processor holds at the start. What is not named is 0, a CSR its reset value. */
export interface WorldState {
  /** Virtual address of the first instruction, in [0, 2^64); 0 in the world in which the run does not start. */
  readonly pc: bigint;
  /** General registers by number, 1 to 31. */
  readonly gpr: ReadonlyMap<number, bigint>;
  /** CSRs by the manual's name, as csrwr writes them (a guest's: as gcsrwr does). */
  readonly csr: ReadonlyMap<string, bigint>;
}

/** The floating-point unit, which both worlds share (LVZ-FP-01). */
export interface FpState {
  /** Registers by number, 0 to 31. */
  readonly fpr: ReadonlyMap<number, bigint>;
  /** Condition flags by number, 0 to 7. */
  readonly fcc: ReadonlyMap<number, 0 | 1>;
  /** FCSR0. */
  readonly fcsr: number;
}

/** Instruction words or data in physical memory. */
export interface MemoryBlock {
  /** Physical address, a multiple of 4. */
  readonly at: number;
  /** 32-bit words, ascending. */
  readonly words: readonly number[];
}

/** A range of guest-physical memory. */
export interface Stage2Range {
  /** Guest-physical address, a multiple of the page size. */
  readonly gpa: bigint;
  /** Physical address, likewise. */
  readonly hpa: bigint;
  /** In bytes, a multiple of the page size. */
  readonly size: bigint;
  /** Some of `r`, `w` and `x`. */
  readonly perm: string;
}

/** Where a run starts. */
export interface State {
  /** Names the state in reports. */
  readonly id: string;
  /** Name of the processor model. */
  readonly profile: string;
  /** Which world the run starts in. */
  readonly mode: "host" | "guest";
  readonly memory: readonly MemoryBlock[];
  readonly host: WorldState;
  /** The guest's registers; the general registers are the guest's if `mode` is `guest`. */
  readonly guest?: WorldState;
  readonly fp: FpState;
  readonly stage2: readonly Stage2Range[];
  /**
   * The run ends when the host is about to execute at this virtual address, and its exceptions go to its own EENTRY, TLBRENTRY and MERRENTRY;
   * one whose entry neither the state nor its code has set ends the run as well.
   * Without it, the first exception of the host (an exit, in guest mode) ends the run.
   */
  readonly end?: bigint;
  /** At most this many instructions. */
  readonly budget: number;
  /** What the run should leave, where that is known. */
  readonly result?: Result;
}

/** How a run ended. */
export type Ending =
  /** An exception of the host, or an exit of the guest. */
  | {
    readonly kind: "exception";
    /** Which entry it took. */
    readonly entry: "general" | "refill" | "machine error";
    /** ESTAT.Ecode; 0x3f for a TLB refill, which has none. */
    readonly ecode: number;
    readonly esubcode: number;
    /** The return address that the exception recorded. */
    readonly at: bigint;
  }
  /** `end` was reached. */
  | { readonly kind: "end" }
  /** The budget was used up; the machine would go on. A driver that cannot count instructions calls a run that does not end so. */
  | { readonly kind: "budget" }
  /** The processor idles and nothing can wake it. */
  | { readonly kind: "idle" }
  /** Software asked for power off or reset. */
  | { readonly kind: "device"; readonly reason: string };

/** What a run left. Only what differs from the state at the start is named. */
export interface Result {
  readonly ending: Ending;
  readonly gpr: ReadonlyMap<number, bigint>;
  readonly fpr: ReadonlyMap<number, bigint>;
  readonly fcc: ReadonlyMap<number, 0 | 1>;
  /** FCSR0, where it changed. */
  readonly fcsr?: number;
  /** The host's CSRs by name. */
  readonly csr: ReadonlyMap<string, bigint>;
  /** The guest's copies by name. */
  readonly gcsr: ReadonlyMap<string, bigint>;
  /** Physical memory: 32-bit words by address. */
  readonly memory: ReadonlyMap<number, number>;
}
