/**
 * Invalidation by the host: which entries each operation of invtlb, tlbclr, tlbflush, gtlbclr and gtlbflush removes, and which it leaves.
 *
 * A failure here means that a guest goes on using a page that its hypervisor took back, or that one guest's changes flush everybody else.
 */
import { host, type HostCase, type RuleId } from "../../dsl/mod.ts";

// The entries -----------------------------------------------------------------------------------------------------------------------------

/** Pages: the same four addresses in each group. */
const PAGES = { P: 0x1000_0000, Q: 0x1000_4000, R: 0x2000_8000, S: 0x2001_0000 } as const;

/** The entries of one group, in this order. No two have one address, so that no lookup can meet two. */
const IN_GROUP = [
  { global: 0, asid: 1, page: "P" },
  { global: 0, asid: 2, page: "Q" },
  { global: 1, asid: 1, page: "R" },
  { global: 1, asid: 2, page: "S" },
] as const;

const GROUPS = [
  { name: "host", gid: 0, stage1: 0 },
  { name: "stage1_gid5", gid: 5, stage1: 1 },
  { name: "stage1_gid6", gid: 6, stage1: 1 },
  { name: "stage2_gid5", gid: 5, stage1: 0 },
  { name: "stage2_gid6", gid: 6, stage1: 0 },
] as const;

const ENTRIES = GROUPS.flatMap((group) =>
  IN_GROUP.map((e) => ({ ...group, ...e, label: `${group.name}_G${e.global}_asid${e.asid}_${e.page}` }))
);

/** The first place in the MTLB. */
const FIRST = 2048;
const COUNT = ENTRIES.length;
/** Bytes of an entry in the table. */
const SIZE = 48;
const USE_TGID = 0x1000;

/** A line of the table for each entry; the label is where the code notes whether the entry is left. */
const TABLE = ENTRIES.map(({ label, gid, stage1, page, global, asid }, i) => `
            .dword ${USE_TGID | gid << 16}, ${FIRST + i | 12 << 24}, ${PAGES[page]}, ${0x13 | global << 6}, ${
  asid << 1 | stage1
}
  ${label}: .dword -1
`).join("");

/** Writes the entries of the table, executes the instructions under test, and notes which entries are left. */
function program(probe: string): string {
  return `
            la.local   $s0, entries
            move       $s1, $s0
            addi.d     $s2, $s0, ${COUNT * SIZE}
    write:  ld.d       $t0, $s1, 0
            ld.d       $t1, $s1, 8
            ld.d       $t2, $s1, 16
            ld.d       $t3, $s1, 24
            move       $t4, $t3
            ld.d       $t5, $s1, 32
            andi       $t6, $t5, 1
            srli.d     $t5, $t5, 1
            csrwr      $t0, GTLBC
            beqz       $t6, other
            gcsrwr     $t1, TLBIDX
            gcsrwr     $t2, TLBEHI
            gcsrwr     $t3, TLBELO0
            gcsrwr     $t4, TLBELO1
            gcsrwr     $t5, ASID
            gtlbwr
            b          written
    other:  csrwr      $t1, TLBIDX
            csrwr      $t2, TLBEHI
            csrwr      $t3, TLBELO0
            csrwr      $t4, TLBELO1
            csrwr      $t5, ASID
            tlbwr
    written:
            addi.d     $s1, $s1, ${SIZE}
            bltu       $s1, $s2, write

            ${probe}

            move       $s1, $s0
    read:   ld.d       $t1, $s1, 8
            csrwr      $t1, TLBIDX
            tlbrd
            csrrd      $t1, TLBIDX
            bstrpick.d $t1, $t1, 31, 31
            xori       $t1, $t1, 1
            st.d       $t1, $s1, 40
            addi.d     $s1, $s1, ${SIZE}
            bltu       $s1, $s2, read
    end:    .balign 8
    entries:
    ${TABLE}
  `;
}

/**
 * A case about one operation.
 *
 * @param removed a group of four characters for each of {@linkcode GROUPS}, one an entry: `x` removed, `.` left, `?` not known
 */
function invalidation(rule: RuleId, probe: string, removed: string, choices?: HostCase["choices"]): HostCase {
  const marks = [...removed.replaceAll(" ", "")];
  return {
    rule,
    ...(choices && { choices }),
    code: program(probe),
    expect: {
      memory: ENTRIES.flatMap(({ label }, i) =>
        marks[i] === "?" ? [] : [{ at: label, value: marks[i] === "x" ? 0 : 1 }]
      ),
      otherRegs: "any",
      otherCsrs: "any",
      otherGcsrs: "any",
    },
  };
}

