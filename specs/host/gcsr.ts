/**
 * The guest's copies of the CSRs as the host reaches them: gcsrrd, gcsrwr and gcsrxchg on every register, the registers that have no copy, and
 * what is in the copies after reset. (What the guest does with them is in gspr/gcsr.ts.)
 *
 * A failure here means that a hypervisor which saves and restores a guest's registers loses a part of them, or writes its own instead.
 */
import { host } from "../../dsl/mod.ts";

const ALL = (1n << 64n) - 1n;
const WORD = 0xffff_ffffn;

// The registers ---------------------------------------------------------------------------------------------------------------------------

interface Register {
  readonly number: number;
  readonly name: string;
  /** 32: read sign-extended. */
  readonly width: 32 | 64;
  /** The bits that the host can change in the guest's copy. */
  readonly mask: bigint;
  /** The other bits that read 1. */
  readonly fixed?: bigint;
  /** Values to write, where not any value is defined. */
  readonly values?: readonly [bigint, bigint];
  /** Bits above this one read as its copies: the sign of an address. */
  readonly sign?: number;
  /** A bit of which nothing is known in the guest's copy. */
  readonly unknown?: bigint;
}

const ELO = 0xe000_ffff_ffff_f07fn;
const PAGE = ALL & ~0xfffn;
const PHYSICAL_PAGE = 0xffff_ffff_f000n;
const VPPN = 0xffff_ffff_e000n;
const DMW = 0xf000_0000_0000_003fn;

// Layouts: chapter "Control and Status Registers" of the manual, for LA64 with VALEN = PALEN = 48, 48 timer bits and 2112 TLB entries. Fields
// that are R there and that the host can restore: LVZ-INSN-03 and LVZ-GCSR-12.
// deno-fmt-ignore
const COPIES: readonly Register[] = [
  // DA and PG must differ.
  { number: 0x0,  name: "CRMD",      width: 32, mask: 0x3ffn, values: [0x155n, 0x2aan] },
  { number: 0x1,  name: "PRMD",      width: 32, mask: 0xfn },
  { number: 0x2,  name: "EUEN",      width: 32, mask: 0xfn },
  { number: 0x3,  name: "MISC",      width: 32, mask: 0x7_feeen },
  { number: 0x4,  name: "ECFG",      width: 32, mask: 0x7_1fffn },
  { number: 0x5,  name: "ESTAT",     width: 32, mask: 0x7fff_1c03n },
  { number: 0x6,  name: "ERA",       width: 64, mask: ALL },
  { number: 0x7,  name: "BADV",      width: 64, mask: ALL },
  { number: 0x8,  name: "BADI",      width: 32, mask: WORD },
  { number: 0xc,  name: "EENTRY",    width: 64, mask: PAGE },
  { number: 0x10, name: "TLBIDX",    width: 32, mask: 0xbf00_0fffn },
  { number: 0x11, name: "TLBEHI",    width: 64, mask: VPPN, sign: 47 },
  { number: 0x12, name: "TLBELO0",   width: 64, mask: ELO },
  { number: 0x13, name: "TLBELO1",   width: 64, mask: ELO },
  { number: 0x18, name: "ASID",      width: 32, mask: 0x3ffn, fixed: 0xa_0000n },
  { number: 0x19, name: "PGDL",      width: 64, mask: PAGE },
  { number: 0x1a, name: "PGDH",      width: 64, mask: PAGE },
  { number: 0x1b, name: "PGD",       width: 64, mask: 0n },
  { number: 0x1c, name: "PWCL",      width: 32, mask: WORD },
  { number: 0x1d, name: "PWCH",      width: 32, mask: 0xff_ffffn },
  { number: 0x1e, name: "STLBPS",    width: 32, mask: 0x3fn },
  // More than 8 is not defined.
  { number: 0x1f, name: "RVACFG",    width: 32, mask: 0xfn, values: [0x5n, 0x8n] },
  { number: 0x20, name: "CPUID",     width: 32, mask: 0x1ffn },
  { number: 0x21, name: "PRCFG1",    width: 32, mask: 0n, fixed: 0x72f8n },
  { number: 0x22, name: "PRCFG2",    width: 64, mask: 0n, fixed: 0x3fff_f000n },
  { number: 0x23, name: "PRCFG3",    width: 32, mask: 0n, fixed: 0x80_73f2n },
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n): Register => ({ number: 0x30 + n, name: `SAVE${n}`, width: 64, mask: ALL })),
  { number: 0x40, name: "TID",       width: 32, mask: WORD },
  { number: 0x41, name: "TCFG",      width: 64, mask: 0xffff_ffff_ffffn },
  { number: 0x42, name: "TVAL",      width: 64, mask: 0xffff_ffff_ffffn },
  { number: 0x43, name: "CNTC",      width: 64, mask: ALL },
  { number: 0x44, name: "TICLR",     width: 32, mask: 0n },
  // ROLLB shows the LLbit, which is clear; WCLLB is an action.
  { number: 0x60, name: "LLBCTL",    width: 32, mask: 0x4n },
  { number: 0x88, name: "TLBRENTRY", width: 64, mask: PHYSICAL_PAGE },
  { number: 0x89, name: "TLBRBADV",  width: 64, mask: ALL },
  { number: 0x8a, name: "TLBRERA",   width: 64, mask: ALL & ~2n },
  { number: 0x8b, name: "TLBRSAVE",  width: 64, mask: ALL },
  { number: 0x8c, name: "TLBRELO0",  width: 64, mask: ELO },
  { number: 0x8d, name: "TLBRELO1",  width: 64, mask: ELO },
  { number: 0x8e, name: "TLBREHI",   width: 64, mask: VPPN | 0x3fn, sign: 47 },
  // Whether PGM exists in the guest's copy is not known.
  { number: 0x8f, name: "TLBRPRMD",  width: 32, mask: 0x17n, unknown: 0x8n },
  ...[0, 1, 2, 3].map((n): Register => ({ number: 0x180 + n, name: `DMW${n}`, width: 64, mask: DMW })),
];

