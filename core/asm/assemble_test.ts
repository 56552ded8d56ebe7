import { assertEquals, assertThrows } from "@std/assert";
import encodings from "../isa/encodings_llvm.json" with { type: "json" };
import recorded from "./goldens_llvm.json" with { type: "json" };
import { assemble, type AssembleOptions, type Program } from "./mod.ts";

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function word(value: number): string {
  return `0x${value.toString(16).padStart(8, "0")}`;
}

/** The words of the first segment. */
function words(source: string, options?: AssembleOptions): string[] {
  const bytes = assemble(source, options).segments[0]?.bytes ?? new Uint8Array();
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Array.from({ length: bytes.length / 4 }, (_, index) => word(view.getUint32(index * 4, true)));
}

/** Recorded bytes, in which `(64 zeros)` stands for a long run. */
function unpack(text: string): string {
  return text.replace(/\((\d+) zeros\)/g, (_, count) => "00".repeat(Number(count)));
}

const CSRS: ReadonlyMap<string, number> = new Map([["CRMD", 0], ["ESTAT", 5], ["ERA", 6]]);
const WITH_CSRS: AssembleOptions = { csrNumber: (name) => CSRS.get(name) };

for (const golden of recorded.goldens) {
  Deno.test(`assemble() gives the bytes and symbols of LLVM and LLD: ${golden.title}`, () => {
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

Deno.test("assemble() gives LLVM's word for every instruction that LLVM knows", () => {
  const rows = encodings.encodings.map((row) => ({ expected: String(row[2]), text: String(row[3]) }));
  const got = words(rows.map(({ text }) => text).join("\n"));
  assertEquals(got.length, rows.length);
  rows.forEach(({ expected, text }, index) => assertEquals(got[index], expected, text));
});

Deno.test("assemble() knows the LVZ instructions that LLVM 19 lacks", () => {
  const source = "gtlbclr\ngtlbsrch\ngtlbrd\ngtlbwr\ngtlbfill";
  assertEquals(words(source), ["0x06482001", "0x06482801", "0x06482c01", "0x06483001", "0x06483401"]);
});

/** Pairs of texts that must give the same words; the second is one that the goldens cover. */
const SAME: readonly (readonly [source: string, same: string])[] = [
  ["csrrd $a0, ESTAT", "csrrd $a0, 5"],
  ["csrwr $a0, CRMD + 6", "csrwr $a0, 6"],
  ["gcsrxchg $a0, $a1, ERA", "gcsrxchg $a0, $a1, 6"],
  ["ESTAT = 9\ncsrrd $a0, ESTAT", "csrrd $a0, 9"],
  ["csrrd $a0, ESTAT\nESTAT = 9", "csrrd $a0, 9"],
  ["number = 9\ncsrrd $a0, number", "csrrd $a0, 9"],
  ["ERA: csrrd $a0, ERA\nb ERA", "x: csrrd $a0, 6\nb x"],
  ["x: nop\nb x + 8\nnop", "nop\nb 4\nnop"],
  ["nop\nb . - 4", "nop\nb -4"],
  ["x: nop\nb x + (4 - 2) * 2", "nop\nb 0"],
  ["a: nop\nb: nop\nbeq $a0, $a1, b - a", "nop\nnop\nbeq $a0, $a1, 4"],
  ["b b\nb:", "b 4"],
  ["a: nop\nb: nop\nli.w $a0, (b - a) * 3", "nop\nnop\nli.w $a0, 12"],
  ["li.w $a0, 'A' + 1", "li.w $a0, 66"],
  ["la $a0, 0x12345678", "pcalau12i $a0, 0x12345\naddi.d $a0, $a0, 0x678"],
  ["la.global $a0, x\nx:", "la.pcrel $a0, x\nx:"],
  ["la $a0, x\nx:", "la.pcrel $a0, x\nx:"],
  [
    "la.abs $a0, 0x9000000012345678",
    "lu12i.w $a0, 0x12345\nori $a0, $a0, 0x678\nlu32i.d $a0, 0\nlu52i.d $a0, $a0, -0x700",
  ],
  ["x: lu12i.w $a0, (x + 0x5000) >> 12", "lu12i.w $a0, 5"],
  // LLVM's bytes.
  [".uleb128 0, 127, 128, 0x4000, 0", ".byte 0, 0x7f, 0x80, 1, 0x80, 0x80, 1, 0"],
  [".uleb128 -1, 63, 64", ".word 0xffffffff, 0xffffffff, 0x403f01ff"],
  [".sleb128 63, 64, -64, -65, 0, 0", ".byte 0x3f, 0xc0, 0, 0x40, 0xbf, 0x7f, 0, 0"],
  [".sleb128 1 << 63, -1, 63", ".word 0x80808080, 0x80808080, 0x3f7f7f80"],
  ["1: nop\n.uleb128 (. - 1b) * 100, 0, 0", "nop\n.byte 0x90, 3, 0, 0"],
];

Deno.test("assemble() gives the same words for two ways to write a thing", () => {
  for (const [source, same] of SAME) {
    assertEquals(words(source, WITH_CSRS), words(same), source);
  }
});

const LISTING = `# comment
.globl _start
first:
_start: addi.d $a0, $zero, 1 ; li.d $a1, 0x123456789  # two statements
.Linner: b _start
1:  nop
.data
table: .word 1, 2
       .asciz "text"
end:
.bss
room: .space 8
limit = 0x100
`;

function listing(): Program {
  return assemble(LISTING, { origin: 0x9000000000200000n });
}

Deno.test("Program.lineAt() finds the statement of every byte", () => {
  const program = listing();
  const rows:
    readonly (readonly [offset: bigint, line: number | undefined, column?: number, text?: string])[] = [
      [-1n, undefined],
      [0n, 4, 9, "addi.d $a0, $zero, 1"],
      [3n, 4, 9, "addi.d $a0, $zero, 1"],
      [4n, 4, 32, "li.d $a1, 0x123456789"],
      [15n, 4, 32, "li.d $a1, 0x123456789"],
      [16n, 5, 10, "b _start"],
      [20n, 6, 5, "nop"],
      [24n, undefined],
      [0x20n, 8, 8, ".word 1, 2"],
      [0x27n, 8, 8, ".word 1, 2"],
      [0x28n, 9, 8, '.asciz "text"'],
      [0x2cn, 9, 8, '.asciz "text"'],
      [0x2dn, undefined],
      [0x30n, 12, 7, ".space 8"],
      [0x38n, undefined],
    ];
  for (const [offset, line, column, text] of rows) {
    const expected = line === undefined ? undefined : { line, column, text };
    assertEquals(program.lineAt(0x9000000000200000n + offset) as unknown, expected, `offset ${offset}`);
  }
});

Deno.test("Program.symbolAt() finds the nearest label in the segment, a global one first", () => {
  const program = listing();
  const rows: readonly (readonly [offset: bigint, name: string | undefined, distance?: bigint])[] = [
    [-4n, undefined],
    [0n, "_start", 0n],
    [15n, "_start", 15n],
    [16n, ".Linner", 0n],
    [23n, ".Linner", 7n],
    [24n, ".Linner", 8n],
    [25n, undefined],
    [0x20n, "table", 0n],
    [0x2cn, "table", 12n],
    [0x2dn, "end", 0n],
    [0x34n, "room", 4n],
  ];
  for (const [offset, name, distance] of rows) {
    const expected = name === undefined ? undefined : { name, offset: distance };
    assertEquals(program.symbolAt(0x9000000000200000n + offset) as unknown, expected, `offset ${offset}`);
  }
});

Deno.test("assemble() lists symbols, globals and the entry", () => {
  const program = listing();
  assertEquals(program.entry, 0x9000000000200000n);
  assertEquals(program.globals, new Set(["_start"]));
  assertEquals([...program.symbols], [
    ["first", 0x9000000000200000n],
    ["_start", 0x9000000000200000n],
    [".Linner", 0x9000000000200010n],
    ["table", 0x9000000000200020n],
    ["end", 0x900000000020002dn],
    ["room", 0x9000000000200030n],
    ["limit", 0x100n],
  ]);
});

Deno.test("assemble() enters at _start, else at the first bytes, else at the origin", () => {
  assertEquals(assemble("nop\n_start: nop", { origin: 0x40n }).entry, 0x44n);
  assertEquals(assemble("nop", { origin: 0x40n }).entry, 0x40n);
  assertEquals(assemble(".data\n.byte 1", { sections: { ".data": 0x80n } }).entry, 0x80n);
  assertEquals(assemble("_start = 4\nnop", { origin: 0x40n }).entry, 0x40n);
  const empty = assemble("# nothing\n", { origin: 0x40n });
  assertEquals([empty.entry, empty.segments, empty.symbols.size], [0x40n, [], 0]);
});

Deno.test("assemble() leaves out sections that are not loaded", () => {
  const source = 'nop\n.section .comment, "MS", @progbits, 1\nnote: .asciz "cc"\n.word . - note\n';
  const program = assemble(source);
  assertEquals(program.segments.map(({ name }) => name), [".text"]);
  assertEquals(program.symbols.size, 0);
});

Deno.test("assemble() places code up to the last address", () => {
  const program = assemble("x: nop\nb x\n.data\n.byte 1", {
    origin: (1n << 64n) - 8n,
    sections: { ".data": 0x10n },
  });
  assertEquals(program.segments.map(({ address }) => address), [0xfffffffffffffff8n, 0x10n]);
  assertEquals(program.lineAt(0xffffffffffffffffn)?.text, "b x");
});

Deno.test("assemble() refuses options that are out of range", () => {
  assertThrows(
    () => assemble("nop", { origin: -4n }),
    RangeError,
    "Cannot assemble: origin is -4, range is 0 to 0xffffffffffffffff",
  );
  assertThrows(
    () => assemble("nop", { sections: { ".text": 1n << 64n } }),
    RangeError,
    "Cannot assemble: address of .text is 18446744073709551616, range is 0 to 0xffffffffffffffff",
  );
  assertThrows(
    () => assemble("nop", { sections: { ".tetx": 0n } }),
    RangeError,
    'Cannot assemble: option "sections" has .tetx, which the source has not',
  );
});

Deno.test("assemble() binds a long chain of symbols in any order without deep recursion", () => {
  const rows = Array.from({ length: 5_000 }, (_, index) => `a${index} = a${index + 1} + 1`);
  const program = assemble(`${rows.join("\n")}\na5000 = 5`);
  assertEquals(program.symbols.get("a0"), 5_005n);
});

Deno.test("assemble() evaluates a sum of many terms without deep recursion", () => {
  const { segments } = assemble(`x: .dword ${"x + ".repeat(20_000)} 1`, { origin: 8n });
  assertEquals(hex(segments[0]?.bytes ?? new Uint8Array()), "0171020000000000");
});
