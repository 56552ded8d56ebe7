/**
 * Addresses for sections.
 *
 * @module
 */
import { hex } from "../hex.ts";
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
const DEFAULT_ALIGNMENT = 16;
/** One more than the greatest address. */
const ADDRESS_END = 1n << 64n;

/** A section with its subsections in the order of their numbers. */
export interface Placement {
  readonly name: string;
  /** Never empty. */
  readonly parts: readonly Section[];
  /** Of all parts, in bytes. */
  readonly size: number;
}

/**
 * Sections that are loaded, in the order of the program: by kind, the plain one of a kind first, then as they came
 * up.
 */
function layoutOrder(sections: Iterable<Section>): readonly Placement[] {
  const parts = new Map<string, Section[]>();
  for (const section of sections) {
    if (!section.loaded) continue;
    const earlier = parts.get(section.name);
    if (earlier === undefined) parts.set(section.name, [section]);
    else earlier.push(section);
  }
  const placements: Placement[] = [];
  for (const [name, list] of parts) {
    let size = 0;
    for (const section of list) size += section.size;
    if (list.length > 1) list.sort((a, b) => a.subsection - b.subsection);
    placements.push({ name, parts: list, size });
  }
  return placements.length > 1 ? placements.sort((a, b) => rankOf(a) - rankOf(b)) : placements;
}

function rankOf({ name, parts }: Placement): number {
  const kind = parts[0]?.kind ?? "unloaded";
  return 2 * SECTION_KINDS.indexOf(kind) + (name === `.${kind}` ? 0 : 1);
}

function fault(section: Section, unit: Unit, reason: string): SourceFault {
  return new SourceFault(`Cannot place ${section.name}: ${reason}`, section.alignedAt ?? unit.statement);
}

function placeOne(section: Section, address: bigint, unit: Unit): void {
  section.address = address;
  if (address % BigInt(section.alignment) !== 0n) {
    if (section.subsection > 0) {
      const reason = `the parts before it end at ${hex(address)}, its alignment is ${section.alignment}`;
      throw fault(section, unit, `subsection ${section.subsection} cannot follow, ${reason}`);
    }
    throw fault(section, unit, `its address is ${hex(address)}, its alignment ${section.alignment}`);
  }
  if (address + BigInt(section.size) > ADDRESS_END) {
    throw fault(section, unit, `it is ${section.size} bytes at ${hex(address)}, addresses have 64 bits`);
  }
}

function checkOverlaps(sections: readonly Section[], unit: Unit): void {
  if (sections.length < 2) return;
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
 *
 * @returns the sections in the order of the program
 */
export function placeSections(unit: Unit, places: Places): readonly Placement[] {
  const placements = layoutOrder(unit.sections.values());
  let next = places.origin;
  let first = true;
  for (const { name, parts, size } of placements) {
    const wanted = places.sections.get(name);
    let address = wanted ?? (first ? next : behind(next, parts));
    if (size === 0 && wanted === undefined) {
      for (const part of parts) part.address = address;
      continue;
    }
    for (const part of parts) {
      unit.diagnostics.attempt(() => placeOne(part, address, unit));
      address += BigInt(part.size);
    }
    next = address;
    first = false;
  }
  if (placements.length > 1) {
    unit.diagnostics.attempt(() => checkOverlaps(placements.flatMap(({ parts }) => parts), unit));
  }
  return placements;
}

/** The next address from one on at which a section can begin. */
function behind(next: bigint, parts: readonly Section[]): bigint {
  const alignment = BigInt(Math.max(DEFAULT_ALIGNMENT, ...parts.map((part) => part.alignment)));
  return (next + alignment - 1n) / alignment * alignment;
}
