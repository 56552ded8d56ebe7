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

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTION = { custom: 0, type: 1, import: 2, function: 3, export: 7, element: 9, code: 10 } as const;
/** A hint has one byte: whether the branch is likely to be taken. */
const UNLIKELY = [1, 0];
const FUNCTION_REFERENCES = 0x70;
const I32_CONST = 0x41;
const END = 0x0b;

/** Entries of a section, encoded as they come. */
class Entries {
  readonly bytes = new Bytes();
  count = 0;

  /** Begins an entry, which is appended to the bytes. */
  next(): Bytes {
    this.count++;
    return this.bytes;
  }
}

/**
 * Imports first: functions, then memories. Functions are numbered in the order in which they were added. Everything is encoded when it is
 * added, so that no more than the bytes of a module are kept.
 */
export class ModuleBuilder {
  readonly #types = new Map<string, number>();
  readonly #known = new Map<Signature, number>();
  readonly #typeEntries = new Entries();
  readonly #imports = new Entries();
  readonly #functions = new Entries();
  readonly #exports = new Entries();
  readonly #hints = new Entries();
  readonly #elements = new Entries();
  readonly #bodies = new Entries();
  #importedFunctions = 0;

  /** The number of a signature. */
  type(signature: Signature): number {
    let type = this.#known.get(signature);
    if (type === undefined) this.#known.set(signature, type = this.#addType(signature));
    return type;
  }

  #addType({ parameters, results }: Signature): number {
    const key = `${parameters} ${results}`;
    const found = this.#types.get(key);
    if (found !== undefined) return found;
    const out = this.#typeEntries.next();
    out.push(0x60);
    for (const list of [parameters, results]) {
      unsigned(out, list.length);
      for (const type of list) out.push(VALUE_TYPES[type]);
    }
    this.#types.set(key, this.#types.size);
    return this.#types.size - 1;
  }

  /** Imports a function of module `env`; its number. */
  importFunction(name: string, signature: Signature): number {
    if (this.#functions.count > 0) {
      throw new TypeError(`Cannot import ${name}: a function was already added`);
    }
    unsigned(this.#import(name, 0x00), this.type(signature));
    return this.#importedFunctions++;
  }

  /**
   * Imports a memory of module `env`.
   *
   * @param pages how many it has, now and ever; it may have any number if they are not given
   */
  importMemory(name: string, pages?: number): void {
    const out = this.#import(name, 0x02);
    out.push(pages === undefined ? 0x00 : 0x01);
    unsigned(out, pages ?? 0);
    if (pages !== undefined) unsigned(out, pages);
  }

  /** Imports table 0 of module `env`, which has at least so many entries. */
  importTable(name: string, entries: number): void {
    const out = this.#import(name, 0x01);
    out.push(FUNCTION_REFERENCES);
    out.push(0x00);
    unsigned(out, entries);
  }

  #import(name: string, kind: number): Bytes {
    const out = this.#imports.next();
    text(out, "env");
    text(out, name);
    out.push(kind);
    return out;
  }

  /** Adds a function; its number. Its code is not looked at again. */
  add(signature: Signature, code: Code): number {
    const f = this.#importedFunctions + this.#functions.count;
    unsigned(this.#functions.next(), this.type(signature));
    const locals = localsOf(code);
    this.#hint(f, locals.length, code);
    const out = this.#bodies.next();
    unsigned(out, locals.length + code.bytes.length + 1);
    out.append(locals.view);
    out.append(code.bytes.view);
    out.push(END);
    return f;
  }

  /** Says which branches of a function are hardly ever taken, by their places in its body. */
  #hint(f: number, before: number, { unlikely }: Code): void {
    if (unlikely.length === 0) return;
    const out = this.#hints.next();
    unsigned(out, f);
    unsigned(out, unlikely.length);
    for (const at of unlikely) {
      unsigned(out, before + at);
      out.append(UNLIKELY);
    }
  }

  /** Exports a function. */
  export(name: string, f: number): void {
    const out = this.#exports.next();
    text(out, name);
    out.push(0x00);
    unsigned(out, f);
  }

  /**
   * Puts functions into table 0.
   *
   * @param at the entry that the first of them gets
   */
  fillTable(functions: readonly number[], at = 0): void {
    const out = this.#elements.next();
    out.push(0x00);
    out.push(I32_CONST);
    signed32(out, at);
    out.push(END);
    unsigned(out, functions.length);
    for (const f of functions) unsigned(out, f);
  }

  /** The module. */
  build(): Uint8Array<ArrayBuffer> {
    const out = new Bytes();
    out.append(HEADER);
    section(out, SECTION.type, this.#typeEntries);
    section(out, SECTION.import, this.#imports);
    section(out, SECTION.function, this.#functions);
    section(out, SECTION.export, this.#exports);
    if (this.#elements.count > 0) section(out, SECTION.element, this.#elements);
    if (this.#hints.count > 0) section(out, SECTION.custom, this.#hints, "metadata.code.branch_hint");
    section(out, SECTION.code, this.#bodies);
    return out.view;
  }
}

/** The locals of a body, which stand before its instructions. */
function localsOf({ locals }: Code): Bytes {
  const out = new Bytes();
  unsigned(out, locals.length);
  for (const type of locals) {
    out.push(1);
    out.push(VALUE_TYPES[type]);
  }
  return out;
}

/** A name of ASCII characters. */
function text(out: Bytes, value: string): void {
  unsigned(out, value.length);
  for (let i = 0; i < value.length; i++) out.push(value.charCodeAt(i));
}

/** @param name of a custom section */
function section(out: Bytes, id: number, { bytes, count }: Entries, name?: string): void {
  const head = new Bytes();
  if (name !== undefined) text(head, name);
  unsigned(head, count);
  out.push(id);
  unsigned(out, head.length + bytes.length);
  out.append(head.view);
  out.append(bytes.view);
}
