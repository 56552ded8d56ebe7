/**
 * From source text to tokens and statements.
 *
 * @module
 */
import { BLANK, DIGIT, kindsOf, NAME, NAME_START, NUMBER, PUNCTUATION, REGISTER } from "./characters.ts";
import type { LineMarker, Origin, Span } from "./span.ts";
import { didYouMean } from "./suggest.ts";

/** What a token is. `reference` is `1b` or `1f`; `bad` is text that is no token, with the reason in `problem`. */
export type TokenKind =
  | "identifier"
  | "number"
  | "string"
  | "register"
  | "reference"
  | "punctuation"
  | "bad";

/** A token and where it stands. */
export interface Token extends Span {
  readonly kind: TokenKind;
  /** As in the source. */
  readonly text: string;
  /** Of a number or a character literal: its value, not negative. */
  readonly value: bigint | undefined;
  /** Of a string: its bytes, without an end mark. */
  readonly bytes: Uint8Array | undefined;
  /** Of a bad token: the whole message. */
  readonly problem: string | undefined;
}

/** The tokens between two ends of statement, and the empty span behind the last token. Never without a token. */
export interface Statement {
  readonly tokens: readonly Token[];
  readonly end: Span;
}

/** What a text consists of. */
export interface SourceText {
  readonly statements: readonly Statement[];
  /** In the order of lines. */
  readonly markers: readonly LineMarker[];
}

/** What is left of a macro's parameter where there is none. */
const PARAMETER = /\\[A-Za-z_.][A-Za-z0-9_.$]*/y;
const CHARACTER = /'(?:\\[^\n]|[^'\\\n])'/y;
/** What the C preprocessor leaves to say where the next line is from, with flags behind it. */
const LINE_MARKER = /^# (\d+) "((?:[^"\\]|\\.)*)"[ \d\r]*$/;
/** Operators of two characters. */
const PAIRS: ReadonlySet<string> = new Set(["<<", ">>", "<=", ">=", "==", "!=", "<>", "&&", "||"]);
/** Nearly all numbers of a source have no more digits. */
const FEW_DIGITS = 15;

const NEWLINE = 0x0a;
const SEMICOLON = 0x3b;
const HASH = 0x23;
const SLASH = 0x2f;
const ASTERISK = 0x2a;
const DOLLAR = 0x24;
const ZERO = 0x30;

const SIMPLE_ESCAPES: ReadonlyMap<string, number> = new Map([
  ["b", 8],
  ["t", 9],
  ["n", 10],
  ["f", 12],
  ["r", 13],
  ['"', 34],
  ["'", 39],
  ["\\", 92],
]);

const MAXIMUM_NUMBER = (1n << 64n) - 1n;
/** Digits beyond this make a number too large in any radix, whatever they are, unless they are zeros. */
const LONGEST_NUMBER = 200;

/** A string's bytes, or what is wrong with it and where in its text. */
type StringContents = { readonly bytes: Uint8Array } | { readonly problem: string; readonly at: number };

class Lexer {
  readonly #source: string;
  readonly #origin: Origin | undefined;
  readonly #markers: LineMarker[] = [];
  #position = 0;
  #line = 1;
  #lineStart = 0;

  constructor(source: string, origin: Origin | undefined) {
    this.#source = source;
    this.#origin = origin;
  }

  /** All statements that have a token. */
  read(): SourceText {
    const statements: Statement[] = [];
    let tokens: Token[] = [];
    const finish = () => {
      if (tokens.length > 0) statements.push({ tokens, end: this.#span(this.#position, this.#position) });
      tokens = [];
    };
    while (this.#position < this.#source.length) {
      const code = this.#source.charCodeAt(this.#position);
      if (code === NEWLINE || code === SEMICOLON) {
        finish();
        this.#position++;
        if (code === NEWLINE) this.#startLine();
      } else if ((kindsOf(code) & BLANK) !== 0) {
        this.#position = this.#endOf(BLANK);
      } else if (!this.#skipComment(code, tokens)) {
        tokens.push(this.#token(code));
      }
    }
    finish();
    return { statements, markers: this.#markers };
  }

  #startLine(): void {
    this.#line++;
    this.#lineStart = this.#position;
  }

  #span(start: number, end: number): Span {
    return { line: this.#line, column: start - this.#lineStart + 1, start, end, origin: this.#origin };
  }

  #match(pattern: RegExp): string | undefined {
    pattern.lastIndex = this.#position;
    return pattern.exec(this.#source)?.[0];
  }

  /** Behind the character at hand and those of a kind that follow it. */
  #endOf(kind: number): number {
    const source = this.#source;
    let end = this.#position + 1;
    while (end < source.length && (kindsOf(source.charCodeAt(end)) & kind) !== 0) end++;
    return end;
  }

  /** The character at hand and those of a kind that follow it. */
  #textOf(kind: number): string {
    return this.#source.slice(this.#position, this.#endOf(kind));
  }

  #take(kind: TokenKind, text: string, value?: bigint): Token {
    const start = this.#position;
    const end = this.#position = start + text.length;
    return {
      line: this.#line,
      column: start - this.#lineStart + 1,
      start,
      end,
      origin: this.#origin,
      kind,
      text,
      value,
      bytes: undefined,
      problem: undefined,
    };
  }

