/**
 * What exits only when the host asks for it: GCFG.TORU, TIT, SIT, TOP and TOE, and GTLBC.TOTI. (GCFG.GCI is in gspr_test.ts.)
 *
 * A hypervisor on hardware that fails here either misses what it asked to see, or drowns in exits that it turned off.
 */
import { type ExpectedExit, gcm, gspr, guest, hvc } from "../../dsl/mod.ts";

const hex = (n: number) => `0x${n.toString(16)}`;
/** `a0 = 0xc, a1 = 0x3` */
const assignments = (values: object) =>
  Object.entries(values).map(([name, n]) => `${name} = ${hex(n)}`).join(", ");

/** Where a guest takes its own exceptions. */
const HANDLER = `
          .balign 4096
  handler: hvcl   99
`;

/** Instructions one after the other, at the labels `p0`, `p1` and so on. */
function listing(instructions: readonly string[]): string {
  return instructions.map((text, i) => `p${i}: ${text}`).join("\n");
}

/** Each instruction of a listing exits with GSPR. */
function eachExits(instructions: readonly string[]): ExpectedExit[] {
  return instructions.map((badi, i) => gspr({ at: `p${i}`, badi }));
}

const ALL_ONES = { a1: -1, a2: -1, a3: -1 };
/** The three kinds of access; one that gets through sets every bit. */
function accesses(csr: number | string): readonly string[] {
  return [`csrrd $a0, ${csr}`, `csrwr $a1, ${csr}`, `csrxchg $a2, $a3, ${csr}`];
}

// TORU: CSRs that the host lacks -------------------------------------------------------------------------------------

/** Reserved numbers, SAVE8 and SAVE15, message interrupts, and neighbours of the ranges that always exit. */
const LACKING = [0x9, 0x24, 0x38, 0x3f, 0x61, 0xa0, 0x10a, 0x350, 0x503, 0x3fff];

for (const number of LACKING) {
  Deno.test(
    `with TORU = 0 CSR ${hex(number)}, which the host lacks, reads 0, ignores writes and does not exit`,
    guest({
      rule: "LVZ-GCSR-08",
      host: { GCFG: { TORU: 0 } },
      set: ALL_ONES,
      code: `
        csrwr    $a1, ${number}
        csrxchg  $a2, $a3, ${number}
        csrrd    $a0, ${number}
        hvcl     0
      `,
      exits: [hvc(0, { regs: { a0: 0, a1: 0, a2: 0 } })],
    }),
  );
}

Deno.test(
  "with TORU = 1 every CSR that the host lacks exits with GSPR, and a guest copy still does not",
  guest({
    rule: "LVZ-GCSR-08",
    host: { GCFG: { TORU: 1 } },
    set: ALL_ONES,
    csr: { SAVE7: 7 },
    code: `
      ${listing(LACKING.flatMap(accesses))}
            csrrd  $a0, SAVE7
      done: hvcl   0
    `,
    exits: [...eachExits(LACKING.flatMap(accesses)), hvc(0, { at: "done", regs: { a0: 7 } })],
  }),
);

// TIT: the timer -----------------------------------------------------------------------------------------------------

const RDTIME = ["rdtime.d $a0, $a1", "rdtimel.w $a0, $a1", "rdtimeh.w $a0, $a1"];
const TIMER_ACCESSES = ["TID", "TCFG", "TVAL", "CNTC", "TICLR"].flatMap(accesses);

for (const PLV of [0, 1, 2, 3]) {
  Deno.test(
    `with TIT = 1 rdtime exits with GSPR at PLV${PLV}`,
    guest({
      rule: "LVZ-GUEST-05",
      host: { GCFG: { TIT: 1 } },
      csr: { CRMD: { PLV } },
      code: listing(RDTIME),
      exits: eachExits(RDTIME),
    }),
  );
}

Deno.test(
  "with TIT = 1 each access to a timer register exits with GSPR, and other registers do not",
  guest({
    rule: "LVZ-GUEST-05",
    host: { GCFG: { TIT: 1 } },
    set: ALL_ONES,
    csr: { SAVE0: 5 },
    code: `
      ${listing(TIMER_ACCESSES)}
            csrrd  $a0, SAVE0
      done: hvcl   0
    `,
    exits: [...eachExits(TIMER_ACCESSES), hvc(0, { at: "done", regs: { a0: 5 } })],
  }),
);

