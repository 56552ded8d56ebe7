import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { assemble, type AssembleOptions, AssemblyErrors } from "../mod.ts";
import { MACRO_GOLDEN_SOURCES } from "./golden_sources.ts";
import recorded from "./goldens_llvm.json" with { type: "json" };
import { Random } from "../../random.ts";
import { randomSource } from "./random_source.ts";

const raw = String.raw;

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** The bytes of the first section. */
function bytes(source: string, options?: AssembleOptions): string {
  return hex(assemble(source, options).segments[0]?.bytes ?? new Uint8Array());
}

/** Recorded bytes, in which `(64 zeros)` stands for a long run. */
function unpack(text: string): string {
  return text.replace(/\((\d+) zeros\)/g, (_, count) => "00".repeat(Number(count)));
}

for (const golden of recorded.goldens) {
  Deno.test(`assemble() gives the bytes and symbols of LLVM and LLD with macros: ${golden.title}`, () => {
    const places = Object.entries(golden.sections).map(([name, address]) => [name, BigInt(address)]);
    const program = assemble(golden.source, {
      origin: BigInt(golden.origin),
      sections: Object.fromEntries(places),
    });
    const got = program.segments.map((
      { name, address, bytes },
    ) => [name, `0x${address.toString(16)}`, hex(bytes)]);
    assertEquals(got, golden.segments.map(([name, address, bytes]) => [name, address, unpack(bytes ?? "")]));
    for (const [name = "", value = ""] of golden.symbols) {
      assertEquals(program.symbols.get(name), BigInt(value), name);
    }
  });
}

Deno.test("every source with macros has been recorded", () => {
  assertEquals(
    recorded.goldens.map(({ title, source }) => [title, source]),
    MACRO_GOLDEN_SOURCES.map(({ title, source }) => [title, source]),
  );
});

/** Sources that LLVM refuses or takes in a way of its own, and text that means the same. */
const SAME: readonly (readonly [source: string, same: string])[] = [
  // More than LLVM's 20 levels.
  [
    ".data\n.macro m n\n.byte \\n\n.if \\n\nm (\\n - 1)\n.endif\n.endm\nm 50",
    ".data\ni = 50\n.rept 51\n.byte i\ni = i - 1\n.endr",
  ],
  // A label before the end of a body belongs to the body.
  [".macro m\nnop\n1: .endm\nm\nb 1b", "nop\n1: b 1b"],
  [".rept 2\nx\\+: .rept 2\nnop\n.endr\n.endr\nb x1", "nop\nnop\nx: nop\nnop\nb x"],
  // LLVM cuts the value of another parameter that is named where the rest would be.
  [
    ".data\n.macro m a, r:vararg\n.byte \\a, \\r\n.endm\nm r=7, a=12",
    ".data\n.byte 12, 7",
  ],
  [".noaltmacro\n.option push\n.option norelax\n.option pop\nnop", "nop"],
];

Deno.test("assemble() takes more than LLVM where the meaning is plain", () => {
  for (const [source, same] of SAME) assertEquals(bytes(source), bytes(same), source);
});

const LISTING = raw`.macro SAVE base, list:vararg
.irp r, \list
  st.d \r, \base, 8
.endr
.endm
entry: SAVE $sp, $a0, $a1
  nop
.rept 2
  ret
.endr`;

Deno.test("Program.lineAt() finds the line of a macro's body, and the calls that led to it", () => {
  const program = assemble(LISTING, { name: "a.s" });
  const saved = program.lineAt(4n);
  assertEquals([saved?.line, saved?.column, saved?.text], [3, 3, "st.d $a1, $sp, 8"]);
  assertEquals(saved?.calls, [
    { name: ".irp with r = $a1", kind: "expansion", file: "a.s", line: 2, column: 1 },
    { name: "SAVE", kind: "expansion", file: "a.s", line: 6, column: 8 },
  ]);
  assertEquals(program.lineAt(8n), { line: 7, column: 3, text: "nop" });
  const repeated = program.lineAt(16n);
  assertEquals([repeated?.line, repeated?.text, repeated?.calls?.length], [9, "ret", 1]);
  assertEquals(program.symbolAt(4n), { name: "entry", offset: 4n });
});

Deno.test("Program.lineAt() follows the line markers of the C preprocessor", () => {
  const source =
    '# 1 "boot.S"\nnop\n# 30 "asm \\"x\\".h" 1\nret\n  # 90 "no.S"\n# 2 "boot.S" 2\nertn\n.data\n.byte 1';
  const program = assemble(source, { name: "boot.i" });
  assertEquals(program.lineAt(0n), { line: 1, column: 1, text: "nop", file: "boot.S" });
  assertEquals(program.lineAt(4n), { line: 30, column: 1, text: "ret", file: 'asm "x".h' });
  assertEquals(program.lineAt(8n), { line: 2, column: 1, text: "ertn", file: "boot.S" });
  assertEquals(assemble('nop\n# 9 "b.S"\nret').lineAt(0n), { line: 1, column: 1, text: "nop" });
});

