/**
 * LLVM's object files: their sections at the addresses that our layout gives them, with the relocations applied as the
 * psABI says. A source has no symbol outside itself, so that this is all that a linker would do.
 *
 * @module
 */
/** Numbers of a file, least significant byte first. Whatever lies outside the file throws a RangeError. */
class ObjectReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  u8(at: number): number {
    return this.#view.getUint8(at);
  }

  u16(at: number): number {
    return this.#view.getUint16(at, true);
  }

  u32(at: number): number {
    return this.#view.getUint32(at, true);
  }

  u64(at: number): bigint {
    return this.#view.getBigUint64(at, true);
  }

  copy(at: number, size: number): Uint8Array {
    return this.#bytes.slice(at, at + size);
  }
}

/** A section of an object file that has bytes in memory. */
export interface LinkedSection {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly alignment: bigint;
}

/** A linker would refuse it. */
export class LinkError extends RangeError {
  override readonly name = "LinkError";
}

/** What a linker would make of an object file. */
export interface Linked {
  /** Sections that are loaded and not empty, in the order of the file. */
  readonly sections: readonly LinkedSection[];
  /** Symbols other than local labels, by name. */
  readonly symbols: ReadonlyMap<string, bigint>;
}

interface Header {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly offset: number;
  readonly size: number;
  readonly link: number;
  readonly info: number;
  readonly alignment: bigint;
}

const TYPES = { symbols: 2, relocations: 4, nobits: 8 } as const;
const ALLOCATED = 2n;
const HEADER_SIZE = 64;
const SYMBOL_SIZE = 24;
const RELOCATION_SIZE = 24;
const ABSOLUTE = 0xfff1;
const LAST_PLACE_TYPE = 2;

function nameAt(reader: ObjectReader, table: number, offset: number): string {
  const characters: number[] = [];
  for (let at = table + offset; reader.u8(at) !== 0; at++) characters.push(reader.u8(at));
  return new TextDecoder().decode(Uint8Array.from(characters));
}

function readHeaders(reader: ObjectReader): Header[] {
  const table = Number(reader.u64(0x28));
  const names = Number(reader.u64(table + reader.u16(0x3e) * HEADER_SIZE + 0x18));
  return Array.from({ length: reader.u16(0x3c) }, (_, index) => {
    const at = table + index * HEADER_SIZE;
    return {
      name: nameAt(reader, names, reader.u32(at)),
      type: reader.u32(at + 4),
      flags: reader.u64(at + 8),
      offset: Number(reader.u64(at + 0x18)),
      size: Number(reader.u64(at + 0x20)),
      link: reader.u32(at + 0x28),
      info: reader.u32(at + 0x2c),
      alignment: reader.u64(at + 0x30),
    };
  });
}

interface ObjectSymbol {
  readonly name: string;
  readonly type: number;
  readonly value: bigint;
}

function readObjectSymbols(
  reader: ObjectReader,
  headers: readonly Header[],
  addressOf: (name: string) => bigint,
): ObjectSymbol[] {
  const table = headers.find(({ type }) => type === TYPES.symbols);
  if (table === undefined) return [];
  const strings = headers[table.link]?.offset ?? 0;
  return Array.from({ length: table.size / SYMBOL_SIZE }, (_, index) => {
    const at = table.offset + index * SYMBOL_SIZE;
    const section = reader.u16(at + 6);
    const home = section === ABSOLUTE ? undefined : headers[section];
    const base = home === undefined || (home.flags & ALLOCATED) === 0n ? 0n : addressOf(home.name);
    const name = nameAt(reader, strings, reader.u32(at));
    if (section === 0 && name !== "") throw new LinkError(`Cannot link: symbol ${name} is not defined`);
    return { name, type: reader.u8(at + 4) & 0xf, value: BigInt.asUintN(64, reader.u64(at + 8) + base) };
  });
}

/** One relocation: what stands at `at` in its section, which is at address `pc`, gets `value`. */
interface Fix {
  readonly bytes: Uint8Array;
  readonly at: number;
  readonly pc: bigint;
  readonly value: bigint;
}

