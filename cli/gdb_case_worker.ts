/**
 * The thread of a case under a debugger.
 *
 * @module
 */
import { AssemblyErrors, type Program, ReferenceEngine } from "../core/mod.ts";
import type { AnyCase, Outcome } from "../dsl/mod.ts";
import { assembleCase } from "../dsl/program.ts";
import { report } from "../dsl/report.ts";
import { ChannelReader, DebuggedEngine } from "../gdb/mod.ts";
import { WORLD_SWITCHES } from "../vcpu/mod.ts";
import type { CaseNews, CaseOrder } from "./gdb_case.ts";
import { UsageError } from "./io.ts";
import { collectCases, type NamedCase } from "./spec_cases.ts";

/** The part of a worker's global scope that is used here. */
declare const self: {
  onmessage: ((event: MessageEvent<CaseOrder>) => void) | null;
  postMessage(news: CaseNews): void;
};

self.onmessage = async ({ data }) => {
  try {
    const found = choose(await collect(data.file), data.title);
    self.postMessage(debug(found, data));
  } catch (error) {
    if (!(error instanceof UsageError)) throw error;
    self.postMessage({ kind: "refused", message: error.message });
  }
};

async function collect(file: string): Promise<readonly NamedCase[]> {
  try {
    return await collectCases([file]);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new UsageError(`Cannot read the cases: ${error.message}`, { cause: error });
  }
}

function choose(cases: readonly NamedCase[], title: string): NamedCase {
  const exact = cases.filter((c) => c.title === title);
  const near = exact.length > 0 ? exact : cases.filter((c) => c.title.includes(title));
  const [first, second] = near;
  if (first === undefined) throw new UsageError(`Cannot find the case: no title contains "${title}"`);
  if (second !== undefined) {
    throw new UsageError(
      `Cannot choose a case: ${near.length} titles contain "${title}", such as "${first.title}" and "${second.title}"`,
    );
  }
  return first;
}

function debug({ title, test }: NamedCase, { memory, worldSwitch, isFirst }: CaseOrder): CaseNews {
  const reader = new ChannelReader(memory);
  const program = programOf(test.case);
  const engine = new DebuggedEngine({
    engine: new ReferenceEngine(),
    client: {
      receive: (wait) => reader.read(wait),
      send: (bytes) => self.postMessage({ kind: "output", bytes }),
    },
    from: "exits" in test.case && !isFirst ? "guest" : "first",
    place: (address) => placeText(program, address),
  });
  const worldSwitches = WORLD_SWITCHES.filter((s) => s.name === (worldSwitch ?? firstSwitch(test.case)));
  if (worldSwitches.length === 0) {
    const names = WORLD_SWITCHES.map((s) => s.name).join(", ");
    throw new UsageError(`Cannot use --switch: there is no world switch ${worldSwitch}: there are ${names}`);
  }
  self.postMessage({ kind: "found" });
  const outcomes = test.run({ engine, worldSwitches, traced: true });
  if (engine.wasKilled) return { kind: "ended", passed: true, text: `killed: ${title}` };
  const passed = outcomes.every((o) => o.problem === undefined);
  const text = passed
    ? `pass: ${title}${switchText(outcomes)}`
    : report(test.case, { title, place: test.place }, outcomes);
  engine.finish(passed ? 0 : 1, text);
  return { kind: "ended", passed, text };
}

/** The world switch that a case names first, or the first that there is. */
function firstSwitch(c: AnyCase): string | undefined {
  const named = "switches" in c && Array.isArray(c.switches) ? c.switches : [];
  return WORLD_SWITCHES.find((s) => named.length === 0 || named.includes(s.name))?.name;
}

function switchText(outcomes: readonly Outcome[]): string {
  return outcomes.map((o) => `, ${o.worldSwitch}`).join("");
}

/** The labels of a case's code, if it has some; the case itself reports what is wrong with it. */
function programOf(c: AnyCase): Program | undefined {
  if (!("code" in c) || typeof c.code !== "string") return undefined;
  try {
    return assembleCase(c.code, "");
  } catch (error) {
    if (error instanceof AssemblyErrors) return undefined;
    throw error;
  }
}

function placeText(program: Program | undefined, address: bigint): string | undefined {
  const symbol = program?.symbolAt(address);
  if (symbol === undefined) return undefined;
  return symbol.offset === 0n ? symbol.name : `${symbol.name}+0x${symbol.offset.toString(16)}`;
}
