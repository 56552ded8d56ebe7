/**
 * Operands at and around every boundary, and at random.
 *
 * @module
 */
import type { Instruction } from "../core/isa/table.ts";
import type { Operand } from "../core/isa/pattern.ts";
import { oneIn, type Random } from "./random.ts";

const wrap = (v: bigint) => BigInt.asUintN(64, v);

const POSITIVE = [
  ...[0n, 1n, 2n, 3n, 7n, 8n, 15n, 16n, 31n, 32n, 33n, 63n, 64n, 65n],
  ...[0x7fn, 0x80n, 0xffn, 0x100n, 0x7fffn, 0x8000n, 0xffffn, 0x10000n],
  ...[0x7fffffffn, 0x80000000n, 0x80000001n, 0xffffffffn, 0x100000000n],
  ...[0x7fffffff_ffffffffn, 0x55555555_55555555n, 0x00ff00ff_00ff00ffn, 0x01234567_89abcdefn],
];

const EDGES: readonly bigint[] = [
  ...POSITIVE,
  ...POSITIVE.map((v) => wrap(-v)),
  ...POSITIVE.map((v) => wrap(~v)),
];

/** A 64-bit value. */
export function value(random: Random): bigint {
  switch (random.below(8)) {
    case 0:
    case 1:
    case 2:
      return random.pick(EDGES);
    case 3:
      return wrap((1n << BigInt(random.below(64))) + BigInt(random.below(3) - 1));
    case 4:
      return wrap(BigInt.asIntN(32, BigInt(random.word())));
    case 5:
      return random.bits64() >> BigInt(random.below(64));
    case 6:
      return wrap(-(random.bits64() >> BigInt(random.below(64))));
    default:
      return random.bits64();
  }
}

/** A value that has something to do with another. */
export function related(random: Random, other: bigint): bigint {
  switch (random.below(10)) {
    case 0:
      return other;
    case 1:
      return wrap(~other);
    case 2:
      return wrap(-other);
    case 3:
      return wrap(other + BigInt(random.below(3) - 1));
    default:
      return value(random);
  }
}

/** Values of registers by number; register 0 holds nothing. */
export class Registers {
  readonly values = new Map<number, bigint>();

  get(register: number): bigint {
    return this.values.get(register) ?? 0n;
  }

  set(register: number, v: bigint): void {
    if (register !== 0) this.values.set(register, wrap(v));
  }
}

/** Which registers may be `zero`, and which may be the same. */
export interface Aliasing {
  /** Operands that must not be `zero`. */
  readonly nonzero?: readonly string[];
  /** Operands that share no register with another one. */
  readonly apart?: readonly string[];
}

function sized(file: Operand["file"]): number {
  if (file === "flag") return 8;
  return file === "fcsr" ? 4 : 32;
}

/** Chooses registers: mostly different ones, and often enough the same, or `zero`. */
export function chooseRegisters(
  random: Random,
  instruction: Instruction,
  { nonzero = [], apart = [] }: Aliasing = {},
): Map<string, number> {
  const chosen = new Map<string, number>();
  for (const { name, kind, file } of instruction.operands) {
    if (kind !== "register") continue;
    const earlier = [...chosen].filter(([n]) => !apart.includes(n) && fileOf(instruction, n) === file);
    const taken = new Set([...chosen].filter(([n]) => fileOf(instruction, n) === file).map(([, r]) => r));
    const general = file === "general";
    if (!apart.includes(name) && earlier.length > 0 && oneIn(random, 7)) {
      const [, same] = random.pick(earlier);
      if (same !== 0 || !nonzero.includes(name)) {
        chosen.set(name, same);
        continue;
      }
    }
    if (general && !nonzero.includes(name) && oneIn(random, 12)) {
      chosen.set(name, 0);
      continue;
    }
    const free = Array.from({ length: sized(file) }, (_, r) => r).filter((r) =>
      !taken.has(r) && !(general && r === 0)
    );
    chosen.set(name, random.pick(free));
  }
  return chosen;
}

function fileOf(instruction: Instruction, name: string): Operand["file"] {
  return instruction.operands.find((o) => o.name === name)?.file;
}

/** A value of an operand that is no register: its least, its greatest, around 0, or any. */
export function immediate(random: Random, { min, max, shift, plus, field }: Operand): number {
  const unit = 2 ** shift;
  const near = random.pick([-2, -1, 0, 1, 2]) * unit + plus;
  switch (random.below(6)) {
    case 0:
      return min;
    case 1:
      return max;
    case 2:
      return near >= min && near <= max ? near : min;
    default:
      return min + (random.word() % 2 ** field.width) * unit;
  }
}

/**
 * The word of an instruction, without the encoder's opinion about values that the manual reserves.
 *
 * @param values by operand name, in written units
 */
export function wordOf(instruction: Instruction, values: ReadonlyMap<string, number>): number {
  let word = instruction.match;
  for (const { name, field, shift, plus } of instruction.operands) {
    const units = ((values.get(name) ?? plus) - plus) / 2 ** shift;
    for (const { at, from, width } of field.pieces) word |= ((units >> from) & (2 ** width - 1)) << at;
  }
  return word >>> 0;
}
