/**
 * The relocations of LoongArch, each declared once: its number, its name and what it does. Numbers and formulas are those of the
 * LoongArch ELF psABI 2.30 (loongson/la-abi-specs); S + A is called the target here, PC the place.
 *
 * @module
 */
import type { Field } from "../../core/isa/pattern.ts";
import { ISA } from "../../core/isa/table.ts";

/** A number made of the address meant and the address of what is relocated. */
export type Value = (target: bigint, place: bigint) => bigint;

/** Where the address meant comes from: the symbol itself, or its slot in the table of addresses (GOT). */
export type Source = "symbol" | "slot";

/** A field of an instruction, and the bits of the value that go into it. */
export interface Part {
  /** Bytes from the place. */
  readonly at: number;
  readonly field: Field;
  /** Lowest bit of the value that goes into the field. */
  readonly low: number;
  /** Added to the value first: what a sign-extended lower part takes away. */
  readonly plus: bigint;
}

/** What a value must be: a signed number of so many bits once `plus` is added, and a multiple. */
export interface Reach {
  readonly bits: number;
  readonly multiple: bigint;
  readonly plus: bigint;
}

/** What a relocation does. */
export type Action =
  /** Nothing. */
  | { readonly kind: "ignored" }
  /** What it is, for the message that refuses it. */
  | { readonly kind: "refused"; readonly what: string }
  /** Removes no-operations in front of an aligned place. */
  | { readonly kind: "align" }
  /** Writes into the immediate of one instruction, or two. */
  | {
    readonly kind: "instruction";
    readonly from: Source;
    readonly value: Value;
    readonly parts: readonly Part[];
    readonly reach?: Reach;
    /** The relocation that supplies the upper 32 bits; without one for the same symbol, the value must fit 32 bits. */
    readonly upper?: number;
    /** `jirl` takes the same 12 bits in its own, wider field. */
    readonly onJirl?: Part;
  }
  /** Writes a number. */
  | {
    readonly kind: "data";
    readonly bytes: 4 | 8;
    readonly value: Value;
    readonly sign: "signed" | "either";
  }
  /** Adds to a number modulo its size, or subtracts from it. */
  | { readonly kind: "sum"; readonly bits: 6 | 8 | 16 | 24 | 32 | 64; readonly sign: 1n | -1n }
  /** The same for a number of variable length (ULEB128), whose length stays. */
  | { readonly kind: "uleb"; readonly sign: 1n | -1n }
  /** Pushes onto the stack that relocations of one section share. */
  | { readonly kind: "push"; readonly from: Source; readonly value: Value }
  /** Takes operands from the stack, the deepest first, and pushes a result. */
  | {
    readonly kind: "operate";
    readonly operands: number;
    readonly result: (...operands: bigint[]) => bigint;
  }
  | { readonly kind: "duplicate" }
  | { readonly kind: "assert" }
  /** Takes a number from the stack and writes it: into a field, or without one as the whole word. */
  | { readonly kind: "pop"; readonly part?: Part; readonly signed: boolean };

/** A row of the table. */
export interface RelocationRow {
  readonly number: number;
  /** As in `B26`: the psABI's name without `R_LARCH_`. */
  readonly name: string;
  readonly action: Action;
}

// Fields of instructions -----------------------------------------------------------------------------------------------

function fieldOf(instruction: string, operand: string): Field {
  const field = ISA.get(instruction)?.operands.find((o) => o.name === operand)?.field;
  if (field === undefined) {
    throw new TypeError(`Cannot find operand ${operand} of ${instruction}: no such row`);
  }
  return field;
}

const SI5 = fieldOf("slli.w", "ui5");
const SI12 = fieldOf("addi.d", "si12");
const SI16 = fieldOf("addu16i.d", "si16");
const SI20 = fieldOf("lu12i.w", "si20");
const OFFS16 = fieldOf("beq", "offs16");
const OFFS21 = fieldOf("beqz", "offs21");
const OFFS26 = fieldOf("b", "offs26");

function part(field: Field, low: number, at = 0, plus = 0n): Part {
  return { at, field, low, plus };
}

