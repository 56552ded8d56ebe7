/**
 * Exceptions and returns of the host itself on a machine with LVZ: what they do to GSTAT.PVM, which world an ertn returns to, TLB refills and
 * machine errors in the host, and the host's own LLbit and timer.
 *
 * A failure here means that a host which takes an exception between two runs of a guest ends up inside the guest, or a guest's exit in the
 * wrong handler. It shows rarely and looks like a lost interrupt or a jump to nowhere.
 *
 * A case that expects `refill` at a label has entered guest mode there: no guest page is mapped, so that the first fetch exits.
 */
import { type Csrs, host } from "../../dsl/mod.ts";

// Mapped mode: a window for code at the bottom of the address space; DATA lies above it and needs the TLB.
const MAPPED = { CRMD: { DA: 0, PG: 1 }, DMW0: 0x1 };
const DATA = -0x8000_0000_0000n + 0x2000n;
/** As KVM leaves it while the host runs: TLB instructions mean the host. */
const OWN_TLB = { GTLBC: { USETGID: 1, TGID: 0 } };
/** Between two runs of a guest. */
const AFTER_AN_EXIT = { GSTAT: { PVM: 1, GID: 3 } };

// General exceptions with PVM = 1 -----------------------------------------------------------------------------------------------------------

interface Exception {
  readonly name: string;
  readonly code: string;
  readonly ecode: number;
  readonly csr?: Csrs;
  readonly before?: string;
}

const EXCEPTIONS: readonly Exception[] = [
  { name: "SYS", code: "syscall 0", ecode: 11 },
  { name: "BRK", code: "break 0", ecode: 12 },
  { name: "INE", code: ".word 0xffffffff", ecode: 13 },
  { name: "IPE", code: "csrrd $t1, CRMD", ecode: 14, csr: { CRMD: { PLV: 3 } } },
  { name: "ALE", code: "ll.w $t1, $t6, 0", ecode: 9 },
  { name: "BCE", code: "asrtgt.d $zero, $t6", ecode: 10 },
  { name: "ADEM", code: "ld.d $t1, $t7, 0", ecode: 8, csr: MAPPED },
  {
    name: "PIL",
    code: "ld.d $t1, $t8, 0",
    ecode: 1,
    csr: { ...MAPPED, TLBIDX: { Index: 2048, PS: 12 }, TLBEHI: DATA },
    before: "tlbwr",
  },
];

/** Leaves GSTAT in a0 and Ecode in a1, and returns behind the instruction. */
const SKIP = `
            .balign 4096
  handler:  csrrd   $a0, GSTAT
            csrrd   $a1, ESTAT
            bstrpick.d $a1, $a1, 21, 16
            csrrd   $a2, ERA
            addi.d  $a2, $a2, 4
            csrwr   $a2, ERA
            ertn
`;

for (const { name, code, ecode, csr, before = "" } of EXCEPTIONS) {
  const c = {
    rule: "LVZ-EXIT-04",
    csr: { EENTRY: "handler", ...AFTER_AN_EXIT, ...OWN_TLB, ...csr },
    // t6 is not aligned, t7 no canonical address.
    set: { t6: 0x2_0002, t7: 0x4000_0000_0000_0000n, t8: DATA },
    code: `
              ${before}
      probe:  ${code}
      after:  b end
              ${SKIP}
      end:
    `,
  } as const;
  const expect = { otherRegs: "any", otherCsrs: "any" } as const;
  Deno.test(
    `${name} in the host with PVM = 1 clears PVM, and the handler's ertn stays in the host`,
    host({
      ...c,
      expect: { ...expect, regs: { a0: 0x3_0080, a1: ecode }, csr: { GSTAT: { PVM: 0, GID: 3 } } },
    }),
  );
  Deno.test(
    `${name} in the host with PVM = 1 leaves PVM, and the handler's ertn enters the guest, if PVM is kept`,
    host({
      ...c,
      choices: { pvmAtHostException: "kept" },
      expect: {
        ...expect,
        ends: "refill",
        at: "after",
        regs: { a0: 0x3_0082, a1: ecode },
        csr: { GSTAT: { PVM: 1, GID: 3 }, TLBRPRMD: { PGM: 1 } },
      },
    }),
  );
}

