import { assertEquals, assertThrows } from "@std/assert";
import { CSRS, LA464, PROFILES } from "../core/mod.ts";
import { Random } from "../sequences/random.ts";
import { type CsrOwner, keptValue, whyNotHeld } from "./csr_values.ts";
import type { Ending, MemoryBlock, Result, State, WorldState } from "./state.ts";
import { parseStates, printStates, StateFileError } from "./state_file.ts";

/** A state file in the words of a user, and what is printed for it. */
const WRITTEN = `[
  { "id": "by hand", "mode": "host", "fp": { "fcc": { "fcc2": 1 }, "fpr": { "f3": "0x1", "$fa0": "0xF" } },
    "host": { "csr": { "KS0": "0x5", "ECFG": "0x0" }, "gpr": { "$r5": "tail", "ra": "0x1" }, "pc": "start" },
    "memory": [
      { "at": "0x100000", "asm": "nop\\nstart: addi.d $a0, $zero, 1\\nend:" },
      { "at": "0x80000000", "asm": "tail: .byte 1, 2, 3, 4, 5" }
    ],
    "end": "end", "guest": {} },
  { "id": "bare", "host": { "pc": "0x0" }, "result": { "ended": "power off" } }
]`;
const PRINTED = `[
  {
    "id": "by hand",
    "mode": "host",
    "memory": [
      { "at": "0x100000", "words": ["0x03400000", "0x02c00404"] },
      { "at": "0x80000000", "words": ["0x04030201", "0x00000005"] }
    ],
    "host": {
      "pc": "0x100004",
      "gpr": { "ra": "0x1", "a1": "0x80000000" },
      "csr": { "ECFG": "0x0", "SAVE0": "0x5" }
    },
    "fp": { "fpr": { "fa0": "0xf", "fa3": "0x1" }, "fcc": { "fcc2": 1 } },
    "end": "0x100008"
  },
  { "id": "bare", "mode": "host", "host": { "pc": "0x0" }, "result": { "ended": "power off", "changed": {} } }
]
`;

Deno.test("printStates() gives states one form, however they were written", () => {
  assertEquals(printStates(parseStates(WRITTEN, "by_hand.json")), PRINTED);
});

// Round trips ------------------------------------------------------------------------------------------------------

/** Makes states of which every part is there now and then. */
class StateMaker {
  readonly #random: Random;

  constructor(seed: string) {
    this.#random = new Random(seed);
  }

