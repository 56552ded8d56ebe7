/**
 * What to call it when something else came than the expected exit: a wrong one, a missing one, one too many, none at all.
 *
 * @module
 */
import { EXCEPTIONS } from "../core/mod.ts";
import { ERA, ESTAT } from "../core/csr/basic.ts";
import { TLBRBADV, TLBRERA } from "../core/csr/translation.ts";
import { hypercallCode } from "../vcpu/guest_access.ts";
import { type Entered, serviceInterrupts } from "../vcpu/mod.ts";
import type { Bench } from "./bench.ts";
import { exceptionName, kindOf, sameExit } from "./compare.ts";
import { hex } from "../core/hex.ts";
import { decodeFields, interruptNames, placeOf } from "./decode.ts";
import type { Difference } from "./difference.ts";
import { loopIn } from "./loop.ts";
import type { RegisterSnapshot } from "./observe.ts";
import { HISTORY, type Mark } from "./outcome.ts";
import type { ResolvedExit } from "./resolve.ts";

/** Instructions that a guest gets to show whether it exits once more. */
export const AFTERWARDS = 1_000;

/** What a mismatch is called, and what shows it. */
export interface Mismatch {
  readonly headline: string;
  readonly marks: readonly Mark[];
  readonly differences: readonly Difference[];
}

/** Names what came instead of exit `i`. Lets the guest run on to find out whether the expected exit follows. */
export function mismatch(
  bench: Bench,
  exits: readonly ResolvedExit[],
  i: number,
  entered: Entered,
): Mismatch {
  const expected = exits[i];
  if (expected === undefined) throw new RangeError(`Cannot name a mismatch: there is no exit ${i}`);
  const position = `exit ${i + 1} of ${exits.length}`;
  const wanted = describeExpected(expected);
  const marks = [...expectedMark(expected), actualMark(bench, entered)];
  const named = (headline: string): Mismatch => ({ headline, marks, differences: [] });
  if (entered.kind === "budget") {
    const place = placeOf(runningAt(bench), bench.program);
    return named(
      `${position} did not come: expected ${wanted}, but the guest was still running at ${place} ` +
        `when its budget of ${bench.budget} instructions was used up`,
    );
  }
  if (bench.isEnd(entered.exit)) {
    const headline = `${position} did not come: expected ${wanted}, but the guest ran to the end of the code`;
    return { headline, marks: expectedMark(expected), differences: [] };
  }
  const actual = describeActual(bench, entered);
  const later = exits.findIndex((e, j) => j > i && sameExit(e, entered));
  if (later > 0) return named(`${position} is missing: expected ${wanted}, got exit ${later + 1}, ${actual}`);
  if (followsNext(bench, expected, entered)) {
    return named(`an extra exit came before ${position}: ${actual}; ${wanted} follows it`);
  }
  const headline = `${position} is wrong: expected ${wanted}, got ${actual}`;
  return { headline, marks, differences: compareStatus(expected, entered) };
}

/** An exit after the last one. */
export function extraExit(bench: Bench, count: number, entered: Entered): Mismatch {
  const actual = describeActual(bench, entered);
  return {
    headline:
      `an extra exit came after the last of ${count}: ${actual} (code that follows the last exit runs on, ` +
      "unless the case says `runsOn: false`)",
    marks: [actualMark(bench, entered)],
    differences: [],
  };
}

/** True if the expected exit comes right after this one, which is then one too many. */
function followsNext(
  bench: Bench,
  expected: ResolvedExit,
  entered: Extract<Entered, { kind: "exit" }>,
): boolean {
  const { vcpu, cpu } = bench;
  const kind = kindOf(entered);
  if (expected.kind === "running" || kind === "refill") return false;
  try {
    if (kind === "INT") serviceInterrupts(cpu);
    else vcpu.pc = BigInt.asUintN(64, entered.exit.pc + 4n);
    return sameExit(expected, vcpu.enter(AFTERWARDS));
  } catch {
    // Whatever happens when a lost guest runs on, it says nothing about the exit that is reported.
    return false;
  }
}

