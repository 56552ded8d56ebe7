/**
 * What hvisor keeps where, executes in which order, and makes of an exit.
 *
 * A failure here means that a partitioning hypervisor in the manner of hvisor loses a guest's register, enters it with the wrong GID or
 * with traps on, or leaves an injected line pending for ever.
 */
import { gspr, guest, hvc, interrupt, protocol, type ProtocolCall, type Registers } from "../../dsl/mod.ts";

const ONLY_HVISOR = { switches: ["hvisor"] } as const;
const EXIT_ENTRY = 0x9000_0000_0101_0000n;
const ALL = Array.from({ length: 31 }, (_, i) => i + 1);

/** A vCPU that owns the processor and was never entered. */
const NEW_VCPU: readonly ProtocolCall[] = [
  { call: "enable" },
  { call: "create" },
  { call: "setNestedPageTable" },
  { call: "setup" },
  { call: "setEntry", gpa: "start" },
  { call: "bind" },
];

Deno.test(
  "hvisor sets up a processor: timer of 200 ms and off, one entry, all units on, IPI enabled",
  protocol({
    rule: "PROTO-HV-01",
    ...ONLY_HVISOR,
    host: { CRMD: { IE: 1 }, EUEN: 0, ECFG: { LIE: 0 } },
    calls: [{
      call: "enable",
      executes: [
        ["CRMD", { IE: 0 }],
        ["TICLR", 1],
        ["TCFG", { Periodic: 1 }],
        ["TCFG", { InitVal: 5_000_000 }],
        ["TCFG", { En: 1 }],
        ["ECFG", { LIE: 0x800 }],
        ["TCFG", { En: 0 }],
        ["ECFG", { VS: 0 }],
        ["EENTRY", EXIT_ENTRY],
        ["EUEN", { FPE: 1 }],
        ["EUEN", { SXE: 1 }],
        ["EUEN", { ASXE: 1 }],
        ["CRMD", { IE: 1 }],
        ["iocsr 0x100c"],
        ["iocsr 0x1004"],
        ["ECFG", { LIE: 0x1800 }],
      ],
      host: {
        CRMD: { IE: 1 },
        ECFG: { VS: 0, LIE: 0x1800 },
        EENTRY: EXIT_ENTRY,
        EUEN: { FPE: 1 },
        TCFG: { En: 0, Periodic: 1, InitVal: 5_000_000 },
      },
    }],
  }),
);

Deno.test(
  "a vCPU starts from the guest copies after reset, with registers and CPUID 0, and its stage-2 table in PGDL and PGDH",
  protocol({
    rule: "PROTO-HV-02",
    ...ONLY_HVISOR,
    calls: [
      { call: "enable" },
      { call: "create", executes: [] },
      { call: "setNestedPageTable", executes: [] },
      { call: "setup", executes: [], regs: Object.fromEntries(ALL.map((r) => [`r${r}`, 0])) as Registers },
      { call: "setEntry", gpa: "start", executes: [], pc: "start" },
      {
        call: "bind",
        executes: [
          ["CRMD", { IE: 0 }],
          ["PWCL", 0x13e4_d52c],
          ["PWCH", 0x267],
          ["STLBPS", 12],
          ["PGDH", 0x10000],
          ["PGDL", 0x10000],
          ["TLBRENTRY", 0x102_0000],
          ["SAVE3"],
          ["SAVE4"],
          "invtlb 0x0",
        ],
      },
      {
        call: "enter",
        exit: "HVC",
        at: "start",
        guest: { CRMD: 8, PRMD: 0, CPUID: { CoreID: 0 }, DMW0: 0, ASID: { ASID: 0 }, TCFG: 0 },
        host: { PGDL: 0x10000, PGDH: 0x10000 },
      },
    ],
  }),
);

