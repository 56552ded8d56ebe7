/**
 * Which definition a symbol of an object means.
 *
 * @module
 */
import type { ObjectFile, ObjectSection } from "./object.ts";
import { hex } from "./reader.ts";
import { SPECIAL_SECTION, type SymbolEntry } from "./symbols.ts";

/** What a symbol stands for. Two uses of one symbol have the same object. */
export type Definition =
  | { readonly kind: "place"; readonly section: ObjectSection; readonly offset: bigint }
  | { readonly kind: "number"; readonly value: bigint }
  /** Zeros that nobody has placed: `int x;` of old C. */
  | { readonly kind: "common"; readonly name: string; readonly size: bigint; readonly alignment: bigint }
  /** Nobody defines it; the linker may. */
  | { readonly kind: "missing"; readonly name: string; readonly isWeak: boolean };

/** A definition and who made it. */
interface Candidate {
  readonly definition: Definition;
  readonly object: ObjectFile;
  readonly symbol: SymbolEntry;
  readonly rank: number;
}

/** A definition of a higher rank replaces one of a lower; two strong ones contradict each other. */
const RANK = { weak: 1, common: 2, strong: 3 } as const;

const NOTHING: Definition = { kind: "number", value: 0n };

/** The symbols of some objects, seen together. */
export class SymbolTable {
  readonly #globals = new Map<string, Definition>();
  readonly #locals = new Map<ObjectFile, Map<number, Definition>>();
  readonly #dropped: ReadonlySet<ObjectSection>;

  /**
   * @param provided addresses of symbols that no object defines
   * @throws {ElfError} if two objects define one symbol
   */
  constructor(objects: readonly ObjectFile[], provided: ReadonlyMap<string, bigint>) {
    this.#dropped = duplicates(objects);
    const candidates = new Map<string, Candidate>();
    const strongUses = new Set<string>();
    for (const object of objects) {
      this.#locals.set(object, new Map());
      for (const symbol of object.symbols.filter((s) => s.binding !== "local")) {
        if (!this.#globals.has(symbol.name)) this.#globals.set(symbol.name, NOTHING);
        const candidate = this.#candidate(object, symbol);
        if (candidate !== undefined) {
          candidates.set(symbol.name, better(candidates.get(symbol.name), candidate));
        } else if (symbol.binding !== "weak") strongUses.add(symbol.name);
      }
    }
    for (const name of this.#globals.keys()) {
      const found = candidates.get(name)?.definition;
      this.#globals.set(name, found ?? absent(name, provided.get(name), !strongUses.has(name)));
    }
  }

  /** Sections that another object has as well. */
  get dropped(): ReadonlySet<ObjectSection> {
    return this.#dropped;
  }

  /** Names that are not local to an object, in the order in which the objects name them. */
  get globals(): ReadonlyMap<string, Definition> {
    return this.#globals;
  }

  /** The definition that a symbol of an object means. */
  definition(object: ObjectFile, symbol: SymbolEntry): Definition {
    if (symbol.index === 0) return NOTHING;
    if (symbol.binding !== "local") return this.#globals.get(symbol.name) ?? NOTHING;
    const locals = this.#locals.get(object);
    const known = locals?.get(symbol.index);
    if (known !== undefined) return known;
    const made = this.#candidate(object, symbol)?.definition ?? absent(symbol.name, undefined, false);
    locals?.set(symbol.index, made);
    return made;
  }

  #candidate(object: ObjectFile, symbol: SymbolEntry): Candidate | undefined {
    const { value, size, name } = symbol;
    const rank = symbol.binding === "weak" ? RANK.weak : RANK.strong;
    if (symbol.section === SPECIAL_SECTION.absolute) {
      return { definition: { kind: "number", value }, object, symbol, rank };
    }
    if (symbol.section === SPECIAL_SECTION.common) {
      if (symbol.binding === "local") {
        throw object.reader.error(
          `the binding of symbol ${name}`,
          symbol.at + 4,
          0,
          "must be global for common data",
        );
      }
      const alignment = value === 0n ? 1n : value;
      if ((alignment & (alignment - 1n)) !== 0n) {
        throw object.reader.error(
          `the alignment of symbol ${name}`,
          symbol.at + 8,
          alignment,
          "must be a power of 2",
        );
      }
      return { definition: { kind: "common", name, size, alignment }, object, symbol, rank: RANK.common };
    }
    const section = object.sections.get(symbol.section);
    if (section === undefined || this.#dropped.has(section)) return undefined;
    return { definition: { kind: "place", section, offset: value }, object, symbol, rank };
  }
}

function absent(name: string, provided: bigint | undefined, isWeak: boolean): Definition {
  return provided === undefined
    ? { kind: "missing", name, isWeak }
    : { kind: "number", value: BigInt.asUintN(64, provided) };
}

function better(known: Candidate | undefined, found: Candidate): Candidate {
  if (known === undefined) return found;
  if (known.definition.kind === "common" && found.definition.kind === "common") {
    return { ...known, definition: larger(known.definition, found.definition) };
  }
  if (known.rank === RANK.strong && found.rank === RANK.strong) {
    throw found.object.reader.error(
      `symbol ${found.symbol.name}`,
      found.symbol.at,
      found.symbol.index,
      `is defined already, by symbol ${known.symbol.index} at offset ${
        hex(known.symbol.at)
      } of ${known.object.reader.name}`,
    );
  }
  return found.rank > known.rank ? found : known;
}

type Common = Definition & { readonly kind: "common" };

function larger(a: Common, b: Common): Common {
  return {
    ...a,
    size: a.size > b.size ? a.size : b.size,
    alignment: a.alignment > b.alignment ? a.alignment : b.alignment,
  };
}

/** The sections of groups that an earlier object has as well. */
function duplicates(objects: readonly ObjectFile[]): ReadonlySet<ObjectSection> {
  const seen = new Set<string>();
  const dropped = new Set<ObjectSection>();
  for (const { groups, sections } of objects) {
    for (const { signature, members } of groups) {
      const kept = seen.has(signature) ? members : [];
      for (const section of kept.map((index) => sections.get(index))) {
        if (section !== undefined) dropped.add(section);
      }
      seen.add(signature);
    }
  }
  return dropped;
}
