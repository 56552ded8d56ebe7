/**
 * What an engine does between instructions.
 *
 * @module
 */
import { takeInterrupt } from "../exception.ts";
import { pendingInterrupt, wakesHost } from "../interrupts.ts";
import type { Machine } from "../machine.ts";

/** Takes the interrupt that is pending and enabled, if there is one. */
export function takePendingInterrupt(m: Machine): void {
  const pending = pendingInterrupt(m);
  if (pending === undefined) return;
  m.idle = false;
  takeInterrupt(m, pending.bank, pending.number, m.pc);
}

/** Lets an idle processor sleep until the next alarm; false if there is none. Waking needs no CRMD.IE (VM-SMP-03). */
export function sleep(m: Machine): boolean {
  if (!wakesHost(m)) return m.clock.skipToNextAlarm();
  m.idle = false;
  // Counters of instructions, whose overflow nothing could bring about until now, are due again.
  m.changes++;
  return true;
}
