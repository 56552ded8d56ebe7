/**
 * CSR accesses as software makes them: legalisation from the declarations, and what a read or write does beyond storage.
 *
 * @module
 */
import { guestPending, hostPending } from "../interrupts.ts";
import type { Machine } from "../machine.ts";
import { BADV, ESTAT, LLBCTL, TI } from "./basic.ts";
import type { CsrBank, CsrRow } from "./bank.ts";
import type { CsrDeclaration } from "./define.ts";
import { PMCFG, PMCNT } from "./performance.ts";
import { TCFG, TICLR, TVAL } from "./timer.ts";
import { PGD, PGDH, PGDL, TLBRBADV, TLBRERA } from "./translation.ts";

/** Who writes: software of the register's own world, or the host through gcsrwr. */
export type Writer = "own" | "host";

/** One world's registers with what drives them. */
interface World {
  readonly m: Machine;
  readonly bank: CsrBank;
  readonly isGuest: boolean;
}

/** Things by CSR number. In an array, as `core/csr/table.ts` has the declarations. */
function byNumber<T>(entries: readonly (readonly [number, T])[]): readonly (T | undefined)[] {
  const all: (T | undefined)[] = [];
  for (const [number, thing] of entries) all[number] = thing;
  return all;
}

const READS = byNumber<(w: World) => bigint>([
  [ESTAT.number, (w) => w.bank.read(ESTAT) | BigInt(w.isGuest ? guestPending(w.m) : hostPending(w.m))],
  [LLBCTL.number, (w) => LLBCTL.ROLLB.set(w.bank.read(LLBCTL), w.m.llbit(w.isGuest).valid ? 1n : 0n)],
  [TVAL.number, (w) => w.m.timer(w.isGuest).value],
  [PGD.number, (w) => w.bank.read(badAddress(w) >> 47n & 1n ? PGDH : PGDL)],
  ...PMCNT.map((csr, n): [number, (w: World) => bigint] => [
    csr.number,
    (w) => w.m.counters.value(w.isGuest, n),
  ]),
]);

function badAddress({ bank }: World): bigint {
  return bank.is(TLBRERA.IsTLBR) ? bank.read(TLBRBADV) : bank.read(BADV);
}

/** Acts on a write; `written` is the value as software gave it, `old` what was stored before. */
type WriteEffect = (w: World, written: bigint, old: bigint, writer: Writer) => void;

const WRITES = byNumber<WriteEffect>([
  [TCFG.number, (w, _written, old, writer) => {
    const quirk = writer === "host" && w.m.profile.lvz.gcsrTcfgUnchanged === "ignored";
    if (!(quirk && w.bank.read(TCFG) === old)) w.m.timer(w.isGuest).configure();
  }],
  [TVAL.number, (w, _written, _old, writer) => {
    if (writer === "host") w.m.timer(w.isGuest).setValue(w.bank.read(TVAL));
  }],
  [TICLR.number, (w, written) => {
    if (TICLR.CLR.get(written)) w.bank.write(ESTAT, w.bank.read(ESTAT) & ~TI);
  }],
  [LLBCTL.number, (w, written) => {
    if (LLBCTL.WCLLB.get(written)) w.m.llbit(w.isGuest).valid = false;
  }],
  ...PMCFG.map((csr): [number, WriteEffect] => [csr.number, (w) => w.m.counters.configured()]),
  ...PMCNT.map((csr, n): [number, WriteEffect] => [csr.number, (w) => w.m.counters.written(w.isGuest, n)]),
]);

/** True if a read gives what is stored, and nothing else. */
export function readsAsStored(number: number): boolean {
  return READS[number] === undefined;
}

/** True if a write does nothing but store. */
export function writesAsStored(number: number): boolean {
  return WRITES[number] === undefined;
}

/**
 * A register's value as software sees it. Registers of 32 bits are sign-extended; a register that the machine lacks reads 0.
 */
export function readCsr(m: Machine, isGuest: boolean, csr: CsrDeclaration): bigint {
  const row = (isGuest ? m.guest : m.host).row(csr.number);
  return row === undefined ? 0n : readRow(m, isGuest, row);
}

/** The same of a register that the machine has. */
export function readRow(m: Machine, isGuest: boolean, row: CsrRow): bigint {
  const bank = isGuest ? m.guest : m.host;
  const special = READS[row.number];
  const value = special === undefined ? bank.values[row.slot]! : special({ m, bank, isGuest });
  return row.isShort ? BigInt.asUintN(64, BigInt.asIntN(32, value)) : value;
}

const ALL_BITS = (1n << 64n) - 1n;

/**
 * Writes a register as software does: only writable bits stick, and only legal values.
 *
 * @param value the whole new value, bits that the instruction does not write included
 * @param written the bits that the instruction writes: all but for csrxchg
 */
export function writeCsr(
  m: Machine,
  isGuest: boolean,
  csr: CsrDeclaration,
  value: bigint,
  writer: Writer,
  written = ALL_BITS,
): void {
  const row = (isGuest ? m.guest : m.host).row(csr.number);
  if (row !== undefined) writeRow(m, isGuest, row, value, writer, written);
}

/** The same of a register that the machine has. */
export function writeRow(
  m: Machine,
  isGuest: boolean,
  row: CsrRow,
  value: bigint,
  writer: Writer,
  written: bigint,
): void {
  const bank = isGuest ? m.guest : m.host;
  const { slot, clearedByOne, legalise } = row;
  const old = bank.values[slot]!;
  const locked = row.locked?.(bank) ?? 0n;
  const writable = writer === "own" ? row.ownMask : row.hostMask;
  const mask = locked === 0n ? writable : writable & ~locked;
  // Most registers need none of the arithmetic, which takes time.
  const merged = mask === ALL_BITS ? value : (old & ~mask) | (value & mask);
  const clears = writer === "own" && clearedByOne !== 0n;
  const next = clears ? merged & ~(value & written & clearedByOne) : merged;
  bank.put(slot, legalise === undefined ? next : legalise(old, next, m.profile, written));
  WRITES[row.number]?.({ m, bank, isGuest }, value, old, writer);
}
