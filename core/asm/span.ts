/**
 * Pieces of text and where they come from: the source, or a text that a macro or an included file put in its place.
 *
 * @module
 */

/** A piece of one line. `start` and `end` are offsets in its whole text, in UTF-16 units. */
export interface Span {
  /** Line in its text, from 1. */
  readonly line: number;
  /** Column of `start`, from 1, in UTF-16 units. */
  readonly column: number;
  readonly start: number;
  readonly end: number;
  /** The text it is a piece of; the source itself if there is none. */
  readonly origin: Origin | undefined;
}

/** A line that the C preprocessor leaves, as in `# 12 "boot.S"`: the next line is that one of that file. */
export interface LineMarker {
  /** Line of the marker, from 1. */
  readonly at: number;
  /** The number of the line behind it. */
  readonly next: number;
  readonly file: string;
}

/** From `at` on, an expansion's text is a copy of the macro's body from `from` on, or stands for what is there. */
export interface Piece {
  readonly at: number;
  readonly from: number;
  readonly copied: boolean;
}

/** A text that is read in place of a statement. */
export interface Origin {
  readonly kind: "expansion" | "file";
  /** What messages call it: the macro, the directive, or the file. */
  readonly title: string;
  readonly text: string;
  /** The statement that asked for it. */
  readonly calledAt: Span;
  /** Of an expansion: how to get back to the body, in the order of `at`. */
  readonly pieces: readonly Piece[];
  /** Of an expansion: the text that the body is a part of. */
  readonly body: Origin | undefined;
  /** Of an expansion: names that stand for values. */
  readonly parameters: readonly string[];
}

/** The span from the start of one to the end of another; both are on the same line, except in a broken comment. */
export function joinSpans(first: Span, last: Span): Span {
  const { line, column, start, origin } = first;
  return { line, column, start, end: last.end, origin };
}
