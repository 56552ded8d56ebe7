/**
 * The timer and counter of the host itself: counting, writes while it counts, one-shot and periodic expiry, clearing.
 *
 * A failure here means that a host loses ticks, is interrupted twice for one, or never again.
 */
import { host } from "../../dsl/mod.ts";

const TI = 1 << 11;
const ALL_ONES = 0xffff_ffff_ffffn;

Deno.test(
  "TCFG loads InitVal * 4, and TVAL falls by one a tick from there",
  host({
    rule: "BASE-TIME-01",
    set: { t0: 0x1001 },
    code: `
      csrwr $t0, TCFG
      csrrd $a0, TVAL
      nop
      nop
      csrrd $a1, TVAL
    `,
    expect: { regs: { t0: 0, a0: 0x1000 - 1, a1: 0x1000 - 4 }, csr: { TCFG: 0x1001 } },
  }),
);

Deno.test(
  "csrwr and csrxchg do not change TVAL, running or stopped",
  host({
    rule: "BASE-TIME-01",
    csr: { TCFG: 0x1000 },
    set: { t0: 0x1001, t1: 5, t2: 5, t3: 5, t4: -1, t5: 0x1000 },
    code: `
      csrwr   $t1, TVAL
      csrrd   $a0, TVAL
      csrwr   $t0, TCFG
      csrwr   $t2, TVAL
      csrxchg $t3, $t4, TVAL
      csrrd   $a1, TVAL
    `,
    expect: { regs: { a0: 0, t1: 0, a1: 0x1000 - 3 }, otherRegs: "any", csr: { TCFG: 0x1001 } },
  }),
);

Deno.test(
  "a timer that is not enabled does not count and does not interrupt",
  host({
    rule: "BASE-TIME-01",
    set: { t0: 4 },
    code: `
      csrwr $t0, TCFG
      nop
      nop
      nop
      nop
      nop
      nop
      csrrd $a0, ESTAT
    `,
    expect: { regs: { t0: 0, a0: 0 }, csr: { TCFG: 4 } },
  }),
);

for (const [again, first] of [[0x2001, 0x2000], [0x1001, 0x1000], [0x1003, 0x1000], [0x11, 0x10]] as const) {
  Deno.test(
    `TCFG = 0x${again.toString(16)} written while the timer runs starts the count anew`,
    host({
      rule: "BASE-TIME-02",
      set: { t0: 0x1001, t1: again },
      code: `
        csrwr $t0, TCFG
        nop
        nop
        csrwr $t1, TCFG
        csrrd $a0, TVAL
      `,
      expect: { regs: { t0: 0, t1: 0x1001, a0: first - 1 }, csr: { TCFG: again } },
    }),
  );
}

Deno.test(
  "TCFG with En = 0 stops the count where it is, and with En = 1 later starts anew",
  host({
    rule: "BASE-TIME-02",
    set: { t0: 0x1001, t1: 0x1000, t2: 0x1001 },
    code: `
      csrwr $t0, TCFG
      nop
      nop
      csrwr $t1, TCFG
      csrrd $a0, TVAL
      nop
      csrrd $a1, TVAL
      csrwr $t2, TCFG
      csrrd $a2, TVAL
    `,
    expect: {
      regs: { a0: 0x1000 - 3, a1: 0x1000 - 3, a2: 0x1000 - 1 },
      otherRegs: "any",
      csr: { TCFG: 0x1001 },
    },
  }),
);

Deno.test(
  "a timer that is stopped in time never interrupts",
  host({
    rule: "BASE-TIME-02",
    set: { t0: 0x9, t1: 0x8 },
    code: `
      csrwr $t0, TCFG
      nop
      nop
      csrwr $t1, TCFG
      nop
      nop
      nop
      nop
      nop
      nop
      csrrd $a0, ESTAT
    `,
    expect: { regs: { a0: 0 }, otherRegs: "any", csr: { TCFG: 8 } },
  }),
);

/** Counts interrupts in a0, notes in a1 the last distance of two of them, clears TI. */
const HANDLER = `
           .balign 4096
  handler: addi.d   $a0, $a0, 1
           rdtime.d $t1, $zero
           sub.d    $a1, $t1, $t2
           move     $t2, $t1
           ori      $t1, $zero, 1
           csrwr    $t1, TICLR
           ertn
  end:
`;

