/**
 * Records what QEMU computes for the rows whose meaning is written out, in `results_qemu.json`; `evaluate_test.ts`
 * compares. Run it after adding such rows:
 *
 *     deno run --allow-run --allow-write=core/exec,/tmp core/exec/record_results.ts \
 *       'qemu-system-loongarch64 -cpu max' core/exec/results_qemu.json 8
 *
 * The arguments are the command of QEMU (10 or later), the
 * file to write, the number of cases a row, and optionally a seed. The cases become straight-line code in a bare-metal image
 * that prints what each left behind.
 *
 * Not recorded: atomics that no model of QEMU has; `bl`; and, because QEMU deviates from the manual there, operands of
 * the assertions that differ in sign (it compares unsigned), and misaligned atomics and bound checks (it has no ALE).
 *
 * @module
 */
import { disassemble } from "../isa/disassemble.ts";
import { encode } from "../isa/encode.ts";
import { callNames } from "../isa/meaning_check.ts";
import { type Instruction, ISA } from "../isa/table.ts";

const [qemu = "qemu-system-loongarch64 -cpu max", output = "results_qemu.json", count = "8", seed = "6756"] =
  Deno.args;

const CODE = 0x2000000;
const HANDLER = 0x1000;
const DATA = 0x4000000;
const RESULTS = 0x6000000;
/** Where the 16 bytes of memory stand that a case may touch. */
const SCRATCH = 0x8000000n;
const UART = 0x1fe001e0;
const POWER = 0x100e001c;

const zero = 0;
const [a0, a1, a2] = [4, 5, 6];
const [t0, t1, t8] = [12, 13, 20];
const [s0, s1, s2, s3, s4] = [23, 24, 25, 26, 27];

let state = Number(seed);
function random32(): number {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return state >>> 0;
}

function random64(): bigint {
  return (BigInt(random32()) << 32n) | BigInt(random32());
}

function pick<T>(items: readonly T[]): T {
  const item = items[random32() % items.length];
  if (item === undefined) throw new RangeError("Cannot pick from nothing");
  return item;
}

const EDGES = [
  0n,
  1n,
  2n,
  31n,
  32n,
  63n,
  64n,
  0x7fn,
  0x80n,
  0x8000n,
  0x7fffffffn,
  0x80000000n,
  0xffffffffn,
  0x100000000n,
  0x7fffffffffffffffn,
  0x8000000000000000n,
  0xffffffff80000000n,
  0xfffffffffffffffen,
  0xffffffffffffffffn,
];

function value(): bigint {
  return random32() % 2 === 0 ? pick(EDGES) : random64();
}

interface Case {
  readonly instruction: Instruction;
  readonly word: number;
  readonly rd: bigint;
  readonly rj: bigint;
  readonly rk: bigint;
  readonly memory: bigint;
  readonly pc: number;
}

const CASE_WORDS = 18;
/** Where in a case the instruction stands. */
const TESTED = 9;
const PROLOGUE_WORDS = 16;

function word(name: string, ...operands: (number | bigint)[]): number {
  const instruction = ISA.get(name);
  if (instruction === undefined) throw new TypeError(`Cannot emit ${name}: it is no row`);
  return encode(instruction, operands.map(BigInt));
}

function codeOfCase(c: Case): number[] {
  return [
    word("ld.d", a0, s1, 0),
    word("ld.d", a1, s1, 8),
    word("ld.d", a2, s1, 16),
    word("ld.d", t0, s1, 24),
    word("ld.d", t1, s1, 32),
    word("st.d", t0, s2, 0),
    word("st.d", t1, s2, 8),
    word("addi.d", s1, s1, 40),
    word("or", s3, zero, zero),
    c.word,
    word("addi.d", s3, s3, 1), // not reached by a branch that is taken
    word("st.d", a0, s0, 0),
    word("st.d", s3, s0, 8),
    word("ld.d", t0, s2, 0),
    word("ld.d", t1, s2, 8),
    word("st.d", t0, s0, 16),
    word("st.d", t1, s0, 24),
    word("addi.d", s0, s0, 32),
  ];
}

function loadAddress(register: number, address: number): number[] {
  return [word("lu12i.w", register, address >> 12), word("ori", register, register, address & 0xfff)];
}

function prologue(): number[] {
  const code = [
    ...loadAddress(s0, RESULTS),
    ...loadAddress(s1, DATA),
    ...loadAddress(s2, Number(SCRATCH)),
    ...loadAddress(t0, CODE + HANDLER),
    word("csrwr", t0, 0xc),
  ];
  return [...code, ...Array<number>(PROLOGUE_WORDS - code.length).fill(word("andi", 0, 0, 0))];
}

/** Leaves the exception code times 256 in s3 and continues after the instruction. */
const handler = () => [
  word("csrrd", t8, 0x5),
  word("srli.d", t8, t8, 16),
  word("andi", t8, t8, 0x3f),
  word("slli.d", s3, t8, 8),
  word("csrrd", t8, 0x6),
  word("addi.d", t8, t8, 4),
  word("csrwr", t8, 0x6),
  word("ertn"),
];

