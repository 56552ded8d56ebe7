import { assert, assertEquals, assertRejects, assertStringIncludes, assertThrows } from "@std/assert";
import fixture from "../fixtures/states.json" with { type: "json" };
import readme from "./README.md" with { type: "text" };
import { Random } from "../sequences/random.ts";
import { CSRS, readCsr } from "../core/mod.ts";
import { csrValueShown } from "./csr_values.ts";
import type { Answer } from "./driver.ts";
import { MachineDriver } from "./machine_driver.ts";
import { COMPUTED } from "./observe.ts";
import type { Result, State } from "./state.ts";
import { parseStates, printStates } from "./state_file.ts";

const DRIVER = new MachineDriver();

/** The only state of a file. */
function only(text: string): State {
  const [state] = parseStates(text, "test.json");
  assert(state !== undefined);
  return state;
}

/** What a state becomes, as a state file shows it. */
function resultText(state: State): unknown {
  const { answer } = DRIVER.run(state);
  if (answer.kind === "broken") return answer.reason;
  const [printed] = JSON.parse(printStates([{ ...state, result: answer.result }]));
  return printed.result;
}

/** Code at 0x1000 in host mode, with more members of the state. */
function hostState(
  asm: string,
  more: Record<string, unknown> = {},
  host: Record<string, unknown> = {},
): State {
  return only(JSON.stringify({
    id: asm.replaceAll("\n", "; "),
    mode: "host",
    memory: [{ at: "0x1000", asm }],
    host: { pc: "0x1000", ...host },
    ...more,
  }));
}

/** The same in guest mode, with the first 64 KiB as they are in physical memory 0x100000. */
function guestState(asm: string, more: Record<string, unknown> = {}): State {
  return only(JSON.stringify({
    id: asm.replaceAll("\n", "; "),
    mode: "guest",
    memory: [{ at: "0x101000", asm }],
    guest: { pc: "0x1000" },
    stage2: [{ gpa: "0x0", hpa: "0x100000", size: "0x10000", perm: "rwx" }],
    ...more,
  }));
}

