/**
 * The guest's timer and counter: TCFG, TVAL, TICLR, TID, CNTC and rdtime in guest mode, and what becomes of them while the host runs.
 *
 * Where a hypervisor or its hardware fails here, guests lose ticks or get them twice, hang in a calibration loop, or see time jump when
 * their vCPU comes back to the processor.
 *
 * The bench's time is a tick an instruction. Cases ask for bounds rather than exact counts, in guest code: its verdict is the code of an hvcl.
 * loongarch_vcpu writes all guest registers back at each entry, TVAL included (PROTO-AV5-06), so that with it a guest's timer stands
 * still between an exit and the next entry; what the hardware does in that time only shows with KVM.
 */
import { gspr, guest, hvc } from "../../dsl/mod.ts";

/** ESTAT.IS bit of the timer, and all of them for ECFG.LIE. */
const TI = 0x800;
const ALL = 0x1fff;
const IPE = 14;

/** TVAL after a one-shot, on a timer of 48 bits. */
const EXPIRED = (1n << 48n) - 1n;

/** TCFG as guest code writes it: ticks in bits 47:2, EN in bit 0, periodic in bit 1. */
const oneShot = (ticks: number) => ticks | 1;
const periodic = (ticks: number) => ticks | 3;

/** A guest that takes its timer's interrupt at `handler`; its PRMD starts as 0, so that a change shows. */
const TAKES_TI = { CRMD: { PLV: 0, IE: 1, DA: 1 }, PRMD: 0, ECFG: { LIE: TI }, EENTRY: "handler" };

/** The guest's registers after it took the timer interrupt in front of the instruction at `era`. */
function taken(era: string) {
  return { CRMD: 0x8, PRMD: { PPLV: 0, PIE: 1 }, ERA: era, ESTAT: TI };
}

/** A host that would see every interrupt, were it the host's. */
const CURIOUS_HOST = { ECFG: { LIE: ALL }, GINTC: 0 };

/** Guest code: waits until TI is pending. Uses $t8. */
const WAIT_FOR_TI = `
  1:        csrrd  $t8, ESTAT
            andi   $t8, $t8, ${TI}
            beqz   $t8, 1b
            move   $t8, $zero
`;

/** Guest code: lets so many ticks and a few more pass. Uses $t8. */
const wait = (ticks: number) => `
            li.w   $t8, ${ticks / 2}
  1:        addi.d $t8, $t8, -1
            bnez   $t8, 1b
`;

/** Guest code: hvcl 1 if `$a0` is at least `$s0` and at most `$s1`, hvcl 2 if it is less, hvcl 3 if it is more. */
const JUDGE_A0 = `
            bltu   $a0, $s0, less
            bltu   $s1, $a0, more
            b      right
  less:     hvcl   2
  more:     hvcl   3
  right:    hvcl   1
`;

/** The verdict that a0 lies between s0 and s1, whatever it is exactly. */
const IN_BOUNDS = hvc(1, { at: "right", otherRegs: "any", otherCsrs: "any" });

/** For rules about the time between an exit and the next entry; see the head of this file. */
const ONLY_KVM = { switches: ["kvm"] };

// The guest's own timer ----------------------------------------------------------------------------------------------

Deno.test(
  "the guest's one-shot expires when its count has passed, neither early nor late",
  guest({
    rule: "LVZ-TIME-09",
    csr: TAKES_TI,
    // 4000 ticks are 2000 rounds.
    set: { t0: oneShot(4000), a0: 0, s0: 1900, s1: 2000 },
    code: `
                csrwr  $t0, TCFG
      count:    addi.d $a0, $a0, 1
                b      count
                .balign 4096
      handler:  ${JUDGE_A0}
    `,
    exits: [IN_BOUNDS],
  }),
);

Deno.test(
  "a periodic timer of the guest interrupts it once a period, without an exit",
  guest({
    rule: "LVZ-TIME-10",
    csr: TAKES_TI,
    host: CURIOUS_HOST,
    set: { t0: periodic(2000), t1: 1, t2: 3, s0: 6000, s1: 6500, s2: 0 },
    code: `
                rdtime.d $a1, $zero
                csrwr  $t0, TCFG
      spin:     b      spin
                .balign 4096
      handler:  csrwr  $t1, TICLR
                li.w   $t1, 1
                addi.d $s2, $s2, 1
                beq    $s2, $t2, third
                ertn
      third:    rdtime.d $a0, $zero
                sub.d  $a0, $a0, $a1
                ${JUDGE_A0}
    `,
    exits: [IN_BOUNDS],
  }),
);