  #bad(text: string, problem: string): Token {
    return { ...this.#take("bad", text), problem };
  }

  /** Skips a comment, if this character begins one. One without an end is a bad token. */
  #skipComment(code: number, tokens: Token[]): boolean {
    const next = code === SLASH ? this.#source.charCodeAt(this.#position + 1) : undefined;
    if (code === HASH || next === SLASH) {
      this.#skipLineComment();
    } else if (next === ASTERISK) {
      const broken = this.#skipBlockComment();
      if (broken !== undefined) tokens.push(broken);
    } else {
      return false;
    }
    return true;
  }

  #skipLineComment(): void {
    const end = this.#source.indexOf("\n", this.#position);
    const text = this.#source.slice(this.#position, end < 0 ? undefined : end);
    const marker = this.#position === this.#lineStart ? LINE_MARKER.exec(text) : null;
    const [, next, file] = marker ?? [];
    if (next !== undefined && file !== undefined) {
      this.#markers.push({ at: this.#line, next: Number(next), file: file.replace(/\\(.)/g, "$1") });
    }
    this.#position += text.length;
  }

  #skipBlockComment(): Token | undefined {
    const end = this.#source.indexOf("*/", this.#position + 2);
    if (end < 0) {
      const bad = this.#bad("/*", "Cannot read a comment: it has no end, `*/` is missing");
      this.#position = this.#source.length;
      return bad;
    }
    const next = end + 2;
    const comment = this.#source.slice(this.#position, end);
    const start = this.#position;
    for (let at = comment.indexOf("\n"); at >= 0; at = comment.indexOf("\n", at + 1)) {
      this.#position = start + at + 1;
      this.#startLine();
    }
    this.#position = next;
    return undefined;
  }

  #token(code: number): Token {
    const kinds = kindsOf(code);
    if ((kinds & NAME_START) !== 0) return this.#take("identifier", this.#textOf(NAME));
    if ((kinds & PUNCTUATION) !== 0) return this.#punctuation();
    if (code === DOLLAR && this.#endOf(REGISTER) > this.#position + 1) {
      return this.#take("register", this.#textOf(REGISTER));
    }
    if ((kinds & DIGIT) !== 0) return this.#number(this.#textOf(NUMBER));
    const char = this.#source[this.#position];
    if (char === '"') return this.#string();
    if (char === "'") return this.#character();
    const parameter = this.#match(PARAMETER);
    return parameter === undefined ? this.#unknown() : this.#parameter(parameter);
  }

  #punctuation(): Token {
    const next = this.#source.charCodeAt(this.#position + 1);
    const pair = (kindsOf(next) & PUNCTUATION) === 0
      ? ""
      : this.#source.slice(this.#position, this.#position + 2);
    return this.#take("punctuation", PAIRS.has(pair) ? pair : this.#source.charAt(this.#position));
  }

  #parameter(text: string): Token {
    const { title, parameters = [] } = this.#origin ?? {};
    const known = parameters.map((name) => `\\${name}`);
    const reason = title === undefined ? "it is used outside a macro" : `${title} has no such parameter`;
    return this.#bad(text, `Cannot read ${text}: ${reason}${didYouMean(text, known)}`);
  }

  #unknown(): Token {
    const code = this.#source.codePointAt(this.#position) ?? 0;
    const char = String.fromCodePoint(code);
    const printable = code > 0x20 && code < 0x7f;
    const shown = printable
      ? `\`${char}\``
      : `the character U+${code.toString(16).toUpperCase().padStart(4, "0")}`;
    return this.#bad(char, `Cannot read ${shown}: no token starts with it`);
  }

  #number(text: string): Token {
    if (isShortNumber(text)) return this.#take("number", text, BigInt(Number(text)));
    if (/^\d+[bf]$/.test(text)) return this.#take("reference", text);
    const parts = /^(?:0[xX]([0-9a-fA-F]+)|0[bB]([01]+)|0([0-7]+)|(0|[1-9]\d*))$/.exec(text);
    if (parts === null) return this.#bad(text, `Cannot read ${text}: it is no number${numberHint(text)}`);
    const [, hex, binary, octal, decimal] = parts;
    const digits = (hex ?? binary ?? octal ?? decimal ?? "").replace(/^0+(?=.)/, "");
    const prefix = hex !== undefined ? "0x" : binary !== undefined ? "0b" : octal !== undefined ? "0o" : "";
    const value = digits.length > LONGEST_NUMBER ? MAXIMUM_NUMBER + 1n : BigInt(prefix + digits);
    if (value > MAXIMUM_NUMBER) {
      return this.#bad(
        text,
        `Cannot read ${text}: numbers are 64 bits wide, the greatest is 0xffffffffffffffff`,
      );
    }
    return this.#take("number", text, value);
  }

  #character(): Token {
    const text = this.#match(CHARACTER);
    if (text === undefined) {
      const rest = this.#restOfLine();
      return this.#bad(rest, "Cannot read a character: it is one character between two `'`");
    }
    const inner = text.slice(1, -1);
    const code = inner === "\\0"
      ? 0
      : inner.length === 2
      ? SIMPLE_ESCAPES.get(inner.slice(1))
      : inner.charCodeAt(0);
    if (code === undefined) return this.#bad(text, `Cannot read ${text}: the escape ${inner} is unknown`);
    if (code > 0x7f) return this.#bad(text, `Cannot read ${text}: it is no ASCII character, use .ascii`);
    return this.#take("number", text, BigInt(code));
  }

  /** The string literal that starts here, with its quotes. No pattern does this: it would recurse on a long string. */
  #stringText(): string | undefined {
    for (let at = this.#position + 1; at < this.#source.length; at++) {
      const char = this.#source[at];
      if (char === "\n") return undefined;
      if (char === '"') return this.#source.slice(this.#position, at + 1);
      if (char === "\\" && this.#source[at + 1] !== "\n") at++;
    }
    return undefined;
  }

  #string(): Token {
    const text = this.#stringText();
    if (text === undefined) {
      return this.#bad(
        this.#restOfLine(),
        'Cannot read a string: it has no end, `"` is missing in this line',
      );
    }
    const contents = stringContents(text.slice(1, -1));
    if ("bytes" in contents) return { ...this.#take("string", text), bytes: contents.bytes };
    const token = this.#bad(text, contents.problem);
    const start = token.start + 1 + contents.at;
    return { ...token, start, column: token.column + 1 + contents.at };
  }

  #restOfLine(): string {
    const end = this.#source.indexOf("\n", this.#position);
    return this.#source.slice(this.#position, end < 0 ? undefined : end).trimEnd();
  }
}

