/**
 * The instructions of the virtualization extension.
 *
 * @module
 */
import { call } from "./meaning.ts";
import type { Row, RowOptions } from "./row.ts";

const lvz: RowOptions = { privileged: true, needs: "LVZ" };
const refinesXchg: RowOptions = { privileged: true, needs: "LVZ", refines: "gcsrxchg" };

// deno-fmt-ignore
/** The virtualization extension (LVZ). */
export const LVZ: readonly Row[] = [
  ["gcsrrd",    "00000101 csr:14 00000 rd", "rd, csr",     "ine", call("gcsrrd", { writes: ["rd"] }), refinesXchg],
  ["gcsrwr",    "00000101 csr:14 00001 rd", "rd, csr",     "ine", call("gcsrwr", { reads: ["rd"], writes: ["rd"] }), refinesXchg],
  ["gcsrxchg",  "00000101 csr:14 rj rd",    "rd, rj, csr", "ine", call("gcsrxchg", { reads: ["rd", "rj"], writes: ["rd"] }), lvz],

  ["gtlbclr",   "00000110010010000010000000000001", "", "ine", call("gtlbclr"),   lvz],
  ["gtlbflush", "00000110010010000010010000000001", "", "ine", call("gtlbflush"), lvz],
  ["gtlbsrch",  "00000110010010000010100000000001", "", "ine", call("gtlbsrch"),  lvz],
  ["gtlbrd",    "00000110010010000010110000000001", "", "ine", call("gtlbrd"),    lvz],
  ["gtlbwr",    "00000110010010000011000000000001", "", "ine", call("gtlbwr"),    lvz],
  ["gtlbfill",  "00000110010010000011010000000001", "", "ine", call("gtlbfill"),  lvz],

  ["hvcl",      "00000000001010111 code:15", "code", "hvc", call("hvcl"), lvz],
];
