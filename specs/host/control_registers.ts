/**
 * The control registers of LVZ: GSTAT, GCFG, GINTC, GTLBC, TRGP and GCNTC. Which bits they have, which of them software can change, and which
 * values stick.
 *
 * A failure here means that a hypervisor misjudges what the hardware can do (GCFG, GSTAT.GIDBIT), loses a setting without noticing it, or
 * changes one that it did not mean to.
 */
import { host, type RuleId } from "../../dsl/mod.ts";

// Numbers and reset -----------------------------------------------------------------------------------------------------------------------

for (
  const [number, name, value] of [
    [0x15, "GTLBC", 0x0001_1000],
    [0x50, "GSTAT", 0x0001_0002],
    [0x51, "GCFG", 0x0000_0010],
    [0x52, "GINTC", 0x0000_0300],
    [0x53, "GCNTC", 0x1234_5678],
  ] as const
) {
  Deno.test(
    `CSR 0x${number.toString(16)} is ${name}`,
    host({
      rule: "LVZ-CSR-01",
      set: { a0: value, t0: value },
      // The mask leaves the capability bits alone.
      code: `
        csrxchg $a0, $t0, 0x${number.toString(16)}
        csrrd   $a1, ${name}
        and     $a1, $a1, $t0
      `,
      expect: { regs: { a1: value }, csr: { [name]: value | fixedBits(name) }, otherRegs: "any" },
    }),
  );
}

/** The bits that read 1 whatever is written: GIDBIT, and the capability bits of GCFG. */
function fixedBits(name: string): number {
  return name === "GSTAT" ? 0x80 : name === "GCFG" ? 0x87_5547 : 0;
}

Deno.test(
  "CSR 0x16 is TRGP",
  host({
    rule: "LVZ-CSR-01",
    csr: { GTLBC: { USETGID: 1, TGID: 0x21 }, TLBIDX: { Index: 2048, PS: 12 } },
    code: `
      tlbwr
      tlbrd
      csrrd $a0, 0x16
    `,
    expect: { regs: { a0: 0x21_0001 }, csr: { TRGP: 0x21_0001 } },
  }),
);

for (const number of ["0x54", "0x55"]) {
  Deno.test(
    `CSR ${number} is no register, although QEMU-LVZ has one there`,
    host({
      rule: "LVZ-CSR-01",
      set: { a0: -1 },
      code: `
        csrwr $a0, ${number}
        csrrd $a1, ${number}
      `,
      expect: { regs: { a0: 0, a1: 0 } },
    }),
  );
}

for (
  const [name, value] of [
    ["GSTAT", 0x80],
    ["GCFG", 0x87_5547],
    ["GINTC", 0],
    ["GTLBC", 0],
    ["TRGP", 0],
    ["GCNTC", 0],
  ] as const
) {
  Deno.test(
    `${name} is 0x${value.toString(16)} after reset`,
    host({
      rule: name === "GCFG" ? ["LVZ-CSR-11", "LVZ-CSR-12"] : "LVZ-CSR-12",
      code: `csrrd $a0, ${name}`,
      expect: { regs: { a0: value } },
    }),
  );
}

// Fields ----------------------------------------------------------------------------------------------------------------------------------

interface FieldRow {
  readonly register: string;
  readonly high: number;
  readonly low: number;
  /** As the fact sheet names it; reserved bits have none. */
  readonly name?: string;
  readonly rule: RuleId;
  /** What the field reads whatever is written; undefined if software can write it. */
  readonly constant?: number;
  /** Bits that have to be written with it. */
  readonly along?: bigint;
  /** The largest value that is defined, where the field could hold more. */
  readonly largest?: bigint;
}

function fields(register: string, rows: readonly Omit<FieldRow, "register">[]): readonly FieldRow[] {
  return rows.map((row) => ({ register, ...row }));
}

