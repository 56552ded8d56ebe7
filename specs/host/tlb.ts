/**
 * The TLB as the host sees it: whose entries its TLB instructions make, find and read, and the gtlb* forms that do the same for a guest's own
 * entries.
 *
 * A failure here means that a hypervisor's refill handler fills for the wrong world: guests that see the host's memory, or a host that runs on
 * a guest's mappings.
 *
 * Entries go to index 2048 and up, the part of the TLB that takes pages of any size (MTLB).
 */
import { type Csrs, host } from "../../dsl/mod.ts";

const MTLB = 2048;
/** Valid, dirty, cacheable. */
const PAGE = 0x13;
const GLOBAL = 0x40;
/** The registers that describe an entry, here of a pair of 4 KiB pages. */
const ENTRY = {
  TLBIDX: { Index: MTLB, PS: 12 },
  TLBEHI: 0x1234_4000,
  TLBELO0: 0x4_4000 | PAGE,
  TLBELO1: 0x5_5000 | PAGE,
  ASID: { ASID: 1 },
};
/** The same registers with values that describe another one. */
const OTHER = {
  TLBIDX: { Index: MTLB + 9, PS: 14, NE: 1 },
  TLBEHI: 0x0fed_8000,
  TLBELO0: 0x7_0000 | PAGE,
  TLBELO1: 0x8_0000 | PAGE | GLOBAL,
  ASID: { ASID: 9 },
};

/** GTLBC for TLB instructions that mean a GID. */
function target(gid: number): number {
  return 0x1000 | gid << 16;
}

/** What TRGP shows of an entry of a GID. */
function trgp(gid: number): number {
  return gid === 0 ? 0 : gid << 16 | 1;
}

// The effective GID -----------------------------------------------------------------------------------------------------------------------

const EFFECTIVE_GIDS = [
  { useTgid: 1, tgid: 7, pvm: 0, gid: 5, effective: 7 },
  { useTgid: 1, tgid: 7, pvm: 1, gid: 5, effective: 7 },
  { useTgid: 1, tgid: 0, pvm: 0, gid: 5, effective: 0 },
  { useTgid: 1, tgid: 0, pvm: 1, gid: 5, effective: 0 },
  { useTgid: 0, tgid: 7, pvm: 0, gid: 5, effective: 0 },
  { useTgid: 0, tgid: 7, pvm: 1, gid: 5, effective: 5 },
  { useTgid: 0, tgid: 7, pvm: 1, gid: 0, effective: 0 },
  { useTgid: 1, tgid: 0xff, pvm: 1, gid: 0x80, effective: 0xff },
] as const;

for (const { useTgid, tgid, pvm, gid, effective } of EFFECTIVE_GIDS) {
  const where = `USETGID ${useTgid}, TGID ${tgid}, PVM ${pvm} and GID ${gid}`;
  const start = { GTLBC: { USETGID: 1, TGID: tgid }, GSTAT: { PVM: pvm, GID: gid } };
  // TGID can be written only with USETGID, which then goes off again.
  const set = { s0: useTgid === 1 ? 0 : 0x1000 };
  const csr = { GTLBC: { USETGID: useTgid, TGID: tgid }, TRGP: trgp(effective) };
  for (const instruction of ["tlbwr", "tlbfill"]) {
    Deno.test(
      `${instruction} with ${where} makes an entry of GID ${effective}`,
      host({
        rule: ["LVZ-TLB-04", "LVZ-TLB-05", "LVZ-TLB-11"],
        csr: { ...start, ...ENTRY },
        set,
        // The search means the same GID, so that it finds the entry wherever tlbfill put it.
        code: `
          csrxchg    $zero, $s0, GTLBC
          ${instruction}
          tlbsrch
          csrrd      $a0, TLBIDX
          bstrpick.d $a0, $a0, 31, 31
          tlbrd
        `,
        // tlbrd reads what was written, so that no other register changes.
        expect: { regs: { a0: 0 }, csr: { ...csr, TLBIDX: { NE: 0, PS: 12 } } },
      }),
    );
  }
  // The fact sheet does not say what stage 1 of GID 0 would be.
  if (effective === 0) continue;
  for (const instruction of ["gtlbwr", "gtlbfill"]) {
    Deno.test(
      `${instruction} with ${where} makes a stage-1 entry of GID ${effective}`,
      host({
        rule: ["LVZ-TLB-04", "LVZ-INSN-12"],
        csr: start,
        gcsr: ENTRY,
        set,
        code: `
          csrxchg    $zero, $s0, GTLBC
          ${instruction}
          gtlbsrch
          gcsrrd     $a0, TLBIDX
          csrwr      $a0, TLBIDX
          tlbrd
        `,
        expect: {
          otherRegs: "any",
          csr: { ...csr, ...ENTRY, TLBIDX: { NE: 0, PS: 12 } },
          gcsr: { TLBIDX: { NE: 0, PS: 12 } },
        },
      }),
    );
  }
}

