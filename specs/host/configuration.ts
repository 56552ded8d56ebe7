/**
 * What the processor tells of itself, registers that only some have, shorter virtual addresses, machine errors in detail, and what this bench
 * does where the architecture leaves TLB and page walk open.
 *
 * A failure here means that an operating system sizes something wrongly, or that two machines differ that should not.
 */
import { host } from "../../dsl/mod.ts";

// CPUCFG --------------------------------------------------------------------------------------------------------------

// deno-fmt-ignore
const WORDS = [
  // PRID; IOCSR, MMU, 48-bit addresses, UAL, RI, EP, RPLV, HP, CRC.
  [0, 0x14c010], [1, 0x3f2f2fe],
  // FP in both precisions, version 1; LVZ 1; LLFTP 1; LSPW; LAM. No vectors.
  [2, 0x60cc0f],
  [3, 0xfcff], [4, 100_000_000], [5, 0x1_0001], [6, 0x7f33],
  [0x10, 0x2c3d], [0x11, 0x608_0003], [0x12, 0x608_0003], [0x13, 0x608_000f], [0x14, 0x60e_000f],
] as const;

for (const [word, value] of WORDS) {
  Deno.test(
    `CPUCFG word ${word} is 0x${value.toString(16)}`,
    host({
      rule: "BASE-CSR-03",
      set: { a1: word },
      code: "cpucfg $a0, $a1",
      expect: { regs: { a0: value } },
    }),
  );
}

Deno.test(
  "cpucfg gives 0 for every word that is not defined",
  host({
    rule: "BASE-CSR-02",
    set: { a0: 0 },
    code: [7, 8, 15, 0x15, 0x30, 0x100, 0x4000_0000, -1, 1n << 32n].map((word) => `
      li.d   $t0, ${word}
      cpucfg $t0, $t0
      or     $a0, $a0, $t0
    `).join(""),
    expect: { regs: { a0: 0 }, otherRegs: "any" },
  }),
);

for (let n = 0; n < 16; n++) {
  Deno.test(
    `SAVE${n} ${n < 8 ? "keeps what is written" : "is not there: it reads 0"}, as PRCFG1.SAVENum = 8 says`,
    host({
      rule: "BASE-CSR-01",
      set: { a0: -2 },
      code: `
        csrwr      $a0, SAVE${n}
        csrrd      $a1, SAVE${n}
        csrrd      $a2, PRCFG1
        bstrpick.d $a2, $a2, 3, 0
      `,
      expect: {
        regs: { a1: n < 8 ? -2 : 0, a2: 8 },
        otherRegs: "any",
        ...(n < 8 ? { csr: { [`SAVE${n}`]: -2 } } : {}),
      },
    }),
  );
}

// Shorter addresses -----------------------------------------------------------------------------------------------------

/** Goes on in mapped mode, in a window far from the addresses in question. */
const INTO_A_WINDOW = `
          la.local $t0, inside
          li.d     $t1, 0x8000000000000000
          or       $t0, $t0, $t1
          jirl     $zero, $t0, 0
  inside: li.w     $t2, 0x10
          li.w     $t3, 0x18
          csrxchg  $t2, $t3, CRMD
`;

for (let bits = 0; bits <= 8; bits++) {
  const top = 1n << BigInt(47 - bits);
  // deno-fmt-ignore
  const addresses = [
    ["the highest of the lower half", top - 8n, true],
    ["the first behind it", top, false],
    ["the lowest of the upper half", -top, true],
    ["the last before it", -top - 8n, false],
  ] as const;
  for (const [what, address, isOne] of addresses) {
    for (const [code, error] of [["ld.d $a0, $s0, 0", "ADEM"], ["jirl $zero, $s0, 0", "ADEF"]] as const) {
      Deno.test(
        `with RVACFG.RBits = ${bits} ${what} ${isOne ? "is an address" : `raises ${error}`} of ${code}`,
        host({
          rule: "BASE-CSR-04",
          csr: { RVACFG: bits, DMW0: 0x8000_0000_0000_0001n },
          set: { s0: address },
          code: `${INTO_A_WINDOW} ${code}`,
          expect: {
            ends: isOne ? "refill" : error,
            csr: { [isOne ? "TLBRBADV" : "BADV"]: address },
            otherRegs: "any",
            otherCsrs: "any",
          },
        }),
      );
    }
  }
}

// Machine errors ----------------------------------------------------------------------------------------------------------

