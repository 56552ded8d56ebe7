/**
 * Whole sources that both assemble: addresses, labels, sections, directives, and statements that neither should take.
 *
 * @module
 */
import { GOLDEN_SOURCES, type GoldenSource } from "../../core/asm/golden_sources.ts";

/** Statements under one title; each is a source of its own, behind the common beginning. */
function each(title: string, beginning: string, statements: readonly string[]): GoldenSource[] {
  return statements.map((statement) => ({
    title: `${title}: ${statement}`,
    source: `${beginning}${statement}\n`,
  }));
}

/** A directive with each of some operand lists. */
function directive(name: string, operands: readonly string[]): string[] {
  return operands.map((text) => `${name} ${text}`);
}

const LOADS: readonly GoldenSource[] = ["la", "la.local", "la.pcrel", "la.global", "la.abs"].flatMap((
  load,
) => [
  {
    title: `${load} forwards, backwards, with addends`,
    origin: 0x9000_0000_0020_0ff0n,
    source: [
      ...[`x: ${load} $a0, x`, `${load} $r31, y`, `${load} $t0, y + 0x7ff`, `${load} $t1, y+0x800`],
      ...[`${load} $t2, x - 4`, ".space 0x17f0", "y: nop"],
    ].join("\n"),
  },
  {
    title: `${load} of data 2 GiB away`,
    sections: { ".data": 0x7fff_f000n },
    source: `${load} $a0, x\n${load} $a1, y\n.data\nx: .space 0x7ff\ny: .dword x\n`,
  },
  ...each(load, "x: nop\n", directive(load, ["$a0, $a1", "x", "$a0", "$a0, x, x", "$fa0, x"])),
]);

/** The greatest distance backwards, in bytes, and the branches that have it. */
const REACHES: readonly (readonly [bytes: number, branches: readonly string[]])[] = [
  [0x20000, [
    "beq $a0, $a1,",
    "bne $a0, $a1,",
    "blt $a0, $a1,",
    "bge $a0, $a1,",
    "bltu $a0, $a1,",
    "bgeu $a0, $a1,",
  ]],
  [0x20000, ["bgt $a0, $a1,", "ble $a0, $a1,", "bgtu $a0, $a1,", "bleu $a0, $a1,"]],
  [0x20000, ["bltz $a0,", "bgez $a0,", "bgtz $a0,", "blez $a0,"]],
  [0x400000, ["beqz $a0,", "bnez $a0,", "bceqz $fcc7,", "bcnez $fcc0,"]],
];

const LIMITS: readonly GoldenSource[] = REACHES.flatMap(([bytes, branches]) =>
  branches.flatMap((branch) => [
    {
      title: `${branch} at its limits`,
      source: `a: nop\n.space ${bytes - 4}\n${branch} a\n${branch} b\n.space ${bytes - 8}\nb: nop`,
    },
    { title: `${branch} forwards beyond`, source: `${branch} b\n.space ${bytes - 4}\nb: nop` },
    { title: `${branch} backwards beyond`, source: `b: nop\n.space ${bytes}\n${branch} b` },
  ])
);

// deno-fmt-ignore
const JUMPS: readonly GoldenSource[] = [
  { title: "call36 and tail36 over some distances", source: "a: call36 b\ntail36 $t0, b\ntail36 $r31, a\n.space 0x1fff0\nb: call36 a\ntail36 $ra, a+8\n" },
  ...each("a jump", "x: nop\n", ["b x+2", "b x-x", "b (x)", "b x+(4)", "bl x+4-8", "beqz $a0, x-0x400000", "jirl $ra, $a0, x"]),
  ...each("call36 or tail36", "x: nop\n", ["call36 $a0", "call36 8", "tail36 x", "tail36 $t0", "tail36 $fa0, x", "call36 %call36(x)"]),
];

