/**
 * Short sequences: instructions of all kinds in a row, whose exceptions go to a handler that records each and continues behind it.
 *
 * @module
 */
import { assemble } from "../core/asm/assemble.ts";
import { csrByName } from "../core/csr/table.ts";
import { type Instruction, ISA } from "../core/isa/table.ts";
import type { Made } from "./maker.ts";
import { accessSize } from "./memory_states.ts";
import { immediate, value, wordOf } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";
import { anyMode, CACHED, DATA_BYTES, HANDLERS, Scene, word } from "./scene.ts";
import { undefinedWord } from "./undefined_states.ts";

/**
 * At entry: the next free place of the record is in SAVE1; SAVE0 and SAVE2 keep registers; BADV is
 * recorded of the exceptions that have an address; the exception of the instruction in SAVE5 leads to
 * the end.
 */
const GENERAL = `
  csrwr $t8, SAVE0
  csrwr $t7, SAVE2
  csrrd $t8, SAVE5
  csrrd $t7, ERA
  beq   $t7, $t8, done
  csrrd $t8, SAVE1
  csrrd $t7, ESTAT
  st.d  $t7, $t8, 0
  srli.d $t7, $t7, 16
  andi  $t7, $t7, 0x3f
  sltui $t7, $t7, 10
  beqz  $t7, record
  csrrd $t7, BADV
record:
  st.d  $t7, $t8, 8
  csrrd $t7, ERA
  st.d  $t7, $t8, 16
  addi.d $t7, $t7, 4
  csrwr $t7, ERA
  csrrd $t7, BADI
  st.w  $t7, $t8, 24
  addi.d $t8, $t8, 32
  csrwr $t8, SAVE1
  csrwr $zero, TLBEHI
  csrrd $t7, SAVE2
  csrrd $t8, SAVE0
  ertn
done:
  csrrd $t7, SAVE2
  csrrd $t8, SAVE0
end:
  andi  $zero, $zero, 0
`;

/** The same for a refill, which is told by its registers. */
const REFILL = `
  csrwr $t8, SAVE0
  csrwr $t7, SAVE2
  csrrd $t8, SAVE1
  addi.d $t7, $zero, -1
  st.d  $t7, $t8, 0
  csrrd $t7, TLBRBADV
  st.d  $t7, $t8, 8
  csrrd $t7, TLBRERA
  st.d  $t7, $t8, 16
  addi.d $t7, $t7, 4
  csrwr $t7, TLBRERA
  csrrd $t7, TLBRPRMD
  st.d  $t7, $t8, 24
  addi.d $t8, $t8, 32
  csrwr $t8, SAVE1
  csrrd $t7, SAVE2
  csrrd $t8, SAVE0
  ertn
`;

function wordsOf(source: string): readonly number[] {
  const program = assemble(source, { origin: 0n, csrNumber: (name) => csrByName(name)?.number });
  const bytes = program.segments[0]?.bytes ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
}

const GENERAL_WORDS = wordsOf(GENERAL);
const REFILL_WORDS = wordsOf(REFILL);
const REFILL_AT = HANDLERS + 0x1000;
const RECORD_AT = HANDLERS + 0x2000;
const RECORD_BYTES = 32;

/** Registers of the sequence; few, so that results meet. */
const POOL = [0, 4, 5, 6, 7, 12, 13, 23];
/** Holds the address of the middle of the data; nothing writes it. */
const BASE = 24;
/** Registers that hold addresses that fail. */
const WILD = 25;
const LONGEST = 12;

const byKind = (condition: (i: Instruction) => boolean) => ISA.all.filter(condition);
const COMPUTING = byKind(({ group, name, operands }) =>
  ["base", "mul", "bitops"].includes(group) && operands[0]?.name === "rd" &&
  !/^(ld|st|jirl|beq|bne|blt|bge|rdtime|cpucfg|pc)/.test(name)
);
// Not those of which every QEMU is known to differ: a difference of a sequence is hard to explain field by field.
const FLOATING = byKind(({ unit, needs, name }) =>
  unit === "FPE" && needs === "FP" &&
  !/^(fld|fst|bc|mov.*fcsr|fnm|ftintrn?[ez]\.w\.s|frint\.s|fcopysign\.s)/.test(name)
);
const UNDERFLOW = 2;
const LOADING = byKind(({ name }) => /^(ld|st)(ptr)?\.[bhwd]u?$/.test(name));
const ATOMIC = byKind(({ needs }) => needs === "LAM");
const BRANCHING = byKind(({ name }) => /^(beqz|bnez|b|bl|beq|bne|blt|bge|bltu|bgeu)$/.test(name));
/** Registers without reserved bits and without an effect. */
const SIMPLE_CSRS = ["SAVE3", "SAVE4", "TLBRSAVE"];

