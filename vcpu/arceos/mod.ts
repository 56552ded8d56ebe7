/**
 * The world switch of ArceOS's loongarch_vcpu.
 *
 * @module
 */
import type { WorldSwitch } from "../contract.ts";
import { ARCEOS_PAGE_TABLE } from "./page_table.ts";
import { ArceosVCpu } from "./vcpu.ts";

export { ArceosVCpu } from "./vcpu.ts";

/** loongarch_vcpu 0.5. */
export const ARCEOS: WorldSwitch = {
  name: "arceos",
  about: "ArceOS loongarch_vcpu 0.5: ECFG.VS = 5 and its own translation registers from bind to unbind",
  pageTable: ARCEOS_PAGE_TABLE,
  create: (cpu, layout) => new ArceosVCpu(cpu, layout),
};
