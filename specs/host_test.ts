/**
 * Host mode: what the processor does for a hypervisor without a guest. How software finds LVZ, its control registers, the guest's registers
 * and TLB entries from outside, and exceptions of the host itself while LVZ is in use.
 *
 * A failure here means that a hypervisor cannot set a guest up as it believes it does.
 */
import "./host/detection.ts";
import "./host/control_registers.ts";
import "./host/gcsr.ts";
import "./host/tlb.ts";
import "./host/invtlb.ts";
import "./host/exceptions.ts";
import "./host/ertn.ts";
