/**
 * What a guest does by itself: its exceptions and the return from them, its copies of the CSRs, and instructions of LVZ that are not its own.
 *
 * A hypervisor on hardware that fails here runs guests whose kernels lose their own exceptions, see the host's state or change it, or reach
 * past their virtual machine.
 */
import {
  type Case,
  type ExpectedExit,
  gspr,
  guest,
  type GuestExceptionName,
  hvc,
  type Value,
} from "../../dsl/mod.ts";

/** Where a guest takes its own exceptions. */
const HANDLER = `
          .balign 4096
  handler: hvcl   99
`;

/** Instructions one after the other, at the labels `p0`, `p1` and so on. */
function listing(instructions: readonly string[]): string {
  return instructions.map((text, i) => `p${i}: ${text}`).join("\n");
}

/** Each instruction of a listing raises an exception in the guest; the host sends it on to the next one, at the same level. */
function eachRaises(kind: "INE" | "IPE", instructions: readonly string[], PLV: number): ExpectedExit[] {
  return instructions.map((_, i) =>
    hvc(99, {
      at: "handler",
      took: { kind, at: `p${i}` },
      ...(i + 1 < instructions.length && { set: { csr: { CRMD: { PLV } } }, resume: { pc: `p${i + 1}` } }),
    })
  );
}

// Exceptions that the guest takes itself -----------------------------------------------------------------------------

/** In mapped mode: addresses up to 2^60 are themselves at PLV0 and PLV3, those with all high bits set are the TLB's. */
const MAPPED = { CRMD: { DA: 0, PG: 1 }, DMW0: 0x9, DMW1: 0, DMW2: 0, DMW3: 0 };
const NOT_CANONICAL = 0x8000_0000_0000_1000n;

/** An instruction that raises an exception. */
interface Raising extends Pick<Case, "set" | "csr"> {
  readonly kind: GuestExceptionName;
  readonly text: string;
  /** ERA, if it is not the instruction. */
  readonly at?: Value;
  readonly badv?: Value;
}

// deno-fmt-ignore
const RAISING: readonly Raising[] = [
  { kind: "SYS", text: "syscall 0x123" },
  { kind: "BRK", text: "break 5" },
  { kind: "INE", text: ".word 0" },
  { kind: "INE", text: ".word 0xffffffff" },
  { kind: "IPE", text: "csrrd $a0, CRMD", csr: { CRMD: { PLV: 1 } } },
  { kind: "IPE", text: "ertn", csr: { CRMD: { PLV: 3 } } },
  { kind: "ALE", text: "ll.d $a0, $s0, 0", set: { s0: 0x1004 }, badv: 0x1004 },
  { kind: "ALE", text: "ld.d $a0, $s0, 3", set: { s0: 0x1000 }, csr: { MISC: { ALCL0: 1 } }, badv: 0x1003 },
  { kind: "BCE", text: "asrtle.d $s0, $s1", set: { s0: 5, s1: 4 }, badv: 5 },
  { kind: "BCE", text: "ldgt.w $a0, $s0, $s1", set: { s0: 0x1000, s1: 0x1000 }, badv: 0x1000 },
  { kind: "ADEM", text: "ld.b $a0, $s0, 1", set: { s0: NOT_CANONICAL }, csr: MAPPED, badv: NOT_CANONICAL + 1n },
  { kind: "ADEM", text: "st.d $a0, $s0, 8", set: { s0: NOT_CANONICAL }, csr: MAPPED, badv: NOT_CANONICAL + 8n },
  { kind: "ADEF", text: "jr $s0", set: { s0: NOT_CANONICAL }, csr: MAPPED, at: NOT_CANONICAL, badv: NOT_CANONICAL },
  { kind: "ADEF", text: "jr $s0", set: { s0: "event+2" }, at: "event+2", badv: "event+2" },
];

for (const { kind, text, set = {}, csr = {}, at = "event", badv } of RAISING) {
  const address = badv === undefined
    ? ""
    : typeof badv === "string"
    ? ` for ${badv}`
    : ` for 0x${badv.toString(16)}`;
  Deno.test(
    `${kind} of ${text}${address} is the guest's own`,
    guest({
      rule: "LVZ-EXIT-28",
      set,
      csr: { ...csr, EENTRY: "handler" },
      code: `event: ${text}` + HANDLER,
      exits: [hvc(99, { at: "handler", took: { kind, at, ...(badv !== undefined && { badv }) } })],
    }),
  );
}

