// Interrupts, idle and the timer. Expectations: LoongArch manual Vol. 1 v1.10, "Interrupts", "IDLE" and the timer registers; what it
// leaves open: the rules named.
import { assert, assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "./bare_machine.ts";
import { ReferenceEngine } from "./exec/reference.ts";
import { deriveProfile, LA464, type Profile } from "./profile.ts";

const engine = new ReferenceEngine();
const [a0, a1, a2, a3, s0] = [4, 5, 6, 7, 23] as const;
const [IE, DA] = [4n, 8n] as const;
const EENTRY = 0x10000n;
const ALL_SOURCES = 0x1fffn;
const TI = 1n << 11n;

/** A machine whose exceptions go to EENTRY, with every source enabled locally. */
function machine(source: string, mode: bigint, profile: Profile = LA464): BareMachine {
  const b = bareMachine(source, { profile });
  b.setCsrs({ EENTRY, ECFG: ALL_SOURCES, CRMD: DA | mode });
  return b;
}

function run(b: BareMachine, budget: number): void {
  assertEquals(engine.run(b.m, { budget }).kind, "budget");
}

/** Makes interrupt `n` pending, as its source does. */
function raise(b: BareMachine, n: number): void {
  if (n < 2) b.setCsrs({ ESTAT: b.csr("ESTAT") | 1n << BigInt(n) });
  else if (n === 11) b.setCsrs({ TCFG: 1n });
  else b.m.setLine(n, true);
}

const SOURCES = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 12] as const;

// Taking --------------------------------------------------------------------------------------------------------------------

Deno.test("an interrupt goes to vector 64 + n with Ecode 0, ERA at the next instruction, BADV and BADI left alone", () => {
  for (const n of SOURCES) {
    for (let spacing = 0n; spacing <= 7n; spacing++) {
      const b = machine("nop\n next: nop", 0n);
      b.setCsrs({ ECFG: ALL_SOURCES | spacing << 16n, BADV: 0x55n });
      run(b, 1);
      raise(b, n);
      run(b, 0);
      assertEquals(b.m.pc, 0x2004n, "CRMD.IE is 0");
      b.setCsrs({ CRMD: DA | IE | 3n });
      run(b, 0);
      const offset = spacing === 0n ? 0n : BigInt(64 + n) << (spacing + 2n);
      assertEquals(b.m.pc, EENTRY + offset, `interrupt ${n}, VS ${spacing}`);
      assertEquals(b.csr("ESTAT"), 1n << BigInt(n), "IS stays, Ecode and EsubCode are 0");
      assertEquals([b.csr("ERA"), b.csr("BADV"), b.csr("BADI")], [b.at("next"), 0x55n, 0n]);
      assertEquals([b.csr("PRMD"), b.csr("CRMD")], [7n, DA]);
    }
  }
});

Deno.test("of several interrupts the highest number that ECFG enables is taken", () => {
  const rows: [pending: readonly number[], enabled: bigint, taken: number][] = [
    [[0, 1], ALL_SOURCES, 1],
    [[0, 1, 2, 9], ALL_SOURCES, 9],
    [[0, 9, 11], ALL_SOURCES, 11],
    [[2, 11, 12], ALL_SOURCES, 12],
    [[2, 11, 12], 0x5n, 2],
    [[0, 9, 11, 12], 0x201n, 9],
  ];
  for (const [pending, enabled, taken] of rows) {
    const b = machine("nop", 0n);
    for (const n of pending) raise(b, n);
    b.setCsrs({ ECFG: enabled | 1n << 16n, CRMD: DA | IE });
    run(b, 0);
    assertEquals(b.m.pc, EENTRY + (BigInt(64 + taken) << 3n), `${pending}`);
  }
});

Deno.test("no interrupt is taken that ECFG does not enable, or whose line fell before", () => {
  const b = machine("nop\n nop\n nop\n nop", IE);
  b.setCsrs({ ECFG: ALL_SOURCES & ~0x10n });
  b.m.setLine(4, true);
  run(b, 2);
  assertEquals([b.m.pc, b.csr("ESTAT")], [0x2008n, 0x10n]);
  b.m.setLine(4, false);
  b.setCsrs({ ECFG: ALL_SOURCES });
  run(b, 2);
  assertEquals([b.m.pc, b.csr("ESTAT")], [0x2010n, 0n]);
});

Deno.test("the instruction that enables or raises an interrupt is the last before it", () => {
  const rows: [code: string, mode: bigint, ecfg: bigint, line: boolean][] = [
    ["csrxchg $a0, $a0, CRMD", 0n, ALL_SOURCES, true],
    ["csrxchg $a0, $a0, ECFG", IE, 0n, true],
    ["csrwr $a1, ESTAT", IE, ALL_SOURCES, false],
    ["ertn", 0n, ALL_SOURCES, true],
  ];
  for (const [code, mode, ECFG, line] of rows) {
    const b = machine(`nop\n ${code}\n next: addi.d $a2, $a2, 1`, mode);
    b.m.gpr.set([IE, 2n], a0);
    b.setCsrs({ ECFG, PRMD: IE, ERA: b.at("next") });
    b.m.setLine(2, line);
    run(b, 2);
    assertEquals([b.m.pc, b.csr("ERA"), b.m.gpr[a2]], [EENTRY, b.at("next"), 0n], code);
  }
});

