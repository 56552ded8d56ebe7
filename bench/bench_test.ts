/**
 * What of the benchmarks can be tested without a clock: nothing here depends on how fast anything is.
 */
import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { UsageError } from "../cli/io.ts";
import { KVM, KVM_ASM } from "../vcpu/mod.ts";
import { type Benchmark, isReached, measureRow, type Row } from "./benchmark.ts";
import { arceosExits } from "./exits/arceos.ts";
import { contractExits } from "./exits/contract.ts";
import { CAUSES } from "./exits/guest.ts";
import { EXIT_BENCHMARKS } from "./exits/mod.ts";
import { kvmExits } from "./exits/kvm.ts";
import { minimalExits } from "./exits/minimal.ts";
import { closedBy, gateText } from "./gate.ts";
import { here } from "./measure.ts";
import { choose, readOptions } from "./options.ts";
import { casesPerSecond } from "./process/cases.ts";
import { PROCESS_BENCHMARKS } from "./process/mod.ts";
import { profile, profileText } from "./profile.ts";
import { PROGRAM_BENCHMARKS } from "./programs/mod.ts";
import { compare, median, type Runner, Side } from "./rate.ts";
import { HEADER, rowText, summary } from "./table_text.ts";

const ALL = [...PROGRAM_BENCHMARKS, ...EXIT_BENCHMARKS, ...PROCESS_BENCHMARKS];

/** Takes a known time for each round, and remembers how many it was asked for. */
function fake(secondsEach: number): { readonly run: Runner; readonly asked: number[] } {
  const asked: number[] = [];
  return {
    asked,
    run: (rounds) => {
      asked.push(rounds);
      return { rounds, seconds: rounds * secondsEach };
    },
  };
}

function row(changes: Partial<Row>): Row {
  return {
    kind: "program",
    name: "loop",
    text: "a loop",
    unit: "ratio",
    goal: undefined,
    floor: undefined,
    value: 1,
    ...changes,
  };
}

Deno.test("median() is the middle of the items, and the higher middle of an even number", () => {
  const of = (n: number) => n;
  assertEquals(median([3, 1, 2], of), 2);
  assertEquals(median([4, 1, 3, 2], of), 3);
  assertThrows(() => median([], of), RangeError, "Cannot take the median of nothing");
});

Deno.test("a side repeats runs that are too short with more rounds, and keeps their number", async () => {
  const { run, asked } = fake(0.001);
  const side = new Side(run, { rounds: 1, least: 0.1 });
  assert((await side.measure()).seconds >= 0.1);
  assertEquals(asked, [1, 30, 140]);
  await side.measure();
  assertEquals(asked, [1, 30, 140, 140]);
});

Deno.test("a side of fixed rounds, and one that takes no time at all, come to an end", async () => {
  const fixed = fake(0.001);
  await new Side(fixed.run, { rounds: 8, least: 1, fixed: true }).measure();
  assertEquals(fixed.asked, [8]);
  const instant = fake(0);
  await new Side(instant.run, { rounds: 1, least: 1 }).measure();
  assertEquals(instant.asked.length, 8);
});

Deno.test("compare() runs the sides in turns, and gives the median of the ratios of their rates", async () => {
  const order: string[] = [];
  const side = (name: string, seconds: number[]) =>
    new Side((rounds) => {
      order.push(name);
      return { rounds, seconds: seconds.shift() ?? 1 };
    }, { rounds: 10, least: 0 });
  const sides = { theirs: side("theirs", [1, 1, 1]), ours: side("ours", [4, 0.5, 2]) };
  const { ratio, ratios } = await compare(sides, 3);
  assertEquals(ratios, [0.25, 2, 0.5]);
  assertEquals(ratio, 0.5);
  assertEquals(order, ["theirs", "ours", "theirs", "ours", "theirs", "ours"]);
});

