import { assertEquals, assertThrows } from "@std/assert";
import type { AccessSize } from "../core/bus.ts";
import { Random } from "../core/random.ts";
import { SnapshotError } from "../core/snapshot/mod.ts";
import { createVirtMachine, type Device, Ipi, Uart } from "./mod.ts";

const SEEDS = 60;
const ACTIONS = 40;

/** A device, and what it did to the outside. */
interface Wired {
  readonly device: Device;
  readonly seen: unknown[];
  readonly offsets: number;
  readonly size: AccessSize;
  /** Something from outside, if the device has such a thing. */
  readonly input?: (value: number) => void;
}

function uart(): Wired {
  const seen: unknown[] = [];
  const device = new Uart({ onTransmit: (b) => seen.push(b), onInterrupt: (level) => seen.push(level) });
  return { device, seen, offsets: 8, size: 1, input: (value) => device.receive([value, value + 1]) };
}

function ipi(): Wired {
  const seen: unknown[] = [];
  const iocsr = { read: () => 0n, write: () => true };
  const device = new Ipi({ onLine: (level) => seen.push(level), iocsr });
  return { device, seen, offsets: 16, size: 4 };
}

/** Random accesses; what came of them. */
function drive({ device, seen, offsets, size, input }: Wired, seed: number): readonly unknown[] {
  const random = new Random(seed);
  seen.length = 0;
  for (let n = 0; n < ACTIONS; n++) {
    const [offset, value, kind] = [random.below(offsets) * size, random.below(256), random.below(5)];
    if (kind < 2) seen.push(device.read(offset, size));
    else if (kind < 4 || input === undefined) device.write(offset, size, BigInt(value));
    else input(value & 0x7f);
  }
  return [...seen];
}

Deno.test("a device answers after a restore as it answered after the snapshot", () => {
  for (const make of [uart, ipi]) {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const wired = make();
      drive(wired, seed);
      const restore = wired.device.save?.();
      const first = drive(wired, seed + 1000);
      restore?.();
      assertEquals(drive(wired, seed + 1000), first, `${wired.device.name}, seed ${seed}`);
      restore?.();
      assertEquals(drive(wired, seed + 1000), first, `${wired.device.name}, seed ${seed}, again`);
    }
  }
});

Deno.test("a device that takes no part keeps its machine from having snapshots, and one added later is gone again", () => {
  const { machine, bus } = createVirtMachine({ memory: 0x10000 });
  const restore = machine.save();
  bus.add(0x2000_0000, { name: "timer0", size: 4, read: () => 7n, write: () => true });
  assertThrows(
    () => machine.save(),
    SnapshotError,
    "Cannot take a snapshot: timer0 does not take part in snapshots",
  );
  restore();
  assertEquals(bus.read(0x2000_0000, 4), undefined);
  machine.save();
});