for (const instruction of ["tlbwr", "tlbfill"]) {
  for (
    const { gid, op, what, left } of [
      { gid: 0, op: 0x10, what: "invalidation of stage 1", left: 1 },
      { gid: 0, op: 0x11, what: "invalidation of stage 2", left: 1 },
      { gid: 5, op: 0x10, what: "invalidation of stage 1", left: 1 },
      { gid: 5, op: 0x11, what: "invalidation of stage 2", left: 0 },
      { gid: 5, op: 0x13, what: "invalidation of the guest's stage 1", left: 1 },
      { gid: 5, op: 0x14, what: "invalidation of the guest's stage 2", left: 0 },
    ]
  ) {
    Deno.test(
      `an entry that ${instruction} made for GID ${gid} ${left === 1 ? "stays at" : "goes with"} the ${what}`,
      host({
        rule: ["LVZ-TLB-02", "LVZ-TLB-05"],
        csr: { GTLBC: target(gid), ...ENTRY },
        set: { t0: 5 << 16 },
        code: `
          ${instruction}
          invtlb     ${op}, $t0, $zero
          tlbsrch
          csrrd      $a0, TLBIDX
          bstrpick.d $a0, $a0, 31, 31
        `,
        expect: { regs: { a0: 1 - left }, csr: { TLBIDX: { NE: 1 - left } } },
      }),
    );
  }
}

Deno.test(
  "an entry that gtlbwr made goes with the invalidation of its guest's stage 1 and not with that of stage 2",
  host({
    rule: ["LVZ-TLB-02", "LVZ-INSN-12"],
    csr: { GTLBC: target(5) },
    gcsr: ENTRY,
    set: { t0: 5 << 16 },
    code: `
      gtlbwr
      invtlb     0x14, $t0, $zero
      gtlbsrch
      gcsrrd     $a0, TLBIDX
      invtlb     0x13, $t0, $zero
      gtlbsrch
      gcsrrd     $a1, TLBIDX
      bstrpick.d $a0, $a0, 31, 31
      bstrpick.d $a1, $a1, 31, 31
    `,
    expect: { regs: { a0: 0, a1: 1 }, gcsr: { TLBIDX: { NE: 1 } } },
  }),
);

// Who finds what ----------------------------------------------------------------------------------------------------------------------------

interface Search {
  /** How the entry is made, for which GID, and its G; its ASID is 1. */
  readonly entry: readonly ["tlbwr" | "gtlbwr", gid: number, global: 0 | 1];
  /** How it is looked for, for which GID and ASID. */
  readonly search: readonly ["tlbsrch" | "gtlbsrch", gid: number, asid: number];
  /** Where, if not at the entry's even page. */
  readonly at?: number;
  readonly found: boolean;
}

