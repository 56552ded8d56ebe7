/**
 * Addresses for sections.
 *
 * @module
 */
import { SourceFault } from "./errors.ts";
import { type Section, SECTION_KINDS } from "./section.ts";
import type { Unit } from "./unit.ts";

/** Where sections go. */
export interface Places {
  /** Address of the first section. */
  readonly origin: bigint;
  /** Addresses of sections by name. */
  readonly sections: ReadonlyMap<string, bigint>;
}

/** Sections that nothing places begin at multiples of this. */
const DEFAULT_ALIGNMENT = 16n;
/** One more than the greatest address. */
const ADDRESS_END = 1n << 64n;

/** Sections in the order of the program: by kind, the plain one of a kind first, then as they came up. */
export function layoutOrder(sections: Iterable<Section>): Section[] {
  const rank = ({ name, kind }: Section) => 2 * SECTION_KINDS.indexOf(kind) + (name === `.${kind}` ? 0 : 1);
  return [...sections].filter(({ loaded }) => loaded).sort((a, b) => rank(a) - rank(b));
}

function fault(section: Section, unit: Unit, reason: string): SourceFault {
  return new SourceFault(`Cannot place ${section.name}: ${reason}`, section.alignedAt ?? unit.statement);
}

function hex(address: bigint): string {
  return `0x${address.toString(16)}`;
}

function placeOne(section: Section, address: bigint, unit: Unit): void {
  section.address = address;
  if (address % BigInt(section.alignment) !== 0n) {
    throw fault(section, unit, `its address is ${hex(address)}, its alignment ${section.alignment}`);
  }
  if (address + BigInt(section.size) > ADDRESS_END) {
    throw fault(section, unit, `it is ${section.size} bytes at ${hex(address)}, addresses have 64 bits`);
  }
}

function checkOverlaps(sections: readonly Section[], unit: Unit): void {
  const start = (section: Section) => section.address ?? 0n;
  const placed = sections.filter(({ size }) => size > 0);
  placed.sort((a, b) => start(a) < start(b) ? -1 : start(a) > start(b) ? 1 : 0);
  let last: Section | undefined;
  for (const section of placed) {
    if (last !== undefined && start(section) < start(last) + BigInt(last.size)) {
      const end = start(last) + BigInt(last.size);
      const reason = `it is at ${hex(start(section))}, but ${last.name} takes ${hex(start(last))} to ${
        hex(end - 1n)
      }`;
      throw fault(section, unit, reason);
    }
    if (last === undefined || start(section) + BigInt(section.size) >= start(last) + BigInt(last.size)) {
      last = section;
    }
  }
}

/**
 * Gives every loaded section its address: the one asked for, or else the next free one after the section before it.
 * Mistakes are reported; every section has some address afterwards.
 */
export function placeSections(unit: Unit, places: Places): void {
  const sections = layoutOrder(unit.sections.values());
  let next = places.origin;
  let first = true;
  for (const section of sections) {
    const wanted = places.sections.get(section.name);
    const own = BigInt(section.alignment);
    const alignment = own > DEFAULT_ALIGNMENT ? own : DEFAULT_ALIGNMENT;
    const empty = section.size === 0;
    const address = wanted ?? (first ? next : (next + alignment - 1n) / alignment * alignment);
    if (empty && wanted === undefined) {
      section.address = address;
      continue;
    }
    unit.diagnostics.attempt(() => placeOne(section, address, unit));
    next = address + BigInt(section.size);
    first = false;
  }
  unit.diagnostics.attempt(() => checkOverlaps(sections, unit));
}
