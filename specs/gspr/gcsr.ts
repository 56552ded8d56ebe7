/**
 * The guest's copies of the CSRs: the guest reads and writes them without an exit, within the bits that are its own, and the host's registers
 * of the same numbers stay. (How the host reaches the copies is in host/gcsr.ts, CSRs without a copy are in gspr_test.ts.)
 *
 * A hypervisor on hardware that fails here saves and restores the wrong registers: a guest loses its state at a switch, or finds that of the
 * host or of another guest.
 */
import { type ExpectedExit, guest, hvc } from "../../dsl/mod.ts";

const hex = (n: number | bigint) => n < 0 ? `${n}` : `0x${n.toString(16)}`;
/** `a0 = 0x0, a1 = -1` */
const assignments = (values: object) =>
  Object.entries(values).map(([name, n]) => `${name} = ${hex(n)}`).join(", ");

// Every copy ---------------------------------------------------------------------------------------------------------

const MASK = 0x5555_5555_5555_5555n;
const A = 0x1234_5678_9abc_def0n;
const B = 0xfedc_ba98_7654_3210n;
const PAGE_A = 0x1234_5678_9abc_d000n;
const PAGE_B = 0xfedc_ba98_7654_3000n;
/** Halves of a TLB entry: every flag differs, MAT is 1 in both. */
const ELO = [0x2000_1234_5678_905fn, 0xc000_0fed_cba9_8010n] as const;
const DMW = [0x9000_0000_0000_001en, 0x8000_0000_0000_0011n] as const;

// deno-fmt-ignore
/** Registers with a copy, and two values in which every bit that counts is legal. */
const COPIES: readonly (readonly [string, bigint, bigint])[] = [
  ["CRMD", 0x8n, 0x228n],            ["PRMD", 0x4n, 0xbn],              ["EUEN", 0x1n, 0xen],
  ["MISC", 0x8en, 0x7_0e20n],        ["ECFG", 0x3n, 0x7_1c00n],         ["ERA", A, B],
  ["BADV", A, B],                    ["EENTRY", PAGE_A, PAGE_B],        ["TLBIDX", 0x0e00_0123n, 0x0c00_0456n],
  ["TLBEHI", 0x1234_5678_a000n, 0x5765_4321_e000n],
  ["TLBELO0", ...ELO],               ["TLBELO1", ...ELO],               ["ASID", 0xa_0155n, 0xa_02aan],
  ["PGDL", PAGE_A, PAGE_B],          ["PGDH", PAGE_A, PAGE_B],          ["PWCL", 0x1234_5678n, 0x0abc_def0n],
  ["PWCH", 0x12_3456n, 0xed_cba9n],  ["STLBPS", 14n, 12n],              ["RVACFG", 0n, 8n],
  ...Array.from({ length: 8 }, (_, n) => [`SAVE${n}`, A + BigInt(n), B + BigInt(n)] as const),
  ["TID", 0x1234n, 0x7fff_0001n],    ["TCFG", 0x4000n, 0x1230n],        ["CNTC", A, B],
  ["LLBCTL", 0n, 4n],                ["TLBRENTRY", 0x1234_5678_9000n, 0x0fed_cba9_8000n],
  ["TLBRBADV", A, B],                ["TLBRERA", A, B],                 ["TLBRSAVE", A, B],
  ["TLBRELO0", ...ELO],              ["TLBRELO1", ...ELO],              ["TLBRPRMD", 0x4n, 0x1bn],
  ["TLBREHI", 0x1234_5678_a00en, 0x5765_4321_e00cn],
  ["DMW0", ...DMW],                  ["DMW1", ...DMW],                  ["DMW2", ...DMW],
  ["DMW3", ...DMW],
];

for (const [name, first, second] of COPIES) {
  Deno.test(
    `the guest writes, reads and exchanges its own ${name} without an exit, and the host's stays`,
    guest({
      rule: ["LVZ-GCSR-01", "LVZ-GCSR-02"],
      csr: { [name]: first },
      set: { a0: second, a1: first, a2: MASK },
      code: `
        csrwr    $a0, ${name}
        csrrd    $a3, ${name}
        csrxchg  $a1, $a2, ${name}
        hvcl     0
      `,
      exits: [
        hvc(0, {
          regs: { a0: first, a1: second, a3: second },
          csr: { [name]: (second & ~MASK) | (first & MASK) },
        }),
      ],
    }),
  );
}

