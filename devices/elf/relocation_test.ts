import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import recorded from "../../fixtures/objects.json" with { type: "json" };
import { assemble } from "../../core/asm/mod.ts";
import { ReferenceEngine } from "../../core/exec/reference.ts";
import {
  createVirtMachine,
  ElfError,
  linkObjects,
  LoadError,
  loadProgram,
  parseElf,
  UndefinedSymbolError,
} from "../mod.ts";
import {
  writeObject,
  type WrittenRelocation,
  type WrittenSection,
  type WrittenSymbol,
} from "./object_writer.ts";

const BASE = 0x200000n;

function code(text: string, origin = BASE): Uint8Array {
  return assemble(text, { origin }).segments[0]?.bytes ?? new Uint8Array();
}

function textOf(file: Uint8Array, options = {}): Uint8Array {
  return parseElf(file, options).segments.find((s) => s.name === ".text")?.bytes ?? new Uint8Array();
}

/** `target` is 0x1900 bytes behind the start of the code; `word` is data behind it; `far` is a number. */
const SYMBOLS: readonly WrittenSymbol[] = [
  { name: "target", section: ".rest", value: 0x900n },
  { name: "word", section: ".data", value: 8n, binding: "global" },
  { name: "far", section: "absolute", value: 0x123456789abcdef0n },
  { name: "seven", section: "absolute", value: 7n },
  { name: "odd", section: ".rest", value: 0x902n },
  { name: "_GLOBAL_OFFSET_TABLE_", section: "undefined", binding: "global" },
  { name: "none", section: "undefined", binding: "weak" },
];

function object(
  text: string,
  relocations: readonly WrittenRelocation[],
  more: readonly WrittenSymbol[] = [],
) {
  const bytes = new Uint8Array(0x100);
  bytes.set(code(text));
  const sections: WrittenSection[] = [
    { name: ".text", flags: "ax", bytes, relocations },
    { name: ".rest", flags: "ax", bytes: new Uint8Array(0x1000), alignment: 0x1000n },
    { name: ".data", flags: "aw", bytes: new Uint8Array(16), alignment: 8n },
  ];
  return writeObject(sections, [...SYMBOLS, ...more]);
}

const TARGET = 0x201900n;
const [ABSOLUTE, PCREL, GPREL, PLT] = [23, 22, 25, 29];
const [ASSERT, NOT, SUB, SL, SR, ADD, AND, IF_ELSE, DUP] = [30, 31, 32, 33, 34, 35, 36, 37, 24];
const number = (value: bigint): [number, string, bigint] => [ABSOLUTE, "", value];
const operation = (type: number): [number, string, bigint] => [type, "", 0n];
/** Pages to a distance, as GNU as before 2.39 wrote them; then the rest. */
const UPPER = (type: number, symbol: string) => [[type, symbol, 0x800n], number(12n), operation(SR)] as const;
const TABLE = "_GLOBAL_OFFSET_TABLE_";

