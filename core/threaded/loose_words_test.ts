import { assertEquals, assertThrows } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import type { Machine } from "../machine.ts";
import type { Stop } from "../engine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { ENGINES, everything, MEMORY, SECOND_STAGE } from "./agreement.ts";
import { ThreadedEngine } from "./engine.ts";
import { LOOSE } from "./layout.ts";

function wordsOf(source: string): readonly number[] {
  const [segment] = bareMachine(source, { size: MEMORY }).program.segments;
  return segment === undefined ? [] : [...new Uint32Array(segment.bytes.slice().buffer)];
}

function entriesOf({ m }: BareMachine): readonly unknown[] {
  return Array.from({ length: m.tlb.size }, (_, i) => m.tlb.at(i)).filter((entry) => entry !== undefined);
}

function machine(): BareMachine {
  return bareMachine("done: b done", { size: MEMORY });
}

const TIMER = ["csrwr $a1, TCFG", ...[0, 1, 2, 3, 4, 5, 6].map((n) => `csrrd $t${n}, ESTAT`)].join("\n");

/** Rows, and how many of their words lead to the next. */
const ROWS: readonly (readonly [what: string, count: number, source: string])[] = [
  [
    "registers, and what is computed in between",
    7,
    `csrwr $a0, SAVE1
     csrrd $t0, ECFG
     bstrins.d $t0, $a1, 18, 16
     csrwr $t0, ECFG
     csrxchg $zero, $a2, EENTRY
     gcsrwr $a3, PGDL
     gcsrrd $a4, PGDL`,
  ],
  [
    "words that only the engine can execute, between others",
    6,
    `csrwr $a0, SAVE0
     rdtime.d $t0, $zero
     csrrd $t1, TVAL
     csrrd $t2, SAVE0
     csrrd $t3, TVAL
     rdtime.d $t4, $zero`,
  ],
  [
    "what reads time, tables and the TLB, and fills that",
    15,
    `rdtime.d $t0, $zero
     csrwr $a5, TLBREHI
     csrwr $a7, TLBRELO0
     tlbfill
     rdtime.d $t1, $zero
     tlbwr
     invtlb 0, $zero, $zero
     tlbsrch
     lddir $t2, $a7, 1
     ldpte $a7, 0
     ldpte $a7, 1
     csrrd $t3, TLBRELO1
     csrrd $t4, PGD
     csrrd $t5, TVAL
     cpucfg $t6, $a0`,
  ],
  ["the timer expires between two words", 8, TIMER],
  ["a word raises an exception", 2, "csrwr $a0, SAVE0\n csrrd $t0, SAVE0\n syscall 3\n csrrd $t1, SAVE0"],
  [
    "a bit range that is none raises one",
    1,
    "csrwr $a0, SAVE0\n .word 0x00c00085 | 9 << 10\n csrrd $t1, SAVE0",
  ],
  ["the privilege goes", 1, "csrwr $a6, CRMD\n csrrd $t0, SAVE0\n csrrd $t1, SAVE0"],
  [
    "an interrupt becomes pending, which a run then takes",
    6,
    `ori $t0, $zero, 1
     csrxchg $t0, $a0, ECFG
     ori $t0, $zero, 1
     csrxchg $t0, $a0, ESTAT
     csrxchg $a4, $a4, CRMD
     csrrd $t0, SAVE0`,
  ],
  ["a word continues elsewhere", 1, "csrwr $a7, ERA\n ertn\n csrrd $t1, SAVE0"],
];

const ERTN = 0x06483800;

/** a0 to a7. */
const OPERANDS = [1n, 5n, 0xff000n, 0x1234_5678_9abcn, 4n, 9n, 0xbn, 0x3000n];

Deno.test("words that follow each other end where the reference engine ends, with the same results, and a run goes on alike", () => {
  for (const [what, count, source] of ROWS) {
    for (const [name, engine] of ENGINES) {
      const [expected, actual] = [machine(), machine()];
      const [words, reference, tried] = [wordsOf(source), new ReferenceEngine(), engine()];
      for (const [on, { m }] of [[reference, expected], [tried, actual]] as const) {
        // Somewhere to return to that is known.
        on.execute(m, ERTN);
        on.run(m, { budget: 3 });
        m.gpr.set(OPERANDS, 4);
      }
      assertEquals(reference.executeAll(expected.m, words), count, `${what}, reference`);
      assertEquals(tried.executeAll?.(actual.m, words), count, `${what}, ${name}`);
      assertEquals(everything(actual), everything(expected), `${what}, ${name}`);
      assertEquals(entriesOf(actual), entriesOf(expected), `${what}, ${name}`);
      assertEquals(tried.run(actual.m, { budget: 1 }), reference.run(expected.m, { budget: 1 }));
      assertEquals(everything(actual), everything(expected), `${what}, ${name}, and a run`);
    }
  }
});

Deno.test("an alarm that a word sets off is seen by the words behind its time", () => {
  const { m } = machine();
  m.gpr.set(OPERANDS, 4);
  const words = wordsOf(TIMER);
  assertEquals(new ThreadedEngine().executeAll(m, words), words.length);
  // TCFG = 5 is one shot of four ticks, an instruction each.
  assertEquals([...m.gpr.slice(12, 19)], [0n, 0n, 0n, 0x800n, 0x800n, 0x800n, 0x800n]);
});

