/**
 * Arguments of macros and loops: where one ends and the next begins, as LLVM has it.
 *
 * @module
 */
import type { Cursor } from "../cursor.ts";
import { SourceFault, type Span } from "../errors.ts";
import type { Token } from "../lexer.ts";
import { didYouMean } from "../suggest.ts";
import type { MacroHead, Parameter } from "./definition.ts";

/** An argument as written. */
export interface Argument {
  /** Without blanks around operators and without the quotes of strings. */
  readonly text: string;
  /** The same with the quotes, for a parameter that takes the rest. */
  readonly quoted: string;
  /** There is nothing, not even an empty string. */
  readonly empty: boolean;
  /** Tokens it consists of. */
  readonly tokens: number;
}

/** Blanks around one of these do not end an argument. */
const OPERATORS: ReadonlySet<string> = new Set([
  ...["+", "-", "~", "/", "*", ".", "|", "||", "^", "&", "&&", "!"],
  ...["!=", "==", "<", "<=", "<<", "<>", ">", ">=", ">>"],
]);

const NOTHING: Argument = { text: "", quoted: "", empty: true, tokens: 0 };

/** Where a token starts. The span of a bad string begins at what is wrong with it. */
export function tokenStart(token: Token): number {
  return token.kind === "bad" ? token.end - token.text.length : token.start;
}

/** A string, even one with an escape that does not exist: a macro may put it where it means something else. */
function isString({ kind, text }: Token): boolean {
  return kind === "string" || (kind === "bad" && /^".*"$/.test(text));
}