/** An instruction with registers of the pool. */
function pooled(
  random: Random,
  instruction: Instruction,
  given: Readonly<Record<string, number>> = {},
): number {
  const chosen = new Map<string, number>();
  for (const operand of instruction.operands) {
    const { name, kind, file } = operand;
    if (kind !== "register") chosen.set(name, immediate(random, operand));
    else if (file === "general") chosen.set(name, random.pick(POOL));
    else chosen.set(name, random.below(4));
  }
  const [msb, lsb] = [chosen.get("msb"), chosen.get("lsb")];
  if (msb !== undefined && lsb !== undefined && msb < lsb) chosen.set("msb", lsb).set("lsb", msb);
  for (const [name, v] of Object.entries(given)) if (chosen.has(name)) chosen.set(name, v);
  return wordOf(instruction, chosen);
}

/** Not a word that QEMU takes for a comparison or move of floating-point numbers. */
function plainlyUndefined(random: Random): number {
  for (;;) {
    const found = undefinedWord(random);
    if (![0x011, 0x0c1, 0x0c2].includes(found >>> 20)) return found;
  }
}

/** A load or store of the data, aligned or not. */
function loadOrStore(random: Random): number {
  const instruction = random.pick(LOADING);
  const [offset] = instruction.immediates;
  const unit = 2 ** (offset?.shift ?? 0);
  // All of it inside the data, in the middle of which the base is.
  const places = Math.floor((DATA_BYTES - accessSize(instruction.name)) / unit) + 1;
  return pooled(random, instruction, {
    rj: BASE,
    [offset?.name ?? ""]: unit * random.below(places) - DATA_BYTES / 2,
  });
}

/** An access that fails where addresses are mapped; elsewhere a call. */
function failing(random: Random, mapped: boolean): number {
  if (!mapped) return word("syscall", random.below(0x8000));
  return pooled(random, random.pick(LOADING), { rj: WILD, si12: 0, si14: 0 });
}

function forward(random: Random, left: number): number {
  const distance = 4 * (1 + random.below(Math.max(1, left)));
  return pooled(random, random.pick(BRANCHING), { offs16: distance, offs21: distance, offs26: distance });
}

function csrAccess(random: Random): number {
  const csr = csrByName(random.pick(SIMPLE_CSRS))?.number ?? 0;
  const [rd, rj] = [random.pick(POOL.slice(1)), random.pick(POOL.slice(1))];
  if (oneIn(random, 3)) return word("csrxchg", rd, rj, csr);
  return word(random.pick(["csrrd", "csrrd", "csrwr"]), rd, csr);
}

/** One instruction; `left` follow it. */
function instructionWord(random: Random, mapped: boolean, left: number): number {
  switch (random.below(16)) {
    case 0:
    case 1:
    case 2:
      return loadOrStore(random);
    case 3:
      return pooled(random, random.pick(ATOMIC), { rj: BASE });
    case 4:
    case 5:
      return pooled(random, random.pick(FLOATING));
    case 6:
    case 7:
      return forward(random, left);
    case 8:
      return word(random.pick(["syscall", "break"]), random.below(0x8000));
    case 9:
      return failing(random, mapped);
    case 10:
      return csrAccess(random);
    case 11:
      return oneIn(random, 4) ? plainlyUndefined(random) : word("csrrd", random.pick(POOL.slice(1)), 0x20);
    default:
      return pooled(random, random.pick(COMPUTING));
  }
}

function setHandlers(scene: Scene, last: bigint): void {
  scene.setCsr("EENTRY", scene.address(HANDLERS));
  scene.setCsr("TLBRENTRY", BigInt(REFILL_AT));
  // In a refill handler translation is off: the lower bits of the address are it.
  scene.setCsr("SAVE1", scene.address(RECORD_AT));
  scene.setCsr("SAVE5", last);
  if (!oneIn(scene.random, 4)) scene.setCsr("EUEN", 1n);
}

/** A sequence. */
export function sequenceState(random: Random): Made {
  const scene = new Scene(random, anyMode(random));
  const { mapped } = scene.mode;
  const length = 3 + random.below(LONGEST - 2);
  const body = Array.from({ length }, (_, i) => instructionWord(random, mapped, length - 1 - i));
  for (const register of POOL) scene.gpr.set(register, value(random));
  scene.gpr.set(BASE, scene.address(scene.dataAt + DATA_BYTES / 2));
  scene.gpr.set(WILD, random.pick([0x1000n, CACHED >> 1n, 1n << 60n, 0x7fff_ffff_fff9n]));
  for (let n = 0; n < 4; n++) {
    scene.fpr.set(n, oneIn(random, 2) ? random.bits64() : BigInt(random.word()) << 32n);
    scene.fcc.set(n, oneIn(random, 2) ? 0 : 1);
  }
  scene.fcsr = (random.below(4) << 8) | (oneIn(random, 4) ? random.below(32) & ~UNDERFLOW : 0);
  setHandlers(scene, scene.pc + BigInt(4 * length));
  scene.placeData(value);
  scene.place(scene.codeAt, [...body, word("syscall", 0)]);
  scene.place(HANDLERS, GENERAL_WORDS);
  scene.place(REFILL_AT, REFILL_WORDS);
  scene.place(RECORD_AT, new Array<number>((RECORD_BYTES / 4) * (length + 1)).fill(0));
  const end = scene.address(HANDLERS + 4 * (GENERAL_WORDS.length - 1));
  return { scene, tested: body[0] ?? 0, budget: 40 * LONGEST, end };
}
