/**
 * Exceptions and interrupts, for `lvz explain`.
 *
 * @module
 */
import { ECODE_NAMES, type ExceptionKind, EXCEPTIONS } from "../core/exception_codes.ts";
import { INTERRUPT_NAMES } from "../core/interrupts.ts";
import { UsageError } from "./io.ts";
import { hex } from "../core/hex.ts";
import { table } from "./text.ts";

const ALL: readonly ExceptionKind[] = Object.values(EXCEPTIONS);
/** Vectors of interrupts follow those of the exceptions. */
const FIRST_INTERRUPT_VECTOR = 64;

/**
 * The exception of a code.
 *
 * @throws {UsageError} if there is none
 */
export function exceptionOfCode(ecode: bigint, esubcode: bigint): string {
  const same = ALL.filter((e) => BigInt(e.ecode) === ecode);
  const found = same.find((e) => BigInt(e.esubcode) === esubcode);
  if (found !== undefined) return text(found);
  if (same.length === 0) throw new UsageError(`Cannot explain ecode ${ecode}: no exception has it`);
  const known = same.map((e) => `${e.esubcode} (${e.name})`).join(", ");
  throw new UsageError(`Cannot explain ecode ${ecode}, esubcode ${esubcode}: its sub-codes are ${known}`);
}

/** The exception of a name such as `GSPR`, or those that share one, such as `GCM`; undefined if there is none. */
export function exceptionByName(name: string): string | undefined {
  const found = ALL.filter((e) => e.name === name);
  const same = found.length > 0 ? found : ALL.filter((e) => ECODE_NAMES[e.ecode] === name);
  return same.length > 0 ? same.map(text).join("\n") : undefined;
}

function text(kind: ExceptionKind): string {
  const vector = kind === EXCEPTIONS.INT ? `(${FIRST_INTERRUPT_VECTOR} + interrupt)` : `${kind.ecode}`;
  const others = ALL.filter((e) => e.ecode === kind.ecode && e !== kind);
  const rows = [
    ["ecode", `${hex(kind.ecode)} (${kind.ecode})`],
    ["esubcode", `${kind.esubcode}`],
    ["entry", `EENTRY with ECFG.VS = 0, else EENTRY | ${vector} * 4 * 2^VS`],
  ];
  if (others.length > 0) {
    rows.push([
      "same ecode",
      others.map((e) => `${e.name} (esubcode ${e.esubcode})`).join(", "),
    ]);
  }
  return `${kind.name}, exception: ${kind.text}\n${table(rows)}`;
}

/** The interrupt of a name such as `TI`, undefined if there is none. */
export function interruptByName(name: string): string | undefined {
  const number = INTERRUPT_NAMES.indexOf(name);
  if (number < 0) return undefined;
  const rows = [
    ["bit", `${number} of ESTAT.IS and ECFG.LIE (mask ${hex(1 << number)})`],
    ["entry", `EENTRY with ECFG.VS = 0, else EENTRY | ${FIRST_INTERRUPT_VECTOR + number} * 4 * 2^VS`],
    ["priority", "among those pending and enabled, the highest number is taken"],
  ];
  return `${name}, interrupt\n${table(rows)}`;
}