const MODES = [
  { PLV: 0, IE: 0, DA: 1, PG: 0, DATF: 0, DATM: 0, WE: 0 },
  { PLV: 3, IE: 1, DA: 0, PG: 1, DATF: 1, DATM: 2, WE: 1 },
  { PLV: 1, IE: 0, DA: 0, PG: 1, DATF: 2, DATM: 1, WE: 0 },
  { PLV: 2, IE: 1, DA: 1, PG: 0, DATF: 1, DATM: 1, WE: 1 },
];

for (const mode of MODES) {
  const { PLV, IE, DA, PG, DATF, DATM, WE } = mode;
  const text = Object.entries(mode).map(([name, value]) => `${name} ${value}`).join(", ");
  Deno.test(
    `a machine error saves the mode ${text} and ertn restores it`,
    host({
      rule: ["BASE-MERR-01", "BASE-MERR-02", "BASE-MERR-03"],
      csr: {
        CRMD: mode,
        DMW0: 0xf,
        MERRENTRY: "error",
        MERRSAVE: 0x5a5a,
        MERRCTL: { Repairable: 1 },
        ERA: 0x111,
        PRMD: 5,
        BADV: 0x222,
        TLBRBADV: 0x333,
        TLBREHI: 0x4000,
      },
      machineErrorAt: "probe",
      code: `
        probe:  addi.d $a0, $zero, 1
                b      end
                .balign 4096
        error:  csrrd  $a1, CRMD
                csrrd  $a2, MERRCTL
                csrrd  $a3, MERRERA
                csrrd  $a4, MERRSAVE
                csrrd  $a5, MERRINFO1
                csrrd  $a6, MERRINFO2
                csrrd  $a7, ESTAT
                ertn
        end:
      `,
      expect: {
        regs: {
          a0: 1,
          a1: 8,
          // Cause 1, IsMERR, not repaired.
          a2: 1 << 16 | DATM << 11 | DATF << 9 | PG << 8 | DA << 7 | WE << 6 | IE << 4 | PLV << 2 | 1,
          a3: "probe",
          a4: 0x5a5a,
          a5: 0,
          a6: 0,
          a7: 0,
        },
        csr: { CRMD: mode, MERRERA: "probe", MERRCTL: { IsMERR: 0 }, TLBRERA: 0 },
      },
    }),
  );
}

Deno.test(
  "ertn of a machine error takes what the handler wrote into MERRCTL and MERRERA, not what PRMD, ERA and the refill registers say",
  host({
    rule: ["BASE-MERR-03", "BASE-MERR-04"],
    csr: { MERRENTRY: "error", PRMD: { PPLV: 1 }, ERA: "wrong", TLBRERA: 0x8000, TLBRPRMD: { PPLV: 2 } },
    set: { t0: 0xffff_ffffn },
    machineErrorAt: "probe",
    code: `
      probe:  b        wrong
      wrong:  b        wrong
      right:  b        end
              .balign 4096
      error:  csrwr    $t0, MERRCTL
              csrrd    $a0, MERRCTL
              # PLV3, direct mode
              li.w     $t1, 0x8c
              csrwr    $t1, MERRCTL
              la.local $t2, right
              csrwr    $t2, MERRERA
              ertn
      end:
    `,
    expect: {
      // Cause 1 and IsMERR stay, everything else between is there.
      regs: { a0: 0x1_1fff },
      otherRegs: "any",
      csr: {
        CRMD: { PLV: 3, DA: 1, PG: 0, IE: 0, WE: 0, DATF: 0, DATM: 0 },
        MERRCTL: 0x1_008c,
        MERRERA: "right",
      },
    },
  }),
);

Deno.test(
  "software can neither set nor clear MERRCTL.IsMERR and Cause, so that ertn outside a handler is an ordinary one",
  host({
    rule: "BASE-MERR-04",
    csr: { ERA: "right", MERRERA: "wrong" },
    set: { t0: -1 },
    code: `
      csrwr  $t0, MERRCTL
      csrrd  $a0, MERRCTL
      ertn
      wrong: b wrong
      right: nop
    `,
    expect: { regs: { a0: 0x1ffe, t0: 0 }, csr: { MERRCTL: 0x1ffe } },
  }),
);

// What the architecture leaves open: the TLB -------------------------------------------------------------------------------

