/**
 * State files that a command names: files ending in `.json`, and folders of them.
 *
 * @module
 */
import { parseStates, type State } from "../drivers/mod.ts";
import { didYouMean } from "../core/asm/suggest.ts";
import { type Io, UsageError } from "./io.ts";
import { readInput } from "./program_file.ts";

/** The states of one file. */
export interface StateFile {
  readonly path: string;
  readonly states: readonly State[];
}

const ENDING = /\.json$/i;

/**
 * The state files among what the user named; undefined if there are none, so that it is something else.
 *
 * @throws {UsageError} if there are other files as well, or a folder has no state file
 */
export async function findStateFiles(
  io: Io,
  paths: readonly string[],
): Promise<readonly string[] | undefined> {
  const found: string[] = [];
  const others: string[] = [];
  for (const path of paths) {
    const inFolder = ENDING.test(path) ? undefined : await io.listFolder(path);
    if (inFolder !== undefined) found.push(...filesOfFolder(path, inFolder));
    else if (ENDING.test(path)) found.push(path);
    else others.push(path);
  }
  if (found.length === 0) return undefined;
  if (others.length > 0) {
    throw new UsageError(`Cannot run ${others[0]}: it is no state file (.json), as ${found[0]} is`);
  }
  return found;
}

function filesOfFolder(folder: string, names: readonly string[]): readonly string[] {
  const files = names.filter((name) => ENDING.test(name)).sort();
  if (files.length === 0) throw new UsageError(`Cannot run ${folder}: the folder has no state files (.json)`);
  return files.map((name) => `${folder.replace(/\/+$/, "")}/${name}`);
}

/**
 * Reads state files.
 *
 * @param id the only state wanted; all if undefined
 * @throws {UsageError} if a file cannot be read, or no file has that state
 * @throws {StateFileError} if a file has a mistake
 */
export async function readStateFiles(
  io: Io,
  paths: readonly string[],
  id: string | undefined,
): Promise<readonly StateFile[]> {
  const files: StateFile[] = [];
  for (const path of paths) {
    const text = new TextDecoder().decode(await readInput(io, path));
    files.push({ path, states: parseStates(text, path) });
  }
  if (id === undefined) return files;
  const wanted = files.map(({ path, states }) => ({ path, states: states.filter((s) => s.id === id) }))
    .filter(({ states }) => states.length > 0);
  if (wanted.length > 0) return wanted;
  const ids = files.flatMap(({ states }) => states.map((s) => s.id));
  throw new UsageError(`Cannot use --only: there is no state ${JSON.stringify(id)}${didYouMean(id, ids)}`);
}
