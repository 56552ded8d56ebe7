/**
 * What of the guest survives: its registers over every kind of exit, several exits in a row, unbinding and another guest in between.
 *
 * A hypervisor that fails here loses a guest's state, or lets one guest see another's.
 */
import { type Case, type Csrs, fault, gspr, guest, hvc, interrupt, refill } from "../../dsl/mod.ts";
import { CHANGE_ALL, changingGuest, first, KINDS, registers, UNMAPPED } from "./kinds.ts";

for (const kind of KINDS) {
  Deno.test(
    `all 31 general registers of a guest survive ${kind.name}, and those that the host sets arrive`,
    guest({ rule: "LVZ-EXIT-05", ...changingGuest(kind) }),
  );
}

// Exits in a row --------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "a guest that leaves in six different ways in a row loses no register on the way",
  guest({
    rule: "LVZ-EXIT-05",
    code: `
      start:   hvcl   1
      spins:   b      spins
      asks:    cpucfg $a0, $t0
      loads:   ld.w   $a0, $t0, 0
      stores:  st.w   $a1, $t0, 0
      jumps:   jr     $t0
      lands:   hvcl   2
               addi.d $a2, $a0, 1
               hvcl   3`,
    set: { t0: UNMAPPED },
    exits: [
      hvc(1, { at: "start", events: [{ at: 100, lines: { IPI: true } }] }),
      interrupt("IPI", { at: "spins", lines: { IPI: false }, resume: { pc: "asks" } }),
      gspr({ at: "asks", resume: { a0: 1 } }),
      fault("PIL", UNMAPPED, { at: "loads", resume: { pc: "stores", a0: 2 } }),
      fault("PIS", UNMAPPED, { at: "stores", resume: { pc: "jumps" } }),
      fault("PIF", UNMAPPED, { at: UNMAPPED, resume: { pc: "lands" } }),
      hvc(2, { at: "lands" }),
      hvc(3, { regs: { a2: 3 } }),
    ],
  }),
);

Deno.test(
  "twenty exits in a row leave the host as one does",
  guest({
    rule: "LVZ-EXIT-05",
    code: `
      loop:  addi.d $a0, $a0, 1
             hvcl   1
             b      loop`,
    set: { a0: 0 },
    exits: Array.from({ length: 20 }, (_, i) => hvc(1, { at: "loop+4", regs: { a0: i + 1 } })),
    runsOn: false,
  }),
);

// The guest's CSRs ------------------------------------------------------------------------------------------------------------------------

/** Values that tell the registers apart and use their fields, as a guest in direct mode with interrupts off can write them. */
const GUEST_CSRS: Readonly<Record<string, Readonly<Record<string, bigint>>>> = {
  "mode and exception": {
    CRMD: 0x2a8n,
    PRMD: 0xfn,
    EUEN: 0x5n,
    MISC: 0x22222n,
    ECFG: 0x31555n,
    ESTAT: 0x3n,
    ERA: 0x1122_3344_5566_7788n,
    BADV: 0x8877_6655_4433_2211n,
    EENTRY: 0x9000_0000_1234_5000n,
    LLBCTL: 0x4n,
  },
  "TLB": {
    TLBIDX: 0x0c00_0123n,
    TLBEHI: 0xffff_9234_5678_a000n,
    TLBELO0: 0xe000_1234_5678_907fn,
    TLBELO1: 0x6000_0fed_cba9_805bn,
    ASID: 0xa_02a5n,
    STLBPS: 0x15n,
    RVACFG: 0x5n,
  },
  "page walk": {
    PGDL: 0x1234_5678_9abc_d000n,
    PGDH: 0xfedc_ba98_7654_3000n,
    PWCL: 0x1234_5678n,
    PWCH: 0x0065_4321n,
    DMW0: 0x9000_0000_0000_0011n,
    DMW1: 0xa000_0000_0000_0028n,
    DMW2: 0xb000_0000_0000_0004n,
    DMW3: 0xc000_0000_0000_0002n,
  },
  "TLB refill": {
    TLBRENTRY: 0x0000_1234_5678_9000n,
    TLBRBADV: 0xa5a5_5a5a_a5a5_5a5an,
    TLBRERA: 0x0123_4567_89ab_cdecn,
    TLBRSAVE: 0x0f1e_2d3c_4b5a_6978n,
    TLBRELO0: 0x4000_0000_0001_2013n,
    TLBRELO1: 0x2000_0000_0003_4017n,
    TLBREHI: 0xffff_8765_4321_a00cn,
    TLBRPRMD: 0x17n,
  },
  "SAVE": Object.fromEntries(
    [0, 1, 2, 3, 4, 5, 6, 7].map((n) => [`SAVE${n}`, 0x5a5a_0000_0000_0000n | BigInt(n) << 32n | 0xffn]),
  ),
  "timer": {
    TID: 0x1234_5678n,
    TCFG: 0x0012_3450n,
    CNTC: 0xfedc_ba98_7654_3210n,
  },
};

