/**
 * Guest entry: what the ertn that enters a guest takes from the host, what it leaves to the guest's own registers, and the LLbits on both
 * sides of the switch.
 *
 * A failure here means that guests start at the wrong place, at the wrong privilege level or with interrupts of the wrong side, usually long
 * before anything visible goes wrong. Most of these show up in a hypervisor as "the guest runs, but only until the second entry".
 */
import { gspr, guest, hvc, interrupt, refill } from "../dsl/mod.ts";

// Where the guest starts, and in which mode -----------------------------------------------------------------------------------------------

Deno.test(
  "a guest starts at the host's ERA and not at its own, which stays as it was",
  guest({
    rule: "LVZ-ENTRY-04",
    code: `
      start:  hvcl 1
      decoy:  hvcl 2
      again:  csrrd $a0, ERA
              hvcl 3`,
    csr: { ERA: "decoy" },
    exits: [
      hvc(1, { at: "start", csr: { ERA: "decoy" }, resume: { pc: "again" } }),
      hvc(3, { regs: { a0: "decoy" } }),
    ],
  }),
);

for (const plv of [0, 1, 2, 3]) {
  for (const pplv of [0, 3]) {
    Deno.test(
      `a guest with GCSR.CRMD.PLV = ${plv} runs at PLV${plv} although the host's PRMD.PPLV is ${pplv}`,
      guest({
        rule: "LVZ-ENTRY-05",
        // The guest's own exception records the level at which it ran.
        code: `
          start:    syscall 0
                    .balign 4096
          handler:  csrrd   $a0, PRMD
                    andi    $a0, $a0, 3
                    hvcl    1`,
        csr: { CRMD: { PLV: plv }, EENTRY: "handler" },
        // KVM writes PRMD before each entry, so that there the row shows the guest's side only.
        host: { PRMD: { PPLV: pplv, PIE: 1 } },
        exits: [hvc(1, {
          regs: { a0: plv },
          csr: { CRMD: { PLV: 0 }, PRMD: { PPLV: plv }, ERA: "start", ESTAT: { Ecode: 11 } },
          otherCsrs: "any",
        })],
      }),
    );
  }
}

for (
  const prmd of [{ PPLV: 0, PIE: 1, PWE: 0 }, { PPLV: 3, PIE: 1, PWE: 1 }, { PPLV: 1, PIE: 0, PWE: 1 }, {
    PPLV: 2,
    PIE: 0,
    PWE: 0,
  }]
) {
  const { PPLV, PIE, PWE } = prmd;
  Deno.test(
    `entry with PRMD.PPLV = ${PPLV}, PIE = ${PIE}, PWE = ${PWE} loads the host's CRMD with them: the exit puts the same back`,
    guest({
      rule: ["LVZ-ENTRY-03", "LVZ-EXIT-01"],
      // KVM writes PRMD = 4 before every entry.
      switches: ["arceos"],
      code: `
        start:  hvcl 1
        after:  hvcl 2`,
      host: { PRMD: prmd },
      exits: [
        hvc(1, { at: "start", host: { PRMD: prmd, CRMD: { PLV: 0, IE: 0, WE: 0 } } }),
        hvc(2, { at: "after", host: { PRMD: prmd, CRMD: { PLV: 0, IE: 0, WE: 0 } } }),
      ],
    }),
  );
}

Deno.test(
  "an exit saves the host's mode in the host's PRMD, not that of a guest at PLV3 with interrupts and watchpoints on",
  guest({
    rule: "LVZ-EXIT-01",
    code: `
      start:  cpucfg $a0, $zero
              nop`,
    csr: { CRMD: { PLV: 3, IE: 1, WE: 1 } },
    exits: [gspr({
      at: "start",
      csr: { CRMD: { PLV: 3, IE: 1, WE: 1 } },
      host: { PRMD: { PPLV: 0, PIE: 1, PWE: 0 }, CRMD: { PLV: 0, IE: 0, WE: 0 } },
    })],
  }),
);

Deno.test(
  "a host that enters with PRMD = 4 finds PRMD = 4 after every exit, without writing it again",
  guest({
    rule: "LVZ-EXIT-02",
    code: `
      first:   hvcl   1
      second:  cpucfg $a0, $zero
      third:   hvcl   3`,
    exits: [
      hvc(1, { host: { PRMD: 4 } }),
      gspr({ at: "second", host: { PRMD: 4 } }),
      hvc(3, { host: { PRMD: 4 } }),
    ],
  }),
);