Deno.test(
  "a periodic timer with an initial value of 0 keeps TI pending and lets the guest go on",
  guest({
    rule: "LVZ-TIME-10",
    set: { t0: periodic(0), t1: 1 },
    code: `
                csrwr  $t0, TCFG
                csrwr  $t1, TICLR
                ${WAIT_FOR_TI}
      last:     hvcl   1
    `,
    exits: [hvc(1, { at: "last", regs: { t0: 0, t1: 0, t8: 0 }, csr: { TCFG: 3, ESTAT: TI } })],
  }),
);

Deno.test(
  "a one-shot with an initial value of 0 expires at once",
  guest({
    rule: "LVZ-TIME-09",
    set: { t0: oneShot(0) },
    // Two instructions more, as the rule for a count of 0 grants two cycles (LVZ-TIME-07).
    code: `
                csrwr  $t0, TCFG
                nop
                nop
                csrrd  $a0, ESTAT
                csrrd  $a1, TVAL
      last:     hvcl   1
    `,
    exits: [
      hvc(1, { at: "last", regs: { t0: 0, a0: TI, a1: EXPIRED }, csr: { TCFG: 1, ESTAT: TI } }),
    ],
  }),
);

Deno.test(
  "TVAL reads all ones after a one-shot, more than TCFG, and stays there",
  guest({
    rule: "LVZ-TIME-05",
    set: { t0: oneShot(400) },
    code: `
                csrwr  $t0, TCFG
                ${WAIT_FOR_TI}
                csrrd  $a0, TVAL
                ${wait(1000)}
                csrrd  $a1, TVAL
                csrrd  $a2, TCFG
                sltu   $a3, $a2, $a1
      last:     hvcl   1
    `,
    exits: [
      hvc(1, {
        at: "last",
        regs: { t0: 0, t8: 0, a0: EXPIRED, a1: EXPIRED, a2: oneShot(400), a3: 1 },
        csr: { TCFG: oneShot(400), ESTAT: TI },
      }),
    ],
  }),
);

Deno.test(
  "TCFG.EN stays 1 after a one-shot, and the timer does not fire again",
  guest({
    rule: "LVZ-TIME-11",
    set: { t0: oneShot(400), t1: 1 },
    code: `
                csrwr  $t0, TCFG
                ${WAIT_FOR_TI}
                csrwr  $t1, TICLR
                ${wait(2000)}
                csrrd  $a0, TCFG
                csrrd  $a1, ESTAT
      last:     hvcl   1
    `,
    exits: [
      hvc(1, {
        at: "last",
        regs: { t0: 0, t1: 0, t8: 0, a0: oneShot(400), a1: 0 },
        csr: { TCFG: oneShot(400) },
      }),
    ],
  }),
);

// TICLR --------------------------------------------------------------------------------------------------------------

for (const { value, left } of [{ value: 1, left: 0 }, { value: 0, left: TI }]) {
  Deno.test(
    `a guest's TICLR written as ${value} leaves ${left === 0 ? "no TI" : "TI pending"} and TVAL as it was`,
    guest({
      rule: "LVZ-TIME-08",
      set: { t0: oneShot(400), t1: value },
      code: `
                  csrwr  $t0, TCFG
                  ${WAIT_FOR_TI}
                  csrwr  $t1, TICLR
                  csrrd  $a0, ESTAT
                  csrrd  $a1, TVAL
        last:     hvcl   1
      `,
      exits: [
        hvc(1, {
          at: "last",
          regs: { t0: 0, t1: 0, t8: 0, a0: left, a1: EXPIRED },
          csr: { TCFG: oneShot(400), ESTAT: left },
        }),
      ],
    }),
  );
}

Deno.test(
  "TICLR written while the timer counts does not disturb the count",
  guest({
    rule: "LVZ-TIME-08",
    set: { t0: oneShot(20000), t1: 1, s0: 1000, s1: 1100 },
    code: `
                csrwr  $t0, TCFG
                csrrd  $a1, TVAL
                csrwr  $t1, TICLR
                ${wait(1000)}
                csrrd  $a0, TVAL
                sub.d  $a0, $a1, $a0
                ${JUDGE_A0}
    `,
    exits: [IN_BOUNDS],
  }),
);

