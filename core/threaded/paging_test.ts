import { assertEquals, assertThrows } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { readCsr } from "../csr/access.ts";
import { CSRS } from "../csr/table.ts";
import type { Stop } from "../engine.ts";
import { BusError } from "../errors.ts";
import type { Machine } from "../machine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { Random } from "../random.ts";
import { SECOND_STAGE } from "./agreement.ts";
import { ThreadedEngine } from "./engine.ts";

// Host and guest run random code that lives on the TLB: accesses to pages that come and go, instructions that change entries of either stage,
// tables that are walked. Their handlers fill the TLB in one of several ways, or skip the instruction; whatever happens, the engines must agree.

const MEMORY = 0x40000;
/** Pages that are mapped again and again. */
const DATA = 0x20000;
/** A pair of pages that are called, at an address that no window maps either: they begin with returns. */
const CODE = 0x1e000;
const VIRTUAL_CODE = 0x20000000;
const RETURN = 0x4c000020;
/** Two directories, and behind them the tables that they lead to. */
const TABLES = 0x30000;
const PAGE = 0x1000;
const PROGRAMS = 40;
const BODY = 70;
const STRETCHES = 24;
const LONGEST = 400;

/** Addresses of 16 pages that no window maps, in each half of the address space. */
const VIRTUAL = [0x10000000, -0x10000] as const;

/** PWCL: tables of 16 entries, directories of four. */
const WALK = 12 | 4 << 5 | 16 << 10 | 2 << 15;

type Pieces = readonly (readonly [weight: number, text: (random: Random) => string])[];

/** No address at all. */
const ILLEGAL = 2 ** 48;

function address(random: Random): number {
  if (random.below(40) === 0) return ILLEGAL;
  return random.pick(VIRTUAL) + PAGE * random.below(16) + 8 * random.below(4);
}

/** Calls one of the returns. */
function call(random: Random): string {
  const at = VIRTUAL_CODE + PAGE * random.below(2) + random.pick([0, 0, 0, 2]) + 4 * random.below(8);
  return `  li.d $a0, ${at}
  jirl $ra, $a0, 0`;
}

/** Unaligned ones, over the end of a page among them. */
function anyAddress(random: Random): number {
  return address(random) + random.pick([0, 0, 0, 4, 5, 0xffd]);
}

function access(random: Random): string {
  const what = random.pick(["ld.d $a1", "ld.bu $a1", "ld.w $a1", "st.d $s5", "st.w $s5", "amadd.d $a1, $s5"]);
  return `  li.d $a0, ${anyAddress(random)}\n  ${what}, $a0${what.startsWith("am") ? "" : ", 0"}`;
}

/** Bits of an entry: mostly such that allow something. */
function flags(random: Random): bigint {
  const low = random.pick([0x13n, 0x13n, 0x53n, 0x11n, 0x12n, 0x51n, 0x1fn]);
  return low | random.pick([0n, 0n, 0n, 1n << 61n, 1n << 62n, 1n << 63n]);
}

function entry(random: Random, ps: number): bigint {
  const page = DATA + PAGE * random.below(16);
  return BigInt(page - page % (1 << ps)) | flags(random);
}

/** Writes an entry for one of the addresses, or of the second stage for one of the pages behind them. */
function write(random: Random): string {
  const ps = random.pick([12, 12, 12, 14, 16]);
  const index = random.pick([
    `${2048 + random.below(6)}`,
    `${random.below(256) + 256 * random.below(8)}`,
    `${16 * random.below(2) + 256 * random.below(3)}`,
  ]);
  const [high, lo] = random.pick<readonly [number, (random: Random) => bigint]>([
    [DATA + 2 * PAGE * random.below(8), (r) => entry(r, ps)],
    [TABLES + 2 * PAGE * random.below(4), (r) => BigInt(TABLES + PAGE * r.below(16)) | 0x13n],
    [VIRTUAL_CODE, (r) => BigInt(CODE) | flags(r)],
    [address(random), (r) => entry(r, ps)],
    [address(random), (r) => entry(r, ps)],
  ]);
  return `
  li.d $a0, ${index} | ${ps} << 24
  csrwr $a0, TLBIDX
  li.d $a0, ${high}
  csrwr $a0, TLBEHI
  li.d $a0, ${BigInt.asIntN(64, lo(random))}
  csrwr $a0, TLBELO0
  li.d $a0, ${BigInt.asIntN(64, lo(random))}
  csrwr $a0, TLBELO1
  ${random.pick(["tlbfill", "tlbfill", "tlbwr", "gtlbfill", "gtlbwr"])}`;
}

