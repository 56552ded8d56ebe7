import { assert, assertEquals, assertMatch } from "@std/assert";
import { LEFT_OUT } from "./left_out.ts";
import { LA464, type LvzChoices } from "../../core/profile.ts";
import { isRuleId, type Rule, rule, RULE_TABLES, RULES, SOURCE_NAMES } from "./mod.ts";

const ENTRIES: readonly (readonly [string, Rule])[] = Object.entries(RULES);
const DISPUTES = ENTRIES.flatMap(([id, r]) =>
  [r.disputed, r.alsoDisputed].flatMap((d) => d === undefined ? [] : [{ id, ...d }])
);

/** The numbers from one to another, both included. */
function upTo(last: number, first = 1): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i);
}

/**
 * The ids as counted in the fact sheets: sections 1 to 9 of the one about LVZ in full, and of the protocols those that a
 * test can observe. Written by hand, so that a rule lost from a table is noticed.
 */
const AREAS: readonly { readonly area: string; readonly numbers: readonly number[] }[] = [
  { area: "LVZ-DET", numbers: upTo(7) },
  { area: "LVZ-CSR", numbers: upTo(14) },
  { area: "LVZ-INSN", numbers: upTo(12) },
  { area: "LVZ-GCSR", numbers: upTo(16) },
  { area: "LVZ-GUEST", numbers: upTo(11) },
  { area: "LVZ-ENTRY", numbers: upTo(16) },
  { area: "LVZ-EXIT", numbers: upTo(29) },
  { area: "LVZ-MMU", numbers: upTo(16) },
  { area: "LVZ-TLB", numbers: upTo(13) },
  { area: "LVZ-INV", numbers: upTo(7) },
  { area: "LVZ-INT", numbers: upTo(12) },
  { area: "LVZ-TIME", numbers: upTo(17) },
  { area: "LVZ-LL", numbers: upTo(4) },
  { area: "LVZ-FP", numbers: upTo(4) },
  { area: "LVZ-PMU", numbers: upTo(5) },
  { area: "LVZ-WATCH", numbers: upTo(3) },
  { area: "BASE-CSR", numbers: upTo(4) },
  { area: "BASE-PRIO", numbers: upTo(6) },
  { area: "BASE-PMU", numbers: upTo(5) },
  { area: "BASE-WATCH", numbers: upTo(11) },
  { area: "BASE-MERR", numbers: upTo(4) },
  { area: "BASE-TIME", numbers: upTo(6) },
  { area: "BASE-TLB", numbers: upTo(3) },
  {
    area: "PROTO-KVM",
    numbers: [
      ...[...upTo(4), ...upTo(13, 10), ...upTo(22, 20), ...upTo(35, 30), ...upTo(40, 37), ...upTo(53, 50)],
      ...[60, 61, 62, 63, 64, 66],
    ],
  },
  { area: "PROTO-AV5", numbers: upTo(12) },
  { area: "PROTO-AV13", numbers: [9, 10, 12] },
  { area: "PROTO-HV", numbers: upTo(10) },
];

Deno.test("RULES has exactly the ids of the fact sheets, in order", () => {
  const expected = AREAS.flatMap(({ area, numbers }) =>
    numbers.map((n) => `${area}-${String(n).padStart(2, "0")}`)
  );
  assertEquals(ENTRIES.map(([id]) => id), expected);
});

/** The numbers that the fact sheet about software protocols has. */
const PROTOCOLS: readonly { readonly area: string; readonly numbers: readonly number[] }[] = [
  {
    area: "PROTO-KVM",
    numbers: [
      ...[...upTo(4), ...upTo(15, 10), ...upTo(22, 20), ...upTo(40, 30), ...upTo(55, 50), ...upTo(66, 60)],
      ...[...upTo(72, 70), 80],
    ],
  },
  { area: "PROTO-AV5", numbers: upTo(12) },
  { area: "PROTO-AV13", numbers: upTo(14) },
  { area: "PROTO-HV", numbers: upTo(11) },
  { area: "PROTO-ARM", numbers: upTo(6) },
];

Deno.test("every entry of the fact sheet about protocols is a rule, or left out with a reason", () => {
  const expected = PROTOCOLS.flatMap(({ area, numbers }) =>
    numbers.map((n) => `${area}-${String(n).padStart(2, "0")}`)
  );
  const rules = ENTRIES.map(([id]) => id).filter((id) => id.startsWith("PROTO-"));
  assertEquals([...rules, ...Object.keys(LEFT_OUT)].toSorted(), expected.toSorted());
  for (const reason of Object.values(LEFT_OUT)) assert(reason.length > 0);
});

