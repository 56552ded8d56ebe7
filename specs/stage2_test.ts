/**
 * The second stage of translation: from guest-physical to host-physical addresses, and what happens where there is no mapping.
 *
 * A failure here means that a hypervisor learns the wrong address of a device access, maps the wrong page on demand, loses an effect of an
 * instruction that it emulates, or lets a guest past a page that it may not touch.
 *
 * The guest's memory is 256 KiB at GPA 0. GPA 0x80000 is a hole next to it: there is a page table for it, with an empty entry. GPA
 * 0x10000000 is so far away that no page table covers it.
 */
import { fault, gspr, guest, hvc, refill, type Stage2Fault } from "../dsl/mod.ts";

const HOLE = 0x80000n;
const FAR = 0x1000_0000n;
/** A page of ordinary memory away from the code. */
const PAGE = 0x20000n;

// Holes -----------------------------------------------------------------------------------------------------------------------------------

interface Access {
  readonly what: string;
  readonly code: string;
  /** Added to the page's address. */
  readonly offset: bigint;
  readonly kind: Stage2Fault;
}

const ACCESSES: readonly Access[] = [
  { what: "a load", code: "ld.d $a0, $t0, 8", offset: 8n, kind: "PIL" },
  {
    what: "a load of the last byte of an 8 KiB pair",
    code: "ld.b $a0, $t1, 0",
    offset: 0x1fffn,
    kind: "PIL",
  },
  { what: "an indexed load", code: "ldx.hu $a0, $t0, $t2", offset: 0x2346n, kind: "PIL" },
  { what: "ll", code: "ll.w $a0, $t0, 4", offset: 4n, kind: "PIL" },
  { what: "a store", code: "st.w $a0, $t0, 0x7fc", offset: 0x7fcn, kind: "PIS" },
  { what: "an indexed store", code: "stx.b $a0, $t0, $t2", offset: 0x2346n, kind: "PIS" },
];

for (const { what, code, offset, kind } of ACCESSES) {
  const gpa = HOLE + offset;
  Deno.test(
    `${what} in a hole exits with ${kind}, the GPA of the byte in BADV, the instruction in BADI and ERA, and no effect`,
    guest({
      rule: "LVZ-EXIT-13",
      code: `
        start:  nop
        probe:  ${code}
        after:  hvcl 1`,
      set: { t0: HOLE, t1: gpa, t2: 0x2346 },
      exits: [
        fault(kind, gpa, {
          at: "probe",
          badi: code,
          refills: ["start", gpa],
          host: { ERA: "probe", BADV: gpa, ESTAT: { EsubCode: 0 } },
          resume: { pc: "after" },
        }),
        hvc(1, { at: "after" }),
      ],
    }),
  );
}

Deno.test(
  "a fetch from a hole exits with PIF, the GPA of the instruction in BADV and 0 in BADI",
  guest({
    rule: "LVZ-EXIT-15",
    code: `
      start:  hvcl 1
              jr   $t0
      after:  hvcl 2`,
    set: { t0: HOLE + 0x1234n },
    exits: [
      // The word of the hvcl is in BADI now.
      hvc(1),
      fault("PIF", HOLE + 0x1234n, {
        at: HOLE + 0x1234n,
        badi: 0,
        host: { ERA: HOLE + 0x1234n, BADV: HOLE + 0x1234n },
        resume: { pc: "after" },
      }),
      hvc(2, { at: "after" }),
    ],
  }),
);

for (const gpa of [0x8_0000n, 0x8_1ff8n, 0x8_7008n]) {
  Deno.test(
    `a stage-2 fault for GPA 0x${gpa.toString(16)} puts bits 47:13 of it into TLBEHI`,
    guest({
      rule: "LVZ-EXIT-16",
      code: `
        probe:  ld.d $a0, $t0, 0`,
      set: { t0: gpa },
      exits: [fault("PIL", gpa, { at: "probe", host: { TLBEHI: gpa & ~0x1fffn } })],
    }),
  );
}

