/**
 * The TLB that host and guests share: whose entries are whose, and which instruction of whom sees or removes them.
 *
 * A failure here means that a guest runs on translations of another guest or of its host, or that stale ones survive: memory corruption that
 * depends on what ran before.
 */
import { fault, guest, hvc } from "../../dsl/mod.ts";

/** A page of ordinary memory away from the code. */
const PAGE = 0x20000n;
/** A GVA outside of the segment of the guest's code. */
const GVA = 0xffff_ffff_8000_0000n;
/** PRCFG3 of LA464: 256 sets of 8 ways, then 64 entries of the fully associative part. */
const STLB = 2048;
const ENTRIES = STLB + 64;

// Stage 2 ---------------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "a mapping that the host changed and flushed is seen by the guest's next access",
  guest({
    rule: "LVZ-TLB-13",
    code: `
      start:  st.d $a0, $t0, 0
              st.d $a1, $t1, 0
              ld.d $a2, $t0, 0
              hvcl 1
              ld.d $a3, $t0, 0
              hvcl 2
              ld.d $a4, $t0, 0`,
    set: { t0: 0x20000n, t1: 0x30000n, a0: 10, a1: 11 },
    exits: [
      hvc(1, { regs: { a2: 10 }, map: [{ gpa: 0x20000n, alias: 0x30000n }] }),
      hvc(2, { regs: { a3: 11 }, map: [{ gpa: 0x20000n, access: "" }] }),
      fault("PIL", 0x20000n),
    ],
  }),
);

Deno.test(
  "a page that the host made read-only and flushed faults at the next store, although a store succeeded just before",
  guest({
    rule: "LVZ-TLB-13",
    code: `
      start:  st.d $a0, $t0, 0
              hvcl 1
              ld.d $a1, $t0, 0
      probe:  st.d $a2, $t0, 0`,
    set: { t0: PAGE, a0: 7, a2: 8 },
    exits: [
      hvc(1, { map: [{ gpa: PAGE, access: "rx" }] }),
      fault("PME", PAGE, { at: "probe", regs: { a1: 7 }, memory: [{ at: PAGE, value: 7 }] }),
    ],
  }),
);

Deno.test(
  "stage-2 entries serve the guest also after the host changed its own ASID",
  guest({
    rule: "LVZ-MMU-12",
    code: `
      start:  ld.d $a0, $t0, 0
              hvcl 1
              ld.d $a1, $t0, 0
              hvcl 2`,
    set: { t0: PAGE },
    exits: [
      hvc(1, { regs: { a0: 0 }, refills: ["start", PAGE], set: { host: { ASID: { ASID: 0x2aa } } } }),
      hvc(2, { regs: { a1: 0 }, refills: [] }),
    ],
  }),
);

for (
  const { name, other, back } of [
    { name: "kvm", other: { GSTAT: { GID: 5 } }, back: { GSTAT: { GID: 1 } } },
    // KVM copies GID to TGID at each entry, loongarch_vcpu at bind.
    {
      name: "arceos",
      other: { GSTAT: { GID: 5 }, GTLBC: { TGID: 5 } },
      back: { GSTAT: { GID: 1 }, GTLBC: { TGID: 1 } },
    },
  ]
) {
  Deno.test(
    `entries of one GID do not serve another, and serve again when the first GID comes back, without a flush (${name})`,
    guest({
      rule: "LVZ-TLB-09",
      switches: [name],
      code: `
        start:   ld.d $a0, $t0, 0
                 hvcl 1
        second:  ld.d $a1, $t0, 0
                 hvcl 2
                 ld.d $a2, $t0, 0
                 hvcl 3`,
      set: { t0: PAGE },
      exits: [
        hvc(1, { regs: { a0: 0 }, refills: ["start", PAGE], set: { host: other } }),
        hvc(2, { regs: { a1: 0 }, refills: ["second", PAGE], set: { host: back } }),
        hvc(3, { regs: { a2: 0 }, refills: [] }),
      ],
    }),
  );
}