// Layouts, access and capabilities as in section 1 of the fact sheet. Bits that it does not mention are not tested.
// deno-fmt-ignore
const FIELDS: readonly FieldRow[] = [
  ...fields("GSTAT", [
    { high: 0,  low: 0,  name: "VM",      rule: "LVZ-CSR-05", constant: 0 },
    { high: 1,  low: 1,  name: "PVM",     rule: "LVZ-CSR-03" },
    { high: 3,  low: 2,                   rule: "LVZ-CSR-03", constant: 0 },
    { high: 9,  low: 4,  name: "GIDBIT",  rule: "LVZ-CSR-04", constant: 8 },
    { high: 15, low: 10,                  rule: "LVZ-CSR-03", constant: 0 },
    { high: 23, low: 16, name: "GID",     rule: "LVZ-CSR-04" },
    { high: 31, low: 24,                  rule: "LVZ-CSR-03", constant: 0 },
  ]),
  ...fields("GCFG", [
    { high: 3,  low: 0,  name: "MATP",    rule: "LVZ-CSR-07", constant: 0b0111 },
    { high: 5,  low: 4,  name: "MATC",    rule: "LVZ-CSR-08", largest: 2n },
    { high: 6,  low: 6,  name: "SITP",    rule: "LVZ-CSR-07", constant: 1 },
    { high: 7,  low: 7,  name: "SIT",     rule: "LVZ-CSR-11" },
    { high: 8,  low: 8,  name: "TITP",    rule: "LVZ-CSR-07", constant: 1 },
    { high: 9,  low: 9,  name: "TIT",     rule: "LVZ-CSR-11" },
    { high: 10, low: 10, name: "TOEP",    rule: "LVZ-CSR-07", constant: 1 },
    { high: 11, low: 11, name: "TOE",     rule: "LVZ-CSR-11" },
    { high: 12, low: 12, name: "TOPP",    rule: "LVZ-CSR-07", constant: 1 },
    { high: 13, low: 13, name: "TOP",     rule: "LVZ-CSR-11" },
    { high: 14, low: 14, name: "TORUP",   rule: "LVZ-CSR-07", constant: 1 },
    { high: 15, low: 15, name: "TORU",    rule: "LVZ-CSR-11" },
    { high: 19, low: 16, name: "GCIP",    rule: "LVZ-CSR-07", constant: 0b0111 },
    { high: 21, low: 20, name: "GCI",     rule: "LVZ-CSR-09", largest: 2n },
    { high: 22, low: 22,                  rule: "LVZ-CSR-11", constant: 0 },
    { high: 23, low: 23, name: "GPMP",    rule: "LVZ-PMU-03", constant: 1 },
    { high: 26, low: 24, name: "GPERF",   rule: "LVZ-PMU-01", largest: 4n },
    { high: 31, low: 27,                  rule: "LVZ-CSR-11", constant: 0 },
  ]),
  ...fields("GINTC", [
    { high: 7,  low: 0,  name: "VIP",     rule: "LVZ-INT-03" },
    { high: 15, low: 8,  name: "PIP",     rule: "LVZ-INT-05" },
    { high: 23, low: 16, name: "HC",      rule: "LVZ-INT-06" },
  ]),
  ...fields("GTLBC", [
    { high: 5,  low: 0,  name: "GMTLBSZ", rule: "LVZ-TLB-12" },
    { high: 12, low: 12, name: "USETGID", rule: "LVZ-TLB-04" },
    { high: 13, low: 13, name: "TOTI",    rule: "LVZ-GUEST-09" },
    { high: 23, low: 16, name: "TGID",    rule: "LVZ-TLB-04", along: 1n << 12n },
  ]),
  ...fields("TRGP", [
    { high: 0,  low: 0,  name: "GTLB",    rule: "LVZ-TLB-11", constant: 0 },
    { high: 23, low: 16, name: "RID",     rule: "LVZ-TLB-11", constant: 0 },
  ]),
  ...fields("GCNTC", [
    { high: 63, low: 0,  name: "Compensation", rule: "LVZ-CSR-13" },
  ]),
];

/** 0, each bit of a field alone, and all of its bits, as far as they are defined. */
function fieldValues({ high, low, largest }: FieldRow): readonly bigint[] {
  const width = high - low + 1;
  const all = (1n << BigInt(width)) - 1n;
  const values = [0n, ...Array.from({ length: width }, (_, n) => 1n << BigInt(n)), all];
  return [...new Set(values)].filter((v) => v <= (largest ?? all));
}

/** Writes each value and notes what the field then reads; puts the register back as it was. */
function writeAll({ register, high, low, along = 0n }: FieldRow, values: readonly bigint[]): string {
  const steps = values.map((value, i) => `
    li.d       $a0, 0x${((value << BigInt(low)) | along).toString(16)}
    csrwr      $a0, ${register}
    csrrd      $a0, ${register}
    bstrpick.d $a0, $a0, ${high}, ${low}
    st.d       $a0, $s0, ${i * 8}
  `);
  return `
              la.local $s0, notes
              csrrd    $s1, ${register}
              ${steps.join("")}
              li.d     $a0, 0x${along.toString(16)}
              csrwr    $a0, ${register}
              csrwr    $s1, ${register}
    end:      .balign  8
    notes:
    ${values.map((value) => `wrote_0x${value.toString(16)}: .dword -1`).join("\n")}
  `;
}

