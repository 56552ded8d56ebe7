/**
 * From a span to what a reader looks for: file, line and column, and through which macros the text came about.
 *
 * @module
 */
import type { LineMarker, Origin, Span } from "./span.ts";

/** A place in a file. */
export interface Place {
  /** Name of the source, or the file that a line marker of the C preprocessor names. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1, in UTF-16 units. */
  readonly column: number;
}

/** A place where a macro was expanded, a loop started or a file included. */
export interface MacroCall extends Place {
  /** The macro, the loop's directive with the value it stands at, or the file. */
  readonly name: string;
  readonly kind: Origin["kind"];
}

/** Where in a text the lines begin. */
function lineStarts(text: string): number[] {
  const starts = [0];
  for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) starts.push(at + 1);
  return starts;
}

/** Index of the last entry that is not greater, for entries in rising order of which the first is not greater. */
function lastIndex<T>(entries: readonly T[], keyOf: (entry: T) => number, key: number): number {
  let low = 0;
  let high = entries.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && keyOf(entry) <= key) low = middle;
    else high = middle;
  }
  return low;
}

/** Calls of a chain that a message shows before it counts the others. */
const SHOWN_CALLS = 4;

/** The texts of one assembly. */
export class Places {
  readonly source: string;
  readonly file: string;
  #markers: readonly LineMarker[] = [];
  readonly #fileMarkers = new Map<Origin, readonly LineMarker[]>();
  #sourceLines: readonly number[] | undefined;
  readonly #lines = new Map<Origin, readonly number[]>();

  constructor(source: string, file: string) {
    this.source = source;
    this.file = file;
  }

  /** Takes the line markers of the source, or of a file that was included. */
  setMarkers(markers: readonly LineMarker[], origin?: Origin): void {
    if (origin === undefined) this.#markers = markers;
    else if (markers.length > 0) this.#fileMarkers.set(origin, markers);
  }

  /** The text of a span. */
  text({ start, end, origin }: Span): string {
    return (origin?.text ?? this.source).slice(start, end);
  }

  /** Where a reader finds a span. For expanded text that is the macro's body. */
  place(span: Span): Place {
    const { origin } = span;
    if (origin?.kind === "expansion") return this.#placeInBody(origin, span.start);
    return this.#marked(origin, span.line, span.column);
  }

  #placeInBody(expansion: Origin, start: number): Place {
    let offset = start;
    let origin: Origin | undefined = expansion;
    while (origin?.kind === "expansion") {
      const piece: Origin["pieces"][number] | undefined = origin.pieces[
        lastIndex(origin.pieces, ({ at }) => at, offset)
      ];
      if (piece !== undefined) offset = piece.from + (piece.copied ? offset - piece.at : 0);
      origin = origin.body;
    }
    const starts = this.#linesOf(origin);
    const index = lastIndex(starts, (at) => at, offset);
    return this.#marked(origin, index + 1, offset - (starts[index] ?? 0) + 1);
  }

  #linesOf(origin: Origin | undefined): readonly number[] {
    if (origin === undefined) return this.#sourceLines ??= lineStarts(this.source);
    let starts = this.#lines.get(origin);
    if (starts === undefined) {
      starts = lineStarts(origin.text);
      this.#lines.set(origin, starts);
    }
    return starts;
  }

  #marked(origin: Origin | undefined, line: number, column: number): Place {
    const markers = origin === undefined ? this.#markers : this.#fileMarkers.get(origin) ?? [];
    const marker = markers[lastIndex(markers, ({ at }) => at, line)];
    if (marker === undefined || marker.at > line) {
      return { file: origin === undefined ? this.file : origin.title, line, column };
    }
    return { file: marker.file, line: marker.next + line - marker.at - 1, column };
  }

  /** The calls that led to a span, the innermost first; none for text of the source itself. */
  calls(span: Span): MacroCall[] {
    const calls: MacroCall[] = [];
    for (let at = span.origin; at !== undefined; at = at.calledAt.origin) {
      calls.push({ name: at.title, kind: at.kind, ...this.place(at.calledAt) });
    }
    return calls;
  }

  /** The calls that led to a span as a message has them, or nothing: `in expansion of X, called at guest.s:3:1: `. */
  callText(span: Span): string {
    if (span.origin === undefined) return "";
    const calls = this.calls(span);
    const texts = calls.map(({ kind, name, file, line, column }) =>
      `${kind === "file" ? "included" : `in expansion of ${name}, called`} at ${file}:${line}:${column}`
    );
    if (texts.length > SHOWN_CALLS + 1) {
      const left = texts.length - SHOWN_CALLS;
      texts.splice(SHOWN_CALLS - 1, left, `in ${left} more calls,`);
    }
    return `${texts.join(" ")}: `;
  }

  /** A line as a message about another place mentions it, as in `line 3`. */
  lineText(span: Span): string {
    const { file, line } = this.place(span);
    const calls = this.calls(span).filter(({ kind }) => kind === "expansion");
    const other = file === this.file ? "" : ` of ${file}`;
    const [call] = calls;
    return `line ${line}${other}${call === undefined ? "" : ` by ${call.name} called in line ${call.line}`}`;
  }

  /** Offsets by which spans are put in order: of the outermost call in the source first, of the span itself last. */
  path(span: Span): number[] {
    const offsets: number[] = [];
    for (let at: Span | undefined = span; at !== undefined; at = at.origin?.calledAt) offsets.push(at.start);
    return offsets.reverse();
  }
}