Deno.test(
  "when KVM flushes one GPA, the guest's own entry for it stays: the guest takes no refill",
  guest({
    rule: ["LVZ-TLB-02", "LVZ-TLB-13"],
    // The other switch flushes with operation 0x12, which removes the guest's entries too.
    switches: ["kvm"],
    code: `
      start:   tlbfill
      probe:   ld.d $a0, $t0, 0
               hvcl 1
               .balign 4096
      refill:  hvcl 2
               nop`,
    set: { t0: GVA },
    csr: {
      CRMD: { DA: 0, PG: 1 },
      DMW0: { PLV0: 1, VSEG: 0 },
      STLBPS: { PS: 14 },
      TLBIDX: { PS: 14 },
      TLBEHI: GVA,
      TLBELO0: { V: 1, D: 1, PPN: PAGE >> 12n },
      TLBRENTRY: "refill",
    },
    map: [{ gpa: PAGE, access: "" }],
    exits: [
      fault("PIL", PAGE, { at: "probe", handle: { kind: "nothing" } }),
      hvc(1, { regs: { a0: 0 }, refills: [PAGE] }),
    ],
  }),
);

// The guest's entries ---------------------------------------------------------------------------------------------------------------------

/** What a guest writes as one entry of a pair of 4 KiB pages. */
interface GuestEntry {
  readonly gva: bigint;
  readonly asid: number;
  readonly global: boolean;
}

/** Fills an entry; uses $t0. */
function fill({ gva, asid, global }: GuestEntry): string {
  const lo = PAGE | (global ? 0x53n : 0x13n);
  return `
    li.d  $t0, ${12 << 24}
    csrwr $t0, TLBIDX
    li.d  $t0, ${gva}
    csrwr $t0, TLBEHI
    li.d  $t0, ${asid}
    csrwr $t0, ASID
    li.d  $t0, ${lo}
    csrwr $t0, TLBELO0
    li.d  $t0, ${lo}
    csrwr $t0, TLBELO1
    tlbfill`;
}

/** Looks for an entry: 1 in the register if there is none. Uses $t0. */
function isGone({ gva, asid }: GuestEntry, register: string): string {
  return `
    li.d  $t0, ${gva}
    csrwr $t0, TLBEHI
    li.d  $t0, ${asid}
    csrwr $t0, ASID
    tlbsrch
    csrrd $${register}, TLBIDX
    bstrpick.d $${register}, $${register}, 31, 31`;
}

const GLOBAL: GuestEntry = { gva: GVA, asid: 1, global: true };
const LOCAL1: GuestEntry = { gva: GVA + 0x10000n, asid: 1, global: false };
const LOCAL2: GuestEntry = { gva: GVA + 0x20000n, asid: 2, global: false };

/** What an instruction of the guest removes of GLOBAL, LOCAL1 and LOCAL2. */
const REMOVALS: readonly {
  readonly code: string;
  readonly about: string;
  readonly gone: readonly [number, number, number];
}[] = [
  { code: "invtlb 0, $zero, $zero", about: "", gone: [1, 1, 1] },
  { code: "invtlb 1, $zero, $zero", about: "", gone: [1, 1, 1] },
  { code: "invtlb 2, $zero, $zero", about: "", gone: [1, 0, 0] },
  { code: "invtlb 3, $zero, $zero", about: "", gone: [0, 1, 1] },
  { code: "invtlb 4, $s1, $zero", about: " with ASID 1", gone: [0, 1, 0] },
  { code: "invtlb 4, $s2, $zero", about: " with ASID 2", gone: [0, 0, 1] },
  { code: "invtlb 5, $s1, $s4", about: " with ASID 1 and the address of its entry", gone: [0, 1, 0] },
  { code: "invtlb 5, $s1, $s5", about: " with ASID 1 and the address of another's entry", gone: [0, 0, 0] },
  { code: "invtlb 5, $s1, $s3", about: " with ASID 1 and the address of the global entry", gone: [0, 0, 0] },
  { code: "invtlb 6, $s2, $s3", about: " with ASID 2 and the address of the global entry", gone: [1, 0, 0] },
  { code: "invtlb 6, $s1, $s4", about: " with ASID 1 and the address of its entry", gone: [0, 1, 0] },
  {
    code: "invtlb 6, $s1, $s6",
    about: " with ASID 1 and an address in the odd page of its entry",
    gone: [0, 1, 0],
  },
  { code: "invtlb 6, $s2, $s4", about: " with ASID 2 and the address of another's entry", gone: [0, 0, 0] },
];

