/**
 * `lvz conform`: the conformance suite against a described world switch.
 *
 * @module
 */
import { runCase } from "../conform/run.ts";
import { suiteFor } from "../conform/suite.ts";
import { describedSwitch } from "../dsl/switch/world_switch.ts";
import { CaseError, CaseFailure } from "../dsl/errors.ts";
import type { WorldSwitch } from "../vcpu/mod.ts";
import type { SwitchDescription } from "../dsl/switch/description.ts";
import type { Command } from "./command.ts";
import { readDescription } from "./description_file.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseCount } from "./options.ts";
import { styleFor } from "./style.ts";

const DEFAULT_REPORTS = 3;

/** The command. */
export const CONFORM: Command = {
  name: "conform",
  summary: "run the conformance suite against a world switch of your own",
  forms: ["DESCRIPTION.ts [--first] [--only TEXT] [--reports N]"],
  options: [
    { name: "first", text: "only the areas that every hypervisor meets first" },
    { name: "only", value: "TEXT", text: "only cases whose title has this text" },
    { name: "reports", value: "N", text: `how many failures to print whole (default ${DEFAULT_REPORTS})` },
  ],
  details:
    `DESCRIPTION.ts is a module whose default export describes the world switch: README, "Test your own world switch".
The exit status is 1 if a case fails.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const [path, ...rest] = args.positional;
  if (path === undefined) throw new UsageError("Cannot run the suite: no description is named");
  if (rest.length > 0) throw new UsageError(`Cannot run the suite on ${rest.join(" ")}: one at a time`);
  const worldSwitch = usable(await readDescription(path), path);
  const reports = args.text("reports");
  const shown = reports === undefined ? DEFAULT_REPORTS : parseCount("--reports", reports);
  const only = args.text("only") ?? "";
  const all = await suiteFor(worldSwitch, args.flag("first") ? "first rank" : "everything");
  const cases = all.filter(({ title }) => title.includes(only));
  if (cases.length === 0) throw new UsageError(`Cannot run the suite: no case has ${JSON.stringify(only)}`);
  let failures = 0;
  for (const one of cases) {
    try {
      runCase(one, worldSwitch, `deno task lvz conform ${path} --only`);
    } catch (error) {
      if (!(error instanceof CaseFailure || error instanceof CaseError)) throw error;
      if (failures++ < shown) io.out(`${styleFor(io).red(error.name)}: ${error.message}\n\n`);
    }
  }
  const more = failures > shown ? ` (${failures - shown} reports not shown)` : "";
  io.out(`${worldSwitch.name}: ${cases.length - failures} of ${cases.length} cases pass${more}\n`);
  return failures === 0 ? EXIT.ok : EXIT.failed;
}

/** The description as a world switch; what is wrong with it is the user's. */
function usable(description: SwitchDescription, path: string): WorldSwitch {
  try {
    return describedSwitch(description);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new UsageError(`Cannot use ${path}: ${error.message}`, { cause: error });
  }
}
