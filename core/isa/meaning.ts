/**
 * The vocabulary in which an instruction's meaning is written: a small typed tree of expressions and statements over
 * 64-bit values. It is data, so that one text of the meaning can be evaluated (the reference engine), generated into
 * code (the faster engines) and printed. What is not arithmetic, such as a CSR access or a TLB operation, is a
 * `call` of a plain function by name.
 *
 * All values are 64 bits wide; arithmetic wraps. A condition is 0 or 1. The 32-bit instructions are written with
 * {@linkcode w}, which sign-extends the low word of a result as LA64 asks of every `.w` form.
 *
 * @module
 */

/** A general register named by an operand field of the instruction word. */
export type RegisterField = "rd" | "rj" | "rk";

/** A floating-point register named by an operand field: 64 bits, whatever they mean. */
export type FloatField = "fd" | "fj" | "fk" | "fa";

/** A condition flag named by an operand field. */
export type FlagField = "cd" | "cj" | "ca";

/** The width and, for loads, the extension of a memory access. */
export type MemoryType = "s8" | "s16" | "s32" | "u8" | "u16" | "u32" | "u64";

/** Operations of one operand. `revb16` reverses the bytes in each 16-bit unit, and so on; `classify` is `fclass`. */
export type UnaryOp =
  | "not"
  | "clz64"
  | "ctz64"
  | "revb16"
  | "revb32"
  | "revb64"
  | "revh32"
  | "revh64"
  | "bitrev8"
  | "bitrev64"
  | "classify32"
  | "classify64";

/**
 * Operations of two operands. Shift counts are taken modulo 64. `mulhs`/`mulhu` are the high halves of the 128-bit
 * product. `divs/divu/rems/remu` by zero give the dividend and 0, and the one signed overflow gives the dividend and
 * 0: the manual leaves both undefined, and this is what QEMU answers. `crc32`/`crc32c` take a checksum (a) and a
 * message already cut to its width (b); the widths are separate operations.
 */
export type BinaryOp =
  | "add"
  | "sub"
  | "mul"
  | "mulhs"
  | "mulhu"
  | "divs"
  | "divu"
  | "rems"
  | "remu"
  | "and"
  | "or"
  | "xor"
  | "shl"
  | "shrl"
  | "shra"
  | "eq"
  | "ne"
  | "lts"
  | "ltu"
  | "les"
  | "leu"
  | "crc32_8"
  | "crc32_16"
  | "crc32_32"
  | "crc32_64"
  | "crc32c_8"
  | "crc32c_16"
  | "crc32c_32"
  | "crc32c_64";

/** A 64-bit value. */
export type Expr =
  | { readonly kind: "const"; readonly value: bigint }
  | { readonly kind: "register"; readonly field: RegisterField }
  | { readonly kind: "float"; readonly field: FloatField }
  /** A condition flag, 0 or 1. */
  | { readonly kind: "flag"; readonly field: FlagField }
  /** The number of the register that the field names, 0 to 31: known when the word is decoded. */
  | { readonly kind: "registerNumber"; readonly field: RegisterField }
  /** An immediate operand: sign-extended and scaled as the row declares it. */
  | { readonly kind: "operand"; readonly name: string }
  /** The address of this instruction. */
  | { readonly kind: "pc" }
  /** A value bound earlier in the same meaning by `bind`. */
  | { readonly kind: "bound"; readonly name: string }
  | { readonly kind: "unary"; readonly op: UnaryOp; readonly a: Expr }
  | { readonly kind: "binary"; readonly op: BinaryOp; readonly a: Expr; readonly b: Expr }
  /** An address of this program as a value: sign-extended from 32 bits where MISC.VA32Ln makes addresses that short. */
  | { readonly kind: "address"; readonly a: Expr }
  | { readonly kind: "extend"; readonly signed: boolean; readonly bits: number; readonly a: Expr }
  | { readonly kind: "select"; readonly condition: Expr; readonly a: Expr; readonly b: Expr }
  | { readonly kind: "load"; readonly type: MemoryType; readonly address: Expr; readonly access: Access };

/** How an access is checked. */
export interface Access {
  /** Natural alignment is required even where the profile allows unaligned accesses (atomics, ll/sc, bound checks). */
  readonly aligned?: boolean;
  /** A load that will be followed by a store: faults are those of a store (atomic read-modify-write). */
  readonly forStore?: boolean;
  /** Watchpoints were asked already: before a bound was compared, or by the load of the same operation. */
  readonly checked?: boolean;
}

/** Exceptions that a meaning can raise by itself. */
export type MeaningException = "SYS" | "BRK" | "INE" | "IPE" | "BCE" | "ALE" | "FPE";

