import { assert, assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import helloElf from "../../fixtures/hello_elf.json" with { type: "json" };
import hello from "../../fixtures/hello.s" with { type: "text" };
import { assemble } from "../../core/asm/mod.ts";
import { ReferenceEngine } from "../../core/exec/reference.ts";
import { createVirtMachine, ElfError, LoadError, loadProgram, parseElf } from "../mod.ts";

/** fixtures/hello.s by clang 19 and `ld.lld-19 -N -Ttext=0x200000`. */
const HELLO: Uint8Array = Uint8Array.from(atob(helloElf.base64), (c) => c.charCodeAt(0));

const SYMBOLS = ["", "_start", "data", "local", "file.c"] as const;
const PLACE = {
  type: 0x10,
  entry: 0x18,
  programHeaders: 0x20,
  sectionHeaders: 0x28,
  segment0: 0x40,
  segment1: 0x78,
  contents: 0xb0,
  symbols: 0xc0,
  names: 0x138,
  sections: 0x158,
  end: 0x218,
} as const;

/**
 * The smallest file with all that matters, written field by field from the ELF specification: 8 bytes of code at 0x1000 (by its
 * physical address; the virtual one is in a window), 4 bytes of data and 12 of zeros at 0x2000, a symbol table.
 */
function smallElf(): { readonly file: Uint8Array; readonly view: DataView } {
  const file = new Uint8Array(PLACE.end);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  const u16 = (at: number, ...values: number[]) =>
    values.forEach((v, i) => view.setUint16(at + 2 * i, v, true));
  const u64 = (at: number, ...values: bigint[]) =>
    values.forEach((v, i) => view.setBigUint64(at + 8 * i, v, true));
  u16(0x10, 2, 258, 1, 0);
  u64(0x18, 0x9000000000001004n, 0x40n, BigInt(PLACE.sections));
  u16(0x34, 64, 56, 2, 64, 3, 0);
  const segment = (at: number, flags: number, ...values: bigint[]) => {
    view.setUint32(at, 1, true);
    view.setUint32(at + 4, flags, true);
    u64(at + 8, ...values);
  };
  segment(PLACE.segment0, 5, BigInt(PLACE.contents), 0x9000000000001000n, 0x1000n, 8n, 8n, 4n);
  segment(PLACE.segment1, 6, BigInt(PLACE.contents + 8), 0x2000n, 0x9000000000002000n, 4n, 16n, 4n);
  file.set([0, 0, 0x40, 3, 0, 0, 0x48, 6, 1, 2, 3, 4], PLACE.contents);
  const symbol = (index: number, info: number, section: number, value: bigint) => {
    const at = PLACE.symbols + 24 * index;
    view.setUint32(
      at,
      SYMBOLS.slice(0, index).join("\0").length + (index > 1 ? 1 : 0) + (index === 1 ? 1 : 0),
      true,
    );
    view.setUint8(at + 4, info);
    u16(at + 6, section);
    u64(at + 8, value);
  };
  symbol(1, 0x12, 1, 0x9000000000001004n);
  symbol(2, 0x11, 2, 0x2000n);
  symbol(3, 0x00, 1, 0x1000n);
  symbol(4, 0x04, 0xfff1, 0n);
  file.set(new TextEncoder().encode(`${SYMBOLS.join("\0")}\0`), PLACE.names);
  const section = (
    index: number,
    type: number,
    offset: number,
    size: number,
    link: number,
    entrySize: bigint,
  ) => {
    const at = PLACE.sections + 64 * index;
    view.setUint32(at + 4, type, true);
    u64(at + 0x18, BigInt(offset), BigInt(size));
    view.setUint32(at + 0x28, link, true);
    u64(at + 0x38, entrySize);
  };
  section(1, 2, PLACE.symbols, 24 * 5, 2, 24n);
  section(2, 3, PLACE.names, SYMBOLS.join("\0").length + 1, 0, 0n);
  return { file, view };
}

Deno.test("an ELF file gives its segments at physical addresses, its entry and its symbols", () => {
  const { file } = smallElf();
  const elf = parseElf(file);
  assertEquals(elf.entry, 0x1004n);
  assertEquals(elf.segments.map(({ address, size, executable }) => [address, size, executable]), [
    [0x1000n, 8n, true],
    [0x2000n, 16n, false],
  ]);
  assertEquals(elf.symbols.map((s) => [s.name, s.address]), [["local", 0x1000n], ["_start", 0x1004n], [
    "data",
    0x2000n,
  ]]);
  assertEquals(elf.symbolAt(0x1007n), { name: "_start", offset: 3n });
  assertEquals(elf.symbolAt(0x9000000000001000n), { name: "local", offset: 0n });
  assertEquals(elf.symbolAt(0x200fn), { name: "data", offset: 15n });
  assertEquals(elf.symbolAt(0x2010n), undefined, "behind the segment");
  assertEquals(elf.symbolAt(0x1800n), undefined, "between segments");

  const vm = createVirtMachine({ memory: 0x10000 });
  vm.machine.writePhysical(0x2004, 8, 0xffn);
  loadProgram(vm, elf);
  assertEquals(vm.machine.readPhysical(0x2000, 8), 0x04030201n, "what follows the data is cleared");
  assertEquals(vm.machine.pc, 0x1004n);
  assertEquals(vm.machine.fetch(), 0x06480000);
});

Deno.test("segments of an ELF file may touch, and a symbol names nothing in the next segment", () => {
  const { file, view } = smallElf();
  view.setBigUint64(PLACE.segment1 + 0x18, 0x1008n, true);
  const elf = parseElf(file);
  assertEquals(elf.segments.map((s) => s.address), [0x1000n, 0x1008n]);
  assertEquals(elf.symbolAt(0x1007n), { name: "_start", offset: 3n });
  assertEquals(elf.symbolAt(0x1008n), undefined);
});

Deno.test("an ELF file without section headers has no symbols", () => {
  const { file, view } = smallElf();
  view.setBigUint64(PLACE.sectionHeaders, 0n, true);
  assertEquals(parseElf(file).symbols, []);
  assertEquals(parseElf(file).symbolAt(0x1000n), undefined);
});

Deno.test("what clang and lld build of a program is what the assembler makes of it, and runs alike", () => {
  const elf = parseElf(HELLO);
  const own = assemble(hello, { origin: 0x200000n });
  const text = own.segments[0]?.bytes ?? new Uint8Array();
  const built = elf.segments[0]?.bytes.subarray(0, text.length) ?? new Uint8Array();
  // lld moves .rodata up against .text, so that addresses of strings differ; all else is the same.
  const differing = [...text].flatMap((byte, i) =>
    byte === built[i] ? [] : [own.lineAt(0x200000n + BigInt(i))?.text]
  );
  for (const line of differing) assert(line?.startsWith("la.pcrel"), line);
  assertEquals(elf.entry, own.symbols.get("_start"));
  assertEquals(elf.symbolAt(own.symbols.get("print_hex") ?? 0n), { name: "print_hex", offset: 0n });

  const sent: number[] = [];
  const vm = createVirtMachine({ serial: (byte) => sent.push(byte) });
  loadProgram(vm, elf);
  assertEquals(new ReferenceEngine().run(vm.machine, { budget: 100_000 }).kind, "device");
  assertEquals(new TextDecoder().decode(Uint8Array.from(sent)).split("\n")[1], "ESTAT 0800: timer");
});

/** One field each: where, how wide, what is put there, what the message says. */
const BROKEN: readonly (readonly [at: number, bytes: 1 | 2 | 4 | 8, value: bigint, message: string])[] = [
  [0, 1, 0x7en, "the magic number (0x464c457e at offset 0x0) is not that of ELF"],
  [4, 1, 1n, "the class (0x1 at offset 0x4) must be 0x2, 64-bit"],
  [5, 1, 2n, "the byte order (0x2 at offset 0x5) must be 0x1, little endian"],
  [6, 1, 0n, "the version (0x0 at offset 0x6)"],
  [PLACE.type, 2, 1n, "the number of sections (0x3 at offset 0x3c) leaves no code to run"],
  [
    PLACE.type,
    2,
    4n,
    "the file type (0x4 at offset 0x10) is a core dump, it must be 1 (object), 2 (executable)",
  ],
  [
    PLACE.type,
    2,
    9n,
    "the file type (0x9 at offset 0x10) must be 1 (object), 2 (executable) or 3 (position-independent)",
  ],
  [0x12, 2, 243n, "the machine (0xf3 at offset 0x12) must be 0x102, LoongArch"],
  [
    PLACE.entry,
    8,
    0x1006n,
    "the entry (0x1006 at offset 0x18) must be a multiple of 4 in an executable segment",
  ],
  [
    PLACE.entry,
    8,
    0x2000n,
    "the entry (0x2000 at offset 0x18) must be a multiple of 4 in an executable segment",
  ],
  [
    PLACE.programHeaders,
    8,
    0x219n,
    "the offset of the program header table (0x219 at offset 0x20) is outside",
  ],
  [
    PLACE.programHeaders,
    8,
    0x200n,
    "the 2 program headers (0x70 at offset 0x200) must end in the file",
  ],
  [PLACE.programHeaders, 8, (1n << 64n) - 1n, "the offset of the program header table (0xffffffffffffffff"],
  [0x36, 2, 32n, "the size of a program header (0x20 at offset 0x36) must be 0x38"],
  [0x38, 2, 0n, "the number of program headers (0x0 at offset 0x38) leaves nothing to load"],
  [0x38, 2, 0xffffn, "the 65535 program headers"],
  [PLACE.segment0, 4, 3n, "a program header (0x3 at offset 0x40) asks for a dynamic linker"],
  [PLACE.segment0 + 0x08, 8, 0x211n, "segment 0 (0x8 at offset 0x211) must end in the file"],
  [
    PLACE.segment0 + 0x08,
    8,
    1n << 63n,
    "the offset of segment 0 (0x8000000000000000 at offset 0x48) is outside",
  ],
  [
    PLACE.segment0 + 0x20,
    8,
    9n,
    "the file size of segment 0 (0x9 at offset 0x60) exceeds its size in memory, 0x8",
  ],
  [
    PLACE.segment1 + 0x28,
    8,
    1n << 63n,
    "the size of segment 1 (0x8000000000000000 at offset 0xa0) ends behind",
  ],
  [PLACE.segment1 + 0x18, 8, 0x1007n, "the address of segment 1 (0x1007 at offset 0x90) overlaps segment 0"],
  [PLACE.segment1 + 0x18, 8, 0xff8n, "the address of segment 0 (0x1000 at offset 0x58) overlaps segment 1"],
  [
    PLACE.sectionHeaders,
    8,
    0x1000n,
    "the offset of the section header table (0x1000 at offset 0x28) is outside",
  ],
  [0x3a, 2, 40n, "the size of a section header (0x28 at offset 0x3a) must be 0x40"],
  [0x3c, 2, 4n, "the 4 section headers (0x100 at offset 0x158) must end in the file"],
  [
    PLACE.sections + 0x40 + 0x28,
    4,
    1n,
    "the link of the symbol table (0x1 at offset 0x1c0) is no string table",
  ],
  [PLACE.sections + 0x40 + 0x38, 8, 16n, "the size of a symbol (0x10 at offset 0x1d0) must be 0x18"],
  [PLACE.sections + 0x40 + 0x20, 8, 0x1000n, "the symbol table (0x1000 at offset 0xc0) must end in the file"],
  [
    PLACE.symbols + 24,
    4,
    0x1000n,
    "the name of a symbol (0x1000 at offset 0xd8) does not end in the string table",
  ],
];

for (const [at, bytes, value, message] of BROKEN) {
  Deno.test(`a broken ELF file is refused: ${message}`, () => {
    const { file, view } = smallElf();
    for (let i = 0; i < bytes; i++) view.setUint8(at + i, Number((value >> BigInt(8 * i)) & 0xffn));
    const error = assertThrows(() => parseElf(file), ElfError, message);
    assert(error.message.startsWith("Cannot load this ELF file: "), error.message);
  });
}

Deno.test("an ELF error carries the offset and the value", () => {
  const { file, view } = smallElf();
  view.setUint16(0x12, 183, true);
  const error = assertThrows(() => parseElf(file), ElfError);
  assertEquals([error.offset, error.value], [0x12, 183n]);
});

Deno.test("an ELF file that is cut anywhere is refused", () => {
  const { file } = smallElf();
  for (let length = 0; length < file.length; length++) {
    assertThrows(() => parseElf(file.slice(0, length)), ElfError);
  }
});

Deno.test("segments outside RAM are refused", () => {
  const { file, view } = smallElf();
  for (const address of [0x10000n, 0xfff1n, 0xffff_ffff_0000n]) {
    view.setBigUint64(PLACE.segment1 + 0x18, address, true);
    const vm = createVirtMachine({ memory: 0x10000 });
    assertThrows(() => loadProgram(vm, parseElf(file)), LoadError, "Cannot load segment 1");
  }
});

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
  0x7fn,
  0xffn,
  0x100n,
  0xffffn,
  0x7fffffffn,
  0xffffffffn,
  1n << 47n,
  1n << 63n,
  (1n << 64n) - 1n,
];

