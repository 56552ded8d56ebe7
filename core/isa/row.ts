/**
 * What one row of the instruction table says.
 *
 * @module
 */
import type { Stmt } from "./meaning.ts";
import type { Feature } from "../profile.ts";

/**
 * What guest mode (GSTAT.VM = 1) does with an instruction, after the feature and privilege checks and before its
 * meaning:
 *
 * - `native`: nothing special, the meaning is the same in both worlds;
 * - `bank`: a CSR access; the CSR's own declaration decides (guest copy, GSPR or unimplemented);
 * - `gspr`: always leaves guest mode with GSPR (LVZ-GUEST-01..03);
 * - `hvc`: leaves guest mode with HVC (LVZ-INSN-08);
 * - `cacop`: GSPR for the operations that GCFG.GCI selects (LVZ-GUEST-04);
 * - `timer`: GSPR if GCFG.TIT = 1 (LVZ-GUEST-05);
 * - `tlb`: GSPR if GTLBC.TOTI = 1 (LVZ-GUEST-09);
 * - `ertn`: GCM afterwards if GCFG.TOE = 1 (LVZ-GUEST-08);
 * - `ine`: INE, taken by the guest (LVZ-INSN-11).
 */
export type GuestPolicy = "native" | "bank" | "gspr" | "hvc" | "cacop" | "timer" | "tlb" | "ertn" | "ine";

/** The exceptional properties of a row. */
export interface RowOptions {
  /** Raises IPE unless PLV is 0. */
  readonly privileged?: boolean;
  /** Raises INE unless the profile has this feature. */
  readonly needs?: Feature;
  /** The bit of EUEN without which the unit is disabled. */
  readonly unit?: "FPE";
  /** The row whose pattern this one is a special case of; any other overlap is an error. */
  readonly refines?: string;
}

/**
 * One row: name, bits from the most significant, operands as the assembler writes them, guest policy, meaning.
 *
 * Bits: literal `0`/`1` runs and fields. `rd rj rk` and `fd fj fk fa` are 5 bits, `cd cj ca` 3, `fcsr` 2; `siN`, `uiN`, `saN` and `offsN` carry their width
 * in the name (`si` and `offs` are signed); `name:width` is unsigned. A field in pieces writes `offs26[15:0]` and
 * `offs26[25:16]`. The bits of a row add to 32.
 *
 * Operands: field names in assembly order, separated by `, `. `si14<<2` is written scaled by 4 (its low bits must be 0),
 * `sa2+1` is written with 1 added.
 */
export type Row = readonly [
  name: string,
  bits: string,
  operands: string,
  guest: GuestPolicy,
  meaning: Stmt,
  options?: RowOptions,
];
