/**
 * The assembler: expands macros, reads all statements once, noting what depends on addresses; places the sections; then encodes.
 *
 * @module
 */
import { Cursor } from "./cursor.ts";
import { moveTo } from "./data_directives.ts";
import { assembleDirective, assign } from "./directives.ts";
import { joinSpans, SourceFault } from "./errors.ts";
import { absolute } from "./expression.ts";
import { assembleInstruction } from "./instructions.ts";
import { placeSections } from "./layout.ts";
import { readStatements, type Statement, type Token } from "./lexer.ts";
import { Expander, usesExpansion } from "./macro/expand.ts";
import { PlacedSegment } from "./placed_segment.ts";
import { makeProgram, type Program } from "./program.ts";
import { didYouMean } from "./suggest.ts";
import type { NameSource } from "./symbols.ts";
import { Unit } from "./unit.ts";

/** Options of {@linkcode assemble}. */
export interface AssembleOptions {
  /**
   * Name of the source in messages.
   * @default {"guest.s"}
   */
  readonly name?: string;
  /**
   * Address of the first section.
   * @default {0n}
   */
  readonly origin?: bigint;
  /** Addresses of sections by name, as in `{ ".data": 0x8000n }`. Those not named follow the section before them. */
  readonly sections?: Readonly<Record<string, bigint>>;
  /**
   * The most bytes that all sections together may have.
   * @default {67108864}
   */
  readonly maximumSize?: number;
  /** The number of the CSR of a name, undefined if there is none. Without it CSRs are written as numbers. */
  readonly csrNumber?: (name: string) => number | undefined;
  /** Names that `csrNumber` knows, for suggestions in messages. */
  readonly csrNames?: readonly string[];
  /** The bytes of a file that `.include` or `.incbin` names, undefined if there is none. Without it they are refused. */
  readonly readFile?: (name: string) => Uint8Array | undefined;
  /**
   * How deep macros, loops and included files may be nested.
   * @default {100}
   */
  readonly maximumDepth?: number;
  /**
   * How many characters macros, loops and included files may add to the source altogether.
   * @default {4194304}
   */
  readonly maximumExpansion?: number;
}

const DEFAULT_MAXIMUM_SIZE = 64 * 1024 * 1024;
const DEFAULT_DEPTH = 100;
const DEFAULT_EXPANSION = 4 * 1024 * 1024;
const PLAIN_SECTIONS: ReadonlySet<string> = new Set([".text", ".rodata", ".data", ".bss"]);

const NOWHERE: ReadonlyMap<string, bigint> = new Map();

/** Defines the labels that a statement starts with. The cursor is left behind them. */
function defineLabels(unit: Unit, cursor: Cursor): void {
  for (;;) {
    const token = cursor.peek();
    if (token === undefined || cursor.peek(1)?.text !== ":" || cursor.peek(1)?.kind !== "punctuation") return;
    cursor.next();
    cursor.next();
    unit.diagnostics.attempt(() => {
      const { section } = unit;
      if (token.kind === "number" && /^\d+$/.test(token.text)) {
        unit.symbols.defineNumbered(token.text, section, section.size, token);
      } else if (token.kind === "identifier" && token.text !== ".") {
        unit.symbols.defineLabel(token.text, section, section.size, token);
      } else {
        throw new SourceFault(`Cannot define ${token.text}: it is no name for a label`, token);
      }
    });
  }
}

function isBad({ kind }: Token): boolean {
  return kind === "bad";
}

function reportBad(unit: Unit, tokens: readonly Token[]): void {
  for (const token of tokens.filter(isBad)) {
    unit.diagnostics.report(new SourceFault(token.problem ?? "Cannot read this", token));
  }
}

function assembleStatement(unit: Unit, statement: Statement): void {
  const { tokens } = statement;
  const isBroken = tokens.some(isBad);
  if (isBroken) reportBad(unit, tokens);
  const cursor = new Cursor(statement);
  defineLabels(unit, cursor);
  const first = cursor.peek();
  const last = tokens[tokens.length - 1];
  if (first === undefined || last === undefined) return;
  unit.statement = joinSpans(first, last);
  if (isBroken) {
    if (first.kind === "identifier" && cursor.peek(1)?.text === "=") {
      unit.symbols.assign(first.text, undefined, first);
    }
    return;
  }
  cursor.next();
  if (first.kind !== "identifier") {
    const reason = `${first.text} is no label, mnemonic or directive`;
    throw new SourceFault(`Cannot assemble this statement: ${reason}`, unit.statement);
  }
  if (cursor.accept("=")) {
    if (first.text !== ".") return assign(unit, cursor, first, false);
    moveTo(unit, cursor, ".");
    cursor.expectEnd("Cannot move");
  } else if (first.text.startsWith(".")) {
    assembleDirective(unit, first, cursor);
  } else {
    assembleInstruction(unit, first, cursor);
  }
}

