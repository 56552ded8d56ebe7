// TLB instructions and page walking. Expectations: LoongArch manual Vol. 1 v1.10, "TLB Maintenance Instructions", "Software page
// walking Instructions" and the registers they use; VM-CPU-02 for the sizes; other rules where named.
import { assert, assertEquals } from "@std/assert";
import { type BareMachine, bareMachine } from "../bare_machine.ts";
import { ReferenceEngine } from "../exec/reference.ts";

const engine = new ReferenceEngine();

/** Numbers of general registers. */
const [a0, a1, a2, a3] = [4, 5, 6, 7] as const;
const [V, D, G] = [1n, 2n, 0x40n] as const;
const MTLB = 2048n;
const SETS = 256n;

/** Executes the statements with registers of the host set. */
function execute(
  source: string,
  csrs: Readonly<Record<string, bigint>> = {},
  b = bareMachine("nop"),
): BareMachine {
  const { memory, program } = bareMachine(source);
  b.memory.bytes.set(memory.bytes.subarray(0x2000, 0x3000), 0x2000);
  b.m.pc = program.entry;
  b.setCsrs(csrs);
  engine.run(b.m, { budget: source.trim().split("\n").length });
  return b;
}

/** What an entry is written from. */
interface Entry {
  readonly va: bigint;
  readonly ps?: bigint;
  readonly asid?: bigint;
  readonly lo0?: bigint;
  readonly lo1?: bigint;
}

/** Writes an entry by tlbwr (at an index) or tlbfill. */
function put(b: BareMachine, entry: Entry, index?: bigint): void {
  const { va, ps = 12n, asid = 1n, lo0 = V | D, lo1 = V | D } = entry;
  const registers = { TLBEHI: va, TLBELO0: lo0, TLBELO1: lo1, ASID: asid };
  execute(index === undefined ? "tlbfill" : "tlbwr", { ...registers, TLBIDX: (index ?? 0n) | ps << 24n }, b);
}

/** What tlbsrch finds: the index, undefined for nothing. */
function search(b: BareMachine, va: bigint, asid = 1n): bigint | undefined {
  execute("tlbsrch", { TLBEHI: va, ASID: asid, TLBIDX: 0xabcn }, b);
  const index = b.csr("TLBIDX") & 0xffffffffn;
  if (index >> 31n) {
    assertEquals(index & 0xffffn, 0xabcn, "a miss leaves the index alone");
    return undefined;
  }
  return index & 0xfffn;
}

function fresh(stlbPs = 12n): BareMachine {
  const b = bareMachine("nop");
  b.setCsrs({ STLBPS: stlbPs });
  return b;
}

// Writing, reading, searching ---------------------------------------------------------------------------------------------

Deno.test("tlbrd gives back what tlbwr wrote, G only where both halves had it", () => {
  const LO0 = 0x123456789000n | V | 0x1cn;
  const LO1 = 0xfedcba987000n | D | 0x2cn | 7n << 61n;
  const rows: [index: bigint, va: bigint, ps: bigint][] = [
    [0n, 0x7fff_ffe0_0000n, 12n],
    [5n + 7n * SETS, 0xffff_8000_0000_a000n, 12n],
    [MTLB, 0x1234_0000_0000n, 29n],
    [MTLB + 63n, 0xffff_ffff_ffc0_0000n, 21n],
  ];
  for (const [index, va, ps] of rows) {
    for (const [g0, g1] of [[0n, 0n], [G, 0n], [0n, G], [G, G]] as const) {
      const b = fresh();
      put(b, { va, ps, asid: 0x3a5n, lo0: LO0 | g0, lo1: LO1 | g1 }, index);
      const registers = { TLBEHI: 0n, TLBELO0: 0n, TLBELO1: 0n, ASID: 0n, TLBIDX: index | 1n << 31n };
      execute("tlbrd", registers, b);
      const g = g0 & g1;
      assertEquals(b.csr("TLBIDX"), index | ps << 24n);
      assertEquals(b.csr("TLBEHI"), va);
      assertEquals([b.csr("TLBELO0"), b.csr("TLBELO1")], [LO0 | g, LO1 | g]);
      assertEquals(b.csr("ASID"), 0xa03a5n);
    }
  }
});

