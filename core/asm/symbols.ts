/**
 * Labels, assigned symbols and numbered labels.
 *
 * @module
 */
import { parseRegister } from "../isa/mod.ts";
import { AlreadyReported, NotYetKnown, SourceFault, type Span } from "./errors.ts";
import { addressValue, type Base, evaluate, type Expression, numberValue, type Value } from "./expression.ts";
import { didYouMean } from "./suggest.ts";

/** A label. `place` is undefined for a numbered label that was referred to and has not come yet. */
export interface Label {
  readonly kind: "label";
  readonly name: string;
  place: { readonly base: Base; readonly offset: number } | undefined;
  readonly span: Span;
}

/** One assignment to a symbol. Without an expression it is one that could not be read. */
export interface Assignment {
  readonly kind: "assignment";
  readonly name: string;
  readonly expression: Expression<Reference> | undefined;
  value: Value | undefined;
  /** `failed` is one whose mistake has been thrown: its uses are not reported again. */
  state: "idle" | "evaluating" | "failed";
  readonly span: Span;
}

/** A name that was used before it was defined: what it stands for is looked up when the source has been read. */
export interface Forward {
  readonly kind: "forward";
  readonly name: string;
}

/** What a name in an expression is bound to. */
export type Reference = Label | Assignment | Forward;

/** An expression over the symbols of a source. */
export type SymbolExpression = Expression<Reference>;

/** Gives names a meaning beyond the source's own symbols, as for CSRs. */
export interface NameSource {
  /** The number a name stands for, undefined if the name is unknown. */
  numberOf(name: string): number | undefined;
  /** The message about a name that is neither a symbol nor known here. */
  unknown(name: string): string;
}

/** Symbols assigned in terms of each other in the wrong order, deeper than this, are refused. */
const MAXIMUM_DEPTH = 500;

/** The symbols of one source. */
export class SymbolTable {
  readonly #named = new Map<string, Label | Assignment>();
  readonly #numbered = new Map<string, { last: Label | undefined; next: Label | undefined }>();
  readonly #lineText: (span: Span) => string;
  #final = false;
  #depth = 0;

  /** @param lineText how messages mention the line of an earlier definition */
  constructor(lineText: (span: Span) => string) {
    this.#lineText = lineText;
  }

  /** Labels and the last assignment of each other symbol, by name, in the order of first definition. */
  get definitions(): ReadonlyMap<string, Label | Assignment> {
    return this.#named;
  }

  /** From now on names used before their definition have a value. To be called when all is read. */
  finish(): void {
    this.#final = true;
  }

  /** What a name used in an expression is bound to. */
  reference(name: string): Reference {
    return this.#named.get(name) ?? { kind: "forward", name };
  }

  /** What `1b` or `1f` is bound to. @throws {SourceFault} if there is no such label before */
  numberedReference(text: string, span: Span): Reference {
    const number = normalNumber(text.slice(0, -1));
    const entry = this.#entry(number);
    if (text.endsWith("b")) {
      if (entry.last !== undefined) return entry.last;
      throw new SourceFault(`Cannot find ${text}: no label \`${number}:\` stands before it`, span);
    }
    entry.next ??= { kind: "label", name: number, place: undefined, span };
    return entry.next;
  }

