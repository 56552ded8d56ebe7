/**
 * Floating point in software, exact to the bit and to the exception flag.
 *
 * @module
 */
export * from "./arithmetic.ts";
export * from "./compare.ts";
export * from "./convert.ts";
export * from "./environment.ts";
export * from "./fcsr.ts";
export { DOUBLE, type Format, SINGLE } from "./format.ts";
