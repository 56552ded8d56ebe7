/**
 * lddir and ldpte: the steps of a software page walk. In guest mode the tables lie at GPAs, so that each step goes through stage 2
 * (LVZ-MMU-14).
 *
 * @module
 */
import type { CsrBank } from "../csr/bank.ts";
import { PWCL, TLBRBADV, TLBREHI, TLBRELO0, TLBRELO1, WALK_LEVELS } from "../csr/translation.ts";
import type { Decoded } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import { low48, lowBits, POWERS } from "../halves.ts";
import type { TlbUse } from "../mmu/regime.ts";
import { Lookup, stage2 } from "../mmu/translate.ts";
import { setRegister } from "./registers.ts";

/** Of an entry of a directory: it is a page itself. */
export const HUGE = 1n << 6n;
const HUGE_GLOBAL = 1n << 12n;
const GLOBAL = 1n << 6n;
/** Where lddir notes the level of a huge page that it passes on: bits 14:13. */
const LEVEL_SHIFT = 13n;
const LEVEL_MASK = 3n << LEVEL_SHIFT;
/** No more bits of an index are in an address of 48 bits: entries have 8 bytes at least. */
const MOST_INDEX_BITS = 45;

interface Level {
  readonly base: number;
  readonly width: number;
}

/**
 * Base and width of a level's index: 0 is the page table, 1 to 4 the directories. A level of width 0, which PWCL and PWCH say does not
 * exist, has entry 0 alone.
 */
function levelOf(bank: CsrBank, level: number): Level {
  const fields = WALK_LEVELS[level];
  return fields === undefined
    ? { base: 0, width: 0 }
    : { base: bank.bits(fields[0]), width: bank.bits(fields[1]) };
}

/** The bits of the bad address that are a level's index, or as many of them as matter. */
function indexOf(bank: CsrBank, { base, width }: Level): number {
  const [low, high] = [bank.word(TLBRBADV), bank.highWord(TLBRBADV)];
  const shifted = base < 32
    ? Math.floor(low / POWERS[base]!) + lowBits(high, MOST_INDEX_BITS - 32 + base) * POWERS[32 - base]!
    : Math.floor(high / POWERS[base - 32]!);
  return lowBits(shifted, Math.min(width, MOST_INDEX_BITS));
}

/**
 * A table entry. The base is cut to PALEN (LVZ-MMU-15). Tables are aligned, and the low bits of a base that is not are ignored here:
 * an entry must not straddle two pages, of which stage 2 translates only the first.
 */
function readEntry(m: Machine, table: bigint, index: number): bigint {
  const entryBytes = 8 * (1 + (m.current.word(PWCL) >>> PWCL.PTEWidth.spec.low));
  const address = lowBits(low48(table) + index * entryBytes, m.profile.palen);
  const aligned = address - (address & 7);
  const { stage2: use } = m.regime;
  return m.readPhysical(use === undefined ? aligned : guestPhysical(m, use, aligned), 8);
}

function guestPhysical(m: Machine, use: TlbUse, gpa: number): number {
  const found = new Lookup();
  return found.checked(stage2(m, use, gpa, "load", found));
}

/**
 * The next table, or a huge page passed on with the level at which it was met. The manual defines levels 1 to 4; with another one nothing
 * is read and the table passed on, as QEMU does.
 */
export function loadDirectory(m: Machine, table: bigint, level: number): bigint {
  if (level === 0 || level >= WALK_LEVELS.length) return table;
  if (table & HUGE) return table & LEVEL_MASK ? table : table | (BigInt(level & 3) << LEVEL_SHIFT);
  return readEntry(m, table, indexOf(m.current, levelOf(m.current, level)));
}

/** Puts the even (0) or odd (1) page table entry into TLBRELO0 or TLBRELO1, and the page size into TLBREHI. */
export function loadPageEntry(m: Machine, table: bigint, odd: boolean): void {
  const bank = m.current;
  const { entry, ps } = table & HUGE ? splitHuge(bank, table, odd) : ordinary(m, table, odd);
  const target = odd ? TLBRELO1 : TLBRELO0;
  bank.write(target, entry & bank.writeMask(target, "own"));
  bank.setBits(TLBREHI.PS, ps & 0x3f);
}

function ordinary(m: Machine, table: bigint, odd: boolean): { readonly entry: bigint; readonly ps: number } {
  const level = levelOf(m.current, 0);
  const index = indexOf(m.current, level);
  const even = index - (index & 1);
  return { entry: readEntry(m, table, odd ? even + 1 : even), ps: level.base };
}

/** A huge page fills both halves of a pair: pages of half its size, the global bit moved to its place in an ordinary entry. */
function splitHuge(
  bank: CsrBank,
  huge: bigint,
  odd: boolean,
): { readonly entry: bigint; readonly ps: number } {
  const { base, width } = levelOf(bank, Number((huge & LEVEL_MASK) >> LEVEL_SHIFT));
  const ps = base + width - 1;
  const plain = huge & ~(HUGE | LEVEL_MASK | HUGE_GLOBAL);
  const entry = plain | (huge & HUGE_GLOBAL ? GLOBAL : 0n) | (odd ? 1n << BigInt(ps) : 0n);
  return { entry, ps };
}

/** The calls of this file. */
export const WALK_CALLS = {
  "lddir": (m: Machine, op: Decoded) =>
    setRegister(m, op.rd, loadDirectory(m, m.gpr[op.rj]!, Number(op.operands["level"]))),
  "ldpte": (m: Machine, op: Decoded) => loadPageEntry(m, m.gpr[op.rj]!, op.operands["seq"] !== 0n),
};
