/**
 * What ArceOS's loongarch_vcpu keeps where, and executes in which order.
 *
 * A failure here means that the parts of that hypervisor no longer agree: assembly that stores a register at one offset and Rust that reads
 * it at another, a vector that leads elsewhere, an interrupt that is lost.
 */
import {
  type Csrs,
  gspr,
  guest,
  hvc,
  interrupt,
  type Lines,
  protocol,
  type ProtocolCall,
  type Registers,
} from "../../dsl/mod.ts";

const ONLY_ARCEOS = { switches: ["arceos"] } as const;

/** A vCPU that owns the processor and was never entered. */
const NEW_VCPU: readonly ProtocolCall[] = [
  { call: "enable" },
  { call: "create" },
  { call: "setNestedPageTable" },
  { call: "setEntry", gpa: "start" },
  { call: "setup" },
  { call: "bind" },
];

// The frame -------------------------------------------------------------------------------------------------------------------------------

const CSR_RANGES = [
  ...[[0x0, 0x8], [0xc, 0xc], [0x10, 0x13], [0x18, 0x1f], [0x20, 0x23], [0x30, 0x3f], [0x40, 0x44], [
    0x60,
    0x60,
  ]],
  ...[[0x88, 0x8f], [0x180, 0x183]],
] as const;
const CSR_NUMBERS = CSR_RANGES.flatMap(([first = 0, last = 0]) =>
  Array.from({ length: last - first + 1 }, (_, i) => first + i)
);
const ALL = Array.from({ length: 31 }, (_, i) => i + 1);
/** Bytes of the frame: 32 registers, the PC, the guest's CSRs, six of the host's. */
const FRAME = 8 * (33 + CSR_NUMBERS.length + 6);

/** A place in the frame, whose end SAVE3 holds. */
const inFrame = (offset: number) => `SAVE3 - ${FRAME - offset}`;
const slotOf = (number: number) => inFrame(8 * (33 + CSR_NUMBERS.indexOf(number)));
const exitSlot = (n: number) => inFrame(FRAME - 48 + 8 * n);

/** Guest CSRs that hold whatever is written, by number. */
const STORAGE = [0x6, 0x7, 0x19, 0x1a, 0x30, 0x31, 0x37, 0x43, 0x8b];
const contentOf = (number: number) => number * 0x1000;
const registerOf = (r: number) => 0x5a00_0000n + BigInt(r);

Deno.test(
  "the frame has r0 to r31, the PC at 256, the guest's CSRs by number, the host's exit registers, and the host's sp behind it",
  protocol({
    rule: "PROTO-AV5-01",
    ...ONLY_ARCEOS,
    code: `
      start:  ${STORAGE.map((n) => `lu12i.w $t0, ${n}\ncsrwr $t0, ${n}`).join("\n")}
              li.d $t0, 0x31
              csrwr $t0, 0x183
              ${ALL.map((r) => `li.d $r${r}, ${registerOf(r)}`).join("\n")}
      call:   hvcl 5`,
    calls: [
      ...NEW_VCPU,
      {
        call: "enter",
        exit: "HVC",
        at: "call",
        memory: [
          { at: inFrame(0), value: 0 },
          ...ALL.map((r) => ({ at: inFrame(8 * r), value: registerOf(r) })),
          { at: inFrame(256), value: "call" },
          { at: slotOf(0x0), value: 8 },
          ...STORAGE.map((n) => ({ at: slotOf(n), value: contentOf(n) })),
          { at: slotOf(0x180), value: 0x9000_0000_0000_0011n },
          { at: slotOf(0x183), value: 0x31 },
          // SAVE8 to SAVE15 have their slots on a machine that lacks them.
          ...[0x38, 0x3f].map((n) => ({ at: slotOf(n), value: 0 })),
          { at: exitSlot(0), value: 0x17_0000 },
          { at: exitSlot(1), value: "call" },
          { at: exitSlot(2), value: 0 },
          { at: exitSlot(3), value: 0x2b_8005 },
          { at: "SAVE3", value: "sp" },
        ],
      },
    ],
  }),
);

