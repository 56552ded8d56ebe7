/**
 * Which of two exceptions comes first: a case for each pair of neighbours in the manual's order, where one instruction can raise both.
 *
 * A failure here means that a handler is told the wrong thing: a program is killed for an address that paging would have served, or paging serves
 * an access that was to be refused.
 */
import { type Csrs, host, type HostExpectation, type RuleId } from "../../dsl/mod.ts";

/** Mapped mode with a window for the code at the bottom of the address space. */
const MAPPED = { CRMD: { DA: 0, PG: 1 }, DMW0: 0xf };
/** No entry of the TLB has it. */
const UNMAPPED = -0x8000_0000_0000n + 0x4000n;
/** Neither half of the address space. */
const HOLE = 0x4000_0000_0000_0000n;

interface Pair {
  readonly rule: RuleId;
  readonly first: NonNullable<HostExpectation["ends"]>;
  readonly second: string;
  readonly code: string;
  readonly csr?: Csrs;
  /** s0 */
  readonly address?: bigint;
  readonly at?: string | bigint;
  readonly profile?: string;
}

const WATCH_EVERY_LEVEL = 0x1e;
const LOADS_AND_STORES = 0x31e;
/** Fetches of an address are watched. */
const fetchWatched = (at: bigint | string): Csrs => ({ FWP0CFG1: at, FWP0CFG3: WATCH_EVERY_LEVEL });
const accessWatched = (at: bigint): Csrs => ({ MWP0CFG1: at, MWP0CFG3: LOADS_AND_STORES });
const WATCHED_MAPPED = { ...MAPPED, CRMD: { DA: 0, PG: 1, WE: 1 } };
const USER = { CRMD: { PLV: 3 } };

// deno-fmt-ignore
const PAIRS: readonly Pair[] = [
  // Interrupt, then fetch.
  { rule: "BASE-PRIO-01", first: "INT", second: "WPEF", code: "probe: nop",
    csr: { CRMD: { IE: 1, WE: 1 }, ECFG: { LIE: 1 }, ESTAT: 1, ...fetchWatched("probe") }, at: "probe" },
  { rule: "BASE-PRIO-01", first: "INT", second: "SYS", code: "probe: syscall 0",
    csr: { CRMD: { IE: 1 }, ECFG: { LIE: 1 }, ESTAT: 1 }, at: "probe" },
  // Fetch.
  { rule: "BASE-PRIO-02", first: "WPEF", second: "ADEF for a misaligned PC", code: "jirl $zero, $s0, 0",
    csr: { CRMD: { WE: 1 }, ...fetchWatched(0x2_0002n) }, address: 0x2_0002n, at: 0x2_0002n },
  { rule: "BASE-PRIO-02", first: "WPEF", second: "ADEF for no address", code: "jirl $zero, $s0, 0",
    csr: { ...WATCHED_MAPPED, ...fetchWatched(HOLE) }, address: HOLE, at: HOLE },
  { rule: "BASE-PRIO-02", first: "WPEF", second: "a refill", code: "jirl $zero, $s0, 0",
    csr: { ...WATCHED_MAPPED, ...fetchWatched(UNMAPPED) }, address: UNMAPPED, at: UNMAPPED },
  { rule: "BASE-PRIO-02", first: "ADEF", second: "a refill", code: "jirl $zero, $s0, 0",
    csr: MAPPED, address: UNMAPPED + 2n, at: UNMAPPED + 2n },
  { rule: "BASE-PRIO-02", first: "ADEF", second: "a refill of a hole", code: "jirl $zero, $s0, 0",
    csr: MAPPED, address: HOLE, at: HOLE },
  // Fetch, then decoding.
  { rule: "BASE-PRIO-03", first: "WPEF", second: "SYS", code: "probe: syscall 0",
    csr: { CRMD: { WE: 1 }, ...fetchWatched("probe") }, at: "probe" },
  { rule: "BASE-PRIO-03", first: "WPEF", second: "INE", code: "probe: .word 0xffffffff",
    csr: { CRMD: { WE: 1 }, ...fetchWatched("probe") }, at: "probe" },
  { rule: "BASE-PRIO-03", first: "WPEF", second: "IPE", code: "probe: csrrd $a0, CRMD",
    csr: { CRMD: { PLV: 3, WE: 1 }, ...fetchWatched("probe") }, at: "probe" },
  { rule: "BASE-PRIO-03", first: "WPEF", second: "FPD", code: "probe: fadd.d $f0, $f0, $f0",
    csr: { CRMD: { WE: 1 }, ...fetchWatched("probe") }, at: "probe" },
  // What lies at 0x20002 would be no instruction; it is never looked at.
  { rule: "BASE-PRIO-03", first: "ADEF", second: "INE", code: "jirl $zero, $s0, 0", address: 0x2_0002n, at: 0x2_0002n },
  // Decoding, then the access.
  { rule: "BASE-PRIO-03", first: "INE", second: "ALE", code: "probe: .word 0x386192f7    # amadd.d $s0, $a0, $s0", address: 0x2_0001n, at: "probe" },
  { rule: "BASE-PRIO-03", first: "FPD", second: "ALE", code: "probe: fldgt.d $f0, $s0, $zero", address: 0x2_0001n, at: "probe" },
  { rule: "BASE-PRIO-03", first: "FPD", second: "a refill", code: "probe: fld.d $f0, $s0, 0",
    csr: MAPPED, address: UNMAPPED, at: "probe" },
  { rule: "BASE-PRIO-03", first: "IPE", second: "ADEM", code: "probe: cacop 16, $s0, 0",
    csr: { ...MAPPED, CRMD: { DA: 0, PG: 1, PLV: 3 } }, address: HOLE, at: "probe" },
  { rule: "BASE-PRIO-03", first: "FPD", second: "WPEM", code: "probe: fld.d $f0, $s0, 0",
    csr: { CRMD: { WE: 1 }, ...accessWatched(0x2_0000n) }, address: 0x2_0000n, at: "probe" },
  { rule: "BASE-PRIO-03", first: "INE", second: "IPE", code: "probe: gcsrrd $a0, CRMD", csr: USER, profile: "la464-nolvz", at: "probe" },
  // The access: watchpoint, alignment, address, bound, page.
  { rule: "BASE-PRIO-05", first: "WPEM", second: "ALE", code: "probe: ll.w $a0, $s0, 0",
    csr: { CRMD: { WE: 1 }, ...accessWatched(0x2_0002n) }, address: 0x2_0002n, at: "probe" },
  { rule: "BASE-PRIO-05", first: "WPEM", second: "ADEM", code: "probe: ld.d $a0, $s0, 0",
    csr: { ...WATCHED_MAPPED, ...accessWatched(HOLE) }, address: HOLE, at: "probe" },
  { rule: "BASE-PRIO-05", first: "WPEM", second: "BCE", code: "probe: ldgt.d $a0, $s0, $s0",
    csr: { CRMD: { WE: 1 }, ...accessWatched(0x2_0000n) }, address: 0x2_0000n, at: "probe" },
  { rule: "BASE-PRIO-05", first: "WPEM", second: "a refill", code: "probe: st.d $a0, $s0, 0",
    csr: { ...WATCHED_MAPPED, ...accessWatched(UNMAPPED) }, address: UNMAPPED, at: "probe" },
];

