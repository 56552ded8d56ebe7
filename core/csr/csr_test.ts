// Expectations: LoongArch manual Vol. 1 v1.10, chapters "Control and Status Registers" and "Reset"; what LVZ adds and what the
// implementation chooses: the rules named.
import { assertEquals, assertThrows } from "@std/assert";
import { bareMachine } from "../bare_machine.ts";
import { exchangeCsr, exchangeGcsr } from "../exec/csr_calls.ts";
import { Machine } from "../machine.ts";
import { deriveProfile, LA464, LA464_NO_LVZ, type Profile } from "../profile.ts";
import { BADV, DBG, ESTAT } from "./basic.ts";
import { FWPS } from "./debug.ts";
import { bit, bits, csr } from "./define.ts";
import { csrByName, csrByNumber, csrName, CSRS } from "./table.ts";

const ALL = (1n << 64n) - 1n;
const WORD = 0xffffffffn;
const COPY = { guest: "copy" } as const;

function machine(profile: Profile = LA464, cpu = 0): Machine {
  return bareMachine("nop", { size: 4096 * 4, profile, cpu }).m;
}

// Declarations --------------------------------------------------------------------------------------------------------

Deno.test("csr() refuses fields that overlap or leave the register, bits() empty ranges, Field.set() too large values", () => {
  const declare = (fields: Parameters<typeof csr>[3], width: 32 | 64 = 64) =>
    csr(0x3000, "T", "test", fields, { ...COPY, width });
  assertThrows(
    () => declare({ A: bits(3, 0, ""), B: bit(3, "") }),
    RangeError,
    "T.B: it overlaps another field",
  );
  assertThrows(() => declare({ A: bits(32, 31, "") }, 32), RangeError, "T.A: bit 32 is outside its 32 bits");
  for (const [high, low] of [[0, 1], [64, 0], [3, -1]] as const) {
    assertThrows(() => bits(high, low, "x"), RangeError, `Cannot declare bits ${high}:${low}`);
  }
  const { A } = csr(0x3000, "T", "test", { A: bits(5, 4, "") }, COPY);
  assertEquals(A.set(0xffn, 1n), 0xdfn);
  assertEquals([A.get(0xa5n), A.of(3n), A.mask], [2n, 0x30n, 0x30n]);
  assertThrows(() => A.set(0n, 4n), RangeError, "Cannot set A: 0x4 does not fit 5:4");
  assertThrows(() => A.of(-1n), RangeError);
});

Deno.test("registers are found by number, by name and by other names", () => {
  assertEquals(CSRS.map((c) => csrByNumber(c.number)), [...CSRS]);
  const aka = ["TICLR TINTCLR", "SAVE3 KS3", "PWCL PWCTL0", "GCFG GCTL", "GSTAT VMCTL", "TID TMID"];
  for (const [name = "", other = ""] of aka.map((pair) => pair.split(" "))) {
    assertEquals(csrByName(other), csrByName(name), other);
    assertEquals(csrByName(name)?.name, name);
  }
  assertEquals([csrByName("NONE"), csrByNumber(0x3fff)], [undefined, undefined]);
  assertEquals([csrName(0x8e), csrName(0x3fff)], ["TLBREHI", "0x3fff"]);
});

// Walking bits ----------------------------------------------------------------------------------------------------------

/** What a register is expected to do. */
interface Expected {
  readonly number: number;
  readonly name: string;
  /** The bits that csrwr changes. */
  readonly mask: bigint;
  /** Bits that read as 1 for ever. */
  readonly fixed?: bigint;
  /** 32 bits, read sign-extended. */
  readonly isWord?: boolean;
  /** What is stored of a written value over 0, where a mask cannot say it. */
  readonly stored?: (written: bigint) => bigint;
  /** The bits that gcsrwr changes where they are not `mask`; undefined if there is no guest copy (LVZ-GCSR-05). */
  readonly guest: bigint | undefined;
}

function row(
  number: number,
  name: string,
  mask: bigint,
  options: Partial<Omit<Expected, "number" | "name" | "mask">> = {},
): Expected {
  return { number, name, mask, guest: mask, ...options };
}

