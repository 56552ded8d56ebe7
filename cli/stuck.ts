/**
 * Recognising a program that can never go on.
 *
 * @module
 */
import { CRMD } from "../core/csr/basic.ts";
import type { Machine } from "../core/machine.ts";

/** So often in a row an instruction that only changes privilege cannot be executed. */
const REPETITIONS = 3;

/**
 * A check to be called before each instruction: true once the host repeats a single instruction with interrupts disabled, which
 * nothing can end. It is a jump to itself, or the first instruction of an exception handler that raises an exception.
 */
export function stuckCheck(): (m: Machine) => boolean {
  let last: bigint | undefined;
  let count = 0;
  return (m) => {
    if (m.pc !== last) {
      last = m.pc;
      count = 0;
      return false;
    }
    count = m.inGuest || m.host.is(CRMD.IE) ? 0 : count + 1;
    return count >= REPETITIONS;
  };
}