type Apply = (fix: Fix) => void;

function view({ bytes }: Fix): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

/** A field of an instruction word that gets bits of a number. */
function field(lowest: number, width: number, of: (fix: Fix) => bigint): Apply {
  return (fix) => {
    const mask = (2 ** width - 1) << lowest;
    const bits = Number(BigInt.asUintN(width, of(fix))) << lowest;
    const word = view(fix).getUint32(fix.at, true);
    view(fix).setUint32(fix.at, ((word & ~mask) | bits) >>> 0, true);
  };
}

function both(first: Apply, second: Apply): Apply {
  return (fix) => {
    first(fix);
    second(fix);
  };
}

/** Little-endian data of some bytes, of which the old value counts. */
function data(size: number, next: (old: bigint, fix: Fix) => bigint): Apply {
  return (fix) => {
    let old = 0n;
    for (let i = size - 1; i >= 0; i--) old = (old << 8n) | BigInt(view(fix).getUint8(fix.at + i));
    const value = BigInt.asUintN(size * 8, next(old, fix));
    for (let i = 0; i < size; i++) view(fix).setUint8(fix.at + i, Number((value >> BigInt(8 * i)) & 0xffn));
  };
}

/** Adds to a LEB128 number in as many bytes as it has. */
function leb128(sign: 1n | -1n): Apply {
  return (fix) => {
    let size = 1;
    while ((view(fix).getUint8(fix.at + size - 1) & 0x80) !== 0) size++;
    let old = 0n;
    for (let i = size - 1; i >= 0; i--) old = (old << 7n) | BigInt(view(fix).getUint8(fix.at + i) & 0x7f);
    const value = BigInt.asUintN(size * 7, old + sign * fix.value);
    for (let i = 0; i < size; i++) {
      const more = i < size - 1 ? 0x80 : 0;
      view(fix).setUint8(fix.at + i, Number((value >> BigInt(7 * i)) & 0x7fn) | more);
    }
  };
}

const distance = ({ value, pc }: Fix) => BigInt.asIntN(64, value - pc);

/** The distance to the target of a branch, in instructions. */
function reach(bits: number): (fix: Fix) => bigint {
  return (fix) => {
    const bytes = distance(fix);
    if (bytes % 4n === 0n && BigInt.asIntN(bits + 2, bytes) === bytes) return bytes >> 2n;
    throw new LinkError(
      `Cannot link: a target is ${bytes} bytes away, which ${bits} bits of words do not reach`,
    );
  };
}

function word({ value }: Fix): bigint {
  if (BigInt.asIntN(32, value) === BigInt.asIntN(64, value) || value < 1n << 32n) return value;
  throw new LinkError(`Cannot link: ${value} is no number of 32 bits`);
}
const pages = ({ value, pc }: Fix) => ((value + 0x800n) >> 12n) - (pc >> 12n);
/** The far part of an address is for code within 32 bytes of its pcalau12i; here the low part counts as signed too. */
const farPages = ({ value, pc }: Fix) => {
  const rest = BigInt.asIntN(12, value);
  const page = value - rest - (pc & ~0xfffn);
  return page - (BigInt.asIntN(32, page));
};
/** The low part of an address; a jirl counts in words, and its 16 bits take it with its sign. */
const lowPart: Apply = (fix) => {
  const isJirl = view(fix).getUint32(fix.at, true) >>> 26 === 0x13;
  if (!isJirl) return field(10, 12, ({ value }) => value)(fix);
  field(10, 16, ({ value }) => BigInt.asIntN(12, value) >> 2n)(fix);
};

/** The instruction behind a pcaddu18i has the low part; `pc` stays that of the pcaddu18i. */
const JIRL_OFFSET = field(10, 16, (fix) => distance(fix) >> 2n);

