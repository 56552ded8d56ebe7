/**
 * How KVM carries a vCPU's timer across the time in which the vCPU does not own the processor (PROTO-KVM-63, -64).
 *
 * @module
 */
import { ESTAT, TI } from "../../core/csr/basic.ts";
import { TCFG, TICLR, TVAL } from "../../core/csr/timer.ts";
import type { HostCpu } from "../host_cpu.ts";
import { R, routine, ZERO } from "../routine.ts";

const READ = routine(["gcsrrd", R.t0, TCFG], ["gcsrrd", R.t1, TVAL]);
const RESTORE = routine(["gcsrwr", ZERO, TCFG], ["gcsrwr", R.t0, ESTAT], ["gcsrwr", R.t1, TCFG]);

/** A timer that was put away. */
export interface SavedTimer {
  readonly tcfg: bigint;
  readonly tval: bigint;
  readonly estat: bigint;
  /** The host's counter at which it expires; undefined if it was not running. */
  readonly deadline: bigint | undefined;
}

/** Reads the timer from the hardware. */
export function saveTimer(cpu: HostCpu): SavedTimer {
  cpu.perform(READ);
  const [tcfg, tval] = [cpu.gpr(R.t0), cpu.gpr(R.t1)];
  const running = TCFG.En.get(tcfg) === 1n;
  // A count above the configured value is an expired one-shot (LVZ-TIME-05).
  const left = tval < tcfg ? tval : 0n;
  const deadline = running ? cpu.rdtime() + left : undefined;
  // Bits 9:2 belong to GINTC, which is carried by itself (LVZ-GCSR-11).
  return { tcfg, tval, estat: cpu.gcsrrd(ESTAT) & ~0x3fcn, deadline };
}

/** Gives the timer back to the hardware. */
export function restoreTimer(cpu: HostCpu, saved: SavedTimer): void {
  cpu.setGpr(R.t0, saved.estat);
  cpu.setGpr(R.t1, saved.tcfg);
  cpu.perform(RESTORE);
  const oneShot = TCFG.Periodic.get(saved.tcfg) === 0n;
  if (saved.deadline === undefined) cpu.gcsrwr(TVAL, saved.tval);
  else if (oneShot && saved.tval > saved.tcfg) restoreExpired(cpu, saved);
  else restoreRunning(cpu, saved, saved.deadline);
}

/** Writing 0 raises TI and leaves all ones, as it was (LVZ-TIME-07); TI is taken back unless it was pending. */
function restoreExpired(cpu: HostCpu, saved: SavedTimer): void {
  cpu.gcsrwr(TVAL, 0n);
  if (saved.estat & TI) return;
  if ((cpu.gcsrrd(ESTAT) & TI) === 0n) cpu.gcsrwr(TVAL, saved.tcfg & TCFG.InitVal.mask);
  cpu.gcsrwr(TICLR, TICLR.CLR.mask);
}

function restoreRunning(cpu: HostCpu, saved: SavedTimer, deadline: bigint): void {
  const left = deadline - cpu.rdtime();
  if (left > 0n) {
    cpu.gcsrwr(TVAL, left);
    return;
  }
  const period = saved.tcfg & TCFG.InitVal.mask;
  const periodic = TCFG.Periodic.get(saved.tcfg) === 1n;
  if (periodic) cpu.gcsrxchg(ESTAT, TI, TI);
  cpu.gcsrwr(TVAL, periodic && period > 0n ? period - (-left % period) : 0n);
}