const TLB = { GTLBC: { USETGID: 1, TGID: 0 }, STLBPS: 12, TLBEHI: 0x8000, TLBIDX: { PS: 12 } };
/** MTLB entries come behind 2048 of the STLB. The set of 0x8000 is 4. */
const MULTIPLE = [
  ["two of the MTLB", [2050, 2049], 2049],
  ["two of the STLB", [4 + 256, 4], 4],
  ["one of each", [2048, 4 + 7 * 256], 4 + 7 * 256],
] as const;

for (const [what, indices, answers] of MULTIPLE) {
  Deno.test(
    `of two entries for one address, ${what}, the one of the lower index answers`,
    host({
      rule: "BASE-TLB-01",
      csr: TLB,
      set: { t1: 0xfff },
      code: `
        ${indices.map((index) => `li.w $t0, ${index}\n csrxchg $t0, $t1, TLBIDX\n tlbwr`).join("\n")}
        li.w    $t0, 0x777
        csrxchg $t0, $t1, TLBIDX
        tlbsrch
        csrrd      $a0, TLBIDX
        bstrpick.d $a1, $a0, 11, 0
        bstrpick.d $a0, $a0, 31, 31
      `,
      expect: { regs: { a0: 0, a1: answers }, otherRegs: "any", otherCsrs: "any" },
    }),
  );
}

/** Fills with pages that all belong to set 0, or have another size than the STLB; gives the places in turn. */
function filled(ps: number, count: number): string {
  return Array.from({ length: count }, (_, n) => `
    li.d    $t0, ${n * 0x200000}
    csrwr   $t0, TLBEHI
    li.w    $t0, ${ps << 24}
    csrwr   $t0, TLBIDX
    tlbfill
    tlbsrch
    csrrd      $t0, TLBIDX
    bstrpick.d $t0, $t0, 11, 0
    st.h    $t0, $s0, ${2 * n}
  `).join("");
}

/** Four places, of 16 bits each, as one value. */
function places(...indices: readonly number[]): bigint {
  return indices.reduce((value, index, n) => value | BigInt(index) << BigInt(16 * n), 0n);
}

Deno.test(
  "tlbfill of the size in STLBPS fills the eight ways of the set in turn, and then replaces the first",
  host({
    rule: "BASE-TLB-02",
    csr: { ...TLB, TLBEHI: 0 },
    set: { s0: 0x20000 },
    code: filled(12, 12),
    expect: {
      otherRegs: "any",
      otherCsrs: "any",
      memory: [
        { at: 0x20000, value: places(0, 256, 512, 768) },
        { at: 0x20008, value: places(1024, 1280, 1536, 1792) },
        { at: 0x20010, value: places(0, 256, 512, 768) },
      ],
    },
  }),
);

Deno.test(
  "tlbfill of another size fills the 64 entries of the MTLB in turn, and then replaces the first",
  host({
    rule: "BASE-TLB-02",
    csr: { ...TLB, TLBEHI: 0 },
    set: { s0: 0x20000 },
    code: filled(14, 66),
    expect: {
      otherRegs: "any",
      otherCsrs: "any",
      memory: [
        { at: 0x20000, value: places(2048, 2049, 2050, 2051) },
        { at: 0x20078, value: places(2108, 2109, 2110, 2111) },
        { at: 0x20080, value: BigInt.asUintN(64, places(2048, 2049)) },
      ],
    },
  }),
);

// The walk ----------------------------------------------------------------------------------------------------------------

for (const level of [0, 5, 6, 15, 31]) {
  Deno.test(
    `lddir of level ${level}, which is not there, gives back the table and reads nothing`,
    host({
      rule: "BASE-TLB-03",
      csr: { PWCL: 0x1273_92ac, PWCH: 0x1e_679e, TLBRBADV: 0x1234_5678_9abcn },
      // Nothing answers there.
      set: { s0: 0x7fff_0000_0000n },
      code: `lddir $a0, $s0, ${level}`,
      expect: { regs: { a0: 0x7fff_0000_0000n } },
    }),
  );
}

for (const level of [1, 2, 3, 4]) {
  Deno.test(
    `lddir of level ${level} with a width of 0 reads entry 0`,
    host({
      rule: "BASE-TLB-03",
      csr: { PWCL: 0, PWCH: 0, TLBRBADV: -1 },
      set: { s0: "table" },
      code: `
               lddir  $a0, $s0, ${level}
               b      end
               .balign 8
        table: .dword 0x5000, 0x6000
        end:
      `,
      expect: { regs: { a0: 0x5000 } },
    }),
  );
}
