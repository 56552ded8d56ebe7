/**
 * Programs that are nothing but control flow at random: branches, calls, returns and jumps by table from anywhere to anywhere, exceptions,
 * accesses beside the code and writes into it. No structure of a real program helps what translates them.
 *
 * @module
 */
import type { Random } from "../../sequences/random.ts";

const REGISTERS = ["$a0", "$a1", "$a2", "$a3", "$a4", "$a5", "$a6", "$a7", "$t0", "$t1"];
/** They lead to data in other pages and beside the code. */
const BASES = ["$s1", "$s2", "$s3"];
const TARGETS = 8;
const PATCHED = 4;

type Choice = () => string;

/** One program under construction. */
class Flow {
  readonly #random: Random;
  readonly #blocks: number;
  readonly #patches: boolean;
  /** How often there is a gap before a block: the more, the more pages the blocks are in. */
  readonly #gaps: number;

  constructor(random: Random) {
    this.#random = random;
    this.#blocks = random.between(6, 45);
    this.#patches = random.chance(0.5);
    this.#gaps = random.pick([0, 0.05, 0.3, 0.6]);
  }

  #one(choices: readonly Choice[]): string {
    return this.#random.pick(choices)();
  }

  #register(): string {
    return this.#random.pick(REGISTERS);
  }

  #label(): string {
    return `b${this.#random.below(this.#blocks)}`;
  }

  #three(name: string): string {
    return `${name} ${this.#register()}, ${this.#register()}, ${this.#register()}`;
  }

  #arithmetic(): string {
    const two = () => `${this.#register()}, ${this.#register()}`;
    return this.#one([
      () => `addi.d ${two()}, ${this.#random.between(-100, 100)}`,
      () => `slli.d ${two()}, ${this.#random.below(64)}`,
      () => `rotri.w ${two()}, ${this.#random.below(32)}`,
      () => `revb.d ${two()}`,
      () => `pcaddi ${this.#register()}, ${this.#random.below(100)}`,
      ...["xor", "sub.w", "mul.d", "div.d", "sltu", "maskeqz"].map((name) => () => this.#three(name)),
    ]);
  }

  #access(): string {
    const base = this.#random.pick(BASES);
    const offset = this.#random.chance(0.3) ? this.#random.below(2048) : 8 * this.#random.below(64);
    const names = ["ld.d", "ld.w", "ld.bu", "st.d", "st.h", "st.b"];
    return this.#one([
      ...names.map((name) => () => `${name} ${this.#register()}, ${base}, ${offset}`),
      () => `xori ${base}, ${base}, ${8 * this.#random.below(64)}`,
      () => `amadd.d ${this.#register()}, $zero, ${base}`,
      () => `ll.d ${this.#register()}, ${base}, 0`,
      () => `sc.d ${this.#register()}, ${base}, 0`,
    ]);
  }

  /** What a translator may leave to others. */
  #rare(): string {
    return this.#one([
      () => `csrrd ${this.#register()}, SAVE0`,
      () => `csrwr ${this.#register()}, SAVE1`,
      () => `syscall ${this.#random.below(9)}`,
      () => `cpucfg ${this.#register()}, $zero`,
      () => `rdtime.d ${this.#register()}, $zero`,
      () => "ibar 0",
      () => ".word 0xffffffff",
    ]);
  }

  #loop(): string {
    return `li.d $t2, ${this.#random.between(2, 20)}
1:      ${this.#arithmetic()}
        ${this.#access()}
        addi.d $t2, $t2, -1
        bnez $t2, 1b`;
  }

  #patch(): string {
    const place = 4 * this.#random.below(PATCHED);
    return `ld.w $t5, $s4, ${4 * this.#random.below(TARGETS)}\n        st.w $t5, $s5, ${place}`;
  }

  #end(): string {
    const [a, b] = [this.#register(), this.#register()];
    const link = this.#random.pick(["$zero", "$ra", "$t4"]);
    return this.#one([
      ...["beq", "bne", "blt", "bgeu"].map((name) => () => `${name} ${a}, ${b}, ${this.#label()}`),
      () => `andi $t3, ${a}, ${this.#random.between(1, 3)}\n        bnez $t3, ${this.#label()}`,
      () => `b ${this.#label()}`,
      () => `bl ${this.#label()}`,
      () => "jirl $zero, $ra, 0",
      ...(this.#patches ? [() => "bl patched", () => `bne ${a}, ${b}, patched`] : []),
      () => `la.pcrel $t3, ${this.#label()}\n        jirl ${link}, $t3, 0`,
      () => `andi $t4, ${a}, 0x38\n        ldx.d $t3, $s6, $t4\n        jirl ${link}, $t3, 0`,
      () => "",
    ]);
  }

  #block(index: number): string {
    const lines = Array.from(
      { length: this.#random.below(5) },
      () =>
        this.#random.weighted([[1, () => this.#rare()], [4, () => this.#access()], [
          7,
          () => this.#arithmetic(),
        ]])(),
    );
    if (this.#random.chance(0.12)) lines.push(this.#loop());
    if (this.#patches && this.#random.chance(0.4)) lines.push(this.#patch());
    if (index === this.#blocks >> 1) lines.push(`patched: ${this.#words(PATCHED)}`);
    const gap = this.#random.chance(this.#gaps)
      ? `b 2f\n        .space ${4 * this.#random.below(700)}\n2:`
      : "";
    return `b${index}:    ${[gap, ...lines, this.#end()].join("\n        ")}`;
  }

  #words(count: number): string {
    return Array.from({ length: count }, () => this.#arithmetic()).join("\n        ");
  }

  write(): string {
    const data = () => this.#random.pick(["data", "near", "words"]);
    return `
        la.pcrel $t0, handler
        csrwr  $t0, EENTRY
        la.pcrel $ra, b0
        la.pcrel $s1, ${data()}
        la.pcrel $s2, ${data()}
        la.pcrel $s3, data
        la.pcrel $s4, words
        la.pcrel $s5, patched
        la.pcrel $s6, table
        li.d   $a0, ${this.#random.bits32()}
        li.d   $a1, ${this.#random.bits32()}
${Array.from({ length: this.#blocks }, (_, i) => this.#block(i)).join("\n")}
        b      b0
        .balign 8
table:  ${Array.from({ length: TARGETS }, () => `.dword ${this.#label()}`).join("\n        ")}
words:  ${this.#words(TARGETS)}
near:   .space 600
        .balign 4096
handler: csrwr $t0, SAVE2
        csrrd  $t0, ERA
        addi.d $t0, $t0, 4
        csrwr  $t0, ERA
        csrrd  $t0, SAVE2
        ertn
        .balign 4096
        .space 3000
data:   .space 9000
`;
  }
}

/** A program that begins at its first instruction and never ends. */
export function randomFlow(random: Random): string {
  return new Flow(random).write();
}