/** Code in host mode, the rest of the state, and the result by the manual. */
const HOST_RESULTS: readonly (readonly [title: string, state: State, result: unknown])[] = [
  [
    "reaches its end",
    hostState("addi.d $a0, $zero, 5\nst.w $a0, $t0, 4\nend: .word 0, 7", { end: "end" }, {
      gpr: { t0: "0x1008" },
    }),
    { ended: "end", changed: { gpr: { a0: "0x5" }, memory: { "0x100c": "0x00000005" } } },
  ],
  ["is at its end already", hostState("nop", { end: "0x1000" }), { ended: "end", changed: {} }],
  [
    "takes an exception",
    hostState("nop\nsyscall 9"),
    {
      exit: { ecode: 11, esubcode: 0, at: "0x1004" },
      changed: { csr: { ESTAT: "0xb0000", ERA: "0x1004", BADI: "0x2b0009" } },
    },
  ],
  [
    "takes an exception at PLV3 with vectors",
    hostState("csrrd $a0, CRMD", {}, { csr: { CRMD: "0xb", ECFG: "0x70000" } }),
    {
      exit: { ecode: 14, esubcode: 0, at: "0x1000" },
      changed: { csr: { CRMD: "0x8", PRMD: "0x3", ESTAT: "0xe0000", ERA: "0x1000", BADI: "0x4000004" } },
    },
  ],
  [
    "takes an exception at an entry of its own, which ends it without an end",
    hostState("break 1\n.space 0xffc\nli.w $a0, 1", {}, { csr: { EENTRY: "0x2000" } }),
    {
      exit: { ecode: 12, esubcode: 0, at: "0x1000" },
      changed: { csr: { ESTAT: "0xc0000", ERA: "0x1000", BADI: "0x2a0001" } },
    },
  ],
  [
    "handles the exception itself where an end says when it is over",
    hostState("break 1\nend: .space 0xffc\ncsrrd $a0, ERA\naddi.d $a0, $a0, 4\ncsrwr $a0, ERA\nertn", {
      end: "end",
    }, { csr: { EENTRY: "0x2000" } }),
    {
      ended: "end",
      // csrwr leaves the old value in its register.
      changed: { gpr: { a0: "0x1000" }, csr: { ESTAT: "0xc0000", ERA: "0x1004", BADI: "0x2a0001" } },
    },
  ],
  [
    "takes an exception that it does not handle before its end",
    hostState("break 1\nend:", { end: "end" }),
    {
      exit: { ecode: 12, esubcode: 0, at: "0x1000" },
      changed: { csr: { ESTAT: "0xc0000", ERA: "0x1000", BADI: "0x2a0001" } },
    },
  ],
  [
    "writes its entry before it takes an exception",
    hostState(
      "li.w $t0, 0x3000\ncsrwr $t0, EENTRY\nsyscall 0\nend: .space 0x1ff4\nli.w $a0, 7\nli.w $t1, 0x100c\njr $t1",
      {
        end: "end",
      },
      { gpr: { t0: "0x0" } },
    ),
    {
      ended: "end",
      changed: {
        gpr: { a0: "0x7", t0: "0xffe0000", t1: "0x100c" },
        csr: { ESTAT: "0xb0000", ERA: "0x1008", BADI: "0x2b0000", EENTRY: "0x3000" },
      },
    },
  ],
  [
    "comes to its entry without an exception, and takes one there",
    hostState("b . + 0x1000", {}, { csr: { EENTRY: "0x2000" } }),
    {
      exit: { ecode: 13, esubcode: 0, at: "0x2000" },
      changed: { csr: { ESTAT: "0xd0000", ERA: "0x2000" } },
    },
  ],
  [
    "stands before its entry when it writes a CSR, and returns to it by ertn",
    hostState("csrwr $a0, SAVE0\nentry: li.w $a1, 1\ncsrwr $t0, ERA\nli.w $a2, 2\nertn", { budget: 7 }, {
      gpr: { a0: "0x5", t0: "0x1000" },
      csr: { EENTRY: "0x1000" },
    }),
    {
      ended: "budget",
      // What csrwr changed once it changed back the second time.
      changed: { gpr: { a1: "0x1", a2: "0x2", t0: "0x0" }, csr: { ERA: "0x1000" } },
    },
  ],
  [
    "takes an interrupt before its first instruction",
    hostState("li.w $a0, 1", {}, { csr: { CRMD: "0xc", ECFG: "0x1", ESTAT: "0x1" } }),
    {
      exit: { ecode: 0, esubcode: 0, at: "0x1000" },
      changed: { csr: { CRMD: "0x8", PRMD: "0x4", ERA: "0x1000" } },
    },
  ],
  [
    "takes an interrupt behind the instruction that raises it, at a vector",
    hostState("csrwr $a0, ESTAT\nb 0x1010\n", {}, {
      gpr: { a0: "0x2" },
      csr: { CRMD: "0xc", ECFG: "0x30002" },
    }),
    {
      exit: { ecode: 0, esubcode: 0, at: "0x1004" },
      changed: { gpr: { a0: "0x0" }, csr: { CRMD: "0x8", PRMD: "0x4", ESTAT: "0x2", ERA: "0x1004" } },
    },
  ],
  [
    "misses the TLB",
    hostState("nop", {}, { pc: "0x5000", csr: { CRMD: "0x10" } }),
    {
      exit: { ecode: 63, esubcode: 0, at: "0x5000", entry: "refill" },
      changed: { csr: { CRMD: "0x8", TLBRERA: "0x5001", TLBREHI: "0x4000", TLBRBADV: "0x5000" } },
    },
  ],
  [
    "fetches from a misaligned address",
    hostState("nop", {}, { pc: "0x1002" }),
    {
      exit: { ecode: 8, esubcode: 0, at: "0x1002" },
      changed: { csr: { ESTAT: "0x80000", ERA: "0x1002", BADV: "0x1002" } },
    },
  ],
  ["is cut short", hostState("1: b 1b", { budget: 100 }), { ended: "budget", changed: {} }],
  [
    "uses up its budget with the instruction that takes an exception",
    hostState("syscall 0", { budget: 1 }),
    {
      exit: { ecode: 11, esubcode: 0, at: "0x1000" },
      changed: { csr: { ESTAT: "0xb0000", ERA: "0x1000", BADI: "0x2b0000" } },
    },
  ],
  ["reaches its end with its budget", hostState("nop\nend:", { budget: 1, end: "end" }), {
    ended: "end",
    changed: {},
  }],
  ["idles for ever", hostState("idle 0"), { ended: "idle", changed: {} }],
  [
    "powers off",
    hostState("st.b $a0, $a1, 0", {}, { gpr: { a0: "0x34", a1: "0x100e001c" } }),
    { ended: "power off", changed: {} },
  ],
  [
    "has floating-point state",
    hostState("fadd.d $fa0, $fa1, $fa2\nfcmp.clt.d $fcc1, $fa1, $fa0\nsyscall 0", {
      fp: {
        fpr: { fa1: "0x3ff0000000000000", fa2: "0x3cb0000000000000", fa0: "0x1" },
        fcc: { fcc1: 0 },
        fcsr: "0x300",
      },
    }, { csr: { EUEN: "0x1" } }),
    {
      exit: { ecode: 11, esubcode: 0, at: "0x1008" },
      // 1 + 2^-52 is exact in any rounding mode.
      changed: {
        fpr: { fa0: "0x3ff0000000000001" },
        fcc: { fcc1: 1 },
        csr: { ESTAT: "0xb0000", ERA: "0x1008", BADI: "0x2b0000" },
      },
    },
  ],
  [
    "meets no device",
    hostState("st.d $a0, $a1, 0", {}, { gpr: { a1: "0x40000000" } }),
    "Cannot write 8 bytes at physical 0x40000000: no RAM or device there, in host mode at pc 0x1000 (word 0x29c000a4)",
  ],
];

