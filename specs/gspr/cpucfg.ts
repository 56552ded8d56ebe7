/**
 * Sensitive instructions in rows: cpucfg of every word at every level, and operands in unusual registers.
 *
 * A hypervisor on hardware that fails here answers for the wrong word, or puts the answer into the wrong register.
 */
import { gspr, guest, hvc } from "../../dsl/mod.ts";
import { NOTHING } from "./shared.ts";

/** Words of hardware, numbers to which hypervisors give a meaning, and numbers of nothing. */
const INDICES = [
  ...Array.from({ length: 22 }, (_, n) => BigInt(n)),
  ...[0x3fff_ffffn, 0x4000_0000n, 0x4000_0004n, 0xffff_ffffn, 0xffff_ffff_ffff_ffffn],
];

for (const PLV of [0, 1, 2, 3]) {
  Deno.test(
    `cpucfg exits at PLV${PLV} for words 0 to 20, the software words and numbers without a word`,
    guest({
      rule: "LVZ-GUEST-01",
      csr: { CRMD: { PLV } },
      code: INDICES.map((n) => `
              li.d    $a1, ${n}
        w${n}: cpucfg $a0, $a1`).join(""),
      exits: INDICES.map((n) => gspr({ at: `w${n}`, regs: { a1: n } })),
    }),
  );
}

/** Instructions with unusual registers, what was in them, and what a hypervisor that reads them from BADI puts there. */
const UNUSUAL_REGISTERS = [
  ["cpucfg $zero, $a1", { a1: 4 }, {}],
  ["cpucfg $a1, $a1", { a1: 4 }, { a1: 100_000_000 }],
  ["cpucfg $a1, $zero", { a1: 4 }, { a1: 0x14c010 }],
  ["cpucfg $sp, $ra", { ra: 5 }, { sp: 0x10001 }],
  ["csrrd $zero, IMPCTL1", {}, {}],
  ["csrwr $zero, IMPCTL1", {}, {}],
  ["csrrd $s8, IMPCTL1", { s8: 1 }, { s8: 0 }],
  ["csrxchg $s0, $s0, IMPCTL1", { s0: 1 }, { s0: 0 }],
  ["csrxchg $tp, $sp, IMPCTL1", { tp: 1 }, { tp: 0 }],
] as const;

for (const [badi, set, regs] of UNUSUAL_REGISTERS) {
  Deno.test(
    `BADI tells the hypervisor the registers of ${badi}`,
    guest({
      rule: "LVZ-EXIT-07",
      set,
      code: `
        probe:  ${badi}
                hvcl  0
      `,
      exits: [gspr({ at: "probe", badi, handle: NOTHING }), hvc(0, { regs })],
    }),
  );
}
