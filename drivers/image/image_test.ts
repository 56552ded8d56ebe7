import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { createVirtMachine, loadProgram, parseElf } from "../../devices/mod.ts";
import { LA464, ReferenceEngine } from "../../core/mod.ts";
import { Random } from "../../sequences/random.ts";
import type { Answer, Unobserved } from "../driver.ts";
import { MachineDriver } from "../machine_driver.ts";
import type { State } from "../state.ts";
import { encodeState } from "./encode_state.ts";
import { ImageDriver } from "./image_driver.ts";
import { checksum } from "./line.ts";
import { monitorFor } from "./monitor.ts";
import { LineReader } from "./reader.ts";
import { slotsOf } from "./slots.ts";
import type { Running, Subject } from "./subject.ts";
import { TEST_STATES } from "./test_states.ts";

// Our own machine runs images ------------------------------------------------------------------------------------------

/** Instructions between two parts of the output. */
const SLICE = 1 << 20;

async function* outputOf(elf: Uint8Array): AsyncIterable<string> {
  let text = "";
  const virt = createVirtMachine({ profile: LA464, serial: (byte) => text += String.fromCharCode(byte) });
  loadProgram(virt, parseElf(elf));
  const engine = new ReferenceEngine();
  for (let stop = "budget"; stop === "budget";) {
    stop = engine.run(virt.machine, { budget: SLICE }).kind;
    yield text;
    text = "";
    await Promise.resolve();
  }
}

const MACHINE: Subject = {
  name: "our machine",
  launch: (elf) =>
    Promise.resolve({ output: outputOf(elf), ended: Promise.resolve("power off"), stop: () => {} }),
};

/** An answer without what the image cannot observe. */
function visible(answer: Answer, { csr }: Unobserved): Answer {
  if (answer.kind === "broken") return answer;
  const kept = [...answer.result.csr].filter(([name]) => !csr.has(name));
  return { kind: "result", result: { ...answer.result, csr: new Map(kept) } };
}

function shuffled<T>(list: readonly T[], random: Random): T[] {
  const left = [...list];
  return list.flatMap(() => left.splice(random.below(left.length), 1));
}

Deno.test("an image on our machine gives the results of the machine itself, in any order of states", async () => {
  const driver = await ImageDriver.create(MACHINE, { processes: 1 });
  assertEquals(driver.unobserved.guest, false);
  const direct = new MachineDriver();
  const random = new Random("images");
  for (const states of [TEST_STATES, shuffled(TEST_STATES, random)]) {
    const answers = await driver.answers(states);
    states.forEach((state, i) => {
      const expected = visible(direct.run(state).answer, driver.unobserved);
      assertEquals(expected.kind, "result");
      assertEquals({ id: state.id, answer: answers[i] }, { id: state.id, answer: expected });
    });
  }
});

Deno.test("a register that does not keep what the state names is among those that differ", async () => {
  const driver = await ImageDriver.create(MACHINE, { processes: 1 });
  // No processor of ours has memory access type 3, and GCFG.MATC keeps what it had.
  const MATC_3 = 0x30n;
  const states = [0n, MATC_3].map((matc) => withCsr(stateLike("ends where it says", {}), { GCFG: matc }));
  const changed = (await driver.answers(states)).map((a) =>
    a.kind === "result" ? [...a.result.csr.keys()] : a.reason
  );
  assertEquals(changed, [[], ["GCFG"]]);
});

// States that no image can hold ----------------------------------------------------------------------------------------

function stateLike(id: string, more: Partial<State>): State {
  const found = TEST_STATES.find((s) => s.id === id);
  assert(found !== undefined);
  return { ...found, ...more };
}

const withCsr = (state: State, csr: Record<string, bigint>): State => ({
  ...state,
  host: { ...state.host, csr: new Map([...state.host.csr, ...Object.entries(csr)]) },
});

const REFUSED: readonly (readonly [state: State, reason: string])[] = [
  [
    withCsr(stateLike("in a mapped mode", {}), { DMW0: 0x8000_0000_0000_0001n }),
    "the monitor is at 0x9000000000000000, which needs a direct mapping window at PLV0 as CRMD.PG is 1",
  ],
  [
    stateLike("in a mapped mode", { end: 0x5000n }),
    "its end is at 0x5000, which needs a direct mapping window at PLV0 as CRMD.PG is 1",
  ],
  [
    stateLike("in user mode", { memory: [{ at: 0x200_0000, words: [0] }] }),
    "its memory at 0x2000000 to 0x2000003 is not in 0x100000 to 0x1ffffff or 0x3000000 to 0xbffffff",
  ],
  [
    stateLike("ends where it says", { end: 0x4000n }),
    "its end is at physical 0x4000, must be a word in 0x100000 to 0x1ffffff or 0x3000000 to 0xbffffff",
  ],
  [
    stateLike("ends where it says", { end: 0xb00_0000n }),
    "its end is at physical 0xb000000, from where no branch reaches the monitor",
  ],
  [
    withCsr(stateLike("an entry of its own ends it", {}), { ECFG: 0x10000n }),
    "its own EENTRY ends it, which needs ECFG.VS = 0, and that is 1",
  ],
];

