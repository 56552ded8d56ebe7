/**
 * Asking both for whole sources. LLVM's sections are linked at the addresses of ours; what is compared is what they
 * contain, how they are aligned, and what the symbols are.
 *
 * @module
 */
import { assemble, type Program } from "../../core/asm/mod.ts";
import type { GoldenSource } from "../../core/asm/golden_sources.ts";
import type { Answer } from "./answers.ts";
import type { Asked } from "./compare.ts";
import type { LlvmMc } from "./llvm_mc.ts";
import { type Linked, LinkError, linkObject } from "./object.ts";
import { refusable } from "./ours.ts";

const DEFAULT_ORIGIN = 0x1000n;
/** Processes at a time. */
const AT_ONCE = 4;
const BYTES_A_LINE = 16;

function hex(value: bigint | number, digits = 0): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}

/** The first offset from `from` on at which a row differs from the row before it. */
function nextRow(bytes: Uint8Array, from: number): number {
  let at = from;
  while (at < bytes.length && bytes[at] === bytes[at - BYTES_A_LINE]) at++;
  return at - at % BYTES_A_LINE;
}

/** A section's bytes in lines, of which equal ones in a row are one. */
function sectionLines(name: string, bytes: Uint8Array): string[] {
  const lines: string[] = [];
  for (let at = 0; at < bytes.length; at = nextRow(bytes, at + BYTES_A_LINE)) {
    const row = bytes.subarray(at, at + BYTES_A_LINE);
    lines.push(
      `${name} + ${hex(at, 4)}: ${Array.from(row, (byte) => byte.toString(16).padStart(2, "0")).join(" ")}`,
    );
  }
  return [...lines, `${name}: ${bytes.length} bytes`];
}

/** The sections and symbols of a program as lines, which do not depend on the order in which they came up. */
function programText(
  sections: readonly { readonly name: string; readonly bytes: Uint8Array }[],
  symbols: Iterable<readonly [string, bigint]>,
): string {
  const symbolLines = [...symbols].filter(([name]) => !name.startsWith(".L"))
    .map(([name, value]) => `symbol ${name} = ${hex(value)}`).sort();
  const byName = [...sections].sort((a, b) => a.name < b.name ? -1 : 1);
  return [...byName.flatMap(({ name, bytes }) => sectionLines(name, bytes)), ...symbolLines].join("\n");
}

/** What LLVM's object is at our addresses; a section that is not aligned there is a refusal, as by a linker. */
function linkedText(object: Uint8Array, program: Program | undefined, golden: GoldenSource): string {
  const { origin = DEFAULT_ORIGIN, sections = {} } = golden;
  const places = new Map(program?.segments.map(({ name, address }) => [name, address]));
  const addressOf = (name: string) => places.get(name) ?? sections[name] ?? origin;
  const linked: Linked = linkObject(object, addressOf);
  for (const { name, alignment } of linked.sections) {
    if (addressOf(name) % alignment !== 0n) {
      throw new LinkError(
        `Cannot link: ${name} is at ${hex(addressOf(name))}, its alignment is ${alignment}`,
      );
    }
  }
  return programText(linked.sections, linked.symbols);
}

async function askSource(golden: GoldenSource, llvm: LlvmMc): Promise<Asked> {
  const { title, source, origin = DEFAULT_ORIGIN, sections = {} } = golden;
  const answer = await llvm.object(source);
  let program: Program | undefined;
  const ours = refusable(title, () => {
    program = assemble(source, { origin, sections });
    return programText(program.segments, program.symbols);
  });
  const theirs: Answer = "refused" in answer
    ? answer
    : refusable(title, () => linkedText(answer.object, program, golden));
  return { check: "source", form: "source", question: title, ours, theirs, source };
}

/** Whole sources, assembled by both. */
export async function askSources(sources: readonly GoldenSource[], llvm: LlvmMc): Promise<Asked[]> {
  const asked: Asked[] = [];
  const rest = sources.entries();
  const work = async () => {
    for (const [index, golden] of rest) asked[index] = await askSource(golden, llvm);
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return asked;
}
