/**
 * States, state files, and who answers what a state becomes.
 *
 * @module
 */
export { type CsrOwner, keptValue, whyNotHeld } from "./csr_values.ts";
export type { Answer, Driver, Unobserved } from "./driver.ts";
export { ENGINE_NAMES, MachineDriver, type MachineDriverOptions, type MachineRun } from "./machine_driver.ts";
export { type Change, changesOf } from "./changes.ts";
export { type FromCase, stateOfCase } from "./from_case.ts";
export type * from "./state.ts";
export { DEFAULT_BUDGET, parseStates, printStates, StateFileError } from "./state_file.ts";
export { blockRange, isRam, type PhysicalRange, STATE_RAM } from "./state_memory.ts";
