/**
 * The pieces of which programs are made. Each is assembly text that leaves its results in the registers that all of them share.
 *
 * Which registers hold what: `$a0`-`$a6`, `$t4`-`$t8`, `$s2`-`$s8` are data; `$t0`-`$t3` are for the piece itself; `$sp` is the stack.
 *
 * @module
 */
import type { Random } from "../../sequences/random.ts";
import { TO_KERNEL } from "./handlers.ts";
import { hex } from "../../core/hex.ts";
import { AT, LOG, MAPPED, MAPPED_HUGE, PAGE_BYTES, PAGES, SPACES, tablesOf, windowed } from "./layout.ts";
import { constant, dataRegister, straightLine } from "./straight_line.ts";

/** A kind of piece. */
export interface Fragment {
  readonly name: string;
  /** True if it works at PLV3 as well. */
  readonly user: boolean;
  /** @param n is different for every piece of a program, for labels */
  text(random: Random, n: number): string;
}

/** A loop over arithmetic, its trip count in a register that it does not touch. */
const LOOP: Fragment = {
  name: "loop",
  user: true,
  text: (random, n) => `
  addi.d $t0, $zero, ${random.between(1, 30)}
loop${n}:
${straightLine(random, random.between(2, 10))}
  addi.d $t0, $t0, -1
  bnez   $t0, loop${n}`,
};

/** Exceptions by code, each skipped by the handler. Not those in which QEMU 7.2 deviates. */
const RAISING: readonly ((random: Random) => string)[] = [
  (random) => `syscall ${hex(random.below(0x7000))}`,
  (random) => `break ${hex(random.below(0x7fff))}`,
  () => ".word 0xffffffff",
  () => ".word 0x00000001",
  (random) => `li.d $t0, ${hex(0x4000_0000_0000_0000n | BigInt(random.bits32()))}\n  ld.bu $t0, $t0, 0`,
  (random) => `li.d $t0, ${hex(0x0001_0000_0000_0000n | BigInt(random.bits32()))}\n  st.b $t0, $t0, 0`,
];

const EXCEPTIONS: Fragment = {
  name: "exceptions",
  user: true,
  text: (random) =>
    Array.from(
      { length: random.between(1, 5) },
      () => `  ${random.pick(RAISING)(random)}\n${straightLine(random, random.below(3))}`,
    ).join("\n"),
};

/** What only PLV0 may do: refused at PLV3. */
const PRIVILEGED: Fragment = {
  name: "privileged",
  user: true,
  text: (random) =>
    `  ${
      random.pick([
        "csrrd $t0, PRCFG1",
        "csrwr $a0, SAVE5",
        "csrxchg $a1, $a2, SAVE6",
        "invtlb 0x0, $zero, $zero",
      ])
    }`,
};

interface AccessKind {
  readonly load: string;
  readonly store: string;
  readonly bytes: number;
}

const ACCESSES: readonly AccessKind[] = [
  { load: "ld.b", store: "st.b", bytes: 1 },
  { load: "ld.bu", store: "st.b", bytes: 1 },
  { load: "ld.h", store: "st.h", bytes: 2 },
  { load: "ld.hu", store: "st.h", bytes: 2 },
  { load: "ld.w", store: "st.w", bytes: 4 },
  { load: "ld.wu", store: "st.w", bytes: 4 },
  { load: "ld.d", store: "st.d", bytes: 8 },
];

/** The parts of each page that a state observes: its first 256 bytes and its last 64. */
function offsetInPage(random: Random, bytes: number, isLast: boolean): number {
  const at = random.chance(0.7)
    ? random.below(0x100 - bytes)
    : PAGE_BYTES - 0x40 + random.below(isLast ? 0x40 - bytes : 0x40);
  return random.chance(0.8) ? at & -bytes : at;
}

function access(random: Random): string {
  const { load, store, bytes } = random.pick(ACCESSES);
  const isHuge = random.chance(0.15);
  const page = random.below(PAGES);
  const address = isHuge
    ? MAPPED_HUGE + BigInt(random.pick(AT.huge) + (random.below(0x100 - bytes) & -bytes))
    : MAPPED + BigInt(page * PAGE_BYTES + offsetInPage(random, bytes, page === PAGES - 1));
  const what = random.chance(0.5) ? load : store;
  return `  li.d   $t0, ${hex(address)}\n  ${what} ${dataRegister(random)}, $t0, 0`;
}

/** Loads and stores of mapped pages: refills, invalid and clean pages, pages of another privilege level. */
const MEMORY: Fragment = {
  name: "memory",
  user: true,
  text: (random) => Array.from({ length: random.between(3, 14) }, () => access(random)).join("\n"),
};