for (const { reading, pvm } of [{ reading: "records-vm", pvm: 0 }, { reading: "kept", pvm: 1 }] as const) {
  Deno.test(
    `an interrupt of the host with PVM = 1 leaves PVM = ${pvm} with the reading "${reading}"`,
    host({
      rule: "LVZ-EXIT-04",
      choices: { pvmAtHostException: reading },
      csr: { EENTRY: "handler", ECFG: { LIE: 2 }, CRMD: { IE: 1 }, ...AFTER_AN_EXIT },
      set: { t0: 2 },
      code: `
                  csrxchg $t0, $t0, ESTAT
        after:    b       after
                  .balign 4096
        handler:  csrrd   $a0, GSTAT
        end:
      `,
      expect: {
        regs: { a0: 0x3_0080 | pvm << 1 },
        otherRegs: "any",
        csr: { ERA: "after", GSTAT: { PVM: pvm, GID: 3 }, PRMD: { PIE: 1 } },
        otherCsrs: "any",
      },
    }),
  );
}

Deno.test(
  "an exception in the host with PVM = 0 leaves PVM = 0",
  host({
    rule: "LVZ-EXIT-04",
    csr: { GSTAT: { PVM: 0, GID: 3 } },
    code: "probe: syscall 1",
    expect: { ends: "SYS", at: "probe", csr: { GSTAT: { PVM: 0, GID: 3 } } },
  }),
);

// Where ertn goes ---------------------------------------------------------------------------------------------------------------------------

for (
  const prmd of [
    { PPLV: 0, PIE: 0, PWE: 0 },
    { PPLV: 1, PIE: 1, PWE: 0 },
    { PPLV: 2, PIE: 0, PWE: 1 },
    { PPLV: 3, PIE: 1, PWE: 1 },
  ]
) {
  Deno.test(
    `ertn with PVM = 0 and PRMD ${JSON.stringify(prmd)} stays in the host and takes the mode from PRMD`,
    host({
      rule: "LVZ-ENTRY-10",
      csr: { GSTAT: { PVM: 0, GID: 3 }, PRMD: prmd, ERA: "end" },
      // The guest's own return address and mode say something else.
      gcsr: { ERA: "wrong", PRMD: 0xf, CRMD: { PLV: 3 } },
      code: `
                ertn
        wrong:  nop
                nop
        end:
      `,
      expect: { csr: { CRMD: { PLV: prmd.PPLV, IE: prmd.PIE, WE: prmd.PWE, DA: 1, PG: 0 }, PRMD: prmd } },
    }),
  );
}

for (const isTlbr of [0, 1]) {
  for (const pgm of [0, 1]) {
    for (const pvm of [0, 1]) {
      const enters = isTlbr === 1 ? pgm === 1 : pvm === 1;
      const to = isTlbr === 1 ? "refilled" : "general";
      Deno.test(
        `ertn with IsTLBR = ${isTlbr}, TLBRPRMD.PGM = ${pgm} and PVM = ${pvm} goes to ${
          isTlbr === 1 ? "TLBRERA" : "ERA"
        } in the ${enters ? "guest" : "host"}`,
        host({
          rule: isTlbr === 1 ? "LVZ-ENTRY-08" : "LVZ-ENTRY-02",
          csr: {
            GSTAT: { PVM: pvm, GID: 3 },
            TLBRPRMD: { PGM: pgm },
            ERA: "general",
            TLBRERA: isTlbr === 1 ? "refilled+1" : "refilled",
            // The return from refill goes to mapped mode.
            DMW0: 1,
          },
          code: `
                      ertn
            general:  li.w $a0, 1
                      b    end
            refilled: li.w $a0, 2
            end:
          `,
          expect: {
            ...(enters
              ? { ends: "refill", at: to, csr: { TLBRPRMD: { PGM: 1 }, GSTAT: { PVM: pvm, GID: 3 } } }
              : { regs: { a0: isTlbr + 1 }, csr: { GSTAT: { PVM: pvm, GID: 3 }, TLBRPRMD: { PGM: pgm } } }),
            otherCsrs: isTlbr === 1 || enters ? "any" : "unchanged",
          },
        }),
      );
    }
  }
}

