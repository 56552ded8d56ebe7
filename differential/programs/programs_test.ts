import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { MachineDriver } from "../../drivers/machine_driver.ts";
import type { Answer, Driver } from "../../drivers/driver.ts";
import { comparePrograms } from "./campaign.ts";
import { FRAGMENTS } from "./fragments.ts";
import { AT, LOG } from "./layout.ts";
import { generateProgram } from "./program.ts";

const COUNT = 60;
const PROGRAMS = Array.from({ length: COUNT }, (_, i) => generateProgram("test", i));

Deno.test("a program follows from its seed and index", () => {
  assertEquals(generateProgram("test", 3), PROGRAMS[3]);
  assertNotEquals(generateProgram("other", 3).source, PROGRAMS[3]?.source);
});

Deno.test("every kind of piece occurs", () => {
  for (const [, { name }] of FRAGMENTS) {
    assert(PROGRAMS.some(({ source }) => source.includes(`# ${name}\n`)), name);
  }
});

Deno.test("programs come to their end, by way of exceptions, refills and interrupts", async () => {
  const answers = await new MachineDriver().answers(PROGRAMS.map(({ state }) => state));
  const seen = new Set<number>();
  answers.forEach((answer, i) => {
    assert(answer.kind === "result", `program ${i}: ${answer.kind === "broken" ? answer.reason : ""}`);
    assertEquals(answer.result.ending, { kind: "end" }, `program ${i}`);
    for (let at = AT.log + LOG.events; at < AT.log + LOG.events + LOG.eventBytes; at += 16) {
      seen.add((answer.result.memory.get(at + 8) ?? 0) & 0x3f);
    }
    if (answer.result.memory.has(AT.log + LOG.interruptsTaken)) seen.add(0);
  });
  // Interrupt, PIL, PIS, PME, PPI, ADE, SYS, BRK, INE, IPE.
  for (const code of [0, 1, 2, 4, 7, 8, 11, 12, 13, 14]) assert(seen.has(code), `no exception ${code}`);
});

/** Our machine, but for one answer. */
function wrongAt(index: number, wrong: (answer: Answer) => Answer): Driver {
  const right = new MachineDriver();
  return {
    name: "wrong",
    unobserved: right.unobserved,
    answers: async (states) =>
      (await right.answers(states)).map((answer, i) =>
        states[i]?.id === `program-test-${index}` ? wrong(answer) : answer
      ),
  };
}

Deno.test("a program on which another machine differs or breaks down is found", async () => {
  const compare = (oracle: Driver) =>
    comparePrograms({
      seed: "test",
      first: 2,
      count: 5,
      profile: "la464-nolvz",
      subject: new MachineDriver(),
      oracle,
      batch: 2,
      onProgress: () => {},
    });
  const off = wrongAt(4, (answer) => {
    assert(answer.kind === "result");
    const gpr = new Map([...answer.result.gpr, [4, 1n]] as const);
    return { kind: "result", result: { ...answer.result, gpr } };
  });
  const [different, ...others] = await compare(off);
  assertEquals(others, []);
  assertEquals(different?.index, 4);
  assertEquals(different?.fields.map(({ field, theirs }) => [field, theirs]), [["$a0", 1n]]);
  const [broken] = await compare(wrongAt(6, () => ({ kind: "broken", reason: "it hung" })));
  assertEquals([broken?.index, broken?.broken], [6, "it hung"]);
  assertEquals(await compare(new MachineDriver()), []);
});