/** What a register shows after a value was written. */
function shown({ mask, fixed = 0n, width, sign }: Register, value: bigint): bigint {
  const stored = (value & mask) | fixed;
  if (sign !== undefined) return BigInt.asUintN(64, BigInt.asIntN(sign + 1, stored));
  return width === 32 ? BigInt.asUintN(64, BigInt.asIntN(32, stored)) : stored;
}

/** Two values that differ in every bit, as far as the register allows it. */
function valuesOf({ values, unknown = 0n }: Register): readonly [bigint, bigint] {
  const [one, other] = values ?? [0x5555_5555_5555_5555n, 0xaaaa_aaaa_aaaa_aaaan];
  return [one & ~unknown, other & ~unknown];
}

// gcsrrd, gcsrwr, gcsrxchg ----------------------------------------------------------------------------------------------------------------

for (const register of COPIES) {
  const { number, name, mask } = register;
  const csr = `0x${number.toString(16)}`;
  const [one, other] = valuesOf(register);
  for (const [old, value] of [[other, one], [one, other]] as const) {
    const now = shown(register, value);
    Deno.test(
      `gcsrwr of 0x${value.toString(16)} to ${name} (${csr}) is read back as 0x${now.toString(16)}`,
      host({
        rule: mask === 0n && name !== "TICLR"
          ? ["LVZ-GCSR-01", "LVZ-INSN-04"]
          : ["LVZ-GCSR-01", "LVZ-INSN-02"],
        ...(mask !== 0n && { gcsr: { [name]: old } }),
        set: { a0: value },
        code: `
          gcsrwr $a0, ${csr}
          gcsrrd $a1, ${csr}
        `,
        // The host's register of the same number and every other guest copy keep their values: the case does not name them.
        expect: { regs: { a0: shown(register, old), a1: now }, gcsr: { [name]: now } },
      }),
    );
  }
}

const MASK = 0x00ff_0ff0_f00f_3c3cn;

for (const register of COPIES) {
  if (register.mask === 0n || register.values !== undefined) continue;
  const { number, name } = register;
  const csr = `0x${number.toString(16)}`;
  const [old, value] = valuesOf(register);
  const next = (old & ~MASK) | (value & MASK);
  Deno.test(
    `gcsrxchg of ${name} (${csr}) changes the bits of its mask alone and returns the whole old value`,
    host({
      rule: "LVZ-INSN-02",
      gcsr: { [name]: old },
      set: { a0: value, t0: MASK },
      code: `gcsrxchg $a0, $t0, ${csr}`,
      expect: { regs: { a0: shown(register, old) }, gcsr: { [name]: shown(register, next) } },
    }),
  );
}

