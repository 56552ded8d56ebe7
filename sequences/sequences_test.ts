import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { checkSequence } from "./check.ts";
import { FAULTS } from "./faults.ts";
import { generate } from "./generate.ts";
import { code } from "./instructions.ts";
import { caseText, testText } from "./print.ts";
import type { Action, Sequence } from "./sequence.ts";
import { shrink } from "./shrink.ts";

/** How many sequences each fault gets; `deno task sequences` plays as many as one likes. */
const TRIES = 8;

function run(
  guest: 0 | 1,
  words: readonly number[],
  rest: Partial<Extract<Action, { kind: "run" }>> = {},
): Action {
  return { kind: "run", guest, code: words, gpr: {}, csr: {}, onFault: "skip", limit: 160, ...rest };
}

function sequence(...actions: readonly Action[]): Sequence {
  const handlers = { general: code(["ertn"]), refill: code(["ertn"]) };
  return { seed: "by hand", timed: false, handlers: [handlers, handlers], actions };
}

Deno.test("a seed always makes the same sequence, and another seed another one", () => {
  assertEquals(generate("a:1"), generate("a:1"));
  assert(JSON.stringify(generate("a:1")) !== JSON.stringify(generate("a:2")));
});

Deno.test("a sequence is data: it goes through JSON unchanged", () => {
  const made = generate("json:1");
  assertEquals(JSON.parse(JSON.stringify(made)), made);
});

Deno.test("no invariant breaks in 8 generated sequences", () => {
  for (let i = 0; i < 8; i++) {
    assertEquals(checkSequence(generate(`fixed:${i}`)).finding, undefined, `fixed:${i}`);
  }
});

for (const fault of FAULTS) {
  Deno.test(`the checks find that ${fault.name}`, () => {
    const seeds = Array.from({ length: TRIES }, (_, i) => `faults 34:${i}`);
    for (const seed of seeds) {
      const { finding } = checkSequence(generate(seed), fault);
      if (finding === undefined) continue;
      assert(fault.breaks.includes(finding.invariant), `${finding.invariant}: ${finding.text}`);
      return;
    }
    throw new Error(`not found in ${TRIES} sequences`);
  });
}

Deno.test("a failure shrinks to what is needed, as text that can be pasted", () => {
  const fault = FAULTS.find((f) => f.name.startsWith("csrwr"));
  const original = generate("faults 34:0");
  const small = shrink(original, (s) => checkSequence(s, fault).finding?.invariant === "host-bank");
  assertEquals(small.actions.length, 1);
  const [action] = small.actions;
  assertEquals(action?.kind === "run" ? action.code.length : 0, 1);
  const { finding } = checkSequence(small, fault);
  assert(finding);
  assertStringIncludes(testText(small, finding), "csrwr");
  assertStringIncludes(caseText(small, finding) ?? "", "csrwr");
});

Deno.test("lddir and ldpte of an unaligned table never read over the end of a page", () => {
  // Found by seed 5:101. Page 7 of the guest is not mapped; the entry's first bytes are the last ones of page 6.
  const registers = { gpr: { 4: "0x1bf81" }, csr: { PWCL: "0x4b12c", TLBRBADV: "0xf000" } } as const;
  for (const words of [code(["lddir", 12, 4, 1]), code(["ldpte", 4, 1])]) {
    assertEquals(checkSequence(sequence(run(0, words, registers))).finding, undefined);
  }
});