// Values ---------------------------------------------------------------------------------------------------------------

const PAGE = ~0xfffn;

function distance(target: bigint, place: bigint): bigint {
  return BigInt.asIntN(64, target - place);
}

function absolute(target: bigint): bigint {
  return BigInt.asIntN(64, target);
}

/** From the page of the place to the one from which a signed 12-bit offset reaches the target. */
function pages(target: bigint, place: bigint): bigint {
  return BigInt.asIntN(64, ((target + 0x800n) & PAGE) - (place & PAGE));
}

/**
 * The same for the upper 32 bits, which are added to what the lower ones sign-extend to. The instruction stands `back` bytes behind
 * the `pcalau12i` that the distance counts from.
 */
function upperPages(back: bigint): Value {
  return (target, place) => {
    const borrow = (target & 0x800n) !== 0n ? 0x1000n - 0x1_0000_0000n : 0n;
    return BigInt.asIntN(64, ((target + 0x8000_0000n + borrow) & PAGE) - ((place - back) & PAGE));
  };
}

// Kinds of rows --------------------------------------------------------------------------------------------------------

function ignored(): Action {
  return { kind: "ignored" };
}

function dynamic(): Action {
  return { kind: "refused", what: "for a dynamic linker" };
}

function threadLocal(): Action {
  return { kind: "refused", what: "for thread-local storage, which a bare machine does not have" };
}

/** A branch that reaches as far as its field does. */
function branch(field: Field): Action {
  const reach = { bits: field.width + 2, multiple: 4n, plus: 0n };
  return { kind: "instruction", from: "symbol", value: distance, parts: [part(field, 2)], reach };
}

/** Part of an address, of which another instruction has the rest. */
function piece(from: Source, value: Value, field: Field, low: number, upper?: number): Action {
  return {
    kind: "instruction",
    from,
    value,
    parts: [part(field, low)],
    ...(upper === undefined ? {} : { upper }),
  };
}

function farCall(): Action {
  return {
    kind: "instruction",
    from: "symbol",
    value: distance,
    parts: [part(SI20, 18, 0, 0x20000n), part(OFFS16, 2, 4)],
    reach: { bits: 38, multiple: 4n, plus: 0x20000n },
  };
}

function data(bytes: 4 | 8, value: Value, sign: "signed" | "either" = "either"): Action {
  return { kind: "data", bytes, value, sign };
}

function sum(bits: 6 | 8 | 16 | 24 | 32 | 64, sign: 1n | -1n): Action {
  return { kind: "sum", bits, sign };
}

function push(value: Value, from: Source = "symbol"): Action {
  return { kind: "push", from, value };
}

function operate(operands: number, result: (...operands: bigint[]) => bigint): Action {
  return { kind: "operate", operands, result };
}

function pop(field: Field, low = 0, signed = true): Action {
  return { kind: "pop", part: part(field, low), signed };
}

/** A count outside 0 to 63 moves all bits out. */
function shiftLeft(value = 0n, count = 0n): bigint {
  return BigInt.asUintN(6, count) === count ? value << count : 0n;
}

function shiftRight(value = 0n, count = 0n): bigint {
  return value >> (BigInt.asUintN(6, count) === count ? count : 64n);
}

