/**
 * Programs with much code that is executed seldom.
 *
 * @module
 */
import type { BenchProgram } from "../image.ts";

const COLD_BLOCKS = 20_000;

function coldBlock(i: number): string {
  const mask = (i * 7) % 4096;
  return `  addi.d $a0, $a0, ${i % 2048}
  xor    $a1, $a1, $a0
  andi   $a2, $a1, ${mask}
  beqz   $a2, 7f
  add.d  $a3, $a3, $a2
7:`;
}

export const COLD: BenchProgram = {
  name: "cold blocks",
  text: `${COLD_BLOCKS} blocks, each executed a few times`,
  goal: 0.3,
  floor: 0.25,
  rounds: 8,
  fixed: true,
  body: `
1:
  bl     cold
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
  // Megabytes of text: made where it is asked for.
  get data() {
    return `
cold:
  move   $t8, $ra
${Array.from({ length: COLD_BLOCKS }, (_, i) => coldBlock(i)).join("\n")}
  jirl   $zero, $t8, 0`;
  },
};

/** Where the code of {@linkcode MANY_PAGES} begins, and its pages: more than an engine keeps. */
const PAGES = { start: 0x1000000, count: 16_384 };
/** Bytes of that code. */
export const MANY_PAGES_BYTES: number = PAGES.count * 4096;

export const MANY_PAGES: BenchProgram = {
  name: "code in many pages",
  text: `two instructions in each of ${PAGES.count} pages`,
  floor: 0.003,
  rounds: 600,
  setup: `
  li.d   $t0, ${PAGES.start}
  li.d   $t1, ${PAGES.count}
  li.d   $t2, 0x1000
  la.pcrel $t3, template
  ld.d   $t4, $t3, 0
1:
  st.d   $t4, $t0, 0
  add.d  $t0, $t0, $t2
  addi.d $t1, $t1, -1
  bnez   $t1, 1b
  ld.w   $t4, $t3, 8
  st.w   $t4, $t0, 0
  ibar   0`,
  body: `
  li.d   $t0, ${PAGES.start}
1:
  jirl   $ra, $t0, 0
  addi.d $s8, $s8, -1
  bnez   $s8, 1b`,
  data: `
  .balign 8
template:
  addi.d $a0, $a0, 1
  b      . + 0xffc
  jr     $ra`,
};
