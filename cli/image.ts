/**
 * `lvz image`: states as a bare-metal program for boards and emulators, and what it printed there as results.
 *
 * @module
 */
import { PROFILES } from "../core/profile.ts";
import { ImageError } from "../drivers/image/encode_state.ts";
import { imageOf, readLines } from "../drivers/image/read_lines.ts";
import { printStates, type State } from "../drivers/mod.ts";
import type { Command } from "./command.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import type { Arguments } from "./options.ts";
import { readInput } from "./program_file.ts";
import { findStateFiles, readStateFiles } from "./state_files.ts";

/** The command. */
export const IMAGE: Command = {
  name: "image",
  summary: "make a bare-metal program of states, and results of what it prints",
  forms: ["FILE.json|FOLDER… > image.elf", "FILE.json|FOLDER… --serial TEXT > answered.json"],
  options: [{ name: "serial", value: "TEXT", text: "what the image printed, from a file" }],
  details:
    `The image is a static ELF file for machines laid out like QEMU's virt board or the 3A5000: it starts
in direct address mode at PLV0, prints a line for each state at the UART at 0x1fe001e0, and powers off.

  qemu-system-loongarch64 -M virt -m 1G -nographic -kernel image.elf > serial.txt

With --serial the states are printed with the results that the lines tell; lvz run compares them with our
machine. Memory of states must be in 0x100000 to 0x1ffffff or 0x3000000 to 0xbffffff. Lines say nothing of DSAVE, MERRSAVE and TVAL.
`,
  run,
};

async function run(args: Arguments, io: Io): Promise<number> {
  const paths = await findStateFiles(io, args.positional);
  if (paths === undefined) throw new UsageError("Cannot make an image: no state file (.json) is given");
  const files = await readStateFiles(io, paths, undefined);
  const states = files.flatMap((file) => file.states);
  const profile = commonProfile(states);
  const serial = args.text("serial");
  if (serial !== undefined) {
    const text = new TextDecoder("latin1").decode(await readInput(io, serial));
    return printAnswers(states, readLines(states, profile, text), io);
  }
  try {
    io.out(imageOf(states, profile));
  } catch (error) {
    if (error instanceof ImageError) throw new UsageError(error.message, { cause: error });
    throw error;
  }
  return EXIT.ok;
}

/** An image has one set of registers. */
function commonProfile(states: readonly State[]) {
  const names = [...new Set(states.map((state) => state.profile))];
  if (names.length > 1) {
    throw new UsageError(`Cannot make an image: the states have several profiles, ${names.join(", ")}`);
  }
  const found = PROFILES.find(({ name }) => name === names[0]);
  if (found === undefined) throw new UsageError("Cannot make an image: there are no states");
  return found;
}

function printAnswers(states: readonly State[], answers: ReturnType<typeof readLines>, io: Io): number {
  let broken = 0;
  const answered: State[] = [];
  states.forEach(({ result: _recorded, ...state }, i) => {
    const answer = answers[i];
    if (answer?.kind === "result") answered.push({ ...state, result: answer.result });
    else {
      broken++;
      io.err(`${state.id}: ${answer?.reason}\n`);
    }
  });
  if (answered.length > 0) io.out(printStates(answered));
  io.err(`${answered.length} of ${states.length} states have results\n`);
  return broken === 0 ? EXIT.ok : EXIT.failed;
}