Deno.test(
  "a copy of 32 bits reads sign-extended",
  guest({
    rule: "LVZ-GCSR-02",
    set: { a0: 0x1_8000_0001n },
    code: `
      csrwr  $a0, TID
      csrrd  $a0, TID
      hvcl   0
    `,
    exits: [hvc(0, { regs: { a0: 0xffff_ffff_8000_0001n }, csr: { TID: 0x8000_0001 } })],
  }),
);

for (const [PLV, kind] of [[1, "csrrd $a0,"], [2, "csrwr $a1,"], [3, "csrxchg $a1, $a2,"]] as const) {
  const instructions = COPIES.map(([name]) => `${kind} ${name}`);
  Deno.test(
    `${kind.slice(0, kind.indexOf(" "))} of a copy at PLV${PLV} raises IPE, which the guest takes itself`,
    guest({
      rule: "LVZ-GCSR-04",
      csr: { CRMD: { PLV }, EENTRY: "handler" },
      code: `
        ${instructions.map((text, i) => `p${i}: ${text}`).join("\n")}
                 .balign 4096
        handler: hvcl    99
      `,
      exits: instructions.map((_, i): ExpectedExit =>
        hvc(99, {
          at: "handler",
          took: { kind: "IPE", at: `p${i}` },
          ...(i + 1 < instructions.length && {
            set: { csr: { CRMD: { PLV } } },
            resume: { pc: `p${i + 1}` },
          }),
        })
      ),
    }),
  );
}

// What the guest can only read ---------------------------------------------------------------------------------------

/** What this machine reports: SAVE registers and timer, page sizes, the TLB. */
const PRCFG = { PRCFG1: 0x72f8, PRCFG2: 0x3fff_f000, PRCFG3: 0x80_73f2 };

for (
  const [rule, name, csr, value, host] of [
    ["LVZ-GCSR-10", "CPUID", { CPUID: 0x123 }, 0x123, { CPUID: 0 }],
    ["LVZ-INSN-03", "BADI", { BADI: 0x1234_5678 }, 0x1234_5678, {}],
    ["LVZ-INSN-03", "TVAL", { TCFG: 0, TVAL: 0x1234_5678 }, 0x1234_5678, {}],
    ["LVZ-INSN-04", "PGD", { PGDL: 0x1000, PGDH: 0x2000, BADV: 0x8000, PGD: 0x3000 }, 0x1000, {}],
    ["LVZ-INSN-04", "PGD", { PGDL: 0x1000, PGDH: 0x2000, BADV: -1, PGD: 0x3000 }, 0x2000, {}],
    ["LVZ-INSN-04", "PRCFG1", { PRCFG1: -1 }, PRCFG.PRCFG1, PRCFG],
    ["LVZ-INSN-04", "PRCFG2", { PRCFG2: -1 }, PRCFG.PRCFG2, PRCFG],
    ["LVZ-INSN-04", "PRCFG3", { PRCFG3: -1 }, PRCFG.PRCFG3, PRCFG],
    ["LVZ-GCSR-15", "PRCFG1", {}, PRCFG.PRCFG1, PRCFG],
    ["LVZ-GCSR-15", "PRCFG2", {}, PRCFG.PRCFG2, PRCFG],
    ["LVZ-GCSR-15", "PRCFG3", {}, PRCFG.PRCFG3, PRCFG],
    ["LVZ-GCSR-15", "ASID", { ASID: 0 }, 0xa_0000, { ASID: { ASIDBITS: 10 } }],
  ] as const
) {
  Deno.test(
    `the guest finds ${hex(value)} in ${name} after the host wrote ${assignments(csr) || "nothing"}`,
    guest({
      rule,
      csr,
      code: `
        csrrd  $a0, ${name}
        hvcl   0
      `,
      exits: [hvc(0, { regs: { a0: value }, host })],
    }),
  );
}

for (
  const [name, csr] of [
    ["CPUID", { CPUID: 7 }],
    ["BADI", { BADI: 7 }],
    ["TVAL", { TCFG: 0, TVAL: 7 }],
    ["PGD", { PGDL: 0x1000, BADV: 0 }],
    ["PRCFG1", {}],
    ["PRCFG2", {}],
    ["PRCFG3", {}],
  ] as const
) {
  Deno.test(
    `the guest cannot change its ${name}, and trying raises nothing`,
    guest({
      rule: name === "CPUID" ? "LVZ-GCSR-10" : "LVZ-GCSR-02",
      csr,
      set: { a0: 0x10f, a1: -1 },
      code: `
        csrrd    $s0, ${name}
        csrwr    $a0, ${name}
        csrxchg  $a1, $a1, ${name}
        csrrd    $s1, ${name}
        xor      $a0, $a0, $s0
        xor      $a1, $a1, $s0
        xor      $s0, $s0, $s1
        move     $s1, $zero
        hvcl     0
      `,
      exits: [hvc(0, { regs: { a0: 0, a1: 0, s0: 0, s1: 0 } })],
    }),
  );
}

