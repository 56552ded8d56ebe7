/**
 * How far a long run is: one line that changes on a terminal, a line now and then elsewhere. This is the one place that looks at a clock.
 *
 * @module
 */

/** Where progress is shown. */
export interface Display {
  err(text: string): void;
  /** True on a terminal. */
  readonly color: boolean;
}

const SECOND = 1000;
/** Between two lines where there is no terminal. */
const PERIOD = 30 * SECOND;

function duration(seconds: number): string {
  const rounded = Math.round(seconds);
  return rounded < 100 ? `${rounded} s` : `${Math.round(rounded / 60)} min`;
}

/** Shows how far a run is, at what rate, and how long it will still take. */
export class Progress {
  readonly #display: Display;
  readonly #total: number;
  readonly #now: () => number;
  #started = 0;
  #shown = 0;

  /** @param now milliseconds from some moment on */
  constructor(display: Display, total: number, now: () => number = () => performance.now()) {
    this.#display = display;
    this.#total = total;
    this.#now = now;
  }

  /** Says what begins. */
  start(text: string): void {
    this.#started = this.#shown = this.#now();
    this.#display.err(`${text}\n`);
  }

  /** Shows that so many are done. */
  show(done: number): void {
    const now = this.#now();
    if (!this.#display.color && now - this.#shown < PERIOD) return;
    this.#shown = now;
    const rate = done / Math.max(1, now - this.#started) * SECOND;
    const left = duration((this.#total - done) / Math.max(1, rate));
    const text = `${done} of ${this.#total} states, ${Math.round(rate)} a second, ${left} left`;
    this.#display.err(this.#display.color ? `\r\x1b[K${text}` : `${text}\n`);
  }

  /** Says how long it took. */
  end(done: number): void {
    const seconds = (this.#now() - this.#started) / SECOND;
    const rate = Math.round(done / Math.max(0.001, seconds));
    const text = `${done} states in ${duration(seconds)}, ${rate} a second\n`;
    this.#display.err(this.#display.color ? `\r\x1b[K${text}` : text);
  }
}
