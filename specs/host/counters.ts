/**
 * Performance counters of the host: what they count, at which levels, their interrupt, and who can read them.
 *
 * A failure here means that perf reports numbers that are wrong, loses samples, or that a user program reads counters that it must not.
 */
import { type Csrs, host } from "../../dsl/mod.ts";

const CYCLES = 0;
const INSTRUCTIONS = 1;
const OVERFLOW = 1n << 63n;
const PCOV = 1 << 10;

// Registers -----------------------------------------------------------------------------------------------------------

for (let n = 0; n < 4; n++) {
  Deno.test(
    `PMCFG${n} and PMCNT${n} are CSR ${(0x200 + 2 * n).toString(16)} and ${
      (0x201 + 2 * n).toString(16)
    }, and keep what the manual lets software write`,
    host({
      rule: "BASE-PMU-01",
      // Event 0x3ff is none, so that nothing counts.
      set: { a0: -1, a1: 0x1234_5678_9abc_def0n },
      code: `
        csrwr $a1, 0x${(0x201 + 2 * n).toString(16)}
        csrwr $a0, 0x${(0x200 + 2 * n).toString(16)}
        csrrd $a0, PMCFG${n}
        csrrd $a1, PMCNT${n}
      `,
      expect: {
        regs: { a0: 0x7f_03ff, a1: 0x1234_5678_9abc_def0n },
        csr: { [`PMCFG${n}`]: 0x7f_03ff, [`PMCNT${n}`]: 0x1234_5678_9abc_def0n },
      },
    }),
  );
}

for (const n of [4, 7, 15, 31]) {
  Deno.test(
    `counter ${n} is not there: its registers read 0 and ignore writes`,
    host({
      rule: "BASE-CSR-01",
      set: { a0: -1, a1: -1 },
      code: `
        csrwr $a0, PMCFG${n}
        csrwr $a1, PMCNT${n}
        csrrd $a2, PMCFG${n}
        csrrd $a3, PMCNT${n}
      `,
      expect: { regs: { a0: 0, a1: 0, a2: 0, a3: 0 } },
    }),
  );
}

// Counting ------------------------------------------------------------------------------------------------------------

for (const [event, name] of [[CYCLES, "cycles"], [INSTRUCTIONS, "instructions"]] as const) {
  for (let n = 0; n < 4; n++) {
    Deno.test(
      `PMCNT${n} counts ${name} from the instruction behind the csrwr that starts it to the one that stops it`,
      host({
        rule: ["BASE-PMU-02", "BASE-PMU-05"],
        csr: { [`PMCNT${n}`]: 100 },
        set: { a0: 1 << 16 | event, a1: 0 },
        code: `
          csrwr $a0, PMCFG${n}
          csrrd $a2, PMCNT${n}    # nothing yet
          nop
          nop
          csrrd $a3, PMCNT${n}    # csrrd, nop, nop
          csrwr $a1, PMCFG${n}
          nop
          csrrd $a4, PMCNT${n}    # two more
        `,
        expect: {
          regs: { a0: 0, a1: 1 << 16 | event, a2: 100, a3: 103, a4: 105 },
          csr: { [`PMCNT${n}`]: 105 },
        },
      }),
    );
  }
}

for (const event of [2, 3, 8, 9, 0x3ff]) {
  Deno.test(
    `event ${event}, which this machine does not count, leaves the counter`,
    host({
      rule: "BASE-PMU-02",
      csr: { PMCFG0: { PLV0: 1, EvCode: event }, PMCNT0: 7 },
      code: "nop\n nop\n csrrd $a0, PMCNT0",
      expect: { regs: { a0: 7 } },
    }),
  );
}

for (let level = 0; level < 4; level++) {
  for (let enabled = 0; enabled < 4; enabled++) {
    Deno.test(
      `a counter enabled at PLV${enabled} ${enabled === level ? "counts" : "stands still"} at PLV${level}`,
      host({
        rule: "BASE-PMU-01",
        csr: {
          CRMD: { PLV: level },
          EENTRY: "handler",
          PMCFG1: { EvCode: INSTRUCTIONS, [`PLV${enabled}`]: 1 },
        },
        code: `
                   nop
                   nop
                   nop
                   syscall 0
                   .balign 4096
          handler: csrrd $a0, PMCNT1
          end:
        `,
        expect: {
          // syscall raises an exception and is not retired.
          regs: { a0: level === enabled ? 3 : 0 },
          otherCsrs: "any",
        },
      }),
    );
  }
}

