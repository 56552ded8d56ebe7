/**
 * Privileged instructions: CSRs, IOCSRs, caches, the TLB, page walking, return from exception and idling.
 *
 * The encoding 0x06493000 that opcode lists carry as `xxx.unknown.1` has no name, operands or meaning in any manual;
 * it is not an instruction here and decodes to nothing.
 *
 * @module
 */
import { call } from "./meaning.ts";
import type { Row, RowOptions } from "./row.ts";

const privileged: RowOptions = { privileged: true };
const refinesXchg: RowOptions = { privileged: true, refines: "csrxchg" };
const walker: RowOptions = { privileged: true, needs: "LSPW" };

// deno-fmt-ignore
/** Privileged instructions of the base architecture. */
export const PRIVILEGED: readonly Row[] = [
  ["csrrd",     "00000100 csr:14 00000 rd", "rd, csr",     "bank", call("csrrd", { writes: ["rd"] }), refinesXchg],
  ["csrwr",     "00000100 csr:14 00001 rd", "rd, csr",     "bank", call("csrwr", { reads: ["rd"], writes: ["rd"] }), refinesXchg],
  ["csrxchg",   "00000100 csr:14 rj rd",    "rd, rj, csr", "bank", call("csrxchg", { reads: ["rd", "rj"], writes: ["rd"] }), privileged],

  // The manual knows one exception to "privileged instructions need PLV0", csrrd of performance counters; cacop is none.
  ["cacop",     "0000011000 si12 rj code:5", "code, rj, si12", "cacop", call("cacop"), privileged],
  ["lddir",     "00000110010000 level:8 rj rd",    "rd, rj, level", "tlb", call("lddir", { reads: ["rj"], writes: ["rd"] }), walker],
  ["ldpte",     "00000110010001 seq:8 rj 00000",   "rj, seq",       "tlb", call("ldpte", { reads: ["rj"] }), walker],

  ["iocsrrd.b", "0000011001001000000000 rj rd", "rd, rj", "gspr", call("iocsrrd.b"), privileged],
  ["iocsrrd.h", "0000011001001000000001 rj rd", "rd, rj", "gspr", call("iocsrrd.h"), privileged],
  ["iocsrrd.w", "0000011001001000000010 rj rd", "rd, rj", "gspr", call("iocsrrd.w"), privileged],
  ["iocsrrd.d", "0000011001001000000011 rj rd", "rd, rj", "gspr", call("iocsrrd.d"), privileged],
  ["iocsrwr.b", "0000011001001000000100 rj rd", "rd, rj", "gspr", call("iocsrwr.b"), privileged],
  ["iocsrwr.h", "0000011001001000000101 rj rd", "rd, rj", "gspr", call("iocsrwr.h"), privileged],
  ["iocsrwr.w", "0000011001001000000110 rj rd", "rd, rj", "gspr", call("iocsrwr.w"), privileged],
  ["iocsrwr.d", "0000011001001000000111 rj rd", "rd, rj", "gspr", call("iocsrwr.d"), privileged],

  ["tlbclr",    "00000110010010000010000000000000", "", "tlb",  call("tlbclr"),   privileged],
  ["tlbflush",  "00000110010010000010010000000000", "", "tlb",  call("tlbflush"), privileged],
  ["tlbsrch",   "00000110010010000010100000000000", "", "tlb",  call("tlbsrch"),  privileged],
  ["tlbrd",     "00000110010010000010110000000000", "", "tlb",  call("tlbrd"),    privileged],
  ["tlbwr",     "00000110010010000011000000000000", "", "tlb",  call("tlbwr"),    privileged],
  ["tlbfill",   "00000110010010000011010000000000", "", "tlb",  call("tlbfill"),  privileged],
  ["ertn",      "00000110010010000011100000000000", "", "ertn", call("ertn"),     privileged],
  ["idle",      "00000110010010001 level:15",   "level",      "gspr", call("idle"),   privileged],
  ["invtlb",    "00000110010010011 rk rj op:5", "op, rj, rk", "tlb",  call("invtlb"), privileged],
];
