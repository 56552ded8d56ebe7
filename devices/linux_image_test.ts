import { assert, assertEquals, assertThrows } from "@std/assert";
import { assemble } from "../core/asm/mod.ts";
import { ReferenceEngine } from "../core/exec/reference.ts";
import { createVirtMachine, isLinuxImage, LinuxImageError, loadProgram, parseLinuxImage } from "./mod.ts";

const SIZE = 0x200;

/** The header of VM-IMG-01 in front of code at 0x100 that powers off. */
function image() {
  const file = new Uint8Array(SIZE);
  const view = new DataView(file.buffer);
  view.setUint16(0, 0x5a4d, true);
  view.setBigUint64(0x08, 0x9000000000200100n, true);
  view.setBigUint64(0x10, 0x10000n, true);
  view.setBigUint64(0x18, 0x200000n, true);
  view.setUint32(0x38, 0x818223cd, true);
  view.setUint32(0x3c, 0x40, true);
  view.setUint32(0x40, 0x4550, true);
  view.setUint16(0x44, 0x6264, true);
  view.setUint16(0x58, 0x20b, true);
  const code = "li.w $t0, 0x100e001c\nli.w $t1, 0x34\nst.b $t1, $t0, 0";
  file.set(assemble(code, { origin: 0x200100n }).segments[0]?.bytes ?? new Uint8Array(), 0x100);
  return { file, view };
}

Deno.test("a Linux image is loaded at its offset and starts at its entry, whose window is dropped", () => {
  const { file } = image();
  assert(isLinuxImage(file));
  const program = parseLinuxImage(file);
  assertEquals([program.entry, program.loadOffset, program.size], [0x200100n, 0x200000n, 0x10000n]);
  const vm = createVirtMachine({ memory: 0x1000000 });
  vm.machine.writePhysical(0x20fff8, 8, 1n);
  loadProgram(vm, program);
  assertEquals(vm.machine.readPhysical(0x20fff8, 8), 0n, "what the kernel takes behind the file is cleared");
  assertEquals(new ReferenceEngine().run(vm.machine, { budget: 10 }).kind, "device");
  assertEquals(parseLinuxImage(file, 0x100n).segments[0]?.address, 0x200100n);
});

/** Where, how wide, what is put there, what is said then. */
const BROKEN: readonly (readonly [at: number, bytes: 2 | 4 | 8, value: bigint, message: string])[] = [
  [0x00, 2, 0x5a4en, "the magic number (0x5a4e at offset 0x0) must be 0x5a4d, MZ"],
  [0x04, 4, 0x676d697an, "the second magic number (0x676d697a at offset 0x4) is that of a compressed kernel"],
  [0x08, 8, 0x200102n, "the entry (0x200102 at offset 0x8) must be a multiple of 4 in the image"],
  [0x08, 8, 0x200200n, "the entry (0x200200 at offset 0x8)"],
  [0x08, 8, 0x1ffffcn, "the entry (0x1ffffc at offset 0x8)"],
  [0x10, 8, 0x1ffn, "the size in memory (0x1ff at offset 0x10) is below that of the file, 512"],
  [0x10, 8, 1n << 63n, "the load offset (0x200000 at offset 0x18) leads behind the physical addresses"],
  [0x18, 8, (1n << 64n) - 1n, "the load offset (0xffffffffffffffff at offset 0x18) leads behind"],
  [0x38, 4, 0x644d5241n, "the magic number of Linux (0x644d5241 at offset 0x38) must be 0x818223cd"],
  [0x3c, 4, 0x1f0n, "the offset of the PE header (0x1f0 at offset 0x3c) is outside the file"],
  [0x3c, 4, 0xfffffff0n, "the offset of the PE header (0xfffffff0 at offset 0x3c) is outside the file"],
  [0x40, 4, 0n, "the PE header (0x0 at offset 0x40) must be 0x4550, PE"],
  [0x44, 2, 0xaa64n, "the machine (0xaa64 at offset 0x44) must be 0x6264, LoongArch64"],
  [0x58, 2, 0x10bn, "the PE format (0x10b at offset 0x58) must be 0x20b, 64-bit"],
];

for (const [at, bytes, value, message] of BROKEN) {
  Deno.test(`a broken Linux image is refused: ${message}`, () => {
    const { file, view } = image();
    for (let i = 0; i < bytes; i++) view.setUint8(at + i, Number(value >> BigInt(8 * i) & 0xffn));
    const error = assertThrows(() => parseLinuxImage(file), LinuxImageError, message);
    assert(error.message.startsWith("Cannot load this Linux image: "), error.message);
  });
}

Deno.test("a Linux image that is cut in its header is refused", () => {
  const { file } = image();
  for (let length = 0; length < 0x5a; length++) {
    assertThrows(() => parseLinuxImage(file.slice(0, length)), LinuxImageError);
    assertEquals(isLinuxImage(file.slice(0, length)), length >= 64);
  }
});
