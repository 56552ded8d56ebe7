/**
 * Returns and exceptions of the host itself while GSTAT.PVM and TLBRPRMD.PGM say something about a guest.
 *
 * A failure here means that a hypervisor falls into a guest when it returns from an exception of its own, or out of one when it returns from
 * a refill: hypervisors like hvisor and loongarch_vcpu leave PVM set all the time.
 */
import { host } from "../../dsl/mod.ts";

Deno.test(
  "ertn with GSTAT.PVM = 0 stays in host mode",
  host({
    rule: "LVZ-ENTRY-10",
    // Only the host can read a guest's register.
    code: `
      start:   ertn
      decoy:   break  0
      target:  gcsrrd $a0, SAVE0`,
    csr: { ERA: "target", GSTAT: { PVM: 0, GID: 5 } },
    gcsr: { SAVE0: 7 },
    expect: { regs: { a0: 7 } },
  }),
);

Deno.test(
  "ertn at host PLV3 with GSTAT.PVM = 1 raises IPE in the host and enters nothing",
  host({
    rule: "LVZ-ENTRY-01",
    code: `
      start:   ertn
      target:  nop`,
    csr: { ERA: "target", GSTAT: { PVM: 1 }, CRMD: { PLV: 3 } },
    expect: { ends: "IPE", at: "start" },
  }),
);

Deno.test(
  "a host with GSTAT.PVM = 1 that branches, calls and writes CSRs stays in host mode",
  host({
    rule: "LVZ-ENTRY-01",
    code: `
      start:   bl     1f
      1:       csrwr  $a1, SAVE0
               gcsrrd $a0, SAVE0`,
    csr: { GSTAT: { PVM: 1 }, SAVE0: 3 },
    gcsr: { SAVE0: 7 },
    set: { a1: 4 },
    expect: { regs: { a0: 7, a1: 3, ra: "start+4" }, csr: { SAVE0: 4 } },
  }),
);

for (const { reading, pvm } of [{ reading: "records-vm", pvm: 0 }, { reading: "kept", pvm: 1 }] as const) {
  Deno.test(
    `a general exception of the host with GSTAT.PVM = 1 leaves PVM = ${pvm}, where PVM is read as ${reading}`,
    host({
      rule: "LVZ-EXIT-04",
      choices: { pvmAtHostException: reading },
      code: `
        start:    syscall 0
                  .balign 4096
        handler:  gcsrrd  $a0, SAVE0`,
      csr: { EENTRY: "handler", GSTAT: { PVM: 1, GID: 5 } },
      gcsr: { SAVE0: 7 },
      expect: { regs: { a0: 7 }, csr: { GSTAT: { PVM: pvm, GID: 5 } }, otherCsrs: "any" },
    }),
  );
}

Deno.test(
  "the ertn of a host handler that interrupted the host with GSTAT.PVM = 1 returns to the host",
  host({
    rule: "LVZ-EXIT-04",
    code: `
      start:    syscall 0
                gcsrrd  $a0, SAVE0
                b       end
                .balign 4096
      handler:  csrrd   $t0, ERA
                addi.d  $t0, $t0, 4
                csrwr   $t0, ERA
                ertn
      end:`,
    csr: { EENTRY: "handler", GSTAT: { PVM: 1 } },
    gcsr: { SAVE0: 7 },
    expect: { regs: { a0: 7, t0: "start" }, otherCsrs: "any" },
  }),
);

/** Registers of a host in mapped mode that runs through a window and whose refill handler fills what it finds in TLBRELO0 and TLBRELO1. */
const MAPPED_HOST = {
  CRMD: { DA: 0, PG: 1 },
  DMW0: { PLV0: 1, VSEG: 0 },
  TLBRENTRY: "refill",
  STLBPS: { PS: 14 },
  TLBREHI: { PS: 14 },
  TLBRELO0: { V: 1, D: 1, PPN: 0x10 },
  TLBRELO1: { V: 1, D: 1, PPN: 0x14 },
} as const;

for (const pvm of [0, 1]) {
  Deno.test(
    `a TLB refill of the host with GSTAT.PVM = ${pvm} returns to the host and leaves PVM`,
    host({
      rule: "LVZ-ENTRY-08",
      code: `
        start:   ld.w   $a0, $t0, 0
                 gcsrrd $a1, SAVE0
                 b      end
                 .balign 4096
        refill:  csrrd  $a2, TLBRPRMD
                 tlbfill
                 ertn
        end:`,
      // The page is that of the code, whose first word the load finds.
      set: { t0: 0xffff_ffff_8000_0000n },
      // The host's own entries have GID 0, whatever guest is current.
      csr: { ...MAPPED_HOST, GSTAT: { PVM: pvm, GID: 5 }, GTLBC: { USETGID: 1 } },
      gcsr: { SAVE0: 7 },
      expect: {
        regs: { a0: 0x2880_0184, a1: 7, a2: 0 },
        csr: { GSTAT: { PVM: pvm }, TLBRPRMD: { PGM: 0 }, CRMD: { DA: 0, PG: 1 } },
        otherCsrs: "any",
      },
    }),
  );
}

for (const { PGM, PVM } of [{ PGM: 0, PVM: 1 }, { PGM: 0, PVM: 0 }, { PGM: 1, PVM: 1 }, { PGM: 1, PVM: 0 }]) {
  const code = `
    start:   ertn
    decoy:   break  0
    target:  gcsrrd $a0, SAVE0`;
  const csr = {
    ...MAPPED_HOST,
    ERA: "decoy",
    TLBRERA: "target+1",
    TLBRPRMD: { PGM },
    GSTAT: { PVM },
    TLBRENTRY: 0x4000,
  };
  Deno.test(
    `ertn with IsTLBR = 1, TLBRPRMD.PGM = ${PGM} and GSTAT.PVM = ${PVM} goes on in ${
      PGM === 1 ? "guest" : "host"
    } mode and leaves PVM`,
    host({
      rule: ["LVZ-ENTRY-07", "LVZ-ENTRY-08"],
      code,
      csr,
      gcsr: { SAVE0: 7 },
      // A guest has no translation for its first fetch.
      expect: PGM === 1
        ? { ends: "refill", at: "target", csr: { TLBRPRMD: { PGM: 1 }, GSTAT: { PVM } } }
        : { regs: { a0: 7 }, csr: { TLBRERA: "target", GSTAT: { PVM } } },
    }),
  );
}

Deno.test(
  "GSTAT.PVM reads 1 after an exit although the refill handler had cleared it in the middle of the guest's run",
  host({
    rule: "LVZ-EXIT-03",
    code: `
      start:   ertn
               .balign 4096
      guest:   hvcl    3
               .balign 4096
      exit:    csrrd   $a0, GSTAT
               b       end
               .balign 4096
      refill:  csrxchg $zero, $t0, GSTAT
               csrrd   $a1, GSTAT
               tlbfill
               ertn
      end:`,
    set: { t0: 2 },
    csr: {
      ...MAPPED_HOST,
      ERA: "guest",
      EENTRY: "exit",
      GSTAT: { PVM: 1, GID: 1 },
      GTLBC: { USETGID: 1, TGID: 1 },
    },
    expect: {
      regs: { a0: 0x1_0082, a1: 0x1_0080 },
      csr: { GSTAT: { PVM: 1 } },
      otherCsrs: "any",
      otherGcsrs: "any",
    },
  }),
);