/** Tables may be anywhere, aligned or not, and bits of their addresses too many. */
function lookAtTable(random: Random): string {
  const table = TABLES + PAGE * random.below(3) + random.pick([0, 0, 4, 7, 2 ** 48, -(2 ** 52)]);
  const what = random.pick([
    "lddir $a3, $a2, 1",
    `lddir $a3, $a2, ${random.below(6)}`,
    "ldpte $a2, 0",
    "ldpte $a2, 1",
  ]);
  return `  li.d $a2, ${table}\n  ${what}`;
}

function invalidate(random: Random): string {
  const op = random.pick([0, 1, 2, 3, 4, 5, 5, 5, 6, 6, 0xc, 0xd, 0xe, 0x11, 0x14, 0x16, 0x16, 0x16]);
  const at = op === 0x16 ? DATA + PAGE * random.below(16) : address(random);
  return `  li.d $a0, ${random.below(2)} | ${
    1 + random.below(2)
  } << 16\n  li.d $a1, ${at}\n  invtlb ${op}, $a0, $a1`;
}

function set(csr: string, values: readonly number[]): (random: Random) => string {
  return (random) => `  li.d $a0, ${random.pick(values)}\n  csrwr $a0, ${csr}`;
}

/** Goes on in the guest,. */
const ENTER = "  la.pcrel $a0, body\n  csrwr $a0, ERA\n  li.d $a0, 2\n  csrxchg $a0, $a0, GSTAT\n  ertn";

const PIECES: Pieces = [
  [40, access],
  [6, call],
  [6, write],
  [4, invalidate],
  [2, set("ASID", [0, 0, 1])],
  [1, set("STLBPS", [12, 12, 12, 14])],
  [1, set("PWCL", [WALK, WALK, WALK | 0x40000000])],
  [1, set("PWCH", [0, 20 | 2 << 6, 16 | 3 << 6 | 24 << 12 | 2 << 18])],
  [1, set("GTLBC", [0, 0x1000, 0x11000, 0x11000, 0x21000, 0x2000])],
  [1, set("MISC", [0, 0x10000])],
  [1, set("GCFG", [0, 0, 0, 0x200])],
  [
    1,
    (random) =>
      `  li.d $a0, ${random.pick([1, 1, 2]) << 16}\n  li.d $a1, 0xff0000\n  csrxchg $a0, $a1, GSTAT`,
  ],
  [2, (random) => `  li.d $a0, ${address(random)}\n  csrwr $a0, TLBEHI\n  tlbsrch`],
  [1, () => "  tlbrd"],
  [1, (random) => `  ${random.pick(["tlbclr", "tlbflush", "gtlbsrch", "gtlbflush"])}`],
  [2, () => `  csrrd $a2, PGD\n  lddir $a3, $a2, 1\n  ldpte $a3, 0\n  ldpte $a3, 1`],
  [4, lookAtTable],
  [
    1,
    (random) =>
      `  csrrd $a4, ${random.pick(["TLBRELO0", "TLBREHI", "TLBRBADV", "BADV", "TVAL", "ESTAT", "TID"])}`,
  ],
  [2, (random) => `  li.d $a0, ${random.pick([0, 2, 3, 6, 31, 32, -1])}\n  cpucfg $a4, $a0`],
  [1, (random) => `  ${random.pick(["rdtime.d", "rdtimel.w"])} $a5, $a6`],
  [2, (random) => `  csrrd $a4, ${random.pick(["TID", "CNTC", "TLBREHI", "TLBELO0"])}`],
  [4, () => ENTER],
  // With accesses to the registers of the TLB, or of the timer, that exit.
  [2, (random) => `${set("GTLBC", [0, 0x2000])(random)}\n${ENTER}`],
  [2, (random) => `${set("GCFG", [0, 0x200])(random)}\n${ENTER}`],
  [2, () => "  hvcl 1"],
];

