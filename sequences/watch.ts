/**
 * An engine that looks at the machine before and after everything that the engine inside it executes.
 *
 * @module
 */
import {
  CSRS,
  type Engine,
  EXCEPTIONS,
  INTERRUPT,
  LA464,
  type Machine,
  type RunLimits,
  type Stop,
} from "../core/mod.ts";
import { BADI, CRMD, ERA, ESTAT, PRMD } from "../core/csr/basic.ts";
import { GSTAT } from "../core/csr/lvz.ts";
import { TLBRERA, TLBRPRMD } from "../core/csr/translation.ts";
import { LAYOUT } from "./layout.ts";
import { shown, Violation } from "./violation.ts";

/** The registers in the order of a bank's values. */
export const BANK = CSRS.filter((c) => c.existsIn(LA464));
const NAMES = BANK.map((c) => c.name);
const ERTN = 0x06483800;
const HVCL = 0x002b8000n;

function slots(...names: readonly string[]): ReadonlySet<number> {
  return new Set(names.map((n) => NAMES.indexOf(n)));
}

/** What time changes by itself. */
export const TIME_SLOTS = slots("ESTAT", "TVAL");
const GENERAL_SLOTS = slots(
  ...["ESTAT", "TVAL", "ERA", "PRMD", "CRMD", "GSTAT", "BADI", "BADV", "TLBEHI"],
);
const REFILL_SLOTS = slots(
  ...["ESTAT", "TVAL", "TLBRERA", "TLBRBADV", "TLBREHI", "TLBRPRMD", "CRMD", "GSTAT"],
);

/** The name and values of the first register that differs, but for those in `except`. */
export function firstDifference(
  before: BigUint64Array,
  after: BigUint64Array,
  except?: ReadonlySet<number>,
): string | undefined {
  for (let i = 0; i < before.length; i++) {
    if (before[i] !== after[i] && !except?.has(i)) {
      return `${NAMES[i] ?? i} from ${shown(before[i] ?? 0n)} to ${shown(after[i] ?? 0n)}`;
    }
  }
  return undefined;
}

/** HVC comes from hvcl and from nothing else. (The reverse need not hold: with GCFG.SIT hvcl may exit with GSPR.) */
function checkHypercall(ecode: number, badi: bigint): void {
  if (ecode !== EXCEPTIONS.HVC.ecode || badi >> 15n === HVCL >> 15n) return;
  throw new Violation("exit-reason", `the word ${shown(badi)} exits with HVC`);
}

/** Watches every instruction of host and guest. */
export class Watch implements Engine {
  readonly name = "watch";
  /** Guest instructions that completed since {@linkcode Watch.arm}: those that exit did not. */
  completed = 0;
  /** The same since the start, with repetitions. */
  total = 0;
  /** True once the host's interrupt was raised. */
  raised = false;
  /** Called when the guest was entered, before its first instruction. */
  entered: (m: Machine) => void = () => {};
  readonly #inner: Engine;
  #limit = Infinity;
  readonly #gprs = new BigUint64Array(32);
  #pc = 0n;
  /** True if an instruction was executed since the entry. */
  #executed = false;
  #changes = -1;
  #entry: BigUint64Array = new BigUint64Array(0);

  constructor(inner: Engine) {
    this.#inner = inner;
  }

  /** Raises the host's IPI line as soon as this many guest instructions are complete. */
  arm(limit: number): void {
    this.#limit = limit;
    this.completed = 0;
    this.raised = false;
  }

  execute(m: Machine, word: number): void {
    this.#world(m, false);
    this.#inner.execute(m, word);
    if (word !== ERTN) this.#world(m, false);
  }

  run(m: Machine, limits: RunLimits): Stop {
    this.#entry = m.host.values.slice();
    this.#changes = m.changes;
    this.#executed = false;
    this.entered(m);
    const onInstruction = (machine: Machine) => this.#before(machine);
    for (;;) {
      const stop = this.#inner.run(m, { ...limits, onInstruction });
      if (stop.kind === "requested") {
        this.raised = true;
        m.setLine(INTERRUPT.IPI, true);
        continue;
      }
      if (stop.kind === "host") this.#exit(m);
      return stop;
    }
  }