Deno.test("tlbrd of an empty entry reads 0 with NE, in TLBEHI, TLBELO, PS and (as in QEMU) ASID", () => {
  const b = execute("tlbrd", {
    TLBEHI: ~0n & 0x7fff_ffff_e000n,
    TLBELO0: V,
    TLBELO1: V,
    ASID: 5n,
    TLBIDX: 0x0c000007n,
  });
  assertEquals(b.csr("TLBIDX") & 0xffffffffn, 0x80000007n);
  assertEquals([b.csr("TLBEHI"), b.csr("TLBELO0"), b.csr("TLBELO1"), b.csr("ASID")], [0n, 0n, 0n, 0xa0000n]);
});

Deno.test("tlbwr with NE = 1 empties the entry; with IsTLBR = 1 it writes the refill registers' entry, whatever NE says", () => {
  const b = fresh();
  put(b, { va: 0x6000n }, MTLB);
  assertEquals(search(b, 0x6000n), MTLB);
  execute("tlbwr", { TLBIDX: MTLB | 1n << 31n | 12n << 24n }, b);
  assertEquals(search(b, 0x6000n), undefined);
  execute("tlbwr", {
    ...{ TLBRERA: 1n, TLBREHI: 0x40_0000n | 21n, TLBRELO0: V | D | 0x8000n, TLBRELO1: V },
    ...{ TLBEHI: 0x6000n, TLBELO0: 0n, TLBELO1: 0n, ASID: 1n, TLBIDX: MTLB | 1n << 31n | 12n << 24n },
  }, b);
  b.setCsrs({ TLBRERA: 0n });
  assertEquals([search(b, 0x6000n), search(b, 0x40_0000n)], [undefined, MTLB]);
  execute("tlbrd", { TLBIDX: MTLB }, b);
  assertEquals([b.csr("TLBELO0"), b.csr("TLBIDX")], [V | D | 0x8000n, MTLB | 21n << 24n]);
});

Deno.test("with IsTLBR = 1 tlbsrch asks for TLBREHI, and tlbrd still answers in TLBEHI and TLBELO", () => {
  const b = fresh();
  put(b, { va: 0x6000n }, MTLB);
  const refill = { TLBRERA: 1n, TLBREHI: 0x6000n | 14n, TLBRELO0: 0n, TLBRELO1: 0n };
  execute("tlbsrch\n tlbrd", { ...refill, TLBEHI: 0x8000n, TLBELO0: 0n, TLBIDX: 0n }, b);
  assertEquals(b.csr("TLBIDX"), MTLB | 12n << 24n);
  assertEquals([b.csr("TLBEHI"), b.csr("TLBELO0")], [0x6000n, V | D]);
  assertEquals([b.csr("TLBREHI"), b.csr("TLBRELO0")], [0x6000n | 14n, 0n]);
});

Deno.test("tlbfill puts pages of the STLB's size into the set of their address, way after way, and others into the MTLB", () => {
  for (const ps of [12n, 14n, 21n]) {
    const b = fresh(ps);
    const pair = 1n << (ps + 1n);
    const aliases = Array.from({ length: 9 }, (_, n) => 5n * pair + BigInt(n) * SETS * pair);
    aliases.slice(0, 8).forEach((va) => put(b, { va, ps }));
    const found = aliases.slice(0, 8).map((va) => search(b, va));
    assertEquals(found, Array.from({ length: 8 }, (_, way) => BigInt(way) * SETS + 5n), "way * sets + set");
    put(b, { va: aliases[8] ?? 0n, ps });
    const left = aliases.map((va) => search(b, va)).filter((index) => index !== undefined);
    assertEquals(left.length, 8, "one has made room");
    assert(left.every((index) => index % SETS === 5n));
    put(b, { va: 1n << 40n, ps: ps + 1n });
    assert((search(b, 1n << 40n) ?? 0n) >= MTLB);
  }
});