// deno-fmt-ignore
const SEARCHES: readonly Search[] = [
  // The host's own: GID 0, address, and G = 1 or ASID.
  { entry: ["tlbwr", 0, 0],  search: ["tlbsrch", 0, 1],  found: true },
  { entry: ["tlbwr", 0, 0],  search: ["tlbsrch", 0, 1],  at: 0x1234_2000, found: false },
  { entry: ["tlbwr", 0, 0],  search: ["tlbsrch", 0, 1],  at: 0x1234_6000, found: false },
  { entry: ["tlbwr", 0, 0],  search: ["tlbsrch", 0, 2],  found: false },
  { entry: ["tlbwr", 0, 1],  search: ["tlbsrch", 0, 2],  found: true },
  { entry: ["tlbwr", 0, 1],  search: ["tlbsrch", 5, 1],  found: false },
  { entry: ["tlbwr", 0, 1],  search: ["gtlbsrch", 5, 1], found: false },
  // Stage 2: GID and address.
  { entry: ["tlbwr", 5, 0],  search: ["tlbsrch", 5, 1],  found: true },
  { entry: ["tlbwr", 5, 0],  search: ["tlbsrch", 5, 2],  found: true },
  { entry: ["tlbwr", 5, 1],  search: ["tlbsrch", 5, 2],  found: true },
  { entry: ["tlbwr", 5, 0],  search: ["tlbsrch", 5, 1],  at: 0x1234_6000, found: false },
  { entry: ["tlbwr", 5, 1],  search: ["tlbsrch", 6, 1],  found: false },
  { entry: ["tlbwr", 5, 1],  search: ["tlbsrch", 0, 1],  found: false },
  { entry: ["tlbwr", 5, 1],  search: ["gtlbsrch", 5, 1], found: false },
  // Stage 1: GID, address, and G = 1 or GCSR.ASID.
  { entry: ["gtlbwr", 5, 0], search: ["gtlbsrch", 5, 1], found: true },
  { entry: ["gtlbwr", 5, 0], search: ["gtlbsrch", 5, 1], at: 0x1234_6000, found: false },
  { entry: ["gtlbwr", 5, 0], search: ["gtlbsrch", 5, 2], found: false },
  { entry: ["gtlbwr", 5, 1], search: ["gtlbsrch", 5, 2], found: true },
  { entry: ["gtlbwr", 5, 1], search: ["gtlbsrch", 6, 1], found: false },
  { entry: ["gtlbwr", 5, 1], search: ["tlbsrch", 5, 1],  found: false },
  { entry: ["gtlbwr", 5, 1], search: ["tlbsrch", 0, 1],  found: false },
];

for (const { entry: [write, gid, global], search: [search, searched, asid], at, found } of SEARCHES) {
  const made = `made by ${write} for GID ${gid} with G = ${global} and ASID 1`;
  const address = at ?? ENTRY.TLBEHI;
  const registers: Csrs = {
    ...ENTRY,
    TLBELO0: ENTRY.TLBELO0 | (global && GLOBAL),
    TLBELO1: ENTRY.TLBELO1 | (global && GLOBAL),
  };
  const [rd, wr] = search === "tlbsrch" ? ["csrrd", "csrwr"] : ["gcsrrd", "gcsrwr"];
  Deno.test(
    `${search} of 0x${address.toString(16)} for GID ${searched} with ASID ${asid} ${
      found ? "finds" : "misses"
    } an entry ${made}`,
    host({
      rule: search === "tlbsrch" ? ["LVZ-TLB-04", "LVZ-TLB-07"] : ["LVZ-INSN-12", "LVZ-TLB-07"],
      csr: { GTLBC: target(gid), ...registers },
      gcsr: registers,
      set: { t0: target(searched), t1: asid, t2: address, t3: 0 },
      code: `
        ${write}
        csrwr      $t0, GTLBC
        ${wr}      $t1, ASID
        ${wr}      $t2, TLBEHI
        ${wr}      $t3, TLBIDX
        ${search}
        ${rd}      $a0, TLBIDX
        ${rd}      $a1, ASID
        ${rd}      $a2, TLBEHI
        bstrpick.d $a3, $a0, 31, 31
        bstrpick.d $a0, $a0, 15, 0
      `,
      expect: {
        regs: { a2: address, a3: found ? 0 : 1, ...(found && { a0: MTLB }) },
        otherRegs: "any",
        otherCsrs: "any",
        otherGcsrs: "any",
      },
    }),
  );
}