/** The relocations of the psABI that a source without outside symbols can need, by number. */
const RELOCATIONS: ReadonlyMap<number, Apply> = new Map<number, Apply>([
  [1, data(4, (_, fix) => word(fix))],
  [2, data(8, (_, { value }) => value)],
  ...[[47, 1], [48, 2], [49, 3], [50, 4], [51, 8]].map(([id = 0, size = 0]): [number, Apply] => [
    id,
    data(size, (old, { value }) => old + value),
  ]),
  ...[[52, 1], [53, 2], [54, 3], [55, 4], [56, 8]].map(([id = 0, size = 0]): [number, Apply] => [
    id,
    data(size, (old, { value }) => old - value),
  ]),
  [64, field(10, 16, reach(16))],
  [65, both(field(10, 16, reach(21)), field(0, 5, (fix) => reach(21)(fix) >> 16n))],
  [66, both(field(10, 16, reach(26)), field(0, 10, (fix) => reach(26)(fix) >> 16n))],
  [67, field(5, 20, ({ value }) => value >> 12n)],
  [68, field(10, 12, ({ value }) => value)],
  [69, field(5, 20, ({ value }) => value >> 32n)],
  [70, field(10, 12, ({ value }) => value >> 52n)],
  [71, field(5, 20, pages)],
  [72, lowPart],
  [73, field(5, 20, (fix) => farPages(fix) >> 32n)],
  [74, field(10, 12, (fix) => farPages(fix) >> 52n)],
  [99, data(4, (_, fix) => distance(fix))],
  [103, field(5, 20, reach(20))],
  [107, leb128(1n)],
  [108, leb128(-1n)],
  [109, data(8, (_, fix) => distance(fix))],
  [
    110,
    both(
      field(5, 20, (fix) => (reach(36)(fix) + 0x8000n) >> 16n),
      (fix) => JIRL_OFFSET({ ...fix, at: fix.at + 4 }),
    ),
  ],
]);

function relocate(
  reader: ObjectReader,
  table: Header,
  symbols: readonly ObjectSymbol[],
  target: { readonly bytes: Uint8Array; readonly address: bigint },
): void {
  for (let at = table.offset; at < table.offset + table.size; at += RELOCATION_SIZE) {
    const offset = Number(reader.u64(at));
    const id = reader.u32(at + 8);
    const symbol = symbols[reader.u32(at + 12)];
    const apply = RELOCATIONS.get(id);
    if (apply === undefined || symbol === undefined) {
      throw new Error(`Cannot link: relocation ${id} at ${offset} is not known here`);
    }
    const value = BigInt.asUintN(64, symbol.value + reader.u64(at + 16));
    apply({ bytes: target.bytes, at: offset, pc: target.address + BigInt(offset), value });
  }
}

/**
 * Links an object file.
 *
 * @param addressOf the address of each section that is loaded
 * @throws {LinkError} if a linker would refuse it
 * @throws {Error} if it needs a relocation that is not known here
 */
export function linkObject(object: Uint8Array, addressOf: (section: string) => bigint): Linked {
  const reader = new ObjectReader(object);
  const headers = readHeaders(reader);
  const symbols = readObjectSymbols(reader, headers, addressOf);
  const contents = headers.map(({ type, offset, size }) =>
    type === TYPES.nobits ? new Uint8Array(size) : reader.copy(offset, size)
  );
  for (const table of headers.filter(({ type }) => type === TYPES.relocations)) {
    const [target, bytes] = [headers[table.info], contents[table.info]];
    if (target === undefined || bytes === undefined || (target.flags & ALLOCATED) === 0n) continue;
    relocate(reader, table, symbols, { bytes, address: addressOf(target.name) });
  }
  return {
    sections: headers.flatMap(({ name, flags, size, alignment }, index) =>
      (flags & ALLOCATED) !== 0n && size > 0
        ? [{ name, bytes: contents[index] ?? new Uint8Array(), alignment }]
        : []
    ),
    symbols: new Map(
      symbols.filter(({ name, type }) => name !== "" && type <= LAST_PLACE_TYPE).map((
        { name, value },
      ) => [name, value]),
    ),
  };
}
