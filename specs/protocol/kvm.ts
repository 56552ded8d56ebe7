/**
 * What Linux's KVM executes, in which order: switching LVZ on and off, VPIDs, what precedes an entry, idle vCPUs.
 *
 * A failure here means that a hypervisor in the manner of KVM leaves the processor in a state that the next step does not expect: traps of
 * an earlier user, guests that share a GID, interrupts that come late or get lost.
 */
import { fault, guest, hvc, protocol, type ProtocolCall, type ProtocolCase } from "../../dsl/mod.ts";

const ONLY_KVM = { switches: ["kvm"] } as const;

/** Someone else used LVZ on this processor before. */
const USED_BEFORE: ProtocolCase["host"] = {
  GCFG: { MATC: 2, SIT: 1, TIT: 1, TOE: 1, TOP: 1, TORU: 1, GCI: 1 },
  GSTAT: { PVM: 1, GID: 7 },
  GINTC: { VIP: 0xf0, PIP: 0x0f },
  GTLBC: { USETGID: 1, TOTI: 1, TGID: 7 },
};

Deno.test(
  "KVM enables a processor: it clears GCFG, GSTAT, GINTC, USETGID and TOTI, chooses GCI and MATC, drops guest entries, sets USETGID",
  protocol({
    rule: "PROTO-KVM-01",
    ...ONLY_KVM,
    host: USED_BEFORE,
    calls: [{
      call: "enable",
      executes: [
        "read GCFG",
        ["GCFG", 0],
        ["GSTAT", 0],
        ["GINTC", 0],
        ["GTLBC", { USETGID: 0, TOTI: 0 }],
        ["GCFG", { GCI: 2, MATC: 1, SIT: 0, TIT: 0, TOE: 0, TOP: 0, TORU: 0 }],
        "invtlb 0x12",
        ["GTLBC", { USETGID: 1 }],
      ],
      host: {
        GCFG: { GCI: 2, MATC: 1, SIT: 0, TIT: 0, TOE: 0, TOP: 0, TORU: 0 },
        GSTAT: { PVM: 0, GID: 0 },
        GINTC: 0,
        GTLBC: { USETGID: 1, TOTI: 0 },
      },
    }],
  }),
);

Deno.test(
  "KVM gives a processor up: it clears GCFG, GSTAT, GINTC, USETGID and TOTI and drops guest entries",
  protocol({
    rule: "PROTO-KVM-02",
    ...ONLY_KVM,
    calls: [
      { call: "enable" },
      {
        call: "disable",
        set: USED_BEFORE,
        executes: [
          ["GCFG", 0],
          ["GSTAT", 0],
          ["GINTC", 0],
          ["GTLBC", { USETGID: 0, TOTI: 0 }],
          "invtlb 0x12",
        ],
        host: {
          GCFG: { GCI: 0, MATC: 0, SIT: 0, TIT: 0, TOE: 0, TOP: 0, TORU: 0 },
          GSTAT: { PVM: 0, GID: 0 },
          GINTC: 0,
          GTLBC: { USETGID: 0, TOTI: 0 },
        },
      },
    ],
  }),
);

// VPIDs -----------------------------------------------------------------------------------------------------------------------------------

/** A vCPU that owns the processor and was never entered. */
const NEW_VCPU: readonly ProtocolCall[] = [
  { call: "create" },
  { call: "setNestedPageTable" },
  { call: "setEntry", gpa: "start" },
  { call: "setup" },
  { call: "bind" },
];

/** The first entry of a vCPU: what it does about the GID, and the GID that its guest has. */
function firstEntry(gid: number, isNewGeneration: boolean): ProtocolCall {
  return {
    call: "enter",
    exit: "HVC",
    at: "start",
    executes: [
      ...(isNewGeneration ? ["invtlb 0x12"] : []),
      ["guest LLBCTL", { WCLLB: 1 }],
      ["GSTAT", { GID: gid }],
      ["GSTAT", { GID: gid, PVM: 1 }],
      ["GSTAT", { GID: gid, PVM: 0 }],
    ],
    otherSteps: "any",
    host: { GSTAT: { GID: gid } },
  };
}

