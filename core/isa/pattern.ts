/**
 * Parsing of the two text columns of a row: the bit pattern and the operands.
 *
 * @module
 */
/** A run of bits of a field: `width` bits at `at` in the word hold the field's bits from `from` up. */
export interface Piece {
  /** Lowest bit in the word. */
  readonly at: number;
  /** Lowest bit in the field's value. */
  readonly from: number;
  /** Number of bits. */
  readonly width: number;
}

/** A field of the instruction word. */
export interface Field {
  /** The name with its width if it carries one, as in `si12`. */
  readonly name: string;
  /** Width in bits, 1 to 31. */
  readonly width: number;
  /** True for `si` and `offs`: the value is sign-extended. */
  readonly signed: boolean;
  /** Where the bits stand in the word; together they are the whole field. */
  readonly pieces: readonly Piece[];
}

/** The registers that an operand may name: general, floating-point, condition flags, floating-point control and status. */
export type RegisterFile = "general" | "float" | "flag" | "fcsr";

/** The register fields. Their positions in the word are in their names: `d` at 0, `j` at 5, `k` at 10, `a` at 15. */
const REGISTER_FIELDS = {
  rd: "general",
  rj: "general",
  rk: "general",
  fd: "float",
  fj: "float",
  fk: "float",
  fa: "float",
  cd: "flag",
  cj: "flag",
  ca: "flag",
  fcsr: "fcsr",
} as const satisfies Record<string, RegisterFile>;

/** The name of a register field. */
export type RegisterFieldName = keyof typeof REGISTER_FIELDS;

/** The names of the register fields. */
export const REGISTER_FIELD_NAMES = Object.keys(REGISTER_FIELDS) as readonly RegisterFieldName[];

/** Bits of a register number. */
const REGISTER_WIDTHS: Readonly<Record<RegisterFile, number>> = { general: 5, float: 5, flag: 3, fcsr: 2 };

/** A field of this name names a register. */
export function isRegisterField(name: string): name is RegisterFieldName {
  return Object.hasOwn(REGISTER_FIELDS, name);
}

/** One operand, in the units in which the assembler writes it: `field value * 2^shift + plus`. */
export interface Operand {
  /** The name of the field, as in `si14`. */
  readonly name: string;
  /** `offset` is relative to the address of the instruction; `csr` is the number of a CSR. */
  readonly kind: "register" | "csr" | "immediate" | "offset";
  /** Of a register: which ones. */
  readonly file?: RegisterFile;
  /** The bits of the word that hold it. */
  readonly field: Field;
  /** The written value is a multiple of `2^shift`. */
  readonly shift: number;
  /** Added to the field's value when written (`sa2+1`). */
  readonly plus: number;
  /** The least written value. */
  readonly min: number;
  /** The greatest written value. */
  readonly max: number;
}

/** What the pattern column says. */
export interface Pattern {
  /** Bits that the pattern fixes. */
  readonly mask: number;
  /** Values of the fixed bits; 0 elsewhere. */
  readonly match: number;
  /** What follows the opcode. */
  readonly tail: Tail;
}

/** Reports a mistake in the row. */
export type Fail = (reason: string) => never;

interface Token {
  readonly name: string;
  readonly width: number;
  readonly signed: boolean;
  /** The bits of the field that stand here. */
  readonly high: number;
  readonly low: number;
}

const MAX_FIELD_WIDTH = 31;

function fieldWidth(text: string, fail: Fail): { name: string; width: number; signed: boolean } {
  if (isRegisterField(text)) {
    return { name: text, width: REGISTER_WIDTHS[REGISTER_FIELDS[text]], signed: false };
  }
  const sized = /^(si|ui|sa|offs)(\d+)$/.exec(text);
  const written = /^([a-z]+):(\d+)$/.exec(text);
  const [, kind = "", digits = ""] = sized ?? written ?? fail(`field "${text}" is unknown, or has no width`);
  const width = Number(digits);
  if (width < 1 || width > MAX_FIELD_WIDTH) {
    fail(`field "${text}" is ${width} bits wide, range is 1 to ${MAX_FIELD_WIDTH}`);
  }
  if (sized) return { name: text, width, signed: kind === "si" || kind === "offs" };
  if (isRegisterField(kind)) fail(`field "${text}" must not give its width`);
  return { name: kind, width, signed: false };
}

function parseToken(text: string, fail: Fail): Token {
  const piece = /^([a-z0-9:]+)\[(\d+):(\d+)\]$/.exec(text);
  const { name, width, signed } = fieldWidth(piece?.[1] ?? text, fail);
  const high = piece ? Number(piece[2]) : width - 1;
  const low = piece ? Number(piece[3]) : 0;
  if (high < low || high >= width) fail(`piece "${text}" is not a range of the ${width} bits of ${name}`);
  return { name, width, signed, high, low };
}

/** The part of a pattern behind its opcode. Most rows end like others, and share it. */
export interface Tail {
  readonly mask: number;
  readonly match: number;
  readonly fields: readonly Field[];
  /** In bits. */
  readonly width: number;
}

const NO_TAIL: Tail = { mask: 0, match: 0, fields: [], width: 0 };

