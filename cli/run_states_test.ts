import { assertEquals, assertStringIncludes } from "@std/assert";
import fixture from "../fixtures/states.json" with { type: "json" };
import { runCommandLine } from "./main.ts";

const ADD = `{ "id": "add", "memory": [{ "at": "0x1000", "asm": "nop\\nadd.d $a0, $a1, $a2\\nend:" }],
  "host": { "pc": "0x1000", "gpr": { "a0": "0x9", "a1": "0x5", "a2": "0x2" } }, "end": "end"`;
const SYS =
  `{ "id": "the guest's syscall", "mode": "guest", "memory": [{ "at": "0x1000", "asm": "syscall 1" }],
  "guest": { "pc": "0x0", "csr": { "EENTRY": "0x1000" } }, "stage2": [{ "gpa": "0x0", "hpa": "0x1000", "size": "0x1000" }]`;
const WILD = `{ "id": "wild", "memory": [{ "at": "0x1000", "asm": "st.d $a0, $a1, 0" }],
  "host": { "pc": "0x1000", "gpr": { "a1": "0x40000000" } }`;
const LOOP = `{ "id": "loop", "memory": [{ "at": "0x1000", "asm": "1: b 1b" }], "host": { "pc": "0x1000" }`;

const FILES: Readonly<Record<string, string>> = {
  "bare.json": `[${ADD} }, ${SYS} }]`,
  "right.json": `${ADD}, "result": { "ended": "end", "changed": { "gpr": { "a0": "0x7" } } } }`,
  "wrong.json": `[
    ${ADD}, "result": { "exit": { "ecode": 8, "esubcode": 1, "at": "0x1004" },
      "changed": { "gpr": { "a0": "0x6", "a1": "0x5" }, "csr": { "CRMD": "0xc" }, "memory": { "0x1000": "0x1" } } } },
    ${SYS}, "result": { "exit": { "ecode": 3, "at": "0x1000" },
      "changed": { "csr": { "ESTAT": "0x40000", "ERA": "0x1000", "BADV": "0x1000", "GSTAT": "0x10082" }, "gcsr": { "ESTAT": "0xb0000", "BADI": "0x2b0001" } } } }
  ]`,
  "wild.json": `[${WILD} }, ${LOOP} }]`,
  "typo.json": `[${ADD} }, { "id": "b", "host": { "pc": "0x0", "csr": { "ECFGG": "0x1" } } }]`,
  "hello.s": "_start: nop",
  "folder/b.json": `${LOOP}, "budget": 3, "result": { "ended": "budget" } }`,
  "folder/a.json": `${ADD} }`,
  "folder/notes.txt": "",
  "empty/notes.txt": "",
  "fixture.json": JSON.stringify(fixture),
};

