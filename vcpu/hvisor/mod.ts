/**
 * The world switch of hvisor.
 *
 * @module
 */
import { ARCEOS_PAGE_TABLE } from "../arceos/page_table.ts";
import { type WorldSwitch, worldSwitch } from "../contract.ts";
import { HvisorHypervisor } from "./hypervisor.ts";

export { HvisorVCpu } from "./vcpu.ts";

/** hvisor, whose stage-2 tables have the shape of axvm's. */
export const HVISOR: WorldSwitch = worldSwitch({
  name: "hvisor",
  about:
    "hvisor: one guest a processor for good; ECFG.VS = 0, GSTAT.PGM always 1, the guest's timer never touched",
  pageTable: ARCEOS_PAGE_TABLE,
  attach: (cpu, layout) => new HvisorHypervisor(cpu, layout),
});
