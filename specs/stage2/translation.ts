/**
 * From the guest's virtual addresses to the host's physical ones: direct mode, windows, the guest's own TLB entries and page walk, and the
 * second stage behind each of them.
 *
 * A failure here means that a guest reads or writes memory that is not its own, takes a fault that belongs to its hypervisor, or hands its
 * hypervisor one that belongs to itself.
 *
 * The guest's memory is 256 KiB at GPA 0, its code at 0x10000. GPA 0x80000 is a hole with a page table, GPA 0x10000000 has none.
 */
import { type Csrs, fault, gspr, guest, host, hvc, refill, type Stage2Fault } from "../../dsl/mod.ts";

const HOLE = 0x80000n;
const FAR = 0x1000_0000n;
/** A page of ordinary memory away from the code. */
const PAGE = 0x20000n;

// Guest-physical addresses ----------------------------------------------------------------------------------------------------------------

const DIRECT = { CRMD: { DA: 1, PG: 0 } };
const WINDOWS = {
  CRMD: { DA: 0, PG: 1 },
  DMW0: { PLV0: 1, VSEG: 0 },
  DMW1: { PLV0: 1, VSEG: 8 },
  DMW2: { PLV0: 1, VSEG: 9 },
};

for (
  const { mode, csr, address } of [
    { mode: "direct mode", csr: DIRECT, address: 0x9000_0000_0008_0010n },
    { mode: "direct mode", csr: DIRECT, address: 0xffff_0000_0008_0010n },
    { mode: "a direct mapping window", csr: WINDOWS, address: 0x8000_0000_0008_0010n },
    { mode: "a direct mapping window", csr: WINDOWS, address: 0x9000_0000_0008_0010n },
  ]
) {
  Deno.test(
    `a load from 0x${
      address.toString(16)
    } through ${mode} of the guest faults at stage 2 with the GPA 0x80010`,
    guest({
      rule: ["LVZ-MMU-04", "LVZ-MMU-03"],
      code: `
        start:  hvcl 1
        probe:  ld.d $a0, $t0, 0`,
      set: { t0: address },
      csr,
      exits: [hvc(1), fault("PIL", 0x80010n, { at: "probe", refills: [0x80010n] })],
    }),
  );
}

Deno.test(
  "a guest in direct mode runs at a virtual address of Linux's direct map, and its PC is cut to a GPA",
  guest({
    rule: "LVZ-MMU-15",
    code: `
      start:  jr   $t0
      there:  hvcl 1`,
    set: { t0: "there+0x9000000000000000" },
    exits: [hvc(1, { at: "there+0x9000000000000000", badi: "hvcl 1", refills: ["start"] })],
  }),
);

Deno.test(
  "a GPA with bit 47 set is translated like any other, by the table in PGDH",
  guest({
    rule: ["LVZ-MMU-06", "LVZ-MMU-07"],
    // KVM keeps guests below 2^47; its directories have 47 bits.
    switches: ["arceos"],
    code: `
      start:  st.d $a0, $t0, 8
              ld.d $a1, $t0, 8
              hvcl 1`,
    set: { t0: 0x8000_0000_0000n, a0: 7 },
    map: [{ gpa: 0x8000_0000_0000n, alias: PAGE }],
    exits: [hvc(1, {
      regs: { a1: 7 },
      refills: ["start", 0x8000_0000_0008n],
      memory: [{ at: PAGE + 8n, value: 7 }],
    })],
  }),
);

for (
  const { half, address, empty } of [
    { half: "PGDL for a GPA with bit 47 clear", address: PAGE, empty: "PGDL" },
    { half: "PGDH for a GPA with bit 47 set", address: 0x8000_0000_0000n, empty: "PGDH" },
  ]
) {
  Deno.test(
    `the refill handler finds ${half}`,
    guest({
      rule: "LVZ-MMU-07",
      // Only this switch has tables in both and passes on what it does not find.
      switches: ["arceos"],
      code: `
        start:  hvcl 1
        probe:  ld.d $a0, $t0, 0`,
      set: { t0: address },
      map: [{ gpa: 0x8000_0000_0000n, alias: PAGE }],
      // The first page of the host's memory is an empty directory.
      exits: [hvc(1, { set: { host: { [empty]: 0 } } }), refill(address, { at: "probe" })],
    }),
  );
}

