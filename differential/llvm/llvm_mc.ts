/**
 * Running `llvm-mc`. Each method starts it once, for thousands of questions.
 *
 * @module
 */
import {
  type Answer,
  assemblyInput,
  disassemblyInput,
  type Output,
  readAssembly,
  readDisassembly,
} from "./answers.ts";

/**
 * All extensions. LLVM 19 has no switches for the atomics of version 1.1: it always takes them. `la.global` is to be as
 * it is here, where no table of addresses is needed.
 */
const FEATURES = ["f", "d", "lsx", "lasx", "lbt", "lvz", "ual", "frecipe", "la-global-with-pcrel"];

/** `llvm-mc` cannot be used, with what to do about it. */
export class MissingLlvm extends Error {
  override readonly name = "MissingLlvm";
}

/** An object file, or what is wrong with the source. */
export type ObjectAnswer = { readonly object: Uint8Array } | { readonly refused: string };

interface Finished {
  readonly success: boolean;
  readonly stdout: Uint8Array;
  readonly stderr: string;
}

/** LLVM's assembler and disassembler for LoongArch64. */
export class LlvmMc {
  readonly #path: string;

  constructor(path: string) {
    this.#path = path;
  }

  /** The version it reports. @throws {MissingLlvm} if it cannot be run or is no LLVM 19 */
  async version(): Promise<string> {
    const { stdout } = await this.#run(["--version"], "");
    const version = /LLVM version (\S+)/.exec(new TextDecoder().decode(stdout))?.[1] ?? "none";
    if (version.startsWith("19.")) return version;
    throw new MissingLlvm(`Cannot use ${this.#path}: its version is ${version}, ${NEEDS}`);
  }

  /** The words of each statement; all operands must be numbers. */
  async assemble(lines: readonly string[]): Promise<Answer[]> {
    return readAssembly(await this.#texts(["--show-encoding"], assemblyInput(lines)), lines.length);
  }

  /** The text of each word. */
  async disassemble(words: readonly number[]): Promise<Answer[]> {
    return readDisassembly(await this.#texts(["--disassemble"], disassemblyInput(words)), words.length);
  }

  /** The object file of a whole source. */
  async object(source: string): Promise<ObjectAnswer> {
    const { success, stdout, stderr } = await this.#run(
      [...targetOptions(), "--filetype=obj", "-o", "-"],
      source,
    );
    if (success) return { object: stdout };
    return { refused: /error: (.*)/.exec(stderr)?.[1] ?? stderr.trim() };
  }

  async #texts(args: readonly string[], input: string): Promise<Output> {
    const { stdout, stderr } = await this.#run([...targetOptions(), ...args], input);
    return { out: new TextDecoder().decode(stdout), err: stderr };
  }

  async #run(args: readonly string[], input: string): Promise<Finished> {
    const child = this.#spawn(args);
    const [{ success, signal, stdout, stderr }] = await Promise.all([child.output(), feed(child, input)]);
    if (signal !== null) throw new Error(`Cannot compare: ${this.#path} was ended by ${signal}`);
    return { success, stdout, stderr: new TextDecoder().decode(stderr) };
  }

  #spawn(args: readonly string[]): Deno.ChildProcess {
    try {
      return new Deno.Command(this.#path, {
        args: [...args],
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.PermissionDenied)) {
        throw error;
      }
      throw new MissingLlvm(`Cannot run ${this.#path}: it is not there or not executable, ${NEEDS}`, {
        cause: error,
      });
    }
  }
}

const NEEDS = "and this needs LLVM 19: apt-get install llvm-19, or name another place with --llvm-mc PATH";

function targetOptions(): string[] {
  return ["--triple=loongarch64", `--mattr=${FEATURES.map((feature) => `+${feature}`).join(",")}`];
}

async function feed(child: Deno.ChildProcess, input: string): Promise<void> {
  const writer = child.stdin.getWriter();
  try {
    await writer.write(new TextEncoder().encode(input));
    await writer.close();
  } catch (error) {
    // `--version` reads nothing.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
