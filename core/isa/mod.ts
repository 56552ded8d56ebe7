/**
 * The instruction table and what derives from it: encoder, decoder, disassembler, register names.
 *
 * @module
 */
export * from "./decode.ts";
export * from "./disassemble.ts";
export * from "./encode.ts";
export type { Stmt } from "./meaning.ts";
export type { Field, Operand, Piece } from "./pattern.ts";
export { parseRegister, REGISTER_NAMES, registerName } from "./registers.ts";
export type { GuestPolicy, Row, RowOptions } from "./row.ts";
export * from "./table.ts";
