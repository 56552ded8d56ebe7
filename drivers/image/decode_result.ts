/**
 * From the line of a state to its result.
 *
 * @module
 */
import { ESTAT, MERRERA } from "../../core/csr/basic.ts";
import { TLBRERA } from "../../core/csr/translation.ts";
import type { Answer } from "../driver.ts";
import type { Ending, Result, State } from "../state.ts";
import type { ResultLine } from "./line.ts";
import { isMonitors } from "./places.ts";
import { CRMD_SLOT, FCC_SLOT, FCSR_SLOT, FPR_SLOT, type Slots } from "./slots.ts";

/** ESTAT.Ecode as reports name a TLB refill, which records none. */
const REFILL_ECODE = 0x3f;

/** A value of a slot by the name of its register. */
function valueOf(line: ResultLine, slots: Slots, name: string): bigint {
  return line.slots.get(slots.named(name, false)?.slot ?? -1) ?? 0n;
}

function endingOf(line: ResultLine, slots: Slots): Ending {
  const value = (name: string) => valueOf(line, slots, name);
  switch (line.ending) {
    case "end":
      return { kind: "end" };
    case "general": {
      const status = value("ESTAT");
      const [ecode, esubcode] = [ESTAT.Ecode.number(status), ESTAT.EsubCode.number(status)];
      return { kind: "exception", entry: "general", ecode, esubcode, at: value("ERA") };
    }
    case "refill":
      return {
        kind: "exception",
        entry: "refill",
        ecode: REFILL_ECODE,
        esubcode: 0,
        at: value(TLBRERA.name) & ~3n,
      };
    case "machine error":
      return { kind: "exception", entry: "machine error", ecode: 0, esubcode: 0, at: value(MERRERA.name) };
  }
}

/** Condition flags that differ from those of the state, from all eight of them. */
function changedFlags(state: State, flags: bigint): Map<number, 0 | 1> {
  const changed = new Map<number, 0 | 1>();
  for (let n = 0; n < 8; n++) {
    const flag = (flags >> BigInt(n)) & 1n ? 1 : 0;
    if (flag !== (state.fp.fcc.get(n) ?? 0)) changed.set(n, flag);
  }
  return changed;
}

/** What entering by ertn leaves, where nothing overwrote it: not the state's doing, and so not a part of the result. */
export interface EntryLeftovers {
  /** Undefined where the guest was entered again behind the state's back, and so anything may be left. */
  readonly era: bigint | undefined;
  readonly prmd: bigint | undefined;
}

/** An exception since would have left its code, or another return address. */
function dropLeftovers(csr: Map<string, bigint>, { era, prmd }: EntryLeftovers): void {
  const isLeft = era === undefined || (csr.get("ERA") === era && !csr.has("ESTAT"));
  if (!isLeft) return;
  csr.delete("ERA");
  if (prmd === undefined || csr.get("PRMD") === prmd) csr.delete("PRMD");
}

/** What a line says about its state. */
export function decodeResult(
  line: ResultLine,
  state: State,
  slots: Slots,
  { leftovers, keepsCodes }: { readonly leftovers?: EntryLeftovers; readonly keepsCodes: boolean },
): Answer {
  const ending = endingOf(line, slots);
  if (ending.kind === "exception" && isMonitors(ending.at)) {
    return { kind: "broken", reason: lost(line, ending.at) };
  }
  const gpr = new Map<number, bigint>();
  const fpr = new Map<number, bigint>();
  const csr = new Map<string, bigint>();
  const gcsr = new Map<string, bigint>();
  for (const [slot, value] of line.slots) {
    const found = slots.at(slot);
    if (line.same.has(slot)) continue;
    if (slot === CRMD_SLOT) csr.set("CRMD", value);
    else if (slot < FPR_SLOT) gpr.set(slot, value);
    else if (slot < FCSR_SLOT) fpr.set(slot - FPR_SLOT, value);
    else if (found !== undefined) (found.isGuest ? gcsr : csr).set(found.csr.name, value);
  }
  if (line.ending !== "general") {
    if (leftovers !== undefined) dropLeftovers(csr, leftovers);
    if (keepsCodes) csr.delete("ESTAT");
  }
  const fcsr = line.slots.get(FCSR_SLOT);
  const flags = line.slots.get(FCC_SLOT);
  const result: Result = {
    ending,
    gpr,
    fpr,
    fcc: flags === undefined ? new Map<number, 0 | 1>() : changedFlags(state, flags),
    ...(fcsr === undefined ? {} : { fcsr: Number(fcsr) }),
    csr,
    gcsr,
    memory: line.memory,
  };
  return { kind: "result", result };
}

function lost(line: ResultLine, at: bigint): string {
  return `the monitor could not be reached, or was disturbed: exception (${line.ending}) at 0x${
    at.toString(16)
  }, which is the monitor's own`;
}
