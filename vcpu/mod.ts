/**
 * Hypervisor software: what a vCPU offers, and the world switches behind it. It uses the machine only as software can.
 *
 * @module
 */
import { ARCEOS, ARCEOS_ASM } from "./arceos/mod.ts";
import type { WorldSwitch } from "./contract.ts";
import { HVISOR } from "./hvisor/mod.ts";
import { KVM, KVM_ASM } from "./kvm/mod.ts";

export * from "./contract.ts";
export { HostCpu, HypervisorError, type WorldObserver } from "./host_cpu.ts";
export { DIRECT_MAP, NestedPageTable, pageWalkRegisters, type Permission, RWX } from "./stage2.ts";
export { type HostRegisters, hostRegisters, serviceInterrupts, setUpHost } from "./host_os.ts";
export { ARCEOS, ARCEOS_ASM, HVISOR, KVM, KVM_ASM };

/** Every world switch; a case runs on each unless it says otherwise. */
export const WORLD_SWITCHES: readonly WorldSwitch[] = [ARCEOS, KVM, HVISOR, ARCEOS_ASM, KVM_ASM];