Deno.test("a goal is reached at its value", async () => {
  assert(isReached(1, { least: 1 }) && !isReached(0.99, { least: 1 }));
  assert(isReached(32, { most: 32 }) && !isReached(32.1, { most: 32 }));
  const benchmark: Benchmark = {
    kind: "process",
    name: "b",
    text: "",
    unit: "ms",
    goal: { most: 2 },
    measure: () => Promise.resolve({ value: 3 }),
  };
  const conditions = {
    pairs: 1,
    isShort: true,
    qemu: () => Promise.reject(new Error("not asked")),
    syscalls: () => Promise.reject(new Error("not asked")),
  };
  assertEquals((await measureRow(benchmark, conditions)).reached, false);
});

Deno.test("the gate is closed by ratios under their floors, and by nothing else", () => {
  const open = [row({ value: 0.2, floor: 0.2 }), row({ value: 0 })];
  assertEquals(closedBy(open), []);
  const closed = closedBy([...open, row({ name: "slow loop", value: 0.0123, floor: 0.2 })]);
  assertEquals(closed, ["slow loop: the ratio is 0.0123, its floor is 0.2"]);
  assertMatch(gateText(closed), /^the gate is closed by a ratio under the floor:\n {2}slow loop/);
  assertMatch(gateText([...closed, ...closed]), /by 2 ratios/);
});

Deno.test("a line of the table has the value, the goal, whether it is reached, and both rates below their headings", () => {
  const rates = { here: 1.5e9, qemu: 1e9, of: "instructions" } as const;
  const line = rowText(row({ value: 1.5, goal: { least: 1 }, reached: true, rates }));
  assertMatch(line, /^loop +1\.50 +≥ 1 +yes +1500\.0 MIPS +1000\.0 MIPS {2}a loop$/);
  for (const [heading, text] of [["value", "1.50"], ["goal", "≥ 1"], ["here", "1500.0 MIPS"]] as const) {
    assertEquals(line.indexOf(text) + text.length, HEADER.indexOf(heading) + heading.length, heading);
  }
  const trips = { here: 9_870, qemu: 3_600_000, of: "trips" } as const;
  assertMatch(rowText(row({ value: 0.00274, rates: trips })), /0\.0027 .* 9\.9 k\/s +3\.60 M\/s/);
  assertMatch(
    rowText(row({ value: 41.53, unit: "MiB", goal: { most: 32 }, reached: false })),
    /41\.5 MiB +≤ 32 MiB +no/,
  );
  assertMatch(
    rowText(row({ value: 5210, unit: "/s", goal: { least: 5000 }, reached: true })),
    /5210\/s +≥ 5000\/s +yes/,
  );
  assertEquals(
    summary([row({ reached: true }), row({ reached: false }), row({})]),
    "1 of 2 goals are reached",
  );
});

Deno.test("a wrong option, or a text that chooses nothing, is named", () => {
  const cases: readonly (readonly [readonly string[], string])[] = [
    [["--fast"], "--fast"],
    [["--pairs", "0"], "Cannot use --pairs: 0 is not a positive whole number"],
    [["--pairs", "two"], "Cannot use --pairs: two is not a positive whole number"],
    [["hot loop"], "Cannot measure hot loop: only options are expected"],
    [["--only="], "--only"],
  ];
  for (const [args, message] of cases) {
    assertStringIncludes(assertThrows(() => readOptions(args), UsageError).message, message);
  }
  assertThrows(() => choose(ALL, "warm loop"), UsageError, 'Cannot measure "warm loop"');
});

Deno.test("short runs have one pair unless more are asked for", () => {
  assertEquals(readOptions([]).pairs, 3);
  assertEquals(readOptions(["--short"]).pairs, 1);
  assertEquals(readOptions(["--short", "--pairs", "5"]).pairs, 5);
});

