/**
 * Random guest instructions, taken from the instruction table: valid encodings whose operands often mean something.
 *
 * @module
 */
import { csrByName, CSRS, encode, type Instruction, ISA, LA464, type Operand } from "../core/mod.ts";
import { CRMD } from "../core/csr/basic.ts";
import { PAGE } from "./layout.ts";
import type { Random } from "./random.ts";

/** Registers that hold addresses: $a0-$a3. Results go elsewhere, most of the time. */
export const ADDRESS_REGISTERS: readonly number[] = [4, 5, 6, 7];
/** $s1-$s4 hold values for TLBIDX, TLBEHI, TLBELO0 and TLBELO1, with which they are exchanged; nothing else writes them. */
export const TLB_REGISTERS: readonly number[] = [24, 25, 26, 27];
const TLB_CSRS: readonly string[] = ["TLBIDX", "TLBEHI", "TLBELO0", "TLBELO1"];

const TIMED: ReadonlySet<string> = new Set(["rdtimel.w", "rdtimeh.w", "rdtime.d"]);
/** Guest CSRs that only timed sequences write. */
const TIMED_CSRS: ReadonlySet<string> = new Set(["TCFG", "TVAL", "TICLR"]);
/**
 * Writing these freely would make the place of TLB entries visible, which depends on the page size of stage 2: STLBPS
 * selects the part of the TLB, TLBIDX the place. Written by {@linkcode TLB_REGISTERS} only.
 */
const PLACE_CSRS: ReadonlySet<string> = new Set(["STLBPS", "TLBIDX"]);

// One set of floating-point registers serves every guest; who saves them is the world switches' own affair.
const EXISTING = ISA.all.filter((i) =>
  i.group !== "fp" && i.needs !== "FP" && (i.needs === undefined || LA464.features.has(i.needs))
);

function group(names: readonly string[]): readonly Instruction[] {
  return EXISTING.filter((i) => names.includes(i.name));
}

const TLB = group(["tlbclr", "tlbflush", "tlbsrch", "tlbrd", "tlbwr", "tlbfill", "invtlb"]);
const WALK = group(["lddir", "ldpte"]);
const CSR = group(["csrrd", "csrwr", "csrxchg"]);
const EXITING = group(["cpucfg", "idle", "cacop", "hvcl", "dbcl", "iocsrrd.w", "iocsrwr.d"]);
const TRAPPING = group(["syscall", "break", "gcsrrd", "gcsrwr", "gtlbwr", "gtlbfill"]);
const TIME = group([...TIMED]);
const LLSC = group(["ll.w", "sc.w", "ll.d", "sc.d"]);
const BRANCHES = group(["b", "bl", "beq", "bne", "blt", "bltu", "beqz", "bnez", "jirl"]);
const MEMORY = EXISTING.filter((i) => /^(ld|st|ldx|stx|ldptr|stptr|ldgt|stle)\./.test(i.name));
const ATOMIC = EXISTING.filter((i) => i.group === "atomics" && i.name.startsWith("am"));
const PLAIN = EXISTING.filter((i) =>
  !i.privileged && i.guest === "native" && i.group !== "lvz" && i.group !== "atomics" &&
  !MEMORY.includes(i) && !BRANCHES.includes(i) && i.name !== "break" && i.name !== "syscall"
);
const COPIES = CSRS.filter((c) => c.options.guest === "copy");
const OTHERS = CSRS.filter((c) => c.options.guest !== "copy");

/** How a block of code is made. */
export interface CodeOptions {
  readonly random: Random;
  /** Instructions that depend on time are allowed. */
  readonly timed: boolean;
}

/** Makes random instructions. */
export class CodeGenerator {
  readonly #random: Random;
  readonly #timed: boolean;

  constructor({ random, timed }: CodeOptions) {
    this.#random = random;
    this.#timed = timed;
  }

