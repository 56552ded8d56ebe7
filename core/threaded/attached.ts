/**
 * A machine on the generated module: its registers live in state memory from then on, where wasm and the reference engine share them.
 *
 * @module
 */
import type { RamWindow } from "../bus.ts";
import type { Decoded } from "../isa/decode.ts";
import type { RunLimits, StopPoints } from "../engine.ts";
import type { ReferenceEngine } from "../exec/reference.ts";
import { isBefore } from "../exec/turn.ts";
import { guestLines, hostLines, pendingInterrupt } from "../interrupts.ts";
import type { Machine } from "../machine.ts";
import { allocateMemory, WASM_PAGE } from "../memory.ts";
import { highOf, lowOf } from "../halves.ts";
import { CodeCache, type CodePage } from "./code_cache.ts";
import { Contexts } from "./context.ts";
import { FpState } from "./fp_state.ts";
import {
  BANK,
  BANKS,
  CODE_PAGE_BYTES,
  CONTROL,
  CPUCFG,
  EXIT,
  FRAME,
  GPR,
  LLBITS,
  LOOSE,
  MOST_REGIONS,
  OP,
  STATE_PAGES,
  TABLE,
} from "./layout.ts";
import { type RegionCounts, type RegionLimits, Regions } from "./regions.ts";
import { LooseWords } from "./loose_words.ts";
import { Pages } from "./pages.ts";
import { PlainCalls } from "./plain_calls.ts";
import { select, SLOW } from "./selection.ts";
import { SoftwareTlb } from "./software_tlb.ts";
import { CALLED, type Imports, type ThreadedModule } from "./threaded_module.ts";

const WORD = 4;
const DOUBLE = 8;
/** The most instructions between two visits of the engine. V8 puts better code in place only when a function is entered anew. */
const LONGEST_STRETCH = 4_000_000;

/** What words take, as bigints that need not be made each time. */
const BYTES = Array.from({ length: 32 }, (_, count) => BigInt(WORD * count));

function bytesOf(words: number): bigint {
  return BYTES[words] ?? BigInt(WORD * words);
}

interface Exports {
  run(op: number, left: number): number;
}

/** A machine and its instance of the module. */
export class AttachedMachine {
  readonly m: Machine;
  readonly #ram: RamWindow;
  readonly #reference: ReferenceEngine;
  readonly #words: Int32Array;
  readonly #doubles: BigUint64Array;
  /** General registers to be loaded. */
  readonly #frame: BigUint64Array;
  readonly #tlb: SoftwareTlb;
  readonly #code: CodeCache;
  readonly #loose: LooseWords;
  readonly #regions: Regions;
  readonly #exports: Exports;
  readonly #contexts: Contexts;
  readonly #calls: PlainCalls;
  readonly #pages: Pages;
  /** Looks at a page of operations, if that is soon done. */
  readonly #looked = (page: number) => this.#code.refreshLittle(page);
  #stopBefore: StopPoints | undefined;
  /** The count of executed instructions at which wasm has to return. */
  #limit = 0;
  /** {@linkcode Machine.changes} when no interrupt was pending. */
  #quietAt = -1;
  /** {@linkcode Machine.changes} when wasm was shown the lines. */
  #linesAt = -1;