Deno.test("an interrupt comes before the exception of the instruction it meets, and a level comes again after ertn", () => {
  const b = machine("syscall 0\n .org 0xe000\n handler: ertn", IE);
  assertEquals(b.at("handler"), EENTRY);
  b.m.setLine(3, true);
  run(b, 0);
  assertEquals([b.csr("ESTAT"), b.csr("ERA")], [8n, 0x2000n]);
  run(b, 1);
  assertEquals([b.m.pc, b.csr("ERA"), b.csr("CRMD")], [EENTRY, 0x2000n, DA]);
  b.m.setLine(3, false);
  run(b, 2);
  assertEquals([b.m.pc, b.csr("ESTAT")], [EENTRY, 0xb0000n], "the syscall at last");
});

Deno.test("software interrupts are set and cleared by writing ESTAT", () => {
  const b = machine("csrxchg $a0, $a1, ESTAT\n csrrd $a2, ESTAT\n csrwr $zero, ESTAT\n csrrd $a3, ESTAT", 0n);
  b.m.gpr.set([2n, 3n], a0);
  run(b, 4);
  assertEquals([b.m.gpr[a2], b.m.gpr[a3]], [2n, 0n]);
});

// idle -------------------------------------------------------------------------------------------------------------------------

Deno.test("idle goes on when a locally enabled interrupt is pending, whatever CRMD.IE says (VM-SMP-03)", () => {
  for (const mode of [0n, IE]) {
    const b = machine("idle 0\n after: addi.d $a0, $a0, 1\n nop\n nop", mode);
    assertEquals(engine.run(b.m, { budget: 10 }), { kind: "idle" });
    assertEquals([b.m.pc, b.m.clock.executed], [b.at("after"), 1]);
    b.m.setLine(5, true);
    engine.run(b.m, { budget: mode === IE ? 0 : 2 });
    assertEquals(b.m.idle, false);
    if (mode === IE) assertEquals([b.m.pc, b.csr("ERA"), b.csr("PRMD")], [EENTRY, b.at("after"), IE]);
    else assertEquals(b.m.gpr[a0], 1n);
  }
});

Deno.test("idle with an interrupt pending already does not wait", () => {
  const b = machine("idle 0\n after: addi.d $a0, $a0, 1\n nop", 0n);
  b.m.setLine(5, true);
  engine.run(b.m, { budget: 3 });
  assertEquals(b.m.gpr[a0], 1n);
});

Deno.test("idle that nothing can wake is reported, and stays until something does", () => {
  const b = machine("idle 0\n nop", IE);
  b.setCsrs({ ECFG: ALL_SOURCES & ~0x20n });
  b.m.setLine(5, true);
  for (let i = 0; i < 2; i++) {
    assertEquals(engine.run(b.m, { budget: 10 }), { kind: "idle" });
    assertEquals([b.m.pc, b.m.clock.executed], [0x2004n, 1]);
  }
  b.m.setLine(6, true);
  engine.run(b.m, { budget: 0 });
  assertEquals(b.m.pc, EENTRY);
});

Deno.test("idle skips the time to the timer's expiry", () => {
  const b = machine("csrwr $a0, TCFG\n idle 0\n after: nop\n .org 0xe000\n rdtime.d $a1, $zero", IE);
  const ticks = 1n << 40n;
  b.m.gpr[a0] = ticks | 1n;
  engine.run(b.m, { budget: 4 });
  assertEquals(b.m.gpr[a1], ticks, "counted from tick 0, at which TCFG was written");
  assertEquals([b.csr("ESTAT"), b.csr("ERA")], [TI, b.at("after")]);
});

// Timer -------------------------------------------------------------------------------------------------------------------------

Deno.test("the timer interrupts before the instruction at which InitVal * 4 ticks have passed since TCFG was written", () => {
  for (const [ticks, instructions] of [[1, 1], [1, 4], [3, 2], [5, 1]] as const) {
    for (const initial of [4n, 8n, 400n]) {
      const profile = deriveProfile(LA464, { name: "test", clock: { ticks, instructions } });
      const b = machine("csrwr $a0, TCFG\n loop: b loop", IE, profile);
      b.m.gpr[a0] = initial | 1n;
      const before = Math.ceil(Number(initial) * instructions / ticks);
      run(b, before - 1);
      assert(b.m.pc !== EENTRY, "not yet");
      run(b, 1);
      assertEquals([b.m.pc, b.csr("ESTAT")], [EENTRY, TI]);
    }
  }
});

Deno.test("TVAL counts down by ticks, and reads all ones after a one-shot has expired (LVZ-TIME-05, -06, -11)", () => {
  const b = machine(
    "csrwr $a0, TCFG\n csrrd $a1, TVAL\n csrrd $a2, TVAL\n nop\n nop\n csrrd $a3, TVAL\n nop",
    0n,
  );
  b.m.gpr[a0] = 5n;
  run(b, 7);
  assertEquals([b.m.gpr[a1], b.m.gpr[a2], b.m.gpr[a3]], [3n, 2n, 0xffff_ffff_ffffn]);
  b.m.clock.skip(1000);
  assertEquals([b.csr("TVAL"), b.csr("TCFG"), b.csr("ESTAT")], [0xffff_ffff_ffffn, 5n, TI]);
});