const ofGuest = (name: string) => [`guest ${name}`] as const;
/** In the order of numbers; not ESTAT, TID, TCFG, TVAL, CNTC and TICLR. */
const RETURNED = [
  ...["CRMD", "PRMD", "EUEN", "MISC", "ECFG", "ERA", "BADV", "BADI", "EENTRY", "TLBIDX", "TLBEHI", "TLBELO0"],
  ...[
    "TLBELO1",
    "ASID",
    "PGDL",
    "PGDH",
    "PGD",
    "PWCL",
    "PWCH",
    "STLBPS",
    "RVACFG",
    "CPUID",
    "PRCFG1",
    "PRCFG2",
  ],
  ...[
    "PRCFG3",
    ...Array.from({ length: 16 }, (_, n) => `SAVE${n}`),
    "LLBCTL",
    "TLBRENTRY",
    "TLBRBADV",
    "TLBRERA",
  ],
  ...["TLBRSAVE", "TLBRELO0", "TLBRELO1", "TLBREHI", "TLBRPRMD", "DMW0", "DMW1", "DMW2", "DMW3"],
];

Deno.test(
  "each return to the guest sets GID, PGM, TGID, GCFG, HWIP and PIE, writes all guest CSRs but six, and swaps sp with DSAVE",
  protocol({
    rule: ["PROTO-HV-03", "PROTO-HV-10"],
    ...ONLY_HVISOR,
    code: `
      start:  hvcl 0
      next:   hvcl 1`,
    calls: [
      ...NEW_VCPU,
      { call: "enter", exit: "HVC" },
      { call: "handle", reports: { kind: "hypercall" } },
      { call: "setGpr", register: "sp", value: 0x5555 },
      {
        call: "enter",
        exit: "HVC",
        at: "next",
        // What someone else left there.
        set: {
          GSTAT: { GID: 9, PVM: 0 },
          GCFG: { SIT: 1, TIT: 1, TOE: 1, TOP: 1, TORU: 1, GCI: 0, MATC: 0 },
          GINTC: { PIP: 0 },
          PRMD: { PIE: 0 },
        },
        executes: [
          ["GSTAT", { GID: 1 }],
          ["GSTAT", { PVM: 1 }],
          ["GTLBC", { USETGID: 1 }],
          ["GTLBC", { TGID: 1 }],
          ["GCFG", { MATC: 1 }],
          ["GCFG", { SIT: 0 }],
          ["GCFG", { TIT: 0 }],
          ["GCFG", { TOE: 0 }],
          ["GCFG", { TOP: 0 }],
          ["GCFG", { TORU: 0 }],
          ["GCFG", { GCI: 2 }],
          ["GINTC", { PIP: 0xff }],
          ["PRMD", { PIE: 1 }],
          ["ERA", "next"],
          ...RETURNED.map(ofGuest),
          ["DSAVE", 0x5555],
          ["DSAVE"],
          "ertn",
          ["DSAVE", 0x5555],
        ],
        host: { GSTAT: { GID: 1, PVM: 1 }, GTLBC: { USETGID: 1, TGID: 1 } },
        regs: { sp: 0x5555 },
      },
    ],
  }),
);

const FRAME = 768;
const inFrame = (offset: number) => `SAVE3 - ${FRAME - offset}`;
const registerOf = (r: number) => 0x5a00_0000n + BigInt(r);

