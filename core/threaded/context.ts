/**
 * What a translation depends on, other than the TLB: while it stays the same, so do the software TLBs; and which instructions WebAssembly may
 * execute there.
 *
 * @module
 */
import { CRMD, EUEN, MISC } from "../csr/basic.ts";
import type { CsrBank } from "../csr/bank.ts";
import type { CsrDeclaration } from "../csr/define.ts";
import { GCFG, GSTAT, GTLBC } from "../csr/lvz.ts";
import { ASID, DMW, RVACFG, STLBPS } from "../csr/translation.ts";
import type { Machine } from "../machine.ts";
import type { Regime } from "../mmu/regime.ts";
import {
  BANKS,
  BY_MODE,
  CONTEXT,
  CONTEXT_BYTES,
  CONTEXT_RECORDS,
  CONTROL,
  MODE_BITS,
  modeIndex,
  TLBS,
} from "./layout.ts";
import { SoftwareTlb } from "./software_tlb.ts";

const REGISTERS: readonly CsrDeclaration[] = [ASID, STLBPS, RVACFG, MISC, ...DMW];
const WORD = 4;

/** The context that a machine is in, as a text to compare. */
function contextOf(m: Machine): string {
  const { host } = m;
  return m.inGuest
    ? `${part(m.guest)} ${host.read(STLBPS)} ${host.get(GSTAT.GID)} ${host.read(GCFG)}`
    : part(host);
}

function part(bank: CsrBank): string {
  let text = `${bank.read(CRMD) & BigInt(MODE_BITS)}`;
  for (const csr of REGISTERS) text += ` ${bank.read(csr)}`;
  return text;
}

const ALIGNMENT = [MISC.ALCL0, MISC.ALCL1, MISC.ALCL2, MISC.ALCL3] as const;

/**
 * True where an instruction needs no more checks than the generated functions make: addresses have 64 bits, no watchpoint means the
 * present mode, and unaligned accesses are allowed.
 */
function isPlain(m: Machine): boolean {
  return !m.address32 && !m.isWatched && !m.current.is(ALIGNMENT[m.plv]!);
}

/** True where taking an exception or returning from one does nothing that the generated functions do not. */
function hasPlainTransitions(m: Machine): boolean {
  return !m.counters.areCounting && m.profile.lvz.guestTimerInHost !== "paused" &&
    m.profile.lvz.badvAtGspr !== "pc" && !(m.inGuest && (m.host.is(GCFG.TOE) || m.host.is(GCFG.SIT)));
}

/** The contexts of a machine, as wasm finds them. */
export class Contexts {
  readonly #m: Machine;
  readonly #words: Int32Array;
  readonly #tlb: SoftwareTlb;
  /** What translations go by in each context, by its slot. */
  readonly #regimes: Regime[] = [];
  /** {@linkcode Machine.modes} when the context was looked at, or wasm changed to it. */
  #modes = -1;
  /** {@linkcode Machine.environments} for which {@linkcode BY_MODE} is right. */
  #environments = -1;
  #isCounting = false;
  #isPlain = false;

  constructor(m: Machine, words: Int32Array, tlb: SoftwareTlb) {
    this.#m = m;
    this.#words = words;
    this.#tlb = tlb;
  }

  /** What translations go by in the context that wasm uses. */
  get regime(): Regime {
    const slot = (this.#words[CONTROL.fetchTlb / WORD]! - TLBS) / CONTEXT_BYTES;
    return this.#regimes[slot] ?? this.#m.regime;
  }

  /** True if nothing has changed the mode since {@linkcode update}. */
  get isCurrent(): boolean {
    return this.#m.modes === this.#modes && this.#m.counters.areCounting === this.#isCounting;
  }

  /** Makes the machine's context the one that wasm uses; false if wasm cannot execute anything there. */
  update(): boolean {
    const m = this.#m;
    if (m.environments !== this.#environments || m.counters.areCounting !== this.#isCounting) {
      this.#forgetModes();
    }
    if (m.modes === this.#modes) return this.#isPlain;
    const index = modeIndex(m.inGuest, m.current.word(CRMD));
    const known = this.#words[(BY_MODE.at + WORD * index) / WORD]!;
    this.#isPlain = known !== 0 || isPlain(m);
    this.#modes = m.modes;
    if (known !== 0) this.#copy(known);
    else if (this.#isPlain) this.#copy(this.#make(index));
    return this.#isPlain;
  }

  /** Wasm has changed to a context that it knew. */
  moved(): void {
    this.#modes = this.#m.modes;
    this.#isPlain = true;
  }

  #forgetModes(): void {
    this.#words.fill(0, BY_MODE.at / WORD, BY_MODE.at / WORD + BY_MODE.entries);
    this.#environments = this.#m.environments;
    this.#isCounting = this.#m.counters.areCounting;
    this.#modes = -1;
  }

  #copy(record: number): void {
    const from = record / WORD;
    this.#words.copyWithin(CONTEXT.copied / WORD, from, from + CONTEXT.words);
  }

  /** The record of the present context, found by wasm from now on. */
  #make(index: number): number {
    const m = this.#m;
    const { slot, evicts } = this.#tlb.select(contextOf(m));
    // Whose place it was is not known by mode.
    if (evicts) this.#forgetModes();
    this.#modes = m.modes;
    const record = CONTEXT_RECORDS + slot * CONTEXT.bytes;
    const set = (word: number, value: number) => this.#words[(record + word - CONTEXT.copied) / WORD] = value;
    const tlbs = SoftwareTlb.placesOf(slot);
    this.#regimes[slot] = m.regime;
    const { inGuest } = m;
    const own = inGuest ? BANKS.guest : BANKS.host;
    const maySee = m.plv === 0 && !(inGuest && m.host.is(GCFG.SIT));
    set(CONTROL.fetchTlb, tlbs.fetch);
    set(CONTROL.loadTlb, tlbs.load);
    set(CONTROL.storeTlb, tlbs.store);
    set(CONTROL.csrOwn, maySee ? own : 0);
    set(CONTROL.csrTlb, maySee && !(inGuest && m.host.is(GTLBC.TOTI)) ? own : 0);
    set(CONTROL.csrTimer, maySee && !(inGuest && m.host.is(GCFG.TIT)) ? own : 0);
    set(CONTROL.csrHost, maySee && !inGuest ? BANKS.host : 0);
    set(CONTROL.csrGuest, maySee && !inGuest ? BANKS.guest : 0);
    set(CONTROL.transitions, hasPlainTransitions(m) ? 1 : 0);
    set(CONTROL.world, inGuest ? 1 : 0);
    // In guest mode both worlds have to enable it.
    set(CONTROL.fpDisabled, m.host.is(EUEN.FPE) && m.current.is(EUEN.FPE) ? 0 : 1);
    this.#words[(BY_MODE.at + WORD * index) / WORD] = record;
    return record;
  }
}
