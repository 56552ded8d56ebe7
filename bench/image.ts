/**
 * What a benchmark program is: an image that runs unchanged here and on QEMU, and says on its serial line when it begins and ends.
 *
 * @module
 */
import { assemble } from "../core/asm/mod.ts";
import { csrByName } from "../core/csr/table.ts";
import { elfFile } from "../drivers/image/elf_file.ts";

/** The text of an image. */
export interface ImageText {
  /** Executed before the measurement: may set up registers and memory. */
  readonly setup?: string;
  /** What is measured. It may use all registers; `$s8` holds the number of rounds. It may give up with a jump to `failed`. */
  readonly body: string;
  /** Handlers and data, behind the code. */
  readonly data?: string;
}

/** A program to measure. */
export interface BenchProgram extends ImageText {
  readonly name: string;
  /** What it does, for the table. */
  readonly text: string;
  /** The least ratio to QEMU that is aimed at (issue 6); undefined where none is. */
  readonly goal?: number;
  /** The ratio below which CI fails: about a third of what was measured when it was set. */
  readonly floor?: number;
  /** Rounds that take QEMU about a second: with so many a run begins. */
  readonly rounds: number;
  /**
   * It would be another program with fewer rounds or more.
   * @default {false}
   */
  readonly fixed?: boolean;
}

/** Sent when the measurement begins and when it ends. A program that failed sends no end. */
export const MARKS = { begin: "S", end: "E" } as const;

const ORIGIN = 0x200000n;

function mark(character: string): string {
  return `
  li.d   $t0, 0x1fe001e0
  li.w   $t1, ${character.charCodeAt(0)}
  st.b   $t1, $t0, 0`;
}

/** The ELF file of a program. */
export function imageOf(
  { setup = "", body, data = "" }: ImageText,
  rounds: number,
  name = "bench",
): Uint8Array {
  const source = `
_start:
  li.d   $sp, 0x800000
${setup}
${mark(MARKS.begin)}
  li.d   $s8, ${rounds}
${body}
${mark(MARKS.end)}
failed:
  li.d   $t0, 0x100e001c
  li.w   $t1, 0x34
  st.b   $t1, $t0, 0
  b      .
${data}`;
  const { segments, entry } = assemble(source, {
    name: `${name}.s`,
    origin: ORIGIN,
    csrNumber: (csr) => csrByName(csr)?.number,
  });
  return elfFile(Number(entry), segments.map(({ address, bytes }) => ({ address: Number(address), bytes })));
}
