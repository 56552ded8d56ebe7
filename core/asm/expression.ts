/**
 * Expressions: parsing, and evaluation over values that may be relative to a section whose address is not known yet.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import { joinSpans, NotYetKnown, SourceFault, type Span } from "./errors.ts";
import type { Token } from "./lexer.ts";

/** What a value can be relative to: a section. */
export interface Base {
  readonly name: string;
  /** Undefined until the layout is known. */
  readonly address: bigint | undefined;
  /** It has an address in the program. */
  readonly loaded: boolean;
}

/** A value of an expression. */
export interface Value {
  /** A signed 64-bit number; the distance from the start of `base` where there is one. */
  readonly n: bigint;
  readonly base: Base | undefined;
  /** Addresses added less addresses subtracted: 1 for an address, 0 for a number or a distance. */
  readonly weight: number;
  /** Computed from an address by other means than `+` and `-`. */
  readonly derived: boolean;
}

/** A plain number as a value. It must be a signed 64-bit number. */
export function numberValue(n: bigint): Value {
  return { n, base: undefined, weight: 0, derived: false };
}

/** The address `offset` bytes into a section. */
export function addressValue(base: Base, offset: number): Value {
  return { n: BigInt(offset), base, weight: 1, derived: false };
}

/** Something with a value that was named in an expression. `R` is what the symbol table makes of a name. */
type Step<R> =
  | { readonly kind: "value"; readonly value: Value; readonly span: Span }
  | { readonly kind: "reference"; readonly reference: R; readonly span: Span }
  | { readonly kind: "unary"; readonly operator: string; readonly span: Span }
  | { readonly kind: "binary"; readonly operator: string; readonly span: Span };

/**
 * An expression in postfix order. There is no tree, so that a sum of a million terms needs no deep recursion. Names
 * are bound when it is parsed, so that a symbol that is assigned again later keeps its value here.
 */
export interface Expression<R> {
  readonly steps: readonly Step<R>[];
  readonly span: Span;
}

/** An expression for a known value. */
export function constantExpression<R>(value: Value, span: Span): Expression<R> {
  return { steps: [{ kind: "value", value, span }], span };
}

/** What names mean where an expression is parsed. */
export interface Scope<R> {
  /** The current address, for `.`. */
  here(): Value;
  /** A symbol's name. */
  named(name: string, span: Span): R;
  /** A reference to a numbered label, as in `1f`. */
  numbered(text: string, span: Span): R;
}

/** Binary operators by how tightly they bind, as GAS and LLVM have it: all of one level go from left to right. */
const PRECEDENCE: ReadonlyMap<string, number> = new Map([
  ["||", 1],
  ["&&", 2],
  ...["==", "!=", "<>", "<", ">", "<=", ">="].map((operator): [string, number] => [operator, 3]),
  ...["+", "-"].map((operator): [string, number] => [operator, 4]),
  ...["|", "^", "&"].map((operator): [string, number] => [operator, 5]),
  ...["*", "/", "%", "<<", ">>"].map((operator): [string, number] => [operator, 6]),
]);

const UNARY: ReadonlySet<string> = new Set(["-", "+", "~", "!"]);
/** Nested parentheses and unary operators allowed: the parser recurses on them. */
const MAXIMUM_NESTING = 100;

class ExpressionParser<R> {
  readonly #steps: Step<R>[] = [];

  constructor(readonly cursor: Cursor, readonly scope: Scope<R>) {}

  parse(): Expression<R> {
    const first = this.cursor.span;
    this.#binary(1, 0);
    return { steps: this.#steps, span: joinSpans(first, this.cursor.lastSpan) };
  }

  #binary(least: number, nesting: number): void {
    this.#unary(nesting);
    for (;;) {
      const token = this.cursor.peek();
      const level = token?.kind === "punctuation" ? PRECEDENCE.get(token.text) : undefined;
      if (token === undefined || level === undefined || level < least) return;
      this.cursor.next();
      this.#binary(level + 1, nesting);
      this.#steps.push({ kind: "binary", operator: token.text, span: token });
    }
  }

