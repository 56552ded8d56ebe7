import { assertEquals } from "@std/assert";
import { ISA } from "../core/mod.ts";
import type { Case } from "./case.ts";
import { CaseError, CaseFailure } from "./errors.ts";
import { interrupt, running } from "./exit.ts";
import { FAILING_CASES, RULE } from "./failure_cases.ts";
import { guest } from "./guest.ts";
import { host } from "./host.ts";
import type { HostCase } from "./host_case.ts";

/** A generator of whole numbers below a limit, the same for the same seed (xorshift32). */
class Random {
  #state: number;

  constructor(seed: number) {
    this.#state = seed || 1;
  }

  word(): number {
    let x = this.#state;
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    return this.#state = x >>> 0;
  }

  below(limit: number): number {
    return this.word() % limit;
  }

  of<T>(list: readonly T[]): T {
    const element = list[this.below(list.length)];
    if (element === undefined && list.length === 0) throw new RangeError("Cannot choose: the list is empty");
    return element as T;
  }
}

/** What a maintainer must never see of a test: anything but a pass, a failure or an error that the bench expects. */
function brokenBench(test: () => void): string | undefined {
  try {
    test();
  } catch (error) {
    const isExpected = error instanceof CaseFailure || error instanceof CaseError;
    if (!isExpected || error.message.includes("the bench itself broke")) return `${error}`;
  }
  return undefined;
}

// Guest code -----------------------------------------------------------------------------------------------------------

/** Words that a guest executes one after the other: each exception of its own goes on behind the word that raised it. */
function caseOfWords(words: readonly number[], random: Random): Case {
  const set = Object.fromEntries(
    Array.from({ length: 31 }, (_, r) => [`r${r + 1}`, randomValue(random)]),
  );
  return {
    rule: RULE,
    set,
    csr: {
      EENTRY: "skip",
      TLBRENTRY: "skip_refill",
      CRMD: { PLV: random.below(4), IE: random.below(2) },
      ECFG: { LIE: random.below(0x1fff) },
    },
    code: `
      ${words.map((word) => `.word ${word}`).join("\n")}
      hvcl 1
      .balign 4096
      skip:
        csrwr   $t8, SAVE0
        csrrd   $t8, ERA
        addi.d  $t8, $t8, 4
        csrwr   $t8, ERA
        csrrd   $t8, SAVE0
        ertn
      .balign 4096
      skip_refill:
        csrwr   $t8, SAVE1
        csrrd   $t8, TLBRERA
        addi.d  $t8, $t8, 4
        csrwr   $t8, TLBRERA
        csrrd   $t8, SAVE1
        ertn
    `,
    exits: [running()],
    budget: 200,
  };
}

/** Numbers that make instructions do something: addresses of memory, small ones, extreme ones. */
function randomValue(random: Random): bigint {
  const wide = BigInt(random.word()) << 32n | BigInt(random.word());
  return random.of([wide, wide & 0x3ffffn, wide & 0x3fff8n, wide & 0xfn, 0n, (1n << 64n) - 1n, 1n << 63n]);
}

/** A word that is some instruction, with operands at random. */
function randomInstruction(random: Random): number {
  const { match, mask } = random.of(ISA.all);
  return (match | random.word() & ~mask) >>> 0;
}

const WORDS_A_CASE = 8;
const CASES = 250;

for (
  const [what, wordOf, seed] of [
    ["words", (random: Random) => random.word(), 0x1a464001],
    ["instructions with random operands", randomInstruction, 0x1a464002],
  ] as const
) {
  Deno.test(`${CASES * WORDS_A_CASE} random ${what} never break the bench (seed ${seed})`, () => {
    const random = new Random(seed);
    for (let i = 0; i < CASES; i++) {
      const words = Array.from({ length: WORDS_A_CASE }, () => wordOf(random));
      const c = caseOfWords(words, random);
      assertEquals(brokenBench(guest(c)), undefined, `case ${i}: ${words.map((w) => w.toString(16))}`);
    }
  });
}

// Cases ----------------------------------------------------------------------------------------------------------------

const RICH: Case = {
  rule: [RULE, "LVZ-EXIT-05"],
  set: { a0: 7n, sp: "stack" },
  csr: { SAVE0: 1, CRMD: { PLV: 0, IE: 0 }, EENTRY: "vector" },
  host: { ECFG: { LIE: 0x1800 }, GINTC: { PIP: 0 } },
  lines: { HWI1: false },
  inject: ["SWI0", 11],
  map: [{ gpa: 0x100000n, size: 0x8000n, access: "rw", alias: 0x8000n }, { gpa: 0xc000n, access: "" }],
  events: [{ at: 20, lines: { HWI1: true } }],
  code: `
    start:  cpucfg  $a0, $a1
            li.d    $t0, 0x100000
            st.d    $a0, $t0, 8
            li.d    $t1, 0xc000
            ld.d    $t1, $t1, 0
            hvcl    3
    wait:   b       wait
            .balign 4096
    vector: ertn
    stack:  .dword  1, 2
  `,
  exits: [
    {
      kind: "GSPR",
      at: "start",
      badi: "cpucfg $a0, $a1",
      resume: { a0: 5 },
      set: { csr: { SAVE1: 2 }, host: { SAVE2: 4 } },
      withdraw: "SWI0",
      advance: 10,
      map: [{ gpa: 0xc000n }],
      flush: false,
    },
    {
      kind: "HVC",
      code: 3,
      regs: { t0: 0x100000, t1: 0 },
      memory: [{ at: 0x8008, value: 5 }],
      hostMayChange: ["TVAL"],
      refills: [0x100008, 0xc000],
      lines: { HWI1: true },
      events: [{ at: 20, lines: { IPI: true } }],
      rebind: true,
    },
    interrupt("IPI", { at: "wait", otherCsrs: "any", service: true }),
  ],
  switches: ["arceos", "kvm"],
  profile: "la464",
  choices: { invtlb0: "effective-gid" },
  runsOn: true,
  budget: 500,
};

