/**
 * Cases a second.
 *
 * @module
 */
import { guest, hvc, type RunOptions, WORLD_SWITCHES } from "../../mod.ts";
import type { ChildResults } from "./tasks.ts";

const LARGEST_CODE = 0x7ff0;

/** A small case, another for each number: computes, writes a CSR, exits. */
function smallCase(n: number, switches: RunOptions): () => void {
  const code = n % LARGEST_CODE;
  const addend = n % 2048;
  return guest({
    rule: "LVZ-EXIT-08",
    set: { a0: n, a1: n },
    code: `
      addi.d  $a0, $a0, ${addend}
      csrwr   $a1, SAVE0
    call:
      hvcl    ${code}
    `,
    exits: [hvc(code, { at: "call", regs: { a0: n + addend, a1: 0 }, csr: { SAVE0: n } })],
  }, { ...switches, place: `small case ${n}` });
}

/**
 * Runs so many cases of this process.
 *
 * @param before how many run first, and are not measured
 * @param name of a world switch; without it each case runs on all of them
 */
export function casesPerSecond(count: number, before: number, name?: string): ChildResults["cases"] {
  const options = name === undefined ? {} : { worldSwitches: WORLD_SWITCHES.filter((s) => s.name === name) };
  for (let n = 0; n < before; n++) smallCase(n, options)();
  const begin = performance.now();
  for (let n = before; n < before + count; n++) smallCase(n, options)();
  return { rate: count / (performance.now() - begin) * 1000 };
}