const isWord = true;
const HOST_ONLY = { guest: undefined };
const VPPN = ALL & ~0x1fffn;
const sext48 = (v: bigint) => BigInt.asUintN(64, BigInt.asIntN(48, v));
const ELO = 0xe000fffffffff07fn;
const PAGE = ALL & ~0xfffn;
const PHYSICAL_PAGE = 0x0000fffffffff000n;

/** Watchpoints given to the guest: not more than the eight that there are. */
const share = (v: bigint) => (v & 0xf0000n) > 0x80000n ? 0x80000n : v & 0xf0000n;

const EXPECTED: readonly Expected[] = [
  row(0x0, "CRMD", 0x3ffn, { isWord }),
  row(0x1, "PRMD", 0xfn, { isWord }),
  row(0x2, "EUEN", 0xfn, { isWord }),
  row(0x3, "MISC", 0x7feeen, { isWord }),
  row(0x4, "ECFG", 0x71fffn, { isWord }),
  // The host sets SWI, PCOV, TI, IPI and both codes of the guest copy (LVZ-GCSR-12, LVZ-CONF-19).
  row(0x5, "ESTAT", 0x3n, { isWord, guest: 0x7fff1c03n }),
  row(0x6, "ERA", ALL),
  row(0x7, "BADV", ALL),
  // LVZ-INSN-03: BADI, CPUID and TVAL are written by the host only; LVZ-INSN-04: PGD and PRCFG by nobody.
  row(0x8, "BADI", 0n, { isWord, guest: WORD }),
  row(0xc, "EENTRY", PAGE),
  // 2112 entries need 12 bits of Index.
  row(0x10, "TLBIDX", 0xbf000fffn, { isWord }),
  row(0x11, "TLBEHI", VPPN, { stored: (v) => sext48(v & VPPN) }),
  row(0x12, "TLBELO0", ELO),
  row(0x13, "TLBELO1", ELO),
  // TGID sticks only together with USETGID.
  row(0x15, "GTLBC", 0xff303fn, {
    isWord,
    ...HOST_ONLY,
    stored: (v) => v & 0x1000n ? v & 0xff303fn : v & 0x303fn,
  }),
  row(0x16, "TRGP", 0n, { isWord, ...HOST_ONLY }),
  row(0x18, "ASID", 0x3ffn, { isWord, fixed: 0xa0000n }),
  row(0x19, "PGDL", PAGE),
  row(0x1a, "PGDH", PAGE),
  row(0x1b, "PGD", 0n),
  row(0x1c, "PWCL", WORD, { isWord }),
  row(0x1d, "PWCH", 0xffffffn, { isWord }),
  row(0x1e, "STLBPS", 0x3fn, { isWord }),
  row(0x1f, "RVACFG", 0xfn, { isWord }),
  row(0x20, "CPUID", 0n, { isWord, guest: 0x1ffn }),
  // VM-CPU-02: 8 SAVE registers, 48 timer bits, VS up to 7; 4 KiB to 512 MiB; type 2, 64 + 8 * 2^8 entries.
  row(0x21, "PRCFG1", 0n, { isWord, fixed: 0x72f8n }),
  row(0x22, "PRCFG2", 0n, { fixed: 0x3ffff000n }),
  row(0x23, "PRCFG3", 0n, { isWord, fixed: 0x8073f2n }),
  ...Array.from({ length: 8 }, (_, n) => row(0x30 + n, `SAVE${n}`, ALL)),
  row(0x40, "TID", WORD, { isWord }),
  row(0x41, "TCFG", 0xffffffffffffn),
  row(0x42, "TVAL", 0n, { guest: 0xffffffffffffn }),
  row(0x43, "CNTC", ALL),
  row(0x44, "TICLR", 0n, { isWord }),
  row(0x50, "GSTAT", 0xff0002n, { isWord, fixed: 0x80n, ...HOST_ONLY }),
  // LVZ-CSR-11: the capability bits, and 3 is no MATC and no GCI; LVZ-PMU-01: four counters to give.
  row(0x51, "GCFG", 0x730aab0n, {
    isWord,
    fixed: 0x875547n,
    ...HOST_ONLY,
    stored: (v) =>
      (v & 0xaa80n) | ((v & 0x7000000n) > 0x4000000n ? 0x4000000n : v & 0x7000000n) |
      ((v & 0x30n) === 0x30n ? 0n : v & 0x30n) |
      ((v & 0x300000n) === 0x300000n ? 0n : v & 0x300000n),
  }),
  // LVZ-INT-06: a 1 in HC clears the VIP bit of its line.
  row(0x52, "GINTC", 0xffffffn, {
    isWord,
    ...HOST_ONLY,
    stored: (v) => (v & 0xffff00n) | (v & 0xffn & ~(v >> 16n)),
  }),
  row(0x53, "GCNTC", ALL, HOST_ONLY),
  // WCLLB is an action and reads as 0; ROLLB is hardware's.
  row(0x60, "LLBCTL", 0x4n, { isWord }),
  row(0x80, "IMPCTL1", 0n, { isWord, ...HOST_ONLY }),
  row(0x81, "IMPCTL2", 0n, { isWord, ...HOST_ONLY }),
  row(0x88, "TLBRENTRY", PHYSICAL_PAGE),
  row(0x89, "TLBRBADV", ALL),
  row(0x8a, "TLBRERA", ALL & ~2n),
  row(0x8b, "TLBRSAVE", ALL),
  row(0x8c, "TLBRELO0", ELO),
  row(0x8d, "TLBRELO1", ELO),
  row(0x8e, "TLBREHI", VPPN | 0x3fn, { stored: (v) => sext48(v & VPPN) | (v & 0x3fn) }),
  row(0x8f, "TLBRPRMD", 0x1fn, { isWord }),
  // The manual marks PIE as R, alone among its likes: taken for a slip.
  row(0x90, "MERRCTL", 0x1ffen, { isWord, ...HOST_ONLY }),
  row(0x91, "MERRINFO1", 0n, HOST_ONLY),
  row(0x92, "MERRINFO2", 0n, HOST_ONLY),
  row(0x93, "MERRENTRY", PHYSICAL_PAGE, HOST_ONLY),
  row(0x94, "MERRERA", ALL, HOST_ONLY),
  row(0x95, "MERRSAVE", ALL, HOST_ONLY),
  row(0x98, "CTAG", 0n, { isWord, ...HOST_ONLY }),
  ...Array.from({ length: 4 }, (_, n) => row(0x180 + n, `DMW${n}`, 0xf00000000000003fn)),
  // LVZ-CSR-14: GMOD in 22:21.
  ...Array.from({ length: 4 }, (_, n) => [
    row(0x200 + 2 * n, `PMCFG${n}`, 0x7f03ffn, { isWord }),
    row(0x201 + 2 * n, `PMCNT${n}`, ALL),
  ]).flat(),
  row(0x300, "MWPC", 0xf0000n, { isWord, fixed: 8n, ...HOST_ONLY, stored: share }),
  // Status is hardware's and cleared by writing 1; the host restores the guest's.
  row(0x301, "MWPS", 0x10000n, { isWord, guest: 0x100ffn }),
  row(0x380, "FWPC", 0xf0000n, { isWord, fixed: 8n, ...HOST_ONLY, stored: share }),
  row(0x381, "FWPS", 0x10000n, { isWord, guest: 0x100ffn }),
  // DMOnly can be written in debug mode alone; GMOD in 6:5, GID in 23:16.
  ...Array.from({ length: 8 }, (_, n) => [
    row(0x310 + 8 * n, `MWP${n}CFG1`, ALL),
    row(0x311 + 8 * n, `MWP${n}CFG2`, ALL),
    row(0x312 + 8 * n, `MWP${n}CFG3`, 0xffen, { isWord }),
    row(0x313 + 8 * n, `MWP${n}CFG4`, 0xff03ffn, { isWord }),
    row(0x390 + 8 * n, `FWP${n}CFG1`, ALL),
    row(0x391 + 8 * n, `FWP${n}CFG2`, ALL),
    row(0x392 + 8 * n, `FWP${n}CFG3`, 0xfen, { isWord }),
    row(0x393 + 8 * n, `FWP${n}CFG4`, 0xff03ffn, { isWord }),
  ]).flat(),
  // LVZ-GCSR-16: usable outside debug mode.
  row(0x501, "DERA", ALL, HOST_ONLY),
  row(0x502, "DSAVE", ALL, HOST_ONLY),
];