Deno.test(
  "ertn from debug mode returns to DERA in the host, and uses neither PVM nor IsTLBR",
  host({
    rule: "LVZ-ENTRY-02",
    csr: { ...AFTER_AN_EXIT, EENTRY: "handler", ERA: "wrong", TLBRERA: "wrong+1", TLBRPRMD: { PGM: 1 } },
    // Where in the page debug mode is entered is not documented.
    code: `
              la.local $t0, back
              dbcl     0
      wrong:  b        wrong
              .balign  4096
      handler:
              .fill    1023, 4, 0x03400000
              csrwr    $t0, DERA
              ertn
      back:
      end:
    `,
    expect: {
      otherRegs: "any",
      csr: { GSTAT: { PVM: 1, GID: 3 }, TLBRERA: { IsTLBR: 1 } },
      otherCsrs: "any",
    },
  }),
);

// TLB refills in the host -------------------------------------------------------------------------------------------------------------------

/** Maps DATA onto the label `data` and returns; leaves GSTAT in a1, TLBRPRMD in a2 and CRMD in a3. */
const REFILL = `
            .balign  4096
  refill:   csrrd    $a1, GSTAT
            csrrd    $a2, TLBRPRMD
            csrrd    $a3, CRMD
            li.w     $t1, 12
            li.w     $t2, 0x3f
            csrxchg  $t1, $t2, TLBREHI
            la.local $t1, data
            ori      $t1, $t1, 0x13
            move     $t2, $t1
            csrwr    $t1, TLBRELO0
            csrwr    $t2, TLBRELO1
            tlbfill
            ertn
            .balign  4096
  data:     .dword   0x1122334455667788
`;

for (const pvm of [0, 1]) {
  Deno.test(
    `a TLB refill of the host with PVM = ${pvm} returns to the host, and PVM stays`,
    host({
      rule: "LVZ-ENTRY-08",
      csr: { ...MAPPED, ...OWN_TLB, TLBRENTRY: "refill", GSTAT: { PVM: pvm, GID: 3 } },
      set: { t0: DATA },
      code: `
                ld.d $a0, $t0, 0
                b    end
                ${REFILL}
        end:
      `,
      expect: {
        regs: { a0: 0x1122_3344_5566_7788n, a1: 0x3_0080 | pvm << 1, a2: 0, a3: 0x8 },
        otherRegs: "any",
        csr: { GSTAT: { PVM: pvm, GID: 3 }, CRMD: { DA: 0, PG: 1 } },
        otherCsrs: "any",
      },
    }),
  );
}

Deno.test(
  "a TLB refill of the host with PVM = 1 and USETGID = 0 fills for the guest, so that the host misses again",
  host({
    rule: ["LVZ-TLB-04", "LVZ-TLB-05"],
    csr: { ...MAPPED, TLBRENTRY: "count", GSTAT: { PVM: 1, GID: 3 } },
    set: { t0: DATA, a4: 0, t5: 2 },
    code: `
              ld.d   $a0, $t0, 0
              b      end
              .balign 4096
      count:  addi.d $a4, $a4, 1
              bne    $a4, $t5, refill
      end:    .balign 4096
              ${REFILL}
    `,
    expect: { regs: { a4: 2, a1: 0x3_0082 }, otherRegs: "any", otherCsrs: "any" },
  }),
);

Deno.test(
  "a TLB refill leaves Ecode and EsubCode of an earlier exception, ERA, PRMD, BADV and BADI",
  host({
    rule: "LVZ-EXIT-19",
    csr: { ...MAPPED, EENTRY: "handler", BADV: 0x1234, PRMD: 0xa },
    set: { t0: DATA, t1: 0x4000_0000_0000_0000n },
    code: `
      first:    ld.d    $a0, $t1, 0         # ADEM: Ecode 8, EsubCode 1
                .balign 4096
      handler:  csrrd   $a1, ESTAT
                csrrd   $a2, BADI
                csrrd   $a3, PRMD
      probe:    ld.d    $a0, $t0, 0
    `,
    expect: {
      ends: "refill",
      at: "probe",
      regs: { a1: 0x48_0000, a3: 0 },
      otherRegs: "any",
      csr: {
        ESTAT: { Ecode: 8, EsubCode: 1 },
        ERA: "first",
        BADV: 0x4000_0000_0000_0000n,
        PRMD: 0,
        BADI: 0x28c001a4,
        TLBRBADV: DATA,
        TLBREHI: DATA,
        TLBRPRMD: 0,
      },
      otherCsrs: "any",
    },
  }),
);