Deno.test(
  "a new vCPU has cpu_id in a0, the device tree in a1 and 0 elsewhere, and the functions that set it up touch no register of the processor",
  protocol({
    rule: "PROTO-AV5-02",
    ...ONLY_ARCEOS,
    code: `
      start:  hvcl 1
      other:  hvcl 2`,
    calls: [
      { call: "enable" },
      {
        call: "create",
        boot: { cpuId: 3, deviceTree: 0x1234_5678n },
        executes: [],
        pc: 0,
        regs: { ...Object.fromEntries(ALL.map((r) => [`r${r}`, 0])) as Registers, r4: 3, r5: 0x1234_5678 },
      },
      { call: "setNestedPageTable", executes: [] },
      { call: "setup", executes: [] },
      { call: "setEntry", gpa: "other", executes: [], pc: "other" },
      { call: "setGpr", register: "a1", value: 0x77, executes: [], regs: { a0: 3, a1: 0x77 } },
      { call: "setReturnValue", value: -5, executes: [], regs: { a0: -5, a1: 0x77 } },
      { call: "bind" },
      {
        call: "enter",
        exit: "HVC",
        at: "other",
        regs: { a0: -5, a1: 0x77, a2: 0 },
        guest: { CPUID: { CoreID: 3 } },
      },
    ],
  }),
);

for (
  const { passthroughTimer, tcfg } of [{ passthroughTimer: true, tcfg: 1 }, {
    passthroughTimer: false,
    tcfg: 0,
  }]
) {
  Deno.test(
    `setup leaves TCFG = ${tcfg} for a guest with${passthroughTimer ? "" : "out"} a passed-through timer`,
    protocol({
      rule: "PROTO-AV5-03",
      ...ONLY_ARCEOS,
      calls: [
        { call: "enable" },
        { call: "create" },
        { call: "setNestedPageTable" },
        { call: "setEntry", gpa: "start" },
        { call: "setup", passthroughTimer },
        { call: "bind" },
        { call: "enter", exit: "HVC", guest: { CRMD: 8, PRMD: 4, EUEN: 0, TCFG: tcfg } },
      ],
    }),
  );
}

// Entry and exit --------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "run writes SAVE3, DSAVE, ERA and the guest's CSRs by number, TCFG before TVAL, and never GSTAT",
  protocol({
    rule: "PROTO-AV5-06",
    ...ONLY_ARCEOS,
    calls: [
      ...NEW_VCPU,
      {
        call: "enter",
        exit: "HVC",
        executes: [
          ["SAVE3"],
          // The guest's sp at the entry, and again at the exit.
          ["DSAVE", 0],
          ["TLBRERA"],
          ["ERA", "start"],
          ...[
            "CRMD",
            "PRMD",
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
          ].map(
            ofGuest,
          ),
          ...[
            "TLBELO0",
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
          ].map(
            ofGuest,
          ),
          ...["PRCFG1", "PRCFG2", "PRCFG3", ...Array.from({ length: 16 }, (_, n) => `SAVE${n}`)].map(ofGuest),
          ...[
            "TID",
            "TCFG",
            "TVAL",
            "CNTC",
            "TICLR",
            "LLBCTL",
            "TLBRENTRY",
            "TLBRBADV",
            "TLBRERA",
            "TLBRSAVE",
          ].map(
            ofGuest,
          ),
          ...["TLBRELO0", "TLBRELO1", "TLBREHI", "TLBRPRMD", "DMW0", "DMW1", "DMW2", "DMW3"].map(ofGuest),
          // The first fetch needs a stage-2 entry.
          "ertn",
          "tlbfill",
          "ertn",
          ["DSAVE", 0],
        ],
      },
    ],
  }),
);

function ofGuest(name: string): readonly [string] {
  return [`guest ${name}`];
}

