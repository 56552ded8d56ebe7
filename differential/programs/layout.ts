/**
 * Where the parts of a generated program stand. Code, stack and log are reached through a direct mapping window, so that handlers never
 * miss the TLB; the mapped pages are what the program is about.
 *
 * @module
 */

/** Bits 63:60 of the window (DMW1), as Linux has it. */
export const WINDOW = 0x9000_0000_0000_0000n;

/** Physical addresses. */
export const AT = {
  code: 0x10_0000,
  /** Instructions that the program writes and then executes. */
  written: 0x17_0000,
  /** Counters of interrupts, then the exceptions taken: {@linkcode LOG}. */
  log: 0x18_0000,
  /** Grows downwards. */
  stackTop: 0x1a_0000,
  /** The tables of both address spaces. */
  tables: 0x1b_0000,
  /** The pages of both address spaces. */
  pages: 0x20_0000,
  /** What is used of the large page, which maps all of the low 32 MiB: some in each of its halves. */
  huge: [0x60_0000, 0x160_0000],
} as const;

/** Offsets in the log. */
export const LOG = {
  /** Timer interrupts to come before the timer is stopped. */
  interruptsLeft: 0,
  /** Timer interrupts taken since it was armed. */
  interruptsTaken: 8,
  /** Offset of the next event, less that of the first. */
  cursor: 16,
  /** Events of 16 bytes: return address, then code and, where it counts, bad address. */
  events: 64,
  /** The oldest events are overwritten. */
  eventBytes: 0x800,
} as const;

/**
 * Size of a page, log2 of bytes. QEMU 7.2 cannot tell smaller pages apart: its own are of 16 KiB.
 */
export const PAGE_BITS = 14;
export const PAGE_BYTES = 1 << PAGE_BITS;
/** Index bits of a page table and of a directory. */
export const INDEX_BITS = 11;
const DIRECTORY_BITS = PAGE_BITS + INDEX_BITS;
const ROOT_BITS = DIRECTORY_BITS + INDEX_BITS;
/** PWCL and PWCH for these tables: page table, directory 1 and directory 3. */
export const WALK = {
  PWCL: BigInt(PAGE_BITS | INDEX_BITS << 5 | DIRECTORY_BITS << 10 | INDEX_BITS << 15),
  PWCH: BigInt(ROOT_BITS | INDEX_BITS << 6),
} as const;

/** Index in the root of what is mapped. */
export const ROOT_INDEX = 5;
/** Virtual address of the mapped pages, the same in both address spaces. */
export const MAPPED = BigInt(ROOT_INDEX) << BigInt(ROOT_BITS);
/** Virtual address of the large page. */
export const MAPPED_HUGE = MAPPED + (1n << BigInt(DIRECTORY_BITS));
/** Pages in each address space. */
export const PAGES = 16;
/** Address spaces; their ASIDs are 1 and 2. */
export const SPACES = 2;

/** Physical addresses of the tables of an address space. */
export function tablesOf(
  space: number,
): { readonly root: number; readonly directory: number; readonly table: number } {
  const size = 8 << INDEX_BITS;
  const root = AT.tables + space * 3 * size;
  return { root, directory: root + size, table: root + 2 * size };
}

/** Physical address of a page of an address space. */
export function pageOf(space: number, page: number): number {
  return AT.pages + (space * PAGES + page) * PAGE_BYTES;
}

/** The address of physical memory in the window. */
export function windowed(physical: number): bigint {
  return WINDOW | BigInt(physical);
}
