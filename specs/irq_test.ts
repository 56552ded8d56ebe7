/**
 * Interrupts: which exit to the host, which the guest takes itself, which comes first, and what either side sees pending.
 *
 * A hypervisor on hardware that fails here cannot preempt a guest that spins with its interrupts off, hands an interrupt to the wrong world, or
 * loses, repeats or misdirects a virtual one.
 *
 * The world switches differ in what they give the guest (KVM: no line, ArceOS: all of them; KVM leaves the host's timer line enabled, ArceOS
 * turns it off), so cases set ECFG.LIE and GINTC of the host themselves.
 */
import { type Actions, guest, hvc, interrupt, running } from "../dsl/mod.ts";
import {
  ALL,
  hwi,
  IPI,
  LINES,
  NO_HANDLER,
  oneShot,
  periodic,
  SWI0,
  SWI1,
  taken,
  TAKES_ALL,
  TI,
} from "./irq/registers.ts";

// The host's timer ---------------------------------------------------------------------------------------------------

for (const { state, IE } of [{ state: "off", IE: 0 }, { state: "on", IE: 1 }]) {
  const csr = { CRMD: { IE }, ECFG: { LIE: ALL }, EENTRY: "handler" };

  Deno.test(
    `a one-shot of the host's timer takes the processor once from a guest that spins with interrupts ${state}`,
    guest({
      rule: "LVZ-EXIT-11",
      csr,
      host: { ECFG: { LIE: TI }, TCFG: oneShot(1000) },
      code: `
        spin:     b      spin
        ${NO_HANDLER}
      `,
      exits: [interrupt("TI", { at: "spin" }), running()],
    }),
  );

  Deno.test(
    `a periodic host timer takes the processor again and again from a guest that spins with interrupts ${state}`,
    guest({
      rule: "LVZ-EXIT-11",
      csr,
      host: { ECFG: { LIE: TI }, TCFG: periodic(2000) },
      code: `
        spin:     b      spin
        done:     hvcl   0
        ${NO_HANDLER}
      `,
      exits: [
        interrupt("TI", { at: "spin" }),
        interrupt("TI", { at: "spin" }),
        interrupt("TI", { at: "spin", set: { host: { TCFG: 0 } }, resume: { pc: "done" } }),
        hvc(0, { at: "done" }),
      ],
    }),
  );
}

Deno.test(
  "the host's timer leaves the guest its time slice and no more",
  guest({
    rule: "LVZ-EXIT-11",
    set: { a0: 0, a1: 1500, a2: 2000 },
    host: { ECFG: { LIE: TI } },
    // 4000 ticks are 2000 rounds of two instructions; a quarter of them is more than any world switch needs for an entry.
    code: `
      start:    hvcl   0
      count:    addi.d $a0, $a0, 1
                b      count
      check:    bltu   $a0, $a1, early
                bltu   $a2, $a0, late
                b      right
      early:    hvcl   2
      late:     hvcl   3
      right:    hvcl   1
    `,
    exits: [
      hvc(0, { at: "start", set: { host: { TCFG: oneShot(4000) } } }),
      interrupt("TI", { otherRegs: "any", resume: { pc: "check" } }),
      hvc(1, { at: "right" }),
    ],
  }),
);

Deno.test(
  "after the host's one-shot expired in guest mode its TVAL is all ones and its TCFG as before",
  guest({
    rule: "LVZ-TIME-06",
    host: { ECFG: { LIE: TI }, TCFG: oneShot(400) },
    code: `
      spin:     b      spin
      done:     hvcl   0
    `,
    exits: [
      interrupt("TI", {
        at: "spin",
        host: { TVAL: (1n << 48n) - 1n, TCFG: oneShot(400) },
        resume: { pc: "done" },
      }),
      hvc(0, { at: "done" }),
    ],
  }),
);

// Pending at the entry -----------------------------------------------------------------------------------------------

/** How each host interrupt becomes pending while the host runs, and how its source is silenced where no register of the CPU does that. */
const SOURCES: readonly { name: string; bit: number; raise: Actions; silence?: Actions }[] = [
  { name: "SWI0", bit: SWI0, raise: { set: { host: { ESTAT: { IS: SWI0 } } } } },
  { name: "SWI1", bit: SWI1, raise: { set: { host: { ESTAT: { IS: SWI1 } } } } },
  ...LINES.map((n) => ({
    name: `HWI${n}`,
    bit: hwi(n),
    raise: { lines: { [`HWI${n}`]: true } },
    silence: { lines: { [`HWI${n}`]: false } },
  })),
  { name: "TI", bit: TI, raise: { set: { host: { TCFG: oneShot(100) } }, advance: 100 } },
  { name: "IPI", bit: IPI, raise: { lines: { IPI: true } }, silence: { lines: { IPI: false } } },
];