type Exchange = typeof exchangeCsr;

/** A register's value after writing 0, then `value`. */
function written(exchange: Exchange, m: Machine, number: number, value: bigint): bigint {
  exchange(m, number, 0n, ALL);
  exchange(m, number, value, ALL);
  return exchange(m, number, 0n, 0n);
}

const WALKING: readonly bigint[] = [
  ALL,
  0n,
  ...Array.from({ length: 64 }, (_, n) => 1n << BigInt(n)),
  ...Array.from({ length: 64 }, (_, n) => ALL & ~(1n << BigInt(n))),
];

function checkWalk(exchange: Exchange, e: Expected, mask: bigint): void {
  const stored = e.stored ?? ((v: bigint) => v & mask);
  let m = machine();
  for (const value of WALKING) {
    // Where a mask is not enough, what is stored may depend on what was.
    if (e.stored) m = machine();
    const low = e.isWord ? value & WORD : value;
    const plain = stored(low) | (e.fixed ?? 0n);
    const expected = e.isWord ? BigInt.asUintN(64, BigInt.asIntN(32, plain)) : plain;
    assertEquals(written(exchange, m, e.number, value), expected, `${e.name} <- ${value.toString(16)}`);
  }
}

Deno.test("csrwr changes the writable bits of each register, and no others", () => {
  for (const e of EXPECTED) {
    assertEquals(csrName(e.number), e.name);
    checkWalk(exchangeCsr, e, e.mask);
  }
});

