/**
 * `lvz diff --programs`: whole programs instead of single instructions.
 *
 * @module
 */
import { comparePrograms, type ProgramDifference } from "../differential/programs/campaign.ts";
import { Progress } from "../differential/progress.ts";
import type { Driver } from "../drivers/driver.ts";
import { MachineDriver } from "../drivers/machine_driver.ts";
import { EXIT, type Io } from "./io.ts";
import { hex } from "../core/hex.ts";

/** What is to be compared, with whom. */
export interface ProgramRun {
  readonly oracle: Driver;
  readonly seed: number;
  readonly first: number;
  readonly count: number;
  readonly profile: string;
  /** The command, without the numbers of the programs. */
  readonly command: string;
}

const BATCH = 100;
/** Differences that are printed, and fields of each. */
const SHOWN = 3;
const FIELDS = 8;

function differenceText({ index, program, broken, fields }: ProgramDifference, command: string): string {
  const lines = fields.slice(0, FIELDS).map(({ field, ours, theirs }) =>
    `  ${field}: ours ${hex(ours)}, theirs ${hex(theirs)}\n`
  );
  const more = fields.length > FIELDS ? `  and ${fields.length - FIELDS} more\n` : "";
  const source = program.source.split("\n").map((line) => `    ${line}\n`).join("");
  const why = broken === undefined ? "" : `  ${broken}\n`;
  return `program ${index}:\n${why}${
    lines.join("")
  }${more}${source}  repeat: ${command} --program ${index}\n`;
}

/** Compares generated programs and reports; the exit status. */
export async function runPrograms(run: ProgramRun, io: Io): Promise<number> {
  const { oracle, seed, first, count, profile, command } = run;
  const progress = new Progress(io, count);
  progress.start(`${count} programs, seed ${seed}, against ${oracle.name}`);
  const found = await comparePrograms({
    seed: `${seed}`,
    first,
    count,
    profile,
    subject: new MachineDriver(),
    oracle,
    batch: BATCH,
    onProgress: (done) => progress.show(done),
  });
  progress.end(count);
  for (const difference of found.slice(0, SHOWN)) io.out(differenceText(difference, command));
  const what = found.length === 0 ? "no differences" : `${found.length} with differences`;
  io.out(`${count} programs, seed ${seed}, against ${oracle.name}: ${what}\n`);
  return found.length === 0 ? EXIT.ok : EXIT.failed;
}