/** Code in guest mode, and the result by the rules. */
const GUEST_RESULTS: readonly (readonly [title: string, state: State, result: unknown])[] = [
  [
    "exits",
    guestState("li.w $a0, 1\nhvcl 3"),
    {
      exit: { ecode: 23, esubcode: 0, at: "0x1004" },
      changed: {
        gpr: { a0: "0x1" },
        csr: { ESTAT: "0x170000", ERA: "0x1004", BADI: "0x2b8003", GSTAT: "0x10082" },
      },
    },
  ],
  [
    "runs as the guest that GSTAT names, from registers of its own",
    guestState("csrrd $a0, SAVE1\ncsrwr $a1, SAVE1\nhvcl 0", {
      host: { csr: { GSTAT: "0x70002", SAVE1: "0x5" } },
      guest: { pc: "0x1000", gpr: { a1: "0x9" }, csr: { SAVE1: "0x6" } },
    }),
    {
      exit: { ecode: 23, esubcode: 0, at: "0x1008" },
      changed: {
        gpr: { a0: "0x6", a1: "0x6" },
        csr: { ESTAT: "0x170000", ERA: "0x1008", BADI: "0x2b8000", GSTAT: "0x70082" },
        gcsr: { SAVE1: "0x9" },
      },
    },
  ],
  [
    "takes its own exception and goes on in its handler",
    guestState("syscall 1\n.space 0xffc\nhvcl 1", { guest: { pc: "0x1000", csr: { EENTRY: "0x2000" } } }),
    {
      exit: { ecode: 23, esubcode: 0, at: "0x2000" },
      changed: {
        csr: { ESTAT: "0x170000", ERA: "0x2000", BADI: "0x2b8001", GSTAT: "0x10082" },
        gcsr: { ESTAT: "0xb0000", ERA: "0x1000", BADI: "0x2b0001" },
      },
    },
  ],
  [
    "leaves what stage 2 maps",
    guestState("lu12i.w $t0, 0x10\nld.d $a0, $t0, 0"),
    {
      exit: { ecode: 1, esubcode: 0, at: "0x1004" },
      changed: {
        gpr: { t0: "0x10000" },
        csr: {
          ESTAT: "0x10000",
          ERA: "0x1004",
          BADV: "0x10000",
          BADI: "0x28c00184",
          TLBEHI: "0x10000",
          GSTAT: "0x10082",
        },
      },
    },
  ],
  [
    "misses stage 2 where there is none",
    guestState("nop", { stage2: [] }),
    {
      exit: { ecode: 63, esubcode: 0, at: "0x1000", entry: "refill" },
      changed: { csr: { GSTAT: "0x10082", TLBRERA: "0x1001", TLBRPRMD: "0x8", TLBRBADV: "0x1000" } },
    },
  ],
];

