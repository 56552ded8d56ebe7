/**
 * Functions of the generated module for floating point. Why results are right is said at each; `fp_helpers_test.ts` compares them with
 * `core/fp`.
 *
 * @module
 */
import { Code } from "../wasm/code.ts";
import type { ModuleBuilder, Signature } from "../wasm/module.ts";
import { MODE } from "./fp_code.ts";
import { FP } from "./layout.ts";
import { FAMILY, IS_SINGLE } from "./fp_native.ts";

/** Names of the functions that regions call too. */
export type FpHelper = "fpFits" | "fpFused32" | "fpFused64";

/** Their signatures. */
export const FP_HELPERS: Readonly<Record<FpHelper, Signature>> = {
  /** (family, mode, a, b, c, result): 1 if the result can stand, see `core/threaded/fp_code.ts`. */
  fpFits: { parameters: ["i32", "i32", "f64", "f64", "f64", "f64"], results: ["i32"] },
  /** a · b + c rounded to a single, of singles; no number if that is not known. */
  fpFused32: { parameters: ["f64", "f64", "f64"], results: ["f64"] },
  /** The same of doubles. */
  fpFused64: { parameters: ["f64", "f64", "f64"], results: ["f64"] },
};

const LEAST_NORMAL = { single: 2 ** -126, double: 2 ** -1022 } as const;
/** Flags of FCSR0: underflow and inexact. */
const UNDERFLOWN = 0x30000;
const FRACTION = (1n << 52n) - 1n;

/** Leaves s = x + y and e, the rest, in locals: exact unless s overflows, and then s + e is no number (Knuth, Møller). */
function twoSum(code: Code, x: number, y: number, s: number, e: number): void {
  const part = code.local("f64");
  code.get(x).get(y).op("f64.add").tee(s).get(x).op("f64.sub").set(part);
  code.get(x).get(s).get(part).op("f64.sub", "f64.sub");
  code.get(y).get(part).op("f64.sub", "f64.add").set(e);
}

/** Leaves 1 if |x| is a normal number and not the least. */
function isNormal(code: Code, x: number): void {
  code.get(x).op("f64.abs").f64(LEAST_NORMAL.double).op("f64.gt");
  code.get(x).op("f64.abs").f64(Infinity).op("f64.lt", "i32.and");
}

/**
 * (a, b): 1 if the double a · b is exact; 0 too where one of them is not normal. Without their trailing zeros the significands are odd,
 * and so is their product: it must fit into 53 bits.
 */
function exactProduct(): Code {
  const [a, b, m, n, bits, product] = [0, 1, 2, 3, 4, 5];
  const code = new Code(2);
  code.local("i64");
  code.local("i64");
  code.local("i32");
  code.local("f64");
  code.get(a).f64(0).op("f64.eq").get(b).f64(0).op("f64.eq", "i32.or").if().i32(1).op("return").end();
  code.get(a).get(b).op("f64.mul").set(product);
  for (const x of [a, b, product]) isNormal(code, x);
  code.op("i32.and", "i32.and", "i32.eqz").if().i32(0).op("return").end();
  for (const [x, significand] of [[a, m], [b, n]] as const) {
    code.get(x).op("i64.reinterpret_f64").i64(FRACTION).op("i64.and").i64(FRACTION + 1n).op("i64.or").tee(
      significand,
    );
    code.get(significand).op("i64.ctz", "i64.shr_u").set(significand);
  }
  // 64 less the bits of each.
  code.get(m).op("i64.clz").get(n).op("i64.clz", "i64.add", "i32.wrap_i64").tee(bits);
  code.i32(128 - 53).op("i32.ge_u").if().i32(1).op("return").end();
  code.get(bits).i32(128 - 54).op("i32.lt_u").if().i32(0).op("return").end();
  return code.get(m).get(n).op("i64.mul").i64(1n << 53n).op("i64.lt_u");
}