// deno-fmt-ignore
const NUMBERS = [
  "0", "-1", "127", "128", "-128", "-129", "255", "256", "0x7fff", "0x8000", "-0x8000", "-0x8001", "0xffff", "0x10000",
  "0x7fffffff", "0x80000000", "-0x80000000", "-0x80000001", "0xffffffff", "0x100000000", "0xffffffffffffffff",
  "-0x8000000000000000", "0x10000000000000000", "",
];
// deno-fmt-ignore
const LISTS = [",", "1,", "1 2", "(1", "1)", "'a'", '"a"', "$a0", "1, , 2", "1,2 ,3"];

// deno-fmt-ignore
const LEB128_NUMBERS = [
  "0", "1", "63", "64", "127", "128", "129", "0x3fff", "0x4000", "0x1fffff", "0xffffffff", "0x7fffffffffffffff",
  "0xffffffffffffffff", "1, 2, 300", "3 * 100", "'a'", "", "1,", '"a"', "$a0", "-1", "-64", "-65", "-128", "-0x8000000000000000",
];

// deno-fmt-ignore
const STRINGS = [
  '"a"', '""', '"a", "b"', '"a" "b"', '"a" "b", "c"', '"\\0\\1\\77\\377"', '"\\400"', '"\\8"', '"\\x41\\x"', '"\\q"', '"\\e"',
  '"a\\n\\t\\r\\b\\f\\\\\\""', '"\\x1g"', '"\\xfff"', '"é"', "", '"a",', '"a', "a", "1", "'a'", '"a";.byte 1', '"#//"', '"\\v"', '"\\a"',
];

const DATA: readonly GoldenSource[] = [
  ...[".byte", ".half", ".word", ".dword"].flatMap((name) => each("a number", "", directive(name, NUMBERS))),
  ...each("a list", "", directive(".word", LISTS)),
  ...[".2byte", ".short", ".hword", ".4byte", ".long", ".8byte", ".quad"].flatMap((name) =>
    each("a number", "", directive(name, ["-1", "0x10000", "0x100000000", "-0x8001", "-0x80000001"]))
  ),
  ...[".uleb128", ".sleb128"].flatMap((name) => each("a LEB128 number", "", directive(name, LEB128_NUMBERS))),
  {
    title: "LEB128 of differences of labels",
    source: "a: nop\n.uleb128 . - a\n.balign 4\nb: nop\n.sleb128 a - b, b - a",
  },
  { title: "LEB128 of an address", source: "a: .uleb128 a" },
  {
    title: "LEB128 of a symbol assigned before",
    source: "x = 300\n.uleb128 x, x * x\n.sleb128 -x\n.balign 4\nnop",
  },
  ...each("a string", "", directive(".ascii", STRINGS)),
  ...[".asciz", ".string"].flatMap((name) => each("a string", "", directive(name, STRINGS.slice(0, 6)))),
];

// deno-fmt-ignore
const ROOM = ["0", "1", "5, 0xff", "5, -1", "5, 256", "5, -129", "-1", "3 * 2", "y - x", "x", "", "1, 2, 3", "2,", "'a'", "later", "3, x"];

// deno-fmt-ignore
const FILLINGS = [
  "3", "0", "2, 1", "2, 2", "2, 3, 0x112233", "2, 4, -1", "2, 4, 0x112233445566", "2, 5, 0x11223344", "2, 8, 0x1122334455667788",
  "2, 8, 1", "2, 8, -1", "2, 8, 0xffffffff", "2, 6, 0xffffffff", "2, 9, 1", "2, 0, 1", "2, -1, 1", "-1", "-1, 1, 1", "", "1, 2, 3, 4",
  "2, 1, 0x1ff", "2, 2, 0x12345", "2, 1, -128", "2, 1, -129", "2, 2, -0x8001", "2, 3, -1", "2, 3, 0x1000000",
];

