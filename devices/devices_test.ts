import { assertEquals, assertThrows } from "@std/assert";
import hello from "../fixtures/hello.s" with { type: "text" };
import { assemble } from "../core/asm/mod.ts";
import type { AccessSize } from "../core/bus.ts";
import { CRMD, ERA, ESTAT } from "../core/csr/basic.ts";
import { readCsr } from "../core/csr/access.ts";
import { BusError } from "../core/errors.ts";
import { ReferenceEngine } from "../core/exec/reference.ts";
import {
  AddressMap,
  createVirtMachine,
  type Device,
  Ged,
  Identification,
  Ipi,
  LoadError,
  loadProgram,
  Ram,
  Uart,
  type VirtMachine,
  type VirtMachineOptions,
} from "./mod.ts";

const MIB = 1024 * 1024;

function silent(name: string, size: number): Device {
  return { name, size, read: () => 7n, write: () => true };
}

// Address map -----------------------------------------------------------------------------------------------------

Deno.test("an address map refuses what overlaps, leaves the address space or cuts a page of RAM", () => {
  const map = new AddressMap();
  map.add(0x1000, silent("first", 0x100));
  map.add(0x1100, silent("behind it", 0x10));
  const rows: [number, Device, string][] = [
    [0x10ff, silent("second", 4), "Cannot map second at 0x10ff to 0x1102: first is at 0x1000 to 0x10ff"],
    [0xff0, silent("second", 0x11), "first is at 0x1000 to 0x10ff"],
    [0x1000, silent("second", 0), "addresses are 0 to 0xffffffffffff"],
    [-1, silent("second", 1), "addresses are 0 to 0xffffffffffff"],
    [0.5, silent("second", 1), "addresses are 0 to 0xffffffffffff"],
    [2 ** 48 - 1, silent("second", 2), "addresses are 0 to 0xffffffffffff"],
    [0x2100, new Ram("memory", 4096), "RAM starts at multiples of 4096"],
  ];
  for (const [base, device, message] of rows) assertThrows(() => map.add(base, device), RangeError, message);
  assertEquals(map.regions.map((r) => r.device.name), ["first", "behind it"]);
});

Deno.test("an address map hands an access to the one device that holds all of it", () => {
  const map = new AddressMap();
  const seen: unknown[] = [];
  map.add(0x4000, {
    name: "probe",
    size: 0x10,
    read: (...access) => (seen.push(access), 5n),
    write: (...access) => (seen.push(access), true),
  });
  map.add(0x8000, new Ram("memory", 0x2000));
  assertEquals(map.read(0x4008, 8), 5n);
  assertEquals(map.write(0x400c, 4, 9n), true);
  assertEquals(seen, [[8, 8], [12, 4, 9n]]);
  assertEquals(map.read(0x400c, 8), undefined, "leaves the device at its end");
  assertEquals(map.write(0x3fff, 2, 0n), false, "starts before the device");
  assertEquals(map.read(0x5000, 1), undefined);
  assertEquals(map.ramAt(0x4000), undefined, "a device is no RAM");
  assertEquals(map.ramAt(0x9fff)?.base, 0x8000);
  assertEquals(map.ramAt(0xa000), undefined);
  assertEquals(map.ramBytes(0x9ff0, 0x10)?.length, 0x10);
  assertEquals(map.ramBytes(0x9ff0, 0x11), undefined);
});

Deno.test("RAM is little-endian, starts as zeros, and comes in whole pages", () => {
  const ram = new Ram("memory", 8192);
  assertEquals(ram.read(8184, 8), 0n);
  ram.write(0, 8, 0x8877665544332211n);
  assertEquals([...ram.bytes.subarray(0, 8)], [0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x77, 0x88]);
  const parts: [number, AccessSize, bigint][] = [[0, 1, 0x11n], [2, 2, 0x4433n], [4, 4, 0x88776655n]];
  for (const [at, size, value] of parts) assertEquals(ram.read(at, size), value);
  ram.write(1, 1, 0xffn);
  ram.write(2, 2, 0xeeeen);
  ram.write(4, 4, 0xddddddddn);
  assertEquals(ram.read(0, 8), 0xddddddddeeeeff11n);
  for (const size of [0, -4096, 4097, Number.NaN, 2 ** 60]) {
    assertThrows(() => new Ram("memory", size), RangeError, "Cannot create memory");
  }
});