Deno.test("assemble() reads files through an option", () => {
  const files: Readonly<Record<string, string>> = {
    "regs.h": '.macro m x\n.byte \\x, k\n.endm\n.equ k, 7\n.include "more.h"\n',
    "more.h": "m 1\n",
    "image": "abcdef",
  };
  const readFile = (name: string) => {
    const text = files[name];
    return text === undefined ? undefined : new TextEncoder().encode(text);
  };
  const source =
    '.data\n.include "regs.h"\nm 2\n.incbin "image"\n.incbin "image", 4\n.incbin "image", 1, 2\n.incbin "image", , 1';
  assertEquals(bytes(source, { readFile }), "01070207" + "616263646566" + "6566" + "6263" + "61");
  const { calls, file } = assemble(source, { readFile }).lineAt(1n) ?? {};
  assertEquals(file, "regs.h");
  assertEquals(calls?.map(({ name, line }) => [name, line]), [["m", 1], ["more.h", 5], ["regs.h", 2]]);
});

Deno.test("Program.notes has what the source says", () => {
  const { notes } = assemble(
    '.macro m x\n.ifb \\x\n .warning "x is missing"\n.endif\n.endm\nm 1\nm\n.print "done"',
  );
  assertEquals(notes, [
    "guest.s:3:2: in expansion of m, called at guest.s:7:1: x is missing",
    "guest.s:8:1: done",
  ]);
});

Deno.test("assemble() expands a macro many times within its limits", () => {
  const many = ".macro m\n.byte 1\n.endm\n.data\n.rept 5000\nm\n.endr";
  assertEquals(assemble(many).segments[0]?.bytes.length, 5000);
  assertEquals(assemble(".data\n.rept 4000000\n.endr\n.byte 1").segments[0]?.bytes.length, 1);
});

/** Words that fuzz is made of. */
const SCRAPS: readonly string[] = [
  ...[
    ".macro m a",
    ".macro n a=1, b:vararg",
    ".macro m",
    ".endm",
    ".purgem m",
    ".exitm",
    ".rept 3",
    ".rept 99999",
  ],
  ...[
    ".irp a, 1, 2",
    ".irpc a, xyz",
    ".endr",
    ".if 1",
    ".if 0",
    ".ifdef x",
    ".ifb \\a",
    ".ifc \\a, 1",
    ".else",
  ],
  ...[
    ".elseif 1",
    ".endif",
    "m 1",
    "m",
    "m \\a\\a\\a",
    "n 1, 2, 3",
    "n \\b",
    "m (",
    'm "a',
    "x: m",
    "\\a",
    "x\\@: nop",
  ],
  ...[
    "nop",
    ".byte \\a",
    "x = 1",
    "x = x + 1",
    ".set x, x * 2",
    ".pushsection .data",
    ".popsection",
    ".previous",
  ],
  ...[
    ".subsection 1",
    ".text",
    ".data",
    "1: b 1b",
    '.include "x"',
    '# 5 "f.S"',
    "/*",
    "*/",
    ".align 3",
    "m;m;m;m",
  ],
];

/** Assembles what may be anything. @returns whether it was taken */
function survives(source: string, where: string): boolean {
  try {
    assemble(source, { maximumSize: 1 << 16, maximumExpansion: 1 << 14, maximumDepth: 12 });
    return true;
  } catch (error) {
    assertInstanceOf(error, AssemblyErrors, where);
    const lines = source.split("\n").length + 9;
    assert(error.errors.every(({ line, column }) => line >= 1 && line <= lines && column >= 1), where);
    return false;
  }
}

Deno.test("assemble() throws nothing but AssemblyErrors and comes to an end, however macros are nested", () => {
  const random = new Random(0x5eed_ac0);
  const counts = { taken: 0, refused: 0 };
  for (let round = 0; round < 600; round++) {
    const lines = round % 3 === 0
      ? Array.from({ length: 1 + random.below(25) }, () => random.pick(SCRAPS))
      : randomSource(random).split("\n");
    if (round % 3 === 1) lines.splice(random.below(lines.length), random.below(2), random.pick(SCRAPS));
    const source = lines.join("\n");
    counts[survives(source, `seed ${random.seed}, round ${round}: ${source}`) ? "taken" : "refused"]++;
  }
  assert(counts.taken > 150 && counts.refused > 150, JSON.stringify(counts));
});
