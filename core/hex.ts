/**
 * Numbers in texts.
 *
 * @module
 */

/** A number as messages and reports write it: `0x1c000000`. */
export function hex(value: bigint | number): string {
  return `0x${value.toString(16)}`;
}
