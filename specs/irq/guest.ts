/**
 * Interrupts of the guest: whose a hardware line is, what the guest takes itself and in which order, and what either side sees pending.
 *
 * A hypervisor on hardware that fails here loses, repeats or misdirects a virtual interrupt.
 */
import { gspr, guest, hvc, interrupt } from "../../dsl/mod.ts";
import {
  ALL,
  CRMD_OFF,
  CRMD_ON,
  hwi,
  IPI,
  LINES,
  NO_HANDLER,
  oneShot,
  SWI0,
  SWI1,
  taken,
  TAKES_ALL,
  TI,
} from "./registers.ts";

// Hardware lines: whose they are -------------------------------------------------------------------------------------

for (const n of LINES) {
  const line = `HWI${n}`;
  const bit = hwi(n);

  Deno.test(
    `${line} belongs to the host while GINTC.PIP bit ${n} is 0, whatever the other bits are`,
    guest({
      rule: "LVZ-INT-05",
      csr: TAKES_ALL,
      host: { ECFG: { LIE: ALL }, GINTC: { VIP: 0, PIP: 0xff & ~(1 << n), HC: 0 } },
      code: `
        warm:     hvcl   0
        next:     csrrd  $a0, ESTAT
        last:     hvcl   1
        ${NO_HANDLER}
      `,
      exits: [
        hvc(0, { at: "warm", lines: { [line]: true } }),
        interrupt(line, {
          at: "next",
          host: { ESTAT: { IS: bit } },
          set: { host: { ECFG: { LIE: 0 } } },
        }),
        hvc(1, { at: "last", regs: { a0: 0 } }),
      ],
    }),
  );

  Deno.test(
    `${line} belongs to the guest alone while only GINTC.PIP bit ${n} is 1, as long as the line is high`,
    guest({
      rule: "LVZ-INT-05",
      choices: { pipLineInHost: "hidden" },
      csr: TAKES_ALL,
      host: { ECFG: { LIE: ALL }, GINTC: { VIP: 0, PIP: 1 << n, HC: 0 } },
      code: `
        warm:     hvcl   0
        next:     addi.d $a0, $a0, 1
        after:    csrrd  $a0, ESTAT
        last:     hvcl   2
                  .balign 4096
        handler:  hvcl   1
                  ertn
      `,
      set: { a0: 0 },
      exits: [
        hvc(0, { at: "warm", events: [{ at: 1, lines: { [line]: true } }] }),
        hvc(1, {
          at: "handler",
          regs: { a0: 1 },
          csr: taken("after", bit),
          host: { ESTAT: { IS: 0 } },
        }),
        hvc(1, { at: "handler", csr: taken("after", bit), lines: { [line]: false } }),
        hvc(2, { at: "last", regs: { a0: 0 }, csr: { CRMD: CRMD_ON, ESTAT: 0 } }),
      ],
    }),
  );
}

/** hvisor's inject_irq replaces GINTC.HWIS, so that there is never more than one line (PROTO-HV-09). */
const SEVERAL_LINES = { switches: ["arceos", "kvm"] } as const;

