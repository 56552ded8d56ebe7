/**
 * Hypercalls: hvcl at every code and privilege level, what the hardware records of it, and the calling conventions of the hypervisors.
 *
 * A hypervisor on hardware that fails here serves the wrong call, resumes its guest at the wrong place, or lets a guest's user programs call
 * it.
 */
import { guest, hvc } from "../dsl/mod.ts";

const hex = (n: number) => `0x${n.toString(16)}`;

// What the hardware does ---------------------------------------------------------------------------------------------

Deno.test(
  "hvcl exits with HVC at itself, and the guest goes on behind it with the host's result",
  guest({
    rule: "LVZ-EXIT-08",
    code: `
      call:   hvcl  5
      after:  hvcl  6
    `,
    exits: [
      hvc(5, {
        at: "call",
        badi: "hvcl 5",
        host: { ESTAT: { Ecode: 23, EsubCode: 0, IS: 0 }, ERA: "call" },
        resume: { a0: 42 },
      }),
      hvc(6, { at: "after", regs: { a0: 42 } }),
    ],
  }),
);

for (
  const code of [
    0,
    1,
    2,
    0x1f,
    0x20,
    0x3ff,
    0x400,
    0x100,
    0x101,
    0x102,
    0x3fff,
    0x4000,
    0x5555,
    0x7ffe,
    0x7fff,
  ]
) {
  Deno.test(
    `the host finds code ${hex(code)} of hvcl in bits 14:0 of BADI`,
    guest({
      rule: "LVZ-INSN-08",
      code: `
        call:   hvcl  ${code}
        after:  hvcl  0
      `,
      exits: [hvc(code, { at: "call", badi: 0x2b_8000 + code }), hvc(0, { at: "after" })],
    }),
  );
}

for (const PLV of [1, 2, 3]) {
  Deno.test(
    `hvcl at PLV${PLV} does not exit: it raises IPE, which the guest takes itself`,
    guest({
      rule: "LVZ-INSN-09",
      csr: { CRMD: { PLV }, EENTRY: "handler" },
      code: `
        call:    hvcl    5
                 .balign 4096
        handler: hvcl    6
      `,
      exits: [hvc(6, { at: "handler", took: { kind: "IPE", at: "call" } })],
    }),
  );
}

Deno.test(
  "hvcl leaves every register of the guest as it was, and every CSR of the guest",
  guest({
    rule: "LVZ-EXIT-05",
    csr: {
      CRMD: { IE: 1 },
      PRMD: { PPLV: 3, PIE: 1 },
      ECFG: { LIE: 0x1c03, VS: 3 },
      ESTAT: { Ecode: 11 },
      ERA: 0x1234_5678_9abc_def0n,
      BADV: -1,
      BADI: 0x0eadbeef,
      SAVE0: -2,
      LLBCTL: { KLO: 1 },
      TLBRERA: 0x4000,
      DMW0: 0x8000_0000_0000_0001n,
    },
    code: `
      call:   hvcl  1
      again:  hvcl  2
    `,
    exits: [
      hvc(1, {
        at: "call",
        csr: {
          CRMD: 0xc,
          PRMD: { PPLV: 3, PIE: 1 },
          ESTAT: { IS: 0, Ecode: 11 },
          ERA: 0x1234_5678_9abc_def0n,
          BADV: -1,
          BADI: 0x0eadbeef,
          SAVE0: -2,
        },
      }),
      hvc(2, { at: "again" }),
    ],
  }),
);

Deno.test(
  "hvcl in the guest's own exception handler leaves what the guest knows of that exception",
  guest({
    rule: "LVZ-EXIT-08",
    csr: { CRMD: { PLV: 3 }, EENTRY: "handler" },
    code: `
      user:    syscall  7
               .balign  4096
      handler: hvcl     1
               hvcl     2
               csrrd    $a0, ERA
               csrrd    $a1, ESTAT
               hvcl     3
    `,
    exits: [
      hvc(1, { at: "handler", took: { kind: "SYS", at: "user" } }),
      hvc(2),
      hvc(3, { regs: { a0: "user", a1: 11 << 16 } }),
    ],
  }),
);

for (const [reading, BADV] of [["unchanged", 0xbad0], ["pc", "call"]] as const) {
  Deno.test(
    `BADV after HVC is ${reading === "pc" ? "the PC" : "what it was"} (reading ${reading})`,
    guest({
      rule: "LVZ-EXIT-08",
      choices: { badvAtGspr: reading },
      host: { BADV: 0xbad0 },
      code: `call: hvcl 0`,
      exits: [hvc(0, { at: "call", host: { BADV } })],
    }),
  );
}

Deno.test(
  "a hypercall that the host does not skip is made again, and one that it answers elsewhere is not",
  guest({
    rule: "LVZ-EXIT-08",
    code: `
      call:   hvcl  1
              hvcl  2
      other:  hvcl  3
    `,
    exits: [
      hvc(1, { at: "call", resume: { pc: "call" } }),
      hvc(1, { at: "call", resume: { pc: "other", a0: 1 } }),
      hvc(3, { at: "other", regs: { a0: 1 } }),
    ],
  }),
);

Deno.test(
  "a guest can call in a loop and use each result at once",
  guest({
    rule: "LVZ-EXIT-08",
    set: { s0: 0, s1: 3 },
    code: `
      loop:   move    $a0, $s0
      call:   hvcl    7
              add.d   $s0, $s0, $a0
              addi.d  $s1, $s1, -1
              bnez    $s1, loop
      done:   hvcl    8
    `,
    exits: [
      hvc(7, { at: "call", regs: { a0: 0 }, resume: { a0: 10 } }),
      hvc(7, { at: "call", regs: { a0: 10, s0: 10, s1: 2 }, resume: { a0: 20 } }),
      hvc(7, { at: "call", regs: { a0: 30, s0: 30, s1: 1 }, resume: { a0: 300 } }),
      hvc(8, { at: "done", regs: { a0: 300, s0: 330, s1: 0 } }),
    ],
  }),
);