Deno.test(
  "a counter of PLV0 counts handlers and not the program that they interrupt, up to the ertn and from the exception",
  host({
    rule: ["BASE-PMU-01", "BASE-PMU-05"],
    csr: {
      EENTRY: "handler",
      ERA: "user",
      PRMD: { PPLV: 3 },
      PMCFG0: { EvCode: INSTRUCTIONS, PLV0: 1 },
      PMCFG1: { EvCode: INSTRUCTIONS, PLV3: 1 },
      PMCFG2: { EvCode: INSTRUCTIONS, PLV0: 1, PLV3: 1 },
    },
    code: `
               ertn
      user:    nop
               nop
               syscall 0
               .balign 4096
      handler: csrrd $a0, PMCNT0    # ertn
               csrrd $a1, PMCNT1    # nop, nop
               csrrd $a2, PMCNT2    # all five
      end:
    `,
    expect: { regs: { a0: 1, a1: 2, a2: 5 }, otherCsrs: "any" },
  }),
);

Deno.test(
  "cycles pass while the processor idles, instructions do not",
  host({
    rule: "BASE-PMU-02",
    csr: {
      ECFG: { LIE: 0x800 },
      PMCFG0: { EvCode: CYCLES, PLV0: 1 },
      PMCFG1: { EvCode: INSTRUCTIONS, PLV0: 1 },
    },
    set: { a0: 4001 },
    code: `
      csrwr $a0, TCFG
      idle  0
      csrrd $a1, PMCNT0
      csrrd $a2, PMCNT1
    `,
    // The 4000 ticks of the timer, with the idle in them; csrwr, idle, csrrd.
    expect: { regs: { a0: 0, a1: 4000, a2: 3 }, otherCsrs: "any" },
  }),
);

Deno.test(
  "a counter that is written while it counts goes on from the new value",
  host({
    rule: "BASE-PMU-05",
    csr: { PMCFG0: { EvCode: INSTRUCTIONS, PLV0: 1 } },
    set: { a0: 1000 },
    code: `
      nop
      nop
      csrwr $a0, PMCNT0
      nop
      csrrd $a1, PMCNT0
    `,
    expect: { regs: { a0: 2, a1: 1001 }, csr: { PMCNT0: 1002 } },
  }),
);

// Overflow ------------------------------------------------------------------------------------------------------------

/** Takes the interrupt, notes where and what, and clears bit 63. */
const TAKE = `
             .balign 4096
  handler:   csrrd   $a0, ERA
             csrrd   $a1, ESTAT
             csrrd   $a2, PMCNT0
             csrwr   $zero, PMCNT0
             csrrd   $a3, ESTAT
  end:
`;

for (const [event, name] of [[CYCLES, "cycles"], [INSTRUCTIONS, "instructions"]] as const) {
  for (const left of [1, 2, 3, 4]) {
    Deno.test(
      `PCOV is taken before the instruction behind that which made ${name} overflow, ${left} after the start`,
      host({
        rule: "BASE-PMU-03",
        csr: {
          CRMD: { IE: 1 },
          ECFG: { LIE: PCOV },
          EENTRY: "handler",
          PMCNT0: OVERFLOW - BigInt(left),
          // Only the program counts, so that the handler sees what the interrupt saw.
          PMCFG0: { EvCode: event, PLV3: 1, PMIEn: 1 },
          PRMD: { PPLV: 3, PIE: 1 },
          ERA: "user",
        },
        code: `
                  ertn
          user:   nop
                  nop
                  nop
                  nop
                  nop
                  nop
          ${TAKE}
        `,
        expect: {
          regs: { a0: `user+${left * 4}`, a1: PCOV, a2: OVERFLOW, a3: 0 },
          otherCsrs: "any",
        },
      }),
    );
  }
}

Deno.test(
  "bit 63 of a counter raises nothing without the PMIEn of that very counter",
  host({
    rule: "BASE-PMU-03",
    csr: {
      CRMD: { IE: 1 },
      ECFG: { LIE: PCOV },
      PMCNT0: -2,
      PMCNT1: OVERFLOW,
      PMCFG0: { EvCode: INSTRUCTIONS, PLV0: 1 },
      PMCFG2: { PMIEn: 1 },
    },
    code: `
      nop
      nop
      nop
      csrrd $a0, ESTAT
    `,
    expect: { regs: { a0: 0 }, csr: { PMCNT0: 2 } },
  }),
);