for (const periodic of [0, 1]) {
  Deno.test(
    `a ${
      periodic
        ? "periodic timer of 40 ticks interrupts every 40 ticks"
        : "one-shot of 40 ticks interrupts once"
    } in 400 ticks`,
    host({
      rule: periodic ? "BASE-TIME-04" : "BASE-TIME-03",
      csr: { CRMD: { IE: 1 }, ECFG: { LIE: TI }, EENTRY: "handler" },
      set: { a0: 0, a2: 400, t0: 40 | periodic << 1 | 1, t2: 0 },
      code: `
              csrwr    $t0, TCFG
        wait: rdtime.d $t3, $zero
              blt      $t3, $a2, wait
              b        end
              ${HANDLER}
      `,
      expect: {
        // The loop ends within a turn after 400; the tenth period does, too.
        regs: periodic ? { a0: 10, a1: 40 } : { a0: 1 },
        otherRegs: "any",
        csr: periodic ? { TCFG: 43 } : { TCFG: 41, TVAL: ALL_ONES },
        otherCsrs: "any",
      },
    }),
  );
}

Deno.test(
  "a periodic timer whose interrupt is not cleared goes on, and a handler that is late finds one interrupt",
  host({
    rule: "BASE-TIME-04",
    set: { t0: 0x13, a1: 1, t2: 200 },
    code: `
            csrwr    $t0, TCFG
      wait: rdtime.d $t1, $zero
            blt      $t1, $t2, wait
            csrrd    $a0, ESTAT
            csrwr    $a1, TICLR
            csrrd    $a2, ESTAT
    `,
    expect: { regs: { a0: TI, a1: 0, a2: 0 }, otherRegs: "any", csr: { TCFG: 0x13 }, otherCsrs: "any" },
  }),
);

Deno.test(
  "TVAL of a periodic timer falls from InitVal * 4 again after each expiry",
  host({
    rule: "BASE-TIME-04",
    set: { t0: 0x23 },
    // A tick an instruction: 32 of them are a period.
    code: `
      csrwr $t0, TCFG
      csrrd $a0, TVAL
      .rept 31
      nop
      .endr
      csrrd $a1, TVAL
      .rept 31
      nop
      .endr
      csrrd $a2, TVAL
    `,
    expect: { regs: { t0: 0, a0: 31, a1: 31, a2: 31 }, csr: { TCFG: 0x23, ESTAT: TI } },
  }),
);

for (const [written, cleared] of [[0, false], [1, true], [2, false], [-2, false], [-1, true]] as const) {
  Deno.test(
    `${written} written to TICLR ${
      cleared ? "clears TI" : "leaves TI"
    }, and the software interrupts and TVAL alone`,
    host({
      rule: "BASE-TIME-05",
      set: { t0: 5, t1: 3, a0: written },
      code: `
        csrwr $t1, ESTAT
        csrwr $t0, TCFG
        nop
        nop
        nop
        nop
        nop
        csrrd $a1, ESTAT
        csrwr $a0, TICLR
        csrrd $a2, ESTAT
        csrrd $a3, TICLR
        csrrd $a4, TVAL
        csrrd $a5, TCFG
      `,
      expect: {
        regs: { a0: 0, a1: TI | 3, a2: cleared ? 3 : TI | 3, a3: 0, a4: ALL_ONES, a5: 5 },
        otherRegs: "any",
        otherCsrs: "any",
      },
    }),
  );
}

Deno.test(
  "csrxchg of TICLR clears TI only if its mask has the bit",
  host({
    rule: "BASE-TIME-05",
    set: { t0: 5, a0: 1, a1: 1, t1: 2, t2: 1 },
    code: `
      csrwr   $t0, TCFG
      nop
      nop
      nop
      nop
      csrxchg $a0, $t1, TICLR
      csrrd   $a2, ESTAT
      csrxchg $a1, $t2, TICLR
      csrrd   $a3, ESTAT
    `,
    expect: { regs: { a0: 0, a1: 0, a2: TI, a3: 0 }, otherRegs: "any", otherCsrs: "any" },
  }),
);

Deno.test(
  "TCFG written while TI is pending leaves it pending",
  host({
    rule: "BASE-TIME-05",
    set: { t0: 5, t1: 0x1001, t2: 0 },
    code: `
      csrwr $t0, TCFG
      nop
      nop
      nop
      nop
      csrwr $t1, TCFG
      csrrd $a0, ESTAT
      csrwr $t2, TCFG
      csrrd $a1, ESTAT
    `,
    expect: { regs: { a0: TI, a1: TI }, otherRegs: "any", otherCsrs: "any" },
  }),
);

for (const compensation of [1000n, -1n, 1n << 63n]) {
  Deno.test(
    `CNTC = ${compensation} is added to what rdtime reads, and the timer does not notice`,
    host({
      rule: "BASE-TIME-06",
      csr: { CNTC: compensation },
      set: { t0: 0x1001 },
      code: `
        csrwr    $t0, TCFG
        rdtime.d $a0, $a1
        csrrd    $a2, TVAL
      `,
      expect: {
        regs: { t0: 0, a0: BigInt.asUintN(64, compensation + 1n), a1: 0, a2: 0x1000 - 2 },
        csr: { TCFG: 0x1001 },
      },
    }),
  );
}
