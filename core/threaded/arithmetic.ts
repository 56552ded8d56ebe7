/**
 * The operations of the meaning vocabulary in WebAssembly: one instruction where there is one, else a function of the module.
 *
 * @module
 */
import type { BinaryOp, UnaryOp } from "../isa/meaning.ts";
import { Code, type Plain } from "../wasm/code.ts";
import type { ModuleBuilder, Signature } from "../wasm/module.ts";
import { addFpHelpers, classification, FP_HELPERS, type FpHelper } from "./fp_helpers.ts";

/** Operations that are instructions. Comparisons leave an i32. */
export const DIRECT: Readonly<Partial<Record<BinaryOp, Plain>>> = {
  add: "i64.add",
  sub: "i64.sub",
  mul: "i64.mul",
  and: "i64.and",
  or: "i64.or",
  xor: "i64.xor",
  shl: "i64.shl",
  shrl: "i64.shr_u",
  shra: "i64.shr_s",
};

/** Comparisons, which leave an i32. */
export const COMPARE: Readonly<Partial<Record<BinaryOp, Plain>>> = {
  eq: "i64.eq",
  ne: "i64.ne",
  lts: "i64.lt_s",
  ltu: "i64.lt_u",
  les: "i64.le_s",
  leu: "i64.le_u",
};

/** The name of a function of the module: the operation that it computes, or what floating point needs. */
export type HelperName = BinaryOp | UnaryOp | FpHelper;

/** Functions of the module. */
export interface Helpers {
  get(name: HelperName): number | undefined;
}

const ONE: Signature = { parameters: ["i64"], results: ["i64"] };
const TWO: Signature = { parameters: ["i64", "i64"], results: ["i64"] };

/** By zero: the dividend. The one overflow: the dividend. */
function signedDivision(): Code {
  const code = new Code(2);
  code.get(1).op("i64.eqz").if().get(0).op("return").end();
  code.get(1).i64(-1n).op("i64.eq").if().i64(0n).get(0).op("i64.sub", "return").end();
  return code.get(0).get(1).op("i64.div_s");
}

function signedRemainder(): Code {
  const code = new Code(2);
  code.get(1).op("i64.eqz").if().i64(0n).op("return").end();
  code.get(1).i64(-1n).op("i64.eq").if().i64(0n).op("return").end();
  return code.get(0).get(1).op("i64.rem_s");
}

function unsignedDivision(): Code {
  const code = new Code(2).get(1).op("i64.eqz").if().get(0).op("return").end();
  return code.get(0).get(1).op("i64.div_u");
}

function unsignedRemainder(): Code {
  const code = new Code(2).get(1).op("i64.eqz").if().i64(0n).op("return").end();
  return code.get(0).get(1).op("i64.rem_u");
}

const LOW_WORD = 0xffff_ffffn;

/** The upper half of an unsigned product, from the four products of the words. */
function upperProduct(): Code {
  const code = new Code(2);
  const [a0, a1, b0, b1, middle, cross] = Array.from({ length: 6 }, () => code.local("i64")) as [
    number,
    number,
    number,
    number,
    number,
    number,
  ];
  for (const [value, low, high] of [[0, a0, a1], [1, b0, b1]] as const) {
    code.get(value).i64(LOW_WORD).op("i64.and").set(low);
    code.get(value).i64(32n).op("i64.shr_u").set(high);
  }
  code.get(a1).get(b0).op("i64.mul");
  code.get(a0).get(b0).op("i64.mul").i64(32n).op("i64.shr_u", "i64.add").set(middle);
  code.get(a0).get(b1).op("i64.mul");
  code.get(middle).i64(LOW_WORD).op("i64.and", "i64.add").set(cross);
  code.get(a1).get(b1).op("i64.mul");
  code.get(middle).i64(32n).op("i64.shr_u", "i64.add");
  return code.get(cross).i64(32n).op("i64.shr_u", "i64.add");
}

/** Each negative factor takes the other from the upper half. */
function upperSignedProduct(unsignedUpper: number): Code {
  const code = new Code(2).get(0).get(1).call(unsignedUpper);
  for (const [a, b] of [[0, 1], [1, 0]] as const) {
    code.get(a).i64(63n).op("i64.shr_s").get(b).op("i64.and", "i64.sub");
  }
  return code;
}

/** Swaps neighbouring groups of bits: `low` selects the lower group of each pair. */
function swapGroups(code: Code, by: bigint, low: bigint): Code {
  code.get(0).i64(by).op("i64.shr_u").i64(low).op("i64.and");
  code.get(0).i64(low).op("i64.and").i64(by).op("i64.shl", "i64.or");
  return code.set(0);
}

const BITS = [1n, 0x5555_5555_5555_5555n] as const;
const PAIRS = [2n, 0x3333_3333_3333_3333n] as const;
const NIBBLES = [4n, 0x0f0f_0f0f_0f0f_0f0fn] as const;
const BYTES = [8n, 0x00ff_00ff_00ff_00ffn] as const;
const HALVES = [16n, 0x0000_ffff_0000_ffffn] as const;

/** Reversals as swaps of ever larger groups; `whole` swaps the two words too. */
const REVERSALS: readonly (readonly [UnaryOp, readonly (readonly [bigint, bigint])[], whole: boolean])[] = [
  ["revb16", [BYTES], false],
  ["revb32", [BYTES, HALVES], false],
  ["revb64", [BYTES, HALVES], true],
  ["revh32", [HALVES], false],
  ["revh64", [HALVES], true],
  ["bitrev8", [BITS, PAIRS, NIBBLES], false],
  ["bitrev64", [BITS, PAIRS, NIBBLES, BYTES, HALVES], true],
];

function reversal(swaps: readonly (readonly [bigint, bigint])[], whole: boolean): Code {
  const code = new Code(1);
  for (const [by, low] of swaps) swapGroups(code, by, low);
  code.get(0);
  return whole ? code.i64(32n).op("i64.rotl") : code;
}

/** Adds the functions to a module. The operations that it has neither this way nor directly are the checksums. */
export function addHelpers(module: ModuleBuilder): ReadonlyMap<HelperName, number> {
  const helpers = new Map<HelperName, number>();
  const add = (name: BinaryOp | UnaryOp, code: Code) => {
    const f = module.add(signatureOf(name), code);
    helpers.set(name, f);
    return f;
  };
  add("divs", signedDivision());
  add("divu", unsignedDivision());
  add("rems", signedRemainder());
  add("remu", unsignedRemainder());
  add("mulhs", upperSignedProduct(add("mulhu", upperProduct())));
  for (const [name, swaps, whole] of REVERSALS) add(name, reversal(swaps, whole));
  add("classify32", classification(32));
  add("classify64", classification(64));
  for (const [name, f] of addFpHelpers(module)) helpers.set(name, f);
  return helpers;
}

const DIVISIONS = ["divs", "divu", "rems", "remu", "mulhu", "mulhs"] as const;

const SIGNATURES: ReadonlyMap<HelperName, Signature> = new Map<HelperName, Signature>([
  ...DIVISIONS.map((name) => [name, TWO] as const),
  ...REVERSALS.map(([name]) => [name, ONE] as const),
  ["classify32", ONE],
  ["classify64", ONE],
  ...Object.entries(FP_HELPERS) as [FpHelper, Signature][],
]);

/** What a function takes and gives. */
export function signatureOf(name: HelperName): Signature {
  const signature = SIGNATURES.get(name);
  if (signature === undefined) throw new RangeError(`Cannot call ${name}: it is no function`);
  return signature;
}

/** The functions. */
export const HELPER_NAMES: readonly HelperName[] = [...SIGNATURES.keys()];
