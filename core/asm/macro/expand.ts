/**
 * Expansion: a stage between the statements of a source and the assembler. It leaves out the statements that
 * conditions exclude, and puts in those that macros, loops and included files make. Statements are made one by one,
 * as the assembler takes them, because conditions and counts depend on symbols.
 *
 * @module
 */
import { Cursor } from "../cursor.ts";
import { SourceFault } from "../errors.ts";
import { readNamedFile } from "../files.ts";
import { readStatements, type Statement, type Token } from "../lexer.ts";
import type { Origin } from "../span.ts";
import { didYouMean } from "../suggest.ts";
import type { Unit } from "../unit.ts";
import { readCall, restArgument } from "./arguments.ts";
import { CONDITIONALS } from "./conditions.ts";
import { type Macro, readMacroHead } from "./definition.ts";
import { forCharacters, forValues, type Loop, LOOP_MARKS, repeat } from "./loops.ts";
import type { Body } from "./substitute.ts";
import { type BodyMarks, type ExpansionLimits, labelTokens, TextStack } from "./text_stack.ts";

export type { ExpansionLimits } from "./text_stack.ts";

/** A statement at hand, which is for this stage. */
interface Call {
  /** The directive or macro. */
  readonly token: Token;
  /** In lower case. */
  readonly name: string;
  /** Behind the token. */
  readonly cursor: Cursor;
  /** Where in its text the next line begins. */
  readonly bodyStart: number;
}

type Control = (stage: Expander, call: Call) => void;

const MACRO_MARKS: BodyMarks = { begins: new Set([".macro"]), ends: new Set([".endm", ".endmacro"]) };

/** The stage itself. Iterate over it once. */
export class Expander {
  readonly #unit: Unit;
  readonly #stack: TextStack;
  readonly #macros = new Map<string, Macro>();
  #expansions = 0;

  constructor(unit: Unit, statements: readonly Statement[], limits: ExpansionLimits) {
    this.#unit = unit;
    this.#stack = new TextStack(unit, statements, limits);
  }

  /** It gave up before the end, with a mistake reported: what follows from the missing rest is none. */
  get stopped(): boolean {
    return this.#stack.stopped;
  }