  #unary(nesting: number): void {
    const token = this.cursor.peek();
    if (nesting > MAXIMUM_NESTING) {
      throw new SourceFault(
        `Cannot read an expression: it is nested deeper than ${MAXIMUM_NESTING} levels`,
        this.cursor.span,
      );
    }
    if (token?.kind === "punctuation" && UNARY.has(token.text)) {
      this.cursor.next();
      this.#unary(nesting + 1);
      this.#steps.push({ kind: "unary", operator: token.text, span: token });
    } else if (this.cursor.accept("(")) {
      this.#binary(1, nesting + 1);
      this.cursor.expect(")", "Cannot read an expression");
    } else {
      this.#primary(token);
    }
  }

  #primary(token: Token | undefined): void {
    if (token?.kind === "number" && token.value !== undefined) {
      this.#steps.push({ kind: "value", value: numberValue(BigInt.asIntN(64, token.value)), span: token });
    } else if (token?.kind === "reference") {
      const reference = this.scope.numbered(token.text, token);
      this.#steps.push({ kind: "reference", reference, span: token });
    } else if (token?.kind === "identifier" && token.text === ".") {
      this.#steps.push({ kind: "value", value: this.scope.here(), span: token });
    } else if (token?.kind === "identifier") {
      const reference = this.scope.named(token.text, token);
      this.#steps.push({ kind: "reference", reference, span: token });
    } else {
      throw new SourceFault(missingOperand(this.cursor), this.cursor.span);
    }
    this.cursor.next();
  }
}

function missingOperand(cursor: Cursor): string {
  const kind = cursor.peek()?.kind;
  if (kind === "register") {
    return `Cannot use register ${cursor.peek()?.text} in an expression: it is no number`;
  }
  if (kind === "string") return `Cannot use ${cursor.found} in an expression: it is a string`;
  return `Cannot read an expression: a number or a symbol is missing before ${cursor.found}`;
}

/** Parses the expression that starts at the cursor. @throws {SourceFault} if there is none */
export function parseExpression<R>(cursor: Cursor, scope: Scope<R>): Expression<R> {
  return new ExpressionParser(cursor, scope).parse();
}

function wrap(n: bigint): bigint {
  return BigInt.asIntN(64, n);
}

/** The value with its section's address added. @throws {NotYetKnown} before the layout is known */
export function absolute(value: Value, span: Span): Value {
  if (value.base === undefined) return value;
  const { address, name, loaded } = value.base;
  if (!loaded) throw new SourceFault(`Cannot use an address in ${name}: this section is not loaded`, span);
  if (address === undefined) {
    throw new NotYetKnown(
      `Cannot use an address in ${name} here: the size of the program depends on it`,
      span,
    );
  }
  return { ...value, n: wrap(value.n + address), base: undefined };
}

function unary(operator: string, operand: Value, span: Span): Value {
  if (operator === "+") return operand;
  const { n, weight, derived } = absolute(operand, span);
  if (operator === "-") return { n: wrap(-n), base: undefined, weight: -weight, derived };
  if (operator === "!") return numberValue(n === 0n ? 1n : 0n);
  return { n: wrap(~n), base: undefined, weight: 0, derived: derived || weight !== 0 };
}

function add(a: Value, b: Value, span: Span): Value {
  const weight = a.weight + b.weight;
  const derived = a.derived || b.derived;
  if (a.base !== undefined && b.base !== undefined) return add(absolute(a, span), absolute(b, span), span);
  return { n: wrap(a.n + b.n), base: a.base ?? b.base, weight, derived };
}

function subtract(a: Value, b: Value, span: Span): Value {
  const weight = a.weight - b.weight;
  const derived = a.derived || b.derived;
  if (b.base === undefined) return { n: wrap(a.n - b.n), base: a.base, weight, derived };
  if (a.base === b.base) return { n: wrap(a.n - b.n), base: undefined, weight, derived };
  return subtract(absolute(a, span), absolute(b, span), span);
}

function truth(condition: boolean, whenTrue: bigint): bigint {
  return condition ? whenTrue : 0n;
}