Deno.test(
  "if the host sees a line that it passes on, the line exits first and the guest takes it once the host's ECFG ignores it",
  guest({
    rule: "LVZ-INT-05",
    choices: { pipLineInHost: "visible" },
    csr: TAKES_ALL,
    host: { ECFG: { LIE: hwi(4) }, GINTC: { VIP: 0, PIP: 1 << 4, HC: 0 } },
    lines: { HWI4: true },
    code: `
      start:    hvcl   99
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      interrupt("HWI4", {
        at: "start",
        host: { ESTAT: { IS: hwi(4) } },
        set: { host: { ECFG: { LIE: 0 } } },
      }),
      hvc(1, { at: "handler", csr: taken("start", hwi(4)), host: { ESTAT: { IS: hwi(4) } } }),
    ],
  }),
);

// The guest's interrupts: pending, enabled, taken --------------------------------------------------------------------

/** How the host makes each interrupt of the guest pending, by position; PCOV and IPI have no other source on this machine. */
const INJECTED = ["SWI0", "SWI1", ...LINES.map((n) => `HWI${n}`), "PCOV", "TI", "IPI"];

for (const [position, name] of INJECTED.entries()) {
  const bit = 1 << position;

  Deno.test(
    `an injected ${name} is taken by the guest before its first instruction, and goes when the host withdraws it`,
    guest({
      rule: "LVZ-ENTRY-14",
      csr: TAKES_ALL,
      inject: name,
      code: `
        start:    addi.d $a0, $a0, 1
        last:     hvcl   2
                  .balign 4096
        handler:  hvcl   1
                  ertn
      `,
      set: { a0: 0 },
      exits: [
        hvc(1, { at: "handler", csr: taken("start", bit), withdraw: name }),
        hvc(2, { at: "last", regs: { a0: 1 }, csr: { CRMD: CRMD_ON, ESTAT: 0 } }),
      ],
    }),
  );
}

for (const name of ["SWI0", "HWI0", "HWI7", "PCOV", "TI", "IPI"]) {
  const bit = 1 << INJECTED.indexOf(name);

  Deno.test(
    `${name} of the guest waits while its bit of GCSR.ECFG.LIE is 0`,
    guest({
      rule: "LVZ-INT-01",
      csr: { ...TAKES_ALL, ECFG: { LIE: ALL & ~bit } },
      inject: name,
      host: { ECFG: { LIE: ALL } },
      set: { t0: ALL },
      code: `
        start:    csrrd  $a0, ESTAT
                  csrwr  $t0, ECFG
        next:     hvcl   99
                  .balign 4096
        handler:  hvcl   1
      `,
      exits: [
        hvc(1, {
          at: "handler",
          regs: { a0: bit, t0: ALL & ~bit },
          csr: { ...taken("next", bit), ECFG: { LIE: ALL, VS: 0 } },
        }),
      ],
    }),
  );
}

Deno.test(
  "a guest with IE = 0 sees an injected interrupt, and takes it right after the instruction that sets IE",
  guest({
    rule: "LVZ-INT-01",
    csr: { ...TAKES_ALL, CRMD: CRMD_OFF },
    inject: "HWI6",
    set: { t0: CRMD_ON },
    code: `
      start:    csrrd  $a0, ESTAT
                csrwr  $t0, CRMD
      next:     hvcl   99
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      hvc(1, { at: "handler", regs: { a0: hwi(6), t0: CRMD_OFF }, csr: taken("next", hwi(6)) }),
    ],
  }),
);