Deno.test(
  "two GPAs that lead to the same memory show the same contents, whichever the guest writes to",
  guest({
    rule: "LVZ-MMU-01",
    code: `
      start:  st.d $a0, $t0, 0
              ld.d $a1, $t1, 0
              st.d $a2, $t1, 8
              ld.d $a3, $t0, 8
              hvcl 1`,
    set: { t0: HOLE, t1: PAGE, a0: 7, a2: 8 },
    map: [{ gpa: HOLE, alias: PAGE }],
    exits: [hvc(1, {
      regs: { a1: 7, a3: 8 },
      memory: [{ at: PAGE, value: 7 }, { at: PAGE + 8n, value: 8 }, { at: HOLE, value: 7 }],
    })],
  }),
);

Deno.test(
  "neighbouring pages that share a TLB entry lead to memory of their own, also where they are exchanged",
  guest({
    rule: "LVZ-MMU-01",
    code: `
      start:  st.d $a0, $t0, 0
              st.d $a1, $t1, 0
              ld.d $a2, $t0, 0
              hvcl 1`,
    set: { t0: 0x20000n, t1: 0x24000n, a0: 10, a1: 11 },
    map: [{ gpa: 0x20000n, alias: 0x24000n }, { gpa: 0x24000n, alias: 0x20000n }, {
      gpa: HOLE,
      alias: 0x20000n,
    }],
    exits: [hvc(1, {
      regs: { a2: 10 },
      // Memory at HOLE is what GPA 0x20000 would have been.
      memory: [{ at: HOLE, value: 11 }, { at: 0x20000n, value: 10 }, { at: 0x24000n, value: 11 }],
    })],
  }),
);

Deno.test(
  "each page of 4 KiB in a row of eight leads to its own memory",
  guest({
    rule: "LVZ-MMU-01",
    code: `
              li.d   $t2, 8
              li.d   $t3, 0x1000
      loop:   st.d   $t2, $t0, 0
              add.d  $t0, $t0, $t3
              addi.d $t2, $t2, -1
              bnez   $t2, loop
              hvcl   1`,
    set: { t0: PAGE },
    exits: [hvc(1, {
      otherRegs: "any",
      memory: [8, 7, 6, 5, 4, 3, 2, 1].map((value, i) => ({ at: PAGE + BigInt(i) * 0x1000n, value })),
    })],
  }),
);

Deno.test(
  "every stage-2 miss goes to the host's refill handler, in the order of the guest's accesses, and each page only once",
  guest({
    rule: "LVZ-MMU-08",
    code: `
      start:  ld.d $a0, $t0, 0
              st.d $a1, $t1, 8
              ld.d $a2, $t2, 16
              ld.d $a3, $t0, 24
              st.d $a1, $t2, 32
              hvcl 1`,
    set: { t0: 0x38000n, t1: 0x20000n, t2: 0x28000n },
    exits: [hvc(1, { regs: { a0: 0, a2: 0, a3: 0 }, refills: ["start", 0x38000n, 0x20008n, 0x28010n] })],
  }),
);

Deno.test(
  "a stage-2 page of 2 MiB takes one refill: lddir stops at its directory entry and ldpte splits it",
  host({
    rule: "LVZ-MMU-13",
    code: `
      start:   ertn
               .balign 4096
      guest:   ld.d   $a0, $t1, 0
               hvcl   1
               .balign 4096
      exit:    csrrd  $a1, TLBRELO0
               csrrd  $a2, TLBRELO1
               csrrd  $a3, TLBREHI
               bstrpick.d $a3, $a3, 5, 0
               b      end
               .balign 4096
      refill:  csrwr  $t0, TLBRSAVE
               csrrd  $t0, PGD
               lddir  $t0, $t0, 1
               ldpte  $t0, 0
               ldpte  $t0, 1
               tlbfill
               addi.d $s0, $s0, 1
               csrrd  $t0, TLBRSAVE
               ertn
      end:
               .data
               .balign 4096
      root:    .dword 0x53
               .balign 0x8000
      value:   .dword 0x1122334455667788`,
    set: { t1: "value", s0: 0 },
    csr: {
      ERA: "guest",
      EENTRY: "exit",
      TLBRENTRY: "refill",
      PGDL: "root",
      // The return from the refill leaves the host in mapped mode, where its code needs a window.
      DMW0: { PLV0: 1, VSEG: 0 },
      PWCL: { PTbase: 12, PTwidth: 9, Dir1_base: 21, Dir1_width: 9 },
      STLBPS: { PS: 12 },
      GSTAT: { PVM: 1, GID: 1 },
      GTLBC: { USETGID: 1, TGID: 1 },
    },
    expect: {
      // Halves of 1 MiB.
      regs: { a0: 0x1122334455667788n, a1: 0x13, a2: 0x10_0013, a3: 20, s0: 1 },
      otherCsrs: "any",
    },
  }),
);

