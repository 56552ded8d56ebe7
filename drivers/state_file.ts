/**
 * State files: states as JSON, one object or a list of them. `drivers/README.md` describes the format.
 *
 * @module
 */
import { JsonPlace } from "./json_place.ts";
import { parseJson } from "./json_text.ts";
import type { State } from "./state.ts";
import { stateText } from "./state_print.ts";
import { readState } from "./state_read.ts";

export { StateFileError } from "./json_text.ts";
export { DEFAULT_BUDGET } from "./state_read.ts";

const MOST_STATES = 1_000_000;

/**
 * Reads a state file.
 *
 * @param file its name, for errors
 * @throws {StateFileError} with the file, the place in the JSON and the value of whatever is wrong
 *
 * @example
 * ```ts
 * import { parseStates } from "./state_file.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const [state] = parseStates('{ "id": "nop", "mode": "host", "host": { "pc": "0x100000" } }', "nop.json");
 * assertEquals(state?.host.pc, 0x100000n);
 * ```
 */
export function parseStates(text: string, file: string): readonly State[] {
  const root = new JsonPlace(parseJson(text, file), "", file);
  const places = Array.isArray(root.value) ? root.elements(MOST_STATES) : [root];
  if (places.length === 0) root.fail("it has no states");
  const ids = new Set<string>();
  return places.map((place) => {
    const state = readState(place);
    if (ids.has(state.id)) place.fail(`id ${JSON.stringify(state.id)} is used by another state as well`);
    ids.add(state.id);
    return state;
  });
}

/**
 * States as the text of a state file, a list. What {@linkcode parseStates} reads of it equals the states.
 */
export function printStates(states: readonly State[]): string {
  return `[\n${states.map((state) => `  ${stateText(state, "  ")}`).join(",\n")}\n]\n`;
}