const RESULTS = ["a0", "a1", "a2", "a3", "a4", "a5", "a6", "a7", "s0", "s1"] as const;

/** A guest that writes registers, lets the host do something, and reads them back. */
function keepsCsrs(values: Readonly<Record<string, bigint>>, rebind: boolean): Omit<Case, "rule"> {
  const names = Object.keys(values);
  const write = names.map((name) => `li.d $t0, ${values[name]}\ncsrwr $t0, ${name}`);
  const read = names.map((name, i) => `csrrd $${RESULTS[i]}, ${name}`);
  return {
    code: `
      start:  ${write.join("\n")}
              hvcl 1
              ${read.join("\n")}
              hvcl 2`,
    exits: [
      hvc(1, { csr: values, otherRegs: "any", rebind }),
      hvc(2, { csr: values, regs: Object.fromEntries(names.map((name, i) => [RESULTS[i]!, values[name]!])) }),
    ],
  };
}

for (const [group, values] of Object.entries(GUEST_CSRS)) {
  Deno.test(
    `the ${group} registers that a guest wrote are the same for it after an exit, and the host's are untouched`,
    guest({ rule: "LVZ-GCSR-03", ...keepsCsrs(values, false) }),
  );
}

/** hvisor's guest never leaves its processor. */
const PUT_AWAY = { switches: ["arceos", "kvm"] } as const;

for (const [group, values] of Object.entries(GUEST_CSRS)) {
  Deno.test(
    `the ${group} registers that a guest wrote are the same for it after unbind and bind`,
    guest({ rule: ["PROTO-KVM-61", "PROTO-AV5-06"], ...PUT_AWAY, ...keepsCsrs(values, true) }),
  );
}

Deno.test(
  "the guest registers that only the host can write are the same after unbind and bind",
  guest({
    rule: ["PROTO-KVM-61", "PROTO-AV5-06"],
    ...PUT_AWAY,
    code: `
      start:  hvcl  1
              csrrd $a0, CPUID
              csrrd $a1, BADI
              csrrd $a2, ESTAT
              csrrd $a3, TVAL
              hvcl  2`,
    csr: { CPUID: 5, BADI: 0x1234_5678, ESTAT: { IS: 0x1000, Ecode: 11 }, TVAL: 0x1234 },
    exits: [
      hvc(1, { rebind: true }),
      hvc(2, { regs: { a0: 5, a1: 0x1234_5678, a2: 0xb_1000, a3: 0x1234 } }),
    ],
  }),
);

Deno.test(
  "a line that was injected before unbind is still pending for the guest after bind",
  guest({
    rule: "PROTO-KVM-61",
    ...PUT_AWAY,
    code: `
      start:  hvcl  1
              csrrd $a0, ESTAT
              hvcl  2`,
    inject: "HWI4",
    exits: [hvc(1, { rebind: true }), hvc(2, { regs: { a0: 1 << 6 } })],
  }),
);

Deno.test(
  "all 31 general registers of a guest survive unbind and bind",
  guest({
    rule: "LVZ-EXIT-05",
    ...PUT_AWAY,
    code: `
      start:  hvcl 1
              ${CHANGE_ALL}
              hvcl 2`,
    set: registers(first),
    exits: [hvc(1, { at: "start", rebind: true }), hvc(2, { regs: registers((r) => first(r) + BigInt(r)) })],
  }),
);

Deno.test(
  "unbind after each of several exits gives the host its registers back every time",
  guest({
    rule: ["PROTO-KVM-12", "PROTO-AV5-05"],
    ...PUT_AWAY,
    code: `
      loop:  hvcl 1
             b    loop`,
    exits: Array.from({ length: 4 }, () => hvc(1, { at: "loop", rebind: true })).with(
      -1,
      hvc(1, { at: "loop" }),
    ),
    runsOn: false,
  }),
);

Deno.test(
  "unbind after an exit out of the refill handler takes the host out of direct mode",
  guest({
    rule: ["PROTO-AV5-05", "LVZ-EXIT-21"],
    switches: ["arceos"],
    code: `
      probe:  ld.d $a0, $t0, 0
      after:  hvcl 1`,
    set: { t0: 0x1000_0000n },
    exits: [
      refill(0x1000_0000n, {
        at: "probe",
        host: { CRMD: { DA: 1, PG: 0 }, TLBRERA: { IsTLBR: 1 } },
        rebind: true,
        resume: { pc: "after" },
      }),
      hvc(1, { at: "after", host: { CRMD: { DA: 0, PG: 1 }, TLBRERA: { IsTLBR: 0 } } }),
    ],
  }),
);

// What world switches give to a new guest, and to the hardware at an entry ----------------------------------------------------------------