Deno.test("gcsrwr changes what csrwr does, and what is read-only to the guest but not fixed (LVZ-INSN-03, -04)", () => {
  for (const e of EXPECTED) {
    if (e.guest !== undefined) checkWalk(exchangeGcsr, e, e.guest);
  }
});

Deno.test("a number without a register reads 0 and ignores writes; so does gcsr* without a guest copy (LVZ-INSN-05)", () => {
  const m = machine();
  const known = new Set([...EXPECTED.map((e) => e.number), 0x500]);
  const host = [...m.host.values];
  for (let number = 0; number < 0x4000; number++) {
    if (known.has(number)) continue;
    assertEquals(written(exchangeCsr, m, number, ALL), 0n, number.toString(16));
  }
  assertEquals([...m.host.values], host);
  const guest = [...m.guest.values];
  for (let number = 0; number < 0x4000; number++) {
    if (EXPECTED.some((e) => e.number === number && e.guest !== undefined)) continue;
    assertEquals(written(exchangeGcsr, m, number, ALL), 0n, number.toString(16));
  }
  assertEquals([...m.guest.values], guest);
});

Deno.test("every declared register has its expectation here", () => {
  // DBG is hardware's: no bit of it is writable.
  const known = new Set([...EXPECTED.map((e) => e.number), 0x500]);
  const missing = CSRS.filter((c) => c.existsIn(LA464) && !known.has(c.number)).map((c) => c.name);
  assertEquals(missing, []);
  const m = machine();
  const before = exchangeCsr(m, 0x500, 0n, 0n);
  assertEquals(written(exchangeCsr, m, 0x500, ALL), before);
});

// Reset -----------------------------------------------------------------------------------------------------------------