Deno.test("tlbfill uses all of the MTLB before it replaces anything", () => {
  const b = fresh();
  const addresses = Array.from({ length: 65 }, (_, n) => BigInt(n) << 30n);
  addresses.slice(0, 64).forEach((va) => put(b, { va, ps: 21n }));
  const used = new Set(addresses.slice(0, 64).map((va) => search(b, va)));
  assertEquals(used.size, 64);
  put(b, { va: addresses[64] ?? 0n, ps: 21n });
  assertEquals(addresses.filter((va) => search(b, va) !== undefined).length, 64);
});

Deno.test("tlbsrch finds an entry of its ASID or a global one, anywhere in its pair of pages", () => {
  const b = fresh();
  put(b, { va: 0x6000n, asid: 3n });
  put(b, { va: 0x4000_0000n, asid: 3n, lo0: G, lo1: G });
  put(b, { va: 0x8000_0000n, asid: 3n, ps: 24n });
  assertEquals(search(b, 0x6000n, 3n), 3n);
  assertEquals(search(b, 0x6000n, 4n), undefined);
  assertEquals(search(b, 0x4000_0000n, 4n), search(b, 0x4000_0000n, 3n));
  for (const va of [0x8000_0000n, 0x80ff_e000n, 0x8100_0000n, 0x81ff_e000n]) {
    assertEquals(search(b, va, 3n), MTLB);
  }
  for (const va of [0x7fff_e000n, 0x8200_0000n]) assertEquals(search(b, va, 3n), undefined);
});

// Invalidation --------------------------------------------------------------------------------------------------------------

const PAGES = {
  globalOf1: { va: 0x10_0000n, asid: 1n, lo0: G | V, lo1: G | V },
  localOf1: { va: 0x20_2000n, asid: 1n },
  otherOf1: { va: 0x30_4000n, asid: 1n },
  localOf2: { va: 0x20_6000n, asid: 2n },
  globalOf2: { va: 0x40_8000n, asid: 2n, lo0: G, lo1: G },
  largeOf1: { va: 0x4000_0000n, asid: 1n, ps: 21n },
  largeOf2: { va: 0x8000_0000n, asid: 2n, ps: 25n },
} as const satisfies Readonly<Record<string, Entry>>;

type PageName = keyof typeof PAGES;
const PAGE_NAMES = Object.keys(PAGES) as PageName[];

function filled(): BareMachine {
  const b = fresh();
  for (const name of PAGE_NAMES) put(b, PAGES[name]);
  return b;
}

/** The pages that are gone. */
function gone(b: BareMachine): PageName[] {
  return PAGE_NAMES.filter((name) => search(b, PAGES[name].va, PAGES[name].asid) === undefined);
}

Deno.test("invtlb 0 to 6 remove what the manual's table says", () => {
  const ODD = 0x1000n;
  const rows: [op: number, asid: bigint, va: bigint, removed: readonly PageName[]][] = [
    [0, 0n, 0n, PAGE_NAMES],
    [1, 0n, 0n, PAGE_NAMES],
    [2, 0n, 0n, ["globalOf1", "globalOf2"]],
    [3, 0n, 0n, ["localOf1", "otherOf1", "localOf2", "largeOf1", "largeOf2"]],
    [4, 1n, 0n, ["localOf1", "otherOf1", "largeOf1"]],
    [4, 2n, 0n, ["localOf2", "largeOf2"]],
    [4, 9n, 0n, []],
    [5, 1n, 0x20_2000n, ["localOf1"]],
    [5, 1n, 0x20_2abcn | ODD, ["localOf1"]],
    [5, 1n, 0x10_0000n, []],
    [5, 1n, 0x20_6000n, []],
    [5, 2n, 0x8123_4567n, ["largeOf2"]],
    [5, 2n, 0x83ff_ffffn, ["largeOf2"]],
    [5, 2n, 0x8400_0000n, []],
    [6, 1n, 0x20_2000n, ["localOf1"]],
    [6, 1n, 0x10_0fffn | ODD, ["globalOf1"]],
    [6, 7n, 0x40_8000n, ["globalOf2"]],
    [6, 1n, 0x20_6000n, []],
    [6, 1n, 0x403f_ffffn, ["largeOf1"]],
  ];
  for (const [op, asid, va, removed] of rows) {
    const b = filled();
    b.m.gpr.set([asid, va], a0);
    // The ASID register is not asked.
    execute(`invtlb ${op}, $a0, $a1`, { ASID: 5n }, b);
    assertEquals(gone(b), [...removed], `invtlb ${op}, ${asid}, 0x${va.toString(16)}`);
  }
});