Deno.test(
  "the invalid entry that the refill handler filled stays: the guest faults again without a refill until it is flushed",
  guest({
    rule: "LVZ-MMU-09",
    code: `
      probe:  ld.d $a0, $t0, 0
              hvcl 1`,
    set: { t0: PAGE },
    map: [{ gpa: PAGE, access: "" }],
    exits: [
      fault("PIL", PAGE, { at: "probe", refills: ["probe", PAGE] }),
      // The page is mapped, but the entry still says that it is not.
      fault("PIL", PAGE, { at: "probe", refills: [], map: [{ gpa: PAGE }], flush: false }),
      fault("PIL", PAGE, { at: "probe", refills: [], map: [{ gpa: PAGE }] }),
      hvc(1, { regs: { a0: 0 }, refills: ["probe", PAGE] }),
    ],
  }),
);

for (const gpa of [FAR, 0x1fe0_01e0n, 0x7fff_ffff_fff8n]) {
  const at = `0x${gpa.toString(16)}`;

  Deno.test(
    `GPA ${at}, for which there is no page table, gives a refill and then PIL under KVM, and no address error`,
    guest({
      rule: "LVZ-EXIT-29",
      // Linux's directories lead to an empty page table where there is none.
      switches: ["kvm"],
      code: `
        probe:  ld.d $a0, $t0, 0`,
      set: { t0: gpa },
      exits: [fault("PIL", gpa, { at: "probe", refills: ["probe", gpa] })],
    }),
  );

  Deno.test(
    `GPA ${at}, for which there is no page table, gives a refill that records the address, the mode and the guest's PC`,
    guest({
      rule: "LVZ-EXIT-17",
      // loongarch_vcpu leaves its refill handler for the VMM there.
      switches: ["arceos"],
      code: `
        start:  nop
        probe:  ld.d $a0, $t0, 0`,
      set: { t0: gpa },
      csr: { CRMD: { PLV: 3, IE: 1 } },
      exits: [refill(gpa, {
        at: "probe",
        host: {
          TLBRBADV: gpa,
          TLBREHI: { VPPN: gpa >> 13n },
          TLBRERA: "probe+1",
          TLBRPRMD: { PPLV: 0, PIE: 1, PWE: 0, PGM: 1 },
          CRMD: { PLV: 0, IE: 0, WE: 0, DA: 1, PG: 0 },
        },
      })],
    }),
  );
}

for (const { PPLV, PIE, PWE } of [{ PPLV: 3, PIE: 1, PWE: 1 }, { PPLV: 1, PIE: 0, PWE: 0 }]) {
  Deno.test(
    `a refill saves the host's mode, PLV ${PPLV}, IE ${PIE}, WE ${PWE}, in TLBRPRMD, not the guest's`,
    guest({
      rule: "LVZ-EXIT-17",
      switches: ["arceos"],
      code: `
        probe:  ld.d $a0, $t0, 0`,
      set: { t0: FAR },
      host: { PRMD: { PPLV, PIE, PWE } },
      exits: [refill(FAR, { at: "probe", host: { TLBRPRMD: { PPLV, PIE, PWE, PGM: 1 } } })],
    }),
  );
}

Deno.test(
  "a refill that leaves the guest keeps ERA, PRMD, BADV, BADI and the exception code of the exit before",
  guest({
    rule: ["LVZ-EXIT-18", "LVZ-EXIT-19"],
    switches: ["arceos"],
    code: `
      start:  st.d $a0, $t1, 0
      next:   nop
      probe:  ld.d $a0, $t0, 0`,
    set: { t0: FAR, t1: HOLE },
    exits: [
      fault("PIS", HOLE, { at: "start", resume: { pc: "next" } }),
      refill(FAR, {
        at: "probe",
        badi: "st.d $a0, $t1, 0",
        host: { ERA: "next", PRMD: { PPLV: 0, PIE: 1 }, BADV: HOLE, ESTAT: { Ecode: 2, EsubCode: 0 } },
      }),
    ],
  }),
);