/** (family, mode, a, b, c, r): operands and result as doubles, of singles too. */
function fits(exactProduct: number): Code {
  const [family, mode, a, b, c, r, kind, s, e] = [0, 1, 2, 3, 4, 5, 6, 7, 8];
  const code = new Code(6);
  code.local("i32");
  code.local("f64");
  code.local("f64");
  const is = (...families: readonly (keyof typeof FAMILY)[]) => {
    const mask = families.reduce((bits, name) => bits | (1 << FAMILY[name]), 0);
    return code.i32(mask).get(kind).op("i32.shr_u").i32(1).op("i32.and");
  };
  const isZero = (x: number) => code.get(x).f64(0).op("f64.eq");
  code.get(mode).i32(MODE.engine).op("i32.and").if().i32(0).op("return").end();
  code.get(r).op("f64.abs").f64(Infinity).op("f64.lt", "i32.eqz").if().i32(0).op("return").end();
  code.get(family).i32(IS_SINGLE - 1).op("i32.and").set(kind);
  code.get(r).op("f64.abs").f64(LEAST_NORMAL.single).f64(LEAST_NORMAL.double);
  code.get(family).i32(IS_SINGLE).op("i32.and", "select", "f64.gt", "i32.eqz");
  is("product", "quotient", "fused", "narrow", "reciprocal", "several").op("i32.and").if();
  // It may have underflowed. That is nothing new where Flags has underflow and inexact.
  code.i32(~UNDERFLOWN).i32(0).access("i32.load", FP.fcsr).op("i32.or").i32(-1).op("i32.eq").if();
  code.i32(1).op("return").end();
  // Otherwise nothing but a zero made of zeros is sure to be exact.
  isZero(a);
  isZero(b);
  is("product", "fused").op("i32.and", "i32.or");
  isZero(c);
  is("fused").op("i32.eqz", "i32.or", "i32.and", "return").end();
  code.get(mode).op("i32.eqz").if().i32(1).op("return").end();

  is("sum").if();
  twoSum(code, a, b, s, e);
  isZero(e).get(s).get(r).op("f64.eq", "i32.and", "return").end();
  is("product").if().get(a).get(b).call(exactProduct).get(a).get(b).op("f64.mul").get(r).op(
    "f64.eq",
    "i32.and",
  );
  code.op("return").end();
  is("reciprocal").if().get(a).set(b).f64(1).set(a).end();
  is("quotient", "reciprocal").if().get(r).get(b).call(exactProduct).get(r).get(b).op("f64.mul").get(a);
  // A quotient of the least normal number could be below it and be rounded.
  code.op("f64.eq", "i32.and");
  isNormal(code, a);
  code.op("i32.and", "return").end();
  is("root").if().get(r).get(r).call(exactProduct).get(r).get(r).op("f64.mul").get(a).op("f64.eq", "i32.and");
  code.op("return").end();
  is("fused").if().get(a).get(b).call(exactProduct).get(a).get(b).op("f64.mul").set(a);
  twoSum(code, a, c, s, e);
  isZero(e).op("i32.and").get(s).get(r).op("f64.eq", "i32.and", "return").end();
  is("narrow", "near").if().get(a).get(r).op("f64.eq", "return").end();
  is("integer").if().get(r).op("i64.trunc_sat_f64_s").get(a).op("i64.reinterpret_f64", "i64.eq");
  code.get(r).f64(2 ** 63).op("f64.lt", "i32.and", "return").end();
  return code.i32(0);
}

/**
 * Makes s the sum s + e rounded to odd: of two neighbours the one with an odd significand. Rounding that to nearest with at least two
 * bits less is rounding s + e (Boldo and Melquiond, "Emulation of a FMA and correctly rounded sums", 2008).
 */
function roundToOdd(code: Code, s: number, e: number): void {
  code.get(e).f64(0).op("f64.ne").get(s).op("i64.reinterpret_f64", "i32.wrap_i64").i32(1).op(
    "i32.and",
    "i32.eqz",
  );
  code.op("i32.and").if();
  // Towards e: one up in magnitude if the signs agree, else one down.
  code.get(s).op("i64.reinterpret_f64");
  code.get(s).op("i64.reinterpret_f64").get(e).op("i64.reinterpret_f64", "i64.xor").i64(63n).op("i64.shr_s");
  code.i64(1n).op("i64.or", "i64.add", "f64.reinterpret_i64").set(s).end();
}

/** The product of two singles is exact as a double. */
function fusedSingle(): Code {
  const [a, b, c, s, e] = [0, 1, 2, 3, 4];
  const code = new Code(3);
  code.local("f64");
  code.local("f64");
  code.get(a).get(b).op("f64.mul").set(a);
  twoSum(code, a, c, s, e);
  roundToOdd(code, s, e);
  return code.get(s).op("f32.demote_f64", "f64.promote_f32");
}

