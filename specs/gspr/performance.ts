/**
 * Performance counters in guests: which the guest reaches, what they count, whose overflow interrupts whom.
 *
 * A failure here means that a guest reads the host's counters, that perf in a guest counts the hypervisor's work, or that its interrupt is lost
 * or lands in the host.
 */
import { type ExpectedExit, gspr, guest, host, hvc, interrupt } from "../../dsl/mod.ts";
import { eachExits, HANDLER, listing } from "./shared.ts";

const INSTRUCTIONS = 1;
const OVERFLOW = 1n << 63n;
const PCOV = 1 << 10;
/** Counting instructions at PLV0. */
const AT_PLV0 = 1 << 16 | INSTRUCTIONS;

// Which registers -----------------------------------------------------------------------------------------------------

for (let granted = 0; granted <= 4; granted++) {
  const numbers = Array.from({ length: 8 }, (_, i) => 0x200 + i);
  const instructions = numbers.flatMap((number) => [
    `csrrd $a0, ${number}`,
    `csrwr $a1, ${number}`,
    `csrxchg $a2, $a3, ${number}`,
  ]);
  // Three instructions a register, two registers a counter.
  const exits = eachExits(instructions).slice(6 * granted);
  Deno.test(
    `with GPERF = ${granted} a guest reaches ${granted} of four counters without an exit, and exits for the others`,
    guest({
      rule: granted === 0 ? "LVZ-GCSR-07" : ["LVZ-GCSR-07", "LVZ-PMU-01"],
      host: { GCFG: { GPERF: granted } },
      set: { a0: 0, a1: 0, a2: 0, a3: 0 },
      code: `${listing(instructions)}\n done: hvcl 0`,
      exits: [
        ...exits.map((exit): ExpectedExit => ({ ...exit, otherRegs: "any" })),
        hvc(0, { at: "done", otherRegs: "any" }),
      ],
    }),
  );
}

for (const granted of [5, 6, 7]) {
  Deno.test(
    `GPERF = ${granted} is more than there are: the four counters are the guest's, and number 4 still exits`,
    guest({
      rule: "LVZ-PMU-01",
      host: { GCFG: { GPERF: granted } },
      set: { a0: 0x55 },
      code: `
        csrwr  $a0, PMCNT3
        csrrd  $a1, PMCNT3
        probe: csrrd $a2, PMCFG4
      `,
      exits: [
        gspr({
          at: "probe",
          regs: { a0: 0, a1: 0x55 },
          otherCsrs: "any",
          host: { GCFG: { GPERF: 4, GPMP: 1 } },
        }),
      ],
    }),
  );
}

Deno.test(
  "what a guest writes into a granted counter stays there over exits, and the host's own is untouched",
  guest({
    rule: "LVZ-PMU-02",
    host: { GCFG: { GPERF: 2 }, PMCFG1: 0x3ff, PMCNT1: 0x1111 },
    set: { a0: 0x2ff, a1: 0x2222 },
    code: `
      csrwr $a0, PMCFG1
      csrwr $a1, PMCNT1
      first: hvcl 0
      csrrd $a2, PMCFG1
      csrrd $a3, PMCNT1
      hvcl 1
    `,
    exits: [
      hvc(0, {
        at: "first",
        regs: { a0: 0, a1: 0 },
        otherCsrs: "any",
        host: { PMCFG1: 0x3ff, PMCNT1: 0x1111 },
      }),
      hvc(1, { regs: { a2: 0x2ff, a3: 0x2222 } }),
    ],
  }),
);

for (const granted of [0, 4]) {
  Deno.test(
    `gcsr* reach the guest's counters with GPERF = ${granted}, and leave the host's alone`,
    host({
      rule: "LVZ-PMU-02",
      csr: { GCFG: { GPERF: granted }, PMCNT2: 0x1234 },
      set: { a0: 0x7f_02ff, a1: 0x5678, a3: 0x0f00, t0: 0xff00 },
      code: `
        gcsrwr   $a1, PMCNT2
        gcsrwr   $a0, PMCFG2
        gcsrrd   $a0, PMCFG2
        gcsrxchg $a3, $t0, PMCNT2
        gcsrrd   $a2, PMCNT2
        csrrd    $a4, PMCFG2
        csrrd    $a5, PMCNT2
      `,
      expect: {
        regs: { a0: 0x7f_02ff, a1: 0, a2: 0x0f78, a3: 0x5678, a4: 0, a5: 0x1234 },
        gcsr: { PMCFG2: 0x7f_02ff, PMCNT2: 0x0f78 },
      },
    }),
  );
}

