/**
 * Records what QEMU makes of the cases of `meaning_cases.ts`, in `meanings.json`; `meaning_test.ts` compares. Run it after changing
 * the cases:
 *
 *     deno run --allow-run --allow-write=core/exec,/tmp --allow-read=/tmp core/exec/record_meanings.ts \
 *       core/exec/meanings.json 'qemu-system-loongarch64 -cpu max' 'qemu-system-loongarch64'
 *
 * The arguments are the file to write, the command of QEMU (11 or later, as Debian sid has it: older ones lack v1.1's atomics), and
 * optionally those of other versions, whose different answers are printed. One bare-metal image executes all cases: it loads memory
 * and all registers, jumps to the case, and its exception handler saves all that a case left behind. A case ends at a `break` of our
 * own, which surrounds it everywhere, or by its own exception.
 *
 * @module
 */
import { assemble } from "../asm/mod.ts";
import { exceptionByCode } from "../exception_codes.ts";
import { encode } from "../isa/encode.ts";
import { parseRegister, registerName } from "../isa/registers.ts";
import { ISA } from "../isa/table.ts";
import { MEANING_CASES, type MeaningCase, PC, usualRegister, WINDOW, WINDOW_WORDS } from "./meaning_cases.ts";

const [output = "meanings.json", qemu = "qemu-system-loongarch64 -cpu max", ...others] = Deno.args;

/** The `break` at which a case ends; no case has this code. */
const END = word("break 0x5a5");
const RUNNER = 0x2000000;
const CASES = 0x3000000;
const RESULTS = 0x4000000;
/** Words that the longest case may have. */
const SLOT_WORDS = 20;
const CASE_BYTES = 8 * (31 + WINDOW_WORDS.length + SLOT_WORDS / 2);
const RESULT_DOUBLEWORDS = 31 + 4 + WINDOW_WORDS.length;
/** Where branches may land beyond the surroundings that are filled with END. */
const FAR = [0, 0xffffa60, PC + 0x3ffffc, PC - 0x400000, PC + 0x3fffffc, PC - 0x4000000];

/** Encodes one statement without the assembler's objections: the reserved forms are cases too. */
function word(statement: string): number {
  const [mnemonic = "", rest = ""] = statement.split(/ (.*)/);
  if (mnemonic === ".word") return Number(rest);
  const instruction = ISA.get(mnemonic);
  if (instruction === undefined) throw new TypeError(`Cannot encode ${statement}: there is no ${mnemonic}`);
  return encode(instruction, rest.split(", ").filter((text) => text !== "").map(operand));
}

function operand(text: string): bigint {
  const register = parseRegister(text);
  if (register !== undefined) return BigInt(register);
  return text.startsWith("-") ? -BigInt(text.slice(1)) : BigInt(text);
}

function wordsOf(c: MeaningCase): readonly number[] {
  return c.code.split("; ").map(word);
}

/** What the image executes. */
function wordsAsked(c: MeaningCase): readonly number[] {
  return c.isFatal ? [] : wordsOf(c);
}

function registersOf(c: MeaningCase): bigint[] {
  const registers = Array.from({ length: 32 }, (_, n) => usualRegister(n));
  for (const [name, value] of Object.entries(c.set ?? {})) {
    const number = parseRegister(`$${name}`);
    if (number === undefined) throw new TypeError(`Cannot set ${name}: it is no register`);
    registers[number] = value;
  }
  return registers;
}

// The image ---------------------------------------------------------------------------------------------------------------------

const all = (text: (n: number) => string, count = 30) =>
  Array.from({ length: count }, (_, i) => text(i + 1)).join("\n");
const copy = (from: string, fromOffset: number, to: string, toOffset: number, doublewords: number) =>
  Array.from(
    { length: doublewords },
    (_, i) => `ld.d $t8, ${from}, ${fromOffset + 8 * i}\n st.d $t8, ${to}, ${toOffset + 8 * i}`,
  ).join("\n");

const CASE_POINTER = 0x35;
const RESULT_POINTER = 0x36;
const SPARE = 0x37;