Deno.test("a state that no image can hold is refused with the reason, and answered so", async () => {
  const slots = slotsOf(LA464);
  for (const [state, reason] of REFUSED) {
    const message = `Cannot put state ${state.id} into an image: ${reason}`;
    assertThrows(() => encodeState(state, 0, slots, monitorFor(slots)), RangeError, message);
  }
  const driver = await ImageDriver.create(MACHINE);
  const [first] = await driver.answers(REFUSED.map(([state]) => state));
  assert(first?.kind === "broken");
  assertStringIncludes(first.reason, "the monitor is at");
});

// Lines ----------------------------------------------------------------------------------------------------------------

/** A line with its checksum. */
const sound = (body: string) => `${body} *${checksum(`${body} `).toString(16)}`;

const FIRST = (count: number) => sound(`V1 ${count.toString(16)} 0=14c010 2=60c40f`);
const BREAK = "46=c0000 47=100000 49=2a0000";
const result = (n: number) => sound(`R${n.toString(16)} g ${BREAK}`);
const LAST = (count: number) => sound(`E${count.toString(16)}`);
const damaged = result(1).replace("100000", "100004");

/** What is printed of an image of three states, and what is thought of each. */
const PRINTED: readonly (readonly [title: string, lines: readonly string[], thoughts: readonly string[]])[] =
  [
    ["all is well", [FIRST(3), result(0), result(1), result(2), LAST(3)], ["result", "result", "result"]],
    ["lines end as terminals do", [`${FIRST(3)}\r`, `${result(0)}\r`], ["result", "-", "-"]],
    ["firmware prints before", ["Booting…", FIRST(3), result(0)], ["result", "-", "-"]],
    ["a line is missing", [FIRST(3), result(0), result(2)], ["result", "its line is missing", "result"]],
    [
      "the last lines are missing",
      [FIRST(3), result(0), LAST(3)],
      ["result", "its line is missing", "its line is missing"],
    ],
    ["a line is damaged", [FIRST(3), result(0), damaged, result(2)], [
      "result",
      `its line is missing, this was printed: ${JSON.stringify(damaged)}`,
      "result",
    ]],
    ["something is printed between", [FIRST(3), result(0), "qemu: oops", result(1)], [
      "result",
      'rubbish was printed before its line: "qemu: oops"',
      "-",
    ]],
    ["a line comes twice", [FIRST(3), result(0), result(1), result(0)], [
      `it was answered twice: ${JSON.stringify(result(0))}`,
      "result",
      "-",
    ]],
    ["a number that is not there", [FIRST(3), result(3), result(0)], [
      `rubbish was printed before its line: a line of state 3, which is not expected: ${
        JSON.stringify(result(3))
      }`,
      "-",
      "-",
    ]],
    ["no first line", [result(0), result(1)], ["-", "-", "-"]],
    ["another image", [FIRST(4), result(0)], ["-", "-", "-"]],
    ["another version", [sound("V2 3"), result(0)], ["-", "-", "-"]],
    ["a letter that is no ending", [FIRST(3), sound("R0 x 4=5")], ["-", "-", "-"]],
    ["it begins again", [FIRST(3), result(0), FIRST(3), result(1)], [
      "result",
      `rubbish was printed before its line: ${JSON.stringify(FIRST(3))}, which begins an image of 3 states`,
      "-",
    ]],
  ];

Deno.test("lines are believed only where they are sound, in order and alone", () => {
  for (const [title, lines, thoughts] of PRINTED) {
    for (const size of [1, 7, 10_000]) {
      const seen = ["-", "-", "-"];
      const reader = new LineReader(3, {
        first: () => {},
        result: ({ index }) => seen[index] = "result",
        broken: (index, reason) => seen[index] = reason,
      });
      const text = lines.map((line) => `${line}\n`).join("");
      for (let at = 0; at < text.length; at += size) reader.feed(text.slice(at, at + size));
      assertEquals({ title, size, seen }, { title, size, seen: [...thoughts] });
    }
  }
});

Deno.test("every single damaged character of a line is noticed", () => {
  const line = result(0);
  for (let at = 0; at < line.length; at++) {
    for (const other of ["0", "f", " ", "*", "=", "\u0000"]) {
      if (line[at] === other) continue;
      let believed = false;
      const reader = new LineReader(1, { first: () => {}, result: () => believed = true, broken: () => {} });
      reader.feed(`${FIRST(1)}\n${line.slice(0, at)}${other}${line.slice(at + 1)}\n`);
      assert(!believed, `${other} at ${at}`);
    }
  }
});