for (const number of [0x208, 0x209, 0x23e, 0x23f]) {
  Deno.test(
    `gcsr* of counter register 0x${number.toString(16)}, which is not there, reads 0 and ignores writes`,
    host({
      rule: "LVZ-INSN-05",
      set: { a0: -1 },
      code: `
        gcsrwr $a0, 0x${number.toString(16)}
        gcsrrd $a1, 0x${number.toString(16)}
      `,
      expect: { regs: { a0: 0, a1: 0 } },
    }),
  );
}

// Counting ------------------------------------------------------------------------------------------------------------

for (const GMOD of [0, 1, 2, 3]) {
  Deno.test(
    `a granted counter with GMOD = ${GMOD} counts the guest's instructions, not those that exit and not the hypervisor's`,
    guest({
      rule: "LVZ-PMU-05",
      host: { GCFG: { GPERF: 1 } },
      set: { a0: AT_PLV0 | GMOD << 21, a1: 0 },
      code: `
        csrwr $a0, PMCFG0
        nop
        nop
        hvcl  0
        nop
        csrrd $a2, PMCNT0
        csrwr $a1, PMCFG0
        hvcl  1
      `,
      exits: [
        hvc(0, { regs: { a0: 0 }, otherCsrs: "any" }),
        hvc(1, { regs: { a1: AT_PLV0 | GMOD << 21, a2: 3 }, otherCsrs: "any" }),
      ],
    }),
  );
}

for (const [PLV, enabled] of [[0, 3], [3, 0], [3, 3]] as const) {
  Deno.test(
    `a granted counter of PLV${enabled} ${
      PLV === enabled ? "counts" : "stands still"
    } while the guest is at PLV${PLV}`,
    guest({
      rule: "LVZ-PMU-05",
      host: { GCFG: { GPERF: 1 } },
      csr: { PRMD: { PPLV: PLV }, ERA: "inside", EENTRY: "handler" },
      set: { a0: 1 << (16 + enabled) | INSTRUCTIONS, a2: 0 },
      code: `
                 csrwr  $a0, PMCFG0
                 ertn
        inside:  nop
                 nop
                 nop
                 syscall 0
                 .balign 4096
        handler: csrwr  $a2, PMCFG0
                 csrrd  $a1, PMCNT0
                 hvcl   0
      `,
      // With PLV0 also the ertn, and the csrwr that stops it.
      exits: [
        hvc(0, {
          regs: { a1: enabled === PLV ? 3 : enabled === 0 ? 2 : 0 },
          otherRegs: "any",
          otherCsrs: "any",
        }),
      ],
    }),
  );
}

for (const [GMOD, counted] of [[0, 0], [1, 0], [2, 3], [3, 3]] as const) {
  Deno.test(
    `a counter of the host with GMOD = ${GMOD} counts ${counted} of three instructions of a guest`,
    guest({
      rule: "LVZ-PMU-05",
      // The host is never at PLV3.
      host: { PMCFG2: { PLV3: 1, EvCode: INSTRUCTIONS, GMOD } },
      csr: { CRMD: { PLV: 3 }, EENTRY: "handler" },
      code: `
        nop
        nop
        nop
        syscall 0
        ${HANDLER}
      `,
      exits: [hvc(99, { at: "handler", otherCsrs: "any", host: { PMCNT2: counted } })],
    }),
  );
}

Deno.test(
  "a counter of the host with GMOD = 2 stands still while the host runs",
  host({
    rule: "LVZ-PMU-05",
    csr: {
      PMCFG0: { PLV0: 1, EvCode: INSTRUCTIONS, GMOD: 2 },
      PMCFG1: { PLV0: 1, EvCode: INSTRUCTIONS, GMOD: 3 },
    },
    code: `
      nop
      nop
      csrrd $a0, PMCNT0
      csrrd $a1, PMCNT1
    `,
    expect: { regs: { a0: 0, a1: 3 }, otherCsrs: "any" },
  }),
);

// Overflow ------------------------------------------------------------------------------------------------------------