Deno.test(
  "PCOV is a level: PMIEn and bit 63 together are, each of them alone is not, and it is no bit that software can write",
  host({
    rule: "BASE-PMU-03",
    csr: { PMCNT3: OVERFLOW },
    set: { s0: 1 << 20, s1: 1 << 20, s2: -1, s3: PCOV, a6: 0 },
    code: `
      csrrd   $a0, ESTAT
      csrwr   $s0, PMCFG3       # PMIEn
      csrrd   $a1, ESTAT
      csrxchg $zero, $s3, ESTAT
      csrrd   $a2, ESTAT
      csrwr   $zero, PMCNT3
      csrrd   $a3, ESTAT
      csrwr   $s2, PMCNT3
      csrrd   $a4, ESTAT
      csrwr   $a6, PMCFG3
      csrrd   $a5, ESTAT
    `,
    expect: {
      regs: { a0: 0, a1: PCOV, a2: PCOV, a3: 0, a4: PCOV, a5: 0, a6: 1 << 20 },
      otherRegs: "any",
      csr: { PMCNT3: -1 },
    },
  }),
);

Deno.test(
  "an overflow of cycles wakes an idle processor, and one of instructions is none while it idles",
  host({
    rule: "BASE-PMU-03",
    csr: {
      ECFG: { LIE: PCOV },
      PMCNT0: OVERFLOW - 1000n,
      PMCFG0: { EvCode: CYCLES, PLV0: 1, PMIEn: 1 },
      PMCNT1: OVERFLOW - 500n,
      PMCFG1: { EvCode: INSTRUCTIONS, PLV0: 1, PMIEn: 1 },
    },
    code: `
      idle    0
      rdtime.d $a0, $a1
      csrrd   $a2, PMCNT1
    `,
    expect: { regs: { a0: 1000, a1: 0, a2: OVERFLOW - 498n }, otherCsrs: "any" },
  }),
);

// Reading below PLV0 --------------------------------------------------------------------------------------------------

const ALLOWED = { 1: "RPCNTL1", 2: "RPCNTL2", 3: "RPCNTL3" } as const;

for (const level of [1, 2, 3] as const) {
  const others = ([1, 2, 3] as const).filter((n) => n !== level).map((n) => [ALLOWED[n], 1]);
  const csr: Csrs = { CRMD: { PLV: level }, PMCNT2: 77 };
  Deno.test(
    `MISC.RPCNTL${level} lets PLV${level} read the counters, all four of them`,
    host({
      rule: "BASE-PMU-04",
      csr: { ...csr, MISC: { [ALLOWED[level]]: 1 } },
      code: `
        csrrd $a0, PMCNT0
        csrrd $a1, PMCNT1
        csrrd $a2, PMCNT2
        csrrd $a3, PMCNT3
      `,
      expect: { regs: { a0: 0, a1: 0, a2: 77, a3: 0 } },
    }),
  );
  Deno.test(
    `the other RPCNTL bits do not: csrrd of a counter at PLV${level} raises IPE`,
    host({
      rule: "BASE-PMU-04",
      csr: { ...csr, MISC: Object.fromEntries(others) },
      code: "probe: csrrd $a0, PMCNT2",
      expect: { ends: "IPE", at: "probe" },
    }),
  );
  for (
    const instruction of [
      "csrrd $a0, PMCFG2",
      "csrwr $a0, PMCNT2",
      "csrxchg $a0, $a1, PMCNT2",
      "csrxchg $a0, $a1, PMCFG2",
      "csrrd $a0, PMCNT4",
      "csrrd $a0, CRMD",
      "gcsrrd $a0, PMCNT0",
    ]
  ) {
    Deno.test(
      `${instruction} at PLV${level} raises IPE although MISC.RPCNTL${level} is 1`,
      host({
        rule: "BASE-PMU-04",
        csr: { ...csr, MISC: { [ALLOWED[level]]: 1 } },
        set: { a0: 0, a1: -1 },
        code: `probe: ${instruction}`,
        expect: { ends: "IPE", at: "probe" },
      }),
    );
  }
}