for (const mask of [0n, ALL]) {
  Deno.test(
    `gcsrxchg with mask 0x${mask.toString(16)} ${mask === 0n ? "only reads" : "writes every bit"}`,
    host({
      rule: "LVZ-INSN-02",
      gcsr: { SAVE2: 0x1122_3344_5566_7788n, LLBCTL: 4 },
      set: { a0: -2, t0: mask, a1: -1 },
      code: `
        gcsrxchg $a0, $t0, SAVE2
        gcsrxchg $a1, $t0, LLBCTL
      `,
      expect: {
        regs: { a0: 0x1122_3344_5566_7788n, a1: 4 },
        gcsr: mask === 0n ? {} : { SAVE2: -2n },
      },
    }),
  );
}

const WORDS = [
  { word: "0x0500c004", what: "gcsrrd $a0, SAVE0", save0: 0x11 },
  { word: "0x0500c024", what: "gcsrwr $a0, SAVE0", save0: 0xa6 },
  { word: "0x0500c044", what: "gcsrxchg $a0, $tp, SAVE0", save0: 0xa1 },
  { word: "0x0500c3e4", what: "gcsrxchg $a0, $s8, SAVE0", save0: 0x16 },
];

for (const { word, what, save0 } of WORDS) {
  Deno.test(
    `${word} is ${what}`,
    host({
      rule: "LVZ-INSN-01",
      gcsr: { SAVE0: 0x11 },
      // With rj = 1 the mask is not in $ra, which is register 1.
      set: { a0: 0xa6, ra: 0, tp: 0xf0, s8: 0x0f },
      code: `.word ${word}`,
      expect: { regs: { a0: 0x11 }, gcsr: { SAVE0: save0 } },
    }),
  );
}

for (const plv of [1, 2, 3]) {
  Deno.test(
    `gcsrxchg at host PLV${plv} raises IPE and leaves the copy and the register`,
    host({
      rule: "LVZ-INSN-06",
      gcsr: { SAVE1: 7 },
      csr: { CRMD: { PLV: plv } },
      set: { a0: -1, t0: -1 },
      code: "probe: gcsrxchg $a0, $t0, SAVE1",
      expect: { ends: "IPE", at: "probe", csr: { PRMD: { PPLV: plv }, CRMD: { PLV: 0 } } },
    }),
  );
}

// What the guest itself can only read -----------------------------------------------------------------------------------------------------

const RESTORED = [
  { name: "ESTAT", value: 0x0058_0000, what: "Ecode 24 and EsubCode 1" },
  { name: "BADI", value: 0x0648_8000, what: "an instruction" },
  { name: "TVAL", value: 0x1234_5678, what: "a count" },
  { name: "CPUID", value: 256, what: "KVM's number of a vCPU without one" },
];

for (const { name, value, what } of RESTORED) {
  Deno.test(
    `gcsrwr restores ${what} to GCSR.${name}, where a csrwr has no effect on the host's own`,
    host({
      rule: name === "CPUID" ? ["LVZ-INSN-03", "LVZ-GCSR-10"] : "LVZ-INSN-03",
      set: { a0: value, a1: value },
      code: `
        csrrd  $s0, ${name}
        gcsrwr $a0, ${name}
        csrwr  $a1, ${name}
        gcsrrd $a2, ${name}
        csrrd  $a3, ${name}
        xor    $a3, $a3, $s0
      `,
      expect: { regs: { a2: value, a3: 0 }, otherRegs: "any", gcsr: { [name]: value } },
    }),
  );
}

const PGD_ROWS = [
  { badv: 0x7fff_ffff_f000n, refillBadv: -1n, isRefill: 0, from: "PGDL by bit 47 of BADV" },
  { badv: -0x8000_0000_0000n, refillBadv: 0n, isRefill: 0, from: "PGDH by bit 47 of BADV" },
  { badv: -1n, refillBadv: 0x1000n, isRefill: 1, from: "PGDL by bit 47 of TLBRBADV in a refill" },
  { badv: 0n, refillBadv: -0x1000n, isRefill: 1, from: "PGDH by bit 47 of TLBRBADV in a refill" },
];

