/**
 * The cases of the whole suite.
 *
 * @module
 */
import { collectCases, type NamedCase } from "../cli/spec_cases.ts";
import { FIRST_RANK, REST, type SpecImport } from "../specs/files.ts";
import type { WorldSwitch } from "../vcpu/mod.ts";
import { concerns, type SuiteCase } from "./run.ts";

/** How much of the suite. */
export type Extent = "first rank" | "everything";

/** Specs are modules, which hand over their cases when they are first imported: what they said is kept. */
const COLLECTED = new Map<readonly SpecImport[], Promise<readonly NamedCase[]>>();

function collected(files: readonly SpecImport[]): Promise<readonly NamedCase[]> {
  let cases = COLLECTED.get(files);
  if (cases === undefined) COLLECTED.set(files, cases = collectCases(files));
  return cases;
}

/** The cases that are about a world switch. */
export async function suiteFor(worldSwitch: WorldSwitch, extent: Extent): Promise<readonly SuiteCase[]> {
  const first = await collected(FIRST_RANK);
  const cases = extent === "everything" ? [...first, ...await collected(REST)] : first;
  return cases.flatMap(({ title, test }) => concerns(test, worldSwitch) ? [{ title, test }] : []);
}