Deno.test(
  "trap entry keeps registers, PC and guest CSRs in 768 bytes below SAVE3, takes the stack of SAVE4, and leaves PGM and TGID",
  protocol({
    rule: "PROTO-HV-04",
    ...ONLY_HVISOR,
    code: `
      start:  ${[0x6, 0x30, 0x37, 0x43].map((n) => `lu12i.w $t0, ${n}\ncsrwr $t0, ${n}`).join("\n")}
              ${ALL.map((r) => `li.d $r${r}, ${registerOf(r)}`).join("\n")}
      call:   hvcl 5`,
    calls: [
      ...NEW_VCPU,
      {
        call: "enter",
        exit: "HVC",
        at: "call",
        // The first fetch needs an entry of stage 2.
        executes: ["ertn", "tlbfill", "ertn"],
        otherSteps: "any",
        host: { GSTAT: { PVM: 1, GID: 1 }, GTLBC: { TGID: 1 }, CRMD: { IE: 0, PLV: 0 } },
        memory: [
          { at: inFrame(0), value: 0 },
          ...ALL.map((r) => ({ at: inFrame(8 * r), value: registerOf(r) })),
          { at: inFrame(256), value: "call" },
          { at: inFrame(256 + 8), value: 8 },
          { at: inFrame(256 + 8 * 7), value: 0x6000 },
          { at: inFrame(256 + 8 * 27), value: 0x30_000 },
          { at: inFrame(256 + 8 * 34), value: 0x37_000 },
          // SAVE8 has its slot on a machine that lacks it.
          { at: inFrame(256 + 8 * 35), value: 0 },
          { at: inFrame(256 + 8 * 46), value: 0x43_000 },
        ],
      },
    ],
  }),
);

// What becomes of an exit -----------------------------------------------------------------------------------------------------------------

const NOTHING = { kind: "nothing" } as const;

for (
  const { name, code, exit, reports } of [
    { name: "idle 0 goes straight back", code: "idle 0", exit: "GSPR", reports: NOTHING },
    { name: "idle 1 does nothing", code: "idle 1", exit: "GSPR", reports: NOTHING },
    { name: "cacop does nothing", code: "cacop 0, $zero, 0", exit: "GSPR", reports: NOTHING },
    {
      name: "a load without memory is a device's",
      code: "ld.w $a0, $t0, 4",
      exit: "PIL",
      reports: { kind: "mmio-read", address: 0x8_0004n, width: 4, register: 4, signExtend: true },
    },
    {
      name: "a load with u is zero-extended",
      code: "ld.hu $a0, $t0, 0",
      exit: "PIL",
      reports: { kind: "mmio-read", address: 0x8_0000n, width: 2, register: 4, signExtend: false },
    },
    {
      name: "a store without memory is a device's",
      code: "st.b $t0, $t0, 1",
      exit: "PIS",
      reports: { kind: "mmio-write", address: 0x8_0001n, width: 1, data: 0n },
    },
    {
      name: "an indexed store without memory is a device's",
      code: "stx.d $t0, $t0, $zero",
      exit: "PIS",
      reports: { kind: "mmio-write", address: 0x8_0000n, width: 8, data: 0x8_0000n },
    },
    {
      name: "a hypercall takes its code from a0",
      code: "hvcl 7",
      exit: "HVC",
      reports: { kind: "hypercall", nr: 0n, args: [0n, 0n] },
    },
  ] as const
) {
  Deno.test(
    `${name}, and the guest is behind it`,
    protocol({
      rule: "PROTO-HV-05",
      ...ONLY_HVISOR,
      code: `
        start:  lu12i.w $t0, 0x80
        probe:  ${code}
        after:  hvcl 1`,
      calls: [
        ...NEW_VCPU,
        { call: "enter", exit, at: "probe" },
        { call: "handle", reports, executes: [], pc: "after" },
        { call: "enter", exit: "HVC", at: "after" },
      ],
    }),
  );
}

for (const index of [0, 1, 2, 16, 20]) {
  Deno.test(
    `hvisor answers cpucfg ${index} with the host's word${index === 2 ? ", LVZ included" : ""}`,
    guest({
      rule: "PROTO-HV-06",
      ...ONLY_HVISOR,
      set: { a1: index, a0: 5 },
      code: `
        probe:  cpucfg $a0, $a1
                srli.d $a2, $a0, 10
                andi   $a2, $a2, 1
                srli.d $a3, $a0, 32
                sltui  $a4, $a0, 6
                hvcl   0`,
      exits: [
        gspr({ at: "probe", handle: NOTHING }),
        // Every word but 16 has more than five bits; word 16, 0x2c3d, has bit 10.
        hvc(0, { otherRegs: "any", regs: { a2: index === 2 || index === 16 ? 1 : 0, a3: 0, a4: 0 } }),
      ],
    }),
  );
}

