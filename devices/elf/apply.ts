/**
 * Relocations put into the bytes of a section.
 *
 * @module
 */
import { decode } from "../../core/isa/decode.ts";
import type { Field } from "../../core/isa/pattern.ts";
import type { Placed } from "./layout.ts";
import type { ObjectSection, Relocation } from "./object.ts";
import { type ElfError, hex } from "./reader.ts";
import type { Action, Part, Reach, RelocationRow, Source } from "./relocations.ts";
import type { Definition } from "./resolve.ts";

/** A relocation with what it means. */
export interface Use {
  readonly relocation: Relocation;
  readonly row: RelocationRow;
  readonly definition: Definition;
}

/** Where things are, once the layout is known. */
export interface Addresses {
  /** The address, or the value, of what a symbol stands for. */
  of(definition: Definition): bigint;
  /** The address of its slot in the table of addresses. */
  slot(definition: Definition): bigint;
  /** The address of that table. */
  readonly table: bigint;
}

type ActionOf<Kind extends Action["kind"]> = Action & { readonly kind: Kind };

const LEAST_32 = -(1n << 31n);
const JIRL = "jirl";
/** A number of variable length has at most so many bytes. */
const LONGEST_ULEB = 10;

/** The instruction words and numbers of one section, while its relocations are applied. */
export class Relocator {
  readonly #section: ObjectSection;
  readonly #placed: Placed;
  readonly #addresses: Addresses;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #stack: bigint[] = [];
  /** Symbols whose upper 32 bits some relocation supplies, by the number of that relocation. */
  readonly #upper = new Set<string>();

  constructor(section: ObjectSection, placed: Placed, addresses: Addresses) {
    this.#section = section;
    this.#placed = placed;
    this.#addresses = addresses;
    this.#bytes = placed.cuts.apply(section.bytes);
    this.#view = new DataView(this.#bytes.buffer);
  }

  /**
   * Applies relocations in their order.
   *
   * @returns the relocated bytes
   * @throws {ElfError} if a value does not fit, or its place is not what the relocation is for
   */
  apply(uses: readonly Use[]): Uint8Array {
    for (const { relocation, row } of uses) this.#upper.add(upperKey(row.number, relocation));
    for (const use of uses) this.#applyOne(use);
    const last = uses.at(-1);
    if (last !== undefined && this.#stack.length > 0) {
      throw this.#error(last, BigInt(this.#stack.length), "is the last, and the stack is not empty");
    }
    return this.#bytes;
  }

