/**
 * Names of the general registers.
 *
 * @module
 */

/** The ABI names by number, as LLVM prints them: `$r21` has none of its own. */
export const REGISTER_NAMES: readonly string[] = [
  ...["$zero", "$ra", "$tp", "$sp"],
  ...["$a0", "$a1", "$a2", "$a3", "$a4", "$a5", "$a6", "$a7"],
  ...["$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8"],
  ...["$r21", "$fp"],
  ...["$s0", "$s1", "$s2", "$s3", "$s4", "$s5", "$s6", "$s7", "$s8"],
];

const NUMBERS: ReadonlyMap<string, number> = new Map([
  ...REGISTER_NAMES.map((name, number): [string, number] => [name, number]),
  ...REGISTER_NAMES.map((_, number): [string, number] => [`$r${number}`, number]),
  ["$x", 21],
  ["$u0", 21],
  ["$s9", 22],
]);

/**
 * The ABI name of a register: `registerName(4)` is `$a0`.
 *
 * @throws {RangeError} if the number is not 0 to 31
 */
export function registerName(number: number): string {
  const name = REGISTER_NAMES[number];
  if (name === undefined) throw new RangeError(`Cannot name register ${number}: numbers are 0 to 31`);
  return name;
}

/** The number of a register written `$a0`, `$r4`, … (with the dollar sign), undefined if the text names none. */
export function parseRegister(text: string): number | undefined {
  return NUMBERS.get(text);
}
