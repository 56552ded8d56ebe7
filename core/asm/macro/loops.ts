/**
 * Loops: `.rept`, `.irp` and `.irpc`.
 *
 * @module
 */
import type { Cursor } from "../cursor.ts";
import { SourceFault } from "../errors.ts";
import type { Statement, Token } from "../lexer.ts";
import { readArgument, readArgumentList } from "./arguments.ts";
import type { Body, Values } from "./substitute.ts";
import type { BodyMarks, TextStack } from "./text_stack.ts";

/** The directive of a loop. */
export interface Loop {
  readonly stack: TextStack;
  readonly token: Token;
  /** The directive in lower case. */
  readonly name: string;
  /** Behind the directive. */
  readonly cursor: Cursor;
  readonly body: Body;
}

/** Words that begin and end the body of a loop. */
export const LOOP_MARKS: BodyMarks = {
  begins: new Set([".rept", ".rep", ".irp", ".irpc"]),
  ends: new Set([".endr"]),
};

/** `.rept count`. */
export function repeat({ stack, token, name, cursor, body }: Loop): void {
  cursor.checkTokens();
  const { n, span } = stack.unit.knownNumber(cursor, `Cannot read ${name}`);
  cursor.expectEnd(`Cannot read ${name}`);
  if (n < 0n) throw new SourceFault(`Cannot read ${name}: the count is ${n}, it must not be negative`, span);
  stack.spend(Number(n * BigInt(body.text.length + 1)), token);
  // Where all rounds are alike, they are read once.
  const alike = !body.text.includes("\\+");
  let statements: readonly Statement[] | undefined;
  let round = 0;
  const next = () => {
    if (BigInt(round) === n || statements?.length === 0) return undefined;
    const values: Values = { values: new Map(), serial: undefined, repetition: round++ };
    if (!alike || statements === undefined) {
      statements = stack.expand(body, values, { title: token.text, calledAt: token });
    }
    return statements;
  };
  stack.push({ kind: "loop", title: token.text, statements: [], next }, token);
}

function parameterName(cursor: Cursor, name: string): string {
  const token = cursor.peek();
  if (token?.kind !== "identifier") {
    throw new SourceFault(`Cannot read ${name}: a parameter is missing before ${cursor.found}`, cursor.span);
  }
  cursor.next();
  cursor.expect(",", `Cannot read ${name}`);
  return token.text;
}

/** Expands a body once for each value of a parameter. */
function forEach(loop: Loop, parameter: string, values: readonly string[], serial: number): void {
  const { stack, token, body } = loop;
  let round = 0;
  const next = () => {
    const value = values[round];
    if (value === undefined) return undefined;
    const slots = { values: new Map([[parameter, value]]), serial, repetition: round++ };
    const title = `${token.text} with ${parameter} = ${value || "nothing"}`;
    return stack.expand(body, slots, { title, calledAt: token });
  };
  stack.push({ kind: "loop", title: token.text, statements: [], next }, token);
}

/** `.irp parameter, value, …`. `serial` stands for `\@`. */
export function forValues(loop: Loop, serial: number): void {
  const parameter = parameterName(loop.cursor, loop.name);
  const values = readArgumentList(loop.cursor, `Cannot read ${loop.name}`).map(({ text }) => text);
  forEach(loop, parameter, values, serial);
}

/** `.irpc parameter, characters`. `serial` stands for `\@`. */
export function forCharacters(loop: Loop, serial: number): void {
  const { cursor, name } = loop;
  const parameter = parameterName(cursor, name);
  const { span, found } = cursor;
  const { text, tokens, quoted } = readArgument(cursor, `Cannot read ${name}`);
  if (tokens !== 1) {
    const reason = tokens === 0 ? `characters are missing before ${found}` : "it takes one word";
    throw new SourceFault(`Cannot read ${name}: ${reason}`, span);
  }
  if (text !== quoted) {
    const reason = "assemblers disagree whether the quotes are characters, write the word without";
    throw new SourceFault(`Cannot read ${name}: ${reason}`, span);
  }
  cursor.expectEnd(`Cannot read ${name}`);
  forEach(loop, parameter, [...text], serial);
}