for (const row of FIELDS) {
  const { register, high, low, name, rule, constant } = row;
  const values = fieldValues(row);
  const place = high === low ? `bit ${low}` : `bits ${high}:${low}`;
  const what = name === undefined ? `${place} of ${register}` : `${register}.${name} (${place})`;
  Deno.test(
    constant === undefined
      ? `${what} keeps what is written`
      : `${what} reads ${constant} whatever is written`,
    host({
      rule,
      code: writeAll(row, values),
      expect: {
        memory: values.map((v) => ({ at: `wrote_0x${v.toString(16)}`, value: constant ?? v })),
        otherRegs: "any",
      },
    }),
  );
}

// GSTAT -----------------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "GSTAT.GIDBIT counts the bits of GID that can be set",
  host({
    rule: "LVZ-CSR-04",
    set: { a0: -1, a2: 1 },
    code: `
      csrwr      $a0, GSTAT
      csrrd      $a0, GSTAT
      bstrpick.d $a1, $a0, 9, 4
      bstrpick.d $a0, $a0, 23, 16
      sll.d      $a2, $a2, $a1
      addi.d     $a2, $a2, -1      # the mask of VPIDs that KVM computes
      xor        $a2, $a2, $a0
    `,
    expect: { regs: { a0: 0xff, a1: 8, a2: 0 }, csr: { GSTAT: { PVM: 1, GID: 0xff, GIDBIT: 8 } } },
  }),
);

Deno.test(
  "writing 0 to GSTAT clears PVM and GID and leaves GIDBIT",
  host({
    rule: "LVZ-CSR-06",
    csr: { GSTAT: { PVM: 1, GID: 0x5a } },
    set: { a0: 0 },
    code: "csrwr $a0, GSTAT",
    expect: { regs: { a0: 0x5a_0082 }, csr: { GSTAT: 0x80 } },
  }),
);

for (const [pvm, mask] of [[1, 2], [0, 2]] as const) {
  Deno.test(
    `csrxchg with mask 2 sets GSTAT.PVM to ${pvm} and leaves GID, as KVM's world switch does it`,
    host({
      rule: "LVZ-CSR-03",
      csr: { GSTAT: { PVM: 1 - pvm, GID: 0xc3 } },
      set: { a0: pvm === 1 ? -1 : 0, t0: mask },
      code: "csrxchg $a0, $t0, GSTAT",
      expect: { regs: { a0: 0xc3_0080 | (1 - pvm) << 1 }, csr: { GSTAT: 0xc3_0080 | pvm << 1 } },
    }),
  );
}

// GCFG ------------------------------------------------------------------------------------------------------------------------------------

for (const value of [0, 0xffff_ffffn]) {
  Deno.test(
    `the capability bits of GCFG survive a write of 0x${value.toString(16)}`,
    host({
      rule: "LVZ-CSR-11",
      set: { a0: value, t0: 0x8f_5547 },
      code: `
        csrwr $a0, GCFG
        csrrd $a0, GCFG
        and   $a0, $a0, $t0
      `,
      expect: { regs: { a0: 0x87_5547 }, otherCsrs: "any" },
    }),
  );
}

for (
  const { field, capability, from, at, rule } of [
    { field: "MATC", capability: "MATP", from: 0, at: 4, rule: "LVZ-CSR-08" },
    { field: "GCI", capability: "GCIP", from: 16, at: 20, rule: "LVZ-CSR-09" },
  ] as const
) {
  for (const value of [0, 1, 2, 3]) {
    for (const old of [0, 1, 2]) {
      if (old === value) continue;
      Deno.test(
        `GCFG.${field} can change from ${old} to ${value} exactly if ${capability} bit ${value} is 1`,
        host({
          rule,
          csr: { GCFG: { [field]: old } },
          set: { a0: value << at, t0: 3 << at },
          code: `
            csrrd      $a1, GCFG
            bstrpick.d $a1, $a1, ${from + value}, ${from + value}
            csrxchg    $a0, $t0, GCFG
            csrrd      $a2, GCFG
            bstrpick.d $a2, $a2, ${at + 1}, ${at}
          `,
          expect: {
            regs: { a1: value === 3 ? 0 : 1, a2: value === 3 ? old : value },
            otherRegs: "any",
            csr: { GCFG: { [field]: value === 3 ? old : value } },
          },
        }),
      );
    }
  }
}

