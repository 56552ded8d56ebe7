// Performance counters where the clock is not one tick an instruction. Expectations: LoongArch manual Vol. 1 v1.10, "Performance Monitoring";
// BASE-PMU-02 and -03.
import { assertEquals } from "@std/assert";
import { bareMachine } from "./bare_machine.ts";
import { ReferenceEngine } from "./exec/reference.ts";
import { deriveProfile, LA464 } from "./profile.ts";

const engine = new ReferenceEngine();
const OVERFLOW = 1n << 63n;
const [PLV0, PMIE] = [1n << 16n, 1n << 20n];
const PCOV = 1n << 10n;
const EENTRY = 0x10000n;
const RATIOS = [[1, 1], [1, 10], [3, 10], [7, 2], [10, 1]] as const;

/** A machine that runs `nop`s with PCOV enabled, and both events counted. */
function machine(ticks: number, instructions: number, left: bigint, events: readonly bigint[]) {
  const clock = { ticks, instructions };
  const b = bareMachine(".rept 2000\n nop\n .endr", {
    profile: deriveProfile(LA464, { name: "other clock", clock }),
  });
  b.setCsrs({ EENTRY, ECFG: PCOV, CRMD: 0xcn });
  events.forEach((event, n) =>
    b.setCsrs({ [`PMCNT${n}`]: OVERFLOW - left, [`PMCFG${n}`]: PLV0 | PMIE | event })
  );
  return b;
}

Deno.test("both counters are exact at every instruction, for every ratio of ticks to instructions", () => {
  for (const [ticks, instructions] of RATIOS) {
    const b = machine(ticks, instructions, 1n << 60n, [0n, 1n]);
    for (let n = 0; n < 100; n++) {
      const expected = [BigInt(Math.floor(n * ticks / instructions)), BigInt(n)];
      const got = [b.csr("PMCNT0"), b.csr("PMCNT1")].map((value) => value - OVERFLOW + (1n << 60n));
      assertEquals(got.map((value) => BigInt.asUintN(64, value)), expected, `${ticks}:${instructions}, ${n}`);
      engine.run(b.m, { budget: 1 });
    }
  }
});

Deno.test("an overflow interrupts behind the very instruction that brings it about, for every ratio", () => {
  for (const [ticks, instructions] of RATIOS) {
    for (const left of [1n, 2n, 3n, 10n, 99n]) {
      const rows = [
        [0n, Math.ceil(Number(left) * instructions / ticks)],
        [1n, Number(left)],
      ] as const;
      for (const [event, after] of rows) {
        const b = machine(ticks, instructions, left, [event]);
        engine.run(b.m, { budget: after });
        const text = `${ticks}:${instructions}, event ${event}, ${left} left`;
        assertEquals(b.csr("ERA"), 0x2000n + 4n * BigInt(after), text);
        assertEquals([b.m.pc, b.csr("ESTAT")], [EENTRY, PCOV], text);
      }
    }
  }
});

Deno.test("a counter wraps at 2^64, which takes its interrupt back", () => {
  const b = machine(1, 1, 0n, []);
  b.setCsrs({ ECFG: 0n, PMCNT0: -2n & (1n << 64n) - 1n, PMCFG0: PLV0 | PMIE | 1n });
  const seen = Array.from({ length: 4 }, () => {
    engine.run(b.m, { budget: 1 });
    return [b.csr("PMCNT0"), b.csr("ESTAT")];
  });
  assertEquals(seen, [[(1n << 64n) - 1n, PCOV], [0n, 0n], [1n, 0n], [2n, 0n]]);
});

Deno.test("an idle processor that only an overflow of instructions could wake is reported", () => {
  const b = bareMachine("idle 0");
  b.setCsrs({ ECFG: PCOV, PMCNT0: OVERFLOW - 5n, PMCFG0: PLV0 | PMIE | 1n });
  assertEquals(engine.run(b.m, { budget: 1000 }).kind, "idle");
  assertEquals(b.m.clock.now, 1);
});
