/**
 * Random arithmetic without branches.
 *
 * @module
 */
import type { Random } from "../../sequences/random.ts";
import { hex } from "../../core/hex.ts";

/** The registers that hold data. */
export const DATA: readonly string[] = [
  ...[0, 1, 2, 3, 4, 5, 6].map((n) => `$a${n}`),
  ...[4, 5, 6, 7, 8].map((n) => `$t${n}`),
  ...[2, 3, 4, 5, 6, 7, 8].map((n) => `$s${n}`),
];

/** One of {@linkcode DATA}. */
export function dataRegister(random: Random): string {
  return random.pick(DATA);
}

const THREE = [
  ..."add.w add.d sub.w sub.d slt sltu nor and or xor orn andn sll.w srl.w sra.w sll.d srl.d sra.d".split(
    " ",
  ),
  ..."rotr.w rotr.d mul.w mulh.w mulh.wu mul.d mulh.d mulh.du mulw.d.w mulw.d.wu maskeqz masknez".split(" "),
  ..."div.d mod.d div.du mod.du crc.w.d.w crcc.w.w.w".split(" "),
];
const TWO = "clo.w clz.w cto.d ctz.d revb.2h revb.d revh.d bitrev.4b bitrev.d ext.w.h ext.w.b".split(" ");
const IMMEDIATE = ["addi.w", "addi.d", "slti", "sltui"];
const LOGICAL = ["andi", "ori", "xori"];

function instruction(random: Random): string {
  const r = () => dataRegister(random);
  switch (random.below(6)) {
    case 0:
      return `${random.pick(TWO)} ${r()}, ${r()}`;
    case 1:
      return `${random.pick(IMMEDIATE)} ${r()}, ${r()}, ${random.between(-2048, 2047)}`;
    case 2:
      return `${random.pick(LOGICAL)} ${r()}, ${r()}, ${random.below(4096)}`;
    case 3: {
      const [a, b] = [random.below(64), random.below(64)];
      return `${random.pick(["bstrpick.d", "bstrins.d"])} ${r()}, ${r()}, ${Math.max(a, b)}, ${
        Math.min(a, b)
      }`;
    }
    default:
      return `${random.pick(THREE)} ${r()}, ${r()}, ${r()}`;
  }
}

/** So many instructions, a line each. */
export function straightLine(random: Random, count: number): string {
  return Array.from({ length: count }, () => `  ${instruction(random)}`).join("\n");
}

/** A number of 64 bits, often with few ones or few zeros. */
export function constant(random: Random): string {
  const any = random.bits64();
  const shift = BigInt(random.below(64));
  const values = [
    any,
    any >> shift,
    BigInt.asUintN(64, any << shift),
    BigInt.asUintN(64, -1n << shift),
    1n << shift,
  ];
  return hex(random.pick(values));
}
