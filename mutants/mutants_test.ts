import { assert, assertEquals } from "@std/assert";
import { isRuleId } from "../dsl/mod.ts";
import { mutantsByRule, uncovered, WITHOUT_MUTANT } from "./coverage.ts";
import { MUTANTS } from "./mutants.ts";

Deno.test("every testable rule has a mutant, or a reason why none makes sense", () => {
  assertEquals(uncovered(), []);
});

Deno.test("no rule has both a mutant and a reason to have none", () => {
  const counts = mutantsByRule();
  for (const id of Object.keys(WITHOUT_MUTANT)) {
    assert(isRuleId(id), `${id} is no rule`);
    assert(!counts.has(id), `${id} has a mutant`);
  }
});

Deno.test("mutants have names of their own and change something", () => {
  assertEquals(new Set(MUTANTS.map((m) => m.name)).size, MUTANTS.length);
  for (const { name, find, replace } of MUTANTS) assert(find !== replace, `${name} changes nothing`);
});