// UART ------------------------------------------------------------------------------------------------------------

/**
 * What a register access gives: `r5` reads register 5, `w1=0f` writes register 1. Recorded from Debian's QEMU 7.2
 * (`-M virt -cpu la464-loongarch-cpu`): a program generated from the same text, a few milliseconds before reads of IIR in the
 * rows about the timeout, which takes time there.
 */
const RECORDED_UART: readonly (readonly [name: string, accesses: string, reads: string])[] = [
  [
    "values after reset",
    "r1 r2 r3 r4 r5 r6 r7 r0",
    "00 01 00 08 60 b0 00 00",
  ],
  [
    "DLAB selects the divisor latch",
    "w3=80 r0 r1 w0=34 w1=12 r0 r1 w3=03 r0 r1 w1=05 r1 w3=83 r0 r1 w3=03 r1 r3",
    "0c 00 34 12 00 00 05 34 12 05 03",
  ],
  [
    "scratch and control registers keep what they can",
    "w7=5a r7 w7=a5 r7 w1=ff r1 w1=00 w4=ff r4 w4=0b r4 w3=ff r3 w3=1b r3",
    "5a a5 0f 1f 0b ff 1b",
  ],
  [
    "IIR shows whether the FIFOs are on",
    "r2 w2=01 r2 w2=c7 r2 w2=00 r2 w2=c6 r2",
    "01 c1 c1 01 01",
  ],
  [
    "enabling the transmitter interrupt reports an empty transmitter, reading IIR acknowledges it",
    "w1=02 r2 r2 w1=02 r2 w1=00 w1=02 r2 r2 w1=00 r2",
    "02 01 01 02 01 01",
  ],
  [
    "sending raises the transmitter interrupt again",
    "w4=18 w1=02 r2 r2 w0=41 r2 r2 r5",
    "02 01 02 01 61",
  ],
  [
    "loopback without FIFOs: one byte",
    "w4=18 w0=41 r5 r0 r5 r0",
    "61 41 60 41",
  ],
  [
    "loopback without FIFOs: an overrun replaces the byte",
    "w4=18 w0=41 w0=42 r5 r5 r0 r5",
    "63 61 42 60",
  ],
  [
    "loopback with FIFOs keeps the order",
    "w4=18 w2=07 w0=41 w0=42 w0=43 r5 r0 r0 r5 r0 r5 r0",
    "61 41 42 61 43 60 00",
  ],
  [
    "a full FIFO refuses the 17th byte",
    "w4=18 w2=07 w0=30 w0=31 w0=32 w0=33 w0=34 w0=35 w0=36 w0=37 w0=38 w0=39 w0=3a w0=3b w0=3c w0=3d w0=3e w0=3f w0=40 r5 r5 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r0 r5 r0",
    "63 61 30 31 32 33 34 35 36 37 38 39 3a 3b 3c 3d 3e 3f 60 00",
  ],
  [
    "data interrupt without FIFOs",
    "w4=18 w1=01 r2 w0=41 r2 r2 r0 r2",
    "01 04 04 41 01",
  ],
  [
    "data interrupt at the trigger level of 4",
    "w4=18 w2=47 w1=01 w0=41 w0=42 w0=43 w0=44 r2 r0 r2 r0 r0 r0 r2",
    "c4 41 cc 42 43 44 c1",
  ],
  [
    "data interrupt at the trigger level of 8",
    "w4=18 w2=87 w1=01 w0=40 w0=41 w0=42 w0=43 w0=44 w0=45 w0=46 w0=47 r2 r0 r2",
    "c4 40 cc",
  ],
  [
    "data interrupt at the trigger level of 14",
    "w4=18 w2=c7 w1=01 w0=40 w0=41 w0=42 w0=43 w0=44 w0=45 w0=46 w0=47 w0=48 w0=49 w0=4a w0=4b w0=4c w0=4d r2 r0 r2",
    "c4 40 cc",
  ],
  [
    "character timeout below the trigger level",
    "w4=18 w2=87 w1=01 w0=41 r2 r0 r2",
    "cc 41 c1",
  ],
  [
    "clearing the receiver FIFO",
    "w4=18 w2=07 w0=41 w0=42 w2=03 r5 r0 w2=01 r5",
    "60 00 60",
  ],
  [
    "switching the FIFOs off empties them",
    "w4=18 w2=07 w0=41 w0=42 w2=00 r5",
    "60",
  ],
  [
    "line status interrupt comes first, reading LSR ends it",
    "w4=18 w1=07 w0=41 w0=42 r2 r5 r2 r0 r2 r2",
    "06 63 04 42 02 01",
  ],
  [
    "LSR and MSR ignore writes",
    "w5=ff w6=ff r5 r6",
    "60 b0",
  ],
  [
    "clearing the transmitter FIFO reports it empty",
    "w1=02 r2 r2 w2=05 r2 r2",
    "02 01 c2 c1",
  ],
];