for (const { name, bit, raise, silence } of SOURCES) {
  Deno.test(
    `host interrupt ${name}, pending at an entry, exits before the guest executes anything`,
    guest({
      rule: "LVZ-ENTRY-13",
      csr: TAKES_ALL,
      host: { ECFG: { LIE: bit }, GINTC: 0 },
      code: `
        first:    hvcl   0
        next:     addi.d $a0, $a0, 1
        last:     hvcl   1
        ${NO_HANDLER}
      `,
      set: { a0: 6 },
      exits: [
        hvc(0, { at: "first", ...raise }),
        interrupt(name, { at: "next", host: { ESTAT: { IS: bit } }, ...silence }),
        hvc(1, { at: "last", regs: { a0: 7 } }),
      ],
    }),
  );
}

Deno.test(
  "a host interrupt that is pending at the very first entry exits at the guest's entry point",
  guest({
    rule: "LVZ-ENTRY-13",
    host: { ECFG: { LIE: hwi(3) }, GINTC: 0 },
    lines: { HWI3: true },
    code: `
      start:    addi.d $a0, $a0, 1
      last:     hvcl   0
    `,
    set: { a0: 0 },
    exits: [
      interrupt("HWI3", { at: "start", lines: { HWI3: false } }),
      hvc(0, { at: "last", regs: { a0: 1 } }),
    ],
  }),
);

const PENDING = SWI0 | SWI1 | TI | IPI | hwi(3) | hwi(7);

for (
  const { enabled, names } of [
    { enabled: SWI0 | SWI1, names: ["SWI0", "SWI1"] },
    { enabled: SWI1 | hwi(3), names: ["SWI1", "HWI3"] },
    { enabled: hwi(3) | hwi(7), names: ["HWI3", "HWI7"] },
    { enabled: hwi(7) | TI, names: ["HWI7", "TI"] },
    { enabled: TI | IPI, names: ["TI", "IPI"] },
  ]
) {
  Deno.test(
    `of many pending host interrupts ${names.join(" and ")} alone enabled make one exit, at the vector of ${
      names[1]
    }`,
    guest({
      rule: "LVZ-EXIT-06",
      host: { ECFG: { LIE: 0 }, GINTC: 0, ESTAT: { IS: SWI0 | SWI1 }, TCFG: oneShot(4) },
      lines: { HWI3: true, HWI7: true, IPI: true },
      code: `
        first:    hvcl   0
        next:     hvcl   1
      `,
      // The bench compares the vector of every exit with EENTRY, ECFG.VS and the highest interrupt that is pending and enabled.
      exits: [
        hvc(0, { at: "first", advance: 4, set: { host: { ECFG: { LIE: enabled } } } }),
        interrupt(names, {
          at: "next",
          host: { ESTAT: { IS: PENDING, Ecode: 0, EsubCode: 0 } },
          service: false,
          set: { host: { ECFG: { LIE: 0 } } },
        }),
        hvc(1, { at: "next", host: { ESTAT: { IS: PENDING } } }),
      ],
    }),
  );
}

Deno.test(
  "a host interrupt that nobody acknowledges is still pending after its exit, and exits again at the next entry",
  guest({
    rule: "LVZ-EXIT-12",
    host: { ECFG: { LIE: SWI0 }, ESTAT: { IS: SWI0 } },
    code: `start: hvcl 0`,
    exits: [
      interrupt("SWI0", { at: "start", host: { ESTAT: { IS: SWI0 } }, service: false }),
      interrupt("SWI0", { at: "start", host: { ESTAT: { IS: SWI0 } } }),
      hvc(0, { at: "start", host: { ESTAT: { IS: 0 } } }),
    ],
  }),
);

// While the guest runs -----------------------------------------------------------------------------------------------

for (const count of [0, 1, 2, 7]) {
  Deno.test(
    `a host interrupt that arrives after ${count} guest instructions exits with ERA at the one that follows`,
    guest({
      rule: "LVZ-EXIT-10",
      set: { a0: 0 },
      host: { ECFG: { LIE: hwi(2) }, GINTC: 0 },
      code: `
        warm:     hvcl   0
        next:     ${"addi.d $a0, $a0, 1\n".repeat(8)}
        last:     hvcl   1
      `,
      exits: [
        hvc(0, { at: "warm", events: [{ at: count, lines: { HWI2: true } }] }),
        interrupt("HWI2", { at: `next+${4 * count}`, regs: { a0: count }, lines: { HWI2: false } }),
        hvc(1, { at: "last", regs: { a0: 8 } }),
      ],
    }),
  );
}

Deno.test(
  "a host interrupt that arrives during a taken branch exits with ERA at its target",
  guest({
    rule: "LVZ-EXIT-10",
    host: { ECFG: { LIE: hwi(2) }, GINTC: 0 },
    code: `
      warm:     hvcl   0
                b      target
                hvcl   99
      target:   hvcl   1
    `,
    exits: [
      hvc(0, { at: "warm", events: [{ at: 1, lines: { HWI2: true } }] }),
      interrupt("HWI2", { at: "target", lines: { HWI2: false } }),
      hvc(1, { at: "target" }),
    ],
  }),
);

