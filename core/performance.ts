/**
 * The performance counters of host and guest.
 *
 * Nothing is counted instruction by instruction: a counter's value is what is stored in PMCNT plus what has happened since, which follows from the
 * clock. What a counter counts depends on the mode, so that the engine settles the counts whenever registers have changed; with no counter
 * enabled that costs nothing. An instruction counts in the mode in which it began; one that raises an exception is not retired.
 *
 * @module
 */
import type { Alarm } from "./clock.ts";
import type { CsrBank } from "./csr/bank.ts";
import type { Field } from "./csr/define.ts";
import { GCFG } from "./csr/lvz.ts";
import { EVENT, PMCFG, PMCNT } from "./csr/performance.ts";
import type { Machine } from "./machine.ts";
import type { Restore, Stateful } from "./snapshot/stateful.ts";

const OVERFLOW = 1n << 63n;
/** Further away nothing is scheduled: ticks are exact numbers. */
const HORIZON = 1n << 52n;

/** A counter that counts in the present mode. */
interface Running {
  readonly bank: CsrBank;
  readonly n: number;
  readonly event: bigint;
  /** Written by the instruction under way, which it does not count. */
  isFresh: boolean;
}

/** What has happened until a moment. */
interface Moment {
  readonly retired: number;
  readonly ticks: number;
}

type Level = "PLV0" | "PLV1" | "PLV2" | "PLV3";
const LEVELS = ["PLV0", "PLV1", "PLV2", "PLV3"] as const satisfies readonly Level[];
const GMOD_GUEST = 2n;

function copies(running: readonly Running[]): readonly Running[] {
  return running.map((r) => ({ ...r }));
}

/** The counters of one machine: those of the host, and the guest's copies. */
export class PerformanceCounters implements Alarm, Stateful {
  readonly #m: Machine;
  readonly #count: number;
  #running: readonly Running[] = [];
  /** When the present mode began. */
  #since: Moment = { retired: 0, ticks: 0 };
  /** Some counter counts in some mode. */
  #enabled = false;
  /** Some counter of the host, of the guest, has its interrupt enabled. */
  #interrupts = { host: false, guest: false };
  #cyclesDue: number | undefined;
  #instructionsDue: number | undefined;

  constructor(m: Machine) {
    this.#m = m;
    this.#count = m.profile.performanceCounters;
    m.clock.add(this);
  }

  /** True if what happens is counted in some mode, so that a change of mode has to be noticed. */
  get areCounting(): boolean {
    return this.#enabled || this.#running.length > 0;
  }