Deno.test("tlbflush and tlbclr empty the MTLB or one set of the STLB; tlbclr only what is local to ASID", () => {
  // The sets of the small pages: 0x80, 1, 0x82, 3, 4.
  const rows: [instruction: string, index: bigint, asid: bigint, removed: readonly PageName[]][] = [
    ["tlbflush", MTLB, 1n, ["largeOf1", "largeOf2"]],
    ["tlbflush", MTLB + 63n, 9n, ["largeOf1", "largeOf2"]],
    ["tlbflush", 0x80n, 9n, ["globalOf1"]],
    ["tlbflush", 0x80n + 5n * SETS, 9n, ["globalOf1"]],
    ["tlbflush", 7n, 1n, []],
    ["tlbclr", MTLB + 1n, 1n, ["largeOf1"]],
    ["tlbclr", MTLB + 1n, 3n, []],
    ["tlbclr", 0x80n, 1n, []],
    ["tlbclr", 1n + 7n * SETS, 1n, ["localOf1"]],
    ["tlbclr", 1n, 2n, []],
  ];
  for (const [instruction, index, asid, removed] of rows) {
    const b = filled();
    execute(instruction, { TLBIDX: index, ASID: asid }, b);
    assertEquals(gone(b), [...removed], `${instruction} at ${index}, ASID ${asid}`);
  }
});

// Page walking --------------------------------------------------------------------------------------------------------------

/** Three levels of 2^9 entries over pages of 4 KiB, and two more above. */
const LEVELS = {
  PWCL: 12n | 9n << 5n | 21n << 10n | 9n << 15n | 30n << 20n | 9n << 25n,
  PWCH: 39n | 5n << 6n | 44n << 12n | 4n << 18n,
};

Deno.test("lddir takes the index of its level from TLBRBADV, for every entry size, and cuts the base to PALEN (LVZ-MMU-15)", () => {
  const badv = 0x0000_7654_3210_f000n;
  const indices = [
    0n,
    (badv >> 21n) & 0x1ffn,
    (badv >> 30n) & 0x1ffn,
    (badv >> 39n) & 0x1fn,
    (badv >> 44n) & 0xfn,
  ];
  for (let width = 0n; width <= 3n; width++) {
    for (let level = 1; level <= 4; level++) {
      const b = bareMachine("nop");
      const at = 0x10000n + (indices[level] ?? 0n) * 8n * (1n + width);
      new DataView(b.memory.bytes.buffer).setBigUint64(Number(at), 0x9000_0000_0012_3000n, true);
      b.m.gpr[a1] = 0x9000_0000_0001_0000n;
      execute(`lddir $a0, $a1, ${level}`, { ...LEVELS, PWCL: LEVELS.PWCL | width << 30n, TLBRBADV: badv }, b);
      assertEquals(b.m.gpr[a0], 0x9000_0000_0012_3000n, `level ${level}, width ${width}`);
    }
  }
});

