/**
 * `lvz run` of state files: prints what each state becomes, or compares it with the result that the file records.
 *
 * @module
 */
import { ENGINE_NAMES, MachineDriver, printStates, type State } from "../drivers/mod.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, optionName, type OptionSpec, parseCount } from "./options.ts";
import { readStateFiles } from "./state_files.ts";
import {
  brokenReport,
  failureReport,
  historyText,
  type RanState,
  resultReport,
  sameResult,
} from "./state_report.ts";
import { styleFor } from "./style.ts";
import { parseTraceLength, Tracer } from "./trace.ts";

/** The options that only state files have. */
export const STATE_OPTIONS: readonly OptionSpec[] = [
  { name: "only", value: "ID", text: "run only this state of a state file" },
  { name: "json", text: "print states with their results as a state file, ready to store" },
  { name: "engine", value: "NAME", text: `what executes states: ${ENGINE_NAMES.join(", ")}` },
];
/** How many instructions a failure shows. */
const SHOWN = 8;

/** What the options say. */
interface StateSettings {
  readonly only: string | undefined;
  readonly json: boolean;
  readonly trace: number | undefined;
  readonly budget: number | undefined;
  readonly driver: MachineDriver;
}

/**
 * Runs the states of some files.
 *
 * @param foreign the options that only programs have
 * @returns the exit status: 1 if a state has no result or another one than its file records
 */
export async function runStates(
  args: Arguments,
  io: Io,
  paths: readonly string[],
  foreign: readonly string[],
): Promise<number> {
  const odd = foreign.find((name) => args.text(name) !== undefined);
  if (odd !== undefined) throw new UsageError(`Cannot use ${optionName(odd)}: a state file says it itself`);
  const settings = readSettings(args);
  const files = await readStateFiles(io, paths, settings.only);
  const all = files.flatMap(({ path, states }) => states.map((state) => ({ path, state })));
  const report = new Reporter(io, settings.json, settings.trace !== undefined);
  for (const { path, state } of all) report.state(runState(path, state, settings));
  return report.finish();
}

function readSettings(args: Arguments): StateSettings {
  const budget = args.text("budget");
  const trace = args.text("trace");
  return {
    only: args.text("only"),
    json: args.flag("json"),
    trace: trace === undefined ? undefined : parseTraceLength(trace),
    budget: budget === undefined ? undefined : parseCount("--budget", budget),
    driver: makeDriver(args.text("engine")),
  };
}

function makeDriver(engine: string | undefined): MachineDriver {
  try {
    return new MachineDriver(engine === undefined ? {} : { engine });
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
}

function runState(path: string, recorded: State, { driver, trace, budget }: StateSettings): RanState {
  const state = budget === undefined ? recorded : { ...recorded, budget };
  const tracer = trace === undefined || trace === 0 ? undefined : new Tracer(trace);
  const run = driver.run(state, tracer === undefined ? undefined : (m) => tracer.before(m));
  const history = trace === 0 ? [] : tracer?.last(run.machine) ?? run.machine.history.last(SHOWN);
  return { path, state, run, driver: driver.name, history };
}

/** Prints reports as they come, and counts. */
class Reporter {
  readonly #io: Io;
  readonly #json: boolean;
  readonly #traces: boolean;
  readonly #results: State[] = [];
  #agreed = 0;
  #failed = 0;

  /** @param traces true to show the last instructions of states that do not fail, too */
  constructor(io: Io, json: boolean, traces: boolean) {
    this.#io = io;
    this.#json = json;
    this.#traces = traces;
  }

  state(ran: RanState): void {
    const style = styleFor(this.#io);
    const { answer } = ran.run;
    const { result: expected, ...bare } = ran.state;
    if (answer.kind === "broken") {
      this.#fail(brokenReport(ran, answer.reason, style));
      this.#results.push(bare);
      return;
    }
    const got = answer.result;
    this.#results.push({ ...bare, result: got });
    if (expected === undefined) {
      if (!this.#json) this.#io.out(resultReport(ran, got, style));
    } else if (!sameResult(ran, got, expected)) {
      return this.#fail(failureReport(ran, got, expected, style));
    } else this.#agreed++;
    if (this.#traces) this.#io.err(historyText(ran));
  }

  #fail(report: string): void {
    this.#failed++;
    this.#io.err(report);
  }

  finish(): number {
    if (this.#json) this.#io.out(printStates(this.#results));
    else if (this.#agreed + this.#failed > 0) this.#io.out(this.#summary());
    return this.#failed === 0 ? EXIT.ok : EXIT.failed;
  }

  #summary(): string {
    const states = (count: number, verb: string, plural: string) =>
      `${count} ${count === 1 ? `state ${verb}` : `states ${plural}`}`;
    const agreed = `${states(this.#agreed, "becomes", "become")} what is recorded`;
    return this.#failed === 0 ? `${agreed}\n` : `${agreed}, ${states(this.#failed, "does", "do")} not\n`;
  }
}