function body(random: Random): string {
  const weighted = PIECES.flatMap(([weight, text]) => Array.from({ length: weight }, () => text));
  return Array.from({ length: BODY }, () => random.pick(weighted)(random)).join("\n");
}

/** In each world: addresses are mapped, but for those of segment 0 below 256 MiB. */
function mapped(g: "" | "g"): string {
  const set = (csr: string, value: string) => `        li.d $t0, ${value}\n        ${g}csrwr $t0, ${csr}\n`;
  const label = (csr: string, name: string) =>
    `        la.pcrel $t0, ${name}\n        ${g}csrwr $t0, ${csr}\n`;
  return label("EENTRY", "general") + label("TLBRENTRY", "refill") + set("STLBPS", "12") +
    set("PGDL", `${TABLES}`) + set("PGDH", `${TABLES + PAGE}`) + set("PWCL", `${WALK}`);
}

/** What is a directory for the guest is a table for the host. */
const OTHER_TABLES = `
        li.d   $t0, ${TABLES / (2 * PAGE)} | 12 << 24
        csrwr  $t0, TLBIDX
        li.d   $t0, ${TABLES}
        csrwr  $t0, TLBEHI
        li.d   $t0, ${TABLES + 7 * PAGE} | 0x13
        csrwr  $t0, TLBELO0
        li.d   $t0, ${TABLES + 5 * PAGE} | 0x13
        csrwr  $t0, TLBELO1
        tlbwr`;

/** Behind the instruction at t0, or where it was called from if it is of the pages that are. */
const BEHIND = `
        srli.d $t1, $t0, 28
        addi.d $t1, $t1, -2
        bnez   $t1, 1f
        addi.d $t0, $ra, -4
1:      addi.d $t0, $t0, 4`;

/**
 * Programs are in a window of segment 9. A handler fills what it can find: from the tables, or a pair of data pages by the address, or if that
 * is a physical one the same page. Every fourth time it skips the instruction instead.
 */
function program(random: Random): string {
  return `
${mapped("")}
${mapped("g")}
        li.d   $t0, 0x9000000000000011
        csrwr  $t0, DMW0
        li.d   $t0, 0x9000000000000011
        gcsrwr $t0, DMW0
${SECOND_STAGE}
        ${random.below(2) === 0 ? "tlbwr" : "nop"}
${random.below(2) === 0 ? "" : OTHER_TABLES}
        csrwr  $zero, GTLBC
        li.d   $t0, 0x10
        gcsrwr $t0, CRMD
        li.d   $t0, 0x10
        li.d   $t1, 0x18
        csrxchg $t0, $t1, CRMD
        la.pcrel $ra, body
        li.d   $s5, ${random.below(100)}
body:
${body(random)}
        b      body
        .balign 4096
general:
        csrwr  $t0, SAVE0
        csrwr  $t1, SAVE2
        csrrd  $t0, BADI                # nothing that happened is forgotten
        add.d  $s6, $s6, $t0
        csrrd  $t0, BADV
        xor    $s6, $s6, $t0
        csrrd  $t0, ERA
${BEHIND}
        csrwr  $t0, ERA
        addi.d $s5, $s5, 1
        csrrd  $t1, SAVE2
        csrrd  $t0, SAVE0
        ertn
        .balign 4096
refill:
        csrwr  $t0, TLBRSAVE
        csrwr  $t1, SAVE1
        addi.d $s5, $s5, 1
        andi   $t0, $s5, 3
        beqz   $t0, skip
        csrrd  $t0, TLBRBADV
        srli.d $t1, $t0, 18
        beqz   $t1, same
        srli.d $t1, $t0, 28
        addi.d $t1, $t1, -2
        beqz   $t1, code
        andi   $t1, $s5, 4
        beqz   $t1, data
        csrrd  $t0, PGD
        lddir  $t0, $t0, ${random.pick([1, 1, 1, 3])}
        ldpte  $t0, 0
        ldpte  $t0, 1
        b      filled
data:   bstrpick.d $t0, $t0, 15, 13
        slli.d $t0, $t0, 13
        li.d   $t1, ${DATA}
        or     $t0, $t0, $t1
        b      same
code:   li.d   $t0, ${CODE}
        andi   $t1, $s5, 0x38
        bnez   $t1, same
        ori    $t0, $t0, 0x12           # sometimes invalid
        b      even
same:   bstrins.d $t0, $zero, 12, 0
        bstrpick.d $t1, $s5, 4, 3
        sltui  $t1, $t1, 1              # sometimes not dirty
        slli.d $t1, $t1, 1
        xori   $t1, $t1, 0x13
        or     $t0, $t0, $t1
even:   csrwr  $t0, TLBRELO0
        csrrd  $t0, TLBRELO0
        li.d   $t1, 0x1000
        or     $t0, $t0, $t1
        csrwr  $t0, TLBRELO1
        csrrd  $t0, TLBREHI
        bstrins.d $t0, $zero, 5, 0
        ori    $t0, $t0, 12
        csrwr  $t0, TLBREHI
filled: tlbfill
        csrrd  $t1, SAVE1
        csrrd  $t0, TLBRSAVE
        ertn
skip:   csrrd  $t0, TLBRERA
${BEHIND}
        ori    $t0, $t0, 1              # IsTLBR
        csrwr  $t0, TLBRERA
        csrrd  $t1, SAVE1
        csrrd  $t0, TLBRSAVE
        ertn
`;
}