for (const [title, state, result] of HOST_RESULTS) {
  Deno.test(`a state in host mode ${title}`, () => assertEquals(resultText(state), result));
}

for (const [title, state, result] of GUEST_RESULTS) {
  Deno.test(`a state in guest mode ${title}`, () => assertEquals(resultText(state), result));
}

Deno.test("what stage 2 does not permit exits with the fault of the access", () => {
  const rows: readonly (readonly [perm: string, asm: string, ecode: number])[] = [
    ["rw", "b . + 0x7000", 6],
    ["rx", "st.d $a0, $t0, 0", 4],
    ["wx", "ld.d $a0, $t0, 0", 5],
    ["", "ld.d $a0, $t0, 0", 5],
    ["rwx", "st.d $a0, $t0, 0\nld.d $a0, $t0, 8\nhvcl 0", 23],
  ];
  for (const [perm, asm, ecode] of rows) {
    const state = guestState(asm, {
      guest: { pc: "0x1000", gpr: { t0: "0x8000" } },
      stage2: [
        { gpa: "0x0", hpa: "0x100000", size: "0x8000" },
        { gpa: "0x8000", hpa: "0x208000", size: "0x1000", perm },
      ],
    });
    const { answer } = DRIVER.run(state);
    assert(answer.kind === "result" && answer.result.ending.kind === "exception");
    assertEquals([perm, answer.result.ending.ecode], [perm, ecode]);
  }
});

Deno.test("a guest that touches more pages than the TLB holds comes to the same end", () => {
  // One word in each of 1,000 pages, twice: 500 pairs for 64 places.
  const state = guestState(
    `again: li.w $t0, 1000
     lu12i.w $t1, 0x10
     lu12i.w $t2, 1
     loop: ld.w $t3, $t1, 0
     add.d $a0, $a0, $t3
     addi.w $t3, $t3, 1
     st.w $t3, $t1, 0
     add.d $t1, $t1, $t2
     addi.d $t0, $t0, -1
     bnez $t0, loop
     addi.d $a1, $a1, -1
     bnez $a1, again
     hvcl 0`,
    {
      id: "1,000 pages",
      guest: { pc: "0x1000", gpr: { a1: "0x2" } },
      stage2: [{ gpa: "0x0", hpa: "0x100000", size: "0x800000" }],
      budget: 100_000,
    },
  );
  const { answer } = DRIVER.run(state);
  assert(answer.kind === "result");
  assertEquals(answer.result.gpr.get(4), 1000n);
  assertEquals([...answer.result.csr.keys()], ["ESTAT", "ERA", "BADI", "GSTAT"]);
});

