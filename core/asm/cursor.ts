/**
 * Reading the tokens of one statement from left to right.
 *
 * @module
 */
import { joinSpans, SourceFault, type Span } from "./errors.ts";
import type { Statement, Token } from "./lexer.ts";

/** A position in a statement. */
export class Cursor {
  readonly #tokens: readonly Token[];
  readonly #end: Span;
  #index = 0;

  constructor(statement: Statement) {
    this.#tokens = statement.tokens;
    this.#end = statement.end;
  }

  /** There is no token left. */
  get done(): boolean {
    return this.#index >= this.#tokens.length;
  }

  /** The next token, or the one after `ahead` others; it stays. */
  peek(ahead = 0): Token | undefined {
    return this.#tokens[this.#index + ahead];
  }

  /** Takes the next token. */
  next(): Token | undefined {
    const token = this.peek();
    if (token !== undefined) this.#index++;
    return token;
  }

  /** The next token is this punctuation or word. */
  at(text: string): boolean {
    const token = this.peek();
    return token !== undefined && token.text === text && token.kind !== "string";
  }

  /** Takes the next token if it is this punctuation or word. */
  accept(text: string): boolean {
    if (!this.at(text)) return false;
    this.#index++;
    return true;
  }

  /** The place of the next token, or of the end of the statement. */
  get span(): Span {
    return this.peek() ?? this.#end;
  }

  /** The place of the token that was taken last. */
  get lastSpan(): Span {
    return this.#tokens[this.#index - 1] ?? this.span;
  }

  /** From the next token to the last one. */
  get restSpan(): Span {
    const last = this.#tokens[this.#tokens.length - 1];
    return last === undefined || this.done ? this.#end : joinSpans(this.span, last);
  }

  /** The next token as a message shows it. */
  get found(): string {
    const token = this.peek();
    return token === undefined ? "the end of the statement" : `\`${token.text}\``;
  }

  /** Takes this punctuation, which must come next. `task` starts the message, as in `Cannot read .word`. */
  expect(text: string, task: string): void {
    if (!this.accept(text)) {
      throw new SourceFault(`${task}: \`${text}\` is missing before ${this.found}`, this.span);
    }
  }

  /** What is left must be tokens. */
  checkTokens(): void {
    const bad = this.#tokens.slice(this.#index).find(({ kind }) => kind === "bad");
    if (bad !== undefined) throw new SourceFault(bad.problem ?? "Cannot read this", bad);
  }

  /** There must be no token left. */
  expectEnd(task: string): void {
    if (!this.done) throw new SourceFault(`${task}: ${this.found} is not expected here`, this.restSpan);
  }
}