// lddir and ldpte in the guest -------------------------------------------------------------------------------------------------------------------

const WALK = { PWCL: { PTbase: 12, PTwidth: 9, Dir1_base: 21, Dir1_width: 9 }, TLBRBADV: 0x0040_3000n };

Deno.test(
  "lddir and ldpte of a guest read its tables at guest-physical addresses, cut to PALEN",
  guest({
    rule: ["LVZ-MMU-14", "LVZ-MMU-15"],
    code: `
      start:  lddir $a0, $t0, 1
              ldpte $a0, 0
              ldpte $a0, 1
              hvcl  1
              .data
              .balign 4096
      root:   .dword 0, 0, table
              .balign 4096
      table:  .dword 0, 0, 0x5013, 0x7013`,
    set: { t0: "root+0x9000000000000000" },
    csr: WALK,
    exits: [
      hvc(1, { regs: { a0: "table" }, csr: { TLBRELO0: 0x5013, TLBRELO1: 0x7013, TLBREHI: { PS: 12 } } }),
    ],
  }),
);

for (
  const { what, code } of [{ what: "lddir", code: "lddir $a0, $t0, 1" }, {
    what: "ldpte",
    code: "ldpte $t0, 0",
  }]
) {
  Deno.test(
    `${what} of a guest whose table has no mapping exits with PIL at the ${what}, with the GPA of the entry, and works later`,
    guest({
      rule: "LVZ-MMU-14",
      code: `
        probe:  ${code}
                hvcl 1`,
      set: { t0: PAGE },
      csr: WALK,
      map: [{ gpa: PAGE, access: "" }],
      exits: [
        fault("PIL", PAGE + 0x10n, { at: "probe", map: [{ gpa: PAGE }] }),
        hvc(1, { regs: what === "lddir" ? { a0: 0 } : {}, otherCsrs: "any" }),
      ],
    }),
  );

  Deno.test(
    `${what} of a guest at a GPA without a page table exits with a refill at the ${what}`,
    guest({
      rule: "LVZ-MMU-14",
      switches: ["arceos"],
      code: `
        start:  nop
        probe:  ${code}`,
      set: { t0: FAR },
      csr: WALK,
      exits: [refill(FAR + 0x10n, { at: "probe" })],
    }),
  );
}

// The guest's own TLB entries -------------------------------------------------------------------------------------------------------------

/** A GVA outside of the window through which the guest's code runs. */
const GVA = 0xffff_ffff_8000_0000n;

/** The registers of a guest that can write a TLB entry for GVA and runs its code through a window. */
function entry(ps: number, even: Csrs[string], odd: Csrs[string] = { V: 0 }): Csrs {
  return {
    CRMD: { DA: 0, PG: 1 },
    DMW0: { PLV0: 1, PLV1: 1, PLV2: 1, PLV3: 1, VSEG: 0 },
    STLBPS: { PS: 12 },
    TLBIDX: { PS: ps },
    TLBEHI: GVA,
    TLBELO0: even,
    TLBELO1: odd,
  };
}

for (
  const { ps, even, odd } of [
    { ps: 12, even: 0x20000n, odd: 0x35000n },
    { ps: 14, even: 0x24000n, odd: 0x30000n },
    { ps: 16, even: 0x20000n, odd: 0x30000n },
  ]
) {
  Deno.test(
    `an entry of the guest for two pages of ${
      2 ** (ps - 10)
    } KiB leads from the GVA to two GPAs, and stage 2 from there`,
    guest({
      rule: ["LVZ-MMU-01", "LVZ-MMU-03"],
      code: `
        start:  tlbfill
                st.d $a0, $t0, 16
                st.d $a1, $t1, 24
                ld.d $a2, $t0, 16
                ld.d $a3, $t1, 24
                hvcl 1`,
      set: { t0: GVA, t1: GVA + (1n << BigInt(ps)), a0: 10, a1: 11 },
      csr: entry(ps, { V: 1, D: 1, PPN: even >> 12n }, { V: 1, D: 1, PPN: odd >> 12n }),
      exits: [hvc(1, {
        regs: { a2: 10, a3: 11 },
        refills: ["start", even + 16n, odd + 24n],
        memory: [{ at: even + 16n, value: 10 }, { at: odd + 24n, value: 11 }],
      })],
    }),
  );
}