/** ESTAT as it is and as the expected exit would have left it. */
function compareStatus(
  { kind }: ResolvedExit,
  entered: Extract<Entered, { kind: "exit" }>,
): readonly Difference[] {
  const { via, estat } = entered.exit;
  if (via === "refill" || kind === "refill" || kind === "running" || kind === kindOf(entered)) return [];
  const { ecode, esubcode } = EXCEPTIONS[kind];
  const expected = ESTAT.EsubCode.set(ESTAT.Ecode.set(estat, BigInt(ecode)), BigInt(esubcode));
  return [{ what: "ESTAT", csr: ESTAT, got: estat, expected }];
}

// In words -------------------------------------------------------------------------------------------------------------

/** The exit that came: ``HVC 5 at `call` ``. */
export function describeActual(bench: Bench, entered: Entered): string {
  if (entered.kind === "budget") return "no exit";
  const { exit } = entered;
  const kind = kindOf(entered);
  const from = kind === "INT" ? ` (${interruptNames(ESTAT.IS.get(exit.estat))})` : "";
  const gpa = exit.via === "refill" || kind.startsWith("P") ? ` for GPA ${hex(exit.badv)}` : "";
  return `${kindWithCode(entered)}${from} at ${placeOf(exit.pc, bench.program)}${gpa}`;
}

/** The exit that was expected, as far as the case says. */
export function describeExpected({ kind, code, place, pending, gpa }: ResolvedExit): string {
  if (kind === "running") return "no exit";
  const number = code === undefined ? "" : ` ${code}`;
  const from = pending === 0n ? "" : ` (${interruptNames(pending)})`;
  const at = place === undefined ? "" : ` at ${place}`;
  return `${kind}${number}${from}${at}${gpa === undefined ? "" : ` for GPA ${hex(gpa)}`}`;
}

function kindWithCode(entered: Entered): string {
  const kind = kindOf(entered);
  return entered.kind === "exit" && kind === "HVC"
    ? `${kind} ${hypercallCode(Number(entered.exit.badi))}`
    : kind;
}

function expectedMark({ at, kind, code }: ResolvedExit): readonly Mark[] {
  const text = `expected ${kind}${code === undefined ? "" : ` ${code}`}`;
  return at === undefined ? [] : [{ address: at, text }];
}

/** The place of an exit, or where the guest still runs. */
export function actualMark(bench: Bench, entered: Entered): Mark {
  if (entered.kind === "budget") return { address: runningAt(bench), text: "still running" };
  return { address: entered.exit.pc, text: `got ${kindWithCode(entered)}` };
}

/** Where a guest is that still runs: of a loop its first instruction, since nobody can tell when it was stopped. */
function runningAt({ machine }: Bench): bigint {
  return loopIn(machine.history.last(HISTORY, "guest"))?.[0]?.pc ?? machine.pc;
}

/** The exceptions that the guest took itself, if its registers show any: the usual reason why a guest is lost. */
export function guestExceptions(bench: Bench, before: RegisterSnapshot | undefined): readonly string[] {
  if (before === undefined) return [];
  const { guest } = bench.machine;
  const [estat, era, refillEra] = [ESTAT, ERA, TLBRERA].map((csr) => guest.read(csr)) as [
    bigint,
    bigint,
    bigint,
  ];
  const place = (address: bigint) => placeOf(address, bench.program);
  const codes = ESTAT.Ecode.mask | ESTAT.EsubCode.mask;
  const hasTaken = era !== before.get(ERA) || (estat & codes) !== ((before.get(ESTAT) ?? 0n) & codes);
  const hasRefilled = refillEra !== before.get(TLBRERA) && TLBRERA.IsTLBR.get(refillEra) !== 0n;
  const taken = `the guest took ${exceptionName(estat)} itself: its ERA is ${place(era)}, ` +
    `its ESTAT ${hex(estat)} (${decodeFields(ESTAT, estat)})`;
  const refilled = `the guest took a TLB refill itself: its TLBRERA is ${place(refillEra & ~3n)}, ` +
    `its TLBRBADV ${hex(guest.read(TLBRBADV))}`;
  return [...(hasTaken ? [taken] : []), ...(hasRefilled ? [refilled] : [])];
}