// GSTAT.PVM -------------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "GSTAT.PVM reads 1 and GSTAT.VM reads 0 after each of several exits",
  guest({
    rule: "LVZ-EXIT-03",
    code: `
      first:   hvcl   1
      second:  cpucfg $a0, $zero
      third:   ld.d   $a0, $t0, 0
               hvcl   4`,
    set: { t0: 0x20000n },
    exits: [
      hvc(1, { host: { GSTAT: { PVM: 1, VM: 0 } } }),
      gspr({ at: "second", host: { GSTAT: { PVM: 1, VM: 0 } } }),
      // A stage-2 refill was served in between.
      hvc(4, { regs: { a0: 0 }, refills: [0x20000n], host: { GSTAT: { PVM: 1, VM: 0 } } }),
    ],
  }),
);

Deno.test(
  "a host that sets GSTAT.PVM once can enter the guest again and again",
  guest({
    rule: "LVZ-EXIT-03",
    // KVM sets the bit before each entry.
    switches: ["arceos"],
    code: `
      loop:  hvcl 1
             b    loop`,
    exits: Array.from({ length: 5 }, () => hvc(1, { at: "loop" })),
    runsOn: false,
  }),
);

Deno.test(
  "between two entries no instruction of a host with GSTAT.PVM = 1 enters the guest but ertn",
  guest({
    rule: "LVZ-ENTRY-01",
    // KVM clears PVM at once. The bench refuses every host instruction that finds itself in guest mode.
    switches: ["arceos"],
    code: `
      start:  hvcl 1
      after:  hvcl 2`,
    exits: [
      hvc(1, { at: "start", host: { GSTAT: { PVM: 1 } }, rebind: true }),
      hvc(2, { at: "after" }),
    ],
  }),
);

Deno.test(
  "GSTAT.PVM is still 1 when a stage-2 refill leaves the guest",
  guest({
    rule: ["LVZ-ENTRY-06", "LVZ-EXIT-20"],
    // KVM's refill handler never shows a refill to the hypervisor.
    switches: ["arceos"],
    code: `
      start:  ld.d $a0, $t0, 0`,
    set: { t0: 0x1000_0000n },
    exits: [refill(0x1000_0000n, { at: "start", host: { GSTAT: { PVM: 1, VM: 0 } } })],
  }),
);

// Return out of a refill handler ----------------------------------------------------------------------------------------------------------

Deno.test(
  "a stage-2 refill returns to the instruction that missed, in guest mode, with the host's CRMD as before",
  guest({
    rule: "LVZ-ENTRY-07",
    code: `
      start:  hvcl 1
              ld.d $a0, $t0, 8
              hvcl 2`,
    set: { t0: 0x20000n },
    exits: [
      hvc(1, {
        at: "start",
        refills: ["start"],
        host: { CRMD: { DA: 0, PG: 1 }, PRMD: { PPLV: 0, PIE: 1, PWE: 0 } },
      }),
      hvc(2, {
        regs: { a0: 0 },
        refills: [0x20008n],
        host: { CRMD: { DA: 0, PG: 1 }, PRMD: { PPLV: 0, PIE: 1, PWE: 0 }, TLBRERA: { IsTLBR: 0 } },
      }),
    ],
  }),
);

for (
  const { PPLV, PIE, PWE } of [{ PPLV: 0, PIE: 0, PWE: 0 }, { PPLV: 3, PIE: 0, PWE: 1 }, {
    PPLV: 1,
    PIE: 1,
    PWE: 0,
  }]
) {
  Deno.test(
    `ertn with TLBRERA.IsTLBR = 1 enters at TLBRERA and loads PLV ${PPLV}, IE ${PIE}, WE ${PWE} from TLBRPRMD`,
    guest({
      rule: ["LVZ-ENTRY-02", "LVZ-ENTRY-07"],
      // loongarch_vcpu clears IsTLBR before it enters.
      switches: ["kvm"],
      code: `
        start:  hvcl 1
        other:  hvcl 2`,
      host: { TLBRERA: "other+1", TLBRPRMD: { PGM: 1, PPLV, PIE, PWE } },
      exits: [hvc(2, {
        at: "other",
        host: {
          TLBRERA: { IsTLBR: 0 },
          PRMD: { PPLV, PIE, PWE },
          CRMD: { PLV: 0, IE: 0, WE: 0, DA: 0, PG: 1 },
        },
      })],
    }),
  );
}

