/**
 * What a character can be part of. To look that up is many times faster than to try patterns one after the other.
 *
 * @module
 */

/** Between tokens. The end of a line is none. */
export const BLANK = 1;
/** The first of a name. */
export const NAME_START = 2;
/** Any other of a name. */
export const NAME = 4;
/** Any but the first of a register. */
export const REGISTER = 8;
/** The first of a number. */
export const DIGIT = 16;
/** Any other of a number. */
export const NUMBER = 32;
/** An operator or separator, or the first character of one. */
export const PUNCTUATION = 64;

const KINDS: readonly (readonly [pattern: RegExp, kind: number])[] = [
  [/[ \t\r\f]/, BLANK],
  [/[A-Za-z_.]/, NAME_START],
  [/[A-Za-z0-9_.$]/, NAME],
  [/[A-Za-z0-9_]/, REGISTER],
  [/[0-9]/, DIGIT],
  [/[A-Za-z0-9_.]/, NUMBER],
  [/[-+*/%&|^~!()<>=,:@]/, PUNCTUATION],
];

/** The kinds of each ASCII character, as bits. */
const CHARACTERS = Uint8Array.from({ length: 128 }, (_, code) => {
  const char = String.fromCharCode(code);
  return KINDS.reduce((kinds, [pattern, kind]) => pattern.test(char) ? kinds | kind : kinds, 0);
});

/** All kinds of a character, as bits; of one outside ASCII none. */
export function kindsOf(code: number): number {
  return code < CHARACTERS.length ? CHARACTERS[code]! : 0;
}