for (
  const { plv, ie, we } of [{ plv: 0, ie: 1, we: 0 }, { plv: 0, ie: 0, we: 1 }, { plv: 3, ie: 1, we: 1 }]
) {
  Deno.test(
    `a TLB refill of the host at PLV${plv} with IE = ${ie} and WE = ${we} records these and PGM = 0`,
    host({
      rule: "LVZ-ENTRY-08",
      csr: {
        CRMD: { PLV: plv, IE: ie, WE: we, DA: 0, PG: 1 },
        DMW0: 0x9,
        ...AFTER_AN_EXIT,
        // A guest's exit left its mark.
        TLBRPRMD: { PGM: 1 },
      },
      set: { t0: DATA },
      code: "probe: ld.d $a0, $t0, 0",
      expect: {
        ends: "refill",
        at: "probe",
        csr: { TLBRPRMD: { PPLV: plv, PIE: ie, PGM: 0, PWE: we }, CRMD: 0x8, GSTAT: { PVM: 1, GID: 3 } },
      },
    }),
  );
}

Deno.test(
  "a host that leaves its refill handler without ertn runs in direct mode, and its next ertn returns to TLBRERA",
  host({
    rule: "LVZ-EXIT-21",
    csr: { ...MAPPED, ...OWN_TLB, TLBRENTRY: "refill", ERA: "wrong", ...AFTER_AN_EXIT },
    set: { t0: DATA, s0: 0 },
    code: `
      probe:  addi.d  $s0, $s0, 1
              ld.d    $a0, $t0, 0
              b       end
      wrong:  b       wrong
      on:     csrrd   $a1, CRMD
              csrrd   $a2, TLBRERA
              la.local $t1, probe
              addi.d  $t1, $t1, 5
              xor     $a2, $a2, $t1       # the load, and IsTLBR
              la.local $t1, end
              addi.d  $t1, $t1, 1
              csrwr   $t1, TLBRERA
              ertn
              .balign 4096
      refill: b       on
      end:
    `,
    expect: {
      regs: { s0: 1, a1: 0x8, a2: 0 },
      otherRegs: "any",
      csr: { TLBRERA: "end", CRMD: { DA: 0, PG: 1 }, GSTAT: { PVM: 1, GID: 3 } },
      otherCsrs: "any",
    },
  }),
);

Deno.test(
  "once software cleared IsTLBR, ertn is a general return again: to ERA, with the translation mode as it is",
  host({
    rule: "LVZ-EXIT-21",
    csr: { ...MAPPED, TLBRENTRY: "refill", ERA: "end" },
    set: { t0: DATA, t1: 0, t2: 1 },
    code: `
      probe:  ld.d    $a0, $t0, 0
      wrong:  b       wrong
              .balign 4096
      refill: csrxchg $t1, $t2, TLBRERA
              ertn
      end:
    `,
    expect: {
      otherRegs: "any",
      csr: { CRMD: { DA: 1, PG: 0 }, TLBRERA: "probe", TLBRBADV: DATA, TLBREHI: DATA },
    },
  }),
);

// Machine errors ----------------------------------------------------------------------------------------------------------------------------

/** Enters a guest at its label `inside`, on an identity mapping of 2 MiB pages that its own code and data lie in. */
const INTO_GUEST = {
  GSTAT: { PVM: 1, GID: 3 },
  TLBIDX: { Index: 2048, PS: 21 },
  TLBELO0: 0x13,
  TLBELO1: 0x20_0013,
  ERA: "inside",
};

for (const pvm of [0, 1]) {
  Deno.test(
    `a machine error in the host with PVM = ${pvm} records PGM = 0 and the mode, leaves PVM and ESTAT, and its ertn returns to the host`,
    host({
      rule: ["LVZ-ENTRY-09", "LVZ-EXIT-19"],
      csr: {
        CRMD: { PLV: 0, IE: 1, DA: 0, PG: 1, DATF: 1, DATM: 2, WE: 1 },
        DMW0: 1,
        MERRENTRY: "error",
        // Leftovers of an earlier one.
        MERRCTL: { PGM: 1, PPLV: 3 },
        GSTAT: { PVM: pvm, GID: 3 },
        ERA: "wrong",
      },
      machineErrorAt: "probe",
      code: `
                li.w  $a0, 1
        probe:  li.w  $a1, 2
                b     end
        wrong:  b     wrong
                .balign 4096
        error:  csrrd $a2, MERRCTL
                csrrd $a3, CRMD
                csrrd $a4, MERRERA
                csrrd $a5, ESTAT
                csrrd $a6, GSTAT
                ertn
        end:
      `,
      expect: {
        // IsMERR, PIE, PWE, PPG, PDATF 1, PDATM 2, Cause 1
        regs: { a0: 1, a1: 2, a2: 0x1_1351, a3: 0x8, a4: "probe", a5: 0, a6: 0x3_0080 | pvm << 1 },
        csr: {
          MERRCTL: { IsMERR: 0, PGM: 0 },
          CRMD: { PLV: 0, IE: 1, DA: 0, PG: 1, DATF: 1, DATM: 2, WE: 1 },
          MERRERA: "probe",
        },
      },
    }),
  );
}

