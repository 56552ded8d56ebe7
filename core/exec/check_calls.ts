/**
 * The checks of an address that come before a bound is compared.
 *
 * @module
 */
import type { Decoded } from "../isa/decode.ts";
import type { MemoryType } from "../isa/meaning.ts";
import type { AccessUse, Machine } from "../machine.ts";

const ACCESSES = {
  load: ["s8", "s16", "s32", "u32", "u64"],
  store: ["u8", "u16", "u32", "u64"],
} as const satisfies Record<AccessUse, readonly MemoryType[]>;

function check(use: AccessUse, type: MemoryType): (m: Machine, op: Decoded) => void {
  return (m, op) => m.checkAddress(m.gpr[op.rj]!, type, use);
}

/** The calls of this file: `check.load.s8` and so on, of the address in rj. */
export const CHECK_CALLS: Readonly<Record<string, (m: Machine, op: Decoded) => void>> = Object.fromEntries(
  (["load", "store"] as const).flatMap((use) =>
    ACCESSES[use].map((type) => [`check.${use}.${type}`, check(use, type)])
  ),
);