Deno.test("a host with a handler of its own may enter the guest again, and ends at its end", () => {
  const state = only(JSON.stringify({
    id: "two exits",
    mode: "guest",
    // The handler counts in SAVE0; general registers are the guest's, and $s0 is a register that this guest leaves alone.
    memory: [
      { at: "0x101000", asm: "hvcl 1\nhvcl 2" },
      {
        at: "0x4000",
        asm: "csrrd $s0, ERA\naddi.d $s0, $s0, 4\ncsrwr $s0, ERA\ncsrrd $s0, SAVE0\naddi.d $s0, $s0, 1\n" +
          "csrwr $s0, SAVE0\nbnez $s0, done\nertn\ndone: nop",
      },
    ],
    host: { csr: { EENTRY: "0x4000" } },
    guest: { pc: "0x1000" },
    stage2: [{ gpa: "0x0", hpa: "0x100000", size: "0x2000" }],
    end: "done",
  }));
  const { answer } = DRIVER.run(state);
  assert(answer.kind === "result");
  assertEquals(answer.result.ending, { kind: "end" });
  assertEquals(answer.result.csr.get("SAVE0"), 2n);
  assertEquals(answer.result.csr.get("ERA"), 0x1008n);
});

Deno.test("the states of the README and of the fixture become what they say", async () => {
  const example = /```json\n([^]*?)```/.exec(readme)?.[1] ?? "";
  for (const text of [example, JSON.stringify(fixture)]) {
    const states = parseStates(text, "recorded.json");
    const answers = await DRIVER.answers(states);
    const results = answers.map((answer) => answer.kind === "result" ? answer.result : answer.reason);
    assertEquals(results, states.map(({ result }) => result ?? "no result"));
    assert(states.length > 1);
  }
});

Deno.test("what is computed when it is read is looked at by reading it, all else where it is stored", () => {
  // Timers, counters, LLbits, lines and bad addresses of both worlds at work.
  const registers = {
    TCFG: "0x1003",
    ...Object.fromEntries([0, 1, 2, 3].map((n) => [`PMCFG${n}`, "0x1f0001"])),
    PGDL: "0x1000",
    PGDH: "0x2000",
    BADV: "0x800000000000",
    GINTC: "0xff01",
  };
  const { GINTC: _, ...copies } = registers;
  const guestSide = { pc: "0x1000", csr: copies };
  const asm = "ll.w $a0, $zero, 0\niocsrwr.w $a1, $a2\nnop";
  const states = [
    hostState(asm, { guest: { csr: copies }, budget: 50 }, { csr: registers }),
    guestState("ll.w $a0, $zero, 0\nnop", { guest: guestSide, host: { csr: registers } }),
  ];
  for (const state of states) {
    const { machine } = DRIVER.run(state);
    for (let position = 2; position < 10; position++) machine.setLine(position, true);
    for (const isGuest of [false, true]) {
      const bank = isGuest ? machine.guest : machine.host;
      for (const csr of CSRS.filter((c) => bank.has(c.number) && !COMPUTED.includes(c))) {
        assertEquals(readCsr(machine, isGuest, csr), csrValueShown(csr, bank.read(csr)), csr.name);
      }
    }
  }
});

// States apart -----------------------------------------------------------------------------------------------------