Deno.test(
  "the host's gcsrwr of TICLR clears the guest's TI and leaves TVAL above TCFG",
  guest({
    rule: "LVZ-TIME-08",
    set: { t0: oneShot(400) },
    code: `
                csrwr  $t0, TCFG
                ${WAIT_FOR_TI}
      first:    hvcl   0
                csrrd  $a0, ESTAT
                csrrd  $a1, TCFG
                csrrd  $a2, TVAL
                sltu   $a2, $a1, $a2
      last:     hvcl   1
    `,
    exits: [
      hvc(0, {
        at: "first",
        regs: { t0: 0, t8: 0 },
        csr: { TCFG: oneShot(400), ESTAT: TI },
        set: { csr: { TICLR: 1 } },
      }),
      hvc(1, { at: "last", regs: { a0: 0, a1: oneShot(400), a2: 1 }, csr: { ESTAT: 0 } }),
    ],
  }),
);

// TCFG and TVAL ------------------------------------------------------------------------------------------------------

Deno.test(
  "a guest's write of TCFG with EN = 0 stops its timer",
  guest({
    rule: "LVZ-TIME-09",
    set: { t0: oneShot(400) },
    code: `
                csrwr  $t0, TCFG
                csrwr  $zero, TCFG
                ${wait(1000)}
                csrrd  $a0, ESTAT
      last:     hvcl   1
    `,
    exits: [hvc(1, { at: "last", regs: { t0: 0, t8: 0, a0: 0 } })],
  }),
);

Deno.test(
  "a guest's write of TCFG with EN = 1 starts the count anew, also with the value that is already there",
  guest({
    rule: "LVZ-TIME-09",
    set: { t0: oneShot(20000), t1: oneShot(20000), s0: 19000, s1: 20000 },
    code: `
                csrwr  $t0, TCFG
                ${wait(4000)}
                csrwr  $t1, TCFG
                csrrd  $a0, TVAL
                ${JUDGE_A0}
    `,
    exits: [IN_BOUNDS],
  }),
);

Deno.test(
  "the guest cannot write TVAL, the host's gcsrwr can",
  guest({
    rule: "LVZ-INSN-03",
    set: { t0: 0x55, t1: 0x66 },
    code: `
                csrwr  $t0, TVAL
                csrrd  $a0, TVAL
      first:    hvcl   0
                csrwr  $t1, TVAL
                csrrd  $a0, TVAL
      last:     hvcl   1
    `,
    exits: [
      hvc(0, { at: "first", regs: { t0: 0, a0: 0 }, set: { csr: { TVAL: 0x1234 } } }),
      hvc(1, { at: "last", regs: { t1: 0x1234, a0: 0x1234 } }),
    ],
  }),
);

Deno.test(
  "the host's gcsrwr of TVAL replaces the count of a running timer",
  guest({
    rule: "LVZ-TIME-07",
    set: { t0: oneShot(40000), s0: 1, s1: 4000 },
    code: `
                csrwr  $t0, TCFG
      first:    hvcl   0
                csrrd  $a0, TVAL
                ${JUDGE_A0}
    `,
    exits: [
      hvc(0, {
        at: "first",
        regs: { t0: 0 },
        csr: { TCFG: oneShot(40000) },
        set: { csr: { TVAL: 4000 } },
      }),
      IN_BOUNDS,
    ],
  }),
);

Deno.test(
  "the host's gcsrwr of TVAL = 0 makes a running one-shot expire: TI is taken at the next entry and TVAL is above TCFG",
  guest({
    rule: "LVZ-TIME-07",
    csr: TAKES_TI,
    set: { t0: oneShot(40000) },
    code: `
                csrwr  $t0, TCFG
      first:    hvcl   0
      next:     hvcl   99
                .balign 4096
      handler:  csrrd  $a0, TCFG
                csrrd  $a1, TVAL
                sltu   $a1, $a0, $a1
      last:     hvcl   1
    `,
    exits: [
      hvc(0, {
        at: "first",
        regs: { t0: 0 },
        csr: { TCFG: oneShot(40000) },
        set: { csr: { TVAL: 0 } },
      }),
      hvc(1, { at: "last", regs: { a0: oneShot(40000), a1: 1 }, csr: taken("next") }),
    ],
  }),
);

// While the host runs ------------------------------------------------------------------------------------------------

