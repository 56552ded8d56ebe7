/**
 * A section in its place, and the way back from its addresses to the source.
 *
 * @module
 */
import type { Placement } from "./layout.ts";
import type { Places } from "./places.ts";
import type { At, SegmentMap, SourceLine } from "./program.ts";
import type { Section } from "./section.ts";
import type { Span } from "./span.ts";
import type { SymbolTable } from "./symbols.ts";

/** What names and lines are found with. */
export interface Source {
  readonly places: Places;
  readonly symbols: SymbolTable;
  readonly globals: ReadonlySet<string>;
}

/** A section with bytes. Lines and labels are looked for when somebody asks for one: most programs run, and nobody does. */
export class PlacedSegment implements SegmentMap {
  readonly name: string;
  readonly address: bigint;
  readonly bytes: Uint8Array;
  readonly #parts: readonly Section[];
  readonly #source: Source;
  #labels: readonly At<string>[] | undefined;
  #lines: readonly At<SourceLine>[] | undefined;

  constructor({ name, parts, size }: Placement, source: Source) {
    this.name = name;
    this.address = startOf(parts[0]);
    this.bytes = parts.length === 1 ? parts[0]!.bytes : joined(parts, size);
    this.#parts = parts;
    this.#source = source;
  }

  get labels(): readonly At<string>[] {
    return this.#labels ??= this.#parts.flatMap((part) => labelsOf(part, this.#source));
  }

  get lines(): readonly At<SourceLine>[] {
    return this.#lines ??= this.#parts.flatMap((part) =>
      part.marks.map(({ offset, span }) => ({
        address: startOf(part) + BigInt(offset),
        item: sourceLine(this.#source.places, span),
      }))
    );
  }
}

function startOf(part: Section | undefined): bigint {
  return part?.address ?? 0n;
}

function joined(parts: readonly Section[], size: number): Uint8Array {
  const bytes = new Uint8Array(size);
  for (const part of parts) bytes.set(part.bytes, Number(startOf(part) - startOf(parts[0])));
  return bytes;
}

/** Labels in the order of addresses; of those at one place only the one to be shown. */
function labelsOf(section: Section, { symbols, globals }: Source): readonly At<string>[] {
  const best = new Map<number, string>();
  for (const definition of symbols.definitions.values()) {
    if (definition.kind !== "label" || definition.place?.base !== section) continue;
    const { offset } = definition.place;
    const rival = best.get(offset);
    const wins = rival === undefined || (globals.has(definition.name) && !globals.has(rival));
    if (wins) best.set(offset, definition.name);
  }
  return [...best].sort(([a], [b]) => a - b).map(([offset, item]) => ({
    address: startOf(section) + BigInt(offset),
    item,
  }));
}

function sourceLine(places: Places, span: Span): SourceLine {
  const { file, line, column } = places.place(span);
  const item: SourceLine = { line, column, text: places.text(span) };
  const named = file === places.file ? item : { ...item, file };
  return span.origin === undefined ? named : { ...named, calls: places.calls(span) };
}
