/**
 * Builders of expected exits, one for each reason to leave guest mode.
 *
 * @module
 */
import type { ExceptionName } from "../core/mod.ts";
import type { ExitExpectation, ExpectedExit, Value } from "./case.ts";

/** A sensitive instruction (GSPR): cpucfg, idle, iocsr, cacop, a CSR without a guest copy. */
export function gspr(expectation: ExitExpectation = {}): ExpectedExit {
  return { kind: "GSPR", ...expectation };
}

/** `hvcl code` (HVC). */
export function hvc(code: number, expectation: ExitExpectation = {}): ExpectedExit {
  return { kind: "HVC", code, ...expectation };
}

/** A host interrupt; `pending` names those in ESTAT.IS, as in `"TI"` or `["TI", "HWI3"]`. */
export function interrupt(
  pending: string | readonly string[],
  expectation: ExitExpectation = {},
): ExpectedExit {
  return { kind: "INT", pending: typeof pending === "string" ? [pending] : pending, ...expectation };
}

/** The page exceptions that stage 2 raises. */
export type Stage2Fault = Extract<ExceptionName, "PIL" | "PIS" | "PIF" | "PME" | "PNR" | "PNX">;

/** A stage-2 page fault, which reports a GPA. */
export function fault(kind: Stage2Fault, gpa: Value, expectation: ExitExpectation = {}): ExpectedExit {
  return { kind, gpa, ...expectation };
}

/** A stage-2 TLB refill that the world switch passes on to its VMM. */
export function refill(gpa: Value, expectation: ExitExpectation = {}): ExpectedExit {
  return { kind: "refill", gpa, ...expectation };
}

/** A change of guest state that the host asked to see: `GCSC` (GCFG.TOP) or `GCHC` (GCFG.TOE). */
export function gcm(kind: "GCSC" | "GCHC", expectation: ExitExpectation = {}): ExpectedExit {
  return { kind, ...expectation };
}

/** A unit that the guest has enabled and the host has not. Only floating point is there so far. */
export function disabled(kind: "FPD", expectation: ExitExpectation = {}): ExpectedExit {
  return { kind, ...expectation };
}

/** No exit: the guest is still running when the budget is used up. Only at the end of a case. */
export function running(expectation: ExitExpectation = {}): ExpectedExit {
  return { kind: "running", ...expectation };
}