Deno.test("more rows of words than there is room for push out each other, and stay right", () => {
  const engine = new ThreadedEngine();
  const { m } = machine();
  const rows = Array.from(
    { length: 300 },
    (_, n) => wordsOf(`ori $t0, $zero, ${n}\n csrwr $t0, SAVE0\n csrrd $t1, SAVE0\n ori $t2, $t1, 1`),
  );
  for (let round = 0; round < 2; round++) {
    rows.forEach((words, n) => {
      assertEquals(engine.executeAll(m, words), words.length);
      assertEquals(m.gpr[14], BigInt(n | 1), `row ${n} in round ${round}`);
      engine.execute(m, words[1]!);
    });
  }
});

Deno.test("a row that is too long for any room is refused", () => {
  const words = Array<number>(LOOSE.count).fill(0x03400000);
  assertThrows(
    () => new ThreadedEngine().executeAll(machine().m, words),
    RangeError,
    "Cannot execute 1023 words at one go: there is room for 1022",
  );
});

/** A host with a guest that counts its exits in a0. */
const WORLDS = `${SECOND_STAGE}
        tlbwr
        li.d   $t0, 0x10002     # GID 1, PVM
        csrwr  $t0, GSTAT
        la.local $t0, guest
        csrwr  $t0, ERA
        la.local $t0, vectors
        csrwr  $t0, EENTRY
done:   b      done
guest:  addi.d $a0, $a0, 1
        hvcl   5
        .balign 4096
vectors:
        ertn`;

/** What is before the ertn, and how many words lead to the next if the guest is not entered. */
const ENTRIES: readonly (readonly [what: string, count: number | undefined, source: string])[] = [
  [
    "nothing but registers",
    undefined,
    "csrwr $a0, SAVE1\n csrrd $t0, GSTAT\n csrwr $a1, PRMD\n csrrd $t1, ERA",
  ],
  ["nothing", undefined, ""],
  ["words of the engine's", undefined, "csrrd $t0, TVAL\n csrwr $a0, SAVE1\n rdtime.d $t1, $zero"],
  ["a word that acts", undefined, "csrwr $a5, GINTC\n csrwr $a0, SAVE1"],
  ["PVM goes", 3, "csrxchg $zero, $a0, GSTAT\n csrwr $a0, SAVE1"],
  ["a word raises an exception", 1, "csrwr $a0, SAVE1\n syscall 1\n csrwr $a1, SAVE1"],
  [
    "an interrupt is pending that comes at once",
    undefined,
    "csrwr $a4, ECFG\n csrxchg $a4, $a4, ESTAT\n csrwr $a3, PRMD",
  ],
  ...Array.from({ length: 12 }, (_, n) =>
    [
      `the timer expires soon, ${n}`,
      undefined,
      `csrwr $a6, ECFG\n ori $t0, $zero, ${4 * n + 1}\n csrwr $t0, TCFG\n csrwr $a0, SAVE1\n csrwr $a3, PRMD`,
    ] as const),
];

/** a0 to a6. */
const ENTRY_OPERANDS = [2n, 0n, 5n, 4n, 3n, 1n, 0x800n];
const GUEST_REGISTERS = BigUint64Array.from({ length: 32 }, (_, r) => BigInt(100 * r));

/** What `enter` means. */
function enterByReference(m: Machine, words: readonly number[], budget: number): Stop | number {
  const engine = new ReferenceEngine();
  const before = words.slice(0, -1);
  const count = engine.executeAll(m, before);
  if (count < before.length) return count;
  m.gpr.set(GUEST_REGISTERS.subarray(1), 1);
  engine.execute(m, words.at(-1)!);
  return m.inGuest ? engine.run(m, { budget, untilHost: true }) : words.length;
}

Deno.test("words that lead into a guest, and the guest, end where the reference engine ends", () => {
  for (const [name, engine] of ENGINES) {
    const tried = engine();
    for (const [what, count, source] of ENTRIES) {
      const words = [...wordsOf(source), ERTN];
      const [expected, actual] = [
        bareMachine(WORLDS, { size: MEMORY }),
        bareMachine(WORLDS, { size: MEMORY }),
      ];
      new ReferenceEngine().run(expected.m, { budget: 50 });
      tried.run(actual.m, { budget: 50 });
      for (const budget of [100, 0, 1, 2, 100, 100, 100]) {
        for (const { m } of [expected, actual]) {
          if (m.inGuest) new ReferenceEngine().run(m, { budget: 100, untilHost: true });
          m.gpr.set(ENTRY_OPERANDS, 4);
        }
        const stop = enterByReference(expected.m, words, budget);
        assertEquals(
          tried.enter?.(actual.m, words, GUEST_REGISTERS, budget),
          stop,
          `${what}, ${name}, ${budget}`,
        );
        assertEquals(everything(actual), everything(expected), `${what}, ${name}, ${budget}`);
        assertEquals(typeof stop === "number" ? stop : undefined, count, `${what}, ${name}, ${budget}`);
      }
    }
  }
});
