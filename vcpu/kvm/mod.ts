/**
 * Linux KVM's world switch.
 *
 * @module
 */
import { type WorldSwitch, worldSwitch } from "../contract.ts";
import { KvmHypervisor } from "./hypervisor.ts";

export { KvmVCpu } from "./vcpu.ts";

/** KVM as of Linux 7.2, with the host's page tables: 16 KiB pages, three levels. */
export const KVM: WorldSwitch = worldSwitch({
  name: "kvm",
  about: "Linux 7.2 KVM: ECFG.VS = 0 while the guest runs, every host register restored at each exit",
  pageTable: {
    pageShift: 14,
    levels: [{ directory: 0, width: 11 }, { directory: 1, width: 11 }, { directory: 3, width: 11 }],
  },
  attach: (cpu, layout) => new KvmHypervisor(cpu, layout),
});

/** The same, whose way into the guest and back is assembly text that the machine executes. */
export const KVM_ASM: WorldSwitch = worldSwitch({
  name: "kvm-asm",
  about: "KVM with its world switch in assembly: the same steps, executed by the machine",
  protocol: KVM.name,
  machineCode: { dataBytes: 0x2_0000 },
  pageTable: KVM.pageTable,
  attach: (cpu, layout) => new KvmHypervisor(cpu, layout, "machine code"),
});
