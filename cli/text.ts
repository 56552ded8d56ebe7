/**
 * How numbers, words and instructions look in what `lvz` prints.
 *
 * @module
 */
import { csrByNumber } from "../core/csr/table.ts";
import { disassemble } from "../core/isa/disassemble.ts";

/** The eight digits of an instruction word, without `0x`. */
export function wordDigits(word: number): string {
  return word.toString(16).padStart(8, "0");
}

/** An instruction with CSRs by name; with its address, branches show their targets. */
export function instructionText(word: number, pc?: bigint): string {
  return disassemble(word, {
    csrNames: (number) => csrByNumber(number)?.name,
    ...(pc !== undefined && { pc }),
  });
}

/** Lines of columns, each but the last padded to the longest of its column. */
export function table(rows: readonly (readonly string[])[], indent = "  "): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => widths[i] = Math.max(widths[i] ?? 0, cell.length));
  }
  return rows.map((row) => {
    const cells = row.map((cell, i) => i === row.length - 1 ? cell : cell.padEnd(widths[i] ?? 0));
    return `${indent}${cells.join("  ").trimEnd()}\n`;
  }).join("");
}