for (const { rule, first, second, code, csr = {}, address = 0n, at, profile } of PAIRS) {
  Deno.test(
    `${first} comes before ${second} of ${code.replace("probe: ", "")}`,
    host({
      rule,
      ...(profile === undefined ? {} : { profile }),
      csr,
      set: { s0: address },
      code,
      expect: {
        ends: first,
        ...(at === undefined ? {} : { at }),
        otherCsrs: "any",
      },
    }),
  );
}

// Every access that has to be aligned, and those that compare a bound -------------------------------------------------

const ALIGNED = [
  ...["w", "d"].flatMap((t) => [`ll.${t} $a0, $s0, 0`, `sc.${t} $a0, $s0, 0`, `amadd.${t} $a1, $a0, $s0`]),
  ...["h", "w", "d"].flatMap((t) => [`ldgt.${t} $a0, $s0, $s0`, `stle.${t} $a0, $s0, $zero`]),
  ...["s", "d"].flatMap((t) => [`fldgt.${t} $f0, $s0, $s0`, `fstle.${t} $f0, $s0, $zero`]),
];

for (const code of ALIGNED) {
  for (const [what, base] of [["ADEM", HOLE], ["a refill", UNMAPPED]] as const) {
    Deno.test(
      `ALE comes before ${what} of ${code}`,
      host({
        rule: "BASE-PRIO-04",
        csr: { ...MAPPED, EUEN: { FPE: 1 } },
        set: { s0: base + 1n },
        code: `probe: ${code}`,
        expect: { ends: "ALE", at: "probe", csr: { BADV: base + 1n } },
      }),
    );
  }
}

