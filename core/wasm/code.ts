/**
 * The body of a WebAssembly function, written instruction by instruction.
 *
 * Source: WebAssembly Core Specification 3.0 (tail calls, several memories, relaxed vectors), chapter "Binary Format"; branch hints: the
 * proposal of that name.
 *
 * @module
 */

/** The types of values used here. */
export type ValueType = "i32" | "i64" | "f64" | "f32";

/** Their encodings. */
export const VALUE_TYPES: Readonly<Record<ValueType, number>> = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
};

/** What bytes can be appended to. */
export interface Sink {
  push(byte: number): unknown;
}

/** Bytes that grow in number: an array of numbers would take eight times as much memory. */
export class Bytes implements Sink {
  #buffer = new Uint8Array(128);
  #length = 0;

  get length(): number {
    return this.#length;
  }

  push(byte: number): void {
    if (this.#length === this.#buffer.length) this.#grow(1);
    this.#buffer[this.#length++] = byte;
  }

  append(bytes: ArrayLike<number>): void {
    if (this.#length + bytes.length > this.#buffer.length) this.#grow(bytes.length);
    this.#buffer.set(bytes, this.#length);
    this.#length += bytes.length;
  }

  /** All of them, until one more is appended. */
  get view(): Uint8Array<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#length);
  }

  #grow(by: number): void {
    const larger = new Uint8Array(2 * (this.#length + by));
    larger.set(this.view);
    this.#buffer = larger;
  }
}

/** Appends an unsigned number as LEB128. */
export function unsigned(out: Sink, value: number): void {
  let rest = value;
  while (rest >= 0x80) {
    out.push((rest & 0x7f) | 0x80);
    rest = Math.floor(rest / 0x80);
  }
  out.push(rest);
}

/** Appends a signed number as LEB128. */
export function signed(out: Sink, value: bigint): void {
  const low = Number(BigInt.asIntN(32, value));
  if (BigInt(low) === value) return signed32(out, low);
  let rest = value;
  for (;;) {
    const low = Number(rest & 0x7fn);
    rest >>= 7n;
    const isLast = (rest === 0n && (low & 0x40) === 0) || (rest === -1n && (low & 0x40) !== 0);
    out.push(isLast ? low : low | 0x80);
    if (isLast) return;
  }
}

/** The same for a number of 32 bits, of which there are many. */
export function signed32(out: Sink, value: number): void {
  let rest = value;
  for (;;) {
    const low = rest & 0x7f;
    rest >>= 7;
    const isLast = (rest === 0 && (low & 0x40) === 0) || (rest === -1 && (low & 0x40) !== 0);
    out.push(isLast ? low : low | 0x80);
    if (isLast) return;
  }
}

/** Instructions without operands of their own. */
const PLAIN = {
  "unreachable": 0x00,
  "return": 0x0f,
  "drop": 0x1a,
  "select": 0x1b,
  "i32.eqz": 0x45,
  "i32.eq": 0x46,
  "i32.ne": 0x47,
  "i32.lt_s": 0x48,
  "i32.lt_u": 0x49,
  "i32.gt_s": 0x4a,
  "i32.gt_u": 0x4b,
  "i32.le_u": 0x4d,
  "i32.ge_s": 0x4e,
  "i32.ge_u": 0x4f,
  "i64.eqz": 0x50,
  "i64.eq": 0x51,
  "i64.ne": 0x52,
  "i64.lt_s": 0x53,
  "i64.lt_u": 0x54,
  "i64.le_s": 0x57,
  "i64.le_u": 0x58,
  "i64.ge_u": 0x5a,
  "i32.add": 0x6a,
  "i32.sub": 0x6b,
  "i32.and": 0x71,
  "i32.or": 0x72,
  "i32.xor": 0x73,
  "i32.shl": 0x74,
  "i32.shr_u": 0x76,
  "i64.clz": 0x79,
  "i64.ctz": 0x7a,
  "i64.add": 0x7c,
  "i64.sub": 0x7d,
  "i64.mul": 0x7e,
  "i64.div_s": 0x7f,
  "i64.div_u": 0x80,
  "i64.rem_s": 0x81,
  "i64.rem_u": 0x82,
  "i64.and": 0x83,
  "i64.or": 0x84,
  "i64.xor": 0x85,
  "i64.shl": 0x86,
  "i64.shr_s": 0x87,
  "i64.shr_u": 0x88,
  "i64.rotl": 0x89,
  "i32.wrap_i64": 0xa7,
  "i64.extend_i32_s": 0xac,
  "i64.extend_i32_u": 0xad,
  "i64.extend8_s": 0xc2,
  "i64.extend16_s": 0xc3,
  "i64.extend32_s": 0xc4,
  "f32.lt": 0x5d,
  "f32.gt": 0x5e,
  "f32.ne": 0x5c,
  "f32.eq": 0x5b,
  "f32.le": 0x5f,
  "f64.eq": 0x61,
  "f64.ne": 0x62,
  "f64.lt": 0x63,
  "f64.gt": 0x64,
  "f64.le": 0x65,
  "f64.ge": 0x66,
  "f32.abs": 0x8b,
  "f32.neg": 0x8c,
  "f32.nearest": 0x90,
  "f32.sqrt": 0x91,
  "f32.add": 0x92,
  "f32.sub": 0x93,
  "f32.mul": 0x94,
  "f32.div": 0x95,
  "f32.min": 0x96,
  "f32.max": 0x97,
  "f64.abs": 0x99,
  "f64.neg": 0x9a,
  "f64.ceil": 0x9b,
  "f64.floor": 0x9c,
  "f64.trunc": 0x9d,
  "f64.nearest": 0x9e,
  "f64.sqrt": 0x9f,
  "f64.add": 0xa0,
  "f64.sub": 0xa1,
  "f64.mul": 0xa2,
  "f64.div": 0xa3,
  "f64.min": 0xa4,
  "f64.max": 0xa5,
  "f32.convert_i64_s": 0xb4,
  "f32.demote_f64": 0xb6,
  "f64.convert_i64_s": 0xb9,
  "f64.promote_f32": 0xbb,
  "i32.reinterpret_f32": 0xbc,
  "i64.reinterpret_f64": 0xbd,
  "f32.reinterpret_i32": 0xbe,
  "f64.reinterpret_i64": 0xbf,
} as const;

/** The same of several bytes. The lane of a vector is its lowest. */
const PREFIXED = {
  "i64.trunc_sat_f64_s": [0xfc, 0x06],
  "f32x4.splat": [0xfd, 0x13],
  "f64x2.splat": [0xfd, 0x14],
  "f32x4.extract_lane": [0xfd, 0x1f, 0],
  "f64x2.extract_lane": [0xfd, 0x21, 0],
  "f32x4.relaxed_madd": [0xfd, 0x85, 0x02],
  "f64x2.relaxed_madd": [0xfd, 0x87, 0x02],
} as const;

/** The name of an instruction without operands of its own. */
export type Plain = keyof typeof PLAIN | keyof typeof PREFIXED;

const OPCODES: Readonly<Record<Plain, number | readonly number[]>> = { ...PLAIN, ...PREFIXED };

/** Loads and stores: code and alignment (a hint, log2 of bytes). */
const ACCESS = {
  "i32.load": [0x28, 2],
  "i64.load": [0x29, 3],
  "i32.load8_u": [0x2d, 0],
  "i64.load8_s": [0x30, 0],
  "i64.load8_u": [0x31, 0],
  "i64.load16_s": [0x32, 0],
  "i64.load16_u": [0x33, 0],
  "i64.load32_s": [0x34, 0],
  "i64.load32_u": [0x35, 0],
  "f64.load": [0x2b, 3],
  "i32.store": [0x36, 2],
  "i32.store8": [0x3a, 0],
  "f64.store": [0x39, 3],
  "i64.store": [0x37, 3],
  "i64.store8": [0x3c, 0],
  "i64.store16": [0x3d, 0],
  "i64.store32": [0x3e, 0],
} as const;

/** The name of a load or store. */
export type MemoryAccess = keyof typeof ACCESS;

/** Marks an alignment as followed by the number of a memory. */
const HAS_MEMORY = 0x40;
const NO_RESULT = 0x40;

/** A function's body under construction. Every method appends and returns this. */
export class Code {
  readonly bytes = new Bytes();
  readonly locals: ValueType[] = [];
  /** Where in `bytes` the conditions stand that hardly ever hold. */
  readonly unlikely: number[] = [];
  readonly #parameters: number;
  #depth = 0;
  /** Locals that may be used again, by type, and how many of each are in use. */
  #temporaries: Map<ValueType, { readonly locals: number[]; used: number }> | undefined;

  /** @param parameters how many parameters the function has; locals follow them */
  constructor(parameters: number) {
    this.#parameters = parameters;
  }

  /** The number of blocks that are open. */
  get depth(): number {
    return this.#depth;
  }

  /** A local variable; its number. */
  local(type: ValueType): number {
    const temporaries = this.#temporaries;
    if (temporaries === undefined) return this.#parameters + this.locals.push(type) - 1;
    let pool = temporaries.get(type);
    if (pool === undefined) temporaries.set(type, pool = { locals: [], used: 0 });
    const found = pool.locals[pool.used++];
    if (found !== undefined) return found;
    const made = this.#parameters + this.locals.push(type) - 1;
    pool.locals.push(made);
    return made;
  }

  /** Locals made from now on are free again at the next call of this. */
  recycle(): void {
    this.#temporaries ??= new Map();
    for (const pool of this.#temporaries.values()) pool.used = 0;
  }

  op(...names: readonly Plain[]): this {
    // An iterator for each would be more garbage than all else.
    for (let i = 0; i < names.length; i++) {
      const code = OPCODES[names[i]!];
      if (typeof code === "number") this.bytes.push(code);
      else this.bytes.append(code);
    }
    return this;
  }

  get(local: number): this {
    return this.#numbered(0x20, local);
  }

  set(local: number): this {
    return this.#numbered(0x21, local);
  }

  tee(local: number): this {
    return this.#numbered(0x22, local);
  }

  i32(value: number): this {
    this.bytes.push(0x41);
    signed32(this.bytes, value | 0);
    return this;
  }

  i64(value: bigint): this {
    this.bytes.push(0x42);
    signed(this.bytes, BigInt.asIntN(64, value));
    return this;
  }

  f32(value: number): this {
    return this.#constant(0x43, new Uint8Array(Float32Array.of(value).buffer));
  }

  f64(value: number): this {
    return this.#constant(0x44, new Uint8Array(Float64Array.of(value).buffer));
  }

  #constant(code: number, littleEndian: Uint8Array): this {
    this.bytes.push(code);
    this.bytes.append(littleEndian);
    return this;
  }

  /** A load or store; the address is on the stack. */
  access(name: MemoryAccess, offset: number, memory = 0): this {
    const code = ACCESS[name];
    this.bytes.push(code[0]);
    this.bytes.push(memory === 0 ? code[1] : code[1] | HAS_MEMORY);
    if (memory !== 0) unsigned(this.bytes, memory);
    unsigned(this.bytes, offset);
    return this;
  }

  if(result?: ValueType): this {
    this.#depth++;
    this.bytes.push(0x04);
    this.bytes.push(result === undefined ? NO_RESULT : VALUE_TYPES[result]);
    return this;
  }

  /** An `if` that is hardly ever taken: what is inside is kept out of the way of what is not. */
  ifUnlikely(): this {
    this.unlikely.push(this.bytes.length);
    return this.if();
  }

  else(): this {
    this.bytes.push(0x05);
    return this;
  }

  end(): this {
    this.#depth--;
    this.bytes.push(0x0b);
    return this;
  }

  block(): this {
    this.#depth++;
    this.bytes.push(0x02);
    this.bytes.push(NO_RESULT);
    return this;
  }

  loop(): this {
    this.#depth++;
    this.bytes.push(0x03);
    this.bytes.push(NO_RESULT);
    return this;
  }

  /** Branches to a block, given by {@linkcode depth} inside it. */
  br(depth: number): this {
    return this.#numbered(0x0c, this.#depth - depth);
  }

  /** Branches to the block whose place in the list is on the stack, or to the last one. */
  brTable(depths: readonly number[], otherwise: number): this {
    this.#numbered(0x0e, depths.length);
    for (const depth of [...depths, otherwise]) unsigned(this.bytes, this.#depth - depth);
    return this;
  }

  call(f: number): this {
    return this.#numbered(0x10, f);
  }

  returnCall(f: number): this {
    return this.#numbered(0x12, f);
  }

  /** Tail-calls the function of table 0 whose number is on the stack. */
  returnCallIndirect(type: number): this {
    this.#numbered(0x13, type);
    this.bytes.push(0);
    return this;
  }

  #numbered(code: number, value: number): this {
    this.bytes.push(code);
    unsigned(this.bytes, value);
    return this;
  }
}