function access(uart: Uart, accesses: string): number[] {
  const reads: number[] = [];
  for (const text of accesses.split(" ")) {
    const [register = "", value] = text.slice(1).split("=");
    if (value === undefined) reads.push(Number(uart.read(Number(register), 1)));
    else uart.write(Number(register), 1, BigInt(`0x${value}`));
  }
  return reads;
}

function digits(bytes: readonly number[]): string {
  return bytes.map((b) => b.toString(16).padStart(2, "0")).join(" ");
}

for (const [name, accesses, reads] of RECORDED_UART) {
  Deno.test(`the UART answers as QEMU's: ${name}`, () => {
    assertEquals(digits(access(new Uart(), accesses)), reads);
  });
}

Deno.test("the UART records changes of the modem lines in loopback mode", () => {
  // PC16550D data sheet, MCR bit 4 and MSR bits 0-3; QEMU leaves the changes out. TERI is set when RI ends.
  const uart = new Uart();
  const reads = access(uart, "w4=10 r6 r6 w4=1f r6 w4=1b r6 r6 w4=10 r6");
  assertEquals(digits(reads), "0b 00 fb b4 b0 0b");
});

Deno.test("the UART sends each byte at once, but not in loopback mode or to the divisor latch", () => {
  const sent: number[] = [];
  const uart = new Uart({ onTransmit: (byte) => sent.push(byte) });
  access(uart, "w0=41 w4=10 w0=42 w4=00 w3=80 w0=43 w3=00 w2=01 w0=44 w0=45");
  assertEquals(sent, [0x41, 0x44, 0x45]);
});

Deno.test("the UART keeps input until software has room for it", () => {
  const uart = new Uart();
  const input = Array.from({ length: 40 }, (_, i) => i);
  uart.receive(input);
  assertEquals(access(uart, "r5 r0 r5 r0"), [0x61, 0, 0x61, 1]);
  access(uart, "w2=01");
  assertEquals(access(uart, `r5${" r0".repeat(36)}`), [0x61, ...input.slice(3, 39)]);
  assertEquals(access(uart, "r0 r5 r0"), [39, 0x60, 0]);
});

Deno.test("the UART drives its interrupt line by level", () => {
  const levels: boolean[] = [];
  const uart = new Uart({ onInterrupt: (level) => levels.push(level) });
  uart.receive([1]);
  assertEquals(levels, [], "not enabled");
  access(uart, "w1=01");
  assertEquals(levels, [true]);
  access(uart, "r0");
  assertEquals(levels, [true, false]);
  access(uart, "w1=02");
  assertEquals(levels, [true, false, true]);
  access(uart, "r2");
  assertEquals(levels, [true, false, true, false]);
});

