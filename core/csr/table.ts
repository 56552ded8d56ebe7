/**
 * All declared registers, by number and by name.
 *
 * @module
 */
import { BASIC } from "./basic.ts";
import { DEBUG, EXITING_RANGES } from "./debug.ts";
import { once } from "../once.ts";
import type { CsrDeclaration } from "./define.ts";
import { LVZ } from "./lvz.ts";
import { PMCFG, PMCNT } from "./performance.ts";
import { TIMERS } from "./timer.ts";
import { TRANSLATION } from "./translation.ts";

/** Every register, in the order of numbers. */
export const CSRS: readonly CsrDeclaration[] = [
  ...[...BASIC, ...TRANSLATION, ...TIMERS, ...LVZ, ...DEBUG],
  ...[...PMCFG, ...PMCNT],
].sort((a, b) => a.number - b.number);

/** An array is looked up several times faster than a map, and every access does. */
const BY_NUMBER: (CsrDeclaration | undefined)[] = [];
CSRS.forEach((csr) => {
  if (BY_NUMBER[csr.number] !== undefined) {
    throw new RangeError(`Cannot declare ${csr.name}: 0x${csr.number.toString(16)} is taken`);
  }
  BY_NUMBER[csr.number] = csr;
});

const byName = once(() => {
  const all = new Map<string, CsrDeclaration>();
  for (const csr of CSRS) {
    for (const name of [csr.name, ...(csr.options.aka ?? [])]) {
      if (all.has(name)) throw new RangeError(`Cannot declare ${csr.name}: the name ${name} is taken`);
      all.set(name, csr);
    }
  }
  return all;
});

/** All names by which {@linkcode csrByName} finds registers. */
export const csrNames: () => readonly string[] = once(() => [...byName().keys()]);

/** The register with this number, if the architecture names one here. */
export function csrByNumber(number: number): CsrDeclaration | undefined {
  return BY_NUMBER[number];
}

/** The register with this name, or one of its other names (`TINTCLR`, `KS3`, …). */
export function csrByName(name: string): CsrDeclaration | undefined {
  return byName().get(name);
}

/** A register's name, or its number in hex where it has none. */
export function csrName(number: number): string {
  return BY_NUMBER[number]?.name ?? `0x${number.toString(16)}`;
}

/** True if a guest access to this undeclared number exits (see {@linkcode EXITING_RANGES}). */
export function exitsWithoutRegister(number: number): boolean {
  return EXITING_RANGES.some((r) => number >= r.first && number <= r.last);
}
