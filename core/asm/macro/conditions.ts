/**
 * Conditional assembly: `.if` and its kin.
 *
 * @module
 */
import type { Cursor } from "../cursor.ts";
import { joinSpans, NotYetKnown, SourceFault, type Span } from "../errors.ts";
import type { Token } from "../lexer.ts";
import type { Unit } from "../unit.ts";
import { tokenStart } from "./arguments.ts";

/** Decides a condition; the cursor stands behind the directive's name and is left behind what it took. */
type Decide = (unit: Unit, cursor: Cursor, name: string) => boolean;

/** Compares a number with 0. */
function number(compare: (n: bigint) => boolean): Decide {
  return (unit, cursor, name) => {
    try {
      return compare(unit.knownNumber(cursor, `Cannot decide ${name}`).n);
    } catch (error) {
      if (!(error instanceof NotYetKnown)) throw error;
      const text = unit.text(error.span);
      const hint = /^[A-Za-z_.][\w.$]*$/.test(text) ? ", .ifdef asks whether it is defined" : "";
      throw new SourceFault(`Cannot decide ${name}: ${text} has no value yet${hint}`, error.span);
    }
  };
}

function isDefined(defined: boolean): Decide {
  return (unit, cursor, name) => {
    const token = cursor.peek();
    if (token?.kind !== "identifier") {
      throw new SourceFault(`Cannot decide ${name}: a symbol is missing before ${cursor.found}`, cursor.span);
    }
    cursor.next();
    return unit.symbols.definitions.has(token.text) === defined;
  };
}

function isBlank(blank: boolean): Decide {
  return (_unit, cursor) => {
    const { done } = cursor;
    while (cursor.next() !== undefined);
    return done === blank;
  };
}

/** The text from the cursor to the next comma, or to the end. */
function textUpTo(unit: Unit, cursor: Cursor, comma: boolean): string {
  const first = cursor.peek();
  if (first === undefined || (comma && cursor.at(","))) return "";
  while (!cursor.done && !(comma && cursor.at(","))) cursor.next();
  return unit.text({ ...joinSpans(first, cursor.lastSpan), start: tokenStart(first) });
}

/** Compares texts as they are written. */
function isSameText(same: boolean): Decide {
  return (unit, cursor, name) => {
    const first = textUpTo(unit, cursor, true);
    cursor.expect(",", `Cannot decide ${name}`);
    return (first === textUpTo(unit, cursor, false)) === same;
  };
}

function stringAt(cursor: Cursor, name: string): string {
  const token = cursor.peek();
  if (token?.kind !== "string") {
    throw new SourceFault(`Cannot decide ${name}: a string is missing before ${cursor.found}`, cursor.span);
  }
  cursor.next();
  return token.text;
}

function isSameString(same: boolean): Decide {
  return (_unit, cursor, name) => {
    const first = stringAt(cursor, name);
    cursor.expect(",", `Cannot decide ${name}`);
    return (first === stringAt(cursor, name)) === same;
  };
}

const nonZero = number((n) => n !== 0n);

const OPENERS: ReadonlyMap<string, Decide> = new Map<string, Decide>([
  [".if", nonZero],
  [".ifne", nonZero],
  [".ifeq", number((n) => n === 0n)],
  [".iflt", number((n) => n < 0n)],
  [".ifle", number((n) => n <= 0n)],
  [".ifgt", number((n) => n > 0n)],
  [".ifge", number((n) => n >= 0n)],
  [".ifdef", isDefined(true)],
  [".ifndef", isDefined(false)],
  [".ifnotdef", isDefined(false)],
  [".ifb", isBlank(true)],
  [".ifnb", isBlank(false)],
  [".ifc", isSameText(true)],
  [".ifnc", isSameText(false)],
  [".ifeqs", isSameString(true)],
  [".ifnes", isSameString(false)],
]);

