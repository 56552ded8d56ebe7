// Expectations: the options that `lvz help diff` lists.
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Io } from "./io.ts";
import { runCommandLine } from "./main.ts";

interface Run {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function lvz(...args: readonly string[]): Promise<Run> {
  const text = { out: "", err: "" };
  const absent = () => Promise.reject(new Error("nothing may be read"));
  const io: Io = {
    out: (data) => text.out += String(data),
    err: (data) => text.err += data,
    readFile: absent,
    listFolder: absent,
    specFiles: absent,
    color: false,
  };
  return { status: await runCommandLine(args, io), ...text };
}

Deno.test("diff refuses what it cannot run, before it looks for QEMU", async () => {
  const rows: readonly (readonly [readonly string[], string])[] = [
    [
      ["--oracle", "machine"],
      "Cannot use --oracle machine: our machine has no second engine yet; there is qemu",
    ],
    [["--oracle", "board"], "Cannot use --oracle board: there is no such oracle; there is qemu"],
    [["--form", "add.q"], "Cannot select forms: none is called add.q"],
    [["--shard", "3/2"], 'Cannot use --shard: "3/2" is not i/n with i from 1 to n'],
    [["--count", "0"], "Cannot use --count: it must be at least 1"],
    [["--seed", "x"], `Cannot use --seed: "x" is no number`],
    [["--profile", "la364"], "Cannot make states for la364: profiles are la464"],
    [["add.d"], "Cannot use add.d: only options are expected"],
  ];
  for (const [args, message] of rows) {
    const { status, out, err } = await lvz("diff", ...args);
    assertEquals([status, out], [2, ""], args.join(" "));
    assertStringIncludes(err, `lvz: ${message}`);
  }
});

Deno.test("help tells the options of diff", async () => {
  const { status, out } = await lvz("help", "diff");
  assertEquals(status, 0);
  for (const name of ["--oracle", "--qemu", "--seed", "--count", "--form", "--shard", "--json"]) {
    assertStringIncludes(out, `  ${name}`);
  }
});