Deno.test("a one-shot interrupts once; TICLR.CLR clears it, and writing 0 there does not", () => {
  const b = machine("nop", 0n);
  b.setCsrs({ TCFG: 9n });
  b.m.clock.skip(7);
  assertEquals(b.csr("ESTAT"), 0n);
  b.m.clock.skip(1);
  assertEquals(b.csr("ESTAT"), TI);
  b.setCsrs({ TICLR: 0n });
  assertEquals(b.csr("ESTAT"), TI);
  b.setCsrs({ TICLR: 1n });
  assertEquals([b.csr("ESTAT"), b.csr("TICLR")], [0n, 0n]);
  b.m.clock.skip(100);
  assertEquals(b.csr("ESTAT"), 0n);
  assertEquals(b.csr("TVAL"), 0xffff_ffff_ffffn, "TICLR leaves TVAL alone (LVZ-TIME-08)");
});

Deno.test("a periodic timer reloads and interrupts every period, however long the handler takes", () => {
  const source = `
    csrwr $a0, TCFG
  loop:
    b loop
    .org 0xe000
    rdtime.d $a1, $zero
    stx.d $a1, $a2, $s0
    addi.d $s0, $s0, 8
    nop
    ori $a3, $zero, 1
    csrwr $a3, TICLR
    ertn`;
  const b = machine(source, IE);
  b.m.gpr[a0] = 20n | 3n;
  b.m.gpr[a2] = 0x8000n;
  run(b, 109);
  assertEquals(b.m.gpr[s0], 40n);
  const view = new DataView(b.memory.bytes.buffer);
  const at = Array.from({ length: 5 }, (_, i) => view.getBigUint64(0x8000 + 8 * i, true));
  assertEquals(at, [20n, 40n, 60n, 80n, 100n]);
  assertEquals(b.csr("TVAL"), 120n - 109n);
});

Deno.test("a periodic timer that is asked late keeps its phase", () => {
  const b = machine("nop", 0n);
  b.setCsrs({ TCFG: 12n | 3n });
  b.m.clock.skip(30);
  assertEquals([b.csr("TVAL"), b.csr("ESTAT")], [6n, TI]);
});

Deno.test("En = 0 stops the count where it is; En = 1, and any write with it, begins anew from InitVal", () => {
  const b = machine("nop", 0n);
  b.setCsrs({ TCFG: 101n });
  b.m.clock.skip(30);
  b.setCsrs({ TCFG: 100n });
  b.m.clock.skip(500);
  assertEquals([b.csr("TVAL"), b.csr("ESTAT")], [70n, 0n]);
  b.setCsrs({ TCFG: 101n });
  assertEquals(b.csr("TVAL"), 100n);
  b.m.clock.skip(60);
  b.setCsrs({ TCFG: 101n });
  b.m.clock.skip(60);
  assertEquals([b.csr("TVAL"), b.csr("ESTAT")], [40n, 0n]);
});

Deno.test("an InitVal of 0 expires at once, and as a period does not stop the machine", () => {
  const b = machine("csrwr $a0, TCFG\n addi.d $s0, $s0, 1", IE);
  b.m.gpr[a0] = 1n;
  run(b, 1);
  assertEquals([b.m.pc, b.csr("ESTAT"), b.csr("TVAL")], [EENTRY, TI, 0xffff_ffff_ffffn]);
  const periodic = machine("csrwr $a0, TCFG\n loop: addi.d $s0, $s0, 1\n b loop", 0n);
  periodic.m.gpr[a0] = 3n;
  run(periodic, 1001);
  assertEquals([periodic.m.gpr[s0], periodic.csr("ESTAT")], [500n, TI]);
});

Deno.test("the longest InitVal is counted exactly", () => {
  const b = machine("nop", 0n);
  const longest = 0xffff_ffff_fffcn;
  b.setCsrs({ TCFG: longest | 1n });
  assertEquals(b.csr("TVAL"), longest);
  b.m.clock.skip(Number(longest) - 1);
  assertEquals([b.csr("TVAL"), b.csr("ESTAT")], [1n, 0n]);
  b.m.clock.skip(1);
  assertEquals(b.csr("ESTAT"), TI);
});

Deno.test("a timer that ECFG does not enable is seen in ESTAT and taken once enabled", () => {
  const b = machine("csrwr $a0, TCFG\n nop\n nop\n nop\n csrwr $a1, ECFG\n next: nop", IE);
  b.setCsrs({ ECFG: 0n });
  b.m.gpr.set([5n, TI], a0);
  run(b, 4);
  assertEquals([b.m.pc, b.csr("ESTAT")], [0x2010n, TI]);
  run(b, 1);
  assertEquals([b.m.pc, b.csr("ERA")], [EENTRY, b.at("next")]);
});