Deno.test("after reset, both worlds are in direct mode at PLV0 with everything off, and the core knows its number", () => {
  const m = machine(LA464, 3);
  assertEquals(new Machine({ bus: m.bus, iocsr: m.iocsr }).pc, 0x1c000000n);
  for (const exchange of [exchangeCsr, exchangeGcsr]) {
    const read = (number: number) => exchange(m, number, 0n, 0n);
    assertEquals(read(0x0), 0x8n, "CRMD: DA only");
    // EUEN, MISC, ECFG, RVACFG, TCFG, LLBCTL, TLBRERA, DMW0-3: off
    for (const number of [0x2, 0x3, 0x4, 0x1f, 0x41, 0x60, 0x8a, 0x180, 0x181, 0x182, 0x183]) {
      assertEquals(read(number), 0n, csrName(number));
    }
    assertEquals(read(0x5) & 3n, 0n, "ESTAT: no software interrupt");
    assertEquals([read(0x21), read(0x22), read(0x23)], [0x72f8n, 0x3ffff000n, 0x8073f2n]);
  }
  assertEquals(exchangeCsr(m, 0x90, 0n, 0n) & 1n, 0n, "MERRCTL.IsMERR");
  assertEquals(exchangeCsr(m, 0x500, 0n, 0n) & 1n, 0n, "DBG.DST");
  assertEquals([exchangeCsr(m, 0x20, 0n, 0n), exchangeCsr(m, 0x40, 0n, 0n)], [3n, 3n], "CPUID, TID");
});

Deno.test("without LVZ its registers and fields do not exist (LVZ-DET-05, -06)", () => {
  const m = machine(LA464_NO_LVZ);
  for (const number of [0x15, 0x16, 0x50, 0x51, 0x52, 0x53]) {
    assertEquals(written(exchangeCsr, m, number, ALL), 0n, csrName(number));
  }
  assertEquals(written(exchangeCsr, m, 0x8f, ALL), 0x17n, "TLBRPRMD.PGM");
  assertEquals(written(exchangeCsr, m, 0x90, ALL), 0x1fden, "MERRCTL.PGM");
  const others: [number: number, value: bigint][] = [
    ...[[0x200, 0x1f03ffn], [0x300, 8n], [0x380, 8n], [0x312, 0xf9en], [0x392, 0x9en]] as [number, bigint][],
    ...[[0x313, 0x3ffn], [0x393, 0x3ffn]] as [number, bigint][],
  ];
  for (const [number, value] of others) {
    assertEquals(written(exchangeCsr, m, number, ALL), value, csrName(number));
  }
});

// What accesses do beyond storage -------------------------------------------------------------------------------------------

Deno.test("csrxchg changes the bits of its mask alone and gives back the whole old value", () => {
  const m = machine();
  exchangeCsr(m, 0x30, 0x1111222233334444n, ALL);
  assertEquals(exchangeCsr(m, 0x30, 0xaaaabbbbccccddddn, 0xffff0000ffff0000n), 0x1111222233334444n);
  assertEquals(exchangeCsr(m, 0x30, 0n, 0n), 0xaaaa2222cccc4444n);
});

Deno.test("a write to ESTAT neither latches nor clears a line", () => {
  const m = machine();
  m.setLine(4, true);
  exchangeCsr(m, 0x5, 1n, 1n);
  assertEquals(exchangeCsr(m, 0x5, 0n, ALL), 0x11n);
  assertEquals(exchangeCsr(m, 0x5, 0n, 0n), 0x10n);
  m.setLine(4, false);
  assertEquals(exchangeCsr(m, 0x5, 0n, 0n), 0n);
});

Deno.test("PGD is PGDL or PGDH by bit 47 of BADV, or in a refill of TLBRBADV", () => {
  const m = machine();
  exchangeCsr(m, 0x19, 0x1000n, ALL);
  exchangeCsr(m, 0x1a, 0x9000000000002000n, ALL);
  const rows: [badv: bigint, refillBadv: bigint, isRefill: bigint, pgd: bigint][] = [
    [0x7fff_ffff_ffffn, ALL, 0n, 0x1000n],
    [0xffff_8000_0000_0000n, 0n, 0n, 0x9000000000002000n],
    [ALL, 0n, 1n, 0x1000n],
    [0n, 0xffff_8000_0000_0000n, 1n, 0x9000000000002000n],
  ];
  for (const [badv, refillBadv, isRefill, pgd] of rows) {
    exchangeCsr(m, 0x7, badv, ALL);
    exchangeCsr(m, 0x89, refillBadv, ALL);
    exchangeCsr(m, 0x8a, isRefill, 1n);
    assertEquals(exchangeCsr(m, 0x1b, 0n, 0n), pgd);
  }
});