for (const field of ["MATC", "GCI"]) {
  const at = field === "MATC" ? 4 : 20;
  Deno.test(
    `writing the encoding 3 to GCFG.${field} leaves that field alone and changes the others`,
    host({
      rule: "LVZ-CSR-11",
      csr: { GCFG: { MATC: 1, GCI: 2, TIT: 1 } },
      set: { a0: 3 << at | 1 << 13 },
      code: "csrwr $a0, GCFG",
      expect: {
        csr: { GCFG: { MATC: field === "MATC" ? 1 : 0, GCI: field === "GCI" ? 2 : 0, TIT: 0, TOP: 1 } },
        otherRegs: "any",
      },
    }),
  );
}

for (const value of [0, 1, 2, 3, 4, 5, 6, 7]) {
  const granted = Math.min(value, 4);
  Deno.test(
    `GCFG.GPERF = ${value} grants ${granted} of the four counters, which CPUCFG and GPMP report`,
    host({
      rule: ["LVZ-PMU-01", "LVZ-PMU-03"],
      csr: { GCFG: { GPERF: 4 - granted } },
      set: { a0: 6, a1: value << 24, t0: 0x700_0000 },
      code: `
        cpucfg     $a0, $a0
        csrxchg    $a1, $t0, GCFG
        csrrd      $a1, GCFG
        bstrpick.d $a1, $a1, 26, 23
      `,
      // UPM, 64 bits, 4 counters, version 1, PMP
      expect: { regs: { a0: 0x7f33, a1: granted << 1 | 1 }, csr: { GCFG: { GPERF: granted } } },
    }),
  );
}

Deno.test(
  "a machine without counters reports PMP = 0 and GPMP = 0, and GPERF stays 0",
  host({
    rule: "LVZ-PMU-03",
    profile: "la464-nopmu",
    set: { a0: 6, a1: 0x700_0000, t0: 0x700_0000 },
    code: `
      cpucfg     $a0, $a0
      csrxchg    $a1, $t0, GCFG
      csrrd      $a1, GCFG
      bstrpick.d $a1, $a1, 26, 23
    `,
    expect: { regs: { a0: 0, a1: 0 } },
  }),
);

// GINTC -----------------------------------------------------------------------------------------------------------------------------------

const GINTC_WRITES = [
  { what: "HC = 1 clears VIP bit 0 of the same write", written: 0x01_00ff, kept: 0x01_00fe },
  { what: "HC = 0xff clears all of VIP", written: 0xff_00ff, kept: 0xff_0000 },
  { what: "HC = 0x0f leaves VIP bits 7:4 and PIP", written: 0x0f_a5ff, kept: 0x0f_a5f0 },
  { what: "HC = 0 clears nothing", written: 0x00_00ff, kept: 0x00_00ff },
] as const;

for (const { what, written, kept } of GINTC_WRITES) {
  Deno.test(
    `a write of GINTC with ${what}`,
    host({
      rule: "LVZ-INT-06",
      set: { a0: written },
      code: "csrwr $a0, GINTC",
      expect: { regs: { a0: 0 }, csr: { GINTC: kept }, otherGcsrs: "any" },
    }),
  );
}

Deno.test(
  "csrxchg of GINTC.HC alone clears the VIP bits of its ones and no others",
  host({
    rule: "LVZ-INT-06",
    csr: { GINTC: { VIP: 0b1111_0110 } },
    set: { a0: 0b0001_0010 << 16, t0: 0xff << 16 },
    code: "csrxchg $a0, $t0, GINTC",
    expect: {
      regs: { a0: 0b1111_0110 },
      csr: { GINTC: { VIP: 0b1110_0100, HC: 0b0001_0010 } },
      otherGcsrs: "any",
    },
  }),
);

Deno.test(
  "a bit of HC that stays 1 from an earlier write clears nothing that csrxchg injects later",
  host({
    rule: "LVZ-INT-06",
    csr: { GINTC: { HC: 0b0000_0001 } },
    set: { a0: 1, t0: 0xff },
    code: "csrxchg $a0, $t0, GINTC",
    expect: {
      regs: { a0: 0x01_0000 },
      csr: { GINTC: { VIP: 0b0000_0001, HC: 0b0000_0001 } },
      otherGcsrs: "any",
    },
  }),
);

// GTLBC -----------------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "GTLBC.TGID can be written while USETGID is 1",
  host({
    rule: "LVZ-TLB-04",
    csr: { GTLBC: { USETGID: 1, TGID: 5 } },
    set: { a0: 0xff_0000, t0: 0xff_0000 },
    code: "csrxchg $a0, $t0, GTLBC",
    expect: { regs: { a0: 0x05_1000 }, csr: { GTLBC: { USETGID: 1, TGID: 0xff } } },
  }),
);