for (const { code, about, gone } of REMOVALS) {
  const removed = ["the global entry", "that of ASID 1", "that of ASID 2"].filter((_, i) => gone[i]);
  Deno.test(
    `${code.split(",", 1)[0]}${about} in the guest removes ${
      removed.join(", ") || "nothing"
    } and no stage-2 entry`,
    guest({
      rule: "LVZ-INV-03",
      code: `
        start:  ld.d $a0, $t1, 0
                ${[GLOBAL, LOCAL1, LOCAL2].map(fill).join("\n")}
                hvcl 1
                ${code}
                ${isGone(GLOBAL, "a1")}
                ${isGone(LOCAL1, "a2")}
                ${isGone(LOCAL2, "a3")}
                ld.d $a4, $t1, 8
                move $t0, $zero
                hvcl 2`,
      set: {
        t1: PAGE,
        s1: LOCAL1.asid,
        s2: LOCAL2.asid,
        s3: GLOBAL.gva,
        s4: LOCAL1.gva,
        s5: LOCAL2.gva,
        s6: LOCAL1.gva + 0x1234n,
      },
      csr: { STLBPS: { PS: 12 } },
      exits: [
        hvc(1, { otherRegs: "any", otherCsrs: "any", refills: ["start", PAGE] }),
        hvc(2, {
          regs: { a1: gone[0], a2: gone[1], a3: gone[2], a4: 0, t0: 0 },
          otherCsrs: "any",
          refills: [],
        }),
      ],
    }),
  );
}

for (
  const { code, index, about, gone } of [
    { code: "tlbclr", index: STLB, about: "in the MTLB", gone: [0, 1, 0] },
    { code: "tlbflush", index: STLB, about: "in the MTLB", gone: [1, 1, 1] },
    { code: "tlbclr", index: 0, about: "in the STLB", gone: [0, 0, 0] },
    { code: "tlbflush", index: 0, about: "in the STLB", gone: [0, 0, 0] },
  ]
) {
  Deno.test(
    `${code} of the guest with an index ${about} removes ${
      gone.filter(Boolean).length
    } of three entries in the MTLB`,
    guest({
      rule: "LVZ-TLB-06",
      code: `
        start:  ${[GLOBAL, LOCAL1, LOCAL2].map(fill).join("\n")}
                csrwr $s0, TLBIDX
                csrwr $s1, ASID
                ${code}
                ${isGone(GLOBAL, "a1")}
                ${isGone(LOCAL1, "a2")}
                ${isGone(LOCAL2, "a3")}
                hvcl 1`,
      set: { s0: index, s1: 1 },
      // Entries of another size than the STLB's are in the MTLB.
      csr: { STLBPS: { PS: 14 } },
      exits: [hvc(1, {
        regs: { a1: gone[0]!, a2: gone[1]!, a3: gone[2]! },
        otherRegs: "any",
        otherCsrs: "any",
        refills: ["start"],
      })],
    }),
  );
}

Deno.test(
  "tlbclr and tlbflush of the guest over the whole TLB remove no stage-2 entry",
  guest({
    rule: "LVZ-TLB-06",
    code: `
      start:  ld.d $a0, $t1, 0
              hvcl 1
              li.d $t2, ${ENTRIES}
      loop:   addi.d $t2, $t2, -1
              move  $t0, $t2
              csrwr $t0, TLBIDX
              tlbclr
              tlbflush
              bnez  $t2, loop
              ld.d  $a1, $t1, 8
              hvcl  2`,
    set: { t1: PAGE },
    budget: 20_000,
    exits: [
      hvc(1, { regs: { a0: 0 }, refills: ["start", PAGE] }),
      hvc(2, { regs: { a1: 0 }, otherRegs: "any", otherCsrs: "any", refills: [] }),
    ],
  }),
);

