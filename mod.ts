/**
 * lvzbench: a LoongArch64 machine with LVZ, vCPU world switches, and a DSL for conformance cases.
 *
 * A case says what guest code does, which exits the host must see, and what must hold after each:
 *
 * ```ts
 * import { gspr, guest, hvc } from "@lvz/bench";
 *
 * Deno.test("cpucfg in guest mode exits with GSPR and resumes after it", guest({
 *   rule: "LVZ-GUEST-01",
 *   set: { a0: 0n, a1: 2n },
 *   code: `
 *     probe:  cpucfg  $a0, $a1
 *     after:  hvcl    0
 *   `,
 *   exits: [
 *     gspr({ at: "probe", resume: { a0: 0x1fn, pc: "after" } }),
 *     hvc(0, { at: "after" }),
 *   ],
 * }));
 * ```
 *
 * Below the DSL, `@lvz/bench/core` has the machine, `/devices` the board, `/vcpu` the world switches.
 *
 * @module
 */
export * from "./dsl/mod.ts";
export { ARCEOS, ARCEOS_ASM, HVISOR, KVM, KVM_ASM, WORLD_SWITCHES, type WorldSwitch } from "./vcpu/mod.ts";
export { LA464, LA464_NO_LVZ, LA464_V1_1, type Profile, PROFILES, ReferenceEngine } from "./core/mod.ts";
