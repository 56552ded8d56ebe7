/**
 * A WebAssembly module under construction.
 *
 * @module
 */
import { Bytes, type Code, signed32, unsigned, VALUE_TYPES, type ValueType } from "./code.ts";

/** What a function takes and gives. */
export interface Signature {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

const SECTION = { type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
const CUSTOM_SECTION = 0;
/** A hint has one byte: whether the branch is likely to be taken. */
const UNLIKELY = [1, 0];
const FUNCTION_REFERENCES = 0x70;
const I32_CONST = 0x41;
const END = 0x0b;

/** Imports first: functions, then memories. Functions are numbered in the order in which they were added. */
export class ModuleBuilder {
  readonly #types: number[][] = [];
  readonly #imports: number[][] = [];
  readonly #functions: { readonly type: number; readonly code: Code }[] = [];
  readonly #exports: number[][] = [];
  #importedFunctions = 0;

  /** The number of a signature. */
  type({ parameters, results }: Signature): number {
    const bytes = [0x60];
    for (const list of [parameters, results]) {
      unsigned(bytes, list.length);
      bytes.push(...list.map((t) => VALUE_TYPES[t]));
    }
    const found = this.#types.findIndex((t) =>
      t.length === bytes.length && t.every((b, i) => b === bytes[i])
    );
    return found >= 0 ? found : this.#types.push(bytes) - 1;
  }

  /** Imports a function of module `env`; its number. */
  importFunction(name: string, signature: Signature): number {
    if (this.#functions.length > 0) {
      throw new TypeError(`Cannot import ${name}: a function was already added`);
    }
    this.#imports.push([...text("env"), ...text(name), 0x00, ...number(this.type(signature))]);
    return this.#importedFunctions++;
  }

  /**
   * Imports a memory of module `env`.
   *
   * @param pages how many it has, now and ever; it may have any number if they are not given
   */
  importMemory(name: string, pages?: number): void {
    const limits = pages === undefined ? [0x00, 0x00] : [0x01, ...number(pages), ...number(pages)];
    this.#imports.push([...text("env"), ...text(name), 0x02, ...limits]);
  }

  /** Imports table 0 of module `env`, which has at least so many entries. */
  importTable(name: string, entries: number): void {
    this.#imports.push([...text("env"), ...text(name), 0x01, FUNCTION_REFERENCES, 0x00, ...number(entries)]);
  }

  /** Adds a function; its number. */
  add(signature: Signature, code: Code): number {
    return this.#importedFunctions + this.#functions.push({ type: this.type(signature), code }) - 1;
  }

  /** Exports a function. */
  export(name: string, f: number): void {
    this.#exports.push([...text(name), 0x00, ...number(f)]);
  }

  /**
   * The module.
   *
   * @param table functions to put into table 0
   * @param at the entry that the first of them gets
   */
  build(table: readonly number[] = [], at = 0): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.append([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    section(out, SECTION.type, this.#types);
    section(out, SECTION.import, this.#imports);
    section(out, SECTION.function, this.#functions.map(({ type }) => number(type)));
    section(out, SECTION.export, this.#exports);
    if (table.length > 0) {
      const from = [0x00, I32_CONST];
      signed32(from, at);
      section(out, SECTION.element, [[...from, END, ...number(table.length), ...table.flatMap(number)]]);
    }
    this.#hints(out);
    section(out, SECTION.code, this.#functions.map(({ code }) => body(code)));
    return out.view.slice();
  }

  /** Which branches are hardly ever taken, by function and place in its body. */
  #hints(out: Bytes): void {
    const hinted = this.#functions.flatMap(({ code }, i) => {
      if (code.unlikely.length === 0) return [];
      const before = localsOf(code).length;
      const hints = code.unlikely.flatMap((at) => [...number(before + at), ...UNLIKELY]);
      return [[...number(this.#importedFunctions + i), ...number(code.unlikely.length), ...hints]];
    });
    if (hinted.length === 0) return;
    const content = [...text("metadata.code.branch_hint"), ...number(hinted.length), ...hinted.flat()];
    out.push(CUSTOM_SECTION);
    unsigned(out, content.length);
    out.append(content);
  }
}

/** The locals of a body, which stand before its instructions. */
function localsOf({ locals }: Code): number[] {
  const out = number(locals.length);
  for (const type of locals) out.push(1, VALUE_TYPES[type]);
  return out;
}

function number(value: number): number[] {
  const bytes: number[] = [];
  unsigned(bytes, value);
  return bytes;
}

/** A name of ASCII characters. */
function text(value: string): number[] {
  const bytes = Array.from(value, (character) => character.charCodeAt(0));
  return [...number(bytes.length), ...bytes];
}

function section(out: Bytes, id: number, entries: readonly ArrayLike<number>[]): void {
  const content = new Bytes();
  unsigned(content, entries.length);
  for (const entry of entries) content.append(entry);
  out.push(id);
  unsigned(out, content.length);
  out.append(content.view);
}

function body(code: Code): Uint8Array {
  const locals = localsOf(code);
  const out = new Bytes();
  unsigned(out, locals.length + code.bytes.length + 1);
  out.append(locals);
  out.append(code.bytes.view);
  out.push(END);
  return out.view;
}
