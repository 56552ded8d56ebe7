/**
 * The instruction table and what derives from it: encoder, decoder, disassembler, register names.
 *
 * @module
 */
export * from "./decode.ts";
export * from "./disassemble.ts";
export * from "./encode.ts";
export type { Stmt } from "./meaning.ts";
export type { Field, Operand, Piece, RegisterFieldName, RegisterFile } from "./pattern.ts";
export {
  ALL_REGISTER_NAMES,
  parseAnyRegister,
  parseRegister,
  REGISTER_NAMES,
  registerName,
  type RegisterNumber,
} from "./registers.ts";
export type { GuestPolicy, Row, RowOptions } from "./row.ts";
export * from "./table.ts";