for (
  const { guestTimerInHost, how, s0, s1 } of [
    { guestTimerInHost: "counts", how: "counts", s0: 5000, s1: 6000 },
    { guestTimerInHost: "paused", how: "stands still", s0: 0, s1: 100 },
  ] as const
) {
  Deno.test(
    `the guest's timer ${how} while the host runs (reading "${guestTimerInHost}")`,
    guest({
      ...ONLY_KVM,
      rule: "LVZ-TIME-03",
      choices: { guestTimerInHost },
      set: { t0: oneShot(40000), s0, s1 },
      code: `
                  csrwr  $t0, TCFG
                  csrrd  $a1, TVAL
        first:    hvcl   0
                  csrrd  $a0, TVAL
                  sub.d  $a0, $a1, $a0
                  ${JUDGE_A0}
      `,
      exits: [
        hvc(0, { at: "first", otherRegs: "any", csr: { TCFG: oneShot(40000) }, advance: 5000 }),
        IN_BOUNDS,
      ],
    }),
  );
}

for (const guestTimerInHost of ["counts", "paused"] as const) {
  Deno.test(
    `loongarch_vcpu gives the guest's timer back the count of its exit (reading "${guestTimerInHost}")`,
    guest({
      switches: ["arceos"],
      rule: "PROTO-AV5-06",
      choices: { guestTimerInHost },
      set: { t0: oneShot(40000), s0: 0, s1: 1000 },
      code: `
                  csrwr  $t0, TCFG
                  csrrd  $a1, TVAL
        first:    hvcl   0
                  csrrd  $a0, TVAL
                  sub.d  $a0, $a1, $a0
                  ${JUDGE_A0}
      `,
      exits: [
        hvc(0, { at: "first", otherRegs: "any", csr: { TCFG: oneShot(40000) }, advance: 5000 }),
        IN_BOUNDS,
      ],
    }),
  );
}

for (
  const { mode, tcfg } of [{ mode: "one-shot", tcfg: oneShot(4000) }, {
    mode: "periodic",
    tcfg: periodic(4000),
  }]
) {
  Deno.test(
    `a ${mode} timer of the guest that expires while the host runs leaves the host alone and is taken after the next entry`,
    guest({
      ...ONLY_KVM,
      rule: "LVZ-TIME-04",
      csr: TAKES_TI,
      host: CURIOUS_HOST,
      set: { t0: tcfg },
      code: `
                  csrwr  $t0, TCFG
        first:    hvcl   0
        next:     hvcl   99
                  .balign 4096
        handler:  hvcl   1
      `,
      exits: [
        hvc(0, { at: "first", regs: { t0: 0 }, csr: { TCFG: tcfg, ESTAT: 0 }, advance: 4000 }),
        hvc(1, { at: "handler", csr: taken("next"), host: { ESTAT: { IS: 0 } } }),
      ],
    }),
  );
}

// Timers of every length from 4 to 160 ticks, each behind 0 to 3 instructions, expire at every step of an exit, an injection and an entry.
const SWI0 = 0x1;
const LONGEST = 160;
const DELAYS = [0, 1, 2, 3];

Deno.test(
  "no TI is lost when the guest's timer expires at the moment in which the host injects something else",
  guest({
    ...ONLY_KVM,
    rule: "LVZ-INT-09",
    set: { s1: LONGEST, s2: TI | SWI0 },
    code: DELAYS.map((delay) => `
                ori    $s0, $zero, 4
      timer${delay}: ori $t0, $s0, 1
                csrwr  $t0, TCFG
                ${"nop\n".repeat(delay)}
                hvcl   0
                ${WAIT_FOR_TI}
                csrrd  $t0, ESTAT
                bne    $t0, $s2, lost
                csrwr  $zero, ESTAT
                ori    $t0, $zero, 1
                csrwr  $t0, TICLR
                addi.d $s0, $s0, 4
                bgeu   $s1, $s0, timer${delay}
    `).join("") + `
                b      right
      lost:     hvcl   2
      right:    hvcl   1
    `,
    exits: [
      ...Array.from(
        { length: DELAYS.length * LONGEST / 4 },
        () => hvc(0, { otherRegs: "any", otherCsrs: "any", inject: "SWI0" }),
      ),
      IN_BOUNDS,
    ],
  }),
);