Deno.test(
  "an interrupt exit leaves BADV and BADI of the host as they were",
  guest({
    rule: "LVZ-EXIT-10",
    host: { ECFG: { LIE: hwi(2) }, GINTC: 0 },
    code: `
      first:    hvcl   7
      next:     addi.d $a0, $a0, 1
      last:     hvcl   1
    `,
    set: { a0: 0 },
    exits: [
      hvc(7, { at: "first", set: { host: { BADV: 0x1234_5678 } }, lines: { HWI2: true } }),
      interrupt("HWI2", {
        at: "next",
        badi: "hvcl 7",
        host: { BADV: 0x1234_5678 },
        lines: { HWI2: false },
      }),
      hvc(1, { at: "last", regs: { a0: 1 } }),
    ],
  }),
);

// The host's enables -------------------------------------------------------------------------------------------------

for (
  const { name, bit, raise, silence } of SOURCES.filter((s) =>
    ["SWI1", "HWI0", "HWI7", "TI", "IPI"].includes(s.name)
  )
) {
  Deno.test(
    `host interrupt ${name} waits while its bit of ECFG.LIE is 0 and exits once it is 1`,
    guest({
      rule: "LVZ-EXIT-11",
      csr: TAKES_ALL,
      host: { ECFG: { LIE: ALL & ~bit }, GINTC: 0 },
      code: `
        first:    hvcl   0
        second:   hvcl   1
        third:    hvcl   2
        ${NO_HANDLER}
      `,
      exits: [
        hvc(0, { at: "first", ...raise }),
        hvc(1, { at: "second", host: { ESTAT: { IS: bit } }, set: { host: { ECFG: { LIE: bit } } } }),
        interrupt(name, { at: "third", ...silence }),
        hvc(2, { at: "third" }),
      ],
    }),
  );
}

// KVM writes PRMD = 4 itself at each entry (PROTO-KVM-11), so that only loongarch_vcpu can be entered like this (PROTO-AV13-07).
const KEEPS_PRMD = { switches: ["arceos"] };

Deno.test(
  "a guest that was entered with PRMD.PIE = 0 cannot be preempted",
  guest({
    ...KEEPS_PRMD,
    rule: "LVZ-EXIT-11",
    host: { PRMD: { PIE: 0 }, ECFG: { LIE: TI }, TCFG: periodic(400) },
    code: `spin: b spin`,
    budget: 5000,
    exits: [running()],
  }),
);

Deno.test(
  "a host interrupt that PRMD.PIE = 0 held back exits at the next entry with PIE = 1",
  guest({
    ...KEEPS_PRMD,
    rule: "LVZ-EXIT-11",
    host: { PRMD: { PIE: 0 }, ECFG: { LIE: hwi(5) }, GINTC: 0 },
    lines: { HWI5: true },
    code: `
      first:    hvcl   0
      second:   hvcl   1
    `,
    exits: [
      hvc(0, { at: "first", host: { ESTAT: { IS: hwi(5) } }, set: { host: { PRMD: { PIE: 1 } } } }),
      interrupt("HWI5", { at: "second", lines: { HWI5: false } }),
      hvc(1, { at: "second" }),
    ],
  }),
);

Deno.test(
  "a guest that was entered with PRMD.PIE = 0 still takes its own interrupts",
  guest({
    ...KEEPS_PRMD,
    rule: "LVZ-GUEST-10",
    csr: TAKES_ALL,
    host: { PRMD: { PIE: 0 }, ECFG: { LIE: 0 } },
    inject: "HWI2",
    code: `
      start:    hvcl   99
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [hvc(1, { at: "handler", csr: taken("start", hwi(2)) })],
  }),
);

// The guest's timer (more of it: irq/timer.ts) ---------------------------------------------------------------------------

/** TCFG as guest code writes it: 400 ticks, enabled. */
const GUEST_ONE_SHOT = 400 | 1;

Deno.test(
  "the guest takes its one-shot timer's interrupt itself, without an exit and unseen by the host",
  guest({
    rule: "LVZ-TIME-02",
    csr: TAKES_ALL,
    host: { ECFG: { LIE: ALL }, GINTC: 0 },
    set: { t0: GUEST_ONE_SHOT },
    code: `
                csrwr  $t0, TCFG
      spin:     b      spin
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      hvc(1, {
        at: "handler",
        regs: { t0: 0 },
        csr: { ...taken("spin", TI), TCFG: GUEST_ONE_SHOT },
        host: { ESTAT: { IS: 0 } },
      }),
    ],
  }),
);

Deno.test(
  "a guest with interrupts off finds TI pending, and takes it right after it has turned them on",
  guest({
    rule: "LVZ-TIME-02",
    csr: { ...TAKES_ALL, CRMD: 0x8 },
    host: { ECFG: { LIE: ALL }, GINTC: 0 },
    set: { t0: GUEST_ONE_SHOT, t1: 0xc },
    code: `
                csrwr  $t0, TCFG
      wait:     csrrd  $t8, ESTAT
                andi   $t8, $t8, ${TI}
                beqz   $t8, wait
                move   $t8, $zero
                csrwr  $t1, CRMD
      next:     hvcl   99
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      hvc(1, {
        at: "handler",
        regs: { t0: 0, t1: 0x8, t8: 0 },
        csr: { ...taken("next", TI), TCFG: GUEST_ONE_SHOT },
      }),
    ],
  }),
);