for (const { badv, refillBadv, isRefill, from } of PGD_ROWS) {
  const [low, high] = [0x1111_0000, 0x2222_0000];
  const value = from.startsWith("PGDL") ? low : high;
  Deno.test(
    `GCSR.PGD is GCSR.${from}, and writing it changes nothing`,
    host({
      rule: "LVZ-INSN-04",
      // The host's own registers say the opposite.
      csr: { PGDL: 0x3333_0000, PGDH: 0x4444_0000, BADV: ~badv, TLBRBADV: ~refillBadv },
      gcsr: { PGDL: low, PGDH: high, BADV: badv, TLBRBADV: refillBadv, TLBRERA: { IsTLBR: isRefill } },
      set: { a0: 0x5555_0000, a1: -1, t0: -1 },
      code: `
        gcsrwr   $a0, PGD
        gcsrxchg $a1, $t0, PGD
        gcsrrd   $a2, PGD
      `,
      expect: { regs: { a0: value, a1: value, a2: value }, gcsr: { PGD: value, PGDL: low, PGDH: high } },
    }),
  );
}

// ESTAT -----------------------------------------------------------------------------------------------------------------------------------

const ESTAT_BITS = [
  { bit: 0, name: "SWI0", written: true },
  { bit: 1, name: "SWI1", written: true },
  ...[0, 1, 2, 3, 4, 5, 6, 7].map((n) => ({ bit: n + 2, name: `HWI${n}`, written: false })),
  { bit: 10, name: "PCOV", written: true },
  { bit: 11, name: "TI", written: true },
  { bit: 12, name: "IPI", written: true },
  { bit: 13, name: "a reserved bit", written: false },
  { bit: 14, name: "AVEC, which this machine does not have,", written: false },
  { bit: 15, name: "a reserved bit", written: false },
];

for (const { bit, name, written } of ESTAT_BITS) {
  const bits = 1 << bit;
  Deno.test(
    `gcsrxchg ${written ? "sets and clears" : "changes neither way"} bit ${bit} of GCSR.ESTAT, ${name}`,
    host({
      rule: "LVZ-GCSR-12",
      set: { a0: -1, a1: 0, t0: bits },
      code: `
        gcsrxchg $a0, $t0, ESTAT
        gcsrxchg $a1, $t0, ESTAT
        gcsrrd   $a2, ESTAT
      `,
      expect: { regs: { a0: 0, a1: written ? bits : 0, a2: 0 } },
    }),
  );
}

for (let line = 0; line < 8; line++) {
  Deno.test(
    `GCSR.ESTAT shows HWI${line} while GINTC.VIP bit ${line} is 1, and no write to ESTAT takes it away`,
    host({
      rule: ["LVZ-GCSR-11", "LVZ-GCSR-12"],
      set: { a0: 1 << line, a2: 0, a4: 0 },
      code: `
        csrwr  $a0, GINTC
        gcsrrd $a1, ESTAT
        gcsrwr $a2, ESTAT
        gcsrrd $a3, ESTAT
        csrwr  $a4, GINTC
        gcsrrd $a5, ESTAT
        csrrd  $a6, ESTAT          # never for the host
      `,
      expect: {
        regs: { a0: 0, a1: 4 << line, a2: 4 << line, a3: 4 << line, a4: 1 << line, a5: 0, a6: 0 },
      },
    }),
  );
}

// Numbers without a copy --------------------------------------------------------------------------------------------------------------------

const WITHOUT_COPY = [
  { name: "GTLBC", number: 0x15, value: 0x12_1000 },
  { name: "GSTAT", number: 0x50, value: 0x12_0082 },
  { name: "GCFG", number: 0x51, value: 0x87_5557 },
  { name: "GINTC", number: 0x52, value: 0x0300 },
  { name: "GCNTC", number: 0x53, value: 0x1234 },
  { name: "MERRCTL", number: 0x90, value: 0x1ffe },
  { name: "MERRENTRY", number: 0x93, value: 0x6000 },
  { name: "MERRERA", number: 0x94, value: 0x1234 },
  { name: "MERRSAVE", number: 0x95, value: 0x1234 },
  { name: "DERA", number: 0x501, value: 0x1234 },
  { name: "DSAVE", number: 0x502, value: 0x1234 },
];