for (
  const { gcsrTcfgUnchanged, how, s0, s1 } of [
    { gcsrTcfgUnchanged: "reloads", how: "restarts the count", s0: 36000, s1: 40000 },
    { gcsrTcfgUnchanged: "ignored", how: "does not restart the count", s0: 26000, s1: 30000 },
  ] as const
) {
  Deno.test(
    `a host's gcsrwr of the guest's TCFG with the value already there ${how} (reading "${gcsrTcfgUnchanged}")`,
    guest({
      ...ONLY_KVM,
      rule: "LVZ-TIME-09",
      choices: { gcsrTcfgUnchanged },
      set: { t0: oneShot(40000), s0, s1 },
      code: `
                  csrwr  $t0, TCFG
        first:    hvcl   0
        second:   hvcl   0
                  csrrd  $a0, TVAL
                  ${JUDGE_A0}
      `,
      exits: [
        hvc(0, { at: "first", regs: { t0: 0 }, csr: { TCFG: oneShot(40000) }, advance: 10000 }),
        hvc(0, { at: "second", set: { csr: { TCFG: oneShot(40000) } } }),
        IN_BOUNDS,
      ],
    }),
  );

  Deno.test(
    `loongarch_vcpu, which rewrites TCFG and then TVAL at each entry, keeps the count (reading "${gcsrTcfgUnchanged}")`,
    guest({
      switches: ["arceos"],
      rule: "LVZ-TIME-09",
      choices: { gcsrTcfgUnchanged },
      set: { t0: oneShot(40000), s0: 28000, s1: 30000 },
      code: `
                  csrwr  $t0, TCFG
                  ${wait(10000)}
        first:    hvcl   0
                  csrrd  $a0, TVAL
                  ${JUDGE_A0}
      `,
      exits: [
        hvc(0, { at: "first", regs: { t0: 0, t8: 0 }, csr: { TCFG: oneShot(40000) } }),
        IN_BOUNDS,
      ],
      budget: 20000,
    }),
  );
}

// While the vCPU is away ---------------------------------------------------------------------------------------------

// KVM computes what happened to a timer while it was put away from its own clock, so that the hardware's reading makes no difference.
for (const guestTimerInHost of ["counts", "paused"] as const) {
  const kvm = { ...ONLY_KVM, rule: ["PROTO-KVM-63", "PROTO-KVM-64"], choices: { guestTimerInHost } } as const;
  const reading = `(reading "${guestTimerInHost}")`;

  for (
    const { about, acknowledge, estat } of [
      { about: "still has TI pending", acknowledge: 0, estat: TI },
      { about: "has no TI pending if the guest had acknowledged it", acknowledge: 1, estat: 0 },
    ]
  ) {
    Deno.test(
      `a one-shot that expired before the vCPU was put away comes back expired and ${about} ${reading}`,
      guest({
        ...kvm,
        set: { t0: oneShot(400), t1: acknowledge },
        code: `
                    csrwr  $t0, TCFG
                    ${WAIT_FOR_TI}
                    csrwr  $t1, TICLR
          away:     hvcl   0
                    csrrd  $a0, ESTAT
                    csrrd  $a1, TVAL
                    csrrd  $a2, TCFG
          last:     hvcl   1
        `,
        exits: [
          hvc(0, {
            at: "away",
            regs: { t0: 0, t1: 0, t8: 0 },
            csr: { TCFG: oneShot(400), ESTAT: estat },
            rebind: true,
            advance: 1000,
          }),
          hvc(1, { at: "last", regs: { a0: estat, a1: EXPIRED, a2: oneShot(400) } }),
        ],
      }),
    );
  }

  for (
    const { mode, tcfg } of [
      { mode: "one-shot", tcfg: oneShot(20000) },
      { mode: "periodic timer", tcfg: periodic(20000) },
    ]
  ) {
    Deno.test(
      `a ${mode} that runs while the vCPU is away has counted on when it comes back ${reading}`,
      guest({
        ...kvm,
        set: { t0: tcfg, s0: 5000, s1: 6000 },
        code: `
                    csrwr  $t0, TCFG
                    csrrd  $a1, TVAL
          away:     hvcl   0
                    csrrd  $a2, ESTAT
                    csrrd  $a0, TVAL
                    sub.d  $a0, $a1, $a0
                    bnez   $a2, less
                    ${JUDGE_A0}
        `,
        exits: [
          hvc(0, { at: "away", otherRegs: "any", csr: { TCFG: tcfg }, rebind: true, advance: 5000 }),
          IN_BOUNDS,
        ],
      }),
    );
  }

  Deno.test(
    `a one-shot whose time came while the vCPU was away is taken when it comes back ${reading}`,
    guest({
      ...kvm,
      csr: TAKES_TI,
      set: { t0: oneShot(4000) },
      code: `
                  csrwr  $t0, TCFG
        away:     hvcl   0
        next:     hvcl   99
                  .balign 4096
        handler:  csrrd  $a0, TVAL
        last:     hvcl   1
      `,
      exits: [
        hvc(0, {
          at: "away",
          regs: { t0: 0 },
          csr: { TCFG: oneShot(4000), ESTAT: 0 },
          rebind: true,
          advance: 5000,
        }),
        hvc(1, { at: "last", regs: { a0: EXPIRED }, csr: taken("next") }),
      ],
    }),
  );

  Deno.test(
    `a periodic timer that missed periods while the vCPU was away comes back with one TI and in phase ${reading}`,
    guest({
      ...kvm,
      // Two and a half periods away, and less than a twentieth of one otherwise.
      set: { t0: periodic(10000), s0: 4500, s1: 5000 },
      code: `
                  csrwr  $t0, TCFG
        away:     hvcl   0
                  csrrd  $a0, TVAL
                  csrrd  $a1, ESTAT
                  beqz   $a1, less
                  ${JUDGE_A0}
      `,
      exits: [
        hvc(0, {
          at: "away",
          regs: { t0: 0 },
          csr: { TCFG: periodic(10000), ESTAT: 0 },
          rebind: true,
          advance: 25000,
        }),
        IN_BOUNDS,
      ],
    }),
  );

  Deno.test(
    `a timer that is off keeps its count and its pending TI while the vCPU is away ${reading}`,
    guest({
      ...kvm,
      csr: { TVAL: 0x1234 },
      inject: "TI",
      code: `
        away:     hvcl   0
                  csrrd  $a0, TVAL
                  csrrd  $a1, ESTAT
                  csrrd  $a2, TCFG
        last:     hvcl   1
      `,
      exits: [
        hvc(0, { at: "away", csr: { TVAL: 0x1234 }, rebind: true, advance: 5000 }),
        hvc(1, { at: "last", regs: { a0: 0x1234, a1: TI, a2: 0 } }),
      ],
    }),
  );
}

