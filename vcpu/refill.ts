/**
 * What the TLB refill handlers of hypervisors have in common: which tables they walk, and what they do about an empty one, is their own.
 *
 * @module
 */
import { PGD, TLBRBADV, TLBRERA } from "../core/csr/translation.ts";
import type { Refill } from "./contract.ts";
import type { HostCpu } from "./host_cpu.ts";

const T0 = 12;
const T1 = 13;

/**
 * Serves a refill: walks, fills, and leaves the registers that it used as they were.
 *
 * @param walk from the root to the page table, undefined if there is none: nothing is filled then
 * @returns what was served, undefined without a page table
 */
export function serveRefill(cpu: HostCpu, walk: (root: bigint) => bigint | undefined): Refill | undefined {
  const [t0, t1] = [cpu.gpr(T0), cpu.gpr(T1)];
  const refill = { gpa: cpu.csrrd(TLBRBADV), pc: cpu.csrrd(TLBRERA) & ~3n };
  const table = walk(cpu.csrrd(PGD));
  if (table !== undefined) {
    cpu.ldpte(table, 0);
    cpu.ldpte(table, 1);
    cpu.tlbfill();
  }
  cpu.setGpr(T0, t0);
  cpu.setGpr(T1, t1);
  return table === undefined ? undefined : refill;
}