Deno.test(
  "an entry of the guest for pages of 2 MiB leads to the GPA at the same offset",
  guest({
    rule: "LVZ-MMU-03",
    code: `
      start:  tlbfill
              st.d $a0, $t0, 8
              hvcl 1`,
    set: { t0: GVA + 0x3_4560n, a0: 10 },
    csr: entry(21, { V: 1, D: 1, PPN: 0 }),
    exits: [hvc(1, { refills: ["start", 0x3_4568n], memory: [{ at: 0x3_4568n, value: 10 }] })],
  }),
);

for (
  const { operation, code, kind } of [
    { operation: "load", code: "ld.d $a0, $t0, 0", kind: "PIL" },
    { operation: "store", code: "st.d $a0, $t0, 0", kind: "PIS" },
    { operation: "fetch", code: "jr $t0", kind: "PIF" },
  ] as const
) {
  Deno.test(
    `a ${operation} through an entry of the guest that leads into a hole exits with ${kind} and the GPA, not the GVA`,
    guest({
      rule: ["LVZ-EXIT-13", "LVZ-MMU-01"],
      code: `
        start:  tlbfill
        probe:  ${code}`,
      set: { t0: GVA + 0x1238n },
      csr: entry(14, { V: 1, D: 1, PPN: HOLE >> 12n }),
      exits: [fault(kind, HOLE + 0x1238n, { at: operation === "fetch" ? GVA + 0x1238n : "probe" })],
    }),
  );
}

for (
  const { access, code, kind } of [
    { access: "r", code: "st.d $a0, $t0, 0", kind: "PME" },
    { access: "w", code: "ld.d $a0, $t0, 0", kind: "PNR" },
  ] as const
) {
  Deno.test(
    `what the guest's entry allows and a stage-2 page for "${access}" does not exits with ${kind} and the GPA`,
    guest({
      rule: ["LVZ-EXIT-13", "LVZ-MMU-10"],
      code: `
        start:  tlbfill
        probe:  ${code}`,
      set: { t0: GVA },
      csr: entry(14, { V: 1, D: 1, PPN: PAGE >> 12n }),
      map: [{ gpa: PAGE, access }],
      exits: [fault(kind, PAGE, { at: "probe" })],
    }),
  );
}

/** What the guest's own entry forbids. The GPA behind it is a hole, so that stage 2 would have something to say. */
const FORBIDDEN: readonly {
  readonly lo: Readonly<Record<string, number>>;
  readonly plv: number;
  readonly code: string;
  readonly kind: Stage2Fault | "PPI";
  readonly ecode: number;
}[] = [
  { lo: { V: 0, D: 1 }, plv: 0, code: "ld.d $a0, $t0, 0", kind: "PIL", ecode: 1 },
  { lo: { V: 0, D: 1 }, plv: 0, code: "st.d $a0, $t0, 0", kind: "PIS", ecode: 2 },
  { lo: { V: 0, D: 1 }, plv: 0, code: "jr $t0", kind: "PIF", ecode: 3 },
  { lo: { V: 1, D: 0 }, plv: 0, code: "st.d $a0, $t0, 0", kind: "PME", ecode: 4 },
  { lo: { V: 1, NR: 1 }, plv: 0, code: "ld.d $a0, $t0, 0", kind: "PNR", ecode: 5 },
  { lo: { V: 1, NX: 1 }, plv: 0, code: "jr $t0", kind: "PNX", ecode: 6 },
  { lo: { V: 1, PLV: 0 }, plv: 3, code: "ld.d $a0, $t0, 0", kind: "PPI", ecode: 7 },
  { lo: { V: 1, PLV: 0 }, plv: 1, code: "jr $t0", kind: "PPI", ecode: 7 },
  { lo: { V: 1, D: 1, PLV: 3, RPLV: 1 }, plv: 0, code: "st.d $a0, $t0, 0", kind: "PPI", ecode: 7 },
];