  constructor(
    m: Machine,
    ram: RamWindow,
    memory: WebAssembly.Memory,
    built: ThreadedModule,
    reference: ReferenceEngine,
    limits: RegionLimits,
  ) {
    this.m = m;
    this.#ram = ram;
    this.#reference = reference;
    const state = allocateMemory(STATE_PAGES * WASM_PAGE);
    const { buffer } = state;
    this.#words = new Int32Array(buffer);
    this.#doubles = new BigUint64Array(buffer);
    this.#frame = new BigUint64Array(buffer, FRAME, 32);
    this.#tlb = new SoftwareTlb(buffer, m.tlb.size);
    this.#contexts = new Contexts(m, this.#words, this.#tlb);
    this.#calls = new PlainCalls(reference);
    const selected = (op: Decoded) => this.#calls.number(op, select(op, built, m.profile), SLOW);
    this.#code = new CodeCache(buffer, memory.buffer, selected, {
      forgotten: (pages) => this.#forgotten(pages),
      invalidate: (op) => this.#regions.invalidate(op),
    });
    this.#loose = new LooseWords({
      select: selected,
      write: (...operation) => this.#code.write(...operation),
      leave: (op) => this.#code.leave(op),
      loadFrame: (op) => this.#code.loadFrame(op),
      hotAfter: built.heat.hot,
      hot: (op) => this.#regions.make({ op, base: 0n }),
      forgotten: () => this.#regions.forgetPage(LOOSE.at),
    });
    this.#pages = new Pages({ m, ram, buffer, tlb: this.#tlb, code: this.#code, contexts: this.#contexts });
    const table = new WebAssembly.Table({ element: "anyfunc", initial: TABLE.firstRegion + MOST_REGIONS });
    const shared = { state, ram: memory, table };
    const env: Imports = {
      step: () => this.#step(),
      decode: (op) => this.#code.decode(op),
      load: () => this.#find("load"),
      store: () => this.#find("store"),
      fetch: () => this.#fetch(),
      call: () => this.#call(),
      second: () => this.#pages.second(),
      hot: (op) => this.#regions.warmed(op),
      invalidate: (op) => this.#regions.invalidate(op),
    };
    const { exports } = new WebAssembly.Instance(built.module, { env: { ...env, ...shared } });
    this.#exports = exports as unknown as Exports;
    const imports = { ...exports, ...shared } as WebAssembly.ModuleImports;
    this.#regions = new Regions({
      ...{ words: this.#words, ram: memory, table, imports },
      ...{ select: selected, profile: m.profile, heat: built.heat, limits },
      pageOf: (op) => this.#loose.has(op) ? LOOSE.at : this.#code.pageOf(op).at,
      addressOf: (op) => this.#pcOf(op),
      pageAt: (address) => this.#tlb.find("fetch", highOf(address), lowOf(address)),
      instructionAt: (op) => (this.#loose.has(op) ? this.#loose : this.#code).instructionAt(op),
    });
    this.#doubles[CONTROL.ramBytes / DOUBLE] = BigInt(ram.view.byteLength);
    this.#words.set(built.configuration, CPUCFG.at / WORD);
    this.#moveState(buffer);
    m.tlb.listener = (index) => this.#tlb.forget(index);
    m.written = (address, size) => this.#code.written(address - ram.base, size);
    if (ram.history === undefined) return;
    ram.history.listener = {
      cleaned: () => this.#tlb.clearKind("store"),
      replaced: (offset) => this.#replaced(offset),
    };
  }

  /** Lets the machine keep its registers where wasm finds them. */
  #moveState(buffer: ArrayBufferLike): void {
    const { m } = this;
    const gpr = new BigUint64Array(buffer, GPR, 32);
    gpr.set(m.gpr);
    m.gpr = gpr;
    new FpState(m, buffer);
    for (const world of ["host", "guest"] as const) {
      const bank = m[world];
      const { length } = bank.values;
      if (BANK.values + length * DOUBLE > BANKS.bytes) {
        throw new RangeError(`Cannot keep ${length} CSRs: a bank has ${BANKS.bytes} bytes`);
      }
      bank.moveTo(new BigUint64Array(buffer, BANKS[world] + BANK.values, length));
      const ll = m.llbit(world === "guest");
      const cells = new Float64Array(buffer, LLBITS[world], 2);
      cells.set(ll.cells);
      ll.cells = cells;
    }
  }

  /** Memory may have changed since the last run: what was decoded is looked at again where it is entered. */
  begin({ untilHost = false, stopBefore }: RunLimits): void {
    this.#words[CONTROL.untilHost / WORD] = untilHost ? 1 : 0;
    this.#stopBefore = stopBefore;
    if (stopBefore !== undefined) this.#code.leaveOut(stopBefore);
    this.#tlb.doubtFetches(this.#looked);
  }

  /**
   * Executes in wasm at the machine's pc for as long as that is possible.
   *
   * @param most instructions at most
   * @returns false if nothing could be executed: the next instruction is the reference engine's
   */
  run(most: number): boolean {
    const { m } = this;
    this.#limit = m.clock.executed + Math.min(most, LONGEST_STRETCH);
    this.#calm();
    const op = this.#prepare();
    if (op === 0) return false;
    this.#returned(this.#exports.run(op, this.#left()));
    return true;
  }

  /**
   * Executes words that are nowhere in memory, loads all general registers before the last of them, and goes on from where that leads to as
   * {@linkcode run} does.
   *
   * @param most instructions behind the words, at most
   * @returns how many of them were executed; the next is the reference engine's if that is not all, and the registers are not loaded
   */
  enter(words: readonly number[], gprs: BigUint64Array, most: number): number {
    const { m } = this;
    const { clock } = m;
    if (clock.nextEvent <= clock.executed || !this.#contexts.update()) return 0;
    const row = this.#loose.entry(words);
    this.#showLines();
    this.#frame.set(gprs);
    this.#limit = clock.executed + words.length + Math.min(most, LONGEST_STRETCH);
    const reason = this.#exports.run(row, this.#left());
    const op = this.#words[CONTROL.op / WORD]!;
    if (reason === EXIT.fetch || !this.#loose.has(op)) {
      this.#returned(reason);
      return words.length;
    }
    const count = Math.min((op - row) / OP.bytes, words.length - 1);
    clock.executed = this.#limit - this.#unspent(reason);
    m.pc = BigInt.asUintN(64, m.pc + bytesOf(count));
    return count;
  }

  /** Tells the machine how far wasm came, unless it stopped where the machine was told. */
  #returned(reason: number): void {
    if (reason === EXIT.stop) return;
    const { m } = this;
    this.#notice();
    m.clock.executed = this.#limit - this.#unspent(reason);
    m.pc = reason === EXIT.budget
      ? this.#pcOf(this.#words[CONTROL.op / WORD]!)
      : this.#doubles[CONTROL.target / DOUBLE]!;
  }

  /**
   * Executes one word at the machine's pc, whatever is in memory there, if wasm can; false if it is the reference engine's, and then nothing has
   * happened. Counters and alarms are the caller's.
   */
  execute(word: number): boolean {
    const { m } = this;
    const op = this.#loose.find(word);
    if (op === 0 || !this.#contexts.update()) return false;
    this.#showLines();
    this.#limit = m.clock.executed + 1;
    const reason = this.#exports.run(op, 1);
    this.#notice();
    if (reason === EXIT.stop) return false;
    m.clock.executed = this.#limit;
    m.pc = reason === EXIT.budget ? BigInt.asUintN(64, m.pc + 4n) : this.#doubles[CONTROL.target / DOUBLE]!;
    return true;
  }

  /**
   * Executes words at the machine's pc from one of them on, until an alarm is due or one is the reference engine's. Counters and alarms are the
   * caller's.
   *
   * @returns how many were executed
   */
  executeSome(words: readonly number[], first: number): number {
    const { m } = this;
    const { clock } = m;
    const most = Math.min(words.length - first, clock.nextEvent - clock.executed);
    if (most <= 0 || !this.#contexts.update()) return 0;
    const row = this.#loose.row(words);
    this.#showLines();
    this.#limit = clock.executed + most;
    const reason = this.#exports.run(row + first * OP.bytes, most);
    const left = this.#unspent(reason);
    clock.executed = this.#limit - left;
    m.pc = BigInt.asUintN(64, m.pc + bytesOf(most - left));
    return most - left;
  }

  /** Of the instructions up to the limit, those that wasm left when it returned. */
  #unspent(reason: number): number {
    return reason === EXIT.budget ? 0 : this.#words[CONTROL.left / WORD]!;
  }

  /** Instructions until the engine has to look: the limit, or an alarm that an instruction has moved since. */
  #left(): number {
    const { executed, nextEvent } = this.m.clock;
    const left = Math.min(this.#limit, nextEvent) - executed;
    this.#limit = executed + left;
    return left;
  }

  #pcOf(op: number): bigint {
    return BigInt.asUintN(64, this.#doubles[CONTROL.pcDelta / DOUBLE]! + BigInt(op >>> 3));
  }

  /** {@linkcode Machine.changes} at which it is known that no interrupt is pending. */
  get quietAt(): number {
    return this.#quietAt;
  }

  /** No interrupt is pending. */
  #calm(): void {
    this.#showLines();
    this.#quietAt = this.m.changes;
  }

  /** Shows wasm the lines, with which it finds out whether an interrupt would be pending after a return. */
  #showLines(): void {
    const { m } = this;
    if (m.changes === this.#linesAt) return;
    this.#words[(BANKS.host + BANK.lines) / WORD] = hostLines(m);
    this.#words[(BANKS.guest + BANK.lines) / WORD] = guestLines(m);
    this.#linesAt = m.changes;
  }

  /** Takes notice of what wasm did to the mode. */
  #notice(): void {
    const words = this.#words;
    if (words[CONTROL.moved / WORD] === 0) return;
    const { m } = this;
    m.clock.trapped += words[CONTROL.trapped / WORD]!;
    words[CONTROL.moved / WORD] = words[CONTROL.trapped / WORD] = 0;
    m.modes++;
    this.#contexts.moved();
    // It saw to it that no interrupt is pending, and left the lines alone.
    this.#linesAt = this.#quietAt = ++m.changes;
  }

  /** Tells the machine which operation wasm has come to; its address. */
  #arriveAt(op: number): bigint {
    const { m } = this;
    m.clock.executed = this.#limit - this.#words[CONTROL.left / WORD]!;
    return m.pc = this.#pcOf(op);
  }

  /** Executes one instruction that wasm cannot. */
  #step(): number {
    const { m } = this;
    this.#notice();
    const op = this.#words[CONTROL.op / WORD]!;
    if (this.#loose.has(op)) return 0;
    const pc = this.#arriveAt(op);
    if (this.#stopBefore !== undefined && isBefore(m, this.#stopBefore)) return 0;
    const { generation } = m.tlb;
    this.#reference.stepWord(m, this.#code.wordOf(op));
    if (!this.#mayGoOn()) return 0;
    const isNext = this.#contexts.isCurrent && m.tlb.generation === generation && m.pc === pc + 4n;
    // Behind the last operation of a page is one that leads to the next.
    return this.#goOn(isNext ? op + OP.bytes : this.#prepare());
  }

  /** Executes one instruction that is a call of a plain function: see {@linkcode CALLED}. */
  #call(): number {
    this.#notice();
    const { m } = this;
    const { generation } = m.tlb;
    const { changes } = m;
    m.clock.executed = this.#limit - this.#words[CONTROL.left / WORD]!;
    const op = this.#words[CONTROL.op / WORD]!;
    const number = this.#words[(op + OP.second) / WORD]!;
    if (!this.#calls.execute(number, m, this.#words[CONTROL.csrTlb / WORD] !== 0)) return CALLED.not;
    // Neither lines nor pending interrupts depend on what it changed.
    if (changes === this.#quietAt) this.#quietAt = m.changes;
    if (changes === this.#linesAt) this.#linesAt = m.changes;
    // Words outside memory stay where they are.
    return m.tlb.generation === generation || this.#loose.has(op) ? CALLED.done : CALLED.moved;
  }

  /** True if wasm can execute more after an instruction that the engine executed; false if the engine has to look. */
  #mayGoOn(): boolean {
    const { m } = this;
    if (m.clock.executed >= this.#limit || m.clock.executed >= m.clock.nextEvent) return false;
    if (m.stopRequest !== undefined || m.idle || this.#stopsAtHost()) return false;
    if (m.changes !== this.#quietAt) {
      if (pendingInterrupt(m) !== undefined) return false;
      m.counters.settle();
      this.#calm();
    }
    return true;
  }

  #goOn(op: number): number {
    if (op !== 0) this.#words[CONTROL.left / WORD] = this.#left();
    return op;
  }

  #stopsAtHost(): boolean {
    return this.#words[CONTROL.untilHost / WORD] !== 0 && !this.m.inGuest;
  }

  /** The operation at the machine's pc, ready to be executed; 0 if wasm cannot. */
  #prepare(): number {
    // Halves of an address, which are numbers, are found there many times faster than they are computed of a bigint.
    this.#doubles[CONTROL.target / DOUBLE] = this.m.pc;
    return this.#contexts.update() ? this.#pages.operation() : 0;
  }

  #find(kind: "load" | "store"): number {
    this.#notice();
    return this.#pages.find(kind);
  }

  #fetch(): number {
    this.#notice();
    return this.#pages.fetch();
  }

  /** A page of RAM is another one now. */
  #replaced(offset: number): void {
    const page = this.#code.find(offset);
    if (page !== undefined) this.#code.refresh(page);
  }

  /** Pages of operations are gone. */
  #forgotten(pages: readonly CodePage[]): void {
    for (const { at } of pages) this.#regions.forgetPage(at);
    this.#tlb.forgetCode(pages[0]!.at, pages.at(-1)!.at + CODE_PAGE_BYTES);
  }

  /** What became of the regions. */
  get regions(): RegionCounts {
    return this.#regions.counts;
  }
}