for (const { name, number, value } of WITHOUT_COPY) {
  const csr = `0x${number.toString(16)}`;
  Deno.test(
    `gcsr* of ${csr} reads 0, ignores writes and leaves the host's ${name}`,
    host({
      rule: "LVZ-INSN-05",
      csr: { [name]: value },
      set: { a1: -1, a2: -1, t0: -1 },
      code: `
        gcsrrd   $a0, ${csr}
        gcsrwr   $a1, ${csr}
        gcsrxchg $a2, $t0, ${csr}
        gcsrrd   $a3, ${csr}
        csrrd    $a4, ${csr}
      `,
      expect: { regs: { a0: 0, a1: 0, a2: 0, a3: 0, a4: value } },
    }),
  );
}

// Implementation registers, message interrupts without CPUCFG1.MSGINT, the vendor's ranges, counters and watchpoints that LA464 lacks, and
// numbers that no document names.
// deno-fmt-ignore
const UNNAMED = [
  0x9, 0xd, 0x14, 0x16, 0x17, 0x24, 0x45, 0x54, 0x5f, 0x61, 0x80, 0x81, 0x82, 0x91, 0x92, 0x98, 0xa0, 0xa3, 0xa5, 0xc0, 0xc2, 0xff, 0x100,
  0x109, 0x184, 0x208, 0x209, 0x300, 0x350, 0x380, 0x3d0, 0x500, 0x503, 0x1000, 0x3fff,
];

for (const number of UNNAMED) {
  const csr = `0x${number.toString(16)}`;
  Deno.test(
    `gcsr* of ${csr} reads 0 and ignores writes`,
    host({
      rule: "LVZ-INSN-05",
      set: { a1: -1, a2: -1, t0: -1 },
      code: `
        gcsrrd   $a0, ${csr}
        gcsrwr   $a1, ${csr}
        gcsrxchg $a2, $t0, ${csr}
        gcsrrd   $a3, ${csr}
      `,
      expect: { regs: { a0: 0, a1: 0, a2: 0, a3: 0 } },
    }),
  );
}

for (let n = 8; n < 16; n++) {
  const csr = `0x${(0x30 + n).toString(16)}`;
  Deno.test(
    `SAVE${n} (${csr}) is in neither file, and accesses of either kind raise nothing`,
    host({
      rule: "LVZ-GCSR-09",
      set: { a1: -1, a3: -1 },
      code: `
        gcsrrd $a0, ${csr}
        gcsrwr $a1, ${csr}
        gcsrrd $a2, ${csr}
        csrwr  $a3, ${csr}
        csrrd  $a4, ${csr}
      `,
      expect: { regs: { a0: 0, a1: 0, a2: 0, a3: 0, a4: 0 } },
    }),
  );
}

Deno.test(
  "PRCFG1 says in both files that there are 8 SAVE registers",
  host({
    rule: "LVZ-GCSR-09",
    code: `
      csrrd  $a0, PRCFG1
      gcsrrd $a1, PRCFG1
      andi   $a0, $a0, 0xf
      andi   $a1, $a1, 0xf
    `,
    expect: { regs: { a0: 8, a1: 8 } },
  }),
);

Deno.test(
  "DSAVE is plain storage for the host",
  host({
    rule: "LVZ-GCSR-16",
    set: { a0: 0x0123_4567_89ab_cdefn, a1: -1, t0: 0xff },
    code: `
      csrwr   $a0, DSAVE
      csrxchg $a1, $t0, DSAVE
      csrrd   $a2, DSAVE
    `,
    expect: {
      regs: { a0: 0, a1: 0x0123_4567_89ab_cdefn, a2: 0x0123_4567_89ab_cdffn },
      csr: { DSAVE: 0x0123_4567_89ab_cdffn },
    },
  }),
);

// Reset, identity, and who shares the copies ------------------------------------------------------------------------------------------------