// What tlbrd and gtlbrd read ----------------------------------------------------------------------------------------------------------------

for (
  const { write, gid, kind } of [
    { write: "tlbwr", gid: 0, kind: "a host entry" },
    { write: "tlbwr", gid: 0x81, kind: "a stage-2 entry of GID 0x81" },
    { write: "gtlbwr", gid: 0x7e, kind: "a stage-1 entry of GID 0x7e" },
  ]
) {
  for (const effective of [0, 0x33]) {
    Deno.test(
      `tlbrd with effective GID ${effective} reads ${kind}, and TRGP says whose it is`,
      host({
        rule: ["LVZ-TLB-11", "LVZ-TLB-03", "LVZ-TLB-01"],
        csr: { GTLBC: target(gid), ...(write === "tlbwr" ? ENTRY : OTHER) },
        gcsr: write === "tlbwr" ? OTHER : ENTRY,
        set: { t0: target(effective), t1: MTLB },
        code: `
          ${write}
          csrwr $t0, GTLBC
          csrwr $zero, TLBEHI
          csrwr $zero, TLBELO0
          csrwr $zero, TLBELO1
          csrwr $zero, ASID
          csrwr $t1, TLBIDX
          tlbrd
        `,
        expect: { otherRegs: "any", csr: { GTLBC: target(effective), ...ENTRY, TRGP: trgp(gid) } },
      }),
    );
  }
}

Deno.test(
  "tlbrd of a host entry clears what tlbrd of a guest's entry left in TRGP",
  host({
    rule: "LVZ-TLB-11",
    csr: { GTLBC: target(0x55), ...ENTRY },
    set: { t0: target(0), t1: MTLB + 1 | 12 << 24 },
    code: `
      tlbwr
      tlbrd
      csrrd $a0, TRGP
      csrwr $t0, GTLBC
      csrwr $t1, TLBIDX
      tlbwr
      tlbrd
      csrrd $a1, TRGP
    `,
    expect: {
      regs: { a0: trgp(0x55), a1: 0 },
      otherRegs: "any",
      csr: { GTLBC: target(0), TLBIDX: { Index: MTLB + 1 } },
    },
  }),
);

Deno.test(
  "tlbrd of an empty place sets NE and clears PS, TLBEHI and TLBELO0/1",
  host({
    rule: "LVZ-TLB-03",
    csr: ENTRY,
    code: "tlbrd",
    expect: {
      csr: { TLBIDX: { Index: MTLB, NE: 1, PS: 0 }, TLBEHI: 0, TLBELO0: 0, TLBELO1: 0 },
      // Of ASID the manual's English text says nothing.
      otherCsrs: "any",
    },
  }),
);

Deno.test(
  "gtlbrd puts an entry into the guest's registers and leaves the host's",
  host({
    rule: "LVZ-INSN-12",
    csr: { GTLBC: target(5), ...OTHER },
    gcsr: ENTRY,
    set: { t0: MTLB },
    code: `
      gtlbwr
      gcsrwr $zero, TLBEHI
      gcsrwr $zero, TLBELO0
      gcsrwr $zero, TLBELO1
      gcsrwr $zero, ASID
      gcsrwr $t0, TLBIDX
      gtlbrd
    `,
    expect: { otherRegs: "any", gcsr: ENTRY },
  }),
);

for (
  const { write, gid, what } of [
    { write: "tlbwr", gid: 0, what: "the host's" },
    { write: "tlbwr", gid: 5, what: "the guest's, but of stage 2" },
    { write: "gtlbwr", gid: 6, what: "another guest's" },
  ]
) {
  Deno.test(
    `gtlbrd for GID 5 finds nothing at the place of an entry that is ${what}`,
    host({
      rule: "LVZ-INSN-12",
      csr: { GTLBC: target(gid), ...ENTRY },
      gcsr: ENTRY,
      set: { t0: target(5) },
      code: `
        ${write}
        csrwr  $t0, GTLBC
        gtlbrd
      `,
      expect: {
        otherRegs: "any",
        csr: { GTLBC: target(5) },
        gcsr: { TLBIDX: { Index: MTLB, NE: 1, PS: 0 }, TLBEHI: 0, TLBELO0: 0, TLBELO1: 0 },
        otherGcsrs: "any",
      },
    }),
  );
}

