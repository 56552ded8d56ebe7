/**
 * The base integer instructions: arithmetic, logic, shifts, loads and stores, branches, barriers and the instructions
 * that raise an exception or read the machine's configuration and clock.
 *
 * Names, encodings and operand order of all rows in this folder derive from the loongarch-opcodes project
 * (loongson-community/loongarch-opcodes, copyright 2021-2023 its contributors, CC-BY 4.0 International or Mulan Open
 * Works License Attribution v1).
 *
 * @module
 */
import {
  add,
  address,
  and,
  branchIf,
  call,
  eq,
  type Expr,
  imm,
  jump,
  k,
  les,
  leu,
  link,
  load,
  lts,
  ltu,
  ne,
  nop,
  not,
  or,
  pc,
  raise,
  rd,
  rj,
  rk,
  select,
  seq,
  set,
  sext,
  shl,
  shra,
  shrl,
  store,
  sub,
  w,
  wu,
  xor,
  zero,
  zext,
} from "./meaning.ts";
import type { Row } from "./row.ts";

const wordCount = and(rk, k(31n));
const nextInstruction = add(pc, k(4n));

/** Rotates right by `count` in 0 to 63. */
function rotateDouble(count: Expr): Expr {
  return or(shrl(rj, count), shl(rj, sub(zero, count)));
}

/** Rotates the low word right by `count` in 0 to 31. */
function rotateWord(count: Expr): Expr {
  return w(or(shrl(wu(rj), count), shl(wu(rj), sub(k(32n), count))));
}

const indexed = add(rj, rk);
const si12Address = add(rj, imm("si12"));
const si14Address = add(rj, imm("si14"));

