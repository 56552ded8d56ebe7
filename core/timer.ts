/**
 * A stable timer: the host's own, or the guest's (LVZ-TIME-01).
 *
 * @module
 */
import type { Alarm, Clock } from "./clock.ts";
import type { CsrBank } from "./csr/bank.ts";
import { ESTAT, TI } from "./csr/basic.ts";
import { TCFG, TVAL } from "./csr/timer.ts";
import type { Restore, Stateful } from "./snapshot/stateful.ts";

/** Counts down to 0 and latches TI in its bank's ESTAT. */
export class StableTimer implements Alarm, Stateful {
  readonly #bank: CsrBank;
  readonly #clock: Clock;
  readonly #allOnes: bigint;
  #due: number | undefined;
  /** While true, time does not pass for this timer. */
  #held = false;
  /** Ticks that are left, of a timer that would run but is held. */
  #left: number | undefined;

  constructor(bank: CsrBank, clock: Clock) {
    this.#bank = bank;
    this.#clock = clock;
    this.#allOnes = (1n << BigInt(bank.profile.timerBits)) - 1n;
    clock.add(this);
  }

  get due(): number | undefined {
    return this.#due;
  }

  /** The count that TVAL shows, in ticks. */
  get value(): bigint {
    if (this.#due !== undefined) return BigInt(Math.max(0, this.#due - this.#clock.now));
    return this.#left === undefined ? this.#bank.get(TVAL.TimeVal) : BigInt(this.#left);
  }

  /** Acts on a write to TCFG, which is already stored (LVZ-TIME-09): EN = 1 reloads and starts, EN = 0 stops. */
  configure(): void {
    if (this.#bank.is(TCFG.En)) return this.#start(this.#initial());
    this.#bank.set(TVAL.TimeVal, this.value);
    this.#stop();
  }

  /** Sets the count (the host's gcsrwr of TVAL, LVZ-TIME-07). */
  setValue(ticks: bigint): void {
    this.#bank.set(TVAL.TimeVal, ticks);
    if (this.#bank.is(TCFG.En)) this.#start(Number(ticks));
  }

  /** Makes time stop for this timer, or pass again (LVZ-TIME-03, reading `paused`). */
  hold(held: boolean): void {
    this.#held = held;
    if (held && this.#due !== undefined) {
      const left = Math.max(0, this.#due - this.#clock.now);
      this.#stop();
      this.#left = left;
    } else if (!held && this.#left !== undefined) {
      this.#start(this.#left);
    }
  }

  /** Keeps what is not in the registers. */
  save(): Restore {
    const [due, held, left] = [this.#due, this.#held, this.#left];
    return () => {
      this.#due = due;
      this.#held = held;
      this.#left = left;
    };
  }

  fire(): void {
    this.#latch();
    if (this.#bank.is(TCFG.Periodic)) {
      this.#due = this.#nextPeriod(this.#due ?? this.#clock.now);
    } else {
      this.#expireOnce();
    }
    this.#clock.reschedule();
  }

  /** The first expiry after now of a periodic timer that expired at `due`; a late caller skips whole periods. */
  #nextPeriod(due: number): number {
    // A period of 0 would never let time pass; the shortest period is one tick.
    const period = Math.max(1, this.#initial());
    return due + period * (Math.floor((this.#clock.now - due) / period) + 1);
  }

  #initial(): number {
    return Number(this.#bank.get(TCFG.InitVal)) * 4;
  }

  #latch(): void {
    this.#bank.write(ESTAT, this.#bank.read(ESTAT) | TI);
  }

  /** LVZ-TIME-05, -06: after a one-shot the count stays at all ones, and EN stays set (LVZ-TIME-11). */
  #expireOnce(): void {
    this.#due = undefined;
    this.#left = undefined;
    this.#bank.set(TVAL.TimeVal, this.#allOnes);
  }

  #start(ticks: number): void {
    this.#left = this.#held ? ticks : undefined;
    this.#due = this.#held ? undefined : this.#clock.now + ticks;
    // LVZ-TIME-07: a count of 0 expires before the next instruction completes.
    if (ticks === 0) this.fire();
    this.#clock.reschedule();
  }

  #stop(): void {
    this.#due = undefined;
    this.#left = undefined;
    this.#clock.reschedule();
  }
}