Deno.test(
  "the host finds the guest-virtual PC of an hvcl in ERA, and the guest goes on in its window",
  guest({
    rule: "LVZ-EXIT-08",
    csr: { CRMD: { DA: 0, PG: 1 }, DMW0: 0x1, DMW1: 0x9000_0000_0000_0001n },
    set: { s0: 0x9000_0000_0000_0000n },
    code: `
              la.local  $t0, call
              or        $t0, $t0, $s0
              jr        $t0
      call:   hvcl      1
      after:  hvcl      2
    `,
    exits: [
      hvc(1, {
        at: "call+0x9000000000000000",
        badi: "hvcl 1",
        regs: { t0: "call+0x9000000000000000" },
      }),
      hvc(2, { at: "after+0x9000000000000000", badi: "hvcl 2" }),
    ],
  }),
);

// Calling conventions ------------------------------------------------------------------------------------------------

const ARGUMENTS = { a0: 0x10, a1: 0x11, a2: 0x12, a3: 0x13, a4: 0x14, a5: 0x15, a6: 0x16, a7: 0x17 };

for (const code of [0, 1, 0x100, 0x101, 0x102, 0x7fff]) {
  Deno.test(
    `arceos takes hvcl ${hex(code)} for hypercall a0 with arguments a1 to a6 and moves the guest behind it`,
    guest({
      rule: "PROTO-AV5-08",
      switches: ["arceos"],
      set: ARGUMENTS,
      code: `
        call:   hvcl  ${code}
        after:  hvcl  0
      `,
      exits: [
        hvc(code, {
          at: "call",
          handle: { kind: "hypercall", code, nr: 0x10n, args: [0x11n, 0x12n, 0x13n, 0x14n, 0x15n, 0x16n] },
          resume: { a0: 99 },
        }),
        hvc(0, { at: "after", regs: { a0: 99 } }),
      ],
    }),
  );
}

for (const result of [0n, 7n, -2n]) {
  Deno.test(
    `kvm leaves hvcl 0x102 to user space with a0 to a5, and its result ${result} arrives in a0`,
    guest({
      rule: "PROTO-KVM-53",
      switches: ["kvm"],
      set: ARGUMENTS,
      code: `
        call:   hvcl  0x102
        after:  hvcl  0
      `,
      exits: [
        hvc(0x102, {
          at: "call",
          handle: { kind: "hypercall", nr: 0x10n, args: [0x11n, 0x12n, 0x13n, 0x14n, 0x15n] },
          resume: { a0: result },
        }),
        hvc(0, { at: "after", regs: { a0: result } }),
      ],
    }),
  );
}

Deno.test(
  "a user space that does not answer hvcl 0x102 leaves kvm's -1 in a0",
  guest({
    rule: "PROTO-KVM-53",
    switches: ["kvm"],
    set: ARGUMENTS,
    code: `
      call:   hvcl  0x102
      after:  hvcl  0
    `,
    exits: [
      hvc(0x102, { at: "call", handle: { kind: "hypercall" } }),
      hvc(0, { at: "after", regs: { a0: -1 } }),
    ],
  }),
);

for (const code of [0, 1, 0xff, 0x103, 0x200, 0x7fff]) {
  Deno.test(
    `kvm answers hvcl ${hex(code)}, which it does not know, with -1 in a0 and nothing else`,
    guest({
      rule: "PROTO-KVM-50",
      switches: ["kvm"],
      set: ARGUMENTS,
      code: `
        call:   hvcl  ${code}
        after:  hvcl  0
      `,
      exits: [
        hvc(code, { at: "call", handle: { kind: "nothing" } }),
        hvc(0, { at: "after", regs: { ...ARGUMENTS, a0: -1 } }),
      ],
    }),
  );
}

for (
  const [service, set] of [
    ["function 0, which does not exist,", { a0: 0 }],
    ["function 1, an IPI for vCPU 0, whose feature is off,", { a0: 1, a1: 1, a2: 0, a3: 0 }],
    ["function 2, the steal-time page, whose feature is off,", { a0: 2, a1: 4, a2: 0x8001 }],
    ["function 99, which does not exist,", { a0: 99 }],
  ] as const
) {
  Deno.test(
    `kvm answers hvcl 0x100 for ${service} with -1 in a0`,
    guest({
      rule: "PROTO-KVM-51",
      switches: ["kvm"],
      set: { ...ARGUMENTS, ...set },
      csr: { ECFG: { LIE: 0x1 } },
      code: `
        call:   hvcl  0x100
        after:  hvcl  0
      `,
      exits: [
        hvc(0x100, { at: "call", handle: { kind: "nothing" } }),
        hvc(0, { at: "after", regs: { a0: -1 }, csr: { ESTAT: { IS: 0 } } }),
      ],
    }),
  );
}

Deno.test(
  "kvm answers hvcl 0x101, the software breakpoint, like an unknown code while nobody debugs the guest",
  guest({
    rule: "PROTO-KVM-52",
    switches: ["kvm"],
    code: `
      call:   hvcl  0x101
      after:  hvcl  0
    `,
    exits: [
      hvc(0x101, { at: "call", handle: { kind: "nothing" } }),
      hvc(0, { at: "after", regs: { a0: -1 } }),
    ],
  }),
);
