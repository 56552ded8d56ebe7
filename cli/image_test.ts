import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ReferenceEngine } from "../core/mod.ts";
import { createVirtMachine, loadProgram, parseElf } from "../devices/mod.ts";
import { runCommandLine } from "./main.ts";

const STATES = `[
  { "id": "add", "memory": [{ "at": "0x100000", "asm": "add.d $a0, $a1, $a2\\nend:" }],
    "host": { "pc": "0x100000", "gpr": { "a1": "0x5", "a2": "0x2" } }, "end": "end" },
  { "id": "guest", "mode": "guest", "memory": [{ "at": "0x100000", "asm": "hvcl 7" }], "guest": { "pc": "0x0" },
    "stage2": [{ "gpa": "0x0", "hpa": "0x100000", "size": "0x1000", "perm": "rwx" }] }
]`;
const LOW = `{ "id": "low", "memory": [{ "at": "0x1000", "asm": "nop" }], "host": { "pc": "0x1000" } }`;
const NEW = `{ "id": "new", "profile": "la464-v1.1", "host": { "pc": "0x100000" } }`;

interface Done {
  readonly status: number;
  readonly out: Uint8Array;
  readonly text: string;
  readonly err: string;
}

async function lvz(files: Readonly<Record<string, string>>, ...args: readonly string[]): Promise<Done> {
  const parts: Uint8Array[] = [];
  let err = "";
  const status = await runCommandLine(args, {
    out: (data) => parts.push(typeof data === "string" ? new TextEncoder().encode(data) : data),
    err: (text) => err += text,
    readFile: (path) => {
      const file = files[path];
      if (file === undefined) return Promise.reject(new Error("there is no such file"));
      return Promise.resolve(new TextEncoder().encode(file));
    },
    listFolder: () => Promise.resolve(undefined),
    specFiles: () => Promise.resolve([]),
    color: false,
  });
  const out = new Uint8Array(await new Blob(parts.map((part) => part.slice())).arrayBuffer());
  return { status, out, text: new TextDecoder().decode(out), err };
}

/** What an image prints on our machine. */
function serialOf(elf: Uint8Array): string {
  let text = "";
  const virt = createVirtMachine({ serial: (byte) => text += String.fromCharCode(byte) });
  loadProgram(virt, parseElf(elf));
  assertEquals(new ReferenceEngine().run(virt.machine, { budget: 1e6 }).kind, "device");
  return text;
}

Deno.test("lvz image: what an image prints becomes results with which lvz run agrees", async () => {
  const made = await lvz({ "s.json": STATES }, "image", "s.json");
  assertEquals([made.status, made.err], [0, ""]);
  const files = { "s.json": STATES, "serial.txt": `firmware\r\n${serialOf(made.out)}` };
  const answered = await lvz(files, "image", "s.json", "--serial", "serial.txt");
  assertEquals([answered.status, answered.err], [0, "2 of 2 states have results\n"]);
  const [add, guest] = JSON.parse(answered.text);
  assertEquals(add.result, { ended: "end", changed: { gpr: { a0: "0x7" } } });
  assertEquals(guest.result.exit, { ecode: 0x17, esubcode: 0, at: "0x0" });
  const run = await lvz({ "a.json": answered.text }, "run", "a.json");
  assertEquals([run.status, run.err], [0, ""]);
  assertStringIncludes(run.text, "2 states become what is recorded");
});

Deno.test("lvz image: lines that are missing or damaged are no results", async () => {
  const serial = serialOf((await lvz({ "s.json": STATES }, "image", "s.json")).out);
  const damaged = serial.replace("4=7", "4=8");
  assert(damaged !== serial);
  const files = { "s.json": STATES, "bad.txt": damaged, "none.txt": "Segmentation fault" };
  const bad = await lvz(files, "image", "s.json", "--serial", "bad.txt");
  assertEquals(bad.status, 1);
  assertStringIncludes(bad.err, "add: its line is missing, this was printed:");
  assertStringIncludes(bad.err, "1 of 2 states have results");
  const none = await lvz(files, "image", "s.json", "--serial", "none.txt");
  assertEquals([none.status, none.text], [1, ""]);
  assertStringIncludes(none.err, "guest: there is no first line of an image of 2 states");
});

const MISTAKES: readonly (readonly [line: string, message: string])[] = [
  ["image", "Cannot make an image: no state file (.json) is given"],
  ["image s.s", "Cannot make an image: no state file (.json) is given"],
  ["image no.json", "Cannot read no.json: there is no such file"],
  [
    "image low.json",
    "Cannot put state low into an image: its memory at 0x1000 to 0x1003 is not in 0x100000 to 0x1ffffff or 0x3000000 to 0xbffffff",
  ],
  ["image s.json new.json", "Cannot make an image: the states have several profiles, la464, la464-v1.1"],
  ["image s.json --serial no.txt", "Cannot read no.txt: there is no such file"],
];

Deno.test("lvz image: wrong use has a message and exit status 2", async () => {
  const files = { "s.json": STATES, "low.json": LOW, "new.json": NEW, "s.s": "nop" };
  for (const [line, message] of MISTAKES) {
    const { status, err, out } = await lvz(files, ...line.split(" "));
    assertEquals([line, status, out.length], [line, 2, 0]);
    assertStringIncludes(err, `lvz: ${message}`);
  }
});