Deno.test(
  "GTLBC.TGID keeps its value while USETGID is 0",
  host({
    rule: "LVZ-TLB-04",
    csr: { GTLBC: { USETGID: 1, TGID: 5 } },
    set: { a0: 0, t0: 0x1000, a1: 0x42_0000, t1: 0xff_0000 },
    code: `
      csrxchg $a0, $t0, GTLBC      # USETGID off
      csrxchg $a1, $t1, GTLBC      # no effect
      csrrd   $a2, GTLBC
    `,
    expect: {
      regs: { a0: 0x05_1000, a1: 0x05_0000, a2: 0x05_0000 },
      csr: { GTLBC: { USETGID: 0, TGID: 5 } },
    },
  }),
);

Deno.test(
  "GTLBC.TGID can be written together with USETGID",
  host({
    rule: "LVZ-TLB-04",
    set: { a0: 0x77_1000 },
    code: "csrwr $a0, GTLBC",
    expect: { regs: { a0: 0 }, csr: { GTLBC: { USETGID: 1, TGID: 0x77 } } },
  }),
);

Deno.test(
  "a write of TRGP does not change what the last tlbrd left there",
  host({
    rule: "LVZ-TLB-11",
    csr: { GTLBC: { USETGID: 1, TGID: 0x21 }, TLBIDX: { Index: 2048, PS: 12 } },
    set: { a0: 0, a1: -1, t0: -1 },
    code: `
      tlbwr
      tlbrd
      csrwr   $a0, TRGP
      csrxchg $a1, $t0, TRGP
      csrrd   $a2, TRGP
    `,
    expect: { regs: { a0: 0x21_0001, a1: 0x21_0001, a2: 0x21_0001 }, csr: { TRGP: 0x21_0001 } },
  }),
);

// GCNTC -----------------------------------------------------------------------------------------------------------------------------------

for (const value of [-1n, -0x1_0000_0000n, 0x7fff_ffff_ffff_ffffn, -0x8000_0000_0000_0000n, 0xffff_ffffn]) {
  Deno.test(
    `GCNTC holds ${value} and leaves the host's counter alone`,
    host({
      rule: ["LVZ-CSR-13", "LVZ-TIME-14"],
      set: { a0: value },
      code: `
        rdtime.d $t0, $zero
        csrwr    $a0, GCNTC
        csrrd    $a1, GCNTC
        rdtime.d $t1, $zero
        sub.d    $a2, $t1, $t0
        sltui    $a2, $a2, 100
      `,
      expect: { regs: { a0: 0, a1: value, a2: 1 }, otherRegs: "any", csr: { GCNTC: value } },
    }),
  );
}

// Fields in registers of the base architecture ----------------------------------------------------------------------------------------------

const FIELDS_OF_LVZ = [
  { number: 0x200, name: "PMCFG0", high: 22, low: 21 },
  { number: 0x206, name: "PMCFG3", high: 22, low: 21 },
  { number: 0x300, name: "MWPC", high: 19, low: 16, written: 8 },
  { number: 0x380, name: "FWPC", high: 19, low: 16, written: 8 },
  { number: 0x312, name: "MWP0CFG3", high: 6, low: 5 },
  { number: 0x313, name: "MWP0CFG4", high: 23, low: 16 },
  { number: 0x392, name: "FWP0CFG3", high: 6, low: 5 },
  { number: 0x3cb, name: "FWP7CFG4", high: 23, low: 16 },
];

for (const { number, name, high, low, written } of FIELDS_OF_LVZ) {
  const value = written ?? (1 << (high - low + 1)) - 1;
  for (const [profile, kept] of [["la464", value], ["la464-nolvz", 0]] as const) {
    Deno.test(
      `${name} bits ${high}:${low} ${kept === 0 ? "read 0 without LVZ" : "keep what is written"}`,
      host({
        rule: kept === 0 ? "LVZ-DET-06" : "LVZ-CSR-14",
        profile,
        set: { a0: value << low },
        code: `
          csrwr      $a0, 0x${number.toString(16)}
          csrrd      $a0, 0x${number.toString(16)}
          bstrpick.d $a0, $a0, ${high}, ${low}
        `,
        expect: { regs: { a0: kept }, otherCsrs: "any" },
      }),
    );
  }
}

for (const name of ["PMCFG0", "PMCNT0", "MWPC", "MWPS", "MWP0CFG1", "FWPC", "FWPS", "FWP0CFG3"]) {
  Deno.test(
    `${name} reads 0 and ignores writes in a machine without counters and watchpoints`,
    host({
      rule: "BASE-CSR-01",
      profile: "la464-nopmu",
      set: { a0: -1 },
      code: `
        csrwr $a0, ${name}
        csrrd $a1, ${name}
      `,
      expect: { regs: { a0: 0, a1: 0 } },
    }),
  );
}