Deno.test("sections 1 to 9 of the fact sheet have 183 rules; LVZ-PMU-05, LVZ-WATCH-02 and -03 were found since", () => {
  assertEquals(ENTRIES.filter(([id]) => id.startsWith("LVZ-")).length, 186);
});

Deno.test("every id is well-formed and belongs to one table", () => {
  const ids = RULE_TABLES.flatMap((table) => Object.keys(table));
  for (const id of ids) assertMatch(id, /^(?:(?:LVZ|BASE)-[A-Z]+|PROTO-(?:KVM|AV5|AV13|HV))-\d\d$/);
  assertEquals(new Set(ids).size, ids.length);
  assertEquals(ids.length, ENTRIES.length);
});

Deno.test("every text is a sentence that ends with a period, and says it once", () => {
  for (const [id, { text }] of ENTRIES) {
    assertMatch(text, /^\S.*[^.]\.$/s, id);
    assert(!text.includes("  "), `${id} has two spaces in a row`);
    assert(text.split(". ").length <= 3, `${id} has more than three sentences`);
  }
  assertEquals(new Set(ENTRIES.map(([, r]) => r.text)).size, ENTRIES.length);
});

Deno.test("every rule has a source, each once, and each begins with a known name", () => {
  const names = Object.keys(SOURCE_NAMES);
  for (const [id, { sources }] of ENTRIES) {
    assert(sources.length > 0, `${id} has no source`);
    assertEquals(new Set(sources).size, sources.length, `${id} repeats a source`);
    for (const source of sources) {
      assert(
        names.some((name) => source.startsWith(`${name} `) || source.startsWith(`${name}: `)),
        `${id}: ${source}`,
      );
    }
  }
});

Deno.test("every rule of low confidence says what this bench does", () => {
  for (const [id, r] of ENTRIES) {
    if (r.confidence === "low") assertMatch(r.text, /[Tt]his bench/, id);
  }
});

Deno.test("every dispute has two readings or more, takes one of them and says why", () => {
  for (const { id, readings, takes, chosen } of DISPUTES) {
    assert(Object.keys(readings).length >= 2, `${id} has one reading only`);
    assert(Object.hasOwn(readings, takes), `${id} takes ${takes}, which is no reading of it`);
    assert(chosen.length > 0, `${id} does not say why`);
  }
});

Deno.test("every dispute names the observation on silicon that would settle it", () => {
  for (const { id, settledBy } of DISPUTES) {
    assert(settledBy.length > 20, `${id} does not say what would settle it`);
    assert(!settledBy.endsWith("."), `${id}: ${settledBy}`);
  }
});

Deno.test("a dispute with a setting takes what the default profile takes", () => {
  for (const { id, setting, takes } of DISPUTES) {
    if (setting !== undefined) assertEquals(takes, LA464.lvz[setting], id);
  }
});

Deno.test("every profile setting belongs to a disputed rule", () => {
  const used = new Set(DISPUTES.map((d) => d.setting));
  const unused = Object.keys(LA464.lvz).filter((name) => !used.has(name as keyof LvzChoices));
  assertEquals(unused, []);
});

Deno.test("every conflict of the fact sheet is folded into a rule", () => {
  const mentioned = new Set(DISPUTES.flatMap((d) => d.chosen.match(/LVZ-CONF-\d\d/g) ?? []));
  const expected = upTo(34).map((n) => `LVZ-CONF-${String(n).padStart(2, "0")}`);
  assertEquals([...mentioned].toSorted(), expected);
});

Deno.test("every rule id that a text refers to exists", () => {
  for (const [id, r] of ENTRIES) {
    const prose = [
      r.text,
      r.untestable ?? "",
      r.disputed?.chosen ?? "",
      ...Object.values(r.disputed?.readings ?? {}),
    ];
    const named = prose.join(" ").match(/\b(?:LVZ|BASE|PROTO)-[A-Z0-9]+-\d\d/g) ?? [];
    for (const other of named) {
      assert(other.startsWith("LVZ-CONF-") || isRuleId(other), `${id} names ${other}`);
    }
  }
});

Deno.test("rule() finds a rule by its id, and isRuleId() tells ids from other names", () => {
  assertEquals(rule("LVZ-ENTRY-01"), RULES["LVZ-ENTRY-01"]);
  assert(isRuleId("PROTO-HV-05"));
  assert(!isRuleId("LVZ-ENTRY-17"));
  assert(!isRuleId("toString"));
});