  /** Statements to assemble. Mistakes are reported. */
  *[Symbol.iterator](): Iterator<Statement> {
    const { diagnostics } = this.#unit;
    for (let statement = this.#next(); statement !== undefined; statement = this.#next()) {
      const { tokens, end } = statement;
      const labels = labelTokens(tokens);
      const call = this.#callAt(statement, labels);
      if (call === undefined) {
        yield statement;
        continue;
      }
      if (labels > 0) yield { tokens: tokens.slice(0, labels), end };
      diagnostics.attempt(() => this.#handle(call));
      if (diagnostics.full) return;
    }
  }

  /** The next statement that no condition excludes. */
  #next(): Statement | undefined {
    let found: Statement | undefined;
    this.#unit.diagnostics.attempt(() => {
      do found = this.#stack.next(); while (found !== undefined && this.#isExcluded(found));
    });
    return this.stopped ? undefined : found;
  }

  /** Whether a statement is left out; it may be what ends that, or an `.if` within. */
  #isExcluded(statement: Statement): boolean {
    const { conditions, floor } = this.#stack;
    if (!conditions.skipping) return false;
    const [token] = statement.tokens;
    if (token === undefined || !CONDITIONALS.has(token.text.toLowerCase())) return true;
    const cursor = new Cursor(statement);
    cursor.next();
    this.#unit.diagnostics.attempt(() => conditions.handle(token, cursor, floor));
    return true;
  }

  #callAt(statement: Statement, labels: number): Call | undefined {
    const token = statement.tokens[labels];
    const next = statement.tokens[labels + 1];
    const isAssignment = next?.kind === "punctuation" && next.text === "=";
    if (token?.kind !== "identifier" || isAssignment) return undefined;
    const name = token.text.toLowerCase();
    if (!CONDITIONALS.has(name) && !CONTROLS.has(name) && !this.#macros.has(token.text)) return undefined;
    const cursor = new Cursor(statement);
    for (let i = 0; i <= labels; i++) cursor.next();
    return { token, cursor, name, bodyStart: statement.end.end + 1 };
  }

  #handle(call: Call): void {
    const { token, cursor, name } = call;
    const macro = this.#macros.get(token.text);
    if (CONDITIONALS.has(name)) this.#stack.conditions.handle(token, cursor, this.#stack.floor);
    else if (macro !== undefined) this.#expand(macro, call);
    else CONTROLS.get(name)?.(this, call);
  }

  #expand(macro: Macro, { token, cursor }: Call): void {
    const values = readCall(cursor, macro, () => restArgument(cursor, this.#stack.textOf(token)));
    const slots = { values, serial: this.#expansions++, repetition: macro.expansions++ };
    const statements = this.#stack.expand(macro.body, slots, { title: macro.name, calledAt: token });
    this.#stack.push({ kind: "macro", title: macro.name, statements }, token);
  }

  /** `.macro`. */
  define({ token, cursor, bodyStart }: Call): void {
    const body = this.#stack.takeBody(token, bodyStart, MACRO_MARKS, ".endm");
    const name = cursor.peek();
    try {
      cursor.checkTokens();
      const head = readMacroHead(cursor);
      this.#checkFree(head.name, head.span);
      this.#macros.set(head.name, { ...head, body, expansions: 0 });
    } catch (error) {
      if (name?.kind === "identifier") this.#defineEmpty(name, body);
      throw error;
    }
  }

  /** Where the head of a macro is wrong, its calls are not reported too. */
  #defineEmpty(name: Token, body: Body): void {
    if (this.#macros.has(name.text)) return;
    const parameters = [{ name: "", required: false, takesRest: true, otherwise: undefined }];
    this.#macros.set(name.text, {
      name: name.text,
      parameters,
      body: { ...body, text: "" },
      span: name,
      expansions: 0,
    });
  }

  #checkFree(name: string, span: Macro["span"]): void {
    const earlier = this.#macros.get(name);
    if (earlier === undefined) return;
    const reason = `it is defined in ${this.#unit.places.lineText(earlier.span)}, use .purgem before`;
    throw new SourceFault(`Cannot define macro ${name}: ${reason}`, span);
  }

  /** `.purgem`. */
  purge({ cursor }: Call): void {
    cursor.checkTokens();
    const token = cursor.peek();
    if (token?.kind !== "identifier") {
      throw new SourceFault(`Cannot read .purgem: a macro is missing before ${cursor.found}`, cursor.span);
    }
    cursor.next();
    cursor.expectEnd("Cannot read .purgem");
    if (this.#macros.delete(token.text)) return;
    const near = didYouMean(token.text, this.#macros.keys());
    throw new SourceFault(`Cannot forget macro ${token.text}: it is not defined${near}`, token);
  }

  /** `.exitm`. */
  exit({ token, cursor }: Call): void {
    cursor.expectEnd("Cannot read .exitm");
    if (this.#stack.leave()) return;
    throw new SourceFault("Cannot use .exitm: no macro or loop is open here", token);
  }

  /** A loop. `start` is told what stands for `\@` in it. */
  loop({ token, name, cursor, bodyStart }: Call, start: (loop: Loop, serial: number) => void): void {
    const stack = this.#stack;
    const body = stack.takeBody(token, bodyStart, LOOP_MARKS, ".endr");
    start({ stack, token, name, cursor, body }, this.#expansions);
  }

  /** `.include`. */
  include({ token, cursor }: Call): void {
    cursor.checkTokens();
    const { name, bytes } = readNamedFile(this.#unit, cursor, ".include");
    cursor.expectEnd("Cannot read .include");
    const text = new TextDecoder().decode(bytes);
    this.#stack.spend(text.length + 1, token);
    const nobody = { pieces: [], body: undefined, parameters: [] };
    const origin: Origin = { ...nobody, kind: "file", title: name, text, calledAt: token };
    const { statements, markers } = readStatements(text, origin);
    this.#unit.places.setMarkers(markers, origin);
    this.#stack.push({ kind: "file", title: name, statements }, token);
  }
}

function unmatched(opener: string): Control {
  return (_stage, { token, name }) => {
    throw new SourceFault(`Cannot use ${name}: no ${opener} is open here`, token);
  };
}

/** Directives of this stage other than conditions. */
const CONTROLS: ReadonlyMap<string, Control> = new Map<string, Control>([
  [".macro", (stage, call) => stage.define(call)],
  [".purgem", (stage, call) => stage.purge(call)],
  [".exitm", (stage, call) => stage.exit(call)],
  [".endm", unmatched(".macro")],
  [".endmacro", unmatched(".macro")],
  [".rept", (stage, call) => stage.loop(call, repeat)],
  [".rep", (stage, call) => stage.loop(call, repeat)],
  [".irp", (stage, call) => stage.loop(call, forValues)],
  [".irpc", (stage, call) => stage.loop(call, forCharacters)],
  [".endr", unmatched(".rept or .irp")],
  [".include", (stage, call) => stage.include(call)],
  [".altmacro", (_stage, { token }) => {
    throw new SourceFault("Cannot use .altmacro: the alternate macro syntax is not supported", token);
  }],
  [".noaltmacro", (_stage, { cursor }) => cursor.expectEnd("Cannot read .noaltmacro")],
]);

/** A directive of this stage stands somewhere in the text. */
const ANY_DIRECTIVE = /\.(?:macro|rep|irp|if|el|end[imr]|exitm|purgem|include|altmacro|noaltmacro)/i;

/** Whether a source needs this stage at all. */
export function usesExpansion(source: string): boolean {
  return ANY_DIRECTIVE.test(source);
}