// deno-fmt-ignore
const ALIGNMENTS = [
  "0", "1", "2", "3", "4", "5", "8", "12", "2, 0xab", "4, 0", "4, 1, 2", "4, 1, 64", "4, , 1", "4, , 16", "4,", "4, ,", "",
  "4, 256", "4, -1", "4, 0, 0", "4, , 0", "1 + 3", "x", "$a0", "4 4", "4, 1, 2, 3",
];

// deno-fmt-ignore
const PLACES = [
  "4", "8", "8, 0xff", "x + 8", "y", "y + 1", ". + 4", "0", "3", "-1", "x", "", "8, 256", "8, -1", "$a0", "8, 1, 2",
  "y - x + 4", "other\n.text\nother:",
];

const MOVES: readonly GoldenSource[] = [
  ...[".space", ".skip", ".zero"].flatMap((name) =>
    each("room", ".byte 7\nx: .byte 1\ny:\n", directive(name, name === ".space" ? ROOM : ROOM.slice(0, 7)))
  ),
  ...each("filling", ".byte 7\n", directive(".fill", FILLINGS)),
  ...[".align", ".p2align", ".balign"].flatMap((name) =>
    [".text\nnop\n.byte 1\n", ".data\n.byte 1\n"].flatMap((beginning) => {
      const isShort = name === ".p2align" || beginning.startsWith(".data");
      const operands = isShort ? ALIGNMENTS.slice(0, 9) : ALIGNMENTS;
      const title = `alignment behind ${beginning.replaceAll("\n", " ")}`;
      return each(title, beginning, directive(name, operands).map((text) => `${text}\n.byte 0x55`));
    })
  ),
  ...each(
    "moving",
    ".data\nx: .word 1\ny:\n",
    directive(".org", PLACES).map((text) => `${text}\n.byte 0x55`),
  ),
  {
    title: "an alignment moves labels and differences",
    source: "a: nop\n.balign 32\nb: .word b - a, . - b\n.p2align 3\nc: .dword c - a, c\nb b",
  },
  {
    title: "sections in turns",
    source:
      ".data\nx: .byte 1\n.text\nnop\nb y\n.data\n.byte 2\n.text\ny: la.local $a0, x\n.section .rodata\n.dword x, y\n" +
      ".bss\n.space 5\n",
  },
];

// deno-fmt-ignore
const SYMBOLS: readonly GoldenSource[] = [
  { title: "local labels many times", source: "1: nop\n1: b 1b\nb 1f\n1: b 1b\n2: b 1b\n.word 2b - 1b, 1b - 2b\n10: b 10b\nb 1f\n1: nop" },
  { title: "a local label with a leading zero", source: "10: nop\n010: b 10b" },
  { title: "local labels in expressions", source: "1: nop\n2: nop\n.word 2b-1b, 3f - 1b, (3f-2b) * 2\n.dword 1b, 3f + 4\n3: .uleb128 3b - 1b" },
  { title: "symbols assigned in turns", source: "a = 1\n.byte a\na = a + 1\n.byte a\n.set a, a * 3\n.byte a\n.equ b, a\na = 9\n.byte a, b" },
  { title: "a symbol that is a place", source: "nop\nx = .\nnop\ny = x + 4\nz = y - x\n.word z\nb x\nbl y\n.dword x, y" },
  { title: "names of all kinds", source: "_a.b$c: b _a.b$c\n.L1: b .L1\nA1_: b A1_\na: b a\nra: b ra\nadd.d: b add.d\nr4: .dword r4" },
  { title: "labels like directives and mnemonics", source: "nop: nop\nb nop\nli.d: .word li.d - nop" },
  ...each("assigning", "x: nop\ny = 5\n", [
    "x = 1", "y = 6", ".set x, 1", ".equ y, 6", ".equiv y, 6", ".equiv z, 6", "z = x", "z =", "z", ".set z", ".set z, ", "x:", "y:",
    "1 = 2", ". = 16", "z = z + 1", "z == 4", "z: = 4", "a b", ": nop", "1:", "1: 1: nop\nb 1b", "z = y\n.word z", "z = q\n.word z\nq = 3",
    "$a0 = 3", '"q r": nop',
  ]),
  ...each("a reference", "x: nop\n", [
    "b 1b", "b 1f", "1: b 1", ".word 1f - .\n1:", "b 0f\n0: nop", ".word x - nowhere", "li.w $a0, x", "li.d $a0, y - x\ny:", "addi.d $a0, $a0, x",
  ]),
];