/** Guests one after the other, each entered once; the first has the GID `first`. */
function guests(first: number, count: number): readonly ProtocolCall[] {
  return Array.from({ length: count }, (_, i) => first + i).flatMap((gid) => [
    ...NEW_VCPU,
    firstEntry(gid, false),
    { call: "unbind" },
  ]);
}

Deno.test(
  "KVM gives 255 guests the GIDs 1 to 255, and the next one GID 1 after it dropped the entries of all",
  protocol({
    rule: "PROTO-KVM-03",
    ...ONLY_KVM,
    calls: [{ call: "enable" }, ...guests(1, 255), ...NEW_VCPU, firstEntry(1, true)],
  }),
);

Deno.test(
  "KVM enters a vCPU again with the GID that it has, and writes GSTAT.GID and LLBCTL only for one of an earlier generation",
  protocol({
    rule: "PROTO-KVM-04",
    ...ONLY_KVM,
    calls: [
      { call: "enable" },
      ...guests(1, 255),
      { call: "bind", vcpu: 3 },
      {
        call: "enter",
        vcpu: 3,
        exit: "HVC",
        executes: [["GSTAT", { GID: 4, PVM: 1 }], ["GSTAT", { GID: 4, PVM: 0 }]],
        otherSteps: "any",
      },
      { call: "unbind", vcpu: 3 },
      ...NEW_VCPU,
      firstEntry(1, true),
      { call: "unbind" },
      { call: "bind", vcpu: 3 },
      { ...firstEntry(2, false), vcpu: 3 },
    ],
  }),
);

// The way into the guest ------------------------------------------------------------------------------------------------------------------

const STACKED = [1, 22, 23, 24, 25, 26, 27, 28, 29, 30, 31];
/** What the host of every case has in a register. */
const ofHost = (r: number) => 0x9000_0000_0bad_0000n + BigInt(r);
const PT_REGS = 0x140;

Deno.test(
  "kvm_enter_guest keeps ra, sp, fp and s0 to s8 in a frame below sp, and the vCPU's address in a SAVE register",
  protocol({
    rule: "PROTO-KVM-10",
    ...ONLY_KVM,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      {
        call: "enter",
        exit: "HVC",
        // The first thing that it does, once the GID is there, and it holds until the exit.
        executes: [
          ["GSTAT", { PVM: 0 }],
          ["SAVE4"],
          ["ECFG", { VS: 0 }],
          ["GSTAT", { PVM: 1 }],
          // The first fetch needs a stage-2 entry.
          ...["ertn", "tlbfill", "ertn"],
          ["ECFG"],
          ["GSTAT", { PVM: 0 }],
        ],
        otherSteps: "any",
        memory: [
          ...STACKED.map((r) => ({ at: `sp - ${PT_REGS - 8 * r}`, value: ofHost(r) })),
          { at: `sp - ${PT_REGS - 8 * 2}`, value: ofHost(2) },
          { at: `sp - ${PT_REGS - 8 * 3}`, value: "sp" },
        ],
      },
    ],
  }),
);

Deno.test(
  "KVM enters and leaves in its order: VS, EENTRY, ERA, PGDL, TGID, PRMD, PVM; then VS, EENTRY, PGDL, PVM, TGID back",
  protocol({
    rule: ["PROTO-KVM-11", "PROTO-KVM-12"],
    ...ONLY_KVM,
    code: `
      start:  hvcl 0
      next:   hvcl 1`,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      { call: "enter", exit: "HVC", at: "start" },
      { call: "handle", reports: { kind: "nothing" }, executes: [], pc: "next" },
      {
        call: "enter",
        exit: "HVC",
        at: "next",
        executes: [
          ["SAVE4"],
          ["ECFG", { VS: 0 }],
          ["EENTRY", 0x9000_0000_0101_0000n],
          ["ERA", "next"],
          ["PGDL", 0x10000],
          ["GTLBC", { TGID: 1 }],
          ["PRMD", 4],
          ["GSTAT", { PVM: 1, GID: 1 }],
          "ertn",
          ["SAVE5"],
          ["ECFG", { VS: 7 }],
          ["EENTRY", 0x9000_0000_0a11_0000n],
          ["PGDL", 0x9000_0000_0a22_0000n],
          ["GSTAT", { PVM: 0, GID: 1 }],
          ["GTLBC", { TGID: 0 }],
        ],
      },
    ],
  }),
);

