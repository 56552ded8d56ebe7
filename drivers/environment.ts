/**
 * What a driver adds to a state: places where the host's exceptions go that the state itself does not care about, and the guest that
 * is running in guest mode.
 *
 * @module
 */
import { type CsrDeclaration, type Machine } from "../core/mod.ts";
import { EENTRY, MERRENTRY } from "../core/csr/basic.ts";
import { GSTAT } from "../core/csr/lvz.ts";
import { TLBRENTRY } from "../core/csr/translation.ts";
import { writeCsr } from "../core/mod.ts";
import { csrOfState } from "./csr_values.ts";
import type { State, WorldState } from "./state.ts";

/** Where exceptions go that the state leaves to the driver. With the largest ECFG.VS the vectors of the first take 0x9a00 bytes. */
const OWN_ENTRIES: readonly (readonly [CsrDeclaration, bigint])[] = [
  [EENTRY, 0x0ffe_0000n],
  [TLBRENTRY, 0x0ffd_0000n],
  [MERRENTRY, 0x0ffc_0000n],
];
/** A state in guest mode that does not name GSTAT is guest 1, which ertn just entered. */
const ENTERED = GSTAT.PVM.of(1n) | GSTAT.GID.of(1n);

/** Gives a fresh machine a state's registers. Its memory is loaded elsewhere. */
export function setUp(m: Machine, state: State): void {
  for (const [csr, value] of OWN_ENTRIES) writeCsr(m, false, csr, value, "own");
  if (state.mode === "guest") writeCsr(m, false, GSTAT, ENTERED, "own");
  writeCsrs(m, false, state.host.csr);
  if (state.guest !== undefined) writeCsrs(m, true, state.guest.csr);
  setRegisters(m, state.mode === "guest" ? runningGuest(state) : state.host);
  for (const [n, value] of state.fp.fpr) m.fpr[n] = value;
  for (const [n, value] of state.fp.fcc) m.fcc[n] = value;
  m.fcsr = state.fp.fcsr;
  if (state.mode === "guest") m.setGuestMode(true);
}

function runningGuest({ id, guest }: State): WorldState {
  if (guest === undefined) throw new RangeError(`Cannot run ${id}: it starts in guest mode and has no guest`);
  return guest;
}

/** In the order of numbers, so that the timer's count is written after its configuration. */
function writeCsrs(m: Machine, isGuest: boolean, values: ReadonlyMap<string, bigint>): void {
  const sorted = [...values].map(([name, value]) => [csrOfState(name), value] as const);
  sorted.sort(([a], [b]) => a.number - b.number);
  for (const [csr, value] of sorted) writeCsr(m, isGuest, csr, value, isGuest ? "host" : "own");
}

function setRegisters(m: Machine, { pc, gpr }: WorldState): void {
  m.pc = m.nextPc = pc;
  for (const [n, value] of gpr) {
    if (n < 1 || n > 31) throw new RangeError(`Cannot set general register ${n}: states have 1 to 31`);
    m.gpr[n] = value;
  }
}

/** True if the host's exceptions of a kind still go to the driver: the state does not name the entry, and nobody wrote it since. */
export function isOwnEntry(m: Machine, state: State, entry: CsrDeclaration): boolean {
  if (state.host.csr.has(entry.name)) return false;
  return OWN_ENTRIES.some(([csr, value]) => csr === entry && m.host.read(csr) === value);
}
