/**
 * The frame in which loongarch_vcpu and hvisor keep a guest that does not run: words of the hypervisor's memory, in the order that its
 * assembly code knows.
 *
 * @module
 */
import { csrByNumber, type CsrDeclaration } from "../core/mod.ts";
import type { HostLayout } from "./contract.ts";
import type { HostCpu } from "./host_cpu.ts";
import { CarriedCsrs } from "./routine.ts";

/** Both ends of a range of CSR numbers belong to it. */
export type CsrRange = readonly [first: number, last: number];

const GPRS = 32;
/** The PC follows the general registers. */
const PC_SLOT = GPRS;
const FIRST_CSR = GPRS + 1;

/** Which guest CSRs a frame has, and how many words follow them. */
export class FrameFormat {
  /** In the order of the frame. */
  readonly csrs: readonly CsrDeclaration[];
  /** Word of each. */
  readonly slots: ReadonlyMap<CsrDeclaration, number>;
  /** 64-bit words of the frame. */
  readonly words: number;

  /** @param tail words behind the CSRs */
  constructor(ranges: readonly CsrRange[], tail: number) {
    this.csrs = ranges.flatMap(([first, last]) =>
      Array.from({ length: last - first + 1 }, (_, i) => declaration(first + i))
    );
    this.slots = new Map(this.csrs.map((csr, i) => [csr, FIRST_CSR + i]));
    this.words = FIRST_CSR + this.csrs.length + tail;
  }

  /** What a world switch carries between the guest copies and a frame, in this order. */
  carried(csrs: readonly CsrDeclaration[] = this.csrs): CarriedCsrs {
    return new CarriedCsrs("guest", csrs.map((csr) => ({ csr, slot: this.#slotOf(csr) })));
  }

  #slotOf(csr: CsrDeclaration): number {
    const slot = this.slots.get(csr);
    if (slot === undefined) throw new RangeError(`Cannot carry ${csr.name}: the frame has no place for it`);
    return slot;
  }
}

/** The frame of one vCPU. */
export class ContextFrame {
  /** r0 to r31. */
  readonly gprs: BigUint64Array;
  /** What the format leaves to its owner. */
  readonly tail: BigUint64Array;
  /** All of it. */
  readonly words: BigUint64Array;
  readonly #slots: ReadonlyMap<CsrDeclaration, number>;

  /** @param words memory of at least as many words as the format has */
  constructor(format: FrameFormat, words: BigUint64Array) {
    this.words = words;
    this.#slots = format.slots;
    this.gprs = words.subarray(0, GPRS);
    this.tail = words.subarray(FIRST_CSR + format.csrs.length, format.words);
  }

  get pc(): bigint {
    return this.words[PC_SLOT] ?? 0n;
  }

  set pc(value: bigint) {
    this.words[PC_SLOT] = value;
  }

  /** A guest CSR; 0 for one that the frame does not have. */
  get(csr: CsrDeclaration): bigint {
    return this.words[this.#slots.get(csr) ?? this.words.length] ?? 0n;
  }

  /** Sets a guest CSR; nothing happens for one that the frame does not have. */
  set(csr: CsrDeclaration, value: bigint): void {
    const slot = this.#slots.get(csr);
    if (slot !== undefined) this.words[slot] = value;
  }
}

/** Memory for one frame. */
export interface FrameMemory {
  /** As the hypervisor names it; virtual. */
  readonly address: bigint;
  readonly words: BigUint64Array;
}

/** Where frames lie that are in no memory of the machine: a number that a report shows as nobody's. */
const NOWHERE = 0x9000_0000_0020_0000n;

/** Gives each vCPU of a hypervisor memory for its frame. */
export class FrameAllocator {
  readonly #cpu: HostCpu;
  readonly #words: number;
  readonly #end: bigint;
  #free: bigint | undefined;

  /** @param words of each frame */
  constructor(cpu: HostCpu, { data }: HostLayout, words: number) {
    this.#cpu = cpu;
    this.#words = words;
    this.#free = data?.start;
    this.#end = data?.end ?? 0n;
  }

  /** @throws {RangeError} if the layout's memory is used up */
  next(): FrameMemory {
    const address = this.#free;
    if (address === undefined) return { address: NOWHERE, words: new BigUint64Array(this.#words) };
    this.#free = address + BigInt(this.#words * 8);
    if (this.#free <= this.#end) return { address, words: this.#cpu.words(address, this.#words) };
    throw new RangeError(`Cannot make another vCPU: memory for frames ends at 0x${this.#end.toString(16)}`);
  }
}

function declaration(number: number): CsrDeclaration {
  const csr = csrByNumber(number);
  if (csr === undefined) {
    throw new RangeError(`Cannot make a frame: there is no CSR 0x${number.toString(16)}`);
  }
  return csr;
}
