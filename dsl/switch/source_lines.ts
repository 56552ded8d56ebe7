/**
 * From an address to the source line of a compiled file, where its debugging information has it.
 *
 * @module
 */
import type { ElfProgram } from "../../devices/elf/mod.ts";
import { PHYSICAL } from "../../vcpu/assembly/code.ts";
import { type LineRow, readLines } from "./line_program.ts";

const NONE = new Uint8Array(0);

/** Finds `switch.S:12` for a physical address; undefined where nothing is known. */
export function lineReader(program: ElfProgram): (address: bigint) => string | undefined {
  const named = (name: string) => program.sections.filter((s) => s.name === name).map((s) => s.contents());
  // Each object has its own strings, in the order of the objects.
  const [lineStr, str] = [named(".debug_line_str"), named(".debug_str")];
  const rows = named(".debug_line").flatMap((section, i) =>
    readable(section, { lineStr: lineStr[i] ?? NONE, str: str[i] ?? NONE })
  );
  const sorted = rows.map((row) => ({ ...row, address: row.address & PHYSICAL })).sort(byAddress);
  return (address) => {
    const row = sorted.findLast((r) => r.address <= address);
    return row === undefined || row.line === 0 ? undefined : `${row.file}:${row.line}`;
  };
}

/** Line numbers are a help, and code without any, or with broken ones, can be tested as well. */
function readable(section: Uint8Array, strings: Parameters<typeof readLines>[1]): readonly LineRow[] {
  try {
    return readLines(section, strings);
  } catch (error) {
    if (error instanceof RangeError) return [];
    throw error;
  }
}

/** The end of a sequence comes before what begins at the same address. */
function byAddress(a: LineRow, b: LineRow): number {
  if (a.address === b.address) return Number(a.line !== 0) - Number(b.line !== 0);
  return a.address < b.address ? -1 : 1;
}
