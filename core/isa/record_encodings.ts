/**
 * Records what LLVM says about the encoding of every row in `encodings_llvm.json`; `table_test.ts` compares. Run it
 * after adding rows, with llvm-mc-19 (Debian: llvm-19) installed:
 *
 *     deno run --allow-run=llvm-mc-19 --allow-write=core/isa core/isa/record_encodings.ts
 *
 * The texts given to LLVM are built from the rows' operand columns, so that LLVM judges mnemonic, operand order, units,
 * ranges and bits. It prints what it found odd: rows that LLVM does not know, and operands out of our range that it takes.
 *
 * @module
 */
import { registerName } from "./registers.ts";
import { type Instruction, ISA } from "./table.ts";

/** Small deterministic generator (xorshift32); the seed is fixed so that a new recording changes little. */
let state = 0x1a64;
function random(limit: number): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % limit;
}

type Pick = (operand: Instruction["operands"][number], index: number) => number;

const picks: readonly Pick[] = [
  (o, index) => o.kind === "register" ? Math.min(o.max, 4 + index) : o.min,
  (o, index) => o.kind === "register" ? o.max - index : o.max,
  (o, index) => o.kind === "register" ? (12 + index) & o.max : Math.max(o.min, o.plus),
  (o, index) => randomOperand(o, 2 + 10 * index),
  (o, index) => randomOperand(o, 2 + 10 * index),
];

/** Registers of different operands come from different tens: atomics must not name one twice. */
function randomOperand(o: Instruction["operands"][number], firstRegister: number): number {
  if (o.kind === "register") return (firstRegister + random(10)) & o.max;
  return o.min + random(2 ** o.field.width) * 2 ** o.shift;
}

function text(instruction: Instruction, values: readonly number[]): string {
  const operands = instruction.operands.map(({ kind, file }, i) => {
    const value = values[i] ?? 0;
    return kind === "register" ? registerName(value, file) : `${value}`;
  });
  return `${instruction.name} ${operands.join(", ")}`;
}

/** A bit range that LLVM accepts, without changing what else was picked. */
function orderBitRange(instruction: Instruction, values: number[]): number[] {
  const msb = instruction.operands.findIndex((o) => o.name === "msb");
  if (msb >= 0) values.splice(msb, 2, ...values.slice(msb, msb + 2).sort((a, b) => b - a));
  return values;
}

type Case = readonly [name: string, values: readonly number[]];

function casesOf(instruction: Instruction): Case[] {
  const choices = instruction.operands.length === 0 ? picks.slice(0, 1) : picks;
  return choices.map((
    pick,
  ) => [instruction.name, orderBitRange(instruction, instruction.operands.map(pick))]);
}

/** Each operand that is not a register just outside its range, and off its scale. */
function badCasesOf(instruction: Instruction): Case[] {
  return instruction.operands.flatMap((operand, position) => {
    if (operand.kind === "register") return [];
    const { min, max, shift } = operand;
    const outside = [min - 2 ** shift, max + 2 ** shift, ...(shift === 0 ? [] : [min + 1, max + 1])];
    return outside.map((value): Case => {
      const values = instruction.operands.map((o, i) =>
        o.kind === "register" ? Math.min(o.max, 4 + i) : Math.max(0, o.min)
      );
      values[position] = value;
      return [instruction.name, values];
    });
  });
}

const EXTRA: readonly Case[] = [
  ["andi", [0, 0, 0]],
  ["or", [4, 5, 0]],
  ["or", [4, 0, 5]],
  ["jirl", [0, 1, 0]],
  ["jirl", [0, 1, 4]],
  ["jirl", [0, 5, 0]],
  ["jirl", [1, 5, 0]],
  ["amadd.w", [0, 5, 5]],
  ["bstrins.w", [4, 5, 7, 7]],
  ["addi.w", [21, 22, 0]],
];

const BAD_EXTRA: readonly Case[] = [
  ["bstrins.w", [4, 5, 3, 4]],
  ["bstrins.d", [4, 5, 33, 34]],
  ["bstrpick.w", [4, 5, 3, 4]],
  ["bstrpick.d", [4, 5, 33, 34]],
  ["csrxchg", [4, 0, 5]],
  ["csrxchg", [4, 1, 5]],
  ["gcsrxchg", [4, 0, 5]],
  ["gcsrxchg", [4, 1, 5]],
];