for (const index of [21n, 22n, 0x4000_0000n, 0x1_0000_0002n, -1n]) {
  Deno.test(
    `hvisor answers cpucfg ${index} with 0`,
    guest({
      rule: "PROTO-HV-06",
      ...ONLY_HVISOR,
      set: { a1: index, a0: 5 },
      code: `
        probe:  cpucfg $a0, $a1
                hvcl   0`,
      exits: [gspr({ at: "probe", handle: NOTHING }), hvc(0, { regs: { a0: 0 } })],
    }),
  );
}

for (
  const access of [
    "csrrd $a0, GSTAT",
    "csrwr $a0, GCFG",
    "csrxchg $a0, $a1, MERRCTL",
    "csrxchg $a0, $a1, DSAVE",
  ]
) {
  Deno.test(
    `hvisor answers ${access} with 0 and changes nothing`,
    guest({
      rule: "PROTO-HV-06",
      ...ONLY_HVISOR,
      set: { a0: -1n, a1: -1n },
      code: `
        probe:  ${access}
                hvcl 0`,
      exits: [
        gspr({ at: "probe", handle: NOTHING }),
        hvc(0, { regs: { a0: 0 }, host: { GSTAT: { GID: 1 }, GCFG: { SIT: 0, GCI: 2 }, MERRCTL: 0 } }),
      ],
    }),
  );
}

for (const [suffix, width] of [["b", 1], ["h", 2], ["w", 4], ["d", 8]] as const) {
  Deno.test(
    `hvisor makes iocsrrd.${suffix} and iocsrwr.${suffix} accesses to devices at 0x1fe00000`,
    guest({
      rule: "PROTO-HV-06",
      ...ONLY_HVISOR,
      set: { a0: -1n, a1: 0x1020 },
      code: `
        read:   iocsrrd.${suffix} $a2, $a1
        write:  iocsrwr.${suffix} $a0, $a1
                hvcl 0`,
      exits: [
        gspr({
          at: "read",
          handle: { kind: "mmio-read", address: 0x1fe0_1020n, width, register: 6, signExtend: true },
        }),
        gspr({
          at: "write",
          handle: { kind: "mmio-write", address: 0x1fe0_1020n, width, data: (1n << BigInt(8 * width)) - 1n },
        }),
        hvc(0),
      ],
    }),
  );
}

for (const code of [0, 1, 0x7ffe]) {
  Deno.test(
    `a hypercall of hvisor has its code in a0, arguments in a1 and a2, its result in a0, whatever hvcl ${code} says`,
    protocol({
      rule: "PROTO-HV-07",
      ...ONLY_HVISOR,
      code: `
        start:  li.d $a0, 20
                li.d $a1, 0x1111
                li.d $a2, 0x2222
        call:   hvcl ${code}
        after:  hvcl 1`,
      calls: [
        ...NEW_VCPU,
        { call: "enter", exit: "HVC", at: "call" },
        { call: "handle", reports: { kind: "hypercall", nr: 20n, args: [0x1111n, 0x2222n] }, pc: "after" },
        { call: "setReturnValue", value: 0x77 },
        { call: "enter", exit: "HVC", at: "after", regs: { a0: 0x77, a1: 0x1111, a2: 0x2222 } },
      ],
    }),
  );
}

// Interrupts ------------------------------------------------------------------------------------------------------------------------------

const LOOP = `
      start:  hvcl 0
      loop:   b    loop`;