// The counter --------------------------------------------------------------------------------------------------------

/** The counter's own value is far below this in any case, so that offsets in units of it can be read back exactly. */
const UNIT = 1n << 40n;

for (
  const { title, hostCntc, gcntc, guestCntc, sum } of [
    { title: "CSR.CNTC", hostCntc: 1n, gcntc: 0n, guestCntc: 0n, sum: 1n },
    { title: "GCNTC", hostCntc: 0n, gcntc: 2n, guestCntc: 0n, sum: 2n },
    { title: "GCSR.CNTC", hostCntc: 0n, gcntc: 0n, guestCntc: 4n, sum: 4n },
    { title: "all three offsets", hostCntc: 1n, gcntc: 2n, guestCntc: 4n, sum: 7n },
    { title: "offsets that cancel out modulo 2^64", hostCntc: 1n, gcntc: -3n, guestCntc: 2n, sum: 0n },
    { title: "a negative sum of offsets", hostCntc: 0n, gcntc: -5n, guestCntc: 4n, sum: -1n },
  ]
) {
  Deno.test(
    `the guest's rdtime.d adds ${title}`,
    guest({
      rule: "LVZ-TIME-12",
      csr: { CNTC: BigInt.asUintN(64, guestCntc * UNIT) },
      host: { CNTC: hostCntc * UNIT, GCNTC: BigInt.asUintN(64, gcntc * UNIT) },
      code: `
                  rdtime.d $a0, $zero
                  srai.d $a0, $a0, 40
        last:     hvcl   1
      `,
      exits: [hvc(1, { at: "last", regs: { a0: sum } })],
    }),
  );
}

for (
  const { code, offset, gives } of [
    { code: "rdtimeh.w $a0, $zero", offset: 0x5_0000_0000n, gives: 5n },
    { code: "rdtimeh.w $a0, $zero", offset: 0x8000_0000_0000_0000n, gives: -0x8000_0000n },
    { code: "rdtimel.w $a0, $zero\n srai.d $a0, $a0, 31", offset: 0x8000_0000n, gives: -1n },
    { code: "rdtimel.w $a0, $zero\n srai.d $a0, $a0, 31", offset: 0x5_0000_0000n, gives: 0n },
  ]
) {
  Deno.test(
    `${code.slice(0, 9)} gives its half of a counter around 0x${offset.toString(16)}, sign-extended`,
    guest({
      rule: "LVZ-TIME-12",
      host: { GCNTC: offset },
      code: `
                  ${code}
        last:     hvcl   1
      `,
      exits: [hvc(1, { at: "last", regs: { a0: gives } })],
    }),
  );
}

Deno.test(
  "two readings of the counter differ by the ticks between them",
  guest({
    rule: "LVZ-TIME-12",
    set: { s0: 1000, s1: 1100 },
    code: `
                rdtime.d $a1, $zero
                ${wait(1000)}
                rdtime.d $a0, $zero
                sub.d  $a0, $a0, $a1
                ${JUDGE_A0}
    `,
    exits: [IN_BOUNDS],
  }),
);

