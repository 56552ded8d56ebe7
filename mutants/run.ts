/**
 * `deno task mutants [TEXT]`: runs the specs against every mutant (or those whose name, file or rule contains TEXT) and prints which case killed it, and how
 * many mutants each rule has. Exit status 1 if one survives, 2 if one does not fit the source any more.
 *
 * @module
 */
import { bold, red } from "@std/fmt/colors";
import { type Mutant, mutate, StaleMutant } from "./mutant.ts";
import { MUTANTS } from "./mutants.ts";
import { coverage } from "./coverage.ts";
import type { WorkerResult } from "./worker.ts";

const ROOT = new URL("../", import.meta.url);
const WORKERS = 2;

/** Imports of a file that moves must not be relative any more. */
function absoluteImports(source: string, file: string): string {
  return source.replace(/(from\s+|import\s+)"(\.{1,2}\/[^"]+)"/g, (_all, keyword: string, path: string) => {
    return `${keyword}"${new URL(path, new URL(file, ROOT)).href}"`;
  });
}

/** Writes the import map, with the mutated file in the place of the original if there is one; returns the map's path. */
async function prepare(mutant: Mutant | undefined, directory: string): Promise<string> {
  const config = JSON.parse(await Deno.readTextFile(new URL("deno.json", ROOT)));
  const imports = Object.fromEntries(
    Object.entries(config.imports as Record<string, string>).map(([k, v]) => [k, new URL(v, ROOT).href]),
  );
  if (mutant !== undefined) {
    const url = new URL(mutant.file, ROOT);
    const source = mutate(mutant, await Deno.readTextFile(url));
    const mutated = `${directory}/mutant.ts`;
    await Deno.writeTextFile(mutated, absoluteImports(source, mutant.file));
    imports[url.href] = new URL(`file://${mutated}`).href;
  }
  const map = `${directory}/map.json`;
  await Deno.writeTextFile(map, JSON.stringify({ imports }));
  return map;
}

/** The URLs of the spec files. */
async function specFiles(): Promise<readonly string[]> {
  const files: string[] = [];
  for await (const { name } of Deno.readDir(new URL("specs/", ROOT))) {
    if (name.endsWith("_test.ts") || name === "full.ts") files.push(new URL(`specs/${name}`, ROOT).href);
  }
  return files.sort();
}

/** Runs the specs in a process of their own, with a mutant in place or none; the files in `first` come before the others. */
async function attack(
  mutant: Mutant | undefined,
  first: readonly string[],
  specs: readonly string[],
): Promise<WorkerResult> {
  const directory = await Deno.makeTempDir({ prefix: "lvz-mutant-" });
  try {
    const map = await prepare(mutant, directory);
    const worker = new URL("worker.ts", import.meta.url).href;
    const options = ["run", "--quiet", "--no-check", "--no-lock", `--import-map=${map}`, "--allow-read"];
    const args = [...options, worker, mutant?.rule ?? "", `${first.length}`, ...first, ...specs];
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), { args, env: { NO_COLOR: "1" } })
      .output();
    const text = new TextDecoder().decode(stdout);
    if (text !== "") return JSON.parse(text) as WorkerResult;
    throw new StaleMutant(
      `Cannot run mutant "${mutant?.name ?? "none"}": ${new TextDecoder().decode(stderr)}`,
    );
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

function line(mutant: Mutant, result: WorkerResult): string {
  const name = mutant.name.padEnd(64);
  if (result.killedBy === undefined) {
    return `${red("survived")}  ${name} ${mutant.rule} (${result.cases} cases)`;
  }
  const whose = result.isOwn ? "" : " (a case of another rule)";
  return `killed    ${name} ${mutant.rule}, by ${result.place}: ${result.killedBy}${whose}`;
}

async function main(filter: string | undefined): Promise<number> {
  const chosen = MUTANTS.filter((m) =>
    filter === undefined || m.name.includes(filter) || m.file.includes(filter) || m.rule.includes(filter)
  );
  const specs = await specFiles();
  const unharmed = await attack(undefined, [], specs);
  if (unharmed.killedBy !== undefined) {
    console.log(red(`Cannot judge mutants: without one, this case does not pass: ${unharmed.killedBy}`));
    return 2;
  }
  const queue = [...chosen];
  let [survivors, stale, strangers] = [0, 0, 0];
  const work = async () => {
    for (let mutant = queue.shift(); mutant !== undefined; mutant = queue.shift()) {
      try {
        const own = (unharmed.files?.[mutant.rule] ?? []).map((file) => new URL(file, ROOT).href);
        const result = await attack(mutant, own, specs);
        if (result.killedBy === undefined) survivors++;
        else if (!result.isOwn) strangers++;
        console.log(line(mutant, result));
      } catch (error) {
        if (!(error instanceof StaleMutant)) throw error;
        stale++;
        console.log(red(error.message));
      }
    }
  };
  await Promise.all(Array.from({ length: WORKERS }, work));
  if (filter === undefined) console.log(coverage());
  const killed = chosen.length - survivors - stale;
  const by = strangers === 0 ? "" : ` (${strangers} by a case of another rule)`;
  console.log(bold(`${chosen.length} mutants: ${killed} killed${by}, ${survivors} survived, ${stale} stale`));
  return stale > 0 ? 2 : survivors > 0 ? 1 : 0;
}

if (import.meta.main) Deno.exitCode = await main(Deno.args[0]);