Deno.test("the UART refuses accesses wider than a byte", () => {
  const uart = new Uart();
  for (const size of [2, 4, 8] as const) {
    assertEquals(uart.read(0, size), undefined);
    assertEquals(uart.write(0, size, 0n), false);
  }
});

// Power -----------------------------------------------------------------------------------------------------------

Deno.test("power off and reset are what VM-DEV-02 says, and nothing else is", () => {
  const requests: string[] = [];
  const ged = new Ged((r) => requests.push(r));
  for (const value of [0x00n, 0x14n, 0x20n, 0x30n, 0x42n]) assertEquals(ged.write(0, 1, value), true);
  for (const value of [0x00n, 0x34n, 0x43n]) assertEquals(ged.write(2, 1, value), true);
  assertEquals(ged.write(1, 1, 0x34n), true);
  assertEquals(requests, []);
  ged.write(0, 1, 0x34n);
  ged.write(2, 1, 0x42n);
  assertEquals(requests, ["power off", "reset"]);
  assertEquals(ged.write(0, 2, 0x34n), false);
  assertEquals([ged.read(0, 1), ged.read(1, 1), ged.read(2, 1), ged.read(0, 2)], [0n, 0n, 0n, undefined]);
});

// IOCSR -----------------------------------------------------------------------------------------------------------

Deno.test("the identification registers read what VM-IOCSR-01 says, whole or in parts", () => {
  const device = new Identification();
  const rows: [number, AccessSize, bigint | undefined][] = [
    [0x0, 4, 0x11n],
    [0x8, 8, 0x1cn],
    [0x10, 8, 0x6e6f73676e6f6f4cn],
    [0x14, 4, 0x6e6f7367n],
    [0x17, 1, 0x6en],
    [0x12, 2, 0x6e6fn],
    [0x20, 8, 0x0000303030354133n],
    [0x420, 8, 1n << 48n],
    [0x424, 4, 1n << 16n],
    [0x12, 4, undefined],
    [0x18, 8, undefined],
    [0x400, 4, undefined],
  ];
  for (const [at, size, value] of rows) assertEquals(device.read(at, size), value, `${at}`);
  assertEquals([device.write(0x420), device.write(0x8)], [true, false]);
});

function makeIpi(): { readonly ipi: Ipi; readonly levels: boolean[] } {
  const levels: boolean[] = [];
  const iocsr = new AddressMap();
  const ipi = new Ipi({ iocsr, onLine: (level) => levels.push(level) });
  iocsr.add(0x1000, ipi);
  return { ipi, levels };
}

Deno.test("the IPI line is high while a bit of status is enabled", () => {
  const { ipi, levels } = makeIpi();
  ipi.write(0x8, 4, 0x5n);
  assertEquals([ipi.read(0, 4), levels], [5n, []], "set, not enabled");
  ipi.write(0x4, 4, 0x6n);
  assertEquals(levels, [true]);
  ipi.write(0x8, 4, 0x2n);
  ipi.write(0xc, 4, 0x4n);
  assertEquals([ipi.read(0, 4), levels], [3n, [true]], "bit 1 remains");
  ipi.write(0xc, 4, 0x2n);
  assertEquals([ipi.read(0, 4), levels], [1n, [true, false]]);
  ipi.write(0x0, 4, 0xffn);
  assertEquals(ipi.read(0, 4), 1n, "status is read-only");
  assertEquals([ipi.read(0x4, 4), ipi.read(0x8, 4), ipi.read(0xc, 4)], [6n, 0n, 0n]);
});

