/**
 * The rule list as a page: every rule with its sources, its readings and its cases, in Markdown that `deno fmt` leaves alone.
 *
 * @module
 */
import { type FixedDispute, type Rule, RULE_TABLES, type RuleId, RULES, rulesOf } from "../dsl/mod.ts";
import { LEFT_OUT } from "../dsl/rules/left_out.ts";
import type { NamedCase } from "./spec_cases.ts";

/** What the numbers of each area are about. */
const AREAS: Readonly<Record<string, string>> = {
  "LVZ-DET": "Detection",
  "LVZ-CSR": "Control registers",
  "LVZ-INSN": "Instructions",
  "LVZ-GCSR": "Guest copies of CSRs",
  "LVZ-GUEST": "Guest mode",
  "LVZ-ENTRY": "Entry",
  "LVZ-EXIT": "Exit",
  "LVZ-MMU": "Two-stage translation",
  "LVZ-TLB": "TLB",
  "LVZ-INV": "invtlb",
  "LVZ-INT": "Interrupts",
  "LVZ-TIME": "Timer and counter",
  "LVZ-LL": "LLbit",
  "LVZ-FP": "Floating point and vectors",
  "LVZ-PMU": "Performance counters",
  "LVZ-WATCH": "Watchpoints",
  "BASE-CSR": "Base architecture, CSRs",
  "BASE-PRIO": "Base architecture, priority of exceptions",
  "BASE-PMU": "Base architecture, performance counters",
  "BASE-WATCH": "Base architecture, watchpoints",
  "BASE-MERR": "Base architecture, machine errors",
  "BASE-TIME": "Base architecture, timer",
  "BASE-TLB": "Base architecture, TLB",
  "PROTO-KVM": "Linux KVM",
  "PROTO-AV5": "ArceOS loongarch_vcpu 0.5.5",
  "PROTO-AV13": "ArceOS loongarch_vcpu, later releases",
  "PROTO-HV": "hvisor",
};

/** Titles shown for a rule; the rest is counted. */
const SHOWN_TITLES = 4;

/** The line width of the project. */
const WIDTH = 110;
/** Words; a span of code counts as one, with what is attached to it. */
const WORDS = /(?:`+[^`]*`+|[^\s`])+/g;

const HEAD = `# Rules

Every rule that the cases of this folder are about, in the order of [dsl/rules/](../dsl/rules/). This page is generated: \`deno task lvz rules --page >specs/RULES.md\`. [README.md](README.md) says how to add or contest a rule; \`deno task lvz rules\` runs the cases and prints how they end.
`;

/** The page. */
export function rulesPage(cases: readonly NamedCase[]): string {
  const ids = Object.keys(RULES) as RuleId[];
  const byRule = casesByRule(cases);
  const sections = RULE_TABLES.map((table) => Object.keys(table) as RuleId[]).map((own) =>
    areaSection(own, byRule)
  );
  return [
    HEAD,
    summary(ids, byRule),
    untestableSection(ids),
    disputedSection(ids),
    ...sections,
    leftOutSection(),
  ]
    .map(wrapped).join("\n");
}

type CasesByRule = ReadonlyMap<RuleId, readonly NamedCase[]>;

function casesByRule(cases: readonly NamedCase[]): CasesByRule {
  const found = new Map<RuleId, NamedCase[]>();
  for (const c of cases) {
    for (const id of rulesOf(c.test.case)) found.set(id, [...found.get(id) ?? [], c]);
  }
  return found;
}

function ruleOf(id: RuleId): Rule {
  return RULES[id];
}

function summary(ids: readonly RuleId[], cases: CasesByRule): string {
  const untestable = ids.filter((id) => ruleOf(id).untestable !== undefined).length;
  const disputed = ids.filter((id) => ruleOf(id).disputed !== undefined).length;
  const missing = ids.filter((id) => ruleOf(id).untestable === undefined && !cases.has(id)).length;
  const confidence = (["high", "medium", "low"] as const).map((level) =>
    `${ids.filter((id) => ruleOf(id).confidence === level).length} of ${level} confidence`
  );
  return `${ids.length} rules: ${confidence.join(", ")}; ${untestable} cannot be tested, ${missing} ` +
    `testable ones have no case, ${disputed} are disputed.\n`;
}

function untestableSection(ids: readonly RuleId[]): string {
  const lines = ids.flatMap((id) => {
    const reason = ruleOf(id).untestable;
    return reason === undefined ? [] : [`- ${link(id)}: ${prose(reason)}\n`];
  });
  return `## Not testable\n\n${lines.join("")}`;
}

