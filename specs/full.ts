/**
 * Every case that is not in the six areas at the top of this folder: rows over registers, operations and levels, timers, translation, and what the
 * processor does for its host without a guest. `deno task specs` and `deno task test` run it; it is apart so that `deno test specs/`
 * answers in seconds.
 */
import "./gspr/cpucfg.ts";
import "./gspr/csrs.ts";
import "./gspr/gcfg.ts";
import "./gspr/gcsr.ts";
import "./gspr/guest_mode.ts";
import "./gspr/fp.ts";
import "./gspr/performance.ts";
import "./gspr/watchpoints.ts";
import "./irq/guest.ts";
import "./irq/timer.ts";
import "./restore/guest_state.ts";
import "./protocol/kvm.ts";
import "./protocol/arceos.ts";
import "./protocol/hvisor.ts";
import "./entry/llbit.ts";
import "./stage2/translation.ts";
import "./stage2/tlb.ts";
import "./stage2/mmio.ts";
import "./host/detection.ts";
import "./host/control_registers.ts";
import "./host/gcsr.ts";
import "./host/tlb.ts";
import "./host/invtlb.ts";
import "./host/exceptions.ts";
import "./host/ertn.ts";
import "./host/counters.ts";
import "./host/watchpoints.ts";
import "./host/priority.ts";
import "./host/timer.ts";
import "./host/configuration.ts";