Deno.test(
  "the words of the gtlb* instructions are those of tlb* plus 1",
  host({
    rule: "LVZ-INSN-01",
    csr: { GTLBC: target(5), ...OTHER },
    gcsr: { ...ENTRY, STLBPS: 12 },
    code: `
      .word  0x06483001           # gtlbwr, into the MTLB
      gcsrwr $zero, TLBELO0
      .word  0x06482c01           # gtlbrd
      gcsrrd $a0, TLBELO0
      .word  0x06482001           # gtlbclr: G = 0 and ASID 1, so that it goes
      .word  0x06482801           # gtlbsrch
      gcsrrd $a1, TLBIDX
      gcsrrd $t0, TLBIDX
      bstrins.d $t0, $zero, 31, 31
      gcsrwr $t0, TLBIDX
      .word  0x06483401           # gtlbfill, into the STLB
      .word  0x06482801
      gcsrrd $a2, TLBIDX
      .word  0x06482401           # gtlbflush of its set
      .word  0x06482801
      gcsrrd $a3, TLBIDX
      bstrpick.d $a1, $a1, 31, 31
      bstrpick.d $a3, $a3, 31, 31
      bstrpick.d $a4, $a2, 31, 31
      bstrpick.d $a2, $a2, 15, 11   # 0 for the STLB
    `,
    expect: {
      regs: { a0: ENTRY.TLBELO0, a1: 1, a2: 0, a3: 1, a4: 0 },
      otherRegs: "any",
      otherGcsrs: "any",
    },
  }),
);

// In a refill handler -----------------------------------------------------------------------------------------------------------------------

const REFILL = {
  TLBRERA: { IsTLBR: 1 },
  TLBREHI: 0x7654_2000 | 14,
  TLBRELO0: 0xa_0000 | PAGE,
  TLBRELO1: 0xb_0000 | PAGE,
};
const REFILLED = { TLBEHI: 0x7654_0000, TLBELO0: 0xa_0000 | PAGE, TLBELO1: 0xb_0000 | PAGE };

for (
  const { write, inHost, inGuest } of [
    { write: "tlbwr", inHost: true, inGuest: false },
    { write: "tlbwr", inHost: false, inGuest: true },
    { write: "gtlbwr", inHost: false, inGuest: true },
    { write: "gtlbwr", inHost: true, inGuest: false },
  ]
) {
  const isGuest = write === "gtlbwr";
  const fromRefill = isGuest ? inGuest : inHost;
  Deno.test(
    `${write} takes the entry from ${
      fromRefill ? "the refill registers" : "TLBEHI and TLBELO0/1"
    } while IsTLBR is 1 in ${inHost ? "the host's TLBRERA" : "the guest's"}`,
    host({
      rule: isGuest ? "LVZ-INSN-12" : "LVZ-TLB-05",
      csr: { GTLBC: target(5), ...ENTRY, ...REFILL, TLBRERA: { IsTLBR: inHost ? 1 : 0 } },
      gcsr: { ...ENTRY, ...REFILL, TLBRERA: { IsTLBR: inGuest ? 1 : 0 } },
      code: `
        ${write}
        tlbrd
      `,
      expect: {
        csr: {
          ...(fromRefill ? REFILLED : ENTRY),
          TLBIDX: { Index: MTLB, NE: 0, PS: fromRefill ? 14 : 12 },
          TRGP: trgp(5),
        },
      },
    }),
  );
}

