/**
 * Compares the floating-point instructions with QEMU 10, and records a sample of its answers in `answers_qemu.json`, with
 * which `fp_test.ts` compares. The comparison is over all forms and rounding modes, with as many states of each as one likes:
 *
 *     deno run --allow-run --allow-read=/tmp --allow-write=core/fp,/tmp core/fp/compare_qemu.ts \
 *       --qemu 'qemu-system-loongarch64 -cpu max' --states 20000 --seed 1 --record core/fp/answers_qemu.json
 *
 * QEMU 7.2 answers alike, but only with `-singlestep`: without it, it goes astray at bound check exceptions within a block of code.
 *
 * QEMU shares its memory with this program as a file: inputs are there when it starts, results when it powers off. Each form is a
 * loop over its states. Differences other than those of {@linkcode DEVIATIONS} end the run with status 1.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { encode } from "../isa/encode.ts";
import { ISA } from "../isa/table.ts";
import { deviation } from "./deviations.ts";
import {
  type Answer,
  type Form,
  FORMS,
  type Inputs,
  inputsOf,
  Runner,
  SCRATCH,
  textOf,
  wordOf,
} from "./forms.ts";
import { Random } from "./states.ts";

const parsed = parseArgs(Deno.args, {
  string: ["qemu", "states", "seed", "record", "sample", "form"],
  unknown: (arg) => {
    throw new RangeError(`Cannot compare: ${arg} is no option`);
  },
});

function option(name: string, otherwise: string): string {
  const value = parsed[name];
  return typeof value === "string" ? value : otherwise;
}

const qemu = option("qemu", "qemu-system-loongarch64 -cpu max");
const states = Number(option("states", "1000"));
const seed = Number(option("seed", "1"));
/** States of each form that are recorded. */
const sample = Number(option("sample", "24"));
const record = option("record", "");

// Where things stand in memory -------------------------------------------------------------------------------------

const CODE = 0x2000000;
const HANDLER = 0x1000;
const FIRST = CODE + 0x2000;
const INPUTS = 0x3000000;
const INPUT_BYTES = 64;
const RESULTS = 0x9000000;
const RESULT_BYTES = 40;
const DONE = 0xff00000;
const RAM_BYTES = 0x10000000;
const POWER = 0x100e001c;
/** States that one run of QEMU has room for. */
const CAPACITY = Math.floor((RESULTS - INPUTS) / INPUT_BYTES);

// Code ---------------------------------------------------------------------------------------------------------------

const zero = 0;
const [a0, a1, a2] = [4, 5, 6];
const [t0, t1, t8] = [12, 13, 20];
const [s0, s1, s2, s3, s4] = [23, 24, 25, 26, 27];

function word(name: string, ...operands: (number | bigint)[]): number {
  const instruction = ISA.get(name);
  if (instruction === undefined) throw new TypeError(`Cannot emit ${name}: it is no row`);
  return encode(instruction, operands.map(BigInt));
}

function constant(register: number, value: number): number[] {
  return [word("lu12i.w", register, value >> 12), word("ori", register, register, value & 0xfff)];
}

const PROLOGUE = [
  ...constant(s0, RESULTS),
  ...constant(s1, INPUTS),
  ...constant(s2, Number(SCRATCH)),
  ...constant(t0, CODE + HANDLER),
  word("csrwr", t0, 0xc),
  word("ori", t0, zero, 1),
  word("csrwr", t0, 0x2),
];

/** Leaves the exception code times 256 in s3 and continues after the instruction. */
const AT_EXCEPTION = [
  word("csrrd", t8, 0x5),
  word("srli.d", t8, t8, 16),
  word("andi", t8, t8, 0x3f),
  word("slli.d", s3, t8, 8),
  word("csrrd", t8, 0x6),
  word("addi.d", t8, t8, 4),
  word("csrwr", t8, 0x6),
  word("ertn"),
];

const EPILOGUE = [
  ...constant(t1, DONE),
  word("st.d", s0, t1, 0),
  ...constant(t1, POWER),
  word("addi.d", t0, zero, 0x34),
  word("st.b", t0, t1, 0),
  word("b", 0),
];