Deno.test(
  "with TIT = 0 neither rdtime nor a timer register exits",
  guest({
    rule: "LVZ-GUEST-05",
    host: { GCFG: { TIT: 0 } },
    csr: { TID: 6, TCFG: 0x100, CNTC: 0x20 },
    code: `
      rdtime.d   $a0, $a1
      rdtimel.w  $a0, $a1
      rdtimeh.w  $a0, $a1
      csrrd      $a0, TID
      csrrd      $a2, TCFG
      csrrd      $a3, CNTC
      csrrd      $zero, TVAL
      csrwr      $zero, TICLR
      hvcl       0
    `,
    exits: [hvc(0, { regs: { a0: 6, a1: 6, a2: 0x100, a3: 0x20 } })],
  }),
);

Deno.test(
  "kvm does not know rdtime among the causes of GSPR and gives the guest INE",
  guest({
    rule: "LVZ-TIME-16",
    switches: ["kvm"],
    host: { GCFG: { TIT: 1 } },
    // KVM puts the code unshifted into ESTAT (PROTO-KVM-22), so that only the vector tells which exception it is.
    csr: { EENTRY: "vectors", ECFG: { VS: 1 } },
    code: `
      probe:    rdtime.d  $a0, $a1
                .balign   4096
      vectors:  .space    13 * 8
      ine:      hvcl      1
    `,
    exits: [gspr({ at: "probe", handle: { kind: "nothing" } }), hvc(1, { at: "ine", otherCsrs: "any" })],
  }),
);

// TOTI: the TLB ------------------------------------------------------------------------------------------------------

const TLB_INSTRUCTIONS = [
  ...["tlbsrch", "tlbrd", "tlbwr", "tlbfill", "tlbclr", "tlbflush", "lddir $a0, $a1, 1", "ldpte $a1, 0"],
  ...[0, 1, 2, 3, 4, 5, 6].map((op) => `invtlb ${op}, $a1, $a2`),
];
const TLB_CSRS = [
  ...["TLBIDX", "TLBEHI", "TLBELO0", "TLBELO1", "ASID", "PGDL", "PGDH", "PGD", "PWCL", "PWCH", "STLBPS"],
  ...["TLBRENTRY", "TLBRBADV", "TLBRERA", "TLBRSAVE", "TLBRELO0", "TLBRELO1", "TLBREHI", "TLBRPRMD"],
];

for (
  const [what, instructions] of [
    ["each TLB instruction", TLB_INSTRUCTIONS],
    ["each access to a TLB register", TLB_CSRS.flatMap(accesses)],
  ] as const
) {
  Deno.test(
    `with TOTI = 1 ${what} exits with GSPR and changes nothing`,
    guest({
      rule: "LVZ-GUEST-09",
      host: { GTLBC: { TOTI: 1 } },
      set: ALL_ONES,
      code: `
        ${listing(instructions)}
        done: hvcl 0
      `,
      exits: [...eachExits(instructions), hvc(0, { at: "done" })],
    }),
  );
}

Deno.test(
  "with TOTI = 1 windows, reduced addresses and the exception entry stay the guest's own",
  guest({
    rule: "LVZ-GUEST-09",
    host: { GTLBC: { TOTI: 1 } },
    csr: { DMW0: 0x11, DMW3: 0x31, RVACFG: 2, EENTRY: 0x3000 },
    code: `
      csrrd  $a0, DMW0
      csrrd  $a1, DMW3
      csrrd  $a2, RVACFG
      csrrd  $a3, EENTRY
      hvcl   0
    `,
    exits: [hvc(0, { regs: { a0: 0x11, a1: 0x31, a2: 2, a3: 0x3000 } })],
  }),
);

for (const instruction of ["invtlb 9, $a1, $a2", "invtlb 0x16, $a1, $a2", "gtlbsrch"]) {
  Deno.test(
    `with TOTI = 1 ${instruction} is no TLB instruction of a guest: it raises INE as ever`,
    guest({
      rule: "LVZ-INSN-11",
      host: { GTLBC: { TOTI: 1 } },
      csr: { EENTRY: "handler" },
      code: `probe: ${instruction}` + HANDLER,
      exits: [hvc(99, { at: "handler", took: { kind: "INE", at: "probe" } })],
    }),
  );
}

Deno.test(
  "with TOTI = 0 no TLB instruction and no TLB register exits",
  guest({
    rule: "LVZ-GUEST-09",
    host: { GTLBC: { TOTI: 0 } },
    // Tables that a page walk may read.
    set: { a1: 0x1000, a2: 0x1000 },
    csr: { TLBIDX: { PS: 14, NE: 0 }, STLBPS: 14 },
    code: `
      ${TLB_INSTRUCTIONS.join("\n")}
      ${TLB_CSRS.map((name) => `csrrd $a0, ${name}`).join("\n")}
      done: hvcl 0
    `,
    exits: [hvc(0, { at: "done", otherRegs: "any", otherCsrs: "any" })],
  }),
);