for (const { lo, plv, code, kind, ecode } of FORBIDDEN) {
  const fields = Object.entries(lo).map(([name, value]) => `${name} = ${value}`).join(", ");
  Deno.test(
    `${code} at PLV${plv} through an entry of the guest with ${fields} is ${kind} of the guest, and nothing exits`,
    guest({
      rule: ["LVZ-EXIT-26", "LVZ-EXIT-28"],
      code: `
        start:    tlbfill
                  hvcl 1
        probe:    ${code}
                  .balign 4096
        handler:  hvcl 2
                  nop`,
      set: { t0: GVA + 0x2008n },
      csr: { ...entry(14, { ...lo, PPN: HOLE >> 12n }), EENTRY: "handler" },
      exits: [
        hvc(1, { set: { csr: { CRMD: { PLV: plv, IE: 1 } } }, resume: { pc: "probe" } }),
        hvc(2, {
          at: "handler",
          refills: [],
          csr: {
            ESTAT: { Ecode: ecode, EsubCode: 0 },
            ERA: code === "jr $t0" ? GVA + 0x2008n : "probe",
            BADV: GVA + 0x2008n,
            TLBEHI: GVA + 0x2000n,
            PRMD: { PPLV: plv, PIE: 1 },
            CRMD: { PLV: 0, IE: 0, DA: 0, PG: 1 },
          },
          otherCsrs: "any",
        }),
      ],
    }),
  );
}

// The guest's windows ---------------------------------------------------------------------------------------------------------------------

for (
  const { what, dmw1, dmw2, window } of [
    { what: "a window for its level", dmw1: { PLV3: 1, VSEG: 0 }, dmw2: {}, window: true },
    { what: "a window for loads and stores only, DMW2,", dmw1: {}, dmw2: { PLV3: 1, VSEG: 0 }, window: true },
    { what: "a window for PLV0 alone", dmw1: { PLV0: 1, VSEG: 0 }, dmw2: {}, window: false },
    { what: "a window for another segment", dmw1: { PLV3: 1, VSEG: 4 }, dmw2: {}, window: false },
  ]
) {
  Deno.test(
    `with ${what} a store at PLV3 goes through the ${
      window ? "window" : "TLB entry"
    }, where an entry of the guest matches too`,
    guest({
      rule: "LVZ-MMU-03",
      code: `
        start:  tlbfill
                hvcl   1
        user:   st.d   $a0, $t0, 0
        last:   cpucfg $a1, $zero
                nop`,
      set: { t0: 0x30000n, a0: 7 },
      csr: {
        ...entry(14, { V: 1, D: 1, PLV: 3, PPN: 0x20 }),
        CRMD: { DA: 1, PG: 0 },
        TLBEHI: 0x30000n,
        // The code has a segment of its own.
        DMW0: { PLV3: 1, VSEG: 8 },
        DMW1: dmw1,
        DMW2: dmw2,
      },
      exits: [
        hvc(1, {
          set: { csr: { CRMD: { PLV: 3, DA: 0, PG: 1 } } },
          resume: { pc: "user+0x8000000000000000" },
        }),
        gspr({
          at: "last+0x8000000000000000",
          badi: "cpucfg $a1, $zero",
          memory: [{ at: 0x30000n, value: window ? 7 : 0 }, { at: 0x20000n, value: window ? 0 : 7 }],
        }),
      ],
    }),
  );
}

Deno.test(
  "a fetch does not go through the windows DMW2 and DMW3: the guest's TLB is asked, and the guest takes its refill",
  guest({
    rule: "LVZ-MMU-03",
    code: `
      start:   jr   $t0
               .balign 4096
      refill:  hvcl 1
               nop`,
    set: { t0: GVA + 0x1_0000n },
    csr: {
      CRMD: { DA: 0, PG: 1 },
      DMW0: { PLV0: 1, VSEG: 0 },
      DMW2: { PLV0: 1, VSEG: 15 },
      DMW3: { PLV0: 1, VSEG: 15 },
      TLBRENTRY: "refill",
    },
    exits: [hvc(1, {
      at: "refill",
      csr: { TLBRERA: GVA + 0x1_0001n, TLBRBADV: GVA + 0x1_0000n, CRMD: { DA: 1, PG: 0 } },
      otherCsrs: "any",
    })],
  }),
);

// Addresses outside of the guest's space --------------------------------------------------------------------------------------------------

