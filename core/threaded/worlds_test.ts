import { assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { readCsr } from "../csr/access.ts";
import type { CsrBank } from "../csr/bank.ts";
import { ESTAT } from "../csr/basic.ts";
import { CSRS } from "../csr/table.ts";
import { EXCEPTIONS } from "../exception_codes.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { Random } from "../random.ts";
import { SECOND_STAGE } from "./agreement.ts";
import { ThreadedEngine } from "./engine.ts";

// Host and guest execute the same random privileged code, in the same memory; whatever happens to them, the engines must agree.

const MEMORY = 0x40000;
/** Where the programs store. */
const DATA = 0x20000;
const PROGRAMS = 60;
const BODY = 60;
const STRETCHES = 24;
const LONGEST = 220;

/** Registers, and values that bring something about. */
const WRITTEN: readonly (readonly [csr: string, values: readonly number[]])[] = [
  ["PRMD", [0, 3, 4, 7, 8, 12]],
  ["ECFG", [0, 0xc00, 0x1fff, 0x10004, 0x30000]],
  ["ESTAT", [0, 1, 3]],
  ["BADV", [0, 0x1234]],
  ["SAVE1", [0, 5, -7]],
  ["SAVE3", [11]],
  ["EUEN", [0, 1, 1, 1]],
  ["MISC", [0, 0x80, 0x8, 0x8000]],
  ["ASID", [0, 1, 2]],
  ["PGDL", [0x4000, 0x5000]],
  ["TLBEHI", [0x2000, -0x4000]],
  ["TID", [3]],
  ["TCFG", [0, 0x41, 0x83, 0x205]],
  ["TICLR", [1]],
  ["CNTC", [100]],
  ["LLBCTL", [2, 4]],
  ["DMW0", [0, 0x11]],
  ["GCNTC", [7]],
  ["GTLBC", [0x1000, 0x11000, 0x21000, 0]],
  ["GINTC", [0, 1, 0x100, 0x10001]],
  ["GCFG", [0, 0x80, 0x200, 0x800, 0x2000]],
  ["PMCFG0", [0, 0x10000, 0xf0001]],
  ["PMCNT0", [0, 9]],
  ["SAVE12", [5]],
];
const READ = [
  "CRMD",
  "ESTAT",
  "ERA",
  "BADI",
  "GSTAT",
  "TVAL",
  "CPUID",
  "PRCFG1",
  "TRGP",
  "PMCNT0",
  "LLBCTL",
  "DSAVE",
  // None of these is there.
  "SAVE12",
  "0x3000",
];
const MODE_BITS = [4, 4, 0x200, 0x60];

function constant(random: Random, values: readonly number[]): string {
  return `  li.d $a0, ${random.pick(values)}\n`;
}

function access(random: Random): string {
  const [csr, values] = random.pick(WRITTEN);
  const g = random.below(10) < 3 ? "g" : "";
  const set = constant(random, values);
  switch (random.below(4)) {
    case 0:
      return `  ${g}csrrd $a3, ${csr}`;
    case 1:
      return `${set}  ${g}csrwr $a0, ${csr}`;
    case 2:
      return `  ${g}csrwr $zero, ${csr}`;
    default:
      return `${set}  li.d $a2, ${random.pick([-1, 0xff, 0x10000])}\n  ${g}csrxchg $a0, $a2, ${csr}`;
  }
}

/** Values of FCSR0: mostly such that generated code can compute. */
const FCSR = [0, 0x10000, 0x10000, 0x30000, 0x10100, 0x11f0000, 0x1001f];

function float(random: Random): string {
  return `$f${random.below(4)}`;
}

function compute(random: Random): string {
  const name = random.pick(["fadd.d", "fsub.d", "fmul.d", "fdiv.d", "fdiv.d", "fmax.s", "fmul.s"]);
  return `  ${name} ${float(random)}, ${float(random)}, ${float(random)}`;
}

type Pieces = readonly (readonly [weight: number, text: (random: Random) => string])[];

/** What leaves alone what translations depend on. */
const CALM: Pieces = [
  [3, (random) => `  csrrd $a4, ${random.pick(READ)}`],
  [2, (random) => `  gcsrrd $a4, ${random.pick(READ)}`],
  [3, (random) => `  hvcl ${random.below(4)}`],
  [3, (random) => `  ${random.pick(["syscall", "break"])} ${random.below(4)}`],
  // Into the guest, or not: the next return says.
  [2, (random) => `  li.d $a0, ${random.pick([0, 2, 2])}\n  li.d $a2, 2\n  csrxchg $a0, $a2, GSTAT`],
  // For sure: no exception may come between, which would clear PVM.
  [3, () => "  la.pcrel $a0, body\n  csrwr $a0, ERA\n  li.d $a0, 2\n  csrxchg $a0, $a0, GSTAT\n  ertn"],
  [1, () => "  ll.w $a5, $s0, 0\n  addi.d $a5, $a5, 1\n  sc.w $a5, $s0, 0"],
  [1, () => "  rdtime.d $a6, $a7"],
  [2, () => "  addi.d $s1, $s1, 1\n  st.d $s1, $s0, 8"],
  [6, compute],
  [1, (random) => `  fmadd.d ${float(random)}, ${float(random)}, ${float(random)}, ${float(random)}`],
  [2, (random) => `  fcmp.clt.d $fcc${random.below(2)}, ${float(random)}, ${float(random)}`],
  [1, (random) => `  movcf2gr $a1, $fcc${random.below(2)}`],
  [2, (random) => `  movgr2fr.d $f1, $s1\n  ffint.d.l ${float(random)}, $f1`],
  [2, (random) => `  ${random.pick(["fld.d", "fst.d"])} ${float(random)}, $s0, 16`],
  [2, () => "  movfcsr2gr $a1, $fcsr0"],
  [2, (random) => `${constant(random, FCSR)}  movgr2fcsr $fcsr0, $a0`],
];

const PIECES: Pieces = [
  ...CALM,
  [10, access],
  [1, (random) => `  li.d $a0, ${random.pick(MODE_BITS)}\n  move $a2, $a0\n  csrxchg $a0, $a2, CRMD`],
  [1, (random) => `  li.d $a2, ${random.pick(MODE_BITS)}\n  csrxchg $zero, $a2, CRMD`],
  // The guest hears of it itself, or its host does.
  [2, (random) => `  csrwr $zero, EUEN\n${compute(random)}`],
  [2, (random) => `${constant(random, [1])}  ${random.pick(["csrwr", "gcsrwr"])} $a0, EUEN`],
];

function body(random: Random, pieces: Pieces): string {
  const weighted = pieces.flatMap(([weight, text]) => Array.from({ length: weight }, () => text));
  return Array.from({ length: BODY }, () => random.pick(weighted)(random)).join("\n");
}

/** Both worlds have the same handler: behind the instruction that raised the exception. */
function program(random: Random): string {
  return `
        la.pcrel $t0, general
        csrwr  $t0, EENTRY
        la.pcrel $t0, general
        gcsrwr $t0, EENTRY
        la.pcrel $t0, refill
        csrwr  $t0, TLBRENTRY
        la.pcrel $t0, refill
        gcsrwr $t0, TLBRENTRY
${SECOND_STAGE}
        tlbwr
        li.d   $t0, 0xb
        gcsrwr $t0, CRMD
        li.d   $s0, ${DATA}
        li.d   $t0, ${random.below(2)}
        csrwr  $t0, EUEN
        li.d   $t0, ${random.below(3) === 0 ? 0 : 1}
        gcsrwr $t0, EUEN
body:
${body(random, random.below(3) === 0 ? CALM : PIECES)}
        b      body
        b      body
        b      body
        .balign 4096
general:
        csrwr  $t0, SAVE0
        csrrd  $t0, ERA
        addi.d $t0, $t0, 4
        csrwr  $t0, ERA
${random.below(2) === 0 ? "" : "        li.d   $t0, 3\n        csrxchg $zero, $t0, PRMD"}
        csrrd  $t0, SAVE0
        ertn
        b      body
        .balign 4096
refill:
        csrwr  $t0, TLBRSAVE
        csrrd  $t0, TLBRERA
        addi.d $t0, $t0, 4
        csrwr  $t0, TLBRERA
        li.d   $t0, 0x8
        csrwr  $t0, TLBRPRMD
        csrrd  $t0, TLBRSAVE
        ertn
`;
}

/** Everything that software of both worlds can see of a machine, and where it is. */
function everything({ m, memory }: BareMachine): Readonly<Record<string, unknown>> {
  const present = CSRS.filter((c) => m.host.has(c.number));
  return {
    pc: m.pc,
    inGuest: m.inGuest,
    executed: m.clock.executed,
    retired: m.clock.retired,
    gpr: [...m.gpr],
    host: present.map((c) => [c.name, readCsr(m, false, c)]),
    guest: present.map((c) => [c.name, readCsr(m, true, c)]),
    ll: [false, true].map((isGuest) => [m.llbit(isGuest).valid, m.llbit(isGuest).address]),
    fpr: [...m.fpr],
    fcc: [...m.fcc],
    fcsr: m.fcsr,
    memory: [...memory.bytes.subarray(DATA, DATA + 24)],
  };
}

/** What happened in a program. */
interface Happened {
  readonly exits: number;
  /** Stretches after which the last exception of the host, and of the guest, was that floating point is disabled. */
  readonly disabled: readonly [host: number, guest: number];
}

function lastIsDisabled(bank: CsrBank): number {
  return Number(bank.get(ESTAT.Ecode)) === EXCEPTIONS.FPD.ecode ? 1 : 0;
}

/** Runs a program in stretches, with interrupt lines that move in between, on both engines. */
function agree(seed: number, engine: ThreadedEngine): Happened {
  const random = new Random(seed);
  const source = program(random);
  const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
  const reference = new ReferenceEngine();
  let exits = 0;
  const disabled: [number, number] = [0, 0];
  for (let n = 0; n < STRETCHES; n++) {
    const limits = {
      budget: 1 + random.below(LONGEST),
      untilHost: expected.m.inGuest && random.below(10) < 3,
    };
    const line = 2 + random.below(3);
    const level = random.below(5) === 0;
    const what = `program ${seed}, stretch ${n} of ${limits.budget} instructions, line ${line} ${level}`;
    for (const { m } of [expected, actual]) m.setLine(line, level);
    const stop = engine.run(actual.m, limits);
    assertEquals(stop, reference.run(expected.m, limits), what);
    const [a, b] = [everything(actual), everything(expected)];
    if (`${Object.values(a)}` !== `${Object.values(b)}`) assertEquals(a, b, what);
    if (stop.kind === "host") exits++;
    disabled[0] += lastIsDisabled(expected.m.host);
    disabled[1] += lastIsDisabled(expected.m.guest);
  }
  return { exits, disabled };
}

for (const [name, hotAfter] of [["an instruction at a time", Infinity], ["in regions", 1]] as const) {
  Deno.test(`random privileged code of host and guest, ${name}, is what the reference engine makes of it`, () => {
    const engine = new ThreadedEngine({ hotAfter });
    const all = Array.from({ length: PROGRAMS }, (_, i) => agree(i + 1, engine));
    const sum = (of: (h: Happened) => number) => all.reduce((n, h) => n + of(h), 0);
    const [exits, host, guest] = [sum((h) => h.exits), sum((h) => h.disabled[0]), sum((h) => h.disabled[1])];
    // Most programs enter the guest and leave it again, and find floating point disabled in both.
    assertEquals(
      Math.min(exits, host, guest) > PROGRAMS / 4,
      true,
      `${exits} exits, ${host} and ${guest} FPD`,
    );
  });
}
