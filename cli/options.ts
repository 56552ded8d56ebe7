/**
 * Options and numbers of the command line.
 *
 * @module
 */
import { parseArgs } from "@std/cli";
import { didYouMean } from "../core/asm/suggest.ts";
import { UsageError } from "./io.ts";

/** An option that a command knows. */
export interface OptionSpec {
  /** Without dashes; a single letter is written with one, a word with two. */
  readonly name: string;
  /** What its value is, as in `SIZE`. An option without one is a flag. */
  readonly value?: string;
  /** For `lvz help`. */
  readonly text: string;
}

/** A parsed command line. */
export interface Arguments {
  readonly positional: readonly string[];
  /** The text of an option, undefined if it was not given. */
  text(name: string): string | undefined;
  /** True if a flag was given. */
  flag(name: string): boolean;
}

/** An option as it is written: `-e`, `--memory`. */
export function optionName(name: string): string {
  return name.length === 1 ? `-${name}` : `--${name}`;
}

/**
 * Sorts arguments into options and the rest.
 *
 * @throws {UsageError} for an unknown option, one without its value, or one given twice
 */
export function parseArguments(args: readonly string[], specs: readonly OptionSpec[]): Arguments {
  const valued = specs.filter((s) => s.value !== undefined).map((s) => s.name);
  const flags = specs.filter((s) => s.value === undefined).map((s) => s.name);
  const parsed = parseArgs(args, {
    string: [...valued, "_"],
    boolean: flags,
    collect: valued,
    unknown: (arg, key) => key === undefined ? true : unknownOption(arg, specs),
  });
  const texts = new Map<string, string>();
  for (const name of valued) {
    const given = parsed[name];
    const all = Array.isArray(given) ? given.map(String) : [];
    if (all.length > 1) {
      throw new UsageError(`Cannot use ${optionName(name)}: it is given ${all.length} times`);
    }
    const [text] = all;
    if (text === "") throw new UsageError(`Cannot use ${optionName(name)}: its value is missing`);
    if (text !== undefined) texts.set(name, text);
  }
  return {
    positional: parsed._.map(String),
    text: (name) => texts.get(name),
    flag: (name) => parsed[name] === true,
  };
}

function unknownOption(arg: string, specs: readonly OptionSpec[]): never {
  const [written = arg] = arg.split("=");
  const near = didYouMean(written, specs.map((s) => optionName(s.name)));
  throw new UsageError(`Cannot use ${written}: there is no such option${near}`);
}

/**
 * A number, decimal or hexadecimal with `0x`.
 *
 * @param what names the number in messages, as in `--budget`
 * @throws {UsageError} if the text is no number, or one above `max`
 */
export function parseNumber(what: string, text: string, max: bigint): bigint {
  if (!/^(0x[0-9a-f]+|\d+)$/i.test(text)) {
    throw new UsageError(`Cannot use ${what}: "${text}" is no number; write it as 4096 or 0x1000`);
  }
  const value = BigInt(text);
  if (value > max) {
    throw new UsageError(`Cannot use ${what}: ${text} is above the greatest, 0x${max.toString(16)}`);
  }
  return value;
}

/** A count of something, at most 2^53 - 1. */
export function parseCount(what: string, text: string): number {
  return Number(parseNumber(what, text, BigInt(Number.MAX_SAFE_INTEGER)));
}

/** A 48-bit physical address. */
export function parseAddress(what: string, text: string): bigint {
  return parseNumber(what, text, (1n << 48n) - 1n);
}

const UNITS: Readonly<Record<string, number>> = { "": 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/** A size in bytes: a number that may end in K, M or G, for 2^10, 2^20 and 2^30. */
export function parseSize(what: string, text: string): number {
  const [, digits = "", unit = ""] = /^(.+?)([KMG]?)$/i.exec(text) ?? [];
  const size = parseCount(what, digits) * (UNITS[unit.toUpperCase()] ?? 1);
  if (!Number.isSafeInteger(size)) throw new UsageError(`Cannot use ${what}: ${text} is too large`);
  return size;
}
