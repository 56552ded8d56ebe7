/**
 * `deno run --allow-read mutants/stale.ts`: which mutants do not fit the source any more. Takes a moment, so that a change finds out before CI does.
 *
 * @module
 */
import { mutate, StaleMutant } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";

const ROOT = new URL("../", import.meta.url);

/** One text a mutant that does not fit its source. */
function staleMutants(): readonly string[] {
  const stale: string[] = [];
  for (const mutant of MUTANTS) {
    try {
      mutate(mutant, Deno.readTextFileSync(new URL(mutant.file, ROOT)));
    } catch (error) {
      if (!(error instanceof StaleMutant)) throw error;
      stale.push(error.message);
    }
  }
  return stale;
}

if (import.meta.main) {
  const stale = staleMutants();
  for (const text of stale) console.error(text);
  Deno.exitCode = stale.length > 0 ? 1 : 0;
}
