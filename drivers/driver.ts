/**
 * What a driver is: something that answers what a state becomes. Our own machine is one, an emulator that runs a bare-metal image
 * another; a case cannot tell who answers but for what a driver says that it cannot observe.
 *
 * @module
 */
import type { Result, State } from "./state.ts";

/** What a driver says of one state. */
export type Answer =
  | { readonly kind: "result"; readonly result: Result }
  /** The subject died, hung or printed rubbish; the text says what was seen. */
  | { readonly kind: "broken"; readonly reason: string };

/** Somebody who runs states. */
export interface Driver {
  /** For reports, with the version where there is one. */
  readonly name: string;
  /** CSRs and kinds of state of which this driver's results say nothing. They are never taken for equal. */
  readonly unobserved: Unobserved;
  /** The answers to some states, in their order. */
  answers(states: readonly State[]): Promise<readonly Answer[]>;
}

/** What a driver cannot see. */
export interface Unobserved {
  /** Names of the host's CSRs. */
  readonly csr: ReadonlySet<string>;
  /** True where it cannot run guests. */
  readonly guest: boolean;
}