const runner = (count: number) => `
_start:
  la.local $t0, handler
  csrwr $t0, 0xc
  li.w $t2, ${END}
  li.d $t0, ${(PC & ~0xfff) - 0x21000}
  li.d $t1, ${(PC & ~0xfff) + 0x22000}
1: st.w $t2, $t0, 0
  addi.d $t0, $t0, 4
  bne $t0, $t1, 1b
${FAR.map((at) => `li.d $t0, ${at}\n st.w $t2, $t0, 0`).join("\n")}
  li.d $t0, ${CASES}
  csrwr $t0, ${CASE_POINTER}
  li.d $t0, ${RESULTS}
  csrwr $t0, ${RESULT_POINTER}
next:
  csrrd $s8, ${CASE_POINTER}
  li.d $t0, ${CASES + count * CASE_BYTES}
  beq $s8, $t0, print
  li.d $t0, ${WINDOW}
  ll.w $t1, $t0, 0   # leaves the LLbit clear
  sc.w $t1, $t0, 0
${copy("$s8", 8 * 31, "$t0", 0, WINDOW_WORDS.length)}
  li.d $t0, ${PC}
${copy("$s8", 8 * (31 + WINDOW_WORDS.length), "$t0", 0, SLOT_WORDS / 2)}
  ibar 0
${all((n) => `ld.d $r${n}, $s8, ${8 * (n - 1)}`)}
  ld.d $s8, $s8, ${8 * 30}
  b _start + ${PC - RUNNER}
  .balign 4096
handler:
  csrwr $s8, ${SPARE}
  csrrd $s8, ${RESULT_POINTER}
${all((n) => `st.d $r${n}, $s8, ${8 * (n - 1)}`)}
${[SPARE, 6, 5, 7, 8].map((csr, i) => `csrrd $t0, ${csr}\n st.d $t0, $s8, ${8 * (30 + i)}`).join("\n")}
  li.d $t0, ${WINDOW}
${copy("$t0", 0, "$s8", 8 * 35, WINDOW_WORDS.length)}
  addi.d $s8, $s8, ${8 * RESULT_DOUBLEWORDS}
  csrwr $s8, ${RESULT_POINTER}
  csrrd $s8, ${CASE_POINTER}
  addi.d $s8, $s8, ${CASE_BYTES}
  csrwr $s8, ${CASE_POINTER}
  b next
print:
  csrrd $s4, ${RESULT_POINTER}
  li.d $s0, ${RESULTS}
  li.d $t1, 0x1fe001e0
2: ld.d $a0, $s0, 0
  li.w $t0, 16
3: rotri.d $a0, $a0, 60
  andi $a1, $a0, 15
  addi.d $a1, $a1, 48
  sltui $a2, $a1, 58
  bnez $a2, 4f
  addi.d $a1, $a1, 39
4: ld.bu $a2, $t1, 5
  andi $a2, $a2, 0x20
  beqz $a2, 4b
  st.b $a1, $t1, 0
  addi.d $t0, $t0, -1
  bnez $t0, 3b
  addi.d $s0, $s0, 8
  bne $s0, $s4, 2b
  li.d $t1, 0x100e001c
  li.w $t0, 0x34
  st.b $t0, $t1, 0
5: b 5b
`;

/** A case as the runner reads it: registers 1 to 31, the memory window, the code followed by END. */
function caseBytes(c: MeaningCase): Uint8Array {
  const words = wordsAsked(c);
  if (words.length > SLOT_WORDS) {
    throw new RangeError(`Cannot record ${c.code}: it has ${words.length} words`);
  }
  const bytes = new Uint8Array(CASE_BYTES);
  const view = new DataView(bytes.buffer);
  [...registersOf(c).slice(1), ...WINDOW_WORDS].forEach((v, i) => view.setBigUint64(8 * i, v, true));
  const code = 8 * (31 + WINDOW_WORDS.length);
  for (let i = 0; i < SLOT_WORDS; i++) view.setUint32(code + 4 * i, words[i] ?? END, true);
  return bytes;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    bytes.set(part, at);
    at += part.length;
  }
  return bytes;
}

/** An executable of two segments. */
function elf(segments: readonly { readonly address: number; readonly bytes: Uint8Array }[]): Uint8Array {
  const headers = new Uint8Array(64 + 56 * segments.length);
  const view = new DataView(headers.buffer);
  headers.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const halves = [[16, 2], [18, 258], [20, 1], [52, 64], [54, 56], [56, segments.length], [58, 64]] as const;
  for (const [at, value] of halves) view.setUint16(at, value, true);
  view.setBigUint64(24, BigInt(RUNNER), true);
  view.setBigUint64(32, 64n, true);
  let offset = headers.length;
  segments.forEach(({ address, bytes }, i) => {
    const at = 64 + 56 * i;
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, 7, true);
    [offset, address, address, bytes.length, bytes.length, 8].forEach((v, n) =>
      view.setBigUint64(at + 8 + 8 * n, BigInt(v), true)
    );
    offset += bytes.length;
  });
  return concatenate([headers, ...segments.map(({ bytes }) => bytes)]);
}

// Running -----------------------------------------------------------------------------------------------------------------------

/** What one case left behind. */
interface Outcome {
  readonly registers: readonly bigint[];
  readonly era: bigint;
  readonly estat: bigint;
  readonly badv: bigint;
  readonly memory: readonly bigint[];
}