for (const { write, wr } of [{ write: "tlbwr", wr: "csrwr" }, { write: "gtlbwr", wr: "gcsrwr" }]) {
  for (const isRefill of [0, 1]) {
    Deno.test(
      `${write} with TLBIDX.NE = 1 and IsTLBR = ${isRefill} ${
        isRefill ? "makes an entry" : "empties the place"
      }`,
      host({
        rule: write === "gtlbwr" ? "LVZ-INSN-12" : "LVZ-TLB-05",
        csr: { GTLBC: target(5), ...ENTRY },
        gcsr: ENTRY,
        set: { t0: 1 << 31 | 12 << 24 | MTLB, t1: isRefill, t2: 0x7654_2000 | 12, t3: MTLB },
        code: `
          ${write}                         # something to lose
          ${wr}      $t0, TLBIDX
          ${wr}      $t1, TLBRERA
          ${wr}      $t2, TLBREHI
          ${write}
          csrwr      $t3, TLBIDX
          tlbrd
          csrrd      $a0, TLBIDX
          bstrpick.d $a0, $a0, 31, 31
          csrrd      $a1, TLBEHI
        `,
        expect: {
          regs: { a0: 1 - isRefill, a1: isRefill ? 0x7654_2000 : 0 },
          otherRegs: "any",
          otherCsrs: "any",
          otherGcsrs: "any",
        },
      }),
    );
  }
}

for (
  const { search, address, found } of [
    { search: "tlbsrch", address: 0x1234_4000, found: true },
    { search: "tlbsrch", address: 0x1234_6000, found: false },
    { search: "gtlbsrch", address: 0x1234_4000, found: true },
    { search: "gtlbsrch", address: 0x1234_6000, found: false },
  ]
) {
  const isGuest = search === "gtlbsrch";
  const wr = isGuest ? "gcsrwr" : "csrwr";
  Deno.test(
    `${search} in a refill ${found ? "finds" : "misses"} by TLBREHI 0x${
      address.toString(16)
    }, whatever TLBEHI says`,
    host({
      rule: isGuest ? "LVZ-INSN-12" : "LVZ-TLB-04",
      csr: { GTLBC: target(5), ...ENTRY, TLBREHI: address },
      gcsr: { ...ENTRY, TLBREHI: address },
      set: { t0: 1, t1: found ? 0 : 0x1234_4000 },
      code: `
        ${isGuest ? "gtlbwr" : "tlbwr"}
        ${wr}      $t0, TLBRERA
        ${wr}      $t1, TLBEHI
        ${search}
        ${isGuest ? "gcsrrd" : "csrrd"} $a0, TLBIDX
        bstrpick.d $a0, $a0, 31, 31
      `,
      expect: { regs: { a0: found ? 0 : 1 }, otherRegs: "any", otherCsrs: "any", otherGcsrs: "any" },
    }),
  );
}

// Sizes and places ------------------------------------------------------------------------------------------------------------------------