Deno.test(
  "an interrupt injected between two runs needs nothing more to be taken",
  guest({
    rule: "LVZ-INT-07",
    csr: TAKES_ALL,
    code: `
      first:    hvcl   0
      next:     hvcl   99
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      hvc(0, { at: "first", inject: ["HWI1", "IPI"] }),
      hvc(1, { at: "handler", csr: taken("next", hwi(1) | IPI) }),
    ],
  }),
);

for (const { n, bit } of [{ n: 0, bit: SWI0 }, { n: 1, bit: SWI1 }]) {
  Deno.test(
    `a guest that sets SWI${n} by csrwr takes it at the next instruction without an exit, and clears it itself`,
    guest({
      rule: "LVZ-GCSR-13",
      csr: TAKES_ALL,
      host: { ECFG: { LIE: ALL } },
      set: { t0: bit, t1: bit, s0: 0 },
      code: `
                csrwr  $t0, ESTAT
        next:     csrrd  $a0, ESTAT
        last:     hvcl   1
                  .balign 4096
        handler:  addi.d $s0, $s0, 1
                  csrrd  $a1, ESTAT
                  csrrd  $a2, ERA
                  csrxchg $zero, $t1, ESTAT
                  ertn
      `,
      exits: [
        hvc(1, {
          at: "last",
          regs: { t0: 0, s0: 1, a0: 0, a1: bit, a2: "next" },
          csr: { PRMD: { PPLV: 0, PIE: 1 }, ERA: "next" },
        }),
      ],
    }),
  );
}

// The guest's vectors and priorities ---------------------------------------------------------------------------------

/** A guest's table of interrupt vectors for ECFG.VS = vs: each slot tells the host its number, and returns. */
function vectorTable(vs: number): string {
  const slot = 4 << vs;
  return `
              .balign 0x10000
    vectors:  .space ${64 * slot}
    ${INJECTED.map((name, n) => `${name}: hvcl ${n}\n ertn\n .space ${slot - 8}`).join("\n")}
  `;
}

for (const VS of [1, 5, 7]) {
  Deno.test(
    `the guest's vector of interrupt n is EENTRY + (64 + n) * ${4 << VS} with GCSR.ECFG.VS = ${VS}`,
    guest({
      rule: "LVZ-EXIT-28",
      csr: { ...TAKES_ALL, EENTRY: "vectors", ECFG: { LIE: ALL, VS } },
      inject: ["SWI0"],
      code: `
        wait:     hvcl   99
        ${vectorTable(VS)}
      `,
      exits: [
        hvc(0, { at: "SWI0", csr: taken("wait", SWI0), withdraw: "SWI0", inject: "HWI2" }),
        hvc(4, { at: "HWI2", csr: taken("wait", hwi(2)), withdraw: "HWI2", inject: "IPI" }),
        hvc(12, { at: "IPI", csr: taken("wait", IPI), withdraw: "IPI" }),
        hvc(99, { at: "wait", csr: { CRMD: CRMD_ON, ESTAT: 0 } }),
      ],
      runsOn: false,
    }),
  );
}

Deno.test(
  "of several pending interrupts the guest takes the highest number first",
  guest({
    rule: "LVZ-INT-01",
    ...SEVERAL_LINES,
    csr: { ...TAKES_ALL, EENTRY: "vectors", ECFG: { LIE: ALL, VS: 1 } },
    inject: INJECTED,
    code: `
      wait:     hvcl   99
      ${vectorTable(1)}
    `,
    exits: [
      ...[...INJECTED.entries()].reverse().map(([n, name]) =>
        hvc(n, { at: name, csr: taken("wait", (2 << n) - 1), withdraw: name })
      ),
      hvc(99, { at: "wait", csr: { CRMD: CRMD_ON, ESTAT: 0 } }),
    ],
    runsOn: false,
  }),
);

// Injection as a level -----------------------------------------------------------------------------------------------

Deno.test(
  "GINTC.VIP is a level: the guest takes the interrupt again after each return until the host clears the bit",
  guest({
    rule: "LVZ-INT-03",
    csr: TAKES_ALL,
    inject: "HWI3",
    code: `
      wait:     hvcl   2
                .balign 4096
      handler:  hvcl   1
                ertn
    `,
    exits: [
      hvc(1, { at: "handler", csr: taken("wait", hwi(3)) }),
      hvc(1, { at: "handler", csr: taken("wait", hwi(3)) }),
      hvc(1, { at: "handler", csr: taken("wait", hwi(3)), withdraw: "HWI3" }),
      hvc(2, { at: "wait", csr: { CRMD: CRMD_ON, ESTAT: 0 } }),
    ],
    runsOn: false,
  }),
);

for (const name of ["csrwr $zero, ESTAT", "csrxchg $zero, $t0, ESTAT", "csrwr $t0, TICLR"]) {
  Deno.test(
    `the guest cannot acknowledge injected lines: they stay pending after ${name}`,
    guest({
      rule: "LVZ-INT-04",
      host: { GINTC: { VIP: 0xff } },
      set: { t0: -1n },
      code: `
                ${name}
                csrrd  $a0, ESTAT
                move   $t0, $zero
      last:     hvcl   1
      `,
      exits: [
        hvc(1, {
          at: "last",
          regs: { a0: 0x3fc, t0: 0 },
          host: { GINTC: { VIP: 0xff } },
        }),
      ],
    }),
  );
}

Deno.test(
  "the guest cannot clear IPI, a latch that the host alone writes",
  guest({
    rule: "LVZ-INT-02",
    inject: "IPI",
    code: `
              csrwr  $zero, ESTAT
              csrrd  $a0, ESTAT
    first:    hvcl   1
              csrrd  $a0, ESTAT
    second:   hvcl   2
    `,
    exits: [
      hvc(1, { at: "first", regs: { a0: IPI }, withdraw: "IPI" }),
      hvc(2, { at: "second", regs: { a0: 0 } }),
    ],
  }),
);

Deno.test(
  "the guest cannot set an interrupt of its own but SWI0 and SWI1",
  guest({
    rule: "LVZ-GCSR-13",
    set: { t0: -1n },
    code: `
              csrwr  $t0, ESTAT
              csrrd  $a0, ESTAT
    last:     hvcl   1
    `,
    exits: [
      hvc(1, { at: "last", regs: { t0: 0, a0: SWI0 | SWI1 }, csr: { ESTAT: SWI0 | SWI1 } }),
    ],
  }),
);

Deno.test(
  "GINTC.VIP reads back as written, and written as 0 and then 1 it leaves the line pending",
  guest({
    rule: "LVZ-INT-12",
    host: { GINTC: { VIP: 0xa5 } },
    code: `
    first:    hvcl   0
              csrrd  $a0, ESTAT
    last:     hvcl   1
    `,
    exits: [
      hvc(0, {
        at: "first",
        host: { GINTC: { VIP: 0xa5 } },
        set: { host: { GINTC: { VIP: 0 } } },
        inject: "HWI4",
      }),
      hvc(1, { at: "last", regs: { a0: hwi(4) }, host: { GINTC: { VIP: 1 << 4 } } }),
    ],
  }),
);

// What ESTAT shows ---------------------------------------------------------------------------------------------------

for (const VIP of [0, 0x01, 0x80, 0xa5, 0xff]) {
  Deno.test(
    `bits 9:2 of GCSR.ESTAT follow GINTC.VIP = 0x${VIP.toString(16)} and ignore what the host writes there`,
    guest({
      rule: "LVZ-GCSR-12",
      csr: { ESTAT: { IS: ALL } },
      host: { GINTC: { VIP, PIP: 0, HC: 0 } },
      code: `
                csrrd  $a0, ESTAT
      first:    hvcl   1
                csrrd  $a0, ESTAT
      second:   hvcl   2
      `,
      exits: [
        hvc(1, {
          at: "first",
          regs: { a0: 0x1c03 | VIP << 2 },
          csr: { ESTAT: { IS: 0x1c03 | VIP << 2 } },
          set: { csr: { ESTAT: { IS: 0 } } },
        }),
        hvc(2, { at: "second", regs: { a0: VIP << 2 }, csr: { ESTAT: { IS: VIP << 2 } } }),
      ],
    }),
  );
}

Deno.test(
  "gcsrrd of GCSR.ESTAT shows the injected lines",
  guest({
    rule: "LVZ-GCSR-11",
    host: { GINTC: { VIP: 0xa1 } },
    code: `last: hvcl 0`,
    exits: [hvc(0, { at: "last", csr: { ESTAT: { IS: hwi(0) | hwi(5) | hwi(7) } } })],
  }),
);

Deno.test(
  "nothing that is pending for the host shows in the guest's ESTAT",
  guest({
    rule: "LVZ-INT-10",
    csr: TAKES_ALL,
    host: { ECFG: { LIE: 0 }, GINTC: 0, ESTAT: { IS: SWI0 | SWI1 }, TCFG: oneShot(4) },
    lines: { HWI0: true, HWI7: true, IPI: true },
    code: `
    first:    hvcl   0
              csrrd  $a0, ESTAT
    last:     hvcl   1
              ${NO_HANDLER}
    `,
    exits: [
      hvc(0, { at: "first", advance: 4 }),
      hvc(1, {
        at: "last",
        regs: { a0: 0 },
        host: { ESTAT: { IS: SWI0 | SWI1 | TI | IPI | hwi(0) | hwi(7) } },
      }),
    ],
  }),
);

Deno.test(
  "nothing that is pending for the guest shows in the host's ESTAT or exits",
  guest({
    rule: "LVZ-INT-10",
    ...SEVERAL_LINES,
    host: { ECFG: { LIE: ALL }, GINTC: 0 },
    inject: INJECTED,
    code: `
              csrrd  $a0, ESTAT
    last:     hvcl   1
    `,
    exits: [hvc(1, { at: "last", regs: { a0: ALL }, host: { ESTAT: { IS: 0 } } })],
  }),
);

// Both worlds at once ------------------------------------------------------------------------------------------------

Deno.test(
  "with a host and a guest interrupt pending the exit comes first, and the guest takes its own after the next entry",
  guest({
    rule: "LVZ-ENTRY-15",
    csr: TAKES_ALL,
    host: { ECFG: { LIE: SWI0 }, ESTAT: { IS: SWI0 } },
    inject: "IPI",
    code: `
      start:    hvcl   99
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      interrupt("SWI0", { at: "start" }),
      hvc(1, { at: "handler", csr: taken("start", IPI) }),
    ],
  }),
);

Deno.test(
  "a host interrupt exits from the middle of the guest's own interrupt handler",
  guest({
    rule: "LVZ-EXIT-11",
    csr: TAKES_ALL,
    host: { ECFG: { LIE: hwi(2) }, GINTC: 0 },
    inject: "SWI0",
    code: `
      start:    hvcl   99
                .balign 4096
      handler:  hvcl   0
      middle:   hvcl   1
    `,
    exits: [
      hvc(0, { at: "handler", csr: taken("start", SWI0), lines: { HWI2: true } }),
      interrupt("HWI2", { at: "middle", lines: { HWI2: false } }),
      hvc(1, { at: "middle" }),
    ],
  }),
);

// Rarer controls -----------------------------------------------------------------------------------------------------

Deno.test(
  "a 1 written to GINTC.HC clears the injected line of the same number in the same write",
  guest({
    rule: "LVZ-INT-06",
    host: { GINTC: { VIP: 0x0f, PIP: 0, HC: 0 } },
    code: `
              csrrd  $a0, ESTAT
    first:    hvcl   1
              csrrd  $a0, ESTAT
    second:   hvcl   2
    `,
    exits: [
      hvc(1, {
        at: "first",
        regs: { a0: 0x0f << 2 },
        set: { host: { GINTC: { VIP: 0x0f, PIP: 0, HC: 0x05 } } },
      }),
      hvc(2, { at: "second", regs: { a0: 0x0a << 2 }, host: { GINTC: { VIP: 0x0a, HC: 0x05 } } }),
    ],
  }),
);

Deno.test(
  "idle exits with an injected interrupt pending but disabled",
  guest({
    rule: "LVZ-INT-08",
    csr: { ...TAKES_ALL, CRMD: CRMD_OFF },
    inject: "HWI3",
    code: `
      wait:     idle   0
      last:     hvcl   1
                ${NO_HANDLER}
    `,
    exits: [gspr({ at: "wait" }), hvc(1, { at: "last" })],
  }),
);

Deno.test(
  "an interrupt injected after HC cleared another stays pending: HC acts when it is written, not while it is stored",
  guest({
    rule: "LVZ-INT-06",
    csr: { ECFG: { LIE: 0x3fc } },
    code: `
      first:  hvcl  1
      second: hvcl  2
              csrrd $a0, ESTAT
      third:  hvcl  3
    `,
    exits: [
      hvc(1, { at: "first", set: { host: { GINTC: { VIP: 1, HC: 1 } } } }),
      hvc(2, { at: "second", set: { host: { GINTC: { VIP: 1 } } } }),
      hvc(3, { at: "third", regs: { a0: 1 << 2 } }),
    ],
  }),
);