/** Directories of tables and huge pages, and tables, whose entries have bits of software's too. */
function fillTables({ memory }: BareMachine, random: Random): void {
  const view = new DataView(memory.bytes.buffer);
  const put = (at: number, value: bigint) => view.setBigUint64(at, value, true);
  for (let i = 0; i < 2 * PAGE / 8; i++) {
    const huge = BigInt(DATA) | 0x53n | (random.below(2) === 0 ? 1n << 12n : 0n);
    put(TABLES + 8 * i, random.below(4) === 0 ? huge : BigInt(TABLES + PAGE * (2 + random.below(14))));
  }
  for (let i = 0; i < 16; i++) {
    view.setUint32(CODE + 4 * i, RETURN, true);
    view.setUint32(CODE + PAGE + 4 * i, RETURN, true);
  }
  const software = 1n << 52n | 1n << 9n;
  for (let at = TABLES + 2 * PAGE; at < MEMORY; at += 8) {
    put(at, entry(random, 12) | (random.below(2) === 0 ? software : 0n));
  }
}

/** Everything that software of both worlds can see of a machine, what its TLB holds, and where it is. */
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
    tlb: entriesOf(m),
    memory: hashOf(new Int32Array(memory.bytes.buffer, DATA, (MEMORY - DATA) / 4)),
  };
}

function entriesOf({ tlb }: Machine): readonly string[] {
  const all: string[] = [];
  for (let i = 0; i < tlb.size; i++) {
    const e = tlb.at(i);
    if (e !== undefined) {
      all.push(`${i} ${e.kind} ${e.gid} ${e.asid} ${e.global} ${e.ps} ${e.pair} ${JSON.stringify(e.lo)}`);
    }
  }
  return all;
}

function hashOf(words: Int32Array): number {
  let hash = 0;
  for (const word of words) hash = (Math.imul(hash, 31) + word) | 0;
  return hash;
}

/** What happened in programs, so that nobody takes nothing for agreement. */
interface Happened {
  readonly refills: number;
  readonly guestRefills: number;
  readonly stage2Refills: number;
  readonly guestFaults: number;
}

/** How a run ended; a huge page can lead to where there is no memory. */
function endingOf(run: () => Stop): Stop | string {
  try {
    return run();
  } catch (error) {
    if (error instanceof BusError) return error.message;
    throw error;
  }
}