for (const [PLV, IE, WE] of [[0, 0, 0], [0, 1, 0], [0, 0, 1], [1, 1, 1], [2, 1, 0], [3, 1, 1]]) {
  Deno.test(
    `an exception at PLV = ${PLV}, IE = ${IE}, WE = ${WE} moves these to the guest's PRMD and not to the host's`,
    guest({
      rule: WE === 0 ? "LVZ-EXIT-28" : "LVZ-WATCH-01",
      csr: { CRMD: { PLV: PLV!, IE: IE!, WE: WE! }, PRMD: 0, EENTRY: "handler" },
      code: `event: syscall 0` + HANDLER,
      exits: [
        hvc(99, {
          at: "handler",
          took: { kind: "SYS", at: "event" },
          csr: { CRMD: 0x8, PRMD: { PPLV: PLV!, PIE: IE!, PWE: WE! } },
          host: { PRMD: 0x4 },
        }),
      ],
    }),
  );
}

for (const VS of [0, 1, 2, 3, 4, 5, 6, 7]) {
  const offset = VS === 0 ? 0 : 11 << (VS + 2);
  Deno.test(
    `with VS = ${VS} in its ECFG the guest takes SYS at EENTRY + ${offset}, whatever the host's ECFG has`,
    guest({
      rule: "LVZ-EXIT-28",
      csr: { EENTRY: "vectors", ECFG: { VS } },
      code: `
        event:    syscall   0
                  .balign   0x8000
        vectors:  .space    ${offset}
        entry:    hvcl      1
      `,
      exits: [hvc(1, { at: "entry", took: { kind: "SYS", at: "event" } })],
    }),
  );
}

const PAGES = 0xffff_8000_0000_0000n;
/** A pair of 16 KiB pages whose odd half the row describes; the even one, which nobody accesses, is not valid. */
const PAIR = { ...MAPPED, STLBPS: 14, TLBIDX: { PS: 14, NE: 0 }, TLBEHI: PAGES, TLBELO0: 0 };
const FRAME = { MAT: 1, PPN: 0x8 };

for (
  const [kind, text, PLV, TLBELO1] of [
    ["PIL", "ld.w $a0, $s0, 0", 0, { V: 0 }],
    ["PIS", "st.w $a0, $s0, 0", 0, { V: 0 }],
    ["PIF", "jr $s0", 0, { V: 0 }],
    ["PME", "st.w $a0, $s0, 0", 0, { V: 1, D: 0, ...FRAME }],
    ["PNR", "ld.w $a0, $s0, 0", 0, { V: 1, NR: 1, ...FRAME }],
    ["PNX", "jr $s0", 0, { V: 1, NX: 1, ...FRAME }],
    ["PPI", "ld.w $a0, $s0, 0", 3, { V: 1, PLV: 0, ...FRAME }],
    ["PPI", "st.w $a0, $s0, 0", 0, { V: 1, D: 1, PLV: 3, RPLV: 1, ...FRAME }],
  ] as const
) {
  const address = PAGES + 0x4008n;
  Deno.test(
    `${kind} of ${text} at PLV${PLV} on a page of stage 1 is the guest's own`,
    guest({
      rule: "LVZ-EXIT-28",
      set: { s0: address },
      csr: { ...PAIR, TLBELO1, EENTRY: "handler" },
      code: `
                tlbfill
        ready:  hvcl  1
        event:  ${text}
        ${HANDLER}
      `,
      exits: [
        hvc(1, { at: "ready", set: { csr: { CRMD: { PLV } } } }),
        hvc(99, {
          at: "handler",
          took: { kind, at: text === "jr $s0" ? address : "event", badv: address },
          csr: { TLBEHI: PAGES + 0x4000n },
        }),
      ],
    }),
  );
}