/** A copy from page to page, in units that do not divide a page when unaligned. */
const COPY: Fragment = {
  name: "copy",
  user: true,
  text: (random, n) => {
    const { load, store, bytes } = random.pick(ACCESSES);
    const [from, to] = [random.below(PAGES - 1), random.below(PAGES - 1)];
    return `
  li.d   $t0, ${hex(MAPPED + BigInt(from * PAGE_BYTES + PAGE_BYTES - 0x40 + random.below(8)))}
  li.d   $t1, ${hex(MAPPED + BigInt(to * PAGE_BYTES + PAGE_BYTES - 0x40 + random.below(8)))}
  addi.d $t2, $zero, ${random.between(1, Math.floor(0x70 / bytes))}
copy${n}:
  ${load} $t3, $t0, 0
  ${store} $t3, $t1, 0
  add.d  $a0, $a0, $t3
  addi.d $t0, $t0, ${bytes}
  addi.d $t1, $t1, ${bytes}
  addi.d $t2, $t2, -1
  bnez   $t2, copy${n}`;
  },
};

/** Arms the timer; {@linkcode WAIT} or the end of the program waits for it. */
const TIMER: Fragment = {
  name: "timer",
  user: false,
  text: (random, n) => {
    const count = random.between(1, 3);
    const ticks = random.between(100, 400) * 4;
    const periodic = count > 1 ? 2 : 0;
    return `${awaitTimer(`timer${n}`)}
  li.d   $t0, ${hex(windowed(AT.log))}
  addi.d $t1, $zero, ${count}
  st.d   $t1, $t0, ${LOG.interruptsLeft}
  st.d   $zero, $t0, ${LOG.interruptsTaken}
  li.d   $t1, ${hex(ticks | periodic | 1)}
  csrwr  $t1, TCFG`;
  },
};

/** Waits until all interrupts of the timer came; their number is a result. */
export function awaitTimer(label: string): string {
  return `
  li.d   $t0, ${hex(windowed(AT.log))}
${label}w:
  ld.d   $t1, $t0, ${LOG.interruptsLeft}
  bnez   $t1, ${label}w
  ld.d   $t1, $t0, ${LOG.interruptsTaken}
  add.d  $a0, $a0, $t1`;
}

const WAIT: Fragment = { name: "wait", user: true, text: (_random, n) => awaitTimer(`wait${n}`) };

/** Writes instructions, calls them, overwrites them, calls them again. */
const SELF_MODIFYING: Fragment = {
  name: "self-modifying code",
  user: true,
  text: (random, n) => {
    const body = random.between(1, 6);
    const rounds = random.between(2, 4);
    const one = (round: number) => `
  li.d   $t0, ${hex(windowed(AT.written))}
  la.pcrel $t1, text${n}_${round}
  addi.d $t2, $zero, ${body + 1}
write${n}_${round}:
  ld.w   $t3, $t1, 0
  st.w   $t3, $t0, 0
  addi.d $t0, $t0, 4
  addi.d $t1, $t1, 4
  addi.d $t2, $t2, -1
  bnez   $t2, write${n}_${round}
  ibar   0
  li.d   $t0, ${hex(windowed(AT.written))}
  jirl   $ra, $t0, 0
  jirl   $ra, $t0, 0
  b      after${n}_${round}
text${n}_${round}:
${straightLine(random, body)}
  ret
after${n}_${round}:`;
    return Array.from({ length: rounds }, (_, round) => one(round)).join("\n");
  },
};

/** ll/sc and am* on a counter. */
const ATOMICS: Fragment = {
  name: "atomics",
  user: true,
  text: (random, n) => {
    const unit = random.pick(["w", "d"]);
    const at = MAPPED + BigInt(random.below(PAGES) * PAGE_BYTES + random.below(0x1f) * 8);
    const op = random.pick(["amadd", "amswap", "amand", "amor", "amxor", "ammax", "ammin"]);
    return `
  li.d   $t0, ${hex(at)}
  addi.d $t2, $zero, ${random.between(1, 9)}
  addi.d $t3, $zero, 90                  # tries, for a page that is not this level's
atomic${n}:
  addi.d $t3, $t3, -1
  beqz   $t3, tried${n}
  ll.${unit}  $t1, $t0, 0
  add.${unit} $t1, $t1, ${dataRegister(random)}
  sc.${unit}  $t1, $t0, 0
  beqz   $t1, atomic${n}
  ${op}.${unit} $t1, $t2, $t0
  add.d  $a1, $a1, $t1
  addi.d $t2, $t2, -1
  bnez   $t2, atomic${n}
tried${n}:
  addi.d $t3, $zero, 0`;
  },
};

/** Recursion over the stack. */
const CALLS: Fragment = {
  name: "calls",
  user: true,
  text: (random, n) => `
  addi.d $t0, $zero, ${random.between(1, 9)}
  bl     call${n}
  b      called${n}
call${n}:
  addi.d $sp, $sp, -32
  st.d   $ra, $sp, 0
  st.d   $t0, $sp, 8
  addi.d $t0, $t0, -1
  bge    $zero, $t0, leaf${n}
  bl     call${n}
  ld.d   $t0, $sp, 8
  addi.d $t0, $t0, -2
  bge    $zero, $t0, leaf${n}
  bl     call${n}
leaf${n}:
${straightLine(random, random.between(1, 4))}
  ld.d   $t0, $sp, 8
  add.d  $a2, $a2, $t0
  ld.d   $ra, $sp, 0
  addi.d $sp, $sp, 32
  ret
called${n}:`,
};