Deno.test(
  "a guest that reads every place in the TLB finds its own two entries and none of its host's or of stage 2",
  guest({
    rule: ["LVZ-TLB-06", "LVZ-TLB-03"],
    code: `
      start:  ld.d   $a0, $t1, 0
              ${fill(GLOBAL)}
              ${fill(LOCAL1)}
              move   $a1, $zero
              li.d   $t2, ${ENTRIES}
      loop:   addi.d $t2, $t2, -1
              move   $t0, $t2
              csrwr  $t0, TLBIDX
              tlbrd
              csrrd  $t0, TLBIDX
              slt    $t0, $t0, $zero
              xori   $t0, $t0, 1
              add.d  $a1, $a1, $t0
              bnez   $t2, loop
              hvcl   1`,
    set: { t1: PAGE },
    csr: { STLBPS: { PS: 12 } },
    budget: 30_000,
    exits: [hvc(1, { regs: { a1: 2 }, otherRegs: "any", otherCsrs: "any" })],
  }),
);

Deno.test(
  "tlbsrch of the guest does not find the stage-2 entry through which its own code is fetched",
  guest({
    rule: ["LVZ-TLB-06", "LVZ-TLB-02"],
    code: `
      start:  tlbsrch
              hvcl 1`,
    csr: { TLBEHI: 0x10000n, STLBPS: { PS: 14 }, ASID: { ASID: 0x155 } },
    exits: [hvc(1, { csr: { TLBIDX: { NE: 1 } } })],
  }),
);

for (const { g0, g1 } of [{ g0: 0, g1: 0 }, { g0: 1, g1: 0 }, { g0: 0, g1: 1 }, { g0: 1, g1: 1 }]) {
  Deno.test(
    `tlbrd of the guest gives back what its tlbwr put there, with G = ${
      g0 & g1
    } in both halves of an entry written with ${g0} and ${g1}`,
    guest({
      rule: "LVZ-TLB-06",
      code: `
        start:  tlbwr
                csrwr $zero, TLBEHI
                csrwr $zero, TLBELO0
                csrwr $zero, TLBELO1
                csrwr $a0, ASID
                csrwr $a1, TLBIDX
                tlbrd
                hvcl  1`,
      set: { a0: 7, a1: STLB + 2 },
      csr: {
        TLBIDX: { Index: STLB + 2, PS: 14 },
        TLBEHI: GVA,
        TLBELO0: { V: 1, D: 1, PLV: 2, MAT: 1, G: g0, PPN: 0x1_2344, NR: 1 },
        TLBELO1: { V: 0, D: 0, PLV: 3, MAT: 2, G: g1, PPN: 0x5_6780, NX: 1, RPLV: 1 },
        ASID: { ASID: 0x2a5 },
      },
      exits: [hvc(1, {
        otherRegs: "any",
        csr: {
          TLBIDX: { Index: STLB + 2, PS: 14, NE: 0 },
          TLBEHI: GVA,
          TLBELO0: { V: 1, D: 1, PLV: 2, MAT: 1, G: g0 & g1, PPN: 0x1_2344, NR: 1, NX: 0, RPLV: 0 },
          TLBELO1: { V: 0, D: 0, PLV: 3, MAT: 2, G: g0 & g1, PPN: 0x5_6780, NR: 0, NX: 1, RPLV: 1 },
          ASID: { ASID: 0x2a5 },
        },
      })],
    }),
  );
}

