/**
 * Where pages are in RAM, for accesses and fetches that the software TLBs do not know.
 *
 * @module
 */
import type { RamWindow } from "../bus.ts";
import { isPageFault } from "../exception.ts";
import { decode } from "../isa/decode.ts";
import type { Machine } from "../machine.ts";
import { HALF } from "../halves.ts";
import type { AccessType } from "../mmu/regime.ts";
import { FAULT, Lookup, lookUp, stage2 } from "../mmu/translate.ts";
import type { CodeCache } from "./code_cache.ts";
import type { Contexts } from "./context.ts";
import { CONTROL, faultIndex, TABLE } from "./layout.ts";
import { needsAlignment } from "./memory_code.ts";
import type { SoftwareTlb } from "./software_tlb.ts";
import { codesOf } from "./taking_code.ts";

const WORD = 4;
const DOUBLE = 8;
const PAGE_OFFSET = 0xfff;
/** In the place of an offset in RAM: there is none. */
const NO_RAM = -2;

/** What the pages of a machine are found by. */
export interface PagesOptions {
  readonly m: Machine;
  readonly ram: RamWindow;
  /** The state memory. */
  readonly buffer: ArrayBufferLike;
  readonly tlb: SoftwareTlb;
  readonly code: CodeCache;
  readonly contexts: Contexts;
}

/** The pages of a machine in the context that wasm uses. */
export class Pages {
  readonly #m: Machine;
  readonly #ram: RamWindow;
  readonly #words: Int32Array;
  readonly #doubles: BigUint64Array;
  readonly #tlb: SoftwareTlb;
  readonly #code: CodeCache;
  readonly #contexts: Contexts;
  /** What the last lookup of an address found. */
  readonly #found = new Lookup();

  constructor({ m, ram, buffer, tlb, code, contexts }: PagesOptions) {
    this.#m = m;
    this.#ram = ram;
    this.#words = new Int32Array(buffer);
    this.#doubles = new BigUint64Array(buffer);
    this.#tlb = tlb;
    this.#code = code;
    this.#contexts = contexts;
  }

  /** The operation at the address in {@linkcode CONTROL.target}, with which wasm is about to go on; 0 if there is none. */
  operation(): number {
    const [high, low] = this.#halves(CONTROL.target);
    if ((low & 3) !== 0) return 0;
    const page = this.#tlb.find("fetch", high, low) ?? this.#findCode(high, low);
    return page === undefined ? 0 : this.#operationIn(page, high, low);
  }

  /** Finds the operation at the address that wasm has come to, or what takes the exception of its fetch: see {@linkcode Imports}. */
  fetch(): number {
    const op = this.operation();
    if (op !== 0 || (this.#words[CONTROL.target / WORD]! & 3) !== 0) return op;
    const fault = this.#found.kind === undefined ? undefined : this.#faultOf(0);
    if (fault === undefined) return 0;
    this.#doubles[CONTROL.pcDelta / DOUBLE] = this.#doubles[CONTROL.target / DOUBLE]!;
    return -(TABLE.firstFetchFault + fault);
  }

  #halves(at: number): readonly [high: number, low: number] {
    return [this.#words[at / WORD + 1]! >>> 0, this.#words[at / WORD]! >>> 0];
  }

  #operationIn(page: number, high: number, low: number): number {
    const words = this.#words;
    words[CONTROL.page / WORD] = page;
    const delta = low - (low & PAGE_OFFSET) - (page >>> 3);
    words[CONTROL.pcDelta / WORD] = delta;
    words[CONTROL.pcDelta / WORD + 1] = high - (delta < 0 ? 1 : 0);
    return page + ((low & PAGE_OFFSET) << 3);
  }

  /** Finds the page of the access that missed, or what takes its exception: see {@linkcode Imports}. */
  find(kind: "load" | "store"): number {
    const [high, low] = this.#halves(CONTROL.missed);
    // It missed although the page is there: the access is unaligned, over two pages or where it must not be.
    if (this.#tlb.find(kind, high, low) !== undefined) return 0;
    const offset = this.#offsetOf(high, low, kind);
    // It has to be aligned before anything else is asked of it.
    if (offset === NO_RAM || (offset === FAULT && (low & 7) !== 0 && this.#needsAlignment())) return 0;
    if (offset === FAULT) {
      const fault = this.#faultOf(this.#words[CONTROL.op / WORD]!);
      return fault === undefined ? 0 : -(TABLE.firstFault + fault);
    }
    if (kind === "store") this.#ram.history?.touch(offset);
    const addend = (offset - (low - (low & PAGE_OFFSET))) | 0;
    const code = kind === "store" ? this.#code.find(offset)?.at ?? 0 : 0;
    this.#tlb.put(kind, high, low, this.#found, addend, code);
    return this.#words[CONTROL.op / WORD]!;
  }

  /** Where in RAM a guest-physical address is that a step of a page walk loads from, -1 if that is for the reference engine. */
  second(): number {
    const m = this.#m;
    const { stage2: use } = this.#contexts.regime;
    const low = this.#words[CONTROL.missed / WORD]! >>> 0;
    const gpa = this.#words[CONTROL.missed / WORD + 1]! * HALF + low;
    const physical = use === undefined ? FAULT : stage2(m, use, gpa, "load", this.#found);
    if (physical === FAULT || m.bus.ramAt(physical)?.view.buffer !== this.#ram.view.buffer) return -1;
    return physical - this.#ram.base;
  }

  /** Offset in RAM of a page that an access may use; {@linkcode FAULT} where it raises an exception, {@linkcode NO_RAM} where there is a device. */
  #offsetOf(high: number, low: number, type: AccessType): number {
    const physical = lookUp(this.#m, this.#contexts.regime, high, low, type, this.#found);
    if (physical === FAULT) return FAULT;
    if (this.#m.bus.ramAt(physical)?.view.buffer !== this.#ram.view.buffer) return NO_RAM;
    return (physical - this.#ram.base) & ~PAGE_OFFSET;
  }

  #findCode(high: number, low: number): number | undefined {
    const known = this.#tlb.trustFetch(high, low);
    if (known !== undefined) {
      this.#code.refresh(this.#code.pageOf(known));
      return known;
    }
    const offset = this.#offsetOf(high, low, "fetch");
    if (offset < 0) return undefined;
    const isNew = this.#code.find(offset) === undefined;
    const page = this.#code.page(offset);
    // Stores to this page have to mind its operations from now on.
    if (isNew) this.#tlb.clearKind("store");
    else this.#code.refresh(page);
    this.#tlb.put("fetch", high, low, this.#found, page.at);
    return page.at;
  }

  /** True if the operation that missed is one for aligned addresses only. */
  #needsAlignment(): boolean {
    const decoded = decode(this.#code.wordOf(this.#words[CONTROL.op / WORD]!));
    return decoded === undefined || needsAlignment(decoded.instruction.meaning);
  }

  /** Describes the exception that was found, of an operation or (0) of a fetch; its index among {@linkcode FAULTS}, undefined where it is for the reference engine. */
  #faultOf(op: number): number | undefined {
    const { kind, high, low, exits } = this.#found;
    this.#words[CONTROL.missed / WORD] = low;
    this.#words[CONTROL.missed / WORD + 1] = high;
    if (kind === "refill") return faultIndex(true, exits);
    if (kind === undefined || !isPageFault(kind)) return undefined;
    this.#words[CONTROL.faultCodes / WORD] = codesOf(kind);
    this.#words[CONTROL.faultWord / WORD] = op === 0 ? 0 : this.#code.wordOf(op);
    return faultIndex(false, exits);
  }
}
