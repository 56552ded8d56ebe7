/**
 * Detection: how software finds out about LVZ, and what its absence looks like. A hypervisor that gets this wrong loads where it must not, or
 * refuses where it could.
 */
import { host } from "../../dsl/mod.ts";

const NO_LVZ = "la464-nolvz";

Deno.test(
  "CPUCFG word 2 bit 10 and version 1 are there with LVZ",
  host({
    rule: ["LVZ-DET-01", "LVZ-DET-02"],
    set: { a1: 2 },
    code: `
      cpucfg    $a0, $a1
      bstrpick.d $a0, $a0, 13, 10
    `,
    expect: { regs: { a0: 0b11 } },
  }),
);

Deno.test(
  "CPUCFG word 2 bits 13:10 are 0 without LVZ",
  host({
    rule: ["LVZ-DET-01", "LVZ-DET-02"],
    profile: NO_LVZ,
    set: { a1: 2 },
    code: `
      cpucfg    $a0, $a1
      bstrpick.d $a0, $a0, 13, 10
    `,
    expect: { regs: { a0: 0 } },
  }),
);

Deno.test(
  "IOCSR 0x8 bit 11 is 0 on the bare host",
  host({
    rule: "LVZ-DET-03",
    set: { a1: 8 },
    code: `
      iocsrrd.w $a0, $a1
      bstrpick.d $a0, $a0, 11, 11
    `,
    expect: { regs: { a0: 0 } },
  }),
);

for (const name of ["GTLBC", "TRGP", "GSTAT", "GCFG", "GINTC", "GCNTC"]) {
  Deno.test(
    `without LVZ ${name} reads 0, ignores writes and raises nothing`,
    host({
      rule: "LVZ-DET-05",
      profile: NO_LVZ,
      set: { a0: -1, a1: -1, a2: -1, t0: -1 },
      code: `
        csrrd   $a0, ${name}
        csrwr   $a1, ${name}
        csrxchg $a2, $t0, ${name}
        csrrd   $a3, ${name}
      `,
      expect: { regs: { a0: 0, a1: 0, a2: 0, a3: 0 } },
    }),
  );
}

for (const [register, bit] of [["TLBRPRMD", 3], ["MERRCTL", 5]] as const) {
  Deno.test(
    `without LVZ bit ${bit} of ${register} reads 0 and ignores writes`,
    host({
      rule: "LVZ-DET-06",
      profile: NO_LVZ,
      set: { a0: 1 << bit },
      code: `
        csrwr $a0, ${register}
        csrrd $a0, ${register}
      `,
      expect: { regs: { a0: 0 } },
    }),
  );
  Deno.test(
    `with LVZ bit ${bit} of ${register} can be written`,
    host({
      rule: "LVZ-CSR-14",
      set: { a0: 1 << bit },
      code: `
        csrwr $a0, ${register}
        csrrd $a0, ${register}
      `,
      expect: { regs: { a0: 1 << bit }, csr: { [register]: 1 << bit } },
    }),
  );
}

const LVZ_INSTRUCTIONS = [
  ...["gcsrrd $a0, 0", "gcsrwr $a0, 0", "gcsrxchg $a0, $a1, 0", "hvcl 0"],
  ...["gtlbclr", "gtlbflush", "gtlbsrch", "gtlbrd", "gtlbwr", "gtlbfill"],
];

for (const instruction of LVZ_INSTRUCTIONS) {
  Deno.test(
    `without LVZ ${instruction} raises INE`,
    host({
      rule: "LVZ-INSN-07",
      profile: NO_LVZ,
      code: `probe: ${instruction}`,
      expect: { ends: "INE", at: "probe" },
    }),
  );
  for (const plv of [1, 2, 3]) {
    Deno.test(
      `${instruction} at host PLV${plv} raises IPE`,
      host({
        rule: "LVZ-INSN-06",
        csr: { CRMD: { PLV: plv } },
        code: `probe: ${instruction}`,
        expect: { ends: "IPE", at: "probe" },
      }),
    );
  }
}

Deno.test(
  "hvcl in host mode raises INE",
  host({ rule: "LVZ-INSN-10", code: `probe: hvcl 3`, expect: { ends: "INE", at: "probe" } }),
);

for (let op = 0; op < 32; op++) {
  const lvz = (op >= 0x9 && op <= 0xe) || (op >= 0x10 && op <= 0x16);
  if (op > 6) {
    Deno.test(
      `invtlb 0x${op.toString(16)} without LVZ raises INE`,
      host({
        rule: "LVZ-INV-01",
        profile: NO_LVZ,
        code: `probe: invtlb ${op}, $zero, $zero`,
        expect: { ends: "INE", at: "probe" },
      }),
    );
  }
  Deno.test(
    `invtlb 0x${op.toString(16)} in host mode ${op <= 6 || lvz ? "is defined" : "raises INE"}`,
    host({
      rule: "LVZ-INV-01",
      code: `probe: invtlb ${op}, $zero, $zero`,
      expect: op <= 6 || lvz ? {} : { ends: "INE", at: "probe" },
    }),
  );
}
