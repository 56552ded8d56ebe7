/**
 * A machine on the generated module: its registers live in state memory from then on, where wasm and the reference engine share them.
 *
 * @module
 */
import type { RamWindow } from "../bus.ts";
import { Trap } from "../exception.ts";
import type { ReferenceEngine } from "../exec/reference.ts";
import { pendingInterrupt } from "../interrupts.ts";
import type { Machine } from "../machine.ts";
import { allocateMemory } from "../memory.ts";
import type { TlbEntry } from "../mmu/tlb.ts";
import type { AccessType } from "../mmu/translate.ts";
import { CodeCache, MOST_PAGES } from "./code_cache.ts";
import { contextOf, isPlain } from "./context.ts";
import { FpState } from "./fp_state.ts";
import { CODE, CODE_PAGE_BYTES, CONTROL, EXIT, GPR, OP } from "./layout.ts";
import { MOST_REGIONS, Regions } from "./regions.ts";
import { SoftwareTlb } from "./software_tlb.ts";
import type { Imports, ThreadedModule } from "./threaded_module.ts";

const WORD = 4;
const DOUBLE = 8;
const STATE_BYTES = CODE + MOST_PAGES * CODE_PAGE_BYTES;
const PAGE_OFFSET = 0xfff;
/** Pages of up to 64 KiB are forgotten one by one, log2 of bytes. */
const LARGEST_SMALL_PAGE = 16;
/** The most instructions between two visits of the engine. V8 puts better code in place only when a function is entered anew. */
const LONGEST_STRETCH = 4_000_000;

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
  readonly #tlb: SoftwareTlb;
  readonly #code: CodeCache;
  readonly #regions: Regions;
  readonly #exports: Exports;
  readonly #fp: FpState;
  #untilHost = false;
  /** The count of executed instructions at which wasm has to return. */
  #limit = 0;
  /** {@linkcode Machine.modes} when the context was looked at. */
  #modes = -1;
  #context = "";
  #plain = false;
  /** {@linkcode Machine.changes} when no interrupt was pending. */
  #quietAt = -1;

  constructor(
    m: Machine,
    ram: RamWindow,
    memory: WebAssembly.Memory,
    built: ThreadedModule,
    reference: ReferenceEngine,
  ) {
    this.m = m;
    this.#ram = ram;
    this.#reference = reference;
    const state = allocateMemory(STATE_BYTES);
    const { buffer } = state;
    this.#words = new Int32Array(buffer);
    this.#doubles = new BigUint64Array(buffer);
    this.#tlb = new SoftwareTlb(buffer);
    this.#code = new CodeCache(buffer, memory.buffer, built.functions, m.profile, {
      dropped: () => this.#dropped(),
      invalidate: (op) => this.#invalidate(op),
    });
    const { functions, entries } = built;
    const table = new WebAssembly.Table({ element: "anyfunc", initial: entries + MOST_REGIONS });
    const shared = { state, ram: memory, table };
    const env: Imports = {
      step: () => this.#step(),
      decode: (op) => this.#code.decode(op),
      load: () => this.#find("load"),
      store: () => this.#find("store"),
      hot: (op) => this.#makeRegion(op),
      invalidate: (op) => this.#invalidate(op),
    };
    const { exports } = new WebAssembly.Instance(built.module, { env: { ...env, ...shared } });
    this.#exports = exports as unknown as Exports;
    const imports = { ...exports, ...shared } as WebAssembly.ModuleImports;
    this.#regions = new Regions({ words: this.#words, table, entries, functions, imports });
    const gpr = new BigUint64Array(buffer, GPR, 32);
    gpr.set(m.gpr);
    m.gpr = gpr;
    this.#fp = new FpState(m, buffer);
    m.tlb.listener = (entry) => this.#forget(entry);
    m.written = (address, size) => this.#code.written(address - ram.base, size);
  }

  /** Memory may have changed since the last run: what was decoded is looked at again where it is entered. */
  begin(untilHost: boolean): void {
    this.#untilHost = untilHost;
    if (this.#regions.full) this.#code.drop();
    this.#tlb.clearKind("fetch");
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
    this.#quietAt = m.changes;
    const op = this.#prepare();
    if (op === 0) return false;
    const reason = this.#exports.run(op, this.#left());
    if (reason === EXIT.stop) return true;
    m.clock.executed = this.#limit - (reason === EXIT.budget ? 0 : this.#words[CONTROL.left / WORD]!);
    m.pc = reason === EXIT.budget
      ? this.#pcOf(this.#words[CONTROL.op / WORD]!)
      : this.#doubles[CONTROL.target / DOUBLE]!;
    return true;
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

  /** Executes one instruction that wasm cannot. */
  #step(): number {
    const { m } = this;
    const op = this.#words[CONTROL.op / WORD]!;
    const pc = this.#pcOf(op);
    m.pc = pc;
    m.clock.executed = this.#limit - this.#words[CONTROL.left / WORD]!;
    const { generation } = m.tlb;
    this.#reference.stepWord(m, this.#code.wordOf(op));
    if (m.clock.executed >= this.#limit || m.clock.executed >= m.clock.nextEvent) return 0;
    if (m.stopRequest !== undefined || m.idle || (this.#untilHost && !m.inGuest)) return 0;
    if (m.changes !== this.#quietAt) {
      if (pendingInterrupt(m) !== undefined) return 0;
      m.counters.settle();
      this.#quietAt = m.changes;
    }
    const goesOn = m.modes === this.#modes && m.tlb.generation === generation && m.pc === pc + 4n;
    // Behind the last operation of a page is one that leads to the next.
    const next = goesOn ? op + OP.bytes : this.#prepare();
    if (next !== 0) this.#words[CONTROL.left / WORD] = this.#left();
    return next;
  }

  /** The operation at the machine's pc, ready to be executed; 0 if wasm cannot. */
  #prepare(): number {
    const { m } = this;
    if (m.modes !== this.#modes) this.#changeContext();
    if (!this.#plain || m.pc & 3n) return 0;
    const page = this.#tlb.find("fetch", m.pc) ?? this.#findCode(m.pc);
    if (page === undefined) return 0;
    this.#words[CONTROL.page / WORD] = page;
    this.#doubles[CONTROL.pcDelta / DOUBLE] = (m.pc & ~0xfffn) - BigInt(page >>> 3);
    return page + ((Number(m.pc & 0xfffn)) << 3);
  }

  /** Entries of the TLB came or went. */
  #forget(entry: TlbEntry | undefined): void {
    // What a page of the second stage translates, or one of many pages, is known by no number here.
    if (entry === undefined || entry.kind === "stage2" || entry.ps > LARGEST_SMALL_PAGE) {
      this.#tlb.clear();
      this.#context = "";
      this.#modes = -1;
      return;
    }
    const pages = 1 << (entry.ps + 1 - 12);
    const first = entry.pair * pages;
    for (let page = first; page < first + pages; page++) this.#tlb.forgetPage(page);
  }

  #changeContext(): void {
    const { m } = this;
    const context = contextOf(m);
    if (context !== this.#context) {
      this.#tlb.select(context);
      this.#context = context;
    }
    this.#plain = isPlain(m);
    this.#fp.changeContext();
    this.#modes = m.modes;
  }

  #makeRegion(op: number): void {
    // To begin anew here would pull the ground from under the operation being executed.
    if (this.#regions.full) return;
    const page = this.#code.pageOf(op);
    this.#regions.make(op, page.at, (index) => this.#code.instructionAt(page, index));
  }

  #invalidate(op: number): void {
    this.#regions.invalidate(op, this.#code.pageOf(op).at);
  }

  #dropped(): void {
    this.#regions.drop();
    this.#tlb.clearKind("fetch");
    this.#tlb.clearKind("store");
  }

  /** Offset in RAM of a page that an access may use, undefined where it raises an exception or there is a device. */
  #offsetOf(address: bigint, type: AccessType): number | undefined {
    try {
      const physical = this.m.translate(address, type);
      if (this.m.bus.ramAt(physical)?.view.buffer !== this.#ram.view.buffer) return undefined;
      return (physical - this.#ram.base) & ~PAGE_OFFSET;
    } catch (error) {
      if (error instanceof Trap) return undefined;
      throw error;
    }
  }

  #findCode(pc: bigint): number | undefined {
    const offset = this.#offsetOf(pc, "fetch");
    if (offset === undefined) return undefined;
    const isNew = this.#code.find(offset) === undefined;
    const page = this.#code.page(offset);
    // Stores to this page have to mind its operations from now on.
    if (isNew) this.#tlb.clearKind("store");
    else this.#code.refresh(page);
    this.#tlb.put("fetch", pc, page.at);
    return page.at;
  }

  #find(kind: "load" | "store"): number {
    const address = this.#doubles[CONTROL.missed / DOUBLE]!;
    // It missed although the page is there: the access is unaligned, over two pages or where it must not be.
    if (this.#tlb.find(kind, address) !== undefined) return 0;
    const offset = this.#offsetOf(address, kind);
    if (offset === undefined) return 0;
    const addend = (offset - Number(address & 0xffff_f000n)) | 0;
    this.#tlb.put(kind, address, addend, kind === "store" ? this.#code.find(offset)?.at ?? 0 : 0);
    return 1;
  }
}