/** All states of a form. */
function loop(form: Form): number[] {
  const body = [
    word("ld.d", t0, s1, 8),
    word("st.d", t0, s2, 0),
    word("ld.d", t0, s1, 16),
    word("st.d", t0, s2, 8),
    word("ld.d", t0, s1, 0),
    word("movgr2fr.d", 1, t0),
    word("ld.d", t0, s1, 8),
    word("movgr2fr.d", 2, t0),
    word("ld.d", t0, s1, 16),
    word("movgr2fr.d", 3, t0),
    word("ld.d", t0, s1, 24),
    word("movgr2fr.d", 0, t0),
    word("ld.wu", t0, s1, 36),
    word("movgr2cf", 1, t0),
    word("movgr2cf", 2, t0),
    word("ld.d", a1, s1, 40),
    word("ld.d", a2, s1, 48),
    word("ld.wu", t0, s1, 32),
    word("movgr2fcsr", 0, t0),
    word("or", a0, zero, zero),
    word("or", s3, zero, zero),
    wordOf(form),
    word("addi.d", s3, s3, 1), // not reached by a branch that is taken
    word("movfcsr2gr", t0, 0),
    word("st.w", t0, s0, 8),
    word("movcf2gr", t0, 1),
    word("slli.d", s3, s3, 1),
    word("or", s3, s3, t0),
    word("st.w", s3, s0, 12),
    word("movfr2gr.d", t0, 0),
    word("st.d", t0, s0, 0),
    word("st.d", a0, s0, 16),
    word("ld.d", t0, s2, 0),
    word("st.d", t0, s0, 24),
    word("ld.d", t0, s2, 8),
    word("st.d", t0, s0, 32),
    word("addi.d", s0, s0, RESULT_BYTES),
    word("addi.d", s1, s1, INPUT_BYTES),
  ];
  const back = word("bne", s1, s4, -4 * body.length);
  return [...constant(t0, INPUT_BYTES * states), word("add.d", s4, s1, t0), ...body, back];
}

