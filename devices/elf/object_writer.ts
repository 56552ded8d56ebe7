/**
 * Writes objects field by field, for tests: what no assembler at hand makes, and what none would.
 *
 * @module
 */

/** A relocation: offset, number, symbol (its name; "" for none), addend. */
export type WrittenRelocation = readonly [offset: number, type: number, symbol: string, addend: bigint];

/** A section to be written. */
export interface WrittenSection {
  readonly name: string;
  /** As in `ax`: allocated, executable, written; `z` for zeros. */
  readonly flags: string;
  readonly bytes?: Uint8Array;
  /** Of a section of zeros. */
  readonly size?: bigint;
  readonly alignment?: bigint;
  readonly relocations?: readonly WrittenRelocation[];
}

/** A symbol to be written. */
export interface WrittenSymbol {
  readonly name: string;
  /** The name of its section, or `undefined`, `absolute`, `common`. */
  readonly section: string;
  readonly value?: bigint;
  readonly size?: bigint;
  readonly binding?: "local" | "global" | "weak";
  readonly type?: number;
}

/** An object and where its tables are. */
export interface WrittenObject {
  readonly file: Uint8Array;
  readonly view: DataView;
  /** Offset of a section's header. */
  header(name: string): number;
  /** Offset of the first relocation of a section. */
  relocations(name: string): number;
  /** Offset of a symbol. */
  symbol(name: string): number;
}

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly bytes: Uint8Array;
  readonly size?: bigint;
  readonly link?: number;
  readonly info?: number;
  readonly alignment?: bigint;
  readonly entrySize?: bigint;
}

const BINDING = { local: 0, global: 1, weak: 2 } as const;
const SPECIAL: Readonly<Record<string, number>> = { undefined: 0, absolute: 0xfff1, common: 0xfff2 };
const HEADER_SIZE = 64;

/** Writes an object. */
export function writeObject(
  sections: readonly WrittenSection[],
  symbols: readonly WrittenSymbol[] = [],
): WrittenObject {
  const listed = [...symbols].sort((a, b) =>
    Number(a.binding !== undefined && a.binding !== "local") -
    Number(b.binding !== undefined && b.binding !== "local")
  );
  const relocated = sections.filter((s) => s.relocations !== undefined);
  const symbolIndex = (name: string) => name === "" ? 0 : listed.findIndex((s) => s.name === name) + 1;
  const tableIndex = sections.length + relocated.length + 1;
  const strings = stringTable([...sections.map((s) => s.name), ...listed.map((s) => s.name), ".rela"]);
  const headers: Header[] = [
    { name: "", type: 0, flags: 0n, bytes: new Uint8Array() },
    ...sections.map(sectionHeader),
    ...relocated.map((s) => ({
      name: ".rela",
      type: 4,
      flags: 0n,
      bytes: relocationBytes(s.relocations ?? [], symbolIndex),
      link: tableIndex,
      info: sections.indexOf(s) + 1,
      entrySize: 24n,
    })),
    {
      name: "",
      type: 2,
      flags: 0n,
      bytes: symbolBytes(listed, strings.offset, (name) => sections.findIndex((s) => s.name === name) + 1),
      link: tableIndex + 1,
      entrySize: 24n,
    },
    { name: "", type: 3, flags: 0n, bytes: strings.bytes },
  ];
  const { file, view, starts, table } = writeFile(headers, strings.offset);
  return {
    file,
    view,
    header: (name) => table + HEADER_SIZE * (sections.findIndex((s) => s.name === name) + 1),
    relocations: (name) => starts[sections.length + 1 + relocated.findIndex((s) => s.name === name)] ?? 0,
    symbol: (name) => (starts[tableIndex] ?? 0) + 24 * symbolIndex(name),
  };
}

function sectionHeader({ name, flags, bytes = new Uint8Array(), size, alignment }: WrittenSection): Header {
  const bits = { w: 1n, a: 2n, x: 4n };
  return {
    name,
    type: flags.includes("z") ? 8 : 1,
    flags: Object.entries(bits).reduce((sum, [letter, bit]) => flags.includes(letter) ? sum | bit : sum, 0n),
    bytes,
    ...(size === undefined ? {} : { size }),
    ...(alignment === undefined ? {} : { alignment }),
  };
}

function stringTable(names: readonly string[]) {
  const distinct = ["", ...new Set(names.filter((n) => n !== ""))];
  const bytes = new TextEncoder().encode(`${distinct.join("\0")}\0`);
  const offsets = new Map<string, number>();
  distinct.reduce((at, name) => (offsets.set(name, at), at + name.length + 1), 0);
  return { bytes, offset: (name: string) => offsets.get(name) ?? 0 };
}

function relocationBytes(
  relocations: readonly WrittenRelocation[],
  symbolIndex: (name: string) => number,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 * relocations.length));
  relocations.forEach(([offset, type, symbol, addend], i) => {
    view.setBigUint64(24 * i, BigInt(offset), true);
    view.setUint32(24 * i + 8, type, true);
    view.setUint32(24 * i + 12, symbolIndex(symbol), true);
    view.setBigInt64(24 * i + 16, addend, true);
  });
  return new Uint8Array(view.buffer);
}

function symbolBytes(
  symbols: readonly WrittenSymbol[],
  nameOffset: (name: string) => number,
  sectionIndex: (name: string) => number,
): Uint8Array {
  const view = new DataView(new ArrayBuffer(24 * (symbols.length + 1)));
  symbols.forEach(({ name, section, value = 0n, size = 0n, binding = "local", type = 0 }, i) => {
    const at = 24 * (i + 1);
    view.setUint32(at, nameOffset(name), true);
    view.setUint8(at + 4, BINDING[binding] << 4 | type);
    view.setUint16(at + 6, SPECIAL[section] ?? sectionIndex(section), true);
    view.setBigUint64(at + 8, value, true);
    view.setBigUint64(at + 16, size, true);
  });
  return new Uint8Array(view.buffer);
}

function writeFile(headers: readonly Header[], nameOffset: (name: string) => number) {
  const starts: number[] = [];
  let end = HEADER_SIZE;
  for (const { bytes } of headers) {
    starts.push(end);
    end += Math.ceil(bytes.length / 8) * 8;
  }
  const file = new Uint8Array(end + HEADER_SIZE * headers.length);
  const view = new DataView(file.buffer);
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1]);
  view.setUint16(0x10, 1, true);
  view.setUint16(0x12, 258, true);
  view.setUint32(0x14, 1, true);
  view.setBigUint64(0x28, BigInt(end), true);
  view.setUint16(0x34, HEADER_SIZE, true);
  view.setUint16(0x3a, HEADER_SIZE, true);
  view.setUint16(0x3c, headers.length, true);
  view.setUint16(0x3e, headers.length - 1, true);
  headers.forEach((header, i) => {
    const at = end + HEADER_SIZE * i;
    const start = starts[i] ?? 0;
    file.set(header.bytes, start);
    view.setUint32(at, nameOffset(header.name), true);
    view.setUint32(at + 4, header.type, true);
    view.setBigUint64(at + 8, header.flags, true);
    view.setBigUint64(at + 0x18, BigInt(start), true);
    view.setBigUint64(at + 0x20, header.size ?? BigInt(header.bytes.length), true);
    view.setUint32(at + 0x28, header.link ?? 0, true);
    view.setUint32(at + 0x2c, header.info ?? 0, true);
    view.setBigUint64(at + 0x30, header.alignment ?? 4n, true);
    view.setBigUint64(at + 0x38, header.entrySize ?? 0n, true);
  });
  return { file, view, starts, table: end };
}