async function answersOf(command: string, image: Uint8Array): Promise<readonly Outcome[]> {
  const directory = await Deno.makeTempDir();
  await Deno.writeFile(`${directory}/image`, image);
  const machine = ["-M", "virt", "-m", "1G", "-nodefaults", "-display", "none", "-no-reboot"];
  const files = ["-serial", `file:${directory}/serial`, "-kernel", `${directory}/image`];
  const { stderr } = await new Deno.Command("timeout", {
    args: ["300", ...command.split(" "), ...machine, ...files],
  })
    .output();
  const text = (await Deno.readTextFile(`${directory}/serial`)).trim();
  await Deno.remove(directory, { recursive: true });
  const digits = MEANING_CASES.length * RESULT_DOUBLEWORDS * 16;
  if (text.length !== digits) {
    const errors = new TextDecoder().decode(stderr);
    throw new Error(`Cannot read the answers of ${command}: ${text.length} of ${digits} digits; ${errors}`);
  }
  const numbers = (text.match(/.{16}/g) ?? []).map((d) => BigInt(`0x${d}`));
  return MEANING_CASES.map((_, i) => {
    const [...mine] = numbers.slice(i * RESULT_DOUBLEWORDS, (i + 1) * RESULT_DOUBLEWORDS);
    const [era = 0n, estat = 0n, badv = 0n] = mine.slice(31);
    return { registers: [0n, ...mine.slice(0, 31)], era, estat, badv, memory: mine.slice(35) };
  });
}

async function version(command: string): Promise<string> {
  const [program = ""] = command.split(" ");
  const { stdout } = await new Deno.Command(program, { args: ["--version"] }).output();
  return new TextDecoder().decode(stdout).split("\n")[0] ?? "";
}

// Writing -----------------------------------------------------------------------------------------------------------------------

const hex = (value: bigint | number) => value.toString(16);
const RECORDS_BADV = new Set(["ADEF", "ADEM", "ALE", "BCE"]);

function differences(c: MeaningCase, o: Outcome): string[] {
  const initial = registersOf(c);
  return [
    ...o.registers.flatMap((v, n) => v === initial[n] ? [] : [`${registerName(n).slice(1)}=${hex(v)}`]),
    ...o.memory.flatMap((v, i) => v === WINDOW_WORDS[i] ? [] : [`[${hex(WINDOW + 8 * i)}]=${hex(v)}`]),
  ];
}

/** The outcome in the notation that the JSON file explains. */
function describe(c: MeaningCase, o: Outcome): string {
  const length = BigInt(4 * wordsOf(c).length);
  const inside = o.era >= BigInt(PC) && o.era < BigInt(PC) + length;
  const parts = differences(c, o);
  const kind = exceptionByCode(Number((o.estat >> 16n) & 0x3fn), Number((o.estat >> 22n) & 0x1ffn));
  if (kind?.name === "BRK" && !inside) {
    if (o.era !== BigInt(PC) + length) parts.push(`pc=${hex(o.era)}`);
    return parts.join(" ");
  }
  parts.push(kind?.name ?? `ESTAT=${hex(o.estat)}`);
  if (o.era !== BigInt(PC)) parts.push(`pc=${hex(o.era)}`);
  if (kind !== undefined && RECORDS_BADV.has(kind.name)) parts.push(`badv=${hex(o.badv)}`);
  return parts.join(" ");
}

const reasons = [...new Set(MEANING_CASES.flatMap((c) => c.manual === undefined ? [] : [c.manual.reason]))];

function line(c: MeaningCase, o: Outcome): string {
  const result = c.isFatal ? "not asked" : describe(c, o);
  const initial = Object.entries(c.set ?? {}).map(([name, value]) => `${name}=${hex(value)}`).join(" ");
  const parts = [c.code, wordsOf(c).map(hex).join(" "), initial, result];
  if (c.manual !== undefined) {
    if (c.manual.result === result) console.log(`${c.code}: QEMU agrees with the manual, ${result}`);
    parts.push(`${reasons.indexOf(c.manual.reason)} ${c.manual.result}`.trim());
  }
  return JSON.stringify(parts.join(" | ").trim());
}

const program = assemble(runner(MEANING_CASES.length), { origin: BigInt(RUNNER) });
const image = elf([
  { address: RUNNER, bytes: concatenate(program.segments.map(({ bytes }) => bytes)) },
  { address: CASES, bytes: concatenate(MEANING_CASES.map(caseBytes)) },
]);
const answers = await answersOf(qemu, image);
const cpu = qemu.split(" ").slice(1).join(" ");
const lines = MEANING_CASES.map((c, i) => line(c, answers[i]!));
await Deno.writeTextFile(
  output,
  `{
  "origin": "recorded by record_meanings.ts from ${await version(qemu)}, ${cpu}",
  "format": "code | words | registers set (hex) | changed registers, memory, exception, pc, badv | reason, what the manual has instead",
  "reading": "pc is absent where execution went on behind the code, or the first instruction raised the exception",
  "reasons": [
${reasons.map((r) => `    ${JSON.stringify(r)}`).join(",\n")}
  ],
  "cases": [
${lines.map((l) => `    ${l}`).join(",\n")}
  ]
}
`,
);
console.log(`${lines.length} cases of ${await version(qemu)}`);
for (const other of others) {
  const theirs = await answersOf(other, image);
  console.log(`\n${other} (${await version(other)}) answers otherwise:`);
  MEANING_CASES.forEach((c, i) => {
    const [one, two] = [describe(c, answers[i]!), describe(c, theirs[i]!)];
    if (one !== two && !c.isFatal) console.log(`${lines[i]}: ${two || "nothing"}`);
  });
}