/** A guest that gets ADEM for an address that no guest has, at its vector. */
const FAULTS = `
      start:  la.pcrel $t0, vector
              csrwr    $t0, EENTRY
              li.d     $t1, 0x800000000000
      probe:  ld.d     $a0, $t1, 0
              .balign  4096
      vector: hvcl     1`;

Deno.test(
  "before an entry KVM delivers the exception, takes a VPID, clears interrupts, sets others, and only then switches",
  protocol({
    rule: "PROTO-KVM-20",
    ...ONLY_KVM,
    code: FAULTS,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      { call: "enter", exit: "PIL", at: "probe" },
      { call: "handle", reports: { kind: "nothing" }, executes: [] },
      { call: "unbind" },
      // The generation of its VPID ends meanwhile.
      ...Array.from({ length: 255 }, () =>
        [
          ...NEW_VCPU,
          { call: "enter", exit: "PIL" },
          { call: "unbind" },
        ] satisfies ProtocolCall[]).flat(),
      { call: "bind", vcpu: 0 },
      { call: "inject", vcpu: 0, interrupt: "SWI1", executes: [] },
      { call: "inject", vcpu: 0, interrupt: "HWI2", executes: [] },
      { call: "withdraw", vcpu: 0, interrupt: "IPI", executes: [] },
      {
        call: "enter",
        vcpu: 0,
        exit: "HVC",
        at: "vector",
        executes: [
          ["guest BADV"],
          ["guest BADI"],
          ["guest PRMD"],
          ["guest CRMD"],
          ["guest ERA", "probe"],
          ["guest ESTAT"],
          ["guest LLBCTL", { WCLLB: 1 }],
          ["GSTAT", { GID: 2 }],
          ["guest ESTAT", { IS: 0 }],
          ["guest ESTAT", { IS: 2 }],
          ["GINTC", { VIP: 4 }],
          ["SAVE4"],
          ["ECFG", { VS: 0 }],
          ["EENTRY"],
          ["ERA", "vector"],
          ["PGDL"],
          ["GTLBC"],
          ["PRMD"],
          ["GSTAT", { PVM: 1 }],
          ...["ertn", "tlbfill", "ertn"],
          ["SAVE5"],
          ["ECFG"],
          ["EENTRY"],
          ["PGDL"],
          ["GSTAT"],
          ["GTLBC"],
        ],
      },
    ],
  }),
);

Deno.test(
  "KVM invalidates the GPA that it mapped after the interrupts and before the switch of the next entry",
  protocol({
    rule: "PROTO-KVM-20",
    ...ONLY_KVM,
    code: `
      start:  lu12i.w $t1, 0x3c
      page:   ld.d    $a0, $t1, 0
              hvcl    2`,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      { call: "enter", exit: "PIL", at: "page" },
      { call: "handle", reports: { kind: "nothing" }, executes: [], pc: "page" },
      { call: "inject", interrupt: "TI", executes: [] },
      {
        call: "enter",
        exit: "HVC",
        executes: [["guest ESTAT", { IS: 0x800 }], "invtlb 0x16", ["SAVE4"], ["GSTAT", { PVM: 1 }], [
          "GSTAT",
        ]],
        otherSteps: "any",
      },
    ],
  }),
);