  #sometimes<T>(make: () => T, otherwise: T): T {
    return this.#random.below(2) === 0 ? make() : otherwise;
  }

  #value(bits = 64): bigint {
    return BigInt.asUintN(this.#random.below(bits + 1), this.#random.bits64());
  }

  #numbered<V>(low: number, high: number, value: () => V): Map<number, V> {
    const found = new Map<number, V>();
    for (let n = low; n <= high; n++) if (this.#random.below(4) === 0) found.set(n, value());
    return found;
  }

  #csrs(owner: CsrOwner): Map<string, bigint> {
    const found = new Map<string, bigint>();
    for (const csr of CSRS) {
      const value = keptValue(csr, LA464, this.#value(csr.width), owner);
      const holds = whyNotHeld(csr, LA464, value, owner) === undefined;
      if (holds && this.#random.below(5) === 0) found.set(csr.name, value);
    }
    return found;
  }

  #world(owner: CsrOwner): WorldState {
    return { pc: this.#value(), gpr: this.#numbered(1, 31, () => this.#value()), csr: this.#csrs(owner) };
  }

  #block(at: number): MemoryBlock {
    const words = Array.from({ length: this.#random.between(1, 40) }, () => this.#random.bits32());
    return { at, words };
  }

  #ending(): Ending {
    const { below } = { below: (n: number) => this.#random.below(n) };
    const entries = ["general", "refill", "machine error"] as const;
    const endings: readonly Ending[] = [
      { kind: "end" },
      { kind: "budget" },
      { kind: "idle" },
      { kind: "device", reason: "power off" },
      { kind: "device", reason: "reset" },
      {
        kind: "exception",
        entry: entries[below(3)] ?? "general",
        ecode: below(64),
        esubcode: below(512),
        at: this.#value(),
      },
    ];
    return endings[below(endings.length)] ?? { kind: "end" };
  }

  #result(): Result {
    return {
      ending: this.#ending(),
      gpr: this.#numbered(1, 31, () => this.#value()),
      fpr: this.#numbered(0, 31, () => this.#value()),
      fcc: this.#numbered(0, 7, () => this.#bit()),
      ...this.#sometimes<{ fcsr?: number }>(() => ({ fcsr: this.#fcsr() }), {}),
      csr: this.#csrs("host"),
      gcsr: this.#csrs("guest"),
      memory: new Map([[0x1000, this.#random.bits32()], [0x8000_0000, 0]]),
    };
  }

  #bit(): 0 | 1 {
    return this.#random.below(2) === 0 ? 0 : 1;
  }

  #fcsr(): number {
    return this.#random.bits32() & 0x1f1f031f;
  }

  state(id: string): State {
    const mode = this.#sometimes<State["mode"]>(() => "guest", "host");
    const host = this.#world("host");
    host.csr instanceof Map && host.csr.delete("TLBRENTRY");
    const guest = this.#world("guest");
    const resting = (world: WorldState) => ({ pc: 0n, gpr: new Map<number, bigint>(), csr: world.csr });
    const seen = guest.csr.size > 0 || mode === "guest";
    return {
      id,
      profile: LA464.name,
      mode,
      memory: this.#sometimes(() => [this.#block(0x1000), this.#block(0x8000_0000)], []),
      host: mode === "host" ? host : resting(host),
      ...(seen ? { guest: mode === "guest" ? guest : resting(guest) } : {}),
      fp: {
        fpr: this.#numbered(0, 31, () => this.#value()),
        fcc: this.#numbered(0, 7, () => this.#bit()),
        fcsr: this.#sometimes(() => this.#fcsr(), 0),
      },
      stage2: this.#sometimes(
        () => [
          { gpa: 0n, hpa: 0x4000n, size: 0x2000n, perm: "rx" },
          { gpa: 0x9000n, hpa: 0n, size: 0x1000n, perm: "" },
        ],
        [],
      ),
      ...this.#sometimes<{ end?: bigint }>(() => ({ end: this.#value() & ~3n }), {}),
      budget: this.#random.below(20_000),
      ...this.#sometimes<{ result?: Result }>(() => ({ result: this.#result() }), {}),
    };
  }
}

Deno.test("parseStates() reads back what printStates() printed", () => {
  const maker = new StateMaker("round trip 1");
  const states = Array.from({ length: 150 }, (_, i) => maker.state(`state ${i}`));
  const text = printStates(states);
  assertEquals(parseStates(text, "printed.json"), states);
  assertEquals(printStates(parseStates(text, "printed.json")), text);
});

Deno.test("a CSR takes every value that it kept, and says of any other what it would keep", () => {
  for (const profile of PROFILES) {
    for (const csr of CSRS.filter((c) => c.existsIn(profile))) {
      const reset = csr.resetValue(profile);
      assertEquals(whyNotHeld(csr, profile, reset, "host"), undefined, csr.name);
      const unwritable = ~(csr.writeMask(profile, "own") | reset) & 0xffffffffn;
      if (unwritable !== 0n) {
        assertEquals(typeof whyNotHeld(csr, profile, unwritable, "host"), "string", csr.name);
      }
    }
  }
});

// Mistakes ---------------------------------------------------------------------------------------------------------

const NOP = '"memory": [{ "at": "0x1000", "words": ["0x03400000"] }]';
const host = (parts: string, more = "") => `{ "id": "x", "host": { "pc": "0x1000"${parts} }${more} }`;
const csr = (parts: string) => host(`, "csr": { ${parts} }`);
const memory = (blocks: string) => host("", `, "memory": [${blocks}]`);
const guest = (more: string) => `{ "id": "x", "mode": "guest", "guest": { "pc": "0x0" }${more} }`;
const stage2 = (parts: string) => guest(`, "stage2": [${parts}]`);
const result = (parts: string) => host("", `, "result": { ${parts} }`);
const changed = (parts: string) => result(`"ended": "end", "changed": { ${parts} }`);