interface Result {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

async function lvz(line: string): Promise<Result> {
  let [out, err] = ["", ""];
  const decoder = new TextDecoder();
  const status = await runCommandLine(line.split(" "), {
    out: (data) => out += typeof data === "string" ? data : decoder.decode(data),
    err: (text) => err += text,
    readFile: (path) => {
      const file = FILES[path];
      if (file === undefined) return Promise.reject(new Error("there is no such file"));
      return Promise.resolve(new TextEncoder().encode(file));
    },
    listFolder: (path) => {
      const names = Object.keys(FILES).filter((name) => name.startsWith(`${path}/`));
      return Promise.resolve(
        names.length === 0 ? undefined : names.map((name) => name.slice(path.length + 1)),
      );
    },
    specFiles: () => Promise.resolve([]),
    color: false,
  });
  return { status, out, err };
}

/** Command lines with all that they print. */
const RUNS: readonly (readonly [line: string, result: Result])[] = [
  [
    "run bare.json",
    {
      status: 0,
      out: `add  bare.json  host mode  profile la464  machine, reference engine
  ended with the end at 0x1008
  $a0  0x7  was 0x9
the guest's syscall  bare.json  guest mode  profile la464  machine, reference engine
  ended with PIF at 0x1000
  host ESTAT   0x30000 Ecode=3 PIF   was 0x0 Ecode=0 INT
  host ERA     0x1000                was 0x0
  host BADV    0x1000                was 0x0
  host GSTAT   0x10082 VM=0          was 0x10083 VM=1
  guest ESTAT  0xb0000 Ecode=11 SYS  was 0x0 Ecode=0 INT
  guest BADI   0x2b0001              was 0x0
`,
      err: "",
    },
  ],
  ["run right.json", { status: 0, out: "1 state becomes what is recorded\n", err: "" }],
  [
    "run wrong.json",
    {
      status: 1,
      out: "0 states become what is recorded, 2 states do not\n",
      err: `FAIL: add  wrong.json  host mode  profile la464  machine, reference engine
  expected ADEM at 0x1004, got the end at 0x1008
  $a0            got 0x7        expected 0x6
  host CRMD      got 0x8 IE=0   expected 0xc IE=1
  memory 0x1000  got 0x3400000  expected 0x1
  last 2 instructions:
    host  0x1000  nop
    host  0x1004  add.d $a0, $a1, $a2
  repeat: lvz run wrong.json --only add
FAIL: the guest's syscall  wrong.json  guest mode  profile la464  machine, reference engine
  PIF at 0x1000 came, but the state is not as recorded
  host ESTAT  got 0x30000 Ecode=3 PIF  expected 0x40000 Ecode=4 PME
  last 1 instruction:
    guest  0x0  syscall 1
  repeat: lvz run wrong.json --only 'the guest'\\''s syscall'
`,
    },
  ],
  [
    "run wild.json --budget 100",
    {
      status: 1,
      out: `loop  wild.json  host mode  profile la464  machine, reference engine
  ended with the budget of 100 instructions, used up at 0x1000
  nothing changed
0 states become what is recorded, 1 state does not
`,
      err: `FAIL: wild  wild.json  host mode  profile la464  machine, reference engine
  it has no result: Cannot write 8 bytes at physical 0x40000000: no RAM or device there, in host mode at pc 0x1000 (word 0x29c000a4)
  last 1 instruction:
    host  0x1000  st.d $a0, $a1, 0
  repeat: lvz run wild.json --only wild
`,
    },
  ],
  [
    "run right.json --trace 1",
    {
      status: 0,
      out: "1 state becomes what is recorded\n",
      err: "  last 1 instruction:\n    host  0x1004  add.d $a0, $a1, $a2\n",
    },
  ],
  [
    "run folder",
    {
      status: 0,
      out: `add  folder/a.json  host mode  profile la464  machine, reference engine
  ended with the end at 0x1008
  $a0  0x7  was 0x9
1 state becomes what is recorded
`,
      err: "",
    },
  ],
  ["run bare.json folder/b.json --only loop", {
    status: 0,
    out: "1 state becomes what is recorded\n",
    err: "",
  }],
  [
    "run wrong.json --json --only add",
    {
      status: 1,
      out: `[
  {
    "id": "add",
    "mode": "host",
    "memory": [{ "at": "0x1000", "words": ["0x03400000", "0x001098a4"] }],
    "host": { "pc": "0x1000", "gpr": { "a0": "0x9", "a1": "0x5", "a2": "0x2" } },
    "end": "0x1008",
    "result": { "ended": "end", "changed": { "gpr": { "a0": "0x7" } } }
  }
]
`,
      err: "",
    },
  ],
];

for (const [line, result] of RUNS) {
  Deno.test(`lvz ${line} says what its states become`, async () => {
    const got = await lvz(line);
    // What differs is said with --json as well; the row above has its text.
    assertEquals(line.includes("--json") ? { ...got, err: "" } : got, result);
  });
}

Deno.test("lvz run --json prints a file that lvz run agrees with", async () => {
  const { out } = await lvz("run fixture.json --json");
  assertEquals(JSON.parse(out), fixture);
  assertEquals((await lvz("run fixture.json")).out, `${fixture.length} states become what is recorded\n`);
});

const WRONG_USE: readonly (readonly [line: string, message: string])[] = [
  ["run typo.json", "lvz: typo.json: [1].host.csr.ECFGG: no such CSR, did you mean ECFG\n"],
  ["run none.json", "Cannot read none.json: there is no such file"],
  ["run empty", "Cannot run empty: the folder has no state files (.json)"],
  ["run bare.json hello.s", "Cannot run hello.s: it is no state file (.json), as bare.json is"],
  ["run bare.json --only ad", 'Cannot use --only: there is no state "ad", did you mean add'],
  ["run bare.json --memory 4M", "Cannot use --memory: a state file says it itself"],
  ["run bare.json --engine fast", "Cannot use engine fast: there is no such engine: there are reference"],
  ["run bare.json --budget x", 'Cannot use --budget: "x" is no number'],
  ["run bare.json --trace 2000000", "Cannot use --trace: 2000000 is above the greatest, 1000000"],
  ["run hello.s --json", "Cannot use --json: hello.s is no state file (.json)"],
  ["run hello.s --only a", "Cannot use --only: hello.s is no state file (.json)"],
  ["export states.json", "Cannot export states.json: the specs are what is exported"],
  ["export", "Cannot export: no case is there"],
];

for (const [line, message] of WRONG_USE) {
  Deno.test(`lvz ${line} is refused: ${message.trimEnd()}`, async () => {
    const { status, out, err } = await lvz(line);
    assertEquals([status, out], [2, ""]);
    assertStringIncludes(err, message);
  });
}
