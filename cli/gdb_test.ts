import { assertEquals, assertStringIncludes } from "@std/assert";
import { runCommandLine } from "./main.ts";

const REFUSED: readonly (readonly [args: string, message: string])[] = [
  ["", "Cannot debug: no file is named"],
  ["a.s b.s", "Cannot debug b.s: one file at a time"],
  ["missing.s", "Cannot read missing.s: there is no such file"],
  ["a.s --port 65536", "Cannot use --port: 65536 is above the greatest, 0xffff"],
  ["a.s --profile 3a7000", "Cannot use --profile: there is no profile 3a7000"],
  ["a.s --memory 1000", "Cannot use --memory: "],
  ["a.s --only x", "Cannot use --only: it is for cases"],
  ["a.s --first", "Cannot use --first: it is for cases"],
  ["--case a.ts", "Cannot debug a case: its title is missing (--only)"],
  ["--case a.ts --only x --memory 1M", "Cannot use --memory: it is for programs"],
  ["--case a.ts --only x b.s", "Cannot debug b.s: --case names what to debug"],
];

Deno.test("lvz gdb says what is wrong with its arguments before it opens a port", async () => {
  for (const [args, message] of REFUSED) {
    let errors = "";
    const status = await runCommandLine(["gdb", ...args.split(" ").filter((a) => a !== "")], {
      out: () => {},
      err: (text) => errors += text,
      readFile: (path) =>
        path === "a.s"
          ? Promise.resolve(new TextEncoder().encode("_start: nop\n"))
          : Promise.reject(new Error("there is no such file")),
      listFolder: () => Promise.resolve(undefined),
      specFiles: () => Promise.resolve([]),
      color: false,
    });
    assertEquals(status, 2, args);
    assertStringIncludes(errors, message);
  }
});