// ESTAT --------------------------------------------------------------------------------------------------------------

const ESTAT = { IS: 0x1c03, Ecode: 11, EsubCode: 1 };

for (
  const [text, set, IS] of [
    ["csrwr $a0, ESTAT", { a0: 0 }, 0x1c00],
    ["csrwr $a0, ESTAT", { a0: -1 }, 0x1c03],
    ["csrwr $a0, ESTAT", { a0: 2 }, 0x1c02],
    ["csrxchg $a0, $a1, ESTAT", { a0: 0, a1: 1 }, 0x1c02],
    ["csrxchg $a0, $a1, ESTAT", { a0: 0, a1: -1 }, 0x1c00],
    ["csrxchg $a0, $a1, ESTAT", { a0: -1, a1: 0x1ffc }, 0x1c03],
  ] as const
) {
  Deno.test(
    `${text} with ${assignments(set)} changes at most the two software interrupts of the guest's ESTAT`,
    guest({
      rule: "LVZ-GCSR-13",
      csr: { ESTAT, CRMD: { IE: 0 } },
      set,
      code: `
        ${text}
        hvcl  0
      `,
      exits: [
        hvc(0, {
          regs: { a0: 0x1c03 | 11 << 16 | 1 << 22 },
          csr: { ESTAT: { ...ESTAT, IS } },
          host: { ESTAT: { IS: 0 } },
        }),
      ],
    }),
  );
}

for (
  const [written, found] of [[-1, 0x7fff_1c03], [0x3fc, 0], [0x1c03, 0x1c03], [
    0x7fff_0000,
    0x7fff_0000,
  ]] as const
) {
  Deno.test(
    `the guest finds ${hex(found)} in ESTAT after the host wrote ${hex(written)}`,
    guest({
      rule: "LVZ-GCSR-12",
      csr: { ESTAT: written, CRMD: { IE: 0 } },
      code: `
        csrrd  $a0, ESTAT
        hvcl   0
      `,
      exits: [hvc(0, { regs: { a0: found } })],
    }),
  );
}

// Beside the copies -------------------------------------------------------------------------------------------------

Deno.test(
  "SAVE8 to SAVE15 are not there: they read 0, ignore writes and raise nothing",
  guest({
    rule: "LVZ-GCSR-09",
    set: { t0: -1 },
    code: `
      ${[8, 9, 10, 11, 12, 13, 14, 15].map((n) => `li.w $t0, -1\n csrwr $t0, 0x30 + ${n}`).join("\n")}
      ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `csrrd $a${n}, 0x38 + ${n}`).join("\n")}
      hvcl 0
    `,
    exits: [hvc(0, { regs: { t0: 0, a0: 0, a1: 0, a2: 0, a3: 0, a4: 0, a5: 0, a6: 0, a7: 0 } })],
  }),
);

Deno.test(
  "changing GSTAT.GID changes none of the guest copies",
  guest({
    rule: "LVZ-GCSR-03",
    // loongarch_vcpu loads all copies anew at each entry, so that it could not tell.
    switches: ["kvm"],
    csr: { SAVE0: 0x1111, ERA: 0x2222, DMW3: 0x30, TLBRSAVE: 0x3333 },
    code: `
      first:   hvcl   1
               csrrd  $a0, SAVE0
               csrrd  $a1, ERA
               csrrd  $a2, DMW3
               csrrd  $a3, TLBRSAVE
               hvcl   2
    `,
    exits: [
      hvc(1, { set: { host: { GSTAT: { GID: 9 } } } }),
      hvc(2, { regs: { a0: 0x1111, a1: 0x2222, a2: 0x30, a3: 0x3333 }, host: { GSTAT: { GID: 9 } } }),
    ],
  }),
);

Deno.test(
  "the host's DSAVE keeps its value over an entry and an exit",
  guest({
    rule: "LVZ-GCSR-16",
    // loongarch_vcpu keeps the guest's sp there, which is made the same; hvisor keeps an address of its own there.
    switches: ["arceos", "kvm"],
    set: { sp: 0x1234_5678_9abc_def0n },
    host: { DSAVE: 0x1234_5678_9abc_def0n },
    code: `hvcl 0`,
    exits: [hvc(0, { host: { DSAVE: 0x1234_5678_9abc_def0n } })],
  }),
);
