/**
 * Directives: a table from name to what it does. This module has those about symbols, and those without
 * effect.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import { DATA_DIRECTIVES } from "./data_directives.ts";
import { SourceFault } from "./errors.ts";
import type { Token } from "./lexer.ts";
import { SECTION_DIRECTIVES } from "./section_directives.ts";
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

/** `.file "name"`, or `.file 1 ["folder"] "name" …`. */
const file: Directive = (_unit, cursor, name) => {
  const isNumbered = cursor.peek()?.kind === "number";
  if (isNumbered) cursor.next();
  string(cursor, name);
  while (isNumbered && !cursor.done) cursor.next();
};

/** Directives for debuggers, unwinders and linkers, which change no byte of a program: their operands are skipped. */
const skip: Directive = (_unit, cursor) => {
  while (!cursor.done) cursor.next();
};

/** What may follow `.cfi_`. */
const FRAME_WORDS: readonly string[] = [
  ...["sections", "startproc", "endproc", "personality", "lsda", "signal_frame", "return_column", "escape"],
  ...["def_cfa", "def_cfa_offset", "def_cfa_register", "adjust_cfa_offset", "remember_state"],
  ...[
    "restore_state",
    "offset",
    "rel_offset",
    "val_offset",
    "same_value",
    "restore",
    "undefined",
    "register",
  ],
];

const OPTIONS: ReadonlySet<string> = new Set(["push", "pop", "relax", "norelax"]);

/** `.option relax` and its kin: nothing is relaxed here. */
const option: Directive = (_unit, cursor, name) => {
  const span = cursor.span;
  const text = cursor.next()?.text ?? "nothing";
  if (OPTIONS.has(text)) return;
  throw new SourceFault(`Cannot read ${name}: ${text} is not one of ${[...OPTIONS].join(", ")}`, span);
};

/** `.error ["text"]`. */
const error: Directive = (unit, cursor, name) => {
  const token = cursor.next();
  throw new SourceFault(`Cannot assemble: the source says ${token?.text ?? name}`, unit.statement);
};

/** `.warning "text"` and `.print "text"`. */
const note: Directive = (unit, cursor, name) => {
  const token = cursor.peek();
  string(cursor, name);
  const { file, line, column } = unit.places.place(unit.statement);
  const text = new TextDecoder().decode(token?.bytes);
  unit.notes.push(`${file}:${line}:${column}: ${unit.places.callText(unit.statement)}${text}`);
};

const DIRECTIVES: ReadonlyMap<string, Directive> = new Map<string, Directive>([
  ...DATA_DIRECTIVES,
  ...SECTION_DIRECTIVES,
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
  [".hidden", names(() => {})],
  [".protected", names(() => {})],
  [".internal", names(() => {})],
  [".option", option],
  [".error", error],
  [".err", error],
  [".warning", note],
  [".print", note],
  [".loc", skip],
  [".line", skip],
  [".addrsig", skip],
  [".addrsig_sym", skip],
  ...FRAME_WORDS.map((word): [string, Directive] => [`.cfi_${word}`, skip]),
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