/** Vectors: 0x80 bytes for each code, and for each interrupt from 64 on. */
const VECTORS: readonly {
  readonly name: string;
  readonly code: string;
  readonly exit: Extract<ProtocolCall, { readonly call: "enter" }>["exit"];
  readonly vector: number;
  readonly lines?: Lines;
  readonly set?: Csrs;
}[] = [
  { name: "PIL", code: "probe: ld.d $a0, $t0, 0", exit: "PIL", vector: 0x80 },
  { name: "PIS", code: "probe: st.d $a0, $t0, 0", exit: "PIS", vector: 0x100 },
  { name: "GSPR", code: "probe: cpucfg $a0, $a1", exit: "GSPR", vector: 0xb00 },
  { name: "HVC", code: "probe: hvcl 3", exit: "HVC", vector: 0xb80 },
  { name: "an IPI", code: "probe: b probe", exit: "INT", vector: 0x2600, lines: { IPI: true } },
  {
    name: "a line",
    code: "probe: b probe",
    exit: "INT",
    vector: 0x2000 + 0x80 * 5,
    lines: { HWI3: true },
    set: { GINTC: { PIP: 0 }, ECFG: { LIE: 0x20 } },
  },
];

for (const { name, code, exit, vector, ...more } of VECTORS) {
  Deno.test(
    `an exit by ${name} arrives at offset 0x${
      vector.toString(16)
    } of the vectors, and run comes back with the guest's registers`,
    protocol({
      rule: "PROTO-AV5-07",
      ...ONLY_ARCEOS,
      code: `
        start:  li.d $s0, 0x1111
                li.d $t8, 0x2222
                lu12i.w $t0, 0x80
                hvcl 0
                ${code}`,
      calls: [
        ...NEW_VCPU,
        { call: "enter", exit: "HVC", vector: 0xb80 },
        { call: "handle", reports: { kind: "hypercall", code: 0 } },
        { call: "enter", exit, at: "probe", vector, regs: { s0: 0x1111, t0: 0x80000, t8: 0x2222 }, ...more },
      ],
    }),
  );
}

// Injection -------------------------------------------------------------------------------------------------------------------------------

for (const line of [0, 1, 2, 3, 4, 5, 6, 7]) {
  Deno.test(
    `inject_interrupt of position ${line + 2} sets GINTC.HWIS bit ${line}`,
    protocol({
      rule: "PROTO-AV5-10",
      ...ONLY_ARCEOS,
      calls: [
        ...NEW_VCPU,
        {
          call: "inject",
          interrupt: line + 2,
          set: { GINTC: { VIP: 0x81 } },
          executes: [["GINTC", { VIP: 0x81 | 1 << line, PIP: 0xff }]],
          guest: { ESTAT: { IS: (0x81 | 1 << line) << 2 } },
        },
        { call: "enter", exit: "HVC", guest: { ESTAT: { IS: (0x81 | 1 << line) << 2 } } },
      ],
    }),
  );
}

for (
  const { name, position } of [
    { name: "SWI0", position: 0 },
    { name: "SWI1", position: 1 },
    { name: "PCOV", position: 10 },
    { name: "TI", position: 11 },
    { name: "IPI", position: 12 },
  ]
) {
  Deno.test(
    `inject_interrupt of ${name} ORs bit ${position} into GCSR.ESTAT at once, and the next run keeps it`,
    protocol({
      rule: "PROTO-AV5-10",
      ...ONLY_ARCEOS,
      calls: [
        ...NEW_VCPU,
        {
          call: "inject",
          interrupt: name,
          executes: [["guest ESTAT", { IS: 1 << position }]],
          guest: { ESTAT: { IS: 1 << position } },
        },
        { call: "enter", exit: "HVC", guest: { ESTAT: { IS: 1 << position } } },
      ],
    }),
  );
}

// Per CPU ---------------------------------------------------------------------------------------------------------------------------------

