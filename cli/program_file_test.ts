import { assertEquals, assertStringIncludes } from "@std/assert";
import helloElf from "../fixtures/hello_elf.json" with { type: "json" };
import recorded from "../fixtures/objects.json" with { type: "json" };
import { writeObject } from "../devices/elf/object_writer.ts";
import { assemble } from "../core/asm/mod.ts";
import { runCommandLine } from "./main.ts";

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

/** Powers off, if `$sp` is the end of the 16 MiB of RAM. */
const POWER_OFF = assemble(
  "li.d $t0, 0x1000000\nbne $sp, $t0, .\nli.d $t1, 0x100e001c\nli.w $t2, 0x34\nst.b $t2, $t1, 0",
  { origin: 0n },
).segments[0]?.bytes ?? new Uint8Array();

function linuxImage(): Uint8Array {
  const file = new Uint8Array(0x200);
  const view = new DataView(file.buffer);
  view.setUint16(0, 0x5a4d, true);
  [0x200100n, 0x10000n, 0x200000n].forEach((value, i) => view.setBigUint64(8 + 8 * i, value, true));
  [[0x38, 0x818223cd], [0x3c, 0x40], [0x40, 0x4550], [0x44, 0x6264], [0x58, 0x20b]].forEach((
    [at = 0, value = 0],
  ) => view.setUint32(at, value, true));
  // Without the check of $sp, which is the kernel's own business.
  file.set(POWER_OFF.subarray(-16), 0x100);
  return file;
}

const FILES: Readonly<Record<string, Uint8Array>> = {
  "tour.o": bytesOf(recorded.objects[1]?.objects[0]?.base64 ?? ""),
  "tour": bytesOf(recorded.independent[0]?.file ?? ""),
  "hello.elf": bytesOf(helloElf.base64),
  "stack.o": writeObject([{ name: ".text", flags: "ax", bytes: POWER_OFF }]).file,
  "missing.o": writeObject(
    [{
      name: ".text",
      flags: "ax",
      bytes: new Uint8Array([0, 0, 0, 0x54]),
      relocations: [[0, 66, "puts", 0n]],
    }],
    [{ name: "main", section: ".text", binding: "global", size: 4n }, {
      name: "puts",
      section: "undefined",
      binding: "global",
    }],
  ).file,
  "Image": linuxImage(),
  "broken": linuxImage().fill(0, 0x40, 0x44),
};

async function lvz(line: string) {
  let out = "";
  let err = "";
  const status = await runCommandLine(line.split(" "), {
    out: (data) => out += typeof data === "string" ? data : new TextDecoder().decode(data),
    err: (text) => err += text,
    readFile: (path) => Promise.resolve(FILES[path] ?? new Uint8Array()),
    listFolder: () => Promise.resolve(undefined),
    specFiles: () => Promise.resolve([]),
    color: false,
  });
  return { status, out, err };
}

const TOUR = recorded.objects[0]?.printed;

for (const line of ["run tour.o", "run tour.o --base 0x345670", "run tour", "run tour --base 0x400000"]) {
  Deno.test(`lvz ${line} prints what QEMU printed`, async () => {
    assertEquals(await lvz(line), { status: 0, out: String(TOUR), err: "" });
  });
}

for (const line of ["run stack.o --memory 16M", "run Image"]) {
  Deno.test(`lvz ${line} runs the program`, async () => {
    assertEquals(await lvz(line), { status: 0, out: "", err: "" });
  });
}

const REFUSED: readonly (readonly [string, string])[] = [
  ["run missing.o", "Cannot load this ELF file: 1 symbol is undefined: puts (first used by .text+0x0)"],
  ["run tour.o --base 0x200002", "Cannot use --base: 0x200002 is not a multiple of 4"],
  [
    "run tour --base 0x200004",
    "the alignment of a segment (0x1000 at offset 0x78) cannot be kept at 0x200004",
  ],
  ["run Image --base 0x200000", "Cannot use --base: Image is a Linux image, which has its own address"],
  ["run broken", "Cannot load this Linux image: the PE header (0x0 at offset 0x40) must be 0x4550, PE"],
  ["disasm Image --symbol main", "Cannot use --symbol: Image is no ELF file"],
  ["disasm tour.o --symbol prin", "Cannot use --symbol: the file has no symbol prin, did you mean print"],
];

for (const [line, message] of REFUSED) {
  Deno.test(`lvz ${line} is refused: ${message}`, async () => {
    const { status, out, err } = await lvz(line);
    assertEquals([status, out], [2, ""]);
    assertStringIncludes(err, message);
  });
}

Deno.test("lvz disasm shows one function of an object, even if symbols are missing", async () => {
  assertEquals(await lvz("disasm missing.o --symbol main"), {
    status: 0,
    out: ".text at 0x200000, 4 bytes\nmain:\n0x200000  54000000  bl 0x200000\n",
    err: "Undefined, and taken to be at 0x200000: puts\n",
  });
  const { out } = await lvz("disasm tour.o --symbol negate");
  // llvm-objdump-19 -d shows the same two instructions.
  assertEquals(out.split("\n").slice(2).map((l) => l.split("  ").slice(1).join("  ")), [
    "00119004  sub.d $a0, $zero, $a0",
    "4c000020  ret",
    "",
  ]);
});