// The least number divided by -1 is not here: LLVM 19 crashes.
// deno-fmt-ignore
const EXPRESSIONS: readonly GoldenSource[] = [
  ...each("an expression", "", directive(".dword", [
    "1+", "1 +* 2", "~", "!", "()", "(1)(2)", "1 = 2", "1 ? 2", "1 << 2 << 3", "-7 / 2", "-7 % 3", "7 / -2", "1 / 0", "1 % 0", "5 -- 3",
    "5 - - 3", "5 +- 3", "0x", "0b", "0b2", "08", "0o17", "1e3", "1.5", "1_000", "0xg", "0X1F", "0B1", "0b1.5", "10h", "'ab'", "''", "'",
    "'\\", "'\\z'", "'a", '"a"', "1f", "1b", "#5", "@", "5@", "%lo(5)", "1 << 64", "1 << -1", "1 >> 64", "-1 >> 1", "-1 >> 63", "1 << 63",
    "1 && 0 || 1", "1 || 0 && 0", "1 < 2 == 1", "1 == 1 == 1", "1 <> 2", "!5", "!0", "!!5", "~~5", "1!2", "3 ! 1", "2 ** 3", "1 | 2 + 3",
    "1 & 3 | 4", "6 ^ 3 & 1", "1 + 2 << 3", "7 & 3 == 3", "1 == 1 & 0", "-1 < 0", "0xffffffffffffffff < 0", "-1 > 1", "1 - 2 - 3",
  ])),
  { title: "differences before and behind", source: "a: nop\n.word c - a, c - b, a - c\nb: .byte c - b, 1, 2, 3\nnop\nc: .dword (c - a) * 3 + (b - a) / 2, (c - b) << 4, -(c - a)\n" },
  { title: "comparing places", source: "a: nop\nb: nop\n.word a < b, b < a, a == a, b - a == 4, b - a > 3" },
];

// deno-fmt-ignore
const LEXICAL: readonly GoldenSource[] = each("a statement", "", [
  "nop nop", "nop;nop", "nop ; ; nop", "NOP", "Nop", "nop,", ",", "nop # c", "nop // c", "nop /* c */", "/* c */ nop", "nop /* a\nb */ nop",
  "/* a", "nop \\", "# only", "nop ! c", "nop | c", ".nop", "nop.", ".unknown 1", ".TEXT\nnop", ".Word 1", "add.d $a0,$a1,$a2",
  "add.d $A0,$a1,$a2", "add.d a0, a1, a2", "add.d $4, $5, $6", "add.d %a0, $a1, $a2", "add.d\t$a0\t,\t$a1 , $a2", "add.d $ a0, $a1, $a2",
  "\u00a0nop", "nop\u00e9", "{nop}", "[nop]", "`nop`", "nop\r\nnop", "nop\fnop", "\vnop", "?", "=", "x = = 1", ":", "::", "\\nop", "5",
  '"nop"', "$a0", "$a0: nop", "%nop", "(nop)",
]);

/** All sources that are always compared. */
export const SOURCES: readonly GoldenSource[] = [
  ...GOLDEN_SOURCES,
  ...LOADS,
  ...LIMITS,
  ...JUMPS,
  ...DATA,
  ...MOVES,
  ...SYMBOLS,
  ...EXPRESSIONS,
  ...LEXICAL,
];