Deno.test(
  "hardware_enable only reads EENTRY and GSTAT, and hardware_disable writes back what they were",
  protocol({
    rule: "PROTO-AV5-11",
    ...ONLY_ARCEOS,
    host: { EENTRY: 0x9000_0000_0123_0000n, GSTAT: { PVM: 1, GID: 3 } },
    calls: [
      {
        call: "enable",
        executes: ["read EENTRY", "read GSTAT"],
        host: { EENTRY: 0x9000_0000_0123_0000n, GSTAT: { PVM: 1, GID: 3 } },
      },
      {
        call: "disable",
        set: { EENTRY: 0x9000_0000_0456_0000n, GSTAT: { PVM: 0, GID: 9 } },
        executes: [["EENTRY", 0x9000_0000_0123_0000n], ["GSTAT", { PVM: 1, GID: 3 }]],
        host: { EENTRY: 0x9000_0000_0123_0000n, GSTAT: { PVM: 1, GID: 3 } },
      },
    ],
  }),
);

// As from 0.5.13 on -----------------------------------------------------------------------------------------------------------------------

Deno.test(
  "a refill without a table leaves the handler without ertn: direct mode and IsTLBR stay until the next entry, which clears the bit",
  protocol({
    rule: "PROTO-AV13-09",
    ...ONLY_ARCEOS,
    code: `
      start:  lu12i.w $t0, 0x10000
      probe:  ld.d    $a0, $t0, 0
      after:  hvcl    1`,
    calls: [
      ...NEW_VCPU,
      {
        call: "enter",
        exit: "refill",
        at: "probe",
        executes: ["ertn", "tlbfill", "ertn"],
        otherSteps: "any",
        host: { TLBRERA: { IsTLBR: 1 }, CRMD: { DA: 1, PG: 0 }, TLBRBADV: 0x1000_0000 },
      },
      { call: "handle", reports: { kind: "nested-page-fault", address: 0x1000_0000n, access: "read" } },
      { call: "setEntry", gpa: "after" },
      {
        call: "enter",
        exit: "HVC",
        at: "after",
        executes: [["TLBRERA", { IsTLBR: 0 }], "ertn"],
        otherSteps: "any",
        host: { TLBRERA: { IsTLBR: 0 } },
      },
    ],
  }),
);

Deno.test(
  "unbind clears IsTLBR after an exit out of the refill handler, and the host is in mapped mode again",
  protocol({
    rule: "PROTO-AV13-09",
    ...ONLY_ARCEOS,
    code: `
      start:  lu12i.w $t0, 0x10000
              ld.d    $a0, $t0, 0`,
    calls: [
      ...NEW_VCPU,
      { call: "enter", exit: "refill" },
      { call: "unbind", host: { TLBRERA: { IsTLBR: 0 }, CRMD: { DA: 0, PG: 1 } } },
    ],
  }),
);

Deno.test(
  "idle returns Idle behind the instruction, and an interrupt that came meanwhile is taken there",
  guest({
    rule: "PROTO-AV13-12",
    ...ONLY_ARCEOS,
    code: `
      sleep:    idle  0
      awake:    hvcl  1
                .balign 4096
      handler:  csrrd $a0, ERA
                hvcl  2`,
    csr: { EENTRY: "handler", ECFG: { LIE: 2 }, CRMD: { IE: 1 } },
    exits: [
      gspr({ at: "sleep", handle: { kind: "idle" }, inject: "SWI1" }),
      hvc(2, { regs: { a0: "awake" }, took: { kind: "INT", at: "awake" } }),
    ],
  }),
);

// Exits that the host's timer causes ------------------------------------------------------------------------------------------------------

Deno.test(
  "an exit by the host's timer is reported as such, and the guest finds TI pending",
  guest({
    rule: "PROTO-AV5-08",
    ...ONLY_ARCEOS,
    code: `
      start:  hvcl  0
      wait:   csrrd $a0, ESTAT
              beqz  $a0, wait
              hvcl  1`,
    exits: [
      hvc(0, { set: { host: { ECFG: { LIE: 0x800 }, TCFG: { En: 1, InitVal: 250 } } } }),
      interrupt("TI", {
        service: false,
        handle: { kind: "external-interrupt", vector: 11 },
        otherRegs: "any",
        set: { host: { ECFG: { LIE: 0 } } },
      }),
      hvc(1, { otherRegs: "any", regs: { a0: 0x800 }, csr: { ESTAT: { IS: 0x800 } } }),
    ],
  }),
);
