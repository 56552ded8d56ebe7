/**
 * What is known of a source while it is being read: the current section, the symbols, and the work that has to wait
 * for the layout.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import { Diagnostics, SourceFault, type Span } from "./errors.ts";
import { absolute, addressValue, parseExpression, type Scope, type Value } from "./expression.ts";
import { AddressTable } from "./address_table.ts";
import { Places } from "./places.ts";
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
  /** The bytes of a file that the source includes, undefined if there is none. */
  readonly readFile?: ((name: string) => Uint8Array | undefined) | undefined;
}

/** A section to go on in. */
export interface SectionChoice {
  readonly name: string;
  readonly kind: SectionKind;
  /** Parts of a section are put together in the order of their numbers. */
  readonly subsection: number;
}

function sectionKey(name: string, subsection: number): string {
  return subsection === 0 ? name : `${name}\0${subsection}`;
}

/** One source while it is being assembled. */
export class Unit implements Scope<Reference> {
  readonly places: Places;
  readonly diagnostics: Diagnostics;
  readonly symbols: SymbolTable;
  /** All sections by name, in the order in which they came up; subsections have keys of their own. */
  readonly sections: Map<string, Section> = new Map();
  /** Names declared global or weak. */
  readonly globals: Set<string> = new Set();
  readonly csrNames: NameSource | undefined;
  readonly readFile: UnitOptions["readFile"];
  /** What `.warning` and `.print` say. */
  readonly notes: string[] = [];
  /** Where bytes go. */
  section: Section;
  /** The statement being read, without its labels. */
  statement: Span = { line: 1, column: 1, start: 0, end: 0, origin: undefined };
  readonly #budget: Budget;
  #waiting: (() => void)[] = [];
  #table: AddressTable | undefined;
  #previous: Section | undefined;
  readonly #pushed: { readonly section: Section; readonly previous: Section | undefined }[] = [];

  constructor(source: string, options: UnitOptions) {
    this.places = new Places(source, options.file);
    this.diagnostics = new Diagnostics(this.places);
    this.symbols = new SymbolTable((span) => this.places.lineText(span));
    this.csrNames = options.csrNames;
    this.readFile = options.readFile;
    this.#budget = { remaining: options.maximumSize, maximum: options.maximumSize };
    this.section = this.#open({ name: ".text", kind: "text", subsection: 0 });
  }

  #open({ name, kind, subsection }: SectionChoice): Section {
    const section = new Section(name, kind, this.#budget, subsection);
    this.sections.set(sectionKey(name, subsection), section);
    return section;
  }

  /** Goes on in a section. @throws {SourceFault} if it is of another kind */
  enter(choice: SectionChoice, span: Span): void {
    const { name, kind, subsection } = choice;
    const first = this.sections.get(name) ?? this.#open({ name, kind, subsection: 0 });
    if (first.kind !== kind) {
      throw new SourceFault(`Cannot enter ${name}: its flags make it ${kind}, it is ${first.kind}`, span);
    }
    this.#switchTo(this.sections.get(sectionKey(name, subsection)) ?? this.#open(choice));
  }

  #switchTo(section: Section): void {
    this.#previous = this.section;
    this.section = section;
  }

  /** A section by its name, made where there is none, without going on in it. */
  sectionNamed(name: string, kind: SectionKind): Section {
    return this.sections.get(name) ?? this.#open({ name, kind, subsection: 0 });
  }

  /** Goes back to the section before the one at hand. @returns false if there is none */
  previousSection(): boolean {
    if (this.#previous === undefined) return false;
    this.#switchTo(this.#previous);
    return true;
  }

  /** Keeps the section at hand for {@linkcode Unit.popSection}. */
  pushSection(): void {
    this.#pushed.push({ section: this.section, previous: this.#previous });
  }

  /** Goes back to the section that was kept last. @returns false if there is none */
  popSection(): boolean {
    const kept = this.#pushed.pop();
    if (kept === undefined) return false;
    this.section = kept.section;
    this.#previous = kept.previous;
    return true;
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

  /** Addresses that code loads from memory. */
  get table(): AddressTable {
    return this.#table ??= new AddressTable(this);
  }

  /** The source text of a span. */
  text(span: Span): string {
    return this.places.text(span);
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
    this.#waiting = [];
  }
}