function mutate(original: Uint8Array, random: (below: number) => number): Uint8Array {
  const file = original.slice(0, random(8) === 0 ? random(original.length + 1) : original.length);
  const view = new DataView(file.buffer);
  // Code and padding are of no interest, so most mutations go to the first part, where the headers are.
  const range = random(4) === 0 ? file.length : Math.min(file.length, 0x220);
  for (let n = 1 + random(4); n > 0 && range > 8; n--) {
    const at = random(range - 8);
    if (random(2) === 0) view.setUint8(at, random(256));
    else view.setBigUint64(at - at % 2, INTERESTING[random(INTERESTING.length)] ?? 0n, true);
  }
  return file;
}

Deno.test("a mutated ELF file loads or is refused, and nothing else (seed 20011, 6000 files)", () => {
  const random = randomNumbers(20011);
  const vm = createVirtMachine({ memory: 0x10000 });
  let refused = 0;
  for (let i = 0; i < 6000; i++) {
    const file = mutate(i % 4 === 0 ? HELLO : smallElf().file, random);
    try {
      const elf = parseElf(file);
      elf.symbolAt(elf.entry);
      loadProgram(vm, elf);
    } catch (error) {
      if (!(error instanceof LoadError)) assertInstanceOf(error, ElfError, `file ${i}: ${error}`);
      refused++;
    }
  }
  // Both outcomes are common, so the mutations are neither harmless nor all fatal at the magic number.
  assert(refused > 2000 && refused < 5900, `${refused} refused`);
});