/** The operands of invtlb. */
interface Operands {
  readonly gid?: number;
  readonly asid?: number;
  readonly page?: keyof typeof PAGES;
}

function invtlb(op: number, { gid = 0, asid = 0, page }: Operands): string {
  return `
    li.d   $a0, ${gid << 16 | asid}
    li.d   $a1, ${page === undefined ? 0 : PAGES[page]}
    invtlb ${op}, $a0, $a1
  `;
}

function described(op: number, { gid, asid, page }: Operands): string {
  const operands = [
    ...(gid === undefined ? [] : [`GID ${gid}`]),
    ...(asid === undefined ? [] : [`ASID ${asid}`]),
    ...(page === undefined ? [] : [`page ${page}`]),
  ];
  return `invtlb 0x${op.toString(16)}${operands.length === 0 ? "" : ` with ${operands.join(", ")}`}`;
}

// invtlb 0 to 6: entries of the effective GID -----------------------------------------------------------------------------------------------

/** How the host can come by an effective GID (LVZ-TLB-04). */
const EFFECTIVE = [
  { gid: 0, how: "TGID = 0", useTgid: 1, tgid: 0, gstat: 0x5_0002 },
  { gid: 0, how: "USETGID = PVM = 0 and GID = 5", useTgid: 0, tgid: 6, gstat: 0x5_0000 },
  { gid: 5, how: "TGID = 5", useTgid: 1, tgid: 5, gstat: 0x6_0000 },
  { gid: 5, how: "USETGID = 0, PVM = 1 and GID = 5", useTgid: 0, tgid: 6, gstat: 0x5_0002 },
] as const;

function enter({ useTgid, tgid, gstat }: (typeof EFFECTIVE)[number]): string {
  return `
    li.d    $t0, ${USE_TGID | tgid << 16}
    csrwr   $t0, GTLBC
    li.d    $t0, ${useTgid === 1 ? 0 : USE_TGID}
    csrxchg $zero, $t0, GTLBC
    li.d    $t0, ${gstat}
    csrwr   $t0, GSTAT
  `;
}

// Removed among the host's entries for GID 0, and among the stage-2 entries of the effective GID otherwise. Whether the ASID of a stage-2 entry
// matters is not known (LVZ-MMU-12), so that rows which depend on it are for the host, or have a `?` there.
// deno-fmt-ignore
const CURRENT: readonly { readonly op: number; readonly operands: Operands; readonly own: string; readonly stage2?: string }[] = [
  { op: 1, operands: {},                     own: "xxxx", stage2: "xxxx" },
  { op: 2, operands: {},                     own: "..xx", stage2: "..xx" },
  { op: 3, operands: {},                     own: "xx..", stage2: "xx.." },
  { op: 4, operands: { asid: 1 },            own: "x...", stage2: "x?.." },
  { op: 4, operands: { asid: 2 },            own: ".x..", stage2: "?x.." },
  { op: 4, operands: { asid: 3 },            own: "....", stage2: "??.." },
  { op: 5, operands: { asid: 1, page: "P" }, own: "x...", stage2: "x..." },
  { op: 5, operands: { asid: 1, page: "Q" }, own: "....", stage2: ".?.." },
  { op: 5, operands: { asid: 1, page: "R" }, own: "....", stage2: "...." },
  { op: 5, operands: { asid: 2, page: "Q" }, own: ".x..", stage2: ".x.." },
  { op: 6, operands: { asid: 1, page: "P" }, own: "x...", stage2: "x..." },
  { op: 6, operands: { asid: 1, page: "Q" }, own: "....", stage2: ".?.." },
  { op: 6, operands: { asid: 1, page: "R" }, own: "..x.", stage2: "..x." },
  { op: 6, operands: { asid: 1, page: "S" }, own: "...x", stage2: "...x" },
  { op: 6, operands: { asid: 2, page: "R" }, own: "..x.", stage2: "..x." },
];