Deno.test(
  "hvisor acknowledges its timer, takes injected lines back and turns the timer off",
  protocol({
    rule: "PROTO-HV-08",
    ...ONLY_HVISOR,
    code: LOOP,
    calls: [
      ...NEW_VCPU,
      { call: "enter", exit: "HVC" },
      { call: "handle", reports: { kind: "hypercall" } },
      { call: "inject", interrupt: "HWI3", host: { TCFG: { En: 1 }, GINTC: { VIP: 8 } } },
      // 200 ms.
      { call: "enter", exit: "INT", at: "loop", advance: 20_000_001 },
      {
        call: "handle",
        reports: { kind: "external-interrupt", vector: 11 },
        executes: [["TICLR", 1], ["GINTC", { VIP: 0, PIP: 0xff }], ["TCFG", { En: 0 }]],
        host: { ESTAT: { IS: 0 }, GINTC: { VIP: 0 }, TCFG: { En: 0 } },
      },
    ],
  }),
);

for (
  const { name, line, vector, set } of [
    { name: "clears an IPI", line: "IPI", vector: 12, set: {} },
    {
      name: "only looks at a hardware line",
      line: "HWI2",
      vector: 4,
      set: { ECFG: { LIE: 0x10 } },
    },
  ]
) {
  Deno.test(
    `hvisor ${name}`,
    guest({
      rule: "PROTO-HV-08",
      ...ONLY_HVISOR,
      code: LOOP,
      host: { GINTC: { PIP: 0 }, ...set },
      exits: [
        hvc(0, { lines: { [line]: true } }),
        interrupt(line, { at: "loop", service: false, handle: { kind: "external-interrupt", vector } }),
      ],
      runsOn: false,
    }),
  );
}

for (const line of [0, 3, 7]) {
  Deno.test(
    `inject_irq of HWI${line} makes it the only injected line and starts the host's timer`,
    protocol({
      rule: "PROTO-HV-09",
      ...ONLY_HVISOR,
      calls: [
        ...NEW_VCPU,
        { call: "inject", interrupt: "HWI5" },
        {
          call: "inject",
          interrupt: `HWI${line}`,
          executes: [["GINTC", { VIP: 1 << line }], ["TCFG", { En: 1, Periodic: 1 }]],
          host: { GINTC: { VIP: 1 << line }, TCFG: { En: 1 } },
        },
        { call: "enter", exit: "HVC", guest: { ESTAT: { IS: 4 << line } } },
      ],
    }),
  );
}

for (const [name, position] of [["SWI0", 0], ["SWI1", 1], ["PCOV", 10], ["TI", 11], ["IPI", 12]] as const) {
  Deno.test(
    `inject_irq of ${name} ORs its bit into GCSR.ESTAT, which no return to the guest overwrites`,
    protocol({
      rule: "PROTO-HV-09",
      ...ONLY_HVISOR,
      calls: [
        ...NEW_VCPU,
        {
          call: "inject",
          interrupt: name,
          executes: [["guest ESTAT", { IS: 1 << position }], ["TCFG", { En: 1 }]],
        },
        { call: "enter", exit: "HVC", guest: { ESTAT: { IS: 1 << position } } },
      ],
    }),
  );
}

Deno.test(
  "the guest's timer runs on while hvisor handles an exit, for hvisor writes none of its registers",
  protocol({
    rule: "PROTO-HV-10",
    ...ONLY_HVISOR,
    code: `
      start:  li.d   $t0, 40001
              csrwr  $t0, TCFG
              csrrd  $a0, TVAL
              hvcl   0
              csrrd  $a1, TVAL
              sub.d  $a2, $a0, $a1
              li.d   $t0, 5000
              sltu   $a3, $a2, $t0
              li.d   $t0, 6000
              sltu   $a4, $a2, $t0
              hvcl   1`,
    calls: [
      ...NEW_VCPU,
      { call: "enter", exit: "HVC" },
      { call: "handle", reports: { kind: "hypercall" } },
      {
        call: "enter",
        exit: "HVC",
        advance: 5000,
        executes: [["ERA"], ["guest CRMD"], ["guest LLBCTL"]],
        otherSteps: "any",
        regs: { a3: 0, a4: 1 },
        guest: { TCFG: 40001, ESTAT: { IS: 0 } },
      },
    ],
  }),
);
