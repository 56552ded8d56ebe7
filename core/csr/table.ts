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
export const CSRS: readonly CsrDeclaration[] = index([
  ...[...BASIC, ...TRANSLATION, ...TIMERS, ...LVZ, ...DEBUG],
  ...[...PMCFG, ...PMCNT],
]);

const BY_NUMBER: ReadonlyMap<number, CsrDeclaration> = new Map(CSRS.map((c) => [c.number, c]));
const BY_NAME: ReadonlyMap<string, CsrDeclaration> = new Map(
  CSRS.flatMap((c) => [c.name, ...(c.options.aka ?? [])].map((name) => [name, c] as const)),
);

function index(all: readonly CsrDeclaration[]): readonly CsrDeclaration[] {
  const sorted = [...all].sort((a, b) => a.number - b.number);
  const names = new Set<string>();
  sorted.forEach((c, i) => {
    if (sorted[i - 1]?.number === c.number) {
      throw new RangeError(`Cannot declare ${c.name}: 0x${c.number.toString(16)} is taken`);
    }
    for (const name of [c.name, ...(c.options.aka ?? [])]) {
      if (names.has(name)) throw new RangeError(`Cannot declare ${c.name}: the name ${name} is taken`);
      names.add(name);
    }
  });
  return sorted;
}

/** The register with this number, if the architecture names one here. */
export function csrByNumber(number: number): CsrDeclaration | undefined {
  return BY_NUMBER.get(number);
}

/** The register with this name, or one of its other names (`TINTCLR`, `KS3`, …). */
export function csrByName(name: string): CsrDeclaration | undefined {
  return BY_NAME.get(name);
}

/** A register's name, or its number in hex where it has none. */
export function csrName(number: number): string {
  return BY_NUMBER.get(number)?.name ?? `0x${number.toString(16)}`;
}

/** True if a guest access to this undeclared number exits (see {@linkcode EXITING_RANGES}). */
export function exitsWithoutRegister(number: number): boolean {
  return EXITING_RANGES.some((r) => number >= r.first && number <= r.last);
}