// deno-fmt-ignore
const ARITHMETIC: readonly Row[] = [
  ["add.w",     "00000000000100000 rk rj rd", "rd, rj, rk", "native", set(rd, w(add(rj, rk)))],
  ["add.d",     "00000000000100001 rk rj rd", "rd, rj, rk", "native", set(rd, add(rj, rk))],
  ["sub.w",     "00000000000100010 rk rj rd", "rd, rj, rk", "native", set(rd, w(sub(rj, rk)))],
  ["sub.d",     "00000000000100011 rk rj rd", "rd, rj, rk", "native", set(rd, sub(rj, rk))],
  ["slt",       "00000000000100100 rk rj rd", "rd, rj, rk", "native", set(rd, lts(rj, rk))],
  ["sltu",      "00000000000100101 rk rj rd", "rd, rj, rk", "native", set(rd, ltu(rj, rk))],
  ["maskeqz",   "00000000000100110 rk rj rd", "rd, rj, rk", "native", set(rd, select(eq(rk, zero), zero, rj))],
  ["masknez",   "00000000000100111 rk rj rd", "rd, rj, rk", "native", set(rd, select(eq(rk, zero), rj, zero))],
  ["nor",       "00000000000101000 rk rj rd", "rd, rj, rk", "native", set(rd, not(or(rj, rk)))],
  ["and",       "00000000000101001 rk rj rd", "rd, rj, rk", "native", set(rd, and(rj, rk))],
  ["or",        "00000000000101010 rk rj rd", "rd, rj, rk", "native", set(rd, or(rj, rk))],
  ["xor",       "00000000000101011 rk rj rd", "rd, rj, rk", "native", set(rd, xor(rj, rk))],
  ["orn",       "00000000000101100 rk rj rd", "rd, rj, rk", "native", set(rd, or(rj, not(rk)))],
  ["andn",      "00000000000101101 rk rj rd", "rd, rj, rk", "native", set(rd, and(rj, not(rk)))],

  ["slti",      "0000001000 si12 rj rd", "rd, rj, si12", "native", set(rd, lts(rj, imm("si12")))],
  ["sltui",     "0000001001 si12 rj rd", "rd, rj, si12", "native", set(rd, ltu(rj, imm("si12")))],
  ["addi.w",    "0000001010 si12 rj rd", "rd, rj, si12", "native", set(rd, w(add(rj, imm("si12"))))],
  ["addi.d",    "0000001011 si12 rj rd", "rd, rj, si12", "native", set(rd, add(rj, imm("si12")))],
  ["lu52i.d",   "0000001100 si12 rj rd", "rd, rj, si12", "native", set(rd, or(shl(imm("si12"), k(52n)), zext(52, rj)))],
  ["andi",      "0000001101 ui12 rj rd", "rd, rj, ui12", "native", set(rd, and(rj, imm("ui12")))],
  ["ori",       "0000001110 ui12 rj rd", "rd, rj, ui12", "native", set(rd, or(rj, imm("ui12")))],
  ["xori",      "0000001111 ui12 rj rd", "rd, rj, ui12", "native", set(rd, xor(rj, imm("ui12")))],
  ["addu16i.d", "000100 si16 rj rd",     "rd, rj, si16", "native", set(rd, add(rj, shl(imm("si16"), k(16n))))],

  ["lu12i.w",   "0001010 si20 rd", "rd, si20", "native", set(rd, shl(imm("si20"), k(12n)))],
  ["lu32i.d",   "0001011 si20 rd", "rd, si20", "native", set(rd, or(shl(imm("si20"), k(32n)), wu(rd)))],
  ["pcaddi",    "0001100 si20 rd", "rd, si20", "native", set(rd, address(add(pc, shl(imm("si20"), k(2n)))))],
  ["pcalau12i", "0001101 si20 rd", "rd, si20", "native", set(rd, address(and(add(pc, shl(imm("si20"), k(12n))), k(-4096n))))],
  ["pcaddu12i", "0001110 si20 rd", "rd, si20", "native", set(rd, address(add(pc, shl(imm("si20"), k(12n)))))],
  ["pcaddu18i", "0001111 si20 rd", "rd, si20", "native", set(rd, address(add(pc, shl(imm("si20"), k(18n)))))],

  ["ext.w.h",   "0000000000000000010110 rj rd", "rd, rj", "native", set(rd, sext(16, rj))],
  ["ext.w.b",   "0000000000000000010111 rj rd", "rd, rj", "native", set(rd, sext(8, rj))],
];

// deno-fmt-ignore
const SHIFTS: readonly Row[] = [
  ["sll.w",   "00000000000101110 rk rj rd", "rd, rj, rk", "native", set(rd, w(shl(rj, wordCount)))],
  ["srl.w",   "00000000000101111 rk rj rd", "rd, rj, rk", "native", set(rd, w(shrl(wu(rj), wordCount)))],
  ["sra.w",   "00000000000110000 rk rj rd", "rd, rj, rk", "native", set(rd, shra(w(rj), wordCount))],
  ["sll.d",   "00000000000110001 rk rj rd", "rd, rj, rk", "native", set(rd, shl(rj, rk))],
  ["srl.d",   "00000000000110010 rk rj rd", "rd, rj, rk", "native", set(rd, shrl(rj, rk))],
  ["sra.d",   "00000000000110011 rk rj rd", "rd, rj, rk", "native", set(rd, shra(rj, rk))],
  ["rotr.w",  "00000000000110110 rk rj rd", "rd, rj, rk", "native", set(rd, rotateWord(wordCount))],
  ["rotr.d",  "00000000000110111 rk rj rd", "rd, rj, rk", "native", set(rd, rotateDouble(rk))],

  ["slli.w",  "00000000010000001 ui5 rj rd", "rd, rj, ui5", "native", set(rd, w(shl(rj, imm("ui5"))))],
  ["slli.d",  "0000000001000001 ui6 rj rd",  "rd, rj, ui6", "native", set(rd, shl(rj, imm("ui6")))],
  ["srli.w",  "00000000010001001 ui5 rj rd", "rd, rj, ui5", "native", set(rd, w(shrl(wu(rj), imm("ui5"))))],
  ["srli.d",  "0000000001000101 ui6 rj rd",  "rd, rj, ui6", "native", set(rd, shrl(rj, imm("ui6")))],
  ["srai.w",  "00000000010010001 ui5 rj rd", "rd, rj, ui5", "native", set(rd, shra(w(rj), imm("ui5")))],
  ["srai.d",  "0000000001001001 ui6 rj rd",  "rd, rj, ui6", "native", set(rd, shra(rj, imm("ui6")))],
  ["rotri.w", "00000000010011001 ui5 rj rd", "rd, rj, ui5", "native", set(rd, rotateWord(imm("ui5")))],
  ["rotri.d", "0000000001001101 ui6 rj rd",  "rd, rj, ui6", "native", set(rd, rotateDouble(imm("ui6")))],
];

