/**
 * The text assembler.
 *
 * @module
 */
export { assemble, type AssembleOptions } from "./assemble.ts";
export { AssemblyError, AssemblyErrors, type ErrorPlace } from "./errors.ts";
export type { MacroCall, Place } from "./places.ts";
export type { LabelOffset, Program, Segment, SourceLine } from "./program.ts";