/** One effect. */
export type Stmt =
  | { readonly kind: "set"; readonly field: RegisterField; readonly value: Expr }
  | { readonly kind: "setFloat"; readonly field: FloatField; readonly value: Expr }
  /** Writes bit 0 of the value to a condition flag. */
  | { readonly kind: "setFlag"; readonly field: FlagField; readonly value: Expr }
  /**
   * A floating-point operation under FCSR0: it rounds as RM says, records its exceptions in Cause and Flags, and one that is enabled
   * raises FPE and leaves the target alone. Operands and result are whole registers.
   */
  | {
    readonly kind: "compute";
    readonly target: FloatField | FlagField;
    /** By the mnemonic (see `core/exec/fp_operations.ts`). */
    readonly operation: string;
    readonly operands: readonly FloatField[];
  }
  /** Writes the return address register r1 (`bl`). */
  | { readonly kind: "link"; readonly value: Expr }
  | { readonly kind: "bind"; readonly name: string; readonly value: Expr }
  | {
    readonly kind: "store";
    readonly type: MemoryType;
    readonly address: Expr;
    readonly value: Expr;
    readonly access: Access;
  }
  | { readonly kind: "jump"; readonly target: Expr }
  | { readonly kind: "branch"; readonly condition: Expr; readonly target: Expr }
  | {
    readonly kind: "raise";
    readonly exception: MeaningException;
    readonly condition: Expr;
    /** Written to BADV when the exception is raised. */
    readonly badv?: Expr;
  }
  | {
    readonly kind: "call";
    readonly name: string;
    /** The registers that the function uses, where that is of interest. */
    readonly reads?: readonly RegisterField[];
    readonly writes?: readonly RegisterField[];
  }
  | { readonly kind: "seq"; readonly body: readonly Stmt[] };

// Leaves -------------------------------------------------------------------------------------------------------------

/** The value of the register that field `rd` names. */
export const rd: Expr = { kind: "register", field: "rd" };
/** The value of the register that field `rj` names. */
export const rj: Expr = { kind: "register", field: "rj" };
/** The value of the register that field `rk` names. */
export const rk: Expr = { kind: "register", field: "rk" };
/** The value of the floating-point register that field `fd` names. */
export const fd: Expr = { kind: "float", field: "fd" };
/** The value of the floating-point register that field `fj` names. */
export const fj: Expr = { kind: "float", field: "fj" };
/** The value of the floating-point register that field `fk` names. */
export const fk: Expr = { kind: "float", field: "fk" };
/** The condition flag that field `cd` names. */
export const cd: Expr = { kind: "flag", field: "cd" };
/** The condition flag that field `cj` names. */
export const cj: Expr = { kind: "flag", field: "cj" };
/** The condition flag that field `ca` names. */
export const ca: Expr = { kind: "flag", field: "ca" };
/** The address of this instruction. */
export const pc: Expr = { kind: "pc" };
/** The zero constant. */
export const zero: Expr = { kind: "const", value: 0n };

/** The number, 0 to 31, of the register that an operand field names (`amadd.w` must not name one register twice). */
export function registerNumber(of: Expr): Expr {
  if (of.kind !== "register") throw new TypeError(`Cannot take the register number of a ${of.kind}`);
  return { kind: "registerNumber", field: of.field };
}

/** A constant; negative values are taken modulo 2^64. */
export function k(value: bigint): Expr {
  return { kind: "const", value: BigInt.asUintN(64, value) };
}

/** The immediate operand `name`, as the row declares it (`si12` is sign-extended, `si14<<2` is scaled). */
export function imm(name: string): Expr {
  return { kind: "operand", name };
}

/** A value bound earlier by {@linkcode bind}. */
export function bound(name: string): Expr {
  return { kind: "bound", name };
}

// Expressions --------------------------------------------------------------------------------------------------------

function unary(op: UnaryOp): (a: Expr) => Expr {
  return (a) => ({ kind: "unary", op, a });
}

function binary(op: BinaryOp): (a: Expr, b: Expr) => Expr {
  return (a, b) => ({ kind: "binary", op, a, b });
}

export const not = unary("not");
export const clz64 = unary("clz64");
export const ctz64 = unary("ctz64");
export const revb16 = unary("revb16");
export const revb32 = unary("revb32");
export const revb64 = unary("revb64");
export const revh32 = unary("revh32");
export const revh64 = unary("revh64");
export const bitrev8 = unary("bitrev8");
export const bitrev64 = unary("bitrev64");
export const classify32 = unary("classify32");
export const classify64 = unary("classify64");

export const add = binary("add");
export const sub = binary("sub");
export const mul = binary("mul");
export const mulhs = binary("mulhs");
export const mulhu = binary("mulhu");
export const divs = binary("divs");
export const divu = binary("divu");
export const rems = binary("rems");
export const remu = binary("remu");
export const and = binary("and");
export const or = binary("or");
export const xor = binary("xor");
export const shl = binary("shl");
export const shrl = binary("shrl");
export const shra = binary("shra");
export const eq = binary("eq");
export const ne = binary("ne");
export const lts = binary("lts");
export const ltu = binary("ltu");
export const les = binary("les");
export const leu = binary("leu");