for (
  const [what, text, at] of [["load", "ld.w $a0, $s0, 0", "event"], [
    "fetch",
    "jr $s0",
    PAGES + 0x4008n,
  ]] as const
) {
  Deno.test(
    `a ${what} that stage 1 does not map goes to the guest's refill entry and leaves ERA, ESTAT and PRMD alone`,
    guest({
      rule: "LVZ-EXIT-28",
      set: { s0: PAGES + 0x4008n },
      csr: {
        ...MAPPED,
        CRMD: { DA: 0, PG: 1, PLV: 3, IE: 1, WE: 1 },
        TLBRENTRY: "handler",
        TLBRPRMD: 0,
        TLBREHI: { PS: 14 },
      },
      code: `event: ${text}` + HANDLER,
      exits: [
        hvc(99, {
          at: "handler",
          csr: {
            CRMD: 0x8,
            TLBRPRMD: { PPLV: 3, PIE: 1, PWE: 1 },
            TLBRBADV: PAGES + 0x4008n,
            TLBREHI: PAGES + 0x400en,
            TLBRERA: typeof at === "string" ? `${at}+1` : at + 1n,
          },
        }),
      ],
    }),
  );
}

Deno.test(
  "dbcl does not let a guest stop the host: it exits with GSPR",
  guest({
    rule: "LVZ-EXIT-27",
    code: `
      debug:  dbcl  3
              hvcl  0
    `,
    exits: [gspr({ at: "debug", badi: "dbcl 3", host: { DBG: { DST: 0 } } }), hvc(0)],
  }),
);

// The return from them -----------------------------------------------------------------------------------------------

Deno.test(
  "ertn in the guest goes to its own ERA at the level of its own PRMD, and the host's registers stay",
  guest({
    rule: "LVZ-ENTRY-11",
    csr: { ERA: "user", PRMD: { PPLV: 3, PIE: 1, PWE: 1 } },
    code: `
      start:  ertn
              hvcl    1
      user:   cpucfg  $a0, $a1
    `,
    exits: [gspr({ at: "user", csr: { CRMD: { PLV: 3, IE: 1, WE: 1 } }, host: { ERA: "user", PRMD: 0x4 } })],
  }),
);

for (const PGM of [0, 1]) {
  Deno.test(
    `ertn from a refill of the guest stays in the guest although its TLBRPRMD.PGM is ${PGM}`,
    guest({
      rule: "LVZ-ENTRY-11",
      csr: {
        DMW0: 0x9,
        ERA: "wrong",
        PRMD: 0,
        TLBRERA: "user+1",
        TLBRPRMD: { PPLV: 3, PIE: 1, PGM, PWE: 0 },
      },
      code: `
        start:  ertn
        wrong:  hvcl    1
        user:   cpucfg  $a0, $a1
      `,
      exits: [
        gspr({ at: "user", csr: { CRMD: { PLV: 3, IE: 1, DA: 0, PG: 1 }, TLBRERA: { IsTLBR: 0 } } }),
      ],
    }),
  );
}

Deno.test(
  "a user program of the guest calls its kernel and gets back without an exit",
  guest({
    rule: "LVZ-ENTRY-11",
    csr: { CRMD: { PLV: 3, IE: 1 }, EENTRY: "handler" },
    set: { a0: 20, a7: 1 },
    code: `
      user:    syscall  0
               syscall  0
      done:    cpucfg   $t1, $t1
               .balign  4096
      handler: csrrd    $t0, ERA
               addi.d   $t0, $t0, 4
               csrwr    $t0, ERA
               add.d    $a0, $a0, $a7
               ertn
    `,
    exits: [
      gspr({
        at: "done",
        regs: { a0: 22, t0: "user+4" },
        csr: {
          CRMD: { PLV: 3, IE: 1 },
          PRMD: { PPLV: 3, PIE: 1 },
          ERA: "done",
          ESTAT: 11 << 16,
          BADI: 0x2b_0000,
        },
      }),
    ],
  }),
);

// Instructions of LVZ ------------------------------------------------------------------------------------------------

const LVZ_INSTRUCTIONS = [
  ...[
    "gcsrrd $a0, CRMD",
    "gcsrwr $a0, ESTAT",
    "gcsrxchg $a0, $a1, CPUID",
    "gcsrrd $a0, 0x50",
    "gcsrwr $a0, 0x3fff",
  ],
  ...["gtlbclr", "gtlbflush", "gtlbsrch", "gtlbrd", "gtlbwr", "gtlbfill"],
  ...[0x9, 0xa, 0xb, 0xc, 0xd, 0xe, 0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16].map((op) =>
    `invtlb ${op}, $a0, $a1`
  ),
];
const UNDEFINED_INVTLB = [0x7, 0x8, 0xf, 0x17, 0x1f].map((op) => `invtlb ${op}, $a0, $a1`);

