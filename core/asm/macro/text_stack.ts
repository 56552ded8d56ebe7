/**
 * The texts that are being read, each put into the one before it, and the limits of that.
 *
 * @module
 */
import { Cursor } from "../cursor.ts";
import { SourceFault, type Span } from "../errors.ts";
import { readStatements, type Statement, type Token } from "../lexer.ts";
import type { Unit } from "../unit.ts";
import { Conditions } from "./conditions.ts";
import { type Body, type Caller, substitute, type Values } from "./substitute.ts";

/** How far expansions may go. */
export interface ExpansionLimits {
  /** Macros, loops and files within each other. */
  readonly depth: number;
  /** Characters that all expansions together may have; text that is read again counts again. */
  readonly characters: number;
}

/** A text to be read. */
export interface Text {
  readonly kind: "source" | "macro" | "loop" | "file";
  /** What messages call it. */
  readonly title: string;
  readonly statements: readonly Statement[];
  /** Of a loop: the statements of the next round, undefined after the last. */
  readonly next?: () => readonly Statement[] | undefined;
}

/** A text being read. */
interface Frame extends Omit<Text, "statements"> {
  statements: readonly Statement[];
  index: number;
  /** Conditions that were open before it. */
  readonly floor: number;
}

/** The words that begin and end a body. */
export interface BodyMarks {
  readonly begins: ReadonlySet<string>;
  readonly ends: ReadonlySet<string>;
}

/** How many tokens the labels at the start of a statement take. */
export function labelTokens(tokens: readonly Token[]): number {
  let count = 0;
  while (tokens[count + 1]?.text === ":" && tokens[count + 1]?.kind === "punctuation") count += 2;
  return count;
}

/** A word begins or ends a body, where it is first or behind a label, which may hold marks of its own. */
function isMark(token: Token, before: Token | undefined, { begins, ends }: BodyMarks): boolean {
  if (token.kind !== "identifier" || (before !== undefined && before.text !== ":")) return false;
  const name = token.text.toLowerCase();
  return begins.has(name) || ends.has(name);
}

/** The stack of texts, with the conditions that are open in them. */
export class TextStack {
  readonly unit: Unit;
  readonly conditions: Conditions;
  readonly #limits: ExpansionLimits;
  readonly #frames: Frame[] = [];
  #charactersLeft: number;
  #stopped = false;

  constructor(unit: Unit, statements: readonly Statement[], limits: ExpansionLimits) {
    this.unit = unit;
    this.conditions = new Conditions(unit);
    this.#limits = limits;
    this.#charactersLeft = limits.characters;
    this.#frames.push({ kind: "source", title: "the source", statements, index: 0, floor: 0 });
  }

  /** It gave up before the end, with a mistake thrown. */
  get stopped(): boolean {
    return this.#stopped;
  }

  get #top(): Frame | undefined {
    return this.#frames[this.#frames.length - 1];
  }

  /** Conditions that were open before the text at hand. */
  get floor(): number {
    return this.#top?.floor ?? 0;
  }

  /** The next statement, undefined at the end of all. @throws {SourceFault} if a limit is reached */
  next(): Statement | undefined {
    for (let frame = this.#top; frame !== undefined && !this.#stopped; frame = this.#top) {
      const statement = frame.statements[frame.index++];
      if (statement !== undefined) return statement;
      this.#endText(frame);
    }
    return undefined;
  }

  /** Goes on to the next round of a loop, or back to the text that a text was put into. */
  #endText(frame: Frame): void {
    for (const span of this.conditions.closeTo(frame.floor)) {
      const reason = `.endif is missing before the end of ${frame.title}`;
      this.unit.diagnostics.report(new SourceFault(`Cannot close ${this.unit.text(span)}: ${reason}`, span));
    }
    const statements = frame.next?.();
    if (statements === undefined) {
      this.#frames.pop();
      return;
    }
    frame.statements = statements;
    frame.index = 0;
  }

  /** Has a text read before what is left of the text at hand. @throws {SourceFault} if it is nested too deep */
  push(text: Text, span: Span): void {
    if (this.#frames.length > this.#limits.depth) {
      const reason = `macros, loops and files are nested deeper than ${this.#limits.depth} levels`;
      this.#stop(`Cannot expand ${this.unit.text(span)}: ${reason}`, span);
    }
    this.#frames.push({ ...text, floor: this.conditions.depth, index: 0 });
  }

  /** Leaves the innermost macro or loop, all its rounds. @returns false if there is none */
  leave(): boolean {
    const index = this.#frames.findLastIndex(({ kind }) => kind === "macro" || kind === "loop");
    const frame = this.#frames[index];
    if (frame === undefined) return false;
    this.conditions.closeTo(frame.floor);
    this.#frames.length = index;
    return true;
  }

  /** Reports a mistake after which there is no going on. */
  #stop(message: string, span: Span): never {
    this.#stopped = true;
    throw new SourceFault(message, span);
  }

  /** Counts characters that are read. @throws {SourceFault} if there are too many */
  spend(characters: number, span: Span): void {
    this.#charactersLeft -= characters;
    if (this.#charactersLeft >= 0) return;
    const reason = `all expansions together have more than ${this.#limits.characters} characters`;
    this.#stop(`Cannot expand ${this.unit.text(span)}: ${reason}`, span);
  }

  /** Expands a body to statements. @throws {SourceFault} if there are too many characters */
  expand(body: Body, values: Values, caller: Caller): readonly Statement[] {
    const origin = substitute(body, values, caller, this.#charactersLeft);
    // Every expansion costs something, even one without text.
    this.spend(origin === undefined ? Infinity : origin.text.length + 1, caller.calledAt);
    return origin === undefined ? [] : readStatements(origin.text, origin).statements;
  }

  /** The whole text that a token is in. */
  textOf({ origin }: Span): string {
    return origin?.text ?? this.unit.places.source;
  }

  /**
   * Takes statements up to the end of what a directive begins.
   *
   * @param head the directive
   * @param start where in its text the body begins
   * @param ending what ends it, for the message that it is missing
   * @throws {SourceFault} if it is
   */
  takeBody(head: Token, start: number, marks: BodyMarks, ending: string): Body {
    const frame = this.#top;
    let nested = 0;
    for (let at = frame?.index ?? 0;; at++) {
      const statement = frame?.statements[at];
      if (frame === undefined || statement === undefined) {
        const reason = `${ending} is missing before the end of ${frame?.title ?? "the source"}`;
        this.#stop(`Cannot read ${head.text}: ${reason}`, head);
      }
      const index = statement.tokens.findIndex((token, i) => isMark(token, statement.tokens[i - 1], marks));
      const word = statement.tokens[index];
      const name = word?.text.toLowerCase() ?? "";
      if (marks.begins.has(name)) nested++;
      if (word === undefined || !marks.ends.has(name) || nested-- > 0) continue;
      frame.index = at + 1;
      const cursor = new Cursor({ ...statement, tokens: statement.tokens.slice(index + 1) });
      this.unit.diagnostics.attempt(() => cursor.expectEnd(`Cannot read ${name}`));
      return { text: this.textOf(head).slice(start, word.start), offset: start, origin: head.origin };
    }
  }
}