Deno.test(
  "the guest's counter counts on while the host runs",
  guest({
    rule: "LVZ-ENTRY-16",
    set: { s0: 5000, s1: 6000 },
    code: `
                rdtime.d $a1, $zero
      first:    hvcl   0
                rdtime.d $a0, $zero
                sub.d  $a0, $a0, $a1
                ${JUDGE_A0}
    `,
    exits: [hvc(0, { at: "first", otherRegs: "any", advance: 5000 }), IN_BOUNDS],
  }),
);

Deno.test(
  "a guest's write of CNTC does not exit, leaves the host's alone and moves rdtime by the difference",
  guest({
    rule: "LVZ-TIME-13",
    csr: { CNTC: 3n * UNIT },
    host: { CNTC: UNIT },
    set: { t0: 10n * UNIT },
    code: `
                rdtime.d $a1, $zero
                csrwr  $t0, CNTC
                rdtime.d $a0, $zero
                sub.d  $a0, $a0, $a1
                srai.d $a0, $a0, 40
                move   $a1, $zero
      last:     hvcl   1
    `,
    exits: [
      hvc(1, {
        at: "last",
        regs: { a0: 7, a1: 0, t0: 3n * UNIT },
        csr: { CNTC: 10n * UNIT },
        host: { CNTC: UNIT },
      }),
    ],
  }),
);

Deno.test(
  "a host's write of GCNTC moves the guest's next rdtime",
  guest({
    rule: "LVZ-TIME-14",
    host: { GCNTC: 0 },
    code: `
                rdtime.d $a1, $zero
      first:    hvcl   0
                rdtime.d $a0, $zero
                sub.d  $a0, $a0, $a1
                srai.d $a0, $a0, 40
                move   $a1, $zero
      last:     hvcl   1
    `,
    exits: [
      hvc(0, { at: "first", otherRegs: "any", set: { host: { GCNTC: 6n * UNIT } } }),
      hvc(1, { at: "last", regs: { a0: 6, a1: 0 } }),
    ],
  }),
);

for (const name of ["rdtime.d", "rdtimel.w", "rdtimeh.w"]) {
  Deno.test(
    `the second result of ${name} is GCSR.TID in the guest`,
    guest({
      rule: "LVZ-TIME-17",
      csr: { TID: 0x123 },
      host: { TID: 0x456 },
      code: `
                  ${name} $zero, $a1
        last:     hvcl   1
      `,
      exits: [hvc(1, { at: "last", regs: { a1: 0x123 } })],
    }),
  );
}

// Whose registers they are -------------------------------------------------------------------------------------------

Deno.test(
  "with GCFG.TIT = 0 the guest uses its timer's registers without an exit and without touching the host's",
  guest({
    rule: "LVZ-TIME-01",
    csr: { TID: 1, CNTC: 2 },
    // The host's own one-shot has expired and waits with its line off.
    host: { ECFG: { LIE: 0 }, TID: 0x111, CNTC: 0x222, TCFG: { En: 1, Periodic: 0, InitVal: 1 } },
    set: { t0: 0x11, t1: oneShot(40000), t2: 0x22, t3: 1 },
    code: `
      first:    hvcl   0
                csrwr  $t0, TID
                csrwr  $t1, TCFG
                csrwr  $t2, CNTC
                csrwr  $t3, TICLR
                csrwr  $zero, TCFG
      last:     hvcl   1
    `,
    exits: [
      hvc(0, { at: "first", advance: 4 }),
      hvc(1, {
        at: "last",
        regs: { t0: 1, t1: 0, t2: 2, t3: 0 },
        csr: { TID: 0x11, CNTC: 0x22 },
        host: {
          TID: 0x111,
          CNTC: 0x222,
          TCFG: { En: 1, Periodic: 0, InitVal: 1 },
          TVAL: EXPIRED,
          ESTAT: { IS: TI },
        },
      }),
    ],
  }),
);