Deno.test(
  "tlbwr of the guest with TLBIDX.NE = 1 takes its entry away",
  guest({
    rule: "LVZ-TLB-06",
    code: `
      start:  tlbwr
              tlbsrch
              csrrd $a0, TLBIDX
              csrwr $a1, TLBIDX
              tlbwr
              tlbsrch
              csrrd $a2, TLBIDX
              hvcl  1`,
    set: { a1: 0x8c00_0805n },
    csr: { TLBIDX: { Index: STLB + 5, PS: 12 }, TLBEHI: GVA, STLBPS: { PS: 14 } },
    exits: [hvc(1, {
      // tlbsrch leaves the index where it finds nothing.
      regs: { a0: 0x0c00_0805, a1: 0x0c00_0805, a2: 0xffff_ffff_8c00_0805n },
      csr: { TLBIDX: { NE: 1 } },
    })],
  }),
);

for (
  const { asid, global, current, found } of [
    { asid: 1, global: 0, current: 1, found: true },
    { asid: 1, global: 0, current: 2, found: false },
    { asid: 1, global: 1, current: 2, found: true },
    { asid: 1, global: 0, current: 0x155, found: false },
  ]
) {
  Deno.test(
    `an entry of the guest with ASID ${asid}, G = ${global} ${
      found ? "serves" : "does not serve"
    } it under ASID 0x${current.toString(16)}, whatever the host's ASID is`,
    guest({
      rule: "LVZ-TLB-07",
      code: `
        start:   tlbfill
                 csrwr $a1, ASID
                 st.d  $a0, $t0, 0
        done:    hvcl  1
                 .balign 4096
        refill:  hvcl  2
                 nop`,
      set: { t0: GVA, a0: 7, a1: current },
      csr: {
        CRMD: { DA: 0, PG: 1 },
        DMW0: { PLV0: 1, VSEG: 0 },
        STLBPS: { PS: 14 },
        TLBIDX: { PS: 14 },
        TLBEHI: GVA,
        TLBELO0: { V: 1, D: 1, G: global, PPN: PAGE >> 12n },
        TLBELO1: { G: global },
        ASID: { ASID: asid },
        TLBRENTRY: "refill",
      },
      // The host's ASID is the entry's in some rows and the current one in others.
      host: { ASID: { ASID: current === 0x155 ? 0x155 : asid } },
      exits: [
        found
          ? hvc(1, { otherRegs: "any", otherCsrs: "any", memory: [{ at: PAGE, value: 7 }] })
          : hvc(2, { at: "refill", otherRegs: "any", otherCsrs: "any", memory: [{ at: PAGE, value: 0 }] }),
      ],
    }),
  );
}

for (
  const { stlbps, ps } of [
    { stlbps: 12, ps: 12 },
    { stlbps: 14, ps: 14 },
    { stlbps: 12, ps: 14 },
    { stlbps: 14, ps: 12 },
  ]
) {
  const inStlb = stlbps === ps;
  Deno.test(
    `tlbfill of the guest puts a page of 2^${ps} bytes into the ${
      inStlb ? "STLB" : "MTLB"
    } when GCSR.STLBPS is ${stlbps}`,
    guest({
      rule: "LVZ-TLB-10",
      // CSR.STLBPS is 14 under KVM and 12 under loongarch_vcpu.
      code: `
        start:  tlbfill
                tlbsrch
                csrrd $a0, TLBIDX
                bstrpick.d $a0, $a0, 11, 0
                sltu  $a0, $a0, $a1
                hvcl  1`,
      set: { a1: STLB },
      csr: { STLBPS: { PS: stlbps }, TLBIDX: { PS: ps }, TLBEHI: GVA, TLBELO0: { V: 1 } },
      exits: [hvc(1, { regs: { a0: inStlb ? 1 : 0 }, otherCsrs: "any" })],
    }),
  );
}

Deno.test(
  "a guest that exchanges its own entry sees the new page at its next access",
  guest({
    rule: "LVZ-TLB-13",
    code: `
      start:  tlbwr
              st.d  $a0, $t0, 0
              ld.d  $a2, $t0, 0
              csrwr $a1, TLBELO0
              tlbwr
              ld.d  $a3, $t0, 0
              hvcl  1`,
    set: { t0: GVA, a0: 7, a1: 0x30013 },
    csr: {
      CRMD: { DA: 0, PG: 1 },
      DMW0: { PLV0: 1, VSEG: 0 },
      TLBIDX: { Index: STLB, PS: 14 },
      TLBEHI: GVA,
      TLBELO0: { V: 1, D: 1, PPN: 0x20 },
    },
    exits: [
      hvc(1, {
        regs: { a1: 0x20003, a2: 7, a3: 0 },
        otherCsrs: "any",
        refills: ["start", 0x20000n, 0x30000n],
      }),
    ],
  }),
);

