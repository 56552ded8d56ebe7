/**
 * The line number program of DWARF 4 and 5 (.debug_line): from addresses to source lines.
 *
 * @module
 */

/** A place in the source, from an address on to the next row. */
export interface LineRow {
  readonly address: bigint;
  readonly file: string;
  /** 0 in a row that only ends a sequence. */
  readonly line: number;
}

/** Sections that have the strings of DWARF 5. */
export interface LineStrings {
  readonly lineStr: Uint8Array;
  readonly str: Uint8Array;
}

const VERSIONS: readonly number[] = [4, 5];
const DW_LNCT_PATH = 1;
const EXTENDED = 0;
const COPY = 1;
const ADVANCE_PC = 2;
const ADVANCE_LINE = 3;
const SET_FILE = 4;
const CONST_ADD_PC = 8;
const FIXED_ADVANCE_PC = 9;
const END_SEQUENCE = 1;
const SET_ADDRESS = 2;

/** Reads numbers one after the other. */
class Bytes {
  at = 0;
  readonly bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  #next(size: number): number {
    const at = this.at;
    if (at + size > this.bytes.length) {
      throw new RangeError(`Cannot read line numbers: they end at byte ${at}`);
    }
    this.at += size;
    return at;
  }

  u8(): number {
    return this.#view.getUint8(this.#next(1));
  }

  s8(): number {
    return this.#view.getInt8(this.#next(1));
  }

  u16(): number {
    return this.#view.getUint16(this.#next(2), true);
  }

  u32(): number {
    return this.#view.getUint32(this.#next(4), true);
  }

  u64(): bigint {
    return this.#view.getBigUint64(this.#next(8), true);
  }

  uleb(): number {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return value;
    }
  }

  sleb(): number {
    let value = 0;
    for (let factor = 1;; factor *= 128) {
      const byte = this.u8();
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return byte & 0x40 ? value - factor * 128 : value;
    }
  }

  skip(size: number): void {
    this.#next(size);
  }

  text(): string {
    const start = this.at;
    while (this.u8() !== 0);
    return new TextDecoder().decode(this.bytes.subarray(start, this.at - 1));
  }
}

/** A value of a form that file names use; text only of the forms that have it. */
function readForm(from: Bytes, form: number, strings: LineStrings): string {
  switch (form) {
    case 0x08: // string
      return from.text();
    case 0x1f: // line_strp
      return textAt(strings.lineStr, from.u32());
    case 0x0e: // strp
      return textAt(strings.str, from.u32());
    case 0x0b: // data1
      from.skip(1);
      return "";
    case 0x05: // data2
      from.skip(2);
      return "";
    case 0x06: // data4
      from.skip(4);
      return "";
    case 0x1e: // data16
      from.skip(16);
      return "";
    case 0x0f: // udata
      from.uleb();
      return "";
    default:
      throw new RangeError(`Cannot read line numbers: form 0x${form.toString(16)} of a file name is unknown`);
  }
}

function textAt(section: Uint8Array, offset: number): string {
  const from = new Bytes(section);
  from.at = offset;
  return from.text();
}

/** A table of directories or files of DWARF 5: the path of each entry. */
function readEntries(from: Bytes, strings: LineStrings): readonly string[] {
  const formats = Array.from({ length: from.u8() }, () => [from.uleb(), from.uleb()] as const);
  return Array.from({ length: from.uleb() }, () => {
    const values = formats.map(([content, form]) => [content, readForm(from, form, strings)] as const);
    return values.find(([content]) => content === DW_LNCT_PATH)?.[1] ?? "";
  });
}

/** The file names of DWARF 4, which counts from 1. */
function readNames(from: Bytes): readonly string[] {
  while (from.text() !== "");
  const names = [""];
  for (let name = from.text(); name !== ""; name = from.text()) {
    names.push(name);
    for (let i = 0; i < 3; i++) from.uleb();
  }
  return names;
}

interface Header {
  readonly instructionBytes: number;
  readonly lineBase: number;
  readonly lineRange: number;
  readonly opcodeBase: number;
  readonly lengths: readonly number[];
  readonly files: readonly string[];
}

function readHeader(from: Bytes, version: number, strings: LineStrings): Header {
  if (version === 5) from.skip(2);
  const length = from.u32();
  const program = from.at + length;
  const instructionBytes = from.u8();
  from.skip(2);
  const lineBase = from.s8();
  const lineRange = from.u8();
  const opcodeBase = from.u8();
  const lengths = Array.from({ length: opcodeBase - 1 }, () => from.u8());
  if (version === 5) readEntries(from, strings);
  const files = version === 5 ? readEntries(from, strings) : readNames(from);
  from.at = program;
  return { instructionBytes, lineBase, lineRange, opcodeBase, lengths, files };
}

/** The state machine of one unit. */
class LineMachine {
  readonly rows: LineRow[] = [];
  readonly #header: Header;
  #address = 0n;
  #file = 1;
  #line = 1;

  constructor(header: Header) {
    this.#header = header;
  }

  run(from: Bytes, end: number): void {
    while (from.at < end) this.#step(from);
  }

  #step(from: Bytes): void {
    const { opcodeBase, lineBase, lineRange, lengths } = this.#header;
    const opcode = from.u8();
    if (opcode >= opcodeBase) {
      this.#advance(Math.floor((opcode - opcodeBase) / lineRange));
      this.#line += lineBase + (opcode - opcodeBase) % lineRange;
      this.#emit();
      return;
    }
    if (opcode === EXTENDED) this.#extended(from);
    else if (opcode === COPY) this.#emit();
    else if (opcode === ADVANCE_PC) this.#advance(from.uleb());
    else if (opcode === ADVANCE_LINE) this.#line += from.sleb();
    else if (opcode === SET_FILE) this.#file = from.uleb();
    else if (opcode === CONST_ADD_PC) this.#advance(Math.floor((255 - opcodeBase) / lineRange));
    else if (opcode === FIXED_ADVANCE_PC) this.#address += BigInt(from.u16());
    else for (let i = 0; i < (lengths[opcode - 1] ?? 0); i++) from.uleb();
  }

  #extended(from: Bytes): void {
    const end = from.uleb() + from.at;
    const opcode = from.u8();
    if (opcode === SET_ADDRESS) this.#address = from.u64();
    if (opcode === END_SEQUENCE) {
      this.rows.push({ address: this.#address, file: "", line: 0 });
      [this.#address, this.#file, this.#line] = [0n, 1, 1];
    }
    from.at = end;
  }

  #advance(operations: number): void {
    this.#address += BigInt(operations * this.#header.instructionBytes);
  }

  #emit(): void {
    this.rows.push({ address: this.#address, file: this.#header.files[this.#file] ?? "", line: this.#line });
  }
}

/**
 * The rows of a section, in the order of the section; units of other versions are left out.
 *
 * @throws {RangeError} if it is truncated or has what DWARF does not know
 */
export function readLines(section: Uint8Array, strings: LineStrings): readonly LineRow[] {
  const from = new Bytes(section);
  const rows: LineRow[] = [];
  while (from.at < section.length) {
    const length = from.u32();
    const end = from.at + length;
    const version = from.u16();
    if (VERSIONS.includes(version)) {
      const machine = new LineMachine(readHeader(from, version, strings));
      machine.run(from, end);
      for (const row of machine.rows) rows.push(row);
    }
    from.at = end;
  }
  return rows;
}