  /** The tick of the next overflow that interrupts. Instructions do not overflow while the processor idles. */
  get due(): number | undefined {
    const { idle } = this.#m;
    if (idle || this.#instructionsDue === undefined) return this.#cyclesDue;
    return Math.min(this.#instructionsDue, this.#cyclesDue ?? Infinity);
  }

  /** An overflow is due: the interrupts have to be looked at again. */
  fire(): void {
    this.#m.changes++;
    this.#schedule();
  }

  save(): Restore {
    const [running, since, enabled, interrupts] = [
      copies(this.#running),
      this.#since,
      this.#enabled,
      this.#interrupts,
    ];
    const [cyclesDue, instructionsDue] = [this.#cyclesDue, this.#instructionsDue];
    return () => {
      this.#running = copies(running);
      this.#since = since;
      this.#enabled = enabled;
      this.#interrupts = interrupts;
      this.#cyclesDue = cyclesDue;
      this.#instructionsDue = instructionsDue;
    };
  }

  /** The value of a PMCNT. */
  value(isGuest: boolean, n: number): bigint {
    const bank = this.#bank(isGuest);
    const csr = PMCNT[n];
    if (csr === undefined || !bank.has(csr.number)) return 0n;
    const running = this.#running.find((r) => r.bank === bank && r.n === n);
    const happened = running === undefined ? 0n : this.#happened(running);
    return BigInt.asUintN(64, bank.read(csr) + happened);
  }

  /** True if a counter whose interrupt is enabled has overflowed. */
  isOverflowing(isGuest: boolean): boolean {
    if (!(isGuest ? this.#interrupts.guest : this.#interrupts.host)) return false;
    for (let n = 0; n < this.#owned(isGuest); n++) {
      if (this.#is(isGuest, n, "PMIEn") && (this.value(isGuest, n) & OVERFLOW) !== 0n) return true;
    }
    return false;
  }

  /** A PMCFG was written. */
  configured(): void {
    this.#enabled = this.#any(false, LEVELS) || this.#any(true, LEVELS);
    this.#interrupts = { host: this.#any(false, ["PMIEn"]), guest: this.#any(true, ["PMIEn"]) };
  }

  /** A PMCNT was written, by an instruction that it does not count. */
  written(isGuest: boolean, n: number): void {
    const bank = this.#bank(isGuest);
    for (const r of this.#running) {
      if (r.bank === bank && r.n === n) r.isFresh = true;
    }
  }

  /** Adds what has happened to the counters and begins anew in the present mode. Called between instructions after every change. */
  settle(): void {
    if (!this.areCounting) return;
    for (const r of this.#running) {
      const happened = this.#happened(r);
      const csr = PMCNT[r.n];
      if (happened !== 0n && csr !== undefined) {
        r.bank.write(csr, BigInt.asUintN(64, r.bank.read(csr) + happened));
      }
    }
    this.#since = { retired: this.#m.clock.retired, ticks: this.#m.clock.now };
    this.#running = [...this.#inPresentMode(false), ...this.#inPresentMode(true)];
    this.#schedule();
  }

  #bank(isGuest: boolean): CsrBank {
    return isGuest ? this.#m.guest : this.#m.host;
  }

  /** How many counters a world has: the guest, those that it was given (LVZ-PMU-01). */
  #owned(isGuest: boolean): number {
    return isGuest ? Number(this.#m.host.get(GCFG.GPERF)) : this.#count;
  }

  #is(isGuest: boolean, n: number, name: Level | "PMIEn"): boolean {
    const field: Field | undefined = PMCFG[n]?.[name];
    return field !== undefined && this.#bank(isGuest).is(field);
  }

  #any(isGuest: boolean, names: readonly (Level | "PMIEn")[]): boolean {
    for (let n = 0; n < this.#count; n++) {
      if (names.some((name) => this.#is(isGuest, n, name))) return true;
    }
    return false;
  }

  #inPresentMode(isGuest: boolean): readonly Running[] {
    const { inGuest, plv } = this.#m;
    const level = LEVELS[plv];
    if (level === undefined || (isGuest && !inGuest)) return [];
    return Array.from({ length: this.#owned(isGuest) }, (_, n) => n)
      .filter((n) => this.#is(isGuest, n, level) && (isGuest || this.#means(n, inGuest)))
      .map((n) => ({ bank: this.#bank(isGuest), n, event: this.#event(isGuest, n), isFresh: false }));
  }

  /** LVZ-CSR-14: PMCFG.GMOD says which world a counter of the host counts. */
  #means(n: number, inGuest: boolean): boolean {
    const field = PMCFG[n]?.GMOD;
    const mode = field === undefined ? 0n : this.#m.host.get(field);
    return inGuest ? mode >= GMOD_GUEST : mode !== GMOD_GUEST;
  }

  #event(isGuest: boolean, n: number): bigint {
    const field = PMCFG[n]?.EvCode;
    return field === undefined ? EVENT.cycles : this.#bank(isGuest).get(field);
  }

  /** What a running counter has counted since the present mode began. */
  #happened({ event, isFresh }: Running): bigint {
    const { clock } = this.#m;
    if (isFresh) return 0n;
    if (event === EVENT.cycles) return BigInt(clock.now - this.#since.ticks);
    return event === EVENT.instructions ? BigInt(clock.retired - this.#since.retired) : 0n;
  }

  /** Events until a running counter overflows with its interrupt enabled; undefined if that is not to be waited for. */
  #left(r: Running): number | undefined {
    const isGuest = r.bank === this.#m.guest;
    const left = OVERFLOW - this.value(isGuest, r.n);
    return this.#is(isGuest, r.n, "PMIEn") && left > 0n && left < HORIZON ? Number(left) : undefined;
  }

  #schedule(): void {
    const { clock } = this.#m;
    this.#cyclesDue = this.#soonest(EVENT.cycles, (left) => clock.now + left);
    this.#instructionsDue = this.#soonest(EVENT.instructions, (left) => clock.after(left));
    clock.reschedule();
  }

  #soonest(event: bigint, tickOf: (left: number) => number): number | undefined {
    const ticks = this.#running.flatMap((r) => {
      const left = r.event === event ? this.#left(r) : undefined;
      return left === undefined ? [] : [tickOf(left)];
    });
    return ticks.length === 0 ? undefined : Math.min(...ticks);
  }
}
