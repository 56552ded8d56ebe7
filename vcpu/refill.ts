/**
 * What the TLB refill handlers of hypervisors have in common: which tables they walk, and what they do about an empty one, is their own.
 *
 * @module
 */
import { PGD, TLBRBADV, TLBRERA } from "../core/csr/translation.ts";
import type { Refill } from "./contract.ts";
import type { HostCpu } from "./host_cpu.ts";
import { R, routine } from "./routine.ts";

const READ = routine(["csrrd", R.t0, TLBRBADV], ["csrrd", R.t1, TLBRERA], ["csrrd", R.t2, PGD]);
const FILL = routine(["ldpte", R.t0, 0], ["ldpte", R.t0, 1], ["tlbfill"]);

/**
 * Serves a refill: walks, fills, and leaves the registers that it used as they were.
 *
 * @param walk from the root to the page table, undefined if there is none: nothing is filled then
 * @returns what was served, undefined without a page table
 */
export function serveRefill(cpu: HostCpu, walk: (root: bigint) => bigint | undefined): Refill | undefined {
  const [t0, t1, t2] = [cpu.gpr(R.t0), cpu.gpr(R.t1), cpu.gpr(R.t2)];
  cpu.perform(READ);
  const refill = { gpa: cpu.gpr(R.t0), pc: cpu.gpr(R.t1) & ~3n };
  const table = walk(cpu.gpr(R.t2));
  if (table !== undefined) {
    cpu.setGpr(R.t0, table);
    cpu.perform(FILL);
  }
  cpu.setGpr(R.t0, t0);
  cpu.setGpr(R.t1, t1);
  cpu.setGpr(R.t2, t2);
  return table === undefined ? undefined : refill;
}
