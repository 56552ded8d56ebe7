/**
 * Whole programs from a seed: exceptions, refills by a handler, timer interrupts, address spaces, code that writes code. A program's
 * result does not depend on when an interrupt comes or which TLB entry is replaced, so that two right machines agree.
 *
 * @module
 */
import { assemble } from "../../core/asm/mod.ts";
import { csrByName } from "../../core/csr/table.ts";
import type { MemoryBlock, State } from "../../drivers/state.ts";
import { Random } from "../../sequences/random.ts";
import { atUserLevel, awaitTimer, FRAGMENTS, switchTo } from "./fragments.ts";
import { handlers, INVALIDATIONS } from "./handlers.ts";
import {
  AT,
  LOG,
  PAGE_BITS,
  PAGE_BYTES,
  pageOf,
  PAGES,
  ROOT_INDEX,
  SPACES,
  tablesOf,
  WALK,
  windowed,
} from "./layout.ts";
import { constant, DATA } from "./straight_line.ts";

/** A generated program. */
export interface GeneratedProgram {
  /** Assembly text, for reports. */
  readonly source: string;
  readonly state: State;
}

const BUDGET = 400_000;
const FEWEST = 4;
const MOST = 14;

/** Registers that hold what the last refill or interrupt left; when these come is not the program's to say. */
const CLEARED = [
  "TLBRBADV",
  "TLBRERA",
  "TLBREHI",
  "TLBRELO0",
  "TLBRELO1",
  "TLBRPRMD",
  "TLBRSAVE",
  "TLBEHI",
  "BADV",
];

function body(random: Random): string {
  const pieces: string[] = [];
  const count = random.between(FEWEST, MOST);
  for (let n = 0; n < count; n++) {
    const fragment = random.weighted(FRAGMENTS);
    const text = fragment.text(random, n);
    pieces.push(`  # ${fragment.name}`, fragment.user && random.chance(0.3) ? atUserLevel(text, n) : text);
  }
  return pieces.join("\n");
}

function source(random: Random): string {
  return `
_start:
  addi.d $t0, $zero, 4
  csrxchg $t0, $t0, CRMD
${body(random)}
${awaitTimer("last")}
  addi.d $t0, $zero, 4
  csrxchg $zero, $t0, CRMD
  invtlb 0x0, $zero, $zero
${switchTo(0)}
  syscall 0                               # the last exception, the same on every machine
${CLEARED.map((name) => `  addi.d $t0, $zero, 0\n  csrwr  $t0, ${name}`).join("\n")}
${["SAVE0", "SAVE1", "SAVE2", "SAVE3"].map((name) => `  csrwr  $zero, ${name}`).join("\n")}
  addi.d $t0, $zero, 0
  addi.d $t1, $zero, 0
  addi.d $t2, $zero, 0
  addi.d $t3, $zero, 0
  csrwr  $t0, TCFG
  addi.d $t0, $zero, 0
end:
  nop
${handlers(random.pick(INVALIDATIONS))}`;
}

const VALID = 1n;
const DIRTY = 2n;
const USER = 3n << 2n;
const CACHED = 1n << 4n;
const HUGE = 1n << 6n;

/** A page table entry: mostly usable, sometimes invalid, clean, or the kernel's. */
function pageEntry(random: Random, physical: number): bigint {
  const valid = random.chance(0.75) ? VALID : 0n;
  const dirty = random.chance(0.6) ? DIRTY : 0n;
  const user = random.chance(0.8) ? USER : 0n;
  return BigInt(physical) | CACHED | valid | dirty | user;
}

function wordsOf(values: readonly bigint[]): number[] {
  return values.flatMap((v) => [Number(v & 0xffffffffn), Number(v >> 32n)]);
}

function tables(random: Random, space: number): MemoryBlock[] {
  const { root, directory, table } = tablesOf(space);
  const pages = Array.from({ length: PAGES }, (_, page) => pageEntry(random, pageOf(space, page)));
  const huge = CACHED | HUGE | VALID | DIRTY | USER;
  return [
    { at: root + 8 * ROOT_INDEX, words: wordsOf([BigInt(directory)]) },
    { at: directory, words: wordsOf([BigInt(table), huge]) },
    { at: table, words: wordsOf(pages) },
  ];
}

function filled(random: Random, at: number, words: number): MemoryBlock {
  return { at, words: Array.from({ length: words }, () => random.bits32()) };
}

function data(random: Random): MemoryBlock[] {
  const blocks: MemoryBlock[] = [];
  for (let space = 0; space < SPACES; space++) {
    blocks.push(...tables(random, space));
    for (let page = 0; page < PAGES; page++) {
      blocks.push(
        filled(random, pageOf(space, page), 64),
        filled(random, pageOf(space, page) + PAGE_BYTES - 0x40, 16),
      );
    }
  }
  return [
    ...blocks,
    ...AT.huge.map((at) => filled(random, at, 64)),
    { at: AT.written, words: Array<number>(16).fill(0) },
    { at: AT.log, words: Array<number>((LOG.events + LOG.eventBytes) / 4).fill(0) },
  ];
}

/** The program of a seed and an index, always the same. */
export function generateProgram(seed: string, index: number): GeneratedProgram {
  const random = new Random(`${seed} program ${index}`);
  const text = source(random);
  const program = assemble(text, {
    name: `program-${index}.s`,
    origin: windowed(AT.code),
    csrNumber: (name) => csrByName(name)?.number,
  });
  const label = (name: string) => {
    const address = program.symbols.get(name);
    if (address === undefined) {
      throw new RangeError(`Cannot find ${name} in program ${index}: it has no such label`);
    }
    return address;
  };
  const physical = (address: bigint) => BigInt.asUintN(48, address);
  const code = program.segments.map(({ address, bytes }) => {
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    const words = Array.from({ length: bytes.length / 4 }, (_, i) => view.getUint32(4 * i, true));
    return { at: Number(physical(address)), words };
  });
  const gpr = new Map<number, bigint>([[3, windowed(AT.stackTop)]]);
  for (const name of DATA) gpr.set(numberOf(name), BigInt(constant(random)));
  const { root, table } = tablesOf(0);
  return {
    source: text,
    state: {
      id: `program-${seed}-${index}`,
      profile: "la464",
      mode: "host",
      memory: [...code, ...data(random)],
      host: {
        pc: label("_start"),
        gpr,
        csr: new Map([
          ["CRMD", 0x10n],
          ["EUEN", 1n],
          ["ECFG", 1n << 11n],
          ["EENTRY", label("general")],
          ["TLBRENTRY", physical(label("refill"))],
          ["ASID", 1n],
          ["PGDL", BigInt(root)],
          ["PWCL", WALK.PWCL],
          ["PWCH", WALK.PWCH],
          ["STLBPS", BigInt(PAGE_BITS)],
          ["DMW1", 0x9000_0000_0000_0019n],
          ["SAVE4", windowed(table)],
        ]),
      },
      fp: { fpr: new Map(), fcc: new Map(), fcsr: 0 },
      stage2: [],
      end: label("end"),
      budget: BUDGET,
    },
  };
}

const BASES: Readonly<Record<string, number>> = { a: 4, t: 12, s: 23 };

function numberOf(name: string): number {
  return (BASES[name.charAt(1)] ?? 0) + Number(name.slice(2));
}