Deno.test("IPI messages follow VM-IPI-03 and -04", () => {
  const { ipi, levels } = makeIpi();
  ipi.write(0x4, 4, 0xffffffffn);
  assertEquals(ipi.write(0x40, 4, 0x8000001fn), true, "send bit 31, waiting");
  assertEquals([ipi.read(0, 4), levels], [0x80000000n, [true]]);
  assertEquals(ipi.write(0x40, 4, 0x00010000n), false, "there is no processor 1");

  ipi.write(0x20, 8, 0x8877665544332211n);
  assertEquals(ipi.write(0x48, 8, 0xaabbccdd_00000000n | 1n << 2n), true, "mailbox 0, upper half");
  assertEquals(ipi.read(0x20, 8), 0xaabbccdd44332211n);
  assertEquals(ipi.write(0x48, 8, 0xaabbccdd_00000000n | 0b1010n << 27n), true, "bytes 1 and 3 are kept");
  assertEquals(ipi.read(0x20, 4), 0x44bb22ddn);
  assertEquals(ipi.write(0x48, 8, 7n << 2n | 0x12345678_00000000n), true, "mailbox 3, upper half");
  assertEquals(ipi.read(0x3c, 4), 0x12345678n);

  assertEquals(ipi.write(0x158, 8, 0x00000001_00000000n | 0x100cn), true, "any send: clear");
  assertEquals(
    ipi.write(0x158, 8, 0xffffffff_00000000n | 0b0111n << 27n | 0x1028n),
    true,
    "any send: mailbox 1",
  );
  assertEquals(ipi.read(0x28, 8), 0xff000000n);
  assertEquals(ipi.write(0x158, 8, 0x5000n), false, "nothing is at IOCSR 0x5000");
  assertEquals(ipi.write(0x158, 8, 1n << 16n | 0x1028n), false, "there is no processor 1");
});

Deno.test("the IPI block refuses what is no register, and narrow or crooked accesses", () => {
  const { ipi } = makeIpi();
  assertEquals([ipi.read(0x20, 2), ipi.read(0x22, 4), ipi.read(0x10, 4), ipi.read(0x40, 4)], [
    ...[undefined, undefined, undefined, undefined],
  ]);
  assertEquals([ipi.write(0x20, 1, 0n), ipi.write(0x24, 8, 0n), ipi.write(0x10, 4, 0n)], [
    false,
    false,
    false,
  ]);
  assertEquals([ipi.write(0x48, 4, 0n), ipi.write(0x40, 8, 0n)], [false, false]);
});

// Machine ---------------------------------------------------------------------------------------------------------

function load(
  source: string,
  options: VirtMachineOptions = {},
): VirtMachine & { readonly output: () => string } {
  const bytes: number[] = [];
  const vm = createVirtMachine({ memory: 4 * MIB, serial: (byte) => bytes.push(byte), ...options });
  loadProgram(vm, assemble(source, { origin: 0x200000n }));
  return { ...vm, output: () => new TextDecoder().decode(Uint8Array.from(bytes)) };
}

/**
 * What fixtures/hello.s sends, built by clang 19 and ld.lld 19 and run by Debian's QEMU 7.2 as its head says;
 * QEMU 10 (`-M virt -m 1G -nodefaults -display none -serial stdio`) sends the same.
 */
const HELLO_OUTPUT = "hello from Loongson 3A5000\nESTAT 0800: timer\nESTAT 1000: mail 1234\nbye\n";

Deno.test("a program prints, takes a timer interrupt and its own IPI, and powers off, as under QEMU", () => {
  const { machine, output } = load(hello);
  const stop = new ReferenceEngine().run(machine, { budget: 100_000 });
  assertEquals(output(), HELLO_OUTPUT);
  assertEquals(stop, { kind: "device", reason: "power off" });
});

