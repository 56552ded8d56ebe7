/**
 * `lvz export`: cases of the specs as a state file, for other drivers.
 *
 * @module
 */
import { printStates, type State, stateOfCase } from "../drivers/mod.ts";
import type { Command } from "./command.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import type { Arguments } from "./options.ts";
import { collectCases, type NamedCase } from "./spec_cases.ts";

/** The command. */
export const EXPORT: Command = {
  name: "export",
  summary: "print the specs' cases in host mode as a state file",
  forms: ["[--only TEXT] > states.json"],
  options: [{
    name: "only",
    value: "TEXT",
    text: "only cases whose title has this text, or whose rule has this id",
  }],
  details:
    `A state has what a case starts from and no result: let a driver that you trust answer, as in lvz run --json.
Cases of guest code need a hypervisor and are left out; so are those that drive interrupt lines, raise machine errors or choose readings.
Standard error says how many.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const [odd] = args.positional;
  if (odd !== undefined) throw new UsageError(`Cannot export ${odd}: the specs are what is exported`);
  const all = await collectCases(await io.specFiles());
  const only = args.text("only");
  const chosen = only === undefined ? all : all.filter((c) => isMeant(c, only));
  if (chosen.length === 0) {
    throw new UsageError(
      `Cannot export: no case${only === undefined ? " is there" : ` has ${JSON.stringify(only)}`}`,
    );
  }
  const { states, reasons } = convert(chosen);
  if (states.length > 0) io.out(printStates(states));
  io.err(`${states.length} of ${chosen.length} cases are states\n`);
  for (const [reason, count] of reasons) io.err(`  ${count} not: ${reason}\n`);
  return states.length > 0 ? EXIT.ok : EXIT.failed;
}

function isMeant({ title, test }: NamedCase, text: string): boolean {
  return title.includes(text) || [test.case.rule].flat().some((id) => id === text);
}

/** The states, and how often each reason stood against one. */
interface Converted {
  readonly states: readonly State[];
  readonly reasons: ReadonlyMap<string, number>;
}

function convert(cases: readonly NamedCase[]): Converted {
  const states = new Map<string, State>();
  const reasons = new Map<string, number>();
  for (const { title, test } of cases) {
    const made = stateOfCase(unusedId(title, states), test.case);
    if (made.kind === "state") states.set(made.state.id, made.state);
    else reasons.set(made.reason, (reasons.get(made.reason) ?? 0) + 1);
  }
  return { states: [...states.values()], reasons };
}

/** Titles are ids, with a number where two cases share one. */
function unusedId(title: string, used: ReadonlyMap<string, State>): string {
  if (!used.has(title)) return title;
  for (let n = 2;; n++) {
    if (!used.has(`${title} (${n})`)) return `${title} (${n})`;
  }
}