Deno.test("a text chooses by kind or part of a name, a whole name that one alone", () => {
  assertEquals(choose(ALL, ""), ALL);
  assertEquals(choose(ALL, "exit: "), EXIT_BENCHMARKS);
  assertEquals(choose(ALL, "hot loop").map((b) => b.name), ["hot loop"]);
  assertEquals(choose(ALL, "hvcl, kvm").map((b) => b.name), ["hvcl, kvm"]);
  assertEquals(new Set(ALL.map((b) => b.name)).size, ALL.length);
});

Deno.test("every ratio has a floor for the gate, and nothing else has", () => {
  const without = ALL.filter((b) => b.unit === "ratio" && b.floor === undefined).map((b) => b.name);
  assertEquals(without, []);
  assertEquals(ALL.filter((b) => b.unit !== "ratio" && b.floor !== undefined), []);
});

const IMAGES = { minimal: minimalExits, "kvm-asm": kvmExits, "arceos-asm": arceosExits };

for (const [name, image] of Object.entries(IMAGES)) {
  for (const cause of CAUSES) {
    Deno.test(`the image for ${cause} through ${name} makes as many exits as it is told, with a right answer each time`, async () => {
      // It counts and compares itself, and fails otherwise. Each turn executes the guest's loop, the handler and ertn.
      const { instructions = 0 } = await here(image(cause))(5);
      assert(instructions >= 5 * 7, `${instructions} instructions`);
    });
  }
}

Deno.test("an image whose guest gets a wrong answer fails", async () => {
  const image = minimalExits("MMIO");
  const wrong = { ...image, data: image.data?.replace("li.w   $a0, 85", "li.w   $a0, 86") ?? "" };
  await assertRejects(async () => await here(wrong)(3), Error, "Cannot measure: the program failed");
});

for (const worldSwitch of [KVM, KVM_ASM]) {
  for (const cause of CAUSES) {
    Deno.test(`${cause} through the vCPU of ${worldSwitch.name} makes as many exits as it is told`, async () => {
      assertEquals((await contractExits(worldSwitch, cause)(5)).rounds, 5);
    });
  }
}

Deno.test("the small cases pass, on one world switch and on all", () => {
  casesPerSecond(3, 2, "kvm");
  casesPerSecond(2, 0);
});

Deno.test("a profile counts what the reference engine executed, by name, and leaves the engine as it was", async () => {
  const rounds = 20;
  const benchmark: Benchmark = {
    kind: "exit",
    name: "twenty",
    text: "",
    unit: "ratio",
    here: async (_, watch) => ({ ...await contractExits(KVM, "hvcl")(rounds, watch), seconds: 1 }),
    measure: () => Promise.reject(new Error("not asked")),
  };
  // A second time: what was put in the engine's way is gone. A new vCPU's number goes into GSTAT and takes its LLbit; the rest is generated.
  for (const text of [await profile(benchmark), await profile(benchmark)]) {
    assertMatch(text, /^ +1 +\S+ % +csrxchg$/m);
    assertMatch(text, /^ +1 +\S+ % +gcsrxchg$/m);
    assertMatch(text, /^twenty: 20 rounds, \d+ instructions in 1\.000 s/);
  }
  const own = PROCESS_BENCHMARKS[0];
  assert(own !== undefined);
  await assertRejects(() => profile(own), UsageError, "it runs in processes of its own");
});

Deno.test("a profile's list ends with how many others there are", () => {
  const stepped = new Map(Array.from({ length: 20 }, (_, i) => [`op${i}`, 100 - i]));
  const counts = {
    stepped,
    steppedSeconds: 0.5,
    exceptions: 7,
    events: new Map([["changes of context", 4]]),
  };
  const text = profileText("p", { rounds: 10, seconds: 2, instructions: 4_000_000 }, counts);
  assertMatch(text, /^p: 10 rounds, 4000000 instructions in 2\.000 s, 2\.0 MIPS\n/);
  assertMatch(text, /op14\n.*others\n/);
  assertMatch(text, /\b4 +0\.001 +changes of context/);
});
