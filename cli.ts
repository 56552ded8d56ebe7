/**
 * The command line: `deno task lvz help`.
 *
 * @module
 */
import { EXIT, type Io } from "./cli/io.ts";
import { runCommandLine } from "./cli/main.ts";

function writeAll(stream: { writeSync(bytes: Uint8Array): number }, data: string | Uint8Array): void {
  const bytes = typeof data === "string" ? new TextEncoder().encode(data) : data;
  for (let done = 0; done < bytes.length;) done += stream.writeSync(bytes.subarray(done));
}

async function readFile(path: string): Promise<Uint8Array> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) throw new Error("there is no such file", { cause: error });
    if (error instanceof Deno.errors.IsADirectory) throw new Error("it is a directory", { cause: error });
    throw error;
  }
}

async function listFolder(path: string): Promise<readonly string[] | undefined> {
  try {
    const entries = await Array.fromAsync(Deno.readDir(path));
    return entries.filter((e) => e.isFile).map((e) => e.name);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}

async function specFiles(): Promise<readonly string[]> {
  const folder = new URL("specs/", import.meta.url);
  const entries = await Array.fromAsync(Deno.readDir(folder));
  return entries.filter((e) => e.name.endsWith("_test.ts") || e.name === "full.ts").map((e) =>
    new URL(e.name, folder).href
  ).sort();
}

const io: Io = {
  out: (data) => writeAll(Deno.stdout, data),
  err: (text) => writeAll(Deno.stderr, text),
  readFile,
  listFolder,
  specFiles,
  color: Deno.stdout.isTerminal() && Deno.stderr.isTerminal() && !Deno.noColor,
};

if (import.meta.main) {
  try {
    Deno.exitCode = await runCommandLine(Deno.args, io);
  } catch (error) {
    // A reader that has seen enough, such as `head`, is no failure of ours.
    if (!(error instanceof Deno.errors.BrokenPipe)) {
      console.error("lvz: this is a mistake in lvz itself, please report it:", error);
      Deno.exitCode = EXIT.usage;
    }
  }
}