/** Prints the results as 16 digits each, then powers off. */
const epilogue = () => [
  word("or", s4, s0, zero),
  ...loadAddress(s0, RESULTS),
  ...loadAddress(t1, UART),
  word("ld.d", a0, s0, 0),
  word("addi.d", t0, zero, 16),
  word("rotri.d", a0, a0, 60),
  word("andi", a1, a0, 15),
  word("addi.d", a1, a1, 48),
  word("sltui", a2, a1, 58),
  word("bnez", a2, 8),
  word("addi.d", a1, a1, 39),
  word("ld.bu", a2, t1, 5),
  word("andi", a2, a2, 0x20),
  word("beqz", a2, -8),
  word("st.b", a1, t1, 0),
  word("addi.d", t0, t0, -1),
  word("bnez", t0, -44),
  word("addi.d", s0, s0, 8),
  word("bne", s0, s4, -60),
  ...loadAddress(t1, POWER),
  word("addi.d", t0, zero, 0x34),
  word("st.b", t0, t1, 0),
  word("b", 0),
];

function usesMemory(instruction: Instruction): boolean {
  const text = meaningText(instruction);
  return text.includes('"kind":"load"') || text.includes('"kind":"store"');
}

function meaningText(instruction: Instruction): string {
  return JSON.stringify(instruction.meaning, (_, v) => typeof v === "bigint" ? `${v}` : v);
}

/** Operand values by name for one case; registers are a0, a1, a2 but for what the atomics say of equal ones. */
function chooseOperands(instruction: Instruction, index: number): Map<string, number> {
  const registers = new Map([["rd", a0], ["rj", a1], ["rk", a2]]);
  if (instruction.group === "atomics" && index === 0) registers.set("rd", a1);
  if (instruction.group === "atomics" && index === 1) registers.set("rd", a2);
  if (instruction.group === "atomics" && index === 2) registers.set("rd", zero);
  return new Map(instruction.operands.map((o) => {
    const edge = pick([o.min, o.max, o.min + (random32() % 2 ** o.field.width) * 2 ** o.shift]);
    return [o.name, o.kind === "register" ? registers.get(o.name) ?? 0 : o.kind === "offset" ? 8 : edge];
  }));
}

function accessSize(name: string): bigint {
  const [, letter = "d"] = /\.([bhwd])u?$/.exec(name) ?? [];
  return { b: 1n, h: 2n, w: 4n, d: 8n }[letter] ?? 8n;
}

function makeCase(instruction: Instruction, index: number, pc: number): Case {
  const operands = chooseOperands(instruction, index);
  const immediate = BigInt(
    instruction.immediates.length === 1 ? operands.get(instruction.immediates[0]!.name)! : 0,
  );
  let [rd, rj, rk] = [value(), value(), value()];
  const memory = usesMemory(instruction) ? (value() << 64n) | value() : 0n;
  const { name } = instruction;
  if (usesMemory(instruction)) {
    const size = accessSize(name);
    const isAnywhere = !/^(am|ldgt|ldle|stgt|stle)/.test(name);
    const at = BigInt(random32() % 9) & (isAnywhere ? 15n : ~(size - 1n));
    rj = SCRATCH + at - immediate;
    if (/^(ldx|stx)/.test(name)) rj -= rk;
    if (/^(ld|st)(gt|le)/.test(name)) rk = pick([rj, rj + 1n, rj - 1n, rk]);
    if (name.startsWith("amcas") && random32() % 2 === 0) rd = memory >> (at * 8n);
  } else if (name === "jirl") {
    rj = BigInt(pc + 8) - immediate;
  } else if (instruction.group === "base" && /^b(?!reak)/.test(name) && random32() % 2 === 0) {
    rd = rj;
  } else if (name.startsWith("asrt") && (rj ^ rk) >> 63n !== 0n) {
    rk = BigInt.asUintN(64, ~rk);
  }
  const values = instruction.operands.map((o) => BigInt(operands.get(o.name) ?? 0));
  const bits = encodeOrReserved(instruction, values);
  const wrap = (v: bigint) => BigInt.asUintN(64, v);
  return { instruction, word: bits, rd: wrap(rd), rj: wrap(rj), rk: wrap(rk), memory, pc };
}

/** Bit ranges with msb below lsb cannot be encoded by name; their word is made by exchanging the two fields. */
function encodeOrReserved(instruction: Instruction, values: bigint[]): number {
  const [, , msb = 0n, lsb = 0n] = values;
  const isReserved = instruction.operands.some((o) => o.name === "msb") && msb < lsb;
  if (!isReserved) return encode(instruction, values);
  const low = instruction.fields.find((f) => f.name === "lsb")?.pieces[0]?.at ?? 0;
  const high = instruction.fields.find((f) => f.name === "msb")?.pieces[0]?.at ?? 0;
  const base = encode(instruction, [values[0] ?? 0n, values[1] ?? 0n, 0n, 0n]);
  return (base | (Number(msb) << high) | (Number(lsb) << low)) >>> 0;
}

