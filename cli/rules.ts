/**
 * `lvz rules`: the rule list, with the cases of each rule and how they end.
 *
 * @module
 */
import { type Outcome, type Rule, type RuleId, RULES, rulesOf } from "../dsl/mod.ts";
import type { Command } from "./command.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import type { Arguments } from "./options.ts";
import { rulesPage } from "./rules_page.ts";
import { collectCases, type NamedCase } from "./spec_cases.ts";
import { type Style, styleFor } from "./style.ts";

/** A case and how it ended. */
interface CaseResult {
  readonly named: NamedCase;
  readonly result: "pass" | "fail" | "error";
}

/** The command. */
export const RULES_COMMAND: Command = {
  name: "rules",
  summary: "list the rules, their cases and their results",
  forms: ["[TEXT] [--cases] [--missing]", "--page"],
  options: [
    { name: "cases", text: "name the cases of each rule" },
    { name: "missing", text: "only rules that could be tested and have no case" },
    { name: "page", text: "the whole list as Markdown, which is specs/RULES.md; runs nothing" },
  ],
  details:
    `TEXT selects rules whose id contains it, as in ENTRY or KVM-12. Every case of specs/ is run. The exit status is 1 if a case
does not pass or a testable rule has none.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const [filter, ...rest] = args.positional;
  if (rest.length > 0) throw new UsageError(`Cannot list ${rest.join(" ")}: one selection at a time`);
  if (args.flag("page")) {
    if (filter !== undefined) throw new UsageError(`Cannot select ${filter}: the page has every rule`);
    io.out(rulesPage(await collectCases(await io.specFiles())));
    return EXIT.ok;
  }
  const ids = (Object.keys(RULES) as RuleId[]).filter((id) => id.includes(filter?.toUpperCase() ?? ""));
  if (ids.length === 0) throw new UsageError(`Cannot list rules: no id contains ${filter}`);
  const results = runAll(await collectCases(await io.specFiles()));
  const listed = args.flag("missing") ? ids.filter((id) => isMissing(id, results)) : ids;
  for (const id of listed) io.out(ruleText(id, results.get(id) ?? [], args.flag("cases"), styleFor(io)));
  io.out(summary(ids, results));
  return exitStatus(ids, results);
}

type Results = ReadonlyMap<RuleId, readonly CaseResult[]>;

function runAll(cases: readonly NamedCase[]): Results {
  const results = new Map<RuleId, CaseResult[]>();
  for (const named of cases) {
    const result = worst(named.test.run());
    for (const id of rulesOf(named.test.case)) results.set(id, [...results.get(id) ?? [], { named, result }]);
  }
  return results;
}

function worst(outcomes: readonly Outcome[]): CaseResult["result"] {
  const problems = outcomes.flatMap((o) => o.problem?.result ?? []);
  if (problems.includes("fail")) return "fail";
  return problems.length > 0 ? "error" : "pass";
}

function isMissing(id: RuleId, results: Results): boolean {
  return RULES[id].untestable === undefined && !results.has(id);
}

function ruleText(id: RuleId, cases: readonly CaseResult[], withCases: boolean, style: Style): string {
  const rule: Rule = RULES[id];
  const disputed = rule.disputed === undefined ? "" : "disputed";
  const head = [id.padEnd(14), rule.confidence.padEnd(7), disputed.padEnd(9), state(rule, cases, style)].join(
    " ",
  );
  const reason = rule.untestable === undefined ? "" : `\n    not testable: ${rule.untestable}`;
  const lines = withCases
    ? cases.map(({ named, result }) => `\n    ${result}  ${named.test.place}: ${named.title}`)
    : [];
  const disputes = [rule.disputed, rule.alsoDisputed].flatMap((d) => d === undefined ? [] : disputeText(d));
  return `${head}\n    ${style.dim(rule.text)}${disputes.join("")}${reason}${lines.join("")}\n`;
}

function disputeText({ readings, takes, chosen, settledBy }: NonNullable<Rule["disputed"]>): string {
  const others = Object.keys(readings).filter((name) => name !== takes).join(", ");
  const taken = new Map(Object.entries(readings)).get(takes);
  return `\n    taken: ${takes}, not ${others}: ${taken}\n    why: ${chosen}\n    settled by: ${settledBy}`;
}

function state(rule: Rule, cases: readonly CaseResult[], style: Style): string {
  if (cases.length === 0) return rule.untestable === undefined ? style.red("no case") : "not testable";
  const bad = cases.filter((c) => c.result !== "pass").length;
  const count = `${cases.length} case${cases.length === 1 ? "" : "s"}`;
  return bad === 0 ? `${count}, pass` : style.red(`${count}, ${bad} not passing`);
}

function summary(ids: readonly RuleId[], results: Results): string {
  const count = (condition: (id: RuleId) => boolean) => ids.filter(condition).length;
  const tested = count((id) => results.has(id));
  const untestable = count((id) => RULES[id].untestable !== undefined);
  const missing = count((id) => isMissing(id, results));
  return `${ids.length} rule${
    ids.length === 1 ? "" : "s"
  }: ${tested} with cases, ${untestable} not testable, ${missing} without a case\n`;
}

function exitStatus(ids: readonly RuleId[], results: Results): number {
  const bad = ids.some((id) => isMissing(id, results) || results.get(id)?.some((c) => c.result !== "pass"));
  return bad ? EXIT.failed : EXIT.ok;
}
