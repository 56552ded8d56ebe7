/**
 * Linux KVM's world switch.
 *
 * @module
 */
import type { WorldSwitch } from "../contract.ts";
import { checkHostRefillEntry, KvmVCpu } from "./vcpu.ts";

export { KvmVCpu } from "./vcpu.ts";

/** KVM as of Linux 7.2, with the host's page tables: 16 KiB pages, three levels. */
export const KVM: WorldSwitch = {
  name: "kvm",
  about: "Linux 7.2 KVM: ECFG.VS = 0 while the guest runs, every host register restored at each exit",
  pageTable: {
    pageShift: 14,
    levels: [{ directory: 0, width: 11 }, { directory: 1, width: 11 }, { directory: 3, width: 11 }],
  },
  create(cpu, layout) {
    checkHostRefillEntry(cpu, layout);
    return new KvmVCpu(cpu, layout);
  },
};