Deno.test(
  "a granted counter that overflows interrupts the guest without an exit, and clearing bit 63 ends it",
  guest({
    rule: "LVZ-PMU-04",
    host: { GCFG: { GPERF: 1 } },
    csr: { EENTRY: "handler", ECFG: { LIE: PCOV }, CRMD: { IE: 1 } },
    set: { a0: AT_PLV0 | 1 << 20, a1: OVERFLOW - 3n },
    code: `
               csrwr  $a1, PMCNT0
               csrwr  $a0, PMCFG0
               nop
               nop
               nop
      after:   nop
               nop
      wrong:   b      wrong
               .balign 4096
      handler: csrrd  $a2, ERA
               csrrd  $a3, ESTAT
               csrwr  $zero, PMCNT0
               csrrd  $a4, ESTAT
               hvcl   0
    `,
    exits: [hvc(0, { regs: { a0: 0, a1: 0, a2: "after", a3: PCOV, a4: 0 }, otherCsrs: "any" })],
  }),
);

Deno.test(
  "PCOV of the guest is there only for granted counters, and the host does not see it",
  host({
    rule: "LVZ-PMU-04",
    gcsr: { PMCFG1: { PMIEn: 1 }, PMCNT1: OVERFLOW },
    set: { t0: 1 << 24, t1: 2 << 24, t2: 7 << 24 },
    code: `
      gcsrrd  $a0, ESTAT
      csrxchg $t0, $t2, GCFG
      gcsrrd  $a1, ESTAT
      csrxchg $t1, $t2, GCFG
      gcsrrd  $a2, ESTAT
      csrrd   $a3, ESTAT
    `,
    expect: {
      regs: { a0: 0, a1: 0, a2: PCOV, a3: 0 },
      otherRegs: "any",
      csr: { GCFG: { GPERF: 2 } },
      gcsr: { ESTAT: PCOV },
    },
  }),
);

Deno.test(
  "a counter of the host that counts a guest and overflows takes the processor from it, whatever the guest's enables say",
  guest({
    rule: "LVZ-PMU-05",
    host: {
      ECFG: { LIE: PCOV },
      PMCFG1: { PLV0: 1, EvCode: INSTRUCTIONS, GMOD: 2, PMIEn: 1 },
      PMCNT1: OVERFLOW - 3n,
    },
    code: `
      nop
      nop
      nop
      after: nop
      hvcl 0
    `,
    exits: [
      interrupt("PCOV", { at: "after", host: { PMCNT1: OVERFLOW }, set: { host: { PMCNT1: 0 } } }),
      hvc(0, { hostMayChange: ["PMCNT1"] }),
    ],
  }),
);

// Below PLV0 ----------------------------------------------------------------------------------------------------------

for (const PLV of [1, 2, 3]) {
  const code = `
      probe: csrrd $a0, PMCNT1
             syscall 0
      ${HANDLER}
  `;
  const csr = { CRMD: { PLV }, EENTRY: "handler" };
  Deno.test(
    `a guest at PLV${PLV} reads a granted counter if its own MISC.RPCNTL${PLV} allows it`,
    guest({
      rule: ["LVZ-GCSR-04", "BASE-PMU-04"],
      host: { GCFG: { GPERF: 2 } },
      csr: { ...csr, MISC: { [`RPCNTL${PLV}`]: 1 } },
      code,
      exits: [hvc(99, { at: "handler", regs: { a0: 0 }, otherCsrs: "any" })],
    }),
  );
  Deno.test(
    `a guest at PLV${PLV} exits for a counter that is not granted if its own MISC.RPCNTL${PLV} allows it`,
    guest({
      rule: ["LVZ-GCSR-04", "LVZ-GCSR-07"],
      host: { GCFG: { GPERF: 1 } },
      csr: { CRMD: { PLV }, MISC: { [`RPCNTL${PLV}`]: 1 } },
      code: "probe: csrrd $a0, PMCNT1",
      exits: [gspr({ at: "probe" })],
      runsOn: false,
    }),
  );
  Deno.test(
    `a guest at PLV${PLV} takes IPE for every counter if only the host's MISC.RPCNTL${PLV} allows it`,
    guest({
      rule: ["LVZ-GCSR-04", "BASE-PMU-04"],
      host: { GCFG: { GPERF: 1 }, MISC: { [`RPCNTL${PLV}`]: 1 } },
      csr,
      code,
      exits: [hvc(99, { at: "handler", took: { kind: "IPE", at: "probe" } })],
    }),
  );
}
