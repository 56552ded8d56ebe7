/**
 * The LLbits of host and guest: ll and sc across exits, entries and returns from exceptions.
 *
 * A failure here means that atomic operations of a guest fail for ever (each retry meets the same exit), or, worse, that an sc succeeds
 * although somebody else wrote in between: locks of the guest that two processors hold at once.
 */
import { fault, gspr, guest, host, hvc, interrupt } from "../../dsl/mod.ts";

/** What may happen between ll and sc, and how the host deals with it. */
const BETWEEN = [
  { what: "hvcl", code: "hvcl 1", exit: hvc(1) },
  { what: "cpucfg", code: "cpucfg $zero, $zero", exit: gspr({ at: "probe" }) },
  {
    what: "a host interrupt",
    code: "b probe",
    exit: interrupt("IPI", { at: "probe", lines: { IPI: false } }),
  },
  { what: "a stage-2 fault", code: "ld.d $zero, $t1, 0", exit: fault("PIL", 0x80000n, { at: "probe" }) },
];

for (const { what, code, exit } of BETWEEN) {
  Deno.test(
    `a guest's sc succeeds although ${what} left the guest after the ll`,
    guest({
      rule: "LVZ-LL-02",
      code: `
        start:  ll.d $a0, $t0, 0
        probe:  ${code}
        after:  sc.d $a1, $t0, 0
                hvcl 2`,
      set: { t0: 0x20000n, t1: 0x80000n, a1: 42 },
      events: what === "a host interrupt" ? [{ at: 500, lines: { IPI: true } }] : [],
      exits: [
        { ...exit, regs: { a0: 0 }, csr: { LLBCTL: { ROLLB: 1 } }, resume: { pc: "after" } },
        hvc(2, { regs: { a1: 1 }, memory: [{ at: 0x20000n, value: 42 }], csr: { LLBCTL: { ROLLB: 0 } } }),
      ],
    }),
  );
}

Deno.test(
  "a guest's sc succeeds although the host served a stage-2 refill after the ll",
  guest({
    rule: "LVZ-LL-02",
    code: `
      start:  ll.d $a0, $t0, 0
              ld.d $a2, $t1, 0
              sc.d $a1, $t0, 0
              hvcl 1`,
    set: { t0: 0x20000n, t1: 0x30000n, a1: 42 },
    exits: [hvc(1, {
      regs: { a0: 0, a1: 1, a2: 0 },
      refills: ["start", 0x20000n, 0x30000n],
      memory: [{ at: 0x20000n, value: 42 }],
    })],
  }),
);

for (const { klo, result, stored } of [{ klo: 0, result: 0, stored: 0 }, { klo: 1, result: 1, stored: 42 }]) {
  Deno.test(
    `ertn in the guest with GCSR.LLBCTL.KLO = ${klo} makes the sc after it ${
      result === 1 ? "succeed" : "fail"
    }`,
    guest({
      rule: "LVZ-LL-01",
      code: `
        start:   ll.d $a0, $t0, 0
                 ertn
        target:  sc.d $a1, $t0, 0
                 hvcl 1`,
      set: { t0: 0x20000n, a1: 42 },
      csr: { ERA: "target", LLBCTL: { KLO: klo } },
      exits: [hvc(1, {
        regs: { a0: 0, a1: result },
        csr: { LLBCTL: { KLO: 0, ROLLB: 0 } },
        otherCsrs: "any",
        memory: [{ at: 0x20000n, value: stored }],
      })],
    }),
  );
}

Deno.test(
  "the ertn of an entry uses up the host's LLBCTL.KLO and leaves the guest's KLO and LLbit alone",
  guest({
    rule: "LVZ-LL-01",
    code: `
      start:  ll.d $a0, $t0, 0
              hvcl 1
              sc.d $a1, $t0, 0
              hvcl 2`,
    set: { t0: 0x20000n, a1: 42 },
    csr: { LLBCTL: { KLO: 1 } },
    host: { LLBCTL: { KLO: 1 } },
    exits: [
      hvc(1, { regs: { a0: 0 }, csr: { LLBCTL: { KLO: 1, ROLLB: 1 } }, host: { LLBCTL: { KLO: 0 } } }),
      hvc(2, { regs: { a1: 1 }, csr: { LLBCTL: { KLO: 1 } }, memory: [{ at: 0x20000n, value: 42 }] }),
    ],
  }),
);

Deno.test(
  "a host that writes 1 to GCSR.LLBCTL.WCLLB makes the guest's next sc fail",
  guest({
    rule: "LVZ-LL-03",
    code: `
      start:  ll.d $a0, $t0, 0
              hvcl 1
              sc.d $a1, $t0, 0
              hvcl 2`,
    set: { t0: 0x20000n, a1: 42 },
    exits: [
      hvc(1, { regs: { a0: 0 }, csr: { LLBCTL: { ROLLB: 1 } }, set: { csr: { LLBCTL: { WCLLB: 1 } } } }),
      hvc(2, { regs: { a1: 0 }, memory: [{ at: 0x20000n, value: 0 }] }),
    ],
  }),
);