for (
  const { fill, gid, hostPs, guestPs, ps, part } of [
    { fill: "tlbfill", gid: 0, hostPs: 12, guestPs: 14, ps: 12, part: "STLB" },
    { fill: "tlbfill", gid: 0, hostPs: 12, guestPs: 14, ps: 14, part: "MTLB" },
    { fill: "tlbfill", gid: 5, hostPs: 12, guestPs: 14, ps: 12, part: "STLB" },
    { fill: "tlbfill", gid: 5, hostPs: 12, guestPs: 14, ps: 14, part: "MTLB" },
    { fill: "tlbfill", gid: 5, hostPs: 12, guestPs: 14, ps: 21, part: "MTLB" },
    { fill: "gtlbfill", gid: 5, hostPs: 12, guestPs: 14, ps: 12, part: "MTLB" },
    { fill: "gtlbfill", gid: 5, hostPs: 12, guestPs: 14, ps: 14, part: "STLB" },
    { fill: "gtlbfill", gid: 5, hostPs: 14, guestPs: 21, ps: 21, part: "STLB" },
  ]
) {
  const isGuest = fill === "gtlbfill";
  Deno.test(
    `${fill} for GID ${gid} puts pages of 2^${ps} bytes into the ${part} when STLBPS is ${hostPs} for the host and ${guestPs} for the guest`,
    host({
      rule: ["LVZ-TLB-10", "LVZ-TLB-03"],
      csr: { GTLBC: target(gid), ...ENTRY, TLBIDX: { PS: ps }, STLBPS: hostPs },
      gcsr: { ...ENTRY, TLBIDX: { PS: ps }, STLBPS: guestPs },
      // The sizes of both parts are in PRCFG3.
      code: `
        ${fill}
        ${isGuest ? "gtlbsrch" : "tlbsrch"}
        ${isGuest ? "gcsrrd" : "csrrd"} $a0, TLBIDX
        csrrd      $t0, PRCFG3
        bstrpick.d $t1, $t0, 11, 4       # MTLB entries - 1
        bstrpick.d $t2, $t0, 19, 12      # STLB ways - 1
        bstrpick.d $t3, $t0, 25, 20      # STLB sets, log2
        addi.d     $t2, $t2, 1
        sll.d      $t2, $t2, $t3
        add.d      $t1, $t1, $t2
        bstrpick.d $a3, $a0, 31, 31
        bstrpick.d $a0, $a0, 15, 0
        sltu       $a1, $a0, $t2         # in the STLB
        sltu       $a2, $t1, $a0         # behind the end
      `,
      expect: {
        regs: { a1: part === "STLB" ? 1 : 0, a2: 0, a3: 0 },
        otherRegs: "any",
        otherCsrs: "any",
        otherGcsrs: "any",
      },
    }),
  );
}

for (
  const { search, ps, first, at, found } of [
    { search: "tlbsrch", ps: 21, first: 0x1200_0000, at: 0x1200_0000, found: true },
    { search: "tlbsrch", ps: 21, first: 0x1200_0000, at: 0x123f_e000, found: true },
    { search: "tlbsrch", ps: 21, first: 0x1200_0000, at: 0x1240_0000, found: false },
    { search: "tlbsrch", ps: 21, first: 0x1200_0000, at: 0x11ff_e000, found: false },
    { search: "gtlbsrch", ps: 25, first: 0x1000_0000, at: 0x1000_0000, found: true },
    { search: "gtlbsrch", ps: 25, first: 0x1000_0000, at: 0x13ff_e000, found: true },
    { search: "gtlbsrch", ps: 25, first: 0x1000_0000, at: 0x1400_0000, found: false },
  ]
) {
  const isGuest = search === "gtlbsrch";
  const registers = { ...ENTRY, TLBIDX: { Index: MTLB, PS: ps }, TLBEHI: first, STLBPS: 12 };
  Deno.test(
    `${search} of 0x${at.toString(16)} ${found ? "finds" : "misses"} a pair of pages of 2^${ps} bytes at 0x${
      first.toString(16)
    }`,
    host({
      rule: ["LVZ-TLB-10", "LVZ-TLB-07"],
      csr: { GTLBC: target(5), ...registers },
      gcsr: registers,
      set: { t0: at },
      code: `
        ${isGuest ? "gtlbwr" : "tlbwr"}
        ${isGuest ? "gcsrwr" : "csrwr"} $t0, TLBEHI
        ${search}
        ${isGuest ? "gcsrrd" : "csrrd"} $a0, TLBIDX
        bstrpick.d $a0, $a0, 31, 31
      `,
      expect: { regs: { a0: found ? 0 : 1 }, otherRegs: "any", otherCsrs: "any", otherGcsrs: "any" },
    }),
  );
}

Deno.test(
  "GTLBC.GMTLBSZ = 1 keeps nobody from having two entries of a guest in the MTLB",
  host({
    rule: "LVZ-TLB-12",
    csr: { GTLBC: { GMTLBSZ: 1, USETGID: 1, TGID: 5 }, ...ENTRY },
    set: { t0: MTLB + 1 | 12 << 24, t1: 0x2000_0000, t2: MTLB },
    code: `
      tlbwr
      csrwr $t0, TLBIDX
      csrwr $t1, TLBEHI
      tlbwr
      tlbrd
      csrrd $a0, TLBEHI
      csrwr $t2, TLBIDX
      tlbrd
    `,
    expect: { regs: { a0: 0x2000_0000 }, otherRegs: "any", csr: { ...ENTRY, TRGP: trgp(5) } },
  }),
);

