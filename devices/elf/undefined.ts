/**
 * Symbols that nobody defines.
 *
 * @module
 */
import { ElfError, type ElfReader } from "./reader.ts";
import type { SymbolEntry } from "./symbols.ts";

/** Where a missing symbol is needed. */
export interface UndefinedSymbol {
  readonly name: string;
  /** The first use, as in `main.o: .text+0x14`. */
  readonly firstUse: string;
}

/** Symbols are missing: all of them, each with its first use. */
export class UndefinedSymbolError extends ElfError {
  override readonly name = "UndefinedSymbolError";
  readonly symbols: readonly UndefinedSymbol[];

  constructor(message: string, offset: number, value: bigint, symbols: readonly UndefinedSymbol[]) {
    super(message, offset, value);
    this.symbols = symbols;
  }
}

/** As many as a message names; the error has all. */
const MOST_NAMED = 20;

/** Collects missing symbols, so that one error can name all of them. */
export class UndefinedSymbols {
  readonly #uses = new Map<string, string>();
  #first: { readonly reader: ElfReader; readonly offset: number; readonly index: number } | undefined;

  /**
   * Notes a use.
   *
   * @param offset of what uses the symbol, in the file
   */
  add(reader: ElfReader, symbol: SymbolEntry, use: string, offset: number): void {
    this.#first ??= { reader, offset, index: symbol.index };
    const name = symbol.name === "" ? `symbol ${symbol.index}` : symbol.name;
    if (!this.#uses.has(name)) this.#uses.set(name, use);
  }

  /** @throws {UndefinedSymbolError} if a use was noted */
  check(): void {
    if (this.#first === undefined) return;
    const symbols = [...this.#uses].map(([name, firstUse]) => ({ name, firstUse }));
    const named = symbols.slice(0, MOST_NAMED).map((s) => `${s.name} (first used by ${s.firstUse})`);
    if (symbols.length > named.length) named.push(`and ${symbols.length - named.length} more`);
    const { reader, offset, index } = this.#first;
    const what = symbols.length === 1 ? "1 symbol is undefined" : `${symbols.length} symbols are undefined`;
    throw new UndefinedSymbolError(
      `Cannot load ${reader.name}: ${what}: ${named.join(", ")}`,
      offset,
      BigInt(index),
      symbols,
    );
  }
}