for (const plv of [1, 2, 3]) {
  Deno.test(
    `ertn from a machine error restores PLV${plv}`,
    host({
      rule: "LVZ-ENTRY-09",
      csr: { CRMD: { PLV: plv }, MERRENTRY: "error" },
      machineErrorAt: "probe",
      code: `
        probe:  b     end
                .balign 4096
        error:  ertn
        end:
      `,
      expect: {
        csr: { CRMD: { PLV: plv, DA: 1, PG: 0 }, MERRCTL: { IsMERR: 0, PPLV: plv }, MERRERA: "probe" },
      },
    }),
  );
}

Deno.test(
  "a machine error in a refill handler of the host returns into the handler, which still is one",
  host({
    rule: "LVZ-ENTRY-02",
    csr: { ...MAPPED, ...AFTER_AN_EXIT, TLBRENTRY: "refill", MERRENTRY: "error" },
    set: { t0: DATA, a2: 0 },
    machineErrorAt: "inside",
    code: `
              ld.d  $a0, $t0, 0
              .balign 4096
      refill: addi.d $a2, $a2, 1
      inside: csrrd $a1, TLBRERA
              andi  $a1, $a1, 1
              b     end
              .balign 4096
      error:  ertn
      end:
    `,
    expect: {
      regs: { a1: 1, a2: 1 },
      csr: { CRMD: { DA: 1, PG: 0 }, MERRCTL: { IsMERR: 0 }, TLBRERA: { IsTLBR: 1 } },
      otherCsrs: "any",
    },
  }),
);

Deno.test(
  "a machine error in a guest goes to the host with PGM = 1, leaves PVM and ESTAT, and its ertn resumes the guest",
  host({
    rule: ["LVZ-EXIT-24", "LVZ-ENTRY-09", "LVZ-EXIT-19"],
    csr: { ...INTO_GUEST, MERRENTRY: "error" },
    gcsr: { CRMD: { PLV: 0, DA: 1, IE: 1, WE: 1 } },
    machineErrorAt: "probe",
    code: `
              tlbwr
              ertn
      inside: li.w  $a0, 1
      probe:  li.w  $a1, 2
      after:  hvcl  0
              .balign 4096
      error:  csrrd $a2, MERRCTL
              csrrd $a3, MERRERA
              csrrd $a4, ESTAT
              csrrd $a5, GSTAT
              ertn
    `,
    expect: {
      ends: "HVC",
      at: "after",
      // IsMERR, PGM, PDA, Cause 1; IE and WE are the host's, which are 0.
      regs: { a0: 1, a1: 2, a2: 0x1_00a1, a3: "probe", a4: 0, a5: 0x3_0082 },
      csr: { MERRCTL: { IsMERR: 0, PGM: 1 }, MERRERA: "probe" },
    },
  }),
);

for (const pvm of [0, 1]) {
  Deno.test(
    `ertn from a guest's machine error goes by MERRCTL.PGM, which the handler clears, and not by PVM = ${pvm}`,
    host({
      rule: "LVZ-ENTRY-09",
      csr: { ...INTO_GUEST, MERRENTRY: "error" },
      machineErrorAt: "probe",
      set: { t0: 0, t1: 1 << 5, t2: pvm << 1, t3: 2 },
      code: `
                tlbwr
                ertn
        inside: nop
        probe:  hvcl     1
                .balign  4096
        error:  csrxchg  $t0, $t1, MERRCTL
                csrxchg  $t2, $t3, GSTAT
                la.local $t4, back
                csrwr    $t4, MERRERA
                ertn
        back:   csrrd    $a0, GSTAT
        end:
      `,
      expect: {
        regs: { a0: 0x3_0080 | pvm << 1 },
        otherRegs: "any",
        csr: { GSTAT: { PVM: pvm }, MERRCTL: { IsMERR: 0 } },
        otherCsrs: "any",
      },
    }),
  );
}