function divisor(b: bigint, operator: string, span: Span): bigint {
  if (b === 0n) throw new SourceFault(`Cannot evaluate ${operator}: division by zero`, span);
  return b;
}

function shiftCount(b: bigint, operator: string, span: Span): bigint {
  if (b < 0n || b > 63n) {
    throw new SourceFault(`Cannot evaluate ${operator}: the shift count is ${b}, range is 0 to 63`, span);
  }
  return b;
}

type Arithmetic = (a: bigint, b: bigint, operator: string, span: Span) => bigint;

/** Operators on numbers. A true comparison is -1 and a true `&&` or `||` is 1, `>>` shifts zeros in: so says GAS. */
const ARITHMETIC: ReadonlyMap<string, Arithmetic> = new Map<string, Arithmetic>([
  ["*", (a, b) => a * b],
  ["/", (a, b, operator, span) => a / divisor(b, operator, span)],
  ["%", (a, b, operator, span) => a % divisor(b, operator, span)],
  ["<<", (a, b, operator, span) => a << shiftCount(b, operator, span)],
  [
    ">>",
    (a, b, operator, span) => BigInt.asUintN(64, a) >> shiftCount(b, operator, span),
  ],
  ["&", (a, b) => a & b],
  ["|", (a, b) => a | b],
  ["^", (a, b) => a ^ b],
  ["&&", (a, b) => truth(a !== 0n && b !== 0n, 1n)],
  ["||", (a, b) => truth(a !== 0n || b !== 0n, 1n)],
]);

const COMPARISON: ReadonlyMap<string, (a: bigint, b: bigint) => bigint> = new Map([
  ["==", (a, b) => truth(a === b, -1n)],
  ["!=", (a, b) => truth(a !== b, -1n)],
  ["<>", (a, b) => truth(a !== b, -1n)],
  ["<", (a, b) => truth(a < b, -1n)],
  [">", (a, b) => truth(a > b, -1n)],
  ["<=", (a, b) => truth(a <= b, -1n)],
  [">=", (a, b) => truth(a >= b, -1n)],
]);

function binary(operator: string, left: Value, right: Value, span: Span): Value {
  if (operator === "+") return add(left, right, span);
  if (operator === "-") return subtract(left, right, span);
  const compare = COMPARISON.get(operator);
  if (compare !== undefined) {
    // Places in one section can be compared before its address is known.
    const together = left.base === right.base;
    const a = together ? left : absolute(left, span);
    const b = together ? right : absolute(right, span);
    return numberValue(compare(a.n, b.n));
  }
  const a = absolute(left, span);
  const b = absolute(right, span);
  const apply = ARITHMETIC.get(operator);
  if (apply === undefined) throw new SourceFault(`Cannot evaluate ${operator}: it is no operator`, span);
  const derived = [a, b].some((value) => value.derived || value.weight !== 0);
  return { n: wrap(apply(a.n, b.n, operator, span)), base: undefined, weight: 0, derived };
}

/**
 * Evaluates an expression; `valueOf` gives the value of a name. All arithmetic is on 64 bits and wraps.
 *
 * @throws {NotYetKnown} if it needs the address of a section before the layout is known
 * @throws {SourceFault} if it divides by zero or shifts by a count that is out of range
 */
export function evaluate<R>(expression: Expression<R>, valueOf: (reference: R, span: Span) => Value): Value {
  const first = expression.steps[0];
  if (expression.steps.length === 1 && first?.kind === "value") return first.value;
  const stack: Value[] = [];
  const pop = (): Value => {
    const value = stack.pop();
    if (value === undefined) {
      throw new SourceFault("Cannot evaluate: the expression is empty", expression.span);
    }
    return value;
  };
  for (const step of expression.steps) {
    if (step.kind === "value") {
      stack.push(step.value);
    } else if (step.kind === "reference") {
      stack.push(valueOf(step.reference, step.span));
    } else if (step.kind === "unary") {
      stack.push(unary(step.operator, pop(), step.span));
    } else {
      const right = pop();
      const left = pop();
      stack.push(binary(step.operator, left, right, step.span));
    }
  }
  return pop();
}