// SIT: privileged instructions ---------------------------------------------------------------------------------------

const PRIVILEGED = [
  ...["csrrd $a0, SAVE0", "csrwr $a0, SAVE0", "csrxchg $a0, $a1, SAVE0", "csrrd $a0, 0x3fff"],
  ...["tlbsrch", "tlbrd", "tlbwr", "tlbfill", "tlbclr", "tlbflush", "invtlb 0, $zero, $zero"],
  ...["lddir $a0, $a1, 1", "ldpte $a1, 0", "cacop 16, $s0, 0", "ertn", "idle 0", "iocsrrd.w $a0, $a1"],
];

Deno.test(
  "with SIT = 1 every privileged instruction of the guest exits with GSPR and changes nothing",
  guest({
    rule: "LVZ-GUEST-06",
    host: { GCFG: { SIT: 1 } },
    code: listing(PRIVILEGED),
    exits: eachExits(PRIVILEGED),
  }),
);

Deno.test(
  "with SIT = 1 hvcl is a privileged instruction like the others, and its code is in BADI",
  guest({
    rule: "LVZ-GUEST-06",
    host: { GCFG: { SIT: 1 } },
    code: `call: hvcl 5`,
    exits: [gspr({ at: "call", badi: "hvcl 5" })],
  }),
);

Deno.test(
  "with SIT = 1 unprivileged instructions run on, and their exceptions are the guest's own",
  guest({
    rule: "LVZ-GUEST-06",
    host: { GCFG: { SIT: 1 } },
    csr: { EENTRY: "handler", TID: 3 },
    set: { a1: 40, a2: 2, s0: "data" },
    code: `
               add.d      $a0, $a1, $a2
               ld.d       $a3, $s0, 0
               rdtimeh.w  $zero, $a4
      call:    syscall    1
               .balign    4096
      handler: csrrd      $a5, ESTAT
               .data
      data:    .dword     0x77
    `,
    exits: [gspr({ at: "handler", regs: { a0: 42, a3: 0x77, a4: 3 }, took: { kind: "SYS", at: "call" } })],
  }),
);

// The privilege level comes first ------------------------------------------------------------------------------------

for (
  const [rule, what, host, instruction] of [
    [
      "LVZ-GCSR-04",
      "TORU = 1 an access to a CSR that the host lacks",
      { GCFG: { TORU: 1 } },
      "csrrd $a0, 0x3fff",
    ],
    ["LVZ-GCSR-04", "TIT = 1 an access to a timer register", { GCFG: { TIT: 1 } }, "csrrd $a0, TCFG"],
    ["LVZ-GCSR-04", "TOTI = 1 an access to a TLB register", { GTLBC: { TOTI: 1 } }, "csrrd $a0, ASID"],
    ["LVZ-EXIT-27", "TOTI = 1 a TLB instruction", { GTLBC: { TOTI: 1 } }, "tlbfill"],
    ["LVZ-EXIT-27", "TOTI = 1 invtlb", { GTLBC: { TOTI: 1 } }, "invtlb 0, $zero, $zero"],
    ["LVZ-GCSR-04", "TOP = 1 a change of CRMD", { GCFG: { TOP: 1 } }, "csrwr $a0, CRMD"],
  ] as const
) {
  for (const PLV of [1, 3]) {
    Deno.test(
      `with ${what} at PLV${PLV} raises IPE, which the guest takes itself`,
      guest({
        rule,
        host,
        csr: { CRMD: { PLV }, EENTRY: "handler" },
        code: `probe: ${instruction}` + HANDLER,
        exits: [hvc(99, { at: "handler", took: { kind: "IPE", at: "probe" } })],
      }),
    );
  }
}

Deno.test(
  "with SIT = 1 a privileged instruction at PLV3 raises IPE, which the guest takes itself",
  guest({
    rule: "LVZ-GUEST-06",
    host: { GCFG: { SIT: 1 } },
    csr: { CRMD: { PLV: 3 }, EENTRY: "handler" },
    code: `
      probe:   csrrd    $a0, SAVE0
               .balign  4096
      handler: cpucfg   $a0, $a1
    `,
    exits: [gspr({ at: "handler", took: { kind: "IPE", at: "probe" } })],
  }),
);