Deno.test(
  "a guest that removes its own entry with invtlb takes a refill at its next access",
  guest({
    rule: "LVZ-TLB-13",
    code: `
      start:   tlbfill
               ld.d $a0, $t0, 0
               invtlb 0, $zero, $zero
      probe:   ld.d $a1, $t0, 0
               hvcl 1
               .balign 4096
      refill:  hvcl 2
               nop`,
    set: { t0: GVA },
    csr: {
      CRMD: { DA: 0, PG: 1 },
      DMW0: { PLV0: 1, VSEG: 0 },
      STLBPS: { PS: 14 },
      TLBIDX: { PS: 14 },
      TLBEHI: GVA,
      TLBELO0: { V: 1, D: 1, PPN: PAGE >> 12n },
      TLBRENTRY: "refill",
    },
    exits: [hvc(2, { at: "refill", regs: { a0: 0 }, csr: { TLBRERA: "probe+1" }, otherCsrs: "any" })],
  }),
);

// What hypervisors invalidate -------------------------------------------------------------------------------------------------------------

/** A guest with an entry of its own that it uses before and after a hypercall; its refill handler calls too. */
const USES_ENTRY_TWICE = {
  code: `
    start:   tlbfill
             ld.d $a0, $t0, 0
             hvcl 1
    again:   ld.d $a1, $t0, 0
             hvcl 2
             .balign 4096
    refill:  hvcl 3
             nop`,
  set: { t0: GVA },
  csr: {
    CRMD: { DA: 0, PG: 1 },
    DMW0: { PLV0: 1, VSEG: 0 },
    STLBPS: { PS: 14 },
    TLBIDX: { PS: 14 },
    TLBEHI: GVA,
    TLBELO0: { V: 1, D: 1, PPN: PAGE >> 12n },
    TLBRENTRY: "refill",
  },
} as const;

Deno.test(
  "invtlb 0x12, by which hypervisors drop a change of any mapping, takes away the guest's own entries and those of stage 2",
  guest({
    rule: "LVZ-INV-01",
    ...USES_ENTRY_TWICE,
    exits: [
      // The bench flushes with 0x12 after it changed a mapping.
      hvc(1, { regs: { a0: 0 }, refills: ["start", PAGE], map: [{ gpa: 0x3c000n }] }),
      hvc(3, { at: "refill", csr: { TLBRERA: "again+1" }, otherCsrs: "any", refills: ["again"] }),
    ],
  }),
);

for (
  const { reading, exit } of [
    { reading: "everything", exit: hvc(3, { at: "refill", otherCsrs: "any", refills: ["again"] }) },
    { reading: "effective-gid", exit: hvc(2, { regs: { a1: 0 }, refills: ["again", PAGE] }) },
  ] as const
) {
  Deno.test(
    `unbind and bind of loongarch_vcpu take away stage-2 entries with invtlb 0x0, read as ${reading}`,
    guest({
      rule: "LVZ-INV-02",
      choices: { invtlb0: reading },
      // KVM leaves the TLB alone when it puts a vCPU away.
      switches: ["arceos"],
      ...USES_ENTRY_TWICE,
      exits: [hvc(1, { regs: { a0: 0 }, refills: ["start", PAGE], rebind: true }), exit],
    }),
  );
}

Deno.test(
  "KVM's unbind and bind leave the TLB as it is",
  guest({
    rule: "PROTO-KVM-04",
    switches: ["kvm"],
    ...USES_ENTRY_TWICE,
    exits: [
      hvc(1, { regs: { a0: 0 }, refills: ["start", PAGE], rebind: true }),
      hvc(2, { regs: { a1: 0 }, refills: [] }),
    ],
  }),
);
