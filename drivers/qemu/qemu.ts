/**
 * QEMU as a subject of images.
 *
 * @module
 */
import { ImageDriver, type ImageDriverOptions } from "../image/image_driver.ts";
import { type Running, type Subject, SubjectError } from "../image/subject.ts";

/** Debian's QEMU with the processor that our profile `la464` describes. */
export const DEFAULT_QEMU = "qemu-system-loongarch64 -cpu la464-loongarch-cpu";

/** Whatever else the command says: the board, the serial line to us, and nothing that waits for a person. */
const MACHINE = [
  "-M",
  "virt",
  "-m",
  "1G",
  "-nodefaults",
  "-display",
  "none",
  "-no-reboot",
  "-serial",
  "stdio",
];
/** Characters of what QEMU complained about that a report shows. */
const SHOWN = 400;

/** A QEMU. */
export class Qemu implements Subject {
  readonly name: string;
  readonly #program: string;
  readonly #args: readonly string[];

  private constructor(name: string, program: string, args: readonly string[]) {
    this.name = name;
    this.#program = program;
    this.#args = args;
  }

  /**
   * Finds a QEMU and asks for its version.
   *
   * @param command program and arguments, separated by spaces
   * @throws {SubjectError} if there is none
   */
  static async find(command = DEFAULT_QEMU): Promise<Qemu> {
    const [program = "", ...args] = command.split(" ").filter((word) => word !== "");
    const { stdout } = await started(
      program,
      () => new Deno.Command(program, { args: ["--version"] }).output(),
    );
    const [, version = "of unknown version"] = /version (\S+)/.exec(new TextDecoder().decode(stdout)) ?? [];
    const cpu = args[args.indexOf("-cpu") + 1];
    const which = args.includes("-cpu") && cpu !== undefined ? ` (${cpu})` : "";
    return new Qemu(`QEMU ${version}${which}`, program, args);
  }

  async launch(elf: Uint8Array): Promise<Running> {
    const directory = await Deno.makeTempDir({ prefix: "lvz-image-" });
    const file = `${directory}/image.elf`;
    await Deno.writeFile(file, elf);
    const args = [...this.#args, ...MACHINE, "-kernel", file];
    const child = await started(
      this.#program,
      () =>
        new Deno.Command(this.#program, { args, stdin: "null", stdout: "piped", stderr: "piped" }).spawn(),
    );
    const complaints = new Response(child.stderr).text();
    const end = async () => {
      const { code, signal } = await child.status;
      await Deno.remove(directory, { recursive: true });
      const text = (await complaints).trim().slice(0, SHOWN);
      return `${signal === null ? `status ${code}` : signal}${
        text === "" ? "" : `, ${JSON.stringify(text)}`
      }`;
    };
    return {
      output: textOf(child.stdout),
      ended: end(),
      stop: () => stop(child),
    };
  }
}

/** Milliseconds between two reads. QEMU sends byte by byte; to look at each would cost more than all else. */
const PAUSE = 10;

async function* textOf(stream: ReadableStream<Uint8Array>): AsyncIterable<string> {
  const decoder = new TextDecoder("latin1");
  for await (const bytes of stream) {
    yield decoder.decode(bytes);
    await new Promise((resolve) => setTimeout(resolve, PAUSE));
  }
}

/** Ends a process that may have ended already. */
function stop(child: Deno.ChildProcess): void {
  try {
    child.kill("SIGKILL");
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
}

async function started<T>(program: string, start: () => T | Promise<T>): Promise<T> {
  try {
    return await start();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new SubjectError(
      `Cannot find ${program}: no such program; on Debian, \`apt-get install qemu-system-misc\` installs QEMU`,
    );
  }
}

/**
 * A driver that runs states on QEMU.
 *
 * @param command program and arguments, {@linkcode DEFAULT_QEMU} by default
 * @throws {SubjectError} if there is no such QEMU, or it does not run images
 */
export async function qemuDriver(command?: string, options: ImageDriverOptions = {}): Promise<ImageDriver> {
  return ImageDriver.create(await Qemu.find(command), options);
}