  /** A block of about this many instructions. */
  block(length: number): number[] {
    const words: number[] = [];
    while (words.length < length) words.push(...this.#next());
    return words;
  }

  #next(): number[] {
    const r = this.#random;
    const list = r.weighted<readonly Instruction[] | "tlb" | "ertn" | "pair">([
      [30, PLAIN],
      [25, MEMORY],
      [5, ATOMIC],
      [4, LLSC],
      [4, "pair"],
      [16, CSR],
      [6, EXITING],
      [4, TRAPPING],
      [5, BRANCHES],
      [8, "tlb"],
      [2, WALK],
      [1, "ertn"],
      [1, EXISTING],
      [this.#timed ? 2 : 0, TIME],
    ]);
    if (list === "tlb") return this.#tlb();
    if (list === "pair") return this.#pair();
    return [this.#instruction(list === "ertn" ? named("ertn") : r.pick(list))];
  }

  /** Values into the TLB registers, and a TLB instruction. */
  #tlb(): number[] {
    const r = this.#random;
    const moves = TLB_REGISTERS.flatMap((register, i) => {
      const csr = BigInt(csrByName(TLB_CSRS[i] ?? "")?.number ?? 0);
      return r.chance(0.8) ? [encode(named("csrwr"), [BigInt(register), csr])] : [];
    });
    return [...moves, this.#instruction(r.pick(TLB))];
  }

  /** ll and sc of the same word, with something in between. */
  #pair(): number[] {
    const r = this.#random;
    const [rj, wide] = [BigInt(r.pick(ADDRESS_REGISTERS)), r.chance(0.5)];
    const between = r.chance(0.5) ? this.#next() : [];
    const [rd, rs] = [BigInt(this.#result()), BigInt(this.#result())];
    return [
      encode(named(wide ? "ll.d" : "ll.w"), [rd, rj, 0n]),
      ...between,
      encode(named(wide ? "sc.d" : "sc.w"), [rs, rj, 0n]),
    ];
  }

  #instruction(instruction: Instruction): number {
    if (TIMED.has(instruction.name) && !this.#timed) return NOP;
    for (let attempt = 0; attempt < 20; attempt++) {
      const word = this.#encoded(instruction);
      if (word !== undefined) return word;
    }
    return NOP;
  }

  #encoded(instruction: Instruction): number | undefined {
    const values = instruction.operands.map((o) => this.#operand(instruction, o));
    const csr = instruction.operands.findIndex((o) => o.kind === "csr");
    if (csr >= 0 && !this.#mayWrite(instruction, Number(values[csr]))) return undefined;
    try {
      return encode(instruction, values);
    } catch (error) {
      // The operands make it another instruction (csrxchg with $r0), or a bit range that is empty.
      if (error instanceof RangeError) return undefined;
      throw error;
    }
  }

  #mayWrite({ name }: Instruction, number: number): boolean {
    const csr = CSRS.find((c) => c.number === number);
    if (name === "csrrd" || csr === undefined || this.#timed) return true;
    return !TIMED_CSRS.has(csr.name) && !PLACE_CSRS.has(csr.name);
  }

  #operand(instruction: Instruction, operand: Operand): bigint {
    const r = this.#random;
    switch (operand.kind) {
      case "register":
        return BigInt(this.#register(instruction, operand.name));
      case "csr":
        return BigInt(this.#csr());
      case "offset":
        return BigInt(r.between(1, 4) * 4 * (r.chance(0.15) ? -1 : 1));
      case "immediate":
        return this.#immediate(instruction, operand);
    }
  }

  #register({ name }: Instruction, field: string): number {
    const r = this.#random;
    const isMemory = /^(ld|st|ll|sc|am|cacop|preld|lddir|ldpte)/.test(name);
    if (field === "rd") {
      return /^st/.test(name) || BRANCHES.some((b) => b.name === name && name !== "jirl")
        ? r.below(32)
        : this.#result();
    }
    if (name.startsWith("rdtime")) return this.#result();
    if (field === "rj" && isMemory && r.chance(0.9)) return r.pick(ADDRESS_REGISTERS);
    // The index of ldx and stx: mostly small.
    if (field === "rk" && /^(ld|st)x/.test(name)) return r.pick([0, 0, 8, 9, r.below(32)]);
    return r.below(32);
  }

  /** A register to write. */
  #result(): number {
    const r = this.#random;
    if (r.chance(0.04)) return r.pick(ADDRESS_REGISTERS);
    return r.pick([1, 8, 9, 12, 13, 14, 15, 16, 17, 18, 19, 22, 23, 28, 29, 30, 31]);
  }

  #csr(): number {
    const r = this.#random;
    return r.weighted([
      [14, () => r.pick(COPIES).number],
      [4, () => r.pick(OTHERS).number],
      [1, () => r.below(0x400)],
      [1, () => CRMD.number],
    ])();
  }

  #immediate({ name }: Instruction, operand: Operand): bigint {
    const r = this.#random;
    const { min, max, shift } = operand;
    if (name === "invtlb" && operand.name === "op") return BigInt(r.chance(0.9) ? r.below(7) : r.below(32));
    if (name === "hvcl") return BigInt(r.below(0x100));
    const isNear = operand.name.startsWith("si") && r.chance(0.8);
    const [low, high] = isNear ? [Math.max(min, -32), Math.min(max, 64)] : [min, max];
    const unit = 2 ** shift;
    const value = r.between(Math.ceil(low / unit), Math.floor(high / unit)) * unit;
    // Aligned offsets, most of the time.
    return BigInt(isNear && shift === 0 && r.chance(0.85) ? value - value % 8 : value);
  }
}

const NOP = 0x03400000;

function named(name: string): Instruction {
  const found = ISA.get(name);
  if (found === undefined) throw new TypeError(`Cannot make code: no instruction ${name}`);
  return found;
}

/** The words of a few instructions by name and operands. */
export function code(
  ...lines: readonly (readonly [name: string, ...operands: (number | string)[]])[]
): number[] {
  return lines.map(([name, ...operands]) =>
    encode(
      named(name),
      operands.map((o) => typeof o === "string" ? BigInt(csrByName(o)?.number ?? 0) : BigInt(o)),
    )
  );
}

/** A GPA or GVA that a guest may want to use: in its memory, at a border of pages, far away, or nowhere. */
export function interestingAddress(random: Random): bigint {
  const page = BigInt(random.below(9)) * BigInt(PAGE);
  const offset = random.weighted([
    [6, () => BigInt(random.below(PAGE / 8) * 8)],
    [2, () => BigInt(PAGE - 8 + random.below(8))],
    [1, () => BigInt(PAGE - 0x80 + random.below(0x80))],
    [1, () => BigInt(random.below(PAGE))],
  ])();
  const base = random.weighted([
    [12, 0n],
    [3, 0x1_0000_0000n],
    [1, 0x8000_0000_0000_0000n],
    [2, 0xffff_8000_0000_0000n],
    [1, BigInt(random.bits32()) << 12n],
  ]);
  return base + page + offset;
}
