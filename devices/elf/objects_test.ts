import { assert, assertEquals, assertThrows } from "@std/assert";
import recorded from "../../fixtures/objects.json" with { type: "json" };
import helloElf from "../../fixtures/hello_elf.json" with { type: "json" };
import { ReferenceEngine } from "../../core/exec/reference.ts";
import {
  createVirtMachine,
  ElfError,
  type ElfProgram,
  linkObjects,
  loadProgram,
  parseElf,
  UndefinedSymbolError,
} from "../mod.ts";

function bytesOf(base64: string): Uint8Array {
  return Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
}

interface Part {
  readonly address: bigint;
  readonly bytes: Uint8Array;
}

/** The parts of a recorded image, by their physical addresses. */
function partsOf(base64: string): Part[] {
  const image = bytesOf(base64);
  const view = new DataView(image.buffer);
  const parts: Part[] = [];
  for (let at = 0; at < image.length;) {
    const size = Number(view.getBigUint64(at + 8, true));
    parts.push({
      address: BigInt.asUintN(48, view.getBigUint64(at, true)),
      bytes: image.subarray(at + 16, at + 16 + size),
    });
    at += 16 + size;
  }
  return parts;
}

/** Four bytes a line, so that a difference can be read. */
function words(bytes: Uint8Array): string {
  const digits = Array.from(bytes, (b) => b.toString(16).padStart(2, "0"));
  return digits.map((d, i) => i % 4 === 0 ? `\n${i.toString(16)}: ${d}` : d).join("");
}

/** Compares what is loaded with a linker's parts; returns the number of bytes of the parts that are not loaded. */
function compare(program: ElfProgram, parts: readonly Part[]): number {
  let padding = parts.reduce((sum, p) => sum + p.bytes.length, 0);
  for (const { name, address, bytes } of program.segments.filter((s) => s.bytes.length > 0)) {
    const part = parts.find((p) => address >= p.address && address < p.address + BigInt(p.bytes.length));
    const start = Number(address - (part?.address ?? 0n));
    const expected = part?.bytes.slice(start, start + bytes.length) ?? new Uint8Array();
    assertEquals(words(bytes), words(expected), `${name} at 0x${address.toString(16)}`);
    padding -= bytes.length;
  }
  return padding;
}

function printed(program: ElfProgram): string {
  const sent: number[] = [];
  const vm = createVirtMachine({ memory: 0x1000000, serial: (byte) => sent.push(byte) });
  loadProgram(vm, program);
  assertEquals(new ReferenceEngine().run(vm.machine, { budget: 100_000 }).kind, "device");
  return new TextDecoder().decode(Uint8Array.from(sent));
}

for (const golden of recorded.objects) {
  Deno.test(`what is loaded of ${golden.title} is what LLD links`, () => {
    const objects = golden.objects.map(({ name, base64 }) => ({ name, bytes: bytesOf(base64) }));
    const symbols = new Map(
      Object.entries(golden.provided).map(([name, value]) => [name, BigInt(String(value))]),
    );
    const program = linkObjects(objects, { base: BigInt(golden.base), symbols });
    // A linker pads between sections, by less than an alignment at each of some twenty.
    assert(compare(program, partsOf(golden.image)) < 300);
    for (const [name, address] of Object.entries(golden.symbols)) {
      const symbol = program.symbol(name);
      if (symbol !== undefined) assertEquals(symbol.linkAddress, BigInt(address), name);
    }
    const found = Object.keys(golden.symbols).filter((name) => program.symbol(name) !== undefined);
    assert(found.length > 8, found.join());
    assertEquals(program.symbol("_start")?.address, program.entry);
    for (const { name, base64 } of "debug" in golden ? golden.debug : []) {
      const section = program.sections.find((s) => s.name === name);
      assertEquals(words(section?.contents() ?? new Uint8Array()), words(bytesOf(base64)), name);
    }
    if ("printed" in golden) assertEquals(printed(program), golden.printed, "what QEMU prints");
  });
}

for (const golden of recorded.independent) {
  Deno.test(`what is loaded of ${golden.title} is what LLD links to its address`, () => {
    const program = parseElf(bytesOf(golden.file), { base: BigInt(golden.base) });
    assertEquals(program.kind, "position-independent");
    assertEquals(program.entry, BigInt(golden.start));
    for (const { address, bytes } of partsOf(golden.image)) {
      const section = program.sections.find((s) => s.address === address);
      assertEquals(section?.contents(), bytes, section?.name);
    }
    if (!golden.title.startsWith("tour")) return;
    assertEquals(printed(parseElf(bytesOf(golden.file))), recorded.objects[0]?.printed, "what QEMU prints");
  });
}

const SHARED = bytesOf(recorded.shared);