/** The registers that software gives a value of its own; all others start as 0. */
const NEW_GUEST: Csrs = Object.fromEntries(
  [
    ...[
      "EUEN",
      "MISC",
      "ECFG",
      "ESTAT",
      "ERA",
      "BADV",
      "BADI",
      "EENTRY",
      "TLBIDX",
      "TLBEHI",
      "TLBELO0",
      "TLBELO1",
    ],
    ...["PGDL", "PGDH", "PWCL", "PWCH", "STLBPS", "RVACFG", "CPUID", "TID", "TCFG", "TVAL", "CNTC", "LLBCTL"],
    ...["TLBRENTRY", "TLBRBADV", "TLBRERA", "TLBRSAVE", "TLBRELO0", "TLBRELO1", "TLBREHI", "TLBRPRMD"],
    ...["DMW1", "DMW2", "DMW3", ...Array.from({ length: 8 }, (_, n) => `SAVE${n}`)],
  ].map((name) => [name, 0]),
);

for (
  const { name, rule, csr } of [
    { name: "kvm", rule: "PROTO-KVM-60", csr: { CRMD: 8, PRMD: 0, DMW0: 0, ASID: { ASID: 0 } } },
    {
      name: "arceos",
      rule: "PROTO-AV5-03",
      csr: { CRMD: 8, PRMD: 4, DMW0: 0x9000_0000_0000_0011n, ASID: { ASID: 0 } },
    },
  ] as const
) {
  Deno.test(
    `a new guest of ${name} finds the CSRs that its hypervisor promises it`,
    guest({
      rule,
      switches: [name],
      code: `
        start:  csrrd $a0, CRMD
                csrrd $a1, PRMD
                csrrd $a2, DMW0
                hvcl  1`,
      exits: [hvc(1, { regs: { a0: csr.CRMD, a1: csr.PRMD, a2: csr.DMW0 }, csr: { ...NEW_GUEST, ...csr } })],
    }),
  );
}

Deno.test(
  "KVM enters with ECFG.VS = 0, the guest's PC in ERA, TGID = GID, PRMD = 4, PVM = 1 and the host's own PGDH",
  guest({
    rule: "PROTO-KVM-11",
    switches: ["kvm"],
    code: `
      start:  hvcl 1
      next:   hvcl 2`,
    exits: [
      // An interrupt that is pending at the entry shows what the entry had.
      hvc(1, { lines: { IPI: true }, set: { host: { GSTAT: { GID: 9 }, PRMD: 0 } } }),
      interrupt("IPI", {
        at: "next",
        host: {
          ECFG: { VS: 0 },
          ERA: "next",
          GSTAT: { GID: 9, PVM: 1 },
          GTLBC: { USETGID: 1, TGID: 9 },
          PRMD: 4,
          PGDH: 0x9000_0000_0000_8000n,
        },
        lines: { IPI: false },
      }),
      hvc(2, { at: "next" }),
    ],
  }),
);

Deno.test(
  "KVM's exit code runs at PLV0 with interrupts off in mapped mode, and the interrupt that caused the exit is still pending",
  guest({
    rule: "PROTO-KVM-13",
    switches: ["kvm"],
    code: `
      probe:  b probe`,
    csr: { CRMD: { PLV: 3, IE: 1 } },
    events: [{ at: 20, lines: { IPI: true } }],
    exits: [
      interrupt("IPI", {
        at: "probe",
        host: { CRMD: { PLV: 0, IE: 0, DA: 0, PG: 1 }, ESTAT: { IS: 0x1000, Ecode: 0 } },
      }),
    ],
  }),
);

// SAVE registers, where hypervisors keep pointers of their own ----------------------------------------------------------------------------

const HOST_SAVE = 0x9000_0000_0a44_0000n;

Deno.test(
  "a guest that reads and writes SAVE0 to SAVE7 sees none of the host's and changes none",
  guest({
    rule: "LVZ-GCSR-02",
    code: `
      start:  ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `csrrd $a${n}, SAVE${n}`).join("\n")}
              hvcl 1
              ${[0, 1, 2, 3, 4, 5, 6, 7].map((n) => `csrwr $a${n}, SAVE${n}`).join("\n")}
              hvcl 2`,
    exits: [
      hvc(1, {
        regs: { a0: 0, a1: 0, a2: 0, a3: 0, a4: 0, a5: 0, a6: 0, a7: 0 },
        // loongarch_vcpu uses SAVE3 itself, KVM SAVE4 and SAVE5.
        host: { SAVE0: HOST_SAVE, SAVE1: HOST_SAVE + 1n, SAVE2: HOST_SAVE + 2n },
        resume: { a0: 10, a1: 11, a2: 12, a3: 13, a4: 14, a5: 15, a6: 16, a7: 17 },
      }),
      hvc(2, {
        regs: { a0: 0, a1: 0, a2: 0, a3: 0, a4: 0, a5: 0, a6: 0, a7: 0 },
        csr: { SAVE0: 10, SAVE1: 11, SAVE2: 12, SAVE3: 13, SAVE4: 14, SAVE5: 15, SAVE6: 16, SAVE7: 17 },
        host: { SAVE0: HOST_SAVE, SAVE1: HOST_SAVE + 1n, SAVE2: HOST_SAVE + 2n },
      }),
    ],
  }),
);