// ertn in the guest -----------------------------------------------------------------------------------------------------------------------

for (
  const { PPLV, PIE, PWE } of [{ PPLV: 0, PIE: 1, PWE: 1 }, { PPLV: 3, PIE: 0, PWE: 1 }, {
    PPLV: 2,
    PIE: 1,
    PWE: 0,
  }]
) {
  Deno.test(
    `ertn in the guest goes to GCSR.ERA at PLV${PPLV} with IE = ${PIE}, WE = ${PWE} and stays in the guest`,
    guest({
      rule: "LVZ-ENTRY-11",
      code: `
        start:   ertn
                 hvcl   1
        target:  cpucfg $a0, $zero
                 nop`,
      csr: { ERA: "target", PRMD: { PPLV, PIE, PWE }, CRMD: { PLV: 0, IE: 0 } },
      exits: [gspr({ at: "target", csr: { CRMD: { PLV: PPLV, IE: PIE, WE: PWE, DA: 1, PG: 0 } } })],
    }),
  );
}

Deno.test(
  "ertn in the guest with GCSR.TLBRERA.IsTLBR = 1 goes to GCSR.TLBRERA in mapped mode and not to GCSR.ERA",
  guest({
    rule: "LVZ-ENTRY-11",
    code: `
      start:   ertn
      decoy:   hvcl   1
      target:  cpucfg $a0, $zero
               nop`,
    csr: {
      ERA: "decoy",
      PRMD: { PPLV: 0 },
      TLBRERA: "target+1",
      TLBRPRMD: { PPLV: 3, PIE: 1, PWE: 1 },
      // Windows for the code, which runs in mapped mode after the return.
      DMW0: { PLV0: 1, PLV3: 1, VSEG: 0 },
    },
    exits: [gspr({
      at: "target",
      csr: { CRMD: { PLV: 3, IE: 1, WE: 1, DA: 0, PG: 1 }, TLBRERA: "target" },
    })],
  }),
);

// Translation at entry --------------------------------------------------------------------------------------------------------------------

Deno.test(
  "entry and exit leave the host's CRMD.DA and PG alone, and the guest does not notice them",
  guest({
    rule: ["LVZ-ENTRY-12", "LVZ-MMU-02"],
    code: `
      start:  st.d $a1, $t0, 0
              hvcl 1
              ld.d $a0, $t0, 0
              hvcl 2
              ld.d $a2, $t0, 0
              hvcl 3`,
    set: { t0: 0x20000n, a1: 77 },
    exits: [
      // Everything is in the TLB from here, so that no refill handler's ertn changes the host's mode.
      hvc(1, { host: { CRMD: { DA: 0, PG: 1 } }, set: { host: { CRMD: { DA: 1, PG: 0 } } } }),
      hvc(2, {
        regs: { a0: 77 },
        refills: [],
        host: { CRMD: { DA: 1, PG: 0 } },
        set: { host: { CRMD: { DA: 0, PG: 1 } } },
      }),
      hvc(3, { regs: { a2: 77 }, refills: [], host: { CRMD: { DA: 0, PG: 1 } } }),
    ],
  }),
);

Deno.test(
  "a guest is entered in direct mode",
  guest({
    rule: "LVZ-MMU-03",
    code: `
      start:  ld.d $a0, $a1, 0
              hvcl 1
              .data
      value:  .dword 0x1122334455667788`,
    set: { a1: "value" },
    exits: [hvc(1, { regs: { a0: 0x1122334455667788n }, csr: { CRMD: { DA: 1, PG: 0 } } })],
  }),
);

Deno.test(
  "a guest is entered in mapped mode and runs through a direct mapping window",
  guest({
    rule: "LVZ-MMU-03",
    code: `
      start:  ld.d $a0, $a1, 0
              hvcl 1
              .data
      value:  .dword 0x1122334455667788`,
    set: { a1: "value" },
    csr: { CRMD: { DA: 0, PG: 1 }, DMW0: { PLV0: 1, VSEG: 0 } },
    exits: [hvc(1, { at: "start+4", regs: { a0: 0x1122334455667788n } })],
  }),
);

