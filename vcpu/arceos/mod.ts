/**
 * The world switch of ArceOS's loongarch_vcpu.
 *
 * @module
 */
import { type WorldSwitch, worldSwitch } from "../contract.ts";
import { ArceosHypervisor } from "./hypervisor.ts";
import { ARCEOS_PAGE_TABLE } from "./page_table.ts";

export { ArceosVCpu } from "./vcpu.ts";

/** loongarch_vcpu 0.5. */
export const ARCEOS: WorldSwitch = worldSwitch({
  name: "arceos",
  about: "ArceOS loongarch_vcpu 0.5: ECFG.VS = 5 and its own translation registers from bind to unbind",
  pageTable: ARCEOS_PAGE_TABLE,
  attach: (cpu, layout) => new ArceosHypervisor(cpu, layout),
});

/** The same, whose way into the guest and back is assembly text that the machine executes. */
export const ARCEOS_ASM: WorldSwitch = worldSwitch({
  name: "arceos-asm",
  about: "loongarch_vcpu with its world switch in assembly: the same steps, executed by the machine",
  protocol: ARCEOS.name,
  machineCode: { dataBytes: 0x4000 },
  pageTable: ARCEOS_PAGE_TABLE,
  attach: (cpu, layout) => new ArceosHypervisor(cpu, layout, "machine code"),
});
