/**
 * Macros: what `.macro` declares.
 *
 * @module
 */
import type { Cursor } from "../cursor.ts";
import { SourceFault, type Span } from "../errors.ts";
import { type Argument, readArgument } from "./arguments.ts";
import type { Body } from "./substitute.ts";

/** A parameter of a macro. */
export interface Parameter {
  readonly name: string;
  /** A call must give a value. */
  readonly required: boolean;
  /** It takes all that is left of a call. */
  readonly takesRest: boolean;
  /** Used where a call gives none. */
  readonly otherwise: Argument | undefined;
}

/** A macro. */
export interface Macro {
  readonly name: string;
  readonly parameters: readonly Parameter[];
  readonly body: Body;
  /** Its name where it was defined. */
  readonly span: Span;
  /** How often it was expanded. */
  expansions: number;
}

/** What the line of `.macro` says. */
export type MacroHead = Pick<Macro, "name" | "parameters" | "span">;

function qualifier(cursor: Cursor, task: string, parameter: string): string | undefined {
  if (!cursor.accept(":")) return undefined;
  const token = cursor.peek();
  if (token?.text !== "req" && token?.text !== "vararg") {
    const reason = `\`:req\` or \`:vararg\` may stand behind ${parameter}, not ${cursor.found}`;
    throw new SourceFault(`${task}: ${reason}`, cursor.span);
  }
  cursor.next();
  return token.text;
}

function readParameter(cursor: Cursor, task: string, earlier: readonly Parameter[]): Parameter {
  const token = cursor.peek();
  if (token?.kind !== "identifier") {
    throw new SourceFault(`${task}: a parameter is missing before ${cursor.found}`, cursor.span);
  }
  const { text: name } = token;
  if (earlier.some((parameter) => parameter.name === name)) {
    throw new SourceFault(`${task}: it has two parameters ${name}`, token);
  }
  const last = earlier[earlier.length - 1];
  if (last?.takesRest === true) {
    throw new SourceFault(`${task}: ${last.name} takes the rest, no parameter may follow`, token);
  }
  cursor.next();
  const kind = qualifier(cursor, task, name);
  const otherwise = cursor.accept("=") ? readArgument(cursor, task) : undefined;
  return {
    name,
    required: kind === "req",
    takesRest: kind === "vararg",
    otherwise: otherwise === undefined || otherwise.empty ? undefined : otherwise,
  };
}

/** Reads what stands behind `.macro`. @throws {SourceFault} if it makes no sense */
export function readMacroHead(cursor: Cursor): MacroHead {
  const span = cursor.span;
  const token = cursor.next();
  if (token?.kind !== "identifier") {
    throw new SourceFault("Cannot define a macro: its name is missing", span);
  }
  const task = `Cannot define macro ${token.text}`;
  const parameters: Parameter[] = [];
  cursor.accept(",");
  while (!cursor.done) {
    parameters.push(readParameter(cursor, task, parameters));
    cursor.accept(",");
  }
  return { name: token.text, parameters, span };
}