Deno.test(
  "gcsr*, gtlb* and the invtlb operations of LVZ raise INE, which the guest takes itself (reading ine)",
  guest({
    rule: "LVZ-INSN-11",
    choices: { gcsrInGuest: "ine" },
    csr: { EENTRY: "handler" },
    code: listing(LVZ_INSTRUCTIONS) + HANDLER,
    exits: eachRaises("INE", LVZ_INSTRUCTIONS, 0),
  }),
);

Deno.test(
  "gcsr*, gtlb* and the invtlb operations of LVZ exit with GSPR (reading gspr)",
  guest({
    rule: "LVZ-INSN-11",
    choices: { gcsrInGuest: "gspr" },
    code: `
      ${listing(LVZ_INSTRUCTIONS)}
      done: hvcl 0
    `,
    exits: [...LVZ_INSTRUCTIONS.map((badi, i) => gspr({ at: `p${i}`, badi })), hvc(0, { at: "done" })],
  }),
);

for (const gcsrInGuest of ["ine", "gspr"] as const) {
  Deno.test(
    `operations that invtlb does not have raise INE, which the guest takes itself (reading ${gcsrInGuest})`,
    guest({
      rule: "LVZ-INV-01",
      choices: { gcsrInGuest },
      csr: { EENTRY: "handler" },
      code: listing(UNDEFINED_INVTLB) + HANDLER,
      exits: eachRaises("INE", UNDEFINED_INVTLB, 0),
    }),
  );
}

for (const [PLV, gcsrInGuest] of [[1, "ine"], [2, "ine"], [3, "ine"], [3, "gspr"]] as const) {
  Deno.test(
    `gcsr*, gtlb* and invtlb at PLV${PLV} raise IPE, which the guest takes itself (reading ${gcsrInGuest})`,
    guest({
      rule: "LVZ-INSN-11",
      choices: { gcsrInGuest },
      csr: { CRMD: { PLV }, EENTRY: "handler" },
      code: listing(LVZ_INSTRUCTIONS) + HANDLER,
      exits: eachRaises("IPE", LVZ_INSTRUCTIONS, PLV),
    }),
  );
}

Deno.test(
  "kvm gives a guest INE for gcsrrd where it exits, with the code unshifted in ESTAT and at the vector of INE",
  guest({
    rule: ["PROTO-KVM-22", "PROTO-KVM-34"],
    switches: ["kvm"],
    choices: { gcsrInGuest: "gspr" },
    csr: { CRMD: { IE: 1 }, EENTRY: "vectors", ECFG: { VS: 1 }, ESTAT: { Ecode: 11 } },
    code: `
      probe:    gcsrrd   $a0, CRMD
                .balign  4096
      vectors:  .space   13 * 8
      ine:      hvcl     1
    `,
    exits: [
      gspr({ at: "probe", handle: { kind: "nothing" } }),
      // 13 is 0b1101, of which bits 9:2 of ESTAT take nothing; CRMD's DA falls on PRMD's PWE.
      hvc(1, { at: "ine", csr: { CRMD: 0x8, PRMD: 0xc, ERA: "probe", ESTAT: 1, BADI: 0x0500_0004 } }),
    ],
  }),
);

// deno-fmt-ignore
const ENCODINGS = [
  ["gcsrrd $a0, CRMD", 0x0500_0004],         ["gcsrwr $a0, ECFG", 0x0500_1024],
  ["gcsrxchg $a0, $a1, DMW0", 0x0506_00a4],  ["gcsrxchg $s8, $tp, 0x3fff", 0x05ff_fc5f],
  ["gtlbclr", 0x0648_2001],                  ["gtlbflush", 0x0648_2401],
  ["gtlbsrch", 0x0648_2801],                 ["gtlbrd", 0x0648_2c01],
  ["gtlbwr", 0x0648_3001],                   ["gtlbfill", 0x0648_3401],
] as const;

for (const [badi, word] of ENCODINGS) {
  Deno.test(
    `0x${word.toString(16).padStart(8, "0")} is ${badi}`,
    guest({
      rule: "LVZ-INSN-01",
      choices: { gcsrInGuest: "gspr" },
      code: `probe: .word ${word}`,
      exits: [gspr({ at: "probe", badi })],
    }),
  );
}

