/**
 * Virtual time. The stable counter is a count of executed instructions times the profile's ratio, plus the time that an idle
 * processor skipped. Nothing reads a wall clock.
 *
 * @module
 */
import { type Restore, saveOf, type Stateful, together } from "./snapshot/stateful.ts";

/** Something that happens at a known tick. One without `save` cannot be part of a snapshot. */
export interface Alarm extends Partial<Stateful> {
  /** The tick at which {@linkcode fire} is due; undefined while nothing is due. */
  readonly due: number | undefined;
  /** Called at or after the due time, once however late; must move or clear {@linkcode due}. */
  fire(): void;
}

/** The stable counter and its alarms. */
export class Clock implements Stateful {
  /** Instructions executed, including those that raised an exception. */
  executed = 0;
  /** Those that raised an exception and so were not retired. */
  trapped = 0;
  /** The value of {@linkcode executed} at which {@linkcode fireDue} has something to do. */
  nextEvent = Infinity;
  #skipped = 0;
  #alarms: readonly Alarm[] = [];
  readonly #ratio: { readonly ticks: number; readonly instructions: number };

  constructor(ratio: { readonly ticks: number; readonly instructions: number }) {
    this.#ratio = ratio;
  }

  /** Ticks since reset. */
  get now(): number {
    return this.#ticks(this.executed);
  }

  #ticks(executed: number): number {
    return Math.floor(executed * this.#ratio.ticks / this.#ratio.instructions) + this.#skipped;
  }

  /** Instructions that ran to their end. */
  get retired(): number {
    return this.executed - this.trapped;
  }

  /** The tick at which `instructions` more will have been executed. */
  after(instructions: number): number {
    return this.#ticks(this.executed + instructions);
  }

  /** Adds an alarm that is asked from now on. */
  add(alarm: Alarm): void {
    this.#alarms = [...this.#alarms, alarm];
    this.reschedule();
  }

  /** Computes the next event again; called whenever an alarm's due time changes. */
  reschedule(): void {
    const soonest = this.#soonest();
    this.nextEvent = soonest === Infinity ? Infinity : Math.ceil(
      (soonest - this.#skipped) * this.#ratio.instructions / this.#ratio.ticks,
    );
  }

  /** Fires every alarm that is due. */
  fireDue(): void {
    const now = this.now;
    for (const a of this.#alarms) {
      if (a.due !== undefined && a.due <= now) a.fire();
    }
    this.reschedule();
  }

  /**
   * Lets time pass without executing anything.
   *
   * @throws {RangeError} for a negative or fractional number of ticks
   */
  skip(ticks: number): void {
    if (!Number.isSafeInteger(ticks) || ticks < 0) {
      throw new RangeError(`Cannot skip time: ${ticks} is not a count of ticks`);
    }
    this.#skipped += ticks;
    this.fireDue();
  }

  /** Jumps to the next alarm and fires it; false if none is due ever. */
  skipToNextAlarm(): boolean {
    const next = this.#soonest();
    if (next === Infinity) return false;
    this.#skipped += Math.max(0, next - this.now);
    this.fireDue();
    return true;
  }

  /** Keeps the time, the alarms that there are, and the state of each. */
  save(): Restore {
    const { executed, trapped, nextEvent } = this;
    const [skipped, alarms] = [this.#skipped, this.#alarms];
    const restoreAlarms = together(alarms.map((a) => saveOf(a, "an alarm of the clock")));
    return () => {
      this.executed = executed;
      this.trapped = trapped;
      this.#skipped = skipped;
      this.#alarms = alarms;
      restoreAlarms();
      this.nextEvent = nextEvent;
    };
  }

  #soonest(): number {
    let soonest = Infinity;
    for (const a of this.#alarms) soonest = Math.min(soonest, a.due ?? Infinity);
    return soonest;
  }
}
