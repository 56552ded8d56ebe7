/**
 * Where the sections of objects go: code first, then what is only read, what is written, the table of addresses (GOT), and zeros;
 * within each kind in the order of the objects and their sections. Each kind begins at a multiple of its greatest alignment.
 *
 * @module
 */
import { type Cuts, cutsAt, NO_CUTS } from "./cuts.ts";
import type { ObjectSection, Relocation } from "./object.ts";
import { PHYSICAL_MASK } from "./program.ts";
import { hex } from "./reader.ts";
import type { Definition } from "./resolve.ts";
import { FLAG, SECTION } from "./sections.ts";

/** A section at its address. */
export interface Placed {
  readonly address: bigint;
  /** In bytes, without what is left out. */
  readonly size: bigint;
  readonly cuts: Cuts;
}

/** Zeros that a symbol asks for by itself. */
export type Common = Definition & { readonly kind: "common" };

/** What has to be placed. */
export interface Demand {
  readonly sections: readonly ObjectSection[];
  /** The R_LARCH_ALIGN of a section. */
  readonly aligns: (section: ObjectSection) => readonly Relocation[];
  /** Slots in the table of addresses. */
  readonly slots: number;
  readonly commons: readonly Common[];
}

/** Where everything is. Addresses are as linked, which may be in a direct mapping window. */
export interface Layout {
  readonly sections: ReadonlyMap<ObjectSection, Placed>;
  readonly commons: ReadonlyMap<Common, bigint>;
  readonly table: bigint;
  /** Where the zeros begin. */
  readonly zeros: bigint;
  readonly end: bigint;
}

/** Bytes of a slot in the table of addresses. */
export const SLOT_SIZE = 8n;

type Kind = "code" | "readOnly" | "data" | "zeros";

function kindOf({ type, flags }: ObjectSection): Kind {
  if (type === SECTION.zeros) return "zeros";
  if ((flags & FLAG.execute) !== 0n) return "code";
  return (flags & FLAG.write) !== 0n ? "data" : "readOnly";
}

/**
 * Gives everything an address.
 *
 * @throws {ElfError} if it does not fit into the physical addresses, or an alignment cannot be kept
 */
export function layOut(demand: Demand, base: bigint): Layout {
  const cursor = new Cursor(base);
  const sections = new Map<ObjectSection, Placed>();
  const groups = Map.groupBy(demand.sections, kindOf);
  const place = (kind: Kind) => {
    const group = groups.get(kind) ?? [];
    cursor.align(greatest(group));
    for (const section of group) {
      const address = cursor.align(section.alignment);
      const cuts = kind === "zeros" ? NO_CUTS : cutsAt(section, demand.aligns(section), address);
      const size = section.size - BigInt(cuts.total);
      cursor.advance(section, size);
      sections.set(section, { address, size, cuts });
    }
  };
  place("code");
  place("readOnly");
  place("data");
  const table = cursor.align(demand.slots > 0 ? SLOT_SIZE : 1n);
  cursor.next += BigInt(demand.slots) * SLOT_SIZE;
  cursor.align(greatest([...groups.get("zeros") ?? [], ...demand.commons]));
  const zeros = cursor.next;
  place("zeros");
  const commons = new Map<Common, bigint>();
  for (const common of demand.commons) {
    commons.set(common, cursor.align(common.alignment));
    cursor.advance(demand.sections[0], common.size);
  }
  return { sections, commons, table, zeros, end: cursor.next };
}

function greatest(things: readonly { readonly alignment: bigint }[]): bigint {
  return things.reduce((most, { alignment }) => alignment > most ? alignment : most, 1n);
}

/** The next free address. */
class Cursor {
  readonly #base: bigint;
  next: bigint;

  constructor(base: bigint) {
    this.#base = base;
    this.next = base;
  }

  align(alignment: bigint): bigint {
    this.next = (this.next + alignment - 1n) & -alignment;
    return this.next;
  }

  /** @param section whose file is to blame, and which is, unless a common symbol is */
  advance(section: ObjectSection | undefined, size: bigint): void {
    this.next += size;
    const fits = (this.#base & PHYSICAL_MASK) + this.next - this.#base <= PHYSICAL_MASK + 1n;
    if (fits || section === undefined) return;
    throw section.object.reader.error(
      `the size of ${section.name}`,
      section.at + 0x20,
      size,
      `leads behind the physical addresses, from ${hex(this.next - size)}`,
    );
  }
}