/** An ELF file of one segment. */
function elf(code: Uint8Array): Uint8Array {
  const file = new Uint8Array(120 + code.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  for (const [at, v] of [[16, 2], [18, 258], [52, 64], [54, 56], [56, 1], [58, 64]] as const) {
    view.setUint16(at, v, true);
  }
  view.setUint32(20, 1, true);
  view.setBigUint64(24, BigInt(CODE), true);
  view.setBigUint64(32, 64n, true);
  view.setUint32(64, 1, true);
  view.setUint32(68, 7, true);
  [120, CODE, CODE, code.length, code.length, 8].forEach((v, i) =>
    view.setBigUint64(72 + 8 * i, BigInt(v), true)
  );
  file.set(code, 120);
  return file;
}

function image(forms: readonly Form[]): Uint8Array {
  const body = [...PROLOGUE, ...forms.flatMap(loop), ...EPILOGUE];
  const code = new Uint32Array((FIRST - CODE) / 4 + body.length);
  code.set([word("b", FIRST - CODE)]);
  code.set(AT_EXCEPTION, HANDLER / 4);
  code.set(body, (FIRST - CODE) / 4);
  return elf(new Uint8Array(code.buffer));
}

// Running --------------------------------------------------------------------------------------------------------------

function writeInputs(view: DataView, at: number, { state, rj, rk }: Inputs): void {
  [state.fj, state.fk, state.fa, state.fd].forEach((v, i) => view.setBigUint64(at + 8 * i, v, true));
  view.setUint32(at + 32, state.fcsr, true);
  view.setUint32(at + 36, state.flag, true);
  view.setBigUint64(at + 40, rj, true);
  view.setBigUint64(at + 48, rk, true);
}

function readAnswer(view: DataView, at: number): Answer {
  const packed = view.getUint32(at + 12, true);
  return {
    fd: view.getBigUint64(at, true),
    fcsr: view.getUint32(at + 8, true),
    flag: packed & 1,
    outcome: packed >>> 1,
    rd: view.getBigUint64(at + 16, true),
    memory: view.getBigUint64(at + 24, true) | (view.getBigUint64(at + 32, true) << 64n),
  };
}

/** QEMU's answers to all inputs, in order. */
async function ask(forms: readonly Form[], inputs: readonly Inputs[]): Promise<Answer[]> {
  const directory = await Deno.makeTempDir();
  const ram = new Uint8Array(RAM_BYTES);
  const view = new DataView(ram.buffer);
  inputs.forEach((input, i) => writeInputs(view, INPUTS + INPUT_BYTES * i, input));
  await Deno.writeFile(`${directory}/ram`, ram);
  await Deno.truncate(`${directory}/ram`, 2 ** 30);
  await Deno.writeFile(`${directory}/image`, image(forms));
  const [program = "", ...cpu] = qemu.split(" ");
  const memory = `memory-backend-file,id=ram,size=1G,mem-path=${directory}/ram,share=on`;
  const machine = [
    "-M",
    "virt,memory-backend=ram",
    "-object",
    memory,
    "-m",
    "1G",
    "-nodefaults",
    "-display",
    "none",
  ];
  const args = ["600", program, ...cpu, ...machine, "-no-reboot", "-kernel", `${directory}/image`];
  const { stderr, code } = await new Deno.Command("timeout", { args }).output();
  const file = await Deno.open(`${directory}/ram`);
  const all = new Uint8Array(RAM_BYTES);
  for (let at = 0; at < all.length;) at += await file.read(all.subarray(at)) ?? all.length;
  file.close();
  await Deno.remove(directory, { recursive: true });
  const results = new DataView(all.buffer);
  const end = RESULTS + RESULT_BYTES * inputs.length;
  if (results.getBigUint64(DONE, true) !== BigInt(end)) {
    const text = new TextDecoder().decode(stderr);
    throw new Error(`Cannot read the results: QEMU ended with status ${code} before all were there; ${text}`);
  }
  return inputs.map((_, i) => readAnswer(results, RESULTS + RESULT_BYTES * i));
}

const random = new Random(seed);
const runner = new Runner();
const selected = FORMS.filter(({ name }) => name.startsWith(option("form", "")));
const perRun = Math.max(1, Math.floor(CAPACITY / states));
const recorded: string[] = [];
const deviations = new Map<string, number>();
const differences = new Map<string, number>();
/** Differences of a form that are printed. */
const SHOWN = 3;

for (let first = 0; first < selected.length; first += perRun) {
  const forms = selected.slice(first, first + perRun);
  const inputs = forms.flatMap((form) => Array.from({ length: states }, (_, i) => inputsOf(random, form, i)));
  const answers = await ask(forms, inputs);
  inputs.forEach((input, i) => {
    const form = forms[Math.floor(i / states)];
    const theirs = answers[i];
    if (form === undefined || theirs === undefined) {
      throw new RangeError(`Cannot compare state ${i}: it has no form`);
    }
    const ours = runner.run(form, input);
    const [text, ourText] = [textOf(form, input, theirs), textOf(form, input, ours)];
    const reason = text === ourText ? undefined : deviation({ form, inputs: input, ours, theirs, runner });
    if (reason !== undefined) deviations.set(reason, (deviations.get(reason) ?? 0) + 1);
    else if (text !== ourText) {
      const count = (differences.get(form.name) ?? 0) + 1;
      differences.set(form.name, count);
      if (count <= SHOWN) console.log(`QEMU: ${text}\nours: ${ourText}\n`);
    }
    if (i % states < sample && text === ourText) recorded.push(text);
  });
}

if (record !== "") {
  const version = new TextDecoder().decode(
    (await new Deno.Command(qemu.split(" ")[0] ?? "", { args: ["--version"] }).output()).stdout,
  );
  await Deno.writeTextFile(
    record,
    `{
  "origin": "recorded by compare_qemu.ts, seed ${seed}, from ${version.split("\n")[0]}, ${qemu}",
  "format": "form: fj fk fa fd fcsr0 flag rj rk: fd fcsr0 flag outcome rd memory (which held fk and fa; = if it still does)",
  "outcome": "0: jumped over the next instruction, 1: did not, 0x100 n + 1: raised Ecode n",
  "cases": [
${recorded.map((text) => `    "${text}"`).join(",\n")}
  ]
}
`,
  );
}
for (const [reason, count] of deviations) console.log(`${count} times: ${reason}`);
for (const [name, count] of differences) console.log(`${name}: ${count} unexplained differences`);
const total = differences.size === 0 ? "no unexplained differences" : "differences unexplained";
console.log(`${selected.length} forms, ${states} states each, seed ${seed}: ${total}`);
Deno.exit(differences.size === 0 ? 0 : 1);