/** Names of the directives of this module. */
export const CONDITIONALS: ReadonlySet<string> = new Set([...OPENERS.keys(), ".elseif", ".else", ".endif"]);

/** Texts that may hold anything: a bad token in them is no mistake. */
const FREE_TEXT: ReadonlySet<string> = new Set([".ifb", ".ifnb", ".ifc", ".ifnc"]);

/** An `.if` that is open. */
interface Condition {
  readonly token: Token;
  /** It stands in a branch that is left out. */
  readonly outside: boolean;
  /** A branch of it has been taken. */
  taken: boolean;
  /** The branch at hand is left out. */
  skipping: boolean;
  elseSeen: boolean;
}

/** The conditions that are open at a place. */
export class Conditions {
  readonly #unit: Unit;
  readonly #open: Condition[] = [];

  constructor(unit: Unit) {
    this.#unit = unit;
  }

  /** What is read now is left out. */
  get skipping(): boolean {
    return this.#open[this.#open.length - 1]?.skipping ?? false;
  }

  /** How many are open. */
  get depth(): number {
    return this.#open.length;
  }

  /** Forgets those that are deeper, and returns where they were opened. */
  closeTo(depth: number): Span[] {
    return this.#open.splice(depth).map(({ token }) => token);
  }

  /**
   * Does what a directive says; the cursor stands behind its name.
   *
   * @param floor how many conditions were open where the text at hand begins: those are not for it to close
   * @throws {SourceFault} if it makes no sense
   */
  handle(token: Token, cursor: Cursor, floor: number): void {
    const name = token.text.toLowerCase();
    const decide = OPENERS.get(name);
    if (decide !== undefined) {
      this.#begin(token, () => this.#decide(decide, cursor, name));
      return;
    }
    const condition = this.#open.length > floor ? this.#open[this.#open.length - 1] : undefined;
    if (condition === undefined) throw new SourceFault(`Cannot use ${name}: no .if is open here`, token);
    if (name === ".elseif") this.#elseIf(condition, token, cursor);
    else if (name === ".else") this.#else(condition, token, cursor);
    else this.#end(condition, cursor);
  }

  #decide(decide: Decide, cursor: Cursor, name: string): boolean {
    if (!FREE_TEXT.has(name)) cursor.checkTokens();
    const result = decide(this.#unit, cursor, name);
    cursor.expectEnd(`Cannot decide ${name}`);
    return result;
  }

  #begin(token: Token, decide: () => boolean): void {
    const outside = this.skipping;
    // With a condition that cannot be decided the first branch is read, so that what it defines is known.
    const condition: Condition = { token, outside, taken: true, skipping: outside, elseSeen: false };
    this.#open.push(condition);
    if (outside) return;
    condition.taken = decide();
    condition.skipping = !condition.taken;
  }

  #elseIf(condition: Condition, token: Token, cursor: Cursor): void {
    const wasTaken = condition.taken || condition.outside;
    this.#nextBranch(condition, token);
    if (wasTaken) return;
    condition.taken = true;
    condition.taken = this.#decide(nonZero, cursor, ".elseif");
    condition.skipping = !condition.taken;
  }

  #else(condition: Condition, token: Token, cursor: Cursor): void {
    const wasTaken = condition.taken || condition.outside;
    this.#nextBranch(condition, token);
    condition.elseSeen = true;
    condition.taken = true;
    condition.skipping = wasTaken;
    if (!condition.outside) cursor.expectEnd("Cannot read .else");
  }

  #nextBranch(condition: Condition, token: Token): void {
    condition.skipping = true;
    if (!condition.elseSeen) return;
    const where = this.#unit.places.lineText(condition.token);
    throw new SourceFault(`Cannot use ${token.text}: the .if in ${where} has had its .else`, token);
  }

  #end(condition: Condition, cursor: Cursor): void {
    this.#open.pop();
    if (!condition.outside) cursor.expectEnd("Cannot read .endif");
  }
}