Deno.test(
  "with TIT = 1 rdtime at a level that GCSR.MISC forbids it raises IPE, which the guest takes itself",
  guest({
    rule: "LVZ-GUEST-11",
    host: { GCFG: { TIT: 1 } },
    csr: { CRMD: { PLV: 3 }, MISC: { DRDTL3: 1 }, EENTRY: "handler" },
    code: `probe: rdtime.d $a0, $a1` + HANDLER,
    exits: [hvc(99, { at: "handler", took: { kind: "IPE", at: "probe" } })],
  }),
);

// TOP: changes of PLV by software ------------------------------------------------------------------------------------

for (
  const [text, set] of [
    ["csrwr $a0, CRMD", { a0: 0xb }],
    ["csrxchg $a0, $a1, CRMD", { a0: 1, a1: 3 }],
    ["csrxchg $a0, $a0, CRMD", { a0: 2 }],
  ] as const
) {
  Deno.test(
    `with TOP = 1 ${text} with ${assignments(set)}, which would change PLV, exits with GCSC`,
    guest({
      rule: ["LVZ-GUEST-07", "LVZ-EXIT-09"],
      host: { GCFG: { TOP: 1 } },
      set,
      code: `change: ${text}`,
      exits: [gcm("GCSC", { at: "change", badi: text, host: { ESTAT: { Ecode: 24, EsubCode: 0 } } })],
    }),
  );
}

for (
  const [text, set, regs, csr] of [
    ["csrwr $a0, CRMD", { a0: 0xc }, { a0: 0x8 }, { CRMD: 0xc }],
    ["csrxchg $a0, $a1, CRMD", { a0: 0x7, a1: 0x4 }, { a0: 0x8 }, { CRMD: 0xc }],
    ["csrxchg $a0, $a1, CRMD", { a0: 0x0, a1: 0x3 }, { a0: 0x8 }, {}],
    ["csrrd $a0, CRMD", { a0: 3 }, { a0: 0x8 }, {}],
    ["csrwr $a0, PRMD", { a0: 0x3 }, { a0: 0 }, { PRMD: 0x3 }],
  ] as const
) {
  Deno.test(
    `with TOP = 1 ${text} with ${assignments(set)}, which keeps PLV, does not exit`,
    guest({
      rule: "LVZ-GUEST-07",
      host: { GCFG: { TOP: 1 } },
      csr: { PRMD: 0 },
      set,
      code: `
        ${text}
        hvcl  0
      `,
      exits: [hvc(0, { regs, csr })],
    }),
  );
}

Deno.test(
  "with TOP = 1 an exception that takes the guest from PLV3 to PLV0 is no change by software and does not exit",
  guest({
    rule: "LVZ-GUEST-07",
    host: { GCFG: { TOP: 1 } },
    csr: { CRMD: { PLV: 3 }, EENTRY: "handler" },
    code: `call: syscall 0` + HANDLER,
    exits: [hvc(99, { at: "handler", took: { kind: "SYS", at: "call" } })],
  }),
);

Deno.test(
  "with TOP = 1 an ertn that takes the guest from PLV0 to PLV3 is no write to CRMD and does not exit",
  guest({
    rule: "LVZ-GUEST-07",
    host: { GCFG: { TOP: 1 } },
    csr: { PRMD: 3, ERA: "user", EENTRY: "handler" },
    code: `
            ertn
      user: syscall 0` + HANDLER,
    exits: [hvc(99, { at: "handler", took: { kind: "SYS", at: "user" }, csr: { PRMD: 3 } })],
  }),
);

Deno.test(
  "with TOP = 0 a guest that gives up PLV0 does not exit",
  guest({
    rule: "LVZ-GUEST-07",
    host: { GCFG: { TOP: 0 } },
    csr: { EENTRY: "handler" },
    set: { a0: 3, a1: 3 },
    code: `
      change:  csrxchg  $a0, $a1, CRMD
      user:    csrrd    $a2, CRMD
      ${HANDLER}
    `,
    exits: [
      hvc(99, {
        at: "handler",
        regs: { a0: 0x8 },
        took: { kind: "IPE", at: "user" },
        csr: { PRMD: { PPLV: 3, PIE: 0, PWE: 0 } },
      }),
    ],
  }),
);

// TOE: exceptions that the guest takes, and its ertn -----------------------------------------------------------------

/** An exit after which BADI is known. */
const MARK = "hvcl 0x123";