Deno.test("ldpte puts the even or the odd entry of the pair into TLBRELO, with the page size into TLBREHI", () => {
  for (let width = 0n; width <= 3n; width++) {
    for (const badv of [0x7000n, 0x6fffn]) {
      const b = bareMachine("nop");
      const view = new DataView(b.memory.bytes.buffer);
      const at = Number(0x10000n + 6n * 8n * (1n + width));
      // P and W (bits 7 and 8) are software's and stay out of the TLB, as do bits 60:48.
      view.setBigUint64(at, 0xe0ff_1234_5678_9fffn, true);
      view.setBigUint64(at + Number(8n * (1n + width)), 0x2000_0000_0000_a001n, true);
      b.m.gpr[a1] = 0x10000n;
      const csrs = { ...LEVELS, PWCL: LEVELS.PWCL | width << 30n, TLBRBADV: badv, TLBREHI: 0x6000n };
      execute("ldpte $a1, 0\n ldpte $a1, 1", csrs, b);
      assertEquals([b.csr("TLBRELO0"), b.csr("TLBRELO1")], [0xe000_1234_5678_907fn, 0x2000_0000_0000_a001n]);
      assertEquals(b.csr("TLBREHI"), 0x6000n | 12n);
    }
  }
});

Deno.test("a huge page met on the way is passed on, then split into two pages of half its size with G moved to its place", () => {
  const HUGE = 0x40n;
  const GLOBAL = 0x1000n;
  const huge = 0x4000_0000_4000_0000n | HUGE | V | D | 1n << 4n;
  // Where the walk of a kernel meets it: found by lddir 3 or 2, so that lddir 2 or 1 is the first to see it; or by lddir 1.
  const rows: [walk: string, ps: bigint][] = [
    ["lddir $a0, $a1, 2\n lddir $a0, $a0, 1\n ldpte $a0, 0\n ldpte $a0, 1", 38n],
    ["lddir $a0, $a1, 1\n ldpte $a0, 0\n ldpte $a0, 1", 29n],
    ["or $a0, $a1, $zero\n ldpte $a0, 0\n ldpte $a0, 1", 20n],
  ];
  for (const [walk, ps] of rows) {
    for (const [global, g] of [[0n, 0n], [GLOBAL, G]] as const) {
      const b = bareMachine("nop");
      b.m.gpr[a1] = huge | global;
      execute(walk, { ...LEVELS, TLBRBADV: 0x1234_5678_9000n }, b);
      const even = (huge & ~HUGE) | g;
      assertEquals([b.csr("TLBRELO0"), b.csr("TLBRELO1")], [even, even | 1n << ps], walk);
      assertEquals(b.csr("TLBREHI") & 0x3fn, ps, walk);
    }
  }
});

// The refill handler of Linux (VM-LNX-01): PGD holds a virtual address.
const REFILL = `
  csrwr $t0, TLBRSAVE
  csrrd $t0, PGD
  lddir $t0, $t0, 3
  lddir $t0, $t0, 1
  ldpte $t0, 0
  ldpte $t0, 1
  tlbfill
  csrrd $t0, TLBRSAVE
  ertn
`;

