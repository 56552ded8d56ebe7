/**
 * The machine: a LoongArch64 processor with LVZ, its assembler and disassembler. It knows nothing of tests and imports nothing of Deno.
 *
 * @module
 */
export * from "./asm/mod.ts";
export type { AccessSize, Bus, IocsrSpace, RamWindow } from "./bus.ts";
export { Clock } from "./clock.ts";
export { CsrBank } from "./csr/bank.ts";
export { CsrDeclaration, Field } from "./csr/define.ts";
export { csrByName, csrByNumber, csrName, csrNames, CSRS } from "./csr/table.ts";
export { readCsr, writeCsr } from "./csr/access.ts";
export type { Engine, RunLimits, Stop, StopPoints } from "./engine.ts";
export { BusError, MachineError, type Place } from "./errors.ts";
export { exceptionByCode, type ExceptionKind, type ExceptionName, EXCEPTIONS } from "./exception_codes.ts";
export { takeMachineError } from "./exception.ts";
export { ReferenceEngine } from "./exec/reference.ts";
export { type Executed, History } from "./history.ts";
export { INTERRUPT, INTERRUPT_NAMES } from "./interrupts.ts";
export * from "./isa/mod.ts";
export { Machine, type MachineOptions, RESET_ADDRESS } from "./machine.ts";
export * from "./profile.ts";
export { PageHistory, type Restore, SnapshotError, type Stateful } from "./snapshot/mod.ts";
