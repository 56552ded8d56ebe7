/**
 * Pseudo-instructions as lines of assembly, and numbers as expressions. What needs an address is in `sources.ts`.
 *
 * @module
 */
import { REGISTER_NAMES } from "../../core/isa/mod.ts";
import type { Random } from "../../sequences/random.ts";
import type { Line } from "./lines.ts";

/** Bits at which a number gets longer to load, or at which a field of its loading ends. */
const BORDERS = [0, 1, 10, 11, 12, 13, 19, 20, 30, 31, 32, 33, 43, 44, 50, 51, 52, 53, 61, 62, 63, 64];
const PATTERNS: readonly bigint[] = [
  ...[0n, 0xfffn, 0xfffff000n, 0xfffff800n, 0xffffffff00000000n, 0xfffffffffffff7ffn, 0x00000fff00000fffn],
  ...[
    0xfffff00000000fffn,
    0x7fffffff00000800n,
    0x000fffff00000000n,
    0xfff0000000000001n,
    0x8000000080000000n,
  ],
  ...[
    0x0000000080000800n,
    0x0008000000000000n,
    0xfff8000000000000n,
    0x9000000012345678n,
    0x5555555555555555n,
  ],
];

function borderNumbers(): bigint[] {
  const near = [-1n, 0n, 1n];
  const powers = BORDERS.flatMap((bit) => near.map((d) => (1n << BigInt(bit)) + d));
  const sums = BORDERS.flatMap((high) => BORDERS.map((low) => (1n << BigInt(high)) - (1n << BigInt(low))));
  const numbers = [...powers, ...sums, ...PATTERNS];
  return [...new Set([...numbers, ...numbers.map((n) => -n)])];
}

/** 64 bits in runs of equal ones, which make the sequences that uniform numbers never need. */
function runs(random: Random): bigint {
  let n = 0n;
  for (let at = 0; at < 64;) {
    const width = random.between(1, 24);
    n = (n << BigInt(width)) |
      (random.chance(0.5) ? (1n << BigInt(width)) - 1n : BigInt(random.bits32()) & 0xffn);
    at += width;
  }
  return BigInt.asIntN(64, n);
}

function loads(numbers: readonly bigint[]): Line[] {
  return numbers.flatMap((n, index) => {
    const register = REGISTER_NAMES[index % 32];
    return ["li.w", "li.d"].flatMap((form) =>
      [`${n}`, ...(n < 0n ? [] : [`0x${n.toString(16)}`])].map((number) => ({
        form,
        text: `${form} ${register}, ${number}`,
      }))
    );
  });
}

const DISTANCES = [
  0,
  4,
  -4,
  2,
  8,
  -131072,
  131068,
  131072,
  -131076,
  -4194304,
  4194300,
  4194304,
  -134217728,
  134217724,
];
const REGISTER_OPERANDS: readonly (readonly [form: string, registers: number, last?: "distance"])[] = [
  ["nop", 0],
  ["ret", 0],
  ["move", 2],
  ["jr", 1],
  ...["bgt", "ble", "bgtu", "bleu"].map((form) => [form, 2, "distance"] as const),
  ...["bltz", "bgez", "bgtz", "blez"].map((form) => [form, 1, "distance"] as const),
];

/** Each register operand goes through all registers, each distance is tried, and each count of operands that is wrong. */
function registerForms(): Line[] {
  const names = [
    ...REGISTER_NAMES,
    ...Array.from({ length: 33 }, (_, number) => `$r${number}`),
    "$fa0",
    "$fcc0",
    "0",
    "a0",
    "$x",
    "$s9",
  ];
  return REGISTER_OPERANDS.flatMap(([form, registers, last]) => {
    const base = Array.from({ length: registers }, (_, i) => `$a${i}`);
    const tail = last === undefined ? [] : ["8"];
    const swept = base.flatMap((_, at) => names.map((name) => [...base.with(at, name), ...tail]));
    const distances = last === undefined ? [] : DISTANCES.map((distance) => [...base, `${distance}`]);
    const wrong = [base.slice(1), [...base, ...tail, "$a0"], [...base, ...tail, "0"]];
    return [[...base, ...tail], ...swept, ...distances, ...wrong].map((operands) => ({
      form,
      text: operands.length === 0 ? form : `${form} ${operands.join(", ")}`,
    }));
  });
}

const BINARY = [
  "+",
  "-",
  "*",
  "/",
  "%",
  "<<",
  ">>",
  "&",
  "|",
  "^",
  "==",
  "!=",
  "<>",
  "<",
  ">",
  "<=",
  ">=",
  "&&",
  "||",
];
const UNARY = ["-", "~", "!", "+"];
const CHARACTERS = ["'a'", "' '", "'\\n'", "'\\''"];

function numberText(random: Random): string {
  const small = random.below(80);
  const shown = random.weighted<() => string>([
    [5, () => `${small}`],
    [2, () => `0x${random.bits64().toString(16)}`],
    [2, () => `0b${random.below(64).toString(2)}`],
    [1, () => `0${random.below(64).toString(8)}`],
    [1, () => `${random.bits64() >> 1n}`],
    [1, () => random.pick(CHARACTERS)],
  ]);
  return shown();
}

/** An expression of numbers, with and without parentheses and blanks. */
function expressionText(random: Random, depth: number): string {
  const choice = depth === 0 ? 0 : random.below(8);
  if (choice <= 1) return numberText(random);
  const inner = () => expressionText(random, depth - 1);
  if (choice === 2) return `${random.pick(UNARY)}${random.pick(["", " "])}${inner()}`;
  if (choice === 3) return `(${inner()})`;
  const blank = random.pick(["", " "]);
  // LLVM shifts by a count beyond 63 as its host does, and crashes where the least number is divided by -1.
  const operator = random.pick(BINARY);
  const right = ["<<", ">>"].includes(operator)
    ? `${random.below(64)}`
    : ["/", "%"].includes(operator)
    ? `${random.below(80)}`
    : inner();
  return `${inner()}${blank}${operator}${blank}${right}`;
}

/** The lines of all pseudo-instructions, and `count` random numbers and expressions each. */
export function pseudoLines(random: Random, count: number): Line[] {
  const numbers = Array.from(
    { length: count },
    () => random.chance(0.5) ? runs(random) : BigInt.asIntN(64, random.bits64() >> BigInt(random.below(64))),
  );
  const expressions = Array.from({ length: count }, (): Line => ({
    form: "li.d",
    text: `li.d $a0, ${expressionText(random, 4)}`,
  }));
  return [...registerForms(), ...loads([...borderNumbers(), ...numbers]), ...expressions];
}