Deno.test(
  "the host's timer and the guest's expire apart: each world has its own TI",
  guest({
    rule: "LVZ-TIME-01",
    host: { ECFG: { LIE: 0 }, GINTC: 0, TCFG: { En: 1, Periodic: 0, InitVal: 1 } },
    set: { t0: oneShot(400), t1: 1 },
    code: `
      first:    hvcl   0
                csrrd  $a0, ESTAT
                csrwr  $t0, TCFG
                ${WAIT_FOR_TI}
                csrwr  $zero, TCFG
      second:   hvcl   1
                csrrd  $a0, ESTAT
      last:     hvcl   2
    `,
    exits: [
      hvc(0, { at: "first", advance: 4 }),
      hvc(1, {
        at: "second",
        regs: { a0: 0, t0: 0, t8: 0 },
        csr: { ESTAT: TI },
        host: { ESTAT: { IS: TI } },
        set: { host: { TICLR: 1 } },
      }),
      hvc(2, { at: "last", regs: { a0: TI }, host: { ESTAT: { IS: 0 } } }),
    ],
  }),
);

const TIMER_ACCESSES = [
  "rdtime.d $a0, $a1",
  "rdtimel.w $a0, $a1",
  "rdtimeh.w $a0, $a1",
  ...["TID", "TCFG", "TVAL", "CNTC", "TICLR"].flatMap((csr) => [
    `csrrd $a0, ${csr}`,
    `csrwr $a0, ${csr}`,
    `csrxchg $a0, $a1, ${csr}`,
  ]),
];

for (const access of TIMER_ACCESSES) {
  Deno.test(
    `with GCFG.TIT = 1 \`${access}\` exits without effect`,
    guest({
      rule: "LVZ-TIME-16",
      host: { GCFG: { TIT: 1 } },
      csr: { TID: 5, CNTC: 7 },
      code: `
        probe:    ${access}
        last:     hvcl   1
      `,
      exits: [gspr({ at: "probe", badi: access }), hvc(1, { at: "last" })],
    }),
  );
}

Deno.test(
  "the guest's timer still interrupts the guest with GCFG.TIT = 1",
  guest({
    rule: "LVZ-GUEST-05",
    csr: TAKES_TI,
    set: { t0: oneShot(400) },
    code: `
                csrwr  $t0, TCFG
      first:    hvcl   0
      spin:     b      spin
                .balign 4096
      handler:  hvcl   1
    `,
    exits: [
      hvc(0, {
        at: "first",
        regs: { t0: 0 },
        csr: { TCFG: oneShot(400) },
        set: { host: { GCFG: { TIT: 1 } } },
      }),
      hvc(1, { at: "handler", otherCsrs: "any", csr: { ESTAT: TI } }),
    ],
  }),
);

// Who may read the counter -------------------------------------------------------------------------------------------

const READS: readonly { name: string; word: number }[] = [
  { name: "rdtime.d", word: 0x6800 },
  { name: "rdtimel.w", word: 0x6000 },
  { name: "rdtimeh.w", word: 0x6400 },
];

for (const { name, word } of READS) {
  for (const PLV of [1, 2, 3]) {
    Deno.test(
      `${name} at guest PLV${PLV} raises IPE in the guest with GCSR.MISC.DRDTL${PLV} = 1`,
      guest({
        rule: "LVZ-GUEST-11",
        csr: { CRMD: { PLV }, PRMD: 0, MISC: { [`DRDTL${PLV}`]: 1 }, EENTRY: "handler" },
        host: { MISC: 0 },
        code: `
          probe:    ${name} $zero, $zero
                    hvcl   99
                    .balign 4096
          handler:  hvcl   1
        `,
        exits: [
          hvc(1, {
            at: "handler",
            csr: {
              CRMD: 0x8,
              PRMD: { PPLV: PLV, PIE: 0 },
              ERA: "probe",
              BADI: word,
              ESTAT: { IS: 0, Ecode: IPE, EsubCode: 0 },
            },
          }),
        ],
      }),
    );
  }
}

/** MISC with the bits DRDTL1 to DRDTL3 set, and with that of one level clear. There is none for PLV0. */
const FORBIDDEN = 0xe0;
const permitted = (plv: number) => FORBIDDEN & ~(0x10 << plv);

for (const PLV of [0, 1, 2, 3]) {
  Deno.test(
    `rdtime is permitted at guest PLV${PLV} while only the other levels of GCSR.MISC.DRDTL and all of the host's are 1`,
    guest({
      rule: "LVZ-GUEST-11",
      csr: { CRMD: { PLV }, TID: 9, MISC: permitted(PLV) },
      host: { MISC: FORBIDDEN },
      // cpucfg exits at every privilege level.
      code: `
                  rdtime.d $zero, $a1
                  rdtimel.w $zero, $a2
                  rdtimeh.w $zero, $a3
        out:      cpucfg $zero, $zero
      `,
      exits: [gspr({ at: "out", regs: { a1: 9, a2: 9, a3: 9 } })],
    }),
  );
}