Deno.test(
  "after a refill exit the host stays in direct mode until it changes that itself, and can enter the guest from there",
  guest({
    rule: ["LVZ-EXIT-21", "LVZ-MMU-02"],
    switches: ["arceos"],
    code: `
      probe:  ld.d $a0, $t0, 0
      after:  hvcl 1`,
    set: { t0: FAR },
    exits: [
      refill(FAR, { at: "probe", host: { TLBRERA: { IsTLBR: 1 } }, resume: { pc: "after" } }),
      hvc(1, { at: "after", refills: [], host: { CRMD: { DA: 1, PG: 0 } } }),
    ],
  }),
);

// Effects of an instruction that faults ---------------------------------------------------------------------------------------------------

const RESTARTED = [
  { code: "ld.d $t0, $t0, 0", kind: "PIL", regs: { t0: 0 }, stored: 0 },
  { code: "ldx.d $a0, $t0, $zero", kind: "PIL", regs: { a0: 0 }, stored: 0 },
  { code: "ll.d $a0, $t0, 0", kind: "PIL", regs: { a0: 0 }, stored: 0 },
  { code: "st.d $a1, $t0, 0", kind: "PIS", regs: {}, stored: 7 },
] as const;

for (const { code, kind, regs, stored } of RESTARTED) {
  Deno.test(
    `${code} on a page that is mapped later leaves registers and memory alone, and then happens once`,
    guest({
      rule: "LVZ-EXIT-25",
      code: `
        probe:  ${code}
                hvcl 1`,
      set: { t0: PAGE, a1: 7 },
      map: [{ gpa: PAGE, access: "" }],
      exits: [
        fault(kind, PAGE, { at: "probe", map: [{ gpa: PAGE }] }),
        hvc(1, { regs, otherCsrs: "any", memory: [{ at: PAGE, value: stored }] }),
      ],
    }),
  );
}

for (
  const { code, rd } of [
    { code: "st.d $a1, $t0, 0", rd: "a1" },
    { code: "amadd.d $a0, $a1, $t0", rd: "a0" },
    { code: "amswap_db.w $a0, $a1, $t0", rd: "a0" },
  ]
) {
  Deno.test(
    `${code} on a read-only page exits with PME and leaves $${rd} and memory alone`,
    guest({
      rule: "LVZ-EXIT-25",
      code: `
        probe:  ${code}`,
      set: { t0: PAGE, a0: 5, a1: 7 },
      map: [{ gpa: PAGE, access: "r" }],
      exits: [fault("PME", PAGE, { at: "probe", memory: [{ at: PAGE, value: 0 }] })],
    }),
  );
}

Deno.test(
  "sc on a read-only page exits with PME, and succeeds when the page is writable",
  guest({
    rule: "LVZ-EXIT-25",
    code: `
      start:  ll.d $a0, $t0, 0
      probe:  sc.d $a1, $t0, 0
              hvcl 1`,
    set: { t0: PAGE, a1: 7 },
    map: [{ gpa: PAGE, access: "r" }],
    exits: [
      fault("PME", PAGE, { at: "probe", regs: { a0: 0 }, map: [{ gpa: PAGE }] }),
      hvc(1, { regs: { a1: 1 }, memory: [{ at: PAGE, value: 7 }] }),
    ],
  }),
);