for (
  const [kind, text, csr] of [
    ["SYS", "syscall 0", {}],
    ["BRK", "break 0", {}],
    ["INE", ".word 0", {}],
    ["IPE", "csrrd $a0, CRMD", { CRMD: { PLV: 3 } }],
  ] as const
) {
  Deno.test(
    `with TOE = 1 ${kind} of the guest exits with GCHC once the guest has taken it, and BADI keeps its value`,
    guest({
      rule: ["LVZ-GUEST-08", "LVZ-EXIT-09"],
      host: { GCFG: { TOE: 1 } },
      csr: { EENTRY: "handler" },
      code: `
        mark:   ${MARK}
        event:  ${text}
        ${HANDLER}
      `,
      exits: [
        hvc(0x123, { at: "mark", set: { csr } }),
        gcm("GCHC", {
          at: "handler",
          badi: MARK,
          took: { kind, at: "event" },
          host: { ESTAT: { Ecode: 24, EsubCode: 1 } },
        }),
        hvc(99, { at: "handler" }),
      ],
    }),
  );
}

Deno.test(
  "with TOE = 1 an interrupt that the guest takes exits with GCHC at the guest's vector",
  guest({
    rule: "LVZ-GUEST-08",
    host: { GCFG: { TOE: 1 } },
    csr: { CRMD: { IE: 1 }, ECFG: { LIE: 0x1 }, EENTRY: "handler" },
    code: `
      mark:   ${MARK}
      event:  nop
      ${HANDLER}
    `,
    exits: [
      hvc(0x123, { at: "mark", inject: "SWI0" }),
      gcm("GCHC", { at: "handler", badi: MARK, took: { kind: "INT", at: "event" } }),
      hvc(99, { at: "handler" }),
    ],
  }),
);

Deno.test(
  "with TOE = 1 a TLB refill of the guest exits with GCHC at the guest's refill entry",
  guest({
    rule: "LVZ-GUEST-08",
    host: { GCFG: { TOE: 1 } },
    csr: { CRMD: { DA: 0, PG: 1 }, DMW0: 0x1, TLBRENTRY: "handler", TLBRPRMD: 0 },
    set: { s0: 0xffff_8000_0000_6008n },
    code: `
      mark:   ${MARK}
      event:  ld.d  $a0, $s0, 0
      ${HANDLER}
    `,
    exits: [
      hvc(0x123, { at: "mark" }),
      gcm("GCHC", {
        at: "handler",
        badi: MARK,
        csr: {
          CRMD: { DA: 1, PG: 0 },
          TLBRBADV: 0xffff_8000_0000_6008n,
          TLBREHI: 0xffff_8000_0000_6000n,
          TLBRERA: "event+1",
        },
      }),
      hvc(99, { at: "handler" }),
    ],
  }),
);

Deno.test(
  "with TOE = 1 an ertn of the guest exits with GCHC where it returned to",
  guest({
    rule: "LVZ-GUEST-08",
    host: { GCFG: { TOE: 1 } },
    csr: { ERA: "target", PRMD: { PPLV: 0, PIE: 1, PWE: 0 } },
    code: `
      mark:    ${MARK}
      event:   ertn
               hvcl  1
      target:  hvcl  2
    `,
    exits: [
      hvc(0x123, { at: "mark" }),
      gcm("GCHC", { at: "target", badi: MARK, csr: { CRMD: { IE: 1 } } }),
      hvc(2, { at: "target" }),
    ],
  }),
);

Deno.test(
  "with TOE = 0 neither an exception of the guest nor its ertn exits",
  guest({
    rule: "LVZ-GUEST-08",
    host: { GCFG: { TOE: 0 } },
    csr: { EENTRY: "handler", SAVE0: "after" },
    code: `
      event:   syscall  0
      after:   hvcl     2
               .balign  4096
      handler: csrrd    $t0, SAVE0
               csrwr    $t0, ERA
               ertn
    `,
    exits: [
      hvc(2, {
        at: "after",
        regs: { t0: "event" },
        took: { kind: "SYS", at: "event" },
        csr: { ERA: "after" },
      }),
    ],
  }),
);

Deno.test(
  "kvm does not expect GCM and gives the guest INE",
  guest({
    rule: "PROTO-KVM-30",
    switches: ["kvm"],
    host: { GCFG: { TOP: 1 } },
    csr: { EENTRY: "vectors", ECFG: { VS: 1 } },
    set: { a0: 0xb },
    code: `
      change:   csrwr    $a0, CRMD
                .balign  4096
      vectors:  .space   13 * 8
      ine:      hvcl     1
    `,
    exits: [
      gcm("GCSC", { at: "change", handle: { kind: "nothing" } }),
      hvc(1, { at: "ine", csr: { ERA: "change" }, otherCsrs: "any" }),
    ],
  }),
);
