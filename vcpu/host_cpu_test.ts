import { assertEquals, assertStrictEquals, assertThrows } from "@std/assert";
import { bareMachine } from "../core/bare_machine.ts";
import { type Engine, ReferenceEngine } from "../core/mod.ts";
import { ECFG, ERA, SAVE } from "../core/csr/basic.ts";
import { GINTC, GSTAT, GTLBC } from "../core/csr/lvz.ts";
import { ThreadedEngine } from "../core/threaded/engine.ts";
import { HostCpu, HypervisorError } from "./host_cpu.ts";
import { CarriedCsrs, entryRoutine, FieldWrites, R, routine } from "./routine.ts";

const [SAVE0, SAVE1] = [SAVE[0]!, SAVE[1]!];
const SWAP = routine(["csrwr", R.a0, SAVE0], ["csrrd", R.a1, SAVE1], ["csrwr", R.a1, SAVE0]);

/** Engines with and without lines of words. */
const ENGINES: readonly (readonly [string, () => Engine])[] = [
  ["reference", () => new ReferenceEngine()],
  ["threaded", () => new ThreadedEngine()],
  ["words alone", () => {
    const reference = new ReferenceEngine();
    return {
      name: "alone",
      run: (m, limits) => reference.run(m, limits),
      execute: (m, word) => reference.execute(m, word),
    };
  }],
];

function onEach(test: (cpu: HostCpu, name: string) => void): void {
  for (const [name, engine] of ENGINES) test(new HostCpu(bareMachine("b 0").m, engine()), name);
}

Deno.test("a routine is executed word by word, in its order and in its time", () => {
  onEach((cpu, name) => {
    cpu.csrwr(SAVE1, 7n);
    const { clock } = cpu.machine;
    const [executed, pc] = [clock.executed, cpu.machine.pc];
    cpu.setGpr(R.a0, 5n);
    cpu.perform(SWAP);
    assertEquals([cpu.gpr(R.a1), cpu.csrrd(SAVE0)], [5n, 7n], name);
    assertEquals([clock.executed - executed, cpu.machine.pc - pc], [4, 16n], name);
  });
});

Deno.test("who watches instructions sees each word of a routine, with its operands", () => {
  onEach((cpu, name) => {
    const seen: (readonly [number, bigint])[] = [];
    cpu.observer = { beforeInstruction: (m, word) => seen.push([word, m.gpr[R.a1]!]) };
    cpu.setGpr(R.a1, 3n);
    cpu.perform(SWAP);
    assertEquals(seen, SWAP.map((word, i) => [word, i < 2 ? 3n : 0n] as const), name);
  });
});

Deno.test("a word of a routine that raises an exception is named, and none behind it is executed", () => {
  onEach((cpu, name) => {
    cpu.setGpr(R.a0, 5n);
    const words = routine(["csrwr", R.a0, SAVE0], ["syscall", 3], ["csrwr", R.a0, SAVE1]);
    assertThrows(
      () => cpu.perform(words),
      HypervisorError,
      "Cannot go on in the hypervisor: syscall 3 raised an exception in host mode",
      name,
    );
    assertEquals([cpu.machine.host.read(SAVE0), cpu.machine.host.read(SAVE1)], [5n, 0n], name);
  });
});

Deno.test("a guest that is not entered, and a word before that which raises an exception, are named", () => {
  onEach((cpu, name) => {
    const gprs = BigUint64Array.from({ length: 32 }, (_, r) => BigInt(r));
    cpu.setGpr(R.a0, 5n);
    cpu.csrwr(ERA, 0x1000n);
    assertThrows(
      () => cpu.enterGuest(entryRoutine(["csrwr", R.a0, SAVE0]), gprs, 10),
      HypervisorError,
      "Cannot enter the guest: ertn continued in host mode at 0x1000",
      name,
    );
    assertEquals([cpu.machine.host.read(SAVE0), cpu.gpr(0), cpu.gpr(R.a0)], [5n, 0n, 4n], name);
    assertThrows(
      () => cpu.enterGuest(entryRoutine(["csrwr", R.a0, SAVE1], ["syscall", 3]), gprs, 10),
      HypervisorError,
      "Cannot go on in the hypervisor: syscall 3 raised an exception in host mode",
      name,
    );
    assertEquals(cpu.machine.host.read(SAVE1), 4n, name);
  });
});

Deno.test("carried registers go between guest copies and memory, more than there are scratch registers for", () => {
  onEach((cpu, name) => {
    const slots = Array.from({ length: 20 }, (_, i) => ({ csr: SAVE[i % 8]!, slot: 19 - i }));
    const carried = new CarriedCsrs("guest", slots);
    const memory = BigUint64Array.from(slots, (_, i) => 100n + BigInt(i));
    carried.write(cpu, memory);
    // The last one that is written to each of the eight stays: slots 7 to 0.
    assertEquals(SAVE.slice(0, 8).map((csr) => cpu.gcsrrd(csr)), [
      103n,
      102n,
      101n,
      100n,
      107n,
      106n,
      105n,
      104n,
    ], name);
    const back = new BigUint64Array(20);
    carried.read(cpu, back);
    assertEquals([back[19], back[11], back[3], back[0]], [103n, 103n, 103n, 100n], name);
  });
});

Deno.test("fields are set one after the other, and nothing beside them changes", () => {
  onEach((cpu, name) => {
    const fields = [
      [GSTAT, GSTAT.GID, "gid"],
      [GTLBC, GTLBC.USETGID, 1n],
      [GTLBC, GTLBC.TGID, 5n],
      ...Array.from({ length: 8 }, (_, i) => [GINTC, GINTC.PIP, BigInt(i)] as const),
      [ECFG, ECFG.VS, 3n],
    ] as const;
    cpu.csrwr(ECFG, 1n);
    const writes = new FieldWrites(fields);
    writes.perform(cpu, writes.operands(9n));
    const got = [
      GSTAT.GID.get(cpu.csrrd(GSTAT)),
      GTLBC.TGID.get(cpu.csrrd(GTLBC)),
      GINTC.PIP.get(cpu.csrrd(GINTC)),
      cpu.csrrd(ECFG),
    ];
    assertEquals(got, [9n, 5n, 7n, ECFG.VS.of(3n) | 1n], name);
    assertThrows(() => writes.operands(256n), RangeError, "Cannot set GID: 0x100");
  });
});

Deno.test("memory of the hypervisor's own is the machine's where that has some, and else always the same", () => {
  const cpu = new HostCpu(bareMachine("b 0").m, new ReferenceEngine());
  cpu.words(0x9000_0000_0000_0100n, 2)[1] = 6n;
  assertEquals(cpu.machine.readPhysical(0x108, 8), 6n);
  const frameAt = (sp: bigint) => {
    cpu.setGpr(3, sp);
    return cpu.frame(2);
  };
  const nowhere = frameAt(0x9000_00ff_0000_0000n);
  assertStrictEquals(frameAt(0x9000_00ff_0000_0000n), nowhere);
  assertEquals(frameAt(0x9000_0000_0000_0110n)[1], 6n);
  assertEquals(cpu.frame(1).length, 1);
});

Deno.test("an instruction that does not exist is no step of a routine", () => {
  assertThrows(
    () => routine(["csrwrr", R.a0, SAVE0]),
    TypeError,
    "Cannot execute csrwrr: no such instruction",
  );
});