Deno.test("a refill handler in Linux's form maps a page of 16 KiB and a huge one of 32 MiB as two of 16 MiB", () => {
  const source = `ld.d $a0, $a1, 0\n ld.d $a2, $a3, 0\n done: b done\n .org 0xe000\n ${REFILL}`;
  const origin = 0x9000000000002000n;
  const b = bareMachine(source, { origin, size: 1 << 25 });
  const view = new DataView(b.memory.bytes.buffer);
  // 16 KiB pages, 2^11 entries a level: indices at bits 14, 25 and 36.
  const PWCL = 14n | 11n << 5n | 25n << 10n | 11n << 15n;
  b.setCsrs({ PWCL, PWCH: 36n | 11n << 6n, STLBPS: 14n, PGDL: 0x9000000000020000n, PGDH: 0x0n });
  b.setCsrs({ TLBRENTRY: 0x10000n, DMW0: 0x9000000000000011n, CRMD: 0xb0n });
  const small = 0x0000_0010_0601_4008n;
  const large = 0x0000_0010_0812_3450n;
  view.setBigUint64(0x20000 + 8 * 1, 0x9000000000040000n, true);
  view.setBigUint64(0x40000 + 8 * 3, 0x60000n, true);
  view.setBigUint64(0x40000 + 8 * 4, 0x40n | V | D | 0x10n, true);
  view.setBigUint64(0x60000 + 8 * 4, 0x80000n | V, true);
  view.setBigUint64(0x60000 + 8 * 5, 0x84000n | V, true);
  view.setBigUint64(0x84008, 0x1111n, true);
  view.setBigUint64(0x123450, 0x2222n, true);
  b.m.gpr.set([0n, small, 0n, large], a0);
  engine.run(b.m, { budget: 60 });
  assertEquals([b.m.gpr[a0], b.m.gpr[a2]], [0x1111n, 0x2222n]);
  assertEquals(b.m.pc, b.at("done"));
  const sizes = [...Array(b.m.tlb.size).keys()].map((i) => b.m.tlb.at(i)?.ps).filter((ps) =>
    ps !== undefined
  );
  assertEquals(sizes, [14, 24]);
  assertEquals(b.m.gpr[a1], small);
  assertEquals(b.m.gpr[a3], large);
});

Deno.test("who keeps translations hears of an entry that comes or goes, and of those behind it that it answers for", () => {
  const b = fresh();
  const heard: number[] = [];
  b.m.tlb.listener = (index) => heard.push(index);
  const hears = (act: () => void, expected: readonly bigint[], what: string) => {
    heard.length = 0;
    act();
    assertEquals(heard, expected.map(Number), what);
  };
  const write = (index: bigint, entry: Entry) => () => put(b, entry, index);
  const SET = 3n;
  hears(write(SET + 2n * SETS, { va: 0x6000n }), [SET + 2n * SETS], "the first");
  hears(write(MTLB + 5n, { va: 0n, ps: 14n }), [MTLB + 5n], "larger, but behind");
  hears(write(SET, { va: 0x6000n }), [SET, SET + 2n * SETS, MTLB + 5n], "before both");
  hears(write(SET + SETS, { va: 0x206000n }), [SET + SETS], "another pair of the same set");
  hears(write(MTLB, { va: 0x8000n, ps: 12n }), [MTLB], "another place");
  hears(write(MTLB + 1n, { va: 0x2000n, ps: 12n }), [MTLB + 1n, MTLB + 5n], "a part");
  hears(write(MTLB + 2n, { va: 0n, ps: 21n }), [MTLB + 2n, MTLB + 5n], "a whole");
  hears(
    () => execute("invtlb 5, $a1, $a2", {}, asked(b, 1n, 0x2000n)),
    [MTLB + 1n, MTLB + 2n, MTLB + 5n],
    "gone",
  );
});

/** With operands of invtlb. */
function asked(b: BareMachine, asid: bigint, address: bigint): BareMachine {
  b.m.gpr.set([asid, address], a1);
  return b;
}

Deno.test("versions of the TLB are taken up in any order, however much differs", () => {
  const b = fresh();
  const { tlb } = b.m;
  const present = () => Array.from({ length: tlb.size }, (_, i) => tlb.at(i)?.pair);
  const expected = new Map([[tlb.save(), present()]]);
  const writes: readonly (() => void)[] = [
    () => put(b, { va: 0x5000_0000n }, MTLB + 1n),
    () => execute("invtlb 0, $zero, $zero", {}, b),
    () => put(b, { va: 0x6000_0000n }),
    // More changes than there are entries.
    () => Array.from({ length: 3000 }, () => tlb.write(7, undefined)),
    () => put(b, { va: 0x7000_0000n }, MTLB + 1n),
  ];
  for (const write of writes) {
    write();
    expected.set(tlb.save(), present());
  }
  const back = [...expected];
  for (const n of [5, 0, 1, 1, 4, 2, 3, 5, 4, 0]) {
    back[n]?.[0]();
    assertEquals(present(), back[n]?.[1], `version ${n}`);
    writes[n % 5]?.();
  }
});
