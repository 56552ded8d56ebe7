/**
 * What is known of a source while it is being read: the current section, the symbols, and the work that has to wait
 * for the layout.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import { Diagnostics, SourceFault, type Span } from "./errors.ts";
import { absolute, addressValue, parseExpression, type Scope, type Value } from "./expression.ts";
import { type Budget, Section, type SectionKind } from "./section.ts";
import { type NameSource, type Reference, type SymbolExpression, SymbolTable } from "./symbols.ts";

/** What a {@linkcode Unit} is made with. */
export interface UnitOptions {
  /** Name of the source in messages. */
  readonly file: string;
  /** The most bytes of all sections together. */
  readonly maximumSize: number;
  /** Names of CSRs, if any are known. */
  readonly csrNames: NameSource | undefined;
}

/** One source while it is being assembled. */
export class Unit implements Scope<Reference> {
  readonly source: string;
  readonly diagnostics: Diagnostics;
  readonly symbols: SymbolTable = new SymbolTable();
  /** All sections by name, in the order in which they came up. */
  readonly sections: Map<string, Section> = new Map();
  /** Names declared global or weak. */
  readonly globals: Set<string> = new Set();
  readonly csrNames: NameSource | undefined;
  /** Where bytes go. */
  section: Section;
  /** The statement being read, without its labels. */
  statement: Span = { line: 1, column: 1, start: 0, end: 0 };
  readonly #budget: Budget;
  readonly #waiting: (() => void)[] = [];

  constructor(source: string, options: UnitOptions) {
    this.source = source;
    this.diagnostics = new Diagnostics(source, options.file);
    this.csrNames = options.csrNames;
    this.#budget = { remaining: options.maximumSize, maximum: options.maximumSize };
    this.section = this.#open(".text", "text");
  }

  #open(name: string, kind: SectionKind): Section {
    const section = new Section(name, kind, this.#budget);
    this.sections.set(name, section);
    return section;
  }

  /** Goes on in a section. @throws {SourceFault} if it is of another kind */
  enter(name: string, kind: SectionKind, span: Span): void {
    const section = this.sections.get(name) ?? this.#open(name, kind);
    if (section.kind !== kind) {
      throw new SourceFault(`Cannot enter ${name}: its flags make it ${kind}, it is ${section.kind}`, span);
    }
    this.section = section;
  }

  here(): Value {
    return addressValue(this.section, this.section.size);
  }

  named(name: string): Reference {
    return this.symbols.reference(name);
  }

  numbered(text: string, span: Span): Reference {
    return this.symbols.numberedReference(text, span);
  }

  /** The source text of a span. */
  text(span: Span): string {
    return this.source.slice(span.start, span.end);
  }

  /** Parses the expression at the cursor. */
  expression(cursor: Cursor): SymbolExpression {
    return parseExpression(cursor, this);
  }

  /** Parses an expression whose number must be known now, because the size of the program depends on it. */
  knownNumber(cursor: Cursor, task: string): { n: bigint; span: Span } {
    const expression = this.expression(cursor);
    const { n, weight, base } = this.symbols.evaluate(expression);
    if (base !== undefined || weight !== 0) {
      throw new SourceFault(
        `${task}: ${this.text(expression.span)} is an address, not a number`,
        expression.span,
      );
    }
    return { n, span: expression.span };
  }

  /** Evaluates an expression once the layout is known, section addresses added. */
  finalValue(expression: SymbolExpression, names?: NameSource): Value {
    return absolute(this.symbols.evaluate(expression, names), expression.span);
  }

  /** Has `step` done when the layout is known; a mistake that it throws is reported. */
  later(step: () => void): void {
    this.#waiting.push(step);
  }

  /** Does what waited for the layout. */
  runWaiting(): void {
    for (const step of this.#waiting) this.diagnostics.attempt(step);
  }
}
