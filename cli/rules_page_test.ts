import { assert, assertEquals, assertMatch } from "@std/assert";
import page from "../specs/RULES.md" with { type: "text" };
import { rulesPage } from "./rules_page.ts";
import { collectCases } from "./spec_cases.ts";

/** Literal, so that no permission is needed. */
const SPECS = [
  () => import("../specs/entry_test.ts"),
  () => import("../specs/full.ts"),
  () => import("../specs/gspr_test.ts"),
  () => import("../specs/hvc_test.ts"),
  () => import("../specs/irq_test.ts"),
  () => import("../specs/restore_test.ts"),
  () => import("../specs/stage2_test.ts"),
];
const CASES = await collectCases(SPECS);

Deno.test("specs/RULES.md is up to date (deno task lvz rules --page >specs/RULES.md)", () => {
  assert(CASES.length > 1500, `there are only ${CASES.length} cases`);
  // The first line that differs says more than the whole page does.
  const [got, expected] = [page, rulesPage(CASES)].map((text) => text.split("\n"));
  const at = expected?.findIndex((line, i) => line !== got?.[i]) ?? -1;
  assertEquals(got?.[at], expected?.[at], `line ${at + 1}`);
  assertEquals(page, rulesPage(CASES));
});

Deno.test("the page has every rule's readings, what settles them, and why a rule is not testable", () => {
  assertMatch(page, /### LVZ-INV-02\n[^]*?\n- Disputed\. `everything` \(taken\): [^]*?\n- Settled by: /);
  assertMatch(page, /### LVZ-MMU-05\n[^]*?\n- Not testable: the machine has no caches/);
  assertMatch(page, /,\s0\stestable\sones\shave\sno\scase/);
});

Deno.test("a rule without a case says so by its count", () => {
  assertMatch(rulesPage([]), /\s\d\d\d\stestable\sones\shave\sno\scase/);
});
