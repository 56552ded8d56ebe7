/**
 * Where things stand in an attached machine's state memory. All offsets are bytes.
 *
 * @module
 */
import { CRMD } from "../csr/basic.ts";
import { WASM_PAGE } from "../memory.ts";

/** The numbers of the two memories in a module. V8 reaches the first one of a module faster: operations use the state more, regions RAM. */
export interface Memories {
  readonly state: number;
  readonly ram: number;
}
export const OPERATION_MEMORIES: Memories = { state: 0, ram: 1 };
export const REGION_MEMORIES: Memories = { state: 1, ram: 0 };

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
  /** i64: the virtual address of an operation is this plus an eighth of its place. */
  pcDelta: 0x128,
  /** i64: where execution continues, where that is no operation known yet. */
  target: 0x130,
  /** i64: the address that missed a software TLB. */
  missed: 0x138,
  /** i64: bytes of RAM, which begins at physical address 0. */
  ramBytes: 0x158,
  /** i32: counts what wasm did to the machine that the engine has to be told: modes changed, and exceptions taken. */
  moved: 0x140,
  trapped: 0x144,
  /** i32: 1 if execution has to stop when the host is entered. */
  untilHost: 0x148,
  /** i32: Ecode and EsubCode of the access that raises an exception, in their places in ESTAT, and its word. */
  faultCodes: 0x14c,
  faultWord: 0x150,

  // What follows is copied from the current context, in the order of CONTEXT.

  /** i32: the software TLBs. */
  fetchTlb: 0x160,
  loadTlb: 0x164,
  storeTlb: 0x168,
  /** i32: the bank of the registers that csrrd means, 0 where not every such access is allowed. */
  csrOwn: 0x16c,
  /** i32: the host's bank in host mode, where csrrd of it is allowed; else 0. */
  csrHost: 0x170,
  /** i32: the guest's bank where gcsrrd is allowed; else 0. */
  csrGuest: 0x174,
  /** i32: 1 if wasm takes exceptions and returns from them in this context. */
  transitions: 0x178,
  /** i32: 1 in guest mode. */
  world: 0x17c,
  /** i32: not 0 where an instruction of the floating-point unit raises an exception. */
  fpDisabled: 0x180,
  /** i32: the same as `csrOwn`, for the registers of the TLB and of the timer, of which the host can make a guest's accesses exit. */
  csrTlb: 0x184,
  csrTimer: 0x188,
} as const;

/** A context as wasm switches to it: what it copies to {@linkcode CONTROL}. */
export const CONTEXT = { copied: 0x160, bytes: 48, words: 11 } as const;
/** The contexts of the software TLBs. */
export const CONTEXT_RECORDS = 0x400;
/**
 * i32 each: the record of the context in each mode, 0 if unknown. The index is that of {@linkcode modeIndex}. They are right for the present
 * environment.
 */
export const BY_MODE = { at: 0x600, entries: 64, guest: 32 } as const;
/** The monitors of ll/sc, two f64 each: {@linkcode LlBit.cells}. */
export const LLBITS = { host: 0x700, guest: 0x710 } as const;
/** The banks of CSRs. */
export const BANKS = { host: 0x1000, guest: 0x2000, bytes: 0x1000 } as const;
/** Within a bank: i32, the interrupt lines as its ESTAT shows them. The values are at {@linkcode BANK.values}. */
export const BANK = { lines: 0, values: 8 } as const;

/** The floating-point state. */
export const FP = {
  /** The floating-point registers, 8 bytes each. */
  registers: 0x3000,
  /** The condition flags, a byte each. */
  flags: 0x3100,
  /** i32: FCSR0, but for what the remembered operation adds to it. */
  fcsr: 0x3108,
  /** i32: the operation of which Cause has not heard yet, see `core/threaded/fp_code.ts`. */
  remembered: 0x310c,
  /** Its operands, 8 bytes each. */
  operands: 0x3110,
} as const;

/** What cpucfg reads: i32 each, of the first indices. */
export const CPUCFG = { at: 0x3800, words: 32 } as const;

/** General registers to be loaded, 8 bytes each. */
export const FRAME = 0x3900;

/** The index in {@linkcode BY_MODE} of a world and the bits of CRMD that rule the mode. */
export function modeIndex(inGuest: boolean, crmd: number): number {
  return (inGuest ? BY_MODE.guest : 0) | (crmd & MODE_BITS);
}

/** PLV, DA and PG in CRMD. */
export const MODE_BITS = Number(CRMD.ruling("mode"));
/** A byte for each region: 1 if it was entered since it was looked at last. */
export const REGIONS_USED = 0x800;
/** The most regions. */
export const MOST_REGIONS = 0x800;

/** An entry of a software TLB: virtual page, then where it is in RAM less the page; of a page to store to also its operations. */
export const TLB_ENTRY = { tag: 0, addend: 8, code: 12, bytes: 16 } as const;
/** Entries of the software TLBs. Looking through those for fetches is part of every run's beginning, so that they are few. */
export const TLB_ENTRIES = { fetch: 256, load: 1024, store: 1024 } as const;
/** A tag that no access matches: what is compared with tags has none of the bits 11 to 3, but may have lower ones. */
export const NO_TAG = 0x800n;
/** Set in the tag of a page whose translation is right, but which has to be looked at before it is used again; a bit that no access matches either. */
export const DOUBTED = 0x400;

/** Software TLBs: one set for each of some contexts. */
export const TLBS = 0x4000;
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

/** Pages of operations kept. */
export const MOST_PAGES = 512;
/** The operations of words that are not in memory, behind the pages: less than a page of them, which nothing leads out of. */
export const LOOSE = { at: CODE + MOST_PAGES * CODE_PAGE_BYTES, count: PAGE_OPS - 1 } as const;
/** Pages of WebAssembly memory that the state takes, a constant: V8 need not check accesses that it knows to be within. */
export const STATE_PAGES = Math.ceil((LOOSE.at + LOOSE.count * OP.bytes) / WASM_PAGE);

/** Why wasm returned. */
export const EXIT = {
  /** No instruction is left; `op` is the next. */
  budget: 0,
  /** The engine wanted it. */
  stop: 1,
  /** Where `target` is has to be found out. */
  fetch: 2,
} as const;

/** The exceptions of accesses to memory, as WebAssembly takes them: by the world that executes, or by the host of the guest that does. */
export const FAULTS = [
  { isRefill: false, exits: false },
  { isRefill: false, exits: true },
  { isRefill: true, exits: false },
  { isRefill: true, exits: true },
] as const;

/** The index among {@linkcode FAULTS}. */
export function faultIndex(isRefill: boolean, exits: boolean): number {
  return (isRefill ? 2 : 0) + (exits ? 1 : 0);
}

/** Entries of the table: functions that are no instruction's own, {@linkcode FAULTS} of accesses and of fetches, instructions, regions. */
export const TABLE = {
  undecoded: 0,
  pageEnd: 1,
  slow: 2,
  call: 3,
  loadFrame: 4,
  firstFault: 5,
  firstFetchFault: 9,
  firstInstruction: 13,
  firstRegion: 2048,
} as const;