Deno.test(
  "a guest is entered in mapped mode and runs through its own TLB entry, without window or refill",
  guest({
    rule: "LVZ-MMU-03",
    // The first stay fills the entry: 0x80000000 leads to the guest's code at 0x10000.
    code: `
      start:   tlbfill
               hvcl 1
      mapped:  hvcl 2
               nop`,
    csr: {
      STLBPS: { PS: 16 },
      TLBIDX: { PS: 16 },
      TLBEHI: 0x8001_0000n,
      TLBELO0: { V: 1, D: 1, PPN: 0x0 },
      TLBELO1: { V: 1, D: 1, PPN: 0x10 },
    },
    exits: [
      hvc(1, { set: { csr: { CRMD: { DA: 0, PG: 1 } } }, resume: { pc: "mapped+0x80000000" } }),
      hvc(2, { at: "mapped+0x80000000", badi: "hvcl 2", csr: { CRMD: { DA: 0, PG: 1 } } }),
    ],
  }),
);

// Interrupts at entry ---------------------------------------------------------------------------------------------------------------------

for (const plv of [0, 3]) {
  for (const ie of [0, 1]) {
    for (const line of ["IPI", "HWI0", "HWI7"]) {
      Deno.test(
        `${line} of the host, pending at an entry of a guest at PLV${plv} with IE = ${ie}, exits before the guest's first instruction`,
        guest({
          rule: "LVZ-ENTRY-13",
          code: `
            start:  addi.d $a0, $zero, 1
            probe:  cpucfg $a1, $zero
                    nop`,
          csr: { CRMD: { PLV: plv, IE: ie } },
          // Both switches take all lines themselves here.
          host: { ECFG: { LIE: 0x13fc }, GINTC: { PIP: 0 } },
          lines: { [line]: true },
          exits: [
            // Not even the first fetch has happened.
            interrupt(line, { at: "start", refills: [], lines: { [line]: false } }),
            gspr({ at: "probe", regs: { a0: 1 } }),
          ],
        }),
      );
    }
  }
}

Deno.test(
  "a host interrupt that is pending at entry but not enabled in ECFG does not exit",
  guest({
    rule: "LVZ-ENTRY-13",
    code: `
      start:  hvcl 1`,
    host: { ECFG: { LIE: 0 }, GINTC: { PIP: 0 } },
    lines: { HWI2: true, IPI: true },
    exits: [hvc(1, { at: "start", host: { ESTAT: { IS: 0x1010 } } })],
  }),
);

for (
  const { name, number } of [{ name: "SWI0", number: 0 }, { name: "HWI3", number: 5 }, {
    name: "TI",
    number: 11,
  }, { name: "IPI", number: 12 }]
) {
  for (const vs of [0, 3]) {
    Deno.test(
      `guest interrupt ${name}, pending at entry and enabled, is taken by the guest before its first instruction, with ECFG.VS = ${vs}`,
      guest({
        rule: "LVZ-ENTRY-14",
        code: `
          start:    addi.d $a0, $zero, 1
                    nop
                    .balign 4096
          vectors:  .space ${vs === 0 ? 0 : (64 + number) * 4 * 2 ** vs}
          handler:  hvcl   1
                    nop`,
        csr: { CRMD: { PLV: 3, IE: 1 }, ECFG: { LIE: 1 << number, VS: vs }, EENTRY: "vectors" },
        inject: name,
        exits: [hvc(1, {
          at: "handler",
          csr: {
            CRMD: { PLV: 0, IE: 0 },
            PRMD: { PPLV: 3, PIE: 1 },
            ERA: "start",
            ESTAT: { IS: 1 << number, Ecode: 0 },
          },
        })],
      }),
    );
  }
}

Deno.test(
  "a guest interrupt that is pending at entry with GCSR.CRMD.IE = 0 waits until the guest enables it",
  guest({
    rule: "LVZ-ENTRY-14",
    code: `
      start:    ori     $t0, $zero, 4
                csrxchg $t0, $t0, CRMD
      late:     nop
                .balign 4096
      handler:  hvcl    1
                nop`,
    csr: { CRMD: { IE: 0 }, ECFG: { LIE: 4 }, EENTRY: "handler" },
    inject: "HWI0",
    exits: [hvc(1, { at: "handler", regs: { t0: 8 }, csr: { ERA: "late" }, otherCsrs: "any" })],
  }),
);

