/**
 * The code of a description, placed and linked.
 *
 * @module
 */
import { elfKind, type ElfProgram, linkObjects, parseElf } from "../../devices/elf/mod.ts";
import { assembleCode, type MachineCode, PHYSICAL, placeName } from "../../vcpu/assembly/code.ts";
import { FUNCTION_BYTES, functionAddress } from "../../vcpu/assembly/runner.ts";
import { lineReader } from "./source_lines.ts";
import type { SwitchCode, SwitchObject } from "./description.ts";

/**
 * Makes the code ready to be loaded.
 *
 * @throws {AssemblyErrors} for text
 * @throws {ElfError} for files that are broken, or leave more undefined
 */
export function placeCode(
  code: SwitchCode,
  base: bigint,
  outside: Outside,
): MachineCode {
  if ("objects" in code) {
    const functions = outside.functions.map((name, i) => [name, functionAddress(i)] as const);
    return placeObjects(code.objects, base, new Map([...outside.symbols, ...functions]));
  }
  // On one line with the first of the text, so that its lines keep their numbers.
  const constants = [...outside.symbols].map(([name, value]) => `.set ${name}, 0x${value.toString(16)}; `)
    .join("");
  const functions = outside.functions.map((name) => `${name}: .space ${FUNCTION_BYTES}\n`).join("");
  const text = `${constants}${code.assembly}\n.section ${OUTSIDE}, "ax"\n${functions}`;
  const sections = { [OUTSIDE]: functionAddress(0) };
  const placed = assembleCode(text, code.file ?? "switch.S", { origin: base, sections });
  return { ...placed, segments: placed.segments.filter((s) => s.address !== functionAddress(0)) };
}

/** The section of labels in place of functions that the text calls and does not have. */
const OUTSIDE = ".outside.functions";

/** What the code leaves undefined. */
export interface Outside {
  /** Functions of the bench, by number. */
  readonly functions: readonly string[];
  readonly symbols: ReadonlyMap<string, bigint>;
}

function placeObjects(
  objects: readonly SwitchObject[],
  base: bigint,
  symbols: ReadonlyMap<string, bigint>,
): MachineCode {
  const program = readObjects(objects, base, symbols);
  const lineAt = lineReader(program);
  const named = (name: string) => program.symbol(name)?.linkAddress;
  return {
    segments: program.segments.map(({ address, bytes, size }) => ({ address, bytes, size })),
    symbol: named,
    constant: (name) => program.constants.get(name),
    place(address) {
      const source = lineAt(address & PHYSICAL);
      return {
        name: placeName(program.symbolAt(address), address),
        ...(source !== undefined && { source }),
      };
    },
  };
}

function readObjects(
  objects: readonly SwitchObject[],
  base: bigint,
  symbols: ReadonlyMap<string, bigint>,
): ElfProgram {
  const [first] = objects;
  if (first === undefined) throw new RangeError("Cannot use a world switch without code: objects is empty");
  if (objects.length > 1) return linkObjects(objects, { base, symbols });
  const isPlaced = elfKind(first.bytes) === "executable";
  return parseElf(first.bytes, { name: first.name, ...(!isPlaced && { base, symbols }) });
}
