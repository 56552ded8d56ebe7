/**
 * Where things stand in an attached machine's state memory (memory 0 of the generated module; memory 1 is RAM). All offsets are bytes.
 *
 * @module
 */

/** The general registers, 8 bytes each. */
export const GPR = 0x0;
/** Where writes to r0 go. */
export const DISCARD = 0x100;

/** What wasm and the engine tell each other. */
export const CONTROL = {
  /** i32: instructions that may still execute. */
  left: 0x110,
  /** i32: the operation at which execution stopped. */
  op: 0x114,
  /** i32: the operations of the current page. */
  page: 0x118,
  /** i32: the software TLBs of the current context. */
  fetchTlb: 0x11c,
  loadTlb: 0x120,
  storeTlb: 0x124,
  /** i64: the virtual address of an operation is this plus an eighth of its place. */
  pcDelta: 0x128,
  /** i64: where execution continues, where that is no operation known yet. */
  target: 0x130,
  /** i64: the address that missed a software TLB. */
  missed: 0x138,
} as const;

/** The floating-point state. */
export const FP = {
  /** The floating-point registers, 8 bytes each. */
  registers: 0xe00,
  /** The condition flags, a byte each. */
  flags: 0xf00,
  /** i32: FCSR0, but for what the remembered operation adds to it. */
  fcsr: 0xf08,
  /** i32: not 0 where an instruction of the unit raises an exception. */
  disabled: 0xf0c,
  /** i32: the operation of which Cause has not heard yet, see `core/threaded/fp_code.ts`. */
  remembered: 0xf10,
  /** Its operands, 8 bytes each. */
  operands: 0xf18,
} as const;

/** An entry of a software TLB: virtual page, then where it is in RAM less the page; of a page to store to also its operations. */
export const TLB_ENTRY = { tag: 0, addend: 8, code: 12, bytes: 16 } as const;
/** Entries of the software TLBs. Looking through those for fetches is part of every run's beginning, so that they are few. */
export const TLB_ENTRIES = { fetch: 256, load: 1024, store: 1024 } as const;
/** A tag that no access matches. */
export const NO_TAG = 1n;

/** Software TLBs: one set for each of some contexts. */
export const TLBS = 0x1000;
/** Where each is within those of a context. */
export const TLB_OFFSETS = {
  fetch: 0,
  load: TLB_ENTRIES.fetch * TLB_ENTRY.bytes,
  store: (TLB_ENTRIES.fetch + TLB_ENTRIES.load) * TLB_ENTRY.bytes,
} as const;
export const CONTEXT_BYTES = TLB_OFFSETS.store + TLB_ENTRIES.store * TLB_ENTRY.bytes;
export const CONTEXTS = 8;

/** A decoded instruction. */
export const OP = {
  /** i32: number of its function in the table. */
  f: 0,
  /** i32 each: place of the register, or of the floating-point register or flag in the same bits of the word. */
  rd: 4,
  rj: 8,
  rk: 12,
  /** i64: the first operand that is no register; i32: the place of `fa` or `ca`, which no other operand goes with. */
  first: 16,
  /** i32: the second one, sign-extended. */
  second: 24,
  /** i32: {@linkcode MEMBER}, and above it how often it was jumped to. */
  heat: 28,
  bytes: 32,
} as const;

/** Set in `heat` of an operation that is part of a region: a write to its word ends the region. */
export const MEMBER = 1;
/** Added to `heat` by a jump. */
export const WARMTH = 2;

export const PAGE_BYTES = 0x1000;
/** Operations of a page. */
export const PAGE_OPS = PAGE_BYTES / 4;
/** The operations of a page, with one behind them that leads to the next page. A multiple of 64. */
export const CODE_PAGE_BYTES = PAGE_OPS * OP.bytes + 64;
/** The pages of operations. */
export const CODE = TLBS + CONTEXTS * CONTEXT_BYTES;

/** Why wasm returned. */
export const EXIT = {
  /** No instruction is left; `op` is the next. */
  budget: 0,
  /** The engine wanted it. */
  stop: 1,
  /** Where `target` is has to be found out. */
  fetch: 2,
} as const;

/** Functions of the table that are no instruction's. */
export const TABLE = { undecoded: 0, pageEnd: 1, slow: 2, firstInstruction: 3 } as const;
