/**
 * All declared registers, by number and by name.
 *
 * @module
 */
import { BASIC } from "./basic.ts";
import { DEBUG, EXITING_RANGES } from "./debug.ts";
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
const BY_NAME = new Map<string, CsrDeclaration>();
CSRS.forEach(index);

function index(csr: CsrDeclaration): void {
  if (BY_NUMBER[csr.number] !== undefined) {
    throw new RangeError(`Cannot declare ${csr.name}: 0x${csr.number.toString(16)} is taken`);
  }
  BY_NUMBER[csr.number] = csr;
  indexName(csr.name, csr);
  csr.options.aka?.forEach((name) => indexName(name, csr));
}

function indexName(name: string, csr: CsrDeclaration): void {
  if (BY_NAME.has(name)) throw new RangeError(`Cannot declare ${csr.name}: the name ${name} is taken`);
  BY_NAME.set(name, csr);
}

/** The register with this number, if the architecture names one here. */
export function csrByNumber(number: number): CsrDeclaration | undefined {
  return BY_NUMBER[number];
}

/** The register with this name, or one of its other names (`TINTCLR`, `KS3`, …). */
export function csrByName(name: string): CsrDeclaration | undefined {
  return BY_NAME.get(name);
}

/** A register's name, or its number in hex where it has none. */
export function csrName(number: number): string {
  return BY_NUMBER[number]?.name ?? `0x${number.toString(16)}`;
}

/** True if a guest access to this undeclared number exits (see {@linkcode EXITING_RANGES}). */
export function exitsWithoutRegister(number: number): boolean {
  return EXITING_RANGES.some((r) => number >= r.first && number <= r.last);
}