/** CRC-32 (polynomial 0xEDB88320) or CRC-32C (0x82F63B78) of one message unit of `bits` bits. */
export function crc(kind: "crc32" | "crc32c", bits: 8 | 16 | 32 | 64, checksum: Expr, message: Expr): Expr {
  return { kind: "binary", op: `${kind}_${bits}`, a: checksum, b: message };
}

/** Sign-extends the low `bits` bits. */
export function sext(bits: number, a: Expr): Expr {
  return { kind: "extend", signed: true, bits, a };
}

/** An address that an instruction computes from the PC, as the register that receives it shows it. */
export function address(a: Expr): Expr {
  return { kind: "address", a };
}

/** Zero-extends the low `bits` bits. */
export function zext(bits: number, a: Expr): Expr {
  return { kind: "extend", signed: false, bits, a };
}

/** The low word, sign-extended: the result rule of every `.w` instruction on LA64. */
export function w(a: Expr): Expr {
  return sext(32, a);
}

/** The low word, zero-extended. */
export function wu(a: Expr): Expr {
  return zext(32, a);
}

/** `a` where the condition is not 0, else `b`. */
export function select(condition: Expr, a: Expr, b: Expr): Expr {
  return { kind: "select", condition, a, b };
}

/** A load; the type says the width and the extension to 64 bits. */
export function load(type: MemoryType, address: Expr, access: Access = {}): Expr {
  return { kind: "load", type, address, access };
}

// Statements ---------------------------------------------------------------------------------------------------------

/** Writes the register or flag that an operand field names; a write to r0 has no effect. */
export function set(target: Expr, value: Expr): Stmt {
  switch (target.kind) {
    case "register":
      return { kind: "set", field: target.field, value };
    case "float":
      return { kind: "setFloat", field: target.field, value };
    case "flag":
      return { kind: "setFlag", field: target.field, value };
    default:
      throw new TypeError(`Cannot set a ${target.kind}: only a register is writable`);
  }
}

/** A floating-point operation by name, under FCSR0. */
export function compute(
  target: FloatField | FlagField,
  operation: string,
  ...operands: readonly FloatField[]
): Stmt {
  return { kind: "compute", target, operation, operands };
}

/** Writes r1. */
export function link(value: Expr): Stmt {
  return { kind: "link", value };
}

/** Names a value for the statements that follow, evaluated once, here. */
export function bind(name: string, value: Expr): Stmt {
  return { kind: "bind", name, value };
}

/** A store of the low bits of `value`. */
export function store(type: MemoryType, address: Expr, value: Expr, access: Access = {}): Stmt {
  return { kind: "store", type, address, value, access };
}

/** Continues at `target`. */
export function jump(target: Expr): Stmt {
  return { kind: "jump", target };
}

/** Continues at `target` if the condition is not 0. */
export function branchIf(condition: Expr, target: Expr): Stmt {
  return { kind: "branch", condition, target };
}

/** Raises an exception, always. */
export function raise(exception: MeaningException): Stmt {
  return { kind: "raise", exception, condition: k(1n) };
}

/** Raises an exception if the condition is not 0. */
export function raiseIf(condition: Expr, exception: MeaningException, badv?: Expr): Stmt {
  return badv === undefined
    ? { kind: "raise", exception, condition }
    : { kind: "raise", exception, condition, badv };
}

/** The general registers that a plain function uses. */
export interface CallUse {
  readonly reads?: readonly RegisterField[];
  readonly writes?: readonly RegisterField[];
}

/** A plain function of the machine, by name (see `core/exec/calls.ts`). */
export function call(name: string, use: CallUse = {}): Stmt {
  return { kind: "call", name, ...use };
}

/** Several effects, in order. */
export function seq(...body: readonly Stmt[]): Stmt {
  return { kind: "seq", body };
}

/** No effect (hints and barriers in a machine without caches or reordering). */
export const nop: Stmt = { kind: "seq", body: [] };

// What a meaning names -----------------------------------------------------------------------------------------------

/** The floating-point operations of a meaning. */
export function operationNames(meaning: Stmt): readonly string[] {
  if (meaning.kind === "compute") return [meaning.operation];
  return meaning.kind === "seq" ? meaning.body.flatMap(operationNames) : [];
}

/** The functions that a meaning calls. */
export function callNames(meaning: Stmt): readonly string[] {
  if (meaning.kind === "call") return [meaning.name];
  return meaning.kind === "seq" ? meaning.body.flatMap(callNames) : [];
}
