/**
 * Directives: a table from name to what it does. This module has those about symbols and sections.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import { DATA_DIRECTIVES } from "./data_directives.ts";
import { SourceFault, type Span } from "./errors.ts";
import type { Token } from "./lexer.ts";
import type { SectionKind } from "./section.ts";
import { didYouMean } from "./suggest.ts";
import type { Unit } from "./unit.ts";

/** Does what a directive says; the cursor stands behind its name and is left behind what it took. */
export type Directive = (unit: Unit, cursor: Cursor, name: string) => void;

function symbolName(cursor: Cursor, name: string): Token {
  const token = cursor.peek();
  if (token?.kind !== "identifier" || token.text === ".") {
    throw new SourceFault(`Cannot read ${name}: a symbol is missing before ${cursor.found}`, cursor.span);
  }
  cursor.next();
  return token;
}

function string(cursor: Cursor, name: string): void {
  if (cursor.peek()?.kind !== "string") {
    throw new SourceFault(`Cannot read ${name}: a string is missing before ${cursor.found}`, cursor.span);
  }
  cursor.next();
}

/** Assigns the expression at the cursor. If it cannot be read, the symbol still counts as defined. */
export function assign(unit: Unit, cursor: Cursor, symbol: Token, once: boolean): void {
  const task = `Cannot define ${symbol.text}`;
  try {
    const expression = unit.expression(cursor);
    cursor.expectEnd(task);
    unit.symbols.assign(symbol.text, expression, symbol, once);
  } catch (error) {
    if (!unit.symbols.definitions.has(symbol.text)) unit.symbols.assign(symbol.text, undefined, symbol);
    throw error;
  }
}

function assignment(once: boolean): Directive {
  return (unit, cursor, name) => {
    const symbol = symbolName(cursor, name);
    cursor.expect(",", `Cannot read ${name}`);
    assign(unit, cursor, symbol, once);
  };
}

/** A list of names, which `note` is told. */
function names(note: (unit: Unit, symbol: string) => void): Directive {
  return (unit, cursor, name) => {
    do note(unit, symbolName(cursor, name).text); while (cursor.accept(","));
  };
}

const global = names((unit, symbol) => unit.globals.add(symbol));

const SYMBOL_TYPES: ReadonlySet<string> = new Set([
  ...["function", "object", "notype", "common", "tls_object", "gnu_indirect_function", "gnu_unique_object"],
  ...["STT_FUNC", "STT_OBJECT", "STT_NOTYPE", "STT_COMMON", "STT_TLS", "STT_GNU_IFUNC"],
]);

/** `.type symbol, @function`, and the other ways to write it. Nothing here depends on the type. */
const symbolType: Directive = (_unit, cursor, name) => {
  symbolName(cursor, name);
  cursor.accept(",");
  if (!cursor.accept("@")) cursor.accept("%");
  const token = cursor.next();
  const text = token?.kind === "string" ? token.text.slice(1, -1) : token?.text ?? "";
  if (SYMBOL_TYPES.has(text)) return;
  throw new SourceFault(
    `Cannot read ${name}: ${text || "nothing"} is no type of a symbol`,
    token ?? cursor.span,
  );
};

/** `.size symbol, expression`. Nothing here depends on the size, but its expression must make sense. */
const symbolSize: Directive = (unit, cursor, name) => {
  symbolName(cursor, name);
  cursor.expect(",", `Cannot read ${name}`);
  const expression = unit.expression(cursor);
  unit.later(() => {
    unit.finalValue(expression);
  });
};

/** `.file "name"`, or `.file 1 "name"`. */
const file: Directive = (_unit, cursor, name) => {
  if (cursor.peek()?.kind === "number") cursor.next();
  string(cursor, name);
};

/** `.text` and its kin. */
function enter(section: string, kind: SectionKind): Directive {
  return (unit) => unit.enter(section, kind, unit.statement);
}

const KINDS_BY_PREFIX: ReadonlyMap<string, SectionKind> = new Map<string, SectionKind>([
  ["text", "text"],
  ["rodata", "rodata"],
  ["data", "data"],
  ["bss", "bss"],
]);

/** The flags of a section that mean something here, or whose meaning changes nothing. */
const SECTION_FLAGS = /^[awxMSR]*$/;