for (const { op, operands, own, stage2 } of CURRENT) {
  for (const effective of EFFECTIVE) {
    const removed = effective.gid === 0 ? `${own} .... .... .... ....` : `.... .... .... ${stage2} ....`;
    // rj names GID 6, where these operations do not look.
    Deno.test(
      `${described(op, operands)} removes from ${
        effective.gid === 0 ? `the host's entries ${own}` : `stage 2 of GID 5 ${stage2}`
      } at ${effective.how}`,
      host(invalidation("LVZ-INV-02", enter(effective) + invtlb(op, { gid: 6, ...operands }), removed)),
    );
  }
}

for (const effective of EFFECTIVE) {
  Deno.test(
    `invtlb 0x0 removes every entry at ${effective.how}`,
    host(invalidation("LVZ-INV-02", enter(effective) + invtlb(0, {}), "xxxx xxxx xxxx xxxx xxxx")),
  );
  Deno.test(
    `invtlb 0x0 removes what 0x1 does at ${effective.how}, if it is taken to mean the effective GID`,
    host(invalidation(
      "LVZ-INV-02",
      enter(effective) + invtlb(0, {}),
      effective.gid === 0 ? "xxxx .... .... .... ...." : ".... .... .... xxxx ....",
      { invtlb0: "effective-gid" },
    )),
  );
}

// The operations of LVZ ---------------------------------------------------------------------------------------------------------------------

// deno-fmt-ignore
const OPERATIONS: readonly { readonly op: number; readonly operands: Operands; readonly removed: string; readonly rule?: RuleId }[] = [
  //                                                          host stage1: 5  6    stage2: 5  6
  { op: 0x9,  operands: { gid: 5 },                     removed: ".... xxxx .... .... ...." },
  { op: 0x9,  operands: { gid: 6 },                     removed: ".... .... xxxx .... ...." },
  { op: 0x9,  operands: { gid: 7 },                     removed: ".... .... .... .... ...." },
  { op: 0xa,  operands: { gid: 5 },                     removed: ".... ..xx .... .... ...." },
  { op: 0xb,  operands: { gid: 5 },                     removed: ".... xx.. .... .... ...." },
  { op: 0xc,  operands: { gid: 5, asid: 1 },            removed: ".... x... .... .... ...." },
  { op: 0xc,  operands: { gid: 5, asid: 2 },            removed: ".... .x.. .... .... ...." },
  { op: 0xc,  operands: { gid: 5, asid: 3 },            removed: ".... .... .... .... ...." },
  { op: 0xd,  operands: { gid: 5, asid: 1, page: "P" }, removed: ".... x... .... .... ...." },
  { op: 0xd,  operands: { gid: 5, asid: 1, page: "Q" }, removed: ".... .... .... .... ...." },
  { op: 0xd,  operands: { gid: 5, asid: 1, page: "R" }, removed: ".... .... .... .... ...." },
  { op: 0xd,  operands: { gid: 6, asid: 2, page: "Q" }, removed: ".... .... .x.. .... ...." },
  { op: 0xe,  operands: { gid: 5, asid: 1, page: "P" }, removed: ".... x... .... .... ...." },
  { op: 0xe,  operands: { gid: 5, asid: 1, page: "Q" }, removed: ".... .... .... .... ...." },
  { op: 0xe,  operands: { gid: 5, asid: 1, page: "R" }, removed: ".... ..x. .... .... ...." },
  { op: 0xe,  operands: { gid: 5, asid: 1, page: "S" }, removed: ".... ...x .... .... ...." },
  { op: 0x10, operands: {},                             removed: ".... xxxx xxxx .... ...." },
  { op: 0x10, operands: { gid: 5, asid: 1, page: "P" }, removed: ".... xxxx xxxx .... ...." },
  { op: 0x11, operands: {},                             removed: ".... .... .... xxxx xxxx" },
  { op: 0x11, operands: { gid: 5, asid: 1, page: "P" }, removed: ".... .... .... xxxx xxxx" },
  { op: 0x12, operands: {},                             removed: ".... xxxx xxxx xxxx xxxx", rule: "LVZ-INV-04" },
  { op: 0x12, operands: { gid: 5, asid: 1, page: "P" }, removed: ".... xxxx xxxx xxxx xxxx", rule: "LVZ-INV-04" },
  { op: 0x13, operands: { gid: 5 },                     removed: ".... xxxx .... .... ...." },
  { op: 0x13, operands: { gid: 6, asid: 1, page: "P" }, removed: ".... .... xxxx .... ...." },
  { op: 0x14, operands: { gid: 5 },                     removed: ".... .... .... xxxx ...." },
  { op: 0x14, operands: { gid: 6, asid: 1, page: "P" }, removed: ".... .... .... .... xxxx" },
  { op: 0x15, operands: { gid: 5 },                     removed: ".... xxxx .... xxxx ...." },
  { op: 0x15, operands: { gid: 6, asid: 1, page: "P" }, removed: ".... .... xxxx .... xxxx" },
  { op: 0x15, operands: { gid: 7 },                     removed: ".... .... .... .... ...." },
  { op: 0x16, operands: { gid: 5, page: "P" },          removed: ".... .... .... x... ....", rule: "LVZ-INV-05" },
  { op: 0x16, operands: { gid: 5, page: "Q" },          removed: ".... .... .... .x.. ....", rule: "LVZ-INV-05" },
  { op: 0x16, operands: { gid: 6, page: "R" },          removed: ".... .... .... .... ..x.", rule: "LVZ-INV-05" },
  { op: 0x16, operands: { gid: 6, page: "S" },          removed: ".... .... .... .... ...x", rule: "LVZ-INV-05" },
  { op: 0x16, operands: { gid: 7, page: "P" },          removed: ".... .... .... .... ....", rule: "LVZ-INV-05" },
];

for (const { op, operands, removed, rule } of OPERATIONS) {
  // The GID is rj's and not the effective one, which is the host's or another guest's.
  for (const effective of [0, 6]) {
    Deno.test(
      `${described(op, operands)} at TGID ${effective} removes ${removed}`,
      host(invalidation(
        rule ?? "LVZ-INV-01",
        `li.d $t0, ${USE_TGID | effective << 16}\ncsrwr $t0, GTLBC\n${invtlb(op, operands)}`,
        removed,
      )),
    );
  }
}

// Places within a pair, sizes ---------------------------------------------------------------------------------------------------------------

for (
  const { ps, first, rule } of [
    { ps: 12, first: 0x1000_2000, rule: "LVZ-INV-05" },
    { ps: 14, first: 0x1000_8000, rule: "LVZ-INV-05" },
    { ps: 21, first: 0x1040_0000, rule: "LVZ-INV-06" },
    { ps: 25, first: 0x1400_0000, rule: "LVZ-INV-06" },
    { ps: 29, first: 0x4000_0000, rule: "LVZ-INV-06" },
  ] as const
) {
  const size = 2 ** ps;
  for (
    const { offset, left } of [
      { offset: -1, left: 1 },
      { offset: 0, left: 0 },
      { offset: 0x123, left: 0 },
      { offset: size - 1, left: 0 },
      { offset: size, left: 0 },
      { offset: 2 * size - 1, left: 0 },
      { offset: 2 * size, left: 1 },
    ]
  ) {
    Deno.test(
      `invtlb 0x16 ${
        left === 0 ? "removes" : "leaves"
      } a pair of pages of 2^${ps} bytes for a GPA at its start + ${offset}`,
      host({
        rule,
        csr: {
          GTLBC: { USETGID: 1, TGID: 0x7f },
          // A pair of this size goes to the MTLB.
          TLBIDX: { Index: FIRST, PS: ps },
          TLBEHI: first,
          TLBELO0: 0x13,
          TLBELO1: 0x13 + size,
        },
        set: { t0: 0x7f << 16, t1: first + offset },
        code: `
          tlbwr
          invtlb     0x16, $t0, $t1
          tlbrd
          csrrd      $a0, TLBIDX
          bstrpick.d $a0, $a0, 31, 31
        `,
        expect: { regs: { a0: 1 - left }, otherCsrs: "any" },
      }),
    );
  }
}

// deno-fmt-ignore
const IN_STLB: readonly { readonly op: number; readonly what: string; readonly left: readonly [host: 0 | 1, stage1: 0 | 1, stage2: 0 | 1] }[] = [
  { op: 0x0,  what: "everything",                 left: [0, 0, 0] },
  { op: 0x1,  what: "the host's entries",         left: [0, 1, 1] },
  { op: 0x5,  what: "the host's page",            left: [0, 1, 1] },
  { op: 0x9,  what: "the guest's stage 1",        left: [1, 0, 1] },
  { op: 0xd,  what: "a page of stage 1",          left: [1, 0, 1] },
  { op: 0x10, what: "all of stage 1",             left: [1, 0, 1] },
  { op: 0x11, what: "all of stage 2",             left: [1, 1, 0] },
  { op: 0x12, what: "all entries of guests",      left: [1, 0, 0] },
  { op: 0x14, what: "the guest's stage 2",        left: [1, 1, 0] },
  { op: 0x15, what: "both stages of the guest",   left: [1, 0, 0] },
  { op: 0x16, what: "a page of stage 2",          left: [1, 1, 0] },
];

for (const { op, what, left } of IN_STLB) {
  Deno.test(
    `invtlb 0x${op.toString(16)} removes ${what} from the STLB too`,
    host({
      rule: op <= 6 ? "LVZ-INV-02" : "LVZ-INV-01",
      csr: {
        TLBIDX: { PS: 12 },
        STLBPS: 12,
        TLBEHI: PAGES.P,
        TLBELO0: 0x13,
        TLBELO1: 0x13,
        ASID: { ASID: 1 },
      },
      gcsr: {
        TLBIDX: { PS: 12 },
        STLBPS: 12,
        TLBEHI: PAGES.P,
        TLBELO0: 0x13,
        TLBELO1: 0x13,
        ASID: { ASID: 1 },
      },
      set: { t0: 5 << 16 | 1, t1: PAGES.P, t2: 0x5_1000 },
      // csrwr leaves the old value in t2, so that the second one puts GTLBC back.
      code: `
        tlbfill
        csrwr      $t2, GTLBC
        tlbfill
        gtlbfill
        csrwr      $t2, GTLBC
        invtlb     ${op}, $t0, $t1
        tlbsrch
        csrrd      $a0, TLBIDX
        li.d       $t2, 0x51000
        csrwr      $t2, GTLBC
        gtlbsrch
        gcsrrd     $a1, TLBIDX
        tlbsrch
        csrrd      $a2, TLBIDX
        bstrpick.d $a0, $a0, 31, 31
        bstrpick.d $a1, $a1, 31, 31
        bstrpick.d $a2, $a2, 31, 31
      `,
      expect: {
        regs: { a0: 1 - left[0], a1: 1 - left[1], a2: 1 - left[2] },
        otherRegs: "any",
        otherCsrs: "any",
        otherGcsrs: "any",
      },
    }),
  );
}

// tlbclr, tlbflush and their gtlb forms -----------------------------------------------------------------------------------------------------

// deno-fmt-ignore
const FLUSHES: readonly { readonly instruction: string; readonly gid: number; readonly index: number; readonly removed: string }[] = [
  //                                                                        host stage1: 5  6    stage2: 5  6
  { instruction: "tlbclr",    gid: 0, index: FIRST + 7, removed: "x... .... .... .... ...." },
  { instruction: "tlbflush",  gid: 0, index: FIRST + 7, removed: "xxxx .... .... .... ...." },
  { instruction: "tlbclr",    gid: 5, index: FIRST + 7, removed: ".... .... .... x?.. ...." },
  { instruction: "tlbflush",  gid: 5, index: FIRST + 7, removed: ".... .... .... xxxx ...." },
  { instruction: "gtlbclr",   gid: 5, index: FIRST + 7, removed: ".... x... .... .... ...." },
  { instruction: "gtlbflush", gid: 5, index: FIRST + 7, removed: ".... xxxx .... .... ...." },
  { instruction: "gtlbclr",   gid: 6, index: FIRST + 7, removed: ".... .... x... .... ...." },
  { instruction: "gtlbflush", gid: 6, index: FIRST + 7, removed: ".... .... xxxx .... ...." },
  // An index in the STLB means one set of it and nothing of the MTLB.
  { instruction: "tlbflush",  gid: 0, index: 7,         removed: ".... .... .... .... ...." },
  { instruction: "gtlbflush", gid: 5, index: 7,         removed: ".... .... .... .... ...." },
];

for (const { instruction, gid, index, removed } of FLUSHES) {
  const isGuest = instruction.startsWith("g");
  // The other world's registers say something else.
  const [own, other] = isGuest ? ["gcsrwr", "csrwr"] : ["csrwr", "gcsrwr"];
  Deno.test(
    `${instruction} for GID ${gid} with ASID 1 and an index in the ${
      index < FIRST ? "STLB" : "MTLB"
    } removes ${removed}`,
    host(invalidation(
      isGuest ? "LVZ-INSN-12" : "LVZ-TLB-04",
      `
        li.d     $t0, ${USE_TGID | gid << 16}
        csrwr    $t0, GTLBC
        li.d     $t0, ${index}
        ${own}   $t0, TLBIDX
        li.d     $t0, ${index < FIRST ? FIRST : 3}
        ${other} $t0, TLBIDX
        li.d     $t0, 1
        ${own}   $t0, ASID
        li.d     $t0, 2
        ${other} $t0, ASID
        ${instruction}
      `,
      removed,
    )),
  );
}