  #world(m: Machine, guest: boolean): void {
    if (m.inGuest === guest && m.host.is(GSTAT.VM) === guest) return;
    const [is, vm] = [m.inGuest ? "guest" : "host", m.host.get(GSTAT.VM)];
    throw new Violation(
      "host-mode",
      `a ${guest ? "guest" : "host"} instruction runs in ${is} mode, VM = ${vm}`,
    );
  }

  /** Before each guest instruction; true stops the run. */
  #before(m: Machine): boolean {
    if (this.completed >= this.#limit && !this.raised) return true;
    this.#world(m, true);
    if (m.changes !== this.#changes) {
      this.#changes = m.changes;
      const change = firstDifference(this.#entry, m.host.values, TIME_SLOTS);
      if (change !== undefined) {
        throw new Violation("host-bank", `the guest before ${shown(m.pc)} changed ${change}`);
      }
    }
    this.#gprs.set(m.gpr);
    this.#pc = m.pc;
    this.#executed = true;
    this.completed++;
    this.total++;
    return false;
  }

  #exit(m: Machine): void {
    this.#world(m, false);
    const isRefill = m.pc === LAYOUT.refillEntry;
    const change = firstDifference(this.#entry, m.host.values, isRefill ? REFILL_SLOTS : GENERAL_SLOTS);
    if (change !== undefined) {
      throw new Violation("host-bank", `the exit at ${shown(this.#pc)} changed ${change}`);
    }
    this.#mode(m, isRefill);
    const ecode = Number(m.host.get(ESTAT.Ecode));
    const isSynchronous = isRefill ||
      (ecode !== EXCEPTIONS.INT.ecode &&
        !(ecode === EXCEPTIONS.GCHC.ecode && m.host.get(ESTAT.EsubCode) === 1n));
    if (!isSynchronous) return;
    this.#synchronous(m, isRefill);
    if (!isRefill) checkHypercall(ecode, m.host.get(BADI.Inst));
    this.completed--;
  }

  /** LVZ-EXIT-03, -17: what an exit does to the mode. */
  #mode(m: Machine, isRefill: boolean): void {
    const { host } = m;
    const old = this.#entry[NAMES.indexOf("CRMD")] ?? 0n;
    const [plv, ie] = isRefill ? [TLBRPRMD.PPLV, TLBRPRMD.PIE] : [PRMD.PPLV, PRMD.PIE];
    const facts: readonly (readonly [string, bigint, bigint])[] = [
      ["CRMD.PLV", host.get(CRMD.PLV), 0n],
      ["CRMD.IE", host.get(CRMD.IE), 0n],
      ["CRMD.DA", host.get(CRMD.DA), isRefill ? 1n : CRMD.DA.get(old)],
      ["CRMD.PG", host.get(CRMD.PG), isRefill ? 0n : CRMD.PG.get(old)],
      ["the previous PLV", host.get(plv), CRMD.PLV.get(old)],
      ["the previous IE", host.get(ie), CRMD.IE.get(old)],
      ["the previous VM", host.get(isRefill ? TLBRPRMD.PGM : GSTAT.PVM), 1n],
      ["GSTAT.GID", host.get(GSTAT.GID), GSTAT.GID.get(this.#entry[NAMES.indexOf("GSTAT")] ?? 0n)],
    ];
    const wrong = facts.find(([, got, expected]) => got !== expected);
    if (wrong) {
      throw new Violation("exit-state", `${wrong[0]} is ${wrong[1]} after the exit, not ${wrong[2]}`);
    }
  }

  /** LVZ-EXIT-25: an instruction that exits has no effect, and the exit names it. */
  #synchronous(m: Machine, isRefill: boolean): void {
    const era = isRefill ? m.host.read(TLBRERA) & ~3n : m.host.read(ERA);
    if (!this.#executed || era !== this.#pc) {
      throw new Violation(
        "exit-state",
        `the exit of the instruction at ${shown(this.#pc)} records ${shown(era)}`,
      );
    }
    const changed = this.#gprs.findIndex((value, r) => value !== m.gpr[r]);
    if (changed >= 0) {
      throw new Violation("exit-state", `the instruction at ${shown(era)} exits and changes $r${changed}`);
    }
  }
}