Deno.test(
  "with host and guest interrupts both pending at entry the host's exits first and the guest's waits for the next entry",
  guest({
    rule: "LVZ-ENTRY-15",
    code: `
      start:    addi.d $a0, $zero, 1
                .balign 4096
      handler:  hvcl   1
                nop`,
    csr: { CRMD: { IE: 1 }, ECFG: { LIE: 1 }, EENTRY: "handler" },
    inject: "SWI0",
    lines: { IPI: true },
    exits: [
      interrupt("IPI", { at: "start", csr: { ESTAT: { IS: 1 } }, lines: { IPI: false } }),
      hvc(1, { at: "handler", csr: { ERA: "start", ESTAT: { IS: 1 } }, otherCsrs: "any" }),
    ],
  }),
);

// What entry leaves alone -----------------------------------------------------------------------------------------------------------------

Deno.test(
  "entry keeps the TLB: what was translated before an exit needs no refill after it",
  guest({
    rule: "LVZ-ENTRY-16",
    code: `
      start:  ld.d $a0, $t0, 0
              hvcl 1
              ld.d $a1, $t0, 8
              hvcl 2`,
    set: { t0: 0x20000n },
    exits: [
      hvc(1, { regs: { a0: 0 }, refills: ["start", 0x20000n] }),
      hvc(2, { regs: { a1: 0 }, refills: [], host: { ASID: { ASID: 0x155 } } }),
    ],
  }),
);

Deno.test(
  "entry keeps the stable counter: time that passes in the host passes for the guest, no more and no less",
  guest({
    rule: "LVZ-ENTRY-16",
    code: `
      start:  rdtime.d $t0, $zero
              hvcl     1
              rdtime.d $t1, $zero
              sub.d    $t2, $t1, $t0
              li.d     $t0, 1000000
              sltu     $a0, $t2, $t0
              li.d     $t0, 1010000
              sltu     $a1, $t2, $t0
              hvcl     2`,
    exits: [
      hvc(1, { otherRegs: "any", advance: 1_000_000 }),
      // The switches' own instructions take a few hundred ticks.
      hvc(2, { regs: { a0: 0, a1: 1 }, otherRegs: "any" }),
    ],
  }),
);

// Where exits arrive ----------------------------------------------------------------------------------------------------------------------

for (
  const { vs, gsprOffset, hvcOffset } of [
    { vs: 0, gsprOffset: "0", hvcOffset: "0" },
    { vs: 5, gsprOffset: "0xb00", hvcOffset: "0xb80" },
    { vs: 6, gsprOffset: "0x1600", hvcOffset: "0x1700" },
  ]
) {
  Deno.test(
    `with ECFG.VS = ${vs} GSPR arrives at EENTRY | ${gsprOffset} and HVC at EENTRY | ${hvcOffset}`,
    guest({
      rule: "LVZ-EXIT-06",
      // KVM sets VS = 0 itself. The vector of every exit is compared without being asked.
      switches: ["arceos"],
      code: `
        probe:  cpucfg $a0, $zero
        after:  hvcl   1`,
      host: { ECFG: { VS: vs } },
      exits: [gspr({ at: "probe", host: { ECFG: { VS: vs } } }), hvc(1, { at: "after" })],
    }),
  );
}

for (
  const { pending, offset } of [
    { pending: ["HWI0"], offset: "0x2100" },
    { pending: ["HWI0", "HWI7"], offset: "0x2480" },
    { pending: ["HWI0", "HWI7", "IPI"], offset: "0x2600" },
  ]
) {
  Deno.test(
    `with ECFG.VS = 5 and ${pending.join(", ")} pending an interrupt arrives at EENTRY | ${offset}`,
    guest({
      rule: "LVZ-EXIT-06",
      switches: ["arceos"],
      code: `
        probe:  b probe`,
      host: { ECFG: { LIE: 0x13fc }, GINTC: { PIP: 0 } },
      events: [{ at: 20, lines: Object.fromEntries(pending.map((line) => [line, true])) }],
      exits: [interrupt(pending, { at: "probe" })],
    }),
  );
}