  #applyOne(use: Use): void {
    const { action } = use.row;
    if (action.kind === "ignored" || action.kind === "align") return;
    if (action.kind === "refused") throw this.#error(use, BigInt(use.row.number), `is ${action.what}`);
    if (this.#placed.cuts.has(use.relocation.offset)) {
      throw this.#error(use, use.relocation.addend, "is for bytes that an alignment leaves out");
    }
    if (action.kind === "instruction") this.#instruction(use, action);
    else if (action.kind === "data") this.#data(use, action);
    else if (action.kind === "sum") this.#sum(use, action);
    else if (action.kind === "uleb") this.#uleb(use, action);
    else this.#stackOperation(use, action);
  }

  // Places -----------------------------------------------------------------------------------------------------------

  /** Offset of the place in the bytes that stay; `size` bytes there are in the section. */
  #offset(use: Use, size: number): number {
    const offset = Number(this.#placed.cuts.moved(BigInt(use.relocation.offset)));
    if (offset + size <= this.#bytes.length) return offset;
    throw this.#error(
      use,
      BigInt(use.relocation.offset),
      `needs ${size} bytes, and the section has ${hex(this.#section.bytes.length)}`,
    );
  }

  #place(use: Use): bigint {
    return this.#placed.address + this.#placed.cuts.moved(BigInt(use.relocation.offset));
  }

  #target({ definition, relocation }: Use, from: Source): bigint {
    if (from === "slot") return this.#addresses.slot(definition);
    return this.#addresses.of(definition) + relocation.addend;
  }

  #error(use: Use, value: bigint, reason: string): ElfError {
    return this.#section.object.reader.error(
      `${describeUse(this.#section, use)}`,
      use.relocation.at,
      value,
      reason,
    );
  }

  // Instructions -----------------------------------------------------------------------------------------------------

  #instruction(use: Use, action: ActionOf<"instruction">): void {
    const word = this.#view.getUint32(this.#offset(use, 4), true);
    const value = action.value(this.#target(use, action.from), this.#place(use));
    if (action.reach !== undefined) this.#checkReach(use, value, action.reach);
    const needsUpper = value < LEAST_32 || value >= -LEAST_32;
    if (action.upper !== undefined && needsUpper) {
      if (!this.#upper.has(upperKey(action.upper, use.relocation))) {
        throw this.#error(use, value, "does not fit 32 bits; compile with -mcmodel=extreme");
      }
    }
    const { onJirl } = action;
    if (onJirl !== undefined && decode(word)?.instruction.name === JIRL) {
      const low = BigInt.asIntN(12, value);
      this.#checkReach(use, low, { bits: 12, multiple: 4n, plus: 0n });
      return this.#writePart(use, onJirl, low);
    }
    for (const part of action.parts) this.#writePart(use, part, value);
  }

  #checkReach(use: Use, value: bigint, { bits, multiple, plus }: Reach): void {
    const least = -(1n << BigInt(bits - 1)) - plus;
    const greatest = (1n << BigInt(bits - 1)) - multiple - plus;
    if (value < least || value > greatest) {
      throw this.#error(use, value, `is out of reach, which is ${hex(least)} to ${hex(greatest)}`);
    }
    if (value % multiple !== 0n) throw this.#error(use, value, `must be a multiple of ${multiple}`);
  }

  #writePart(use: Use, { at, field, low, plus }: Part, value: bigint): void {
    const offset = this.#offset(use, at + 4) + at;
    const word = this.#view.getUint32(offset, true);
    const decoded = decode(word)?.instruction;
    // An instruction that this machine does not have, such as one on vectors, may have the field as well.
    if (decoded !== undefined && !decoded.operands.some((o) => isSameField(o.field, field))) {
      throw this.#error(use, BigInt(word), `is at ${decoded.name}, which has no such field`);
    }
    this.#view.setUint32(offset, inserted(word, field, (value + plus) >> BigInt(low)), true);
  }

  // Numbers ----------------------------------------------------------------------------------------------------------

  #data(use: Use, { bytes, value: compute, sign }: ActionOf<"data">): void {
    const offset = this.#offset(use, bytes);
    const value = compute(this.#target(use, "symbol"), this.#place(use));
    if (bytes === 8) return this.#view.setBigUint64(offset, BigInt.asUintN(64, value), true);
    const greatest = (1n << (sign === "signed" ? 31n : 32n)) - 1n;
    if (value < LEAST_32 || value > greatest) {
      throw this.#error(use, value, `does not fit 32 bits, which is ${hex(LEAST_32)} to ${hex(greatest)}`);
    }
    this.#view.setUint32(offset, Number(BigInt.asUintN(32, value)), true);
  }

  #sum(use: Use, { bits, sign }: ActionOf<"sum">): void {
    const size = Math.ceil(bits / 8);
    const offset = this.#offset(use, size);
    let old = 0n;
    for (let i = size; i-- > 0;) old = old << 8n | BigInt(this.#bytes[offset + i] ?? 0);
    const kept = old >> BigInt(bits) << BigInt(bits);
    const sum = kept | BigInt.asUintN(bits, old + sign * this.#target(use, "symbol"));
    for (let i = 0; i < size; i++) this.#bytes[offset + i] = Number(sum >> BigInt(8 * i) & 0xffn);
  }

  #uleb(use: Use, { sign }: ActionOf<"uleb">): void {
    const offset = this.#offset(use, 1);
    const rest = this.#bytes.subarray(offset, offset + LONGEST_ULEB);
    const length = rest.findIndex((byte) => byte < 0x80) + 1;
    if (length === 0) throw this.#error(use, BigInt(offset), "is for a number that does not end");
    const old = rest.subarray(0, length).reduce(
      (sum, byte, i) => sum | BigInt(byte & 0x7f) << BigInt(7 * i),
      0n,
    );
    const value = BigInt.asUintN(Math.min(64, 7 * length), old + sign * this.#target(use, "symbol"));
    for (let i = 0; i < length; i++) {
      const more = i < length - 1 ? 0x80 : 0;
      rest[i] = Number(value >> BigInt(7 * i) & 0x7fn) | more;
    }
  }

  // The stack --------------------------------------------------------------------------------------------------------

  #stackOperation(
    use: Use,
    action: ActionOf<"push" | "operate" | "duplicate" | "assert" | "pop">,
  ): void {
    if (action.kind === "push") return this.#push(use, action);
    if (action.kind === "operate") {
      const operands = Array.from({ length: action.operands }, () => this.#pop(use)).reverse();
      this.#stack.push(BigInt.asIntN(64, action.result(...operands)));
      return;
    }
    const value = this.#pop(use);
    if (action.kind === "duplicate") this.#stack.push(value, value);
    else if (action.kind === "pop") this.#popInto(use, action, value);
    else if (value === 0n) throw this.#error(use, value, "asserts what is not so");
  }

  #push(use: Use, { from, value }: ActionOf<"push">): void {
    // A slot is meant by its offset from the start of the table, which code adds itself.
    const target = this.#target(use, from) - (from === "slot" ? this.#addresses.table : 0n);
    this.#stack.push(value(target, this.#place(use)));
  }

  #pop(use: Use): bigint {
    const value = this.#stack.pop();
    if (value === undefined) throw this.#error(use, 0n, "takes more from the stack than there is");
    return value;
  }

  #popInto(use: Use, { part, signed }: ActionOf<"pop">, value: bigint): void {
    const bits = part === undefined ? 32 : part.field.width + part.low;
    const multiple = part === undefined ? 1n : 1n << BigInt(part.low);
    // An unsigned number of n bits is a signed one once half its range is taken away.
    this.#checkReach(use, value, { bits, multiple, plus: signed ? 0n : -(1n << BigInt(bits - 1)) });
    if (part === undefined) this.#view.setUint32(this.#offset(use, 4), Number(value), true);
    else this.#writePart(use, part, value);
  }
}

/** What uses a symbol, for messages: `B26 at .text+0x14 (puts)`. */
export function describeUse(section: ObjectSection, { relocation, row }: Omit<Use, "definition">): string {
  const symbol = section.object.symbols[relocation.symbol];
  const name = relocation.symbol === 0 || symbol === undefined || symbol.name === ""
    ? ""
    : ` for ${symbol.name}`;
  return `${row.name} at ${section.name}+${hex(relocation.offset)}${name}`;
}

function upperKey(number: number, { symbol, addend }: Relocation): string {
  return `${number} ${symbol} ${addend}`;
}

function isSameField(a: Field, b: Field): boolean {
  return a.pieces.length === b.pieces.length &&
    a.pieces.every((p, i) => {
      const q = b.pieces[i];
      return p.at === q?.at && p.from === q.from && p.width === q.width;
    });
}

function inserted(word: number, field: Field, value: bigint): number {
  let result = BigInt(word);
  for (const { at, from, width } of field.pieces) {
    const mask = (1n << BigInt(width)) - 1n;
    result = result & ~(mask << BigInt(at)) | (value >> BigInt(from) & mask) << BigInt(at);
  }
  return Number(result);
}