function disputedSection(ids: readonly RuleId[]): string {
  const lines = ids.flatMap((id) => {
    const { disputed, confidence } = ruleOf(id);
    if (disputed === undefined) return [];
    const others = Object.keys(disputed.readings).filter((name) => name !== disputed.takes);
    return [`- ${link(id)} (${confidence}): ${code(disputed.takes)}, not ${others.map(code).join(" or ")}\n`];
  });
  return `## Disputed\n\n${lines.join("")}`;
}

function leftOutSection(): string {
  const lines = Object.entries(LEFT_OUT).map(([id, reason]) => `- ${id}: ${prose(reason)}\n`);
  return `## Left out\n\nNumbers of the protocols that are no rules here.\n\n${lines.join("")}`;
}

function areaSection(ids: readonly RuleId[], cases: CasesByRule): string {
  const area = areaOf(ids[0] ?? "");
  const rules = ids.map((id) => ruleSection(id, cases.get(id) ?? []));
  return `## ${AREAS[area] ?? area} (${area})\n\n${rules.join("\n")}`;
}

function areaOf(id: string): string {
  return id.replace(/-\d+$/, "");
}

function ruleSection(id: RuleId, cases: readonly NamedCase[]): string {
  const { text, confidence, sources, disputed, alsoDisputed, untestable } = ruleOf(id);
  const lines = [
    `Confidence: ${confidence}.`,
    `Sources: ${sources.map(prose).join("; ")}.`,
    ...(disputed === undefined ? [] : disputeLines(disputed, disputed.setting)),
    ...(alsoDisputed === undefined ? [] : disputeLines(alsoDisputed)),
    ...(untestable === undefined ? [] : [`Not testable: ${prose(untestable)}.`]),
    ...(cases.length === 0 ? [] : [caseLine(cases)]),
  ];
  return `### ${id}\n\n${prose(text)}\n\n${lines.map((line) => `- ${line}\n`).join("")}`;
}

function disputeLines(
  { readings, takes, chosen, settledBy }: Pick<FixedDispute, "readings" | "takes" | "chosen" | "settledBy">,
  setting?: string,
): readonly string[] {
  const texts = Object.entries(readings).map(([name, text]) =>
    `${code(name)}${name === takes ? " (taken)" : ""}: ${prose(text)}`
  );
  const choice = setting === undefined ? "" : ` A case chooses with ${code(`choices: { ${setting} }`)}.`;
  return [
    `Disputed. ${texts.join("; ")}.${choice}`,
    `Why: ${prose(chosen)}.`,
    `Settled by: ${prose(settledBy)}.`,
  ];
}

function caseLine(cases: readonly NamedCase[]): string {
  const titles = cases.slice(0, SHOWN_TITLES).map((c) => code(c.title));
  const files = [...new Set(cases.map((c) => c.test.place.replace(/:\d+$/, "")))];
  const more = cases.length > SHOWN_TITLES ? `; ${cases.length - SHOWN_TITLES} more` : "";
  const count = `${cases.length} case${cases.length === 1 ? "" : "s"}`;
  return `${count} in ${files.map(fileLink).join(", ")}: ${titles.join("; ")}${more}.`;
}

function fileLink(place: string): string {
  const name = place.replace(/^specs\//, "");
  return `[${name}](${name})`;
}

function link(id: RuleId): string {
  return `[${id}](#${id.toLowerCase()})`;
}

/** A span of code, whose own backticks become quotes. */
function code(text: string): string {
  return `\`${text.replaceAll("`", "'")}\``;
}

/** Text in which Markdown finds nothing of its own. */
function prose(text: string): string {
  return text.replace(/[*_<>[\]`]/g, "\\$&").replace(/\\_/g, "_");
}

/** Breaks paragraphs and list items as `deno fmt` does: at spaces, but not within code or the text of a link. */
function wrapped(section: string): string {
  return section.split("\n").map(wrapLine).join("\n");
}

function wrapLine(line: string): string {
  if (line.length <= WIDTH || line.startsWith("#")) return line;
  const indent = line.startsWith("- ") ? "  " : "";
  const lines: string[] = [];
  let current = "";
  for (const word of line.match(WORDS) ?? []) {
    const longer = current === "" ? word : `${current} ${word}`;
    if (longer.length <= WIDTH || current === "") {
      current = longer;
      continue;
    }
    lines.push(current);
    current = indent + word;
  }
  return [...lines, current].join("\n");
}