/** The instruction with 0 in its field, its stack program, the instruction it becomes. */
const STACKS: readonly (readonly [string, readonly (readonly [number, string, bigint])[], string])[] = [
  ["pcaddu12i $a0, 0", [...UPPER(PCREL, "target"), operation(43)], "pcaddu12i $a0, 2"],
  [
    "addi.d $a0, $a0, 0",
    [
      [PCREL, "target", 0n],
      ...UPPER(PCREL, "target"),
      number(12n),
      operation(SL),
      operation(SUB),
      operation(40),
    ],
    "addi.d $a0, $a0, -0x700",
  ],
  ["bl 0", [[PLT, "target", 0n], operation(45)], "bl 0x1900"],
  ["beqz $a0, 0", [[PCREL, "target", 0n], operation(44)], "beqz $a0, 0x1900"],
  ["beq $a0, $a1, 0", [[PCREL, "target", 0n], operation(42)], "beq $a0, $a1, 0x1900"],
  ["bl 0", [[PCREL, "none", 0n], operation(45)], "bl -0x200000"],
  [
    "ori $a0, $a0, 0",
    [[ABSOLUTE, "target", 0n], number(0xfffn), operation(AND), operation(39)],
    "ori $a0, $a0, 0x900",
  ],
  ["ori $a0, $a0, 0", [number(0xfffn), operation(39)], "ori $a0, $a0, 0xfff"],
  ["slli.w $a0, $a0, 0", [[ABSOLUTE, "seven", 0n], operation(38)], "slli.w $a0, $a0, 7"],
  ["addu16i.d $a0, $a0, 0", [number(-5n), operation(41)], "addu16i.d $a0, $a0, -5"],
  ["nop", [number(0xfffffff0n), operation(46)], ".word 0xfffffff0"],
  [
    "addi.d $a0, $a0, 0",
    [[ABSOLUTE, "seven", 0n], operation(DUP), operation(ADD), operation(40)],
    "addi.d $a0, $a0, 14",
  ],
  [
    "addi.d $a0, $a0, 0",
    [number(0n), operation(NOT), number(5n), number(6n), operation(IF_ELSE), operation(40)],
    "addi.d $a0, $a0, 5",
  ],
  [
    "addi.d $a0, $a0, 0",
    [number(3n), operation(NOT), number(5n), number(6n), operation(IF_ELSE), operation(40)],
    "addi.d $a0, $a0, 6",
  ],
  ["nop", [number(1n), operation(ASSERT)], "nop"],
  ["nop", [operation(20), operation(21), operation(0)], "nop"],
  ["addi.d $a0, $a0, 0", [number(-1n), number(70n), operation(SR), operation(40)], "addi.d $a0, $a0, -1"],
  // The first and only slot of the table of addresses, 0x2010 bytes behind the code.
  [
    "pcaddu12i $a0, 0",
    [[PCREL, TABLE, 0x800n], [GPREL, "word", 0n], operation(ADD), number(12n), operation(SR), operation(43)],
    "pcaddu12i $a0, 2",
  ],
  [
    "ld.d $a0, $a0, 0",
    [[PCREL, TABLE, 0n], [GPREL, "word", 0n], operation(ADD), number(0xfffn), operation(AND), operation(40)],
    "ld.d $a0, $a0, 0x10",
  ],
];

STACKS.forEach(([text, program, expected], i) => {
  const relocations = program.map(([type, symbol, addend]): WrittenRelocation => [0, type, symbol, addend]);
  Deno.test(`the stack of relocations makes ${text} to ${expected} (${i})`, () => {
    assertEquals(textOf(object(text, relocations).file).slice(0, 4), code(expected));
  });
});