/** Whose bound is not kept: greater than itself, not greater than 0. */
const BOUNDED = [
  ...["b", "h", "w", "d"].flatMap((t) => [
    ...[`ldgt.${t} $a0, $s0, $s0`, `ldle.${t} $a0, $s0, $zero`],
    ...[`stgt.${t} $a0, $s0, $s0`, `stle.${t} $a0, $s0, $zero`],
  ]),
  ...["s", "d"].flatMap((t) => [
    ...[`fldgt.${t} $f0, $s0, $s0`, `fldle.${t} $f0, $s0, $zero`],
    ...[`fstgt.${t} $f0, $s0, $s0`, `fstle.${t} $f0, $s0, $zero`],
  ]),
];

for (const code of BOUNDED) {
  const c = { rule: "BASE-PRIO-04", csr: { ...MAPPED, EUEN: { FPE: 1 } }, code: `probe: ${code}` } as const;
  Deno.test(
    `ADEM comes before BCE of ${code}`,
    host({ ...c, set: { s0: HOLE }, expect: { ends: "ADEM", at: "probe", csr: { BADV: HOLE } } }),
  );
  Deno.test(
    `BCE comes before a refill of ${code}`,
    host({ ...c, set: { s0: UNMAPPED }, expect: { ends: "BCE", at: "probe", csr: { BADV: UNMAPPED } } }),
  );
  Deno.test(
    `BCE of ${code} is all that is left in direct mode, where every address is legal`,
    host({
      rule: "BASE-PRIO-04",
      csr: { EUEN: { FPE: 1 } },
      set: { s0: HOLE },
      code: `probe: ${code}`,
      expect: { ends: "BCE", at: "probe", csr: { BADV: HOLE } },
    }),
  );
}

Deno.test(
  "an access whose bound is kept raises ADEM for an address that there is not, and a refill for a page that there is not",
  host({
    rule: "BASE-PRIO-04",
    csr: { ...MAPPED, EENTRY: "handler" },
    set: { s0: HOLE, s1: UNMAPPED },
    code: `
      first:   ldgt.d $a0, $s0, $zero
               .balign 4096
      handler: csrrd  $a1, ESTAT
      second:  stle.w $a0, $s1, $s1
    `,
    expect: {
      ends: "refill",
      at: "second",
      regs: { a1: 0x48 << 16 },
      csr: { BADV: HOLE, ERA: "first" },
      otherCsrs: "any",
    },
  }),
);

// Page exceptions have an order of their own ---------------------------------------------------------------------------

const [V, D, PLV0, PLV3, NR, NX] = [1n, 2n, 0n, 0xcn, 1n << 61n, 1n << 62n];

// deno-fmt-ignore
const PAGES = [
  ["PIL",  "ld.d $a0, $s0, 0",    0, NR | NX | PLV0,         3],
  ["PIS",  "st.d $a0, $s0, 0",    0, PLV0,                   3],
  ["PIF",  "jirl $zero, $s0, 0",  0, NX | PLV0,              3],
  ["PNX",  "jirl $zero, $s0, 0",  0, V | NX | PLV0,          3],
  ["PPI",  "ld.d $a0, $s0, 0",    0, V | NR | PLV0,          3],
  ["PPI",  "st.d $a0, $s0, 0",    0, V | PLV0,               3],
  ["PNR",  "ld.d $a0, $s0, 0",    0, V | NR | PLV3,          3],
  ["PME",  "st.d $a0, $s0, 0",    0, V | NR | PLV3,          3],
  ["PPI",  "jirl $zero, $s0, 0",  0, V | D | PLV0,           3],
] as const;

for (const [first, code, , flags, PLV] of PAGES) {
  Deno.test(
    `${first} comes first of what a page with flags 0x${flags.toString(16)} has against ${code} at PLV${PLV}`,
    host({
      rule: "BASE-PRIO-04",
      csr: {
        TLBIDX: { Index: 2048, PS: 12 },
        TLBEHI: UNMAPPED,
        TLBELO0: 0x2_0000n | flags,
        TLBELO1: 0,
        DMW0: 0xf,
        GTLBC: { USETGID: 1, TGID: 0 },
        PRMD: { PPLV: PLV },
        ERA: "probe",
      },
      set: { s0: UNMAPPED, t0: 0x10, t1: 0x18 },
      code: `
               tlbwr
               csrxchg $t0, $t1, CRMD
               ertn
        probe: ${code}
      `,
      expect: {
        ends: first,
        at: code.startsWith("jirl") ? UNMAPPED : "probe",
        csr: { BADV: UNMAPPED },
        otherRegs: "any",
        otherCsrs: "any",
      },
    }),
  );
}