// Chapter "Reset" of the manual leaves all other bits undefined.
const RESET = [
  { name: "CRMD", bits: 0x3ff, value: 0x8 },
  { name: "EUEN", bits: 0xf, value: 0 },
  { name: "MISC", bits: 0x7_feee, value: 0 },
  { name: "ECFG", bits: 0x7_1fff, value: 0 },
  { name: "ESTAT", bits: 0x3, value: 0 },
  { name: "RVACFG", bits: 0xf, value: 0 },
  { name: "TCFG", bits: 0x1, value: 0 },
  { name: "LLBCTL", bits: 0x4, value: 0 },
  { name: "TLBRERA", bits: 0x1, value: 0 },
  ...[0, 1, 2, 3].map((n) => ({ name: `DMW${n}`, bits: 0xf, value: 0 })),
  { name: "PRCFG1", bits: 0x7fff, value: 0x72f8 },
  { name: "PRCFG2", bits: -1, value: 0x3fff_f000 },
  { name: "PRCFG3", bits: 0x3ff_ffff, value: 0x80_73f2 },
  { name: "ASID", bits: 0xff_0000, value: 0xa_0000 },
];

for (const { name, bits, value } of RESET) {
  Deno.test(
    `after reset GCSR.${name} and ${name} are both 0x${
      value.toString(16)
    }, as far as the manual defines them`,
    host({
      rule: "LVZ-GCSR-14",
      set: { t0: bits },
      code: `
        gcsrrd $a0, ${name}
        csrrd  $a1, ${name}
        and    $a0, $a0, $t0
        and    $a1, $a1, $t0
      `,
      expect: { regs: { a0: value, a1: value } },
    }),
  );
}

for (const name of ["PRCFG1", "PRCFG2", "PRCFG3", "ASID"]) {
  Deno.test(
    `the host finds in its own ${name} and in the guest's the same${name === "ASID" ? " ASIDBITS" : ""}`,
    host({
      rule: "LVZ-GCSR-15",
      gcsr: { ASID: { ASID: 0x3ff } },
      code: `
        csrrd      $a0, ${name}
        gcsrrd     $a1, ${name}
        ${name === "ASID" ? "bstrins.d  $a1, $zero, 9, 0" : ""}
        xor        $a2, $a0, $a1
        sltu       $a3, $zero, $a0
      `,
      expect: { regs: { a2: 0, a3: 1 }, otherRegs: "any" },
    }),
  );
}

const SAVED = {
  CRMD: 0xb0,
  ERA: 0x1234_5678,
  ASID: 0x155,
  SAVE7: -5n,
  TLBRSAVE: 9,
  DMW1: -0x7fff_ffff_ffff_ffffn,
};

for (
  const { what, register, value } of [
    { what: "another GID", register: "GSTAT", value: 0x2f_0000 },
    { what: "PVM", register: "GSTAT", value: 0x01_0002 },
    { what: "a target GID", register: "GTLBC", value: 0x2f_1000 },
    { what: "every trap", register: "GCFG", value: 0xaa80 },
  ]
) {
  Deno.test(
    `the guest copies keep their values when the host writes ${what} to ${register}`,
    host({
      rule: "LVZ-GCSR-03",
      csr: { GSTAT: { GID: 1 } },
      gcsr: SAVED,
      set: { a0: value },
      code: `csrwr $a0, ${register}`,
      expect: { otherRegs: "any", otherCsrs: "any" },
    }),
  );
}

// deno-fmt-ignore
const HOST_WRITES = [
  "PRMD", "EUEN", "MISC", "ECFG", "ERA", "BADV", "TLBIDX", "TLBEHI", "TLBELO0", "ASID", "PGDL", "PWCL", "SAVE0", "TID", "CNTC", "LLBCTL",
  "TLBRSAVE", "TLBRPRMD", "DMW3",
];

for (const name of HOST_WRITES) {
  Deno.test(
    `a csrwr of the host to ${name} leaves the guest's copy`,
    host({
      rule: "LVZ-GCSR-03",
      gcsr: { [name]: 0x4000_2003 },
      set: { a0: 0x3000_4004 },
      code: `csrwr $a0, ${name}`,
      expect: { otherRegs: "any", otherCsrs: "any" },
    }),
  );
}