for (
  const { name, step, off } of [
    ...[["SWI0", 0], ["SWI1", 1], ["PCOV", 10], ["TI", 11], ["IPI", 12]].map(([name, position]) => ({
      name: String(name),
      step: ["guest ESTAT", { IS: 1n << BigInt(position ?? 0) }] as const,
      off: ["guest ESTAT", { IS: 0 }] as const,
    })),
    ...[0, 1, 2, 3, 4, 5, 6, 7].map((line) => ({
      name: `HWI${line}`,
      step: ["GINTC", { VIP: 1 << line }] as const,
      off: ["GINTC", { VIP: 0 }] as const,
    })),
  ]
) {
  const inEstat = step[0] === "guest ESTAT";
  const compares = inEstat ? ["read guest TVAL"] : [];
  Deno.test(
    `KVM sets and clears ${name} in ${
      inEstat ? "GCSR.ESTAT, and looks at TVAL before and after" : "GINTC.VIP"
    }`,
    protocol({
      rule: "PROTO-KVM-21",
      ...ONLY_KVM,
      code: `
        start:  hvcl 0
                hvcl 1
                hvcl 2`,
      calls: [
        { call: "enable" },
        ...NEW_VCPU,
        { call: "enter", exit: "HVC" },
        { call: "handle", reports: { kind: "nothing" } },
        { call: "inject", interrupt: name, executes: [] },
        {
          call: "enter",
          exit: "HVC",
          executes: [...compares, step, ...compares, ["ERA"]],
          otherSteps: "any",
          guest: { ESTAT: { IS: inEstat ? step[1].IS ?? 0 : (step[1].VIP ?? 0) * 4 } },
        },
        { call: "handle", reports: { kind: "nothing" } },
        { call: "withdraw", interrupt: name, executes: [] },
        {
          call: "enter",
          exit: "HVC",
          executes: [...compares, off, ...compares, ["ERA"]],
          otherSteps: "any",
          guest: { ESTAT: { IS: 0 } },
        },
      ],
    }),
  );
}

// Idle ------------------------------------------------------------------------------------------------------------------------------------

/** A guest that idles with its interrupts off, and what it finds pending afterwards. */
function idleGuest(timer: string): string {
  return `
      start:  li.d    $t0, ${timer}
              csrwr   $t0, TCFG
              li.d    $t0, 0x1fff
              csrwr   $t0, ECFG
      probe:  idle    0
      after:  csrrd   $a0, ESTAT
              hvcl    1`;
}

const IDLES: readonly ProtocolCall[] = [
  { call: "enable" },
  ...NEW_VCPU,
  { call: "enter", exit: "GSPR", at: "probe" },
  { call: "handle", reports: { kind: "idle" }, executes: [], pc: "after" },
];

for (
  const { name, timer, calls, pending } of [
    { name: "once its timer has expired", timer: "4001", calls: [], pending: 0x800 },
    { name: "once its periodic timer has expired", timer: "4003", calls: [], pending: 0x800 },
    {
      name: "at once if its timer expired before",
      timer: "4001",
      calls: [{ call: "unbind" }, { call: "bind", advance: 5000 }] satisfies ProtocolCall[],
      pending: 0x800,
    },
    {
      name: "at once if an interrupt is pending",
      timer: "0",
      calls: [{ call: "inject", interrupt: "SWI1" }] satisfies ProtocolCall[],
      pending: 2,
    },
    {
      name: "at once if a line is pending",
      timer: "0",
      calls: [{ call: "inject", interrupt: "HWI3" }] satisfies ProtocolCall[],
      pending: 0x20,
    },
  ]
) {
  Deno.test(
    `a vCPU of KVM that idles with interrupts off goes on behind the idle ${name}`,
    protocol({
      rule: "PROTO-KVM-39",
      ...ONLY_KVM,
      code: idleGuest(timer),
      calls: [
        ...IDLES,
        ...calls,
        { call: "wait" },
        { call: "enter", exit: "HVC", regs: { a0: pending } },
      ],
    }),
  );
}

// Putting a vCPU away ---------------------------------------------------------------------------------------------------------------------

