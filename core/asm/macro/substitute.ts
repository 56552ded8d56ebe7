/**
 * Putting values into a macro's body.
 *
 * @module
 */
import type { Origin, Piece, Span } from "../span.ts";

/** The lines between a directive that repeats or defines something and its end. */
export interface Body {
  readonly text: string;
  /** Where it begins in the text that it is a part of. */
  readonly offset: number;
  /** The text that it is a part of; the source if there is none. */
  readonly origin: Origin | undefined;
}

/** What stands for the marks of a body. */
export interface Values {
  /** Value by parameter. */
  readonly values: ReadonlyMap<string, string>;
  /** For `\@`: how many macros were expanded before. Undefined leaves it as it is. */
  readonly serial: number | undefined;
  /** For `\+`: how often this one was. */
  readonly repetition: number;
}

/** Who asked for an expansion. */
export interface Caller {
  readonly title: string;
  readonly calledAt: Span;
}

const NAME = /[A-Za-z0-9_.$]*/y;

/** What stands for the mark at a backslash, and how long the mark is. */
function valueAt(text: string, at: number, slots: Values): { value: string; length: number } {
  const next = text[at + 1];
  if (next === "@" && slots.serial !== undefined) return { value: String(slots.serial), length: 2 };
  if (next === "+") return { value: String(slots.repetition), length: 2 };
  if (next === "(" && text[at + 2] === ")") return { value: "", length: 3 };
  NAME.lastIndex = at + 1;
  const name = NAME.exec(text)?.[0] ?? "";
  const value = slots.values.get(name);
  return { value: value ?? `\\${name}`, length: name.length + 1 };
}

/**
 * The text of a body with its marks replaced, as LLVM does it: once, from left to right, in strings and comments too.
 *
 * @param limit how many characters it may have
 * @returns undefined if it would have more
 */
export function substitute(body: Body, slots: Values, caller: Caller, limit: number): Origin | undefined {
  const { text, offset } = body;
  const parts: string[] = [];
  const pieces: Piece[] = [];
  let total = 0;
  const add = (part: string, from: number, copied: boolean) => {
    if (part === "") return;
    pieces.push({ at: total, from: offset + from, copied });
    parts.push(part);
    total += part.length;
  };
  let at = 0;
  for (let mark = text.indexOf("\\"); mark >= 0; mark = text.indexOf("\\", at)) {
    add(text.slice(at, mark), at, true);
    const { value, length } = valueAt(text, mark, slots);
    add(value, mark, false);
    at = mark + length;
    if (total > limit) return undefined;
  }
  add(text.slice(at), at, true);
  if (total > limit) return undefined;
  return {
    ...caller,
    kind: "expansion",
    text: parts.join(""),
    pieces,
    body: body.origin,
    parameters: [...slots.values.keys()],
  };
}