/** Text that has no end is no argument; everything else may be one. */
function checkClosed(token: Token): void {
  if (token.kind !== "bad" || isString(token) || !/^["'/]/.test(token.text)) return;
  throw new SourceFault(token.problem ?? "Cannot read this", token);
}

/** One argument while it is being read. */
class ArgumentReader {
  #text = "";
  #quoted = "";
  #tokens = 0;
  #end: number | undefined;
  #open: Span[] = [];

  constructor(readonly cursor: Cursor, readonly task: string) {}

  read(): Argument {
    let afterOperator = false;
    for (let token = this.cursor.peek(); token !== undefined; token = this.cursor.peek()) {
      if (token.text === "=" && token.kind === "punctuation") {
        throw new SourceFault(`${this.task}: \`=\` is not expected here`, token);
      }
      if (this.#open.length === 0) {
        if (this.cursor.at(",")) break;
        const isOperator = OPERATORS.has(token.text) && token.kind !== "string";
        if (!isOperator && !afterOperator && this.#blankBefore(token)) break;
        afterOperator = isOperator;
      }
      this.#add(token);
      this.cursor.next();
    }
    const [open] = this.#open;
    if (open !== undefined) {
      throw new SourceFault(`${this.task}: \`)\` is missing before ${this.cursor.found}`, open);
    }
    return { text: this.#text, quoted: this.#quoted, empty: this.#tokens === 0, tokens: this.#tokens };
  }

  #blankBefore(token: Token): boolean {
    return this.#end !== undefined && tokenStart(token) !== this.#end;
  }

  #add(token: Token): void {
    checkClosed(token);
    if (this.#open.length > 0 && this.#blankBefore(token)) {
      this.#text += " ";
      this.#quoted += " ";
    }
    if (this.cursor.at("(")) this.#open.push(token);
    if (this.cursor.at(")")) this.#open.pop();
    this.#text += isString(token) ? token.text.slice(1, -1) : token.text;
    this.#quoted += token.text;
    this.#end = token.end;
    this.#tokens++;
  }
}

/** Reads the argument at the cursor. `task` starts messages. @throws {SourceFault} if it has no end */
export function readArgument(cursor: Cursor, task: string): Argument {
  return new ArgumentReader(cursor, task).read();
}

/** Reads arguments up to the end of the statement. Empty ones at the end are none. */
export function readArgumentList(cursor: Cursor, task: string): Argument[] {
  const list: Argument[] = [];
  let given = 0;
  while (!cursor.done) {
    const argument = readArgument(cursor, task);
    list.push(argument);
    if (!argument.empty) given = list.length;
    cursor.accept(",");
  }
  return list.slice(0, given);
}

function namesOf(parameters: readonly Parameter[]): string {
  return parameters.map(({ name }) => name).join(", ");
}

/** Reads the name of a named argument, undefined if the argument has none. */
function argumentName(cursor: Cursor): Token | undefined {
  const token = cursor.peek();
  const next = cursor.peek(1);
  if (token?.kind !== "identifier" || next?.text !== "=" || next.kind !== "punctuation") return undefined;
  cursor.next();
  cursor.next();
  return token;
}

/** Which parameter a name means. */
function namedIndex({ name, parameters }: MacroHead, token: Token): number {
  const index = parameters.findIndex((parameter) => parameter.name === token.text);
  if (index >= 0) return index;
  const near = didYouMean(token.text, parameters.map((parameter) => parameter.name));
  throw new SourceFault(`Cannot expand ${name}: it has no parameter ${token.text}${near}`, token);
}

function tooMany({ name, parameters }: MacroHead, span: Span): SourceFault {
  const count = parameters.length;
  const takes = count === 0
    ? "no arguments"
    : `${count} argument${count === 1 ? "" : "s"} (${namesOf(parameters)})`;
  return new SourceFault(`Cannot expand ${name}: it takes ${takes}, this is one more`, span);
}

/** Reads what a call gives, by the index of the parameter. */
function givenArguments(cursor: Cursor, macro: MacroHead, rest: () => Argument): Argument[] {
  const { name, parameters } = macro;
  const task = `Cannot expand ${name}`;
  const given: Argument[] = parameters.map(() => NOTHING);
  let named = false;
  for (let index = 0; !cursor.done; index++) {
    const parameter = parameters[index];
    if (parameter === undefined) throw tooMany(macro, cursor.restSpan);
    const span = cursor.span;
    const token = argumentName(cursor);
    if (token === undefined && named) {
      throw new SourceFault(`${task}: an argument without name stands behind one with a name`, span);
    }
    named ||= token !== undefined;
    const target = token === undefined ? index : namedIndex(macro, token);
    // By its name the parameter that takes the rest gets one argument, unless it comes last.
    const takesRest = parameter.takesRest && parameters[target]?.takesRest === true;
    const argument = takesRest ? rest() : readArgument(cursor, task);
    if (!argument.empty) given[target] = argument;
    if (cursor.accept(",") && cursor.done && index === parameters.length - 1) {
      throw tooMany(macro, cursor.lastSpan);
    }
  }
  return given;
}

/**
 * Reads the arguments of a call.
 *
 * @param rest takes the rest of the statement as it is written
 * @returns value by parameter
 * @throws {SourceFault} if they do not fit the parameters
 */
export function readCall(cursor: Cursor, macro: MacroHead, rest: () => Argument): Map<string, string> {
  const { name, parameters } = macro;
  const given = givenArguments(cursor, macro, rest);
  const values = parameters.map((parameter, index): [string, string] => {
    const own = given[index] ?? NOTHING;
    if (own.empty && parameter.required) {
      throw new SourceFault(`Cannot expand ${name}: it needs a value for ${parameter.name}`, cursor.span);
    }
    const argument = own.empty ? parameter.otherwise ?? NOTHING : own;
    return [parameter.name, parameter.takesRest ? argument.quoted : argument.text];
  });
  return new Map(values);
}

/** The rest of a statement as one argument, with the blanks behind it, as LLVM takes it. */
export function restArgument(cursor: Cursor, wholeText: string): Argument {
  const first = cursor.peek();
  if (first === undefined) return NOTHING;
  const start = tokenStart(first);
  let end = first.end;
  for (let token = cursor.next(); token !== undefined; token = cursor.next()) {
    checkClosed(token);
    end = token.end;
  }
  const blanks = /[ \t]*/y;
  blanks.lastIndex = end;
  const text = wholeText.slice(start, end + (blanks.exec(wholeText)?.[0].length ?? 0));
  return { text, quoted: text, empty: false, tokens: 1 };
}