// Memos of pure functions: nothing else can observe them.
const TAILS = new Map<string, Tail>();
const OPERANDS = new WeakMap<Tail, Map<string, Operands>>();

/** The literal bits that a pattern begins with, if a space or nothing follows them. */
const OPCODE = /^[01]+(?= |$)/;

/** Parses a pattern such as `0000001011 si12 rj rd`. */
export function parsePattern(bits: string, fail: Fail): Pattern {
  const opcode = OPCODE.exec(bits)?.[0] ?? "";
  const width = opcode.length;
  const tail = width === bits.length ? NO_TAIL : tailOf(width === 0 ? bits : bits.slice(width + 1), fail);
  if (tail.width + width !== 32) fail(`its bits add to ${tail.width + width}, not 32`);
  const scale = 2 ** tail.width;
  return {
    mask: tail.mask + (2 ** width - 1) * scale,
    match: tail.match + (width === 0 ? 0 : parseInt(opcode, 2)) * scale,
    tail,
  };
}

function tailOf(text: string, fail: Fail): Tail {
  let tail = TAILS.get(text);
  if (tail === undefined) TAILS.set(text, tail = parseTail(text, fail));
  return tail;
}

function parseTail(bits: string, fail: Fail): Tail {
  let [mask, match, total] = [0, 0, 0];
  const parts = new Map<string, { token: Token; pieces: Piece[] }>();
  for (const text of bits.split(" ").reverse()) {
    if (text === "") fail("its bits have two spaces together, or at an end");
    if (/^[01]+$/.test(text)) {
      mask += (2 ** text.length - 1) * 2 ** total;
      match += parseInt(text, 2) * 2 ** total;
      total += text.length;
      continue;
    }
    const token = parseToken(text, fail);
    const part = parts.get(token.name) ?? { token, pieces: [] };
    parts.set(token.name, part);
    if (part.token.width !== token.width) fail(`field ${token.name} has two widths`);
    part.pieces.push({ at: total, from: token.low, width: token.high - token.low + 1 });
    total += token.high - token.low + 1;
  }
  const fields = [...parts.values()].map(({ token, pieces }): Field => {
    checkPieces(token, pieces, fail);
    return { name: token.name, width: token.width, signed: token.signed, pieces };
  });
  return { mask, match, fields, width: total };
}

function checkPieces(token: Token, pieces: readonly Piece[], fail: Fail): void {
  let next = 0;
  for (const piece of [...pieces].sort((a, b) => a.from - b.from)) {
    if (piece.from < next) fail(`field ${token.name} has bit ${piece.from} twice`);
    if (piece.from > next) fail(`field ${token.name} lacks bit ${next}`);
    next = piece.from + piece.width;
  }
  if (next !== token.width) fail(`field ${token.name} lacks bit ${next}`);
}

function operandKind(name: string): Operand["kind"] {
  if (isRegisterField(name)) return "register";
  if (name === "csr") return "csr";
  return name.startsWith("offs") ? "offset" : "immediate";
}

/** What the operand column says. */
export interface Operands {
  /** In assembly order. */
  readonly operands: readonly Operand[];
  /** Those that are not registers. */
  readonly immediates: readonly Operand[];
}

/** Parses operands such as `rd, rj, si14<<2`; every field must be one, once. */
export function parseOperands(text: string, tail: Tail, fail: Fail): Operands {
  let known = OPERANDS.get(tail);
  if (known === undefined) OPERANDS.set(tail, known = new Map());
  let found = known.get(text);
  if (found === undefined) {
    const operands = makeOperands(text, tail.fields, fail);
    found = { operands, immediates: operands.filter((o) => o.kind !== "register") };
    known.set(text, found);
  }
  return found;
}

function makeOperands(text: string, fields: readonly Field[], fail: Fail): readonly Operand[] {
  const unused = new Map(fields.map((field) => [field.name, field]));
  const operands = (text === "" ? [] : text.split(", ")).map((item): Operand => {
    const parts = /^([a-z]+\d*)(?:<<(\d+)|\+(\d+))?$/.exec(item) ?? fail(`operand "${item}" is malformed`);
    const [, name = "", shiftDigits = "0", plusDigits = "0"] = parts;
    const known = fields.some((f) => f.name === name);
    const field = unused.get(name) ??
      fail(known ? `operand ${name} stands twice` : `operand ${name} is no field of its bits`);
    unused.delete(name);
    const kind = operandKind(name);
    const shift = Number(shiftDigits);
    const plus = Number(plusDigits);
    if (kind === "register" && (shift !== 0 || plus !== 0)) fail(`operand "${item}" scales a register`);
    if (field.width + shift > 32) fail(`operand "${item}" is wider than 32 bits`);
    const scale = 2 ** shift;
    const least = field.signed ? -(2 ** (field.width - 1)) : 0;
    const greatest = 2 ** (field.signed ? field.width - 1 : field.width) - 1;
    const file = isRegisterField(name) ? { file: REGISTER_FIELDS[name] } : {};
    return {
      name,
      kind,
      ...file,
      field,
      shift,
      plus,
      min: least * scale + plus,
      max: greatest * scale + plus,
    };
  });
  for (const name of unused.keys()) fail(`field ${name} is no operand`);
  return operands;
}
