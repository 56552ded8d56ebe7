/**
 * What one call of a world switch's code brought about, in the words of the vCPU contract.
 *
 * @module
 */
import type { Refill } from "../contract.ts";
import type { Arrival } from "./runner.ts";

/** The refills that the code served: each exit to the refill entry that was not the last exit. */
export function servedRefills(arrivals: readonly Arrival[], returned: boolean): readonly Refill[] {
  const served = returned ? arrivals.slice(0, -1) : arrivals;
  return served.filter((a) => a.via === "refill").map((a) => a.refill);
}
