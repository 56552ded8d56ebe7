/**
 * Random sources: sections in turns, labels, data, alignment, and code that refers to all of them.
 *
 * @module
 */
import type { GoldenSource } from "../../core/asm/golden_sources.ts";
import type { Random } from "../../sequences/random.ts";

const SECTIONS = [".text", ".data", ".section .rodata", ".bss"] as const;
type SectionName = typeof SECTIONS[number];

const SIZES: readonly (readonly [directive: string, bits: number])[] = [
  [".byte", 8],
  [".half", 16],
  [".word", 32],
  [".dword", 64],
];
const BRANCHES = [
  "b",
  "bl",
  "beqz $a0,",
  "bnez $t0,",
  "beq $a0, $a1,",
  "bltu $s0, $zero,",
  "bgt $a0, $a1,",
  "blez $t8,",
  "bcnez $fcc3,",
];
const LOADS = ["la.local", "la.abs", "la.pcrel", "la", "la.global"];
const CHARACTERS = ["a", "Z", " ", "#", ";", "//", "/*", "\\n", "\\\\", '\\"', "\\0", "\\177", "\\x7f", "é"];

/** A place in the source where a statement goes. */
interface Slot {
  readonly section: SectionName;
  readonly label: string | undefined;
}

class SourceWriter {
  readonly #random: Random;
  readonly #slots: readonly Slot[];

  constructor(random: Random) {
    this.#random = random;
    this.#slots = this.#plan();
  }

  #plan(): Slot[] {
    const { below, chance, pick } = bound(this.#random);
    const slots: Slot[] = [];
    for (let turn = 0; turn < 6; turn++) {
      const section = turn === 0 ? ".text" : pick(SECTIONS);
      const count = 2 + below(8);
      for (let i = 0; i < count; i++) {
        slots.push({ section, label: chance(0.4) ? `l${slots.length}` : undefined });
      }
    }
    return slots;
  }

  /** A label of a section, or of any. */
  #label(section?: SectionName): string | undefined {
    const labels = this.#slots.flatMap((slot) =>
      slot.label !== undefined && (section === undefined || slot.section === section) ? [slot.label] : []
    );
    return labels.length === 0 ? undefined : this.#random.pick(labels);
  }

  #number(bits: number): string {
    const random = this.#random;
    const value = BigInt.asUintN(bits, random.bits64() >> BigInt(random.below(64)));
    const shown = random.chance(0.5) ? value : BigInt.asIntN(bits, value);
    return shown >= 0n && random.chance(0.5) ? `0x${shown.toString(16)}` : `${shown}`;
  }

  /** A number, the distance of two labels of the section, or an address where there is room for one. */
  #value(section: SectionName, bits: number): string {
    const [a, b] = [this.#label(section), this.#label(section)];
    const choice = this.#random.below(6);
    if (choice === 0 && a !== undefined && bits >= 32) return `${a} - ${b} + ${this.#random.below(16)}`;
    if (choice === 1 && a !== undefined && bits >= 32) return `. - ${a}`;
    const anywhere = this.#label();
    if (choice === 2 && anywhere !== undefined && bits === 64) {
      return `${anywhere} + ${this.#random.below(64)}`;
    }
    return this.#number(bits);
  }

  #data(section: SectionName): string {
    const { below, pick } = bound(this.#random);
    const [directive, bits] = pick(SIZES);
    const list = (count: number, item: () => string) => Array.from({ length: count }, item).join(", ");
    const number = () => this.#number(8);
    const string = () => `"${Array.from({ length: below(6) }, () => pick(CHARACTERS)).join("")}"`;
    const makers = [
      () => `${directive} ${list(1 + below(3), () => this.#value(section, bits))}`,
      () => `${pick([".uleb128", ".sleb128"])} ${list(1 + below(3), () => this.#number(64))}`,
      () => `${pick([".ascii", ".asciz", ".string"])} ${list(1 + below(2), string)}`,
      () => `.fill ${below(4)}, ${pick([1, 2, 4, 8])}, ${below(128)}`,
      () => `.space ${below(20)}, ${number()}`,
      () => `.balign ${pick([1, 2, 4, 8, 16])}${pick(["", `, ${below(128)}`, `, , ${1 + below(8)}`])}`,
      () => `.p2align ${below(5)}`,
      () => `.org . + ${below(9)}`,
    ];
    return pick(makers)();
  }

  #code(): string {
    const { below, chance, pick } = bound(this.#random);
    const target = this.#label(".text");
    const anywhere = this.#label();
    const makers = [
      () => `li.d $t${below(9)}, ${this.#number(64)}`,
      () => `addi.d $a0, $a1, ${below(2048)}`,
      ...(target === undefined ? [] : [
        // LLVM 19 takes no addend behind a branch's label.
        () => `${pick(BRANCHES)} ${target}`,
        () => pick([`call36 ${target}`, `tail36 $t1, ${target}`]),
      ]),
      ...(anywhere === undefined
        ? []
        : [() => `${pick(LOADS)} $a${below(8)}, ${anywhere}${chance(0.3) ? ` + ${below(4096)}` : ""}`]),
      () => "1: nop\nbne $a0, $a1, 1b\nbeqz $a0, 1f\n1:",
    ];
    return pick(makers)();
  }

  #statement({ section, label }: Slot): string {
    const name = label === undefined ? "" : `${label}: `;
    if (section === ".bss") return `${name}.space ${this.#random.below(40)}`;
    // Branches need targets at multiples of 4.
    if (section === ".text") {
      return this.#random.chance(0.7) ? `${name}${this.#code()}` : `${name}${this.#data(section)}\n.balign 4`;
    }
    return `${name}${this.#data(section)}`;
  }

  text(): string {
    const lines: string[] = [];
    let section: SectionName = ".text";
    for (const slot of this.#slots) {
      if (slot.section !== section) lines.push(slot.section);
      section = slot.section;
      lines.push(this.#statement(slot));
    }
    // An empty section has no place that both agree on.
    const ends = SECTIONS.filter((name) => lines.includes(name)).map((name) => `${name}\n.space 4`);
    return `${[...lines, ...ends].join("\n")}\n`;
  }
}

/** The choices of a generator as plain functions. */
function bound(random: Random): Pick<Random, "below" | "chance" | "pick"> {
  return {
    below: (limit) => random.below(limit),
    chance: (probability) => random.chance(probability),
    pick: (list) => random.pick(list),
  };
}

/** `count` random sources, each named by its number. */
export function randomSources(random: Random, count: number): GoldenSource[] {
  return Array.from({ length: count }, (_, index) => ({
    title: `random source ${index}`,
    source: new SourceWriter(random).text(),
    origin: 0x9000_0000_0020_0000n,
  }));
}