Deno.test("what a position-independent file leaves undefined is found among the symbols given", () => {
  const error = assertThrows(() => parseElf(SHARED), UndefinedSymbolError, "1 symbol is undefined: outside");
  assertEquals(error.symbols, [{ name: "outside", firstUse: "a dynamic relocation" }]);
  for (const base of [0x200000n, 0x9000000000300000n]) {
    const program = parseElf(SHARED, { base, symbols: new Map([["outside", 0x123456789n]]) });
    const data = program.sections.find((s) => s.name === ".data")?.contents() ?? new Uint8Array();
    const view = new DataView(data.slice().buffer);
    const own = program.symbol("own")?.linkAddress ?? 0n;
    const start = program.symbol("_start")?.linkAddress ?? 0n;
    assertEquals(start - base, own - base - 28n);
    assertEquals([0, 8, 16, 24].map((at) => view.getBigUint64(at, true)), [
      0x123456791n,
      own + 4n,
      0n,
      start,
    ]);
    assertEquals(program.entry, BigInt.asUintN(48, start));
  }
});

/** Of the file linked with -pie: the program header of the dynamic section, entries of that, the first relocation. */
function dynamicPlaces(view: DataView) {
  const headers = Array.from({ length: view.getUint16(0x38, true) }, (_, i) => 0x40 + 56 * i);
  const header = headers.find((at) => view.getUint32(at, true) === 2) ?? 0;
  const start = Number(view.getBigUint64(header + 8, true));
  const entries = Array.from({ length: 13 }, (_, i) => start + 16 * i);
  const entry = (tag: bigint) => entries.find((at) => view.getBigUint64(at, true) === tag) ?? 0;
  const load = headers.find((at) => view.getUint32(at, true) === 1) ?? 0;
  return { header, load, start, entry, relocation: Number(view.getBigUint64(entry(7n) + 8, true)) };
}

type Places = ReturnType<typeof dynamicPlaces>;

const CHANGED: readonly (readonly [string, (p: Places) => number, bigint, RegExp])[] = [
  ["a needed library", (p) => p.start, 1n, /the dynamic section \(0x8000000 .* names a shared library/],
  ["relocations without addends", (p) => p.start, 17n, /has relocations without addends/],
  [
    "a dynamic section outside the file",
    (p) => p.header + 0x20,
    1n << 60n,
    /the dynamic section .* must end in the file/,
  ],
  [
    "relocations outside",
    (p) => p.entry(7n) + 8,
    0x99999n,
    /the address of the relocations \(0x99999 .* is not in one segment/,
  ],
  [
    "too many relocations",
    (p) => p.entry(8n) + 8,
    1n << 63n,
    /the address of the relocations .* with a size of 0x8000000000000000/,
  ],
  [
    "a chosen function",
    (p) => p.relocation + 8,
    12n,
    /the type of a relocation \(0xc .* is IRELATIVE \(12\), which only a/,
  ],
  [
    "thread-local data",
    (p) => p.relocation + 8,
    11n,
    /is TLS_TPREL64 \(11\), which only a dynamic linker can do/,
  ],
  ["an unknown type", (p) => p.relocation + 8, 99999n, /is unknown \(99999\)/],
  [
    "a symbol that does not exist",
    (p) => p.relocation + 8,
    0x99_0000_0002n,
    /the symbol of a relocation \(0x99 .* is not in the symbol/,
  ],
  [
    "a place outside",
    (p) => p.relocation,
    1n << 63n,
    /the place of a relocation \(0x8000000000000000 .* is outside the bytes/,
  ],
  [
    "an alignment that is no power",
    (p) => p.load + 0x30,
    0x3000n,
    /the alignment of segment 1 \(0x3000 .* must be a power of 2/,
  ],
  [
    "an alignment above the base's",
    (p) => p.load + 0x30,
    1n << 30n,
    /the alignment of a segment \(0x40000000 .* cannot be kept at/,
  ],
];

for (const [title, place, value, message] of CHANGED) {
  Deno.test(`a position-independent file is refused: ${title}`, () => {
    const file = bytesOf(recorded.independent[0]?.file ?? "");
    const view = new DataView(file.buffer);
    view.setBigUint64(place(dynamicPlaces(view)), value, true);
    const error = assertThrows(() => parseElf(file), ElfError);
    assert(message.test(error.message), error.message);
  });
}

Deno.test("a dynamic relocation of 32 bits is written as such, if the value fits", () => {
  const file = bytesOf(recorded.independent[0]?.file ?? "");
  const view = new DataView(file.buffer);
  const { relocation } = dynamicPlaces(view);
  view.setUint32(relocation + 8, 1, true);
  view.setBigInt64(relocation + 16, -2n, true);
  const contents = (section: string) => parseElf(file).sections.find((s) => s.name === section)?.contents();
  assertEquals(contents(".got")?.slice(16, 24), Uint8Array.of(0xfe, 0xff, 0xff, 0xff, 0, 0, 0, 0));
  view.setBigInt64(relocation + 16, 1n << 32n, true);
  assertThrows(() => parseElf(file), ElfError, "is above what 32 bits can hold");
});

Deno.test("an executable does not go to another base", () => {
  const executable = bytesOf(helloElf.base64);
  assertThrows(
    () => parseElf(executable, { base: 0x300000n }),
    ElfError,
    "is an executable, which has its own addresses",
  );
  assertEquals(parseElf(executable, { entry: "print_hex" }).entry, 0x2001e0n);
  assertEquals(parseElf(executable).sections.slice(0, 2).map((s) => [s.name, s.address, s.isExecutable]), [
    [".text", 0x200000n, true],
    [".rodata", 0x200234n, false],
  ]);
});
