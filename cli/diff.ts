/**
 * `lvz diff`: random states, answered by our machine and by an oracle, compared field by field.
 *
 * @module
 */
import { type Outcome, runCampaign, statesOf } from "../differential/campaign.ts";
import { versionIn } from "../differential/deviation.ts";
import { type Form, FORMS, selectForms } from "../differential/forms.ts";
import { Generator } from "../differential/generate.ts";
import { Progress } from "../differential/progress.ts";
import { QEMU_DEVIATIONS } from "../differential/qemu_deviations.ts";
import { type Heading, isFailure, reportJson, reportText } from "../differential/report.ts";
import type { Driver } from "../drivers/driver.ts";
import { SubjectError } from "../drivers/image/subject.ts";
import { MachineDriver } from "../drivers/machine_driver.ts";
import { DEFAULT_QEMU, qemuDriver } from "../drivers/qemu/qemu.ts";
import type { Command } from "./command.ts";
import { runPrograms } from "./diff_programs.ts";
import { EXIT, type Io, UsageError } from "./io.ts";
import { type Arguments, parseCount, parseNumber } from "./options.ts";

const DEFAULT_COUNT = 1_000;
const DEFAULT_PROGRAMS = 250;
const CPU = "-cpu la464-loongarch-cpu";
/** QEMU has no LVZ. */
const DEFAULT_PROFILE = "la464-nolvz";
/** From this count on, a run over all forms meets every known deviation. */
const WHOLE = 1_000;
const BATCH = 20_000;
const SHOWN = 2;
const HIGHEST_SEED = 0xffff_ffffn;

/** Which part of a run. */
interface Shard {
  readonly shard: number;
  readonly of: number;
}

function shardOf(text: string): Shard {
  const match = /^(\d+)\/(\d+)$/.exec(text);
  const [shard, of] = [Number(match?.[1]), Number(match?.[2])];
  if (match !== null && shard >= 1 && shard <= of) return { shard: shard - 1, of };
  throw new UsageError(`Cannot use --shard: "${text}" is not i/n with i from 1 to n`);
}

function formsOf(args: Arguments): readonly Form[] {
  const text = args.text("form");
  if (text === undefined) return FORMS;
  try {
    return selectForms(text);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

function seedOf(args: Arguments): number {
  const text = args.text("seed");
  if (text !== undefined) return Number(parseNumber("--seed", text, HIGHEST_SEED));
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 1;
}

function positive(args: Arguments, name: string, otherwise: number): number {
  const text = args.text(name);
  if (text === undefined) return otherwise;
  const count = parseCount(`--${name}`, text);
  if (count === 0) throw new UsageError(`Cannot use --${name}: it must be at least 1`);
  return count;
}

function generatorFor(profile: string): Generator {
  try {
    return new Generator(profile);
  } catch (error) {
    if (error instanceof RangeError) throw new UsageError(error.message);
    throw error;
  }
}

async function oracleOf(args: Arguments): Promise<Driver> {
  const name = args.text("oracle") ?? "qemu";
  if (name !== "qemu") {
    const why = name === "machine" ? "our machine has no second engine yet" : "there is no such oracle";
    throw new UsageError(`Cannot use --oracle ${name}: ${why}; there is qemu`);
  }
  try {
    return await qemuDriver(qemuCommand(args.text("qemu")));
  } catch (error) {
    if (error instanceof SubjectError) throw new UsageError(error.message);
    throw error;
  }
}

/** A command that names no processor gets the one that our profile describes. */
function qemuCommand(given: string | undefined): string | undefined {
  return given === undefined || / -cpu /.test(given) ? given : `${given} ${CPU}`;
}

/** The command that repeats a run. */
function commandOf(args: Arguments, seed: number, count: number): string {
  const qemu = args.text("qemu");
  const profile = args.text("profile");
  const rest = [
    ...(qemu === undefined ? [] : [`--qemu '${qemu}'`]),
    ...(profile === undefined ? [] : [`--profile ${profile}`]),
  ];
  return ["deno task lvz diff --oracle qemu", `--seed ${seed} --count ${count}`, ...rest].join(" ");
}

async function run(args: Arguments, io: Io): Promise<number> {
  if (args.positional.length > 0) {
    throw new UsageError(`Cannot use ${args.positional.join(" ")}: only options are expected`);
  }
  const [forms, seed, count] = [formsOf(args), seedOf(args), positive(args, "count", DEFAULT_COUNT)];
  const shard = args.text("shard") ?? "1/1";
  const part = shardOf(shard);
  const profile = args.text("profile") ?? DEFAULT_PROFILE;
  const generator = generatorFor(profile);
  const shown = positive(args, "shown", SHOWN);
  const oracle = await oracleOf(args);
  const command = commandOf(args, seed, count);
  const program = args.text("program");
  if (program !== undefined || args.flag("programs")) {
    const first = program === undefined ? 0 : parseCount("--program", program);
    const programs = program === undefined ? positive(args, "count", DEFAULT_PROGRAMS) : 1;
    return runPrograms({ oracle, seed, first, count: programs, profile, command }, io);
  }
  const heading: Heading = {
    oracle: oracle.name,
    profile,
    seed,
    forms: forms.length,
    count,
    shard,
    unobserved: [...oracle.unobserved.csr],
    whole: forms.length === FORMS.length && count >= WHOLE && part.of === 1,
    repeat: (form) => `${command} --form '${form}'`,
  };
  const progress = new Progress(io, statesOf({ forms, count, ...part }));
  progress.start(`${forms.length} forms × ${count} states, seed ${seed}, against ${oracle.name}`);
  const outcome: Outcome = await runCampaign({
    ...part,
    seed,
    forms,
    count,
    generator,
    subject: new MachineDriver(),
    oracle,
    known: QEMU_DEVIATIONS,
    version: versionIn(oracle.name),
    shown,
    batch: BATCH,
    onProgress: (done) => progress.show(done),
  });
  progress.end(outcome.states);
  io.out(args.flag("json") ? reportJson(outcome, heading) : reportText(outcome, heading));
  return isFailure(outcome) ? EXIT.failed : EXIT.ok;
}

/** `lvz diff`. */
export const DIFF: Command = {
  name: "diff",
  summary: "random states of every instruction form, compared with another machine's answers",
  forms: ["--oracle qemu [options]"],
  options: [
    { name: "oracle", value: "NAME", text: "who answers: qemu" },
    { name: "qemu", value: "COMMAND", text: `QEMU and options for it; ${DEFAULT_QEMU}` },
    { name: "seed", value: "S", text: "the same seed gives the same states; random" },
    { name: "count", value: "N", text: `states of each form; ${DEFAULT_COUNT}` },
    { name: "form", value: "NAMES", text: "only these forms: names and patterns such as 'f*.d,csr*'" },
    {
      name: "programs",
      text: `generated programs instead of instructions; --count is their number, ${DEFAULT_PROGRAMS}`,
    },
    { name: "program", value: "N", text: "the Nth generated program of a seed alone" },
    { name: "shard", value: "i/n", text: "only the i-th of n parts" },
    { name: "profile", value: "NAME", text: `the model of our machine; ${DEFAULT_PROFILE}` },
    { name: "shown", value: "N", text: `differences of a form that are shrunk and shown; ${SHOWN}` },
    { name: "json", text: "the report as JSON" },
  ],
  details: "Exit status 0: no unexplained differences; 1: there are some; 2: wrong use, or no QEMU.\n",
  run,
};
