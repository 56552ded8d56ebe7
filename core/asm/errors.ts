/**
 * What the assembler reports: faults found in the source, collected, sorted and shown with the line they are in.
 *
 * @module
 */
import type { MacroCall, Places } from "./places.ts";
import type { Span } from "./span.ts";

export { joinSpans, type Span } from "./span.ts";

/** A mistake in the source, before the file name and the line are known. Inside the assembler only. */
export class SourceFault extends SyntaxError {
  override readonly name: string = "SourceFault";
  constructor(message: string, readonly span: Span) {
    super(message);
  }
}

/** A value that only the layout settles is wanted before the layout is known. Inside the assembler only. */
export class NotYetKnown extends SourceFault {
  override readonly name: string = "NotYetKnown";
}

/** Stops work on a statement whose mistake is already in the list. Inside the assembler only. */
export class AlreadyReported extends Error {
  override readonly name = "AlreadyReported";
}

/** Where an {@linkcode AssemblyError} is. */
export interface ErrorPlace {
  /** Name of the source, as in `guest.s`. */
  readonly file: string;
  /** Line, from 1. */
  readonly line: number;
  /** Column, from 1, in UTF-16 units. */
  readonly column: number;
  /** The offending text. */
  readonly text: string;
  /** The macros that the text came from, the innermost first; then line and column are in the body of a macro. */
  readonly calls?: readonly MacroCall[];
}

/** One mistake in a source text. The message has the place, the reason, the source line and a caret. */
export class AssemblyError extends SyntaxError {
  override readonly name: string = "AssemblyError";
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly text: string;
  /** The macros that the offending text came from, the innermost first. */
  readonly calls: readonly MacroCall[];

  constructor(message: string, place: ErrorPlace) {
    super(message);
    this.file = place.file;
    this.line = place.line;
    this.column = place.column;
    this.text = place.text;
    this.calls = place.calls ?? [];
  }
}

/** How many mistakes a message shows. */
const SHOWN_ERRORS = 20;

/**
 * All mistakes of a source, as thrown by `assemble`. Place and text are those of the first; the message has the first
 * twenty.
 */
export class AssemblyErrors extends AssemblyError {
  override readonly name: string = "AssemblyErrors";
  /** Every mistake, in the order of the source. Never empty. */
  readonly errors: readonly AssemblyError[];

  /** @throws {RangeError} if `errors` is empty */
  constructor(errors: readonly AssemblyError[]) {
    const [first] = errors;
    if (first === undefined) throw new RangeError("Cannot report assembly errors: the list is empty");
    const shown = errors.slice(0, SHOWN_ERRORS).map((error) => error.message);
    const rest = errors.length - shown.length;
    if (rest > 0) shown.push(`${first.file}: ${rest} more error${rest === 1 ? "" : "s"}`);
    super(shown.join("\n"), first);
    this.errors = errors;
  }
}

/** After this many mistakes the rest of a source is not looked at. */
const MAXIMUM_ERRORS = 1000;
/** The same after a loop has repeated mistakes so often. */
const MAXIMUM_REPEATS = 5000;
/** A longer source line is shown in part. */
const LINE_WIDTH = 160;
/** What stays of a long line before the mistake. */
const LINE_LEAD = 60;

/** A longer reason, which holds a name of endless length, is cut. */
const REASON_WIDTH = 400;

/** Collects the mistakes of one source. */
export class Diagnostics {
  readonly #places: Places;
  readonly #faults: SourceFault[] = [];
  readonly #seen = new Set<string>();
  #repeats = 0;

  constructor(places: Places) {
    this.#places = places;
  }

  /** How many mistakes there are so far. */
  get count(): number {
    return this.#faults.length;
  }

  /** There are so many mistakes that going on helps nobody. */
  get full(): boolean {
    return this.#faults.length >= MAXIMUM_ERRORS || this.#repeats >= MAXIMUM_REPEATS;
  }

  /** Adds a mistake, unless the same one is already there, as it is when a loop repeats it. */
  report(fault: SourceFault): void {
    if (this.full) return;
    const { span, message } = fault;
    const calls = this.#places.callText(span);
    const { file, line, column } = this.#places.place(span);
    const key = `${file}:${line}:${column} ${calls}${message}`;
    if (this.#seen.has(key)) {
      this.#repeats++;
      return;
    }
    this.#seen.add(key);
    this.#faults.push(fault);
  }

  /** Runs `step`; a mistake in the source that it throws is added to the list, anything else goes on. */
  attempt(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (error instanceof SourceFault) this.report(error);
      else if (!(error instanceof AlreadyReported) || this.count === 0) throw error;
    }
  }

  /** @throws {AssemblyErrors} if there is any mistake */
  throwIfAny(): void {
    if (this.#faults.length === 0) return;
    const faults = this.#faults.map((fault) => ({ fault, path: this.#places.path(fault.span) }));
    faults.sort((a, b) => comparePaths(a.path, b.path));
    throw new AssemblyErrors(faults.map(({ fault }) => this.#describe(fault)));
  }

  #describe(fault: SourceFault): AssemblyError {
    const { span } = fault;
    const { file, line, column } = this.#places.place(span);
    const reason = fault.message.length > REASON_WIDTH
      ? `${fault.message.slice(0, REASON_WIDTH)}…`
      : fault.message;
    const where = `${file}:${line}:${column}: ${this.#places.callText(span)}`;
    const message = `${where}${reason}\n${shownLine(span.origin?.text ?? this.#places.source, span)}`;
    const text = this.#places.text(span);
    return new AssemblyError(message, { file, line, column, text, calls: this.#places.calls(span) });
  }
}

function comparePaths(a: readonly number[], b: readonly number[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** The line of a span, as a macro made it where one did, and a caret below it. */
function shownLine(text: string, { column, start }: Span): string {
  const lineStart = start - (column - 1);
  const head = text.slice(lineStart, lineStart + LINE_WIDTH + 1);
  const isLong = head.length > LINE_WIDTH && !head.includes("\n");
  const cut = isLong ? Math.max(0, column - 1 - LINE_LEAD) : 0;
  const window = text.slice(lineStart + cut, lineStart + cut + LINE_WIDTH);
  const shown = (window.split("\n", 1)[0] ?? "").trimEnd();
  // Tabs stay, so that the caret stands right whatever their width is.
  const lead = shown.slice(0, column - 1 - cut).replace(/[^\t]/g, " ").padEnd(column - 1 - cut, " ");
  return `${shown}\n${lead}^`;
}