for (
  const { address, rbits, code, kind, subcode } of [
    { address: 0x0000_8000_0000_0000n, rbits: 0, code: "ld.d $a0, $t0, 0", kind: "ADEM", subcode: 1 },
    { address: 0xffff_7fff_ffff_fff8n, rbits: 0, code: "st.d $a0, $t0, 0", kind: "ADEM", subcode: 1 },
    { address: 0x9000_0000_0000_0000n, rbits: 0, code: "jr $t0", kind: "ADEF", subcode: 0 },
    { address: 0x0000_0080_0000_0000n, rbits: 8, code: "ld.d $a0, $t0, 0", kind: "ADEM", subcode: 1 },
    { address: 0xffff_ff7f_ffff_fff8n, rbits: 8, code: "jr $t0", kind: "ADEF", subcode: 0 },
  ] as const
) {
  Deno.test(
    `${code} at 0x${
      address.toString(16)
    } in mapped mode with RVACFG.RBits = ${rbits} is ${kind} of the guest`,
    guest({
      rule: "LVZ-MMU-16",
      code: `
        start:    hvcl 1
        probe:    ${code}
                  .balign 4096
        handler:  hvcl 2
                  nop`,
      set: { t0: address },
      // The window for the code is in a segment of its own: in the segment of an address it would map that too.
      csr: { DMW0: { PLV0: 1, VSEG: 8 }, RVACFG: { RBits: rbits }, EENTRY: "handler+0x8000000000000000" },
      exits: [
        hvc(1, { set: { csr: { CRMD: { DA: 0, PG: 1 } } }, resume: { pc: "probe+0x8000000000000000" } }),
        hvc(2, {
          at: "handler+0x8000000000000000",
          badi: "hvcl 2",
          csr: { ESTAT: { Ecode: 8, EsubCode: subcode }, BADV: address },
          otherCsrs: "any",
        }),
      ],
    }),
  );
}

// A guest's refill handler ----------------------------------------------------------------------------------------------------------------

/** Walks the guest's table of one directory and one page table, and counts in $s0. */
const REFILL_HANDLER = `
                 .balign 4096
        refill:  csrwr  $t8, TLBRSAVE
                 csrrd  $t8, PGD
        walk:    lddir  $t8, $t8, 1
                 ldpte  $t8, 0
                 ldpte  $t8, 1
                 tlbfill
                 addi.d $s0, $s0, 1
                 csrrd  $t8, TLBRSAVE
                 ertn`;
/** Two pairs of pages of 4 KiB. */
const TABLES = `
                 .balign 0x4000
        root:    .dword table
                 .balign 4096
        table:   .dword 0x20013, 0x31013, 0x22013, 0x23013`;
const WALKING: Csrs = {
  CRMD: { DA: 0, PG: 1 },
  DMW0: { PLV0: 1, VSEG: 0 },
  PWCL: { PTbase: 12, PTwidth: 9, Dir1_base: 21, Dir1_width: 9 },
  STLBPS: { PS: 12 },
  TLBRENTRY: "refill",
};

Deno.test(
  "a guest serves its own TLB refills with lddir, ldpte and tlbfill, once a pair of pages, and no host sees them",
  guest({
    rule: ["LVZ-EXIT-27", "LVZ-MMU-01"],
    code: `
      start:   st.d $a0, $t0, 0
               st.d $a1, $t1, 8
               hvcl 1
               st.d $a2, $t2, 16
               hvcl 2
               ${REFILL_HANDLER}
               ${TABLES}`,
    set: { t0: GVA, t1: GVA + 0x1000n, t2: GVA + 0x2000n, a0: 10, a1: 11, a2: 12, s0: 0 },
    csr: { ...WALKING, PGDH: "root" },
    runsOn: false,
    exits: [
      hvc(1, {
        regs: { s0: 1 },
        otherCsrs: "any",
        memory: [{ at: 0x20000n, value: 10 }, { at: 0x31008n, value: 11 }],
      }),
      hvc(2, { regs: { s0: 2 }, otherCsrs: "any", memory: [{ at: 0x22010n, value: 12 }] }),
    ],
  }),
);