// What the host itself runs on --------------------------------------------------------------------------------------------------------------

/** Mapped mode with a window for code at the bottom of the address space; the data lies above all windows. */
const MAPPED = { CRMD: { DA: 0, PG: 1 }, DMW0: 0x1, ASID: { ASID: 1 } };
const DATA = -0x8000_0000_0000n + 0x2000n;

for (
  const { write, gid, global, asid, what, found } of [
    { write: "tlbwr", gid: 0, global: 0, asid: 1, what: "its own entry", found: true },
    {
      write: "tlbwr",
      gid: 0,
      global: 1,
      asid: 2,
      what: "its own entry with G = 1 and another ASID",
      found: true,
    },
    {
      write: "tlbwr",
      gid: 0,
      global: 0,
      asid: 2,
      what: "its own entry with G = 0 and another ASID",
      found: false,
    },
    { write: "tlbwr", gid: 5, global: 1, asid: 1, what: "a guest's stage-2 entry", found: false },
    { write: "gtlbwr", gid: 5, global: 1, asid: 1, what: "a guest's stage-1 entry", found: false },
  ]
) {
  const isGuest = write === "gtlbwr";
  const registers = { TLBIDX: { Index: MTLB, PS: 12 }, TLBEHI: DATA, ASID: { ASID: asid } };
  Deno.test(
    `a load of the host ${found ? "goes through" : "does not go through"} ${what}`,
    host({
      rule: ["LVZ-TLB-01", "LVZ-TLB-07"],
      // With PVM = 1 and a GID, as between two runs of a guest.
      csr: { ...MAPPED, ...registers, GTLBC: target(gid), GSTAT: { PVM: 1, GID: 5 } },
      gcsr: registers,
      set: { t1: DATA, t2: 1, a0: 0 },
      code: `
                la.local $t0, data
                ori      $t0, $t0, ${PAGE | (global && GLOBAL)}
                move     $t3, $t0
                ${isGuest ? "gcsrwr" : "csrwr"} $t0, TLBELO0
                ${isGuest ? "gcsrwr" : "csrwr"} $t3, TLBELO1
                ${write}
                csrwr    $t2, ASID
        probe:  ld.d     $a0, $t1, 0
        end:    .balign  4096
        data:   .dword   0x1122334455667788
      `,
      expect: found ? { regs: { a0: 0x1122_3344_5566_7788n }, otherRegs: "any", otherCsrs: "any" } : {
        ends: "refill",
        at: "probe",
        otherRegs: "any",
        otherCsrs: "any",
        csr: { TLBRBADV: DATA },
        otherGcsrs: "any",
      },
    }),
  );
}

for (
  const { made, tgid, runs } of [
    { made: 3, tgid: 3, runs: true },
    { made: 3, tgid: 4, runs: true },
    { made: 4, tgid: 4, runs: false },
    { made: 4, tgid: 3, runs: false },
  ]
) {
  Deno.test(
    `a guest of GID 3 ${
      runs ? "runs" : "does not run"
    } on a stage-2 entry of GID ${made} while TGID is ${tgid}`,
    host({
      rule: ["LVZ-TLB-08", "LVZ-TLB-09"],
      // Two pages of 2 MiB at GPA 0, mapped onto themselves.
      csr: {
        GSTAT: { PVM: 1, GID: 3 },
        GTLBC: target(made),
        TLBIDX: { Index: MTLB, PS: 21 },
        TLBELO0: PAGE,
        TLBELO1: 0x20_0000 | PAGE,
        ERA: "inside",
      },
      set: { t0: target(tgid) },
      code: `
                tlbwr
                csrwr $t0, GTLBC
                ertn
        inside: hvcl  1
      `,
      expect: { ends: runs ? "HVC" : "refill", at: "inside", otherRegs: "any", csr: { GTLBC: target(tgid) } },
    }),
  );
}