for (
  const { page, gpa, at } of [
    { page: 0x24000n, gpa: 0x24000n, at: "second" },
    { page: 0x20000n, gpa: 0x23ffcn, at: "first" },
  ]
) {
  const unmapped = [{ gpa: page, access: "" }];
  Deno.test(
    `a load over the end of a page faults for the byte in the ${at} page, where that has no mapping`,
    guest({
      rule: ["LVZ-EXIT-13", "LVZ-EXIT-25"],
      code: `
        probe:  ld.d $a0, $t0, 0
                hvcl 1`,
      set: { t0: 0x23ffcn },
      map: unmapped,
      exits: [fault("PIL", gpa, { at: "probe", map: [{ gpa: page }] }), hvc(1, { regs: { a0: 0 } })],
    }),
  );

  Deno.test(
    `a store over the end of a page writes neither page where the ${at} one has no mapping`,
    guest({
      rule: ["LVZ-EXIT-13", "LVZ-EXIT-25"],
      code: `
        probe:  st.d $a0, $t0, 0
                hvcl 1`,
      set: { t0: 0x23ffcn, a0: 0x1122_3344_5566_7788n },
      map: unmapped,
      exits: [
        fault("PIS", gpa, {
          at: "probe",
          memory: [{ at: 0x23ff8n, value: 0 }, { at: 0x24000n, value: 0 }],
          map: [{ gpa: page }],
        }),
        hvc(1, {
          memory: [{ at: 0x23ff8n, value: 0x5566_7788_0000_0000n }, { at: 0x24000n, value: 0x1122_3344 }],
        }),
      ],
    }),
  );
}

// Permissions -----------------------------------------------------------------------------------------------------------------------------

/** An access to the page at HOLE, and how the case ends if it succeeds. */
const OPERATIONS = {
  load: {
    code: "probe: ld.d $a0, $t0, 0\n hvcl 1",
    address: HOLE,
    alias: PAGE,
    success: hvc(1, { regs: { a0: 0 } }),
  },
  store: {
    code: "probe: st.d $a1, $t0, 0\n hvcl 1",
    address: HOLE,
    alias: PAGE,
    success: hvc(1, { memory: [{ at: HOLE, value: 7 }] }),
  },
  // The page shows the code itself, which goes on there.
  fetch: {
    code: "probe: jr $t0\n there: hvcl 1",
    address: "there+0x70000",
    alias: 0x10000n,
    success: hvc(1, { at: "there+0x70000", badi: "hvcl 1" }),
  },
} as const;

type Operation = keyof typeof OPERATIONS;

/** The fault of each access at a page with each permission; none: the access succeeds. */
const PERMISSIONS: readonly {
  readonly access: string;
  readonly faults: Partial<Record<Operation, Stage2Fault>>;
}[] = [
  { access: "", faults: { load: "PIL", store: "PIS", fetch: "PIF" } },
  { access: "r", faults: { store: "PME", fetch: "PNX" } },
  { access: "w", faults: { load: "PNR", fetch: "PNX" } },
  { access: "x", faults: { load: "PNR", store: "PME" } },
  { access: "rw", faults: { fetch: "PNX" } },
  { access: "rx", faults: { store: "PME" } },
  { access: "wx", faults: { load: "PNR" } },
  { access: "rwx", faults: {} },
];

for (const { access, faults } of PERMISSIONS) {
  for (const operation of ["load", "store", "fetch"] as const) {
    const { code, address, alias, success } = OPERATIONS[operation];
    const kind = faults[operation];
    Deno.test(
      `a ${operation} ${access === "" ? "where nothing is mapped" : `at a page for "${access}"`} ${
        kind === undefined ? "succeeds" : `exits with ${kind}`
      }`,
      guest({
        rule: "LVZ-MMU-10",
        code,
        set: { t0: address, a1: 7 },
        map: [access === "" ? { gpa: HOLE, access } : { gpa: HOLE, access, alias }],
        exits: [
          kind === undefined
            ? success
            : fault(kind, address, { at: operation === "fetch" ? address : "probe" }),
        ],
      }),
    );
  }
}

for (const plv of [0, 1, 2, 3]) {
  Deno.test(
    `a guest at PLV${plv} fetches, loads and stores through stage-2 entries of privilege level 0`,
    guest({
      rule: ["LVZ-EXIT-14", "LVZ-MMU-11"],
      code: `
        start:  st.d   $a0, $t0, 0
                ld.d   $a1, $t0, 0
        last:   cpucfg $a2, $zero
                nop`,
      set: { t0: PAGE, a0: 7 },
      csr: { CRMD: { PLV: plv } },
      exits: [gspr({ at: "last", regs: { a1: 7 } })],
    }),
  );
}
