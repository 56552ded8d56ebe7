/**
 * Performance counters and watchpoints. This machine implements none of them, and says so in the registers by which
 * software asks (CPUCFG word 6, MWPC and FWPC read 0). A guest's access to their numbers still exits (LVZ-GCSR-06, -07).
 *
 * @module
 */
import { bits, csr, type CsrDeclaration } from "./define.ts";

export const MWPC = csr(0x300, "MWPC", "load/store watchpoints, overall", {
  Num: bits(5, 0, "number of watchpoints", { access: "const" }),
}, { guest: "gspr", width: 32 });
export const FWPC = csr(0x380, "FWPC", "fetch watchpoints, overall", {
  Num: bits(5, 0, "number of watchpoints", { access: "const" }),
}, { guest: "gspr", width: 32 });

export const DEBUG: readonly CsrDeclaration[] = [MWPC, FWPC];

/**
 * Numbers without a register of this machine whose access from guest mode exits all the same (LVZ-GCSR-05, -06, -07).
 * Both ends belong to the range.
 */
export const EXITING_RANGES: readonly {
  readonly first: number;
  readonly last: number;
  readonly what: string;
}[] = [
  { first: 0xc0, last: 0xff, what: "vendor shadow of CPUCFG" },
  { first: 0x100, last: 0x109, what: "vendor registers" },
  { first: 0x200, last: 0x23f, what: "performance counters" },
  { first: 0x300, last: 0x34f, what: "load/store watchpoints" },
  { first: 0x380, last: 0x3cf, what: "fetch watchpoints" },
];