Deno.test(
  "0x002b8000 to 0x002bffff are hvcl",
  guest({
    rule: "LVZ-INSN-01",
    code: `
      first:  .word  0x002b8000
      last:   .word  0x002bffff
    `,
    exits: [hvc(0, { at: "first", badi: "hvcl 0" }), hvc(0x7fff, { at: "last", badi: "hvcl 0x7fff" })],
  }),
);

// What rules the guest -----------------------------------------------------------------------------------------------

for (
  const [whose, csr, host] of [
    ["the guest's", { ALCL0: 1 }, { ALCL0: 0 }],
    ["the host's", { ALCL0: 0 }, { ALCL0: 1 }],
  ] as const
) {
  const isOwn = whose === "the guest's";
  Deno.test(
    `${whose} MISC.ALCL0 ${isOwn ? "makes" : "does not make"} an unaligned load of the guest raise ALE`,
    guest({
      rule: "LVZ-GUEST-10",
      csr: { MISC: csr, EENTRY: "handler" },
      host: { MISC: host },
      set: { s0: "data" },
      code: `
        event:   ld.w  $a0, $s0, 1
                 hvcl  1
        ${HANDLER}
                 .data
        data:    .dword 0x8877665544332211
      `,
      exits: [
        isOwn
          ? hvc(99, { at: "handler", took: { kind: "ALE", at: "event", badv: "data+1" } })
          : hvc(1, { regs: { a0: 0x5544_3322 } }),
      ],
    }),
  );
}

for (
  const [guestBits, hostBits, outcome] of [
    [8, 0, "is an address error"],
    [0, 8, "is looked up in the TLB"],
  ] as const
) {
  Deno.test(
    `an address of 48 bits ${outcome} with RBits = ${guestBits} in the guest's RVACFG and ${hostBits} in the host's`,
    guest({
      rule: "LVZ-GUEST-10",
      csr: { ...MAPPED, RVACFG: guestBits, EENTRY: "handler", TLBRENTRY: "refill" },
      host: { RVACFG: hostBits },
      set: { s0: PAGES },
      code: `
        event:   ld.w  $a0, $s0, 0
        ${HANDLER}
                 .balign 4096
        refill:  hvcl    98
      `,
      exits: [
        guestBits === 8
          ? hvc(99, { at: "handler", took: { kind: "ADEM", at: "event", badv: PAGES } })
          : hvc(98, { at: "refill", otherCsrs: "any" }),
      ],
    }),
  );
}

Deno.test(
  "the host's direct mapping windows are not the guest's",
  guest({
    rule: "LVZ-GUEST-10",
    csr: { ...MAPPED, EENTRY: "handler" },
    host: { DMW1: 0x9000_0000_0000_0011n },
    set: { s0: 0x9000_0000_0000_1000n },
    code: `event: ld.d $a0, $s0, 0` + HANDLER,
    exits: [hvc(99, { at: "handler", took: { kind: "ADEM", at: "event", badv: 0x9000_0000_0000_1000n } })],
  }),
);

const RDTIME = ["rdtime.d $a0, $a1", "rdtimel.w $a0, $a1", "rdtimeh.w $a0, $a1"];
for (const PLV of [1, 2, 3]) {
  const MISC = { [`DRDTL${PLV}`]: 1 };

  Deno.test(
    `rdtime at PLV${PLV} raises IPE if the guest's own MISC.DRDTL${PLV} is 1`,
    guest({
      rule: "LVZ-GUEST-11",
      csr: { CRMD: { PLV }, MISC, EENTRY: "handler" },
      code: listing(RDTIME) + HANDLER,
      exits: eachRaises("IPE", RDTIME, PLV),
    }),
  );

  Deno.test(
    `rdtime at PLV${PLV} works if only the host's MISC.DRDTL${PLV} is 1`,
    guest({
      rule: "LVZ-GUEST-11",
      csr: { CRMD: { PLV }, TID: 0x33 },
      host: { MISC },
      code: `
        rdtime.d   $a0, $a1
        rdtimel.w  $a0, $a2
        rdtimeh.w  $a0, $a3
        done:      cpucfg  $a4, $a4
      `,
      exits: [gspr({ at: "done", regs: { a0: 0, a1: 0x33, a2: 0x33, a3: 0x33 } })],
    }),
  );
}