// deno-fmt-ignore
const ROWS: readonly (readonly [number, string, Action])[] = [
  [0,   "NONE",              ignored()],
  [1,   "32",                data(4, absolute)],
  [2,   "64",                data(8, absolute)],
  [3,   "RELATIVE",          dynamic()],
  [4,   "COPY",              dynamic()],
  [5,   "JUMP_SLOT",         dynamic()],
  [6,   "TLS_DTPMOD32",      threadLocal()],
  [7,   "TLS_DTPMOD64",      threadLocal()],
  [8,   "TLS_DTPREL32",      threadLocal()],
  [9,   "TLS_DTPREL64",      threadLocal()],
  [10,  "TLS_TPREL32",       threadLocal()],
  [11,  "TLS_TPREL64",       threadLocal()],
  [12,  "IRELATIVE",         dynamic()],
  [13,  "TLS_DESC32",        threadLocal()],
  [14,  "TLS_DESC64",        threadLocal()],
  [20,  "MARK_LA",           ignored()],
  [21,  "MARK_PCREL",        ignored()],
  [22,  "SOP_PUSH_PCREL",    push(distance)],
  [23,  "SOP_PUSH_ABSOLUTE", push(absolute)],
  [24,  "SOP_PUSH_DUP",      { kind: "duplicate" }],
  [25,  "SOP_PUSH_GPREL",    push(absolute, "slot")],
  [26,  "SOP_PUSH_TLS_TPREL", threadLocal()],
  [27,  "SOP_PUSH_TLS_GOT",  threadLocal()],
  [28,  "SOP_PUSH_TLS_GD",   threadLocal()],
  [29,  "SOP_PUSH_PLT_PCREL", push(distance)],
  [30,  "SOP_ASSERT",        { kind: "assert" }],
  [31,  "SOP_NOT",           operate(1, (a) => a === 0n ? 1n : 0n)],
  [32,  "SOP_SUB",           operate(2, (a = 0n, b = 0n) => a - b)],
  [33,  "SOP_SL",            operate(2, shiftLeft)],
  [34,  "SOP_SR",            operate(2, shiftRight)],
  [35,  "SOP_ADD",           operate(2, (a = 0n, b = 0n) => a + b)],
  [36,  "SOP_AND",           operate(2, (a = 0n, b = 0n) => a & b)],
  [37,  "SOP_IF_ELSE",       operate(3, (a = 0n, b = 0n, c = 0n) => a !== 0n ? b : c)],
  [38,  "SOP_POP_32_S_10_5", pop(SI5)],
  [39,  "SOP_POP_32_U_10_12", pop(SI12, 0, false)],
  [40,  "SOP_POP_32_S_10_12", pop(SI12)],
  [41,  "SOP_POP_32_S_10_16", pop(SI16)],
  [42,  "SOP_POP_32_S_10_16_S2", pop(OFFS16, 2)],
  [43,  "SOP_POP_32_S_5_20", pop(SI20)],
  [44,  "SOP_POP_32_S_0_5_10_16_S2", pop(OFFS21, 2)],
  [45,  "SOP_POP_32_S_0_10_10_16_S2", pop(OFFS26, 2)],
  [46,  "SOP_POP_32_U",      { kind: "pop", signed: false }],
  [47,  "ADD8",              sum(8, 1n)],
  [48,  "ADD16",             sum(16, 1n)],
  [49,  "ADD24",             sum(24, 1n)],
  [50,  "ADD32",             sum(32, 1n)],
  [51,  "ADD64",             sum(64, 1n)],
  [52,  "SUB8",              sum(8, -1n)],
  [53,  "SUB16",             sum(16, -1n)],
  [54,  "SUB24",             sum(24, -1n)],
  [55,  "SUB32",             sum(32, -1n)],
  [56,  "SUB64",             sum(64, -1n)],
  [57,  "GNU_VTINHERIT",     ignored()],
  [58,  "GNU_VTENTRY",       ignored()],
  [64,  "B16",               branch(OFFS16)],
  [65,  "B21",               branch(OFFS21)],
  [66,  "B26",               branch(OFFS26)],
  [67,  "ABS_HI20",          piece("symbol", absolute, SI20, 12, 69)],
  [68,  "ABS_LO12",          piece("symbol", absolute, SI12, 0)],
  [69,  "ABS64_LO20",        piece("symbol", absolute, SI20, 32)],
  [70,  "ABS64_HI12",        piece("symbol", absolute, SI12, 52)],
  [71,  "PCALA_HI20",        piece("symbol", pages, SI20, 12, 73)],
  [72,  "PCALA_LO12",        { kind: "instruction", from: "symbol", value: absolute, parts: [part(SI12, 0)], onJirl: part(OFFS16, 2) }],
  [73,  "PCALA64_LO20",      piece("symbol", upperPages(8n), SI20, 32)],
  [74,  "PCALA64_HI12",      piece("symbol", upperPages(12n), SI12, 52)],
  [75,  "GOT_PC_HI20",       piece("slot", pages, SI20, 12, 77)],
  [76,  "GOT_PC_LO12",       piece("slot", absolute, SI12, 0)],
  [77,  "GOT64_PC_LO20",     piece("slot", upperPages(8n), SI20, 32)],
  [78,  "GOT64_PC_HI12",     piece("slot", upperPages(12n), SI12, 52)],
  [79,  "GOT_HI20",          piece("slot", absolute, SI20, 12, 81)],
  [80,  "GOT_LO12",          piece("slot", absolute, SI12, 0)],
  [81,  "GOT64_LO20",        piece("slot", absolute, SI20, 32)],
  [82,  "GOT64_HI12",        piece("slot", absolute, SI12, 52)],
  [83,  "TLS_LE_HI20",       threadLocal()],
  [84,  "TLS_LE_LO12",       threadLocal()],
  [85,  "TLS_LE64_LO20",     threadLocal()],
  [86,  "TLS_LE64_HI12",     threadLocal()],
  [87,  "TLS_IE_PC_HI20",    threadLocal()],
  [88,  "TLS_IE_PC_LO12",    threadLocal()],
  [89,  "TLS_IE64_PC_LO20",  threadLocal()],
  [90,  "TLS_IE64_PC_HI12",  threadLocal()],
  [91,  "TLS_IE_HI20",       threadLocal()],
  [92,  "TLS_IE_LO12",       threadLocal()],
  [93,  "TLS_IE64_LO20",     threadLocal()],
  [94,  "TLS_IE64_HI12",     threadLocal()],
  [95,  "TLS_LD_PC_HI20",    threadLocal()],
  [96,  "TLS_LD_HI20",       threadLocal()],
  [97,  "TLS_GD_PC_HI20",    threadLocal()],
  [98,  "TLS_GD_HI20",       threadLocal()],
  [99,  "32_PCREL",          data(4, distance, "signed")],
  [100, "RELAX",             ignored()],
  [102, "ALIGN",             { kind: "align" }],
  [103, "PCREL20_S2",        branch(SI20)],
  [105, "ADD6",              sum(6, 1n)],
  [106, "SUB6",              sum(6, -1n)],
  [107, "ADD_ULEB128",       { kind: "uleb", sign: 1n }],
  [108, "SUB_ULEB128",       { kind: "uleb", sign: -1n }],
  [109, "64_PCREL",          data(8, distance)],
  [110, "CALL36",            farCall()],
  [111, "TLS_DESC_PC_HI20",  threadLocal()],
  [112, "TLS_DESC_PC_LO12",  threadLocal()],
  [113, "TLS_DESC64_PC_LO20", threadLocal()],
  [114, "TLS_DESC64_PC_HI12", threadLocal()],
  [115, "TLS_DESC_HI20",     threadLocal()],
  [116, "TLS_DESC_LO12",     threadLocal()],
  [117, "TLS_DESC64_LO20",   threadLocal()],
  [118, "TLS_DESC64_HI12",   threadLocal()],
  [119, "TLS_DESC_LD",       threadLocal()],
  [120, "TLS_DESC_CALL",     threadLocal()],
  [121, "TLS_LE_HI20_R",     threadLocal()],
  [122, "TLS_LE_ADD_R",      threadLocal()],
  [123, "TLS_LE_LO12_R",     threadLocal()],
  [124, "TLS_LD_PCREL20_S2", threadLocal()],
  [125, "TLS_GD_PCREL20_S2", threadLocal()],
  [126, "TLS_DESC_PCREL20_S2", threadLocal()],
];

/** The relocations by number. */
export const RELOCATIONS: ReadonlyMap<number, RelocationRow> = new Map(
  ROWS.map(([number, name, action]) => [number, { number, name, action }]),
);

/** A relocation's name, for messages: `RELATIVE (3)`. */
export function describeRelocation(number: number): string {
  return `${RELOCATIONS.get(number)?.name ?? "unknown"} (${number})`;
}