/** Exponents between which nothing on the way overflows or underflows: products have at most 2^800, their rests at least 2^-906. */
const EXPONENTS = { least: 1023n - 400n, count: 801n } as const;
/** Veltkamp: cuts a significand of 53 bits into 26 and 26 bits and a sign. */
const SPLITTER = 2 ** 27 + 1;

/** Boldo and Melquiond's algorithm with Dekker's product. */
function fusedDouble(): Code {
  const [a, b, c] = [0, 1, 2];
  const code = new Code(3);
  const isZero = (x: number) => code.get(x).f64(0).op("f64.eq");
  isZero(a);
  isZero(b).op("i32.or").if().get(a).get(b).op("f64.mul").get(c).op("f64.add", "return").end();
  isZero(c).if().get(a).get(b).op("f64.mul", "return").end();
  for (const x of [a, b, c]) {
    code.get(x).op("i64.reinterpret_f64").i64(52n).op("i64.shr_u").i64(0x7ffn).op("i64.and");
    code.i64(EXPONENTS.least).op("i64.sub").i64(EXPONENTS.count).op("i64.lt_u");
  }
  code.op("i32.and", "i32.and", "i32.eqz").if().f64(NaN).op("return").end();
  const local = () => code.local("f64");
  const [ah, al, bh, bl, uh, ul, th, tl] = [
    local(),
    local(),
    local(),
    local(),
    local(),
    local(),
    local(),
    local(),
  ];
  const [vh, vl, z, e] = [local(), local(), local(), local()];
  for (const [x, high, low] of [[a, ah, al], [b, bh, bl]] as const) {
    code.get(x).f64(SPLITTER).op("f64.mul").tee(high).get(high).get(x).op("f64.sub", "f64.sub").set(high);
    code.get(x).get(high).op("f64.sub").set(low);
  }
  code.get(a).get(b).op("f64.mul").set(uh);
  code.get(ah).get(bh).op("f64.mul").get(uh).op("f64.sub").get(ah).get(bl).op("f64.mul", "f64.add");
  code.get(al).get(bh).op("f64.mul", "f64.add").get(al).get(bl).op("f64.mul", "f64.add").set(ul);
  twoSum(code, c, ul, th, tl);
  twoSum(code, uh, th, vh, vl);
  twoSum(code, tl, vl, z, e);
  roundToOdd(code, z, e);
  return code.get(vh).get(z).op("f64.add");
}

/** Adds the functions to a module. */
export function addFpHelpers(module: ModuleBuilder): ReadonlyMap<FpHelper, number> {
  const product = module.add({ parameters: ["f64", "f64"], results: ["i32"] }, exactProduct());
  return new Map([
    ["fpFits", module.add(FP_HELPERS.fpFits, fits(product))],
    ["fpFused32", module.add(FP_HELPERS.fpFused32, fusedSingle())],
    ["fpFused64", module.add(FP_HELPERS.fpFused64, fusedDouble())],
  ]);
}

/** One bit of ten, as `fclass` gives it (see `core/fp/compare.ts`). @param width of the format in bits */
export function classification(width: 32 | 64): Code {
  const [x, kind, fraction] = [0, 1, 2];
  const fractionBits = width === 64 ? 52n : 23n;
  const maximum = width === 64 ? 0x7ffn : 0xffn;
  const code = new Code(1);
  code.local("i64");
  code.local("i64");
  const exponent = () => code.get(x).i64(fractionBits).op("i64.shr_u").i64(maximum).op("i64.and");
  code.get(x).i64((1n << fractionBits) - 1n).op("i64.and").set(fraction);
  exponent();
  code.i64(maximum).op("i64.eq").if();
  code.get(fraction).op("i64.eqz", "i32.eqz").if();
  code.i64(1n).get(fraction).i64(fractionBits - 1n).op("i64.shr_u", "i64.shl", "return").end();
  code.i64(2n).set(kind).else();
  // Normal, subnormal, zero.
  code.i64(3n);
  exponent();
  code.op("i64.eqz", "i64.extend_i32_u", "i64.add");
  code.get(x).i64((1n << BigInt(width - 1)) - 1n).op("i64.and", "i64.eqz", "i64.extend_i32_u", "i64.add").set(
    kind,
  );
  code.end();
  code.i64(1n).get(kind);
  // Positive data have their bits 4 higher.
  code.i64(4n).get(x).i64(BigInt(width - 3)).op("i64.shr_u").i64(4n).op("i64.and", "i64.sub", "i64.add");
  return code.op("i64.shl");
}
