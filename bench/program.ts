/**
 * What a benchmark program is: an image that runs unchanged here and on QEMU, and says on its serial line when it begins and ends.
 *
 * @module
 */
import { assemble } from "../core/asm/mod.ts";
import { csrByName } from "../core/csr/table.ts";
import { elfFile } from "../drivers/image/elf_file.ts";

/** A program to measure. */
export interface BenchProgram {
  readonly name: string;
  /** What it does, for the table. */
  readonly text: string;
  /** The least ratio to QEMU that is aimed at (issue 6). */
  readonly goal: number;
  /** Executed before the measurement: may set up registers and memory. */
  readonly setup?: string;
  /** What is measured. It may use all registers; `$s8` holds the number of rounds. */
  readonly body: string;
  /** Rounds that take QEMU about a second. */
  readonly rounds: number;
  /** Handlers and data, behind the code. */
  readonly data?: string;
}

/** Sent when the measurement begins and when it ends. */
export const MARKS = { begin: "S", end: "E" } as const;

const ORIGIN = 0x200000n;

function mark(character: string): string {
  return `
  li.d   $t0, 0x1fe001e0
  li.w   $t1, ${character.charCodeAt(0)}
  st.b   $t1, $t0, 0`;
}

/** The ELF file of a program. */
export function imageOf(program: BenchProgram, rounds: number): Uint8Array {
  const source = `
_start:
  li.d   $sp, 0x800000
${program.setup ?? ""}
${mark(MARKS.begin)}
  li.d   $s8, ${rounds}
${program.body}
${mark(MARKS.end)}
  li.d   $t0, 0x100e001c
  li.w   $t1, 0x34
  st.b   $t1, $t0, 0
  b      .
${program.data ?? ""}`;
  const { segments, entry } = assemble(source, {
    name: `${program.name}.s`,
    origin: ORIGIN,
    csrNumber: (name) => csrByName(name)?.number,
  });
  return elfFile(Number(entry), segments.map(({ address, bytes }) => ({ address: Number(address), bytes })));
}