/** A text, and what is said about it behind the file's name. */
const MISTAKES: readonly (readonly [text: string, message: string])[] = [
  ["", "it is no JSON: Unexpected end of JSON input"],
  ["[]", "it has no states"],
  ["7", "expected an object, got 7"],
  ["null", "expected an object, got null"],
  [`[${host("")}, 5]`, "[1]: expected an object, got 5"],
  ["[[[[[[[[[[".repeat(10), `${"[0]".repeat(32)}: it is nested deeper than 32 levels`],
  ['{ "a": 1, "b": { "c": [0, { "d": 1, "\\u0064": 2 }] } }', "b.c[1].d: it is given twice"],
  ["{}", '"id" is missing'],
  ['{ "id": "" }', 'id: expected a text, got ""'],
  ['{ "id": "a\\nb" }', "id: it has a control character"],
  [`{ "id": "${"x".repeat(201)}" }`, "id: it has 201 characters, at most 200 are allowed"],
  ['{ "id": "x" }', '"host" is missing: the run starts at its pc'],
  ['{ "id": "x", "host": {} }', 'host: "pc" is missing'],
  ['{ "id": "x", "mode": "guest", "host": {} }', '"guest" is missing: the run starts at its pc'],
  ['{ "id": "x", "mode": "gest" }', 'mode: expected "host" or "guest", got "gest", did you mean guest'],
  ['{ "id": "x", "hots": {} }', "hots: no such key, did you mean host"],
  ['{ "id": "x", "profile": "la465" }', 'profile: no such profile "la465", did you mean la464'],
  [
    '{ "id": "x", "profile": "la464-nolvz", "mode": "guest" }',
    "mode: profile la464-nolvz has no guest mode",
  ],
  [`[${host("")}, ${host("")}]`, '[1]: id "x" is used by another state as well'],
  [host("", ', "budget": 1e999'), "budget: expected a whole number from 0 to 1000000000, got Infinity"],
  [host("", ', "budget": -1'), "budget: expected a whole number from 0 to 1000000000, got -1"],
  [host("", ', "budget": "10"'), 'budget: expected a whole number from 0 to 1000000000, got "10"'],
  [host("", ', "end": "0x1002"'), "end: 0x1002 is no multiple of 4: no instruction is there"],
  [host("", ', "end": "done"'), 'end: expected a hexadecimal text such as "0x1f", got "done"'],
  [
    memory('{ "at": "0x1000", "asm": "finish: nop" }').replace("}] }", '}], "end": "finsh" }'),
    'end: expected a hexadecimal text such as "0x1f" or a label of "asm", got "finsh", did you mean finish',
  ],
  // Registers
  [host(', "gpr": { "a9": "0x1" }'), "host.gpr.a9: no such general register, did you mean a0, a1 or a2"],
  [host(', "gpr": { "fa0": "0x1" }'), "host.gpr.fa0: no such general register, did you mean a0"],
  [host(', "gpr": { "zero": "0x1" }'), "host.gpr.zero: register 0 is always 0"],
  [host(', "gpr": { "a0": "0x1", "r4": "0x1" }'), "host.gpr.r4: the register is named twice"],
  [host(', "gpr": { "a0": 31 }'), 'host.gpr.a0: expected a hexadecimal text such as "0x1f", got 31'],
  [host(', "gpr": { "a0": "31" }'), 'host.gpr.a0: expected a hexadecimal text such as "0x1f", got "31"'],
  [
    host(', "gpr": { "a0": "0x10000000000000000" }'),
    'host.gpr.a0: expected a hexadecimal text such as "0x1f", got "0x10000000000000000"',
  ],
  [
    host("", ', "fp": { "fcc": { "fcc8": 1 } }'),
    "fp.fcc.fcc8: no such condition flag, did you mean fcc0, fcc1 or fcc2",
  ],
  [host("", ', "fp": { "fcc": { "fcc0": 2 } }'), "fp.fcc.fcc0: expected a whole number from 0 to 1, got 2"],
  [host("", ', "fp": { "fcsr": "0x20" }'), "fp.fcsr: FCSR0 cannot hold 0x20, it would keep 0x0"],
  // CSRs
  [
    `[${host("")}, ${csr('"ECFGG": "0x1"').replace('"x"', '"y"')}]`,
    "[1].host.csr.ECFGG: no such CSR, did you mean ECFG",
  ],
  [csr('"ECFG": "0x80001"'), "host.csr.ECFG: ECFG cannot hold 0x80001, it would keep 0x1"],
  [csr('"ESTAT": "0x10003"'), "host.csr.ESTAT: ESTAT cannot hold 0x10003, it would keep 0x3"],
  [csr('"TICLR": "0x1"'), "host.csr.TICLR: TICLR cannot hold 0x1, it would keep 0x0"],
  [csr('"ASID": "0xf0001"'), "host.csr.ASID: ASID cannot hold 0xf0001, it would keep 0xa0001"],
  [csr('"CRMD": "0x100000008"'), "host.csr.CRMD: CRMD has 32 bits"],
  [csr('"GINTC": "0x10001"'), "host.csr.GINTC: GINTC cannot hold 0x10001, it would keep 0x10000"],
  [csr('"SAVE0": "0x1", "KS0": "0x1"'), "host.csr.KS0: SAVE0 is named twice"],
  [csr('"SAVE12": "0x1"'), "host.csr.SAVE12: profile la464 has no SAVE12"],
  [
    guest(', "host": { "gpr": { "a0": "0x1" } }'),
    "host.gpr: the run starts in the guest, whose registers these are",
  ],
  [host("", ', "guest": { "pc": "0x0" }'), "guest.pc: the run starts in the host, whose registers these are"],
  [host("", ', "guest": { "csr": { "GSTAT": "0x2" } }'), "guest.csr.GSTAT: a guest has no GSTAT of its own"],
  // Memory
  [memory('{ "words": ["0x1"] }'), 'memory[0]: "at" is missing'],
  [memory('{ "at": "0x1002", "words": ["0x1"] }'), "memory[0].at: 0x1002 is no multiple of 4"],
  [memory('{ "at": "0x1000" }'), 'memory[0]: neither "words" nor "asm" is given'],
  [memory('{ "at": "0x1000", "words": [] }'), "memory[0].words: it is empty"],
  [
    memory('{ "at": "0x1000", "words": ["0x1"], "asm": "nop" }'),
    'memory[0].asm: "words" is given as well: a block has one of them',
  ],
  [
    memory('{ "at": "0x1000", "words": ["0x100000000"] }'),
    'memory[0].words[0]: "0x100000000" does not fit 32 bits',
  ],
  [
    memory('{ "at": "0x1000", "words": [null] }'),
    'memory[0].words[0]: expected a hexadecimal text such as "0x1f", got null',
  ],
  [
    memory('{ "at": "0xffffffc", "words": ["0x1", "0x2"] }'),
    "memory[0]: 0xffffffc to 0x10000003 is not all RAM, which is at 0x0 to 0xfffffff and 0x80000000 to 0x8fffffff",
  ],
  [
    memory('{ "at": "0x1000", "words": ["0x1", "0x2"] }, { "at": "0x1004", "words": ["0x3"] }'),
    "memory[1]: 0x1004 to 0x1007 overlaps the block at 0x1000 to 0x1007",
  ],
  [memory('{ "at": "0x1000", "asm": "# nothing" }'), "memory[0].asm: it assembles to nothing"],
  [
    memory('{ "at": "0x1000", "asm": "a: nop" }, { "at": "0x2000", "asm": "a: nop" }'),
    "memory[1].asm: label a is defined by another block as well",
  ],
  // Stage 2
  [stage2('{ "gpa": "0x1000", "hpa": "0x0" }'), 'stage2[0]: "size" is missing'],
  [
    stage2('{ "gpa": "0x1800", "hpa": "0x0", "size": "0x1000" }'),
    "stage2[0].gpa: 0x1800 is no multiple of the page size 0x1000",
  ],
  [stage2('{ "gpa": "0x0", "hpa": "0x0", "size": "0x0" }'), "stage2[0]: its size is 0"],
  [
    stage2('{ "gpa": "0xfffffffff000", "hpa": "0x0", "size": "0x2000" }'),
    "stage2[0]: it ends above the highest address, 0xffffffffffff",
  ],
  [
    stage2('{ "gpa": "0x0", "hpa": "0x0", "size": "0x1000", "perm": "rr" }'),
    'stage2[0].perm: expected some of the letters r, w and x, as in "rx"',
  ],
  [
    stage2(
      '{ "gpa": "0x0", "hpa": "0x0", "size": "0x2000" }, { "gpa": "0x1000", "hpa": "0x0", "size": "0x1000" }',
    ),
    "stage2[1]: it overlaps the range at 0x0",
  ],
  [
    guest(', "host": { "csr": { "TLBRENTRY": "0x4000" } }, "stage2": []'),
    "stage2: the host has a refill handler of its own (host.csr.TLBRENTRY), which would not see it",
  ],
  // Results
  [result('"changed": {}'), 'result: neither "exit" nor "ended" is given'],
  [result('"ended": "end", "exit": {}'), 'result.ended: "exit" is given as well'],
  [
    result('"exit": { "ecode": 64, "at": "0x0" }'),
    "result.exit.ecode: expected a whole number from 0 to 63, got 64",
  ],
  [result('"exit": { "ecode": 8 }'), 'result.exit: "at" is missing'],
  [changed('"csr": { "ESTAS": "0x0" }'), "result.changed.csr.ESTAS: no such CSR, did you mean ESTAT"],
  [changed('"gcsr": { "GCFG": "0x0" }'), "result.changed.gcsr.GCFG: a guest has no GCFG of its own"],
  [
    changed('"memory": { "4096": "0x0" }'),
    'result.changed.memory["4096"]: expected an address such as "0x200000" as the key',
  ],
  [
    changed('"memory": { "0x1002": "0x0" }'),
    'result.changed.memory["0x1002"]: the address is no multiple of 4',
  ],
  [
    changed('"memory": { "0x10": "0x0", "0x010": "0x0" }'),
    'result.changed.memory["0x010"]: the address is named twice',
  ],
];