function elf(segments: readonly { address: number; bytes: Uint8Array }[]): Uint8Array {
  const headers = 64 + 56 * segments.length;
  const total = segments.reduce((sum, s) => sum + s.bytes.length, headers);
  const file = new Uint8Array(total);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const u16 = (at: number, v: number) => view.setUint16(at, v, true);
  const u64 = (at: number, v: number) => view.setBigUint64(at, BigInt(v), true);
  [[16, 2], [18, 258], [52, 64], [54, 56], [56, segments.length], [58, 64]].forEach(([at = 0, v = 0]) =>
    u16(at, v)
  );
  view.setUint32(20, 1, true);
  u64(24, CODE);
  u64(32, 64);
  let offset = headers;
  segments.forEach(({ address, bytes }, i) => {
    const at = 64 + 56 * i;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    [offset, address, address, bytes.length, bytes.length, 8].forEach((v, n) => u64(at + 8 + 8 * n, v));
    file.set(bytes, offset);
    offset += bytes.length;
  });
  return file;
}

function imageOf(cases: readonly Case[]): Uint8Array {
  const body = [...prologue(), ...cases.flatMap(codeOfCase), ...epilogue()];
  const start = [word("b", FIRST - CODE), ...Array<number>(HANDLER / 4 - 1).fill(0), ...handler()];
  const code = new Uint32Array((FIRST - CODE) / 4 + body.length);
  code.set(start);
  code.set(body, (FIRST - CODE) / 4);
  const data = new BigUint64Array(
    cases.flatMap(({ rd, rj, rk, memory }) => [rd, rj, rk, BigInt.asUintN(64, memory), memory >> 64n]),
  );
  return elf([
    { address: CODE, bytes: new Uint8Array(code.buffer) },
    { address: DATA, bytes: new Uint8Array(data.buffer) },
  ]);
}

const FIRST = CODE + 0x2000;
/** What no processor model of QEMU 10 has outside KVM. */
const ABSENT: ReadonlySet<string | undefined> = new Set(["LAM_BH", "LAMCAS"]);
const rows = ISA.all.filter((i) =>
  callNames(i.meaning).length === 0 && i.name !== "bl" && !ABSENT.has(i.needs)
);
const cases: Case[] = [];
for (const instruction of rows) {
  for (let i = 0; i < Number(count); i++) {
    const pc = FIRST + 4 * (PROLOGUE_WORDS + CASE_WORDS * cases.length + TESTED);
    cases.push(makeCase(instruction, i, pc));
  }
}

const directory = await Deno.makeTempDir();
await Deno.writeFile(`${directory}/image`, imageOf(cases));
const [program = "", ...cpu] = qemu.split(" ");
const machine = ["-M", "virt", "-m", "1G", "-nodefaults", "-display", "none", "-no-reboot"];
const { stderr } = await new Deno.Command("timeout", {
  args: [
    "300",
    program,
    ...cpu,
    ...machine,
    "-serial",
    `file:${directory}/serial`,
    "-kernel",
    `${directory}/image`,
  ],
}).output();
const text = (await Deno.readTextFile(`${directory}/serial`)).trim();
if (text.length !== cases.length * 64) {
  const got = `${text.length} of ${cases.length * 64} digits`;
  throw new Error(`Cannot read the results: ${got}; ${new TextDecoder().decode(stderr)}`);
}
await Deno.remove(directory, { recursive: true });

const hex = (v: bigint | number) => v.toString(16);
const lines = cases.map((c, i) => {
  const [rd = "", outcome = "", low = "", high = ""] = text.slice(64 * i, 64 * i + 64).match(/.{16}/g) ?? [];
  const inputs = [c.word, c.pc, c.rd, c.rj, c.rk, c.memory].map(hex);
  const results = [rd, outcome, `${high}${low}`].map((digits) => hex(BigInt(`0x${digits}`)));
  return `    "${disassemble(c.word)}: ${inputs.join(" ")}: ${results.join(" ")}"`;
});
const version = new TextDecoder().decode(
  (await new Deno.Command(program, { args: ["--version"] }).output()).stdout,
);
await Deno.writeTextFile(
  output,
  `{
  "origin": "recorded by record_results.ts, seed ${seed}, from ${version.split("\n")[0]}, ${cpu.join(" ")}",
  "scratch": "0x${hex(SCRATCH)}",
  "format": "text: word, pc, a0, a1, a2, 16 bytes at scratch: a0, outcome, the 16 bytes",
  "outcome": "0: jumped over the next instruction, 1: did not, 0x100 n + 1: raised Ecode n",
  "cases": [
${lines.join(",\n")}
  ]
}
`,
);
console.log(`${cases.length} cases of ${rows.length} rows`);