Deno.test(
  "KVM puts a vCPU away by reading the guest copies, GSTAT, TCFG, TVAL, ESTAT and GINTC, and writes nothing",
  protocol({
    rule: ["PROTO-KVM-62", "PROTO-KVM-64"],
    ...ONLY_KVM,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      { call: "enter", exit: "HVC" },
      {
        call: "unbind",
        executes: [
          ...["CRMD", "SAVE7", "DMW3", "PRCFG1", "PRCFG2", "PRCFG3"].map((name) => `read guest ${name}`),
          "read GSTAT",
          ...["TCFG", "TVAL", "ESTAT"].map((name) => `read guest ${name}`),
          "read GINTC",
        ],
      },
    ],
  }),
);

Deno.test(
  "KVM gives a new VM a counter that starts at 0, by GCNTC",
  protocol({
    rule: "PROTO-KVM-66",
    ...ONLY_KVM,
    code: `
      start:  rdtime.d $a0, $zero
              srli.d   $a1, $a0, 12
              hvcl     0`,
    calls: [
      { call: "enable" },
      { call: "create", advance: 1_000_000 },
      { call: "setNestedPageTable" },
      { call: "setEntry", gpa: "start" },
      { call: "setup", executes: [] },
      { call: "bind", executes: [["GCNTC"]], otherSteps: "any" },
      { call: "enter", exit: "HVC", regs: { a1: 0 } },
    ],
  }),
);

Deno.test(
  "a line that was injected into one vCPU of KVM is not pending in the next, and is again when the first comes back",
  protocol({
    rule: "PROTO-KVM-61",
    ...ONLY_KVM,
    code: `
      start:  hvcl 0
              hvcl 1`,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      { call: "inject", interrupt: "HWI4" },
      { call: "enter", exit: "HVC", guest: { ESTAT: { IS: 0x40 } } },
      { call: "unbind" },
      ...NEW_VCPU,
      { call: "enter", exit: "HVC", guest: { ESTAT: { IS: 0 } }, host: { GINTC: { VIP: 0 } } },
      { call: "unbind" },
      { call: "bind", vcpu: 0, host: { GINTC: { VIP: 0x10 } } },
    ],
  }),
);

Deno.test(
  "an expired one-shot whose interrupt the guest acknowledged wakes an idle vCPU of KVM at once",
  protocol({
    rule: "PROTO-KVM-64",
    ...ONLY_KVM,
    code: `
      start:    li.d     $t0, 401
                csrwr    $t0, TCFG
      wait:     csrrd    $t1, ESTAT
                beqz     $t1, wait
                li.d     $t0, 1
                csrwr    $t0, TICLR
                rdtime.d $s0, $zero
      probe:    idle     0
                rdtime.d $s1, $zero
                sub.d    $s1, $s1, $s0
                srli.d   $a0, $s1, 13
                hvcl     1`,
    calls: [
      { call: "enable" },
      ...NEW_VCPU,
      { call: "enter", exit: "GSPR", at: "probe" },
      { call: "handle", reports: { kind: "idle" } },
      { call: "wait" },
      { call: "enter", exit: "HVC", regs: { a0: 0 } },
    ],
  }),
);

// Exits that KVM does not know ------------------------------------------------------------------------------------------------------------

for (
  const { kind, access, code } of [
    { kind: "PNR", access: "wx", code: "ld.d $a0, $t0, 0" },
    { kind: "PNX", access: "rw", code: "jr $t0" },
  ] as const
) {
  Deno.test(
    `KVM takes ${kind} for an exit that it does not know, and the guest gets INE at its vector`,
    guest({
      rule: "PROTO-KVM-30",
      ...ONLY_KVM,
      set: { t0: 0x20000 },
      csr: { EENTRY: "vector" },
      map: [{ gpa: 0x20000n, access }],
      code: `
        probe:   ${code}
                 .balign 4096
        vector:  hvcl 1`,
      exits: [
        fault(kind, 0x20000n, { handle: { kind: "nothing" } }),
        hvc(1, { at: "vector", otherCsrs: "any" }),
      ],
    }),
  );
}