/** Double arithmetic under a rounding mode; results and flags become data. */
const FLOATING: Fragment = {
  name: "floating point",
  user: true,
  text: (random) => {
    const value = () =>
      hex((BigInt(random.between(0x3e0, 0x41f)) << 52n) | (random.bits64() & 0xf_ffff_ffff_ffffn));
    const operations = Array.from({ length: random.between(2, 8) }, () => {
      const op = random.pick(["fadd.d", "fsub.d", "fmul.d", "fdiv.d", "fmadd.d", "fsqrt.d", "fmax.d"]);
      const registers = op === "fsqrt.d" ? 2 : op === "fmadd.d" ? 4 : 3;
      return `  ${op} ${Array.from({ length: registers }, () => `$f${random.below(4)}`).join(", ")}`;
    });
    return `
  addi.d $t0, $zero, ${random.below(4) << 8}
  movgr2fcsr $fcsr0, $t0
${[0, 1, 2, 3].map((f) => `  li.d $t0, ${value()}\n  movgr2fr.d $f${f}, $t0`).join("\n")}
${operations.join("\n")}
  movfr2gr.d ${dataRegister(random)}, $f${random.below(4)}
  movfcsr2gr ${dataRegister(random)}, $fcsr0`;
  },
};

/** Another page in the same place: the entry of the table changes, and the TLB hears of it. */
const REMAP: Fragment = {
  name: "remap",
  user: false,
  text: (random) => {
    const [a, b] = [random.below(PAGES), random.below(PAGES)];
    const address = MAPPED + BigInt(a * PAGE_BYTES);
    const table = tablesOf(0).table;
    return `
  li.d   $t0, ${hex(windowed(table))}
  ld.d   $t1, $t0, ${8 * a}
  ld.d   $t2, $t0, ${8 * b}
  st.d   $t2, $t0, ${8 * a}
  st.d   $t1, $t0, ${8 * b}
  csrrd  $t1, ASID
  li.d   $t0, ${hex(address)}
  ${
      random.chance(0.5) ? "invtlb 0x0, $zero, $zero" : `invtlb 0x5, $t1, $t0
  li.d   $t0, ${hex(MAPPED + BigInt(b * PAGE_BYTES))}
  invtlb 0x5, $t1, $t0`
    }
  li.d   $t0, ${hex(address + BigInt(random.below(0x1f) * 8))}
  ld.d   ${dataRegister(random)}, $t0, 0`;
  },
};

/** The other address space. */
const SWITCH: Fragment = {
  name: "address space",
  user: false,
  text: (random) => switchTo(random.below(SPACES)),
};

/** Makes an address space the current one. */
export function switchTo(space: number): string {
  const { root, table } = tablesOf(space);
  return `
  addi.d $t0, $zero, ${space + 1}
  csrwr  $t0, ASID
  li.d   $t0, ${hex(root)}
  csrwr  $t0, PGDL
  li.d   $t0, ${hex(windowed(table))}
  csrwr  $t0, SAVE4`;
}

/** Scratch registers and masks. */
const CSRS: Fragment = {
  name: "csrs",
  user: false,
  text: (random) => `
  csrwr  ${dataRegister(random)}, SAVE5
  li.d   $t0, ${constant(random)}
  csrxchg ${dataRegister(random)}, $t0, SAVE5
  csrrd  ${dataRegister(random)}, SAVE5
  csrrd  ${dataRegister(random)}, CRMD`,
};

/** All kinds, with how often each is taken. */
export const FRAGMENTS: readonly (readonly [weight: number, fragment: Fragment])[] = [
  [3, LOOP],
  [3, EXCEPTIONS],
  [1, PRIVILEGED],
  [5, MEMORY],
  [2, COPY],
  [3, TIMER],
  [1, WAIT],
  [3, SELF_MODIFYING],
  [2, ATOMICS],
  [2, CALLS],
  [2, FLOATING],
  [2, REMAP],
  [2, SWITCH],
  [1, CSRS],
];

/** A piece that runs at PLV3 and comes back by a syscall. */
export function atUserLevel(text: string, n: number): string {
  return `
  addi.d $t0, $zero, 4                   # an interrupt from here on would take PRMD and ERA; ertn allows them again
  csrxchg $zero, $t0, CRMD
  addi.d $t0, $zero, 7
  csrwr  $t0, PRMD
  la.pcrel $t0, user${n}
  csrwr  $t0, ERA
  ertn
user${n}:
${text}
  addi.d $a7, $zero, ${TO_KERNEL}
  syscall 0
  addi.d $a7, $zero, 0`;
}