/** States that leave much behind: memory, TLB entries, a running timer, an LLbit, a pending interrupt, device registers. */
const LITTERING: readonly State[] = [
  hostState("st.d $a0, $a1, 0\nsyscall 0", {}, { gpr: { a0: "0x123456789", a1: "0x80002000" } }),
  hostState("ll.d $a0, $a1, 0\nsyscall 0", {}, { gpr: { a1: "0x1000" } }),
  hostState("tlbfill\nsyscall 0", {}, { csr: { TLBELO0: "0x5003", TLBEHI: "0x4000", TLBIDX: "0xc000000" } }),
  hostState("syscall 0", {}, { csr: { TCFG: "0x5", ECFG: "0x800" } }),
  hostState("iocsrwr.w $a0, $a1\niocsrwr.w $a0, $a2\nsyscall 0", {}, {
    gpr: { a0: "0x1", a1: "0x1004", a2: "0x1008" },
  }),
  hostState("st.b $a0, $a1, 3\nsyscall 0", {}, { gpr: { a0: "0x1b", a1: "0x1fe001e0" } }),
  guestState("st.d $a0, $zero, 0x100\nhvcl 0", { guest: { pc: "0x1000", gpr: { a0: "0x99" } } }),
  hostState("st.d $a0, $a1, 0", {}, { gpr: { a1: "0x40000000" } }),
];
/** States that look for it. */
const LOOKING: readonly State[] = [
  hostState("ld.d $a0, $a1, 0\nsyscall 0", {}, { gpr: { a0: "0x1", a1: "0x80002000" } }),
  hostState("sc.d $a0, $a1, 0\ncsrrd $a2, LLBCTL\nsyscall 0", {}, { gpr: { a0: "0x2", a1: "0x1000" } }),
  hostState("ld.d $a0, $a1, 0\nsyscall 0", { id: "load in window 0" }, {
    gpr: { a1: "0x4000" },
    csr: { CRMD: "0x10", DMW0: "0x1" },
  }),
  hostState("ld.d $a0, $a1, 0\nsyscall 0", { id: "load in another window" }, {
    pc: "0x9000000000001000",
    gpr: { a1: "0x4000" },
    csr: { CRMD: "0x10", DMW0: "0x9000000000000001" },
  }),
  hostState("rdtime.d $a0, $a1\ncsrrd $a2, ESTAT\niocsrrd.d $a3, $a4\nsyscall 0", {}, {
    gpr: { a4: "0x1000" },
  }),
  hostState("ld.bu $a0, $a1, 3\nsyscall 0", {}, { gpr: { a1: "0x1fe001e0" } }),
  guestState("ld.d $a0, $zero, 0x100\nhvcl 0"),
];

function resultOf(answer: Answer | undefined): Result | string | undefined {
  return answer?.kind === "result" ? answer.result : answer?.reason;
}

Deno.test("no state sees what another left behind, whatever their order", async () => {
  const states = [...LITTERING, ...LOOKING];
  const alone = await Promise.all(states.map(async (state) => {
    const [answer] = await new MachineDriver().answers([state]);
    return [state.id, resultOf(answer)] as const;
  }));
  const expected = new Map(alone);
  assertEquals(expected.size, states.length);
  const random = new Random("leftovers 1");
  const driver = new MachineDriver();
  for (let round = 0; round < 20; round++) {
    const shuffled = states.map((state) => ({ state, place: random.bits32() }))
      .sort((a, b) => a.place - b.place).map(({ state }) => state);
    const answers = await driver.answers(shuffled);
    shuffled.forEach((state, i) => assertEquals(resultOf(answers[i]), expected.get(state.id), state.id));
  }
});

Deno.test("a result survives the way into a state file and back", () => {
  const rows = [...HOST_RESULTS, ...GUEST_RESULTS].map(([, state]) => state);
  for (const state of rows) {
    const { answer } = DRIVER.run(state);
    if (answer.kind === "broken") continue;
    const complete = { ...state, result: answer.result };
    assertEquals(parseStates(printStates([complete]), "again.json"), [complete]);
  }
});

Deno.test("what is no state is refused", async () => {
  const state = hostState("nop");
  assertThrows(() => new MachineDriver({ engine: "referense" }), RangeError, "did you mean reference");
  const bad: readonly (readonly [State, string])[] = [
    [{ ...state, profile: "la465" }, "Cannot use profile la465"],
    [{ ...state, memory: [{ at: 0xffffffc, words: [1, 2] }] }, "0xffffffc to 0x10000003"],
    [{ ...state, host: { ...state.host, csr: new Map([["ECFGG", 0n]]) } }, "Cannot use CSR ECFGG"],
    [{ ...state, host: { ...state.host, gpr: new Map([[0, 1n]]) } }, "Cannot set general register 0"],
    [{ ...state, mode: "guest" }, "it starts in guest mode and has no guest"],
  ];
  for (const [s, message] of bad) {
    const error = await assertRejects(() => Promise.resolve().then(() => DRIVER.answers([s])), RangeError);
    assertStringIncludes(error.message, message);
  }
});
