/**
 * What surrounds a tested instruction: a mode, code behind which an exception ends the run, and memory.
 *
 * @module
 */
import { CRMD } from "../core/csr/basic.ts";
import { encode } from "../core/isa/encode.ts";
import { ISA } from "../core/isa/table.ts";
import type { MemoryBlock, State } from "../drivers/state.ts";
import type { Form } from "./forms.ts";
import { Registers } from "./operands.ts";
import { oneIn, type Random } from "./random.ts";

/** A state, and what it tests. */
export interface Test {
  readonly form: Form;
  readonly index: number;
  readonly state: State;
  /** The instruction word in question. */
  readonly tested: number;
}

/** Encodes an instruction. @throws {TypeError} if there is none of this name */
export function word(name: string, ...operands: readonly (number | bigint)[]): number {
  const instruction = ISA.get(name);
  if (instruction === undefined) throw new TypeError(`Cannot emit ${name}: it is no row`);
  return encode(instruction, operands.map(BigInt));
}

/** Physical memory of states, which every driver has. */
export const MEMORY = { start: 0x10_0000, end: 0x200_0000 } as const;
/** The windows through which Linux sees physical memory: uncached and cached. */
export const UNCACHED = 0x8000_0000_0000_0000n;
export const CACHED = 0x9000_0000_0000_0000n;

const CODE = { start: 0x10_0000, bytes: 0x2_0000 } as const;
/** Where handlers stand. */
export const HANDLERS = 0x13_0000;
const DATA = { start: 0x14_0000, bytes: 0x1eb_0000 } as const;
/** Bytes of data of a state; a page ends in their middle. */
export const DATA_BYTES = 64;
const PAGE = 0x1000;

/** How addresses are translated, and at which privilege level code runs. */
export interface Mode {
  readonly mapped: boolean;
  readonly plv: number;
}

const DIRECT: Mode = { mapped: false, plv: 0 };
const MAPPED: Mode = { mapped: true, plv: 0 };
const USER: Mode = { mapped: true, plv: 3 };
const USUAL: readonly Mode[] = [DIRECT, DIRECT, DIRECT, MAPPED, MAPPED, MAPPED, USER, USER];

/** A mode of those that software uses. */
export function anyMode(random: Random): Mode {
  return random.pick(USUAL);
}

/** A mode at a level below 0. */
export function unprivileged(random: Random): Mode {
  return { mapped: oneIn(random, 2), plv: random.pick([3, 3, 3, 3, 1, 2]) };
}

/** A state in the making. */
export class Scene {
  readonly random: Random;
  readonly mode: Mode;
  readonly gpr = new Registers();
  readonly csr = new Map<string, bigint>();
  readonly fpr = new Map<number, bigint>();
  readonly fcc = new Map<number, 0 | 1>();
  fcsr = 0;
  /** Physical address of the first instruction. */
  codeAt: number;
  /** Physical address of the data. */
  readonly dataAt: number;
  readonly #blocks: MemoryBlock[] = [];

  constructor(random: Random, mode: Mode) {
    this.random = random;
    this.mode = mode;
    this.codeAt = CODE.start + 4 * random.below(CODE.bytes / 4 - 64);
    const pages = (DATA.bytes - DATA.bytes % PAGE) / PAGE - 2;
    this.dataAt = DATA.start + PAGE * (1 + random.below(pages)) - DATA_BYTES / 2;
    const translation = mode.mapped ? CRMD.PG.mask : CRMD.DA.mask;
    this.csr.set("CRMD", CRMD.PLV.of(BigInt(mode.plv)) | translation);
    if (!mode.mapped) return;
    const plvs = 1n | (1n << BigInt(mode.plv));
    this.csr.set("DMW0", UNCACHED | 1n);
    this.csr.set("DMW1", CACHED | 0x10n | plvs);
  }

  /** The virtual address of a physical one. */
  address(physical: number): bigint {
    return this.mode.mapped ? CACHED + BigInt(physical) : BigInt(physical);
  }

  get pc(): bigint {
    return this.address(this.codeAt);
  }

  /** Puts words into memory. */
  place(at: number, words: readonly number[]): void {
    this.#blocks.push({ at, words });
  }

  /** Puts random data at {@linkcode dataAt}. */
  placeData(makeValue: (random: Random) => bigint): void {
    const words: number[] = [];
    for (let i = 0; i < DATA_BYTES / 8; i++) {
      const v = makeValue(this.random);
      words.push(Number(v & 0xffffffffn), Number(v >> 32n));
    }
    this.place(this.dataAt, words);
  }

  /** Sets a CSR; 0 is what a state starts with where the reset value is 0. */
  setCsr(name: string, v: bigint): void {
    this.csr.set(name, v);
  }

  /** The state. Runs end at the first exception unless `end` is given. */
  state(id: string, profile: string, budget: number, end?: bigint): State {
    return {
      id,
      profile,
      mode: "host",
      memory: this.#blocks,
      host: { pc: this.pc, gpr: this.gpr.values, csr: this.csr },
      fp: { fpr: this.fpr, fcc: this.fcc, fcsr: this.fcsr },
      stage2: [],
      ...(end === undefined ? {} : { end }),
      budget,
    };
  }
}

/** What ends a run that took no other exception. */
export const STOP = word("break", 0);