// Subjects that misbehave ----------------------------------------------------------------------------------------------

/** What a subject prints of an image before it ends with a complaint; it hangs if there is none. */
interface Behaviour {
  readonly prints: readonly string[];
  readonly complaint?: string;
}

/** A subject that behaves in turn: at the question what it is, and for each image. */
function acting(...behaviours: readonly Behaviour[]): Subject & { readonly stops: () => number } {
  let stops = 0;
  const left = [...behaviours];
  return {
    name: "an actor",
    stops: () => stops,
    launch: () =>
      Promise.resolve(act(left.shift() ?? { prints: [], complaint: "nothing left" }, () => stops++)),
  };
}

function act({ prints, complaint }: Behaviour, onStop: () => void): Running {
  let stop = () => {};
  const stopped = new Promise<void>((resolve) => stop = resolve);
  async function* output(): AsyncIterable<string> {
    for (const line of prints) yield `${line}\n`;
    if (complaint === undefined) await stopped;
  }
  return {
    output: output(),
    ended: complaint === undefined ? stopped.then(() => "SIGKILL") : Promise.resolve(complaint),
    stop: () => {
      onStop();
      stop();
    },
  };
}

const WELL: Behaviour = { prints: [FIRST(0), LAST(0)], complaint: "status 0" };
const THREE = TEST_STATES.filter(({ mode }) => mode === "host").slice(0, 3);

async function answersOf(...behaviours: readonly Behaviour[]): Promise<string[]> {
  const subject = acting(WELL, ...behaviours);
  const driver = await ImageDriver.create(subject, { processes: 1, silence: 50 });
  const answers = await driver.answers(THREE);
  assertEquals(subject.stops(), behaviours.length + 1);
  return answers.map((a) => a.kind === "broken" ? a.reason : a.kind);
}

Deno.test("a subject that hangs is stopped, the state is named, and the rest goes on with a new one", async () => {
  const answers = await answersOf(
    { prints: [FIRST(3), result(0), "half a li"] },
    { prints: [FIRST(1), result(0), LAST(1)], complaint: "status 0" },
  );
  assertEquals(answers, ["result", 'no line came for 0.05 seconds; it printed "half a li"', "result"]);
});

Deno.test("a subject that dies is started again behind the state that killed it", async () => {
  const answers = await answersOf(
    { prints: [FIRST(3)], complaint: 'status 139, "Segmentation fault"' },
    { prints: [FIRST(2), result(0)], complaint: "SIGABRT" },
  );
  assertEquals(answers, [
    'the subject ended: status 139, "Segmentation fault"',
    "result",
    "the subject ended: SIGABRT",
  ]);
});

Deno.test("a subject that cannot be started, or runs no images, is an error and no answer", async () => {
  const attempts = [
    [
      acting({ prints: ["hello"], complaint: "status 1" }),
      "Cannot use an actor: the subject ended: status 1",
    ],
    [acting({ prints: [] }), "Cannot use an actor: no line came for 0.05 seconds"],
    [
      acting(WELL, { prints: [], complaint: "status 1" }),
      "Cannot go on with an actor: the subject ended: status 1",
    ],
  ] as const;
  for (const [subject, message] of attempts) {
    let seen = "";
    try {
      const driver = await ImageDriver.create(subject, { silence: 50 });
      await driver.answers(THREE);
    } catch (error) {
      assert(error instanceof Error);
      seen = `${error.name}: ${error.message}`;
    }
    assertStringIncludes(seen, `SubjectError: ${message}`);
  }
});

Deno.test("a driver says what its subject lacks, and gives it no state that needs it", async () => {
  const slots = slotsOf(LA464);
  const slot = slots.named("SAVE3", false)?.slot ?? 0;
  const first = sound(`V1 0 0=14c010 2=60c00f -${slot.toString(16)}`);
  const driver = await ImageDriver.create(acting({ prints: [first, LAST(0)], complaint: "status 0" }));
  assertEquals(driver.unobserved.guest, true);
  assert(driver.unobserved.csr.has("SAVE3"));
  const guest = TEST_STATES.find(({ mode }) => mode === "guest");
  const host = THREE[0];
  assert(guest !== undefined && host !== undefined);
  assertEquals(await driver.answers([guest, withCsr(host, { SAVE3: 1n })]), [
    { kind: "broken", reason: "an actor has no LVZ, and so no guests" },
    { kind: "broken", reason: "an actor has no CSR SAVE3" },
  ]);
});
