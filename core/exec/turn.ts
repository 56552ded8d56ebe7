/**
 * What an engine does between instructions.
 *
 * @module
 */
import type { StopPoints } from "../engine.ts";
import { takeInterrupt } from "../exception.ts";
import { pendingInterrupt, wakesHost } from "../interrupts.ts";
import type { Machine } from "../machine.ts";

/**
 * What is due between two instructions: alarms, interrupts, the counters' new modes.
 *
 * @param seen the machine's `changes` at the last call, -1 at the first
 * @returns its `changes` now
 */
export function attend(m: Machine, seen: number): number {
  if (m.clock.executed >= m.clock.nextEvent) m.clock.fireDue();
  if (m.changes !== seen) {
    takePendingInterrupt(m);
    m.counters.settle();
  }
  return m.changes;
}

/** What is due behind a single instruction: the counters' new modes, alarms. Interrupts wait until the machine runs. */
export function settle(m: Machine): void {
  m.counters.settle();
  if (m.clock.executed >= m.clock.nextEvent) m.clock.fireDue();
}

/** Takes the interrupt that is pending and enabled, if there is one. */
function takePendingInterrupt(m: Machine): void {
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

const PHYSICAL = (1n << 48n) - 1n;

/** True if the machine is about to execute an instruction before which to stop. */
export function isBefore(m: Machine, { addresses, unwritten }: StopPoints): boolean {
  const at = Number(m.pc & PHYSICAL);
  return addresses.has(at) || (unwritten !== undefined && at >= unwritten.start && at < unwritten.end);
}
