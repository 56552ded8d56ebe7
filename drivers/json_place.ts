/**
 * A value of a JSON text with its place in it, so that whatever is wrong with the value is said with the place.
 *
 * @module
 */
import { didYouMean } from "../core/asm/suggest.ts";
import { keyStep, StateFileError } from "./json_text.ts";

/** Values longer than this are cut in messages. */
const LONGEST_SHOWN = 60;

/** What a value is, for messages. */
function shown(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `a list of ${value.length}`;
  if (typeof value === "object" && value !== null) return "an object";
  const text = typeof value === "number" ? String(value) : JSON.stringify(value);
  return text.length <= LONGEST_SHOWN ? text : `${text.slice(0, LONGEST_SHOWN)}…`;
}

/** A value and where it is. */
export class JsonPlace {
  readonly value: unknown;
  /** As in `[3].host.csr`. */
  readonly path: string;
  readonly #file: string;

  constructor(value: unknown, path: string, file: string) {
    this.value = value;
    this.path = path;
    this.#file = file;
  }

  /** Throws the error that this value is. */
  fail(reason: string): never {
    throw new StateFileError(this.#file, this.path, reason);
  }

  /** Fails with what was expected and what was found. */
  #expected(what: string): never {
    this.fail(`expected ${what}, got ${shown(this.value)}`);
  }

  #step(value: unknown, step: string): JsonPlace {
    return new JsonPlace(value, `${this.path}${step}`.replace(/^\./, ""), this.#file);
  }

  /** The members of an object with any keys, in their order. */
  members(): readonly (readonly [key: string, value: JsonPlace])[] {
    const { value } = this;
    if (typeof value !== "object" || value === null || Array.isArray(value)) this.#expected("an object");
    return Object.entries(value).map(([key, v]) => [key, this.#step(v, keyStep(key))]);
  }

  /** The members of an object that may have these keys and no others. */
  fields<const K extends string>(known: readonly K[]): Partial<Record<K, JsonPlace>> {
    const found: Partial<Record<K, JsonPlace>> = {};
    for (const [key, place] of this.members()) {
      const name = known.find((k) => k === key);
      if (name === undefined) {
        const near = didYouMean(key, known) || ` (there are ${known.join(", ")})`;
        return place.fail(`no such key${near}`);
      }
      found[name] = place;
    }
    return found;
  }

  /** The elements of a list. */
  elements(most: number): readonly JsonPlace[] {
    const { value } = this;
    if (!Array.isArray(value)) this.#expected("a list");
    if (value.length > most) this.fail(`it has ${value.length} elements, at most ${most} are allowed`);
    return value.map((v: unknown, i) => this.#step(v, `[${i}]`));
  }

  /** Text of 1 to `longest` characters. */
  text(longest: number): string {
    if (typeof this.value !== "string" || this.value === "") this.#expected("a text");
    if (this.value.length > longest) {
      this.fail(`it has ${this.value.length} characters, at most ${longest} are allowed`);
    }
    return this.value;
  }

  /** One of some words. */
  oneOf<const W extends string>(words: readonly W[]): W {
    const found = words.find((w) => w === this.value);
    if (found !== undefined) return found;
    const near = typeof this.value === "string" ? didYouMean(this.value, words) : "";
    return this.fail(`expected ${words.map((w) => `"${w}"`).join(" or ")}, got ${shown(this.value)}${near}`);
  }

  /** A whole number. */
  integer(least: number, most: number): number {
    const { value } = this;
    const fits = typeof value === "number" && Number.isSafeInteger(value) && value >= least && value <= most;
    return fits ? value : this.#expected(`a whole number from ${least} to ${most}`);
  }

  /** A hexadecimal number of at most so many bits: `"0x1f"`; or one of the names given. */
  hex(bits: number, names: ReadonlyMap<string, bigint> = new Map()): bigint {
    const { value } = this;
    if (typeof value !== "string") this.#expected('a hexadecimal text such as "0x1f"');
    const named = names.get(value);
    if (named === undefined && !/^0x[0-9a-f]{1,16}$/i.test(value)) return this.#noNumber(value, names);
    const number = named ?? BigInt(value);
    if (number >> BigInt(bits) !== 0n) this.fail(`${shown(value)} does not fit ${bits} bits`);
    return number;
  }

  #noNumber(value: string, names: ReadonlyMap<string, bigint>): never {
    const near = names.size === 0 ? "" : didYouMean(value, names.keys());
    const label = names.size === 0 ? "" : ' or a label of "asm"';
    this.fail(`expected a hexadecimal text such as "0x1f"${label}, got ${shown(value)}${near}`);
  }
}