async function llvm(args: readonly string[], input: string): Promise<{ out: string; err: string }> {
  const command = new Deno.Command("llvm-mc-19", {
    args: ["--triple=loongarch64", "--mattr=+lvz,+ual,+d,+frecipe", ...args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
  });
  const child = command.spawn();
  const writer = child.stdin.getWriter();
  await writer.write(new TextEncoder().encode(input));
  await writer.close();
  const { stdout, stderr } = await child.output();
  return { out: new TextDecoder().decode(stdout), err: new TextDecoder().decode(stderr) };
}

/** The word of each case, undefined where LLVM reports an error. */
async function assemble(cases: readonly Case[]): Promise<(number | undefined)[]> {
  const lines = cases.map(([name, values]) => {
    const instruction = ISA.get(name);
    if (instruction === undefined) throw new TypeError(`Cannot record ${name}: it is no row`);
    return text(instruction, values);
  });
  const { out, err } = await llvm(["--show-encoding"], lines.join("\n") + "\n");
  const failed = new Set([...err.matchAll(/<stdin>:(\d+):\d+: error/g)].map((m) => Number(m[1]) - 1));
  const words = [...out.matchAll(/encoding: \[(0x\w\w),(0x\w\w),(0x\w\w),(0x\w\w)\]/g)].map((m) =>
    Number(m[1]) + Number(m[2]) * 2 ** 8 + Number(m[3]) * 2 ** 16 + Number(m[4]) * 2 ** 24
  );
  if (words.length + failed.size !== cases.length) {
    throw new Error(
      `Cannot match LLVM's answer: ${words.length} words, ${failed.size} errors, ${cases.length} lines`,
    );
  }
  return cases.map((_, i) => failed.has(i) ? undefined : words.shift());
}

async function disassemble(words: readonly number[]): Promise<string[]> {
  const input = words.map((word) =>
    [0, 8, 16, 24].map((at) => `0x${((word >>> at) & 255).toString(16)}`).join(" ")
  );
  const { out, err } = await llvm(["--disassemble"], input.join("\n") + "\n");
  if (err !== "") throw new Error(`Cannot disassemble: ${err}`);
  return out.split("\n").filter((line) => line.trim() !== "" && !line.includes(".text")).map((line) =>
    line.trim().replaceAll(/\s+/g, " ")
  );
}

const cases = [...ISA.all.flatMap(casesOf), ...EXTRA];
const words = await assemble(cases);
const known = cases.flatMap(([name, values], i) => {
  const word = words[i];
  return word === undefined ? [] : [{ name, values, word }];
});
const texts = await disassemble(known.map(({ word }) => word));
if (texts.length !== known.length) {
  throw new Error(`Cannot match ${texts.length} texts to ${known.length} words`);
}

const unknown = new Set(cases.flatMap(([name], i) => words[i] === undefined ? [name] : []));
for (const { name } of known) {
  if (unknown.has(name)) console.log(`LLVM takes some operands of ${name} but not all`);
}

const badCases = [...ISA.all.flatMap(badCasesOf), ...BAD_EXTRA].filter(([name]) => !unknown.has(name));
const badWords = await assemble(badCases);
badCases.forEach(([name, values], i) => {
  if (badWords[i] !== undefined) console.log(`LLVM takes ${name} ${values}, which is out of our range`);
});

const list = (values: readonly (string | number)[]) => `[${values.map((v) => JSON.stringify(v)).join(", ")}]`;
const hex = (word: number) => `0x${word.toString(16).padStart(8, "0")}`;
const encodingLines = known.map(({ name, values, word }, i) =>
  `    ["${name}", ${list(values)}, "${hex(word)}", "${texts[i]}"]`
);
const rejectedLines = badCases.flatMap(([name, values], i) =>
  badWords[i] === undefined ? [`    ["${name}", ${list(values)}]`] : []
);
await Deno.writeTextFile(
  new URL("encodings_llvm.json", import.meta.url),
  `{
  "origin": "recorded from LLVM 19.1.7 by record_encodings.ts",
  "unknown": ${list([...unknown])},
  "encodings": [
${encodingLines.join(",\n")}
  ],
  "rejected": [
${rejectedLines.join(",\n")}
  ]
}
`,
);
console.log(
  `${known.length} encodings, ${badCases.length} rejected; not known to LLVM: ${[...unknown].join(" ")}`,
);