/** One relocation in code at 0x200000: what it makes, by the psABI's formula, or why it cannot be applied. */
const SINGLES: readonly (readonly [string, number, string, bigint, string | RegExp])[] = [
  ["bl 0", 66, "target", 8n, "bl 0x1908"],
  ["jirl $zero, $a0, 0", 64, "target", 0n, "jirl $zero, $a0, 0x1900"],
  [
    "bl 0",
    66,
    "far",
    0n,
    /B26 at \.text\+0x0 for far \(0x1234.* is out of reach, which is -0x8000000 to 0x7fffffc$/,
  ],
  ["bl 0", 66, "odd", 0n, /B26 at \.text\+0x0 for odd \(0x1902 at .*\) must be a multiple of 4$/],
  [
    "beq $a0, $a1, 0",
    64,
    "target",
    0x20000n,
    /B16 .* \(0x21900 at .* is out of reach, which is -0x20000 to 0x1fffc/,
  ],
  ["beqz $a0, 0", 65, "target", 0x400000n, /B21 .* is out of reach, which is -0x400000 to 0x3ffffc/],
  [
    "pcaddi $a0, 0",
    103,
    "target",
    0x200000n,
    /PCREL20_S2 .* is out of reach, which is -0x200000 to 0x1ffffc/,
  ],
  [
    "addi.d $a0, $a0, 0",
    66,
    "target",
    0n,
    /B26 .* \(0x2c00084 at .*\) is at addi\.d, which has no such field$/,
  ],
  ["lu12i.w $a0, 0", 72, "target", 0n, /PCALA_LO12 .* is at lu12i\.w, which has no such field$/],
  ["pcalau12i $a0, 0", 71, "far", 0n, /PCALA_HI20 .* does not fit 32 bits; compile with -mcmodel=extreme$/],
  ["lu12i.w $a0, 0", 67, "far", 0n, /ABS_HI20 .* does not fit 32 bits/],
  ["lu12i.w $a0, 0", 69, "far", 0n, "lu12i.w $a0, 0x45678"],
  ["lu52i.d $a0, $a0, 0", 70, "far", 0n, "lu52i.d $a0, $a0, 0x123"],
  ["ori $a0, $a0, 0", 68, "far", 0n, "ori $a0, $a0, 0xef0"],
  ["nop", 1, "target", 0n, `.word ${TARGET}`],
  ["nop", 1, "", -1n, ".word 0xffffffff"],
  ["nop", 1, "far", 0n, /^.*: 32 at .* does not fit 32 bits, which is -0x80000000 to 0xffffffff$/],
  ["nop", 99, "seven", 0n, ".word 0xffe00007"],
  ["nop", 99, "far", 0n, /32_PCREL .* does not fit 32 bits, which is -0x80000000 to 0x7fffffff$/],
  [".word 0x11000005", 49, "seven", 0xfffffan, ".word 0x11000006"],
  [".word 0x11000005", 54, "seven", 0n, ".word 0x11fffffe"],
  [".byte 0xc5, 1, 2, 3", 106, "seven", 0n, ".byte 0xfe, 1, 2, 3"],
  [".byte 0xff, 0x7f, 2, 3", 107, "seven", 0n, ".byte 0x86, 0, 2, 3"],
  [
    ".byte 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 1",
    107,
    "seven",
    0n,
    /that does not end/,
  ],
  ["pcalau12i $a0, 0", 75, "word", 4n, /GOT_PC_HI20 .* for word \(0x4 .* must have no addend/],
  ["pcalau12i $a0, 0", 75, "", 0n, /GOT_PC_HI20 .* needs a symbol$/],
  ["lu12i.w $a0, 0", 83, "word", 0n, /TLS_LE_HI20 .* for word .* is for thread-local storage/],
  ["nop", 3, "", 0n, /RELATIVE .* is for a dynamic linker$/],
  ["nop", 101, "", 0n, /the type of the relocation at \.text\+0x0 \(0x65 at offset .*\) is unknown$/],
  ["nop", 102, "", 5n, /the alignment of a relocation of \.text \(0x5 .* must be a power of 2/],
  [
    "nop",
    102,
    "",
    0x1fcn,
    /the alignment at \.text\+0x0 \(0x1fc .* needs no-operations that are not its own/,
  ],
  ["nop", 102, "target", 0x40n, /the alignment of a relocation of \.text \(0x40 .* must be a power of 2/],
  ["nop", 35, "", 0n, /SOP_ADD .* takes more from the stack than there is$/],
  ["nop", 23, "seven", 0n, /SOP_PUSH_ABSOLUTE .* is the last, and the stack is not empty$/],
];

SINGLES.forEach(([text, type, symbol, addend, expected], i) => {
  Deno.test(`relocation ${type} of ${text} for ${symbol}+${addend} gives ${expected} (${i})`, () => {
    const { file, relocations } = object(text, [[0, type, symbol, addend]]);
    if (typeof expected === "string") {
      return assertEquals(textOf(file).slice(0, 4), code(expected));
    }
    const error = assertThrows(() => parseElf(file, { name: "a.o" }), ElfError);
    assert(expected.test(error.message), error.message);
    assert(error.message.startsWith("Cannot load a.o: "), error.message);
    assert(error.offset >= relocations(".text") && error.offset < relocations(".text") + 24);
  });
});

Deno.test("a call of up to 128 GiB is split so that its signed lower part fits", () => {
  const call = (at: bigint) =>
    textOf(
      object("pcaddu18i $ra, 0\njirl $ra, $ra, 0", [[0, 110, "there", 0n]], [
        { name: "there", section: "absolute", value: BASE + at },
      ]).file,
    ).slice(0, 8);
  assertEquals(call(0x20000n), code("pcaddu18i $ra, 1\njirl $ra, $ra, -0x20000"));
  assertEquals(call(0x1fffcn), code("pcaddu18i $ra, 0\njirl $ra, $ra, 0x1fffc"));
  assertEquals(call((1n << 37n) - 0x20004n), code("pcaddu18i $ra, 0x7ffff\njirl $ra, $ra, 0x1fffc"));
  assertThrows(() => call((1n << 37n) - 0x20000n), ElfError, "is out of reach");
});

/** All combinations of the bits that the sign extensions of the four instructions depend on. */
const FAR = [0x800n, 0x7ffn, 0x8000_0000n, 0x8000_0800n, 0xffff_ffffn, 0x7fff_f800n, 0x7fff_f7ffn, 0n]
  .flatMap((low) =>
    [0n, 0x12345n, 0x80000n, 0xfffffn].flatMap((middle) =>
      [0x123n, 0x800n, 0x900n, 0xfffn].map((high) => high << 52n | middle << 32n | low)
    )
  );

Deno.test("four instructions make any address of 64 bits, wherever they stand", () => {
  const text = `
    pcalau12i $t0, 0
    addi.d    $a0, $zero, 0
    lu32i.d   $a0, 0
    lu52i.d   $a0, $a0, 0
    add.d     $a0, $a0, $t0`;
  const places = [71, 72, 73, 74].map((type, i): WrittenRelocation => [4 * i, type, "there", 0n]);
  const vm = createVirtMachine({ memory: 0x1000000 });
  for (const value of FAR) {
    const { file } = object(text, places, [{ name: "there", section: "absolute", value }]);
    loadProgram(vm, parseElf(file, { base: 0x2007fcn }));
    new ReferenceEngine().run(vm.machine, { budget: 5 });
    assertEquals(vm.machine.gpr[4], value, `0x${value.toString(16)}`);
  }
});

Deno.test("missing symbols are all named at once, with the place of their first use", () => {
  const { file } = object("bl 0\nbl 0\nbl 0\nbl 0", [
    [0, 66, "b", 0n],
    [4, 66, "a", 0n],
    [8, 66, "b", 0n],
    [12, 66, "none", 0n],
  ], [
    { name: "a", section: "undefined", binding: "global" },
    { name: "b", section: "undefined", binding: "global" },
    { name: "unused", section: "undefined", binding: "global" },
  ]);
  const error = assertThrows(() => parseElf(file, { name: "x.o" }), UndefinedSymbolError);
  assertEquals(error.symbols.map((s) => s.name), ["b", "a"]);
  assertEquals(
    error.message,
    "Cannot load x.o: 2 symbols are undefined: b (first used by x.o: .text+0x0), " +
      "a (first used by x.o: .text+0x4)",
  );
  const symbols = new Map([["a", 0x200100n], ["b", 0x200200n], ["none", 0x200300n]]);
  assertEquals(textOf(file, { symbols }).slice(0, 16), code("bl 0x200\nbl 0xfc\nbl 0x1f8\nbl 0x2f4"));
});

Deno.test("two objects may not define one symbol; a weak one gives way, and the larger of two common ones is taken", () => {
  const one = (name: string, symbol: WrittenSymbol) => ({
    name,
    bytes: writeObject([{ name: ".text", flags: "ax", bytes: code("nop") }], [symbol]).file,
  });
  const x = (more: Partial<WrittenSymbol>): WrittenSymbol => ({
    name: "x",
    section: ".text",
    binding: "global",
    ...more,
  });
  const strong = one("a.o", x({}));
  const error = assertThrows(() => linkObjects([strong, one("b.o", x({}))]), ElfError);
  assert(
    /^Cannot load b\.o: symbol x \(0x1 .* is defined already, by symbol 1 .* of a\.o$/.test(error.message),
  );
  const weak = one("b.o", x({ binding: "weak" }));
  for (const objects of [[strong, weak], [weak, strong]]) {
    assertEquals(linkObjects(objects).symbol("x")?.address, objects[0] === strong ? BASE : BASE + 4n);
  }
  const common = (size: bigint, value: bigint) => one("c.o", x({ section: "common", size, value }));
  const segments = linkObjects([common(8n, 64n), common(100n, 4n)]).segments;
  assertEquals(segments.at(-1)?.size, 100n);
  assertEquals(segments.at(-1)?.address, BASE + 64n);
});

Deno.test("an object's code is made for a base in a window and loaded at its lower 48 bits", () => {
  const { file } = object("nop", [[8, 2, "target", 0n]]);
  const program = parseElf(file, { base: 0x9000000000200000n });
  assertEquals(program.symbol("target"), {
    name: "target",
    address: TARGET,
    linkAddress: 0x9000000000201900n,
    size: 0n,
    isGlobal: false,
  });
  assertEquals(program.segments[0]?.address, BASE);
  assertEquals(
    new DataView(program.segments[0]?.bytes.buffer ?? new ArrayBuffer(0)).getBigUint64(8, true),
    0x9000000000201900n,
  );
  assertEquals(program.symbolAt(0x9000000000201904n), { name: "odd", offset: 2n });
  assertEquals(program.constants.get("seven"), 7n);
  assertEquals(program.sections.map((s) => [s.name, s.address, s.isExecutable, s.isWritable]), [
    [".text", BASE, true, false],
    [".rest", 0x201000n, true, false],
    [".data", 0x202000n, false, true],
  ]);
});

Deno.test("an object starts at _start, at the symbol asked for, or at its first instruction", () => {
  const { file } = object("nop", []);
  assertEquals(parseElf(file).entry, BASE);
  assertEquals(parseElf(file, { entry: "target" }).entry, TARGET);
  assertThrows(
    () => parseElf(file, { entry: "odd" }),
    ElfError,
    "the entry (0x201902 at offset 0x18) must be a multiple of 4",
  );
  assertThrows(() => parseElf(file, { entry: "word" }), ElfError, "in executable code");
  assertThrows(() => parseElf(file, { entry: "main" }), ElfError, "cannot be main: there is no such symbol");
  assertThrows(() => parseElf(file, { base: 2n }), RangeError, "Cannot use base 2");
});

Deno.test("no-operations in front of an aligned place go as far as they are not needed, and what is behind moves up", () => {
  // 12 bytes of nops at 4 of a section at 0x200000: 16-byte alignment needs all; at 0x200008 it needs 4.
  const bytes = code(`${"nop\n".repeat(4)}b 0`);
  const end: WrittenSymbol = { name: "end", section: ".text", value: 16n, size: 4n, binding: "global" };
  const all: WrittenSymbol = { name: "all", section: ".text", size: 20n };
  const aligned = (...relocations: WrittenRelocation[]) =>
    writeObject([{ name: ".text", flags: "ax", bytes, relocations }], [end, all])
      .file;
  for (const [base, kept] of [[BASE, 12n], [BASE + 4n, 8n], [BASE + 8n, 4n], [BASE + 12n, 0n]] as const) {
    const program = parseElf(aligned([4, 102, "", 12n], [16, 66, "end", -4n]), { base });
    assertEquals(program.symbol("end")?.address, base + 4n + kept);
    assertEquals([program.symbol("end")?.size, program.symbol("all")?.size], [4n, 8n + kept]);
    const [segment] = program.segments;
    assertEquals(segment?.bytes, code(`${"nop\n".repeat(1 + Number(kept / 4n))}b -4`));
  }
  assertThrows(
    () => parseElf(aligned([4, 102, "", 12n], [8, 66, "end", 0n]), { base: BASE + 12n }),
    ElfError,
    "is for bytes that an alignment leaves out",
  );
});

Deno.test("an alignment that may take so many bytes only takes none if it needs more", () => {
  const bytes = code("nop\n".repeat(5));
  const symbols: WrittenSymbol[] = [{ name: "any", section: ".text" }, {
    name: "end",
    section: ".text",
    value: 16n,
  }];
  for (const [base, kept] of [[BASE, 0n], [BASE + 4n, 8n], [BASE + 8n, 4n], [BASE + 12n, 0n]] as const) {
    // 2^4, at most 8 bytes; a symbol says that the addend has two parts.
    const relocations: WrittenRelocation[] = [[4, 102, "any", 0x804n]];
    const { file } = writeObject([{ name: ".text", flags: "ax", bytes, relocations }], symbols);
    assertEquals(parseElf(file, { base }).symbol("end")?.address, base + 4n + kept);
  }
});

Deno.test("sections go by kind, each kind to a multiple of its greatest alignment, each section to one of its own", () => {
  const bytes = code("nop");
  const { file } = writeObject([
    { name: ".bss", flags: "awz", size: 8n, alignment: 8n },
    { name: ".data", flags: "aw", bytes, alignment: 1n },
    { name: ".rodata", flags: "a", bytes, alignment: 4n },
    { name: ".text", flags: "ax", bytes, alignment: 4n },
    { name: ".note", flags: "", bytes },
    { name: ".text.far", flags: "ax", bytes, alignment: 64n },
    { name: ".rodata.wide", flags: "a", bytes, alignment: 16n },
  ]);
  assertEquals(parseElf(file, { base: BASE + 4n }).segments.map((s) => [s.name, s.address]), [
    [".text", 0x200040n],
    [".text.far", 0x200080n],
    [".rodata", 0x200090n],
    [".rodata.wide", 0x2000a0n],
    [".data", 0x2000a4n],
    [".bss", 0x2000a8n],
  ]);
});

Deno.test("zeros of any size cost nothing until they are loaded, and are refused where there is no RAM", () => {
  const big = (size: bigint) =>
    writeObject([
      { name: ".text", flags: "ax", bytes: code("nop") },
      { name: ".bss", flags: "awz", size, alignment: 64n },
    ]).file;
  const program = parseElf(big(1n << 46n));
  assertEquals(program.segments.map((s) => [s.name, s.size]), [[".text", 4n], [".bss", 1n << 46n]]);
  assertThrows(
    () => loadProgram(createVirtMachine({ memory: 0x1000000 }), program),
    LoadError,
    "Cannot load .bss",
  );
  assertThrows(() => parseElf(big(1n << 63n)), ElfError, "the size of .bss (0x8000000000000000 at offset");
});

/** A field of an object: where, how wide, what is put there, what the message says. */
type Field = (o: ReturnType<typeof writeObject>) => number;
const BROKEN: readonly (readonly [string, Field, 1 | 2 | 4 | 8, bigint, RegExp])[] = [
  [
    "a section outside the file",
    (o) => o.header(".data") + 0x18,
    8,
    1n << 40n,
    /the offset of \.data \(0x1000+ .* is outside the file/,
  ],
  [
    "a section in another",
    (o) => o.header(".data") + 0x18,
    8,
    0x40n,
    /the offset of \S+ \(0x40 .* is inside (\.data|\.text), which takes/,
  ],
  [
    "an absurd size",
    (o) => o.header(".data") + 0x20,
    8,
    1n << 62n,
    /\.data \(0x4000000000000000 .* must end in the file/,
  ],
  [
    "an alignment that is no power",
    (o) => o.header(".data") + 0x30,
    8,
    24n,
    /the alignment of \.data \(0x18 .* must be a power of 2/,
  ],
  [
    "an absurd alignment",
    (o) => o.header(".data") + 0x30,
    8,
    1n << 63n,
    /the size of \.data .* leads behind the physical addresses/,
  ],
  [
    "thread-local data",
    (o) => o.header(".data") + 8,
    8,
    0x403n,
    /the flags of \.data \(0x403 .* thread-local storage/,
  ],
  ["compressed data", (o) => o.header(".data") + 8, 8, 0x803n, /the flags of \.data \(0x803 .* compressed/],
  [
    "relocations without addends",
    (o) => o.header(".data") + 4,
    4,
    9n,
    /the type of \.data \(0x9 .* without addends/,
  ],
  [
    "a relocation outside its section",
    (o) => o.relocations(".text"),
    8,
    0x101n,
    /the place of a relocation of \.text \(0x101 .* has 0x100 bytes/,
  ],
  [
    "a relocation across the end",
    (o) => o.relocations(".text"),
    8,
    0xfen,
    /B26 at \.text\+0xfe for target \(0xfe .* needs 4 bytes/,
  ],
  [
    "a relocation for no symbol",
    (o) => o.relocations(".text") + 12,
    4,
    99n,
    /the symbol of a relocation of \.text \(0x63 .* does not exist; there are 8/,
  ],
  [
    "a symbol of no section",
    (o) => o.symbol("target") + 6,
    2,
    77n,
    /the section of symbol 1 \(target\) \(0x4d .* does not exist; there are 7/,
  ],
  [
    "a symbol of an unknown binding",
    (o) => o.symbol("target") + 4,
    1,
    0x70n,
    /the binding of symbol 1 \(0x7 .* is neither local, global nor weak/,
  ],
  [
    "a thread-local symbol",
    (o) => o.symbol("target") + 4,
    1,
    6n,
    /B26 at \.text\+0x0 for target \(0x6 .* is for thread-local storage/,
  ],
  ["a function to be chosen", (o) => o.symbol("target") + 4, 1, 10n, /chosen when the program starts/],
  [
    "a name outside its table",
    (o) => o.symbol("target"),
    4,
    0x7fffffffn,
    /the name of a symbol \(0x7fffffff .* does not end/,
  ],
  [
    "no string table of sections",
    () => 0x3e,
    2,
    1n,
    /the section of section names \(0x1 at offset 0x3e\) is no string table/,
  ],
];

for (const [title, place, bytes, value, message] of BROKEN) {
  Deno.test(`a broken object is refused: ${title}`, () => {
    const written = object("bl 0", [[0, 66, "target", 0n]]);
    const at = place(written);
    for (let i = 0; i < bytes; i++) written.view.setUint8(at + i, Number(value >> BigInt(8 * i) & 0xffn));
    const error = assertThrows(() => parseElf(written.file), ElfError);
    assert(message.test(error.message), error.message);
  });
}

// Fuzzing --------------------------------------------------------------------------------------------------------------

/** xorshift32 */
function randomNumbers(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const INTERESTING = [
  0n,
  1n,
  2n,
  8n,
  0xffn,
  0xfff1n,
  0xffffffffn,
  1n << 31n,
  1n << 47n,
  1n << 63n,
  (1n << 64n) - 1n,
];

function mutate(original: Uint8Array, random: (below: number) => number): Uint8Array {
  const file = original.slice(0, random(12) === 0 ? random(original.length + 1) : original.length);
  const view = new DataView(file.buffer);
  for (let n = 1 + random(3); n > 0 && file.length > 8; n--) {
    const at = random(file.length - 8);
    const kind = random(3);
    if (kind === 0) view.setUint8(at, random(256));
    else if (kind === 1) view.setUint8(at, view.getUint8(at) ^ 1 << random(8));
    else view.setBigUint64(at - at % 8, INTERESTING[random(INTERESTING.length)] ?? 0n, true);
  }
  return file;
}

const FUZZED = [
  ...recorded.objects.filter((_, i) => [1, 8, 12, 16, 20].includes(i)).map((o) => o.objects[0]?.base64 ?? ""),
  ...recorded.independent.map((o) => o.file),
].map((base64) => Uint8Array.from(atob(base64), (c) => c.charCodeAt(0)));

Deno.test("a mutated object loads or is refused, and nothing else (seed 4711, 1400 files)", () => {
  const random = randomNumbers(4711);
  const provided = new Map([["elsewhere", BASE], ["counter", BASE], ["table", BASE], ["other", BASE]]);
  let refused = 0;
  for (let i = 0; i < 1400; i++) {
    const file = mutate(FUZZED[i % FUZZED.length] ?? new Uint8Array(), random);
    try {
      const program = parseElf(file, { symbols: provided });
      program.symbolAt(program.entry);
      for (const section of program.sections) section.contents();
    } catch (error) {
      assertInstanceOf(error, ElfError, `file ${i}: ${error instanceof Error ? error.stack : error}`);
      refused++;
    }
  }
  // Both outcomes are common, so the mutations are neither harmless nor all fatal.
  assert(refused > 350 && refused < 1300, `${refused} refused`);
});