// The host's own LLbit, timer and counter ---------------------------------------------------------------------------------------------------

for (const { klo, kept } of [{ klo: 0, kept: 0 }, { klo: 1, kept: 1 }]) {
  Deno.test(
    `ertn in the host with KLO = ${klo} ${
      kept ? "keeps the host's LLbit and clears KLO" : "clears the host's LLbit"
    }`,
    host({
      rule: "LVZ-LL-01",
      csr: { ERA: "back", LLBCTL: { KLO: klo } },
      // The guest's KLO is another one.
      gcsr: { LLBCTL: { KLO: 1 } },
      code: `
                la.local $t0, data
                ll.d     $t1, $t0, 0
                csrrd    $a0, LLBCTL
                ertn
        back:   csrrd    $a1, LLBCTL
                li.w     $a2, 7
                sc.d     $a2, $t0, 0
        end:    .balign  8
        data:   .dword   0x55
      `,
      expect: {
        regs: { a0: 1 | klo << 2, a1: kept, a2: kept },
        otherRegs: "any",
        csr: { LLBCTL: 0 },
        gcsr: { LLBCTL: 4 },
        memory: [{ at: "data", value: kept ? 7 : 0x55 }],
      },
    }),
  );
}

for (const { reading, kept } of [{ reading: "kept", kept: 1 }, { reading: "cleared", kept: 0 }] as const) {
  Deno.test(
    `ertn from a refill of the host ${kept ? "leaves" : "clears"} the LLbit with the reading "${reading}"`,
    host({
      rule: "LVZ-LL-04",
      choices: { llbitOnRefillErtn: reading },
      csr: { ...MAPPED, ...OWN_TLB, TLBRENTRY: "refill" },
      set: { s0: DATA },
      code: `
                la.local $s1, word
                ll.d     $s2, $s1, 0
                ld.d     $a0, $s0, 0
                csrrd    $a4, LLBCTL
                b        end
                ${REFILL}
        word:   .dword   0
        end:
      `,
      expect: { regs: { a4: kept }, otherRegs: "any", otherCsrs: "any" },
    }),
  );
}

for (const initial of [0x4, 0x64, 0x1000]) {
  Deno.test(
    `the host's one-shot timer of ${initial} ticks leaves TVAL at all ones, and TICLR does not change that`,
    host({
      rule: ["LVZ-TIME-06", "LVZ-TIME-11"],
      set: { t0: initial | 1, a0: 1 },
      code: `
              csrwr $t0, TCFG
        wait: csrrd $t1, ESTAT
              srli.d $t1, $t1, 11
              beqz  $t1, wait
              csrrd $a1, TVAL
              csrwr $a0, TICLR
              csrrd $a2, TVAL
              csrrd $a3, TCFG
              csrrd $a4, ESTAT
              gcsrrd $a5, ESTAT           # not the guest's timer
      `,
      budget: 20_000,
      expect: {
        regs: { a0: 0, a1: 0xffff_ffff_ffffn, a2: 0xffff_ffff_ffffn, a3: initial | 1, a4: 0, a5: 0 },
        otherRegs: "any",
        csr: { TCFG: initial | 1, TVAL: 0xffff_ffff_ffffn },
      },
    }),
  );
}

Deno.test(
  "rdtime in the host gives the host's timer number and not the guest's",
  host({
    rule: "LVZ-TIME-17",
    csr: { TID: 0x7000_0011 },
    gcsr: { TID: 0x22 },
    code: `
      rdtime.d  $t0, $a0
      rdtimel.w $t0, $a1
      rdtimeh.w $t0, $a2
    `,
    expect: { regs: { a0: 0x7000_0011, a1: 0x7000_0011, a2: 0x7000_0011 }, otherRegs: "any" },
  }),
);

const SHADOWS = Array.from({ length: 64 }, (_, n) => `0x${(0xc0 + n).toString(16)}`);

Deno.test(
  "CSR 0xc0 to 0xff read 0 in the host and ignore writes",
  host({
    rule: "LVZ-DET-07",
    set: { a0: 0 },
    code: SHADOWS.map((csr) => `
      li.w  $t0, -1
      csrwr $t0, ${csr}
      csrrd $t1, ${csr}
      or    $a0, $a0, $t0
      or    $a0, $a0, $t1
    `).join(""),
    expect: { regs: { a0: 0 }, otherRegs: "any" },
  }),
);