Deno.test("the ALCL bits of MISC are 1 for ever without unaligned accesses", () => {
  const m = machine(deriveProfile(LA464, { name: "aligned", remove: ["UAL"] }));
  assertEquals(exchangeCsr(m, 0x3, 0n, 0n), 0xf000n);
  assertEquals(written(exchangeCsr, m, 0x3, 0n), 0xf000n);
  assertEquals(written(exchangeCsr, m, 0x3, ALL), 0x7feeen);
});

Deno.test("csrxchg clears hits of watchpoints only where its mask has the bit", () => {
  const m = machine();
  m.host.set(FWPS.Status, 0xffn);
  exchangeCsr(m, 0x381, 0xfn, 0x33n);
  assertEquals(exchangeCsr(m, 0x381, 0n, 0n), 0xfcn, "ones under the mask");
  exchangeCsr(m, 0x381, ALL, 0x10000n);
  assertEquals(exchangeCsr(m, 0x381, 0n, 0n), 0x100fcn, "Skip alone");
  exchangeCsr(m, 0x381, 0n, ALL);
  assertEquals(exchangeCsr(m, 0x381, 0n, 0n), 0xfcn, "zeros clear nothing");
});

Deno.test("a watchpoint of debug mode is made, changed and unmade in debug mode alone", () => {
  const m = machine();
  for (const base of [0x310, 0x390]) {
    const read = () => [0, 1, 2, 3].map((n) => exchangeCsr(m, base + n, 0n, 0n));
    assertEquals(written(exchangeCsr, m, base + 2, 1n), 0n);
    m.host.set(DBG.DST, 1n);
    [0x1000n, 0xfn, 3n, 5n].forEach((value, n) => exchangeCsr(m, base + n, value, ALL));
    m.host.set(DBG.DST, 0n);
    for (let n = 0; n < 4; n++) exchangeCsr(m, base + n, 0n, ALL);
    assertEquals(read(), [0x1000n, 0xfn, 3n, 5n]);
    m.host.set(DBG.DST, 1n);
    exchangeCsr(m, base + 2, 2n, ALL);
    m.host.set(DBG.DST, 0n);
    assertEquals(written(exchangeCsr, m, base, 0n), 0n);
  }
});

Deno.test("GTLBC.TGID keeps its value while USETGID is 0", () => {
  const m = machine();
  exchangeCsr(m, 0x15, 0x51000n, ALL);
  exchangeCsr(m, 0x15, 0x70000n, ALL);
  assertEquals(exchangeCsr(m, 0x15, 0n, 0n), 0x50000n);
});

Deno.test("the banks of the two worlds are separate, and a machine refuses a register that it lacks", () => {
  const m = machine();
  exchangeCsr(m, 0x30, 5n, ALL);
  exchangeGcsr(m, 0x30, 6n, ALL);
  assertEquals([exchangeCsr(m, 0x30, 0n, 0n), exchangeGcsr(m, 0x30, 0n, 0n)], [5n, 6n]);
  const save8 = csrByName("SAVE8");
  if (save8 === undefined) throw new TypeError("SAVE8 is not declared");
  assertThrows(() => m.host.read(save8), RangeError, "profile la464 has no such register");
});

Deno.test("a field within bits 30:0 is read as a number, any other is refused", () => {
  assertEquals(ESTAT.Ecode.number(0x9000_0000_0017_1804n), 0x17);
  assertThrows(
    () => BADV.VAddr.number(0n),
    RangeError,
    "Cannot read VAddr as a number: it is not in bits 30:0",
  );
});