for (const [text, message] of MISTAKES) {
  Deno.test(`parseStates() refuses: ${message.slice(0, 100)}`, () => {
    const error = assertThrows(() => parseStates(text, "states.json"), StateFileError);
    assertEquals(error.message.replace(/^states\.json: /, ""), message);
  });
}

Deno.test("parseStates() shows where assembly text is wrong", () => {
  const text = memory('{ "at": "0x1000", "asm": "nop\\nadi.d $a0, $a0, 1" }');
  const error = assertThrows(() => parseStates(text, "states.json"), StateFileError);
  assertEquals(error.path, "memory[0].asm");
  const [first, second] = error.message.split("\n");
  assertEquals(first, "states.json: memory[0].asm: it does not assemble:");
  assertEquals(second?.startsWith("asm:2:1: Cannot assemble adi.d"), true, second);
});

Deno.test("parseStates() is not overwhelmed by what is no state file", () => {
  const texts = [
    "[".repeat(1_000_000),
    `"${"\\\\".repeat(1_000_000)}"`,
    `{ ${Array.from({ length: 50_000 }, (_, i) => `"k${i}": 1`).join(", ")} }`,
    host("", `, "memory": [${Array(2000).fill('{ "at": "0x0", "words": ["0x0"] }').join(", ")}]`),
    "\u0000\uffff",
    '{ "__proto__": { "id": "x" } }',
    `{ ${NOP}, "constructor": 1 }`,
    "NaN",
  ];
  for (const text of texts) assertThrows(() => parseStates(text, "rubbish.json"), StateFileError);
});