/** Runs a program in stretches on both engines, now and then back from where it was before. */
function agree(seed: number, engine: ThreadedEngine): Happened {
  const random = new Random(seed);
  const source = program(random);
  const machines = [0, 1].map(() => bareMachine(source, { size: MEMORY, origin: 0x9000000000002000n }));
  const [expected, actual] = machines as [BareMachine, BareMachine];
  const tables = 1 + random.below(1000);
  for (const b of machines) fillTables(b, new Random(tables));
  const reference = new ReferenceEngine();
  const seen = { refills: 0, guestRefills: 0, stage2Refills: 0, guestFaults: 0 };
  let before = machines.map(({ m }) => m.save());
  for (let n = 0; n < STRETCHES; n++) {
    if (random.below(6) === 0) before = machines.map(({ m }) => m.save());
    if (random.below(8) === 0) before.forEach((restore) => restore());
    const limits = {
      budget: 1 + random.below(LONGEST),
      untilHost: expected.m.inGuest && random.below(4) === 0,
    };
    const what = `program ${seed}, stretch ${n} of ${limits.budget} instructions`;
    const ending = endingOf(() => engine.run(actual.m, limits));
    assertEquals(ending, endingOf(() => reference.run(expected.m, limits)), what);
    if (typeof ending === "string") return seen;
    const [a, b] = [everything(actual), everything(expected)];
    if (`${Object.values(a)}` !== `${Object.values(b)}`) assertEquals(a, b, what);
    const { host, guest } = expected.m;
    if (host.read(csr("TLBRBADV")) !== 0n) seen.refills++;
    if (guest.read(csr("TLBRBADV")) !== 0n) seen.guestRefills++;
    if (host.read(csr("TLBRPRMD")) & 8n) seen.stage2Refills++;
    if (guest.read(csr("BADV")) !== 0n) seen.guestFaults++;
  }
  return seen;
}

function csr(name: string) {
  const found = CSRS.find((c) => c.name === name);
  if (found === undefined) throw new RangeError(`Cannot find ${name}: there is no such register`);
  return found;
}

for (const [name, hotAfter] of [["an instruction at a time", Infinity], ["in regions", 1]] as const) {
  Deno.test(`random code of host and guest that lives on the TLB, ${name}, is what the reference engine makes of it`, () => {
    const engine = new ThreadedEngine({ hotAfter });
    const all = Array.from({ length: PROGRAMS }, (_, i) => agree(i + 1, engine));
    const sum = (of: (h: Happened) => number) => all.reduce((n, h) => n + of(h), 0);
    const counts = [
      sum((h) => h.refills),
      sum((h) => h.guestRefills),
      sum((h) => h.stage2Refills),
      sum((h) => h.guestFaults),
    ];
    assertEquals(Math.min(...counts) > PROGRAMS, true, `stretches after refills and faults: ${counts}`);
  });
}

Deno.test("that accesses of a guest exit takes effect in a context that is known, and no longer as soon as they need not", () => {
  const source = `
        la.pcrel $t0, exited
        csrwr  $t0, EENTRY
${SECOND_STAGE}
        tlbwr
        li.d   $t0, 0x8
        gcsrwr $t0, CRMD
        li.d   $s1, 0x2000
loop:   la.pcrel $t0, guest     # from one of three instructions on
        add.d  $t0, $t0, $s4
        csrwr  $t0, ERA
        addi.d $s4, $s4, 4
        li.d   $t0, 12
        bne    $s4, $t0, 1f
        move   $s4, $zero
1:
        li.d   $t0, 2
        csrxchg $t0, $t0, GSTAT
        ertn
guest:  csrrd  $a1, TLBEHI
        lddir  $a1, $zero, 1
        csrrd  $a1, PGD
        hvcl   0
        .balign 4096
exited: csrrd  $a2, ERA         # of the access, or of the hypercall behind it
        slli.d $s3, $s3, 4
        or     $s3, $s3, $a2
        xor    $s2, $s2, $s1    # every other time they exit
        csrwr  $s2, GTLBC
        csrrd  $s2, GTLBC
        b      loop
`;
  const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
  new ReferenceEngine().run(expected.m, { budget: 400 });
  new ThreadedEngine().run(actual.m, { budget: 400 });
  assertEquals(everything(actual), everything(expected));
});

Deno.test("a table where there is no memory is an error at the instruction that reads it", () => {
  const source = `
        li.d   $a0, ${MEMORY}
        lddir  $a1, $a0, 1
`;
  const errors = [new ReferenceEngine(), new ThreadedEngine()].map((engine) =>
    assertThrows(() => engine.run(bareMachine(source, { size: MEMORY }).m, { budget: 10 }), BusError)
  );
  assertEquals(errors[1]?.message, errors[0]?.message);
  assertEquals(errors[1]?.place, errors[0]?.place);
});