/** True for a plain decimal number that needs no further look. A loop, because a pattern takes several times longer. */
function isShortNumber(text: string): boolean {
  if (text.length > FEW_DIGITS || (text.length > 1 && text.charCodeAt(0) === ZERO)) return false;
  for (let i = 0; i < text.length; i++) {
    const digit = text.charCodeAt(i) - ZERO;
    if (digit < 0 || digit > 9) return false;
  }
  return true;
}

function numberHint(text: string): string {
  if (/^0\d/.test(text)) return ", a leading 0 means octal";
  return text.includes(".") ? ", floating point is not supported" : "";
}

/** The bytes of what stands between the quotes. */
function stringContents(text: string): StringContents {
  const bytes: number[] = [];
  const encoder = new TextEncoder();
  const piece = /\\x([0-9a-fA-F]*)|\\([0-7]{1,3})|\\(.)|[^\\]+/gsu;
  for (const match of text.matchAll(piece)) {
    const [whole, hex, octal, simple] = match;
    const at = match.index;
    if (hex !== undefined) {
      if (hex === "") return { problem: "Cannot read a string: \\x needs hexadecimal digits", at };
      // As GAS and LLVM do: any number of digits, of which the last two count.
      bytes.push(parseInt(hex.slice(-2), 16));
    } else if (octal !== undefined) {
      const value = parseInt(octal, 8);
      if (value > 255) return { problem: `Cannot read a string: ${whole} is more than a byte`, at };
      bytes.push(value);
    } else if (simple !== undefined) {
      const value = SIMPLE_ESCAPES.get(simple);
      if (value === undefined) return { problem: `Cannot read a string: the escape ${whole} is unknown`, at };
      bytes.push(value);
    } else {
      for (const byte of encoder.encode(whole)) bytes.push(byte);
    }
  }
  return { bytes: Uint8Array.from(bytes) };
}

/**
 * Splits a text into statements. It throws nothing: what is no token comes out as a token of kind `bad`.
 *
 * @param origin what the text is, unless it is the source itself
 */
export function readStatements(text: string, origin?: Origin): SourceText {
  return new Lexer(text, origin).read();
}
