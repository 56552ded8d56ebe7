/**
 * What a case in host mode says: no guest, only what the processor does for its host.
 *
 * @module
 */
import type { ExceptionName } from "../core/mod.ts";
import type { AnyCase } from "./any_case.ts";
import type { Csrs, Lines, Registers, Value } from "./case.ts";

/** How a program in host mode ends, and what then holds. */
export interface HostExpectation {
  /**
   * `end`: execution reaches the end of the code or its label `end`. Otherwise the exception that nobody handles: a vector that the code did not
   * set leads out of the case.
   * @default {"end"}
   */
  readonly ends?: "end" | ExceptionName | "refill" | "machine error";
  /** Where: the return address that the exception recorded. */
  readonly at?: Value;
  /** General registers that changed, with their new values. */
  readonly regs?: Registers;
  /** @default {"unchanged"} */
  readonly otherRegs?: "unchanged" | "any";
  /** The host's CSRs that changed. */
  readonly csr?: Csrs;
  /**
   * The host's CSRs that are not in `csr`, but for those that an expected exception itself records.
   * @default {"unchanged"}
   */
  readonly otherCsrs?: "unchanged" | "any";
  /** The guest's copies that changed, as gcsrrd would read them. */
  readonly gcsr?: Csrs;
  /** @default {"unchanged"} */
  readonly otherGcsrs?: "unchanged" | "any";
  /** Physical memory: address (or label) and its 64-bit value. */
  readonly memory?: readonly { readonly at: Value; readonly value: Value }[];
}

/** A case in host mode. */
export interface HostCase extends AnyCase {
  /** Host code: GNU assembly. It starts at its first instruction, in direct mode at PLV0 with interrupts off. */
  readonly code: string;
  /** General registers at the start; all others hold recognisable values. */
  readonly set?: Registers;
  /** CSRs at the start, as csrwr would write them. */
  readonly csr?: Csrs;
  /** Guest copies at the start, as gcsrwr would write them. */
  readonly gcsr?: Csrs;
  /** Interrupt lines at the start. */
  readonly lines?: Lines;
  /**
   * A machine error (cause 1) arrives before the instruction at this label executes for the first time, in host mode or in a guest that the code
   * entered.
   */
  readonly machineErrorAt?: Value;
  readonly expect: HostExpectation;
  /**
   * Instructions until the case must have ended.
   * @default {10000}
   */
  readonly budget?: number;
}