Deno.test("an IPI reaches ESTAT bit 12 and is taken once it is enabled", () => {
  const { machine } = load(`
    _start: li.w      $t0, 0x1004
            li.w      $t1, 1
            iocsrwr.w $t1, $t0        # enable
            li.w      $t0, 0x1040
            iocsrwr.w $zero, $t0      # send bit 0 to processor 0
            li.w      $t0, 0x201000
            csrwr     $t0, 0xc        # EENTRY
            li.w      $t0, 0x1000
            csrwr     $t0, 0x4        # ECFG.LIE
            li.w      $t0, 4
            csrxchg   $t0, $t0, 0     # CRMD.IE
    after:  nop
  `);
  const engine = new ReferenceEngine();
  engine.run(machine, { budget: 1000, onInstruction: (m) => m.host.is(CRMD.IE) || m.pc === 0x201000n });
  assertEquals(readCsr(machine, false, ESTAT) & 0x1fffn, 0x1000n);
  assertEquals(machine.pc, 0x201000n, "the interrupt comes before the instruction behind csrxchg");
  assertEquals(machine.readPhysical(Number(machine.host.read(ERA)), 4), 0x03400000n, "the nop at `after`");
  assertEquals(machine.host.get(ESTAT.Ecode), 0n);
});

Deno.test("the UART's interrupt goes nowhere by default, and to HWI0 if asked", () => {
  const levels = (["unwired", "hwi0"] as const).map((serialInterrupt) => {
    const { machine, uart } = createVirtMachine({ memory: MIB, serialInterrupt });
    machine.writePhysical(0x1fe001e1, 1, 1n);
    uart.receive([0x41]);
    return readCsr(machine, false, ESTAT);
  });
  assertEquals(levels, [0n, 4n]);
});

Deno.test("RAM beyond 256 MiB is at 0x80000000", () => {
  const { machine, bus, lowRamEnd } = createVirtMachine({ memory: 257 * MIB });
  assertEquals(lowRamEnd, 0x10000000n);
  machine.writePhysical(0x800ffff8, 8, 5n);
  assertEquals(machine.readPhysical(0x800ffff8, 8), 5n);
  assertEquals([bus.ramAt(0x0fffffff)?.base, bus.ramAt(0x80000000)?.base], [0, 0x80000000]);
  assertThrows(() => machine.readPhysical(0x80100000, 8), BusError);
  assertThrows(() => machine.writePhysical(0x10000000, 1, 0n), BusError);
  assertThrows(() => machine.writePhysical(0x1fe001e0, 4, 0n), BusError);
  assertThrows(() => machine.iocsr.read(0x1400, 4) ?? machine.readPhysical(0x1c000000, 4), BusError);
});

Deno.test("a reset request ends the run too", () => {
  const { machine } = load("li.d $t0, 0x100e001e; li.w $t1, 0x42; st.b $t1, $t0, 0");
  assertEquals(new ReferenceEngine().run(machine, { budget: 100 }), { kind: "device", reason: "reset" });
});

Deno.test("a program loads whole or not at all, and its bss is cleared", () => {
  const vm = createVirtMachine({ memory: MIB });
  const bytes = Uint8Array.of(1, 2, 3, 4);
  vm.machine.writePhysical(0x1004, 4, 0xffffffffn);
  loadProgram(vm, { entry: 0x1000n, segments: [{ name: "a", address: 0x1000n, bytes, size: 8n }] });
  assertEquals(vm.machine.readPhysical(0x1000, 8), 0x04030201n);
  assertEquals([vm.machine.pc, vm.machine.nextPc], [0x1000n, 0x1000n]);
  const outside = { name: "b", address: 0xffffen, bytes };
  const error = assertThrows(
    () => loadProgram(vm, { entry: 0n, segments: [{ name: "a", address: 0x2000n, bytes }, outside] }),
    LoadError,
    "Cannot load b: there is no RAM for all of its 4 bytes at 0xffffe",
  );
  assertEquals([error.address, error.size], [0xffffen, 4n]);
  assertEquals(vm.machine.readPhysical(0x2000, 4), 0n);
  assertEquals(vm.machine.pc, 0x1000n);
  for (const address of [1n << 48n, (1n << 64n) - 4n]) {
    assertThrows(() => loadProgram(vm, { entry: 0n, segments: [{ name: "b", address, bytes }] }), LoadError);
  }
});
