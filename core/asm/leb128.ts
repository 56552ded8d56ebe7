/**
 * `.uleb128` and `.sleb128`: numbers in groups of seven bits, the least significant first, in as few bytes as they need.
 *
 * @module
 */
import type { Cursor } from "./cursor.ts";
import type { Unit } from "./unit.ts";

const GROUP = 7n;
const GROUP_MASK = 0x7fn;
const MORE = 0x80;

/** The bytes of a number; a signed one ends when the rest is the sign of the last group. */
function leb128(n: bigint, signed: boolean): Uint8Array {
  const bytes: number[] = [];
  for (let rest = n;;) {
    const group = Number(rest & GROUP_MASK);
    rest >>= GROUP;
    const last = signed ? rest === (group & 0x40 ? -1n : 0n) : rest === 0n;
    bytes.push(last ? group : group | MORE);
    if (last) return Uint8Array.from(bytes);
  }
}

/**
 * A list of numbers, which must be known now because their size depends on them. Unsigned, a negative number is its
 * 64-bit two's complement.
 */
function numbers(signed: boolean): (unit: Unit, cursor: Cursor, name: string) => void {
  return (unit, cursor, name) => {
    do {
      const { n } = unit.knownNumber(cursor, `Cannot read ${name}`);
      unit.section.append(leb128(signed ? n : BigInt.asUintN(64, n), signed), unit.statement);
    } while (cursor.accept(","));
  };
}

/** `.uleb128 number[, …]`. */
export const unsignedLeb128 = numbers(false);
/** `.sleb128 number[, …]`. */
export const signedLeb128 = numbers(true);