const JUNK: readonly unknown[] = [
  ...[
    undefined,
    null,
    true,
    "",
    "start",
    "start+0xffffffffffffffffffff",
    "x".repeat(500),
    "\u0000",
    "__proto__",
  ],
  ...[0, -1, 1.5, NaN, Infinity, 2 ** 53, -(2 ** 53), 0x4000, 1e300],
  ...[0n, -1n, 0x4000n, 1n << 47n, 1n << 64n, -(1n << 70n), (1n << 64n) - 0x4000n],
  ...[[], {}, [[]], [{}], { a: { b: [] } }, ["TI"], { kind: "HVC" }, () => 0, Symbol("s"), new Map()],
];

/** An object or list that a mutation can change. */
type Node = Record<string, unknown>;

function nodesOf(value: unknown): readonly Node[] {
  if (typeof value !== "object" || value === null) return [];
  return [value as Node, ...Object.values(value).flatMap(nodesOf)];
}

/** A text with a character, a word or a line changed. */
function mutatedText(text: string, random: Random): string {
  const parts = text.split(random.of(["", /(\s+)/, /(\n)/]));
  const at = random.below(parts.length + 1);
  const other = parts[random.below(parts.length)] ?? "";
  const added = random.of([[], [other], [other, other], [
    random.of(["$", ",", "(", '"', "\\", ".macro", "9f", "\u{1f600}"]),
  ]]);
  return [...parts.slice(0, at), ...added, ...parts.slice(at + random.below(2))].join("");
}

/** Changes one thing somewhere in a case. */
function mutate(c: Node, random: Random): void {
  const nodes = nodesOf(c).filter((node) => Object.keys(node).length > 0);
  const node = random.of(nodes);
  const key = random.of(Object.keys(node));
  const value = node[key];
  const donor = random.of(nodes);
  const kinds: readonly (() => void)[] = [
    () => node[key] = copyOf(random.of(JUNK)),
    () => node[key] = copyOf(donor[random.of(Object.keys(donor))]),
    () => delete node[key],
    () => node[random.of(Object.keys(donor))] = copyOf(value),
    () => Array.isArray(node) ? node.push(copyOf(value)) : node[mutatedText(key, random)] = copyOf(value),
    () => typeof value === "string" && (node[key] = mutatedText(value, random)),
    () =>
      typeof value === "number" && (node[key] = value + random.of([-1, 1, 0x1000, 2 ** random.below(50)])),
    () => typeof value === "bigint" && (node[key] = value ^ (1n << BigInt(random.below(66)))),
  ];
  random.of(kinds)();
}

/** No case may take longer than its neighbours. */
function limited(c: Node): Node {
  const { budget } = c;
  return typeof budget === "number" && budget > 1000 && budget <= 100_000_000 ? { ...c, budget: 1000 } : c;
}

/** A copy of a case; structuredClone would refuse the junk. */
function copyOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(copyOf);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, member]) => [name, copyOf(member)]));
}

const HOST: HostCase = {
  rule: RULE,
  set: { a0: "data", a1: 5 },
  csr: { SAVE0: 1, ECFG: { VS: 0, LIE: 4 } },
  gcsr: { SAVE1: 2 },
  lines: { HWI0: true },
  code: `
    start:  st.d    $a1, $a0, 0
            csrwr   $a1, SAVE0
            gcsrwr  $a1, SAVE1
    last:   syscall 0
            .balign 8
    data:   .dword  0
  `,
  expect: {
    ends: "SYS",
    at: "last",
    regs: { a1: 2 },
    csr: { SAVE0: 5 },
    gcsr: { SAVE1: 1 },
    memory: [{ at: "data", value: 5 }],
  },
  budget: 100,
};

const MUTANTS = 2000;
const HOST_MUTANTS = 500;
const SEED = 0x1a464003;

Deno.test("the cases whose mutants are tried pass", () => {
  guest(RICH)();
  host(HOST)();
});

function mutantOf(original: unknown, random: Random): Node {
  const c = copyOf(original) as Node;
  for (let changes = 1 + random.below(3); changes > 0; changes--) mutate(c, random);
  if (typeof c["code"] === "string" && random.below(4) === 0) c["code"] = mutatedText(c["code"], random);
  return limited(c);
}

Deno.test(`${MUTANTS} mutated cases never break the bench (seed ${SEED})`, () => {
  const random = new Random(SEED);
  const originals = [RICH, RICH, RICH, ...FAILING_CASES.map((f) => ({ rule: RULE, budget: 500, ...f.case }))];
  for (let i = 0; i < MUTANTS; i++) {
    const c = mutantOf(random.of(originals), random);
    assertEquals(brokenBench(guest(c as unknown as Case)), undefined, `mutant ${i}`);
  }
});

Deno.test(`${HOST_MUTANTS} mutated cases in host mode never break the bench (seed ${SEED})`, () => {
  const random = new Random(SEED);
  for (let i = 0; i < HOST_MUTANTS; i++) {
    const c = mutantOf(HOST, random);
    assertEquals(brokenBench(host(c as unknown as HostCase)), undefined, `mutant ${i}`);
  }
});