/** Evaluates every symbol. Symbols in sections that are not loaded have no address and are left out. */
function finalSymbols(unit: Unit): Map<string, bigint> {
  const symbols = new Map<string, bigint>();
  const definitions = [...unit.symbols.definitions.values()];
  // From the last one up, so that symbols assigned in terms of later ones need no deep recursion.
  for (let i = definitions.length - 1; i >= 0; i--) {
    const definition = definitions[i]!;
    if (definition.kind === "label") continue;
    unit.diagnostics.attempt(() => {
      unit.symbols.valueOf(definition, definition.span);
    });
  }
  for (const definition of definitions) {
    unit.diagnostics.attempt(() => {
      const value = unit.symbols.valueOf(definition, definition.span);
      if (value.base?.loaded === false) return;
      symbols.set(definition.name, BigInt.asUintN(64, absolute(value, definition.span).n));
    });
  }
  return symbols;
}

/** Assembles all statements. */
function assembleStatements(unit: Unit, options: AssembleOptions): void {
  const { diagnostics, places } = unit;
  const { maximumDepth: depth = DEFAULT_DEPTH, maximumExpansion: characters = DEFAULT_EXPANSION } = options;
  const { statements, markers } = readStatements(places.source);
  places.setMarkers(markers);
  const expander = usesExpansion(places.source)
    ? new Expander(unit, statements, { depth, characters })
    : undefined;
  for (const statement of expander ?? statements) {
    if (diagnostics.full) break;
    diagnostics.attempt(() => assembleStatement(unit, statement));
  }
  if (expander?.stopped === true) diagnostics.throwIfAny();
}

const HIGHEST_ADDRESS = (1n << 64n) - 1n;

function checkAddress(what: string, address: bigint): void {
  if (address >= 0n && address <= HIGHEST_ADDRESS) return;
  throw new RangeError(`Cannot assemble: ${what} is ${address}, range is 0 to 0xffffffffffffffff`);
}

function csrSource(options: AssembleOptions): NameSource {
  const { csrNumber, csrNames } = options;
  return {
    numberOf: (name) => csrNumber?.(name),
    unknown: (name) => `Cannot find CSR ${name}: it is not known${didYouMean(name, csrNames ?? [])}`,
  };
}

function checkSectionOption(unit: Unit, sections: ReadonlyMap<string, bigint>): void {
  for (const [name, address] of sections) {
    checkAddress(`address of ${name}`, address);
    if (PLAIN_SECTIONS.has(name) || unit.sections.get(name)?.loaded === true) continue;
    throw new RangeError(`Cannot assemble: option "sections" has ${name}, which the source has not`);
  }
}

/**
 * Assembles LoongArch64 source text in GNU syntax, as GAS and LLVM take it, to bytes at known addresses: there is no
 * linker, and no symbol is outside the source.
 *
 * @throws {AssemblyErrors} with every mistake of the source
 * @throws {RangeError} if an option is out of range
 *
 * @example
 * ```ts
 * import { assemble } from "./assemble.ts";
 * import { assertEquals } from "@std/assert";
 *
 * const { segments, symbols } = assemble("start: addi.d $a0, $zero, 1\n b start", { origin: 0x1000n });
 * assertEquals(segments[0]?.bytes, Uint8Array.of(0x04, 0x04, 0xc0, 0x02, 0xff, 0xff, 0xff, 0x53));
 * assertEquals(symbols.get("start"), 0x1000n);
 * ```
 */
export function assemble(source: string, options: AssembleOptions = {}): Program {
  const { name = "guest.s", origin = 0n, maximumSize = DEFAULT_MAXIMUM_SIZE } = options;
  checkAddress("origin", origin);
  const { readFile } = options;
  const unit = new Unit(source, { file: name, maximumSize, csrNames: csrSource(options), readFile });
  const { diagnostics } = unit;
  assembleStatements(unit, options);
  const sections = options.sections === undefined ? NOWHERE : new Map(Object.entries(options.sections));
  if (diagnostics.count === 0) checkSectionOption(unit, sections);
  const placements = placeSections(unit, { origin, sections });
  unit.symbols.finish();
  const symbols = finalSymbols(unit);
  unit.runWaiting();
  diagnostics.throwIfAny();
  const { places, globals, notes } = unit;
  const origins = { places, globals, symbols: unit.symbols };
  const maps = placements.filter(({ size }) => size > 0).map((placed) => new PlacedSegment(placed, origins));
  const start = unit.symbols.definitions.get("_start")?.kind === "label" ? symbols.get("_start") : undefined;
  const entry = start ?? maps[0]?.address ?? origin;
  return makeProgram(maps, { symbols, globals, entry, notes });
}
