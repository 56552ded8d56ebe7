import { assertEquals } from "@std/assert";
import { runCommandLine } from "./main.ts";

const SOURCE = `
_start: li.w   $t0, 0x21
        csrwr  $t0, SAVE3
back:   ori    $t1, $zero, 2
        csrwr  $t1, EENTRY
        csrwr  $t1, SAVE3
here:   b      here
`;

async function trace(
  ...args: readonly string[]
): Promise<{ readonly status: number; readonly text: string }> {
  let text = "";
  const status = await runCommandLine(["trace", "switch.s", ...args], {
    out: (data) => text += typeof data === "string" ? data : new TextDecoder().decode(data),
    err: (data) => text += data,
    readFile: () => Promise.resolve(new TextEncoder().encode(SOURCE)),
    listFolder: () => Promise.resolve(undefined),
    specFiles: () => Promise.resolve([]),
    color: false,
  });
  return { status, text };
}

Deno.test("lvz trace lists the writes of CSRs in order, with the instructions that made them", async () => {
  assertEquals(await trace("--csr"), {
    status: 0,
    text: `0x200004  _start+0x4  csrwr $t0, SAVE3   SAVE3 0x0 -> 0x21
0x20000c  back+0x4    csrwr $t1, EENTRY  EENTRY 0x0 -> 0x0
0x200010  back+0x8    csrwr $t1, SAVE3   SAVE3 0x21 -> 0x0
`,
  });
});

Deno.test("lvz trace watches the CSRs that are named, from one symbol to another", async () => {
  assertEquals(await trace("--watch", "SAVE3", "--from", "back"), {
    status: 0,
    text: "0x200010  back+0x8  csrwr $t1, SAVE3  SAVE3 0x21 -> 0x0\n",
  });
  assertEquals((await trace("--watch", "SAVE3,EENTRY", "--to", "back+0x8")).text.split("\n").length, 3);
  const { status, text } = await trace("--watch", "EENTRI");
  assertEquals(status, 2);
  assertEquals(text.split("\n")[0], "lvz: Cannot watch EENTRI: no such CSR, did you mean EENTRY");
});
