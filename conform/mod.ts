/**
 * The conformance suite against your own world switch, as tests of your own.
 *
 * @module
 */
import type { SwitchDescription } from "../dsl/switch/description.ts";
import { describedSwitch } from "../dsl/switch/world_switch.ts";
import { placeInStack } from "../dsl/report.ts";
import { runCase } from "./run.ts";
import { type Extent, suiteFor } from "./suite.ts";

export type {
  Call,
  ContextLayout,
  Exits,
  Offset,
  Operand,
  SwitchCode,
  SwitchDescription,
  SwitchObject,
  SwitchPromises,
} from "../dsl/switch/description.ts";
export { describedSwitch } from "../dsl/switch/world_switch.ts";
export type { Extent } from "./suite.ts";

/**
 * Registers a test for each case of the suite, with the described world switch in place of the bench's own.
 *
 * @param extent the areas that every hypervisor meets first, or every case
 * @throws {RangeError} if the description names what is not there
 *
 * @example
 * ```ts ignore
 * import { conform } from "@lvz/bench/conform";
 * import description from "./my_switch.ts";
 *
 * await conform(description);
 * ```
 */
export async function conform(description: SwitchDescription, extent: Extent = "everything"): Promise<void> {
  const caller = new Error();
  Error.captureStackTrace(caller, conform);
  const command = `deno test ${placeInStack(caller.stack).replace(/:\d+$/, "")} --filter`;
  const worldSwitch = describedSwitch(description);
  for (const one of await suiteFor(worldSwitch, extent)) {
    Deno.test(one.title, () => runCase(one, worldSwitch, command));
  }
}
