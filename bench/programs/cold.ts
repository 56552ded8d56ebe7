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

const LOOPS = { count: 300, turns: 400, most: 24 };
const LOOP_BODY = [
  "add.d  $a2, $a2, $a1",
  "ld.d   $a3, $t1, 0",
  "xor    $a1, $a1, $a3",
  "slli.d $a4, $a1, 2",
  "st.d   $a4, $t1, 8",
  "sub.d  $a5, $a4, $a2",
  "and    $a6, $a5, $a1",
  "mul.d  $a7, $a6, $a2",
];

/** A function with a loop, another for each number. */
function loop(i: number): string {
  const body = Array.from(
    { length: 8 + i % LOOPS.most },
    (_, n) => LOOP_BODY[(i + 3 * n) % LOOP_BODY.length],
  );
  return `
  .balign 4096
loop${i}:
  li.d   $t0, ${LOOPS.turns}
1:
  ${body.join("\n  ")}
  andi   $t2, $t0, ${1 << i % 4}
  beqz   $t2, 2f
  addi.d $a2, $a2, ${i}
2:
  addi.d $t0, $t0, -1
  bnez   $t0, 1b
  jr     $ra`;
}

export const LOOPS_AT_ONCE: BenchProgram = {
  name: "many loops",
  text: `${LOOPS.count} loops that become hot at about the same time`,
  floor: 0.04,
  rounds: 60,
  fixed: true,
  get body() {
    const calls = Array.from({ length: LOOPS.count }, (_, i) => `  bl     loop${i}`);
    return `
  li.d   $t1, 0x400000
3:
${calls.join("\n")}
  addi.d $s8, $s8, -1
  bnez   $s8, 3b`;
  },
  get data() {
    return Array.from({ length: LOOPS.count }, (_, i) => loop(i)).join("\n");
  },
};

/** Where the code of {@linkcode MANY_PAGES} begins, and its pages: more than an engine keeps. */
const PAGES = { start: 0x1000000, count: 16_384 };
/** Bytes of that code. */
export const MANY_PAGES_BYTES: number = PAGES.count * 4096;

export const MANY_PAGES: BenchProgram = {
  name: "code in many pages",
  text: `two instructions in each of ${PAGES.count} pages`,
  floor: 0.02,
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