for (
  const { reading, result, stored } of [
    { reading: "kept", result: 1, stored: 42 },
    { reading: "cleared", result: 0, stored: 0 },
  ] as const
) {
  Deno.test(
    `with the LLbit ${reading} by the ertn of a refill, a guest's own refill makes the sc ${
      result === 1 ? "succeed" : "fail"
    }`,
    guest({
      rule: "LVZ-LL-04",
      choices: { llbitOnRefillErtn: reading },
      // The load's address is mapped by the guest's refill handler; everything else through the window.
      code: `
        start:   ll.d $a0, $t0, 0
                 ld.d $a2, $t1, 0
                 sc.d $a1, $t0, 0
                 hvcl 1
                 .balign 4096
        refill:  tlbfill
                 ertn`,
      set: { t0: 0x20000n, t1: 0xffff_ffff_8000_0000n, a1: 42 },
      csr: {
        CRMD: { DA: 0, PG: 1 },
        DMW0: { PLV0: 1, VSEG: 0 },
        TLBRENTRY: "refill",
        STLBPS: { PS: 14 },
        TLBREHI: { PS: 14 },
        TLBRELO0: { V: 1, D: 1, PPN: 0x30 },
        TLBRELO1: { V: 1, D: 1, PPN: 0x34 },
      },
      exits: [hvc(1, {
        regs: { a0: 0, a1: result, a2: 0 },
        otherCsrs: "any",
        memory: [{ at: 0x20000n, value: stored }],
      })],
    }),
  );
}

for (const reading of ["kept", "cleared"] as const) {
  Deno.test(
    `with the LLbit ${reading} by the ertn of a refill, the host's refill leaves the guest's LLbit`,
    guest({
      rule: "LVZ-LL-04",
      choices: { llbitOnRefillErtn: reading },
      code: `
        start:  ll.d $a0, $t0, 0
                ld.d $a2, $t1, 0
                sc.d $a1, $t0, 0
                hvcl 1`,
      set: { t0: 0x20000n, t1: 0x30000n, a1: 42 },
      exits: [hvc(1, { regs: { a0: 0, a1: 1, a2: 0 }, refills: ["start", 0x20000n, 0x30000n] })],
    }),
  );
}

// The host's LLbit ------------------------------------------------------------------------------------------------------------------------

for (const { klo, result } of [{ klo: 0, result: 0 }, { klo: 1, result: 1 }]) {
  Deno.test(
    `ertn of the host with LLBCTL.KLO = ${klo} makes the sc after it ${
      result === 1 ? "succeed" : "fail"
    }, and the guest's LLBCTL stays`,
    host({
      rule: "LVZ-LL-01",
      code: `
        start:   ll.d $a0, $t0, 0
                 ertn
        target:  sc.d $a1, $t0, 0`,
      set: { t0: 0x20000n, a1: 42 },
      csr: { ERA: "target", LLBCTL: { KLO: klo } },
      gcsr: { LLBCTL: { KLO: 1 } },
      expect: {
        regs: { a0: 0, a1: result },
        csr: { LLBCTL: { KLO: 0, ROLLB: 0 } },
        gcsr: { LLBCTL: { KLO: 1 } },
        memory: [{ at: 0x20000n, value: result * 42 }],
      },
    }),
  );
}

for (
  const { reading, result } of [{ reading: "kept", result: 1 }, { reading: "cleared", result: 0 }] as const
) {
  Deno.test(
    `with the LLbit ${reading} by the ertn of a refill, the host's own refill makes its sc ${
      result === 1 ? "succeed" : "fail"
    }`,
    host({
      rule: "LVZ-LL-04",
      choices: { llbitOnRefillErtn: reading },
      code: `
        start:   ll.d $a0, $t0, 0
                 ld.d $a2, $t1, 0
                 sc.d $a1, $t0, 0
                 b    end
                 .balign 4096
        refill:  tlbfill
                 ertn
        end:`,
      set: { t0: 0x20000n, t1: 0xffff_ffff_8000_0000n, a1: 42 },
      csr: {
        CRMD: { DA: 0, PG: 1 },
        DMW0: { PLV0: 1, VSEG: 0 },
        TLBRENTRY: "refill",
        STLBPS: { PS: 14 },
        TLBREHI: { PS: 14 },
        TLBRELO0: { V: 1, D: 1, PPN: 0x30 },
        TLBRELO1: { V: 1, D: 1, PPN: 0x34 },
      },
      expect: { regs: { a0: 0, a1: result, a2: 0 }, otherCsrs: "any" },
    }),
  );
}

for (const { klo, result } of [{ klo: 0, result: 0 }, { klo: 1, result: 1 }]) {
  Deno.test(
    `a stay in the guest makes the host's sc ${
      result === 1 ? "succeed" : "fail"
    } with the host's KLO = ${klo}, whatever the guest does with ll and sc`,
    host({
      rule: "LVZ-LL-01",
      // The guest runs in pages of 64 KiB that lead to the same physical addresses.
      code: `
        start:  tlbwr
                ll.d  $a0, $t0, 0
                ertn
        guest:  ll.d  $a2, $t0, 8
                sc.d  $a3, $t0, 8
                hvcl  1
                .balign 4096
        exit:   sc.d  $a1, $t0, 0`,
      set: { t0: 0x18000n, a1: 42, a3: 43 },
      csr: {
        ERA: "guest",
        EENTRY: "exit",
        GSTAT: { PVM: 1, GID: 1 },
        GTLBC: { USETGID: 1, TGID: 1 },
        TLBIDX: { Index: 2048, PS: 16 },
        TLBEHI: 0,
        TLBELO1: { V: 1, D: 1, PPN: 0x10 },
        STLBPS: { PS: 14 },
        LLBCTL: { KLO: klo },
      },
      expect: {
        regs: { a0: 0, a1: result, a2: 0, a3: 1 },
        otherCsrs: "any",
        memory: [{ at: 0x18000n, value: result * 42 }, { at: 0x18008n, value: 43 }],
      },
    }),
  );
}