function kindByFlags(flags: string, type: string): SectionKind {
  if (!flags.includes("a")) return "unloaded";
  if (flags.includes("x")) return "text";
  if (type === "nobits") return "bss";
  return flags.includes("w") ? "data" : "rodata";
}

interface SectionName {
  readonly text: string;
  readonly span: Span;
}

/** A section's name: a word, a string, or words joined by `-`, as in `.note.GNU-stack`. */
function sectionName(unit: Unit, cursor: Cursor, name: string): SectionName {
  const span = cursor.span;
  const first = cursor.next();
  if (first?.kind === "string") return { text: first.text.slice(1, -1), span };
  if (first?.kind !== "identifier" || first.text === ".") {
    throw new SourceFault(`Cannot read ${name}: the name of a section is missing`, span);
  }
  while (
    cursor.at("-") || (cursor.peek()?.kind === "identifier" && cursor.lastSpan.end === cursor.span.start)
  ) {
    cursor.next();
  }
  const whole = { ...span, end: cursor.lastSpan.end };
  return { text: unit.text(whole), span: whole };
}

/** Flags and type of a section, undefined where there are no flags. */
function sectionFlags(unit: Unit, cursor: Cursor, name: string): { flags: string; type: string } | undefined {
  if (!cursor.accept(",")) return undefined;
  const token = cursor.peek();
  string(cursor, name);
  const flags = token?.text.slice(1, -1) ?? "";
  if (token !== undefined && !SECTION_FLAGS.test(flags)) {
    throw new SourceFault(
      `Cannot read ${name}: of the flags ${token.text} one is not of a, w, x, M, S, R`,
      token,
    );
  }
  if (!cursor.accept(",")) return { flags, type: "progbits" };
  if (!cursor.accept("@")) cursor.accept("%");
  const typeToken = cursor.next();
  const type = typeToken?.text.replaceAll('"', "") ?? "";
  if (!["progbits", "nobits", "note"].includes(type)) {
    const span = typeToken ?? cursor.span;
    throw new SourceFault(`Cannot read ${name}: the type is not @progbits, @nobits or @note`, span);
  }
  if (flags.includes("M")) {
    cursor.expect(",", `Cannot read ${name}`);
    unit.knownNumber(cursor, `Cannot read ${name}`);
  }
  return { flags, type };
}

/** `.section name[, "flags"[, @type[, size of entries]]]`. */
const section: Directive = (unit, cursor, name) => {
  const { text, span } = sectionName(unit, cursor, name);
  const given = sectionFlags(unit, cursor, name);
  const byName = KINDS_BY_PREFIX.get(/^\.([a-z]+)(?:\.|$)/.exec(text)?.[1] ?? "") ??
    unit.sections.get(text)?.kind;
  const kind = given === undefined ? byName : kindByFlags(given.flags, given.type);
  if (kind === undefined) {
    const example = `\`.section ${text}, "aw"\``;
    throw new SourceFault(`Cannot enter ${text}: its flags are missing, as in ${example}`, span);
  }
  if (byName !== undefined && byName !== kind) {
    throw new SourceFault(`Cannot enter ${text}: its flags make it ${kind}, its name ${byName}`, span);
  }
  unit.enter(text, kind, span);
};

const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ...DATA_DIRECTIVES,
  [".equ", assignment(false)],
  [".set", assignment(false)],
  [".equiv", assignment(true)],
  [".globl", global],
  [".global", global],
  [".weak", global],
  [".local", names(() => {})],
  [".type", symbolType],
  [".size", symbolSize],
  [".ident", (_unit, cursor, name) => string(cursor, name)],
  [".file", file],
  [".text", enter(".text", "text")],
  [".rodata", enter(".rodata", "rodata")],
  [".data", enter(".data", "data")],
  [".bss", enter(".bss", "bss")],
  [".section", section],
]);

/** Assembles a directive; the cursor stands behind its name. @throws {SourceFault} if there is no such directive */
export function assembleDirective(unit: Unit, token: Token, cursor: Cursor): void {
  const name = token.text.toLowerCase();
  const directive = DIRECTIVES.get(name);
  if (directive === undefined) {
    const near = didYouMean(name, DIRECTIVES.keys());
    throw new SourceFault(`Cannot assemble ${token.text}: it is no directive${near}`, token);
  }
  directive(unit, cursor, name);
  cursor.expectEnd(`Cannot read ${name}`);
}