// deno-fmt-ignore
const MEMORY: readonly Row[] = [
  ["ld.b",    "0010100000 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("s8", si12Address))],
  ["ld.h",    "0010100001 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("s16", si12Address))],
  ["ld.w",    "0010100010 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("s32", si12Address))],
  ["ld.d",    "0010100011 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("u64", si12Address))],
  ["st.b",    "0010100100 si12 rj rd", "rd, rj, si12",    "native", store("u8", si12Address, rd)],
  ["st.h",    "0010100101 si12 rj rd", "rd, rj, si12",    "native", store("u16", si12Address, rd)],
  ["st.w",    "0010100110 si12 rj rd", "rd, rj, si12",    "native", store("u32", si12Address, rd)],
  ["st.d",    "0010100111 si12 rj rd", "rd, rj, si12",    "native", store("u64", si12Address, rd)],
  ["ld.bu",   "0010101000 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("u8", si12Address))],
  ["ld.hu",   "0010101001 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("u16", si12Address))],
  ["ld.wu",   "0010101010 si12 rj rd", "rd, rj, si12",    "native", set(rd, load("u32", si12Address))],

  ["ldptr.w", "00100100 si14 rj rd",   "rd, rj, si14<<2", "native", set(rd, load("s32", si14Address))],
  ["stptr.w", "00100101 si14 rj rd",   "rd, rj, si14<<2", "native", store("u32", si14Address, rd)],
  ["ldptr.d", "00100110 si14 rj rd",   "rd, rj, si14<<2", "native", set(rd, load("u64", si14Address))],
  ["stptr.d", "00100111 si14 rj rd",   "rd, rj, si14<<2", "native", store("u64", si14Address, rd)],

  ["ldx.b",   "00111000000000000 rk rj rd", "rd, rj, rk", "native", set(rd, load("s8", indexed))],
  ["ldx.h",   "00111000000001000 rk rj rd", "rd, rj, rk", "native", set(rd, load("s16", indexed))],
  ["ldx.w",   "00111000000010000 rk rj rd", "rd, rj, rk", "native", set(rd, load("s32", indexed))],
  ["ldx.d",   "00111000000011000 rk rj rd", "rd, rj, rk", "native", set(rd, load("u64", indexed))],
  ["stx.b",   "00111000000100000 rk rj rd", "rd, rj, rk", "native", store("u8", indexed, rd)],
  ["stx.h",   "00111000000101000 rk rj rd", "rd, rj, rk", "native", store("u16", indexed, rd)],
  ["stx.w",   "00111000000110000 rk rj rd", "rd, rj, rk", "native", store("u32", indexed, rd)],
  ["stx.d",   "00111000000111000 rk rj rd", "rd, rj, rk", "native", store("u64", indexed, rd)],
  ["ldx.bu",  "00111000001000000 rk rj rd", "rd, rj, rk", "native", set(rd, load("u8", indexed))],
  ["ldx.hu",  "00111000001001000 rk rj rd", "rd, rj, rk", "native", set(rd, load("u16", indexed))],
  ["ldx.wu",  "00111000001010000 rk rj rd", "rd, rj, rk", "native", set(rd, load("u32", indexed))],

  // Neither caches nor reordering exist in this machine, so that prefetches and barriers have no effect.
  ["preld",   "0010101011 si12 rj hint:5",       "hint, rj, si12", "native", nop],
  ["preldx",  "00111000001011000 rk rj hint:5",  "hint, rj, rk",   "native", nop],
  ["dbar",    "00111000011100100 hint:15",       "hint",           "native", nop],
  ["ibar",    "00111000011100101 hint:15",       "hint",           "native", nop],
];

const offs16 = add(pc, imm("offs16"));
const offs21 = add(pc, imm("offs21"));
const offs26 = add(pc, imm("offs26"));

// deno-fmt-ignore
const BRANCHES: readonly Row[] = [
  ["beqz", "010000 offs21[15:0] rj offs21[20:16]", "rj, offs21<<2",     "native", branchIf(eq(rj, zero), offs21)],
  ["bnez", "010001 offs21[15:0] rj offs21[20:16]", "rj, offs21<<2",     "native", branchIf(ne(rj, zero), offs21)],
  // The immediate of jirl counts from a register, not from the PC: it is `si`, not `offs`. The target is taken before
  // the link is written because rd may be rj.
  ["jirl", "010011 si16 rj rd",                    "rd, rj, si16<<2",   "native", seq(jump(add(rj, imm("si16"))), set(rd, address(nextInstruction)))],
  ["b",    "010100 offs26[15:0] offs26[25:16]",    "offs26<<2",         "native", jump(offs26)],
  ["bl",   "010101 offs26[15:0] offs26[25:16]",    "offs26<<2",         "native", seq(link(address(nextInstruction)), jump(offs26))],
  ["beq",  "010110 offs16 rj rd",                  "rj, rd, offs16<<2", "native", branchIf(eq(rj, rd), offs16)],
  ["bne",  "010111 offs16 rj rd",                  "rj, rd, offs16<<2", "native", branchIf(ne(rj, rd), offs16)],
  ["blt",  "011000 offs16 rj rd",                  "rj, rd, offs16<<2", "native", branchIf(lts(rj, rd), offs16)],
  ["bge",  "011001 offs16 rj rd",                  "rj, rd, offs16<<2", "native", branchIf(les(rd, rj), offs16)],
  ["bltu", "011010 offs16 rj rd",                  "rj, rd, offs16<<2", "native", branchIf(ltu(rj, rd), offs16)],
  ["bgeu", "011011 offs16 rj rd",                  "rj, rd, offs16<<2", "native", branchIf(leu(rd, rj), offs16)],
];

// deno-fmt-ignore
const MISCELLANEOUS: readonly Row[] = [
  ["rdtimel.w", "0000000000000000011000 rj rd", "rd, rj", "timer",  call("rdtimel.w")],
  ["rdtimeh.w", "0000000000000000011001 rj rd", "rd, rj", "timer",  call("rdtimeh.w")],
  ["rdtime.d",  "0000000000000000011010 rj rd", "rd, rj", "timer",  call("rdtime.d")],
  ["cpucfg",    "0000000000000000011011 rj rd", "rd, rj", "gspr",   call("cpucfg", { reads: ["rj"], writes: ["rd"] })],
  ["break",     "00000000001010100 code:15",    "code",   "native", raise("BRK")],
  ["dbcl",      "00000000001010101 code:15",    "code",   "gspr",   call("dbcl"), { privileged: true }],
  ["syscall",   "00000000001010110 code:15",    "code",   "native", raise("SYS")],
];

/** The base integer instructions. */
export const BASE: readonly Row[] = [...ARITHMETIC, ...SHIFTS, ...MEMORY, ...BRANCHES, ...MISCELLANEOUS];
