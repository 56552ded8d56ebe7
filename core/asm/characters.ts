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

const DIGITS = "0123456789";
const LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";

const KINDS: readonly (readonly [characters: string, kind: number])[] = [
  [" \t\r\f", BLANK],
  [`${LETTERS}_.`, NAME_START],
  [`${LETTERS}${DIGITS}_.$`, NAME],
  [`${LETTERS}${DIGITS}_`, REGISTER],
  [DIGITS, DIGIT],
  [`${LETTERS}${DIGITS}_.`, NUMBER],
  ["-+*/%&|^~!()<>=,:@", PUNCTUATION],
];

/** The kinds of each ASCII character, as bits. */
const CHARACTERS = new Uint8Array(128);
for (const [characters, kind] of KINDS) {
  for (let i = 0; i < characters.length; i++) CHARACTERS[characters.charCodeAt(i)]! |= kind;
}

/** All kinds of a character, as bits; of one outside ASCII none. */
export function kindsOf(code: number): number {
  return code < CHARACTERS.length ? CHARACTERS[code]! : 0;
}
