/**
 * For tests of the threaded engine: programs on all engines side by side. The reference engine says what is right.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { readCsr } from "../csr/access.ts";
import { CSRS } from "../csr/table.ts";
import type { Engine } from "../engine.ts";
import { ReferenceEngine } from "../exec/reference.ts";
import { ThreadedEngine } from "./engine.ts";

/** Bytes of memory that the programs have. */
export const MEMORY = 0x40000;

/** Everything that software can see of a machine, and where it is. */
export function everything({ m, memory }: BareMachine): Readonly<Record<string, unknown>> {
  return {
    pc: m.pc,
    executed: m.clock.executed,
    gpr: [...m.gpr],
    fpr: [...m.fpr],
    fcc: [...m.fcc],
    fcsr: m.fcsr,
    csrs: CSRS.filter((c) => m.host.has(c.number)).map((c) => [c.name, readCsr(m, false, c)]),
    memory: memory.bytes.reduce((hash, byte) => (Math.imul(hash, 31) + byte) | 0, 0),
  };
}

/** From here on addresses are mapped, but for those of segment 0 at PLV0, where programs are. Changes t0 and t1. */
export const MAPPED = `
        li.d   $t0, 0x11        # DMW0
        csrwr  $t0, DMW0
        li.d   $t0, 12
        csrwr  $t0, STLBPS
        li.d   $t0, 0x10
        li.d   $t1, 0x18
        csrxchg $t0, $t1, CRMD`;

/** One large page of the second stage, the memory of guest 1, for tlbwr. Changes t0. */
export const SECOND_STAGE = `
        li.d   $t0, 0x11000
        csrwr  $t0, GTLBC
        li.d   $t0, 0x10000
        csrwr  $t0, GSTAT
        li.d   $t0, 0x15000801
        csrwr  $t0, TLBIDX
        csrwr  $zero, TLBEHI
        li.d   $t0, 0x5f
        csrwr  $t0, TLBELO0
        li.d   $t0, 0x20005f
        csrwr  $t0, TLBELO1`;

/** The threaded engine in several ways. */
export const ENGINES: readonly (readonly [string, () => Engine])[] = [
  ["an instruction at a time", () => new ThreadedEngine({ hotAfter: Infinity })],
  ["in regions from the first jump on", () => new ThreadedEngine({ hotAfter: 1 })],
  ["in regions after some jumps", () => new ThreadedEngine({ hotAfter: 7 })],
];

/** Runs a program in several stretches on each engine and compares after each. */
export function agrees(
  source: string,
  stretches: readonly number[],
  registers: Readonly<Record<string, bigint>> = {},
): void {
  for (const [name, engine] of ENGINES) {
    const [expected, actual] = [bareMachine(source, { size: MEMORY }), bareMachine(source, { size: MEMORY })];
    const [reference, tried] = [new ReferenceEngine(), engine()];
    expected.setCsrs(registers);
    actual.setCsrs(registers);
    for (const budget of stretches) {
      const stop = tried.run(actual.m, { budget });
      assertEquals(stop, reference.run(expected.m, { budget }), `${name}, ${budget} instructions`);
      assertEquals(everything(actual), everything(expected), `${name}, ${budget} instructions`);
    }
  }
}