  #entry(number: string): { last: Label | undefined; next: Label | undefined } {
    let entry = this.#numbered.get(number);
    if (entry === undefined) {
      entry = { last: undefined, next: undefined };
      this.#numbered.set(number, entry);
    }
    return entry;
  }

  /** Defines a numbered label, again if need be. */
  defineNumbered(number: string, base: Base, offset: number, span: Span): void {
    const name = normalNumber(number);
    const entry = this.#entry(name);
    const label: Label = entry.next ?? { kind: "label", name, place: undefined, span };
    label.place = { base, offset };
    entry.last = label;
    entry.next = undefined;
  }

  /** Defines a label. @throws {SourceFault} if the name is taken */
  defineLabel(name: string, base: Base, offset: number, span: Span): void {
    this.#checkFree("label", name, span);
    this.#named.set(name, { kind: "label", name, place: { base, offset }, span });
  }

  /**
   * Assigns to a symbol, again if need be. Without an expression the symbol counts as defined, and its uses are not
   * reported.
   *
   * @throws {SourceFault} if the name is a label, or the value is wrong whatever the layout
   */
  assign(name: string, expression: SymbolExpression | undefined, span: Span, once = false): void {
    if (once || this.#named.get(name)?.kind === "label") this.#checkFree("symbol", name, span);
    const assignment: Assignment = {
      kind: "assignment",
      name,
      expression,
      value: undefined,
      state: expression === undefined ? "failed" : "idle",
      span,
    };
    this.#named.set(name, assignment);
    if (expression === undefined) return;
    if (expression.steps.some((step) => isForward(step, name))) {
      assignment.state = "failed";
      throw new SourceFault(`Cannot evaluate ${name}: its value depends on itself`, span);
    }
    try {
      this.valueOf(assignment, span);
    } catch (error) {
      if (!(error instanceof NotYetKnown)) throw error;
    }
  }

  #checkFree(what: string, name: string, span: Span): void {
    const earlier = this.#named.get(name);
    if (earlier === undefined) return;
    const where = this.#lineText(earlier.span);
    throw new SourceFault(`Cannot define ${what} ${name}: it is defined in ${where}`, span);
  }

  /**
   * Evaluates an expression.
   *
   * @param names what else names may stand for; labels give way to it
   * @throws {NotYetKnown} if it needs what only the layout or the rest of the source settles
   * @throws {SourceFault} if it cannot be evaluated at all
   */
  evaluate(expression: SymbolExpression, names?: NameSource): Value {
    return evaluate(expression, (reference, span) => {
      const outside = names === undefined ? undefined : this.#outsideValue(reference, names, span);
      return outside ?? this.valueOf(reference, span);
    });
  }

  #outsideValue(reference: Reference, names: NameSource, span: Span): Value | undefined {
    const { name, kind } = reference;
    const own = this.#named.get(name);
    if (kind === "assignment" || own?.kind === "assignment" || /^\d/.test(name)) return undefined;
    const number = names.numberOf(name);
    if (number !== undefined) return numberValue(BigInt(number));
    if (own === undefined && this.#final) throw new SourceFault(names.unknown(name), span);
    return undefined;
  }

  /** The value of what a name is bound to; see {@linkcode SymbolTable.evaluate} for what it throws. */
  valueOf(reference: Reference, span: Span): Value {
    if (reference.kind === "label") return labelValue(reference, span, this.#final);
    if (reference.kind === "assignment") return this.#assignedValue(reference);
    const definition = this.#named.get(reference.name);
    if (definition === undefined && this.#final) {
      const isRegister = parseRegister(`$${reference.name}`) !== undefined;
      const near = isRegister
        ? `, did you mean $${reference.name}`
        : didYouMean(reference.name, this.#named.keys());
      throw new SourceFault(`Cannot find symbol ${reference.name}: it is not defined${near}`, span);
    }
    if (definition?.kind === "label" || (definition !== undefined && this.#final)) {
      return this.valueOf(definition, span);
    }
    throw new NotYetKnown(
      `Cannot use ${reference.name} here: it is defined later, and the size of the program depends on it`,
      span,
    );
  }

  #assignedValue(assignment: Assignment): Value {
    const { name, expression, span } = assignment;
    if (assignment.value !== undefined) return assignment.value;
    if (expression === undefined || assignment.state === "failed") throw new AlreadyReported();
    if (assignment.state === "evaluating") {
      throw new SourceFault(`Cannot evaluate ${name}: its value depends on itself`, span);
    }
    if (this.#depth >= MAXIMUM_DEPTH) {
      const reason =
        `more than ${MAXIMUM_DEPTH} symbols depend on each other, each on one that is assigned later`;
      throw new SourceFault(`Cannot evaluate ${name}: ${reason}`, span);
    }
    assignment.state = "evaluating";
    this.#depth++;
    try {
      assignment.value = this.evaluate(expression);
      assignment.state = "idle";
      return assignment.value;
    } catch (error) {
      assignment.state = error instanceof NotYetKnown ? "idle" : "failed";
      throw error;
    } finally {
      this.#depth--;
    }
  }
}

/** The step is the name, used before its definition. */
function isForward(step: SymbolExpression["steps"][number], name: string): boolean {
  return step.kind === "reference" && step.reference.kind === "forward" && step.reference.name === name;
}

/** `01` is the label `1`. */
function normalNumber(digits: string): string {
  return digits.replace(/^0+(?=\d)/, "");
}

function labelValue(label: Label, span: Span, final: boolean): Value {
  if (label.place !== undefined) return addressValue(label.place.base, label.place.offset);
  if (final) {
    throw new SourceFault(`Cannot find ${label.name}f: no label \`${label.name}:\` stands after it`, span);
  }
  throw new NotYetKnown(
    `Cannot use ${label.name}f here: the label comes later, and the size of the program depends on it`,
    span,
  );
}
