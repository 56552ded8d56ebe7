/**
 * Names of the registers.
 *
 * @module
 */
import type { RegisterFile } from "./pattern.ts";

/** The ABI names of the general registers by number, as LLVM prints them: `$r21` has none of its own. */
export const REGISTER_NAMES: readonly string[] = [
  ...["$zero", "$ra", "$tp", "$sp"],
  ...["$a0", "$a1", "$a2", "$a3", "$a4", "$a5", "$a6", "$a7"],
  ...["$t0", "$t1", "$t2", "$t3", "$t4", "$t5", "$t6", "$t7", "$t8"],
  ...["$r21", "$fp"],
  ...["$s0", "$s1", "$s2", "$s3", "$s4", "$s5", "$s6", "$s7", "$s8"],
];

/** The names of a kind of registers: a prefix and a number. */
function numbered(prefix: string, count: number): readonly string[] {
  return Array.from({ length: count }, (_, number) => `${prefix}${number}`);
}

const NAMES: Readonly<Record<RegisterFile, readonly string[]>> = {
  general: REGISTER_NAMES,
  float: [...numbered("$fa", 8), ...numbered("$ft", 16), ...numbered("$fs", 8)],
  flag: numbered("$fcc", 8),
  fcsr: numbered("$fcsr", 4),
};

const FILES = Object.keys(NAMES) as readonly RegisterFile[];

/** All names of all registers, as they are printed. */
export const ALL_REGISTER_NAMES: readonly string[] = FILES.flatMap((file) => NAMES[file]);

/** Other names of general registers. */
const OTHER_NAMES = [["$x", 21], ["$u0", 21], ["$s9", 22]] as const;

/** What a register name names. */
export interface RegisterNumber {
  readonly file: RegisterFile;
  readonly number: number;
}

const REGISTERS = new Map<string, RegisterNumber>();
FILES.forEach((file) => NAMES[file].forEach((name, number) => REGISTERS.set(name, { file, number })));
for (let number = 0; number < 32; number++) {
  REGISTERS.set(`$f${number}`, { file: "float", number });
  REGISTERS.set(`$r${number}`, { file: "general", number });
}
for (const [name, number] of OTHER_NAMES) REGISTERS.set(name, { file: "general", number });

/**
 * The ABI name of a register: `registerName(4)` is `$a0`, `registerName(4, "float")` is `$fa4`.
 *
 * @throws {RangeError} if there is no register of this number
 */
export function registerName(number: number, file: RegisterFile = "general"): string {
  const name = NAMES[file][number];
  if (name === undefined) {
    const kind = file === "general" ? "" : `${file} `;
    throw new RangeError(`Cannot name ${kind}register ${number}: numbers are 0 to ${NAMES[file].length - 1}`);
  }
  return name;
}

/** The register of any kind that a name such as `$a0`, `$f31`, `$fcc0` or `$fcsr0` names, undefined if the text names none. */
export function parseAnyRegister(text: string): RegisterNumber | undefined {
  return REGISTERS.get(text);
}

/** The number of a general register written `$a0`, `$r4`, … (with the dollar sign), undefined if the text names none. */
export function parseRegister(text: string): number | undefined {
  const register = REGISTERS.get(text);
  return register?.file === "general" ? register.number : undefined;
}