Deno.test(
  "a guest's refill records the GVA and returns to the instruction that missed, with nothing in the host's refill registers",
  guest({
    rule: "LVZ-EXIT-28",
    code: `
      start:   hvcl 1
      probe:   ld.d $a0, $t0, 8
               .balign 4096
      refill:  hvcl 2
               nop`,
    set: { t0: GVA + 0x3000n },
    csr: { ...WALKING, CRMD: { DA: 0, PG: 1, IE: 1, WE: 1 } },
    exits: [
      hvc(1),
      // The host's TLBRERA and TLBRBADV are compared as all its registers are.
      hvc(2, {
        at: "refill",
        refills: [],
        csr: {
          TLBRERA: "probe+1",
          TLBRBADV: GVA + 0x3008n,
          TLBREHI: { VPPN: (GVA + 0x2000n) >> 13n & 0x7_ffff_ffff_ffffn },
          TLBRPRMD: { PPLV: 0, PIE: 1, PWE: 1 },
          CRMD: { PLV: 0, IE: 0, WE: 0, DA: 1, PG: 0 },
        },
      }),
    ],
  }),
);

Deno.test(
  "a stage-2 fault inside of a guest's refill handler exits at its lddir and the handler goes on when the table is there",
  guest({
    rule: "LVZ-MMU-14",
    code: `
      probe:   ld.d $a0, $t0, 8
               hvcl 1
               ${REFILL_HANDLER}
               ${TABLES}`,
    set: { t0: GVA, s0: 0 },
    // The root's GPA has no mapping at first; later it shows the page of \`root\`.
    csr: { ...WALKING, PGDH: HOLE },
    runsOn: false,
    exits: [
      fault("PIL", HOLE, {
        at: "walk",
        regs: { t8: HOLE },
        csr: { TLBRERA: "probe+1", TLBRBADV: GVA + 8n, CRMD: { DA: 1, PG: 0 } },
        otherCsrs: "any",
        map: [{ gpa: HOLE, alias: 0x14000n }],
      }),
      hvc(1, {
        regs: { a0: 0, s0: 1, t8: 0x6e57_0000_0000_0014n },
        csr: { TLBRERA: "probe", CRMD: { DA: 0, PG: 1 } },
        otherCsrs: "any",
      }),
    ],
  }),
);

// What the walk and the tables of the host can show without a hypervisor ------------------------------------------------------------------

const PAGE_PLV0 = { V: 1, D: 1, PLV: 0, RPLV: 1 };

Deno.test(
  "a guest at PLV3 fetches and loads through a stage-2 entry of privilege level 0 with RPLV",
  host({
    rule: ["LVZ-MMU-11", "LVZ-EXIT-14"],
    set: { a1: "data" },
    csr: {
      GSTAT: { PVM: 1, GID: 1 },
      GTLBC: { USETGID: 1, TGID: 1 },
      // The first entry of the MTLB.
      TLBIDX: { PS: 14, Index: 2048 },
      TLBEHI: 0x10000,
      TLBELO0: { ...PAGE_PLV0, PPN: 0x10 },
      TLBELO1: { ...PAGE_PLV0, PPN: 0x14 },
      ERA: "start",
    },
    gcsr: { CRMD: { PLV: 3 } },
    code: `
              tlbwr
              ertn
      start:  ld.d   $a0, $a1, 0
      probe:  cpucfg $a2, $zero
              .data
      data:   .dword 0x1234`,
    expect: { ends: "GSPR", at: "probe", regs: { a0: 0x1234 } },
  }),
);

for (const level of [1, 2, 3]) {
  Deno.test(
    `lddir ${level} notes in a huge page entry that it is one of directory ${level}`,
    host({
      rule: "LVZ-MMU-13",
      set: { a1: 0x2000_00d3n },
      code: `lddir $a0, $a1, ${level}`,
      expect: { regs: { a0: 0x2000_00d3n | BigInt(level) << 13n } },
    }),
  );
}

for (
  const { offset, entry } of [{ offset: 0, entry: 2 }, { offset: 8, entry: 3 }, { offset: 4, entry: 2 }, {
    offset: 12,
    entry: 3,
  }]
) {
  Deno.test(
    `lddir with a base that is ${offset} bytes behind its table adds the index, and reads entry ${entry}`,
    host({
      rule: "LVZ-MMU-15",
      csr: { PWCL: { Dir1_base: 25, Dir1_width: 3 }, TLBRBADV: 2n << 25n },
      set: { a1: `table+${offset}` },
      code: `
               lddir  $a0, $a1, 1
               b      end
               .data
               .balign 4096
        table: .dword 0x1000, 0x2000, 0x3000, 0x4000, 0x5000, 0x6000, 0x7000, 0x8000
               .text
        end:   nop`,
      expect: { regs: { a0: (entry + 1) * 0x1000 } },
    }),
  );
}
